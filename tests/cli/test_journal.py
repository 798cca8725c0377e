"""
Tests of L{dlms_twisted.cli.journal}.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any
from unittest import skipUnless
from unittest.mock import patch

from click.testing import CliRunner, Result

from dlms_twisted.cli.journal_export import COLUMNS
from dlms_twisted.cli.main import dlms, main
from dlms_twisted.store.journal import Journal
from dlms_twisted.store.series import READINGS, segment_files
from tests.schemas import check
from tests.store.messages import KEYS, TIME, body, ciphered, opened, pushed, unknown
from tests.store.support import DAY, EPOCH, NOON, SECOND, TITLE, JournalTestCase, refused

try:
    from pyarrow import parquet
except ImportError:
    parquet = None

KEYS_TOML = """
[[meter]]
system_title = "4D4D4D0000BC614E"
name = "house 7"
encryption_key = "000102030405060708090A0B0C0D0E0F"
authentication_key = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
policy = "authenticated-encrypted"
"""


class CommandTestCase(JournalTestCase):
    """
    Has a journal with records of three days: two ciphered, one plain, one refused.
    """

    def setUp(self) -> None:
        """
        Write the journal.
        """
        super().setUp()
        journal = self.open()
        self.append(journal, opened(5, EPOCH))
        self.append(journal, opened(6, EPOCH, received_at=NOON + DAY, meter=None))
        self.append(journal, pushed(77, received_at=NOON + 2 * DAY), unknown(9))
        self.close(journal)

    def append(self, journal: Journal, *records: Any) -> None:
        """
        Commit records; those that are checked move their windows.
        """
        for one in records:
            if one.checked:
                journal.windows.get(one.title, one.epoch).accept(one.counter)
        journal.append(records)
        self.successResultOf(journal.flush())

    def dlms(self, name: str, *arguments: str) -> Result:
        """
        @return: what C{dlms journal} has done on this journal.
        """
        given = ["journal", name, "--journal", str(self.directory), *arguments]
        return CliRunner().invoke(dlms, given, standalone_mode=False)

    def records(self, name: str, *arguments: str) -> list[dict[str, Any]]:
        """
        @return: the JSON lines that a command printed, each as the schema says.
        """
        result = self.dlms(name, *arguments)
        self.assertIsNone(result.exception, result.output)
        found = [json.loads(line) for line in result.stdout.splitlines()]
        for one in found:
            check("record.json", one)
        return found

    def error(self, *arguments: str) -> tuple[int, str]:
        """
        @return: the exit code and the one line of an error.
        """
        out = io.StringIO()
        with patch.object(sys, "stderr", out):
            code = self.assertRaises(SystemExit, main, ["journal", *arguments]).code
        [line] = out.getvalue().splitlines()
        return int(code or 0), line


class QueryTests(CommandTestCase):
    """
    Tests of C{dlms journal query}.
    """

    def found(self, *arguments: str) -> list[int | str | None]:
        """
        @return: counters of the records that were found, C{"plain"} for the one without.
        """
        return [
            "plain" if one["invocation_counter"] is None else one["invocation_counter"]
            for one in self.records("query", "--json", *arguments)
        ]

    def test_all(self) -> None:
        """
        Without conditions it is everything, in the order of arrival.
        """
        self.assertEqual(self.found(), [5, 9, 6, "plain"])

    def test_meter(self) -> None:
        """
        A meter is asked for by its name, its title, or what it calls itself.
        """
        self.assertEqual(self.found("--meter", "house 7"), [5])
        self.assertEqual(self.found("--meter", TITLE.hex()), [5, 9, 6])
        self.assertEqual(self.found("--meter", TITLE.hex().upper()), [5, 9, 6])
        self.assertEqual(self.found("--meter", "4711000815"), ["plain"])
        self.assertEqual(self.found("--meter", "nobody"), [])

    def test_time(self) -> None:
        """
        Arrival from a time on, and before another; UTC where nothing else is said.
        """
        self.assertEqual(self.found("--from", "2026-11-23"), [6, "plain"])
        self.assertEqual(self.found("--to", "2026-11-23"), [5, 9])
        self.assertEqual(
            self.found("--from", "2026-11-23T13:00:00+01:00", "--to", "2026-11-23T12:00:01Z"), [6]
        )

    def test_outcome(self) -> None:
        """
        Accepted or refused, and why.
        """
        self.assertEqual(self.found("--outcome", "accepted"), [5, 6, "plain"])
        self.assertEqual(self.found("--outcome", "refused"), [9])
        self.assertEqual(self.found("--reason", "unknown-key"), [9])
        self.assertEqual(self.found("--reason", "replay"), [])
        self.assertEqual(self.found("--outcome", "accepted", "--reason", "unknown-key"), [])

    def test_obis(self) -> None:
        """
        Only records with such a reading, and of their readings only these.
        """
        records = self.records("query", "--json", "--obis", "1-0:1.8.0.255", "--limit", "2")
        values = [[reading["value"] for reading in one["readings"]] for one in records]
        self.assertEqual([[int(value) for value in each] for each in values], [[5], [6]])
        self.assertEqual(self.found("--obis", "1-0:2.8.0.255"), [])

    def test_text(self) -> None:
        """
        For people: who, when, and each reading with its unit.
        """
        shown = self.dlms("query").stdout
        for text in ("house 7", TITLE.hex(), "4711000815", "1-0:1.8.0.255", "77", "Wh"):
            self.assertIn(text, shown)
        self.assertIn("refused: unknown-key (no key is known for it)", shown)

    def test_layouts(self) -> None:
        """
        A file of layouts gives meaning to what had none.
        """
        layouts = Path(self.mktemp())
        layouts.write_text(
            "[[layout]]\n"
            'name = "mine"\n'
            'when = { root = "structure", elements = 2 }\n'
            'at = { "1.1" = "7-0:3.0.0" }\n'
        )
        given = ("--layouts", str(layouts), "--obis", "7-0:3.0.0.255", "--limit", "1")
        self.assertEqual(self.found("--obis", "7-0:3.0.0.255"), [])
        self.assertEqual(self.found(*given), [5])

    def test_wrong_options(self) -> None:
        """
        One line that names the option, and exit code 2.
        """
        directory = str(self.directory)
        for given, text in (
            (["--from", "yesterday"], "--from"),
            (["--obis", "1.2.3.4.5.6.7"], "--obis"),
            (["--reason", "bad-luck"], "--reason"),
            (["--limit", "0"], "--limit"),
        ):
            code, line = self.error("query", "--journal", directory, *given)
            self.assertEqual(code, 2)
            self.assertIn(text, line)

    def test_no_journal(self) -> None:
        """
        Where there is no journal, that is said in one line, and nothing is made.
        """
        missing = Path(self.mktemp())
        for name in ("tail", "query", "export", "stats", "verify"):
            code, line = self.error(name, "--journal", str(missing))
            self.assertEqual(code, 1)
            self.assertIn(str(missing), line)
        self.assertFalse(missing.exists())

    def test_damaged_segment(self) -> None:
        """
        A damaged segment is told and passed over; the exit code is 1.
        """
        segment_files(self.directory, READINGS)[0].path.write_bytes(b"no database" * 1000)
        result = self.dlms("query", "--json")
        self.assertEqual(result.return_value, 1)
        self.assertEqual(len(result.stdout.splitlines()), 3)
        self.assertIn("readings-000001-20261122.sqlite", result.stderr)


class TailTests(CommandTestCase):
    """
    Tests of C{dlms journal tail}.
    """

    def test_last(self) -> None:
        """
        The last records, whichever segment they are in.
        """
        for count in (0, 1, 3, 10):
            found = self.records("tail", "--json", "-n", str(count))
            self.assertEqual(
                [one["invocation_counter"] for one in found], [5, 9, 6, None][max(0, 4 - count) :]
            )

    def test_of_a_meter(self) -> None:
        """
        The last of one meter, though others came after.
        """
        found = self.records("tail", "--json", "-n", "1", "--meter", "house 7")
        self.assertEqual([one["invocation_counter"] for one in found], [5])

    def test_content_decides(self) -> None:
        """
        The last that have a reading, though none of the last records has.
        """
        journal = self.open()
        null = bytes.fromhex("00010001006600070f0000000200 00")
        self.append(journal, *(pushed(raw=null, received_at=NOON + 3 * DAY) for _ in range(30)))
        found = self.records("tail", "--json", "-n", "2", "--obis", "1-0:1.8.0.255")
        self.assertEqual([one["invocation_counter"] for one in found], [6, None])

    def test_follow(self) -> None:
        """
        What comes later is shown as it comes, each record once, over the end of a segment; an interrupt ends it.
        """
        journal = self.open()
        rounds = iter((7, 8))

        class Pause:
            def wait(pause, seconds: float) -> None:  # noqa: N805
                self.assertEqual(seconds, 0.5)
                number = next(rounds, None)
                if number is None:
                    raise KeyboardInterrupt
                at = NOON + number * DAY
                self.append(journal, opened(number, EPOCH, received_at=at), refused(number))

        with patch("dlms_twisted.cli.journal.threading.Event", Pause):
            found = self.records("tail", "--json", "-n", "1", "--follow")
        counters = [one["invocation_counter"] for one in found]
        self.assertEqual(counters, [None, 7, 7, 8, 8])


class ExportTests(CommandTestCase):
    """
    Tests of C{dlms journal export}.
    """

    def test_json_lines(self) -> None:
        """
        All records, with body, title, counter and octets.
        """
        found = self.records("export")
        self.assertEqual(len(found), 4)
        self.assertEqual(found[0]["body"], body(5).tree())
        self.assertEqual(found[0]["raw"], ciphered(5).hex())
        self.assertEqual(found, self.records("query", "--json"))

    def test_csv(self) -> None:
        """
        A row for each reading, and one for a record without any.
        """
        rows = list(csv.DictReader(io.StringIO(self.dlms("export", "--format", "csv").stdout)))
        self.assertEqual(len(rows), 2 + 2 + 2 + 1)
        self.assertEqual(list(rows[0]), list(COLUMNS))
        energy = rows[1]
        self.assertEqual(
            [
                energy[name]
                for name in ("meter", "invocation_counter", "authenticated", "obis", "unit")
            ],
            ["house 7", "5", "true", "1-0:1.8.0.255", "Wh"],
        )
        [none] = [row for row in rows if row["outcome"] == "refused"]
        self.assertEqual([none["reason"], none["obis"], none["value"]], ["unknown-key", "", ""])

    def test_into_a_file(self) -> None:
        """
        C{--output} names the file; nothing is printed.
        """
        path = Path(self.mktemp())
        result = self.dlms("export", "--output", str(path), "--outcome", "refused")
        self.assertEqual(result.stdout, "")
        [line] = path.read_text().splitlines()
        check("record.json", json.loads(line))

    def test_parquet_missing(self) -> None:
        """
        Without pyarrow, Parquet says what to install.
        """
        with patch.dict(sys.modules, {"pyarrow": None}):
            code, line = self.error(
                "export", "--journal", str(self.directory), "--format", "parquet"
            )
        self.assertEqual(code, 2)
        self.assertIn("dlms_twisted[arrow]", line)

    @skipUnless(parquet, "pyarrow is not installed")
    def test_parquet(self) -> None:
        """
        The same rows as in CSV, with types.
        """
        path = Path(self.mktemp())
        result = self.dlms("export", "--format", "parquet", "--output", str(path))
        self.assertIsNone(result.exception)
        rows = parquet.read_table(path).to_pylist()
        self.assertEqual(len(rows), 7)
        self.assertEqual(rows[1]["invocation_counter"], 5)
        self.assertIs(rows[1]["authenticated"], True)
        self.assertEqual(rows[1]["received_at"].isoformat(), "2026-11-22T12:00:00.000005+00:00")


class StatsTests(CommandTestCase):
    """
    Tests of C{dlms journal stats}.
    """

    def test_json(self) -> None:
        """
        The form of the schema, with the right numbers.
        """
        found = json.loads(self.dlms("stats", "--json").stdout)
        check("stats.json", found)
        self.assertEqual(found["accepted"], 3)
        self.assertEqual(found["refused"], {"unknown-key": 1})
        self.assertEqual(found["first"], "2026-11-22T12:00:00.000005Z")
        self.assertEqual(found["last"], "2026-11-24T12:00:00.000000Z")
        self.assertEqual([one["records"] for one in found["segments"]], [1, 1, 1, 1])

    def test_text(self) -> None:
        """
        For people: the same, with a table of segments.
        """
        shown = self.dlms("stats").stdout
        self.assertIn("accepted   3", shown)
        self.assertIn("unknown-key 1", shown)
        self.assertIn("2026-11-24", shown)


class VerifyTests(CommandTestCase):
    """
    Tests of C{dlms journal verify}.
    """

    def test_good(self) -> None:
        """
        A good journal: exit code 0.
        """
        result = self.dlms("verify", "--json")
        found = json.loads(result.stdout)
        check("verify.json", found)
        self.assertTrue(found["ok"])
        self.assertEqual(result.return_value, 0)
        self.assertIn(
            "4 segments (1 quarantine, 3 readings), 1 windows: good", self.dlms("verify").stdout
        )

    def test_bad(self) -> None:
        """
        A lost record is told: exit code 1.
        """
        path = segment_files(self.directory, READINGS)[0].path
        connection = sqlite3.connect(path)
        connection.execute("UPDATE record SET raw = x''")
        connection.commit()
        connection.close()
        result = self.dlms("verify", "--json")
        found = json.loads(result.stdout)
        check("verify.json", found)
        self.assertEqual(found["problems"], [f"{path.name}: record 1 has no octets"])
        self.assertEqual(result.return_value, 1)
        self.assertIn("1 problems", self.dlms("verify").stdout)


class RedecodeTests(CommandTestCase):
    """
    Tests of C{dlms journal redecode}.
    """

    def setUp(self) -> None:
        """
        Write a key file.
        """
        super().setUp()
        self.keys = Path(self.mktemp())
        self.keys.write_text(KEYS_TOML)
        self.keys.chmod(0o600)

    def test_accepted(self) -> None:
        """
        With the key what was kept raw is a reading, once.
        """
        given = ("--keys", str(self.keys), "--json")
        expected = {"looked_at": 1, "accepted": 1, "replays": 0, "refused": 0}
        found = json.loads(self.dlms("redecode", *given).stdout)
        check("redecode.json", found)
        self.assertEqual(found, expected)
        records = self.records("query", "--json", "--from", "2026-11-22")
        [one] = [one for one in records if one["invocation_counter"] == 9]
        self.assertEqual(
            (one["outcome"], one["meter"], one["body"]), ("accepted", KEYS.name, body(9).tree())
        )
        self.assertEqual(one["time"], "2026-11-22T12:00:00+01:00")
        self.assertEqual(json.loads(self.dlms("redecode", *given).stdout)["looked_at"], 0)

    def test_beside_a_collector(self) -> None:
        """
        A running collector need not be stopped.
        """
        journal = self.open()
        result = self.dlms("redecode", "--keys", str(self.keys))
        self.assertIn("1 are readings now", result.stdout)
        self.clock.advance(60)
        self.append(journal, pushed(78, received_at=NOON + 2 * DAY + SECOND))
        self.assertEqual(len(self.records("query", "--json", "--outcome", "accepted")), 5)

    def test_key_file_of_others(self) -> None:
        """
        A key file that others may read is refused, with the chmod that mends it.
        """
        self.keys.chmod(0o644)
        given = ("redecode", "--journal", str(self.directory), "--keys", str(self.keys))
        code, line = self.error(*given)
        self.assertEqual(code, 2)
        self.assertIn("chmod", line)

    def test_no_journal(self) -> None:
        """
        Nothing is made where there is no journal.
        """
        missing = Path(self.mktemp())
        code, line = self.error("redecode", "--journal", str(missing), "--keys", str(self.keys))
        self.assertEqual((code, missing.exists()), (1, False))
        self.assertIn("there is no journal", line)


assert TIME
