"""
OBIS codes: the six value groups A to F that name every COSEM object (IEC 62056-6-1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from dlms_twisted.errors import ObisError

__all__ = ["Obis", "ObisPattern"]

_GROUPS: Final = "ABCDEF"
#: The letters that IEC 62056-21 readouts write for 96 to 99 in the groups C and D.
_LETTERS: Final = {"C": 96, "F": 97, "L": 98, "P": 99}
_HEX: Final = re.compile(r"[0-9a-fA-F]{2}(?:[ :]?[0-9a-fA-F]{2}){5}\Z")
#: What stands between groups; ".." inside a group is a range.
_SPLIT: Final = re.compile(r"(?<!\.)\.(?!\.)")
_TEXT: Final = re.compile(r"(?:(?P<a>[^-:]+)-)?(?:(?P<b>[^-:]+):)?(?P<rest>[^:]+)\Z")


class _Groups(NamedTuple):
    a: int
    b: int
    c: int
    d: int
    e: int
    f: int


class Obis(_Groups):
    """
    One OBIS code, a value: immutable, ordered by its groups, usable as a key.

    C{a} is the medium, C{b} the channel, C{c} the quantity, C{d} how it was processed, C{e} a tariff or the like,
    C{f} the billing period, 255 where there is none.
    """

    __slots__ = ()

    def __new__(cls, a: int, b: int, c: int, d: int, e: int, f: int = 255) -> Obis:
        """
        @raise ObisError: a group is outside of 0 to 255; the text names it.
        """
        for name, group in zip(_GROUPS, (a, b, c, d, e, f), strict=True):
            if not 0 <= group <= 255:
                raise ObisError(f"OBIS group {name} is {group}; 0 to 255 wanted")
        return tuple.__new__(cls, (a, b, c, d, e, f))

    @classmethod
    def of(cls, octets: bytes) -> Obis:
        """
        @param octets: A logical name, six octets.

        @raise ObisError: not six octets.
        """
        if len(octets) != 6:
            raise ObisError(f"a logical name of {len(octets)} octets; 6 wanted")
        return tuple.__new__(cls, octets)

    @classmethod
    def parse(cls, text: str) -> Obis:
        """
        Read any usual text form: C{1-0:1.8.0.255}, C{1-0:1.8.0*255}, C{1-0:1.8.0}, C{1.0.1.8.0.255},
        C{1.8.0} (electricity, channel 0), C{C.1.0} and C{F.F} (the letters of IEC 62056-21),
        C{0100010800FF} and the same with spaces or colons.  A missing F is 255.

        @raise ObisError: no such form; the text names the group that is wrong.
        """
        stripped = text.strip()
        if _HEX.match(stripped):
            return cls.of(bytes.fromhex(stripped.replace(":", "").replace(" ", "")))
        return cls(*(_number(part, group) for part, group in _parts(stripped)))

    @property
    def octets(self) -> bytes:
        """
        The logical name as on the wire, six octets.
        """
        return bytes(self)

    def __str__(self) -> str:
        return "%d-%d:%d.%d.%d.%d" % tuple(self)  # noqa: UP031 (a third of the time of an f-string here)

    def __repr__(self) -> str:
        return f"Obis.parse({str(self)!r})"

    def matches(self, pattern: ObisPattern | str) -> bool:
        """
        Is this one of the codes that C{pattern} describes?

        @raise ObisError: the text is no pattern.
        """
        chosen = ObisPattern.parse(pattern) if isinstance(pattern, str) else pattern
        return chosen.matches(self)


class ObisPattern:
    """
    A set of OBIS codes: each group a number, C{*} for any, a range C{1..4}, or a list of both, C{0,10..20}.

    The single letters C{a} to C{f} and C{x} mean any too, as books write C{0-b:1.0.e.255}.
    """

    __slots__ = ("_sets", "text")

    def __init__(self, sets: Iterable[frozenset[int] | None], text: str) -> None:
        """
        @param sets: For each group what it may be; C{None} for any.
        @param text: How the pattern was written.
        """
        self._sets = tuple(sets)
        self.text = text

    @classmethod
    def parse(cls, text: str) -> ObisPattern:
        """
        @param text: Like an OBIS code of decimal groups, for example C{1-*:1.8.0..63.*}.

        @raise ObisError: a group is none of the forms above; the text names it.
        """
        return cls((_choice(part, group) for part, group in _parts(text.strip())), text)

    def matches(self, obis: Obis) -> bool:
        """
        @return: whether every group of C{obis} is in the set for it.
        """
        return all(
            chosen is None or group in chosen
            for group, chosen in zip(obis, self._sets, strict=True)
        )

    @property
    def exact(self) -> Obis | None:
        """
        The only code that matches, or C{None} if there are several.
        """
        if any(chosen is None or len(chosen) != 1 for chosen in self._sets):
            return None
        return Obis(*(next(iter(chosen)) for chosen in self._sets if chosen))

    @property
    def precision(self) -> int:
        """
        How many groups are bound: of two patterns that match, the one with more says more.
        """
        return sum(chosen is not None for chosen in self._sets)

    def group(self, index: int) -> frozenset[int] | None:
        """
        @param index: 0 for A to 5 for F.

        @return: what that group may be; C{None} for any.
        """
        return self._sets[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObisPattern) and self._sets == other._sets

    def __hash__(self) -> int:
        return hash(self._sets)

    def __repr__(self) -> str:
        return f"ObisPattern.parse({self.text!r})"


def _parts(text: str) -> list[tuple[str, str]]:
    """
    Cut a text into its six groups, defaults filled in, each with its letter.
    """
    found = _TEXT.match(text)
    if found is None:
        raise ObisError(f"{text!r} is no OBIS code; the form is A-B:C.D.E.F")
    head = [found["a"], found["b"]]
    tail = list(_SPLIT.split(_last_star(found["rest"])))
    if head == [None, None] and len(tail) == 6:
        head, tail = tail[:2], tail[2:]
    if len(tail) == 2 and tail[0] in _LETTERS:
        tail.append("0")
    if not 3 <= len(tail) <= 4:
        raise ObisError(
            f"OBIS group {'D' if len(tail) < 2 else 'E'} is missing in {text!r}"
            if len(tail) < 3
            else f"{len(tail)} groups stand after the colon of {text!r}; C.D.E or C.D.E.F wanted"
        )
    tail += ["255"] if len(tail) == 3 else []
    medium = "0" if tail[0].strip() in _LETTERS else "1"
    filled = [head[0] or medium, head[1] or "0", *tail]
    return [(part.strip(), group) for part, group in zip(filled, _GROUPS, strict=True)]


def _last_star(rest: str) -> str:
    """
    C{1.8.0*255} and C{1.8.0&255} are C{1.8.0.255}; a star that is a group of its own stays.
    """
    return re.sub(r"(?<=[0-9A-Za-z])[*&](?=[0-9*x])", ".", rest)


def _number(part: str, group: str) -> int:
    if part in _LETTERS and group in "CD":
        return _LETTERS[part]
    if not (part.isascii() and part.isdecimal()):
        raise ObisError(f"OBIS group {group} is {part!r}; a number of 0 to 255 wanted")
    if len(part) > 3 or int(part) > 255:
        raise ObisError(f"OBIS group {group} is {part}; 0 to 255 wanted")
    return int(part)


def _choice(part: str, group: str) -> frozenset[int] | None:
    if part in {"*", "x", group.lower()}:
        return None
    chosen: set[int] = set()
    for one in part.split(","):
        low, dots, high = one.partition("..")
        first = _number(low.strip(), group)
        last = _number(high.strip(), group) if dots else first
        if last < first:
            raise ObisError(f"OBIS group {group} is {one!r}; the range is empty")
        chosen.update(range(first, last + 1))
    return frozenset(chosen)
