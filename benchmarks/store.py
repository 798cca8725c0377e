"""
What it costs to keep a push: CPU time from the verified record to the disk, beside other ways to use SQLite.

With C{DLMS_TWISTED_RECORDS=10000000} the same once more with a journal that holds so many records of 100 000 meters.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

from benchmarks._journals import EPOCH, accept, fill, open_journal, records, title_of
from benchmarks.common import Row
from dlms_twisted.store.record import Record, StoredRecord
from dlms_twisted.store.render import Renderer

__all__ = ["run"]

#: A collector's batch at some thousand pushes a second.
_BATCH = 200
_ROUNDS = 7
_BATCHES = 50
_METERS = 1000
_MANY_METERS = 100_000

Write = Callable[[list[Record]], object]


def _costs(writers: Mapping[str, Write], batches: Iterator[list[Record]]) -> dict[str, float]:
    """
    @return: by name the median CPU seconds, all threads, of one record.
    """
    taken: dict[str, list[float]] = {name: [] for name in writers}
    for _ in range(_ROUNDS):
        given = [next(batches) for _ in range(_BATCHES)]
        for name, write in writers.items():
            started = time.process_time()
            for batch in given:
                write(batch)
            taken[name].append((time.process_time() - started) / (_BATCH * _BATCHES))
    return {name: median(costs) for name, costs in taken.items()}


def _batches(meters: int, counter: int) -> Iterator[list[Record]]:
    batch = []
    for record in records(1 << 40, meters, counter):
        batch.append(record)
        if len(batch) == _BATCH:
            yield batch
            batch = []


class _Table:
    """
    One table, a row for each record, written by C{executemany}.
    """

    def __init__(self, folder: Path, *, indexes: bool = False, form: bool = False) -> None:
        """
        @param indexes: With live indexes over meter and time, outcome, and identity.
        @param form: With the JSON form of each record beside it.
        """
        name = f"table-{indexes:d}{form:d}.sqlite"
        self._connection = sqlite3.connect(folder / name, isolation_level=None)
        self._renderer = Renderer() if form else None
        self._connection.executescript(
            f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            f"CREATE TABLE record ({', '.join(Record._fields)}, form TEXT);"
        )
        if indexes:
            self._connection.executescript(
                "CREATE INDEX one ON record (meter, received_at);"
                "CREATE INDEX two ON record (outcome, received_at);"
                "CREATE UNIQUE INDEX three ON record (title, epoch, counter);"
            )
        marks = ", ".join("?" * (len(Record._fields) + 1))
        self._insert = f"INSERT OR IGNORE INTO record VALUES ({marks})"

    def write(self, batch: list[Record]) -> None:
        """
        Commit a batch.
        """
        rows = [(*record, self._form(record)) for record in batch]
        self._connection.execute("BEGIN")
        self._connection.executemany(self._insert, rows)
        self._connection.execute("COMMIT")

    def _form(self, record: Record) -> str | None:
        if self._renderer is None:
            return None
        stored = StoredRecord("", record, None, None, None, "", (0, 0))  # type: ignore[arg-type]
        return str(self._renderer.render(stored).to_json())


def run() -> list[Row]:
    """
    @return: the cost of one record, beside plain tables.
    """
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = open_journal(folder / "journal")
        costs = _costs(
            {
                "ours": lambda batch: accept(journal, batch),
                "executemany": _Table(folder).write,
                "live indexes": _Table(folder, indexes=True).write,
                "JSON stored": _Table(folder, form=True).write,
            },
            _batches(_METERS, 1),
        )
        journal.close()
        rows += _rows(f"judge, append, commit {_BATCH}", costs)
        if many := int(os.environ.get("DLMS_TWISTED_RECORDS", "0")):
            rows += _with_many(folder, many)
    return rows


def _with_many(folder: Path, many: int) -> list[Row]:
    fill(folder / "large", many, _MANY_METERS)
    journal = open_journal(folder / "large")
    counter = many // _MANY_METERS + 2
    small = open_journal(folder / "small")
    for meter in range(_MANY_METERS):
        # As in a collector that runs: each meter has been heard before.
        for one in (journal, small):
            one.windows.get(title_of(meter), EPOCH)
    costs = _costs(
        {
            "ours": lambda batch: accept(journal, batch),
            "empty journal": lambda batch: accept(small, batch),
        },
        _batches(_MANY_METERS, counter),
    )
    journal.close()
    small.close()
    return _rows(f"the same, {many} records there", costs)


def _rows(name: str, costs: Mapping[str, float]) -> list[Row]:
    return [Row(name, costs["ours"], peer, cost) for peer, cost in costs.items() if peer != "ours"]
