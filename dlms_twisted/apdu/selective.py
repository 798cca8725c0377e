"""
Selective access to profile buffers: by range and by entry.

Source: DLMS UA 1000-1 (Blue Book), Profile generic, C{range_descriptor} and C{entry_descriptor}.  The selectors of
other classes stay L{SelectiveAccess} with their parameters as L{Data}.
"""

from __future__ import annotations

from typing import ClassVar, Self

from attrs import frozen

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.codec.build import (
    array,
    double_long_unsigned,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = ["CLOCK", "CaptureObject", "EntryDescriptor", "RangeDescriptor", "parse_selection"]

_STRUCTURE = 2
_PROFILE_GENERIC = 7
_BUFFER = 2


@frozen(kw_only=True)
class CaptureObject:
    """
    One column of a profile (C{capture_object_definition}).

    @ivar class_id: Interface class.
    @ivar instance_id: Logical name, six octets.
    @ivar attribute_id: Attribute.
    @ivar data_index: 0 for the whole attribute, else the element of it, from 1.
    """

    class_id: int
    instance_id: bytes
    attribute_id: int
    data_index: int = 0

    def to_data(self) -> Data:
        """
        @raise EncodeError: a value is out of range.
        """
        if len(self.instance_id) != 6:
            raise EncodeError("instance_id: 6 octets wanted")
        return structure(
            long_unsigned(self.class_id),
            octet_string(self.instance_id),
            integer(self.attribute_id),
            long_unsigned(self.data_index),
        )

    @classmethod
    def from_values(cls, values: object) -> Self:
        """
        @param values: The plain values of the structure, as in L{Data.values}.

        @raise DecodeError: they are no such structure.
        """
        match values:
            case (int(class_id), bytes(instance_id), int(attribute_id), int(data_index)):
                if len(instance_id) == 6:
                    return cls(
                        class_id=class_id,
                        instance_id=instance_id,
                        attribute_id=attribute_id,
                        data_index=data_index,
                    )
        raise DecodeError("a capture_object_definition wanted", 0)


#: The time of the entry, in the first column of most profiles.
CLOCK = CaptureObject(class_id=8, instance_id=bytes.fromhex("0000010000ff"), attribute_id=2)


def _elements(parameters: Data, count: int) -> list[Data]:
    reader = Reader(parameters.octets)
    if reader.octet("tag") != _STRUCTURE or reader.length("count") != count:
        raise DecodeError(f"a structure of {count} wanted", 0)
    return [reader.data() for _ in range(count)]


@frozen(kw_only=True)
class RangeDescriptor:
    """
    The entries whose restricting object lies within limits.

    @ivar from_value: The smallest value; octets of a date-time as octet-string or as the type date-time.
    @ivar to_value: The largest value, included.
    @ivar restricting_object: The column that is compared.
    @ivar selected_values: The columns wanted; none stands for all.
    """

    SELECTOR: ClassVar[int] = 1

    from_value: Data
    to_value: Data
    restricting_object: CaptureObject = CLOCK
    selected_values: tuple[CaptureObject, ...] = ()

    @classmethod
    def between(
        cls, start: bytes, end: bytes, *, selected_values: tuple[CaptureObject, ...] = ()
    ) -> Self:
        """
        By the clock, its limits as octet-strings, which all servers know.

        @param start: 12 octets of a date-time.
        @param end: Likewise; an entry of that time is included.

        @raise EncodeError: not 12 octets.
        """
        if len(start) != 12 or len(end) != 12:
            raise EncodeError("date-times of 12 octets wanted")
        return cls(
            from_value=octet_string(start),
            to_value=octet_string(end),
            selected_values=selected_values,
        )

    def to_selection(self) -> SelectiveAccess:
        """
        @raise EncodeError: a value is out of range.
        """
        parameters = structure(
            self.restricting_object.to_data(),
            self.from_value,
            self.to_value,
            array(*[column.to_data() for column in self.selected_values]),
        )
        return SelectiveAccess(access_selector=self.SELECTOR, access_parameters=parameters)

    @classmethod
    def from_data(cls, parameters: Data) -> Self:
        """
        @raise DecodeError: C{parameters} are no range_descriptor.
        """
        restricting, start, end, selected = _elements(parameters, 4)
        columns = selected.values
        if not isinstance(columns, tuple):
            raise DecodeError("an array of capture_object_definition wanted", 0)
        return cls(
            restricting_object=CaptureObject.from_values(restricting.values),
            from_value=start,
            to_value=end,
            selected_values=tuple(CaptureObject.from_values(column) for column in columns),
        )


@frozen(kw_only=True)
class EntryDescriptor:
    """
    The entries and columns by their numbers.

    @ivar from_entry: The first entry, from 1.  Entry 1 is the first in the profile's order: the oldest in a FIFO, the
        newest in a LIFO.
    @ivar to_entry: The last entry; 0 stands for the highest that there is.
    @ivar from_selected_value: The first column, from 1.
    @ivar to_selected_value: The last column; 0 stands for the highest that there is.
    """

    SELECTOR: ClassVar[int] = 2

    from_entry: int
    to_entry: int = 0
    from_selected_value: int = 1
    to_selected_value: int = 0

    def to_selection(self) -> SelectiveAccess:
        """
        @raise EncodeError: a value is out of range.
        """
        parameters = structure(
            double_long_unsigned(self.from_entry),
            double_long_unsigned(self.to_entry),
            long_unsigned(self.from_selected_value),
            long_unsigned(self.to_selected_value),
        )
        return SelectiveAccess(access_selector=self.SELECTOR, access_parameters=parameters)

    @classmethod
    def from_data(cls, parameters: Data) -> Self:
        """
        @raise DecodeError: C{parameters} are no entry_descriptor.
        """
        match parameters.values:
            case (int(first), int(last), int(first_column), int(last_column)):
                if min(first, last, first_column, last_column) >= 0:
                    return cls(
                        from_entry=first,
                        to_entry=last,
                        from_selected_value=first_column,
                        to_selected_value=last_column,
                    )
        raise DecodeError("an entry_descriptor wanted", 0)


def parse_selection(
    class_id: int, attribute_id: int, selection: SelectiveAccess
) -> RangeDescriptor | EntryDescriptor | SelectiveAccess:
    """
    @return: what C{selection} means for that attribute: typed for the buffer of a profile, else as it is.

    @raise DecodeError: the selector is known and its parameters are not what it wants.
    """
    if (class_id, attribute_id) == (_PROFILE_GENERIC, _BUFFER):
        if selection.access_selector == RangeDescriptor.SELECTOR:
            return RangeDescriptor.from_data(selection.access_parameters)
        if selection.access_selector == EntryDescriptor.SELECTOR:
            return EntryDescriptor.from_data(selection.access_parameters)
    return selection
