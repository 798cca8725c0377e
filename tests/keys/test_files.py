"""
Tests of L{dlms_twisted.keys.files}.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.files import locked, read_private, signature, write_private


class ReadTests(SynchronousTestCase):
    """
    Tests of L{read_private}.
    """

    def setUp(self) -> None:
        """
        A private file.
        """
        self.path = Path(self.mktemp())
        self.path.write_bytes(b"keys")
        self.path.chmod(0o600)

    def test_private(self) -> None:
        """
        A file for the owner, or for owner and group, is read.
        """
        for mode in (0o600, 0o640, 0o660, 0o400):
            self.path.chmod(mode)
            octets, seen = read_private(self.path)
            self.assertEqual(octets, b"keys")
            self.assertEqual(seen, signature(self.path))

    def test_others(self) -> None:
        """
        A file that others may read or write is refused with the command that mends it, and that command mends it.
        """
        for mode in (0o604, 0o644, 0o602, 0o666):
            self.path.chmod(mode)
            with self.assertRaises(ConfigurationError) as caught:
                read_private(self.path)
            self.assertEqual(
                str(caught.exception),
                f"{self.path}: others may read or write it (mode {mode:04o}); "
                f"mend it with: chmod o-rwx {self.path}",
            )
            self.path.chmod(mode & ~0o007)
            read_private(self.path)

    def test_quoted(self) -> None:
        """
        The command is right for a name with a space.
        """
        path = self.path.rename(f"{self.path} of mine")
        path.chmod(0o644)
        with self.assertRaises(ConfigurationError) as caught:
            read_private(path)
        self.assertTrue(str(caught.exception).endswith(f"chmod o-rwx '{path}'"))

    def test_insecure(self) -> None:
        """
        Who insists gets it all the same.
        """
        self.path.chmod(0o644)
        self.assertEqual(read_private(self.path, insecure=True)[0], b"keys")

    def test_missing(self) -> None:
        """
        A file that is not there, or is none, is refused by name.
        """
        folder = self.path.parent
        for path, reason in (
            (folder / "none", "No such file or directory"),
            (folder, "Is a directory"),
        ):
            with self.assertRaises(ConfigurationError) as caught:
                read_private(path)
            self.assertEqual(str(caught.exception), f"{path}: {reason}")
        self.assertIsNone(signature(folder / "none"))


class WriteTests(SynchronousTestCase):
    """
    Tests of L{write_private}.
    """

    def setUp(self) -> None:
        """
        A folder.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "keys.toml"

    def _mode(self) -> int:
        return stat.S_IMODE(self.path.stat().st_mode)

    def test_new(self) -> None:
        """
        A new file is the owner's alone, whatever the umask.
        """
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        write_private(self.path, b"keys")
        self.assertEqual(self.path.read_bytes(), b"keys")
        self.assertEqual(self._mode(), 0o600)

    def test_mode_kept(self) -> None:
        """
        The mode of a file that was there stays.
        """
        write_private(self.path, b"old")
        self.path.chmod(0o640)
        write_private(self.path, b"new")
        self.assertEqual((self.path.read_bytes(), self._mode()), (b"new", 0o640))

    def test_symbolic_link(self) -> None:
        """
        A link stays a link; what it points to is written.
        """
        write_private(self.path, b"old")
        link = self.folder / "link.toml"
        link.symlink_to("keys.toml")
        write_private(link, b"new")
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.path.read_bytes(), b"new")

    def test_failure(self) -> None:
        """
        A disk that is full leaves the old file, no other one, and one line.
        """
        write_private(self.path, b"old")
        full = OSError(28, "No space left on device")
        with (
            mock.patch("os.fsync", side_effect=full),
            self.assertRaises(ConfigurationError) as caught,
        ):
            write_private(self.path, b"new")
        self.assertEqual(str(caught.exception), f"{self.path}: No space left on device")
        self.assertEqual(self.path.read_bytes(), b"old")
        self.assertEqual(os.listdir(self.folder), ["keys.toml"])

    def test_no_folder(self) -> None:
        """
        A folder that is not there is refused by name, for locks and files.
        """
        path = self.folder / "none" / "keys.toml"
        self.assertRaises(ConfigurationError, write_private, path, b"")
        with self.assertRaises(ConfigurationError) as caught, locked(path):
            self.fail("a lock in a folder that is not there")
        self.assertIn("none: No such file or directory", str(caught.exception))

    def test_lock(self) -> None:
        """
        The lock keeps another process out while it is held, and no longer.
        """
        with locked(self.path):
            self.assertEqual(_try_lock(self.folder), 1)
        self.assertEqual(_try_lock(self.folder), 0)


def _try_lock(folder: Path) -> int:
    """
    @return: 0 where another process gets the lock, 1 where it does not.
    """
    child = os.fork()
    if child == 0:
        import fcntl

        try:
            fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
