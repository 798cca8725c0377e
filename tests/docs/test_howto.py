"""
The commands of the pages in C{docs/howto} print what the pages show, against a meter in memory.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from tests.cli.meter_program import MeterProgramCase
from tests.docs.pages import DOCS, commands

_PAGES = sorted(DOCS.glob("howto/*.rst"))
#: What the simulation of the pages writes, for a meter with these keys.
_KEYS = """
[[meter]]
name = "meter 1"
system_title = "53494D0000000001"
encryption_key = "{DLMS_EK}"
authentication_key = "{DLMS_AK}"
"""


def _pattern(shown: str) -> str:
    """
    @return: what matches the output of a page, in which C{...} stands for anything, also for lines.
    """
    return ".*".join(re.escape(part) for part in shown.split("..."))


class HowtoTests(MeterProgramCase):
    """
    Tests of the pages.
    """

    def test_commands(self) -> None:
        """
        Each command prints what is shown, and fails where that is shown.
        """
        tried = 0
        here = Path.cwd()
        self.addCleanup(os.chdir, here)
        for page in _PAGES:
            os.chdir(here)
            self.setUp()
            self.prepare()
            os.chdir(self.folder)
            for shown in commands(page):
                words = shlex.split(shown.text)
                self.assertEqual(words[0], "dlms")
                result = self.dlms(*words[1:], env={"DLMS_CONFIG": "meters.toml"})
                where = f"{page}, line {shown.line}: {shown.text}"
                printed = "\n".join(line.rstrip() for line in result.output.splitlines())
                if shown.output:
                    matched = re.fullmatch(_pattern(shown.output), printed, re.DOTALL)
                    self.assertTrue(matched, f"{where}: {printed}")
                failing = any(line.startswith("dlms") for line in shown.output.splitlines())
                self.assertEqual(result.exit_code != 0, failing, f"{where}: {printed}")
                tried += 1
        self.assertGreater(tried, 25)

    def prepare(self) -> None:
        """
        Write the files that the pages work with: the configuration is that of C{names.rst}.
        """
        text = (DOCS / "howto" / "names.rst").read_text(encoding="utf-8")
        found = re.search(r"\.\. code-block:: toml\n\n((?:    .*\n|\n)+)", text)
        assert found is not None
        book = re.sub("^    ", "", found[1], flags=re.MULTILINE)
        files = {
            "meters.toml": book.encode(),
            "keys.toml": _KEYS.format(**self.keys).encode(),
            "firmware.bin": bytes(5000),
        }
        for name, octets in files.items():
            path = self.folder / name
            path.write_bytes(octets)
            path.chmod(0o600)
