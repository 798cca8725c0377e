"""
The meters' end of a UDP port: sessions by where datagrams come from.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from twisted.internet.error import MessageLengthError
from twisted.internet.interfaces import IReactorTime

from dlms_twisted.errors import LinkError
from dlms_twisted.link.wrapper import encode_frame, split_datagram
from dlms_twisted.server.faults import Direction
from dlms_twisted.server.faulty import FaultyWay
from dlms_twisted.server.serving import Host
from dlms_twisted.transport.channel import ChannelReceiver
from dlms_twisted.transport.datagram import DatagramSource

__all__ = ["DatagramServer"]

#: Sessions at a time; the oldest goes when there are more.
_MOST: Final = 4096

#: Where from, and both wPorts.
_Key = tuple[Any, int, int]


class _Channel:
    """
    One pair of ports of one peer (a L{dlms_twisted.transport.channel.ServerChannel}).
    """

    physical: int | None = None

    def __init__(self, server: DatagramServer, key: _Key) -> None:
        self._server = server
        self._key = key
        _address, self.client, self.server = key

    def send(self, apdu: bytes) -> None:
        """
        Send an APDU in a datagram.
        """
        self._server.send(self._key, apdu)

    def no_answer(self) -> None:
        """
        Nothing: nobody waits for his turn.
        """

    def push(self, apdu: bytes) -> None:
        """
        Send an APDU beside the conversation.
        """
        self.send(apdu)

    def close(self) -> None:
        """
        Forget the peer.
        """
        self._server.forget(self._key)


class DatagramServer:
    """
    Gives each peer its sessions, and takes their answers.

    @ivar strange: Datagrams, or parts of them, that were no frames.
    @ivar too_long: Answers that no datagram can hold.
    """

    def __init__(self, clock: IReactorTime, host: Host, *, idle: float = 600.0) -> None:
        """
        @param idle: Seconds of silence after which a session is over.
        """
        self.strange = 0
        self.too_long = 0
        self._clock = clock
        self._host = host
        self._idle = idle
        self._receivers: OrderedDict[_Key, tuple[ChannelReceiver, float]] = OrderedDict()
        self._source: Any = None
        self._ways: dict[Any, FaultyWay] = {}

    def received(self, source: DatagramSource, datagram: bytes, address: Any) -> None:
        """
        Take a datagram: what a L{DatagramSource} calls.
        """
        self._source = source
        if self._host.faults is None:
            self._datagram(address, datagram)
            return
        self._way((Direction.REQUEST, address)).send(datagram)

    def send(self, key: _Key, apdu: bytes) -> None:
        """
        Send an APDU to a peer.
        """
        address, client, server = key
        octets = encode_frame(server, client, apdu)
        if self._host.faults is None:
            self._send(octets, address)
        else:
            self._way((Direction.ANSWER, address)).send(octets)

    def _send(self, octets: bytes, address: Any) -> None:
        try:
            self._source.send(octets, address)
        except MessageLengthError:
            # Longer than a datagram can be: it is lost, as it would be on the way.
            self.too_long += 1

    def forget(self, key: _Key) -> None:
        """
        A session is over.
        """
        found = self._receivers.pop(key, None)
        if found is not None:
            found[0].channel_lost(LinkError("requested"))

    def close(self) -> None:
        """
        All sessions are over.
        """
        for key in tuple(self._receivers):
            self.forget(key)
        for way in self._ways.values():
            way.stop()
        self._ways.clear()

    def _datagram(self, address: Any, datagram: bytes) -> None:
        split = split_datagram(datagram)
        if split.reason:
            self.strange += 1
        for frame in split.frames:
            if self._host.is_wport(frame.destination):
                key = (address, frame.source, frame.destination)
                self._receiver(key).channel_received(frame.payload)

    def _receiver(self, key: _Key) -> ChannelReceiver:
        now = self._clock.seconds()
        found = self._receivers.pop(key, None)
        if found is None:
            self._make_room(now)
            found = (self._host.accept(_Channel(self, key)), now)
        self._receivers[key] = (found[0], now)
        return found[0]

    def _make_room(self, now: float) -> None:
        while self._receivers:
            key, (_, heard) = next(iter(self._receivers.items()))
            if now - heard < self._idle and len(self._receivers) < _MOST:
                break
            self.forget(key)

    def _way(self, key: tuple[Direction, Any]) -> FaultyWay:
        way = self._ways.get(key)
        faults = self._host.faults
        if way is None and faults is not None:
            direction, address = key
            if len(self._ways) >= _MOST:
                self._ways.pop(next(iter(self._ways))).stop()

            def deliver(octets: bytes) -> None:
                if direction is Direction.REQUEST:
                    self._datagram(address, octets)
                else:
                    self._send(octets, address)

            way = self._ways[key] = FaultyWay(
                faults, direction, deliver, lambda: None, ordered=False
            )
        if way is None:
            raise LookupError("no faults")
        return way
