"""
Profiles: their layout, fetched once, and their rows.
"""

from __future__ import annotations

import datetime

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.selective import EntryDescriptor, RangeDescriptor
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.scalers import Scalers
from dlms_twisted.client.services import Services
from dlms_twisted.cosem.columns import columns_of
from dlms_twisted.cosem.elements import ScalerUnit
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.profile import Profile, Row
from dlms_twisted.cosem.selection import by_entry, by_time
from dlms_twisted.errors import LocalProtocolError

__all__ = ["Profiles", "Rows"]


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

    def __init__(self, services: Services, scalers: Scalers) -> None:
        self._services = services
        self._scalers = scalers
        self._layouts: dict[tuple[Obis, bool], Profile] = {}

    async def rows(
        self,
        name: str | Obis,
        start: datetime.datetime | None = None,
        end: datetime.datetime | None = None,
        entries: tuple[int, int] | None = None,
        scaled: bool = True,
    ) -> Rows:
        """
        See L{dlms_twisted.client.Meter.profile}.
        """
        selection = _selection(start, end, entries)
        obis = Obis.parse(name) if isinstance(name, str) else name
        profile = await self.layout(obis, scaled)
        buffer = await self._services.get(Reference(obis, 7, 2), selection)
        rows = Rows(profile.rows(buffer))
        rows.profile = profile
        return rows

    async def layout(self, name: Obis, scaled: bool = True) -> Profile:
        """
        @return: the columns of a profile, with scalers and units.
        """
        key = (name, scaled)
        if key not in self._layouts:
            captured = await self._services.get(Reference(name, 7, 3))
            scalers: dict[Obis, ScalerUnit] = {}
            for column in columns_of(captured):
                known = await self._scalers.of(
                    Reference(column.logical_name, column.class_id, column.attribute)
                )
                if known is not None:
                    scalers[column.logical_name] = known
            period = await self._services.get(Reference(name, 7, 4))
            seconds = period.values if type(period.values) is int else 0
            columns = columns_of(captured, scalers)
            self._layouts[key] = Profile(columns, capture_period=seconds, scaled=scaled)
        return self._layouts[key]


def _selection(
    start: datetime.datetime | None,
    end: datetime.datetime | None,
    entries: tuple[int, int] | None,
) -> SelectiveAccess | None:
    chosen: RangeDescriptor | EntryDescriptor
    if entries is not None:
        if start is not None or end is not None:
            raise LocalProtocolError("a span of time or entries wanted, not both")
        chosen = by_entry(*entries)
    elif start is None and end is None:
        return None
    elif start is None or end is None:
        raise LocalProtocolError("both ends of the span of time wanted")
    else:
        chosen = by_time(start, end)
    return chosen.to_selection()
