"""
At a start: records that the stored windows do not include are applied to them again.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from dlms_twisted.store.batch import StateWrite
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.record import Position
from dlms_twisted.store.schema import last_row
from dlms_twisted.store.series import READINGS, segment_files
from dlms_twisted.store.state import State
from dlms_twisted.store.windows import WindowTable

__all__ = ["apply_after_mark"]


def apply_after_mark(
    directory: Path, disk: Disk, state: State, windows: WindowTable, limit: int
) -> int:
    """
    Bring the windows up to the end of the readings, and write them.

    @param limit: Windows that are moved before they are written, so that memory stays bounded.

    @return: how many records there were after the mark.

    @raise sqlite3.Error: a segment or the state cannot be read or written.
    """
    mark = end = state.mark()
    applied = 0
    for file in segment_files(directory, READINGS):
        if file.number < mark.number:
            continue
        after = mark.seq if file.number == mark.number else 0
        with closing(disk.connect_read_only(file.path)) as connection:
            for seq, title, epoch, counter in connection.execute(
                "SELECT seq, title, epoch, counter FROM record WHERE seq > ? AND checked", (after,)
            ):
                applied += 1
                window = windows.get(title, epoch)
                window.accept(counter)
                windows.touch(title, epoch)
                end = Position(file.number, seq)
                if windows.dirty >= limit:
                    _flush(state, windows, end)
            end = max(end, Position(file.number, last_row(connection)))
    if end != mark:
        _flush(state, windows, end)
    return applied


def _flush(state: State, windows: WindowTable, end: Position) -> None:
    windows.begin_round()
    taken = []
    while windows.in_round:
        taken += windows.take(10_000)
    state.write(StateWrite(windows=taken, mark=end), end)
    windows.written(taken)
    windows.trim()
