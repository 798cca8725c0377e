"""
Profiles: their layout, fetched once, and their rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.client.profile_selection import (
    RowsAfter,
    RowsWanted,
    chosen_columns,
    whole_filter,
)
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.row_stream import RowFeeder, RowStream, Tell, narrowed
from dlms_twisted.client.scalers import Scalers
from dlms_twisted.client.services import Services
from dlms_twisted.client.time_styles import TimeStyles, is_final
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions
from dlms_twisted.cosem.columns import Column, columns_of
from dlms_twisted.cosem.elements import ScalerUnit
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Profile, Row
from dlms_twisted.cosem.selection import RangeStyle
from dlms_twisted.errors import AccessRefusedError

__all__ = ["Profiles", "Rows"]

_CLASS: Final = 7
#: Attributes of the class.
_BUFFER, _CAPTURED, _PERIOD, _SORT = 2, 3, 4, 5
_ENTRIES_IN_USE: Final = 7
#: What is remembered of a meter that takes no choice of columns.
_CHOICE: Final = "columns"
#: sort_method: the newest row is the first.
_LIFO: Final = 2


class Rows(tuple[Row, ...]):
    """
    The rows of a profile.

    @ivar profile: Its columns, with labels, scalers and units.
    """

    profile: Profile


class Profiles:
    """
    The profiles of one meter.
    """

    def __init__(
        self, services: Services, scalers: Scalers, options: ClockOptions = NO_OPTIONS
    ) -> None:
        """
        @param options: The quirks of the meter's clock.
        """
        self._services = services
        self._scalers = scalers
        self._layouts: dict[tuple[Obis, bool], Profile] = {}
        self._options = options
        self._manners = services.manners
        self._styles = TimeStyles(services.manners, "range")

    async def rows(
        self,
        name: Obis,
        wanted: RowsWanted,
        *,
        scaled: bool = True,
        style: RangeStyle | None = None,
    ) -> Rows:
        """
        See L{dlms_twisted.client.Meter.profile}.
        """
        found: list[Row] = []
        # Nobody sees a row before the last is there: all at once costs much less than each block by itself.
        await self.tell(name, wanted, found.extend, scaled=scaled, style=style, in_parts=False)
        rows = Rows(found)
        rows.profile = await self.columns(name, wanted, scaled)
        return rows

    def stream(
        self,
        name: Obis,
        wanted: RowsWanted,
        *,
        scaled: bool = True,
        style: RangeStyle | None = None,
    ) -> RowStream:
        """
        See L{dlms_twisted.client.Meter.rows}.
        """
        return RowStream(lambda tell: self.tell(name, wanted, tell, scaled=scaled, style=style))

    async def columns(self, name: Obis, wanted: RowsWanted, scaled: bool = True) -> Profile:
        """
        @return: the columns that the rows have.

        @raise LocalProtocolError: the profile has not all columns that are wanted.
        """
        layout = await self.layout(name, scaled)
        chosen = chosen_columns(layout, wanted.columns)
        return layout if len(chosen) == len(layout.columns) else narrowed(layout, chosen)

    async def tell(
        self,
        name: Obis,
        wanted: RowsWanted,
        tell: Tell,
        *,
        scaled: bool = True,
        style: RangeStyle | None = None,
        in_parts: bool = True,
    ) -> None:
        """
        Ask for rows.

        @param tell: Called with rows as they come.
        @param in_parts: As soon as they come; else with all of them at the end.
        @param style: How the meter wants times; C{None} to find out.

        @raise AccessRefusedError: the meter refuses.
        @raise DecodeError: what it gives is no buffer.
        """
        layout = await self.layout(name, scaled)
        rows = await self.columns(name, wanted, scaled)
        asked = layout.columns if _CHOICE in self._manners.refused else rows.columns
        try:
            await self._ask(name, wanted, layout, asked, rows, style, tell, in_parts)
        except AccessRefusedError as error:
            if len(asked) == len(layout.columns) or is_final(error):
                raise
            await self._ask(name, wanted, layout, layout.columns, rows, style, tell, in_parts)
            # Without the choice it is taken, so it was that.
            self._manners.refuse(_CHOICE)

    async def _ask(
        self,
        name: Obis,
        wanted: RowsWanted,
        layout: Profile,
        columns: Sequence[Column],
        rows: Profile,
        style: RangeStyle | None,
        tell: Tell,
        in_parts: bool,
    ) -> None:
        now = self._services.conversation.clock.seconds()
        whole = not self._selects
        keep = whole_filter(wanted, layout.newest_first, now) if whole else None
        after = None
        if wanted.since is not None:
            after = RowsAfter(wanted.since, layout.newest_first)
        asked = layout.columns if whole else columns
        feeder = RowFeeder(layout, asked, rows, tell, keep=keep, after=after)

        async def get(said: RangeStyle) -> Data:
            selection = None if whole else wanted.selection(layout, asked, said, now)
            return await self._services.get(
                Reference(name, _CLASS, _BUFFER), selection, feeder.part if in_parts else None
            )

        if wanted.timed and style is None:
            feeder.finish(await self._styles.first_taken(get))
        else:
            feeder.finish(await get(style or RangeStyle()))

    @property
    def _selects(self) -> bool:
        """
        Can the meter be asked for a part of an attribute?
        """
        agreed = self._services.conformance
        return bool(agreed & (Conformance.SELECTIVE_ACCESS | Conformance.PARAMETERIZED_ACCESS))

    async def count(self, name: Obis) -> int | None:
        """
        @return: how many rows the profile has now, where the meter says it.
        """
        return await self._number(name, _ENTRIES_IN_USE)

    async def layout(self, name: Obis, scaled: bool = True) -> Profile:
        """
        @return: the columns of a profile, with scalers and units.
        """
        key = (name, scaled)
        if key not in self._layouts:
            captured = await self._services.get(Reference(name, _CLASS, _CAPTURED))
            scalers: dict[Obis, ScalerUnit] = {}
            for column in columns_of(captured):
                known = await self._scalers.of(
                    Reference(column.logical_name, column.class_id, column.attribute)
                )
                if known is not None:
                    scalers[column.logical_name] = known
            self._layouts[key] = Profile(
                columns_of(captured, scalers),
                capture_period=await self._number(name, _PERIOD) or 0,
                newest_first=await self._number(name, _SORT) == _LIFO,
                scaled=scaled,
                clock=self._options,
            )
        return self._layouts[key]

    async def _number(self, name: Obis, attribute: int) -> int | None:
        try:
            value: Any = (await self._services.get(Reference(name, _CLASS, attribute))).values
        except AccessRefusedError:
            return None
        return value if type(value) is int else None
