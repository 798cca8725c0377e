"""
Is a journal whole?  Checks that need not trust what wrote it.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from dlms_twisted.errors import StoreError
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.record import checked_id
from dlms_twisted.store.schema import SEGMENT_VERSION, STATE_VERSION, version
from dlms_twisted.store.series import (
    READINGS,
    STATE,
    SegmentFile,
    segment_files,
)
from dlms_twisted.store.state import read_mark, read_window
from dlms_twisted.store.windows import Key

__all__ = ["verify"]

#: Problems that are told; more are only counted.
_TOLD: Final = 100
#: Identities are compared in so many parts, so that each fits in memory.
_PARTS: Final = 64
#: Windows that are held at once.
_WINDOWS: Final = 200_000

_HALF: Final = (
    # A refused datagram may have been empty; a reading never is.
    ("typeof(raw) <> 'blob' OR (length(raw) = 0 AND reason IS NULL)", "has no octets"),
    ("typeof(received_at) <> 'integer' OR received_at <= 0", "has no time of arrival"),
    ("checked AND (epoch IS NULL OR counter IS NULL)", "is checked, but has no counter"),
    ("NOT checked AND (id IS NULL OR length(id) <> 16)", "has no identity"),
)


class _Problems:
    """
    What was found, in bounded number.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self.count = 0

    def add(self, text: str) -> None:
        """
        Note a problem.
        """
        self.count += 1
        if len(self.told) < _TOLD:
            self.told.append(text)


def verify(directory: Path, disk: Disk | None = None) -> dict[str, Any]:
    """
    Check each file, each record, that no identity is there twice, and that each accepted counter stays refused.  May
    be used beside the writer: what comes later is not looked at.

    @return: C{ok}, C{problems} (the first hundred, in words), C{problem_count}, C{segments}, C{records} by series
        and C{windows} (how many were compared).

    @raise StoreError: there is no journal.
    """
    files = segment_files(directory)
    if not (directory / STATE).exists() and not files:
        raise StoreError(f"there is no journal in {directory}")
    return _Verifier(directory, files, disk or Disk()).run()


class _Verifier:
    """
    One run.
    """

    def __init__(self, directory: Path, files: list[SegmentFile], disk: Disk) -> None:
        self._directory = directory
        self._files = files
        self._disk = disk
        self._problems = _Problems()
        self._ends: dict[Path, int] = {}
        self._records: Counter[str] = Counter()
        self._windows = 0

    def run(self) -> dict[str, Any]:
        """
        @return: what L{verify} does.
        """
        state = self._open(self._directory / STATE, STATE_VERSION, must=bool(self._files))
        if state is not None:
            # One snapshot for all that follows, taken before the segments' ends are.
            state.execute("BEGIN")
            read_mark(state)
        for file in self._files:
            self._check_file(file)
        self._files = [file for file in self._files if file.path in self._ends]
        self._check_identities()
        if state is not None:
            self._check_windows(state)
            state.close()
        return {
            "ok": not self._problems.count,
            "problems": self._problems.told,
            "problem_count": self._problems.count,
            "segments": len(self._files),
            "records": dict(sorted(self._records.items())),
            "windows": self._windows,
        }

    def _open(self, path: Path, newest: int, *, must: bool) -> sqlite3.Connection | None:
        try:
            connection = self._disk.connect_read_only(path)
            found = version(connection)
            if found == 0 or found > newest:
                self._problems.add(f"{path.name}: schema version {found} is not known")
            else:
                return connection
        except sqlite3.Error as error:
            if must and (path.exists() or path.name == STATE):
                self._problems.add(f"{path.name}: cannot be read: {error}")
            return None
        connection.close()
        return None

    def _check_file(self, file: SegmentFile) -> None:
        connection = self._open(file.path, SEGMENT_VERSION, must=True)
        if connection is None:
            return
        name = file.path.name
        with closing(connection):
            try:
                connection.execute("BEGIN")
                rows, last = connection.execute(
                    "SELECT count(*), coalesce(max(seq), 0) FROM record"
                ).fetchone()
                for (text,) in connection.execute("PRAGMA integrity_check(10)"):
                    if text != "ok":
                        self._problems.add(f"{name}: {text}")
                if rows != last:
                    self._problems.add(f"{name}: {last - rows} records are missing")
                for condition, what in _HALF:
                    for (seq,) in connection.execute(
                        f"SELECT seq FROM record WHERE {condition} LIMIT {_TOLD}"
                    ):
                        self._problems.add(f"{name}: record {seq} {what}")
            except sqlite3.Error as error:
                self._problems.add(f"{name}: cannot be read: {error}")
                return
        self._records[file.series] += rows
        self._ends[file.path] = last

    def _rows(self, file: SegmentFile, columns: str, after: int = 0) -> Iterator[tuple[Any, ...]]:
        """
        @return: rows of a segment as far as it had them when it was checked.
        """
        with closing(self._disk.connect_read_only(file.path)) as connection:
            try:
                yield from connection.execute(
                    f"SELECT {columns} FROM record WHERE seq > ? AND seq <= ? ORDER BY seq",
                    (after, self._ends[file.path]),
                )
            except sqlite3.Error as error:
                self._problems.add(f"{file.path.name}: cannot be read: {error}")

    def _check_identities(self) -> None:
        parts = [array("q") for _ in range(_PARTS)]
        for _, _, identity in self._identities():
            parts[identity % _PARTS].append(identity)
        twice: set[int] = set()
        for part in parts:
            ordered = sorted(part)
            twice.update(a for a, b in pairwise(ordered) if a == b)
        del parts
        if not twice:
            return
        seen: dict[str, str] = {}
        for file, row, identity in self._identities():
            if identity not in twice:
                continue
            text = _text(row)
            where = f"{file.path.name}, record {row[0]}"
            if text in seen:
                self._problems.add(f"{where}: the identity {text} is there already: {seen[text]}")
            seen[text] = where

    def _identities(self) -> Iterator[tuple[SegmentFile, tuple[Any, ...], int]]:
        for file in self._files:
            for row in self._rows(file, "seq, id, title, epoch, counter"):
                yield file, row, hash(row[1] if row[1] is not None else row[2:])

    def _check_windows(self, state: sqlite3.Connection) -> None:
        mark = read_mark(state)
        readings = [file for file in self._files if file.series == READINGS]
        moved: dict[Key, ReplayWindow] = {}
        for file in readings:
            if file.number == mark.number and self._ends[file.path] < mark.seq:
                self._problems.add(
                    f"{file.path.name}: ends before record {mark.seq}, which replay windows include"
                )
            if file.number < mark.number:
                continue
            after = mark.seq if file.number == mark.number else 0
            for title, epoch, counter, checked in self._rows(file, _COUNTERS, after):
                if checked and counter is not None:
                    key = (title or b"", epoch)
                    if key not in moved:
                        moved[key] = _window(state, key)
                    moved[key].accept(counter)
        self._windows = len(moved)
        stored: dict[Key, ReplayWindow] = {}
        for file in readings:
            for title, epoch, counter, checked in self._rows(file, _COUNTERS):
                if not checked or counter is None:
                    continue
                key = (title or b"", epoch)
                window = moved.get(key) or stored.get(key)
                if window is None:
                    if len(stored) >= _WINDOWS:
                        stored.clear()
                    window = stored[key] = _window(state, key)
                    self._windows += 1
                if window.check(counter):
                    self._problems.add(
                        f"{file.path.name}: {checked_id(title, epoch, counter)} would be accepted again"
                    )


_COUNTERS: Final = "title, epoch, counter, checked"


def _window(state: sqlite3.Connection, key: Key) -> ReplayWindow:
    stored = read_window(state, *key)
    return ReplayWindow() if stored is None else ReplayWindow.from_state(stored)


def _text(row: tuple[Any, ...]) -> str:
    _, identity, title, epoch, counter = row
    return checked_id(title, epoch, counter) if identity is None else identity.hex()
