"""
Tests of L{dlms_twisted.keys.sqlite_file}.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError, KeyStoreError
from dlms_twisted.keys.editing import Added, Existing
from dlms_twisted.keys.fields import entry_of
from dlms_twisted.keys.sqlite_file import SqliteKeyFile, is_sqlite
from dlms_twisted.security.policy import Policy
from tests.keys.samples import AK, EK, NEW_EK, OTHER, TITLE, meter

MASTER = bytes(range(100, 132))
ENTRY = {
    "system_title": TITLE,
    "name": "house 7",
    "encryption_key": EK,
    "authentication_key": AK,
    "policy": Policy.AUTHENTICATED_ENCRYPTED,
}


class SqliteKeyFileTests(SynchronousTestCase):
    """
    Tests of L{SqliteKeyFile}.
    """

    def setUp(self) -> None:
        """
        A new file.
        """
        self.path = Path(self.mktemp())
        self.file = self._open()

    def _open(self, master: bytes = MASTER) -> SqliteKeyFile:
        file = SqliteKeyFile(self.path, master)
        self.addCleanup(file.close)
        return file

    def test_kept(self) -> None:
        """
        Entries come back as they were, from a file that is the owner's alone.
        """
        self.assertEqual(self.file.add([ENTRY, {"system_title": OTHER}]), Added(2, 0, 0))
        self.file.close()
        again = self._open()
        self.assertEqual(list(again.entries()), [ENTRY, {"system_title": OTHER}])
        for text in ("house 7", TITLE.hex(), TITLE.hex().upper()):
            self.assertEqual(again.find(text), ENTRY)
        self.assertIsNone(again.find("house 8"))
        self.assertIsNone(again.find("x" * 16))
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_at_rest(self) -> None:
        """
        No key is readable in the file, its log or its index.
        """
        self.file.add([ENTRY])
        self.file.change({None: {"encryption_key": NEW_EK}})
        octets = b"".join(path.read_bytes() for path in self.path.parent.glob(self.path.name + "*"))
        self.assertIn(TITLE, octets)
        for key in (EK, AK, NEW_EK, MASTER):
            self.assertNotIn(key, octets)
            self.assertNotIn(key.hex().encode(), octets.lower())

    def test_wrong_master(self) -> None:
        """
        Another master key is refused at once.
        """
        self.file.add([ENTRY])
        with self.assertRaises(ConfigurationError) as caught:
            self._open(MASTER[::-1])
        self.assertEqual(str(caught.exception), f"{self.path}: this is not its master key")
        self.assertRaises(ConfigurationError, self._open, MASTER[1:])

    def test_moved(self) -> None:
        """
        An entry that was put in another's place is refused.
        """
        self.file.add([ENTRY, {"system_title": OTHER}])
        with sqlite3.connect(self.path) as database:
            (sealed,) = database.execute(
                "SELECT sealed FROM meters WHERE title = ?", (TITLE,)
            ).fetchone()
            database.execute("UPDATE meters SET sealed = ? WHERE title = ?", (sealed, OTHER))
        database.close()
        self.assertRaises(KeyStoreError, self.file.find, OTHER.hex())
        self.assertEqual(self.file.find("house 7"), ENTRY)

    def test_existing(self) -> None:
        """
        A title that is there is refused, replaced or left; with an error nothing is added.
        """
        self.file.add([ENTRY])
        newer = {"system_title": TITLE, "encryption_key": NEW_EK}
        with self.assertRaises(ConfigurationError) as caught:
            self.file.add([{"system_title": OTHER}, newer])
        self.assertEqual(str(caught.exception), f"{self.path}: 4D4D4D0000BC614E is there already")
        self.assertIsNone(self.file.find(OTHER.hex()))
        self.assertEqual(self.file.add([newer], Existing.SKIP), Added(0, 0, 1))
        self.assertEqual(self.file.find(TITLE.hex()), ENTRY)
        self.assertEqual(self.file.add([newer], Existing.REPLACE), Added(0, 1, 0))
        self.assertEqual(self.file.find(TITLE.hex()), newer)
        self.assertIsNone(self.file.find("house 7"))

    def test_same_again(self) -> None:
        """
        An entry that is there with title and name is one that is there, not one whose name is taken.
        """
        self.file.add([ENTRY])
        with self.assertRaises(ConfigurationError) as caught:
            self.file.add([ENTRY])
        self.assertIn("is there already", str(caught.exception))
        self.assertEqual(self.file.add([ENTRY], Existing.SKIP), Added(0, 0, 1))
        self.assertEqual(self.file.add([ENTRY], Existing.REPLACE), Added(0, 1, 0))

    def test_names(self) -> None:
        """
        A name is one meter's.
        """
        self.file.add([ENTRY, {"system_title": OTHER, "name": "house 8"}])
        with self.assertRaises(ConfigurationError) as caught:
            self.file.add([{"system_title": b"\1" * 8, "name": "house 7"}])
        self.assertIn("name: another meter has it, too", str(caught.exception))
        self.assertRaises(ConfigurationError, self.file.change, {OTHER: {"name": "house 7"}})

    def test_change(self) -> None:
        """
        Fields are changed, added and taken away, of meters and of the default.
        """
        self.file.add([ENTRY])
        self.file.change(
            {TITLE: {"encryption_key": NEW_EK, "authentication_key": None, "name": "house 8"}}
        )
        self.assertEqual(
            self.file.find("house 8"),
            {
                "system_title": TITLE,
                "name": "house 8",
                "encryption_key": NEW_EK,
                "policy": Policy.AUTHENTICATED_ENCRYPTED,
            },
        )
        self.assertEqual(self.file.default(), {})
        self.file.change({None: {"policy": Policy.NONE, "encryption_key": EK}})
        self.file.change({None: {"encryption_key": None}})
        self.assertEqual(self.file.default(), {"policy": Policy.NONE})

    def test_change_refused(self) -> None:
        """
        What is not there, or would be wrong, changes nothing.
        """
        self.file.add([ENTRY])
        for changes in (
            {TITLE: {"name": "x"}, OTHER: {"name": "y"}},
            {TITLE: {"authentication_key": AK * 2}},
            {TITLE: {"system_title": OTHER}},
            {None: {"encryption_key": EK, "authentication_key": AK * 2}},
        ):
            self.assertRaises(ConfigurationError, self.file.change, changes)
        self.assertEqual(list(self.file.entries()), [ENTRY])

    def test_remove(self) -> None:
        """
        Entries can go.
        """
        self.file.add([ENTRY])
        self.assertEqual(self.file.remove([TITLE, OTHER]), 1)
        self.assertEqual(list(self.file.entries()), [])

    def test_many(self) -> None:
        """
        Thousands are listed in the order of their titles, page by page.
        """
        meters = [entry_of(meter(number)) for number in range(5001)]
        self.file.add(reversed(meters))
        self.assertEqual(list(self.file.entries()), meters)

    def test_others(self) -> None:
        """
        A file that others may read is refused.
        """
        self.file.close()
        self.path.chmod(0o644)
        self.assertRaises(ConfigurationError, self._open)
        SqliteKeyFile(self.path, MASTER, insecure=True).close()

    def test_kind(self) -> None:
        """
        A file is known by its content, and one that is not there by its name.
        """
        self.assertTrue(is_sqlite(self.path))
        text = Path(self.mktemp())
        text.write_text("# keys")
        self.assertFalse(is_sqlite(text))
        for name, kind in (("keys.sqlite", True), ("keys.DB", True), ("keys.toml", False)):
            self.assertIs(is_sqlite(self.path.parent / name), kind)
