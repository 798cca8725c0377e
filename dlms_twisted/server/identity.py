"""
Who a simulated meter is: title, serial number and keys follow from its number and the seed of its fleet.

The rule is one for all: whatever pushes, serves or writes a key file for meter 7 has the same keys.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, NamedTuple

from attrs import evolve

from dlms_twisted.security.curves import generate_private_key
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.suites import SUITES

__all__ = ["MAKER", "Identity"]

#: The maker's letters of simulated meters.
MAKER: Final = "SIM"
_RULE: Final = b"dlms-twisted simulated meter"


class Identity(NamedTuple):
    """
    One meter.

    @ivar number: 1 and up.
    @ivar seed: Makes the keys of one fleet differ from those of another.
    @ivar maker: Three letters.
    """

    number: int
    seed: bytes = b""
    maker: str = MAKER

    @property
    def title(self) -> bytes:
        """
        System title, eight octets.
        """
        return self.maker.encode("ascii") + self.number.to_bytes(5, "big")

    @property
    def serial(self) -> str:
        """
        What is printed on the meter.
        """
        return f"{self.maker}{self.number:010d}"

    @property
    def logical_device_name(self) -> str:
        """
        COSEM logical device name of the management device: sixteen characters, the maker's three first.
        """
        return f"{self.maker}{self.number:013d}"

    def material(self, purpose: bytes = b"") -> bytes:
        """
        @param purpose: What it is for; nothing for encryption and authentication key.

        @return: 32 octets that only this meter has.
        """
        return sha256(_RULE + self.seed + self.title + purpose).digest()

    @property
    def keys(self) -> MeterKeys:
        """
        What a collector must know of it.
        """
        material = self.material()
        return MeterKeys(
            system_title=self.title,
            name=f"meter {self.number}",
            encryption_key=material[:16],
            authentication_key=material[16:],
            policy=Policy.AUTHENTICATED_ENCRYPTED,
        )

    def secret(self, client: int) -> bytes:
        """
        @param client: Address of a client.

        @return: sixteen octets of its own, for an association that is given no secret.
        """
        return self.material(b"secret" + client.to_bytes(2, "big"))[:16]

    def keys_for(self, suite: int) -> MeterKeys:
        """
        @return: all that the meter itself has in a security suite: the keys of L{keys}, of the suite's length, the
            master key that wraps new ones, and from suite 1 on its private keys.
        """
        length = SUITES[suite].key_length
        keys = evolve(self.keys, master_key=self.material(b"master key")[:length])
        if length > len(keys.encryption_key or b""):
            keys = evolve(
                keys,
                encryption_key=self.material(b"encryption key"),
                authentication_key=self.material(b"authentication key"),
            )
        if not SUITES[suite].coordinate:
            return keys
        return evolve(
            keys,
            signing_private_key=self._private_key(suite, b"signing"),
            agreement_private_key=self._private_key(suite, b"agreement"),
        )

    def _private_key(self, suite: int, purpose: bytes) -> bytes:
        def octets(wanted: int) -> bytes:
            return (self.material(purpose + b"1") + self.material(purpose + b"2"))[:wanted]

        return generate_private_key(suite, octets)
