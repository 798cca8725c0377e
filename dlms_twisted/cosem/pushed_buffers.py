"""
Buffers that are pushed: the rows of a profile, or the values of compact data, as values of their objects.

A push carries the buffer and not its capture objects; a layout file says them (C{[[profile]]}).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from dlms_twisted.codec import build
from dlms_twisted.codec.tags import ARRAY, COMPACT_ARRAY, OCTET_STRING
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.compact_data import compact_elements, template_id
from dlms_twisted.cosem.elements import Element, children, element_of
from dlms_twisted.cosem.layout_form import BufferRule
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.recognise import Found
from dlms_twisted.errors import DecodeError

__all__ = ["expanded"]

_PROFILE: Final = 7
_COMPACT: Final = 62
#: A compact buffer that is pushed alone has no name; that of the first compact data object stands for it.
_COMPACT_NAME: Final = Obis(0, 0, 66, 0, 0)
#: Most rows of one push that become readings, so that a reading's worth of octets costs no more than one.
_ROWS: Final = 10_000


def expanded(
    found: list[Found], root: Element, rule_of: Callable[[Obis, int | None], BufferRule | None]
) -> list[Found]:
    """
    @param found: What is known of a message.
    @param root: Its outermost element.
    @param rule_of: Gives how a buffer is read: of a profile by its name, of compact data by its template, too.

    @return: the same, and behind each buffer that a rule knows, its cells.
    """
    if not found and root.tag == OCTET_STRING and root.value:
        rule = rule_of(_COMPACT_NAME, template_id(root.value))
        return [] if rule is None else list(_compact(root.value, rule))
    out = []
    for one in found:
        out.append(one)
        name = Obis.of(one.logical_name)
        if one.element.tag in {ARRAY, COMPACT_ARRAY} and one.class_id in {None, _PROFILE}:
            rule = rule_of(name, None)
            if rule is not None:
                out.extend(_rows(one, rule))
        elif one.element.tag == OCTET_STRING and one.class_id in {None, _COMPACT}:
            rule = rule_of(name, template_id(one.element.value))
            if rule is not None:
                out.extend(_compact(one.element.value, rule))
    return out


def _rows(buffer: Found, rule: BufferRule) -> Iterator[Found]:
    source = f"row of {Obis.of(buffer.logical_name)}"
    time: bytes | None = None
    for row in children(buffer.element)[:_ROWS]:
        cells = children(row)
        time = _time(cells, rule, time)
        yield from _cells(cells, rule, time, source)


def _compact(octets: bytes, rule: BufferRule) -> Iterator[Found]:
    try:
        elements = compact_elements(octets, rule.description)
    except DecodeError:
        return
    cells = tuple(element_of(one) for one in elements)
    source = f"compact data, template {rule.template}"
    yield from _cells(cells, rule, _time(cells, rule, None), source)


def _cells(
    cells: tuple[Element, ...], rule: BufferRule, time: bytes | None, source: str
) -> Iterator[Found]:
    status = None
    for column, cell in zip(rule.columns, cells, strict=False):
        if column.is_status and type(cell.value) is int:
            status = cell.value
    for column, cell in zip(rule.columns, cells, strict=False):
        if column.is_clock:
            # A time that was left out is a value of its own, too.
            shown = cell if time is None else element_of(build.octet_string(time))
            yield Found(column.logical_name.octets, shown, source, 8, 2, time=time, status=status)
            continue
        yield Found(
            column.logical_name.octets,
            cell,
            source,
            column.class_id,
            column.attribute,
            scaler=column.scaler,
            unit=column.unit,
            time=time,
            status=status,
        )


def _time(cells: tuple[Element, ...], rule: BufferRule, before: bytes | None) -> bytes | None:
    """
    The time of a row; where it was left out, the one before plus the capture period.
    """
    for column, cell in zip(rule.columns, cells, strict=False):
        if not column.is_clock:
            continue
        if isinstance(cell.value, bytes) and len(cell.value) == 12:
            return cell.value
        return None if before is None else _later(before, rule.capture_period)
    return None


def _later(octets: bytes, seconds: int) -> bytes | None:
    local = DateTime.from_octets(octets).to_local()
    if not seconds or local is None:
        return None
    try:
        later = local + timedelta(seconds=seconds)
    except OverflowError:
        return None
    # Deviation and status are those of the time before: the sum is one of clock readings.
    return DateTime.from_isoformat(later.isoformat()).to_octets()[:9] + octets[9:]
