"""
The layout files of this package and those of users: read here, so that L{dlms_twisted.cosem} opens no files.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from dlms_twisted.cosem.push_layouts import NO_LAYOUTS, PushLayouts
from dlms_twisted.errors import ConfigurationError

__all__ = ["default_layouts", "load_layouts"]


@cache
def default_layouts() -> PushLayouts:
    """
    @return: what this package knows of the markets' messages; read once.
    """
    known = NO_LAYOUTS
    folder = resources.files("dlms_twisted.cosem") / "layouts"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            known = known.before(_parsed(file.read_text("utf-8"), file.name))
    return known


def load_layouts(paths: Iterable[Path | str]) -> PushLayouts:
    """
    @param paths: Files of the user, the earlier asked first.

    @return: those, and behind them the package's own.

    @raise ConfigurationError: a file cannot be read or is wrong; one line that names it and the key.
    """
    known = NO_LAYOUTS
    for path in paths:
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path}: {error}") from None
        known = known.before(_parsed(text, str(path)))
    return known.before(default_layouts())


def _parsed(text: str, where: str) -> PushLayouts:
    return PushLayouts.parse(text, where, ZoneInfo)
