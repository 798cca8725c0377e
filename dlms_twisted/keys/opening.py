"""
Key files by their kind.
"""

from __future__ import annotations

from pathlib import Path

from dlms_twisted.keys.editing import KeyFile, TomlKeyFile

__all__ = ["open_key_file"]


def open_key_file(path: str | Path, *, insecure: bool = False) -> KeyFile:
    """
    @param insecure: Read it though others may, too.

    @return: the file, to be read and changed.
    """
    return TomlKeyFile(path, insecure=insecure)
