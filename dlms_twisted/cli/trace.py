"""
C{--trace} and C{--capture}: what passes between us and a meter, for people's eyes and for C{dlms decode}.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from dlms_twisted.cli.masking import Masked
from dlms_twisted.client.tracing import Observer, TraceEvent
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.link.hdlc.decoder import FrameDecoder
from dlms_twisted.link.wrapper import split_datagram

__all__ = ["Capture", "Tracer", "all_of"]

_ARROWS: Final = {"out": ">", "in": "<"}


class Tracer:
    """
    Writes a line for each frame and each APDU, secrets masked.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        """
        @param write: Takes each line.
        """
        self._write = write
        self._masked = Masked()
        self._in_clear = Masked()

    def __call__(self, event: TraceEvent) -> None:
        """
        Write what has happened.
        """
        moment = datetime.fromtimestamp(event.time, UTC).strftime("%H:%M:%S.%f")[:-3]
        start = f"{moment} {_ARROWS[event.direction]}"
        if event.kind == "frame":
            self._write(f"{start} {_frame(event.octets)}")
            return
        masked = self._in_clear if event.kind == "plaintext" else self._masked
        name, fields = masked.text(event.octets)
        clear = "in clear: " if event.kind == "plaintext" else ""
        said = json.dumps(fields, ensure_ascii=False, separators=(", ", ": "))
        self._write(f"{start}   {clear}{name} {said}")


def _frame(octets: bytes) -> str:
    """
    @return: what a frame is; none of what it carries.
    """
    split = split_datagram(octets)
    if split.frames and not split.bad:
        frame = split.frames[0]
        return f"wrapper {frame.source} to {frame.destination}, {len(frame.payload)} octets"
    decoder = FrameDecoder()
    decoder.receive_data(octets)
    found = decoder.next_frame()
    if found is None:
        return f"{len(octets)} octets that are no frame"
    addresses = f"{found.source.hex()} to {found.destination.hex()}"
    segmented = ", segmented" if found.segmented else ""
    length = f", {len(found.information)} octets" if found.information else ""
    return f"hdlc {found.kind.name} {addresses}{length}{segmented}"


class Capture:
    """
    Writes frames to a file that C{dlms decode --file} reads: a line for each, with its time and direction.  It holds
    whatever passes, passwords too; so others cannot read it.
    """

    def __init__(self, path: str | Path) -> None:
        """
        @raise ConfigurationError: it cannot be written.
        """
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.fchmod(descriptor, 0o600)
        except OSError as error:
            raise ConfigurationError(f"{path}: {error.strerror}") from None
        self._file: TextIO = os.fdopen(descriptor, "w", encoding="ascii")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __call__(self, event: TraceEvent) -> None:
        """
        Write a frame.
        """
        if event.kind != "frame" or self._file.closed:
            return
        moment = datetime.fromtimestamp(event.time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self._file.write(f"{moment} {event.direction.upper()}: {event.octets.hex()}\n")
        self._file.flush()

    def close(self) -> None:
        """
        Close the file.
        """
        self._file.close()


def all_of(*observers: Observer | None) -> Observer | None:
    """
    @return: one observer that tells all of them; C{None} where there are none.
    """
    there = [one for one in observers if one is not None]
    if not there:
        return None

    def tell(event: TraceEvent) -> None:
        for one in there:
            one(event)

    return tell
