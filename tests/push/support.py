"""
A pipeline with fakes all round it, on a clock that stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from dlms_twisted.keys.interfaces import IKeyStore
from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore
from dlms_twisted.push.collector import Collector
from dlms_twisted.push.nowhere import Nowhere
from dlms_twisted.push.source import Source
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.server.push_meter import PushMeter
from dlms_twisted.store.record import Record

__all__ = ["HeldJournal", "Rig", "keys_of"]


class HeldJournal(Nowhere):
    """
    A journal whose commits wait until they are let through.

    @ivar records: All that was appended.
    @ivar waiting: How many appends are not committed.
    """

    def __init__(self, *, held: bool = False) -> None:
        super().__init__()
        self.records: list[Record] = []
        self._held = held
        self._waiting: list[tuple[Deferred[list[str]], list[str]]] = []
        self._observers: list[Callable[[bool, str], None]] = []
        self.closed = False

    @property
    def waiting(self) -> int:
        """
        How many appends are not committed.
        """
        return len(self._waiting)

    def append(self, records: Sequence[Record]) -> Deferred[list[str]]:
        """
        Keep them; commit now or later.
        """
        self.records += records
        identities = [self._identity(record) for record in records]
        done: Deferred[list[str]] = Deferred()
        self._waiting.append((done, identities))
        if not self._held:
            self.commit()
        return done

    def commit(self) -> None:
        """
        Commit all that waits.
        """
        waiting, self._waiting = self._waiting, []
        for done, identities in waiting:
            done.callback(identities)

    def add_observer(self, observer: Callable[[bool, str], None]) -> None:
        """
        Remember who wants to know.
        """
        self._observers.append(observer)

    def set_writable(self, writable: bool) -> None:
        """
        Fill the disk, or free it.
        """
        self.writable = writable
        for observer in self._observers:
            observer(writable, "disk full")

    def close(self) -> Deferred[None]:
        """
        Commit and close.
        """
        self.commit()
        self.closed = True
        return super().close()


def keys_of(meter: PushMeter, **changes: Any) -> MeterKeys:
    """
    @return: the meter's keys as a collector lists them.
    """
    from attrs import evolve

    return evolve(meter.keys, **changes)


class Rig:
    """
    A collector that is given datagrams by hand.

    @ivar records: What it made of them.
    """

    def __init__(
        self,
        meters: Sequence[MeterKeys] = (),
        *,
        store: IKeyStore | None = None,
        default: MeterKeys | None = None,
        policy: Policy = Policy.ENCRYPTED,
        source: Source | None = None,
        journal: HeldJournal | None = None,
        **more: Any,
    ) -> None:
        self.clock = Clock()
        self.clock.advance(1_790_000_000)
        self.journal = journal or HeldJournal()
        if store is None:
            # A store of no meters is false.
            store = MemoryKeyStore(KeyTable.of(meters, default, policy))
        self.store = store
        self.collector = Collector(self.clock, self.store, self.journal, **more)
        self.source = source or Source(label="udp:4059")
        self.deliver = self.collector.pipeline.datagrams(self.source)
        self.counters = self.collector.counters

    def send(
        self, *datagrams: bytes, port: Any = None, peer: Any = ("192.0.2.1", 4000)
    ) -> list[Record]:
        """
        Deliver datagrams and let the pipeline work.

        @return: the records made of them.
        """
        before = len(self.journal.records)
        for datagram in datagrams:
            self.deliver(port, datagram, peer)
        self.turn()
        return self.journal.records[before:]

    def turn(self) -> None:
        """
        Let the reactor turn until there is nothing to do at once.
        """
        self.clock.advance(self.collector.pipeline.GATHER)
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)
