"""
Tests of L{dlms_twisted.keys.master}.
"""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.master import load_master_key

MASTER = bytes(range(32))


class MasterKeyTests(SynchronousTestCase):
    """
    Tests of L{load_master_key}.
    """

    def setUp(self) -> None:
        """
        A file with a master key.
        """
        self.path = Path(self.mktemp())
        self.path.write_text(MASTER.hex() + "\n")
        self.path.chmod(0o600)

    def test_sources(self) -> None:
        """
        It comes from a file, from the file that the environment names, or from the environment, in this order.
        """
        other = MASTER[::-1].hex()
        for path, environment in (
            (self.path, {"DLMS_MASTER_KEY": other}),
            (None, {"DLMS_MASTER_KEY_FILE": str(self.path), "DLMS_MASTER_KEY": other}),
            (None, {"DLMS_MASTER_KEY": MASTER.hex(":")}),
        ):
            self.assertEqual(load_master_key(path, environment=environment), MASTER)

    def test_none(self) -> None:
        """
        Without one, the error says where it can come from.
        """
        with self.assertRaises(ConfigurationError) as caught:
            load_master_key(environment={})
        self.assertIn("DLMS_MASTER_KEY_FILE", str(caught.exception))

    def test_wrong(self) -> None:
        """
        A file that others may read is refused, and what is no key is refused by name.
        """
        self.path.chmod(0o644)
        with self.assertRaises(ConfigurationError) as caught:
            load_master_key(self.path, environment={})
        self.assertIn("chmod o-rwx", str(caught.exception))
        self.assertEqual(load_master_key(self.path, insecure=True, environment={}), MASTER)
        with self.assertRaises(ConfigurationError) as caught:
            load_master_key(environment={"DLMS_MASTER_KEY": MASTER.hex()[2:]})
        self.assertEqual(str(caught.exception), "DLMS_MASTER_KEY: 31 octets; 32 octets wanted")
