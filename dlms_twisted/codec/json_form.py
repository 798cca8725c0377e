"""
The JSON form of Data, both ways.

C{{"type": "long-unsigned", "value": 2300}}: the types have the standard's names; see
L{dlms_twisted.codec.tree.tree_of} for the values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.limits import DEFAULT_LIMITS
from dlms_twisted.codec.tags import BY_NAME
from dlms_twisted.codec.tree import JSON
from dlms_twisted.errors import EncodeError

__all__ = ["JSON", "from_json", "to_json"]

T = TypeVar("T")

#: How floats that are not finite are written.
_NOT_FINITE: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def to_json(data: Data) -> dict[str, JSON]:
    """
    @return: the JSON form of C{data}.
    """
    return data.tree()


def from_json(form: JSON, place: str = "data") -> Data:
    """
    The reverse of L{to_json}.

    @param place: Where C{form} stands, for the error.

    @raise EncodeError: not the JSON form of an element; the error names the place.
    """
    return _element(form, place, DEFAULT_LIMITS.depth)


def _element(form: JSON, place: str, depth: int) -> Data:
    if not isinstance(form, dict):
        raise EncodeError(f"{place}: an object wanted")
    name = form.get("type")
    kind = BY_NAME.get(name) if isinstance(name, str) else None
    if kind is None:
        raise EncodeError(f"{place}.type: the name of a Data type wanted")
    unknown = form.keys() - {"type", "value", *_EXTRA.get(kind.name, ())}
    if unknown:
        raise EncodeError(f"{place}: no field {min(unknown)!r} in a {kind.name}")
    if kind.name in _SEQUENCES:
        return _sequence(kind.name, form, place, depth)
    if kind.name == "utf8-string" and "hex" in form:
        if "value" in form:
            raise EncodeError(f"{place}: either value or hex wanted")
        return build.utf8_string(_octets(form["hex"], f"{place}.hex"))
    value = form.get("value")
    place = f"{place}.value"
    try:
        if kind.is_integer:
            return build.integer_of(kind, value)  # type: ignore[arg-type]  # it checks
        return _SIMPLE[kind.name](value, place)
    except EncodeError as error:
        text = str(error)
        raise error if text.startswith(place) else EncodeError(f"{place}: {text}") from None


def _sequence(name: str, form: dict[str, JSON], place: str, depth: int) -> Data:
    if not depth:
        raise EncodeError(f"{place}: nesting of at most {DEFAULT_LIMITS.depth} levels wanted")
    value = form.get("value")
    if not isinstance(value, list):
        raise EncodeError(f"{place}.value: a list wanted")
    elements = [
        _element(one, f"{place}.value[{index}]", depth - 1) for index, one in enumerate(value)
    ]
    try:
        if name != "compact-array":
            return _SEQUENCES[name](*elements)
        description = _octets(form.get("description"), f"{place}.description")
        return build.compact_array(description, *elements)
    except EncodeError as error:
        text = str(error)
        raise error if text.startswith(place) else EncodeError(f"{place}: {text}") from None


def _of(kind: type[T], wanted: str) -> Callable[[JSON, str], T]:
    def check(value: JSON, place: str) -> T:
        if isinstance(value, kind):
            return value
        raise EncodeError(f"{place}: {wanted} wanted")

    return check


_text = _of(str, "text")
_truth = _of(bool, "true or false")


def _octets(value: JSON, place: str) -> bytes:
    text = _text(value, place)
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b""
    if len(octets) * 2 != len(text):
        raise EncodeError(f"{place}: hex wanted")
    return octets


def _number(value: JSON, place: str) -> float:
    if isinstance(value, str) and value in _NOT_FINITE:
        return _NOT_FINITE[value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            pass
    raise EncodeError(f'{place}: a number, "NaN", "Infinity" or "-Infinity" wanted')


def _nothing(make: Callable[[], Data]) -> Callable[[JSON, str], Data]:
    def made(value: JSON, place: str) -> Data:
        if value is not None:
            raise EncodeError(f"{place}: null wanted")
        return make()

    return made


_SEQUENCES: Final[dict[str, Callable[..., Data]]] = {
    "array": build.array,
    "structure": build.structure,
    "compact-array": build.compact_array,
}
_EXTRA: Final[dict[str, tuple[str, ...]]] = {
    "utf8-string": ("hex",),
    "compact-array": ("description",),
}
_SIMPLE: Final[dict[str, Callable[[JSON, str], Data]]] = {
    "null-data": _nothing(build.null),
    "dont-care": _nothing(build.dont_care),
    "boolean": lambda value, place: build.boolean(_truth(value, place)),
    "bit-string": lambda value, place: build.bit_string(_text(value, place)),
    "octet-string": lambda value, place: build.octet_string(_octets(value, place)),
    "visible-string": lambda value, place: build.visible_string(_text(value, place)),
    "utf8-string": lambda value, place: build.utf8_string(_text(value, place)),
    "float32": lambda value, place: build.float32(_number(value, place)),
    "float64": lambda value, place: build.float64(_number(value, place)),
    "date-time": lambda value, place: build.date_time(_octets(value, place)),
    "date": lambda value, place: build.date(_octets(value, place)),
    "time": lambda value, place: build.time(_octets(value, place)),
}
