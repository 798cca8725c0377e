"""
The client of dlms-cosem 25.1.0 as a black box: only its public API is used.

What it lacks, so that nobody looks for it in the tests: short names; protection by authentication alone or encryption
alone (both, or none); high levels other than mechanism 2 and GMAC, and GMAC without ciphering; selection by entry
(its C{EntryDescriptor} has no octets); Data with a bit-string in it; SET and ACTION in blocks, lists of SET, ACCESS
and general block transfer; dedicated keys in service-specific ciphering (it ciphers with general-glo only).

Over HDLC it waits for ever after some frames in which an octet of contents or checksum happens to be a flag, though the
frame's length says where it ends.  What it reads from can be replaced, so it is given a reader that knows when nothing
will come; then this driver associates anew and asks again.
"""

from __future__ import annotations

import datetime
import socket
from collections.abc import Callable
from typing import Any

from tests.interop.foreign import Place, RefusedError, main

__all__ = ["CosemClient"]

_ASSOCIATION = "0.0.40.0.0.255"
_MOST_TRIES = 8


def _quiet() -> None:
    # It logs each octet, keys' worth and all.
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class _FlagError(Exception):
    """
    It waits for more after a whole frame.
    """


class _Frames:
    """
    Its C{IoImplementation} for HDLC over TCP.
    """

    def __init__(self, port: int, timeout: float) -> None:
        self._port, self._timeout = port, timeout
        self._socket: socket.socket | None = None
        self._frame = b""

    def connect(self) -> None:
        """
        Open the connection.
        """
        self._socket = socket.create_connection(("127.0.0.1", self._port), self._timeout)

    def disconnect(self) -> None:
        """
        Close it.
        """
        if self._socket is not None:
            self._socket.close()

    def send(self, data: bytes) -> None:
        """
        Send a frame.
        """
        assert self._socket is not None
        self._frame = b""
        self._socket.sendall(data)

    def recv(self, amount: int = 1) -> bytes:
        """
        @return: that many octets.
        """
        assert self._socket is not None
        octets = b""
        while len(octets) < amount:
            more = self._socket.recv(amount - len(octets))
            if not more:
                raise ConnectionError("the meter closed the connection")
            octets += more
        return octets

    def recv_until(self, end: bytes) -> bytes:
        """
        @return: what comes up to the next flag, wherever that is.
        """
        if (
            self._frame
            and len(self._frame) == (int.from_bytes(self._frame[1:3], "big") & 0x7FF) + 2
        ):
            # Its window is one frame, so that nothing comes until it sends again.
            raise _FlagError
        octets = b""
        while not octets.endswith(end):
            octets += self.recv(1)
        self._frame += octets
        return octets


class CosemClient:
    """
    One association: see L{tests.interop.foreign.Foreign}.
    """

    def __init__(self, place: Place) -> None:
        _quiet()
        self._place = place
        self._client = self._made(place.counter, place.max_pdu)

    def _made(self, counter: int, max_pdu: int) -> Any:
        from dlms_cosem import io
        from dlms_cosem.client import DlmsClient

        place = self._place
        transport: Any
        if place.framing == "hdlc":
            frames = _Frames(place.port, place.timeout)
            transport = io.HdlcTransport(
                place.client, place.logical, frames, place.physical or None
            )
        else:
            channel = io.BlockingTcpIO("127.0.0.1", place.port, int(place.timeout))
            transport = io.TcpTransport(place.client, place.logical, channel)
        ciphered = place.security == "both"
        return DlmsClient(
            transport,
            self._authentication(place),
            encryption_key=place.encryption_key if ciphered else None,
            authentication_key=place.authentication_key if ciphered else None,
            block_transfer=True,
            max_pdu_size=max_pdu,
            client_system_title=place.title,
            client_initial_invocation_counter=counter,
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
        self._asked(lambda: None, fresh=True)

    def _asked(self, ask: Callable[[], Any], *, fresh: bool = False) -> Any:
        """
        Ask, and ask again in a new association where its frames went wrong.
        """
        for number in range(1, _MOST_TRIES + 1):
            try:
                if fresh:
                    self._client.connect()
                    self._client.associate()
                return ask()
            except _FlagError:
                fresh = True
                self._client.transport.io.disconnect()
                # With blocks of another length all checksums are others.
                counter = self._client.client_invocation_counter + 1
                self._client = self._made(counter, self._place.max_pdu - number)
        raise RefusedError("its frames went wrong again and again")

    def _get(self, *arguments: Any) -> bytes:
        octets: bytes = self._asked(lambda: self._client.get(*arguments))
        return octets

    def close(self) -> None:
        """
        Release and disconnect.
        """
        # It may be another client by the time that it is asked again.
        self._asked(lambda: self._client.release_association())
        self._asked(lambda: self._client.disconnect())

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

        octets = self._get(self._attribute(15, _ASSOCIATION, 2))
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
        return self._get(self._attribute(class_id, name, attribute))

    def many(self, wanted: list[list[Any]]) -> list[Any]:
        """
        @return: several attributes with one request.
        """
        from dlms_cosem.cosem.attribute_with_selection import CosemAttributeWithSelection

        asked = [CosemAttributeWithSelection(self._attribute(*one), None) for one in wanted]
        return list(self._asked(lambda: self._client.get_many(asked)).response_data)

    def entries(self, name: str, first: int, count: int) -> list[Any]:
        """
        It has no octets for that.

        @raise NotImplementedError: it cannot.
        """
        from dlms_cosem.cosem.selective_access import EntryDescriptor

        chosen = EntryDescriptor(first, first + count - 1)
        return self._rows(self._get(self._attribute(7, name, 2), chosen))

    def between(self, name: str, start: datetime.datetime, end: datetime.datetime) -> list[Any]:
        """
        @return: rows of a profile, by the time of their capture.
        """
        from dlms_cosem.cosem.capture_object import CaptureObject
        from dlms_cosem.cosem.selective_access import RangeDescriptor

        clock = CaptureObject(self._attribute(8, "0.0.1.0.0.255", 2))
        chosen = RangeDescriptor(clock, start, end)
        return self._rows(self._get(self._attribute(7, name, 2), chosen))

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
