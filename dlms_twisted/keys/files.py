"""
Files that hold keys: not for others to read, written whole or not at all.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from dlms_twisted.errors import ConfigurationError

__all__ = ["Signature", "check_mode", "locked", "read_private", "signature", "write_private"]

_OTHERS = stat.S_IROTH | stat.S_IWOTH


class Signature(NamedTuple):
    """
    What changes when a file changes.

    @ivar device: Of the file system.
    @ivar inode: Of the file.
    @ivar size: Octets.
    @ivar modified: Time of the last writing, nanoseconds.
    @ivar changed: Time of the last change of the inode (mode and owner too), nanoseconds.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> Signature:
        """
        @return: the signature in what C{stat} says.
        """
        return cls(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        )


def signature(path: str | Path) -> Signature | None:
    """
    @return: the file's signature, or L{None} where it cannot be had.
    """
    try:
        return Signature.of(os.stat(path))
    except OSError:
        return None


def check_mode(path: str | Path, mode: int) -> None:
    """
    @param mode: As C{st_mode} says.

    @raise ConfigurationError: others than owner and group may read or write the file; the message holds the command
        that mends it.
    """
    if mode & _OTHERS:
        raise ConfigurationError(
            f"{path}: others may read or write it (mode {stat.S_IMODE(mode):04o}); "
            f"mend it with: chmod o-rwx {shlex.quote(os.fspath(path))}"
        )


def read_private(path: str | Path, *, insecure: bool = False) -> tuple[bytes, Signature]:
    """
    Read a file of keys.

    @param insecure: Read it though others may, too.

    @return: its octets, and its signature from before they were read.

    @raise ConfigurationError: it cannot be read, or others may read it.
    """
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if not insecure:
                check_mode(path, status.st_mode)
            return file.read(), Signature.of(status)
    except OSError as error:
        message = f"{path}: {error.strerror or 'cannot be read'}"
    raise ConfigurationError(message)


@contextmanager
def locked(path: str | Path) -> Iterator[None]:
    """
    Keep other writers of the same folder out, so that two commands at once lose nothing.

    @raise ConfigurationError: the folder is not there.
    """
    folder = Path(os.path.realpath(path)).parent
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        message = f"{folder}: {error.strerror}"
    else:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
        return
    raise ConfigurationError(message)


def write_private(path: str | Path, octets: bytes) -> None:
    """
    Write a file of keys: on disk when this returns, and never half.

    A new file gets mode 0600; the mode of one that was there is kept, and its owner where the system allows it.  A
    symbolic link stays one.

    @raise ConfigurationError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        before = os.stat(target) if target.exists() else None
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            try:
                _fill(file.fileno(), octets, before)
                os.replace(file.name, target)
            except BaseException:
                with suppress(OSError):
                    os.unlink(file.name)
                raise
        _sync_folder(target.parent)
    except OSError as error:
        message = f"{path}: {error.strerror or 'cannot be written'}"
    else:
        return
    raise ConfigurationError(message)


def _fill(descriptor: int, octets: bytes, before: os.stat_result | None) -> None:
    if before is not None:
        with suppress(OSError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
    view = memoryview(octets)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
