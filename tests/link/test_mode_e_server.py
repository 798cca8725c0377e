"""
Tests of L{dlms_twisted.link.mode_e_server}, against the client's side and octet by octet.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import EncodeError
from dlms_twisted.link.mode_e import (
    OPENING,
    Identification,
    LineSettings,
    SetLine,
    SignedOn,
    SignOn,
    SignOnEvent,
    parse_identification,
)
from dlms_twisted.link.mode_e_server import (
    ServerSignOn,
    ServerSignOnState,
    identification_message,
)

SIM = Identification("SIM", "5", "2", "SIMULATED")


def even(octets: bytes) -> bytes:
    """
    @return: with even parity in the eighth bit.
    """
    return bytes(octet | (octet.bit_count() % 2) << 7 for octet in octets)


def meter(**options: float | bool) -> ServerSignOn:
    """
    @return: one that answers anybody who asks for nobody or for 1234.
    """
    machine = ServerSignOn(lambda address: SIM if address in {"", "1234"} else None, **options)  # type: ignore[arg-type]
    machine.start()
    return machine


class ServerSignOnTests(SynchronousTestCase):
    """
    The meter's side of mode E.
    """

    def test_both_sides(self) -> None:
        """
        Client and meter agree on a speed, and on when HDLC begins, whether they ask by address or not.
        """
        for address, most, wanted in (("", 19200, 9600), ("00001234", 2400, 2400)):
            client, server = SignOn(address=address, max_baudrate=most), meter()
            heard: list[SignOnEvent] = []
            said: list[SignOnEvent] = []
            now = 0.0
            client.start(now)
            for _ in range(60):
                server.receive_data(even(client.data_to_send()), now)
                client.receive_data(even(server.data_to_send()), now)
                now += 0.1
                client.time_passed(now)
                server.time_passed(now)
                while (event := client.next_event()) is not None:
                    heard.append(event)
                while (event := server.next_event()) is not None:
                    said.append(event)
            line = LineSettings(wanted, 8, "N")
            self.assertEqual(
                heard[1:], [SetLine(line), SignedOn(SIM._replace(), wanted, True, b"")]
            )
            self.assertEqual(
                said, [SetLine(OPENING), SetLine(line), SignedOn(SIM, wanted, True, b"")]
            )
            self.assertIs(server.state, ServerSignOnState.DONE)
            self.assertIs(server.deadline, None)

    def test_another_meter(self) -> None:
        """
        Who is not asked for is silent.
        """
        machine = meter()
        machine.receive_data(b"/?9999!\r\n", 0)
        self.assertEqual(machine.data_to_send(), b"")
        machine.receive_data(b"noise/?1234!\r\n", 0)
        self.assertEqual(machine.data_to_send(), b"/SIM5\\2SIMULATED\r\n")

    def test_refused(self) -> None:
        """
        Another protocol, another mode, or more than the meter's speed is refused; the client may begin again.
        """
        for selection in (
            b"\x06052\r\n"[:3] + b"0\r\n",
            b"\x06162\r\n",
            b"\x06262\r\n",
            b"\x062x2\r\n",
        ):
            machine = meter()
            machine.receive_data(b"/?!\r\n", 0)
            machine.data_to_send()
            machine.receive_data(selection, 0.1)
            self.assertEqual(machine.data_to_send(), b"\x15", selection)
            machine.receive_data(b"/?!\r\n", 0.2)
            self.assertEqual(machine.data_to_send()[:4], b"/SIM")

    def test_asked_again(self) -> None:
        """
        A client that did not hear the identification asks again; one that goes away is waited for no longer.
        """
        machine = meter()
        machine.receive_data(b"/?!\r\n", 0)
        machine.data_to_send()
        machine.receive_data(b"/?!\r\n", 1)
        self.assertEqual(machine.data_to_send()[:4], b"/SIM")
        deadline = machine.deadline
        assert deadline is not None
        machine.time_passed(deadline)
        self.assertIs(machine.state, ServerSignOnState.WAITING)
        machine.receive_data(b"\x06252\r\n", deadline)
        self.assertEqual(machine.data_to_send(), b"")

    def test_direct(self) -> None:
        """
        HDLC without a sign-on is taken where that is allowed.
        """
        for direct in (True, False):
            machine = meter(direct=direct)
            machine.next_event()
            machine.receive_data(b"\x7e\xa0", 0)
            event = machine.next_event()
            if direct:
                assert isinstance(event, SignedOn)
                self.assertEqual((event.confirmed, event.rest), (False, b"\x7e\xa0"))
            else:
                self.assertIs(event, None)

    def test_noise(self) -> None:
        """
        Any octets are taken, and no more are kept than a line has.
        """
        machine = meter(direct=False)
        for _ in range(100):
            machine.receive_data(bytes(range(256)) * 8, 0)
        self.assertLessEqual(len(machine._buffer), 128)
        self.assertEqual(machine.data_to_send(), b"")
        machine.receive_data(b"\r\n/?!\r\n", 0)
        self.assertEqual(machine.data_to_send()[:4], b"/SIM")

    def test_octet_by_octet(self) -> None:
        """
        It does not matter in what parts octets come; what comes while the line changes is kept.
        """
        machine = meter()
        for octet in b"/?!\r\n\x06252\r\n\x7e\xa0":
            machine.receive_data(bytes([octet]), 0)
        deadline = machine.deadline
        assert deadline is not None
        machine.time_passed(deadline)
        events = []
        while (event := machine.next_event()) is not None:
            events.append(event)
        self.assertEqual(events[-1], SignedOn(SIM, 9600, True, b"\x7e\xa0"))

    def test_identification(self) -> None:
        """
        What a meter says of itself can be read; what cannot be said is refused.
        """
        self.assertEqual(parse_identification(identification_message(SIM)), SIM)
        for wrong in (SIM._replace(manufacturer="S1"), SIM._replace(baud_character="9")):
            self.assertRaises(EncodeError, identification_message, wrong)
