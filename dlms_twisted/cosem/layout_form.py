"""
The parts of a layout's TOML, checked key by key, so that an error can name what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Any

from attrs import frozen

from dlms_twisted.codec.tags import BY_NAME
from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions
from dlms_twisted.cosem.columns import Column, with_labels
from dlms_twisted.cosem.obis import Obis, ObisPattern
from dlms_twisted.cosem.units import by_symbol, unit_of
from dlms_twisted.errors import ConfigurationError, ObisError, UnitError

__all__ = ["BufferRule", "Checker", "Conditions", "Path", "Place", "ValueRule"]

#: Where an element stands: C{(2, 0)} is the first element of the third.
Path = tuple[int, ...]


@frozen(kw_only=True)
class Conditions:
    """
    What a message must show; all of it.

    @ivar root: C{"structure"} or C{"array"}.
    @ivar elements: How many elements it may have.
    @ivar text: Patterns (C{KFM_*}) of the texts at some positions.
    @ivar types: Types at some positions.
    @ivar contains: Logical names that occur.
    """

    root: str | None = None
    elements: frozenset[int] = frozenset()
    text: tuple[tuple[Path, str], ...] = ()
    types: tuple[tuple[Path, str], ...] = ()
    contains: frozenset[Obis] = frozenset()


@frozen(kw_only=True)
class Place:
    """
    The object at a position.

    @ivar class_id: C{None} to judge by the value.
    @ivar scaler: C{None} where C{values} says it, or nothing does.
    """

    obis: Obis
    class_id: int | None = None
    attribute: int | None = None
    scaler: int | None = None


@frozen(kw_only=True)
class ValueRule:
    """
    Scaler and unit of the objects of a pattern; what is C{None} is left as it is.

    @ivar unit: A symbol.
    """

    pattern: ObisPattern
    scaler: int | None = None
    unit: str | None = None


@frozen(kw_only=True)
class BufferRule:
    """
    How the buffer of a profile, or of compact data, is read when it is pushed.

    @ivar pattern: Of the profile's name, or of the compact data object's.
    @ivar columns: Its capture objects.
    @ivar capture_period: In seconds.
    @ivar template: Of compact data: the template's number, else C{None}.
    @ivar description: Of compact data: its C{template_description}.
    """

    pattern: ObisPattern
    columns: tuple[Column, ...]
    capture_period: int = 0
    template: int | None = None
    description: bytes = b""


class Checker:
    """
    Takes parts out of parsed TOML.  Every method raises L{ConfigurationError} with one line: the file and the key.
    """

    def __init__(self, where: str) -> None:
        """
        @param where: What to call the text.
        """
        self.where = where

    def wrong(self, key: str, wanted: object) -> ConfigurationError:
        """
        @return: the error to raise.
        """
        return ConfigurationError(f"{self.where}: {key}: {wanted}")

    def keys(self, table: Mapping[str, Any], key: str, known: Iterable[str]) -> None:
        """
        Refuse what is misspelt.
        """
        for name in table:
            if name not in set(known):
                raise self.wrong(
                    _join(key, name), f"unknown; one of {', '.join(sorted(known))} wanted"
                )

    def tables(
        self, document: Mapping[str, Any], name: str
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """
        @return: the tables of an array of tables, numbered.
        """
        found = document.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self.wrong(name, f"tables [[{name}]] wanted")
        return enumerate(found)

    def table(self, table: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
        """
        @return: a table, empty where there is none.
        """
        found = table.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong(_join(key, name), "a table wanted")
        return found

    def text(self, table: Mapping[str, Any], key: str, name: str) -> str:
        """
        @return: a text that must be there.
        """
        found = table.get(name)
        if not isinstance(found, str) or not found:
            raise self.wrong(_join(key, name), "a text wanted")
        return found

    def texts(self, table: Mapping[str, Any], key: str, name: str) -> tuple[str, ...]:
        """
        @return: one text or several.
        """
        found = table.get(name)
        listed = [found] if isinstance(found, str) else found
        if (
            not isinstance(listed, list)
            or not listed
            or not all(isinstance(o, str) for o in listed)
        ):
            raise self.wrong(_join(key, name), "a list of texts wanted")
        return tuple(listed)

    def truth(self, table: Mapping[str, Any], key: str, name: str, *, default: bool) -> bool:
        """
        @return: true or false.
        """
        found = table.get(name, default)
        if not isinstance(found, bool):
            raise self.wrong(_join(key, name), "true or false wanted")
        return found

    def conditions(self, table: Mapping[str, Any], key: str) -> Conditions:
        """
        @return: C{when}.
        """
        when, key = self.table(table, key, "when"), _join(key, "when")
        self.keys(when, key, {"root", "elements", "text", "types", "contains"})
        if not when:
            raise self.wrong(key, "at least one condition wanted")
        types = self._by_path(when, key, "types")
        for path, name in types:
            if name not in BY_NAME:
                raise self.wrong(f"{key}.types.{_dotted(path)}", f"no type is called {name!r}")
        contains = self.texts(when, key, "contains") if "contains" in when else ()
        return Conditions(
            root=self.text(when, key, "root") if "root" in when else None,
            elements=self._counts(when, key),
            text=self._by_path(when, key, "text"),
            types=types,
            contains=frozenset(self.obis(one, _join(key, "contains")) for one in contains),
        )

    def places(self, table: Mapping[str, Any], key: str) -> tuple[tuple[Path, Place], ...]:
        """
        @return: C{at}: a list from the first element on, C{""} for one that is left out; or a table by position.
        """
        found, key = table.get("at", {}), _join(key, "at")
        if isinstance(found, list):
            found = {str(index): one for index, one in enumerate(found) if one != ""}
        if not isinstance(found, dict):
            raise self.wrong(key, "a list or a table wanted")
        return tuple(
            (self._path(position, key), self._place(one, _join(key, position)))
            for position, one in found.items()
        )

    def values(self, table: Mapping[str, Any], key: str) -> tuple[ValueRule, ...]:
        """
        @return: C{values}: a table of OBIS pattern to C{{scaler = …, unit = …}}; the more precise ones first.
        """
        rules = []
        for text, rule in self.table(table, key, "values").items():
            where = _join(_join(key, "values"), repr(text))
            if not isinstance(rule, dict):
                raise self.wrong(where, "a table of scaler and unit wanted")
            self.keys(rule, where, {"scaler", "unit"})
            try:
                pattern = ObisPattern.parse(text)
            except ObisError as error:
                raise self.wrong(where, error) from None
            rules.append(
                ValueRule(
                    pattern=pattern,
                    scaler=self._scaler(rule, where),
                    unit=self._unit(rule, where),
                )
            )
        return tuple(sorted(rules, key=lambda rule: -rule.pattern.precision))

    def clock(
        self, table: Mapping[str, Any], key: str, zones: Callable[[str], tzinfo] | None
    ) -> ClockOptions:
        """
        @return: C{clock}: the quirks of clocks.
        """
        clock, key = self.table(table, key, "clock"), _join(key, "clock")
        known = {"deviation_inverted", "standard_time_all_year", "clock_zone"}
        self.keys(clock, key, known)
        if not clock:
            return NO_OPTIONS
        zone = None
        if "clock_zone" in clock:
            name = self.text(clock, key, "clock_zone")
            try:
                zone = None if zones is None else zones(name)
            except (KeyError, ValueError, OSError):
                zone = None
            if zone is None:
                raise self.wrong(_join(key, "clock_zone"), f"no zone {name!r} is known here")
        options = ClockOptions(
            deviation_inverted=self.truth(clock, key, "deviation_inverted", default=False),
            standard_time_all_year=self.truth(clock, key, "standard_time_all_year", default=False),
            clock_zone=zone,
        )
        if options.standard_time_all_year and zone is None:
            raise self.wrong(_join(key, "standard_time_all_year"), "needs a clock_zone")
        return options

    def buffer(self, table: Mapping[str, Any], key: str) -> BufferRule:
        """
        @return: one C{[[profile]]}.
        """
        self.keys(table, key, {"obis", "columns", "capture_period", "template", "description"})
        found = table.get("columns")
        if not isinstance(found, list) or not found:
            raise self.wrong(_join(key, "columns"), "a list of OBIS codes wanted")
        columns = [
            self._column(one, f"{_join(key, 'columns')}[{i}]") for i, one in enumerate(found)
        ]
        template = self._integer(table, key, "template", 0, 0xFF)
        description = table.get("description", "")
        try:
            octets = bytes.fromhex(description if isinstance(description, str) else "-")
        except ValueError:
            raise self.wrong(_join(key, "description"), "octets as hex wanted") from None
        if (template is None) != (not octets):
            raise self.wrong(key, "template and description go together")
        try:
            pattern = ObisPattern.parse(self.text(table, key, "obis"))
        except ObisError as error:
            raise self.wrong(_join(key, "obis"), error) from None
        return BufferRule(
            pattern=pattern,
            columns=with_labels(columns),
            capture_period=self._integer(table, key, "capture_period", 0, 0xFFFFFFFF) or 0,
            template=template,
            description=octets,
        )

    def _column(self, found: object, key: str) -> Column:
        table = {"obis": found} if isinstance(found, str) else found
        if not isinstance(table, dict):
            raise self.wrong(key, "an OBIS code, or a table with one, wanted")
        self.keys(table, key, {"obis", "class", "attribute", "scaler", "unit"})
        code = self.obis(table.get("obis", ""), _join(key, "obis"))
        # Clocks are what gives rows their time; registers are most of the rest.
        usual = 8 if (code.a, code.c, code.d) == (0, 1, 0) else 3 if code.a else 1
        class_id = self._integer(table, key, "class", 0, 0xFFFF)
        attribute = self._integer(table, key, "attribute", -128, 127)
        return Column(
            class_id=usual if class_id is None else class_id,
            logical_name=code,
            attribute=2 if attribute is None else attribute,
            scaler=self._scaler(table, key),
            unit=self._unit(table, key),
        )

    def obis(self, text: object, key: str) -> Obis:
        """
        @return: an OBIS code.
        """
        try:
            return Obis.parse(str(text))
        except ObisError as error:
            raise self.wrong(key, error) from None

    def _place(self, found: object, key: str) -> Place:
        if isinstance(found, str):
            return Place(obis=self.obis(found, key))
        if not isinstance(found, dict):
            raise self.wrong(key, "an OBIS code, or a table with one, wanted")
        self.keys(found, key, {"obis", "class", "attribute", "scaler"})
        return Place(
            obis=self.obis(found.get("obis", ""), _join(key, "obis")),
            class_id=self._integer(found, key, "class", 0, 0xFFFF),
            attribute=self._integer(found, key, "attribute", -128, 127),
            scaler=self._scaler(found, key),
        )

    def _integer(
        self, table: Mapping[str, Any], key: str, name: str, low: int, high: int
    ) -> int | None:
        found = table.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
            raise self.wrong(_join(key, name), f"a number from {low} to {high} wanted")
        return found

    def _scaler(self, table: Mapping[str, Any], key: str) -> int | None:
        return self._integer(table, key, "scaler", -128, 127)

    def _unit(self, table: Mapping[str, Any], key: str) -> str | None:
        found = table.get("unit")
        if found is None:
            return None
        if isinstance(found, int) and unit_of(found) is not None:
            return str(unit_of(found))
        try:
            return by_symbol(str(found)).symbol
        except UnitError as error:
            raise self.wrong(_join(key, "unit"), error) from None

    def _counts(self, when: Mapping[str, Any], key: str) -> frozenset[int]:
        found = when.get("elements", [])
        counts = [found] if isinstance(found, int) else found
        if not isinstance(counts, list) or not all(isinstance(one, int) for one in counts):
            raise self.wrong(_join(key, "elements"), "a number or a list of numbers wanted")
        return frozenset(counts)

    def _by_path(
        self, when: Mapping[str, Any], key: str, name: str
    ) -> tuple[tuple[Path, str], ...]:
        table = self.table(when, key, name)
        key = _join(key, name)
        return tuple(
            (self._path(position, key), self.text(table, key, position)) for position in table
        )

    def _path(self, position: str, key: str) -> Path:
        try:
            return tuple(int(index) for index in position.split("."))
        except ValueError:
            raise self.wrong(_join(key, position), "a position like 0, -1 or 2.0 wanted") from None


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
