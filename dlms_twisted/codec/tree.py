"""
The JSON form of an element, made from its types and values.
"""

from __future__ import annotations

from math import isfinite, isnan
from typing import TypeAlias

from dlms_twisted.codec.description import Shape
from dlms_twisted.codec.element import Value
from dlms_twisted.codec.tags import BY_TAG, COMPACT_ARRAY

__all__ = ["JSON", "tree_of"]

#: What C{json.dumps} takes and C{json.loads} gives.
JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"


def tree_of(shape: Shape, values: Value) -> dict[str, JSON]:
    """
    @return: C{{"type": …, "value": …}} with the standard's names of the types.  Octets are lower-case hex, floats
        that are not finite are C{"NaN"}, C{"Infinity"} and C{"-Infinity"}, a utf8-string that is not UTF-8 has
        C{"hex"} in place of C{"value"}, and a compact-array has its C{"description"} as hex.
    """
    if isinstance(shape, int):
        return _simple(shape, values)
    tag, children = shape[0], shape[-1]
    nested = values if isinstance(values, tuple) else ()
    trees: list[JSON] = [tree_of(one, value) for one, value in zip(children, nested, strict=True)]
    form: dict[str, JSON] = {"type": BY_TAG[tag].name, "value": trees}
    if tag == COMPACT_ARRAY:
        form["description"] = shape[1].hex()
    return form


def _simple(tag: int, value: Value) -> dict[str, JSON]:
    assert not isinstance(value, tuple)
    name = BY_TAG[tag].name
    if isinstance(value, bytes):
        return {"type": name, "hex" if name == "utf8-string" else "value": value.hex()}
    if isinstance(value, float) and not isfinite(value):
        text = "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return {"type": name, "value": text}
    return {"type": name, "value": value}
