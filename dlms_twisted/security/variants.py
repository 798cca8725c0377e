"""
Where implementations disagree: each way is accepted on receipt, the first is sent, and each can be chosen
(04, sections 4, 6, 7 and 8).
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

__all__ = [
    "AdditionalData",
    "EphemeralSignature",
    "ObjectIdentifier",
    "SignedContent",
    "TransactionInfo",
    "Variants",
]


class ObjectIdentifier(StrEnum):
    """
    The first six octets of the AlgorithmID, in hex.
    """

    #: As all other object identifiers of DLMS are written.
    DLMS = "608574050803"
    #: The first printing of the eighth Green Book, British meters, and one head-end.
    FIRST_PRINTING = "608574060803"


class AdditionalData(StrEnum):
    """
    What general-ciphering authenticates beside the payload: SC the security control octet, AK the authentication
    key, M the five leading fields.
    """

    #: SC, AK, M: the standard.
    WHOLE = "whole"
    #: SC, M: British meters, which have no authentication key.
    WITHOUT_KEY = "without-key"
    #: SC, AK: Gurux.  The leading fields but the originator's title are then not protected.
    WITHOUT_FIELDS = "without-fields"


class EphemeralSignature(StrEnum):
    """
    What the signature of an ephemeral public key covers in general-ciphering.
    """

    #: The key alone: the published example.
    KEY = "key"
    #: The octet of the key's number, and the key: Gurux.
    NUMBER_AND_KEY = "number-and-key"


class TransactionInfo(StrEnum):
    """
    How the transaction-id enters PartyUInfo of the static unified model.
    """

    #: With its length octet.
    WITH_LENGTH = "with-length"
    #: With its length octet, and the first of nine octets as 04: British meters, whose first octet says the
    #: direction.
    GBCS = "gbcs"
    #: Without its length.
    BARE = "bare"


class SignedContent(StrEnum):
    """
    What a signature of general-signing covers.
    """

    #: Every octet after the tag and before the signature's length.
    WITH_LENGTH = "with-length"
    #: The same without the length octets of the content: Gurux, and one head-end.
    WITHOUT_LENGTH = "without-length"


@frozen(kw_only=True)
class Variants:
    """
    One way of doing it.

    @ivar identifier: For the key derivation.
    @ivar additional_data: Of general-ciphering.
    @ivar ephemeral: Signature of an ephemeral key.
    @ivar transaction: In the key derivation.
    @ivar signed: Octets that general-signing covers.
    """

    identifier: ObjectIdentifier = ObjectIdentifier.DLMS
    additional_data: AdditionalData = AdditionalData.WHOLE
    ephemeral: EphemeralSignature = EphemeralSignature.KEY
    transaction: TransactionInfo = TransactionInfo.WITH_LENGTH
    signed: SignedContent = SignedContent.WITH_LENGTH
