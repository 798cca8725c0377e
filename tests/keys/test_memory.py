"""
Tests of L{dlms_twisted.keys.memory}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.interfaces import IKeyStore
from dlms_twisted.keys.memory import KeyTable, MemoryKeyStore, NoKeys
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.policy import Policy
from tests.keys.samples import EK, NEW_EK, STRANGER, TITLE, meter


class NoKeysTests(SynchronousTestCase):
    """
    Tests of L{NoKeys}.
    """

    def test_empty(self) -> None:
        """
        Nobody has keys, and plain messages are welcome.
        """
        store = NoKeys()
        self.assertTrue(verifyObject(IKeyStore, store))
        self.assertIsNone(store.cached(TITLE))
        self.assertIsNone(store.cached(None))
        self.assertIsNone(self.successResultOf(store.fetch(TITLE)))
        self.assertIsNone(store.default)
        self.assertEqual(store.default_policy, Policy.NONE)
        self.assertEqual(list(store.titles()), [])
        self.assertFalse(self.successResultOf(store.check()))
        self.assertFalse(self.successResultOf(store.reload()))
        self.assertIsNone(store.promote(TITLE, "00000000"))

    def test_policy(self) -> None:
        """
        Another policy can be stated.
        """
        self.assertEqual(NoKeys(Policy.ENCRYPTED).default_policy, Policy.ENCRYPTED)


class TableTests(SynchronousTestCase):
    """
    Tests of L{KeyTable.of}.
    """

    def test_refused(self) -> None:
        """
        A meter without a title, and one that is there twice, are refused.
        """
        for meters, error in (
            ([MeterKeys()], "system_title: wanted for each meter"),
            ([meter(1), meter(1)], "system_title: 53494D0000000001 is there twice"),
            ([meter(1, name="a"), meter(2, name="a")], "name: 'a' is there twice"),
        ):
            with self.assertRaises(ConfigurationError) as caught:
                KeyTable.of(meters)
            self.assertEqual(str(caught.exception), error)


class MemoryTests(SynchronousTestCase):
    """
    Tests of L{MemoryKeyStore}.
    """

    def test_promote(self) -> None:
        """
        A key to come becomes the current one, for that meter only, and stays so when the keys are read again.
        """
        pending = {"pending_encryption_key": NEW_EK}
        table = KeyTable.of([meter(1, **pending), meter(2, **pending)])
        store = MemoryKeyStore(table)
        first, second = store.titles()
        keys = store.promote(first, key_epoch(NEW_EK))
        assert keys is not None
        self.assertEqual((keys.encryption_key, keys.pending_encryption_key), (NEW_EK, None))
        self.assertIs(store.cached(first), keys)
        other = store.cached(second)
        assert other is not None
        self.assertEqual(other.pending_encryption_key, NEW_EK)
        store.replace(KeyTable.of([meter(1, **pending), meter(3)]))
        self.assertEqual(store.cached(first), keys)

    def test_promote_default(self) -> None:
        """
        The default's key to come can become current, too.
        """
        default = MeterKeys(encryption_key=EK, pending_encryption_key=NEW_EK)
        store = MemoryKeyStore(KeyTable(default=default))
        store.promote(STRANGER, key_epoch(NEW_EK))
        keys = store.cached(None)
        assert keys is not None
        self.assertEqual(keys.encryption_key, NEW_EK)

    def test_promote_nothing(self) -> None:
        """
        Where no key is to come, nothing changes.
        """
        store = MemoryKeyStore(KeyTable.of([meter(1)]))
        (title,) = store.titles()
        self.assertIs(store.promote(title, key_epoch(NEW_EK)), store.cached(title))

    def test_closed(self) -> None:
        """
        A closed store knows nobody.
        """
        store = MemoryKeyStore(KeyTable.of([meter(1)]))
        (title,) = store.titles()
        store.close()
        self.assertIsNone(store.cached(title))
