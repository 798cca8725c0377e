"""
Tests of schema versions: journals of earlier versions of this program go on being read and written.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import StoreError
from dlms_twisted.store.query import JournalReader
from dlms_twisted.store.schema import (
    COLUMNS,
    SEGMENT_VERSION,
    prepare_segment,
    prepare_state,
    version,
)
from dlms_twisted.store.verify import verify
from tests.store.support import EPOCH, NOON, TITLE, JournalTestCase, record

#: A segment as version 1 made it, with a checked record and one with a random identity.
VERSION_1 = f"""
    CREATE TABLE record (
        seq INTEGER PRIMARY KEY,
        received_at INTEGER NOT NULL,
        source TEXT NOT NULL,
        peer TEXT NOT NULL,
        medium TEXT NOT NULL,
        title BLOB,
        epoch TEXT,
        counter INTEGER,
        authenticated INTEGER,
        raw BLOB NOT NULL,
        plain BLOB,
        meter TEXT,
        time BLOB,
        checked INTEGER NOT NULL,
        id BLOB,
        reason TEXT,
        detail TEXT
    );
    CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    INSERT INTO record VALUES (
        1, {NOON + 1}, 'udp:4059', '192.0.2.1:50000', 'wrapper', x'{TITLE.hex()}', '{EPOCH}', 1, 1,
        x'{b"raw 1".hex()}', x'{b"plain 1".hex()}', 'house 7', NULL, 1, NULL, NULL, NULL
    );
    INSERT INTO record VALUES (
        2, {NOON + 2}, 'udp:4059', '192.0.2.1:50000', 'wrapper', NULL, NULL, NULL, NULL,
        x'00', NULL, NULL, NULL, 0, x'000102030405060708090a0b0c0d0e0f', NULL, NULL
    );
    PRAGMA user_version = 1;
"""


class MigrationTests(JournalTestCase):
    """
    Tests with a journal of version 1.
    """

    def setUp(self) -> None:
        """
        Make it.
        """
        super().setUp()
        self.directory.mkdir()
        for number, day in ((1, "20261121"), (2, "20261122")):
            path = self.directory / f"readings-{number:06}-{day}.sqlite"
            connection = sqlite3.connect(path)
            connection.executescript(VERSION_1)
            if number == 2:
                connection.executescript(
                    "UPDATE record SET counter = 2 WHERE seq = 1;"
                    "UPDATE record SET id = x'ff0102030405060708090a0b0c0d0e0f' WHERE seq = 2;"
                )
            connection.close()

    def versions(self) -> list[int]:
        """
        @return: the versions of all segments.
        """
        found = []
        for path in sorted(self.directory.glob("readings-*.sqlite")):
            connection = sqlite3.connect(path)
            found.append(version(connection))
            connection.close()
        return found

    def test_read(self) -> None:
        """
        A reader needs no upgrade, and makes none.
        """
        self.assertEqual(next(JournalReader(self.directory).records()).record, record(1))
        self.assertEqual(len(list(JournalReader(self.directory).records())), 4)
        self.assertEqual(self.versions(), [1, 1])
        self.assertEqual(verify(self.directory)["records"], {"readings": 4})

    def test_written(self) -> None:
        """
        A collector upgrades every segment, applies what is in them to the windows, and goes on in the last.
        """
        journal = self.open()
        self.assertEqual(
            [self.accepts(journal, counter) for counter in (1, 2, 3)], [False, False, True]
        )
        self.accept(journal, 3)
        self.close(journal)
        self.assertEqual(self.versions(), [SEGMENT_VERSION, SEGMENT_VERSION])
        found = list(JournalReader(self.directory).records())
        self.assertEqual([one.record.counter for one in found], [1, None, 2, None, 3])
        self.assertEqual(found[0].record, record(1))
        self.assertEqual(found[1].id, "000102030405060708090a0b0c0d0e0f")
        self.assertEqual(verify(self.directory)["problems"], [])

    def test_newer(self) -> None:
        """
        A journal of a later version is refused: what it means is not known.
        """
        path = sorted(self.directory.glob("readings-*.sqlite"))[-1]
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
        error = self.assertRaises(StoreError, self.open)
        self.assertIn("schema version 99", str(error))


class PrepareTests(SynchronousTestCase):
    """
    Tests of L{prepare_segment} and L{prepare_state}.
    """

    def test_same_columns(self) -> None:
        """
        An upgraded segment has the columns of a new one.
        """
        fresh, old = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
        fresh.isolation_level = old.isolation_level = None
        self.addCleanup(fresh.close)
        self.addCleanup(old.close)
        old.executescript(VERSION_1)
        names = []
        for connection in (fresh, old):
            prepare_segment(connection)
            prepare_segment(connection)
            names.append([row[1] for row in connection.execute("PRAGMA table_info(record)")][1:])
        self.assertEqual(names, [list(COLUMNS), list(COLUMNS)])

    def test_interrupted(self) -> None:
        """
        An upgrade that fails half-way has changed nothing.
        """
        path = Path(self.mktemp())
        connection = sqlite3.connect(path, isolation_level=None)
        self.addCleanup(connection.close)
        connection.executescript(VERSION_1)
        connection.execute("ALTER TABLE record ADD COLUMN origin TEXT")
        self.assertRaises(sqlite3.OperationalError, prepare_segment, connection)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(record)")]
        self.assertNotIn("repeat_of", columns)
        self.assertEqual(version(connection), 1)

    def test_newer_state(self) -> None:
        """
        A state of a later version is refused.
        """
        connection = sqlite3.connect(":memory:", isolation_level=None)
        self.addCleanup(connection.close)
        prepare_state(connection)
        connection.execute("PRAGMA user_version = 99")
        self.assertRaises(StoreError, prepare_state, connection)
