"""
The tables of a segment and of the state, and how older ones are brought up to date.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from dlms_twisted.errors import StoreError

__all__ = [
    "COLUMNS",
    "INDEXES",
    "SEGMENT_VERSION",
    "STATE_VERSION",
    "last_row",
    "prepare_segment",
    "prepare_state",
    "version",
]

#: C{PRAGMA user_version} of a segment.
SEGMENT_VERSION: Final = 2
#: C{PRAGMA user_version} of C{state.sqlite}.
STATE_VERSION: Final = 1

#: Columns of C{record} besides C{seq}, in the order in which they are written and read.
COLUMNS: Final = (
    "received_at", "source", "peer", "medium", "title", "epoch", "counter", "authenticated", "raw", "plain",
    "meter", "time", "checked", "id", "reason", "detail", "repeat_of", "origin", "settled",
)  # fmt: skip

_SEGMENT = (
    """CREATE TABLE record (
        seq INTEGER PRIMARY KEY,
        received_at INTEGER NOT NULL,
        source TEXT NOT NULL,
        peer TEXT NOT NULL,
        medium TEXT NOT NULL,
        title BLOB,
        epoch TEXT,
        counter INTEGER,
        authenticated INTEGER,
        raw BLOB NOT NULL,
        plain BLOB,
        meter TEXT,
        time BLOB,
        checked INTEGER NOT NULL,
        id BLOB,
        reason TEXT,
        detail TEXT,
        repeat_of TEXT,
        origin TEXT,
        settled TEXT
    )""",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
)

_STATE = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    """CREATE TABLE window (
        title BLOB NOT NULL,
        epoch TEXT NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (title, epoch)
    ) WITHOUT ROWID""",
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE mark (number INTEGER NOT NULL, seq INTEGER NOT NULL)",
    "INSERT INTO mark VALUES (0, 0)",
)

#: From which version, and what makes the next of it.
_SEGMENT_STEPS: Final[dict[int, tuple[str, ...]]] = {
    1: (
        "ALTER TABLE record ADD COLUMN repeat_of TEXT",
        "ALTER TABLE record ADD COLUMN origin TEXT",
        "ALTER TABLE record ADD COLUMN settled TEXT",
    ),
}

#: Built when a segment is closed, one after the other.
INDEXES: Final = {
    "record_by_meter": "CREATE INDEX IF NOT EXISTS record_by_meter ON record (meter, received_at)",
    "record_by_title": "CREATE INDEX IF NOT EXISTS record_by_title ON record (title, received_at)",
    "record_by_time": "CREATE INDEX IF NOT EXISTS record_by_time ON record (received_at)",
    "record_by_outcome": "CREATE INDEX IF NOT EXISTS record_by_outcome ON record (reason, settled, received_at)",
}


def version(connection: sqlite3.Connection) -> int:
    """
    @return: the version of a file; 0 for a new one.
    """
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def last_row(connection: sqlite3.Connection) -> int:
    """
    @return: the last row of a segment, 0 if it is empty.  No row is ever removed, so this is their number too.
    """
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()[0])


def prepare_segment(connection: sqlite3.Connection) -> None:
    """
    Make the tables of a new segment, or bring an older one up to date, in one transaction.

    @raise StoreError: a newer version of this program has made it.
    """
    _prepare(connection, SEGMENT_VERSION, _SEGMENT, _SEGMENT_STEPS)


def prepare_state(connection: sqlite3.Connection) -> None:
    """
    The same for C{state.sqlite}.

    @raise StoreError: a newer version of this program has made it.
    """
    _prepare(connection, STATE_VERSION, _STATE, {})


def _prepare(
    connection: sqlite3.Connection,
    wanted: int,
    first: tuple[str, ...],
    steps: dict[int, tuple[str, ...]],
) -> None:
    found = version(connection)
    if found == wanted:
        return
    if found > wanted:
        raise StoreError(
            f"the journal has schema version {found}, and this program knows no later one than {wanted}"
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        statements = first if found == 0 else [s for at in range(found, wanted) for s in steps[at]]
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {wanted}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
