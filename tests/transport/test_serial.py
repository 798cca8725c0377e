"""
Tests of L{dlms_twisted.transport.serial}, its descriptions, its plugin and its devices.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.error import ConnectError, ConnectionAborted, ConnectionDone
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.link.mode_e import LineSettings
from dlms_twisted.transport.serial import SerialEndpoint, SerialService
from dlms_twisted.transport.serial_description import SerialAddress, SerialDescription

reactor: Any = _reactor


class Recorder(Protocol):
    """
    Remembers what it was given.
    """

    def __init__(self) -> None:
        self.received = b""
        self.reasons: list[Failure] = []
        self._waiting: tuple[int, Deferred[None]] | None = None

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if self._waiting is not None and len(self.received) >= self._waiting[0]:
            waiting, self._waiting = self._waiting[1], None
            waiting.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.reasons.append(reason)

    def wait_for(self, size: int) -> Deferred[None]:
        """
        @return: fires when so many octets were received.
        """
        waiting: Deferred[None] = Deferred()
        if len(self.received) >= size:
            waiting.callback(None)
        else:
            self._waiting = (size, waiting)
        return waiting


class Device:
    """
    A device that is a pair of sockets.
    """

    def __init__(self, description: SerialDescription) -> None:
        self.description = description
        self.settings: list[dict[str, Any]] = []
        self._pair = socket.socketpair()
        self.fd: int | None = self._pair[0].fileno()
        self.far = self._pair[1].fileno()

    def apply_settings(self, settings: dict[str, Any]) -> None:
        """
        Remember them.
        """
        self.settings.append(settings)

    def close(self) -> None:
        """
        Close both ends.
        """
        self.fd = None
        for end in self._pair:
            end.close()


class DescriptionTests(SynchronousTestCase):
    """
    Tests of L{SerialDescription}.
    """

    def test_whole(self) -> None:
        """
        Every option, and the defaults.
        """
        self.assertEqual(
            SerialDescription.parse("serial:/dev/ttyUSB0"), SerialDescription(device="/dev/ttyUSB0")
        )
        self.assertEqual(
            SerialDescription.parse(
                "serial:/dev/ttyS1:baudrate=2400:bytesize=7:parity=even:stopbits=2:rtscts=on"
                ":xonxoff=off:dtr=on:rts=off"
            ),
            SerialDescription(
                device="/dev/ttyS1",
                baudrate=2400,
                bytesize=7,
                parity="E",
                stopbits=2.0,
                rtscts=True,
                dtr=True,
                rts=False,
            ),
        )

    def test_escaped_colon(self) -> None:
        """
        A colon in a by-path name is escaped.
        """
        text = r"serial:/dev/serial/by-path/pci-0000\:00\:14.0-usb-0\:1\:1.0:baudrate=9600"
        self.assertEqual(
            SerialDescription.parse(text).device, "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0"
        )

    def test_unescaped_colon(self) -> None:
        """
        The error for an unescaped one says so, and how it would be right.
        """
        text = "serial:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0:baudrate=9600"
        error = self.assertRaises(ConfigurationError, SerialDescription.parse, text)
        self.assertIn("colon", str(error))
        self.assertIn(r"serial:/dev/serial/by-path/pci-0000\:00\:14.0-usb-0\:1\:1.0", str(error))

    def test_wrong(self) -> None:
        """
        Each wrong value is named.
        """
        for text, named in (
            ("serial", "no device"), ("serial::baudrate=9600", "no device"), ("tcp:1", "tcp:1"),
            ("serial:/dev/x:baudrate=fast", "baudrate"), ("serial:/dev/x:baudrate=1", "baudrate"),
            ("serial:/dev/x:bytesize=9", "bytesize"), ("serial:/dev/x:parity=Q", "parity"),
            ("serial:/dev/x:stopbits=3", "stopbits"), ("serial:/dev/x:rts=maybe", "rts"),
            ("serial:/dev/x:speed=9600", "speed"),
        ):  # fmt: skip
            error = self.assertRaises(ConfigurationError, SerialDescription.parse, text)
            self.assertIn(named, str(error))
            self.assertNotIn("\n", str(error))


class PluginTests(SynchronousTestCase):
    """
    Tests of the C{serial:} endpoint plugin.
    """

    def test_client_from_string(self) -> None:
        """
        Twisted's own parser makes our endpoint.
        """
        endpoint: Any = clientFromString(None, r"serial:/dev/a\:b:baudrate=9600:parity=E")
        self.assertIsInstance(endpoint, SerialEndpoint)
        self.assertEqual(
            endpoint.description, SerialDescription(device="/dev/a:b", baudrate=9600, parity="E")
        )

    def test_unescaped_colon(self) -> None:
        """
        The error is ours.
        """
        self.assertRaises(
            ConfigurationError, clientFromString, None, "serial:/dev/a:b:baudrate=9600"
        )

    def test_imports_light(self) -> None:
        """
        Neither the plugin nor a parsed endpoint imports pyserial.
        """
        code = (
            "import sys; from twisted.internet.endpoints import clientFromString;"
            "clientFromString(None, 'serial:/dev/ttyUSB0'); print('serial' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        )
        self.assertEqual(done.stdout.strip(), "False")


class EndpointTests(SynchronousTestCase):
    """
    Tests of L{SerialEndpoint} with a device made of sockets.
    """

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.devices: list[Device] = []

    def open_device(self, description: SerialDescription) -> Device:
        """
        Open one and remember it.
        """
        device = Device(description)
        self.addCleanup(device.close)
        self.devices.append(device)
        return device

    def connected(self) -> tuple[Recorder, Any]:
        """
        A protocol and its transport.
        """
        description = SerialDescription(device="/dev/fake")
        endpoint = SerialEndpoint(self.reactor, description, self.open_device)
        protocol: Any = self.successResultOf(endpoint.connect(Factory.forProtocol(Recorder)))
        return protocol, protocol.transport

    def test_receive(self) -> None:
        """
        What the device sends arrives; the transport's address is the device.
        """
        protocol, transport = self.connected()
        self.assertIn(transport, self.reactor.getReaders())
        os.write(self.devices[0].far, b"hello")
        self.assertIsNone(transport.doRead())
        self.assertEqual(protocol.received, b"hello")
        self.assertEqual(transport.getPeer(), SerialAddress("/dev/fake"))
        self.assertEqual(transport.getHost(), SerialAddress("/dev/fake"))

    def test_cannot_open(self) -> None:
        """
        A device that cannot be opened fails the connection, with the device's own words.
        """

        def refuse(_: SerialDescription) -> Device:
            raise OSError(2, "no such device")

        endpoint = SerialEndpoint(self.reactor, SerialDescription(device="/dev/none"), refuse)
        failure = self.failureResultOf(
            endpoint.connect(Factory.forProtocol(Recorder)), ConnectError
        )
        self.assertIn("no such device", failure.getErrorMessage())

    def test_no_protocol(self) -> None:
        """
        A factory that wants no protocol: the device is closed again.
        """
        factory = Factory()
        factory.buildProtocol = lambda addr: None  # type: ignore[method-assign]
        endpoint = SerialEndpoint(
            self.reactor, SerialDescription(device="/dev/x"), self.open_device
        )
        self.failureResultOf(endpoint.connect(factory), ConnectError)
        self.assertIsNone(self.devices[0].fd)

    def test_lost(self) -> None:
        """
        When the device goes away the protocol is told once, and the device is closed.
        """
        protocol, transport = self.connected()
        transport.connectionLost(Failure(ConnectionDone()))
        transport.connectionLost(Failure(ConnectionDone()))
        transport.abortConnection()
        self.assertEqual(len(protocol.reasons), 1)
        self.assertIsNone(self.devices[0].fd)
        self.assertEqual(transport.fileno(), -1)
        self.assertEqual(self.reactor.getReaders(), [])

    def test_abort(self) -> None:
        """
        Aborting closes at once.
        """
        protocol, transport = self.connected()
        transport.abortConnection()
        protocol.reasons[0].trap(ConnectionAborted)
        self.assertIsNone(self.devices[0].fd)

    def test_set_line(self) -> None:
        """
        The line is changed as asked while the device is open, and never after.
        """
        _, transport = self.connected()
        transport.set_line(LineSettings(300, 7, "E", 1))
        transport.abortConnection()
        transport.set_line(LineSettings(9600))
        self.assertEqual(
            self.devices[0].settings,
            [{"baudrate": 300, "bytesize": 7, "parity": "E", "stopbits": 1}],
        )

    def test_set_line_of_unplugged(self) -> None:
        """
        A device that vanishes while it is changed is lost.
        """
        from serial import SerialException

        protocol, transport = self.connected()

        def unplugged(_: dict[str, Any]) -> None:
            raise SerialException("gone")

        self.patch(self.devices[0], "apply_settings", unplugged)
        transport.set_line(LineSettings(9600))
        self.assertEqual(len(protocol.reasons), 1)

    def test_pause_when_made(self) -> None:
        """
        A protocol that pauses as soon as it is connected stays paused.
        """

        class Pausing(Recorder):
            def connectionMade(self) -> None:
                transport: Any = self.transport
                transport.pauseProducing()

        endpoint = SerialEndpoint(
            self.reactor, SerialDescription(device="/dev/x"), self.open_device
        )
        self.successResultOf(endpoint.connect(Factory.forProtocol(Pausing)))
        self.assertEqual(self.reactor.getReaders(), [])


class ServiceTests(SynchronousTestCase):
    """
    Tests of L{SerialService}: absence, unplugging, replugging.
    """

    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        self.present = False
        self.attempts: list[float] = []
        self.devices: list[Device] = []
        self.protocols: list[Recorder] = []
        self.service = SerialService(
            self.reactor,
            SerialDescription(device="/dev/fake"),
            Factory.forProtocol(self._protocol),
            random=lambda: 0.5,
            longest_delay=5.0,
            open_device=self._open,
        )
        self.service.startService()

    def tearDown(self) -> None:
        for device in self.devices:
            device.close()

    def _protocol(self) -> Recorder:
        self.protocols.append(Recorder())
        return self.protocols[-1]

    def _open(self, description: SerialDescription) -> Device:
        self.attempts.append(self.reactor.seconds())
        if not self.present:
            raise OSError(2, "No such file or directory")
        self.devices.append(Device(description))
        return self.devices[-1]

    def test_missing(self) -> None:
        """
        A missing device is tried for ever, less and less often, and never less often than the limit.
        """
        for _ in range(2000):
            self.reactor.advance(0.05)
        pairs = zip(self.attempts, self.attempts[1:], strict=False)
        gaps = [round(after - before, 1) for before, after in pairs]
        self.assertGreater(len(self.attempts), 15)
        self.assertEqual(sorted(gaps), gaps)
        self.assertLess(gaps[0], 1.0)
        self.assertLess(gaps[-1], 5.2)

    def test_comes_and_goes(self) -> None:
        """
        When the device comes it is opened, and again after each time it went.
        """
        self.reactor.advance(3.0)
        self.present = True
        self.reactor.advance(5.0)
        self.assertEqual(len(self.protocols), 1)
        for number in range(2, 12):
            transport: Any = self.protocols[-1].transport
            transport.connectionLost(Failure(ConnectionDone()))
            self.present = False
            self.reactor.pump([0.5] * 10)
            self.present = True
            self.reactor.pump([0.5] * 11)
            self.assertEqual(len(self.protocols), number)
        self.assertEqual(sum(device.fd is not None for device in self.devices), 1)

    def test_stop(self) -> None:
        """
        A stopped service closes the device and tries nothing more.
        """
        self.present = True
        self.reactor.advance(1.0)
        stopped = self.service.stopService()
        [transport] = self.reactor.getWriters()
        transport.connectionLost(Failure(transport.doWrite()))
        self.successResultOf(stopped)
        self.assertIsNone(self.devices[0].fd)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class PtyIntegrationTests(TestCase):
    """
    Tests with pseudo terminals, which are serial devices to whoever opens them.
    """

    timeout = 20

    def pty(self) -> tuple[int, str]:
        """
        @return: the far end, and the device's name.
        """
        master, slave = os.openpty()
        name = os.ttyname(slave)
        os.close(slave)
        self.masters.append(master)
        return master, name

    def setUp(self) -> None:
        self.masters: list[int] = []

    def tearDown(self) -> None:
        while self.masters:
            os.close(self.masters.pop())

    async def open(self, name: str, **options: Any) -> Recorder:
        """
        Open a device.
        """
        endpoint = SerialEndpoint(reactor, SerialDescription(device=name, **options))
        protocol: Any = await endpoint.connect(Factory.forProtocol(Recorder))
        self.addCleanup(lambda: protocol.transport.abortConnection())
        return protocol  # type: ignore[no-any-return]

    async def test_both_ways(self) -> None:
        """
        Octets go both ways, all 256 of them.
        """
        master, name = self.pty()
        protocol = await self.open(name, baudrate=2400, parity="E")
        os.write(master, bytes(range(256)))
        await protocol.wait_for(256)
        self.assertEqual(protocol.received, bytes(range(256)))
        transport: Any = protocol.transport
        transport.write(b"answer")
        self.assertEqual(await deferToThread(os.read, master, 100), b"answer")

    async def test_line_settings(self) -> None:
        """
        Speed and parity reach the device, and can be changed while it is open.
        """
        master, name = self.pty()
        protocol = await self.open(name, baudrate=2400)
        self.assertEqual(termios.tcgetattr(master)[4:6], [termios.B2400, termios.B2400])
        transport: Any = protocol.transport
        transport.set_line(LineSettings(300, 8, "E", 1))
        self.assertEqual(termios.tcgetattr(master)[4:6], [termios.B300, termios.B300])

    async def test_line_settings_beyond_the_device(self) -> None:
        """
        A pseudo terminal has no seven data bits: it is changed as far as it can be, and stays open.
        """
        master, name = self.pty()
        protocol = await self.open(name)
        transport: Any = protocol.transport
        transport.set_line(LineSettings(300, 7, "E", 1))
        self.assertEqual(termios.tcgetattr(master)[4:6], [termios.B300, termios.B300])
        os.write(master, b"still here")
        await protocol.wait_for(10)

    async def test_hang_up(self) -> None:
        """
        When the far end goes away the connection is lost.
        """
        master, name = self.pty()
        protocol = await self.open(name)
        lost: Deferred[None] = Deferred()
        protocol.connectionLost = lambda reason=None: lost.callback(None)  # type: ignore[method-assign]
        self.masters.remove(master)
        os.close(master)
        await lost

    async def test_exclusive(self) -> None:
        """
        A device that is open cannot be opened again, here or in another process; afterwards it can.
        """
        _, name = self.pty()
        protocol = await self.open(name)
        await self.assertFailure(Deferred.fromCoroutine(self.open(name)), ConnectError)
        code = f"import serial; serial.Serial({name!r}, exclusive=True)"
        done = await deferToThread(
            subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
        )
        self.assertIn("Could not exclusively lock", done.stderr)
        transport: Any = protocol.transport
        transport.abortConnection()
        await self.open(name)

    async def test_modem_lines(self) -> None:
        """
        Modem lines are left alone; those that are asked for are set.
        """
        from serial import serialposix

        requests: list[tuple[int, bytes]] = []
        ioctl = fcntl.ioctl

        def recorded(descriptor: Any, request: int, *arguments: Any) -> Any:
            if request in {serialposix.TIOCMBIS, serialposix.TIOCMBIC}:
                requests.append((request, arguments[0]))
                return 0
            return ioctl(descriptor, request, *arguments)

        self.patch(fcntl, "ioctl", recorded)
        await self.open(self.pty()[1])
        self.assertEqual(requests, [])
        await self.open(self.pty()[1], rts=True, dtr=False)
        self.assertEqual(
            set(requests),
            {
                (serialposix.TIOCMBIS, serialposix.TIOCM_RTS_str),
                (serialposix.TIOCMBIC, serialposix.TIOCM_DTR_str),
            },
        )

    async def test_missing(self) -> None:
        """
        A device that is not there fails the connection.
        """
        missing = self.mktemp()
        await self.assertFailure(Deferred.fromCoroutine(self.open(missing)), ConnectError)

    async def test_not_a_device(self) -> None:
        """
        A file that is no device fails the connection.
        """
        path = Path(self.mktemp())
        path.write_text("no device", encoding="ascii")
        await self.assertFailure(Deferred.fromCoroutine(self.open(str(path))), ConnectError)
