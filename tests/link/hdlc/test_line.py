"""
Tests of L{dlms_twisted.link.hdlc.line}: several connections on one line, and faults of the line.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.link.hdlc.events import (
    Connected,
    Disconnected,
    EndReason,
    Received,
    Timing,
    Unnumbered,
)
from dlms_twisted.link.hdlc.frame import encode_frame
from dlms_twisted.link.hdlc.line import PrimaryLine, SecondaryLine
from dlms_twisted.link.hdlc.parameters import Parameters
from tests.link.feeding import drain
from tests.link.hdlc.simulation import Faults, Simulation, frames_of

CLIENT, OTHER = b"\x21", b"\x03"
METERS = (b"\x02\x23", b"\x02\x25", b"\x00\x02\x00\x27")
TIMING = Timing(response=1.0, retries=2, poll=0.1)


class Bench:
    """
    A client's line and a servers' line, joined by hand.
    """

    def __init__(self, **options: Any) -> None:
        self.now = 0.0
        self.line = PrimaryLine()
        self.far = SecondaryLine(lambda address: address in METERS, **options)
        self.bursts: list[bytes] = []

    def pump(self, *, echo: bool = False) -> tuple[list[Any], list[Any]]:
        """
        Carry octets to and fro until nobody has any; servers answer with their address.

        @return: the events of both ends.
        """
        near: list[Any] = []
        far: list[Any] = []
        while octets := self.line.data_to_send(self.now):
            self.bursts.append(octets)
            if echo:
                self.line.receive_data(octets, self.now)
            self.far.receive_data(octets, self.now)
            for happened in drain(self.far.next_event):
                far.append(happened)
                if isinstance(happened.event, Received):
                    happened.station.send(happened.station.source + happened.event.payload)
            answer = self.far.data_to_send()
            if not answer:
                break
            self.line.receive_data(answer, self.now)
            near += drain(self.line.next_event)
        return near + list(drain(self.line.next_event)), far


class LineTests(SynchronousTestCase):
    """
    Tests of both lines together.
    """

    def test_multi_drop(self) -> None:
        """
        Several connections, to devices with addresses of 2 and 4 octets and from two clients, each with
        its own numbers; only one of them waits for an answer at a time.
        """
        bench = Bench()
        stations = [
            bench.line.add(source=source, destination=meter, timing=TIMING)
            for source in (CLIENT, OTHER)
            for meter in METERS
        ]
        for station in stations:
            station.connect()
        near, _ = bench.pump()
        self.assertEqual({event.station for event in near}, set(stations))
        self.assertTrue(all(isinstance(event.event, Connected) for event in near))
        self.assertEqual(len(bench.far.stations), 6)
        for number in range(10):
            for station in stations[number % 2 :]:
                station.send(bytes([number]))
            near, _ = bench.pump()
            for happened in near:
                self.assertEqual(
                    happened.event, Received(happened.station.destination + bytes([number]))
                )
            self.assertEqual(len(near), len(stations[number % 2 :]))
        for burst in bench.bursts:
            self.assertEqual(len(list(frames_of(burst))), 1)

    def test_one_silent(self) -> None:
        """
        A device that is not there holds the others up for its tries, and no longer.
        """
        bench = Bench()
        missing = bench.line.add(source=CLIENT, destination=b"\x02\x7f", timing=TIMING)
        there = bench.line.add(source=CLIENT, destination=METERS[0], timing=TIMING)
        missing.connect()
        there.connect()
        events: list[Any] = []
        for _ in range(10):
            near, _far = bench.pump()
            events += near
            if bench.line.deadline is None:
                break
            bench.now = bench.line.deadline
            bench.line.time_passed(bench.now)
        self.assertEqual(
            [(event.station, type(event.event)) for event in events],
            [(there, Connected), (missing, Disconnected)],
        )
        self.assertEqual(bench.far.strangers, 3)
        self.assertLessEqual(bench.now, 3.0)

    def test_echo(self) -> None:
        """
        Our own frames heard again are known and change nothing (u9n#62).
        """
        bench = Bench()
        station = bench.line.add(source=CLIENT, destination=METERS[0], timing=TIMING)
        station.connect()
        bench.pump(echo=True)
        station.send(b"x" * 300)
        near, _ = bench.pump(echo=True)
        self.assertEqual([event.event for event in near], [Received(METERS[0] + b"x" * 300)])
        self.assertEqual(bench.line.echoes, len(bench.bursts))
        self.assertEqual(bench.line.strangers, 0)

    def test_swapped_addresses(self) -> None:
        """
        An answer from another address than asked is counted, so that the silence can be explained
        (GuruxDLMS.c#1).
        """
        line = PrimaryLine()
        station = line.add(source=b"\x21", destination=b"\x05", timing=TIMING)
        station.connect()
        line.data_to_send(0.0)
        line.receive_data(encode_frame(b"\x05", b"\x02\x21", 0x73), 0.1)
        self.assertEqual((line.strangers, line.next_event()), (1, None))

    def test_same_addresses(self) -> None:
        """
        Two connections with the same addresses cannot be told apart, and are refused.
        """
        line = PrimaryLine()
        station = line.add(source=CLIENT, destination=OTHER)
        self.assertRaises(ValueError, line.add, source=CLIENT, destination=OTHER)
        line.remove(station)
        line.add(source=CLIENT, destination=OTHER)

    def test_remove_owner(self) -> None:
        """
        A connection that is removed while it waits frees the line.
        """
        line = PrimaryLine()
        first = line.add(source=CLIENT, destination=METERS[0], timing=TIMING)
        second = line.add(source=CLIENT, destination=METERS[1], timing=TIMING)
        first.connect()
        self.assertTrue(line.data_to_send(0.0))
        second.connect()
        self.assertEqual(line.data_to_send(0.0), b"")
        line.remove(first)
        self.assertTrue(line.data_to_send(0.0))

    def test_push_of_a_stranger(self) -> None:
        """
        A UI frame of a device without a connection is handed on.
        """
        line = PrimaryLine()
        line.receive_data(encode_frame(b"\xcf", b"\x03", 0x13, b"push"), 0.0)
        [event] = drain(line.next_event)
        self.assertEqual(event, (None, Unnumbered(b"push", b"\x03", b"\xcf")))

    def test_broadcast(self) -> None:
        """
        A broadcast reaches the servers and gets no answer.
        """
        bench = Bench()
        station = bench.line.add(source=CLIENT, destination=METERS[0], timing=TIMING)
        station.send_unnumbered(b"time", b"\xfe\xff")
        near, far = bench.pump()
        self.assertEqual(near, [])
        self.assertEqual(far, [(None, Unnumbered(b"time", CLIENT, b"\xfe\xff"))])

    def test_answer_cut_short(self) -> None:
        """
        An answer that lost its end does not swallow the repeated one.
        """
        bench = Bench()
        station = bench.line.add(source=CLIENT, destination=METERS[0], timing=TIMING)
        station.connect()
        bench.pump()
        station.send(b"request" * 10)
        bench.far.receive_data(bench.line.data_to_send(0.0), 0.0)
        [received] = drain(bench.far.next_event)
        received.station.send(bytes(100))
        bench.line.receive_data(bench.far.data_to_send()[:60], 0.0)
        bench.now = bench.line.deadline or 0.0
        bench.line.time_passed(bench.now)
        near, _ = bench.pump()
        self.assertEqual([event.event for event in near], [Received(bytes(100))])

    def test_command_cut_short(self) -> None:
        """
        A command that lost its end does not swallow the repeated one, at the server either.
        """
        bench = Bench()
        snrm = encode_frame(METERS[0], CLIENT, 0x93, bytes.fromhex("818003050140"))
        bench.far.receive_data(snrm[:16], 0.0)
        self.assertEqual(bench.far.deadline, 1.0)
        bench.far.time_passed(1.0)
        bench.far.receive_data(snrm, 1.5)
        [event] = drain(bench.far.next_event)
        self.assertIsInstance(event.event, Connected)

    def test_too_many_connections(self) -> None:
        """
        More connections than allowed are refused with DM, until one is released.
        """
        far = SecondaryLine(lambda _: True, max_connections=2)
        snrm = [encode_frame(b"\x03", bytes([client << 1 | 1]), 0x93) for client in (16, 17, 18)]
        for frame in snrm[:2]:
            far.receive_data(frame, 0.0)
        far.data_to_send()
        far.receive_data(snrm[2], 0.0)
        self.assertEqual(far.data_to_send()[5], 0x1F)
        far.receive_data(encode_frame(b"\x03", b"\x21", 0x53), 0.0)
        far.data_to_send()
        far.receive_data(snrm[2], 0.0)
        self.assertEqual(far.data_to_send()[5], 0x73)
        self.assertEqual(len(far.stations), 2)

    def test_inactivity(self) -> None:
        """
        The servers' line says when a connection will be silent too long, and ends it then.
        """
        far = SecondaryLine(lambda _: True, inactivity=30.0)
        far.receive_data(encode_frame(b"\x03", b"\x21", 0x93), 5.0)
        list(drain(far.next_event))
        self.assertEqual(far.deadline, 35.0)
        far.time_passed(35.0)
        [event] = drain(far.next_event)
        self.assertEqual(event.event, Disconnected(EndReason.INACTIVE))


class FaultTests(SynchronousTestCase):
    """
    Two stations on a faulty line: every payload once, in order, or a report.
    """

    def test_windows(self) -> None:
        """
        Windows 1 to 7 each way, with all faults together at 30 % of the frames.
        """
        faults = Faults(loss=0.1, repetition=0.08, spoiling=0.07, delay=0.05)
        for near in range(1, 8):
            for far in (1, 4, 7):
                figures = Simulation(
                    near * 10 + far,
                    faults,
                    primary=Parameters(48, 64, near, far),
                    secondary=Parameters(128, 96, 7, 7),
                ).run(12)
                self.assertEqual(figures.completed + figures.reported, 12)
                self.assertGreaterEqual(figures.completed, 11)

    def test_each_fault(self) -> None:
        """
        Each fault alone at 30 % of the frames.
        """
        for seed, faults in enumerate(
            (Faults(loss=0.3), Faults(repetition=0.3), Faults(spoiling=0.3), Faults(delay=0.3))
        ):
            figures = Simulation(
                seed, faults, primary=Parameters(64, 64, 3, 3), secondary=Parameters(64, 64, 7, 7)
            ).run(40)
            self.assertGreaterEqual(figures.completed, 35)

    def test_no_faults(self) -> None:
        """
        On a good line nothing is sent twice.
        """
        simulation = Simulation(
            1, Faults(), primary=Parameters(128, 128, 1, 1), secondary=Parameters()
        )
        figures = simulation.run(20)
        self.assertEqual((figures.completed, figures.reported), (20, 0))
        self.assertEqual(simulation.station.unexpected, 0)

    def test_dead_line(self) -> None:
        """
        A line on which nothing arrives is reported, within the tries.
        """
        simulation = Simulation(1, Faults(), primary=Parameters(), secondary=Parameters())
        simulation.connect()
        simulation.faults = Faults(loss=1.0)
        simulation.station.send(b"lost")
        while not simulation.ended:
            simulation.step()
        self.assertEqual(simulation.ended[0].reason, EndReason.TIMEOUT)
        self.assertLess(simulation.now, 20.0)
