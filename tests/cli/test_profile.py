"""
Tests of C{dlms profile}.
"""

from __future__ import annotations

import json

from dlms_twisted.testing import Fault
from tests.cli.meter_program import MANAGEMENT, METER, MeterProgramCase
from tests.schemas import check

_PROFILE = "1-0:99.1.0.255"


class ProfileTests(MeterProgramCase):
    """
    Tests of the command.
    """

    def rows(self, *words: str) -> list[str]:
        """
        @return: the lines that were printed.
        """
        return self.good("profile", METER, _PROFILE, *words, *MANAGEMENT).splitlines()

    def test_csv(self) -> None:
        """
        Labels with units, then rows; to a file the same.
        """
        lines = self.rows("--entries", "1:5")
        self.assertTrue(lines[0].startswith("clock,active_energy_import [Wh]"))
        self.assertEqual(len(lines), 6)
        path = self.folder / "rows.csv"
        self.assertEqual(self.rows("--entries", "1:5", "--csv", str(path)), [])
        self.assertEqual(path.read_text(encoding="utf-8").splitlines(), lines)

    def test_json(self) -> None:
        """
        A span of time, as JSON lines.
        """
        lines = self.rows(
            "--from", "2026-01-15T08:00+01:00", "--to", "2026-01-15T09:00+01:00", "--json"
        )
        self.assertEqual(len(lines), 5)
        for line in lines:
            check("row.json", json.loads(line))
        self.assertEqual(json.loads(lines[0])["cells"]["clock"], "2026-01-15T08:00:00+01:00")

    def test_open_ends(self) -> None:
        """
        From a time on, and up to a time; a meter's own time has no zone.
        """
        late = self.rows("--from", "2026-01-15T10:00", "--json")
        self.assertLessEqual(len(late), 5)
        everything = self.rows()
        early = self.rows("--to", "2026-01-15T09:59")
        self.assertEqual(len(early) + len(late), len(everything))

    def test_columns(self) -> None:
        """
        Columns by label and by code.
        """
        lines = self.rows("--entries", "1:2", "--column", "clock", "--column", "1-0:1.7.0.255")
        self.assertEqual(lines[0], "clock,active_power_import [W]")
        self.assertIn(
            "no column voltage",
            self.bad(1, "profile", METER, _PROFILE, "--column", "voltage", *MANAGEMENT),
        )

    def test_times(self) -> None:
        """
        A style of times that is said.
        """
        for style in ("deviation", "no-deviation", "no-status", "date-time"):
            lines = self.rows("--from", "2026-01-15T10:00", "--times", style)
            self.assertGreater(len(lines), 1, style)

    def test_tries(self) -> None:
        """
        A link that is lost in the middle: the next goes on after the last row, and no row is missing or there twice.
        """
        everything = self.rows("--from", "2026-01-10T00:00")
        self.meter.faults.add(Fault(kind="dropped", after=40, count=1))
        words = ("--from", "2026-01-10T00:00", "--tries", "2", "--max-pdu", "300")
        result = self.dlms("profile", METER, _PROFILE, *words, *MANAGEMENT)
        self.assertEqual(result.exit_code, 0, result.stderr)
        self.assertIn("once more", result.stderr)
        self.assertEqual(result.stdout.splitlines(), everything)

    def test_usage(self) -> None:
        """
        What contradicts itself, and what is no time or profile.
        """
        for words, said in (
            (("--entries", "1:2", "--from", "2026-01-01"), "entries"),
            (("--entries", "0:2"), "--entries"),
            (("--entries", "x"), "--entries"),
            (("--from", "yesterday"), "--from"),
            (("--from", "2026-01-01", "--to", "2026-01-01T00:00Z"), "zone"),
            (("--csv", "a", "--json"), "--csv"),
            (("--tries", "2", "--entries", "1:2"), "--tries"),
            (("--csv", str(self.folder)), str(self.folder)),
        ):
            self.assertIn(said, self.bad(2, "profile", METER, _PROFILE, *words, env={}))
        self.assertIn("hello", self.bad(2, "profile", METER, "hello", env={}))

    def test_refused(self) -> None:
        """
        An object that is no profile, or that is not there.
        """
        self.bad(1, "profile", METER, "1-0:99.77.0.255", *MANAGEMENT)
        self.bad(1, "profile", METER, "1-0:1.8.0.255", *MANAGEMENT)
