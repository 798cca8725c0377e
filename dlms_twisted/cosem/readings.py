"""
Readings out of what meters push: each value with OBIS code, name, unit, time, and where these came from.

In this order: a layout that knows the message (L{dlms_twisted.cosem.push_layouts}), the object list inside the
message, the forms that carry logical names (L{dlms_twisted.cosem.recognise}).  What none of these knows has no reading;
it stays in the body's tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import NULL_DATA
from dlms_twisted.cosem.classes import Attribute, interface_class
from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions, clock_status, time_text
from dlms_twisted.cosem.elements import (
    Element,
    ScalerUnit,
    children,
    is_time,
    number,
    plain,
    text,
    tree,
    type_name,
)
from dlms_twisted.cosem.kinds import NumberKind, TextKind
from dlms_twisted.cosem.layout_form import ValueRule
from dlms_twisted.cosem.names import NO_OVERLAY, NameOverlay, obis_name
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.push_layouts import NO_LAYOUTS, Layout, Message, PushLayouts
from dlms_twisted.cosem.pushed_buffers import expanded
from dlms_twisted.cosem.reading import Reading
from dlms_twisted.cosem.recognise import Found, is_clock
from dlms_twisted.cosem.scaled import scale
from dlms_twisted.cosem.units import unit_symbol

__all__ = [
    "NO_READING_OPTIONS",
    "Reading",
    "ReadingOptions",
    "identity_of",
    "readings_of",
    "readings_of_event",
]

#: A list's own name at the start of a message, not a meter's: KFM_001, AIDON_V0001, Kamstrup_V0001.
_LIST_NAME: Final = re.compile(r"[A-Za-z]+_V?[0-9]+\Z")
#: What a serial number looks like.
_IDENTITY: Final = re.compile(r"(?=(?:.*[0-9]){4})[0-9A-Za-z][0-9A-Za-z ._/-]{5,47}\Z")
#: The objects that say who the meter is, the best first: logical device name, device IDs, Kamstrup's, metering point.
_IDENTITIES: Final = tuple(
    bytes(name)
    for name in (
        (0, 0, 42, 0, 0, 255),
        (0, 0, 96, 1, 0, 255),
        (1, 1, 0, 0, 5, 255),
        (1, 0, 0, 0, 0, 255),
        (0, 0, 96, 1, 1, 255),
        (0, 0, 96, 1, 10, 255),
    )
)


@frozen(kw_only=True)
class ReadingOptions:
    """
    What is known of the meter beside its message.

    @ivar identities: Its configured name, its system title in hex: what groups of layouts are asked for.
    @ivar clock: The quirks of its clock, where no group says them.
    @ivar scalers: Scaler and unit of its objects, as read from it before.
    @ivar names: Names of OBIS codes that go before all others.
    """

    identities: tuple[str, ...] = ()
    clock: ClockOptions = NO_OPTIONS
    scalers: Mapping[Obis, ScalerUnit] = {}
    names: NameOverlay = NO_OVERLAY


NO_READING_OPTIONS: Final = ReadingOptions()


def readings_of(
    body: Data,
    *,
    date_time: bytes | None = None,
    layouts: PushLayouts | None = None,
    options: ReadingOptions | None = None,
) -> tuple[Reading, ...]:
    """
    @param body: What a DataNotification carries; any Data at all, this never raises.
    @param date_time: The notification's own twelve octets, the time of values whose message has no clock.
    @param layouts: The layouts in use.
    @param options: What is known of the meter.

    @return: one reading for each value that could be given its object, in the order of the message.
    """
    known = layouts or NO_LAYOUTS
    message = Message(body)
    layout = known.find(message)
    found = message.found if layout is None else layout.read(message)
    if known.buffers:
        found = expanded(found, message.root, known.buffer_of)
    return _readings(found, date_time, layout, known, options or NO_READING_OPTIONS, message)


def readings_of_event(
    class_id: int,
    instance_id: bytes,
    attribute_id: int,
    attribute_value: Data,
    *,
    time: bytes | None = None,
    layouts: PushLayouts | None = None,
    options: ReadingOptions | None = None,
) -> tuple[Reading, ...]:
    """
    The same for an EventNotification, whose fields these are: the reading of its attribute, and of what the
    attribute's value holds.
    """
    known = layouts or NO_LAYOUTS
    message = Message(attribute_value)
    layout = known.find(message)
    found = [Found(instance_id, message.root, "event", class_id, attribute_id)]
    found += message.found if layout is None else layout.read(message)
    if known.buffers:
        found = expanded(found, message.root, known.buffer_of)
    return _readings(found, time, layout, known, options or NO_READING_OPTIONS, message)


def identity_of(body: Data, layouts: PushLayouts | None = None) -> str | None:
    """
    @return: how the meter calls itself in C{body}: logical device name, device ID or serial number; C{None} if it
        does not.
    """
    message = Message(body)
    layout = (layouts or NO_LAYOUTS).find(message)
    return _identity(message.found if layout is None else layout.read(message), message.elements)


def _identity(found: Iterable[Found], elements: Sequence[Element]) -> str | None:
    named = {one.logical_name: one.element for one in found}
    for name in _IDENTITIES:
        if name in named:
            shown = text(named[name])
            if shown is not None:
                return shown
    for element in elements[:2]:
        shown = text(element)
        if shown is None:
            return None
        if _LIST_NAME.match(shown) is None:
            return shown if _IDENTITY.match(shown) else None
    return None


def _readings(
    found: Sequence[Found],
    date_time: bytes | None,
    layout: Layout | None,
    layouts: PushLayouts,
    options: ReadingOptions,
    message: Message,
) -> tuple[Reading, ...]:
    if not found:
        return ()
    identity = _identity(found, message.elements) if layouts.groups else None
    groups = layouts.groups_of((*options.identities, *([identity] if identity else [])))
    clock = next((one.clock for one in groups if one.clock is not NO_OPTIONS), options.clock)
    make = _Maker(
        clock=clock,
        time=_message_time(found) or date_time,
        filling=layout.values if layout is not None else (),
        layout_name=layout.name if layout is not None else "",
        overrides=tuple(rule for group in groups for rule in group.values),
        scalers=options.scalers,
        names=(options.names, layouts.names, NO_OVERLAY if layout is None else layout.names),
    )
    return tuple([make.reading(one) for one in found])


def _message_time(found: Iterable[Found]) -> bytes | None:
    for one in found:
        if one.time is None and is_clock(one.logical_name) and is_time(one.element):
            octets: bytes = one.element.value
            return octets
    return None


class _Maker:
    """
    Turns what was found in one message into readings.
    """

    def __init__(
        self,
        *,
        clock: ClockOptions,
        time: bytes | None,
        filling: tuple[ValueRule, ...],
        layout_name: str,
        overrides: tuple[ValueRule, ...],
        scalers: Mapping[Obis, ScalerUnit],
        names: tuple[NameOverlay, ...],
    ) -> None:
        self._clock = clock
        self._time = None if time is None else time_text(time, clock)
        self._status = None if time is None else clock_status(time)
        self._filling = filling
        self._layout_name = layout_name
        self._overrides = overrides
        self._scalers = scalers
        self._names = names

    def reading(self, found: Found) -> Reading:
        """
        @return: the reading of one value.
        """
        obis = Obis.of(found.logical_name)
        element = found.element
        scaler, unit, source = self._scaling(obis, found)
        value = plain(element, self._clock)
        exact = number(element)
        if exact is None:
            scaler, unit = None, None
        elif scaler is not None:
            value = scale(exact, scaler)
        time, status = self._time, self._status
        if found.time is not None:
            time, status = time_text(found.time, self._clock), clock_status(found.time)
        return Reading(
            obis=obis,
            class_id=_class_of(found) if found.class_id is None else found.class_id,
            attribute=2 if found.attribute is None else found.attribute,
            name=obis_name(obis, *self._names),
            value=value,
            unit=unit,
            scaler=scaler,
            raw=tree(element),
            time=time,
            status=status if found.status is None else found.status,
            source=source + _note(found),
        )

    def _scaling(self, obis: Obis, found: Found) -> tuple[int | None, str | None, str]:
        """
        Scaler and unit: what a group says; else the message; else what the meter was read for; else the layout.
        """
        scaler, source = found.scaler, found.source
        unit = unit_symbol(found.unit) if isinstance(found.unit, int) else found.unit
        if scaler is None and found.unit is None:
            known = self._scalers.get(obis)
            if known is not None:
                scaler, unit = known.scaler, unit_symbol(known.unit)
                source += ", scaler and unit read before"
        rule = _rule(self._filling, obis)
        if rule is not None and (scaler is None or found.unit is None) and unit is None:
            scaler = rule.scaler if scaler is None else scaler
            unit = rule.unit
            if not source.startswith("layout "):
                source += f", scaler and unit of layout {self._layout_name}"
        override = _rule(self._overrides, obis)
        if override is not None:
            scaler = scaler if override.scaler is None else override.scaler
            unit = unit if override.unit is None else override.unit
            source += ", overridden by group"
        return scaler, unit, source


def _rule(rules: Iterable[ValueRule], obis: Obis) -> ValueRule | None:
    return next((rule for rule in rules if rule.pattern.matches(obis)), None)


def _class_of(found: Found) -> int:
    """
    The interface class that fits best, where the message does not say it.
    """
    if is_clock(found.logical_name) and is_time(found.element):
        return 8
    if found.status is not None or found.time is not None:
        return 4
    if found.scaler is not None or (number(found.element) is not None and found.logical_name[0]):
        return 3
    return 1


def _note(found: Found) -> str:
    """
    A value that cannot be one of its class is kept as its tree, and said to be so.
    """
    if found.class_id is None or found.attribute is None or found.element.tag == NULL_DATA:
        return ""
    register = found.class_id in {3, 4, 5} and found.attribute == 2
    known = interface_class(found.class_id)
    attribute = known.attributes.get(found.attribute)
    if register:
        fits = not children(found.element)
    else:
        # Where versions differ, the message does not say which it is.
        fits = attribute is None or len(known.versions) > 1 or attribute.kind.fits(found.element)
    if fits or (attribute is not None and _lenient(attribute, found.element)):
        return ""
    return f" (a {type_name(found.element)} is no value of class {found.class_id})"


def _lenient(attribute: Attribute, element: Element) -> bool:
    """
    An integer of another width is still that number, and a string of another kind still that text.
    """
    kind = attribute.kind
    if isinstance(kind, NumberKind):
        return number(element) is not None
    return isinstance(kind, TextKind) and isinstance(element.value, (str, bytes))
