"""
Journals for benchmarks: records as a collector appends them, and large journals made quickly.

C{python -m benchmarks._journals DIRECTORY RECORDS METERS} makes one; ten million records take some minutes and 5 GB.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from dlms_twisted.store.disk import Disk
from dlms_twisted.store.journal import Journal
from dlms_twisted.store.limits import StoreLimits
from dlms_twisted.store.record import ACCEPTED, Record
from dlms_twisted.store.worker import InlineWorker

__all__ = ["EPOCH", "accept", "fill", "open_journal", "records", "title_of"]

EPOCH = "0badc0de"
#: 2026-11-01 in microseconds.
_START = 1_793_491_200_000_000
#: A 200-octet push in its envelope and wrapper frame.
_RAW = os.urandom(242)
_PLAIN = os.urandom(200)
_BATCH = 10_000


class _Careless(Disk):
    """
    A large journal for a benchmark need not outlive a loss of power while it is made.
    """

    synchronous = "OFF"


def title_of(meter: int) -> bytes:
    """
    @return: the system title of a meter.
    """
    return b"BEN" + meter.to_bytes(5, "big")


def records(count: int, meters: int, counter: int = 1, spacing: int = 1000) -> Iterator[Record]:
    """
    @param counter: Of the first push of each meter.
    @param spacing: Microseconds between two pushes.

    @return: pushes of C{meters} meters in turn.
    """
    names = [f"meter {meter}" for meter in range(meters)]
    for number in range(count):
        turn, meter = divmod(number, meters)
        mark = number.to_bytes(8, "big")
        yield Record(
            received_at=_START + (counter * meters + number) * spacing,
            source="udp:4059",
            peer="192.0.2.1:50000",
            medium="wrapper",
            outcome=ACCEPTED,
            reason=None,
            title=title_of(meter),
            epoch=EPOCH,
            counter=counter + turn,
            authenticated=True,
            raw=mark + _RAW[8:],
            plain=mark + _PLAIN[8:],
            meter=names[meter],
            time=None,
            checked=True,
            detail=None,
        )


def open_journal(directory: Path, *, careless: bool = False, clock: Clock | None = None) -> Journal:
    """
    @param careless: Wait for no disk.

    @return: a journal whose work is done at once.
    """
    if clock is None:
        clock = Clock()
        clock.advance(_START / 1_000_000)
    disk = _Careless() if careless else None
    return Journal.open(directory, clock, StoreLimits(), worker=InlineWorker(), disk=disk)


def accept(journal: Journal, batch: list[Record]) -> Deferred[list[str]]:
    """
    Do with verified pushes what the collector does: judge, move the window, append.
    """
    windows = journal.windows
    for record in batch:
        window = windows.get(record.title, EPOCH)
        if window.check(record.counter or 0):
            window.accept(record.counter or 0)
    return journal.append(batch)


def fill(directory: Path, count: int, meters: int) -> float:
    """
    Make a journal of C{count} records, its closed segments indexed, its windows written.

    @return: seconds that it took.
    """
    started = time.perf_counter()
    journal = open_journal(directory, careless=True)
    batch: list[Record] = []
    for record in records(count, meters):
        batch.append(record)
        if len(batch) == _BATCH:
            accept(journal, batch)
            batch = []
    accept(journal, batch)
    journal.close()
    return time.perf_counter() - started


if __name__ == "__main__":
    _, where, how_many, of_meters = sys.argv
    print(round(fill(Path(where), int(how_many), int(of_meters))), "seconds")
