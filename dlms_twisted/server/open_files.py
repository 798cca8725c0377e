"""
How many files, sockets among them, this process may have open.
"""

from __future__ import annotations

import resource
from typing import Final

from dlms_twisted.errors import ConfigurationError

__all__ = ["allow_open_files"]

#: Beside what is asked for: logs, the reactor's own, a key file.
_OTHERS: Final = 64


def allow_open_files(count: int) -> None:
    """
    See to it that so many sockets can be open, where the system allows it.

    @raise ConfigurationError: it does not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHERS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise ConfigurationError(
            f"{count} ports want more open files than the {hard} that are allowed (ulimit -n)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
