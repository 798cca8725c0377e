"""
Tests of L{verify}: each kind of damage is found and named.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from unittest.mock import patch

from dlms_twisted.errors import StoreError
from dlms_twisted.store.series import READINGS, STATE, segment_files
from dlms_twisted.store.verify import verify
from tests.store.support import DAY, EPOCH, NOON, TITLE, JournalTestCase, plain, refused


class VerifyTests(JournalTestCase):
    """
    Tests on a journal of two segments and a quarantine, closed in good order.
    """

    def setUp(self) -> None:
        """
        Write it.
        """
        super().setUp()
        journal = self.open()
        self.accept(journal, 1, 2, 3)
        journal.append([plain(1), refused(9)])
        self.successResultOf(journal.flush())
        self.accept(journal, 4, 5, received_at=NOON + DAY)
        self.close(journal)
        self.first, self.second = (file.path for file in segment_files(self.directory, READINGS))

    def change(self, path: Path, *statements: str) -> None:
        """
        Damage a file by SQL.
        """
        connection = sqlite3.connect(path, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()

    def problems(self) -> list[str]:
        """
        @return: what is found.
        """
        found = verify(self.directory)
        self.assertEqual(found["ok"], not found["problems"])
        self.assertEqual(found["problem_count"], len(found["problems"]))
        problems: list[str] = found["problems"]
        return problems

    def test_good(self) -> None:
        """
        Nothing is wrong.
        """
        found = verify(self.directory)
        self.assertEqual(
            found,
            {
                "ok": True,
                "problems": [],
                "problem_count": 0,
                "segments": 3,
                "records": {"quarantine": 1, "readings": 6},
                "windows": 1,
            },
        )

    def test_half_records(self) -> None:
        """
        Records without octets, time, counter or identity.
        """
        for change, text in (
            ("raw = x''", "record 2 has no octets"),
            ("received_at = 0", "record 2 has no time of arrival"),
            ("received_at = 'noon'", "record 2 has no time of arrival"),
            ("counter = NULL", "record 2 is checked, but has no counter"),
            ("checked = 0", "record 2 has no identity"),
        ):
            self.change(self.first, "SAVEPOINT x")
            before = self.first.read_bytes()
            self.change(self.first, f"UPDATE record SET {change} WHERE seq = 2")
            self.assertIn(f"{self.first.name}: {text}", self.problems())
            self.first.write_bytes(before)

    def test_missing_record(self) -> None:
        """
        A record that is gone.
        """
        self.change(self.first, "DELETE FROM record WHERE seq = 2")
        self.assertEqual(self.problems(), [f"{self.first.name}: 1 records are missing"])

    def test_twice(self) -> None:
        """
        The same identity twice, in whatever segments; the same random one too.
        """
        self.change(self.second, "UPDATE record SET counter = 2 WHERE seq = 1")
        [problem] = self.problems()
        self.assertEqual(
            problem,
            f"{self.second.name}, record 1: the identity {TITLE.hex()}-{EPOCH}-2 is there already: "
            f"{self.first.name}, record 2",
        )
        identity = "x'000102030405060708090a0b0c0d0e0f'"
        self.change(self.second, f"UPDATE record SET id = {identity}, checked = 0, counter = 4")
        self.assertIn("000102030405060708090a0b0c0d0e0f is there already", self.problems()[0])

    def test_accepted_again(self) -> None:
        """
        A replay window that would let an accepted counter through.
        """
        self.change(self.directory / STATE, "DELETE FROM window")
        problems = self.problems()
        self.assertEqual(len(problems), 5)
        self.assertEqual(
            problems[0], f"{self.first.name}: {TITLE.hex()}-{EPOCH}-1 would be accepted again"
        )

    def test_after_the_mark(self) -> None:
        """
        What the windows do not include yet is applied first.
        """
        self.change(
            self.directory / STATE, "DELETE FROM window", "UPDATE mark SET number = 0, seq = 0"
        )
        self.assertEqual(self.problems(), [])

    def test_lost_end(self) -> None:
        """
        Windows that include readings which are not there: a segment has lost its end.
        """
        self.change(self.second, "DELETE FROM record WHERE seq = 2")
        self.assertEqual(
            self.problems(),
            [f"{self.second.name}: ends before record 2, which replay windows include"],
        )

    def test_damaged_segment(self) -> None:
        """
        A file that is no database, and one whose pages are damaged.
        """
        octets = self.first.read_bytes()
        self.first.write_bytes(b"no database" * 1000)
        self.assertIn("cannot be read", self.problems()[0])
        damaged = bytearray(octets)
        damaged[4096 * 2 : 4096 * 3] = b"\x00" * 4096
        self.first.write_bytes(damaged)
        self.assertTrue(self.problems())

    def test_state(self) -> None:
        """
        A state that is gone, is no database, or is of a later version.
        """
        path = self.directory / STATE
        self.change(path, "PRAGMA user_version = 99")
        self.assertEqual(self.problems(), ["state.sqlite: schema version 99 is not known"])
        path.write_bytes(b"no database" * 1000)
        self.assertIn("state.sqlite: cannot be read", self.problems()[0])
        path.unlink()
        self.assertIn("state.sqlite: cannot be read", self.problems()[0])

    def test_many(self) -> None:
        """
        The first hundred problems are told, the others counted.
        """
        journal = self.open()
        self.accept(journal, *range(1000, 1200), received_at=NOON + DAY)
        self.close(journal)
        self.change(self.directory / STATE, "DELETE FROM window")
        found = verify(self.directory)
        self.assertEqual((len(found["problems"]), found["problem_count"]), (100, 205))

    def test_many_windows(self) -> None:
        """
        However many windows there are, only so many are held.
        """
        with patch("dlms_twisted.store.verify._WINDOWS", 3):
            journal = self.open()
            for number in range(10):
                self.accept(journal, 1, title=bytes([number]) * 8, received_at=NOON + DAY)
            self.close(journal)
            self.assertEqual(self.problems(), [])

    def test_beside_the_writer(self) -> None:
        """
        A journal that is written to meanwhile is good, committed or not.
        """
        journal = self.open()
        self.accept(journal, 50)
        self.assertEqual(self.problems(), [])
        self.successResultOf(journal.flush())
        self.assertEqual(self.problems(), [])

    def test_no_journal(self) -> None:
        """
        Where there is none, nothing can be checked.
        """
        self.assertRaises(StoreError, verify, Path(self.mktemp()))
