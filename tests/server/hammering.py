"""
A meter under damaged requests: it answers or is silent as it may, it never raises, and the next good request is
answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from twisted.internet.task import Clock

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.get import GetResponseNormal
from dlms_twisted.codec.data import Data
from dlms_twisted.security.policy import Policy
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.session.server import ServerState
from tests.apdu.damage import mutations
from tests.server.inventing import inventions
from tests.server.meters import CLIENTS, SHORT
from tests.server.requests import NAME, SEEDS, SHORT_SEEDS, get, read
from tests.server.talking import ALL, BOTH, Talk

__all__ = ["hammer"]

_GOOD: Final = bytes.fromhex(get(1, NAME, 2))
_SHORT_GOOD: Final = bytes.fromhex(read(0xFD08))
_PROTECTED: Final = 0xDB
_QUARTER: Final = 900.0
_AARQ: Final = b"\x60"
_READ: Final = 0x001C0320
#: What only a client sends: no server's answer begins so.
_OF_CLIENTS: Final = frozenset({0x05, 0x06, 0x16, 0xC0, 0xC1, 0xC3, 0xD9, 0x60, 0x62})


class _LockedError(Exception):
    """
    A damaged request that was a good one all the same has changed the locks: keys, policy or secret.
    """


def hammer(
    make: Callable[[Clock], SimulatedMeter],
    seed: int,
    count: int,
    *,
    secure: bool,
    short_names: bool = False,
    invented: bool = False,
) -> Counter[str]:
    """
    @param make: A new meter on a clock, which goes on by a quarter of an hour now and then.
    @param secure: Protect requests, so that what is damaged lies below a good protection; one in eight is damaged
        outside.
    @param invented: Well-formed requests with any value, instead of damaged ones.

    @return: how many were answered by what.

    @raise AssertionError: an answer that no server gives, or a good request without a good answer.
    """
    figures: Counter[str] = Counter()
    clock, talk = _begun(make, secure, short_names)
    if invented:
        requests = inventions(seed, count, talk.keys_of_objects(), _values(talk, secure))
    else:
        requests = mutations(seed, count, SHORT_SEEDS if short_names else SEEDS)
    for number, octets in enumerate(requests):
        request = octets
        if secure and number % 8:
            request = talk.protect(octets)
        elif secure and octets:
            sealed = bytearray(talk.protect(_GOOD))
            sealed[octets[0] % len(sealed)] ^= octets[-1] or 1
            request = bytes(sealed)
        answers = talk.octets(request)
        for answer in answers:
            _check(answer, request)
        figures[_kind(talk, answers)] += 1
        if octets[:1] == _AARQ:
            # What it then negotiated, if only to be silent, may not be enough for a good request.
            talk.session.lost()
        if number % 40 == 39:
            clock.advance(_QUARTER)
            talk.now += _QUARTER
            talk.meter.work()
        try:
            _good(talk, secure, short_names)
        except _LockedError:
            figures["locks changed"] += 1
            clock, talk = _begun(make, secure, short_names)
    return figures


def _values(talk: Talk, secure: bool) -> list[bytes]:
    """
    @return: what the objects of a meter hold, as far as it goes into one answer.
    """
    found = []
    for class_id, name in talk.keys_of_objects():
        for number in range(1, 12):
            request = bytes.fromhex(f"c001c1{class_id:04x}{name.hex()}{number:02x}00")
            answer = talk.secure(request) if secure else talk.ask(request)
            if answer.startswith("c401c100"):
                found.append(bytes.fromhex(answer[8:]))
    return found


def _begun(
    make: Callable[[Clock], SimulatedMeter], secure: bool, short_names: bool
) -> tuple[Clock, Talk]:
    clock = Clock()
    talk = Talk(make(clock), CLIENTS["none"] + SHORT * short_names)
    return clock, _associated(talk, secure, short_names)


def _associated(talk: Talk, secure: bool, short_names: bool) -> Talk:
    answer = talk.associate(
        _READ if short_names else ALL, control=BOTH if secure else None, short_names=short_names
    )
    if answer.result:
        raise _LockedError
    return talk


def _check(answer: bytes, request: bytes) -> None:
    if answer[0] in _OF_CLIENTS:
        raise AssertionError(f"{answer.hex()} to {request.hex()}")
    registry.decode(answer)


def _kind(talk: Talk, answers: list[bytes]) -> str:
    if not answers:
        return "silence"
    if answers[0][0] == _PROTECTED:
        return registry.decode(talk.opened(answers[0])).NAME
    return registry.decode(answers[0]).NAME


def _good(talk: Talk, secure: bool, short_names: bool) -> None:
    """
    The next good request is answered, in a new association if there is none any more.
    """
    if talk.session.state is not ServerState.ASSOCIATED:
        _associated(talk, secure, short_names)
    request = _SHORT_GOOD if short_names else _GOOD
    answer = bytes.fromhex(talk.secure(request) if secure else talk.ask(request))
    if short_names and answer.startswith(bytes.fromhex("0c0100")):
        return
    response = registry.decode(answer) if answer else None
    if isinstance(response, GetResponseNormal) and isinstance(response.result, Data):
        return
    demanded = talk.policy()
    if demanded.signed or (demanded != Policy.NONE and not secure):
        raise _LockedError
    raise AssertionError(f"a good request is answered by {answer.hex() or None}")
