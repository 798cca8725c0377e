"""
Tests of L{dlms_twisted.security.sealer}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import LocalProtocolError, SecurityError
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.protect import protect
from dlms_twisted.security.sealer import Sealer

TITLE = b"SIM\0\0\0\0\1"


class SealerTests(SynchronousTestCase):
    """
    The quick way gives what the general one gives.
    """

    def test_same(self) -> None:
        """
        For each suite, any length and any counter.
        """
        for suite, length in ((0, 16), (1, 16), (2, 32)):
            keys = MeterKeys(encryption_key=bytes(length), authentication_key=b"a" * length)
            sealer = Sealer(keys, TITLE, suite=suite)
            for size in (0, 1, 100, 109, 110, 300, 70_000):
                for counter in (0, 1, 0x12345678, 0xFFFFFFFF):
                    plain = bytes(range(256)) * (size // 256) + bytes(size % 256)
                    self.assertEqual(
                        sealer.protect(plain, counter),
                        protect(
                            plain,
                            keys=keys,
                            title=TITLE,
                            counter=counter,
                            security_control=0x30 | suite,
                        ),
                    )

    def test_refused(self) -> None:
        """
        Missing keys, keys of another suite, wrong titles and used up counters are refused; no key is shown.
        """
        good = MeterKeys(encryption_key=b"\xee" * 16, authentication_key=b"\xaa" * 16)
        for keys in (
            MeterKeys(),
            MeterKeys(encryption_key=bytes(16)),
            MeterKeys(encryption_key=bytes(32), authentication_key=bytes(32)),
        ):
            self.assertRaises(SecurityError, Sealer, keys, TITLE)
        self.assertRaises(SecurityError, Sealer, good, TITLE, suite=3)
        self.assertRaises(LocalProtocolError, Sealer, good, b"SIM")
        sealer = Sealer(good, TITLE)
        for counter in (-1, 1 << 32):
            self.assertRaises(LocalProtocolError, sealer.protect, b"", counter)
        self.assertNotIn("ee", repr(sealer).lower().replace("sealer", ""))
