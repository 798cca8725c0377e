"""
The commands of C{docs/keys.rst} and the settings of C{docs/configuration.rst} do what they say.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.config import check_collector, load_collector
from dlms_twisted.keys.toml_store import parse_key_table
from tests.cli.keys_program import run
from tests.keys.samples import AK, EK, NEW_EK, OTHER

_DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def blocks(name: str, language: str) -> list[str]:
    """
    @return: the code blocks of a page, without their indentation.
    """
    text = (_DOCS / name).read_text(encoding="utf-8")
    found = re.findall(rf"\.\. code-block:: {language}\n\n((?:    .*\n|\n)+)", text)
    return [re.sub("^    ", "", block, flags=re.MULTILINE).strip("\n") for block in found]


class DocsTests(SynchronousTestCase):
    """
    Tests of the pages.
    """

    def setUp(self) -> None:
        """
        A folder to work in, with the list that the page imports.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        before = os.getcwd()
        os.chdir(folder)
        self.addCleanup(os.chdir, before)
        lines = ["title,GUEK"] + [f"{title.hex()},{NEW_EK.hex()}" for title in (OTHER, b"\1" * 8)]
        Path("meters.csv").write_text("\n".join(lines))
        Path("meters.csv").chmod(0o600)

    def test_commands(self) -> None:
        """
        Each command succeeds, and prints what the page shows.
        """
        environment = {"EK": EK.hex(), "AK": AK.hex()}
        commands = 0
        for block in blocks("keys.rst", "console"):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = part.strip().partition("\n")
                program, *arguments = shlex.split(command)
                self.assertEqual(program, "dlms")
                result = run(*arguments, environment=environment)
                self.assertEqual(result.exit_code, 0, f"{command}\n{result.output}")
                printed = [" ".join(line.split()) for line in result.output.splitlines()]
                for line in shown.splitlines():
                    self.assertIn(" ".join(line.split()), printed, command)
                commands += 1
        self.assertGreater(commands, 8)

    def test_key_file(self) -> None:
        """
        The example of a key file is one.
        """
        (example,) = blocks("keys.rst", "toml")
        self.assertEqual(len(parse_key_table(example.encode(), "keys.toml").meters), 1)

    def test_settings(self) -> None:
        """
        The example of a settings file says each setting once, and is accepted.
        """
        (example,) = blocks("configuration.rst", "toml")
        Path("collector.toml").write_text(example)
        settings = load_collector("collector.toml")
        check_collector(settings)
        self.assertEqual([source.label for source in settings.sources], [None, None, None, "north"])

    def test_all_settings(self) -> None:
        """
        No setting that the loader knows is missing from the page.
        """
        from tests.test_config import FULL

        (example,) = blocks("configuration.rst", "toml")
        names = re.compile(r"^(\w+) =|^\[+(\w+)\]+", re.MULTILINE)
        self.assertEqual(
            {name for found in names.findall(FULL) for name in found if name}
            - {name for found in names.findall(example) for name in found if name},
            set(),
        )
