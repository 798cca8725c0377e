"""
Records as they land, for C{dlms demo} and C{dlms listen}: JSON lines, or a line for each reading.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from dlms_twisted.cli.show import reading_cells
from dlms_twisted.store.record import ACCEPTED, Position, Record, StoredRecord
from dlms_twisted.store.render import Rendered, Renderer

__all__ = ["RecordPrinter"]

_NOWHERE = Position(0, 0)


class RecordPrinter:
    """
    Prints records.
    """

    def __init__(
        self, renderer: Renderer, *, as_json: bool, console: Console | None = None
    ) -> None:
        self._renderer = renderer
        self._as_json = as_json
        self._console = console or Console(soft_wrap=True, highlight=False)

    def show(self, identities: Sequence[str], records: Sequence[Record]) -> None:
        """
        Print records with their identities.
        """
        self.show_rendered(
            self._renderer.render(StoredRecord(identity, record, None, None, None, "", _NOWHERE))
            for identity, record in zip(identities, records, strict=True)
        )

    def show_rendered(self, records: Iterable[Rendered]) -> None:
        """
        Print records that have their meaning already.
        """
        for rendered in records:
            if self._as_json:
                text = json.dumps(rendered.to_json(), ensure_ascii=False)
                self._console.file.write(text + "\n")
            else:
                self._show(rendered)
        self._console.file.flush()

    def _show(self, rendered: Rendered) -> None:
        record = rendered.stored.record
        form = rendered.to_json()
        head = Text(form["received_at"][11:23], style="dim")
        head.append(f"  {rendered.meter or record.peer}", style="bold cyan")
        if record.outcome != ACCEPTED:
            head.append(f"  refused: {record.reason}", style="bold red")
            if record.detail:
                head.append(f" ({record.detail})", style="red")
        else:
            how = {None: "plain", True: "authenticated", False: "not authenticated"}
            head.append(f"  {how[record.authenticated]}", style="dim")
            if record.counter is not None:
                head.append(f", counter {record.counter}", style="dim")
        self._console.print(head)
        for reading in rendered.readings:
            obis, name, value, unit, _ = reading_cells(reading)
            line = Text(f"    {obis:<18}", style="yellow")
            line.append(f"{name:<44} ")
            line.append(f"{value:>18} ", style="green")
            line.append(unit)
            self._console.print(line)
        if record.outcome == ACCEPTED and not rendered.readings and rendered.body is not None:
            self._console.print(Text(f"    {json.dumps(rendered.body.tree(), ensure_ascii=False)}"))
