"""
Which refused messages are kept: so many a second of one host and of all, so that nobody fills the disk.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.store.limits import QuarantineLimits
from dlms_twisted.store.record import Record

__all__ = ["DROPPED_ALL", "DROPPED_PEER", "Admission"]

#: Counter of refused messages that were not kept because their peer had sent too many.
DROPPED_PEER: Final = "quarantine-dropped-peer-rate"
#: The same for all peers together.
DROPPED_ALL: Final = "quarantine-dropped-rate"

_SECOND: Final = 1_000_000


class _Bucket:
    """
    Tokens that come at a rate and can be saved up to a burst.
    """

    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float, at: int) -> None:
        self.tokens = tokens
        self.at = at

    def fill(self, now: int, rate: float, burst: float) -> float:
        """
        @param now: Microseconds.

        @return: the tokens there are.
        """
        if now > self.at:
            self.tokens = min(burst, self.tokens + (now - self.at) * rate / _SECOND)
        self.at = now
        return self.tokens


class Admission:
    """
    Judges refused messages by rate, in bounded memory.
    """

    def __init__(self, limits: QuarantineLimits) -> None:
        self._limits = limits
        self._all = _Bucket(limits.burst, 0)
        self._young: dict[str, _Bucket] = {}
        self._old: dict[str, _Bucket] = {}

    def dropped(self, record: Record) -> str | None:
        """
        @return: the counter that says why C{record} is not kept, or L{None} if it is.
        """
        limits = self._limits
        now = record.received_at
        cost = 1 + (len(record.raw) >> 10)
        peer = self._bucket(record.peer.rpartition(":")[0] or record.peer, now)
        if peer.fill(now, limits.peer_rate, limits.peer_burst) < cost:
            return DROPPED_PEER
        if self._all.fill(now, limits.rate, limits.burst) < cost:
            return DROPPED_ALL
        peer.tokens -= cost
        self._all.tokens -= cost
        return None

    def _bucket(self, host: str, now: int) -> _Bucket:
        bucket = self._young.get(host)
        if bucket is None:
            bucket = self._old.pop(host, None) or _Bucket(self._limits.peer_burst, now)
            if len(self._young) >= self._limits.peers // 2:
                self._old = self._young
                self._young = {}
            self._young[host] = bucket
        return bucket
