"""
Methods that are written as coroutines and give Deferreds.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred

__all__ = ["deferring"]

P = ParamSpec("P")
T = TypeVar("T")


def deferring(method: Callable[P, Coroutine[Deferred[Any], Any, T]]) -> Callable[P, Deferred[T]]:
    """
    @return: C{method}, begun at once, as a Deferred; cancelling it cancels what the coroutine waits for.
    """

    @wraps(method)
    def begun(*args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return Deferred.fromCoroutine(method(*args, **kwargs))

    return begun
