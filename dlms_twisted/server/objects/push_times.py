"""
When a push may start, and when it is tried again.

Source: DLMS UA 1000-1 (Blue Book), Push setup: communication_window, repetition_delay.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from dlms_twisted.codec.times import DateTime
from dlms_twisted.server.occurrences import next_occurrence

if TYPE_CHECKING:
    from dlms_twisted.server.meter import SimulatedMeter

__all__ = ["next_opening", "repetition_delay"]

#: Windows that are looked at; meters have a few.
_MOST: Final = 16
_PERCENT: Final = 100
#: The exponent of time by which delays grow is at most this.
_LONGEST: Final = 0xFFFF


def next_opening(windows: Any, meter: SimulatedMeter, now: float) -> float | None:
    """
    @param windows: C{communication_window}, decoded.
    @param now: Seconds since 1970 UTC on the meter's clock.

    @return: C{now} if a window is open, or there are none; when the next one opens; C{None} for never again.
    """
    if not windows:
        return now
    local = meter.local(now)
    openings = []
    for window in windows[:_MOST]:
        if not isinstance(window, dict):
            continue
        start, end = window["start_time"], window["end_time"]
        if not isinstance(start, DateTime) or not isinstance(end, DateTime):
            continue
        opens = _next(start, local)
        if _is_open(end, opens, local):
            return now
        if opens is not None:
            openings.append(meter.utc(opens))
    return min(openings, default=None)


def _is_open(end: DateTime, opens: datetime | None, local: datetime) -> bool:
    """
    A window is open while its end comes sooner than its next beginning.
    """
    closes = _next(end, local)
    if end == DateTime(deviation=end.deviation, status=end.status):
        # No end: open since its last beginning, if there was one.
        return opens is None
    return closes is not None and (opens is None or closes <= opens)


def _next(moment: DateTime, local: datetime) -> datetime | None:
    return next_occurrence(moment.time, moment.date, local)


def repetition_delay(said: Any, attempt: int) -> float:
    """
    @param said: C{repetition_delay}, decoded: seconds, or minimum, growth (in percent) and maximum.
    @param attempt: The one that failed, 1 and up.

    @return: seconds until the next.
    """
    if not isinstance(said, dict):
        return float(said)
    factor = said["exponent"] / _PERCENT
    delay = float(said["min"])
    for _ in range(attempt - 1):
        delay = min(delay * factor, _LONGEST)
    return min(delay, float(said["max"])) if said["max"] else delay
