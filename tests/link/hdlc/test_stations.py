"""
Tests of the station tables, L{dlms_twisted.link.hdlc.primary} and L{dlms_twisted.link.hdlc.secondary}.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import LocalProtocolError
from dlms_twisted.link.hdlc.control import FrameKind, information_control, supervisory_control
from dlms_twisted.link.hdlc.events import (
    Connected,
    Disconnected,
    EndReason,
    Received,
    Timing,
    Unnumbered,
)
from dlms_twisted.link.hdlc.frame import HDLCFrame, encode_frame, parse_frame
from dlms_twisted.link.hdlc.parameters import Parameters, encode_parameters
from dlms_twisted.link.hdlc.primary import PrimaryStation
from dlms_twisted.link.hdlc.secondary import SecondaryStation
from dlms_twisted.link.hdlc.tables import (
    PRIMARY_KINDS,
    PRIMARY_TABLE,
    SECONDARY_KINDS,
    SECONDARY_TABLE,
    PrimaryInput,
    PrimaryState,
    SecondaryState,
)
from tests import vectors
from tests.link.feeding import drain
from tests.link.hdlc.simulation import frames_of

CLIENT, SERVER = b"\x21", b"\x03"
SNRM, UA, DISC, DM, FRMR = 0x93, 0x73, 0x53, 0x1F, 0x97


def answer(control: int, information: bytes = b"", *, more: bool = False) -> HDLCFrame:
    """
    A frame of the server.
    """
    return parse_frame(encode_frame(CLIENT, SERVER, control, information, segmented=more))


def command(control: int, information: bytes = b"", *, more: bool = False) -> HDLCFrame:
    """
    A frame of the client.
    """
    return parse_frame(encode_frame(SERVER, CLIENT, control, information, segmented=more))


def i_frame(send: int, receive: int, poll: bool = True) -> int:
    """
    Control octet of an I frame.
    """
    return information_control(send, receive, poll)


def rr(receive: int, poll: bool = True) -> int:
    """
    Control octet of an RR frame.
    """
    return supervisory_control(FrameKind.RR, receive, poll)


def rnr(receive: int) -> int:
    """
    Control octet of an RNR frame.
    """
    return supervisory_control(FrameKind.RNR, receive, True)


def events(station: PrimaryStation | SecondaryStation) -> list[Any]:
    """
    All events so far.
    """
    return list(drain(station.next_event))


def controls(octets: bytes) -> list[int]:
    """
    The control octets of what a station sent.
    """
    return [parse_frame(frame).control for frame in frames_of(octets)]


class TableTests(SynchronousTestCase):
    """
    Tests of the tables as tables.
    """

    def test_actions_exist(self) -> None:
        """
        Each action is a method of its station.
        """
        for table, station in (
            (PRIMARY_TABLE, PrimaryStation),
            (SECONDARY_TABLE, SecondaryStation),
        ):
            for step in table.values():
                self.assertTrue(callable(getattr(station, step.action)))

    def test_all_wishes(self) -> None:
        """
        In each state each wish either moves as the table says or is refused and changes nothing.
        """
        wishes = {
            PrimaryInput.CONNECT: lambda station: station.connect(),
            PrimaryInput.SEND: lambda station: station.send(b"x"),
            PrimaryInput.POLL: lambda station: station.poll(),
            PrimaryInput.DISCONNECT: lambda station: station.disconnect(),
        }
        for state, (given, wish) in product(PrimaryState, wishes.items()):
            station = primary(state)
            step = PRIMARY_TABLE.get((state, given))
            if step is None:
                self.assertRaises(LocalProtocolError, wish, station)
                self.assertIs(station.state, state)
            else:
                wish(station)
                self.assertIs(station.state, step.state)

    def test_all_frames_to_primary(self) -> None:
        """
        In each state each frame, in order and with right numbers, moves as the table says or is counted.
        """
        for state, (kind, given) in product(PrimaryState, PRIMARY_KINDS.items()):
            station = primary(state)
            control = {FrameKind.I: i_frame(0, 0), FrameKind.RR: rr(0)}.get(kind, kind.value | 0x10)
            station.receive_frame(answer(control), 1.0)
            step = PRIMARY_TABLE.get((state, given))
            self.assertEqual(station.unexpected, int(step is None), (state, kind))
            self.assertIs(station.state, state if step is None else step.state, (state, kind))

    def test_all_frames_to_secondary(self) -> None:
        """
        In each state each frame moves as the table says or is counted.
        """
        for state, (kind, given) in product(SecondaryState, SECONDARY_KINDS.items()):
            station = secondary(state)
            control = {FrameKind.I: i_frame(0, 0), FrameKind.RR: rr(0)}.get(kind, kind.value | 0x10)
            control = 0x3B if kind is FrameKind.UNKNOWN else control
            station.receive_frame(command(control), 1.0)
            step = SECONDARY_TABLE.get((state, given))
            self.assertEqual(station.unexpected, int(step is None), (state, kind))
            self.assertIs(station.state, state if step is None else step.state, (state, kind))

    def test_other_frames(self) -> None:
        """
        A client's frames to a client, and a server's to a server, are counted.
        """
        for state in PrimaryState:
            station = primary(state)
            for control in (SNRM, DISC, 0x3B):
                station.receive_frame(answer(control), 1.0)
            self.assertEqual((station.unexpected, station.state), (3, state))
        for far_state in SecondaryState:
            far = secondary(far_state)
            for control in (UA, DM, FRMR):
                far.receive_frame(command(control), 1.0)
            self.assertEqual((far.unexpected, far.state), (3, far_state))


def primary(state: PrimaryState, parameters: Parameters | None = None) -> PrimaryStation:
    """
    A client's station that came to this state at time 0, with its command sent.
    """
    station = PrimaryStation(
        source=CLIENT,
        destination=SERVER,
        parameters=parameters,
        timing=Timing(response=2.0, retries=2, poll=0.5, longest=10.0),
    )
    if state is PrimaryState.DISCONNECTED:
        return station
    station.connect()
    station.transmit(0.0)
    if state is not PrimaryState.CONNECTING:
        station.receive_frame(answer(UA, encode_parameters(parameters or Parameters())), 0.0)
        events(station)
    if state is PrimaryState.DISCONNECTING:
        station.disconnect()
        station.transmit(0.0)
    return station


def secondary(state: SecondaryState, parameters: Parameters | None = None) -> SecondaryStation:
    """
    A server's station that came to this state at time 0.
    """
    station = SecondaryStation(
        source=SERVER, destination=CLIENT, parameters=parameters, inactivity=100.0, answer_delay=0.5
    )
    if state is not SecondaryState.DISCONNECTED:
        information = encode_parameters(parameters or Parameters())
        station.receive_frame(command(SNRM, information), 0.0)
    if state is SecondaryState.REJECTING:
        station.receive_frame(command(0x3B), 0.0)
    station.data_to_send()
    events(station)
    return station


class PrimaryTests(SynchronousTestCase):
    """
    Tests of L{PrimaryStation}.
    """

    def test_connect(self) -> None:
        """
        SNRM without parameters is the example of the standard, and UA without any means the defaults.
        """
        station = primary(PrimaryState.DISCONNECTED)
        station.connect()
        self.assertTrue(station.wants_line(0.0))
        self.assertEqual(station.transmit(0.0).hex(), "7ea0070321930f017e")
        self.assertTrue(station.waiting)
        self.assertEqual(station.deadline, 2.0)
        station.receive_frame(answer(UA), 0.1)
        self.assertEqual(events(station), [Connected(Parameters())])
        self.assertIsNone(station.deadline)

    def test_negotiation(self) -> None:
        """
        UA is the last word: we send what the server takes, and take what it sends.
        """
        station = primary(PrimaryState.DISCONNECTED, Parameters(1024, 2030, 7, 5))
        station.connect()
        sent = parse_frame(station.transmit(0.0))
        self.assertEqual(sent.information, encode_parameters(Parameters(1024, 2030, 7, 5)))
        station.receive_frame(answer(UA, encode_parameters(Parameters(242, 512, 1, 3))), 0.0)
        self.assertEqual(station.parameters, Parameters(512, 242, 3, 1))

    def test_bad_parameters(self) -> None:
        """
        A UA with parameters that cannot be read makes no connection.
        """
        station = primary(PrimaryState.CONNECTING)
        station.receive_frame(answer(UA, b"\x81\x80\x09"), 0.0)
        [event] = events(station)
        self.assertIs(event.reason, EndReason.PROTOCOL)
        self.assertIs(station.state, PrimaryState.DISCONNECTED)

    def test_real_ua(self) -> None:
        """
        The UA frames of real meters are understood, addresses as they came.
        """
        seen = 0
        for record in vectors.load("hdlc_link.jsonl"):
            frame = parse_frame(bytes.fromhex(record["hex"]))
            if frame.kind is not FrameKind.UA:
                continue
            station = PrimaryStation(
                source=frame.destination,
                destination=frame.source,
                parameters=Parameters(2030, 2030, 7, 7),
            )
            station.connect()
            station.transmit(0.0)
            station.receive_frame(frame, 0.0)
            [event] = events(station)
            self.assertIsInstance(event, Connected, record["id"])
            seen += 1
        self.assertGreater(seen, 7)

    def test_refused(self) -> None:
        """
        DM to SNRM: refused.
        """
        station = primary(PrimaryState.CONNECTING)
        station.receive_frame(answer(DM), 0.0)
        self.assertEqual(events(station), [Disconnected(EndReason.REFUSED, "DM to SNRM")])

    def test_silence(self) -> None:
        """
        SNRM is repeated N2 times, T1 apart, and then the silence is reported.
        """
        station = primary(PrimaryState.CONNECTING)
        now = 0.0
        for _ in range(2):
            now = station.deadline or 0.0
            station.time_passed(now - 0.01)
            self.assertFalse(station.wants_line(now))
            station.time_passed(now)
            self.assertEqual(controls(station.transmit(now)), [SNRM])
        self.assertEqual(now, 4.0)
        station.time_passed(6.0)
        self.assertEqual([event.reason for event in events(station)], [EndReason.TIMEOUT])
        self.assertIsNone(station.deadline)

    def test_silent_to_bare_snrm(self) -> None:
        """
        There are servers that hear a SNRM only with parameters: the second try has them.
        """
        station = primary(PrimaryState.CONNECTING)
        station.time_passed(2.0)
        again = parse_frame(station.transmit(2.0))
        self.assertEqual(again.information, encode_parameters(Parameters(), explicit=True))

    def test_numbers_that_stay_zero(self) -> None:
        """
        A server whose N(R) stays 0 can be talked to where that is asked for.
        """
        station = PrimaryStation(source=CLIENT, destination=SERVER, lenient=True)
        station.connect()
        station.transmit(0.0)
        station.receive_frame(answer(UA), 0.0)
        events(station)
        for number in range(20):
            station.send(b"request")
            self.assertEqual(controls(station.transmit(0.0)), [i_frame(number, number)])
            station.receive_frame(answer(i_frame(number, 0), b"answer"), 0.1)
            self.assertEqual(events(station), [Received(b"answer")])
            self.assertFalse(station.wants_line(9.0))

    def test_exchange(self) -> None:
        """
        One request and its answer: the I frame polls, and the answer comes with the final bit.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"request")
        [sent] = frames_of(station.transmit(1.0))
        self.assertEqual(parse_frame(sent).control, i_frame(0, 0))
        station.receive_frame(answer(i_frame(0, 1), b"answer"), 1.2)
        self.assertEqual(events(station), [Received(b"answer")])
        self.assertFalse(station.wants_line(9.0))
        self.assertIsNone(station.deadline)
        station.send(b"next")
        self.assertEqual(controls(station.transmit(2.0)), [i_frame(1, 1)])

    def test_standard_segmentation_example(self) -> None:
        """
        The desk reference's response in two segments, with RR in between, octet by octet.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"\xe6\xe6\x00\xc0")
        station.transmit(0.0)
        first = bytes.fromhex("7ea8192103305d07e6e700c401c1000914000102030405064cfa7e")
        station.receive_frame(parse_frame(first), 0.1)
        self.assertEqual(station.transmit(0.1).hex(), "7ea00703213117877e")
        second = bytes.fromhex("7ea01621033296cc0708090a0b0c0d0e0f1011121313817e")
        station.receive_frame(parse_frame(second), 0.2)
        [event] = events(station)
        self.assertEqual(
            event.payload.hex(), "e6e700c401c1000914000102030405060708090a0b0c0d0e0f10111213"
        )

    def test_window(self) -> None:
        """
        A long request goes in bursts of a window, the last of each with the poll bit.
        """
        station = primary(PrimaryState.CONNECTED, Parameters(32, 32, 3, 3))
        station.send(bytes(32 * 5))
        first = station.transmit(0.0)
        self.assertEqual(
            controls(first), [i_frame(0, 0, False), i_frame(1, 0, False), i_frame(2, 0)]
        )
        self.assertEqual([parse_frame(frame).segmented for frame in frames_of(first)], [True] * 3)
        station.receive_frame(answer(rr(3)), 0.1)
        second = station.transmit(0.1)
        self.assertEqual(controls(second), [i_frame(3, 0, False), i_frame(4, 0)])
        self.assertEqual(
            [parse_frame(frame).segmented for frame in frames_of(second)], [True, False]
        )

    def test_partly_acknowledged(self) -> None:
        """
        What RR does not acknowledge is sent again, together with what the window has room for.
        """
        station = primary(PrimaryState.CONNECTED, Parameters(32, 32, 3, 3))
        station.send(bytes(32 * 4))
        station.transmit(0.0)
        station.receive_frame(answer(rr(1)), 0.1)
        self.assertEqual(
            controls(station.transmit(0.1)),
            [i_frame(1, 0, False), i_frame(2, 0, False), i_frame(3, 0)],
        )

    def test_timeout_enquires(self) -> None:
        """
        Without an answer the peer is asked with RR what arrived, and sent what did not.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"request")
        station.transmit(0.0)
        station.time_passed(2.0)
        self.assertEqual(controls(station.transmit(2.0)), [rr(0)])
        station.receive_frame(answer(rr(0)), 2.1)
        self.assertEqual(controls(station.transmit(2.1)), [i_frame(0, 0)])
        station.receive_frame(answer(i_frame(0, 1), b"answer"), 2.2)
        self.assertEqual(events(station), [Received(b"answer")])

    def test_lost_answer(self) -> None:
        """
        When only the answer was lost, the request is not sent a second time.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"request")
        station.transmit(0.0)
        station.time_passed(2.0)
        station.transmit(2.0)
        station.receive_frame(answer(i_frame(0, 1), b"answer"), 2.1)
        self.assertEqual(events(station), [Received(b"answer")])
        self.assertFalse(station.wants_line(3.0))

    def test_duplicate(self) -> None:
        """
        The same I frame a second time brings nothing.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"request")
        station.transmit(0.0)
        for _ in range(3):
            station.receive_frame(answer(i_frame(0, 1), b"answer"), 0.1)
        self.assertEqual(events(station), [Received(b"answer")])

    def test_repeated_answers_make_no_storm(self) -> None:
        """
        An answer that acknowledges nothing makes us send again once; the second waits for the clock.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"request")
        station.transmit(0.0)
        station.receive_frame(answer(rr(0)), 0.1)
        self.assertEqual(controls(station.transmit(0.1)), [i_frame(0, 0)])
        for _ in range(5):
            station.receive_frame(answer(rr(0)), 0.2)
            self.assertEqual(station.transmit(0.2), b"")
        station.time_passed(station.deadline or 0.0)
        self.assertEqual(controls(station.transmit(3.0)), [rr(0)])

    def test_poll_until_answered(self) -> None:
        """
        A server that has nothing yet is polled again after a pause, for as long as it takes.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"request")
        station.transmit(0.0)
        now = 0.0
        for _ in range(20):
            station.receive_frame(answer(rr(1)), now)
            self.assertEqual(station.deadline, now + 0.5)
            self.assertFalse(station.wants_line(now + 0.4))
            now += 0.5
            self.assertTrue(station.wants_line(now))
            self.assertEqual(controls(station.transmit(now)), [rr(0)])
        station.receive_frame(answer(i_frame(0, 1), b"at last"), now)
        self.assertEqual(events(station), [Received(b"at last")])
        self.assertIsNone(station.deadline)

    def test_unconfirmed(self) -> None:
        """
        A payload that gets no answer is only acknowledged.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"unconfirmed", answer=False)
        station.transmit(0.0)
        station.receive_frame(answer(rr(1)), 0.1)
        self.assertFalse(station.wants_line(9.0))
        self.assertIsNone(station.deadline)

    def test_poll(self) -> None:
        """
        One poll brings what the server has to say, or nothing.
        """
        station = primary(PrimaryState.CONNECTED)
        station.poll()
        self.assertEqual(controls(station.transmit(0.0)), [rr(0)])
        station.receive_frame(answer(rr(0)), 0.1)
        self.assertFalse(station.wants_line(9.0))
        station.poll()
        station.transmit(1.0)
        station.receive_frame(answer(0x03, b"pushed"), 1.1)
        station.receive_frame(answer(i_frame(0, 0), b"said"), 1.1)
        self.assertEqual(
            events(station), [Unnumbered(b"pushed", SERVER, CLIENT), Received(b"said")]
        )

    def test_not_ready(self) -> None:
        """
        RNR stops us; we poll until RR, and go on.
        """
        station = primary(PrimaryState.CONNECTED, Parameters(32, 32, 1, 1))
        station.send(bytes(64))
        station.transmit(0.0)
        station.receive_frame(answer(rnr(1)), 0.1)
        self.assertFalse(station.wants_line(0.2))
        self.assertEqual(station.deadline, 0.6)
        self.assertEqual(controls(station.transmit(0.7)), [rr(0)])
        station.receive_frame(answer(rnr(1)), 0.8)
        self.assertEqual(controls(station.transmit(1.3)), [rr(0)])
        station.receive_frame(answer(rr(1)), 1.4)
        self.assertEqual(controls(station.transmit(1.4)), [i_frame(1, 0)])

    def test_frmr(self) -> None:
        """
        FRMR ends the connection, and its flags are said in words.
        """
        station = primary(PrimaryState.CONNECTED)
        station.receive_frame(answer(FRMR, bytes.fromhex("324201")), 0.1)
        self.assertEqual(
            events(station), [Disconnected(EndReason.REJECTED, "FRMR: unknown control")]
        )

    def test_dropped(self) -> None:
        """
        DM in a connection: the server has forgotten us.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"request")
        station.transmit(0.0)
        station.receive_frame(answer(DM), 0.1)
        self.assertEqual([event.reason for event in events(station)], [EndReason.DROPPED])
        self.assertFalse(station.wants_line(9.0))
        station.connect()

    def test_impossible_number(self) -> None:
        """
        An N(R) that acknowledges what was never sent ends the connection.
        """
        for control in (rr(1), rnr(3), i_frame(0, 5)):
            station = primary(PrimaryState.CONNECTED)
            station.poll()
            station.transmit(0.0)
            station.receive_frame(answer(control), 0.1)
            self.assertEqual([event.reason for event in events(station)], [EndReason.PROTOCOL])

    def test_too_long(self) -> None:
        """
        A payload that never ends ends the connection.
        """
        station = PrimaryStation(source=CLIENT, destination=SERVER, max_payload=100)
        station.connect()
        station.transmit(0.0)
        station.receive_frame(answer(UA), 0.0)
        station.poll()
        station.transmit(0.0)
        events(station)
        station.receive_frame(answer(i_frame(0, 0), bytes(100), more=True), 0.1)
        self.assertEqual(events(station), [])
        station.transmit(0.2)
        station.receive_frame(answer(i_frame(1, 0), bytes(1), more=True), 0.3)
        self.assertEqual([event.reason for event in events(station)], [EndReason.LIMIT])

    def test_disconnect(self) -> None:
        """
        DISC and its UA; what was queued is given up.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"never sent")
        station.disconnect()
        self.assertEqual(station.transmit(0.0).hex(), "7ea00703215303c77e")
        station.receive_frame(answer(UA), 0.1)
        self.assertEqual(events(station), [Disconnected(EndReason.REQUESTED)])

    def test_disconnect_waits_for_answer(self) -> None:
        """
        An answer that is on its way is let in before DISC goes out: two do not talk at once.
        """
        station = primary(PrimaryState.CONNECTED)
        station.send(b"request")
        station.transmit(0.0)
        station.disconnect()
        self.assertEqual(station.transmit(0.0), b"")
        station.receive_frame(answer(i_frame(0, 1, False), b"late"), 0.1)
        self.assertEqual(station.transmit(0.1), b"")
        station.receive_frame(answer(i_frame(1, 1), b"late"), 0.2)
        self.assertEqual(controls(station.transmit(0.2)), [DISC])
        self.assertEqual(events(station), [])

    def test_stale_ua(self) -> None:
        """
        A UA that comes before our command was sent answers nothing.
        """
        station = primary(PrimaryState.DISCONNECTED)
        station.connect()
        station.receive_frame(answer(UA), 0.0)
        self.assertIs(station.state, PrimaryState.CONNECTING)
        self.assertEqual((events(station), station.unexpected), ([], 1))

    def test_heard(self) -> None:
        """
        An answer that keeps coming is waited for, but not for ever.
        """
        station = primary(PrimaryState.CONNECTED)
        station.poll()
        station.transmit(0.0)
        station.heard(1.5)
        self.assertEqual(station.deadline, 3.5)
        for now in range(2, 30):
            station.heard(float(now))
        self.assertEqual(station.deadline, 10.0)

    def test_slow_line(self) -> None:
        """
        On a slow line the time that sending takes is added.
        """
        timing = Timing(response=2.0, octet=10 / 300)
        station = PrimaryStation(source=CLIENT, destination=SERVER, timing=timing)
        station.connect()
        octets = station.transmit(0.0)
        self.assertAlmostEqual(station.deadline or 0.0, 2.0 + len(octets) / 30)

    def test_unnumbered(self) -> None:
        """
        UI frames go out at once, also to everybody, and wait for nothing.
        """
        station = primary(PrimaryState.DISCONNECTED)
        station.send_unnumbered(b"broadcast", b"\xff")
        frame = parse_frame(station.transmit(0.0))
        self.assertEqual(
            (frame.kind, frame.destination, frame.poll), (FrameKind.UI, b"\xff", False)
        )
        self.assertFalse(station.waiting)


class SecondaryTests(SynchronousTestCase):
    """
    Tests of L{SecondaryStation}.
    """

    def test_connect(self) -> None:
        """
        SNRM without parameters gets UA without any, the example of the standard.
        """
        station = secondary(SecondaryState.DISCONNECTED)
        station.receive_frame(command(SNRM), 0.0)
        self.assertEqual(station.data_to_send().hex(), "7ea00721037301407e")
        self.assertEqual(events(station), [Connected(Parameters())])

    def test_explicit_defaults(self) -> None:
        """
        SNRM with parameters gets UA with all four, also if they are the defaults: the standard's example.
        """
        station = secondary(SecondaryState.DISCONNECTED)
        snrm = bytes.fromhex("7ea0200321937dd98180140502008006020080070400000001080400000001ce6a7e")
        station.receive_frame(parse_frame(snrm), 0.0)
        self.assertEqual(
            station.data_to_send().hex(),
            "7ea01e210373c37a818012050180060180070400000001080400000001533b7e",
        )

    def test_negotiation(self) -> None:
        """
        The server gives the last word: no more than either can.
        """
        station = secondary(SecondaryState.DISCONNECTED, Parameters(512, 256, 7, 2))
        station.receive_frame(command(SNRM, encode_parameters(Parameters(128, 300, 1, 3))), 0.0)
        ua = parse_frame(station.data_to_send())
        self.assertEqual(ua.information, encode_parameters(Parameters(300, 128, 3, 1)))

    def test_refusals(self) -> None:
        """
        SNRM is answered with DM when connections are not accepted, or its parameters cannot be read.
        """
        station = secondary(SecondaryState.DISCONNECTED)
        station.receive_frame(command(SNRM, b"\x81"), 0.0)
        self.assertEqual(controls(station.data_to_send()), [DM])
        station.accepting = False
        station.receive_frame(command(SNRM), 0.0)
        self.assertEqual(controls(station.data_to_send()), [DM])
        self.assertEqual(events(station), [])

    def test_not_connected(self) -> None:
        """
        Without a connection, whatever polls gets DM, and what does not gets nothing.
        """
        station = secondary(SecondaryState.DISCONNECTED)
        for control in (DISC, rr(0), rnr(0), i_frame(0, 0)):
            station.receive_frame(command(control), 0.0)
            self.assertEqual(controls(station.data_to_send()), [DM], hex(control))
            station.receive_frame(command(control & ~0x10), 0.0)
            self.assertEqual(station.data_to_send(), b"")
        self.assertRaises(LocalProtocolError, station.send, b"x")

    def test_exchange(self) -> None:
        """
        The application answers at once, and the answer carries the acknowledgement.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.receive_frame(command(i_frame(0, 0), b"request"), 1.0)
        self.assertEqual(events(station), [Received(b"request")])
        self.assertEqual(station.data_to_send(), b"")
        station.send(b"answer")
        self.assertEqual(controls(station.data_to_send()), [i_frame(0, 1)])

    def test_slow_application(self) -> None:
        """
        RR is held back for a moment, then sent; the answer comes with the next poll.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.receive_frame(command(i_frame(0, 0), b"request"), 1.0)
        self.assertEqual(station.deadline, 1.5)
        station.time_passed(1.5)
        self.assertEqual(controls(station.data_to_send()), [rr(1)])
        station.send(b"answer")
        self.assertEqual(station.data_to_send(), b"")
        station.receive_frame(command(rr(0)), 2.0)
        self.assertEqual(controls(station.data_to_send()), [i_frame(0, 1)])

    def test_no_answer(self) -> None:
        """
        An application that will not answer says so, and the poll is answered at once.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.receive_frame(command(i_frame(0, 0), b"unconfirmed"), 1.0)
        station.no_answer()
        self.assertEqual(controls(station.data_to_send()), [rr(1)])

    def test_segments(self) -> None:
        """
        Each segment but the last is acknowledged at once; a burst only at its poll bit.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.receive_frame(command(i_frame(0, 0, False), b"ab", more=True), 1.0)
        self.assertEqual(station.data_to_send(), b"")
        station.receive_frame(command(i_frame(1, 0), b"cd", more=True), 1.0)
        self.assertEqual(controls(station.data_to_send()), [rr(2)])
        station.receive_frame(command(i_frame(2, 0), b"ef"), 1.0)
        self.assertEqual(events(station), [Received(b"abcdef")])

    def test_long_answer(self) -> None:
        """
        A long answer goes in windows, each asked for with RR.
        """
        station = secondary(SecondaryState.CONNECTED, Parameters(32, 32, 2, 2))
        station.receive_frame(command(i_frame(0, 0), b"request"), 1.0)
        station.send(bytes(32 * 3))
        self.assertEqual(controls(station.data_to_send()), [i_frame(0, 1, False), i_frame(1, 1)])
        station.receive_frame(command(rr(2)), 1.1)
        self.assertEqual(controls(station.data_to_send()), [i_frame(2, 1)])

    def test_not_acknowledged(self) -> None:
        """
        What a poll does not acknowledge is sent again.
        """
        station = secondary(SecondaryState.CONNECTED, Parameters(32, 32, 2, 2))
        station.receive_frame(command(i_frame(0, 0), b"request"), 1.0)
        station.send(bytes(64))
        first = station.data_to_send()
        station.receive_frame(command(rr(0)), 1.1)
        self.assertEqual(station.data_to_send(), first)
        station.receive_frame(command(i_frame(0, 0), b"request"), 1.2)
        self.assertEqual(station.data_to_send(), first)
        self.assertEqual(events(station), [Received(b"request")])

    def test_out_of_order(self) -> None:
        """
        A frame with another number than expected is not taken, and RR says which one is.
        """
        station = secondary(SecondaryState.CONNECTED, Parameters(128, 128, 7, 7))
        station.receive_frame(command(i_frame(1, 0), b"second"), 1.0)
        self.assertEqual(controls(station.data_to_send()), [rr(0)])
        self.assertEqual(events(station), [])

    def test_busy(self) -> None:
        """
        A busy station takes nothing and says RNR, then RR.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.busy = True
        station.receive_frame(command(i_frame(0, 0), b"request"), 1.0)
        self.assertEqual(controls(station.data_to_send()), [rnr(0)])
        station.busy = False
        station.receive_frame(command(rr(0)), 1.1)
        self.assertEqual(controls(station.data_to_send()), [rr(0)])
        station.receive_frame(command(i_frame(0, 0), b"request"), 1.2)
        self.assertEqual(events(station), [Received(b"request")])

    def test_peer_busy(self) -> None:
        """
        After RNR nothing is sent but RR, until the client says RR.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.receive_frame(command(i_frame(0, 0), b"request"), 1.0)
        station.receive_frame(command(rnr(0)), 1.1)
        station.send(b"answer")
        self.assertEqual(controls(station.data_to_send()), [rr(1)])
        station.receive_frame(command(rr(0)), 1.2)
        self.assertEqual(controls(station.data_to_send()), [i_frame(0, 1)])

    def test_rejections(self) -> None:
        """
        An unknown control, too much information and an impossible number get FRMR that says which, again
        and again, until SNRM or DISC.
        """
        for frame, flags in (
            (command(0x3B), 0x01),
            (command(i_frame(0, 0), bytes(129)), 0x04),
            (command(i_frame(0, 3), b"x"), 0x08),
            (command(rr(1)), 0x08),
        ):
            station = secondary(SecondaryState.CONNECTED)
            station.receive_frame(frame, 1.0)
            sent = parse_frame(station.data_to_send())
            self.assertEqual((sent.kind, sent.information[0]), (FrameKind.FRMR, frame.control))
            self.assertEqual(sent.information[2], flags)
            [event] = events(station)
            self.assertIs(event.reason, EndReason.REJECTED)
            station.receive_frame(command(rr(0)), 1.1)
            self.assertEqual(parse_frame(station.data_to_send()), sent)
            station.receive_frame(command(DISC), 1.2)
            self.assertEqual(controls(station.data_to_send()), [UA])
            self.assertEqual(events(station), [])

    def test_connect_again(self) -> None:
        """
        SNRM in a connection makes a new one, and the owner is told that the old one is gone.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.receive_frame(command(i_frame(0, 0), b"x"), 1.0)
        events(station)
        station.receive_frame(command(SNRM), 2.0)
        self.assertEqual(events(station), [Connected(Parameters(), True)])
        station.receive_frame(command(i_frame(0, 0), b"y"), 2.1)
        self.assertEqual(events(station), [Received(b"y")])

    def test_disconnect(self) -> None:
        """
        DISC gets UA once, DM afterwards.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.receive_frame(command(DISC), 1.0)
        self.assertEqual(events(station), [Disconnected(EndReason.REQUESTED)])
        station.receive_frame(command(DISC), 1.0)
        self.assertEqual(controls(station.data_to_send()), [UA, DM])

    def test_inactivity(self) -> None:
        """
        A silent connection ends without a frame; any frame puts that off.
        """
        station = secondary(SecondaryState.CONNECTED)
        self.assertEqual(station.deadline, 100.0)
        station.receive_frame(command(rr(0)), 50.0)
        station.data_to_send()
        station.time_passed(149.9)
        self.assertEqual(events(station), [])
        station.time_passed(150.0)
        self.assertEqual(events(station), [Disconnected(EndReason.INACTIVE)])
        self.assertEqual(station.data_to_send(), b"")
        self.assertIsNone(station.deadline)

    def test_no_inactivity(self) -> None:
        """
        An inactivity time of 0 means never.
        """
        station = SecondaryStation(source=SERVER, destination=CLIENT, inactivity=0.0)
        station.receive_frame(command(SNRM), 0.0)
        self.assertIsNone(station.deadline)
        station.time_passed(1e9)
        self.assertIs(station.state, SecondaryState.CONNECTED)

    def test_unnumbered(self) -> None:
        """
        A push goes out at once without a connection, and before the next answer with one.
        """
        station = secondary(SecondaryState.DISCONNECTED)
        station.send_unnumbered(b"push")
        self.assertEqual(controls(station.data_to_send()), [0x03])
        station = secondary(SecondaryState.CONNECTED)
        station.send_unnumbered(b"push")
        self.assertEqual(station.data_to_send(), b"")
        station.receive_frame(command(rr(0)), 1.0)
        self.assertEqual(controls(station.data_to_send()), [0x03, rr(0)])

    def test_unnumbered_with_poll(self) -> None:
        """
        UI with the poll bit is taken, and gives us the line.
        """
        station = secondary(SecondaryState.CONNECTED)
        station.receive_frame(command(0x13, b"broadcast"), 1.0)
        self.assertEqual(events(station), [Unnumbered(b"broadcast", CLIENT, SERVER)])
        self.assertEqual(controls(station.data_to_send()), [rr(0)])
