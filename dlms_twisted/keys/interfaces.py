"""
What the rest asks of a key store.
"""

# Methods of interfaces have no self.
# ruff: noqa: N805

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final, Literal, NamedTuple

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from dlms_twisted.security.keys import MeterKeys

__all__ = ["MISS", "Change", "IKeyStore", "ITransmitCounters", "Miss"]


class Miss(Enum):
    """
    The type of L{MISS}.
    """

    MISS = "miss"


#: The answer of C{cached} that means: not known here, ask C{fetch}.
MISS: Final[Literal[Miss.MISS]] = Miss.MISS


class Change(NamedTuple):
    """
    What a store says to its watchers.

    @ivar titles: System titles whose keys or policy came, changed or went; L{None} where any may have.
    @ivar default: Did the keys or the policy for all others change?
    """

    titles: frozenset[bytes] | None
    default: bool = False


class IKeyStore(Interface):
    """
    Keys by system title.

    A store that is asked for a title that it does not list answers with its default keys where it has some, so that
    C{None} always means "no key can open this".
    """

    default = Attribute(
        "L{MeterKeys} for titles that are absent or not listed, or C{None} where no key is known for them."
    )
    default_policy = Attribute(
        "The L{Policy<dlms_twisted.security.policy.Policy>} for frames of nobody that is listed."
    )

    def cached(title: bytes | None) -> MeterKeys | Miss | None:
        """
        Ask without waiting: the path of each push.

        @param title: Eight octets; C{None} (or none) where the frame holds no title.

        @return: keys; C{None} where it is known that there are none; L{MISS} where only C{fetch} can tell.
        """

    def fetch(title: bytes | None) -> Deferred[MeterKeys | None]:
        """
        Ask, and wait if need be.

        @return: fires with keys or C{None}; fails with L{KeyStoreError<dlms_twisted.errors.KeyStoreError>} where the
            store cannot tell.  Cancelling it gives up the waiting of this caller only.
        """

    def by_name(text: str) -> MeterKeys | None:
        """
        @param text: A configured name, or a system title in hex.

        @return: that meter's keys, C{None} where none is listed so.
        """

    def titles() -> Iterator[bytes]:
        """
        @return: every system title that is listed, as far as the store can list them.
        """

    def promote(title: bytes | None, epoch: str) -> MeterKeys | None:
        """
        Tell that a key to come has verified a message's tag: from now on it is the current one.

        @param epoch: As L{Opened<dlms_twisted.security.opening.Opened>} says, with C{pending} true.

        @return: the keys as they are now.
        """

    def check() -> Deferred[bool]:
        """
        Look whether the source of the keys changed, and read it again if so; called every second or two.

        @return: fires with whether any keys changed; it never fails.
        """

    def reload() -> Deferred[bool]:
        """
        Read the source of the keys again, as at SIGHUP.  A broken one leaves the old keys, with a line in the log.

        @return: fires with whether any keys changed; it never fails.
        """

    def watch(callback: Callable[[Change], None]) -> None:
        """
        Have C{callback} called after each change.
        """

    def close() -> None:
        """
        Let go of files and threads.  The store answers C{None} afterwards.
        """


class ITransmitCounters(Interface):
    """
    Invocation counters of what we send: none is ever given twice for one title and key.
    """

    def next(title: bytes, epoch: str) -> int:
        """
        @param title: Our system title, as in the nonce.
        @param epoch: Of the encryption key.

        @return: a counter that was never given before.

        @raise CounterExhaustedError: all were given: the key must be changed.
        """

    def at_least(title: bytes, epoch: str, counter: int) -> None:
        """
        Give no counter below C{counter}, for example one more than a meter says it has seen.
        """
