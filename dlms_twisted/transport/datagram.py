"""
UDP sources: a port that asks for a large kernel buffer, checks what it got, and reads what the kernel dropped.

Twisted's endpoint strings have no UDP, so C{udp:PORT[:interface=ADDRESS]} is parsed here.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorUDP
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger

from dlms_twisted.errors import ConfigurationError

__all__ = [
    "MAX_PACKET",
    "RECEIVE_BUFFER",
    "DatagramSource",
    "UDPDescription",
    "kernel_drops",
    "show_host",
]

#: Octets asked of the kernel; its default loses half of a burst.
RECEIVE_BUFFER = 4 << 20
#: Octets read of one datagram; Twisted's default of 8192 truncates silently.
MAX_PACKET = 65536

_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


@frozen
class UDPDescription:
    """
    C{udp:PORT[:interface=ADDRESS]}; a colon inside the address is written C{\\:}.

    @ivar port: 0 (any free one) to 65535.
    @ivar interface: The address to bind, or the empty string for all of IPv6 and IPv4.
    """

    port: int
    interface: str = ""

    @classmethod
    def parse(cls, text: str) -> UDPDescription:
        """
        @raise ConfigurationError: not such a description.
        """
        kind, _, rest = text.partition(":")
        port, separator, option = rest.partition(":")
        good = kind == "udp" and port.isdecimal() and port.isascii() and int(port) <= 0xFFFF
        if separator:
            good = good and option.startswith("interface=") and len(option) > len("interface=")
        if not good:
            raise ConfigurationError(f"udp:PORT[:interface=ADDRESS] wanted, not {text!r}")
        address = option.removeprefix("interface=").replace("\\:", ":")
        if address and not _is_address(address):
            raise ConfigurationError(f"{text!r}: the interface must be an IP address")
        return cls(int(port), address)


def _is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text.partition("%")[0])
        except OSError:
            continue
        return True
    return False


def show_host(host: str) -> str:
    """
    @return: the address as people write it: a v4-mapped IPv6 address as plain IPv4.
    """
    return host[7:] if host.startswith("::ffff:") and "." in host else host


def kernel_drops(inode: int, tables: tuple[str, ...] = ("/proc/net/udp", "/proc/net/udp6")) -> int:
    """
    How many datagrams the kernel threw away because a socket's buffer was full.

    @param inode: The socket's inode.
    @param tables: The kernel's tables, Linux only.

    @return: the count since the socket was made; 0 where the kernel does not tell.
    """
    wanted = str(inode)
    for table in tables:
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 12 and fields[9] == wanted:
                return int(fields[12])
    return 0


class _Deliver(Protocol):
    def __call__(self, source: DatagramSource, datagram: bytes, address: Any, /) -> None: ...


class _Receiver(DatagramProtocol):
    """
    Hands each datagram on, with no work of its own: the queue is behind it.
    """

    noisy = False

    def __init__(self, source: DatagramSource, deliver: _Deliver) -> None:
        self._source = source
        self._deliver = deliver

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._deliver(self._source, datagram, addr)


class DatagramSource(Service):
    """
    One UDP port, as a service.

    @ivar label: What records name as their source, for example C{udp:4059}.
    """

    log = Logger()

    def __init__(
        self,
        reactor: IReactorUDP,
        description: UDPDescription,
        deliver: _Deliver,
        *,
        label: str = "",
        receive_buffer: int = RECEIVE_BUFFER,
    ) -> None:
        """
        @param deliver: Called as C{deliver(source, datagram, (host, port))}.
        @param receive_buffer: Octets of kernel buffer to ask for.
        """
        self._reactor = reactor
        self._description = description
        self._deliver = deliver
        self._receive_buffer = receive_buffer
        self._port: Any = None
        self._paused = False
        self._final_drops = 0
        self.label = label or f"udp:{description.port}"

    def startService(self) -> None:
        """
        Bind the port.

        @raise CannotListenError: the port is taken or may not be bound.
        """
        super().startService()
        self._port = self._listen()
        self._ask_buffer(self._port.socket)
        if self._paused:
            self._port.stopReading()
        host = self._port.getHost()
        self.log.info("listening on udp {host} port {port}", host=host.host, port=host.port)

    def _listen(self) -> Any:
        receiver = _Receiver(self, self._deliver)
        port, interface = self._description.port, self._description.interface
        if interface:
            return self._reactor.listenUDP(port, receiver, interface, MAX_PACKET)
        try:
            return self._reactor.listenUDP(port, receiver, "::", MAX_PACKET)
        except CannotListenError as error:
            if getattr(error.socketError, "errno", None) not in _NO_IPV6:
                raise
            receiver = _Receiver(self, self._deliver)
            return self._reactor.listenUDP(port, receiver, "0.0.0.0", MAX_PACKET)

    def _ask_buffer(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        # Linux reads back the double of what is usable.
        got = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        if got < self._receive_buffer:
            self.log.warn(
                "{source}: the kernel gives a receive buffer of {got} octets, not {asked}: bursts may be "
                "lost; as root: sysctl -w net.core.rmem_max={asked}",
                source=self.label,
                got=got,
                asked=self._receive_buffer,
            )

    def stopService(self) -> Deferred[object]:
        """
        @return: fires when the port is closed.
        """
        super().stopService()
        port, self._port = self._port, None
        if port is None:
            return maybeDeferred(lambda: None)
        self._final_drops = self._drops(port)
        return maybeDeferred(port.stopListening)

    @property
    def address(self) -> tuple[str, int]:
        """
        Host and port that are bound, while the service runs.
        """
        host = self._port.getHost()
        return host.host, host.port

    def send(self, octets: bytes, address: tuple[str, int]) -> None:
        """
        Send one datagram from this port; nothing happens while the service is down.
        """
        if self._port is not None:
            self._port.write(octets, address)

    def pause(self) -> None:
        """
        Read no more; the kernel's buffer fills, and what it then drops is in L{drops}.
        """
        self._paused = True
        if self._port is not None:
            self._port.stopReading()

    def resume(self) -> None:
        """
        Read again after L{pause}.
        """
        self._paused = False
        if self._port is not None:
            self._port.startReading()

    @property
    def drops(self) -> int:
        """
        Datagrams that the kernel dropped at this port.
        """
        return self._final_drops if self._port is None else self._drops(self._port)

    def _drops(self, port: Any) -> int:
        read: Callable[[int], int] = kernel_drops
        return read(os.fstat(port.socket.fileno()).st_ino)
