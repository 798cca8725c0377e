"""
Names of OBIS codes in plain English, composed by rule from the value groups.

The rules follow IEC 62056-6-1: the medium (A) says which table reads C, D and E; the channel (B) and the billing
period (F) are said last.  A market's own names are an overlay (L{NameOverlay}), asked first.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache

from dlms_twisted.cosem.names_abstract import abstract_name
from dlms_twisted.cosem.names_electricity import electricity_name
from dlms_twisted.cosem.names_media import gas_name, heat_cost_name, thermal_name, water_name
from dlms_twisted.cosem.obis import Obis, ObisPattern
from dlms_twisted.errors import ConfigurationError, ObisError

__all__ = ["NO_OVERLAY", "NameOverlay", "medium_name", "obis_name"]

_MEDIA = {
    0: "abstract",
    1: "electricity",
    4: "heat cost allocator",
    5: "cooling",
    6: "heating",
    7: "gas",
    8: "cold water",
    9: "hot water",
    15: "other",
}
_ORDINALS = {2: "second", 3: "third", 22: "22nd", 23: "23rd"}
#: The first group C that only all media together use: services, errors, lists, profiles.
_COMMON = 93


class NameOverlay:
    """
    Names that a market, a manufacturer or a user gives, asked before the rules.
    """

    def __init__(self, names: Iterable[tuple[ObisPattern, str]]) -> None:
        """
        @param names: Pattern and name; the more precise pattern wins, then the earlier one.
        """
        ordered = sorted(names, key=lambda pair: -pair[0].precision)
        self._exact: dict[Obis, str] = {}
        self._patterns: list[tuple[ObisPattern, str]] = []
        for pattern, name in ordered:
            exact = pattern.exact
            if exact is None:
                self._patterns.append((pattern, name))
            else:
                self._exact.setdefault(exact, name)

    @classmethod
    def parse(cls, text: str, where: str = "names") -> NameOverlay:
        """
        @param text: TOML with a table C{[names]} of pattern to name.
        @param where: What to call the text in an error.

        @raise ConfigurationError: no TOML, or a wrong pattern; one line that names the key.
        """
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{where}: {error}") from None
        return cls.of(document.get("names", {}), where)

    @classmethod
    def of(cls, table: object, where: str = "names") -> NameOverlay:
        """
        @param table: Pattern to name, as parsed.

        @raise ConfigurationError: it is no such table.
        """
        if not isinstance(table, Mapping):
            raise ConfigurationError(f"{where}: [names] must be a table")
        pairs = []
        for key, name in table.items():
            if not isinstance(name, str) or not name:
                raise ConfigurationError(f"{where}: names.{key!r} must be a text")
            try:
                pairs.append((ObisPattern.parse(str(key)), name))
            except ObisError as error:
                raise ConfigurationError(f"{where}: names.{key!r}: {error}") from None
        return cls(pairs)

    def merged(self, other: NameOverlay) -> NameOverlay:
        """
        @return: both, C{other} asked first.
        """
        joined = NameOverlay([])
        joined._exact = {**self._exact, **other._exact}
        joined._patterns = [*other._patterns, *self._patterns]
        return joined

    def name(self, obis: Obis) -> str | None:
        """
        @return: the name, or C{None} if this overlay has none for it.
        """
        found = self._exact.get(obis)
        if found is not None:
            return found
        for pattern, name in self._patterns:
            if pattern.matches(obis):
                return name
        return None


#: Nothing but the rules.
NO_OVERLAY = NameOverlay([])


def obis_name(obis: Obis | bytes, *overlays: NameOverlay) -> str | None:
    """
    @param obis: A code, or its six octets.
    @param overlays: Names to ask before the rules, in this order.

    @return: for example C{"active energy import, tariff 1"}; C{None} where no rule knows the code
        (what manufacturers and utilities define).

    @raise ObisError: not six octets.
    """
    code = obis if isinstance(obis, Obis) else Obis.of(obis)
    for overlay in overlays:
        name = overlay.name(code) if overlay is not NO_OVERLAY else None
        if name is not None:
            return name
    return _by_rule(code)


def medium_name(medium: int) -> str | None:
    """
    @param medium: The value group A.

    @return: for example C{"electricity"}; C{None} for a reserved number.
    """
    return _MEDIA.get(medium)


@lru_cache(maxsize=4096)
def _by_rule(obis: Obis) -> str | None:
    rule = {1: electricity_name, 4: heat_cost_name, 7: gas_name}.get(obis.a)
    if obis.a in {5, 6}:
        rule = thermal_name
    elif obis.a in {8, 9}:
        rule = water_name
    name = rule(obis) if rule is not None and obis.c < _COMMON else None
    if name is None and (obis.a == 0 or obis.c == 0 or obis.c >= _COMMON) and obis.a in _MEDIA:
        name = abstract_name(obis)
    return None if name is None else name + _channel(obis.b) + _billing_period(obis)


def _channel(channel: int) -> str:
    return f", channel {channel}" if 1 <= channel <= 64 else ""


def _billing_period(obis: Obis) -> str:
    """
    Group F of a value that is stored at the end of a billing period.
    """
    period = obis.f
    if obis.a == 0 or obis.c == 0 or obis.c >= _COMMON or period == 255:
        return ""
    if period <= 99:
        return f", billing period {period}"
    if period == 101:
        return ", last billing period"
    if 102 <= period <= 125:
        return f", {_ORDINALS.get(period - 100, f'{period - 100}th')} last billing period"
    return ", earlier billing periods" if period == 126 else f", F {period}"
