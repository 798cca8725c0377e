"""
Which rows and columns of a profile are wanted, how a meter is asked for them, and what is left to do with its answer
where it cannot be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Final

from attrs import frozen

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.cosem.columns import Column
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Profile, Row
from dlms_twisted.cosem.selection import RangeStyle, by_entry, by_time
from dlms_twisted.errors import LocalProtocolError, ObisError

__all__ = ["RowsAfter", "RowsWanted", "chosen_columns", "projected", "time_of_row", "whole_filter"]

#: Before the first row of any meter.
_EVER: Final = datetime(2000, 1, 1)

#: Takes rows as they come, and gives those that are wanted.
Filter = Callable[[Iterable[Row]], Iterable[Row]]


@frozen(kw_only=True)
class RowsWanted:
    """
    The rows that are wanted; all, where nothing is said.

    @ivar start: The first time, included; without a zone, what the meter's clock shows.
    @ivar end: The last time, included.
    @ivar entries: First and last row by number, from 1; 0 for the last there is.
    @ivar columns: Labels or OBIS codes of the columns; none for all.
    @ivar since: The last row that was read before: those that follow it are wanted.
    """

    start: datetime | None = None
    end: datetime | None = None
    entries: tuple[int, int] | None = None
    columns: tuple[str | Obis, ...] = ()
    since: Row | None = None

    def __attrs_post_init__(self) -> None:
        timed = (self.start, self.end, self.since) != (None, None, None)
        if self.entries is not None and timed:
            raise LocalProtocolError("a span of time or entries wanted, not both")
        zones = {one.tzinfo is None for one in (self.start, self.end) if one is not None}
        if len(zones) > 1:
            raise LocalProtocolError("both times with a zone, or both without")

    @property
    def timed(self) -> bool:
        """
        Is a span of time wanted?
        """
        return (self.start, self.end, self.since) != (None, None, None)

    def span(self, newest_first: bool, now: float) -> tuple[datetime, datetime]:
        """
        @param newest_first: The order of the profile's rows.
        @param now: Seconds since 1970, UTC.

        @return: the first and the last time.

        @raise LocalProtocolError: the last row has no time.
        """
        start, end = self.start, self.end
        if self.since is not None:
            moment = time_of_row(self.since)
            if newest_first:
                end = moment
            else:
                start = moment
        known = start or end
        zone = None if known is None else known.tzinfo
        # Clocks that are ahead, or in another zone, are not a day off.
        later = datetime.fromtimestamp(now, UTC).replace(tzinfo=None) + timedelta(days=1)
        return (
            start or _EVER.replace(tzinfo=zone),
            end or later.replace(microsecond=0, tzinfo=zone),
        )

    def selection(
        self,
        layout: Profile,
        columns: Sequence[Column],
        style: RangeStyle,
        now: float,
    ) -> SelectiveAccess | None:
        """
        @param layout: All columns.
        @param columns: Those that are asked for.

        @return: how the meter is asked; C{None} for everything.
        """
        some = len(columns) < len(layout.columns)
        if self.timed:
            start, end = self.span(layout.newest_first, now)
            clock = next((one for one in layout.columns if one.is_clock), None)
            chosen = by_time(
                start,
                end,
                columns=columns if some else (),
                clock=clock,
                style=style,
                options=layout.clock,
            )
            return chosen.to_selection()
        if self.entries is None and not some:
            return None
        places = [layout.columns.index(one) + 1 for one in columns]
        between = (places[0], places[-1]) if some else (1, 0)
        first, last = self.entries or (1, 0)
        return by_entry(first, last, columns=between).to_selection()


def time_of_row(row: Row) -> datetime:
    """
    @return: the time of a row.

    @raise LocalProtocolError: it has none.
    """
    for column, cell in zip(row.columns, row, strict=False):
        if column.is_clock and isinstance(cell, datetime):
            return cell
    raise LocalProtocolError("the last row has no time to go on from")


def chosen_columns(layout: Profile, wanted: Iterable[str | Obis]) -> tuple[Column, ...]:
    """
    @return: the columns that are wanted, in the order of the profile; all where none is said.

    @raise LocalProtocolError: there is no such column; the message says which there are.
    """
    places = set()
    for one in wanted:
        found = [at for at, column in enumerate(layout.columns) if _is(column, one)]
        if not found:
            labels = ", ".join(column.label for column in layout.columns)
            raise LocalProtocolError(f"the profile has no column {one}; it has {labels}")
        places.update(found)
    return tuple(layout.columns[at] for at in sorted(places)) or layout.columns


def _is(column: Column, wanted: str | Obis) -> bool:
    if isinstance(wanted, str):
        if wanted == column.label:
            return True
        try:
            wanted = Obis.parse(wanted)
        except ObisError:
            return False
    return column.logical_name == wanted


def projected(fetched: Profile, wanted: Profile) -> Filter:
    """
    @return: what makes rows with the columns of C{wanted} from those with the columns of C{fetched}.
    """
    places = [fetched.columns.index(one) for one in wanted.columns]
    if places == list(range(len(fetched.columns))):
        return lambda rows: rows
    kind = wanted.row_type
    if len(places) == 1:
        return lambda rows: (kind((row[places[0]],)) for row in rows)
    pick = itemgetter(*places)
    return lambda rows: (kind(pick(row)) for row in rows)


def whole_filter(wanted: RowsWanted, newest_first: bool, now: float) -> Filter:
    """
    @return: what keeps the rows that are wanted of all, for a meter that cannot be asked for some.
    """
    filters: list[Filter] = []
    if wanted.entries is not None:
        filters.append(_by_number(*wanted.entries))
    if wanted.timed:
        filters.append(_by_time(*wanted.span(newest_first, now)))

    def keep(rows: Iterable[Row]) -> Iterable[Row]:
        for one in filters:
            rows = one(rows)
        return rows

    return keep


def _by_number(first: int, last: int) -> Filter:
    taken = 0

    def keep(rows: Iterable[Row]) -> Iterator[Row]:
        nonlocal taken
        for row in rows:
            taken += 1
            if first <= taken and (not last or taken <= last):
                yield row

    return keep


def _by_time(start: datetime, end: datetime) -> Filter:
    def keep(rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            moment = time_of_row(row)
            if _before(start, moment) and _before(moment, end):
                yield row

    return keep


def _before(one: datetime, other: datetime) -> bool:
    """
    @return: is C{one} not after C{other}?  Where a zone is not known, what clocks show is compared.
    """
    if (one.tzinfo is None) != (other.tzinfo is None):
        one, other = one.replace(tzinfo=None), other.replace(tzinfo=None)
    return one <= other


class RowsAfter:
    """
    Leaves out the rows up to the last that was read before: those of other times before it, and of its own time
    those up to itself; where it is not there any more, none of its time.
    """

    def __init__(self, last: Row, newest_first: bool) -> None:
        """
        @param last: The last row that was read.
        @param newest_first: The order of the profile's rows.
        """
        self._last: tuple[Any, ...] = tuple(last)
        self._moment = time_of_row(last)
        self._newest_first = newest_first
        self._same: list[Row] = []
        self._over = False

    def __call__(self, rows: Iterable[Row]) -> Iterator[Row]:
        """
        @return: of these rows those that follow it.
        """
        for row in rows:
            if self._over:
                yield row
                continue
            moment = time_of_row(row)
            if moment == self._moment:
                self._same.append(row)
                if tuple(row) == self._last:
                    self._same.clear()
            elif self._follows(moment):
                yield from self.finish()
                yield row

    def finish(self) -> Iterator[Row]:
        """
        @return: the rows of its time that came after it, where none of later times did.
        """
        self._over = True
        rows, self._same = self._same, []
        return iter(rows)

    def _follows(self, moment: datetime) -> bool:
        if self._newest_first:
            return not _before(self._moment, moment)
        return not _before(moment, self._moment)
