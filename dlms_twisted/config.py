"""
Settings of the daemons: frozen, checked when they are made, and read from TOML.

What the options of C{twistd dlms-collector} say can be said in its file, and more, with a table for each source::

    journal = "/var/lib/dlms/journal"
    keys = "/etc/dlms/keys.toml"
    listen = ["udp:4059", "tcp:4059"]

    [retention]
    days = 3650

    [[source]]
    listen = "udp:4060"
    policy = "authenticated-encrypted"
    keys = "/etc/dlms/north.toml"

An error names the file and the dotted key, for example C{collector.toml: source[2].listen}.
"""

from __future__ import annotations

from pathlib import Path

from attrs import evolve, field, frozen

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
    """

    listen: str | None = None
    connect: str | None = None
    framing: str = "auto"
    label: str | None = None
    policy: Policy | None = None
    keys: Path | None = None
    idle_timeout: float = 1800.0

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
    sources = [SourceSettings(listen=text) for text in table.texts("listen") or ()]
    sources += [SourceSettings(connect=text) for text in table.texts("connect") or ()]
    sources += [_source(one) for one in table.tables("source")]
    keys = table.text("keys")
    settings = CollectorSettings(
        journal=Path(table.text("journal") or ""),
        sources=tuple(sources),
        keys=None if keys is None else Path(keys),
        insecure_keys=table.boolean("insecure_keys") or False,
        system_title=table.convert("system_title", parse_title),
        layouts=tuple(Path(one) for one in table.texts("layouts") or ()),
        limits=_limits(table),
    )
    queue = table.table("queue")
    settings = evolve(
        settings,
        queue_items=queue.integer("items", 1, _HUGE) or settings.queue_items,
        queue_octets=queue.integer("octets", 1, _HUGE) or settings.queue_octets,
        receive_buffer=table.integer("receive_buffer", 2048, 1 << 30) or settings.receive_buffer,
    )
    queue.finish()
    table.finish()
    return settings


def _source(table: TomlTable) -> SourceSettings:
    listen, connect = table.text("listen"), table.text("connect")
    if (listen is None) == (connect is None):
        raise table.error("listen", "either listen or connect wanted")
    framing = table.text("framing") or "auto"
    if framing not in FRAMINGS:
        raise table.error("framing", f"one of {', '.join(FRAMINGS)} wanted")
    keys = table.text("keys")
    source = SourceSettings(
        listen=listen,
        connect=connect,
        framing=framing,
        label=table.text("label"),
        policy=table.convert("policy", parse_policy),
        keys=None if keys is None else Path(keys),
        idle_timeout=table.number("idle_timeout", 1, _HUGE) or SourceSettings().idle_timeout,
    )
    table.finish()
    return source


def _limits(table: TomlTable) -> StoreLimits:
    retention, quarantine = table.table("retention"), table.table("quarantine")
    days = retention.number("days", 0.01, 1_000_000)
    kept_days = quarantine.number("days", 0.01, 1_000_000)
    usual = QuarantineLimits()
    limits = StoreLimits(
        octets=retention.integer("octets", 1, _HUGE),
        age=None if days is None else days * _DAY,
        segment_octets=retention.integer("segment_octets", 1 << 16, _HUGE)
        or StoreLimits().segment_octets,
        quarantine=QuarantineLimits(
            octets=quarantine.integer("octets", 1, _HUGE) or usual.octets,
            age=usual.age if kept_days is None else kept_days * _DAY,
            peer_rate=quarantine.number("peer_rate", 0.001, _HUGE) or usual.peer_rate,
            peer_burst=quarantine.integer("peer_burst", 1, _HUGE) or usual.peer_burst,
            rate=quarantine.number("rate", 0.001, _HUGE) or usual.rate,
            burst=quarantine.integer("burst", 1, _HUGE) or usual.burst,
        ),
    )
    retention.finish()
    quarantine.finish()
    return limits


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
    labels = [source.label or source.description for source in settings.sources]
    for label in labels:
        if labels.count(label) > 1:
            raise ConfigurationError(f"listen: {label} is there twice")
