"""
Tests of L{dlms_twisted.config}.
"""

from __future__ import annotations

from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.config import (
    CollectorSettings,
    SourceSettings,
    check_collector,
    load_collector,
)
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.policy import Policy
from dlms_twisted.store.limits import QuarantineLimits, StoreLimits

FULL = """\
journal = "/var/lib/dlms"
keys = "/etc/dlms/keys.toml"
insecure_keys = true
master_key_file = "/etc/dlms/master"
system_title = "4D4D4D 0000000001"
layouts = ["one.toml", "two.toml"]
listen = ["udp:4059", "tcp:4059"]
connect = "tcp:192.0.2.7:2001"
framing = "hdlc"
policy = "authenticated"
idle_timeout = 60
receive_buffer = 8_000_000

[queue]
items = 5
octets = 6

[retention]
days = 2
octets = 7_000_000_000
segment_octets = 100_000

[quarantine]
octets = 8
days = 0.5
peer_rate = 1.5
peer_burst = 9
rate = 10
burst = 11

[commit]
batch = 12
delay = 0.25

[[source]]
listen = "udp:4060"
label = "north"
policy = "encrypted"
keys = "north.toml"

[[source]]
connect = "serial:/dev/ttyUSB0:baudrate=2400"
framing = "mbus"
idle_timeout = 3.5
"""


class LoadTests(SynchronousTestCase):
    """
    Tests of L{load_collector}.
    """

    def setUp(self) -> None:
        """
        A place for a file.
        """
        self.path = Path(self.mktemp())

    def load(self, text: str) -> CollectorSettings:
        """
        @return: what a file with this text says.
        """
        self.path.write_text(text)
        return load_collector(self.path)

    def test_everything(self) -> None:
        """
        Each setting can be said.
        """
        common = {"framing": "hdlc", "policy": Policy.AUTHENTICATED, "idle_timeout": 60.0}
        usual = SourceSettings(**common)  # type: ignore[arg-type]
        self.assertEqual(
            self.load(FULL),
            CollectorSettings(
                journal=Path("/var/lib/dlms"),
                keys=Path("/etc/dlms/keys.toml"),
                insecure_keys=True,
                master_key_file=Path("/etc/dlms/master"),
                system_title=bytes.fromhex("4D4D4D0000000001"),
                layouts=(Path("one.toml"), Path("two.toml")),
                sources=(
                    evolve(usual, listen="udp:4059"),
                    evolve(usual, listen="tcp:4059"),
                    evolve(usual, connect="tcp:192.0.2.7:2001"),
                    evolve(
                        usual,
                        listen="udp:4060",
                        label="north",
                        policy=Policy.AUTHENTICATED_ENCRYPTED,
                        keys=Path("north.toml"),
                    ),
                    evolve(
                        usual,
                        connect="serial:/dev/ttyUSB0:baudrate=2400",
                        framing="mbus",
                        idle_timeout=3.5,
                    ),
                ),
                queue_items=5,
                queue_octets=6,
                receive_buffer=8_000_000,
                limits=StoreLimits(
                    octets=7_000_000_000,
                    age=2 * 86_400.0,
                    segment_octets=100_000,
                    batch=12,
                    delay=0.25,
                    quarantine=QuarantineLimits(
                        octets=8, age=43_200.0, peer_rate=1.5, peer_burst=9, rate=10, burst=11
                    ),
                ),
            ),
        )

    def test_nothing(self) -> None:
        """
        What is not said has its default.
        """
        self.assertEqual(self.load(""), CollectorSettings(journal=Path("")))

    def test_said(self) -> None:
        """
        Each source knows where it is said, for errors that come later.
        """
        sources = self.load(FULL).sources
        self.assertEqual(
            [source.said for source in sources],
            [
                f"{self.path}: {key}"
                for key in (
                    "listen[0]", "listen[1]", "connect[0]", "source[0].listen", "source[1].connect",
                )
            ],
        )  # fmt: skip

    def test_errors(self) -> None:
        """
        Each error names the file and the dotted key.
        """
        for text, error in {
            "journal = 3": "journal: text wanted, not a whole number",
            'journal = " "': "journal: a path wanted",
            "listen = [3]": "listen[0]: text wanted, not a whole number",
            "listen = 3": "listen: an array wanted, not a whole number",
            'lisen = "udp:1"': "lisen: unknown key (did you mean listen?)",
            'insecure_keys = "yes"': "insecure_keys: true or false wanted, not text",
            'system_title = "4D"': "system_title: 1 octets; 8 octets wanted",
            'framing = "morse"': "framing: one of auto, wrapper, hdlc, mbus, p1, raw wanted",
            "idle_timeout = 0": "idle_timeout: 1 to 1.1259e+15 wanted",
            "idle_timeout = nan": "idle_timeout: 1 to 1.1259e+15 wanted",
            "idle_timeout = true": "idle_timeout: a number wanted, not true or false",
            "idle_timeout = 2026-01-01": "idle_timeout: a number wanted, not a date or time",
            "receive_buffer = 1": "receive_buffer: 2048 to 1073741824 wanted",
            "queue = 3": "queue: a table wanted, not a whole number",
            "[queue]\nitems = 0": "queue.items: 1 to 1125899906842624 wanted",
            "[queue]\nitem = 1": "queue.item: unknown key (did you mean items?)",
            "[retention]\ndays = 0": "retention.days: 0.01 to 1e+06 wanted",
            "[quarantine]\nrate = 'x'": "quarantine.rate: a number wanted, not text",
            "[commit]\nbatch = true": "commit.batch: a whole number wanted, not true or false",
            "[[source]]\n": "source[0].listen: either listen or connect wanted",
            "[[source]]\nlisten='a'\n[[source]]\nlisten='b'\nconnect='c'": (
                "source[1].listen: either listen or connect wanted"
            ),
            "[[source]]\nlisten='a'\n[[source]]\nlisten='b'\npolicy='c'": (
                "source[1].policy: none, authenticated, encrypted, authenticated-encrypted or "
                "both wanted (with -signed where signatures are demanded)"
            ),
            "[[source]]\nlisten='a'\nkey='b'": "source[0].key: unknown key (did you mean keys?)",
            "a = [": "Invalid value (at end of document)",
        }.items():
            with self.assertRaises(ConfigurationError) as caught:
                self.load(text)
            self.assertEqual(str(caught.exception), f"{self.path}: {error}")

    def test_missing(self) -> None:
        """
        A file that is not there is named.
        """
        with self.assertRaises(ConfigurationError) as caught:
            load_collector(self.path)
        self.assertEqual(str(caught.exception), f"{self.path}: No such file or directory")


class CheckTests(SynchronousTestCase):
    """
    Tests of L{check_collector}.
    """

    def refused(self, settings: CollectorSettings) -> str:
        """
        @return: the error.
        """
        with self.assertRaises(ConfigurationError) as caught:
            check_collector(settings)
        return str(caught.exception)

    def test_wanted(self) -> None:
        """
        A journal and a source are wanted, and each source once.
        """
        here = SourceSettings(listen="udp:4059", said="x.toml: listen[1]")
        journal = Path(self.mktemp())
        good = CollectorSettings(journal=journal, sources=(here,))
        check_collector(good)
        self.assertEqual(
            self.refused(evolve(good, journal=Path(""))),
            "journal: a directory wanted (--journal DIR)",
        )
        self.assertEqual(
            self.refused(evolve(good, sources=())), "listen: a source wanted (--listen udp:4059)"
        )
        self.assertEqual(
            self.refused(evolve(good, sources=(SourceSettings(listen="udp:4059"), here))),
            "x.toml: listen[1]: udp:4059 is there twice",
        )
        journal.write_text("")
        self.assertEqual(self.refused(good), f"journal: {journal} is not a directory")
