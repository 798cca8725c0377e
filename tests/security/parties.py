"""
Two parties with all keys of suite 1 or 2, for tests of layers.
"""

from __future__ import annotations

from typing import NamedTuple

from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from tests.security.samples import CLIENT_TITLE, TITLE, Counted


class Parties(NamedTuple):
    """
    @ivar meter: What the meter holds.
    @ivar client: What the client holds of the meter.
    @ivar fields: Of a message from the meter to the client.
    @ivar control: Authenticated and encrypted in the suite.
    """

    meter: MeterKeys
    client: MeterKeys
    fields: Fields
    control: int


def parties(suite: int = 1) -> Parties:
    """
    @return: two parties that know what they must of each other.
    """
    random = Counted(suite)
    length = 32 if suite == 2 else 16
    encryption, authentication, broadcast, dedicated, master = (random(length) for _ in range(5))
    meter_ka, meter_ds, client_ka, client_ds = (
        generate_private_key(suite or 1, random) for _ in range(4)
    )

    def side(ka: bytes, ds: bytes, peer_ka: bytes, peer_ds: bytes) -> MeterKeys:
        return MeterKeys(
            system_title=TITLE,
            encryption_key=encryption,
            authentication_key=authentication,
            broadcast_key=broadcast,
            dedicated_key=dedicated,
            master_key=master,
            agreement_private_key=ka,
            agreement_public_key=public_of(peer_ka),
            signing_private_key=ds,
            signing_public_key=public_of(peer_ds),
            policy=Policy.AUTHENTICATED_ENCRYPTED,
        )

    return Parties(
        side(meter_ka, meter_ds, client_ka, client_ds),
        side(client_ka, client_ds, meter_ka, meter_ds),
        Fields(bytes(7) + b"\x07", TITLE, CLIENT_TITLE, b"", b"info"),
        0x30 | suite,
    )
