"""
Over a link that loses, doubles, delays and damages: right, or a typed error within the deadline.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.server.description_toml import ready_description
from tests.client.unreliable import Odds, scene
from tests.server.meters import CLIENTS, DEMANDING, with_clients

_METER = with_clients(ready_description("household"))


class UnreliableTests(SynchronousTestCase):
    """
    Tests of the client over datagrams.
    """

    def test_good(self) -> None:
        """
        Where nothing goes wrong, everything is answered.
        """
        for client in (CLIENTS["none"], DEMANDING):
            self.assertEqual(scene(_METER, 1, Odds(), client=client, count=20), (20, 20))

    def test_each(self) -> None:
        """
        One thing goes wrong: most is answered, and nothing wrongly.
        """
        for odds in (Odds(lost=0.05), Odds(doubled=0.1), Odds(late=0.1), Odds(damaged=0.05)):
            answered = asked = 0
            for seed in range(6):
                client = DEMANDING if seed % 2 or odds.damaged else CLIENTS["none"]
                more = scene(_METER, seed, odds, client=client)
                answered, asked = answered + more[0], asked + more[1]
            self.assertGreater(answered, asked * 0.4, odds)

    def test_all(self) -> None:
        """
        Everything goes wrong at once.
        """
        odds = Odds(lost=0.1, doubled=0.1, late=0.2, damaged=0.1)
        for seed in range(6):
            scene(_METER, seed, odds, client=DEMANDING, outstanding=1 + seed % 3)
