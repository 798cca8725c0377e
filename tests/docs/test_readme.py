"""
What the README shows is what the documentation has, and what the tests run.
"""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.docs.pages import DOCS


class ReadmeTests(SynchronousTestCase):
    """
    The README.
    """

    def test_example(self) -> None:
        """
        Its program is C{docs/examples/load_profile.py}, which L{tests.docs.test_load_profile} runs.
        """
        readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
        example = (DOCS / "examples" / "load_profile.py").read_text(encoding="utf-8")
        (shown,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
        self.assertGreater(len(shown.splitlines()), 20)
        self.assertEqual(shown, example.split('"""\n\n', 1)[1])
