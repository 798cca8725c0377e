"""
Columns of a profile as NumPy arrays, without a loop in Python over the values.

Needs NumPy: the extra C{arrow}.  Runs of rows that look alike are viewed in place; null-data and deltas are undone a
whole column at a time.  What has no such form (cells with structures, bits, texts) is made row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import ARRAY, BY_NAME, BY_TAG, OCTET_STRING
from dlms_twisted.cosem.cells import DELTAS
from dlms_twisted.cosem.columns import Column
from dlms_twisted.cosem.profile import Nulls, Profile
from dlms_twisted.cosem.profile_runs import Cell, Run, length_at, runs
from dlms_twisted.errors import DecodeError

__all__ = ["Array", "arrays"]

_DATE_TIME: Final = BY_NAME["date-time"].tag
_BOOLEAN: Final = BY_NAME["boolean"].tag
_NOTHING: Final = frozenset({0, 255})
_MINUTE: Final = 60_000
_DAY: Final = 24 * 60 * _MINUTE
#: The letters of C{struct} to those of NumPy.
_TYPES: Final = {
    "b": "i1", "B": "u1", "h": ">i2", "H": ">u2", "i": ">i4", "I": ">u4", "q": ">i8", "Q": ">u8",
    "f": ">f4", "d": ">f8", "?": "u1",
}  # fmt: skip


class Array(NamedTuple):
    """
    One column.

    @ivar values: A NumPy array: numbers; C{datetime64[ms]}, in UTC where C{zone} is C{"UTC"} and as the clock shows
        them where it is C{None}; C{V12} and the like for octets; else objects.
    @ivar valid: A NumPy array of truth values, false where there is no value; C{None} where there are all.
    @ivar zone: Of times; C{""} for every other column.
    """

    column: Column
    values: Any
    valid: Any
    zone: str | None = ""


class _Piece(NamedTuple):
    """
    The cells of one column in one run.

    @ivar values: A view of the contents, C{None} where there are none.
    """

    cell: Cell | None
    values: Any
    rows: int


def arrays(profile: Profile, buffer: Data | bytes) -> tuple[Array, ...]:
    """
    @param profile: How its buffer is read.
    @param buffer: All of it.

    @return: one array a column.

    @raise DecodeError: it is no buffer.
    """
    octets = buffer.octets if isinstance(buffer, Data) else buffer
    found = _whole(octets)
    if found is None or any(run.shape is None for run in found):
        return _by_rows(profile, octets)
    pieces = [_pieces(octets, run, len(profile.columns)) for run in found]
    made: list[Array | None] = [
        _array(profile, column, [one[index] for one in pieces])
        for index, column in enumerate(profile.columns)
    ]
    if None not in made:
        return tuple(one for one in made if one is not None)
    slow = _by_rows(profile, octets)
    return tuple(fast or other for fast, other in zip(made, slow, strict=True))


def _whole(octets: bytes) -> list[Run] | None:
    """
    @return: the runs of an array, neighbours that look alike joined; C{None} for a compact-array and the like.
    """
    found = length_at(octets, 1, len(octets)) if octets[:1] == bytes((ARRAY,)) else None
    if found is None:
        return None
    count, offset = found
    joined: list[Run] = []
    rows = 0
    for run in runs(octets, offset, len(octets), count):
        rows += run.rows
        if joined and run.shape is not None and joined[-1].shape is run.shape:
            last = joined[-1]
            joined[-1] = Run(run.shape, last.offset, last.rows + run.rows, run.end)
        else:
            joined.append(run)
    end = joined[-1].end if joined else offset
    if rows != count or end != len(octets):
        raise DecodeError("a whole buffer wanted", end)
    return joined


def _pieces(octets: bytes, run: Run, columns: int) -> list[_Piece]:
    assert run.shape is not None
    cells: Sequence[Cell | None] = run.shape.cells[:columns]
    return [
        _Piece(cell, None if cell is None else _view(octets, run, cell), run.rows)
        for cell, _ in zip_longest(cells, range(columns))
    ]


def _view(octets: bytes, run: Run, cell: Cell) -> Any:
    """
    @return: the contents of a cell in all rows of a run, in place.
    """
    import numpy as np

    assert run.shape is not None
    if not cell.width:
        return None
    code = BY_TAG[cell.tag].code
    kind = _TYPES.get(code, f"V{cell.width}")
    return np.ndarray((run.rows,), kind, octets, run.offset + cell.offset, (run.shape.length,))


def _array(profile: Profile, column: Column, pieces: Sequence[_Piece]) -> Array | None:
    """
    @return: the column; C{None} if it has no simple form.
    """
    present = [piece for piece in pieces if piece.values is not None and piece.cell is not None]
    tags = {piece.cell.tag for piece in present if piece.cell is not None}
    if any(
        piece.cell is not None and not piece.cell.width and piece.cell.tag not in _NOTHING
        for piece in pieces
    ):
        return None
    moments = all(_is_moment(piece.cell) for piece in present)
    if column.is_clock and present and moments:
        return _times(profile, column, pieces)
    if all(BY_TAG[tag].is_integer or tag == _BOOLEAN for tag in tags):
        return _integers(profile, column, pieces, tags)
    if len(tags) == 1 and next(iter(tags)) not in DELTAS:
        return _others(profile, column, pieces, present)
    return None


def _is_moment(cell: Cell | None) -> bool:
    return cell is not None and cell.tag in {OCTET_STRING, _DATE_TIME} and cell.width == 12


def _placed(pieces: Sequence[_Piece]) -> Iterator[tuple[_Piece, slice]]:
    start = 0
    for piece in pieces:
        yield piece, slice(start, start + piece.rows)
        start += piece.rows


def _integers(
    profile: Profile, column: Column, pieces: Sequence[_Piece], tags: set[int]
) -> Array | None:
    import numpy as np

    count = sum(piece.rows for piece in pieces)
    unsigned = BY_NAME["long64-unsigned"].tag in tags
    if unsigned and tags - {BY_NAME["long64-unsigned"].tag}:
        return None
    only = next(iter(tags)) if len(tags) == 1 and not tags & DELTAS else None
    if only is not None and len(pieces) == 1:
        values = pieces[0].values
        if only == _BOOLEAN:
            return Array(column, values != 0, None)
        return Array(column, values.astype(values.dtype.newbyteorder("=")), None)
    values = np.zeros(count, "u8" if unsigned else "i8")
    absolute: Any = np.zeros(count, bool)
    delta: Any = np.zeros(count, bool)
    for piece, place in _placed(pieces):
        if piece.values is None or piece.cell is None:
            continue
        values[place] = piece.values
        (delta if piece.cell.tag in DELTAS else absolute)[place] = True
    valid = absolute | delta
    if delta.any() or profile.nulls is Nulls.PREVIOUS:
        place = np.maximum.accumulate(np.where(absolute, np.arange(count), -1))
        sums = np.cumsum(np.where(delta, values, 0), dtype=values.dtype)
        began = place >= 0
        values = np.where(began, values[place] + sums - sums[place], values)
        valid = began if profile.nulls is Nulls.PREVIOUS else valid & began
    if only == _BOOLEAN:
        values = values != 0
    return Array(column, values, None if valid.all() else valid)


def _others(
    profile: Profile, column: Column, pieces: Sequence[_Piece], present: Sequence[_Piece]
) -> Array | None:
    """
    Floats and octets of one length.
    """
    import numpy as np

    kinds = {piece.values.dtype for piece in present}
    tag = present[0].cell.tag if present[0].cell is not None else 0
    floats = next(iter(kinds)).kind == "f"
    if (
        len(kinds) != 1
        or not (floats or tag in {OCTET_STRING, _DATE_TIME})
        or profile.nulls is Nulls.PREVIOUS
    ):
        return None
    kind = next(iter(kinds)).newbyteorder("=")
    values = np.zeros(sum(piece.rows for piece in pieces), kind)
    valid: Any = np.zeros(len(values), bool)
    for piece, place in _placed(pieces):
        if piece.values is not None:
            values[place] = piece.values
            valid[place] = True
    return Array(column, values, None if valid.all() else valid)


def _times(profile: Profile, column: Column, pieces: Sequence[_Piece]) -> Array | None:
    import numpy as np

    if profile.clock.clock_zone is not None:
        return None
    count = sum(piece.rows for piece in pieces)
    times: Any = np.zeros(count, "i8")
    said: Any = np.zeros(count, bool)
    good: Any = np.zeros(count, bool)
    known: Any = np.zeros(count, bool)
    for piece, place in _placed(pieces):
        if piece.values is not None:
            said[place] = True
            times[place], good[place], known[place] = _milliseconds(profile, piece.values)
    if not said.all():
        place = np.maximum.accumulate(np.where(said, np.arange(count), -1))
        step = profile.step
        if step is None:
            good &= said
        else:
            milliseconds = round(step.total_seconds() * 1000)
            times = times[place] + milliseconds * (np.arange(count) - place)
            good, known = good[place] & (place >= 0), known[place]
    offsets = set(known[good].tolist()) if not known.all() else {True}
    if len(offsets) > 1:
        return None
    zone = "UTC" if offsets != {False} else None
    return Array(column, times.view("M8[ms]"), None if good.all() else good, zone)


def _milliseconds(profile: Profile, octets: Any) -> tuple[Any, Any, Any]:
    """
    @param octets: Times of twelve octets.

    @return: milliseconds since 1970, whether each is a moment, and whether its deviation is known.
    """
    import numpy as np

    # One array of octets for each place in the twelve.
    at: Any = np.ascontiguousarray(np.ascontiguousarray(octets).view("u1").reshape(-1, 12).T)
    year = (at[0].astype("i4") << 8) | at[1]
    second = np.where(at[7] == 0xFF, 0, at[7])
    hundredths = np.where(at[8] == 0xFF, 0, at[8])
    # Below 1 wraps around to 255.
    good = (at[2] - 1 < 12) & (at[3] - 1 < 31) & (at[5] < 24) & (at[6] < 60)
    good &= (second < 60) & (hundredths < 100) & (year >= 1) & (year <= 9999)
    first, length = _months(np.where(good, year * 12 + at[2] - 1, 1970 * 12))
    good &= at[3] <= length
    minutes = at[5].astype("i4") * 60 + at[6]
    times = (first + (at[3] - 1)) * _DAY + (minutes * 6000 + second * 100 + hundredths) * 10
    deviation = (at[9].astype("i1").astype("i4") << 8) | at[10]
    known = np.abs(deviation) < 24 * 60
    sign = -1 if profile.clock.deviation_inverted else 1
    return times + np.where(known, sign * deviation, 0) * _MINUTE, good, known


def _months(months: Any) -> tuple[Any, Any]:
    """
    @param months: Months since the year 0.

    @return: the first day of each, in days since 1970, and how many days it has.
    """
    import numpy as np

    low, high = (int(months.min()), int(months.max())) if len(months) else (0, 0)
    all_months: Any = np.arange(low - 1970 * 12, high - 1970 * 12 + 2).astype("M8[M]")
    days: Any = all_months.astype("M8[D]").astype("i8")
    place = months - low
    return days[:-1][place], np.diff(days)[place]


def _by_rows(profile: Profile, octets: bytes) -> tuple[Array, ...]:
    """
    Row by row, as objects.
    """
    import numpy as np

    plain = Profile(
        profile.columns,
        capture_period=profile.capture_period,
        newest_first=profile.newest_first,
        nulls=profile.nulls,
        clock=profile.clock,
    )
    columns = list(zip_longest(*[row[: len(plain.columns)] for row in plain.rows(octets)]))
    columns = columns or [()] * len(plain.columns)
    made = []
    for column, cells in zip(plain.columns, columns, strict=True):
        values: Any = np.empty(len(cells), object)
        values[:] = cells
        valid = np.array([cell is not None for cell in cells], bool)
        made.append(Array(column, values, None if valid.all() else valid))
    return tuple(made)
