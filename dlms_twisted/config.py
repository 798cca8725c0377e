"""
Settings of the daemons: frozen, checked when they are made, and read from TOML.

What the options of C{twistd dlms-collector} say can be said in its file, and more, with a table for each source::

    journal = "/var/lib/dlms/journal"
    keys = "/etc/dlms/keys.toml"
    listen = ["udp:4059", "tcp:4059"]

    [retention]
    days = 3650

    [quarantine]
    octets = 1_000_000_000

    [queue]
    items = 200_000

    [[source]]
    listen = "udp:4060"
    policy = "authenticated-encrypted"
    keys = "/etc/dlms/north.toml"

An error names the file and the dotted key, for example C{collector.toml: source[2].listen}.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import field, frozen

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.parsing import parse_policy, parse_title
from dlms_twisted.security.policy import Policy
from dlms_twisted.store.limits import QuarantineLimits, StoreLimits
from dlms_twisted.toml_reader import TomlTable, read_toml

__all__ = ["CollectorSettings", "SourceSettings", "check_collector", "load_collector"]

_DAY = 86_400.0
#: A bound for octets and counts that nobody means to reach.
_HUGE = 1 << 50


@frozen(kw_only=True)
class SourceSettings:
    """
    One place that pushes come in by.

    @ivar listen: C{udp:PORT[:interface=ADDRESS]}, a Twisted server endpoint such as C{tcp:4059}, or C{serial:…}.
    @ivar connect: A Twisted client endpoint that is kept connected, for example C{tcp:192.0.2.7:2001}; instead of
        C{listen}.
    @ivar framing: C{auto}, C{wrapper}, C{hdlc}, C{mbus}, C{p1} or C{raw}: how streams are framed.
    @ivar label: What records name as their source; by default the description.
    @ivar policy: Demands beside those of the meters.
    @ivar keys: A key file of its own.
    @ivar idle_timeout: Seconds of silence after which a stream is closed, or connected anew.
    @ivar said: Where it is said, for errors: C{collector.toml: source[2].listen}.
    """

    listen: str | None = None
    connect: str | None = None
    framing: str = "auto"
    label: str | None = None
    policy: Policy | None = None
    keys: Path | None = None
    idle_timeout: float = 1800.0
    said: str = field(default="", eq=False, repr=False)

    @property
    def description(self) -> str:
        """
        Whichever of C{listen} and C{connect} it is.
        """
        return self.listen or self.connect or ""


@frozen(kw_only=True)
class CollectorSettings:
    """
    Everything that a collector is told.

    @ivar journal: Directory of the journal.
    @ivar sources: Where pushes come in; one at least.
    @ivar keys: The key file, or L{None}: plain pushes are taken then.
    @ivar insecure_keys: Take a key file that others may read.
    @ivar master_key_file: For key files in SQLite: where their master key stands.
    @ivar system_title: Ours, eight octets: needed to confirm ciphered pushes.
    @ivar layouts: Push layouts of the user, the earlier asked first.
    @ivar queue_items: Datagrams and frames held in memory at most.
    @ivar queue_octets: Octets of them.
    @ivar receive_buffer: Octets of kernel buffer asked for each UDP port.
    @ivar limits: Of the journal.
    """

    journal: Path
    sources: tuple[SourceSettings, ...] = ()
    keys: Path | None = None
    insecure_keys: bool = False
    master_key_file: Path | None = None
    system_title: bytes | None = None
    layouts: tuple[Path, ...] = ()
    queue_items: int = 100_000
    queue_octets: int = 64 << 20
    receive_buffer: int = 4 << 20
    limits: StoreLimits = field(factory=StoreLimits)


FRAMINGS = ("auto", "wrapper", "hdlc", "mbus", "p1", "raw")


def load_collector(path: str | Path) -> CollectorSettings:
    """
    @param path: The file.

    @return: what it says; C{journal} is C{.} where it says none.

    @raise ConfigurationError: it cannot be read, or something in it is wrong.
    """
    try:
        octets = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    table = read_toml(octets, str(path))
    queue = table.table("queue")
    given = {
        "keys": _path(table, "keys"),
        "insecure_keys": table.boolean("insecure_keys"),
        "master_key_file": _path(table, "master_key_file"),
        "system_title": table.convert("system_title", parse_title),
        "layouts": tuple(Path(one) for one in table.texts("layouts") or ()),
        "queue_items": queue.integer("items", 1, _HUGE),
        "queue_octets": queue.integer("octets", 1, _HUGE),
        "receive_buffer": table.integer("receive_buffer", 2048, 1 << 30),
    }
    settings = CollectorSettings(
        journal=_path(table, "journal") or Path(""),
        sources=tuple(_sources(table)),
        limits=_limits(table),
        **_said(given),
    )
    queue.finish()
    table.finish()
    return settings


def _said(values: dict[str, Any]) -> dict[str, Any]:
    """
    @return: those that are said; the others keep their defaults.
    """
    return {name: value for name, value in values.items() if value is not None}


def _path(table: TomlTable, key: str) -> Path | None:
    text = table.text(key)
    if text is not None and not text.strip():
        raise table.error(key, "a path wanted")
    return None if text is None else Path(text)


def _sources(table: TomlTable) -> Iterator[SourceSettings]:
    """
    @return: the sources of C{listen} and C{connect}, then those with tables of their own.  What the top of the file
        says of streams and policy holds for each that does not say it itself; demands add up.
    """
    common = _said(_manner(table))
    for key in ("listen", "connect"):
        for number, text in enumerate(table.texts(key) or ()):
            said = f"{table.file}: {key}[{number}]"
            words: dict[str, Any] = {key: text, "said": said, **common}
            yield SourceSettings(**words)
    for one in table.tables("source"):
        yield _source(one, common)


def _manner(table: TomlTable) -> dict[str, Any]:
    framing = table.text("framing")
    if framing is not None and framing not in FRAMINGS:
        raise table.error("framing", f"one of {', '.join(FRAMINGS)} wanted")
    return {
        "framing": framing,
        "policy": table.convert("policy", parse_policy),
        "idle_timeout": table.number("idle_timeout", 1, _HUGE),
    }


def _source(table: TomlTable, common: dict[str, Any]) -> SourceSettings:
    listen, connect = table.text("listen"), table.text("connect")
    if (listen is None) == (connect is None):
        raise table.error("listen", "either listen or connect wanted")
    own = _said(_manner(table))
    if "policy" in own and "policy" in common:
        own["policy"] |= common["policy"]
    source = SourceSettings(
        listen=listen,
        connect=connect,
        label=table.text("label"),
        keys=_path(table, "keys"),
        said=f"{table.file}: {table.dotted('connect' if listen is None else 'listen')}",
        **{**common, **own},
    )
    table.finish()
    return source


def _limits(table: TomlTable) -> StoreLimits:
    retention, quarantine = table.table("retention"), table.table("quarantine")
    commit = table.table("commit")
    kept = {
        "octets": quarantine.integer("octets", 1, _HUGE),
        "age": _days(quarantine),
        "peer_rate": quarantine.number("peer_rate", 0.001, _HUGE),
        "peer_burst": quarantine.integer("peer_burst", 1, _HUGE),
        "rate": quarantine.number("rate", 0.001, _HUGE),
        "burst": quarantine.integer("burst", 1, _HUGE),
    }
    given = {
        "octets": retention.integer("octets", 1, _HUGE),
        "age": _days(retention),
        "segment_octets": retention.integer("segment_octets", 1 << 16, _HUGE),
        "batch": commit.integer("batch", 1, 1_000_000),
        "delay": commit.number("delay", 0, 3600),
    }
    for one in (retention, quarantine, commit):
        one.finish()
    return StoreLimits(quarantine=QuarantineLimits(**_said(kept)), **_said(given))


def _days(table: TomlTable) -> float | None:
    days = table.number("days", 0.01, 1_000_000)
    return None if days is None else days * _DAY


def check_collector(settings: CollectorSettings) -> None:
    """
    @raise ConfigurationError: something that must be said is not.
    """
    if str(settings.journal) in {"", "."}:
        raise ConfigurationError("journal: a directory wanted (--journal DIR)")
    if settings.journal.exists() and not settings.journal.is_dir():
        raise ConfigurationError(f"journal: {settings.journal} is not a directory")
    if not settings.sources:
        raise ConfigurationError("listen: a source wanted (--listen udp:4059)")
    labels: dict[str, SourceSettings] = {}
    for source in settings.sources:
        label = source.label or source.description
        if labels.setdefault(label, source) is not source:
            raise ConfigurationError(f"{source.said or 'listen'}: {label} is there twice")
