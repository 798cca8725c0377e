"""
What a journal holds, in numbers.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dlms_twisted.errors import StoreError
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.schema import INDEXES
from dlms_twisted.store.series import QUARANTINE, STATE, SegmentFile, segment_files

__all__ = ["stats", "timestamp"]


def timestamp(microseconds: int | None) -> str | None:
    """
    @param microseconds: Since 1970 UTC.

    @return: ISO 8601 in UTC with six decimals, C{2026-11-22T19:24:00.000000Z}.
    """
    if microseconds is None:
        return None
    seconds, part = divmod(microseconds, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{part:06d}Z"


def stats(directory: Path, disk: Disk | None = None) -> dict[str, Any]:
    """
    Count what is in a journal.  May be used beside its writer.

    @return: C{accepted}, C{refused} by reason, C{redecoded}, C{waiting} (kept raw until a key comes), C{first} and
        C{last} arrival, C{octets}, C{windows} (stored ones), C{totals} (over the journal's life, as of when windows
        were last written) and C{segments}.

    @raise StoreError: there is no journal, or a file of it cannot be read.
    """
    disk = disk or Disk()
    if not (directory / STATE).exists() and not segment_files(directory):
        raise StoreError(f"there is no journal in {directory}")
    segments = []
    refused: Counter[str] = Counter()
    for file in segment_files(directory):
        try:
            with closing(disk.connect_read_only(file.path)) as connection:
                segments.append(_segment(connection, file, disk, refused))
        except sqlite3.Error as error:
            if file.path.exists():
                raise StoreError(f"{file.path} cannot be read: {error}") from error
    windows, totals = _state(directory / STATE, disk)
    times = [one[name] for one in segments for name in ("first", "last") if one[name] is not None]
    return {
        "accepted": sum(one["records"] for one in segments if one["series"] != QUARANTINE),
        "redecoded": sum(one["records"] for one in segments if one["series"] == "redecoded"),
        "refused": dict(sorted(refused.items())),
        "first": min(times, default=None),
        "last": max(times, default=None),
        "octets": sum(one["octets"] for one in segments),
        "windows": windows,
        "totals": totals,
        "segments": segments,
    }


def _segment(
    connection: sqlite3.Connection, file: SegmentFile, disk: Disk, refused: Counter[str]
) -> dict[str, Any]:
    indexes = {
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    }
    records = connection.execute("SELECT count(*) FROM record").fetchone()[0]
    if file.series == QUARANTINE:
        shown = "settled IS NULL OR settled = reason"
        for reason, count in connection.execute(
            f"SELECT reason, count(*) FROM record WHERE {shown} GROUP BY reason"
        ):
            refused[reason] += count
    ends = [
        connection.execute(f"SELECT {end}(received_at) FROM record").fetchone()[0]
        for end in ("min", "max")
    ]
    return {
        "series": file.series,
        "number": file.number,
        "day": f"{file.day[:4]}-{file.day[4:6]}-{file.day[6:]}",
        "records": records,
        "octets": disk.size(file.path),
        "indexed": indexes >= set(INDEXES),
        "first": timestamp(ends[0]),
        "last": timestamp(ends[1]),
    }


def _state(path: Path, disk: Disk) -> tuple[int, dict[str, int]]:
    if not path.exists():
        return 0, {}
    try:
        with closing(disk.connect_read_only(path)) as connection:
            windows = connection.execute("SELECT count(*) FROM window").fetchone()[0]
            totals = dict(connection.execute("SELECT name, value FROM counter ORDER BY name"))
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    return windows, totals
