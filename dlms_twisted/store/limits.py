"""
How large and how old a journal may become, and how it is written.
"""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, gt

__all__ = ["DEFAULT_LIMITS", "QuarantineLimits", "StoreLimits"]

_MIB = 1 << 20
_DAY = 86_400


@frozen(kw_only=True)
class QuarantineLimits:
    """
    What refused messages may take; readings have limits of their own, so that garbage never displaces them.

    @ivar octets: All its segments together; the oldest goes first.
    @ivar age: Seconds after which a segment goes.
    @ivar peer_rate: Messages a second that are kept of one peer's host; each whole KiB counts as one more.
    @ivar peer_burst: As many at once.
    @ivar rate: Messages a second of all peers together.
    @ivar burst: As many at once.
    @ivar peers: Hosts whose rate is remembered.
    """

    octets: int = field(default=512 * _MIB, validator=gt(0))
    age: float = field(default=90.0 * _DAY, validator=gt(0))
    peer_rate: float = field(default=200.0, validator=gt(0))
    peer_burst: int = field(default=20_000, validator=gt(0))
    rate: float = field(default=2_000.0, validator=gt(0))
    burst: int = field(default=50_000, validator=gt(0))
    peers: int = field(default=10_000, validator=gt(0))


@frozen(kw_only=True)
class StoreLimits:
    """
    Limits and pace of a journal.

    @ivar segment_octets: A segment that has grown to this size is closed, and the next begun.
    @ivar octets: All segments of readings together, or L{None} for no limit; the oldest goes first.
    @ivar age: Seconds after which a segment of readings goes, or L{None} for never.
    @ivar batch: Messages that are handed to the disk at once, without waiting for C{delay}.
    @ivar delay: Seconds after which fewer are handed over too.
    @ivar windows: Replay windows kept in memory, those that are not yet written not counted.
    @ivar checkpoint_records: Replay windows are written to the state after so many records...
    @ivar checkpoint_age: ...or so many seconds, whichever is first; what came after is read again at a start.
    @ivar states: Windows that are written along with one batch at most.
    @ivar retry: Seconds between two attempts while the journal cannot be written.
    @ivar housekeeping: Seconds between two looks at what is to be closed or removed.
    @ivar quarantine: Limits of the quarantine.
    """

    segment_octets: int = field(default=1024 * _MIB, validator=gt(0))
    octets: int | None = None
    age: float | None = None
    batch: int = field(default=200, validator=gt(0))
    delay: float = field(default=0.1, validator=ge(0))
    windows: int = field(default=200_000, validator=gt(0))
    checkpoint_records: int = field(default=500_000, validator=gt(0))
    checkpoint_age: float = field(default=600.0, validator=gt(0))
    states: int = field(default=2_000, validator=gt(0))
    retry: float = field(default=1.0, validator=gt(0))
    housekeeping: float = field(default=30.0, validator=gt(0))
    quarantine: QuarantineLimits = field(factory=QuarantineLimits)


#: What holds where nothing else is said.
DEFAULT_LIMITS = StoreLimits()
