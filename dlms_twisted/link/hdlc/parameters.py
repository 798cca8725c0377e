"""
Negotiation: what SNRM and UA say of information lengths and windows (IEC 62056-46, parameter negotiation).

The information field is C{81 80 LL} and a list of identifier, length, value.  A parameter that is missing
has its default, and so have all of a frame without information.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dlms_twisted.errors import DecodeError, EncodeError

__all__ = ["MAX_INFORMATION", "Parameters", "decode_parameters", "encode_parameters", "negotiate"]

#: Most octets of information in one frame.
MAX_INFORMATION: Final = 2030

_FORMAT_AND_GROUP: Final = b"\x81\x80"
_TRANSMIT_LENGTH, _RECEIVE_LENGTH, _TRANSMIT_WINDOW, _RECEIVE_WINDOW = 5, 6, 7, 8


class Parameters(NamedTuple):
    """
    What one side of a connection can do, from its own point of view.

    @ivar transmit_length: Most octets of information that it sends in one frame, 32 to 2030 (some meters
        say less).
    @ivar receive_length: Most octets that it takes in one frame.
    @ivar transmit_window: Most I frames that it sends before it waits for the answer, 1 to 7.
    @ivar receive_window: Most that it takes at once.
    """

    transmit_length: int = 128
    receive_length: int = 128
    transmit_window: int = 1
    receive_window: int = 1

    def check(self) -> None:
        """
        @raise EncodeError: a value is out of range.
        """
        for name in ("transmit_length", "receive_length"):
            if not 1 <= getattr(self, name) <= MAX_INFORMATION:
                raise EncodeError(f"{name} from 1 to {MAX_INFORMATION} wanted")
        for name in ("transmit_window", "receive_window"):
            if not 1 <= getattr(self, name) <= 7:
                raise EncodeError(f"{name} from 1 to 7 wanted")


#: What holds when nothing is said.
DEFAULT: Final = Parameters()


def encode_parameters(parameters: Parameters, *, explicit: bool = False) -> bytes:
    """
    @param explicit: Say the parameters also if all have their defaults.

    @return: the information field with all four parameters, or an empty one, which says the defaults.

    @raise EncodeError: a value is out of range.
    """
    parameters.check()
    if parameters == DEFAULT and not explicit:
        return b""
    items = bytearray()
    for identifier, length in (
        (_TRANSMIT_LENGTH, parameters.transmit_length),
        (_RECEIVE_LENGTH, parameters.receive_length),
    ):
        width = 1 if length < 0x100 else 2
        items += bytes([identifier, width]) + length.to_bytes(width, "big")
    for identifier, window in (
        (_TRANSMIT_WINDOW, parameters.transmit_window),
        (_RECEIVE_WINDOW, parameters.receive_window),
    ):
        items += bytes([identifier, 4]) + window.to_bytes(4, "big")
    return _FORMAT_AND_GROUP + bytes([len(items)]) + bytes(items)


def decode_parameters(information: bytes) -> Parameters:
    """
    @return: what the sender says of itself; parameters that are not known are passed over.

    @raise DecodeError: not such a list, or a value out of range.
    """
    if not information:
        return DEFAULT
    if information[:2] != _FORMAT_AND_GROUP:
        raise DecodeError("format 81 and group 80 wanted", 0)
    if len(information) < 3 or information[2] != len(information) - 3:
        raise DecodeError("a parameter list as long as it says wanted", 2)
    values: dict[int, int] = {}
    offset = 3
    while offset < len(information):
        if offset + 2 > len(information):
            raise DecodeError("a whole parameter wanted", offset)
        identifier, width = information[offset], information[offset + 1]
        value = information[offset + 2 : offset + 2 + width]
        if len(value) != width or not 1 <= width <= 4:
            raise DecodeError("a parameter of 1 to 4 octets wanted", offset)
        values[identifier] = int.from_bytes(value, "big")
        offset += 2 + width
    parameters = Parameters(
        values.get(_TRANSMIT_LENGTH, DEFAULT.transmit_length),
        values.get(_RECEIVE_LENGTH, DEFAULT.receive_length),
        values.get(_TRANSMIT_WINDOW, DEFAULT.transmit_window),
        values.get(_RECEIVE_WINDOW, DEFAULT.receive_window),
    )
    try:
        parameters.check()
    except EncodeError as error:
        raise DecodeError(str(error), 3) from None
    return parameters


def negotiate(own: Parameters, proposed: Parameters) -> Parameters:
    """
    What the server answers a proposal with, and what the client makes of that answer.

    @param own: What this side can do.
    @param proposed: What the other side says of itself.

    @return: what this side will do: it sends no more than the other takes, and takes what the other sends.
    """
    return Parameters(
        min(own.transmit_length, proposed.receive_length),
        min(own.receive_length, proposed.transmit_length),
        min(own.transmit_window, proposed.receive_window),
        min(own.receive_window, proposed.transmit_window),
    )
