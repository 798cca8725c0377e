"""
Push links that find out by themselves which framing a stream has, by what can be decoded of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.link.detect import MEDIA, looks_like_apdu
from dlms_twisted.link.hdlc.push import HDLCPushLink
from dlms_twisted.link.mbus.push import MBusPushLink
from dlms_twisted.link.p1 import P1PushLink
from dlms_twisted.link.problems import RUN_LIMIT, LinkStats, Problem, ProblemKind
from dlms_twisted.link.push import Payload, PushLink, WrapperPushLink
from dlms_twisted.link.raw import QUIET, RawPushLink

__all__ = ["AutoPushLink", "push_link"]

#: The other decoders listen too when no frame was understood for so many seconds, or octets.
_DOUBT_SECONDS: Final = 15.0
_DOUBT_OCTETS: Final = 2100
#: Most octets that a trial keeps.
_TRIAL_OCTETS: Final = 65536


def push_link(
    medium: str, *, measure: Callable[[bytes], int] | None = None, max_payload: int = 65535
) -> PushLink:
    """
    Make the passive end of a line.

    @param medium: One of L{dlms_twisted.link.detect.MEDIA}, or C{auto}.
    @param measure: How to cut naked APDUs, see L{RawPushLink}.
    @param max_payload: Longest APDU accepted on a wrapper stream, in octets.

    @raise ValueError: no such medium.
    """
    if medium == "auto":
        return AutoPushLink(measure=measure, max_payload=max_payload)
    if medium == "apdu":
        return RawPushLink() if measure is None else RawPushLink(measure=measure)
    if medium == "wrapper":
        return WrapperPushLink(max_payload=max_payload)
    made: PushLink
    if medium == "hdlc":
        made = HDLCPushLink()
    elif medium == "mbus":
        made = MBusPushLink()
    elif medium == "p1":
        made = P1PushLink()
    else:
        raise ValueError(f"one of {', '.join(MEDIA)} or auto wanted, not {medium!r}")
    return made


class _Trial:
    """
    Decoders that all hear the same octets until one of them understands.

    @ivar heard: The octets.
    """

    def __init__(self, first: bytes, max_payload: int, *, fresh: bool) -> None:
        """
        @param first: The first octet that they will hear.
        @param fresh: It is the first after a silence, or of the stream.  Nothing but its header shows a
            wrapper or a ciphered telegram, and both may stand inside other frames: they are looked for
            at a beginning only.
        """
        self.heard = bytearray()
        ciphered = first == b"/" or (fresh and first == b"\xdb")
        self._links: list[PushLink] = [
            HDLCPushLink(),
            MBusPushLink(),
            P1PushLink(ciphered=ciphered),
        ]
        if fresh and first == b"\x00":
            self._links.append(WrapperPushLink(max_payload=max_payload))

    def receive_data(
        self, data: bytes, now: float
    ) -> tuple[PushLink, list[Payload | Problem]] | None:
        """
        @return: the link that understood, with its events since it last was asked.
        """
        self.heard += data
        for link in tuple(self._links):
            link.receive_data(data, now)
            events = _drain(link)
            if link.stats.frames:
                return link, events
            if link.stats.problems.get(ProblemKind.BAD_WRAPPER):
                self._links.remove(link)
        return None


def _drain(link: PushLink) -> list[Payload | Problem]:
    # A wrapper that broke raises again when it is asked again.
    events: list[Payload | Problem] = []
    with suppress(RemoteProtocolError):
        while (event := link.next_event()) is not None:
            events.append(event)
    return events


class AutoPushLink:
    """
    Finds out what a stream is made of, and finds out again when that is understood no longer.

    The framing is the one of which a whole frame could be decoded, with its checksums where it has any.
    While frames keep coming nothing else is tried.  When none came for a while though octets did, the
    other decoders listen too, and the first that understands takes over.  Octets that none understands are
    an APDU of their own if they begin like one, and foreign if not; both are known by silence only.
    """

    def __init__(
        self, *, measure: Callable[[bytes], int] | None = None, max_payload: int = 65535
    ) -> None:
        """
        @param measure: How to cut naked APDUs, see L{RawPushLink}.
        @param max_payload: Longest APDU accepted on a wrapper stream, in octets.
        """
        self._measure = measure
        self._max_payload = max_payload
        self._stats = LinkStats()
        self._octets = 0
        self._link: PushLink | None = None
        self._trial: _Trial | None = None
        self._ready: deque[Payload | Problem] = deque()
        self._error: RemoteProtocolError | None = None
        self._heard = 0.0
        self._good_at = 0.0
        self._good_octets = 0

    @property
    def stats(self) -> LinkStats:
        """
        Counters of the whole stream.
        """
        return self._stats if self._link is None else self._link.stats

    @property
    def medium(self) -> str:
        """
        What the stream is made of; C{auto} while that is not known.
        """
        return "auto" if self._link is None else self._link.medium

    @property
    def deadline(self) -> float | None:
        """
        See L{dlms_twisted.link.push.PushLink.deadline}.
        """
        if self._link is not None:
            return self._link.deadline
        return None if self._trial is None else self._heard + QUIET

    def receive_data(self, data: bytes, now: float) -> None:
        """
        See L{dlms_twisted.link.push.PushLink.receive_data}.
        """
        if not data or (self._error is not None and self._trial is None):
            return
        self._octets += len(data)
        silence = now - self._heard
        self._heard = now
        if self._link is None:
            self._stats.octets = self._octets
            self._detect(data, now)
            return
        frames = self._link.stats.frames
        self._link.receive_data(data, now)
        self._take_over(now)
        if self._link is None:
            return
        if self._link.stats.frames > frames:
            self._trial = None
            self._good_at, self._good_octets = now, self._octets
        elif (
            now - self._good_at > _DOUBT_SECONDS or self._octets - self._good_octets > _DOUBT_OCTETS
        ):
            self._challenge(data, now, fresh=silence > QUIET)

    def next_event(self) -> Payload | Problem | None:
        """
        @return: the next message or problem.

        @raise RemoteProtocolError: it was a wrapper stream, and is nothing known any more.
        """
        if self._ready:
            return self._ready.popleft()
        if self._error is not None and self._trial is None:
            raise self._error
        return None

    def time_passed(self, now: float) -> None:
        """
        See L{dlms_twisted.link.push.PushLink.time_passed}.
        """
        if self._link is not None:
            self._link.time_passed(now)
            self._take_over(now)
        elif self._trial is not None and now >= self._heard + QUIET:
            self._give_up()

    def end(self) -> None:
        """
        See L{dlms_twisted.link.push.PushLink.end}.
        """
        if self._link is not None:
            self._link.end()
            self._ready += _drain(self._link)
        else:
            self._give_up()

    def _detect(self, data: bytes, now: float) -> None:
        trial = self._trial
        if trial is None:
            trial = self._trial = _Trial(data[:1], self._max_payload, fresh=True)
        understood = trial.receive_data(data, now)
        if understood is not None:
            self._change(*understood)
            self._take_over(now)
        elif len(trial.heard) > _TRIAL_OCTETS or (self._error and len(trial.heard) > RUN_LIMIT):
            self._give_up()

    def _challenge(self, data: bytes, now: float, *, fresh: bool) -> None:
        if self._trial is None or len(self._trial.heard) > _TRIAL_OCTETS:
            self._trial = _Trial(data[:1], self._max_payload, fresh=fresh)
        understood = self._trial.receive_data(data, now)
        if understood is not None and self._link is not None:
            self._link.end()
            self._ready += _drain(self._link)
            self._stats = self._link.stats
            self._change(*understood)

    def _change(self, link: PushLink, events: list[Payload | Problem]) -> None:
        link.stats.add(self._stats)
        link.stats.octets = self._octets
        self._link, self._trial, self._error = link, None, None
        self._good_at, self._good_octets = self._heard, self._octets
        self._ready += events

    def _take_over(self, now: float) -> None:
        # Move the events of the link here; a wrapper that broke is searched for what came instead.
        link = self._link
        if link is None:
            return
        try:
            while (event := link.next_event()) is not None:
                self._ready.append(event)
        except RemoteProtocolError as error:
            self._error, self._link, self._stats = error, None, link.stats
            last = self._ready[-1] if self._ready else None
            if isinstance(last, Problem) and last.kind is ProblemKind.BAD_WRAPPER:
                self._detect(last.octets, now)

    def _give_up(self) -> None:
        # Silence, or too much: nothing understood what was heard.
        trial, self._trial = self._trial, None
        if trial is None or self._error is not None:
            return
        octets = bytes(trial.heard)
        if looks_like_apdu(octets):
            raw = RawPushLink() if self._measure is None else RawPushLink(measure=self._measure)
            raw.receive_data(octets, self._heard)
            raw.end()
            self._ready += _drain(raw)
            raw.stats.octets = 0
            self._stats.add(raw.stats)
        else:
            self._stats.count(ProblemKind.FOREIGN, len(octets))
            self._ready.append(Problem(ProblemKind.FOREIGN, octets))
