"""
Requests, and what a meter answers in each state: see L{tests.server.test_conformance}.

C{-} is silence; an answer with C{..} in it is compared as far as it is written.
"""

from __future__ import annotations

from typing import Final

from tests.server.requests import action, get, read, set_, what, write

CLOCK: Final = "0-0:1.0.0.255"
NAME: Final = "0-0:42.0.0.255"
SERIAL: Final = "0-0:96.1.0.255"
LONG: Final = "0-0:96.1.9.255"
NONE: Final = "0-0:99.99.9.255"
THIS: Final = "0-0:40.0.0.255"

NOT_ASSOCIATED: Final = "d80101"
_UNKNOWN: Final = "d80202"
NOT_NEGOTIATED: Final = "d80102"
_MALFORMED: Final = "d80103"
DECIPHERING: Final = "d80105"
NAME_IS: Final = "c401c100091053494d30303030303030303030303031"
GET_ONLY: Final = 0x000010

#: Request, and its answers: before an association, in one with everything, in one with GET only.
SERVICES: Final[tuple[tuple[str, str, str, str], ...]] = (
    (get(1, NAME, 2), NOT_ASSOCIATED, NAME_IS, NAME_IS),
    (get(1, NONE, 2), NOT_ASSOCIATED, "c401c10104", "c401c10104"),
    (get(3, NAME, 2), NOT_ASSOCIATED, "c401c10109", "c401c10109"),
    (get(1, NAME, 9), NOT_ASSOCIATED, "c401c10104", "c401c10104"),
    (get(1, NAME, 0xFF), NOT_ASSOCIATED, "c401c10104", "c401c10104"),
    (get(1, NAME, 0), NOT_ASSOCIATED, "c401c1000202090600002a0000ff0910..", "c401c10104"),
    (get(1, NAME, 2, "01630f00"), NOT_ASSOCIATED, "c401c1010d", "c401c1010d"),
    (
        f"c003c102{what(1, NAME, 2)}00{what(3, NAME, 2)}00",
        NOT_ASSOCIATED,
        "c403c1020009..0109",
        "d80102",
    ),
    ("c002c100000001", NOT_ASSOCIATED, "c402c101000000010110", "c402c101000000010110"),
    (set_(1, SERIAL, 2, "090161"), NOT_ASSOCIATED, "c501c100", NOT_NEGOTIATED),
    (set_(8, CLOCK, 3, "090161"), NOT_ASSOCIATED, "c501c10c", NOT_NEGOTIATED),
    (set_(8, CLOCK, 3, "108000"), NOT_ASSOCIATED, "c501c1fa", NOT_NEGOTIATED),
    (set_(1, NAME, 1, "0906000000000000"), NOT_ASSOCIATED, "c501c103", NOT_NEGOTIATED),
    (set_(1, NONE, 2, "0f00"), NOT_ASSOCIATED, "c501c104", NOT_NEGOTIATED),
    (set_(3, NAME, 2, "0f00"), NOT_ASSOCIATED, "c501c109", NOT_NEGOTIATED),
    (set_(1, NAME, 9, "0f00"), NOT_ASSOCIATED, "c501c104", NOT_NEGOTIATED),
    (
        f"c104c102{what(8, CLOCK, 3)}00{what(8, CLOCK, 3)}000210003c0f01",
        NOT_ASSOCIATED,
        "c505c102000c",
        NOT_NEGOTIATED,
    ),
    ("c103c10100000002020f00", NOT_ASSOCIATED, "c503c11200000002", NOT_NEGOTIATED),
    (
        f"c102c1{what(8, CLOCK, 2)}000000000002020900",
        NOT_ASSOCIATED,
        "c503c11300000002",
        NOT_NEGOTIATED,
    ),
    (action(8, CLOCK, 6, "10000a"), NOT_ASSOCIATED, "c701c10000", NOT_NEGOTIATED),
    (action(8, CLOCK, 6, "107fff"), NOT_ASSOCIATED, "c701c1fa00", NOT_NEGOTIATED),
    (action(8, CLOCK, 6, "0f00"), NOT_ASSOCIATED, "c701c10c00", NOT_NEGOTIATED),
    (action(8, CLOCK, 6), NOT_ASSOCIATED, "c701c10c00", NOT_NEGOTIATED),
    (action(8, CLOCK, 9, "0f00"), NOT_ASSOCIATED, "c701c10400", NOT_NEGOTIATED),
    (action(70, NONE, 1, "0f00"), NOT_ASSOCIATED, "c701c10400", NOT_NEGOTIATED),
    (action(3, CLOCK, 1, "0f00"), NOT_ASSOCIATED, "c701c10900", NOT_NEGOTIATED),
    (
        f"c303c102{what(8, CLOCK, 6)}{what(8, CLOCK, 9)}0210000a0f00",
        NOT_ASSOCIATED,
        "c703c10200000400",
        NOT_NEGOTIATED,
    ),
    ("c306c1010000000202000a", NOT_ASSOCIATED, "c701c11000", NOT_NEGOTIATED),
    ("c302c100000001", NOT_ASSOCIATED, "c701c11000", NOT_NEGOTIATED),
    (
        f"d940000001000301{what(1, NONE, 2)}02{what(8, CLOCK, 3)}03{what(8, CLOCK, 9)}"
        "030010003c0f00",
        NOT_ASSOCIATED,
        "da400000010000030000000301040200" + "0304",
        NOT_NEGOTIATED,
    ),
)

#: The same with what is no service of logical names.
OTHERS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (read(0xFA00), "0e050201", "0e050302", "0e050302"),
    (write(0xFA00, "0f00"), "0e060201", "0e060302", "0e060302"),
    ("160102fa00010f00", "-", "-", "-"),
    ("7f00", _UNKNOWN, _UNKNOWN, _UNKNOWN),
    ("ff", _UNKNOWN, _UNKNOWN, _UNKNOWN),
    ("", "-", "-", "-"),
    ("0f000000010000", "-", "-", "-"),
    ("100000000100", "-", "-", "-"),
    (f"c200{what(8, CLOCK, 2)}00", "-", "-", "-"),
    ("18000102fd08010600000001", "-", "-", "-"),
    ("d80102", "-", "-", "-"),
    ("0e010600", "-", "-", "-"),
    ("640100", "-", "-", "-"),
    ("c401c1000f00", _UNKNOWN, _UNKNOWN, _UNKNOWN),
    ("c001c10008", NOT_ASSOCIATED, _MALFORMED, _MALFORMED),
    (get(1, NAME, 2) + "00", NOT_ASSOCIATED, _MALFORMED, _MALFORMED),
    ("c009c1", NOT_ASSOCIATED, _MALFORMED, _MALFORMED),
    (
        "c81e3000000001801302ff8a7874133d414ced25b42534d28db0047720606b17",
        NOT_ASSOCIATED,
        DECIPHERING,
        DECIPHERING,
    ),
    ("dd000000000000051000000000", NOT_ASSOCIATED, DECIPHERING, DECIPHERING),
    (
        "e0c1000100000d" + get(1, NAME, 2),
        NOT_ASSOCIATED,
        "e0880001000116c401c1000910..",
        NOT_NEGOTIATED,
    ),
    ("6200", NOT_ASSOCIATED, "6303800100", "6303800100"),
    ("6205", NOT_ASSOCIATED, _MALFORMED, _MALFORMED),
)

_PLAIN: Final = "a109060760857405080101"
#: Associations that are refused, and result, source and diagnostic of the refusal.
REJECTED: Final[tuple[tuple[str, str], ...]] = (
    # Another application context: short names, none that anybody knows.
    ("601da109060760857405080102be10040e01000000065f1f04001c03200000", "a203020101a305a103020102"),
    ("601da109060760857405080109be10040e01000000065f1f0400007e1f04b0", "a203020101a305a103020102"),
    # Another mechanism: low where none is wanted.
    (
        f"6036{_PLAIN}8a0207808b0760857405080201ac0a80083132333435363738"
        "be10040e01000000065f1f0400007e1f04b0",
        "a203020101a305a10302010b",
    ),
    # DLMS version, PDU size, conformance: why, in an initiate error.
    (
        f"601d{_PLAIN}be10040e01000000055f1f0400007e1f04b0",
        "a203020101a305a103020101be0604040e010601",
    ),
    (
        f"601d{_PLAIN}be10040e01000000065f1f0400007e1f000b",
        "a203020101a305a103020101be0604040e010603",
    ),
    (
        f"601d{_PLAIN}be10040e01000000065f1f0400000000ffff",
        "a203020101a305a103020101be0604040e010602",
    ),
    # No user information.
    (f"600b{_PLAIN}", "a203020101a305a103020101"),
    # Protocol version 2 only.
    (
        f"602180020640{_PLAIN}be10040e01000000065f1f0400007e1f04b0",
        "a203020101a305a203020102",
    ),
)

LONG_GET: Final = get(1, LONG, 2)
_NEXT: Final = "c002c1"
_FIRST_SET: Final = f"c102c1{what(1, SERIAL, 2)}0000000000010409046162"
_LAST_SET: Final = "c103c10100000002026364"
_FIRST_ACTION: Final = f"c304c1{what(8, CLOCK, 6)}00000000010110"
_LAST_ACTION: Final = "c306c1010000000202000a"

#: Conversations in blocks: requests and their answers, in turn.
BLOCKS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "long get, wrong number": (
        (LONG_GET, "c402c10000000001007609820 3e8..".replace(" ", "")),
        (f"{_NEXT}00000001", "c402c100000000020076.."),
        (f"{_NEXT}00000004", "c402c101000000040113"),
        (f"{_NEXT}00000002", "c402c101000000020110"),
    ),
    "long get, left": (
        (LONG_GET, "c402c100000000010076.."),
        (get(1, NAME, 2), NAME_IS),
        (f"{_NEXT}00000001", "c402c10100000001010f"),
        (f"{_NEXT}00000001", "c402c101000000010110"),
    ),
    "long get, another number of the call": (
        (LONG_GET, "c402c100000000010076.."),
        ("c002c200000001", "c402c201000000010110"),
    ),
    "long set": (
        (_FIRST_SET, "c502c100000001"),
        (_LAST_SET, "c503c10000000002"),
        (get(1, SERIAL, 2), "c401c100090461626364"),
        (_LAST_SET, "c503c11200000002"),
    ),
    "long set, wrong number": (
        (_FIRST_SET, "c502c100000001"),
        ("c103c10100000003026364", "c503c11300000003"),
        (_LAST_SET, "c503c11200000002"),
        (get(1, SERIAL, 2), "c401c100090673657269616c"),
    ),
    "long set, left": (
        (_FIRST_SET, "c502c100000001"),
        (get(1, NAME, 2), NAME_IS),
        (_LAST_SET, "c503c11100000002"),
    ),
    "long set of what is not there": (
        (f"c102c1{what(1, NONE, 2)}0000000000010409046162", "c502c100000001"),
        (_LAST_SET, "c503c10400000002"),
    ),
    "long set of what is no Data": (
        (_FIRST_SET, "c502c100000001"),
        ("c103c101000000020163", "c503c10c00000002"),
        (get(1, NAME, 2), NAME_IS),
    ),
    "long action": (
        (_FIRST_ACTION, "c704c100000001"),
        (_LAST_ACTION, "c701c10000"),
        (_LAST_ACTION, "c701c11000"),
    ),
    "long action, wrong number": (
        (_FIRST_ACTION, "c704c100000001"),
        ("c306c1010000000302000a", "c701c10e00"),
        (_LAST_ACTION, "c701c11000"),
    ),
    "long action, left": (
        (_FIRST_ACTION, "c704c100000001"),
        (get(1, NAME, 2), NAME_IS),
        (_LAST_ACTION, "c701c10f00"),
    ),
    "an association in the middle": (
        (LONG_GET, "c402c100000000010076.."),
        ("601da109060760857405080101be10040e01000000065f1f0400007e1f04b0", "6129.."),
        (f"{_NEXT}00000001", "c402c101000000010110"),
    ),
    "general block transfer of a request": (
        (f"e0450001000008{get(1, NAME, 2)[:16]}", "-"),
        (f"e0850002000005{get(1, NAME, 2)[16:]}", "e0880001000216c401c100.."),
    ),
}
