"""
Key files as the commands change them, whatever their kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.fields import DEFAULT_POLICY, Entry
from dlms_twisted.keys.files import locked, read_private, write_private
from dlms_twisted.keys.toml_store import KeyDocument, parse_key_document
from dlms_twisted.keys.toml_text import Changes, append_meters, change_entries
from dlms_twisted.security.policy import Policy

__all__ = ["Added", "Existing", "KeyFile", "TomlKeyFile", "policy_of_meters"]


class Added(NamedTuple):
    """
    What became of entries that were to be added.

    @ivar added: How many are new.
    @ivar replaced: How many took the place of an entry of the same title.
    @ivar skipped: How many were left out, because their title was there.
    """

    added: int
    replaced: int
    skipped: int


class Existing:
    """
    What to do with an entry whose title is there already.
    """

    REFUSE = "refuse"
    REPLACE = "replace"
    SKIP = "skip"


class KeyFile(Protocol):
    """
    A key file that can be read whole and changed.
    """

    @property
    def path(self) -> Path: ...

    def default(self) -> Entry:
        """
        @return: what it states for titles that are absent or not listed.
        """

    def entries(self) -> Iterator[Entry]:
        """
        @return: what it states of each meter.
        """

    def find(self, text: str) -> Entry | None:
        """
        @param text: A title in hex, or a name.
        """

    def add(self, entries: Iterable[Entry], existing: str = Existing.REFUSE) -> Added:
        """
        Add meters: all of them, or with an error none.

        @param existing: See L{Existing}.

        @raise ConfigurationError: a title is there already, or a name is another meter's.
        """

    def change(self, changes: Mapping[bytes | None, Changes]) -> None:
        """
        Change fields: all that are given, or with an error none.

        @param changes: By title, L{None} for the default.

        @raise ConfigurationError: a title is not there, or the result would be wrong.
        """

    def close(self) -> None:
        """
        Let go of the file.
        """


def policy_of_meters(default: Entry) -> Policy:
    """
    @param default: What a key file states for all that it does not list.

    @return: what is demanded of listed meters whose entry does not say.
    """
    stated: Policy = default.get("policy", DEFAULT_POLICY)
    return DEFAULT_POLICY | stated


class TomlKeyFile:
    """
    A C{keys.toml}, made when something is first added to it.
    """

    def __init__(self, path: str | Path, *, insecure: bool = False) -> None:
        """
        @param insecure: Read it though others may, too.
        """
        self.path = Path(path)
        self._insecure = insecure

    def _octets(self) -> bytes:
        return read_private(self.path, insecure=self._insecure)[0]

    def _document(self) -> KeyDocument:
        return parse_key_document(self._octets(), str(self.path))

    def default(self) -> Entry:
        """
        See L{KeyFile.default}.
        """
        return self._document().default

    def entries(self) -> Iterator[Entry]:
        """
        See L{KeyFile.entries}.
        """
        return iter(self._document().meters)

    def find(self, text: str) -> Entry | None:
        """
        See L{KeyFile.find}.
        """
        digits = text.strip().lower()
        for entry in self.entries():
            if text == entry.get("name") or entry["system_title"].hex() == digits:
                return entry
        return None

    def add(self, entries: Iterable[Entry], existing: str = Existing.REFUSE) -> Added:
        """
        See L{KeyFile.add}.
        """
        with locked(self.path):
            octets = self._octets() if self.path.exists() else b""
            known = {
                entry["system_title"]: entry
                for entry in parse_key_document(octets, str(self.path)).meters
            }
            fresh: dict[bytes, Entry] = {}
            changes: dict[bytes | None, Changes] = {}
            skipped = 0
            for entry in entries:
                title = entry["system_title"]
                if title in fresh:
                    raise ConfigurationError(f"{title.hex().upper()} is given twice")
                if title not in known:
                    fresh[title] = entry
                elif existing == Existing.REPLACE:
                    changes[title] = {**dict.fromkeys(known[title]), **entry}
                elif existing == Existing.SKIP:
                    skipped += 1
                else:
                    raise ConfigurationError(f"{self.path}: {title.hex().upper()} is there already")
            after = change_entries(octets, changes, str(self.path)) if changes else octets
            after = append_meters(after, fresh.values(), str(self.path)) if fresh else after
            if after != octets or not self.path.exists():
                write_private(self.path, after)
        return Added(len(fresh), len(changes), skipped)

    def change(self, changes: Mapping[bytes | None, Changes]) -> None:
        """
        See L{KeyFile.change}.
        """
        with locked(self.path):
            # A file that is not there yet can be begun with its default.
            begun = set(changes) != {None} or self.path.exists()
            octets = self._octets() if begun else b""
            after = change_entries(octets, changes, str(self.path))
            if after != octets:
                write_private(self.path, after)

    def close(self) -> None:
        """
        See L{KeyFile.close}.
        """
