"""
Every service with every protection, against our own meter; all of them in the soak.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import MeterSettings
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.description_toml import ready_description
from tests.client.protections import SIGNER, combinations, signing, try_one
from tests.server.meters import with_clients

_METER = with_clients(ready_description("household"))


class ProtectionTests(SynchronousTestCase):
    """
    Tests of what L{MeterSettings} says of security.
    """

    def test_some(self) -> None:
        """
        Some of each: framings, mechanisms, short names, forms of protection, dedicated keys.
        """
        tried = [try_one(_METER, *one) for one in combinations(full=False)]
        self.assertGreater(len(tried), 10)
        self.assertEqual(set(tried), {10})

    def test_signing(self) -> None:
        """
        Suites 1 and 2: ECDSA, and requests and answers that are signed.
        """
        for number, (meter, settings) in enumerate(signing(_METER)):
            if number % 4 == 2:
                self.assertEqual(try_one(meter, "wrapper", SIGNER, settings), 10)

    def test_settings(self) -> None:
        """
        Settings that mean nothing are named; no key is shown.
        """
        for wrong in (
            {"protection": "much"},
            {"window": 0},
            {"outstanding": 0},
            {"outstanding": 99},
            {"retries": -1},
            {"longest": 1.0},
        ):
            with self.assertRaises(ConfigurationError) as caught:
                MeterSettings(**wrong)
            self.assertIn(next(iter(wrong)), str(caught.exception))
        shown = repr(
            MeterSettings(signing_key=b"geheim", agreement_key=b"geheim", master_key=b"geheim")
        )
        self.assertNotIn("geheim", shown)
