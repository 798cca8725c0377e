"""
P1 telegrams and IEC 62056-21 readouts, as text, to readings.

A line is an OBIS code and values in parentheses: C{1-0:1.8.1(000004.426*kWh)}.  What a telegram says is kept: its unit
is not converted, and its summer or winter letter gives an offset from UTC only where the clock's zone is known.
Source: DSMR P1 companion standard; IEC 62056-21, data block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, NamedTuple

from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions
from dlms_twisted.cosem.layout_form import ValueRule
from dlms_twisted.cosem.names import obis_name
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.push_layouts import NO_LAYOUTS, PushLayouts
from dlms_twisted.cosem.reading import Reading
from dlms_twisted.cosem.readings import NO_READING_OPTIONS, ReadingOptions
from dlms_twisted.cosem.scaled import scale
from dlms_twisted.cosem.units import by_symbol
from dlms_twisted.errors import ObisError, UnitError

__all__ = ["telegram_identity", "telegram_readings"]

_LINE: Final = re.compile(r"(?P<code>[0-9A-Z.:*&-]*)(?P<values>(?:\([^()]*\))+)\Z")
_VALUE: Final = re.compile(r"\(([^()]*)\)")
_TIME: Final = re.compile(r"[0-9]{12}[SW]?\Z")
_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?\Z")
_CODE: Final = re.compile(r"[0-9]+-[0-9]+:[0-9.]+\Z")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+\Z")
#: Longest line that is looked at, in characters; a profile with a year of values is far shorter.
_LONGEST: Final = 16384


class _Entry(NamedTuple):
    """
    One value of a line.

    @ivar logged: It is of another time than the telegram.
    """

    obis: Obis
    text: str
    time: str | None
    status: int | None
    source: str
    logged: bool = False


def telegram_readings(
    telegram: bytes | str,
    *,
    layouts: PushLayouts | None = None,
    options: ReadingOptions | None = None,
) -> tuple[Reading, ...]:
    """
    @param telegram: From C{/} to C{!}, with or without its CRC; anything at all, this never raises.
    @param layouts: The layouts in use, for their names and groups.
    @param options: What is known of the meter.

    @return: a reading for each value of each line that is one, in order; each entry of a log or profile is one.
    """
    known, given = layouts or NO_LAYOUTS, options or NO_READING_OPTIONS
    lines = list(_lines(telegram))
    identity = _identity(lines)
    groups = known.groups_of((*given.identities, *([identity] if identity else [])))
    clock = next((one.clock for one in groups if one.clock is not NO_OPTIONS), given.clock)
    overrides = tuple(rule for group in groups for rule in group.values)
    moment = next((one for code, one, *_ in lines if _is_clock(code) and _TIME.match(one)), None)
    time = None if moment is None else _time(moment, clock)
    names = (given.names, known.names, known.telegram_names)
    found = []
    for code, *values in lines:
        for entry in _entries(code, values, clock):
            reading = _reading(entry, clock)._replace(name=obis_name(entry.obis, *names))
            if entry.time is None and not entry.logged:
                reading = reading._replace(time=time)
            found.append(_overridden(reading, overrides))
    return tuple(found)


def telegram_identity(telegram: bytes | str) -> str | None:
    """
    @return: the meter's own number as the telegram gives it, or C{None}.
    """
    return _identity(list(_lines(telegram)))


def _lines(telegram: bytes | str) -> Iterator[list[str]]:
    """
    Each line as its code and values; a line without a code goes on with the one before.
    """
    text = telegram.decode("latin-1") if isinstance(telegram, bytes) else telegram
    pending: list[str] = []
    for line in text.splitlines():
        match = _LINE.match(line.strip()) if len(line) <= _LONGEST else None
        if match is None:
            continue
        values = _VALUE.findall(match["values"])
        if match["code"]:
            if pending:
                yield pending
            pending = [match["code"], *values]
        elif pending:
            pending += values
    if pending:
        yield pending


def _obis(code: str) -> Obis | None:
    try:
        return Obis.parse(code)
    except ObisError:
        return None


def _is_clock(code: str) -> bool:
    obis = _obis(code)
    return obis is not None and obis.a == 0 and (obis.c, obis.d) == (1, 0)


def _identity(lines: Sequence[Sequence[str]]) -> str | None:
    """
    The equipment identifier (96.1.1, else 96.1.0, else 0.0.0) of the meter itself, not of a device behind it.
    """
    numbers: dict[tuple[int, int, int], str] = {}
    for code, value, *_ in lines:
        obis = _obis(code)
        if obis is not None and obis.b == 0 and value:
            numbers.setdefault((obis.c, obis.d, obis.e), str(_value(obis, value)))
    return numbers.get((96, 1, 1)) or numbers.get((96, 1, 0)) or numbers.get((0, 0, 0))


def _entries(code: str, values: Sequence[str], clock: ClockOptions) -> list[_Entry]:
    obis = _obis(code)
    if obis is None:
        return []
    if len(values) > 1 and any(_CODE.match(value) for value in values):
        return _profile(obis, values, clock)
    time = None
    if len(values) > 1 and _TIME.match(values[0]):
        time, values = _time(values[0], clock), values[1:]
    return [_Entry(obis, value, time, None, "p1") for value in values]


def _profile(obis: Obis, values: Sequence[str], clock: ClockOptions) -> list[_Entry]:
    """
    A log or profile: how many entries, the objects it is of, and the entries, each a time or more and a value; or the
    form of DSMR 3, where a time, a status and a period stand before the object and its unit behind it.
    """
    first = next(index for index, value in enumerate(values) if _CODE.match(value))
    last = max(index for index, value in enumerate(values) if _CODE.match(value))
    if _TIME.match(values[0]) and len(values) > last + 1:
        return _old_profile(obis, values, last, clock)
    source = f"p1, entry of {obis}"
    captured = _obis(values[last])
    entries = [_Entry(obis, value, None, None, "p1") for value in values[:first]]
    time = None
    for value in values[last + 1 :]:
        if _TIME.match(value):
            time = _time(value, clock)
        elif captured is not None:
            entries.append(_Entry(captured, value, time, None, source, True))
            time = None
    return entries


def _old_profile(obis: Obis, values: Sequence[str], last: int, clock: ClockOptions) -> list[_Entry]:
    captured = _obis(values[last])
    status = int(values[1]) if values[1].isdecimal() else None
    period = int(values[2][:6]) if last > 2 and values[2].isdecimal() else 0
    start = _local(values[0])
    entries = []
    for index, value in enumerate(values[last + 2 :]):
        moment = _later(start, index * period)
        text = f"{value}*{values[last + 1]}"
        time = None if moment is None else _offset(moment, "", clock).isoformat()
        if captured is not None:
            source = f"p1, entry of {obis}"
            entries.append(_Entry(captured, text, time, status, source, True))
    return entries


def _reading(entry: _Entry, clock: ClockOptions) -> Reading:
    text, star, symbol = entry.text.partition("*")
    value = _value(entry.obis, text)
    if _TIME.match(text) and not star:
        value = _time(text, clock) or text
    class_id = 8 if _is_clock(str(entry.obis)) else (4 if entry.time else 3) if star else 1
    return Reading(
        obis=entry.obis,
        class_id=class_id,
        attribute=2,
        name=None,
        value=value,
        unit=_unit(symbol) if star else None,
        scaler=None,
        raw={"type": "visible-string", "value": entry.text},
        time=entry.time,
        status=entry.status,
        source=entry.source,
    )


def _overridden(reading: Reading, rules: Sequence[ValueRule]) -> Reading:
    """
    @return: with the scaler and unit of a group, where one says them.
    """
    rule = next((one for one in rules if one.pattern.matches(reading.obis)), None)
    if rule is None or isinstance(reading.value, str) or reading.value is None:
        return reading
    scaler = rule.scaler
    return reading._replace(
        value=reading.value if scaler is None else scale(reading.value, scaler),
        scaler=scaler,
        unit=reading.unit if rule.unit is None else rule.unit,
        source=reading.source + ", overridden by group",
    )


def _value(obis: Obis, text: str) -> int | Decimal | str:
    """
    A number as it stands, but for identifiers and messages; those are often the hex of their text.
    """
    if (obis.c, obis.d) in {(96, 1), (96, 13), (0, 0), (42, 0)}:
        return _from_hex(text)
    if _NUMBER.match(text):
        return Decimal(text) if "." in text else int(text)
    return text


def _from_hex(text: str) -> str:
    if not _HEX.match(text):
        return text
    octets = bytes.fromhex(text)
    return octets.decode("ascii") if all(0x20 <= octet < 0x7F for octet in octets) else text


def _unit(symbol: str) -> str | None:
    try:
        return by_symbol(symbol).symbol
    except UnitError:
        return symbol or None


def _time(text: str, clock: ClockOptions) -> str | None:
    """
    C{YYMMDDhhmmssX} in ISO 8601; X is S in summer and W in winter.
    """
    local = _local(text)
    return None if local is None else _offset(local, text[12:], clock).isoformat()


def _local(text: str) -> datetime | None:
    try:
        return datetime.strptime(text[:12], "%y%m%d%H%M%S")
    except ValueError:
        return None


def _later(start: datetime | None, minutes: int) -> datetime | None:
    try:
        return None if start is None else start + timedelta(minutes=minutes)
    except OverflowError:
        return None


def _offset(local: datetime, season: str, clock: ClockOptions) -> datetime:
    if clock.clock_zone is None:
        return local
    placed = local.replace(tzinfo=clock.clock_zone, fold=int(season == "W"))
    return placed.replace(tzinfo=timezone(placed.utcoffset() or timedelta()), fold=0)
