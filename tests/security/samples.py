"""
Keys and messages that the tests of this room share; the first are the published ones of 04, section 12.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy

ENCRYPTION_KEY: Final = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
AUTHENTICATION_KEY: Final = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
TITLE: Final = bytes.fromhex("4D4D4D0000BC614E")
CLIENT_TITLE: Final = bytes.fromhex("4D4D4D0000000001")
COUNTER: Final = 0x01234567
PLAINTEXT: Final = bytes.fromhex("C0010000080000010000FF0200")

KEYS: Final = MeterKeys(
    system_title=TITLE,
    encryption_key=ENCRYPTION_KEY,
    authentication_key=AUTHENTICATION_KEY,
    policy=Policy.AUTHENTICATED_ENCRYPTED,
)

#: Keys that occur nowhere else, so that they can be searched for in what is shown.
OTHER_KEYS: Final = tuple(bytes((0xA0 + n, *range(n, n + 15))) for n in range(8))

#: A data-notification with a structure, some 200 octets, as meters push it.
PUSH: Final = bytes.fromhex(
    "0F00000001000218" + "".join(f"09060100{n:02X}0700FF06{n * 1000:08X}" for n in range(1, 13))
)

#: P-256 keys of the published examples.
CLIENT_SIGNING_PRIVATE: Final = bytes.fromhex(
    "418073C239FA6125011DE4D6CD2E645780289F761BB21BFB0835CB5585E8B373"
)
CLIENT_SIGNING_PUBLIC: Final = bytes.fromhex(
    "BAAFFDE06A8CB1C9DAE8D94023C601DBBB249254BA22EDD827E820BCA2BCC643"
    "62FBB83D86A82B87BB8B7161D2AAB5521911A946B97A284A90F7785CD9047D25"
)


class Counted:
    """
    Octets that look random and are the same in each run.
    """

    def __init__(self, seed: int = 1) -> None:
        self._state = seed

    def __call__(self, length: int) -> bytes:
        """
        @return: the next C{length} octets.
        """
        from hashlib import sha256

        octets = b""
        while len(octets) < length:
            self._state += 1
            octets += sha256(self._state.to_bytes(8, "big")).digest()
        return octets[:length]
