"""
The forms in which C{dlms journal export} writes records.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, TextIO

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.store.render import Rendered

__all__ = ["COLUMNS", "export_csv", "export_json_lines", "export_parquet"]

#: One row for each reading; a record without readings has one row with nothing in the columns of a reading.
COLUMNS: Final = (
    "id", "repeat_of", "received_at", "source", "peer", "medium", "meter", "system_title", "key_epoch",
    "invocation_counter", "authenticated", "outcome", "reason", "time", "obis", "class_id", "attribute", "name",
    "value", "unit", "scaler", "status", "reading_time", "mapping",
)  # fmt: skip

_RECORD: Final = COLUMNS[: COLUMNS.index("obis")]
_READING: Final = {
    "obis": "obis", "class_id": "class_id", "attribute": "attribute", "name": "name", "value": "value",
    "unit": "unit", "scaler": "scaler", "status": "status", "reading_time": "time", "mapping": "source",
}  # fmt: skip
_INTEGERS: Final = {"invocation_counter", "class_id", "attribute", "scaler", "status"}
#: Rows that are in memory at once.
_GROUP: Final = 50_000


def export_json_lines(records: Iterable[Rendered], out: TextIO) -> int:
    """
    Write each record as a line of JSON.

    @return: how many.
    """
    count = 0
    for rendered in records:
        out.write(json.dumps(rendered.to_json(), ensure_ascii=False) + "\n")
        count += 1
    return count


def export_csv(records: Iterable[Rendered], out: TextIO) -> int:
    """
    Write each reading as a row of CSV (RFC 4180), under a row of names.

    @return: how many rows.
    """
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for row in _rows(records):
        writer.writerow([_text(row[name]) for name in COLUMNS])
        count += 1
    return count


def export_parquet(records: Iterable[Rendered], out: Path | IO[bytes]) -> int:
    """
    Write each reading as a row of a Parquet file.

    @return: how many rows.

    @raise ConfigurationError: C{pyarrow} is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigurationError(
            "--format parquet needs pyarrow: install dlms_twisted[arrow]"
        ) from None
    types: dict[str, Any] = dict.fromkeys(COLUMNS, pyarrow.string())
    types |= dict.fromkeys(_INTEGERS, pyarrow.int64())
    types |= {"authenticated": pyarrow.bool_(), "received_at": pyarrow.timestamp("us", tz="UTC")}
    schema = pyarrow.schema([(name, types[name]) for name in COLUMNS])
    rows = _rows(records)
    count = 0
    with pyarrow.parquet.ParquetWriter(out, schema) as writer:
        while group := list(islice(rows, _GROUP)):
            count += len(group)
            for row in group:
                row["value"] = None if row["value"] is None else str(row["value"])
                row["received_at"] = row["microseconds"]
            writer.write_table(pyarrow.Table.from_pylist(group, schema=schema))
    return count


def _rows(records: Iterable[Rendered]) -> Iterator[dict[str, Any]]:
    for rendered in records:
        form = rendered.to_json()
        head = {name: form[name] for name in _RECORD}
        head["microseconds"] = rendered.stored.record.received_at
        readings: list[dict[str, Any]] = form["readings"] or [{}]
        for reading in readings:
            yield head | {name: reading.get(member) for name, member in _READING.items()}


def _text(value: Any) -> Any:
    """
    @return: as CSV has it: nothing for null, C{true} and C{false} as in JSON.
    """
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value
