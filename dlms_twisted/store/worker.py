"""
Where the disk's work is done: a thread of its own, or at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["InlineWorker", "ThreadWorker", "Worker"]

_T = TypeVar("_T")


class Worker(Protocol):
    """
    Does one job after the other, in the order in which they were given.
    """

    def submit(self, job: Callable[[], _T]) -> Deferred[_T]:
        """
        @return: fires with what C{job} returns, or fails with what it raises.  Cancelling it does not
            stop the job.
        """
        ...

    def stop(self) -> None:
        """
        Take no more jobs; those that were given are done.
        """
        ...


class InlineWorker:
    """
    Does each job at once, in the caller's thread: for tests and for programs without a reactor.
    """

    def submit(self, job: Callable[[], _T]) -> Deferred[_T]:
        """
        @return: has fired already.
        """
        done: Deferred[_T] = Deferred()
        try:
            result = job()
        except Exception:
            done.errback(Failure())
        else:
            done.callback(result)
        return done

    def stop(self) -> None:
        """
        There is nothing to stop.
        """


class ThreadWorker:
    """
    One thread with a queue.
    """

    def __init__(self, call_from_thread: Callable[..., Any], name: str) -> None:
        """
        @param call_from_thread: The reactor's C{callFromThread}.
        @param name: The thread's name.
        """
        self._call = call_from_thread
        self._jobs: SimpleQueue[tuple[Callable[[], Any], Deferred[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], _T]) -> Deferred[_T]:
        """
        Put C{job} at the end of the queue; somebody who no longer waits for it does not stop it.
        """
        done: Deferred[_T] = Deferred()
        self._jobs.put((job, done))
        return done

    def stop(self) -> None:
        """
        End the thread after the jobs that it was given.
        """
        self._jobs.put(None)

    def join(self) -> None:
        """
        Wait until the thread has ended.
        """
        self._thread.join()

    def _run(self) -> None:
        while (given := self._jobs.get()) is not None:
            job, done = given
            try:
                result = job()
            except Exception:
                self._call(done.errback, Failure())
            else:
                self._call(done.callback, result)
