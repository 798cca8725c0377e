"""
Commands that need the reactor: run a coroutine in it, logs on standard error, and leave with an exit code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import click
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import react
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

from dlms_twisted.errors import DLMSError

__all__ = ["guarded", "run"]

#: What a command does, with the reactor; it gives the exit code.
Main = Callable[[Any], Coroutine[Deferred[Any], Any, int]]


async def guarded(main: Main, reactor: Any, *, name: str) -> int:
    """
    @param name: Of the command, for errors.

    @return: the exit code of C{main}, or of the error that it raises, which is told in one line.
    """
    try:
        return await main(reactor)
    except CancelledError:
        return 0
    except DLMSError as error:
        click.echo(f"{name}: {error}", err=True)
    except BrokenPipeError:
        # Nobody reads any more; what is still to be written must not say so again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def run(main: Main, *, name: str) -> int:
    """
    Run a command in the reactor.

    @param main: Called with the reactor; an interrupt cancels it.
    @param name: Of the command, for errors.

    @return: the exit code.
    """
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    quiet = FilteringLogObserver(textFileLogObserver(sys.stderr), [levels])
    globalLogBeginner.beginLoggingTo([quiet], redirectStandardIO=False)
    codes: list[int] = []

    async def finish(reactor: Any) -> None:
        codes.append(await guarded(main, reactor, name=name))

    def begin(reactor: Any) -> Deferred[None]:
        running = Deferred.fromCoroutine(finish(reactor))

        def interrupted() -> Deferred[None] | None:
            # The command ends in its own time: what it took in is committed, and its summary printed.
            if codes:
                return None
            ended: Deferred[None] = Deferred()
            running.addBoth(lambda _: ended.callback(None))
            running.cancel()
            return ended

        reactor.addSystemEventTrigger("before", "shutdown", interrupted)
        return running

    try:
        react(begin)
    except SystemExit as stopped:
        if not codes:
            return int(stopped.code or 0)
    return codes[0]
