"""
Tests of L{dlms_twisted.server.simulation} and L{dlms_twisted.server.simulation_settings}.
"""

from __future__ import annotations

import socket
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.client import connect
from dlms_twisted.codec import build
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.link.hdlc.push import HDLCPushLink
from dlms_twisted.link.push import Payload
from dlms_twisted.server.fleet_pusher import PushPlan
from dlms_twisted.server.hosted import client_options
from dlms_twisted.server.outlets import PushTarget
from dlms_twisted.server.pusher import PushKind
from dlms_twisted.server.simulation import Simulation
from dlms_twisted.server.simulation_settings import (
    ListenSettings,
    PushSettings,
    SimulationSettings,
    load_simulation,
    push_settings,
)
from dlms_twisted.translate.translator import Translator

reactor: Any = _reactor

LOOPBACK = ListenSettings(on="tcp:0:interface=127.0.0.1")


class SettingsTests(SynchronousTestCase):
    """
    Settings, from TOML and from Python.
    """

    def test_file(self) -> None:
        """
        Everything can be said in a file; its paths count from its folder.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        path = folder / "simulation.toml"
        path.write_text(
            'meter = "pv"\nmeters = 100\nfirst = 7\nseed = "north"\naddressing = "ports"\nphysical = 30\n'
            'keys_file = "keys.toml"\nfaults = "faults.toml"\ninactivity = 60\n'
            '[[listen]]\non = "tcp:4059"\n[[listen]]\non = "tcp:5000"\nframing = "hdlc"\nmode_e = true\n'
            '[push]\nto = "udp:192.0.2.1:4059"\nperiod = 60\nat_once = true\nplain = true\ncount = 9\n',
            encoding="utf-8",
        )
        self.assertEqual(
            load_simulation(path),
            SimulationSettings(
                meter="pv",
                meters=100,
                first=7,
                seed="north",
                addressing="ports",
                physical=30,
                keys_file=folder / "keys.toml",
                faults=folder / "faults.toml",
                inactivity=60.0,
                listen=(
                    ListenSettings(on="tcp:4059"),
                    ListenSettings(on="tcp:5000", framing="hdlc", mode_e=True),
                ),
                push=PushSettings(
                    target=PushTarget("udp:192.0.2.1:4059"),
                    plan=PushPlan(period=60.0, at_once=True, kind=PushKind.PLAIN, most=9),
                ),
            ),
        )

    def test_bad_file(self) -> None:
        """
        An error names the file and the dotted key.
        """
        path = Path(self.mktemp())
        for text, named in (
            ("meters = 0", "meters"),
            ("meter = 5", "meter"),
            ("[[listen]]", "listen[0].on"),
            ('[[listen]]\non = "pigeon:1"', "listen[0].on"),
            ('[[listen]]\non = "udp:1"\nframing = "hdlc"', "listen[0].on"),
            ('[[listen]]\non = "tcp:1"\nframing = "smoke"', "listen[0].on"),
            ('[push]\nto = "udp:1"', "push.to"),
            ("[push]\nrate = 5", "push.to"),
            ("[push]\nrate = 0", "push.rate"),
            ("adressing = 5", "adressing"),
        ):
            path.write_text(text, encoding="utf-8")
            with self.assertRaises(ConfigurationError) as caught:
                load_simulation(path)
            self.assertTrue(
                str(caught.exception).startswith(f"{path}: {named}: "), caught.exception
            )
        self.assertRaises(ConfigurationError, load_simulation, "/nonexistent/file")

    def test_together(self) -> None:
        """
        What does not go together.
        """
        listen = (LOOPBACK,)
        for wrong in (
            SimulationSettings(),
            SimulationSettings(listen=listen, meters=0),
            SimulationSettings(listen=listen, addressing="names"),
            SimulationSettings(listen=listen, meter="nonsense"),
            SimulationSettings(listen=listen, faults=Path("/nonexistent/file")),
            SimulationSettings(listen=listen, meters=70_000),
            SimulationSettings(listen=(ListenSettings(on="tcp:1", framing="hdlc"),), meters=17_000),
            SimulationSettings(
                listen=(ListenSettings(on="tcp:65000"),), addressing="ports", meters=1000
            ),
            SimulationSettings(
                listen=(ListenSettings(on="serial:/dev/ttyUSB0"),), addressing="ports"
            ),
        ):
            self.assertRaises(ConfigurationError, wrong.check)
        SimulationSettings(listen=listen, meters=1000).check()

    def test_plan(self) -> None:
        """
        A target alone has no plan: the push setups say when.  Midnight has the period of a day.
        """
        self.assertIsNone(push_settings("udp:h:1").plan)
        plan = push_settings("udp:h:1", at_once=True).plan
        assert plan is not None
        self.assertEqual(plan.period, 86_400.0)
        self.assertRaises(ConfigurationError, push_settings, None, rate=5.0)


class SimulationIntegrationTests(TestCase):
    """
    Whole simulations on loopback ports.
    """

    timeout = 30

    async def begun(self, **settings: Any) -> Simulation:
        """
        @return: a simulation that runs, and is stopped at the end.
        """
        simulation = Simulation(reactor, SimulationSettings(**settings), random=Random(1).random)
        self.addCleanup(simulation.stopService)
        await simulation.begin()
        return simulation

    async def until(self, done: Any) -> None:
        """
        Let the reactor turn until C{done()}.
        """
        while not done():
            waiting: Deferred[None] = deferLater(reactor, 0.005, lambda: None)
            await waiting

    async def test_ports(self) -> None:
        """
        Each meter on a port of its own; its keys are those of the file.
        """
        keys = Path(self.mktemp())
        simulation = await self.begun(
            meters=3, addressing="ports", listen=(LOOPBACK,), keys_file=keys
        )
        addresses = [one.address for one in simulation.listening]
        self.assertEqual(len(set(addresses)), 3)
        self.assertEqual({one.meters for one in simulation.listening}, {1})
        for number, address in enumerate(addresses):
            meter = simulation.fleet[number]
            client = await connect(reactor, address, **client_options(meter, 1))
            data = await client.get("1/0-0:96.1.0.255/2")
            self.assertEqual(data.values, meter.serial.encode())
            await client.close()
            assert meter.keys.encryption_key is not None
            self.assertIn(meter.keys.encryption_key.hex().upper(), keys.read_text("ascii"))

    async def test_fleet_pushes(self) -> None:
        """
        A fleet pushes by UDP at a rate; what arrives can be opened with its keys.
        """
        sink = _sink()
        self.addCleanup(sink.close)
        simulation = await self.begun(
            meters=50,
            push=push_settings(f"udp:127.0.0.1:{sink.getsockname()[1]}", rate=1000.0, count=50),
        )
        await self.until(lambda: simulation.figures["sent"] == 50)
        keys = {one.system_title: one for one in simulation.fleet.all_keys()}
        for _ in range(50):
            [message] = Translator(keyring=keys.get).translate(sink.recv(2000))
            self.assertIs(message.layers[-1]["authenticated"], True)

    async def test_faults_of_pushes(self) -> None:
        """
        Pushes get lost and damaged, too.
        """
        sink = _sink()
        self.addCleanup(sink.close)
        faults = Path(self.mktemp())
        faults.write_text(
            '[[fault]]\nkind = "lost"\non = "push"\nevery = 2\n'
            '[[fault]]\nkind = "too-long"\non = "push"\nafter = 10\n'
            '[[fault]]\nkind = "repeated-counter"\non = "push"\nafter = 9\ncount = 1\n',
            encoding="ascii",
        )
        simulation = await self.begun(
            meters=5,
            faults=faults,
            push=push_settings(f"udp:127.0.0.1:{sink.getsockname()[1]}", rate=1000.0, count=11),
        )
        await self.until(lambda: simulation.figures["sent"] == 11)
        self.assertEqual(simulation.figures["faults"], 6 + 1 + 1)
        sink.setblocking(False)
        frames = [sink.recv(2000) for _ in range(5)]
        self.assertEqual(len({frame[8:] for frame in frames}), 5)
        self.assertRaises(BlockingIOError, sink.recv, 2000)

    async def test_pushes_by_tcp(self) -> None:
        """
        A fleet pushes HDLC frames into a serial server by TCP.
        """
        heard: list[bytes] = []
        port = reactor.listenTCP(0, _Hearing.factory(heard), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        simulation = await self.begun(
            meters=3,
            push=push_settings(
                f"tcp:127.0.0.1:{port.getHost().port}", "hdlc", rate=100.0, count=3, plain=True
            ),
        )
        link = HDLCPushLink()
        payloads: list[Payload] = []

        def all_there() -> bool:
            link.receive_data(b"".join(heard), 0.0)
            heard.clear()
            while (event := link.next_event()) is not None:
                assert isinstance(event, Payload)
                payloads.append(event)
            return len(payloads) == 3

        await self.until(all_there)
        self.assertEqual({one.octets[0] for one in payloads}, {0x0F})
        await simulation.stopService()

    async def test_own_push(self) -> None:
        """
        A meter pushes by itself where it is told to, when its script is run.
        """
        sink = _sink()
        self.addCleanup(sink.close)
        sink.setblocking(False)
        simulation = await self.begun(
            listen=(LOOPBACK,), push=push_settings(f"udp:127.0.0.1:{sink.getsockname()[1]}")
        )
        meter = simulation.fleet[0]
        client = await connect(reactor, simulation.listening[0].address, **client_options(meter, 1))
        await client.set("40/0-0:25.9.0.255/5", build.long_unsigned(0))
        await client.action("40/0-0:25.9.0.255/1", build.integer(0))
        await self.until(lambda: simulation.figures["sent"] == 1)
        await client.close()
        [message] = Translator(keyring=lambda _: meter.keys).translate(sink.recv(2000))
        self.assertIn("1-0:1.8.0.255", [str(one.obis) for one in message.readings])

    async def test_reboot(self) -> None:
        """
        A fault of the meters closes all connections, and sets clocks once, however many wires there are.
        """
        faults = Path(self.mktemp())
        faults.write_text(
            '[[fault]]\nkind = "clock-jump"\nby = 3600\n[[fault]]\nkind = "reboot"\nat = 0.05\n',
            encoding="ascii",
        )
        simulation = await self.begun(listen=(LOOPBACK, LOOPBACK), faults=faults)
        meter = simulation.fleet[0]
        client = await connect(
            reactor, simulation.listening[0].address, **client_options(meter, 16)
        )
        await self.until(lambda: simulation.figures["faults"] == 2)
        await self.until(lambda: not simulation.figures["connections"])
        self.assertEqual(round(meter.time() - reactor.seconds()), 3600)
        await client.close()

    async def test_port_taken(self) -> None:
        """
        What cannot be opened fails the beginning, and nothing stays open.
        """
        first = await self.begun(listen=(LOOPBACK,))
        port = first.listening[0].address.rpartition(":")[2]
        with self.assertRaises(Exception) as caught:
            await self.begun(
                listen=(LOOPBACK, ListenSettings(on=f"tcp:{port}:interface=127.0.0.1"))
            )
        self.assertEqual(type(caught.exception).__name__, "CannotListenError")

    def test_not_by_rule(self) -> None:
        """
        A description with keys of its own cannot push at a rate.
        """
        path = Path(self.mktemp()).with_suffix(".toml")
        path.write_text('system_title = "4D4D4D0000000001"\n', encoding="ascii")
        settings = SimulationSettings(
            meter=str(path), push=push_settings("udp:127.0.0.1:1", rate=1.0)
        )
        with self.assertRaises(ConfigurationError):
            Simulation(Clock(), settings, random=Random(1).random)


class _Hearing(Protocol):
    """
    Remembers what comes.
    """

    def __init__(self, heard: list[bytes]) -> None:
        self._heard = heard

    @classmethod
    def factory(cls, heard: list[bytes]) -> Any:
        """
        @return: its factory.
        """
        factory: Any = Factory()
        factory.buildProtocol = lambda addr: cls(heard)
        factory.noisy = False
        return factory

    def dataReceived(self, data: bytes) -> None:
        self._heard.append(data)


def _sink() -> socket.socket:
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sink.bind(("127.0.0.1", 0))
    sink.settimeout(5)
    return sink
