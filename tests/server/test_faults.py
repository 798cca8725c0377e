"""
Tests of L{dlms_twisted.server.faults}, L{dlms_twisted.server.faulting} and L{dlms_twisted.server.faulty}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.faulting import Faults, block_number
from dlms_twisted.server.faults import Direction, Fault, FaultKind, Scenario
from dlms_twisted.server.faulty import FaultyWay

GOOD = b"""
seed = 7
[[fault]]
kind = "late"
on = "push"
share = 0.25
after = 3
every = 2
count = 10
at = 1.5
lasts = 60
delay = [0.5, 2]
[[fault]]
kind = "reboot"
at = 30
period = 60
counters = "back"
[[fault]]
kind = "slow-blocks"
delay = 3
"""


class ScenarioTests(SynchronousTestCase):
    """
    Scenarios from TOML and from Python.
    """

    def test_parse(self) -> None:
        """
        Everything can be said in a file.
        """
        scenario = Scenario.parse(GOOD)
        late, reboot, slow = scenario.faults
        self.assertEqual(scenario.seed, 7)
        self.assertEqual(
            late,
            Fault(
                kind="late",
                on="push",
                share=0.25,
                after=3,
                every=2,
                count=10,
                at=1.5,
                lasts=60,
                delay=(0.5, 2),
            ),
        )
        self.assertEqual((reboot.period, reboot.counters), (60, "back"))
        self.assertEqual(slow.delay, (3, 3))

    def test_bad(self) -> None:
        """
        An error names file and key.
        """
        for text, named in (
            ("[[fault]]", "fault[0].kind"),
            ('[[fault]]\nkind = "pigeon"', "fault[0].kind"),
            ('[[fault]]\nkind = "lost"\nshare = 2', "fault[0].share"),
            ('[[fault]]\nkind = "lost"\non = "up"', "fault[0].on"),
            ('[[fault]]\nkind = "lost"\nevery = 0', "fault[0].after, every, count"),
            ('[[fault]]\nkind = "late"\ndelay = [2, 1]', "fault[0].delay"),
            ('[[fault]]\nkind = "late"\ndelay = "long"', "fault[0].delay"),
            ('[[fault]]\nkind = "late"\ndelay = [1]', "fault[0].delay"),
            ('[[fault]]\nkind = "reboot"\ncounters = "up"', "fault[0].counters"),
            ('[[fault]]\nkind = "too-long"\noctets = 100000', "fault[0].octets"),
            ('[[fault]]\nkind = "lost"\nchance = 1', "fault[0].chance"),
            ("seed = -1", "seed"),
        ):
            with self.assertRaises(ConfigurationError) as caught:
                Scenario.parse(text.encode(), "some.toml")
            self.assertTrue(str(caught.exception).startswith(f"some.toml: {named}: "), caught)
        self.assertRaises(ConfigurationError, Scenario.load, "/nonexistent/faults.toml")

    def test_of(self) -> None:
        """
        A scenario may be given as names, faults, or itself.
        """
        scenario = Scenario.of(["lost", Fault(kind=FaultKind.LATE)])
        self.assertEqual([one.kind for one in scenario.faults], ["lost", "late"])
        self.assertIs(Scenario.of(scenario), scenario)


class FaultsTests(SynchronousTestCase):
    """
    When faults happen, and what they do.
    """

    def faults(self, *faults: Fault, seed: int = 1) -> Faults:
        """
        @return: them, running.
        """
        self.clock = Clock()
        return Faults(self.clock, Scenario(seed=seed, faults=faults))

    def hits(self, faults: Faults, times: int) -> str:
        """
        @return: what became of so many octets, as text of 1 for lost and 0.
        """
        return "".join(
            "0" if faults.wire(b"x", Direction.ANSWER).octets else "1" for _ in range(times)
        )

    def test_which(self) -> None:
        """
        The first ones are left alone, then each so-manieth, up to the limit; other directions never.
        """
        faults = self.faults(Fault(kind="lost", after=2, every=3, count=2))
        self.assertEqual(self.hits(faults, 12), "001001000000")
        self.assertEqual(faults.wire(b"x", Direction.REQUEST).octets, ((0.0, b"x"),))

    def test_time(self) -> None:
        """
        Not before its time, and not after.
        """
        faults = self.faults(Fault(kind="silence", at=1, lasts=2))
        seen = ""
        for _ in range(5):
            seen += self.hits(faults, 1)
            self.clock.advance(1)
        self.assertEqual(seen, "01100")

    def test_chance(self) -> None:
        """
        A share happens by chance, the same for the same seed.
        """
        runs = [
            self.hits(self.faults(Fault(kind="lost", share=0.3), seed=s), 200) for s in (1, 1, 2)
        ]
        self.assertEqual(runs[0], runs[1])
        self.assertNotEqual(runs[0], runs[2])
        self.assertTrue(40 < runs[0].count("1") < 80)

    def test_octets(self) -> None:
        """
        Octets are corrupted, cut, doubled, and cut with the connection.
        """
        frame = bytes(range(40))
        for kind, length in (("corrupted", 40), ("truncated", None), ("repeated", 40)):
            outcome = self.faults(Fault(kind=kind)).wire(frame, Direction.ANSWER)
            pieces = [piece for _, piece in outcome.octets]
            self.assertEqual(len(pieces), 2 if kind == "repeated" else 1)
            if length is None:
                self.assertTrue(frame.startswith(pieces[0]) and len(pieces[0]) < 40)
            else:
                self.assertEqual(len(pieces[0]), 40)
            self.assertEqual(pieces[0] == frame, kind == "repeated")
        dropped = self.faults(Fault(kind="dropped")).wire(frame, Direction.ANSWER)
        self.assertEqual(dropped, (((0.0, frame[:20]),), True))

    def test_nothing_to_damage(self) -> None:
        """
        No octets stay none.
        """
        for kind in ("corrupted", "truncated", "dropped"):
            outcome = self.faults(Fault(kind=kind)).wire(b"", Direction.ANSWER)
            self.assertEqual(b"".join(piece for _, piece in outcome.octets), b"")

    def test_blocks(self) -> None:
        """
        Where block numbers stand.
        """
        for text, place in (
            ("c402c1000000000100", (4, 4)),
            ("c502c100000001", (3, 4)),
            ("e0c000010000", (2, 2)),
            ("c401c100", None),
            ("c402c1", None),
            ("", None),
        ):
            self.assertEqual(block_number(bytes.fromhex(text)), place)
        faults = self.faults(Fault(kind="wrong-block"))
        _, sent = faults.message(bytes.fromhex("c402c1000000000100"), Direction.ANSWER)
        self.assertEqual(sent.hex(), "c402c1000000000800")

    def test_forged(self) -> None:
        """
        A forged APDU differs in its tag only; one in clear cannot be forged.
        """
        faults = self.faults(Fault(kind="forged-tag"))
        ciphered = bytes.fromhex("db0853494d000000000113300000000101") + bytes(13)
        _, sent = faults.message(ciphered, Direction.ANSWER)
        self.assertEqual(sent[:-12], ciphered[:-12])
        self.assertTrue(all(a != b for a, b in zip(sent[-12:], ciphered[-12:], strict=True)))
        self.assertEqual(
            faults.message(b"\xc4\x01\xc1\x00", Direction.ANSWER)[1], b"\xc4\x01\xc1\x00"
        )


class WayTests(SynchronousTestCase):
    """
    Octets on their way.
    """

    def way(self, *faults: Fault, ordered: bool) -> FaultyWay:
        """
        @return: a way to C{self.arrived}.
        """
        self.clock = Clock()
        self.arrived: list[tuple[float, bytes]] = []
        return FaultyWay(
            Faults(self.clock, Scenario(faults=faults)),
            Direction.ANSWER,
            lambda octets: self.arrived.append((self.clock.seconds(), octets)),
            lambda: self.arrived.append((self.clock.seconds(), b"cut")),
            ordered=ordered,
        )

    def run_all(self) -> list[bytes]:
        """
        @return: what arrived, when nothing more can.
        """
        while self.clock.getDelayedCalls():
            self.clock.advance(0.5)
        return [octets for _, octets in self.arrived]

    def test_late(self) -> None:
        """
        On a stream what follows a late frame waits; a datagram overtakes it.
        """
        late = Fault(kind="late", count=1, delay=(1.0, 1.0))
        for ordered, wanted in ((True, [b"1", b"2"]), (False, [b"2", b"1"])):
            way = self.way(late, ordered=ordered)
            way.send(b"1")
            way.send(b"2")
            self.assertEqual(self.run_all(), wanted)

    def test_reordered(self) -> None:
        """
        Two that follow each other are swapped; the last one comes when it has waited.
        """
        way = self.way(Fault(kind="reordered", every=3), ordered=True)
        for octets in (b"1", b"2", b"3", b"4"):
            way.send(octets)
        self.assertEqual(self.run_all(), [b"2", b"1", b"3", b"4"])

    def test_stop(self) -> None:
        """
        What is under way when the connection ends does not arrive.
        """
        late: Any = Fault(kind="late", delay=(1.0, 1.0))
        way = self.way(late, ordered=True)
        way.send(b"1")
        way.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.run_all(), [])

    def test_cut(self) -> None:
        """
        Half of it, and the end.
        """
        way = self.way(Fault(kind="dropped"), ordered=True)
        way.send(b"1234")
        self.assertEqual(self.run_all(), [b"12", b"cut"])
