"""
Service-specific block transfer over a network that loses, doubles and reorders.

These services repeat nothing; so a loss is a wait that the caller ends.  What must not be is a wrong answer.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.results import ResultCode
from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.session.blocks import Received, Send, ServerBlocks, client_blocks
from tests.session.test_blocks_services import action, get, set_


def exchange(chance: Random, request: Apdu, response: Apdu) -> Apdu | RemoteProtocolError | None:
    """
    One exchange in which each APDU may be lost, doubled or late.

    @return: the answer, an error, or C{None} when nothing is under way any more and the caller would give up.
    """
    client, server = client_blocks(request, max_send=64), ServerBlocks(max_send=64)
    flying: list[tuple[str, bytes]] = []

    def send(to: str, apdu: Apdu) -> None:
        for _ in range(chance.choices((0, 1, 2), (1, 85, 14))[0]):
            late = chance.random() < 0.2
            place = chance.randrange(len(flying) + 1) if late else len(flying)
            flying.insert(place, (to, apdu.encode()))

    send("server", client.start())
    while flying:
        to, octets = flying.pop(0)
        came = registry.decode(octets)
        if to == "server":
            step = server.receive(came)
            send("client", step.apdu if isinstance(step, Send) else server.respond(response))
            continue
        try:
            next_ = client.receive(came)
        except RemoteProtocolError as error:
            return error
        if isinstance(next_, Received):
            return next_.apdu
        if next_ is not None:
            send("server", next_.apdu)
    return None


class LossyTests(SynchronousTestCase):
    """
    Tests with a bad network.
    """

    def test_right_or_typed(self) -> None:
        """
        The answer is right, or a code says that the transfer failed, or there is a typed error, or silence.
        """
        counts = {"right": 0, "code": 0, "error": 0, "silence": 0}
        for seed in range(300):
            chance = Random(seed)
            request, response = chance.choice((get, set_, action))(chance.choice((10, 200, 900)))
            outcome = exchange(chance, request, response)
            if outcome == response:
                counts["right"] += 1
            elif outcome is None:
                counts["silence"] += 1
            elif isinstance(outcome, RemoteProtocolError):
                counts["error"] += 1
            else:
                result = getattr(outcome, "result", None)
                self.assertIsInstance(result, ResultCode, seed)
                self.assertFalse(getattr(result, "is_success", True), seed)
                counts["code"] += 1
        self.assertEqual(sum(counts.values()), 300)
        self.assertGreater(counts["right"], 100)
        self.assertGreater(counts["code"], 10)
