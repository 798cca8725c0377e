"""
Fuzz the codec with atheris: C{pip install atheris}, then C{python -m tests.fuzz.codec_atheris [FOLDER …] [-runs=N]}.

Nothing but L{DecodeError} may come out of a decoder, and the fast decoder, learned layouts, the reference decoder and
the JSON form must agree.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports():
    from dlms_twisted.codec.data import decode_data, decode_data_at
    from dlms_twisted.codec.json_form import from_json
    from dlms_twisted.codec.layout import LayoutCache
    from tests.codec.samples import outcome, reference

from dlms_twisted.errors import DecodeError

_CACHE = LayoutCache(max=64)


def one_input(octets: bytes) -> None:
    """
    Check one input.
    """
    plain = outcome(decode_data, octets)
    for _ in range(3):
        if outcome(_CACHE.decode, octets) != plain:
            raise AssertionError("the learned layout differs")
    try:
        values, end = reference(octets)
    except DecodeError:
        if isinstance(plain, tuple) and len(plain) == 3:
            raise AssertionError("only the fast decoder takes it") from None
        return
    data, other = decode_data_at(octets, 0)
    if (repr(data.values), other) != (values, end):
        raise AssertionError("the fast decoder differs")
    if repr(from_json(data.tree()).values) != values:
        raise AssertionError("the JSON form differs")


def main() -> None:
    """
    Run until stopped.
    """
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
