"""
Profile generic (class 7): load profiles, billing data and event logs.

Source: DLMS UA 1000-1 (Blue Book), Profile generic.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from math import inf, nextafter
from typing import Any, Final

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.apdu.selective import CaptureObject, EntryDescriptor, parse_selection
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError, DecodeError
from dlms_twisted.server.captures import Captures
from dlms_twisted.server.objects.base import NO_VALUES, CosemObject, invokes, reads, selects, writes
from dlms_twisted.server.objects.profile_rows import (
    CLOCK_CLASS,
    Column,
    Limits,
    OwnRow,
    array_of,
    cells_of,
    joined,
    order_of,
    time_limits,
)

__all__ = ["MOST_ENTRIES", "ProfileGeneric"]

_BUFFER, _COLUMNS, _PERIOD, _METHOD, _SORT_OBJECT, _IN_USE, _ENTRIES = range(2, 9)
_LIFO: Final = 2
#: Rows that are kept where the object does not say how many.
_USUAL_ENTRIES: Final = 1000
#: Rows that a profile can have, whatever a client writes.
MOST_ENTRIES: Final = 65_536
#: Its columns, the cells of all rows, and their octets.
_MOST_COLUMNS: Final = 64
_MOST_CELLS: Final = 1 << 18
_MOST_OCTETS: Final = 1 << 24
_FOREVER: Final = 0.0


class ProfileGeneric(CosemObject):
    """
    Rows of what other objects held.

    With a capture period rows are captured by the clock.  They are made when they are asked for, of what the captured
    objects know of the past (L{CosemObject.value_at}), so that a new meter has a past, and sleep makes no gaps.  What
    an object does not know of the past stands in all rows as it is now.  C{capture} and events add rows of their own,
    which are kept.
    """

    CLASS = 7
    VERSION = 1

    __slots__ = ("_monthly", "_own", "_rows", "_since")

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        values: Mapping[int, Any] = NO_VALUES,
        captures: str = "period",
        history: float | None = None,
        **options: Any,
    ) -> None:
        """
        @param values: As of L{CosemObject}.
        @param captures: C{period}, or C{month} for the first moment of each month.
        @param history: Seconds since 1970 before which there is nothing; C{None} for as many rows as it holds.
        @param options: As of L{CosemObject}.

        @raise ConfigurationError: C{captures} is something else.
        """
        if captures not in {"period", "month"}:
            raise ConfigurationError("captures: period or month wanted")
        super().__init__(name, values=values, **options)
        self._monthly = captures == "month"
        self._since = _FOREVER if history is None else history
        #: Rows of their own, in the order in which they were captured.
        self._own: list[OwnRow] = []
        #: Rows that were made, by their time.
        self._rows: dict[float, bytes] = {}

    @property
    def is_kept(self) -> bool:
        """
        Rows of their own, and a beginning, would be lost.
        """
        return super().is_kept or bool(self._own) or self._since != _FOREVER

    # -- columns and rows ------------------------------------------------------------------------

    @property
    def columns(self) -> list[Column]:
        """
        What is captured.
        """
        found: Any = self.get(_COLUMNS).values
        columns = []
        for values in found if isinstance(found, tuple) else ():
            try:
                columns.append(Column(CaptureObject.from_values(values), self))
            except DecodeError:
                continue
        return columns

    @property
    def entries(self) -> int:
        """
        How many rows it holds: as many as is said, and no more than a meter has room for.
        """
        count = min(int(self.meaning(_ENTRIES)), MOST_ENTRIES) or _USUAL_ENTRIES
        columns = self.columns
        if not columns:
            return count
        row = self._row(columns, self.meter.time())
        return min(count, _MOST_OCTETS // len(row) + 1, _MOST_CELLS // len(columns))

    @staticmethod
    def _row(columns: list[Column], at: float) -> bytes:
        return joined([one.cells([at])[0] for one in columns])

    @property
    def captures(self) -> Captures:
        """
        When it captures by itself.
        """
        meter = self.meter
        return Captures(int(self.meaning(_PERIOD)), self._monthly, meter.local, meter.utc)

    def times(self) -> list[float]:
        """
        @return: the times of all rows, the oldest first.
        """
        entries = self.entries
        found = self.captures.until(self.meter.time(), self._since, entries)
        if self._own:
            found = sorted([*found, *(one.place for one in self._own)])
        return found[-entries:]

    def _made(self, times: list[float]) -> list[bytes]:
        """
        @return: the rows of these times, in their order.
        """
        own = {one.place: one.row for one in self._own}
        known = self._rows
        missing = [at for at in times if at not in known and at not in own]
        if missing:
            if len(known) + len(missing) > self.entries:
                known.clear()
                missing = [at for at in times if at not in own]
            cells = [one.cells(missing) for one in self.columns]
            for index, at in enumerate(missing):
                known[at] = joined([column[index] for column in cells])
        return [own[at] if at in own else known[at] for at in times]

    def recent(self, count: int) -> Data:
        """
        @return: the last rows, the oldest first, as a buffer.
        """
        return array_of(self._made(self.times()[-count:] if count else []))

    # -- the buffer ------------------------------------------------------------------------------

    @reads(_BUFFER)
    def whole_buffer(self) -> Data:
        """
        All rows.
        """
        return array_of(self._sorted(self.times()))

    def _sorted(self, times: list[float]) -> list[bytes]:
        """
        @return: the rows of these times, in the order of the profile.
        """
        method = int(self.meaning(_METHOD))
        if method == _LIFO:
            times = times[::-1]
        rows = self._made(times)
        if method > _LIFO:
            place = self._place(self.sort_object().values)
            key = order_of(method)
            if place is not None and key is not None:
                rows.sort(key=lambda row: key(cells_of(row)[place].values))
        return rows

    def _place(self, captured: Any) -> int | None:
        """
        @return: which column that is.
        """
        try:
            wanted = CaptureObject.from_values(captured)
        except DecodeError:
            return None
        return self._place_of(wanted)

    def _place_of(self, wanted: CaptureObject) -> int | None:
        for place, one in enumerate(self.columns):
            if one.captured == wanted:
                return place
        return None

    @selects(_BUFFER)
    def part_of_buffer(self, selection: SelectiveAccess) -> Data | DataAccessResult:
        """
        The rows and columns that a range or entry descriptor names; nothing that fits is an empty array.
        """
        try:
            wanted = parse_selection(self.CLASS, _BUFFER, selection)
        except DecodeError:
            return DataAccessResult.TYPE_UNMATCHED
        if isinstance(wanted, SelectiveAccess):
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
        if isinstance(wanted, EntryDescriptor):
            return self._by_entry(wanted)
        places = [self._place_of(one) for one in wanted.selected_values]
        chosen = [place for place in places if place is not None]
        if len(chosen) != len(places):
            return DataAccessResult.OTHER_REASON
        restricting = wanted.restricting_object
        if restricting.class_id == CLOCK_CLASS and restricting.attribute_id == 2:
            limits = time_limits(wanted.from_value, wanted.to_value, self.meter.local_time)
            if limits is None:
                return DataAccessResult.TYPE_UNMATCHED
            return array_of(self._sorted(self._between(limits)), chosen or None)
        place = self._place_of(restricting)
        if place is None:
            return DataAccessResult.OTHER_REASON
        return self._by_value(place, wanted.from_value, wanted.to_value, chosen or None)

    def _by_entry(self, wanted: EntryDescriptor) -> Data:
        # Clients are about that count from 0.
        first, last = max(wanted.from_entry, 1), wanted.to_entry
        begin, end = max(wanted.from_selected_value, 1), wanted.to_selected_value
        count = len(self.columns)
        places = list(range(begin - 1, min(end, count) if end else count))
        method = int(self.meaning(_METHOD))
        times = self.times()
        if method > _LIFO:
            rows = self._sorted(times)[first - 1 : last or None]
        elif method == _LIFO:
            rows = self._sorted(times[::-1][first - 1 : last or None][::-1])
        else:
            rows = self._sorted(times[first - 1 : last or None])
        return array_of(rows, None if len(places) == count else places)

    def _between(self, limits: Limits) -> list[float]:
        times = self.times()
        if self._own:
            own = {one.place: one.at for one in self._own}
            return [at for at in times if limits.first <= own.get(at, at) <= limits.last]
        return times[bisect_left(times, limits.first) : bisect_right(times, limits.last)]

    def _by_value(
        self, place: int, low: Data, high: Data, places: list[int] | None
    ) -> Data | DataAccessResult:
        first: Any = low.values
        last: Any = high.values
        rows = []
        for row in self._sorted(self.times()):
            value: Any = cells_of(row)[place].values
            try:
                if first <= value <= last:
                    rows.append(row)
            except TypeError:
                return DataAccessResult.TYPE_UNMATCHED
        return array_of(rows, places)

    @reads(_IN_USE)
    def entries_in_use(self) -> Data:
        """
        How many rows there are.
        """
        return build.double_long_unsigned(len(self.times()))

    @reads(_ENTRIES)
    def profile_entries(self) -> Data:
        """
        How many rows it holds at most.
        """
        return build.double_long_unsigned(self.entries)

    @reads(_SORT_OBJECT)
    def sort_object(self) -> Data:
        """
        The column that it is sorted by: the first where nothing is said.
        """
        given = self.get(_SORT_OBJECT)
        values: Any = given.values
        if isinstance(values, tuple) and values and not values[0] and self.columns:
            return self.columns[0].captured.to_data()
        return given

    # -- writing and methods ---------------------------------------------------------------------

    @writes(_COLUMNS)
    def set_columns(self, value: Data) -> DataAccessResult:
        """
        Capture other objects: what was captured is gone.
        """
        if isinstance(value.values, tuple) and len(value.values) > _MOST_COLUMNS:
            return DataAccessResult.OTHER_REASON
        return self._change(_COLUMNS, value)

    @writes(_PERIOD)
    def set_period(self, value: Data) -> DataAccessResult:
        """
        Capture at other times: what was captured is gone.
        """
        return self._change(_PERIOD, value)

    @writes(_ENTRIES)
    def set_entries(self, value: Data) -> DataAccessResult:
        """
        Hold another number of rows: what was captured is gone.
        """
        if int(self.interface_class.attribute(_ENTRIES).decode(value).value) > MOST_ENTRIES:
            return DataAccessResult.OTHER_REASON
        return self._change(_ENTRIES, value)

    def _change(self, attribute: int, value: Data) -> DataAccessResult:
        self.put(attribute, value)
        self.reset(None)
        return DataAccessResult.SUCCESS

    @invokes(1)
    def reset(self, _parameter: Data | None) -> ActionResult:
        """
        Begin anew.
        """
        self._since = self.meter.time()
        self._own = []
        self._rows = {}
        return ActionResult.SUCCESS

    @invokes(2)
    def capture(self, _parameter: Data | None) -> ActionResult:
        """
        Add a row, now.
        """
        columns = self.columns
        if not columns:
            return ActionResult.OTHER_REASON
        place = now = self.meter.time()
        if self._own and place <= self._own[-1].place:
            # Two events of one moment are two rows; one after the clock was put back comes after those before.
            place = nextafter(self._own[-1].place, inf)
        self._own.append(OwnRow(place, now, self._row(columns, now)))
        del self._own[: -self.entries]
        return ActionResult.SUCCESS

    def clock_set(self, before: float, now: float) -> None:
        """
        Rows that were made stay as they are; those of a time that has not been yet are made anew.
        """
        self._rows = {at: row for at, row in self._rows.items() if at <= now}
