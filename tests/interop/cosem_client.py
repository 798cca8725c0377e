"""
The client of dlms-cosem 25.1.0 as a black box: only its public API is used.

What it lacks, so that nobody looks for it in the tests: short names; protection by authentication alone or encryption
alone (both, or none); high levels other than mechanism 2 and GMAC, and GMAC without ciphering; selection by entry
(its C{EntryDescriptor} has no octets); Data with a bit-string in it; SET and ACTION in blocks, lists of SET, ACCESS
and general block transfer; dedicated keys in service-specific ciphering (it ciphers with general-glo only).
"""

from __future__ import annotations

import datetime
from typing import Any

from tests.interop.foreign import Place, RefusedError, main

__all__ = ["CosemClient"]

_ASSOCIATION = "0.0.40.0.0.255"


def _quiet() -> None:
    # It logs each octet, keys' worth and all.
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class CosemClient:
    """
    One association: see L{tests.interop.foreign.Foreign}.
    """

    def __init__(self, place: Place) -> None:
        _quiet()
        from dlms_cosem import io
        from dlms_cosem.client import DlmsClient

        channel = io.BlockingTcpIO("127.0.0.1", place.port, int(place.timeout))
        if place.framing == "hdlc":
            self._transport = io.HdlcTransport(
                place.client, place.logical, channel, place.physical or None
            )
        else:
            self._transport = io.TcpTransport(place.client, place.logical, channel)
        ciphered = place.security == "both"
        self._client = DlmsClient(
            self._transport,
            self._authentication(place),
            encryption_key=place.encryption_key if ciphered else None,
            authentication_key=place.authentication_key if ciphered else None,
            block_transfer=True,
            max_pdu_size=place.max_pdu,
            client_system_title=place.title,
            client_initial_invocation_counter=place.counter,
            timeout=int(place.timeout),
        )

    @staticmethod
    def _authentication(place: Place) -> Any:
        from dlms_cosem import security

        if place.auth == "low":
            return security.LowLevelSecurityAuthentication(place.secret)
        if place.auth == "common":
            return security.HighLevelSecurityCommonAuthentication(place.secret)
        if place.auth == "gmac":
            return security.HighLevelSecurityGmacAuthentication()
        return security.NoSecurityAuthentication()

    def open(self) -> None:
        """
        Connect and associate.
        """
        self._client.connect()
        try:
            self._client.associate()
        except BaseException:
            self._client.disconnect()
            raise

    def close(self) -> None:
        """
        Release and disconnect.
        """
        try:
            self._client.release_association()
        finally:
            self._client.disconnect()

    @staticmethod
    def _attribute(class_id: int, name: str, attribute: int) -> Any:
        from dlms_cosem.cosem.base import CosemAttribute
        from dlms_cosem.cosem.obis import Obis
        from dlms_cosem.enumerations import CosemInterface

        obis = Obis(*(int(one) for one in name.split(".")))
        return CosemAttribute(CosemInterface(class_id), obis, attribute)

    def objects(self) -> list[tuple[int, str, tuple[int, ...]]]:
        """
        @return: class, name and readable attributes of each object of the association.
        """
        from dlms_cosem.cosem.association import AccessRight
        from dlms_cosem.parsers import AssociationObjectListParser

        octets = self._client.get(self._attribute(15, _ASSOCIATION, 2))
        listed = []
        for one in AssociationObjectListParser.parse_bytes(octets):
            o = one.logical_name
            name = f"{o.a}.{o.b}.{o.c}.{o.d}.{o.e}.{o.f}"
            readable = tuple(
                number
                for number, rights in one.attribute_access_rights.items()
                if AccessRight.READ_ACCESS in rights.access_rights
            )
            listed.append((int(one.interface), name, readable))
        return listed

    def value(self, class_id: int, name: str, attribute: int) -> Any:
        """
        @return: the octets of an attribute: its own decoder knows no bit-strings.
        """
        return self._client.get(self._attribute(class_id, name, attribute))

    def many(self, wanted: list[list[Any]]) -> list[Any]:
        """
        @return: several attributes with one request.
        """
        from dlms_cosem.cosem.attribute_with_selection import CosemAttributeWithSelection

        asked = [CosemAttributeWithSelection(self._attribute(*one), None) for one in wanted]
        return list(self._client.get_many(asked))

    def entries(self, name: str, first: int, count: int) -> list[Any]:
        """
        It has no octets for that.

        @raise NotImplementedError: it cannot.
        """
        from dlms_cosem.cosem.selective_access import EntryDescriptor

        chosen = EntryDescriptor(first, first + count - 1)
        return self._rows(self._client.get(self._attribute(7, name, 2), chosen))

    def between(self, name: str, start: datetime.datetime, end: datetime.datetime) -> list[Any]:
        """
        @return: rows of a profile, by the time of their capture.
        """
        from dlms_cosem.cosem.capture_object import CaptureObject
        from dlms_cosem.cosem.selective_access import RangeDescriptor

        clock = CaptureObject(self._attribute(8, "0.0.1.0.0.255", 2))
        chosen = RangeDescriptor(clock, start, end)
        return self._rows(self._client.get(self._attribute(7, name, 2), chosen))

    @staticmethod
    def _rows(octets: bytes) -> list[Any]:
        from dlms_cosem.utils import parse_as_dlms_data

        return list(parse_as_dlms_data(octets))

    def write(self, class_id: int, name: str, attribute: int, octets: bytes) -> None:
        """
        Write an octet-string.
        """
        from dlms_cosem.enumerations import DataAccessResult

        encoded = bytes([9, len(octets)]) + octets
        answer = self._client.set(self._attribute(class_id, name, attribute), encoded)
        if answer.result != DataAccessResult.SUCCESS:
            raise RefusedError(str(answer.result))

    def act(self, class_id: int, name: str, method: int, value: int) -> Any:
        """
        Call a method with an integer.

        @return: what it returned.
        """
        from dlms_cosem.cosem.base import CosemMethod

        target = self._attribute(class_id, name, method)
        called = CosemMethod(target.interface, target.instance, method)
        return self._client.action(called, bytes([15, value]))


if __name__ == "__main__":
    main(CosemClient)
