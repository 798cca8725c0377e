"""
One protected layer, cut into its parts but not opened: for those who open it, and fast.

Source: IEC 62056-5-3, general-glo-ciphering, general-ded-ciphering, general-ciphering, and the service-specific
ciphered APDUs.  L{dlms_twisted.apdu.ciphered} has the same APDUs as objects.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dlms_twisted.apdu.key_info import KEY_INFO, KeyInfo
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "AUTHENTICATED",
    "BROADCAST",
    "CIPHERED_TAGS",
    "COMPRESSED",
    "DED",
    "ENCRYPTED",
    "GENERAL",
    "GLO",
    "SERVICE_NAMES",
    "TAG_LENGTH",
    "Envelope",
    "announced_length",
    "encode_envelope",
    "parse_envelope",
    "read_envelope",
]

#: Bits of the security control octet; its low four bits are the security suite.
AUTHENTICATED: Final = 0x10
ENCRYPTED: Final = 0x20
BROADCAST: Final = 0x40
COMPRESSED: Final = 0x80

#: Octets of an authentication tag, in all suites.
TAG_LENGTH: Final = 12

GLO: Final = 0xDB
DED: Final = 0xDC
GENERAL: Final = 0xDD

_SERVICES: Final = {
    0x01: "initiate-request",
    0x05: "read-request",
    0x06: "write-request",
    0x08: "initiate-response",
    0x0C: "read-response",
    0x0D: "write-response",
    0x0E: "confirmed-service-error",
    0x16: "unconfirmed-write-request",
    0x18: "information-report-request",
    0xC0: "get-request",
    0xC1: "set-request",
    0xC2: "event-notification-request",
    0xC3: "action-request",
    0xC4: "get-response",
    0xC5: "set-response",
    0xC7: "action-response",
}

#: Names of the service-specific ciphered APDUs by tag, for example C{"glo-get-request"} for C8.
SERVICE_NAMES: Final[dict[int, str]] = {
    tag + (ciphering if tag < 0x40 else ciphering // 4): f"{prefix}-{name}"
    for prefix, ciphering in (("glo", 0x20), ("ded", 0x40))
    for tag, name in _SERVICES.items()
}

#: Tags of all APDUs that L{parse_envelope} takes.
CIPHERED_TAGS: Final = frozenset({*SERVICE_NAMES, GLO, DED, GENERAL})


class Envelope(NamedTuple):
    """
    One protected layer.

    @ivar tag: The APDU's tag.
    @ivar system_title: Of the sender (general-ciphering: the originator); empty where the APDU carries none.
    @ivar security_control: Suite and what was done, see L{AUTHENTICATED} and so on.
    @ivar invocation_counter: 32 bits.
    @ivar payload: Ciphertext, or the plain APDU when it is not encrypted.
    @ivar mac: The authentication tag, 12 octets; empty when not authenticated.
    @ivar extra_aad: general-ciphering: from the transaction id to the other information, as received.
    @ivar key_info: general-ciphering: which key.
    """

    tag: int
    system_title: bytes
    security_control: int
    invocation_counter: int
    payload: bytes
    mac: bytes
    extra_aad: bytes = b""
    key_info: KeyInfo | None = None


def parse_envelope(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Envelope:
    """
    Cut a ciphered APDU into its parts.

    @param octets: The APDU, all of it and nothing else.

    @raise DecodeError: no ciphered APDU, truncated, malformed, or with octets left over.
    """
    # The usual push, done by hand; anything out of the ordinary goes the long way.
    size = len(octets)
    tag = octets[0] if size > 24 else GENERAL
    start = 1 if tag in SERVICE_NAMES else 2 + octets[1] if tag in (GLO, DED) else 0
    if 0 < start <= 10:
        length = octets[start]
        at = start + 1
        if length == 0x81:
            length = octets[at]
            at += 1
        elif length == 0x82:
            length = octets[at] << 8 | octets[at + 1]
            at += 2
        elif length >= 0x80:
            length = -1
        if at + length == size:
            control = octets[at]
            body = at + 5
            end = size - TAG_LENGTH if control & AUTHENTICATED else size
            if body <= end:
                return tuple.__new__(
                    Envelope,
                    (
                        tag,
                        octets[2:start],
                        control,
                        int.from_bytes(octets[at + 1 : body], "big"),
                        octets[body:end],
                        octets[end:],
                        b"",
                        None,
                    ),
                )
    reader = Reader(octets, limits=limits)
    envelope = read_envelope(reader)
    reader.finish()
    return envelope


def read_envelope(reader: Reader) -> Envelope:
    """
    Take one ciphered APDU from the front of C{reader}; what follows is left there.

    @raise DecodeError: no ciphered APDU.
    """
    tag, title, aad, key_info = _read_header(reader)
    control, counter, payload, mac = _read_content(reader)
    return Envelope(tag, title, control, counter, payload, mac, aad, key_info)


def _read_header(reader: Reader) -> tuple[int, bytes, bytes, KeyInfo | None]:
    offset = reader.offset
    tag = reader.octet("tag")
    title, aad, key_info = b"", b"", None
    if tag == GENERAL:
        start = reader.offset
        reader.octets("transaction_id")
        title = reader.octets("originator_system_title")
        reader.octets("recipient_system_title")
        reader.octets("date_time")
        reader.octets("other_information")
        aad = reader.buffer[start : reader.offset]
        key_info = KEY_INFO.read(reader, "key_info")
    elif tag in (GLO, DED):
        title = reader.octets("system_title")
    elif tag not in SERVICE_NAMES:
        raise DecodeError("a ciphered APDU wanted", offset)
    return tag, title, aad, key_info


def announced_length(octets: bytes) -> int | None:
    """
    How long a ciphered APDU is, by its own header.

    @param octets: At least the header; the end may be missing.

    @return: its length in octets, or C{None} where the header is not whole or is none of a ciphered APDU.
    """
    reader = Reader(octets)
    try:
        _read_header(reader)
        length = reader.length("ciphered_content")
    except DecodeError:
        return None
    return reader.offset + length


def _read_content(reader: Reader) -> tuple[int, int, bytes, bytes]:
    offset = reader.offset
    length = reader.length("ciphered_content")
    control = reader.octet("security_control")
    counter = reader.unsigned(4, "invocation_counter")
    length -= 5
    mac_length = TAG_LENGTH if control & AUTHENTICATED else 0
    if length < mac_length:
        raise DecodeError(f"{5 + mac_length} octets of ciphered content wanted", offset)
    return (
        control,
        counter,
        reader.take(length - mac_length, "payload"),
        reader.take(mac_length, "mac") if mac_length else b"",
    )


def encode_envelope(envelope: Envelope) -> bytes:
    """
    The reverse of L{parse_envelope}.

    @raise EncodeError: the tag is none of a ciphered APDU, or the authentication tag does not go with the security
        control octet.
    """
    tag, title, control, counter, payload, mac, aad, key_info = envelope
    if tag not in CIPHERED_TAGS:
        raise EncodeError("tag: none of a ciphered APDU")
    if len(mac) != (TAG_LENGTH if control & AUTHENTICATED else 0):
        raise EncodeError("mac: 12 octets wanted when authenticated, else none")
    writer = Writer()
    writer.octet(tag)
    if tag == GENERAL:
        writer.raw(aad)
        KEY_INFO.write(writer, key_info)
    elif tag in (GLO, DED):
        writer.octets(title)
    _write_content(writer, control, counter, payload, mac)
    return writer.getvalue()


def _write_content(writer: Writer, control: int, counter: int, payload: bytes, mac: bytes) -> None:
    writer.length(5 + len(payload) + len(mac))
    writer.unsigned(control, 1)
    writer.unsigned(counter, 4)
    writer.raw(payload)
    writer.raw(mac)
