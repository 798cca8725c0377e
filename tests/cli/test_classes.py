"""
Tests for L{dlms_twisted.cli.classes}.
"""

from __future__ import annotations

import json

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cli.classes import command
from tests.schemas import check


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


class ClassesTests(SynchronousTestCase):
    """
    Tests of C{dlms classes}.
    """

    def test_json(self) -> None:
        """
        One JSON line a class and version, each as its schema says.
        """
        lines = _run("--json").stdout.splitlines()
        self.assertGreater(len(lines), 105)
        for line in lines:
            check("class.json", json.loads(line))

    def test_one(self) -> None:
        """
        A class by number, by part of its name, in one version, and one that is not known.
        """
        shown = _run("70").stdout
        self.assertIn("Disconnect control", shown)
        self.assertIn("remote_reconnect", shown)
        self.assertIn("2 ready-for-reconnection", shown)
        self.assertIn("Push setup", _run("push").stdout)
        [line] = _run("40", "--version", "2", "--json").stdout.splitlines()
        self.assertEqual(json.loads(line)["version"], 2)
        self.assertIn("class 9999", _run("9999").stdout)

    def test_code(self) -> None:
        """
        An OBIS code shows its name.
        """
        self.assertEqual(_run("1-0:1.8.0").stdout, "1-0:1.8.0.255  active energy import\n")
        form = json.loads(_run("1-0:1.8.1", "--json").stdout)
        self.assertEqual(form["name"], "active energy import, tariff 1")

    def test_list(self) -> None:
        """
        Without an argument all classes are listed.
        """
        self.assertIn("Profile generic", _run().stdout)

    def test_wrong(self) -> None:
        """
        A name that no class has and a wrong OBIS code are usage errors.
        """
        self.assertEqual(_run("nosuch").exit_code, 2)
        self.assertEqual(_run("1-0:1.8.999").exit_code, 2)
