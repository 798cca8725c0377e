"""
Tests of L{dlms_twisted.tap.meter}.
"""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path
from random import Random
from typing import Any

from twisted.application.service import IService, IServiceMaker
from twisted.internet import reactor as _reactor
from twisted.plugin import getPlugins
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.client import connect
from dlms_twisted.server.hosted import client_options
from dlms_twisted.server.pusher import PushKind
from dlms_twisted.server.simulation import Simulation
from dlms_twisted.server.simulation_settings import SimulationSettings
from dlms_twisted.tap.meter import MeterService, Options, makeService

reactor: Any = _reactor


class OptionsTests(SynchronousTestCase):
    """
    Options of C{twistd dlms-meter}.
    """

    def parse(self, *arguments: str) -> SimulationSettings:
        """
        @return: the settings of options that are good.
        """
        options = Options()
        options.parseOptions(list(arguments))
        return options.settings

    def refused(self, *arguments: str) -> str:
        """
        @return: the one line that is printed for options that are wrong.
        """
        printed = io.StringIO()
        with redirect_stderr(printed), self.assertRaises(SystemExit) as caught:
            Options().parseOptions(list(arguments))
        self.assertEqual(caught.exception.code, 2)
        [line] = printed.getvalue().splitlines()
        self.assertTrue(line.startswith("dlms-meter: "), line)
        return line

    def test_good(self) -> None:
        """
        Everything that can be said.
        """
        settings = self.parse(
            *("--listen", "tcp:4059", "--listen", "tcp:4060", "--framing", "hdlc", "--mode-e"),
            *("--meter", "pv", "--meters", "20", "--first", "3", "--seed", "north"),
            *("--addressing", "ports", "--physical", "30", "--keys-file", "keys.toml"),
            *("--push-to", "udp:192.0.2.1:4059", "--rate", "20000", "--count", "5", "--plain"),
        )
        self.assertEqual([one.on for one in settings.listen], ["tcp:4059", "tcp:4060"])
        self.assertEqual({(one.framing, one.mode_e) for one in settings.listen}, {("hdlc", True)})
        self.assertEqual((settings.meter, settings.meters, settings.first), ("pv", 20, 3))
        self.assertEqual((settings.addressing, settings.physical), ("ports", 30))
        self.assertEqual(settings.keys_file, Path("keys.toml"))
        plan = settings.push.plan
        assert plan is not None
        self.assertEqual((plan.rate, plan.most, plan.kind), (20000, 5, PushKind.PLAIN))
        midnight = self.parse("--push-to", "udp:h:1", "--at-midnight").push.plan
        assert midnight is not None
        self.assertEqual((midnight.at_once, midnight.period), (True, 86400.0))

    def test_bad(self) -> None:
        """
        A wrong option is named in one line, with exit code 2.
        """
        listen = ("--listen", "tcp:0")
        for arguments, named in (
            ((), "--listen"),
            (("--listen", "pigeon:1"), "pigeon:1"),
            (("--listen", "tcp:70000"), "70000"),
            (("--listen", "udp:x"), "udp:x"),
            ((*listen, "--framing", "smoke"), "framing"),
            ((*listen, "--meters", "0"), "--meters"),
            ((*listen, "--meters", "many"), "--meters"),
            ((*listen, "--meters", "1.5"), "--meters"),
            ((*listen, "--rate", "nan", "--push-to", "udp:h:1"), "--rate"),
            ((*listen, "--rate", "5"), "push"),
            ((*listen, "--push-to", "udp:h"), "udp:h"),
            ((*listen, "--push-to", "udp:h:1", "--push-framing", "mbus"), "udp:h:1"),
            ((*listen, "--meter", "nonsense"), "nonsense"),
            ((*listen, "--meter", "pv", "--from", "x.json"), "--from"),
            ((*listen, "--from", "/nonexistent.json"), "/nonexistent.json"),
            ((*listen, "--faults", "/nonexistent.toml"), "/nonexistent.toml"),
            ((*listen, "--config", "/nonexistent.toml"), "/nonexistent.toml"),
            ((*listen, "--addressing", "names"), "addressing"),
            ((*listen, "--nonsense"), "nonsense"),
        ):
            self.assertIn(named, self.refused(*arguments))

    def test_file(self) -> None:
        """
        Options go before the file.
        """
        path = Path(self.mktemp())
        path.write_text('meter = "pv"\nmeters = 5\n[[listen]]\non = "tcp:1"\n', encoding="ascii")
        settings = self.parse("--config", str(path), "--meters", "6")
        self.assertEqual((settings.meter, settings.meters), ("pv", 6))
        self.assertEqual(settings.listen[0].on, "tcp:1")

    def test_plugin(self) -> None:
        """
        twistd knows the command; making its service opens nothing.
        """
        makers: list[Any] = list(getPlugins(IServiceMaker))
        [maker] = [one for one in makers if one.tapname == "dlms-meter"]
        self.assertEqual(maker.module, "dlms_twisted.tap.meter")
        options = Options()
        keys = Path(self.mktemp())
        options.parseOptions(["--listen", "tcp:0", "--keys-file", str(keys)])
        service = makeService(options)
        self.assertTrue(IService.providedBy(service))
        self.assertFalse(keys.exists())


class MeterServiceIntegrationTests(TestCase):
    """
    The whole service on a loopback port.
    """

    timeout = 30

    def service(self, *arguments: str) -> MeterService:
        """
        @return: a service that runs, and is stopped at the end.
        """
        options = Options()
        options.parseOptions(list(arguments))
        simulation = Simulation(reactor, options.settings, random=Random(1).random)
        service = MeterService(reactor, simulation)
        self.addCleanup(service.stopService)
        service.startService()
        return service

    async def test_read(self) -> None:
        """
        A meter that the service simulates can be read.
        """
        service = self.service("--listen", "tcp:0:interface=127.0.0.1", "--meter", "pv")
        simulation = service.simulation
        options = client_options(simulation.fleet[0], 1)
        client = await connect(reactor, simulation.listening[0].address, **options)
        data = await client.get("8/0-0:1.0.0.255/2")
        self.assertEqual(len(data.octets), 14)
        await client.close()

    def test_port_taken(self) -> None:
        """
        A port that is taken ends the start in one line, with exit code 1.
        """
        first = self.service("--listen", "tcp:0:interface=127.0.0.1")
        port = first.simulation.listening[0].address.rpartition(":")[2]
        printed = io.StringIO()
        with redirect_stderr(printed), self.assertRaises(SystemExit) as caught:
            self.service("--listen", f"tcp:{port}:interface=127.0.0.1")
        self.assertEqual(caught.exception.code, 1)
        [line] = printed.getvalue().splitlines()
        self.assertIn("Couldn't listen", line)
