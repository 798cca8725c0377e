"""
One writer to a journal: a lock that the kernel frees when its holder ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from dlms_twisted.errors import StoreError

__all__ = ["LockFile"]


class LockFile:
    """
    A file whose lock is held until L{release} or the end of the process; its text names the holder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self, what: str) -> None:
        """
        Take the lock.

        @param what: What the holder is, for those who come later, for example C{"dlms-collector"}.

        @raise StoreError: somebody holds it; the text says who.
        """
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{self._path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(os.read(file, 4096))
            os.close(file)
            raise StoreError(f"the journal {self._path.parent} is in use by {holder}") from None
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps({"what": what, "process": os.getpid()}).encode(), 0)
        self._file = file

    def release(self) -> None:
        """
        Free the lock; does nothing when it is not held.
        """
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _holder(text: bytes) -> str:
    try:
        held = json.loads(text)
        return f"{held['what']}, process {held['process']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
