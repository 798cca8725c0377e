"""
The client of gurux_dlms 1.0.203 as a black box: only its public API is used, on a plain socket.

It reads a profile by entry or range only when it has read the columns, and takes the lengths of rows from them; so
this driver reads attribute 3 first.
"""

from __future__ import annotations

import datetime
import socket
from typing import Any

from tests.interop.foreign import Place, RefusedError, main

__all__ = ["GuruxClient"]

_AUTHENTICATION = {
    "none": "NONE",
    "low": "LOW",
    "common": "HIGH",
    "md5": "HIGH_MD5",
    "sha1": "HIGH_SHA1",
    "sha256": "HIGH_SHA256",
    "gmac": "HIGH_GMAC",
}
_SECURITY = {
    "none": "NONE",
    "authenticated": "AUTHENTICATION",
    "encrypted": "ENCRYPTION",
    "both": "AUTHENTICATION_ENCRYPTION",
}
#: Access modes that let read: read, read and write, and these when authenticated.
_READABLE = (1, 3, 4, 6)


class GuruxClient:
    """
    One association: see L{tests.interop.foreign.Foreign}.
    """

    def __init__(self, place: Place) -> None:
        from gurux_dlms.enums import Authentication, InterfaceType
        from gurux_dlms.secure import GXDLMSSecureClient

        self._place = place
        self._socket: socket.socket | None = None
        self._known: dict[tuple[int, str], Any] = {}
        server = place.logical
        if place.framing == "hdlc" and place.physical:
            server = GXDLMSSecureClient.getServerAddress(place.logical, place.physical)
        self._client = GXDLMSSecureClient(
            not place.short_names,
            place.client,
            server,
            Authentication[_AUTHENTICATION[place.auth]],
            place.secret or None,
            InterfaceType.HDLC if place.framing == "hdlc" else InterfaceType.WRAPPER,
        )
        self._client.maxReceivePDUSize = place.max_pdu
        self._cipher()

    def _cipher(self) -> None:
        # What its ciphering is to use.
        from gurux_dlms.enums import Conformance, Security

        place, ciphering = self._place, self._client.ciphering
        ciphering.security = Security[_SECURITY[place.security]]
        ciphering.systemTitle = bytearray(place.title)
        if place.encryption_key:
            ciphering.blockCipherKey = bytearray(place.encryption_key)
            ciphering.authenticationKey = bytearray(place.authentication_key)
        if place.dedicated_key:
            ciphering.dedicatedKey = bytearray(place.dedicated_key)
        ciphering.invocationCounter = place.counter
        if place.general:
            self._client.proposedConformance |= Conformance.GENERAL_PROTECTION

    def open(self) -> None:
        """
        Connect and associate.
        """
        place, client = self._place, self._client
        self._socket = socket.create_connection(("127.0.0.1", place.port), place.timeout)
        try:
            if place.framing == "hdlc":
                client.parseUAResponse(self._talk(client.snrmRequest()).data)
            client.parseAareResponse(self._talk(client.aarqRequest()).data)
            if client.getIsAuthenticationRequired():
                reply = self._talk(client.getApplicationAssociationRequest())
                client.parseApplicationAssociationResponse(reply.data)
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """
        Release and disconnect.
        """
        assert self._socket is not None
        try:
            self._talk(self._client.releaseRequest())
            if self._place.framing == "hdlc":
                self._talk(self._client.disconnectRequest())
        finally:
            self._socket.close()

    def _talk(self, frames: Any) -> Any:
        # Sends what its client made, and gives it what comes back, until an answer is whole.
        from gurux_dlms import GXReplyData

        reply = GXReplyData()
        for frame in frames if isinstance(frames, list) else [frames]:
            reply.clear()
            self._exchange(frame, reply)
            while reply.isMoreData():
                more = None if reply.isStreaming() else self._client.receiverReady(reply)
                self._exchange(more, reply)
        return reply

    def _exchange(self, frame: bytes | None, reply: Any) -> None:
        from gurux_dlms import GXByteBuffer, GXReplyData

        assert self._socket is not None
        if frame is not None:
            self._socket.sendall(bytes(frame))
        received = GXByteBuffer()
        while True:
            octets = self._socket.recv(65536)
            if not octets:
                raise RefusedError("the meter closed the connection")
            received.set(octets)
            if self._client.getData(received, reply, GXReplyData()):
                break
        if reply.error:
            raise RefusedError(f"error {int(reply.error)}: {reply.getErrorMessage()}")

    def _object(self, class_id: int, name: str) -> Any:
        # One object for each name, so that what was read of it is there for the next request.
        from gurux_dlms import GXDLMSClient
        from gurux_dlms.enums import ObjectType

        if (class_id, name) not in self._known:
            made = GXDLMSClient.createObject(ObjectType(class_id))
            made.logicalName = name
            self._known[class_id, name] = made
        return self._known[class_id, name]

    def objects(self) -> list[tuple[int, str, tuple[int, ...]]]:
        """
        @return: class, name and readable attributes of each object of the association.
        """
        reply = self._talk(self._client.getObjectsRequest())
        listed = []
        for one in self._client.parseObjects(reply.data, False, False):
            class_id, name = int(one.objectType), str(one.logicalName)
            self._known[class_id, name] = one
            count = one.getAttributeCount()
            # Its canRead says yes to what may only be written.
            numbers = tuple(n for n in range(1, count + 1) if int(one.getAccess(n)) in _READABLE)
            # The buffer of a profile needs its columns.
            order = (1, 3, 2, *numbers[3:]) if class_id == 7 else numbers
            listed.append((class_id, name, tuple(n for n in order if n in numbers)))
        return listed

    def value(self, class_id: int, name: str, attribute: int) -> Any:
        """
        @return: an attribute, as its class has it then.
        """
        one = self._object(class_id, name)
        reply = self._talk(self._client.read(one, attribute))
        return self._client.updateValue(one, attribute, reply.value)

    def _profile(self, name: str) -> Any:
        one = self._object(7, name)
        if not one.captureObjects:
            self.value(7, name, 3)
        return one

    def entries(self, name: str, first: int, count: int) -> list[Any]:
        """
        @return: rows of a profile, by their numbers.
        """
        profile = self._profile(name)
        reply = self._talk(self._client.readRowsByEntry(profile, first, count))
        return list(self._client.updateValue(profile, 2, reply.value))

    def between(self, name: str, start: datetime.datetime, end: datetime.datetime) -> list[Any]:
        """
        @return: rows of a profile, by the time of their capture.
        """
        profile = self._profile(name)
        reply = self._talk(self._client.readRowsByRange(profile, start, end))
        return list(self._client.updateValue(profile, 2, reply.value))

    def write(self, class_id: int, name: str, attribute: int, octets: bytes) -> None:
        """
        Write an octet-string.
        """
        from gurux_dlms.enums import DataType

        one = self._object(class_id, name)
        one.value = bytearray(octets)
        one.setDataType(attribute, DataType.OCTET_STRING)
        self._talk(self._client.write(one, attribute))

    def act(self, class_id: int, name: str, method: int, value: int) -> Any:
        """
        Call a method with an integer.

        @return: what it returned.
        """
        from gurux_dlms.enums import DataType

        one = self._object(class_id, name)
        return self._talk(self._client.method(one, method, value, DataType.INT8)).value


if __name__ == "__main__":
    main(GuruxClient)
