"""
Tests of L{dlms_twisted.transport.datagram}.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.transport.datagram import (
    DatagramSource,
    UDPDescription,
    kernel_drops,
    show_host,
)

reactor: Any = _reactor


class DescriptionTests(SynchronousTestCase):
    """
    Tests of L{UDPDescription} and L{show_host}.
    """

    def test_good(self) -> None:
        """
        Port alone, port with an IPv4 address, port with an escaped IPv6 address.
        """
        self.assertEqual(UDPDescription.parse("udp:4059"), UDPDescription(4059, ""))
        self.assertEqual(
            UDPDescription.parse("udp:0:interface=127.0.0.1"), UDPDescription(0, "127.0.0.1")
        )
        self.assertEqual(UDPDescription.parse(r"udp:1:interface=\:\:1"), UDPDescription(1, "::1"))

    def test_bad(self) -> None:
        """
        Anything else is refused in one line that says what is wanted.
        """
        for text in (
            "tcp:1", "udp", "udp:", "udp:x", "udp:65536", "udp:-1", "udp:1:port=2", "udp:1:interface=",
            "udp:1:interface=eth0", "udp:٣", "udp:1:interface=127.0.0.1:2",
        ):  # fmt: skip
            with self.assertRaises(ConfigurationError) as caught:
                UDPDescription.parse(text)
            self.assertNotIn("\n", str(caught.exception))

    def test_mapped(self) -> None:
        """
        A v4-mapped peer is shown as IPv4; other addresses as they are.
        """
        self.assertEqual(show_host("::ffff:192.0.2.1"), "192.0.2.1")
        self.assertEqual(show_host("2001:db8::1"), "2001:db8::1")
        self.assertEqual(show_host("192.0.2.1"), "192.0.2.1")


class KernelDropTests(SynchronousTestCase):
    """
    Tests of L{kernel_drops}.
    """

    def test_table(self) -> None:
        """
        The last column of the socket's line is its count of drops.
        """
        path = Path(self.mktemp())
        path.write_text(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
            "inode ref pointer drops\n"
            "  100: 0100007F:0FDB 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
            "4711 2 0000000000000000 23\n",
            encoding="ascii",
        )
        self.assertEqual(kernel_drops(4711, (str(path),)), 23)
        self.assertEqual(kernel_drops(4712, (str(path),)), 0)

    def test_no_table(self) -> None:
        """
        A system without the table has no count.
        """
        self.assertEqual(kernel_drops(1, ("/nonexistent/udp",)), 0)


class DatagramSourceIntegrationTests(TestCase):
    """
    Tests of L{DatagramSource} on a loopback port.
    """

    def _source(self, interface: str = "127.0.0.1", **more: Any) -> DatagramSource:
        self.got: list[bytes] = []
        self.arrived: Deferred[None] = Deferred()

        def deliver(source: DatagramSource, datagram: bytes, address: Any) -> None:
            self.got.append(datagram)
            self.peer = address
            if not self.arrived.called:
                self.arrived.callback(None)

        source = DatagramSource(reactor, UDPDescription(0, interface), deliver, **more)
        source.startService()
        self.addCleanup(source.stopService)
        return source

    def _send(self, source: DatagramSource, datagram: bytes) -> socket.socket:
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.sendto(datagram, ("127.0.0.1", source.address[1]))
        return sender

    async def test_largest(self) -> None:
        """
        The largest datagram that IPv4 knows arrives whole.
        """
        source = self._source()
        datagram = os.urandom(65507)
        self._send(source, datagram)
        await self.arrived
        self.assertEqual(self.got, [datagram])

    async def test_dual_stack(self) -> None:
        """
        Without an interface, IPv4 peers reach the port, and a reply reaches them.
        """
        source = self._source("")
        sender = self._send(source, b"push")
        await self.arrived
        self.assertEqual(show_host(self.peer[0]), "127.0.0.1")
        sender.settimeout(5)
        source.send(b"confirm", self.peer[:2])
        self.assertEqual(sender.recv(100), b"confirm")

    async def test_paused_drops_are_counted(self) -> None:
        """
        While paused nothing is read; what the kernel then drops is counted, and after L{DatagramSource.resume}
        the rest arrives.
        """
        source = self._source(receive_buffer=4096)
        source.pause()
        for _ in range(50):
            self._send(source, bytes(2000))
        self.assertEqual(self.got, [])
        dropped = source.drops
        self.assertGreater(dropped, 0)
        source.resume()
        await self.arrived
        self.assertGreater(len(self.got), 0)
        await source.stopService()
        self.assertGreaterEqual(source.drops, dropped)

    def test_small_buffer_warns(self) -> None:
        """
        A kernel that gives less than was asked is named, with the command that mends it.
        """
        with capturedLogs() as events:
            self._source(receive_buffer=1 << 40 >> 10)
        texts = [event["log_format"] for event in events]
        warned = [text for text in texts if "net.core.rmem_max" in text]
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 30)
        limited = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2 < 1 << 30
        sock.close()
        self.assertEqual(bool(warned), limited)
