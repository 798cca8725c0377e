"""
The link room's share of the soak: stations on faulty lines, and a million damaged and spliced streams.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from random import Random

from dlms_twisted.errors import RemoteProtocolError
from dlms_twisted.link.auto import push_link
from dlms_twisted.link.hdlc.parameters import Parameters
from dlms_twisted.link.hdlc.push import encode_message as hdlc_message
from dlms_twisted.link.mbus.push import encode_message as mbus_message
from dlms_twisted.link.p1 import telegram_crc
from dlms_twisted.link.push import Payload, PushLink
from dlms_twisted.link.wrapper import encode_frame, split_datagram
from tests.link.hdlc.simulation import Faults, Simulation

__all__ = ["soak"]

_EXCHANGES = 10_000
_STREAMS = 1_000_000
#: Streams fed to one decoder before it is looked at and thrown away.
_RUN = 100
#: Most octets that a decoder may hold; a wrapper may hold its longest frame.
_HELD = 140_000

_FAULTS = {
    "none": Faults(),
    "loss": Faults(loss=0.3),
    "repetition": Faults(repetition=0.3),
    "spoiling": Faults(spoiling=0.3),
    "delay": Faults(delay=0.3),
    "all": Faults(loss=0.1, repetition=0.08, spoiling=0.07, delay=0.05),
}


def soak(scale: float) -> dict[str, object]:
    """
    @param scale: Part of the full counts.

    @return: the figures.
    """
    figures: dict[str, object] = {}
    figures.update(_stations(scale))
    figures.update(_streams(max(1_000, int(_STREAMS * scale))))
    return figures


def _stations(scale: float) -> dict[str, object]:
    # Every pair of windows, every kind of fault, in equal parts.
    random = Random(5)
    totals = {"exchanges": 0, "reported": 0, "frames": 0}
    pairs = [(near, far) for near in range(1, 8) for far in range(1, 8)]
    number = max(1, int(_EXCHANGES * scale / (len(pairs) * len(_FAULTS))) + 1)
    for near, far in pairs:
        for faults in _FAULTS.values():
            simulation = Simulation(
                random.randrange(1 << 30),
                faults,
                primary=Parameters(random.randint(32, 200), random.randint(32, 200), near, far),
                secondary=Parameters(random.randint(32, 200), random.randint(32, 200), 7, 7),
            )
            result = simulation.run(number)
            totals["exchanges"] += result.exchanges
            totals["reported"] += result.reported
            totals["frames"] += result.frames
    if totals["reported"] > totals["exchanges"] * 0.05:
        raise AssertionError(f"{totals['reported']} exchanges were given up")
    return dict(totals)


def _telegram() -> bytes:
    text = b"/EST5\\253710000_A\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n!"
    return text + b"%04X\r\n" % telegram_crc(text)


def _samples() -> dict[str, tuple[bytes, bytes]]:
    apdu = b"\x0f\x00\x00\x00\x01\x00" + bytes(range(200))
    ciphered = b"\xdb\x08ABCDEFGH\x3a\x30\x00\x00\x00\x01" + bytes(range(53))
    return {
        "hdlc": (
            b"".join(hdlc_message(apdu, destination=b"\xcf", source=b"\x02\x23", size=120)),
            apdu,
        ),
        "mbus": (b"".join(mbus_message(apdu, size=120)), apdu),
        "p1": (_telegram(), _telegram()),
        "wrapper": (encode_frame(1, 103, apdu), apdu),
        "apdu": (ciphered, ciphered),
    }


def _mutate(random: Random, stream: bytes, others: list[bytes]) -> bytes:
    data = bytearray(stream)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(data) + 1)
        kind = random.randrange(7)
        if kind == 0 and data:
            data[min(place, len(data) - 1)] = random.randrange(256)
        elif kind == 1:
            del data[place : place + random.randint(1, 40)]
        elif kind == 2:
            data[place:place] = random.randbytes(random.randint(1, 20))
        elif kind == 3:
            other = random.choice(others)
            cut = random.randrange(len(other))
            data[place:place] = other[cut : cut + random.randint(1, 120)]
        elif kind == 4:
            del data[place:]
        elif kind == 5:
            data[place:place] = random.choice(
                (
                    b"\x7e" * 9,
                    b"\x7e\xa7\xff",
                    b"\x68\xff\xff\x68",
                    b"\x00" * 12,
                    b"/ABC5\r\n",
                    b"\xdb\x08",
                )
            )
        else:
            data += data[place:]
    return bytes(data)


def _feed(link: PushLink, stream: bytes, random: Random, now: float) -> list[bytes]:
    payloads = []
    start = 0
    while start < len(stream):
        size = random.choice((1, 7, 50, 1000))
        link.receive_data(stream[start : start + size], now)
        start += size
        payloads += _payloads(link)
    return payloads


def _payloads(link: PushLink) -> list[bytes]:
    payloads = []
    while (event := link.next_event()) is not None:
        if isinstance(event, Payload):
            payloads.append(event.octets)
    return payloads


def _settle(link: PushLink, now: float) -> float:
    # Silence until the line has given up whatever it waits for.
    while (deadline := link.deadline) is not None:
        now = max(now, deadline)
        link.time_passed(now)
        _payloads(link)
    return now


def _streams(count: int) -> dict[str, object]:
    samples = _samples()
    plain = [stream for stream, _ in samples.values()]
    figures: dict[str, object] = {"streams": 0}
    runs: list[tuple[str, str]] = [(medium, medium) for medium in samples if medium != "wrapper"]
    runs += [("auto", medium) for medium in ("hdlc", "mbus", "p1")]
    share = count // (len(runs) + 2)
    tracemalloc.start()
    total = 0
    for made, medium in runs:
        total += _lines(made, samples[medium], plain, share, Random(f"{made} {medium}"))
    total += _wrapper_streams(samples["wrapper"], plain, share, Random("wrapper"))
    total += _datagrams(samples["wrapper"], plain, share, Random("datagrams"))
    current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if peak > 20 << 20:
        raise AssertionError(f"{peak} octets of memory at most")
    figures.update({"streams": total, "memory_now": current, "memory_peak": peak})
    return figures


def _lines(
    made: str, sample: tuple[bytes, bytes], plain: list[bytes], count: int, random: Random
) -> int:
    good, wanted = sample
    done = 0
    while done < count:
        link = push_link(made)
        now = 0.0
        for _ in range(min(_RUN, count - done)):
            stream = _mutate(random, random.choice((good, good, good, random.choice(plain))), plain)
            try:
                _feed(link, stream, random, now)
            except RemoteProtocolError:
                # It had been taken for a wrapper stream, and broke: the transport opens anew.
                link = push_link(made)
            done += 1
            now += random.choice((0.0, 0.5, 3.0))
        if made == "auto":
            # It may have learned that the line is something else, and may learn again.
            for _ in range(20):
                try:
                    now = _settle(link, now) + 20.0
                    if wanted in _feed(link, good, random, now):
                        break
                except RemoteProtocolError:
                    # A wrapper stream that broke is known to be nothing else only after a silence.
                    link = push_link(made)
            else:
                raise AssertionError(f"{made}: never understood again")
            continue
        now = _settle(link, now)
        payloads = _feed(link, good, random, now)
        _settle(link, now)
        if wanted not in payloads:
            raise AssertionError(f"{made}: the next good message was not decoded")
    return done


def _wrapper_streams(
    sample: tuple[bytes, bytes], plain: list[bytes], count: int, random: Random
) -> int:
    good, wanted = sample
    for _ in range(count):
        link = push_link("wrapper")
        if _feed(link, good, random, 0.0) != [wanted]:
            raise AssertionError("wrapper: a good frame was not decoded")
        _until_broken(lambda link=link: _feed(link, _mutate(random, good, plain), random, 0.0))  # type: ignore[misc]
    return count


def _until_broken(feed: Callable[[], object]) -> None:
    try:
        feed()
    except RemoteProtocolError:
        return


def _datagrams(sample: tuple[bytes, bytes], plain: list[bytes], count: int, random: Random) -> int:
    good, wanted = sample
    for _ in range(count):
        datagram = _mutate(random, good, plain)
        split = split_datagram(datagram)
        whole = b"".join(frame.raw for frame in split.frames)
        if whole + bytes(split.trailing_zeros) + split.bad != datagram:
            raise AssertionError("octets of a datagram were lost")
        if split_datagram(good).frames[0].payload != wanted:
            raise AssertionError("the next good datagram was not decoded")
    return count
