"""
The names of a journal's files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from dlms_twisted.errors import StoreError

__all__ = [
    "LOCK",
    "QUARANTINE",
    "READINGS",
    "REDECODED",
    "REDECODE_LOCK",
    "SERIES",
    "STATE",
    "SegmentFile",
    "day_of",
    "segment_files",
]

#: What was accepted as it came.
READINGS: Final = "readings"
#: What was refused, raw.
QUARANTINE: Final = "quarantine"
#: What was decoded later out of the quarantine.
REDECODED: Final = "redecoded"
#: All of them.
SERIES: Final = (READINGS, REDECODED, QUARANTINE)

#: Held by the one collector.
LOCK: Final = "collector.lock"
#: Held by whoever decodes the quarantine again.
REDECODE_LOCK: Final = "redecode.lock"
#: Replay windows, and up to where they include the readings.
STATE: Final = "state.sqlite"

#: The last second of the year 9999.
_LAST: Final = 253_402_300_799
_NAME = re.compile(rf"({'|'.join(SERIES)})-(\d{{6,}})-(\d{{8}})\.sqlite")


class SegmentFile(NamedTuple):
    """
    One segment of a journal.

    @ivar number: Rises by one from segment to segment of a series and is never used again.
    @ivar day: The UTC day on which it was begun, C{20261122}.
    """

    series: str
    number: int
    day: str
    path: Path

    @classmethod
    def make(cls, directory: Path, series: str, number: int, day: str) -> SegmentFile:
        """
        @return: the file of that name in C{directory}.
        """
        return cls(series, number, day, directory / f"{series}-{number:06}-{day}.sqlite")


def segment_files(directory: Path, *series: str) -> list[SegmentFile]:
    """
    @param series: Which series, all if none is named.

    @return: the segments that are there, oldest first.

    @raise StoreError: the directory cannot be read; one that is not there has none.
    """
    try:
        found = list(_named(directory))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"the journal {directory} cannot be read: {error.strerror}") from error
    wanted = series or SERIES
    return sorted(file for file in found if file.series in wanted)


def _named(directory: Path) -> Iterator[SegmentFile]:
    for path in directory.iterdir():
        if match := _NAME.fullmatch(path.name):
            yield SegmentFile(match[1], int(match[2]), match[3], path)


def day_of(microseconds: int) -> str:
    """
    @param microseconds: Since 1970 UTC.

    @return: the UTC day, C{20261122}; of a time that no calendar has, the nearest that it has.
    """
    seconds = min(max(microseconds // 1_000_000, 0), _LAST)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d")
