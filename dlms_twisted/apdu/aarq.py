"""
AARQ: the client wants to associate.

Source: IEC 62056-5-3, AARQ.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from attrs import field, frozen

from dlms_twisted.apdu.acse import ApplicationContext, Association, AuthenticationMechanism
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.ber_kinds import (
    AuthenticationValue,
    BerInteger,
    BitString,
    Content,
    Element,
    ObjectName,
    OtherValue,
    TaggedOctets,
)
from dlms_twisted.apdu.user_information import UserInformation

__all__ = ["AARQ"]


@frozen(kw_only=True)
class AARQ(Association):
    """
    An association request.

    @ivar protocol_version: L{dlms_twisted.apdu.acse.VERSION_1}, or C{None} for the same.
    @ivar application_context_name: An L{ApplicationContext}; the octets of any other object identifier.
    @ivar called_ap_title: System title of the server; rarely sent, as are the other C{called_…}.
    @ivar calling_ap_title: System title of the client; wanted with ciphering and mechanisms 5 to 7.
    @ivar calling_ae_qualifier: Certificate for the client's digital signature, DER.
    @ivar calling_ae_invocation_id: Number of the user.
    @ivar sender_acse_requirements: L{dlms_twisted.apdu.acse.AUTHENTICATION} if there is a mechanism.
    @ivar mechanism_name: An L{AuthenticationMechanism}; the octets of any other object identifier.
    @ivar calling_authentication_value: The password, or the client's challenge.
    @ivar implementation_information: Anything.
    @ivar user_information: InitiateRequest, plain or ciphered.
    @ivar unknown: Tags and contents of elements that should not be there.
    """

    TAG: ClassVar[int] = 0x60
    NAME: ClassVar[str] = "aarq"
    REQUIRED: ClassVar[frozenset[str]] = frozenset({"application_context_name"})

    protocol_version: Annotated[str | None, Element(0x80, BitString())] = None
    application_context_name: Annotated[
        int | bytes, Element(0xA1, ObjectName(1, ApplicationContext, explicit=True))
    ]
    called_ap_title: Annotated[bytes | None, Element(0xA2, TaggedOctets())] = None
    called_ae_qualifier: Annotated[bytes | None, Element(0xA3, TaggedOctets())] = None
    called_ap_invocation_id: Annotated[int | None, Element(0xA4, BerInteger())] = None
    called_ae_invocation_id: Annotated[int | None, Element(0xA5, BerInteger())] = None
    calling_ap_title: Annotated[bytes | None, Element(0xA6, TaggedOctets())] = None
    calling_ae_qualifier: Annotated[bytes | None, Element(0xA7, TaggedOctets())] = None
    calling_ap_invocation_id: Annotated[int | None, Element(0xA8, BerInteger())] = None
    calling_ae_invocation_id: Annotated[int | None, Element(0xA9, BerInteger())] = None
    sender_acse_requirements: Annotated[str | None, Element(0x8A, BitString())] = None
    mechanism_name: Annotated[
        int | bytes | None, Element(0x8B, ObjectName(2, AuthenticationMechanism, explicit=False))
    ] = None
    calling_authentication_value: Annotated[
        bytes | OtherValue | None, Element(0xAC, AuthenticationValue())
    ] = field(default=None, repr=False)
    implementation_information: Annotated[bytes | None, Element(0x9D, Content(), 0xBD)] = None
    user_information: Annotated[Apdu | None, Element(0xBE, UserInformation())] = None
    unknown: tuple[tuple[int, bytes], ...] = ()
