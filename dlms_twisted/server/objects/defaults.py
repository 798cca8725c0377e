"""
Values for attributes of which nothing is known but their type.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import Date, DateTime, Time
from dlms_twisted.cosem.kind_text import kind as kind_of
from dlms_twisted.cosem.kinds import AnyKind, Kind, NameKind, NullKind, NumberKind, TextKind
from dlms_twisted.cosem.kinds_moments import MomentKind
from dlms_twisted.cosem.kinds_nested import ArrayKind, EitherKind, StructureKind

__all__ = ["default_of"]

_MOMENTS: Final = {"da": Date(), "ti": Time()}


def default_of(kind: Kind) -> Data:
    """
    @return: the plainest value of a type: 0, nothing, "not specified"; of an enumeration its first member, of a unit
        "no unit"; null-data where any type will do.
    """
    return _default(kind.text)


@cache
def _default(text: str) -> Data:
    match kind := kind_of(text):
        case AnyKind() | NullKind():
            return build.null()
        case NumberKind():
            least = 255 if kind.text == "en:unit" else min(kind.labels, default=0)
            return kind.encode(least, kind.text)
        case TextKind():
            return kind.encode(b"" if kind.text == "os" else "", kind.text)
        case NameKind():
            return build.octet_string(bytes(6))
        case MomentKind():
            return kind.encode(_MOMENTS.get(kind.text, DateTime()), kind.text)
        case ArrayKind():
            return build.array()
        case StructureKind():
            return build.structure(*[default_of(one) for _, one in kind.fields])
        case EitherKind():
            return default_of(kind.kinds[0])
    raise TypeError(f"no default for {text}")
