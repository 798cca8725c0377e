"""
Probable repeats among messages that no replay window judges: flagged, never dropped.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.store.record import Record

__all__ = ["Repeats"]

#: Microseconds for which a message is remembered that says when it was made (by time or counter).
_DISTINCT: Final = 86_400_000_000
#: The same for one that does not: its next reading may well have the same octets.
_INDISTINCT: Final = 1_000_000


class Repeats:
    """
    Remembers the octets of late messages, in bounded memory.

    The same octets from the same host are a repeat: within a day where they hold a time or a counter, so that a
    second message cannot have them by chance, else within a second.
    """

    def __init__(self, size: int = 32_768) -> None:
        """
        @param size: Messages remembered at most.
        """
        self._half = max(1, size // 2)
        self._young: dict[int, tuple[int, str]] = {}
        self._old: dict[int, tuple[int, str]] = {}

    def earlier(self, record: Record, identity: str) -> str | None:
        """
        Remember C{record} as C{identity}.

        @return: the identity of the message that it repeats.
        """
        key = _key(record.raw, record.peer, record.medium)
        found = self._young.get(key) or self._old.get(key)
        if found is not None:
            distinct = record.time is not None or record.counter is not None
            if abs(record.received_at - found[0]) <= (_DISTINCT if distinct else _INDISTINCT):
                return found[1]
        self._remember(key, record.received_at, identity)
        return None

    def learn(self, raw: bytes, peer: str, medium: str, received_at: int, identity: str) -> None:
        """
        Remember a record of an earlier process.
        """
        self._remember(_key(raw, peer, medium), received_at, identity)

    def _remember(self, key: int, received_at: int, identity: str) -> None:
        self._young[key] = (received_at, identity)
        if len(self._young) >= self._half:
            self._old = self._young
            self._young = {}


def _key(raw: bytes, peer: str, medium: str) -> int:
    return hash((raw, peer.rpartition(":")[0], medium))
