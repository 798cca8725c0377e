"""
Octets of each medium, cut into frames, and each frame's payload translated.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from dlms_twisted.codec.partial import decode_partly
from dlms_twisted.codec.trace import Span, TracingReader
from dlms_twisted.errors import DecodeError, Reason
from dlms_twisted.link.hdlc.control import FrameKind
from dlms_twisted.link.hdlc.decoder import FrameDecoder
from dlms_twisted.link.hdlc.frame import HDLCFrame
from dlms_twisted.link.llc import strip_llc
from dlms_twisted.link.mbus.frame import MBusDecoder, MBusFrame
from dlms_twisted.link.mbus.push import MBusPushLink
from dlms_twisted.link.p1 import P1PushLink
from dlms_twisted.link.problems import Problem
from dlms_twisted.link.wrapper import HEADER_SIZE, WrapperFrame, split_datagram
from dlms_twisted.translate.message import Failure, Message, Section
from dlms_twisted.translate.unwrap import Unwrapper

__all__ = ["ALIASES", "MEDIA", "detect", "translate_medium"]

_WRAPPER: Final = Struct(">HHHH")
_CARRIES: Final = {FrameKind.I, FrameKind.UI}


def _apdu(octets: bytes, unwrapper: Unwrapper) -> list[Message]:
    return unwrapper.payload(octets, Message()) + unwrapper.finish()


def _data(octets: bytes, unwrapper: Unwrapper) -> list[Message]:
    message = Message()
    reader = TracingReader(octets, limits=unwrapper.limits)
    try:
        message.data = reader.data("data")
        if reader.remaining:
            detail = f"{reader.remaining} octets after the element"
            message.error = Failure(Reason.TRAILING, detail, reader.offset)
    except DecodeError as error:
        message.error = Failure.of(error)
        message.data = decode_partly(octets, 0, unwrapper.limits).data
    message.sections.append(Section("data", octets, reader.spans()))
    if message.data is not None:
        whole = message.error is None or message.error.reason is Reason.TRAILING
        message.readings = (unwrapper.interpret if whole else unwrapper.salvage)(message.data)
    return [message]


def _wrapper(octets: bytes, unwrapper: Unwrapper) -> list[Message]:
    split = split_datagram(octets)
    messages: list[Message] = []
    for frame in split.frames:
        messages += unwrapper.payload(frame.payload, _wrapper_message(frame))
    messages += unwrapper.finish()
    if not split.bad:
        return messages
    if messages and messages[-1].error is None and len(split.bad) < HEADER_SIZE:
        detail = f"{len(split.bad)} octets after the last frame"
        messages[-1].error = Failure(Reason.TRAILING, detail, len(octets) - len(split.bad))
        return messages
    if messages and len(split.bad) < HEADER_SIZE:
        # Some meters announce an octet too few: what follows the frame belongs to it.
        frame = split.frames[-1]
        message = _wrapper_message(frame)
        message.layers[-1]["missing"] = len(split.bad)
        longer = unwrapper.payload(frame.payload + split.bad, message)
        if longer and longer[-1].error is None:
            return [*messages[:-1], *longer]
    broken = Message(error=Failure(Reason.BAD_WRAPPER, split.reason, len(octets) - len(split.bad)))
    broken.sections.append(Section("octets", split.bad, ()))
    return [*messages, broken]


def _wrapper_message(frame: WrapperFrame) -> Message:
    fields = _WRAPPER.unpack_from(frame.raw)
    names = ("version", "source", "destination", "length")
    spans = tuple(
        Span(2 * index, frame.raw[2 * index : 2 * index + 2], name, value, 0, False)
        for index, (name, value) in enumerate(zip(names, fields, strict=True))
    )
    layer = {
        "layer": "wrapper",
        "source": frame.source,
        "destination": frame.destination,
        "length": fields[3],
    }
    return Message(layers=[layer], sections=[Section("wrapper", frame.raw[:HEADER_SIZE], spans)])


def _hdlc(octets: bytes, unwrapper: Unwrapper) -> list[Message]:
    decoder = FrameDecoder()
    decoder.receive_data(octets)
    messages: list[Message] = []
    segments: dict[tuple[bytes, bytes], tuple[Message, bytes]] = {}
    while (event := decoder.next_event()) is not None:
        if not isinstance(event, HDLCFrame):
            messages.append(_problem("hdlc", event))
            continue
        key = (event.destination, event.source)
        message, before = segments.pop(key, (Message(), b""))
        message.layers.append(_hdlc_layer(event))
        message.sections.append(Section("hdlc", event.raw, _hdlc_spans(event)))
        if event.kind not in _CARRIES or not event.information:
            messages.append(message)
            continue
        payload = before + strip_llc(event.information) if before else event.information
        if event.segmented:
            segments[key] = (message, payload)
        else:
            messages += unwrapper.payload(payload, message)
    if (problem := decoder.give_up()) is not None:
        messages.append(_problem("hdlc", problem))
    for message, _ in segments.values():
        message.error = Failure(Reason.INCOMPLETE, "the last segment is missing", None)
        messages.append(message)
    return messages + unwrapper.finish()


def _problem(medium: str, problem: Problem) -> Message:
    message = Message(error=Failure(Reason.MALFORMED, f"{medium}: {problem.kind.value}", None))
    message.sections.append(Section("octets", problem.octets, ()))
    return message


def _hdlc_layer(frame: HDLCFrame) -> dict[str, Any]:
    return {
        "layer": "hdlc",
        "destination": frame.destination.hex(),
        "source": frame.source.hex(),
        "control": frame.control,
        "segmented": frame.segmented,
        "information": frame.information.hex(),
    }


def _hdlc_spans(frame: HDLCFrame) -> tuple[Span, ...]:
    raw = frame.raw
    start = 1 if raw[:1] == b"\x7e" else 0
    end = len(raw) - (1 if raw[-1:] == b"\x7e" and start else 0)
    fields: list[tuple[str, int, object]] = [
        (
            "frame format",
            2,
            f"type 3, {int.from_bytes(raw[start : start + 2], 'big') & 0x7FF} octets",
        ),
        ("destination", len(frame.destination), None),
        ("source", len(frame.source), None),
        ("control", 1, frame.kind.name),
    ]
    if frame.information:
        fields += [
            ("header check sequence", 2, "good"),
            ("information", len(frame.information), None),
        ]
    fields.append(("frame check sequence", 2, "good"))
    spans, at = [], start
    for name, size, value in fields:
        spans.append(Span(at, raw[at : at + size], name, value, 0, False))
        at += size
    return tuple(spans) if at <= end else ()


def _mbus(octets: bytes, unwrapper: Unwrapper) -> list[Message]:
    link = MBusPushLink()
    link.receive_data(octets, 0.0)
    link.end()
    messages: list[Message] = []
    while (event := link.next_event()) is not None:
        if isinstance(event, Problem):
            messages.append(_problem("mbus", event))
            continue
        message = Message()
        decoder = MBusDecoder()
        decoder.receive_data(event.raw)
        while isinstance(frame := decoder.next_event(), MBusFrame):
            message.layers.append(_mbus_layer(frame))
            message.sections.append(Section("mbus", frame.raw, _mbus_spans(frame)))
        messages += unwrapper.payload(event.octets, message)
    return messages + unwrapper.finish()


def _mbus_layer(frame: MBusFrame) -> dict[str, Any]:
    saps = frame.data[:2]
    return {
        "layer": "mbus",
        "control": frame.control,
        "address": frame.address,
        "control_information": frame.control_information,
        "source": saps[0] if saps else None,
        "destination": saps[1] if len(saps) > 1 else None,
    }


def _mbus_spans(frame: MBusFrame) -> tuple[Span, ...]:
    names = ("start", "length", "length", "start", "control", "address", "control_information")
    spans = [
        Span(at, frame.raw[at : at + 1], name, frame.raw[at], 0, False)
        for at, name in enumerate(names)
    ]
    end = len(names) + len(frame.data)
    spans.append(Span(len(names), frame.data, "data", None, 0, False))
    spans.append(Span(end, frame.raw[end : end + 1], "checksum", "good", 0, False))
    spans.append(Span(end + 1, frame.raw[end + 1 :], "stop", None, 0, False))
    return tuple(spans)


def _p1(octets: bytes, unwrapper: Unwrapper) -> list[Message]:
    link = P1PushLink()
    link.receive_data(octets, 0.0)
    link.end()
    messages: list[Message] = []
    while (event := link.next_event()) is not None:
        if isinstance(event, Problem):
            messages.append(_problem("p1", event))
        else:
            messages += unwrapper.payload(event.octets, Message())
    return messages + unwrapper.finish()


#: How each medium is taken apart.
MEDIA: Final[dict[str, Callable[[bytes, Unwrapper], list[Message]]]] = {
    "hdlc": _hdlc,
    "mbus": _mbus,
    "wrapper": _wrapper,
    "p1": _p1,
    "apdu": _apdu,
    "data": _data,
}

#: Other names of the media.
ALIASES: Final = {"axdr": "data", "wrapper-tcp": "wrapper", "wrapper-udp": "wrapper"}


def detect(octets: bytes) -> list[str]:
    """
    @return: the media that the octets may be, the likeliest first.
    """
    likely = []
    if octets[:1] == b"\x7e" or octets[:1] in (b"\xa0", b"\xa8", b"\xa1", b"\xa2"):
        likely.append("hdlc")
    if octets[:1] == b"\x68" and octets[1:2] == octets[2:3] and octets[3:4] == b"\x68":
        likely.append("mbus")
    if len(octets) >= HEADER_SIZE and octets[:2] == b"\x00\x01":
        likely.append("wrapper")
    if octets[:1] == b"/":
        likely.append("p1")
    return [*(name for name in likely if name in MEDIA), "apdu", "data"]


def translate_medium(octets: bytes, medium: str, unwrapper: Unwrapper) -> list[Message]:
    """
    @param medium: A key of L{MEDIA} or L{ALIASES}, or C{auto}.

    @return: at least one message.
    """
    medium = ALIASES.get(medium, medium)
    if medium != "auto":
        return MEDIA[medium](octets, unwrapper) or [_nothing(octets)]
    attempts = [MEDIA[name](octets, unwrapper) or [_nothing(octets)] for name in detect(octets)]
    return min(attempts, key=_badness)


def _badness(messages: list[Message]) -> tuple[int, int]:
    """
    Fewer failures are better, then more layers.
    """
    failed = sum(message.error is not None for message in messages)
    sealed = sum(
        message.error is not None and not (message.layers or message.apdu) for message in messages
    )
    return (sealed, failed)


def _nothing(octets: bytes) -> Message:
    message = Message(error=Failure(Reason.MALFORMED, "no whole frame", 0))
    message.sections.append(Section("octets", octets, ()))
    return message
