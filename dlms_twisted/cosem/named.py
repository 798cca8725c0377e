"""
Values of attributes with their meaning, in Python and for JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import Date, DateTime, Time
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import EncodeError

__all__ = ["Member", "TypedDateTime", "plain_form", "take_octets"]


class Member(int):
    """
    A value of an enumeration: an int that knows its label.
    """

    label: str | None

    def __new__(cls, value: int, labels: Mapping[int, str]) -> Member:
        """
        @param labels: Those of the enumeration; a value without one is kept.
        """
        member = super().__new__(cls, value)
        member.label = labels.get(value)
        return member

    def __repr__(self) -> str:
        return f"<{int(self)} {self.label}>" if self.label else str(int(self))

    __str__ = __repr__


@frozen
class TypedDateTime(DateTime):
    """
    A date-time that is carried by the type of that name, not by an octet-string.
    """


def plain_form(value: Any) -> Any:
    """
    @param value: As a L{Kind} decodes it.

    @return: the same for JSON: logical names as text, octets as C{{"hex": …}}, dates and times as
        C{{"octets": hex, "text": …}}, enumerations as their labels, what has no type as its data tree.
    """
    if isinstance(value, dict):
        return {name: plain_form(one) for name, one in value.items()}
    if isinstance(value, Obis):
        return str(value)
    if isinstance(value, tuple):
        return [plain_form(one) for one in value]
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, (Date, DateTime, Time)):
        form = {"octets": value.to_octets().hex(), "text": str(value)}
        return {**form, "carrier": "date-time"} if isinstance(value, TypedDateTime) else form
    if isinstance(value, Data):
        return value.tree()
    if isinstance(value, Member):
        return value.label or int(value)
    return value


def take_octets(value: Any, place: str) -> bytes:
    """
    @param value: Octets, C{{"hex": …}}, or hex.

    @raise EncodeError: neither.
    """
    text = value.get("hex") if isinstance(value, Mapping) else value
    if isinstance(text, bytes):
        return text
    try:
        return bytes.fromhex(text if isinstance(text, str) else "-")
    except ValueError:
        raise EncodeError(f"{place}: octets as hex wanted") from None
