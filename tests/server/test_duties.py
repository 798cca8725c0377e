"""
What meters are for besides reading: images, keys, policies, the clock.
"""

from __future__ import annotations

from datetime import UTC, datetime

from dlms_twisted.errors import AssociationRejectedError
from dlms_twisted.security.policy import Policy, SecurityPolicy
from dlms_twisted.security.setup import KeyId
from tests.server.meters import CLIENTS, DEMANDING
from tests.server.pairing import MeterCase

_FRAMINGS = ("wrapper", "hdlc")
_NAME = "1/0-0:42.0.0.255/2"


class DutyTests(MeterCase):
    """
    What meters are for besides reading.
    """

    def test_image(self) -> None:
        """
        An image is sent, verified and activated.
        """

        async def ask(framing: str) -> None:
            async with await self.connected(CLIENTS["gmac"], framing, security="both") as meter:
                transfer = meter.image_transfer()
                await transfer.send(bytes(range(256)) * 40, b"firmware")
                await transfer.verify()
                await transfer.activate()

        for framing in _FRAMINGS:
            self.run_through(ask(framing))

    def test_keys(self) -> None:
        """
        New keys are given under the master key, and hold from the next request on; the old ones no more.
        """
        old = self.memory.meter.keys
        assert old.master_key is not None
        master = old.master_key
        new = {KeyId.UNICAST_ENCRYPTION: b"E" * 16, KeyId.AUTHENTICATION: b"A" * 16}

        async def ask() -> None:
            async with await self.connected(DEMANDING) as meter:
                await meter.security_setup().transfer_keys(master, new)
                await meter.get(_NAME)
            async with await self.connected(DEMANDING) as meter:
                await meter.get(_NAME)

        self.run_through(ask())
        self.assertEqual(self.memory.meter.keys.encryption_key, b"E" * 16)
        going = self.connected(
            DEMANDING,
            encryption_key=old.encryption_key,
            authentication_key=old.authentication_key,
        )
        with self.assertRaises(AssociationRejectedError):
            self.memory.run(going)

    def test_policy(self) -> None:
        """
        A policy that was activated is demanded at once, and of all.
        """
        demanded = Policy.AUTHENTICATED_ENCRYPTED

        async def ask() -> None:
            async with await self.connected(CLIENTS["gmac"], security="both") as meter:
                setup = meter.security_setup()
                await setup.activate(SecurityPolicy(request=demanded, response=demanded))
                await meter.get(_NAME)

        self.run_through(ask())
        with self.assertRaises(AssociationRejectedError):
            self.memory.run(self.connected(CLIENTS["gmac"], security="authenticated"))

    def test_clock(self) -> None:
        """
        The clock is read and set.
        """

        async def ask() -> None:
            async with await self.connected(CLIENTS["none"]) as meter:
                wanted = datetime(2027, 2, 3, 4, 5, 6, tzinfo=UTC)
                await meter.set_clock(wanted)
                self.assertEqual((await meter.clock()).to_datetime(), wanted)

        self.run_through(ask())
