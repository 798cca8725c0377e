"""
Translations and readings as people read them in a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlms_twisted.codec.trace import Span
from dlms_twisted.cosem.reading import Reading
from dlms_twisted.translate.message import Message, Section

__all__ = ["reading_cells", "show_messages"]

#: Octets of one field shown on one line.
_WIDTH = 16


def show_messages(messages: Iterable[Message], console: Console | None = None) -> None:
    """
    Print each message: layer by layer, each octet explained, then the readings.
    """
    console = console or Console(soft_wrap=True, highlight=False)
    for number, message in enumerate(messages):
        if number:
            console.print()
        _show_summary(console, message)
        for section in message.sections:
            _show_section(console, section)
        if message.readings:
            _show_readings(console, message.readings)


def _show_summary(console: Console, message: Message) -> None:
    for layer in message.layers:
        line = Text(layer["layer"], style="bold cyan")
        for name, value in layer.items():
            if name not in {"layer", "plaintext", "information", "header"} and value is not None:
                line.append(f"  {name} ", style="dim")
                line.append(str(value))
        console.print(line)


def _show_section(console: Console, section: Section) -> None:
    console.print(Text(f"{section.name}, {len(section.octets)} octets", style="bold"))
    covered = 0
    for span in section.spans:
        for line in _span_lines(span):
            console.print(line)
        if not span.group:
            covered = max(covered, span.offset + len(span.octets))
    rest = section.octets[covered:]
    if rest and section.name != "hdlc":
        for line in _rows(covered, rest, Text("not explained", style="red"), 0):
            console.print(line)


def _span_lines(span: Span) -> Iterator[Text]:
    if span.group:
        line = Text(f"  {span.offset:5d}  ", style="dim")
        line.append(" " * (3 * _WIDTH))
        line.append("  " * span.depth + span.field, style="bold")
        if span.value is not None:
            line.append(f" {_shown(span.value)}")
        yield line
        return
    meaning = Text("  " * span.depth + span.field)
    if span.value is not None and not isinstance(span.value, bytes):
        meaning.append(" = ", style="dim")
        meaning.append(_shown(span.value), style="green")
    yield from _rows(span.offset, span.octets, meaning, span.depth)


def _rows(offset: int, octets: bytes, meaning: Text, _depth: int) -> Iterator[Text]:
    for start in range(0, max(1, len(octets)), _WIDTH):
        part = octets[start : start + _WIDTH]
        line = Text(f"  {offset + start:5d}  ", style="dim")
        line.append(f"{part.hex(' '):{3 * _WIDTH}}", style="yellow")
        if not start:
            line.append(meaning)
        yield line


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    text = str(value)
    return text if len(text) <= 120 else text[:117] + "…"


def reading_cells(reading: Reading) -> tuple[str, str, str, str, str]:
    """
    @return: OBIS, name, value, unit and time as text.
    """
    value = reading.value
    shown = f"{value:f}" if isinstance(value, Decimal) else "" if value is None else str(value)
    return str(reading.obis), reading.name or "", shown, reading.unit or "", reading.time or ""


def _show_readings(console: Console, readings: Iterable[Reading]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("OBIS", no_wrap=True)
    table.add_column("name")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("time", no_wrap=True)
    for reading in readings:
        table.add_row(*map(Text, reading_cells(reading)))
    console.print(table)
