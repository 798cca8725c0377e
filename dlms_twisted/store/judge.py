"""
Was this counter accepted before?  Answered from the disk alone, for any counter however old.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.store.disk import Disk
from dlms_twisted.store.record import Position
from dlms_twisted.store.schema import version
from dlms_twisted.store.series import READINGS, STATE, SegmentFile, segment_files
from dlms_twisted.store.state import read_mark, read_window
from dlms_twisted.store.windows import Key

__all__ = ["Judge"]


class Judge:
    """
    Knows which counters were accepted live.  A window answers for most: nothing above its highest counter ever was,
    and within it each has its bit.  Only what lies behind it is looked up in the segments.
    """

    def __init__(self, directory: Path, disk: Disk) -> None:
        """
        @raise sqlite3.Error: the state cannot be read.
        """
        self._directory = directory
        self._disk = disk
        self._moved: dict[Key, ReplayWindow] = {}
        self._stored: dict[Key, ReplayWindow] = {}
        self._at = Position(0, 0)
        self._state: sqlite3.Connection | None = None
        if (directory / STATE).exists():
            # One snapshot: the windows and the mark belong together.
            self._state = disk.connect_read_only(directory / STATE)
            self._state.execute("BEGIN")
            self._at = read_mark(self._state)

    def close(self) -> None:
        """
        Let go of the state.
        """
        if self._state is not None:
            self._state.close()

    def refresh(self) -> None:
        """
        Learn what was committed since the last time.

        @raise sqlite3.Error: a segment cannot be read.
        """
        for file in segment_files(self._directory, READINGS):
            if file.number >= self._at.number:
                self._apply(file)

    def seen(self, key: Key, counters: Iterable[int]) -> set[int]:
        """
        @return: those of C{counters} that were accepted.

        @raise sqlite3.Error: the journal cannot be read.
        """
        window = self._window(key)
        found = set()
        behind = set()
        for counter in counters:
            if counter > window.highest:
                continue
            if counter > window.highest - window.size:
                if not window.check(counter):
                    found.add(counter)
            else:
                behind.add(counter)
        return found | self._look_up(key, behind) if behind else found

    def _window(self, key: Key) -> ReplayWindow:
        window = self._moved.get(key) or self._stored.get(key)
        if window is None:
            state = None if self._state is None else read_window(self._state, *key)
            window = ReplayWindow() if state is None else ReplayWindow.from_state(state)
            # Each counter that was accepted has its bit, whatever the meter's mode is.
            window.mode = ReplayMode.WINDOW
            self._stored[key] = window
        return window

    def _apply(self, file: SegmentFile) -> None:
        after = self._at.seq if file.number == self._at.number else 0
        with closing(self._disk.connect_read_only(file.path)) as connection:
            if not version(connection):
                return
            for seq, title, epoch, counter, checked in connection.execute(
                "SELECT seq, title, epoch, counter, checked FROM record WHERE seq > ? ORDER BY seq",
                (after,),
            ):
                self._at = Position(file.number, seq)
                if checked:
                    key = (title or b"", epoch)
                    window = self._moved[key] = self._window(key)
                    window.accept(counter)

    def _look_up(self, key: Key, counters: set[int]) -> set[int]:
        title, epoch = key
        found: set[int] = set()
        for file in segment_files(self._directory, READINGS):
            with closing(self._disk.connect_read_only(file.path)) as connection:
                if version(connection):
                    found.update(
                        counter
                        for (counter,) in connection.execute(
                            "SELECT counter FROM record WHERE title IS ? AND epoch = ? AND checked",
                            (title or None, epoch),
                        )
                        if counter in counters
                    )
        return found
