"""
Tests of L{dlms_twisted.tap.collector}, L{dlms_twisted.tap.collector_service} and L{dlms_twisted.config}.
"""

from __future__ import annotations

import io
import json
import socket
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.config import load_collector
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.policy import Policy
from dlms_twisted.server.push_meter import PushMeter
from dlms_twisted.tap.collector import Options, makeService
from dlms_twisted.tap.collector_service import CollectorService
from tests.vectors import load

reactor: Any = _reactor


class OptionsTests(SynchronousTestCase):
    """
    Options of C{twistd dlms-collector}.
    """

    def parse(self, *arguments: str) -> Options:
        """
        @return: the options, which are good.
        """
        options = Options()
        options.parseOptions(["--journal", self.mktemp(), *arguments])
        return options

    def refused(self, *arguments: str) -> str:
        """
        @return: the one line that is printed for options that are wrong.
        """
        printed = io.StringIO()
        with redirect_stderr(printed), self.assertRaises(SystemExit) as caught:
            Options().parseOptions(list(arguments))
        self.assertEqual(caught.exception.code, 2)
        [line] = printed.getvalue().splitlines()
        self.assertTrue(line.startswith("dlms-collector: "), line)
        return line

    def test_good(self) -> None:
        """
        Sources may be repeated; numbers and titles are understood.
        """
        settings = self.parse(
            *("--listen", "udp:4059", "--listen", "tcp:4059", "--connect", "tcp:192.0.2.7:2001"),
            *("--listen", "serial:/dev/ttyUSB0:baudrate=2400:parity=E", "--policy", "both"),
            *("--system-title", "4D4D4D0000BC614E", "--queue", "10", "--retain-days", "365"),
        ).settings
        self.assertEqual(
            [source.description for source in settings.sources],
            [
                "udp:4059",
                "tcp:4059",
                "tcp:192.0.2.7:2001",
                "serial:/dev/ttyUSB0:baudrate=2400:parity=E",
            ],
        )
        self.assertEqual(
            {source.policy for source in settings.sources}, {Policy.AUTHENTICATED_ENCRYPTED}
        )
        self.assertEqual(settings.system_title, bytes.fromhex("4D4D4D0000BC614E"))
        self.assertEqual((settings.queue_items, settings.limits.age), (10, 365 * 86400.0))

    def test_bad(self) -> None:
        """
        A wrong option is named in one line, with exit code 2.
        """
        journal = ("--journal", self.mktemp())
        for arguments, named in (
            ((), "journal"),
            (journal, "listen"),
            ((*journal, "--listen", "udp:x"), "udp:x"),
            ((*journal, "--listen", "pigeon:1"), "pigeon:1"),
            ((*journal, "--listen", "tcp:70000"), "tcp:70000"),
            ((*journal, "--listen", "udp:1", "--listen", "udp:1"), "twice"),
            ((*journal, "--connect", "tcp:1"), "tcp:1"),
            ((*journal, "--listen", "udp:1", "--queue", "0"), "--queue"),
            ((*journal, "--listen", "udp:1", "--queue", "nan"), "--queue"),
            ((*journal, "--listen", "udp:1", "--policy", "some"), "--policy"),
            ((*journal, "--listen", "udp:1", "--framing", "smoke"), "--framing"),
            ((*journal, "--listen", "udp:1", "--system-title", "12"), "--system-title"),
            ((*journal, "--listen", "udp:1", "--keys", "/nonexistent/keys"), "/nonexistent/keys"),
            ((*journal, "--listen", "udp:1", "--config", "/nonexistent/file"), "/nonexistent/file"),
            (
                (*journal, "--listen", "udp:1", "--layouts", "/nonexistent/file"),
                "/nonexistent/file",
            ),
            ((*journal, "--nonsense"), "nonsense"),
        ):
            self.assertIn(named, self.refused(*arguments))
        self.assertFalse(Path(journal[1]).exists())

    def test_readable_keys(self) -> None:
        """
        A key file that others may read is refused, with the command that mends it.
        """
        path = Path(self.mktemp())
        path.touch(mode=0o644)
        path.chmod(0o644)
        line = self.refused("--journal", self.mktemp(), "--listen", "udp:1", "--keys", str(path))
        self.assertIn("chmod", line)
        self.parse("--listen", "udp:1", "--keys", str(path), "--insecure-keys")

    def test_file(self) -> None:
        """
        Everything can be said in a file; options go before it.
        """
        path = Path(self.mktemp())
        path.write_text(
            'journal = "somewhere"\nlisten = "udp:4059"\nsystem_title = "4D4D4D0000BC614E"\n'
            "receive_buffer = 65536\n[queue]\nitems = 7\n[retention]\ndays = 2\n[quarantine]\noctets = 1000\n"
            '[[source]]\nlisten = "tcp:4060"\npolicy = "encrypted"\nframing = "hdlc"\nidle_timeout = 60\n'
            '[[source]]\nconnect = "tcp:192.0.2.7:2001"\nlabel = "cellar"\n',
            encoding="utf-8",
        )
        settings = load_collector(path)
        self.assertEqual(settings.sources[0].description, "udp:4059")
        self.assertEqual(settings.sources[1].policy, Policy.ENCRYPTED)
        self.assertEqual(settings.sources[2].label, "cellar")
        self.assertEqual((settings.queue_items, settings.receive_buffer), (7, 65536))
        self.assertEqual(settings.limits.quarantine.octets, 1000)
        options = Options()
        options.parseOptions(["--config", str(path), "--queue", "8"])
        self.assertEqual(options.settings.queue_items, 8)
        self.assertEqual(len(options.settings.sources), 3)

    def test_bad_file(self) -> None:
        """
        An error names the file and the dotted key.
        """
        path = Path(self.mktemp())
        for text, named in (
            ("journal = 5", "journal"),
            ("[queue]\nitems = 0", "queue.items"),
            ('[[source]]\nlisten = "udp:1"\n[[source]]\nlisten = 7', "source[1].listen"),
            ("[[source]]\n", "source[0].listen"),
            ('[[source]]\nlisten = "udp:1"\npolicy = "some"', "source[0].policy"),
            ('[[source]]\nlisten = "udp:1"\nframing = "smoke"', "source[0].framing"),
            ('sytem_title = "00"', "sytem_title"),
            ("journal", "Expected"),
        ):
            path.write_text(text, encoding="utf-8")
            with self.assertRaises(ConfigurationError) as caught:
                load_collector(path)
            message = str(caught.exception)
            self.assertIn(str(path), message)
            self.assertIn(named, message)
            self.assertNotIn("\n", message)

    def test_service(self) -> None:
        """
        Making the service opens nothing.
        """
        options = self.parse("--listen", "udp:0")
        self.assertIsInstance(makeService(options), CollectorService)
        self.assertFalse(options.settings.journal.exists())


class CollectorServiceIntegrationTests(TestCase):
    """
    The whole service on loopback ports.
    """

    def service(self, *arguments: str) -> CollectorService:
        """
        @return: a service with a new journal, which is stopped at the end.
        """
        self.journal = Path(self.mktemp())
        options = Options()
        options.parseOptions(["--journal", str(self.journal), *arguments])
        service = CollectorService(reactor, options.settings)
        service.startService()
        self.addCleanup(lambda: service.stopService() if service.running else None)
        return service

    async def until(self, done: Any) -> None:
        """
        Let the reactor turn until C{done()}; trial's own time limit ends it otherwise.
        """
        while not done():
            await deferLater(reactor, 0.005, lambda: None)

    def records(self) -> list[dict[str, Any]]:
        """
        @return: the records of the journal, as they are printed.
        """
        from click.testing import CliRunner

        from dlms_twisted.cli.main import dlms

        result = CliRunner().invoke(dlms, ["journal", "export", "--journal", str(self.journal)])
        self.assertIsNone(result.exception, result.output)
        return [json.loads(line) for line in result.stdout.splitlines()]

    async def test_udp(self) -> None:
        """
        A push by UDP is in the journal, readings made.
        """
        service = self.service("--listen", "udp:0:interface=127.0.0.1")
        collector: Any = service.collector
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.sendto(PushMeter(1).push(1.79e9, ciphered=False), collector._ports[0].address)
        await self.until(lambda: collector.counters.committed == 1)
        await service.stopService()
        [record] = self.records()
        self.assertEqual(record["outcome"], "accepted")
        self.assertIn("1-0:1.8.0.255", [one["obis"] for one in record["readings"]])

    async def test_keys_come_later(self) -> None:
        """
        Real ciphered pushes by TCP without their keys are kept as C{unknown-key}; when the keys are added to the
        running collector's file, the trees are there, without sending again.
        """
        ciphered = [one for one in load("wrapper_udp.jsonl") if one["keys"]]
        keys = Path(self.mktemp())
        keys.touch(mode=0o600)
        keys.write_text('[default]\npolicy = "none"\n', encoding="ascii")
        service = self.service("--listen", "tcp:0:interface=127.0.0.1", "--keys", str(keys))
        collector: Any = service.collector
        port = collector._streams[0].address.port
        for record in ciphered:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(bytes.fromhex(record["hex"]))
        await self.until(lambda: collector.counters.committed == len(ciphered))
        unknown = collector.counters.refused["unknown-key"]
        self.assertEqual(unknown + collector.counters.accepted, len(ciphered))
        self.assertGreaterEqual(unknown, 10)
        entries = {
            one["keys"]["system_title"]: "".join(
                f'{name} = "{one["keys"][short]}"\n'
                for name, short in (
                    ("system_title", "system_title"),
                    ("encryption_key", "ek"),
                    ("authentication_key", "ak"),
                )
                if one["keys"].get(short)
            )
            for one in ciphered
        }
        text = "".join(f'[[meter]]\npolicy = "none"\n{entry}' for entry in entries.values())
        keys.write_text('[default]\npolicy = "none"\n' + text, encoding="ascii")
        service._reload()
        await self.until(lambda: collector.counters.redecoded == unknown)
        await service.stopService()
        bodies = [one["body"] for one in self.records() if one["outcome"] == "accepted"]
        for record in ciphered:
            tree = record.get("decoded") or record["expected"]
            self.assertIn(tree.get("body") or tree.get("attribute_value"), bodies, record["id"])

    def test_second_collector(self) -> None:
        """
        A second collector on the same journal is refused by name, with exit code 1.
        """
        first = self.service("--listen", "udp:0:interface=127.0.0.1")
        options = Options()
        options.parseOptions(["--journal", str(self.journal), "--listen", "udp:0"])
        second = CollectorService(reactor, options.settings)
        printed = io.StringIO()
        with redirect_stderr(printed), self.assertRaises(SystemExit) as caught:
            second.startService()
        self.assertEqual(caught.exception.code, 1)
        self.assertIn("in use by dlms-collector", printed.getvalue())
        self.assertTrue(first.running)

    async def test_port_taken(self) -> None:
        """
        A port that is taken ends the start in one line, and frees the journal.
        """
        first = self.service("--listen", "udp:0:interface=127.0.0.1")
        collector: Any = first.collector
        port = collector._ports[0].address[1]
        options = Options()
        path = self.mktemp()
        options.parseOptions(["--journal", path, "--listen", f"udp:{port}:interface=127.0.0.1"])
        second = CollectorService(reactor, options.settings)
        printed = io.StringIO()
        with redirect_stderr(printed), self.assertRaises(SystemExit) as caught:
            second.startService()
        self.assertEqual(caught.exception.code, 1)
        self.assertEqual(len(printed.getvalue().splitlines()), 1)
        await self.until(lambda: not _locked(Path(path)))

    async def test_status(self) -> None:
        """
        SIGUSR2 logs a status line.
        """
        service = self.service("--listen", "udp:0:interface=127.0.0.1")
        import os
        import signal

        with capturedLogs() as events:
            os.kill(os.getpid(), signal.SIGUSR2)
            await self.until(
                lambda: any(event["log_format"].startswith("status") for event in events)
            )
        stopped: Deferred[None] = service.stopService()
        await stopped


def _locked(journal: Path) -> bool:
    from dlms_twisted.errors import StoreError
    from dlms_twisted.store.lock import LockFile
    from dlms_twisted.store.series import LOCK

    lock = LockFile(journal / LOCK)
    try:
        lock.acquire("test")
    except StoreError:
        return True
    lock.release()
    return False
