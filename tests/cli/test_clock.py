"""
Tests of C{dlms clock}.
"""

from __future__ import annotations

import json

from tests.cli.meter_program import MANAGEMENT, METER, MeterProgramCase
from tests.schemas import check


class ClockTests(MeterProgramCase):
    """
    Tests of the command.
    """

    def form(self, *words: str) -> dict[str, object]:
        """
        @return: what was printed.
        """
        form = json.loads(self.good("clock", METER, "--json", *words, *MANAGEMENT))
        check("clock.json", form)
        assert isinstance(form, dict)
        return form

    def test_shown(self) -> None:
        """
        What it shows, and by how much it is ahead.
        """
        self.assertEqual(
            self.good("clock", METER, *MANAGEMENT), "2026-01-15T11:00:00+01:00  +0.0 s\n"
        )
        self.meter.meter.set_time(self.meter.meter.time() + 95.0)
        form = self.form()
        self.assertEqual((form["ahead"], form["set"], form["before"]), (95.0, None, None))

    def test_set(self) -> None:
        """
        Set to our time; how, and by how much it was off.
        """
        self.meter.meter.set_time(self.meter.meter.time() - 3600.0)
        form = self.form("--set")
        self.assertEqual((form["set"], form["before"], form["ahead"]), ("set", -3600.0, 0.0))
        self.meter.meter.set_time(self.meter.meter.time() + 10.0)
        line = self.good("clock", METER, "--set", *MANAGEMENT)
        self.assertTrue(line.endswith("+01:00  +0.0 s  (set, was +10.0 s)\n"), line)

    def test_zone(self) -> None:
        """
        In a zone that is said, and one that there is not.
        """
        self.meter.meter.set_time(self.meter.meter.time() + 7.0)
        self.assertEqual(self.form("--set", "--zone", "Europe/Berlin")["ahead"], 0.0)
        for name in ("Europe/Nowhere", "/etc/passwd", "Berlin time"):
            self.assertIn("zone", self.bad(2, "clock", METER, "--zone", name, env={}))

    def test_refused(self) -> None:
        """
        A client that may not set it.
        """
        self.meter.meter.set_time(self.meter.meter.time() + 3600.0)
        line = self.bad(1, "clock", METER, "--set", env={})
        self.assertRegex(line, r"dlms clock: 8/0-0:1\.0\.0\.255/2: [a-z-]+")
