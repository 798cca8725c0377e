"""
The pages of the documentation, and the commands that they show.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
from click.testing import CliRunner

from dlms_twisted.cli.main import main

__all__ = ["DOCS", "ShownCommand", "commands", "pages", "run"]

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"

_BLOCK = ".. code-block:: console"
#: Commands that need no meter, no daemon and no journal.
_TRIED = frozenset({"decode", "encode", "classes", "keys"})
#: A terminal as wide as this, and no keys but those on the page.
_ENVIRONMENT = {"COLUMNS": "120", "DLMS_EK": None, "DLMS_AK": None, "DLMS_DEK": None}


class ShownCommand(NamedTuple):
    """
    A command on a page.

    @ivar line: Where, from 1.
    @ivar text: The command, its continuation lines joined.
    @ivar output: What the page says that it prints; empty where the page shows nothing.
    """

    line: int
    text: str
    output: str


def pages() -> list[Path]:
    """
    @return: every page, in order.
    """
    return sorted(path for path in DOCS.rglob("*.rst") if "_build" not in path.parts)


def commands(page: Path) -> Iterator[ShownCommand]:
    """
    @return: the commands after C{$} in the page's console blocks, in order.
    """
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        number += 1
        if lines[number - 1].strip() != _BLOCK:
            continue
        start = number
        while number < len(lines) and (not lines[number].strip() or lines[number][0] == " "):
            number += 1
        yield from _in_block(lines[start:number], start)


def _in_block(block: list[str], start: int) -> Iterator[ShownCommand]:
    margin = min((len(one) - len(one.lstrip()) for one in block if one.strip()), default=0)
    found: list[tuple[int, str, list[str]]] = []
    continued = False
    for offset, line in enumerate(one[margin:] for one in block):
        if line.startswith("$ "):
            found.append((start + offset + 1, line[2:], []))
        elif continued:
            number, text, output = found.pop()
            found.append((number, f"{text[:-1].rstrip()} {line.strip()}", output))
        elif found:
            found[-1][2].append(line.rstrip())
        continued = line.endswith("\\")
    for number, text, output in found:
        yield ShownCommand(number, text, "\n".join(output).strip("\n"))


def run(shown: ShownCommand) -> tuple[int, str] | None:
    """
    Run a command as a shell would: C{NAME=VALUE dlms …} or C{echo TEXT | dlms …}, nothing else.

    @return: its exit code and what it printed, or C{None} for one that a test cannot run.
    """
    words = shlex.split(shown.text)
    fed = ""
    if words[0] == "echo" and "|" in words:
        bar = words.index("|")
        fed, words = " ".join(words[1:bar]) + "\n", words[bar + 1 :]
    environment: dict[str, str | None] = dict(_ENVIRONMENT)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if words[0] != "dlms" or words[1] not in _TRIED or "|" in words or ">" in words:
        return None
    result = CliRunner().invoke(_dlms, words[1:], input=fed, env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    printed = "\n".join(line.rstrip() for line in result.output.splitlines())
    return result.exit_code, printed.strip("\n")


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def _dlms(words: tuple[str, ...]) -> None:
    # The console script itself, with its exit codes.
    main(list(words))
