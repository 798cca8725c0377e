"""
Parameters of the methods of Security setup (class 64): what a client sends, and what a server reads (04, section 10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final, NamedTuple, TypeVar

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError
from dlms_twisted.security.certificates import Certificate, CertificateType, Entity
from dlms_twisted.security.wrap import wrap_key

__all__ = [
    "ByEntity",
    "BySerial",
    "CertificateInfo",
    "CertificateSelector",
    "KeyId",
    "Method",
    "certificate_info",
    "key_data",
    "key_transfer",
    "read_certificate_info",
    "read_key_data",
    "read_number",
    "read_octets",
    "read_selector",
    "selector",
]

ARRAY: Final = 1
STRUCTURE: Final = 2
OCTET_STRING: Final = 9
ENUM: Final = 22


_Member = TypeVar("_Member", bound=IntEnum)


class Method(IntEnum):
    """
    Methods of Security setup; version 0 has the first two only.
    """

    SECURITY_ACTIVATE = 1
    KEY_TRANSFER = 2
    KEY_AGREEMENT = 3
    GENERATE_KEY_PAIR = 4
    GENERATE_CERTIFICATE_REQUEST = 5
    IMPORT_CERTIFICATE = 6
    EXPORT_CERTIFICATE = 7
    REMOVE_CERTIFICATE = 8


class KeyId(IntEnum):
    """
    Which key is transferred or agreed on.
    """

    UNICAST_ENCRYPTION = 0
    BROADCAST_ENCRYPTION = 1
    AUTHENTICATION = 2
    MASTER = 3


class ByEntity(NamedTuple):
    """
    A certificate by whose it is and what for.
    """

    entity: Entity
    type: CertificateType
    system_title: bytes


class BySerial(NamedTuple):
    """
    A certificate by its serial number and issuer.
    """

    serial_number: bytes
    issuer: bytes


CertificateSelector = ByEntity | BySerial


class CertificateInfo(NamedTuple):
    """
    One entry of the attribute certificates (6); the last four are DER, or octets of the serial number.
    """

    entity: Entity
    type: CertificateType
    serial_number: bytes
    issuer: bytes
    subject: bytes
    subject_alternative_name: bytes


def key_transfer(kek: bytes, keys: Mapping[KeyId, bytes]) -> Data:
    """
    @param kek: The master key that the server has now.

    @param keys: The new keys.

    @return: the parameter of key_transfer.

    @raise LocalProtocolError: a key has another length than 16 or 32 octets.
    """
    return key_data({number: wrap_key(kek, key) for number, key in keys.items()})


def key_data(entries: Mapping[KeyId, bytes]) -> Data:
    """
    @return: an array of structures of a key's number and an octet-string: the form that key_transfer and
        key_agreement share.
    """
    return build.array(
        *(
            build.structure(build.enum(number), build.octet_string(octets))
            for number, octets in entries.items()
        )
    )


def read_key_data(data: Data) -> dict[KeyId, bytes]:
    """
    The reverse of L{key_data}.

    @raise DecodeError: another form, an unknown key, or one key twice.
    """
    found: dict[KeyId, bytes] = {}
    for entry in _children(data, ARRAY):
        number, octets = _pair(entry)
        key_id = _member(KeyId, number)
        if key_id in found:
            raise DecodeError("each key once wanted", 0)
        found[key_id] = read_octets(octets)
    if not found:
        raise DecodeError("at least one key wanted", 0)
    return found


def selector(which: CertificateSelector) -> Data:
    """
    @return: the parameter of export_certificate and remove_certificate.
    """
    if isinstance(which, ByEntity):
        options = build.structure(
            build.enum(which.entity), build.enum(which.type), build.octet_string(which.system_title)
        )
        return build.structure(build.enum(0), options)
    options = build.structure(
        build.octet_string(which.serial_number), build.octet_string(which.issuer)
    )
    return build.structure(build.enum(1), options)


def read_selector(data: Data) -> CertificateSelector:
    """
    The reverse of L{selector}.

    @raise DecodeError: another form.
    """
    kind, options = _pair(data)
    parts = _children(options, STRUCTURE)
    match read_number(kind), len(parts):
        case 0, 3:
            return ByEntity(
                _member(Entity, parts[0]), _member(CertificateType, parts[1]), read_octets(parts[2])
            )
        case 1, 2:
            return BySerial(read_octets(parts[0]), read_octets(parts[1]))
    raise DecodeError("a certificate by entity or by serial number wanted", 0)


def certificate_info(entries: Sequence[tuple[Entity, Certificate]]) -> Data:
    """
    @return: the attribute certificates (6).
    """
    return build.array(
        *(
            build.structure(
                build.enum(entity),
                build.enum(one.type),
                build.octet_string(one.serial_number),
                build.octet_string(one.issuer),
                build.octet_string(one.subject),
                build.octet_string(one.subject_alternative_name),
            )
            for entity, one in entries
        )
    )


def read_certificate_info(data: Data) -> tuple[CertificateInfo, ...]:
    """
    The reverse of L{certificate_info}.

    @raise DecodeError: another form.
    """
    found = []
    for entry in _children(data, ARRAY):
        parts = _children(entry, STRUCTURE)
        if len(parts) != 6:
            raise DecodeError("a structure of six wanted", 0)
        found.append(
            CertificateInfo(
                _member(Entity, parts[0]),
                _member(CertificateType, parts[1]),
                *(read_octets(part) for part in parts[2:]),
            )
        )
    return tuple(found)


def read_number(data: Data) -> int:
    """
    @raise DecodeError: not an enum.
    """
    if data.tag != ENUM or not isinstance(data.values, int):
        raise DecodeError("an enum wanted", 0)
    return data.values


def read_octets(data: Data) -> bytes:
    """
    @raise DecodeError: not an octet-string.
    """
    if data.tag != OCTET_STRING or not isinstance(data.values, bytes):
        raise DecodeError("an octet-string wanted", 0)
    return data.values


def _children(data: Data, tag: int) -> list[Data]:
    if data.tag != tag:
        raise DecodeError("an array wanted" if tag == ARRAY else "a structure wanted", 0)
    reader = Reader(data.octets, 1)
    return [reader.data() for _ in range(reader.length())]


def _pair(data: Data) -> tuple[Data, Data]:
    parts = _children(data, STRUCTURE)
    if len(parts) != 2:
        raise DecodeError("a structure of two wanted", 0)
    return parts[0], parts[1]


def _member(kind: type[_Member], data: Data) -> _Member:
    number = read_number(data)
    try:
        return kind(number)
    except ValueError:
        raise DecodeError(f"{number} is no {kind.__name__}", 0) from None
