"""
Runs C{dlms} as the console script does, for tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from click.testing import CliRunner, Result

from dlms_twisted.cli.main import dlms, main

__all__ = ["run"]


class _Program:
    """
    What click's runner takes for a command: the console script with its own way to tell errors.
    """

    name = "dlms"

    def main(self, args: list[str], prog_name: str, **_: Any) -> None:
        """
        Run it.
        """
        main(list(args))


def run(
    *arguments: str, stdin: str | bytes | None = None, environment: Mapping[str, str] | None = None
) -> Result:
    """
    @return: exit code, output and errors of C{dlms} with these arguments.
    """
    assert dlms.name == "dlms"
    program: Any = _Program()
    return CliRunner().invoke(program, list(arguments), input=stdin, env=environment)
