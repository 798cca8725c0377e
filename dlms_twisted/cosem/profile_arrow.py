"""
A profile as an Arrow table; needs pyarrow and NumPy: the extra C{arrow}.

Fields are called as the columns are labelled, and say OBIS code, class, attribute, unit and scaler in their metadata.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.profile import Profile
from dlms_twisted.cosem.profile_arrays import Array, arrays

__all__ = ["arrow_table", "write_parquet"]

#: Digits of the decimals that scaled numbers become, enough for 64 bits and any scaler that a meter uses.
_DIGITS: Final = 38


def arrow_table(profile: Profile, buffer: Data | bytes) -> Any:
    """
    @param profile: How its buffer is read; where it scales, numbers are C{decimal128}, exact.
    @param buffer: All of it.

    @return: a C{pyarrow.Table}.  Times are C{timestamp[ms, UTC]}, without a zone where the meter does not say its
        offset from UTC; a time that is no single moment is null.

    @raise DecodeError: it is no buffer.
    """
    import pyarrow as pa

    columns, fields = [], []
    for one in arrays(profile, buffer):
        made = _column(one, scaled=profile.scaled)
        columns.append(made)
        fields.append(pa.field(one.column.label, made.type, metadata=_metadata(one)))
    return pa.table(columns, schema=pa.schema(fields))


def write_parquet(profile: Profile, buffer: Data | bytes, sink: BinaryIO) -> None:
    """
    @param sink: Where the Parquet file is written to; the caller opens and closes it.

    @raise DecodeError: C{buffer} is no buffer.
    """
    import pyarrow.parquet as pq

    pq.write_table(arrow_table(profile, buffer), sink)


def _metadata(one: Array) -> dict[str, str]:
    column = one.column
    said: dict[str, object] = {
        "obis": column.logical_name,
        "class_id": column.class_id,
        "attribute": column.attribute,
        "data_index": column.data_index,
        "name": column.name,
        "unit": column.unit,
        "scaler": column.scaler,
    }
    return {key: str(value) for key, value in said.items() if value is not None}


def _column(one: Array, *, scaled: bool) -> Any:
    import pyarrow as pa

    mask = None if one.valid is None else ~one.valid
    kind = one.values.dtype.kind
    if kind == "O":
        return _objects(one)
    if kind == "M":
        return pa.array(one.values, pa.timestamp("ms", tz=one.zone), mask=mask)
    if kind == "V":
        width = one.values.dtype.itemsize
        octets = pa.py_buffer(one.values.tobytes())
        valid = None if mask is None else pa.array(one.valid).buffers()[1]
        return pa.Array.from_buffers(pa.binary(width), len(one.values), [valid, octets])
    found = pa.array(one.values, mask=mask)
    if scaled and one.column.scaler is not None and kind in "iu":
        return _decimals(found, one.column.scaler)
    return found


def _decimals(numbers: Any, scaler: int) -> Any:
    """
    Integers as decimals of a scale, by the same 128 bits read in another way.
    """
    import pyarrow as pa

    whole = numbers.cast(pa.decimal128(_DIGITS, 0))
    if -_DIGITS < scaler <= 0:
        scale = pa.decimal128(_DIGITS, -scaler)
        return pa.Array.from_buffers(scale, len(whole), whole.buffers(), whole.null_count)
    return whole if scaler == 0 else _python_decimals(numbers, scaler)


def _python_decimals(numbers: Any, scaler: int) -> Any:
    """
    For scalers that no column of the usual kind has: one by one.
    """
    import pyarrow as pa

    factor = Decimal(10) ** scaler
    values = [None if one is None else one * factor for one in numbers.to_pylist()]
    return pa.array(values) if any(one is not None for one in values) else pa.nulls(len(values))


def _objects(one: Array) -> Any:
    import pyarrow as pa

    cells = list(one.values)
    if all(cell is None or isinstance(cell, datetime) for cell in cells):
        known = {cell.tzinfo is not None for cell in cells if cell is not None}
        if len(known) == 1:
            zone = "UTC" if known == {True} else None
            return pa.array(cells, pa.timestamp("ms", tz=zone))
    try:
        return pa.array(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
