"""
Tests of L{dlms_twisted.server.open_files}.
"""

from __future__ import annotations

import resource
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.open_files import allow_open_files


class OpenFilesTests(SynchronousTestCase):
    """
    The limit is raised where it may be.
    """

    def asked(self, count: int, soft: int, hard: int) -> list[Any]:
        """
        @return: what the limit was set to.
        """
        limits: list[Any] = []
        self.patch(resource, "getrlimit", lambda which: (soft, hard))
        self.patch(resource, "setrlimit", lambda which, both: limits.append(both))
        allow_open_files(count)
        return limits

    def test_enough(self) -> None:
        """
        Where it is high enough nothing is done.
        """
        self.assertEqual(self.asked(900, 1024, 4096), [])
        self.assertEqual(self.asked(10**6, resource.RLIM_INFINITY, resource.RLIM_INFINITY), [])

    def test_raised(self) -> None:
        """
        Else it is raised, as far as needed.
        """
        self.assertEqual(self.asked(2000, 1024, 4096), [(2064, 4096)])
        unlimited = resource.RLIM_INFINITY
        self.assertEqual(self.asked(2000, 1024, unlimited), [(2064, unlimited)])

    def test_refused(self) -> None:
        """
        Where the system forbids it, it is said with both numbers.
        """
        with self.assertRaises(ConfigurationError) as caught:
            self.asked(10_000, 1024, 4096)
        self.assertIn("10000 ports", str(caught.exception))
        self.assertIn("4096", str(caught.exception))
