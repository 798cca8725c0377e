"""
One element of COSEM Data (IEC 62056-6-2): its octets, its values and its types.
"""

from __future__ import annotations

from dlms_twisted.codec.cursor import Cursor
from dlms_twisted.codec.description import Shape
from dlms_twisted.codec.element import Value, read_element
from dlms_twisted.codec.fast import Stopped, element
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.shape import shape_of
from dlms_twisted.codec.tree import JSON, tree_of
from dlms_twisted.errors import DecodeError

__all__ = ["Data", "Shape", "Value", "decode_data", "decode_data_at", "take_data"]


class Data:
    """
    One element of Data.  Never changed; two are equal when their octets are.

    Made by L{decode_data}, L{dlms_twisted.codec.build} and L{dlms_twisted.codec.json_form.from_json}.

    @ivar octets: The element as it is on the wire, its tag first.
    @ivar values: Plain Python: C{None} (null-data, dont-care), C{bool}, C{int}, C{float}; C{bytes} for octet-string,
        date-time, date and time; C{str} for visible-string (Latin-1) and utf8-string (C{bytes} where it is not
        UTF-8), and text of 0 and 1 for bit-string; tuples for array, structure and compact-array.
    """

    __slots__ = ("_shape", "octets", "values")

    def __init__(self, octets: bytes, values: Value, shape: Shape | None = None) -> None:
        """
        @param octets: A good element.
        @param values: Its values.
        @param shape: Its types where they are known already; else they are found when asked for.
        """
        self.octets = octets
        self.values = values
        self._shape = shape

    @property
    def tag(self) -> int:
        """
        The tag of the type.
        """
        return self.octets[0]

    @property
    def shape(self) -> Shape:
        """
        The types: the tag of a simple type; C{(tag, (child, …))} of an array (1) or structure (2);
        C{(19, description, (child, …))} of a compact-array, with its type description as octets.
        """
        if self._shape is None:
            self._shape = shape_of(self.octets, self.values)
        return self._shape

    def tree(self) -> dict[str, JSON]:
        """
        @return: the JSON form: see L{dlms_twisted.codec.tree.tree_of}.
        """
        return tree_of(self.shape, self.values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Data):
            return self.octets == other.octets
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.octets)

    def __repr__(self) -> str:
        # What was ciphered on its way must not come into a log.
        return f"<Data of {len(self.octets)} octets>"


def decode_data(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Data:
    """
    @param octets: One element of Data and nothing else.

    @raise DecodeError: no such element, or octets are left over.
    """
    if len(octets) > limits.octets:
        raise DecodeError(f"at most {limits.octets} octets wanted", 0)
    try:
        values, end = element(octets, 0, limits.depth, limits)
    except Stopped as stopped:
        values, end = _explain(octets, 0, limits, stopped)
    if end != len(octets):
        raise DecodeError("end of the octets wanted", end)
    return Data(octets, values)


def decode_data_at(buffer: bytes, offset: int, limits: Limits = DEFAULT_LIMITS) -> tuple[Data, int]:
    """
    @param buffer: Octets that hold one element of Data at C{offset}.

    @return: that element and the offset after it.

    @raise DecodeError: there is no such element.
    """
    if len(buffer) - offset > limits.octets:
        raise DecodeError(f"at most {limits.octets} octets wanted", offset)
    return take_data(buffer, offset, limits)


def take_data(buffer: bytes, offset: int, limits: Limits) -> tuple[Data, int]:
    """
    As L{decode_data_at}, for a buffer whose length was judged before.

    @raise DecodeError: there is no such element.
    """
    try:
        values, end = element(buffer, offset, limits.depth, limits)
    except Stopped as stopped:
        values, end = _explain(buffer, offset, limits, stopped)
    return Data(buffer[offset:end], values), end


def _explain(buffer: bytes, offset: int, limits: Limits, stopped: Stopped) -> tuple[Value, int]:
    # The fast decoder stopped at the element that is wrong: the reference decoder says why.
    read_element(Cursor(buffer, stopped.offset, limits=limits), stopped.depth)
    # Should it be good after all, the reference decoder is right.
    cursor = Cursor(buffer, offset, limits=limits)
    return read_element(cursor, limits.depth), cursor.offset
