"""
Recorded dialogues, replayed through the client: each of its frames is what was recorded.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import AttributeDescriptor
from dlms_twisted.apdu.get import GetRequestNormal
from dlms_twisted.client import connect
from dlms_twisted.session.association import LN_CONFORMANCE, AssociationSettings
from dlms_twisted.session.client import ClientSession
from dlms_twisted.session.client_events import Transmit
from dlms_twisted.session.client_options import ClientOptions
from tests.client.fake import Transport
from tests.vectors import load


def _dialogue(name: str) -> dict[str, Any]:
    return next(one for one in load("sessions.jsonl") if one["id"] == name)


class SessionTests(SynchronousTestCase):
    """
    The dialogues of C{sessions.jsonl}.
    """

    def general(self, name: str) -> list[str]:
        """
        An answer by general block transfer, block by block.

        @return: what was sent after all that was recorded.
        """
        dialogue = _dialogue(name)
        whole: list[str] = []
        settings = AssociationSettings(
            pre_established=True, conformance=LN_CONFORMANCE | Conformance.GENERAL_BLOCK_TRANSFER
        )
        session = ClientSession(
            settings,
            lambda title, epoch: 1,
            options=ClientOptions(window=5),
            tap=lambda direction, octets: whole.append(octets.hex()),
        )
        session.associate(b"", 0.0)
        attribute = AttributeDescriptor(class_id=1, instance_id=bytes(6), attribute_id=2)
        request = GetRequestNormal(invoke_id_and_priority=0xC1, attribute=attribute)
        session.request(request, 0.0)
        session.events()
        sent: list[str] = []
        for frame in dialogue["frames"]:
            if frame["dir"] == "rx":
                session.receive(bytes.fromhex(frame["hex"]), 1.0)
                sent += [one.apdu.hex() for one in session.events() if isinstance(one, Transmit)]
            else:
                self.assertEqual(sent, [frame["hex"]])
                sent.clear()
        self.assertEqual(whole, [dialogue["expected"]["reassembled"]])
        return sent

    def test_streaming(self) -> None:
        """
        With windows.
        """
        self.assertEqual(self.general("cx-gbt-streaming"), [])

    def test_recovery(self) -> None:
        """
        With a block that was lost; the record lacks acknowledgements of the head-end from then on.
        """
        self.assertEqual(self.general("cx-gbt-recovery"), ["e0850003000600"] * 2)

    def test_mode_e(self) -> None:
        """
        A sign-on by mode E, before the client goes on with HDLC.
        """
        dialogue = _dialogue("modee-norax")
        reactor = MemoryReactorClock()
        connecting: Deferred[Any] = connect(
            reactor,
            "tcp:127.0.0.1:4059",
            framing="hdlc",
            mode_e=True,
            mode_e_protocol="0",
            timeout=5.0,
        )
        transport = Transport()
        protocol: Any = reactor.tcpClients[0][2].buildProtocol(None)
        transport.protocol = protocol
        protocol.makeConnection(transport)
        for frame in dialogue["frames"]:
            if frame["dir"] == "tx":
                for _ in range(20):
                    if transport.value():
                        break
                    reactor.advance(0.1)
                told = transport.value()
                transport.clear()
                self.assertEqual(told.hex(), frame["hex"])
            else:
                protocol.dataReceived(bytes.fromhex(frame["hex"]))
        # The meter confirms, and HDLC begins with SNRM.
        protocol.dataReceived(b"\x06052\r\n")
        for _ in range(20):
            reactor.advance(0.1)
        self.assertEqual(transport.value()[:1], b"\x7e")
        self.assertIn(b"\x93", transport.value()[:10])
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.assertEqual(reactor.getDelayedCalls(), [])
