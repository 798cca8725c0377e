"""
Tests of L{dlms_twisted.cli.progress} and L{dlms_twisted.cli.running}.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cli.progress import progress_bar
from dlms_twisted.cli.running import guarded
from dlms_twisted.errors import DLMSError, LinkError


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class ProgressBarTests(SynchronousTestCase):
    """
    Tests of L{progress_bar}.
    """

    def shown(self, stream: io.StringIO, **options: Any) -> str:
        """
        @return: what was written while three things of five were done.
        """
        self.patch(sys, "stderr", stream)
        with progress_bar("things", **options) as update:
            update(1, None)
            update(3, 5)
        return stream.getvalue()

    def test_terminal(self) -> None:
        """
        A terminal shows how many are done.
        """
        shown = self.shown(_Terminal())
        self.assertIn("things", shown)
        self.assertIn("3/5", shown)

    def test_none(self) -> None:
        """
        Nothing where nobody watches, or where it would be in the way.
        """
        self.assertEqual(self.shown(io.StringIO()), "")
        self.assertEqual(self.shown(_Terminal(), shown=False), "")


class GuardedTests(SynchronousTestCase):
    """
    Tests of L{guarded}.
    """

    def code(self, error: BaseException | None) -> int:
        """
        @return: the exit code of a command that ends so.
        """

        async def main(_: Any) -> int:
            if error is not None:
                raise error
            return 7

        run = guarded(main, None, name="dlms test")
        return self.successResultOf(Deferred.fromCoroutine(run))

    def test_codes(self) -> None:
        """
        Its own, 0 when it is interrupted, 1 with a line for an error.
        """
        stream = io.StringIO()
        self.patch(sys, "stderr", stream)
        self.assertEqual([self.code(None), self.code(CancelledError())], [7, 0])
        self.assertEqual(self.code(LinkError("dropped", "gone")), 1)
        self.assertEqual(self.code(DLMSError("why")), 1)
        self.assertEqual(stream.getvalue(), "dlms test: dropped: gone\ndlms test: why\n")

    def test_nobody_reads(self) -> None:
        """
        A reader that has gone, as C{head} does, is no error to speak of; what follows goes nowhere.
        """
        reading, writing = os.pipe()
        os.close(reading)
        self.patch(sys, "stdout", os.fdopen(writing, "w", encoding="utf-8"))
        self.assertEqual(self.code(BrokenPipeError()), 1)
        print("more", file=sys.stdout)
        sys.stdout.close()
