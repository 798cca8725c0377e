"""
A sink for pushes that are only looked at: nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from twisted.internet.defer import Deferred, succeed

from dlms_twisted.store.record import Record, checked_id
from dlms_twisted.store.redecode import Redecoded, Reopen
from dlms_twisted.store.windows import WindowTable

__all__ = ["Nowhere"]


class Nowhere:
    """
    Stands where a journal stands, and forgets.

    @ivar windows: Replay windows, in memory only.
    """

    writable = True

    def __init__(self) -> None:
        self.windows = WindowTable(lambda _title, _epoch: None, lambda *_: frozenset(), 1 << 20)
        self._count = 0

    def append(self, records: Sequence[Record]) -> Deferred[list[str]]:
        """
        @return: has fired already, with the identities; records without one of their own are numbered.
        """
        return succeed([self._identity(record) for record in records])

    def _identity(self, record: Record) -> str:
        if record.checked:
            return checked_id(record.title, record.epoch, record.counter)
        self._count += 1
        return str(self._count)

    def add_observer(self, observer: Callable[[bool, str], None]) -> None:
        """
        There is nothing to tell: it can always be written.
        """

    def redecode(
        self, reopen: Reopen, titles: Collection[bytes] | None = None
    ) -> Deferred[Redecoded]:
        """
        @return: has fired already: nothing was kept.
        """
        return succeed(Redecoded())

    def close(self) -> Deferred[None]:
        """
        @return: has fired already.
        """
        return succeed(None)
