"""
General-signing: an APDU with the signature of who made it (04, section 8).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.errors import DecodeError, Reason, SecurityError
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.signing import sign, verify
from dlms_twisted.security.variants import SignedContent, Variants

__all__ = ["GENERAL_SIGNING", "Signed", "parse_signed", "sign_message", "verify_signed"]

GENERAL_SIGNING: Final = 0xDF


class Signed(NamedTuple):
    """
    A general-signing APDU, cut but not verified.

    @ivar fields: Who signed, and for whom.
    @ivar content: The APDU within.
    @ivar signature: 64 or 96 octets, or empty: some profiles use this APDU as a mere header.
    @ivar head: The leading fields as received.
    @ivar length: The content's length octets as received.
    """

    fields: Fields
    content: bytes
    signature: bytes
    head: bytes
    length: bytes

    def covered(self, variant: SignedContent) -> bytes:
        """
        @return: what the signature is over.
        """
        if variant is SignedContent.WITH_LENGTH:
            return self.head + self.length + self.content
        return self.head + self.content

    def __repr__(self) -> str:
        # The content may have been ciphered on its way.
        return f"<Signed {len(self.content)} octets by {self.fields.originator.hex()}>"


def parse_signed(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Signed:
    """
    @raise DecodeError: no general-signing APDU, truncated, or with octets left over.
    """
    reader = Reader(octets, limits=limits)
    if reader.octet("tag") != GENERAL_SIGNING:
        raise DecodeError("general-signing wanted", 0)
    fields = Fields(
        reader.octets("transaction_id"),
        reader.octets("originator_system_title"),
        reader.octets("recipient_system_title"),
        reader.octets("date_time"),
        reader.octets("other_information"),
    )
    head_end = reader.offset
    size = reader.length("content")
    length_end = reader.offset
    content = reader.take(size, "content")
    signature = reader.octets("signature")
    reader.finish()
    return Signed(fields, content, signature, octets[1:head_end], octets[head_end:length_end])


def verify_signed(signed: Signed, public: bytes, variants: Variants | None = None) -> None:
    """
    @param public: The originator's signing key.

    @param variants: Which form of signature to take; by default any.

    @raise SecurityError: C{bad-signature}; C{unknown-key}: the key is none.
    """
    tried = tuple(SignedContent) if variants is None else (variants.signed,)
    try:
        good = any(verify(public, signed.covered(one), signed.signature) for one in tried)
    except SecurityError as error:
        raise SecurityError(Reason.UNKNOWN_KEY, f"the signing key is {error.detail}") from None
    if not good:
        raise SecurityError(Reason.BAD_SIGNATURE, "wrong key, or a forged message")


def sign_message(
    content: bytes, fields: Fields, private: bytes, variants: Variants | None = None
) -> bytes:
    """
    @param content: The APDU to sign, plain or ciphered.

    @param private: Our signing key, 32 or 48 octets.

    @return: the encoded general-signing APDU.

    @raise SecurityError: C{unknown-key}: not a private key.
    """
    chosen = Variants() if variants is None else variants
    head, length = fields.encode(), encode_length(len(content))
    signed = Signed(fields, content, b"", head, length)
    signature = sign(private, signed.covered(chosen.signed))
    return b"".join(
        (
            bytes((GENERAL_SIGNING,)),
            head,
            length,
            content,
            encode_length(len(signature)),
            signature,
        )
    )
