"""
Meaning at full counts: OBIS codes, units, scaled values, times under five zones, readings of any Data, profiles.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import product

from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.classes import class_numbers, interface_class
from dlms_twisted.cosem.clock import aware_datetime, time_text
from dlms_twisted.cosem.names import obis_name
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.p1_text import telegram_readings
from dlms_twisted.cosem.profile import Profile
from dlms_twisted.cosem.readings import identity_of, readings_of
from dlms_twisted.cosem.scaled import number_text, scale, unscale
from dlms_twisted.errors import DecodeError
from dlms_twisted.layout_files import default_layouts
from tests.cosem.buffers import LOAD_PROFILE, buffer, row
from tests.cosem.zones import under_zones

__all__ = ["soak"]

_TAGS = bytes(
    [0, 3, 4, 5, 6, 9, 10, 12, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 33, 255]
)


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: how much was tried.
    """
    chance = random.Random(6)
    return {
        "codes": _codes(chance, int(200_000 * scale)),
        "scaled": _scaled(chance, int(200_000 * scale)),
        "times": _times(chance, int(40_000 * scale)),
        "bodies": _bodies(chance, int(100_000 * scale)),
        "telegrams": _telegrams(chance, int(20_000 * scale)),
        "buffers": _buffers(chance, int(20_000 * scale)),
        "octets_a_row": _memory(),
    }


def _codes(chance: random.Random, count: int) -> int:
    for _ in range(count):
        code = Obis.of(chance.randbytes(6))
        assert Obis.parse(str(code)) == code == Obis.parse(code.octets.hex())
        name = obis_name(code)
        assert name is None or (name and "_" not in name and "{" not in name)
    # Every electricity code that has a rule has a name without gaps.
    for c, d in product(range(93), range(60)):
        obis_name(Obis(1, 0, c, d, 0))
    return count


def _scaled(chance: random.Random, count: int) -> int:
    for _ in range(count):
        value = chance.getrandbits(chance.randint(1, 64)) * chance.choice((1, -1))
        scaler = chance.randint(-128, 127)
        made = scale(value, scaler)
        assert unscale(made, scaler) == value
        assert Fraction(Decimal(number_text(made))) == value * Fraction(10) ** scaler
    return count


def _times(chance: random.Random, count: int) -> int:
    moments = []
    for _ in range(count):
        zone = timezone(timedelta(minutes=chance.randint(-720, 840)))
        seconds = chance.randint(0, 4_000_000_000)
        moment = datetime(1980, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        moments.append(moment.astimezone(zone))
    octets = [DateTime.from_datetime(moment).to_octets() for moment in moments]
    for _ in under_zones():
        for moment, one in zip(moments, octets, strict=True):
            assert aware_datetime(one) == moment
            assert DateTime.from_octets(one).to_octets() == one
    for _ in range(count):
        wild = chance.randbytes(12)
        assert DateTime.from_octets(wild).to_octets() == wild
        time_text(wild)
    return count


def _element(chance: random.Random, depth: int) -> bytes:
    """
    One good element, often one that looks like part of a push.
    """
    choice = chance.random()
    if choice < 0.25:
        return (
            b"\x09\x06" + chance.choice((b"\x01\x00", b"\x00\x00")) + chance.randbytes(3) + b"\xff"
        )
    if choice < 0.35:
        return b"\x02\x02\x0f" + chance.randbytes(1) + b"\x16" + chance.randbytes(1)
    if choice < 0.42:
        return b"\x09\x0c\x07\xe8" + chance.randbytes(10)
    if choice < 0.65 and depth:
        parts = [_element(chance, depth - 1) for _ in range(chance.randint(0, 6))]
        return bytes((chance.choice((1, 2)), len(parts))) + b"".join(parts)
    while True:
        octets = bytes((chance.choice(_TAGS),)) + chance.randbytes(chance.randint(0, 9))
        try:
            decode_data(octets)
        except DecodeError:
            continue
        return octets


def _any(chance: random.Random, count: int) -> Iterator[Data]:
    for _ in range(count):
        parts = [_element(chance, 3) for _ in range(chance.randint(0, 8))]
        yield decode_data(bytes((chance.choice((1, 2)), len(parts))) + b"".join(parts))


def _bodies(chance: random.Random, count: int) -> int:
    layouts = default_layouts()
    attributes = [
        attribute
        for number in class_numbers()
        for attribute in interface_class(number).attributes.values()
    ]
    for body in _any(chance, count):
        for reading in readings_of(body, date_time=chance.randbytes(12), layouts=layouts):
            reading.to_json()
        identity_of(body)
        attribute = chance.choice(attributes)
        found = attribute.decode(body)
        if isinstance(found.value, Data):
            # Lengths in a long form and other spellings of the same come back in the usual one.
            assert attribute.encode(found.to_json()).tree() == body.tree()
        ObjectList.of_logical_names(body).to_json()
    return count


def _telegrams(chance: random.Random, count: int) -> int:
    lines = ["1-0:1.8.0(000123.4*kWh)", "0-1:24.2.1(170102161005W)(00000.107*m3)", "(00001.001)"]
    lines += [
        "1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)",
        "0-0:1.0.0(170102192002W)",
    ]
    for _ in range(count):
        text = list("\r\n".join(chance.choices(lines, k=8)))
        for _ in range(chance.randint(0, 9)):
            text[chance.randrange(len(text))] = chr(chance.randrange(256))
        for reading in telegram_readings("".join(text)):
            reading.to_json()
    return count


def _buffers(chance: random.Random, count: int) -> int:
    good = buffer(*(row(index, null=[0] if index % 3 else []) for index in range(8))).octets
    profile = Profile(LOAD_PROFILE, capture_period=900)
    for _ in range(count):
        octets = bytearray(good)
        for _ in range(chance.randint(0, 4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        decoder, rows, start = profile.decoder(), 0, 0
        try:
            while start < len(octets):
                size = chance.randint(1, 60)
                decoder.receive_data(bytes(octets[start : start + size]))
                rows += len(list(decoder.take()))
                start += size
            rows += len(decoder.finish())
        except DecodeError:
            continue
        assert rows == len(list(profile.rows(bytes(octets))))
    return count


def _memory() -> float:
    count = 10_000
    octets = (
        b"\x01\x82"
        + count.to_bytes(2, "big")
        + b"".join(row(index).octets for index in range(count))
    )
    profile = Profile(LOAD_PROFILE)
    next(profile.rows(octets))
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    rows = list(profile.rows(octets))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    each = (after - before) / len(rows)
    assert each <= 300
    return round(each)
