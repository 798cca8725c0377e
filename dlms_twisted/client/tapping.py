"""
Connections with a listener: each frame that passes, either way, is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.interfaces import IProtocolFactory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.link.hdlc.decoder import FrameDecoder
from dlms_twisted.link.wrapper import WrapperDecoder

__all__ = ["TapFactory"]

#: Called with C{out} or C{in} and a frame.
Listener = Callable[[str, bytes], None]


class _Frames:
    """
    Cuts what passes in one direction into frames, and tells of octets that are none as they are.
    """

    def __init__(self, framing: str) -> None:
        self._wrapper = WrapperDecoder() if framing == "wrapper" else None
        self._hdlc = FrameDecoder()

    def of(self, data: bytes) -> Iterator[bytes]:
        """
        @return: the frames that are whole now.
        """
        if self._wrapper is None:
            self._hdlc.receive_data(data)
            while (frame := self._hdlc.next_frame()) is not None:
                yield frame.raw
            return
        self._wrapper.receive_data(data)
        try:
            while (unit := self._wrapper.next_frame()) is not None:
                yield unit.raw
        except RemoteProtocolError:
            # From here on there are no frames, but octets.
            yield data


class _Tapped(ProtocolWrapper):
    """
    Stands between a connection and its protocol.
    """

    factory: TapFactory

    def __init__(self, factory: TapFactory, protocol: Any) -> None:
        super().__init__(factory, protocol)  # type: ignore[arg-type]
        self._came = _Frames(factory.framing)

    def dataReceived(self, data: bytes) -> None:
        for frame in self._came.of(data):
            self.factory.listener("in", frame)
        super().dataReceived(data)

    def write(self, data: bytes) -> None:
        # Each write of ours is a frame.
        self.factory.listener("out", data)
        super().write(data)


class TapFactory(WrappingFactory):
    """
    Makes the protocols of another factory, with a listener.
    """

    noisy = False
    protocol = _Tapped

    def __init__(self, wrapped: IProtocolFactory, framing: str, listener: Listener) -> None:
        """
        @param framing: C{wrapper} or C{hdlc}.
        """
        super().__init__(wrapped)
        self.framing = framing
        self.listener = listener
