"""
The translator can be used without Twisted.
"""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase


class ImportTests(SynchronousTestCase):
    """
    What an import brings in.
    """

    def test_no_twisted(self) -> None:
        """
        Importing the translator imports neither Twisted nor an event loop.
        """
        script = (
            "import sys, dlms_twisted.translate.translator\n"
            "print(sorted({name.split('.')[0] for name in sys.modules}"
            " & {'twisted', 'zope', 'asyncio', 'serial', 'click', 'rich'}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        self.assertEqual(done.stdout.strip(), "[]")
