"""
What the plugins' options have in common: one-line errors, and exit code 2.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from twisted.python import usage

from dlms_twisted.errors import ConfigurationError

__all__ = ["OneLineOptions", "fail"]


def fail(text: str, code: int) -> SystemExit:
    """
    Print one line on standard error.

    @return: what to raise.
    """
    line = " ".join(text.split())
    print(line, file=sys.stderr)
    return SystemExit(code)


class OneLineOptions(usage.Options):
    """
    Options whose errors are one line, exit code 2: C{twistd} itself answers with its whole usage text, and 1.

    @cvar command: The name before the line.
    """

    command = ""

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        @raise SystemExit: an option or the configuration is wrong.
        """
        try:
            super().parseOptions(options)
        except (usage.UsageError, ConfigurationError) as error:
            raise fail(f"{self.command}: {error}", 2) from None
