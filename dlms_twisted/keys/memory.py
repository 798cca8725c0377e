"""
Keys that are all in memory: what TOML files are read into, and what commands and tests use directly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from attrs import frozen
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.interfaces import Change, IKeyStore
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy

__all__ = ["KeyTable", "MemoryKeyStore", "NoKeys"]


@frozen(kw_only=True)
class KeyTable:
    """
    Everything that a key file says.

    @ivar meters: The meters that are listed, by system title.
    @ivar default: Keys for all others, if any.
    @ivar default_policy: What is demanded of all others.
    """

    meters: Mapping[bytes, MeterKeys] = MappingProxyType({})
    default: MeterKeys | None = None
    default_policy: Policy = Policy.ENCRYPTED

    @classmethod
    def of(
        cls,
        meters: Iterable[MeterKeys],
        default: MeterKeys | None = None,
        default_policy: Policy = Policy.ENCRYPTED,
    ) -> KeyTable:
        """
        @raise ConfigurationError: a meter has no title, or a title or name is there twice.
        """
        table: dict[bytes, MeterKeys] = {}
        names: set[str] = set()
        for meter in meters:
            title = meter.system_title
            if title is None:
                raise ConfigurationError("system_title: wanted for each meter")
            if title in table:
                raise ConfigurationError(f"system_title: {title.hex().upper()} is there twice")
            if meter.name is not None and meter.name in names:
                raise ConfigurationError(f"name: {meter.name!r} is there twice")
            if meter.name is not None:
                names.add(meter.name)
            table[title] = meter
        return cls(meters=table, default=default, default_policy=default_policy)

    def __repr__(self) -> str:
        return f"<KeyTable {len(self.meters)} meters, default policy {self.default_policy}>"


@implementer(IKeyStore)
class MemoryKeyStore:
    """
    A L{KeyTable} that can be asked and replaced.
    """

    default: MeterKeys | None
    default_policy: Policy

    def __init__(self, table: KeyTable | None = None, promotions: Promotions | None = None) -> None:
        """
        @param promotions: Which keys to come have become current; kept in memory where there is none.
        """
        self._promotions = Promotions() if promotions is None else promotions
        self._watchers: list[Callable[[Change], None]] = []
        self._adopt(KeyTable() if table is None else table)

    def _adopt(self, table: KeyTable) -> None:
        overlay = self._promotions.overlay
        self._table = table
        self.default = None if table.default is None else overlay(table.default)
        self.default_policy = table.default_policy
        self._keys = {title: overlay(meter) for title, meter in table.meters.items()}
        self._names = {meter.name: title for title, meter in self._keys.items() if meter.name}

    def replace(self, table: KeyTable) -> bool:
        """
        Take other keys.

        @return: whether they differ; then the watchers were told.
        """
        before = self._table
        if table == before:
            return False
        self._adopt(table)
        titles = {*before.meters, *table.meters}
        self._tell(
            Change(
                frozenset(
                    title for title in titles if before.meters.get(title) != table.meters.get(title)
                ),
                (before.default, before.default_policy) != (table.default, table.default_policy),
            )
        )
        return True

    def cached(self, title: bytes | None) -> MeterKeys | None:
        """
        See L{IKeyStore.cached}; never a miss.
        """
        return self._keys.get(title, self.default)  # type: ignore[arg-type]

    def fetch(self, title: bytes | None) -> Deferred[MeterKeys | None]:
        """
        See L{IKeyStore.fetch}.
        """
        return succeed(self.cached(title))

    def by_name(self, text: str) -> MeterKeys | None:
        """
        See L{IKeyStore.by_name}.
        """
        title = self._names.get(text)
        if title is None and len(text) == 16:
            try:
                title = bytes.fromhex(text)
            except ValueError:
                return None
        return None if title is None else self._keys.get(title)

    def titles(self) -> Iterator[bytes]:
        """
        See L{IKeyStore.titles}.
        """
        return iter(tuple(self._keys))

    def promote(self, title: bytes | None, epoch: str) -> MeterKeys | None:
        """
        See L{IKeyStore.promote}.
        """
        keys = self.cached(title)
        if keys is None:
            return None
        now = self._promotions.promote(keys, epoch)
        if now is keys:
            return keys
        if title is not None and title in self._keys:
            self._keys[title] = now
        else:
            self.default = now
        return now

    def check(self) -> Deferred[bool]:
        """
        See L{IKeyStore.check}: nothing can have changed.
        """
        return succeed(False)

    def reload(self) -> Deferred[bool]:
        """
        See L{IKeyStore.reload}: there is nothing to read.
        """
        return succeed(False)

    def watch(self, callback: Callable[[Change], None]) -> None:
        """
        See L{IKeyStore.watch}.
        """
        self._watchers.append(callback)

    def close(self) -> None:
        """
        See L{IKeyStore.close}.
        """
        self._watchers.clear()
        self._adopt(KeyTable(default_policy=self.default_policy))

    def _tell(self, change: Change) -> None:
        for callback in tuple(self._watchers):
            callback(change)

    def __len__(self) -> int:
        """
        How many meters are listed.
        """
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self._keys)} meters>"


class NoKeys(MemoryKeyStore):
    """
    The store of those who named no key file: no keys, and plain messages are welcome.
    """

    def __init__(self, default_policy: Policy = Policy.NONE) -> None:
        """
        @param default_policy: Where the operator states another.
        """
        super().__init__(KeyTable(default_policy=default_policy))
