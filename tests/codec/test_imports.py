"""
What C{dlms_twisted.codec} brings in.
"""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

import dlms_twisted.codec

_PROGRAM = """
import importlib, json, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module("dlms_twisted.codec." + name)
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""


class ImportTests(SynchronousTestCase):
    """
    The codec can be used without Twisted.
    """

    def test_nothing_beyond_the_standard_library_and_attrs(self) -> None:
        """
        All modules of the room together import the standard library, attrs and themselves.
        """
        names = [module.name for module in pkgutil.iter_modules(dlms_twisted.codec.__path__)]
        self.assertGreater(len(names), 15)
        command = [sys.executable, "-c", _PROGRAM, *names]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        foreign = set(json.loads(done.stdout)) - sys.stdlib_module_names
        self.assertEqual(foreign, {"attr", "attrs", "dlms_twisted"})
