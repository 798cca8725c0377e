"""
Which records a command of C{dlms journal} shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from dlms_twisted.cosem.obis import ObisPattern
from dlms_twisted.errors import ObisError, Reason, StoreError
from dlms_twisted.layout_files import load_layouts
from dlms_twisted.store.query import Filter, JournalReader
from dlms_twisted.store.record import ACCEPTED, REFUSED, StoredRecord
from dlms_twisted.store.render import Rendered, Renderer

__all__ = ["Wanted", "filter_options", "journal_option", "layouts_option", "open_reader"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """
    @param text: ISO 8601; without an offset it is UTC.

    @return: microseconds since 1970 UTC.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time: 2026-11-22 or 2026-11-22T12:00:00+01:00 wanted"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _pattern(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> ObisPattern | None:
    """
    @param text: An OBIS code, or a pattern of some.
    """
    try:
        return None if text is None else ObisPattern.parse(text)
    except ObisError as error:
        raise click.BadParameter(str(error)) from None


def journal_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """
    Add C{--journal} to a command.
    """
    return click.option(
        "--journal",
        "directory",
        required=True,
        envvar="DLMS_JOURNAL",
        type=click.Path(file_okay=False, path_type=Path),
        help="Directory of the journal (or DLMS_JOURNAL).",
    )(command)


def layouts_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """
    Add C{--layouts} to a command.
    """
    return click.option(
        "--layouts",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A TOML file of push layouts, asked before those of the package.",
    )(command)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """
    Add the options of L{Wanted.of} to a command.
    """
    reasons = [str(reason) for reason in Reason]
    for option in reversed(
        (
            click.option("--meter", help="Name, system title in hex, or what it calls itself."),
            click.option(
                "--obis", callback=_pattern, help="Only these readings, for example 1-0:1.8.0.255."
            ),
            click.option(
                "--from", "since", callback=_moment, help="Arrived at this time or later."
            ),
            click.option("--to", "until", callback=_moment, help="Arrived before this time."),
            click.option("--outcome", type=click.Choice([ACCEPTED, REFUSED])),
            click.option("--reason", type=click.Choice(reasons), help="Why it was refused."),
            click.option("--limit", type=click.IntRange(min=1), help="At most so many records."),
        )
    ):
        command = option(command)
    return layouts_option(command)


def open_reader(directory: Path) -> tuple[JournalReader, list[StoreError]]:
    """
    @return: a reader that passes over what is damaged, saying so on stderr, and what was.

    @raise StoreError: there is no journal.
    """
    damaged: list[StoreError] = []

    def tell(error: StoreError) -> None:
        damaged.append(error)
        click.echo(f"dlms journal: {error}", err=True)

    return JournalReader(directory, damaged=tell), damaged


@frozen(kw_only=True)
class Wanted:
    """
    What the options say.
    """

    meter: str | None
    obis: ObisPattern | None
    limit: int | None
    filter: Filter
    renderer: Renderer

    @classmethod
    def of(
        cls,
        *,
        meter: str | None = None,
        obis: ObisPattern | None = None,
        since: int | None = None,
        until: int | None = None,
        outcome: str | None = None,
        reason: str | None = None,
        limit: int | None = None,
        layouts: Iterable[Path] = (),
    ) -> Wanted:
        """
        @raise ConfigurationError: a file of layouts is wrong.
        """
        # Only accepted records have readings.
        outcome = ACCEPTED if obis is not None and outcome is None and reason is None else outcome
        wanted = Filter(meter=meter, since=since, until=until, outcome=outcome, reason=reason)
        renderer = Renderer(load_layouts(layouts))
        return cls(meter=meter, obis=obis, limit=limit, filter=wanted, renderer=renderer)

    def records(self, reader: JournalReader) -> Iterator[Rendered]:
        """
        @return: the records, in the order of their arrival.
        """
        return islice(self.chosen(reader.records(self.filter)), self.limit)

    def chosen(self, records: Iterable[StoredRecord]) -> Iterator[Rendered]:
        """
        @param records: As the filter gives them.

        @return: those that really are wanted, with only the readings that are.
        """
        for stored in records:
            rendered: Rendered | None = self.renderer.render(stored)
            if rendered is not None and self.meter is not None and not rendered.is_of(self.meter):
                continue
            if rendered is not None and self.obis is not None:
                rendered = rendered.narrowed(self.obis)
            if rendered is not None:
                yield rendered
