"""
Records to rows and back.

Writing costs what the binding of each value costs, so this is made for speed: many rows go into one statement (the
interpreter's lock is then given away once for all of them: a writer that gives it away for each row starves beside a
busy reactor), and octets are handed over as C{bytearray}, for which, unlike C{bytes}, C{sqlite3} looks for no adapter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from dlms_twisted.store.record import ACCEPTED, REFUSED, Position, Record, StoredRecord, checked_id
from dlms_twisted.store.schema import COLUMNS
from dlms_twisted.store.series import QUARANTINE

__all__ = ["Row", "column_names", "insert", "row_of", "select", "stored"]

#: The values of L{COLUMNS}.
Row = tuple[Any, ...]

#: A row of a checked record ends here: what follows is NULL but for C{checked}, which is 1.
_SHORT: Final = COLUMNS.index("checked")
_FLAG: Final = {None: None, False: 0, True: 1}
#: Rows of one statement, the largest first.
_SIZES: Final = (128, 16, 1)
_VARIABLES: Final = max(_SIZES) * len(COLUMNS)


def row_of(
    record: Record,
    identity: bytes | None,
    repeat_of: str | None = None,
    origin: str | None = None,
) -> Row:
    """
    @param identity: 16 random octets, or L{None} for a checked record.

    @return: the values of L{COLUMNS}; only as far as they are needed for a checked record that is no repeat.
    """
    (
        received_at, source, peer, medium, _, reason, title, epoch, counter, authenticated,
        raw, plain, meter, time, checked, detail,
    ) = record  # fmt: skip
    row = (
        received_at, source, peer, medium, title and bytearray(title), epoch, counter, _FLAG[authenticated],
        bytearray(raw), plain and bytearray(plain), meter, time and bytearray(time),
    )  # fmt: skip
    if identity is None and repeat_of is None and origin is None:
        return row
    return (*row, int(checked), identity, reason and str(reason), detail, repeat_of, origin, None)


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """
    Insert rows in their order, within the caller's transaction.

    @raise sqlite3.Error: they cannot be written.
    """
    short = all(len(row) == _SHORT for row in rows)
    if not short:
        rows = [row if len(row) > _SHORT else (*row, 1, *_NOTHING) for row in rows]
    most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    at = 0
    for size in _SIZES if most >= _VARIABLES else (1,):
        statement = _statement(short, size)
        while len(rows) - at >= size:
            values = [value for row in rows[at : at + size] for value in row]
            connection.execute(statement, values)
            at += size


_NOTHING: Final = (None,) * (len(COLUMNS) - _SHORT - 1)


def _make_statement(short: bool, size: int) -> str:
    columns = COLUMNS[: _SHORT + 1] if short else COLUMNS
    one = f"({', '.join('?' * (len(columns) - short))}{', 1' if short else ''})"
    return f"INSERT INTO record ({', '.join(columns)}) VALUES {', '.join([one] * size)}"


_STATEMENTS: Final = {
    (short, size): _make_statement(short, size) for short in (True, False) for size in _SIZES
}


def _statement(short: bool, size: int) -> str:
    return _STATEMENTS[short, size]


def column_names(connection: sqlite3.Connection) -> set[str]:
    """
    @return: the columns that C{record} has; an older segment lacks some.
    """
    return {row[1] for row in connection.execute("PRAGMA table_info(record)")}


def select(there: set[str]) -> str:
    """
    @param there: The columns that there are.

    @return: C{SELECT seq, …} of all columns; those that are not there are NULL.
    """
    columns = (name if name in there else f"NULL AS {name}" for name in COLUMNS)
    return f"SELECT seq, {', '.join(columns)} FROM record"


def stored(rows: Iterable[Row], series: str, number: int) -> Iterator[StoredRecord]:
    """
    @param rows: As L{select} gives them.
    """
    outcome = REFUSED if series == QUARANTINE else ACCEPTED
    for row in rows:
        (
            seq, received_at, source, peer, medium, title, epoch, counter, authenticated, raw, plain,
            meter, time, checked, identity, reason, detail, repeat_of, origin, settled,
        ) = row  # fmt: skip
        record = Record(
            received_at, source, peer, medium, outcome, reason, title, epoch, counter,
            None if authenticated is None else bool(authenticated),
            raw, plain, meter, time, bool(checked), detail,
        )  # fmt: skip
        known = checked_id(title, epoch, counter) if identity is None else identity.hex()
        yield StoredRecord(known, record, repeat_of, origin, settled, series, Position(number, seq))
