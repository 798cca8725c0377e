"""
What a translation gives: the layers that were removed, what was inside, and what each octet was.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from attrs import define, field

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.trace import Span
from dlms_twisted.cosem.reading import Reading
from dlms_twisted.errors import DecodeError, Reason, SecurityError

__all__ = ["Failure", "Message", "Section"]


class Failure(NamedTuple):
    """
    Why a translation stopped.

    @ivar reason: Of the closed list.
    @ivar detail: In words.
    @ivar offset: Octets into the section that it happened in; L{None} where no place can be named.
    """

    reason: Reason
    detail: str
    offset: int | None

    @classmethod
    def of(cls, error: DecodeError | SecurityError) -> Failure:
        """
        @return: the failure that an exception stands for.
        """
        if isinstance(error, DecodeError):
            return cls(Reason.MALFORMED, error.reason, error.offset)
        return cls(error.reason, error.detail, None)

    def to_json(self) -> dict[str, Any]:
        """
        @return: C{{"reason", "detail", "offset"}}.
        """
        return {"reason": str(self.reason), "detail": self.detail, "offset": self.offset}


class Section(NamedTuple):
    """
    A run of octets that was explained: a frame, a ciphered layer, an APDU.

    @ivar name: What it is.
    @ivar octets: All of it.
    @ivar spans: Its fields; a section that is not explained octet by octet has none.
    """

    name: str
    octets: bytes
    spans: tuple[Span, ...]


@define
class Message:
    """
    One message, as far as it could be translated.

    @ivar layers: The layers in the order of their removal, as the JSON form has them.
    @ivar sections: What each octet was.
    @ivar apdu: The innermost APDU.
    @ivar data: For bare Data.
    @ivar readings: What it says of the meter's objects.
    @ivar error: Why no more could be translated.
    """

    layers: list[dict[str, Any]] = field(factory=list)
    sections: list[Section] = field(factory=list)
    apdu: Apdu | None = None
    data: Data | None = None
    readings: tuple[Reading, ...] = ()
    error: Failure | None = None

    def to_json(self) -> dict[str, Any]:
        """
        @return: C{{"layers", "apdu", "data", "readings", "error"}}.
        """
        return {
            "layers": self.layers,
            "apdu": None if self.apdu is None else self.apdu.to_json(),
            "data": None if self.data is None else self.data.tree(),
            "readings": [reading.to_json() for reading in self.readings],
            "error": None if self.error is None else self.error.to_json(),
        }
