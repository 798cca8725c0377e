"""
The clock of a meter: what it shows, by how much it is ahead of ours, and setting it.

Half of the measured round trip is taken for the way there, and half for the way back.  Our time is the reactor's,
which for real reactors is the computer's.  Source: DLMS UA 1000-1 (Blue Book), Clock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, NamedTuple

from attrs import evolve
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from dlms_twisted.client.reference import Reference
from dlms_twisted.client.services import Services
from dlms_twisted.client.time_styles import TimeStyles
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions, aware_datetime
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.selection import RangeStyle, clock_octets
from dlms_twisted.errors import AccessRefusedError, LocalProtocolError, RemoteProtocolError

__all__ = ["CLOCK", "ClockReading", "ClockSetting", "Clocks"]

#: The clock's time.
CLOCK: Final = Reference(Obis(0, 0, 1, 0, 0), 8, 2)
#: Methods of the class.
_TO_MINUTE: Final = 3
_TO_PRESET: Final = 4
_PRESET: Final = 5
_SHIFT: Final = 6
#: The farthest that C{shift_time} goes, in seconds.
_FARTHEST: Final = 900
#: How far a clock may be off for the nearest minute to be the right one, in seconds.
_NEAR_MINUTE: Final = 29.0
#: Minutes of a day.
_DAY: Final = 24 * 60
#: For how long after its preset time a meter waits for the word, in seconds.
_VALIDITY: Final = timedelta(minutes=10)


class ClockReading(NamedTuple):
    """
    A look at a meter's clock.

    @ivar shown: What it showed.
    @ivar offset: By how many seconds it was ahead of our time; C{None} where it does not say its deviation from UTC
        and no zone was given.
    @ivar round_trip: How long the question and its answer took, in seconds: the offset is sure to half of it, and to
        the second where the meter shows no hundredths.
    """

    shown: DateTime
    offset: float | None
    round_trip: float


class ClockSetting(NamedTuple):
    """
    What became of setting a clock.

    @ivar how: C{set}, C{shift-time}, C{preset-time} or C{adjust-to-minute}; C{none} where there was nothing to do.
    @ivar before: What it showed.
    @ivar after: What it showed then.
    """

    how: str
    before: ClockReading
    after: ClockReading


class Clocks:
    """
    The clock of one meter.
    """

    def __init__(
        self,
        services: Services,
        clock: IReactorTime,
        where: Reference = CLOCK,
        options: ClockOptions = NO_OPTIONS,
    ) -> None:
        """
        @param clock: Our time, in seconds since 1970, UTC.
        @param where: The time of the clock object.
        @param options: The quirks of the meter's clock.
        """
        self._services = services
        self._clock = clock
        self._where = where
        self._options = options
        self._styles = TimeStyles(services.manners, "clock")

    async def shown(self) -> DateTime:
        """
        @return: what the clock shows.

        @raise RemoteProtocolError: it holds no time.
        """
        data = await self._services.get(self._where)
        if not isinstance(data.values, bytes) or len(data.values) != len(_NOTHING):
            raise RemoteProtocolError("the clock holds no time")
        return DateTime.from_octets(data.values)

    async def read(self, zone: tzinfo | None = None) -> ClockReading:
        """
        @param zone: In which the clock runs, for one that does not say its deviation.

        @return: what it shows, and how far it is off.
        """
        begun = self._clock.seconds()
        shown = await self.shown()
        taken = self._clock.seconds() - begun
        moment = aware_datetime(shown.to_octets(), self._in(zone))
        offset = None if moment is None else moment.timestamp() - (begun + taken / 2)
        return ClockReading(shown, offset, taken)

    async def write(self, moment: datetime) -> None:
        """
        Set the clock to this moment, without any correction.

        @param moment: With a zone, which the meter is told as the deviation; without one, as it is.

        @raise AccessRefusedError: the meter refuses, in whatever form it is said.
        """

        async def said() -> datetime:
            return moment

        await self._written(said, self._options)

    async def synchronise(self, zone: tzinfo | None = None) -> ClockSetting:
        """
        Set the clock to our time, by the means that the meter allows: it is written when the second begins, less the
        way there; or shifted, preset, or adjusted to the minute.

        @param zone: In which the meter shall show its time; where it is not said, the meter's deviation is kept.

        @raise LocalProtocolError: the meter does not say its deviation, and there is no C{zone}.
        @raise AccessRefusedError: the meter refuses each means that could do.
        """
        before = await self.read(zone)
        options = self._in(zone or _zone(before.shown, self._options))
        if options.clock_zone is None:
            raise LocalProtocolError(
                "the clock does not say its deviation from UTC, and its zone is not said either"
            )
        try:
            await self._write_now(options, before)
            how = "set"
        except AccessRefusedError as refusal:
            how = await self._otherwise(options, before, refusal)
        return ClockSetting(how, before, await self.read(zone))

    def _in(self, zone: tzinfo | None) -> ClockOptions:
        """
        @return: the options, with the zone in which the clock runs where it is known.
        """
        return self._options if zone is None else evolve(self._options, clock_zone=zone)

    async def _until(self, step: float, before: ClockReading) -> datetime:
        """
        Wait until a message that is sent now arrives at a whole number of C{step} seconds.

        @return: that moment.
        """
        arriving = self._clock.seconds() + before.round_trip / 2
        whole = -(-arriving // step) * step
        await deferLater(self._clock, whole - arriving)
        return datetime.fromtimestamp(whole, UTC)

    async def _write_now(self, options: ClockOptions, before: ClockReading) -> None:
        async def now() -> datetime:
            moment = await self._until(1.0, before)
            if before.shown.deviation is not None:
                return moment
            # It is told what to show, as it does not speak of deviations itself.
            shown = DateTime.from_octets(clock_octets(moment, RangeStyle(), options))
            return shown.to_local() or moment

        await self._written(now, options)

    async def _written(
        self, moment: Callable[[], Awaitable[datetime]], options: ClockOptions
    ) -> None:
        async def write(style: RangeStyle) -> None:
            octets = clock_octets(await moment(), style, options)
            value = build.date_time(octets) if style.typed else build.octet_string(octets)
            await self._services.set(self._where, value)

        await self._styles.first_taken(write)

    async def _otherwise(
        self, options: ClockOptions, before: ClockReading, refusal: AccessRefusedError
    ) -> str:
        """
        @return: how the clock was set, where its time cannot be written.
        """
        offset = before.offset
        seconds = 0 if offset is None else -round(offset)
        if offset is not None and not seconds:
            return "none"
        near = offset is not None and abs(seconds) <= _FARTHEST
        if near and await self._did(_SHIFT, build.long_(seconds)):
            return "shift-time"
        if await self._preset(options, before):
            return "preset-time"
        if offset is not None and abs(offset) < _NEAR_MINUTE:
            # It goes to the minute that is nearest to what it shows, so it is told when one begins.
            await self._until(60.0, before)
            if await self._did(_TO_MINUTE):
                return "adjust-to-minute"
        raise refusal

    async def _preset(self, options: ClockOptions, before: ClockReading) -> bool:
        arriving = self._clock.seconds() + before.round_trip / 2
        # Time enough for what is said now to be heard before it is due.
        whole = -(-(arriving + before.round_trip + 1) // 1)
        moment = datetime.fromtimestamp(whole, UTC)
        shown = moment + timedelta(seconds=before.offset or 0.0)
        octets = [
            clock_octets(one, RangeStyle(), options)
            for one in (moment, shown - _VALIDITY, shown + _VALIDITY)
        ]
        parameter = build.structure(*(build.octet_string(one) for one in octets))
        if not await self._did(_PRESET, parameter):
            return False
        wait = whole - before.round_trip / 2 - self._clock.seconds()
        await deferLater(self._clock, max(0.0, wait))
        return await self._did(_TO_PRESET)

    async def _did(self, method: int, parameter: Data | None = None) -> bool:
        chosen = _ZERO if parameter is None else parameter
        try:
            await self._services.action(evolve(self._where, member=method), chosen)
        except AccessRefusedError:
            return False
        return True


_ZERO: Final = build.integer(0)
_NOTHING: Final = bytes(12)


def _zone(shown: DateTime, options: ClockOptions) -> tzinfo | None:
    """
    @return: the zone that a clock shows, or is known to run in.
    """
    if options.clock_zone is not None:
        return options.clock_zone
    if shown.deviation is None or abs(shown.deviation) >= _DAY:
        return None
    minutes = shown.deviation if options.deviation_inverted else -shown.deviation
    return timezone(timedelta(minutes=minutes))
