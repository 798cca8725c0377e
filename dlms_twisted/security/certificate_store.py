"""
A few certificates and the ways to look one up, as Security setup keeps them (04, section 11).
"""

from __future__ import annotations

from collections.abc import Callable

from dlms_twisted.errors import LocalProtocolError
from dlms_twisted.security.certificates import Certificate, Entity, read_certificate
from dlms_twisted.security.setup import ByEntity, CertificateSelector

__all__ = ["CertificateStore"]


class CertificateStore:
    """
    Certificates by entity, type and title, and by serial number and issuer.

    @ivar limit: How many are kept at most; an import beyond is refused.
    """

    def __init__(self, limit: int = 64) -> None:
        self.limit = limit
        self._entries: dict[tuple[bytes, bytes], tuple[Entity, Certificate]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> tuple[tuple[Entity, Certificate], ...]:
        """
        @return: all, in the order in which they came.
        """
        return tuple(self._entries.values())

    def add(self, der: bytes, entity_of: Callable[[Certificate], Entity]) -> Certificate:
        """
        Import one.  It replaces that of the same entity, type and title.

        @raise DecodeError: it is no certificate.

        @raise SecurityError: C{unsupported}: its key is on neither P-256 nor P-384.

        @raise LocalProtocolError: there are too many already.
        """
        certificate = read_certificate(der)
        entity = entity_of(certificate)
        replaced = [
            key
            for key, (other, one) in self._entries.items()
            if certificate.system_title is not None
            and (other, one.type, one.system_title)
            == (entity, certificate.type, certificate.system_title)
        ]
        if len(self._entries) - len(replaced) >= self.limit:
            raise LocalProtocolError(f"more than {self.limit} certificates")
        for key in replaced:
            del self._entries[key]
        self._entries[certificate.serial_number, certificate.issuer] = (entity, certificate)
        return certificate

    def find(self, which: CertificateSelector) -> Certificate:
        """
        @raise LocalProtocolError: there is none.
        """
        return self._entries[self._key_of(which)][1]

    def remove(self, which: CertificateSelector) -> None:
        """
        @raise LocalProtocolError: there is none.
        """
        del self._entries[self._key_of(which)]

    def _key_of(self, which: CertificateSelector) -> tuple[bytes, bytes]:
        for key, (entity, one) in self._entries.items():
            if isinstance(which, ByEntity):
                if (entity, one.type, one.system_title) == tuple(which):
                    return key
            elif (
                _significant(which.serial_number) == _significant(key[0]) and which.issuer == key[1]
            ):
                return key
        raise LocalProtocolError("no such certificate")


def _significant(serial: bytes) -> bytes:
    """
    @return: without the leading zero that DER has where the first bit is set.
    """
    return serial.lstrip(b"\x00")
