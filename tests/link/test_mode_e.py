"""
Tests of L{dlms_twisted.link.mode_e}.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import DecodeError, EncodeError, LocalProtocolError
from dlms_twisted.link.mode_e import (
    OPENING,
    Identification,
    LineSettings,
    SetLine,
    SignedOn,
    SignOn,
    SignOnFailed,
    SignOnState,
    parse_identification,
    request_message,
    select_message,
)
from tests import vectors
from tests.link.feeding import drain, splits

IDENT = b"/LGZ5\\2ZMD3102407.B32\r\n"
PARSED = Identification("LGZ", "5", "2", "ZMD3102407.B32")
SELECT = b"\x06252\r\n"


def even_parity(octets: bytes) -> bytes:
    """
    Seven bits and parity, as a port set to eight bits sees them.
    """
    return bytes(octet | (octet.bit_count() & 1) << 7 for octet in octets)


def events(machine: SignOn) -> list[Any]:
    """
    All events so far.
    """
    return list(drain(machine.next_event))


def started(**options: Any) -> SignOn:
    """
    A sign-on that has asked at time 0.
    """
    machine = SignOn(**options)
    machine.start(0.0)
    return machine


class MessageTests(SynchronousTestCase):
    """
    Tests of the messages.
    """

    def test_request(self) -> None:
        """
        With and without an address.
        """
        self.assertEqual(request_message(), b"/?!\r\n")
        self.assertEqual(request_message("00012345"), b"/?00012345!\r\n")
        self.assertRaises(EncodeError, request_message, "x" * 33)
        self.assertRaises(EncodeError, request_message, "a!\r\n")

    def test_select(self) -> None:
        """
        The desk reference's message for 9600 baud, and the one that a NORAX wants.
        """
        self.assertEqual(select_message("5").hex(), "063235320d0a")
        self.assertEqual(select_message("5", "0").hex(), "063035320d0a")

    def test_identification(self) -> None:
        """
        Manufacturer, speed, escapes and text.
        """
        for line, wanted in (
            (IDENT, PARSED),
            (b"/ISk5\\2MT382-1000\r\n", Identification("ISk", "5", "2", "MT382-1000")),
            (b"noise/ABC0\\@\\2X\r\n", Identification("ABC", "0", "@2", "X")),
            (b"/ABC5plain\n", Identification("ABC", "5", "", "plain")),
        ):
            self.assertEqual(parse_identification(line), wanted)
        self.assertTrue(PARSED.offers_hdlc)
        for bad in (b"", b"/?!\r\n", b"/AB", b"/LGZ5\\2ZMD"):
            self.assertRaises(DecodeError, parse_identification, bad)


class SignOnTests(SynchronousTestCase):
    """
    Tests of L{SignOn}.
    """

    def test_whole(self) -> None:
        """
        Ask, select, confirm, wait a moment, change the line: HDLC may begin.
        """
        machine = started()
        self.assertEqual(events(machine), [SetLine(OPENING)])
        self.assertEqual(machine.data_to_send(), b"/?!\r\n")
        machine.receive_data(IDENT, 1.0)
        self.assertEqual(machine.data_to_send(), SELECT)
        machine.receive_data(SELECT, 2.0)
        self.assertEqual(events(machine), [])
        self.assertEqual(machine.deadline, 2.3)
        machine.time_passed(2.3)
        self.assertEqual(
            events(machine),
            [SetLine(LineSettings(9600, 8, "N", 1)), SignedOn(PARSED, 9600, True, b"")],
        )
        self.assertIs(machine.state, SignOnState.DONE)
        self.assertIsNone(machine.deadline)

    def test_every_cut(self) -> None:
        """
        It does not matter how the answers were cut, nor that parity bits are in them.
        """
        for ident, confirmation in (
            (IDENT, SELECT),
            (even_parity(IDENT), even_parity(SELECT)),
        ):
            for first in splits(ident):
                for second in splits(confirmation):
                    machine = started()
                    machine.data_to_send()
                    for part in first:
                        machine.receive_data(part, 1.0)
                    self.assertEqual(machine.data_to_send(), SELECT)
                    for part in second:
                        machine.receive_data(part, 1.5)
                    machine.time_passed(1.8)
                    self.assertEqual(events(machine)[-1], SignedOn(PARSED, 9600, True, b""))

    def test_no_confirmation(self) -> None:
        """
        A meter that skips the echo is believed after a while.
        """
        machine = started()
        machine.receive_data(IDENT, 1.0)
        while machine.deadline is not None:
            machine.time_passed(machine.deadline)
        self.assertEqual(events(machine)[-1], SignedOn(PARSED, 9600, False, b""))

    def test_echoing_head(self) -> None:
        """
        An optical head that echoes: our own selection is not taken for the meter's.
        """
        machine = started()
        machine.receive_data(b"/?!\r\n" + IDENT, 1.0)
        machine.receive_data(SELECT, 1.2)
        self.assertIs(machine.state, SignOnState.SELECTED)
        machine.receive_data(SELECT, 1.9)
        machine.time_passed(2.2)
        self.assertEqual(events(machine)[-1], SignedOn(PARSED, 9600, True, b""))

    def test_rest(self) -> None:
        """
        What comes behind the confirmation is kept as it came.
        """
        machine = started()
        machine.receive_data(IDENT, 1.0)
        machine.receive_data(SELECT + b"\x7e\xa0", 1.5)
        machine.receive_data(b"\xff", 1.6)
        machine.time_passed(1.8)
        self.assertEqual(events(machine)[-1].rest, b"\x7e\xa0\xff")

    def test_retries(self) -> None:
        """
        The request is repeated, and then the silence is told.
        """
        machine = started(retries=2, response=3.0)
        sent = machine.data_to_send()
        for _ in range(2):
            machine.time_passed(machine.deadline or 0.0)
            sent += machine.data_to_send()
        self.assertEqual(sent, b"/?!\r\n" * 3)
        machine.time_passed(machine.deadline or 0.0)
        self.assertEqual(events(machine)[-1], SignOnFailed("no identification"))
        self.assertIsNone(machine.deadline)

    def test_garbage_before(self) -> None:
        """
        Noise before the identification is passed over, however long.
        """
        machine = started()
        for _ in range(100):
            machine.receive_data(b"\x00\xff noise", 0.5)
        self.assertLessEqual(len(machine._buffer), 200)
        machine.receive_data(b"\r\n" + IDENT, 1.0)
        self.assertEqual(machine.data_to_send()[-6:], SELECT)

    def test_slower(self) -> None:
        """
        A meter that offers more than we want is asked for less.
        """
        machine = started(max_baudrate=2400)
        machine.data_to_send()
        machine.receive_data(IDENT, 1.0)
        self.assertEqual(machine.data_to_send(), b"\x06232\r\n")

    def test_no_switch(self) -> None:
        """
        Where the line cannot be changed, nobody is asked to.
        """
        machine = started(switch=False)
        machine.receive_data(IDENT, 1.0)
        machine.receive_data(SELECT, 1.5)
        machine.time_passed(2.0)
        self.assertEqual(events(machine), [SignedOn(PARSED, 9600, True, b"")])

    def test_no_hdlc(self) -> None:
        """
        A meter that does not offer HDLC is told by name, or tried all the same.
        """
        machine = started()
        machine.receive_data(b"/ABC5plain\r\n", 1.0)
        self.assertEqual(events(machine)[-1], SignOnFailed("ABC does not offer HDLC by mode E"))
        machine = started(insist=False)
        machine.data_to_send()
        machine.receive_data(b"/ABC5plain\r\n", 1.0)
        self.assertEqual(machine.data_to_send(), SELECT)

    def test_refused(self) -> None:
        """
        NAK, and a speed that nobody knows.
        """
        machine = started()
        machine.receive_data(IDENT, 1.0)
        machine.receive_data(b"\x15", 1.5)
        self.assertIsInstance(events(machine)[-1], SignOnFailed)
        machine = started()
        machine.receive_data(b"/ABCx\\2T\r\n", 1.0)
        self.assertIsInstance(events(machine)[-1], SignOnFailed)

    def test_started_twice(self) -> None:
        """
        A machine serves for one sign-on.
        """
        machine = started()
        self.assertRaises(LocalProtocolError, machine.start, 1.0)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(
        st.lists(
            st.sampled_from([IDENT, SELECT, b"/?!\r\n", b"\x15", b"\r\n", b"x" * 300, b"/"])
            | st.binary(max_size=20),
            max_size=8,
        )
    )
    def test_any_octets(self, parts: list[bytes]) -> None:
        """
        Any octets end in a sign-on or a failure when time passes.
        """
        machine = started()
        for now, part in enumerate(parts):
            machine.receive_data(part, now * 0.1)
        while machine.deadline is not None:
            machine.time_passed(machine.deadline)
        self.assertIn(machine.state, {SignOnState.DONE, SignOnState.FAILED})
        self.assertIsInstance(events(machine)[-1], SignedOn | SignOnFailed)

    def test_session(self) -> None:
        """
        The published opening of an Apator NORAX, replayed.
        """
        for record in vectors.load("sessions.jsonl"):
            if record["id"] != "modee-norax":
                continue
            machine = started(protocol="0")
            sent = b""
            for frame in record["frames"]:
                sent += machine.data_to_send()
                if frame["dir"] == "rx":
                    machine.receive_data(bytes.fromhex(frame["hex"]), 1.0)
            sent += machine.data_to_send()
            wanted = b"".join(
                bytes.fromhex(frame["hex"]) for frame in record["frames"] if frame["dir"] == "tx"
            )
            self.assertEqual(sent, wanted)
