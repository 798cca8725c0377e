"""
What the pages of the documentation show is what happens.
"""

from __future__ import annotations

import doctest
import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.pages import DOCS, commands, pages, run

#: Their commands work on files of their own, or talk to a meter; L{tests.cli.test_keys_docs} and
#: L{tests.docs.test_howto} run them.
_ELSEWHERE = frozenset({"keys.rst", *(path.name for path in DOCS.glob("howto/*.rst"))})

#: The pages that the services are explained on, each with an example in Python and one on the command line.
_SERVICES = (
    "access",
    "action",
    "association",
    "block-transfer",
    "ciphered",
    "data-types",
    "data-notification",
    "errors",
    "event-notification",
    "gateway",
    "general-ciphering",
    "general-signing",
    "get",
    "set",
    "short-names",
)


class ExampleTests(SynchronousTestCase):
    """
    Tests of all examples.
    """

    def elsewhere(self) -> None:
        """
        Go to an empty folder until the test ends: some commands write files.
        """
        self.addCleanup(os.chdir, Path.cwd())
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        os.chdir(folder)

    def test_python(self) -> None:
        """
        Each example in Python gives what the page shows.
        """
        tried = {}
        for page in pages():
            self.elsewhere()
            failed, tried[page] = doctest.testfile(
                str(page), module_relative=False, encoding="utf-8"
            )
            self.assertEqual(failed, 0, page)
        self.assertGreater(sum(tried.values()), 150)

    def test_commands(self) -> None:
        """
        Each command ends well and prints what the page shows, or else fails with the message shown.
        """
        tried = 0
        for page in pages():
            self.elsewhere()
            for shown in commands(page) if page.name not in _ELSEWHERE else ():
                result = run(shown)
                if result is None:
                    continue
                code, printed = result
                where = f"{page}, line {shown.line}: {shown.text}"
                if shown.output:
                    self.assertEqual(printed, shown.output, where)
                failing = any(line.startswith("dlms ") for line in shown.output.splitlines())
                self.assertEqual(code != 0, failing, f"{where}: exit code {code}: {printed}")
                tried += 1
        self.assertGreater(tried, 25)

    def test_each_service(self) -> None:
        """
        There is a page for each service, and each has both kinds of example.
        """
        for name in _SERVICES:
            page = DOCS / "services" / f"{name}.rst"
            self.assertIn(">>> ", page.read_text(encoding="utf-8"), name)
            self.assertTrue([one for one in commands(page) if run(one) is not None], name)
