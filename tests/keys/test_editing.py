"""
Tests of L{dlms_twisted.keys.editing}.
"""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.editing import Added, Existing, TomlKeyFile, policy_of_meters
from dlms_twisted.keys.toml_store import TomlKeyStore
from dlms_twisted.security.policy import Policy
from tests.keys.samples import EK, EXAMPLE, NEW_EK, OTHER, STRANGER, TITLE


class TomlKeyFileTests(SynchronousTestCase):
    """
    Tests of L{TomlKeyFile}.
    """

    def setUp(self) -> None:
        """
        A folder without a key file.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        self.path = folder / "keys.toml"
        self.file = TomlKeyFile(self.path)
        self.addCleanup(self.file.close)

    def _write(self, text: str) -> None:
        self.path.write_text(text)
        self.path.chmod(0o600)

    def test_made(self) -> None:
        """
        The file is made with the first entry, for the owner alone, and the collector reads it.
        """
        self.assertEqual(
            self.file.add([{"system_title": TITLE, "encryption_key": EK}]), Added(1, 0, 0)
        )
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        keys = TomlKeyStore(self.path).cached(TITLE)
        assert keys is not None
        self.assertEqual(keys.encryption_key, EK)

    def test_find(self) -> None:
        """
        An entry is found by title and by name.
        """
        self._write(EXAMPLE)
        for text in ("house 7", TITLE.hex(), TITLE.hex().upper()):
            entry = self.file.find(text)
            assert entry is not None
            self.assertEqual(entry["system_title"], TITLE)
        self.assertIsNone(self.file.find("house 8"))
        self.assertEqual(self.file.default(), {"policy": Policy.ENCRYPTED})

    def test_existing(self) -> None:
        """
        A title that is there is refused, replaced or left, as told; with an error nothing is written.
        """
        self._write(EXAMPLE)
        entries = [
            {"system_title": OTHER},
            {"system_title": TITLE, "encryption_key": NEW_EK},
        ]
        with self.assertRaises(ConfigurationError) as caught:
            self.file.add(entries)
        self.assertEqual(str(caught.exception), f"{self.path}: 4D4D4D0000BC614E is there already")
        self.assertEqual(self.path.read_text(), EXAMPLE)
        self.assertEqual(self.file.add(entries, Existing.SKIP), Added(1, 0, 1))
        self.assertEqual(
            self.file.add([*entries[1:], {"system_title": STRANGER}], Existing.REPLACE),
            Added(1, 1, 0),
        )
        self.assertEqual(
            self.file.find(TITLE.hex()), {"system_title": TITLE, "encryption_key": NEW_EK}
        )
        self.assertEqual(len(list(self.file.entries())), 3)
        self.assertIn("# also: pending_encryption_key", self.path.read_text())

    def test_twice(self) -> None:
        """
        The same title twice in one call is refused.
        """
        self.assertRaises(
            ConfigurationError, self.file.add, [{"system_title": TITLE}, {"system_title": TITLE}]
        )
        self.assertFalse(self.path.exists())

    def test_nothing(self) -> None:
        """
        What changes nothing writes nothing.
        """
        self._write(EXAMPLE)
        before = self.path.stat()
        self.file.change({TITLE: {"encryption_key": EK}})
        self.file.add([{"system_title": TITLE}], Existing.SKIP)
        self.assertEqual(self.path.stat().st_ino, before.st_ino)

    def test_others(self) -> None:
        """
        A file that others may read is not touched, unless that was allowed.
        """
        self._write(EXAMPLE)
        self.path.chmod(0o644)
        self.assertRaises(ConfigurationError, self.file.change, {TITLE: {"name": "x"}})
        TomlKeyFile(self.path, insecure=True).change({TITLE: {"name": "x"}})
        self.assertIn('name = "x"', self.path.read_text())

    def test_policy(self) -> None:
        """
        Meters must meet what is demanded of strangers, and at least be encrypted.
        """
        self.assertEqual(policy_of_meters({}), Policy.ENCRYPTED)
        self.assertEqual(policy_of_meters({"policy": Policy.NONE}), Policy.ENCRYPTED)
        self.assertEqual(
            policy_of_meters({"policy": Policy.AUTHENTICATED}), Policy.AUTHENTICATED_ENCRYPTED
        )
