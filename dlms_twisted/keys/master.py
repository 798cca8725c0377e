"""
The master key under which keys in SQLite are sealed: from a file or from the environment, never from an option.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.files import read_private
from dlms_twisted.keys.parsing import parse_octets
from dlms_twisted.security.atrest import MASTER_LENGTH

__all__ = ["load_master_key"]

_FILE = "DLMS_MASTER_KEY_FILE"
_KEY = "DLMS_MASTER_KEY"


def load_master_key(
    path: str | Path | None = None,
    *,
    insecure: bool = False,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """
    @param path: A file that holds the key in hex (C{dlms keys generate --master-key-file} makes one); by default the
        file that the environment names in C{DLMS_MASTER_KEY_FILE}, else the key in C{DLMS_MASTER_KEY}.
    @param insecure: Take a file that others may read.
    @param environment: By default the process's.

    @return: 32 octets.

    @raise ConfigurationError: there is none, or it is none.
    """
    variables = os.environ if environment is None else environment
    source = path or variables.get(_FILE)
    if source:
        octets, _ = read_private(source, insecure=insecure)
        return parse_octets(octets.decode("ascii", "replace"), str(source), (MASTER_LENGTH,))
    if variables.get(_KEY):
        return parse_octets(variables[_KEY], _KEY, (MASTER_LENGTH,))
    raise ConfigurationError(
        f"a key file in SQLite needs its master key: name its file in {_FILE}, or put it in {_KEY}"
    )
