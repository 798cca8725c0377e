"""
The page C{docs/security.rst} says what is so.
"""

from __future__ import annotations

import doctest
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import Reason

_PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "security.rst"


class PageTests(SynchronousTestCase):
    """
    Tests of the page.
    """

    def test_examples(self) -> None:
        """
        The examples do what they show.
        """
        failed, tried = doctest.testfile(str(_PAGE), module_relative=False, encoding="utf-8")
        self.assertEqual(failed, 0)
        self.assertGreater(tried, 10)

    def test_reasons(self) -> None:
        """
        The reasons on the page are reasons.
        """
        page = _PAGE.read_text(encoding="utf-8")
        section = page[page.index("What is refused") : page.index("Replay windows")]
        rows = [line.split("``")[1] for line in section.splitlines() if line.startswith("``")]
        self.assertEqual(len(rows), 9)
        self.assertLessEqual(set(rows), {str(reason) for reason in Reason})
