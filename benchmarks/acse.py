"""
Associations: AARE decoded, beside dlms-cosem.
"""

from __future__ import annotations

from functools import partial

from benchmarks.common import Row, compare

__all__ = ["run"]

#: Accepted, LN without ciphering, with an InitiateResponse (DLMS UA 1000-2, examples of AARE).
_PLAIN = bytes.fromhex(
    "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400007e1f04b00007"
)
#: Accepted so far: HLS wanted, with a system title, a challenge and a ciphered InitiateResponse.
_HLS = bytes.fromhex(
    "6142a109060760857405080101a203020100a305a10302010e88020780890760857405080202aa0a8008"
    "503677524a323146be10040e0800065f1f040000501f01f40007"
)


def run() -> list[Row]:
    """
    @return: the decoding of both.
    """
    from dlms_cosem.protocol.acse import ApplicationAssociationResponse

    from dlms_twisted.apdu.aare import AARE

    rows = []
    for name, octets in (("AARE", _PLAIN), ("AARE, high level security", _HLS)):
        theirs = partial(ApplicationAssociationResponse.from_bytes, octets)
        rows += compare(name, partial(AARE.decode, octets), {"dlms-cosem": theirs}, wanted=3.0)
    return rows
