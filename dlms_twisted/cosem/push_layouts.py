"""
Layouts: what a pushed message means where it does not say so itself, as data that users can add to.

A layout names the messages that it knows by what they show, and then says which element is which object, and which
scaler and unit a value has whose message says none.  A group of meters can override unit, scaler and the quirks of
their clocks.  The form is TOML; this room is handed its text, the files are opened by others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from attrs import frozen

from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions
from dlms_twisted.cosem.elements import Element, children, element_of, text, type_name
from dlms_twisted.cosem.layout_form import (
    BufferRule,
    Checker,
    Conditions,
    Path,
    Place,
    ValueRule,
)
from dlms_twisted.cosem.names import NO_OVERLAY, NameOverlay
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.recognise import Found, object_list, recognise
from dlms_twisted.errors import ConfigurationError

__all__ = ["NO_LAYOUTS", "Group", "Layout", "Message", "PushLayouts"]


class Message:
    """
    A body, as layouts look at it.

    @ivar root: The outermost element.
    @ivar elements: Its elements.
    """

    def __init__(self, body: Data) -> None:
        """
        @param body: Any Data.
        """
        self.root = element_of(body)
        self.elements = children(self.root)

    @cached_property
    def found(self) -> list[Found]:
        """
        What the common forms know of it.
        """
        return recognise(self.elements)

    @cached_property
    def names(self) -> frozenset[Obis]:
        """
        The logical names that it holds: in its object list, or in its pairs and rows.
        """
        listed = object_list(self.elements[0]) if self.elements else ()
        octets = [one.logical_name for one in listed or self.found]
        return frozenset(Obis.of(one) for one in octets)


@frozen(kw_only=True)
class Layout:
    """
    One kind of message.

    @ivar name: What readings call it in their source.
    @ivar when: What a message must show to be of this kind.
    @ivar at: Which element is which object, by position.
    @ivar rest: Whether the elements that C{at} does not name are read by the common forms.
    @ivar values: Scaler and unit of values whose message says none.
    @ivar names: Names of OBIS codes in messages of this kind.
    """

    name: str
    when: Conditions
    at: tuple[tuple[Path, Place], ...] = ()
    rest: bool = True
    values: tuple[ValueRule, ...] = ()
    names: NameOverlay = NO_OVERLAY

    def matches(self, message: Message) -> bool:
        """
        @return: whether C{message} shows all that C{when} wants.
        """
        when, elements = self.when, message.elements
        return (
            (when.root is None or type_name(message.root) == when.root)
            and (not when.elements or len(elements) in when.elements)
            and all(_shows(elements, path, glob) for path, glob in when.text)
            and all(_is_type(elements, path, name) for path, name in when.types)
            and (not when.contains or when.contains <= message.names)
        )

    def read(self, message: Message) -> list[Found]:
        """
        @return: the elements of a message of this kind, with their objects.
        """
        elements = message.elements
        source = f"layout {self.name}"
        taken: dict[int, list[Found]] = {}
        for path, place in self.at:
            element = _element(elements, path)
            if element is not None:
                found = Found(
                    place.obis.octets,
                    element,
                    source,
                    place.class_id,
                    place.attribute,
                    scaler=place.scaler,
                )
                taken.setdefault(path[0] % len(elements), []).append(found)
        if not self.rest:
            return [found for index in sorted(taken) for found in taken[index]]
        if not taken:
            return message.found
        return self._mixed(elements, taken)

    @staticmethod
    def _mixed(elements: Sequence[Element], taken: dict[int, list[Found]]) -> list[Found]:
        found: list[Found] = []
        others: list[Element] = []
        for index, element in enumerate(elements):
            if index not in taken:
                others.append(element)
                continue
            found.extend(recognise(others))
            found.extend(taken[index])
            others = []
        return found + recognise(others)


@frozen(kw_only=True)
class Group:
    """
    Meters that differ from what their messages or layouts say.

    @ivar meters: Patterns (C{LGZ103*}) of names, system titles or identities in the payload.
    @ivar values: Scaler and unit, in place of whatever else says them.
    @ivar clock: The quirks of their clocks.
    """

    meters: tuple[str, ...]
    values: tuple[ValueRule, ...] = ()
    clock: ClockOptions = NO_OPTIONS

    def has(self, identities: Iterable[str]) -> bool:
        """
        @return: whether any of C{identities} belongs to the group.
        """
        return any(
            fnmatchcase(identity, pattern) for identity in identities for pattern in self.meters
        )


class PushLayouts:
    """
    All layouts and groups that are in use, those of the user first.
    """

    def __init__(
        self,
        layouts: Iterable[Layout] = (),
        groups: Iterable[Group] = (),
        names: NameOverlay = NO_OVERLAY,
        telegram_names: NameOverlay = NO_OVERLAY,
        buffers: Iterable[BufferRule] = (),
    ) -> None:
        """
        @param layouts: Asked in this order; the first that matches reads the message.
        @param groups: Of those that have a meter, the first that says something wins.
        @param names: Names of OBIS codes that go before the rules.
        @param telegram_names: The same for P1 telegrams, asked after C{names}.
        @param buffers: How buffers of profiles and compact data are read; the first that fits is taken.
        """
        self.layouts = tuple(layouts)
        self.groups = tuple(groups)
        self.names = names
        self.telegram_names = telegram_names
        self.buffers = tuple(buffers)

    @classmethod
    def parse(
        cls,
        text: str,
        where: str = "layouts",
        zones: Callable[[str], tzinfo] | None = None,
    ) -> PushLayouts:
        """
        @param text: TOML: C{[names]}, C{[telegram.names]}, C{[[layout]]}, C{[[group]]} and C{[[profile]]}.
        @param where: What to call the text in an error.
        @param zones: From the name of a zone to the zone, C{zoneinfo.ZoneInfo}; without it no C{clock_zone}
            can be used.

        @raise ConfigurationError: one line that names the key.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{where}: {error}") from None
        check = Checker(where)
        check.keys(document, "", {"names", "telegram", "layout", "group", "profile"})
        telegram = check.table(document, "", "telegram")
        check.keys(telegram, "telegram", {"names"})
        return cls(
            [_layout(one, f"layout[{i}]", check) for i, one in check.tables(document, "layout")],
            [
                _group(one, f"group[{i}]", check, zones)
                for i, one in check.tables(document, "group")
            ],
            NameOverlay.of(document.get("names", {}), where),
            NameOverlay.of(telegram.get("names", {}), f"{where}: telegram"),
            [check.buffer(one, f"profile[{i}]") for i, one in check.tables(document, "profile")],
        )

    def before(self, other: PushLayouts) -> PushLayouts:
        """
        @return: both, these asked before those of C{other}.
        """
        return PushLayouts(
            self.layouts + other.layouts,
            self.groups + other.groups,
            other.names.merged(self.names),
            other.telegram_names.merged(self.telegram_names),
            self.buffers + other.buffers,
        )

    def find(self, message: Message) -> Layout | None:
        """
        @return: the first layout that knows the message.
        """
        return next((one for one in self.layouts if one.matches(message)), None)

    def groups_of(self, identities: Sequence[str]) -> tuple[Group, ...]:
        """
        @return: the groups that have the meter, the one that wins first.
        """
        return tuple(group for group in self.groups if group.has(identities))

    def buffer_of(self, name: Obis, template: int | None = None) -> BufferRule | None:
        """
        @param name: Of a profile, or of a compact data object.
        @param template: Of compact data, the number of its template.

        @return: how its buffer is read, or C{None}.
        """
        for rule in self.buffers:
            if rule.template == template and rule.pattern.matches(name):
                return rule
        return None


#: Nothing but the common forms.
NO_LAYOUTS = PushLayouts()


def _element(elements: Sequence[Element], path: Path) -> Element | None:
    """
    @return: the element at a path of indices, negative ones counted from the end; C{None} if there is none.
    """
    found: Element | None = None
    for index in path:
        if not -len(elements) <= index < len(elements):
            return None
        found = elements[index]
        elements = children(found)
    return found


def _shows(elements: Sequence[Element], path: Path, glob: str) -> bool:
    element = _element(elements, path)
    shown = None if element is None else text(element)
    return shown is not None and fnmatchcase(shown, glob)


def _is_type(elements: Sequence[Element], path: Path, name: str) -> bool:
    element = _element(elements, path)
    return element is not None and type_name(element) == name


def _layout(table: dict[str, Any], key: str, check: Checker) -> Layout:
    check.keys(table, key, {"name", "when", "at", "rest", "values", "names"})
    return Layout(
        name=check.text(table, key, "name"),
        when=check.conditions(table, key),
        at=check.places(table, key),
        rest=check.truth(table, key, "rest", default=True),
        values=check.values(table, key),
        names=NameOverlay.of(table.get("names", {}), f"{check.where}: {key}"),
    )


def _group(
    table: dict[str, Any], key: str, check: Checker, zones: Callable[[str], tzinfo] | None
) -> Group:
    check.keys(table, key, {"meters", "values", "clock"})
    return Group(
        meters=check.texts(table, key, "meters"),
        values=check.values(table, key),
        clock=check.clock(table, key, zones),
    )
