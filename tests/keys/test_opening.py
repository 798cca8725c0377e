"""
Tests of L{dlms_twisted.keys.opening}.
"""

from __future__ import annotations

from pathlib import Path
from unittest import mock

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError, KeyStoreError
from dlms_twisted.keys.deferred_store import DeferredKeyStore
from dlms_twisted.keys.memory import NoKeys
from dlms_twisted.keys.opening import find_keys, open_key_file, open_key_store
from dlms_twisted.keys.sqlite_store import SqliteKeyStore
from dlms_twisted.keys.toml_store import TomlKeyStore
from tests.keys.samples import EK, TITLE


class OpeningTests(SynchronousTestCase):
    """
    Tests of L{open_key_file} and L{open_key_store}.
    """

    def setUp(self) -> None:
        """
        A folder with a master key.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.master = self.folder / "master"
        self.master.write_text("42" * 32)
        self.master.chmod(0o600)

    def test_kinds(self) -> None:
        """
        Either kind is made by its name, and opened by its content.
        """
        for name, kind in (("keys.toml", TomlKeyStore), ("keys.sqlite", SqliteKeyStore)):
            path = self.folder / name
            file = open_key_file(path, master_key_file=self.master)
            file.add([{"system_title": TITLE, "encryption_key": EK}])
            file.close()
            elsewhere = path.rename(self.folder / f"moved-{kind.__name__}")
            store = open_key_store(elsewhere, master_key_file=self.master)
            self.addCleanup(store.close)
            self.assertIsInstance(store, kind)
            keys = self.successResultOf(store.fetch(TITLE))
            assert keys is not None
            self.assertEqual(keys.encryption_key, EK)

    def test_at_once(self) -> None:
        """
        A store that answers at once can be asked without waiting; one that does not is told so.
        """
        self.assertIsNone(find_keys(NoKeys(), TITLE))
        never = DeferredKeyStore(Clock(), lambda _: Deferred())
        with self.assertRaises(KeyStoreError) as caught:
            find_keys(never, TITLE)
        self.assertEqual(str(caught.exception), "the key store does not answer at once")
        failing = DeferredKeyStore(Clock(), lambda _: fail(OSError()))
        self.assertRaises(KeyStoreError, find_keys, failing, TITLE)

    def test_missing(self) -> None:
        """
        What must be there and is not, is refused; so is SQLite without a master key.
        """
        for name in ("keys.toml", "keys.sqlite"):
            self.assertRaises(
                ConfigurationError, open_key_file, self.folder / name, must_exist=True
            )
            self.assertFalse((self.folder / name).exists())
        with mock.patch.dict("os.environ", clear=True):
            self.assertRaises(ConfigurationError, open_key_file, self.folder / "keys.sqlite")
        self.assertFalse((self.folder / "keys.sqlite").exists())
