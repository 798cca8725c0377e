"""
General signing: any APDU with a digital signature.

Source: IEC 62056-5-3, general-signing.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.kinds import OCTETS
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError

__all__ = ["GeneralSigning", "signed_octets"]


@frozen(kw_only=True)
class GeneralSigning(Apdu):
    """
    Any APDU, plain or ciphered, with a digital signature.

    @ivar transaction_id: Chosen by the originator.
    @ivar originator_system_title: Of the party that signed.
    @ivar recipient_system_title: Of the party for which it is.
    @ivar date_time: 12 octets, or empty.
    @ivar other_information: Anything.
    @ivar content: The APDU that is signed.
    @ivar signature: 64 octets (suite 1) or 96 (suite 2); empty in some profiles.
    """

    TAG: ClassVar[int] = 0xDF
    NAME: ClassVar[str] = "general-signing"

    transaction_id: OCTETS = b""
    originator_system_title: OCTETS = b""
    recipient_system_title: OCTETS = b""
    date_time: OCTETS = b""
    other_information: OCTETS = b""
    content: OCTETS
    signature: OCTETS


def signed_octets(apdu: bytes) -> bytes:
    """
    What the signature of a general-signing APDU is computed over, exactly as it was received.

    @param apdu: The whole APDU.

    @return: the octets from the transaction id's length to the end of the content.

    @raise DecodeError: no general-signing APDU.
    """
    reader = Reader(apdu)
    if reader.octet("tag") != GeneralSigning.TAG:
        raise DecodeError("general-signing wanted", 0)
    for name in ("transaction_id", "originator_system_title", "recipient_system_title"):
        reader.octets(name)
    for name in ("date_time", "other_information", "content"):
        reader.octets(name)
    end = reader.offset
    reader.octets("signature")
    reader.finish()
    return apdu[1:end]
