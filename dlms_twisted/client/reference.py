"""
Which attribute or method: C{1-0:1.8.0.255}, C{3/1-0:1.8.0.255}, C{3/1-0:1.8.0.255/2}.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Self

from attrs import frozen

from dlms_twisted.apdu.descriptors import AttributeDescriptor, MethodDescriptor
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import LocalProtocolError

__all__ = ["Reference", "parsed"]

_parts = re.compile(r"(?:([0-9]{1,5})/)?([^/]+)(?:/(-?[0-9]{1,3}))?").fullmatch


@frozen
class Reference:
    """
    One attribute or method of one object.

    @ivar logical_name: Of the object.
    @ivar class_id: Its interface class; C{None} where the meter's object list is to say it.
    @ivar member: Number of the attribute or method.
    """

    logical_name: Obis
    class_id: int | None = None
    member: int = 2

    @classmethod
    def parse(cls, text: str, member: int = 2) -> Self:
        """
        @param member: Where the text names none.

        @raise dlms_twisted.errors.ObisError: the name is no OBIS code.
        @raise LocalProtocolError: the rest is no reference.
        """
        found = _parts(text.strip())
        if found is None:
            raise LocalProtocolError(f"{text!r}: CLASS/OBIS/ATTRIBUTE wanted")
        class_id = None if found[1] is None else int(found[1])
        number = member if found[3] is None else int(found[3])
        if (class_id is not None and class_id > 0xFFFF) or not -128 <= number <= 127:
            raise LocalProtocolError(f"{text!r}: a class or attribute out of range")
        return cls(Obis.parse(found[2]), class_id, number)

    def __str__(self) -> str:
        head = "" if self.class_id is None else f"{self.class_id}/"
        return f"{head}{self.logical_name}/{self.member}"

    def attribute(self) -> AttributeDescriptor:
        """
        @return: as GET and SET name it.

        @raise LocalProtocolError: the class is not known.
        """
        return AttributeDescriptor(
            class_id=self._class(), instance_id=self.logical_name.octets, attribute_id=self.member
        )

    def method(self) -> MethodDescriptor:
        """
        @return: as ACTION names it.

        @raise LocalProtocolError: the class is not known.
        """
        return MethodDescriptor(
            class_id=self._class(), instance_id=self.logical_name.octets, method_id=self.member
        )

    def _class(self) -> int:
        if self.class_id is None:
            raise LocalProtocolError(f"{self}: the class is not known")
        return self.class_id


@lru_cache(maxsize=1024)
def parsed(text: str) -> Reference:
    """
    @return: as L{Reference.parse} gives it; what is asked for again and again is parsed once.
    """
    return Reference.parse(text)
