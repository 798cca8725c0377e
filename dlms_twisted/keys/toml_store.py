"""
C{keys.toml}: the key file of most installations (architecture, section 6).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.fields import DEFAULT_POLICY, FIELDS, check_lengths, has_keys
from dlms_twisted.keys.files import Signature, read_private, signature
from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.toml_reader import TomlTable, read_toml

__all__ = ["Defer", "TomlKeyStore", "parse_key_table"]

_METER: Final = re.compile(rb"^[ \t]*\[\[[ \t]*meter[ \t]*\]\]", re.MULTILINE)


class Defer(Protocol):
    """
    Runs a function now or in a thread: C{maybeDeferred}, C{deferToThread}, or a thread pool's own.
    """

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Deferred[Any]: ...


def parse_key_table(octets: bytes, file: str) -> KeyTable:
    """
    @param octets: Of a C{keys.toml}.
    @param file: How errors call it.

    @raise ConfigurationError: anything in it is wrong; the message names file and key.
    """
    document = read_toml(octets, file)
    default_table = document.table("default")
    default = _entry(default_table, DEFAULT_POLICY)
    meters: dict[bytes, MeterKeys] = {}
    names: dict[str, str] = {}
    for number, table in enumerate(document.tables("meter")):
        try:
            meter = _entry(table, DEFAULT_POLICY | default.policy)
            _add(meters, names, table, meter)
        except ConfigurationError as error:
            message = f"{error}{_place(octets, number)}"
        else:
            continue
        raise ConfigurationError(message)
    document.finish()
    return KeyTable(
        meters=meters,
        default=default if has_keys(default) else None,
        default_policy=default.policy,
    )


def _entry(table: TomlTable, policy: Policy) -> MeterKeys:
    values = {name: table.convert(name, parse) for name, parse in FIELDS.items()}
    table.finish()
    if values["policy"] is None:
        values["policy"] = policy
    given = {name: value for name, value in values.items() if value is not None}
    keys = MeterKeys(**given)
    check_lengths(keys, f"{table.file}: {table.path}.")
    return keys


def _add(
    meters: dict[bytes, MeterKeys], names: dict[str, str], table: TomlTable, meter: MeterKeys
) -> None:
    title, name = meter.system_title, meter.name
    if title is None:
        raise table.error("system_title", "wanted for each meter")
    if title in meters:
        raise table.error("system_title", f"{title.hex().upper()} is there twice")
    if name is not None and names.setdefault(name, table.path) != table.path:
        raise table.error("name", f"{names[name]} has it, too")
    meters[title] = meter


def _place(octets: bytes, number: int) -> str:
    """
    @return: where the table of that number starts, as far as can be told.
    """
    for count, match in enumerate(_METER.finditer(octets)):
        if count == number:
            line = octets.count(b"\n", 0, match.start()) + 1
            return f" (the table at line {line})"
    return ""


class TomlKeyStore(MemoryKeyStore):
    """
    The keys of a C{keys.toml}, read again when the file changes.

    For some ten thousand meters; more are better kept in SQLite.

    @ivar path: The file.
    """

    log = Logger()

    def __init__(
        self,
        path: str | Path,
        insecure: bool = False,
        *,
        promotions: Promotions | None = None,
        defer: Defer = maybeDeferred,
    ) -> None:
        """
        Read the file at once.

        @param insecure: Read it though others may, too.
        @param defer: Where to read a changed file; a thread keeps a large one from holding up the reactor.

        @raise ConfigurationError: it cannot be read, others may read it, or something in it is wrong.
        """
        self.path = Path(path)
        self._insecure = insecure
        self._defer = defer
        self._doubtful: Signature | None = None
        self._closed = False
        table, self._seen = self._read()
        super().__init__(table, promotions)

    def check(self) -> Deferred[bool]:
        """
        See L{IKeyStore.check<dlms_twisted.keys.interfaces.IKeyStore.check>}: read the file if it looks changed.
        """
        if signature(self.path) == self._seen:
            return succeed(False)
        return self._again(patient=True)

    def reload(self) -> Deferred[bool]:
        """
        See L{IKeyStore.reload<dlms_twisted.keys.interfaces.IKeyStore.reload>}.
        """
        return self._again(patient=False)

    def _read(self) -> tuple[KeyTable, Signature | None]:
        octets, seen = read_private(self.path, insecure=self._insecure)
        return parse_key_table(octets, str(self.path)), seen

    def _again(self, *, patient: bool) -> Deferred[bool]:
        now = signature(self.path)
        if patient and now is not None and now.size == 0 and now != self._doubtful:
            # Editors that write in place empty the file first; an empty one is believed when it stays so.
            self._doubtful = now
            return succeed(False)
        return self._defer(self._read).addCallbacks(self._take, self._refuse, errbackArgs=(now,))

    def _take(self, result: tuple[KeyTable, Signature | None]) -> bool:
        if self._closed:
            return False
        table, self._seen = result
        before = len(self)
        changed = self.replace(table)
        if changed:
            self.log.info(
                "{path}: keys of {count} meters read ({before} before)",
                path=str(self.path),
                count=len(self),
                before=before,
            )
        return changed

    def _refuse(self, failure: Failure, now: Signature | None) -> bool:
        self._seen = now
        if failure.check(ConfigurationError):
            reason = failure.getErrorMessage()
        else:
            reason = f"{self.path}: {type(failure.value).__name__}"
        self.log.error("{reason}; the keys read before stay in use", reason=reason)
        return False

    def close(self) -> None:
        """
        See L{IKeyStore.close<dlms_twisted.keys.interfaces.IKeyStore.close>}.
        """
        self._closed = True
        super().close()
