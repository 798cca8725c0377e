"""
Types of dates and times: wildcards are kept, so that they encode back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import BY_NAME, BY_TAG, OCTET_STRING
from dlms_twisted.codec.times import Date, DateTime, Time
from dlms_twisted.cosem.elements import DATE_TIME, Element, type_name
from dlms_twisted.cosem.kinds import Kind, Notes
from dlms_twisted.cosem.named import TypedDateTime, take_octets
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = ["MOMENTS", "MomentKind"]

_DATE: Final = BY_NAME["date"].tag
_TIME: Final = BY_NAME["time"].tag

#: For each type of date and time: the codec's class, its size and its own tag.
MOMENTS: Final[Mapping[str, tuple[Any, int, int, bool]]] = {
    "dt": (DateTime, 12, DATE_TIME, True),
    "da": (Date, 5, _DATE, True),
    "ti": (Time, 4, _TIME, True),
    "DT": (TypedDateTime, 12, DATE_TIME, False),
}


@frozen
class MomentKind(Kind):
    """
    A date, a time of day or both, wildcards and all.
    """

    text: str

    def decode(self, element: Element, place: str, notes: Notes) -> Any:
        """
        @return: as the codec's class; carried by the other type too, noted.
        """
        moment, size, tag, as_octets = MOMENTS[self.text]
        wanted = OCTET_STRING if as_octets else tag
        if element.tag not in {OCTET_STRING, tag} or len(element.value) != size:
            return self.misfit(element, place, notes)
        if element.tag != wanted:
            notes.append(f"{place}: {BY_TAG[wanted].name} wanted, not {type_name(element)}")
        try:
            return moment.from_octets(element.value)
        except DecodeError:
            return self.misfit(element, place, notes)

    def build(self, value: Any, place: str) -> Data:
        """
        @param value: As decoded; C{{"octets": hex}}; hex; of a date-time also ISO 8601.
        """
        moment, size, tag, as_octets = MOMENTS[self.text]
        octets = _moment_octets(value, moment, place)
        if len(octets) != size:
            raise EncodeError(f"{place}: {size} octets wanted")
        if as_octets:
            return build.octet_string(octets)
        return Data(bytes((tag,)) + octets, octets)

    def owns(self, value: Any) -> bool:
        """
        A date-time knows which type carried it.
        """
        typed = isinstance(value, TypedDateTime) or (
            isinstance(value, Mapping) and value.get("carrier") == "date-time"
        )
        return typed == (self.text == "DT")

    def fits(self, element: Element) -> bool:
        """
        Octets of the right number do.
        """
        _, size, tag, as_octets = MOMENTS[self.text]
        wanted = OCTET_STRING if as_octets else tag
        return element.tag == wanted and len(element.value) == size


def _moment_octets(value: Any, moment: Any, place: str) -> bytes:
    if isinstance(value, (Date, DateTime, Time)):
        kept: bytes = value.to_octets()
        return kept
    given = value.get("octets") if isinstance(value, Mapping) else value
    if isinstance(given, str) and issubclass(moment, DateTime) and ("T" in given or "-" in given):
        octets: bytes = DateTime.from_isoformat(given).to_octets()
        return octets
    return take_octets(given, place)
