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

__all__ = ["run"]


def run(main: Callable[[Any], Coroutine[Deferred[Any], Any, int]], *, name: str) -> int:
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

    async def guarded(reactor: Any) -> None:
        try:
            codes.append(await main(reactor))
        except CancelledError:
            codes.append(0)
        except DLMSError as error:
            click.echo(f"{name}: {error}", err=True)
            codes.append(1)
        except BrokenPipeError:
            # Nobody reads any more; what is still to be written must not say so again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            codes.append(1)

    def begin(reactor: Any) -> Deferred[None]:
        running = Deferred.fromCoroutine(guarded(reactor))

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
