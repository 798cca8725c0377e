"""
Many meters in one process, made when they are first needed, and their keys in a file for a collector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import overload

from twisted.internet.interfaces import IReactorTime

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.editing import Existing
from dlms_twisted.keys.fields import entry_of
from dlms_twisted.keys.opening import open_key_file
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.server.identity import Identity
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.push_meter import PushMeter

__all__ = ["Fleet", "write_keys"]


class Fleet(Sequence[SimulatedMeter]):
    """
    Meters of one description, numbered from a first one; each is made when it is first asked for.

    @ivar description: What each of them is.
    @ivar seed: Makes its keys differ from those of another fleet.
    """

    def __init__(
        self,
        description: MeterDescription,
        meters: int,
        *,
        clock: IReactorTime,
        seed: bytes = b"",
        first: int = 1,
        made: Callable[[SimulatedMeter], None] | None = None,
    ) -> None:
        """
        @param meters: How many.
        @param first: Number of the first.
        @param made: Called with each meter when it is made.
        """
        self.description = description
        self.seed = seed
        self._clock = clock
        self._first = first
        self._made = made
        self._meters: list[SimulatedMeter | None] = [None] * meters

    def __len__(self) -> int:
        """
        How many, made or not.
        """
        return len(self._meters)

    @overload
    def __getitem__(self, index: int) -> SimulatedMeter: ...

    @overload
    def __getitem__(self, index: slice) -> list[SimulatedMeter]: ...

    def __getitem__(self, index: int | slice) -> SimulatedMeter | list[SimulatedMeter]:
        """
        @return: the meter at a place, from 0, or several.
        """
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        found = self._meters[index]
        if found is None:
            place = index % len(self)
            found = SimulatedMeter(
                self.description, clock=self._clock, number=self._first + place, seed=self.seed
            )
            self._meters[place] = found
            if self._made is not None:
                self._made(found)
        return found

    @property
    def awake(self) -> Iterator[SimulatedMeter]:
        """
        Those that were made so far.
        """
        return (one for one in self._meters if one is not None)

    def all_keys(self) -> Iterator[MeterKeys]:
        """
        @return: what a collector must know of each, without making them.
        """
        for place in range(len(self)):
            identity = Identity(self._first + place, self.seed, self.description.maker)
            yield self.description.keys_of(identity)

    def check_by_rule(self) -> None:
        """
        @raise ConfigurationError: as L{push_meters}.
        """
        if not self.description.is_by_rule:
            raise ConfigurationError(
                "a fleet that pushes at a rate has titles and keys by rule: its description must say no title, maker, "
                "suite or keys"
            )

    def push_meters(self, counter: int = 1) -> list[PushMeter]:
        """
        @param counter: The first invocation counter of each.

        @return: for each meter one of the quick kind that only pushes, with the same title and keys.

        @raise ConfigurationError: the description says title, maker, suite or keys that are not by rule.
        """
        self.check_by_rule()
        return [
            PushMeter(self._first + place, seed=self.seed, counter=counter)
            for place in range(len(self))
        ]


def write_keys(path: str | Path, keys: Iterator[MeterKeys]) -> int:
    """
    Write what a collector must know into a key file, C{keys.toml} or SQLite; entries of the same titles are replaced.

    @return: how many meters.

    @raise ConfigurationError: the file cannot be written, or others may read it.
    """
    file = open_key_file(path)
    private = {"master_key": None, "signing_private_key": None, "agreement_private_key": None}
    entries = [{**entry_of(one), **private} for one in keys]
    wanted = [{name: value for name, value in one.items() if value is not None} for one in entries]
    try:
        file.add(wanted, Existing.REPLACE)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    finally:
        file.close()
    return len(wanted)
