"""
The examples of the pages on associations and notifications are what happens.
"""

from __future__ import annotations

import doctest
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_PAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "services"


class PageTests(SynchronousTestCase):
    """
    Tests of the pages.
    """

    def examples(self, name: str) -> None:
        """
        Try all examples of a page.
        """
        page = str(_PAGES / name)
        failed, tried = doctest.testfile(page, module_relative=False, encoding="utf-8")
        self.assertEqual(failed, 0)
        self.assertGreater(tried, 10)

    def test_association(self) -> None:
        """
        C{association.rst}.
        """
        self.examples("association.rst")

    def test_notifications(self) -> None:
        """
        C{notifications.rst}.
        """
        self.examples("notifications.rst")
