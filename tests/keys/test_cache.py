"""
Tests of L{dlms_twisted.keys.cache}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.keys.cache import Expiry, KeyCache
from dlms_twisted.keys.interfaces import MISS
from tests.keys.samples import meter


class CacheTests(SynchronousTestCase):
    """
    Tests of L{KeyCache}.
    """

    def setUp(self) -> None:
        """
        A cache of ten, and of four without keys.
        """
        self.cache = KeyCache(10, 4)

    def test_three_answers(self) -> None:
        """
        Keys, no keys, and not known.
        """
        keys = meter(1)
        self.cache.put(b"1", keys)
        self.cache.put(b"2", None)
        self.assertIs(self.cache.get(b"1"), keys)
        self.assertIsNone(self.cache.get(b"2"))
        self.assertIs(self.cache.get(b"3"), MISS)

    def test_bounded(self) -> None:
        """
        It never holds more than it may, and what is asked for again and again stays.
        """
        self.cache.put(b"busy", meter(0))
        for number in range(100):
            self.cache.put(b"%d" % number, meter(number))
            self.assertLessEqual(len(self.cache), 10)
            self.assertIsNot(self.cache.get(b"busy"), MISS)
        self.assertIsNot(self.cache.get(b"99"), MISS)
        self.assertIs(self.cache.get(b"0"), MISS)

    def test_garbage(self) -> None:
        """
        Made-up titles displace no keys, and are bounded too.
        """
        self.cache.put(b"good", meter(1))
        for number in range(1000):
            self.cache.put(b"%d" % number, None)
        self.assertIsNot(self.cache.get(b"good"), MISS)
        known = [number for number in range(1000) if self.cache.get(b"%d" % number) is None]
        self.assertLessEqual(len(known), 4)
        self.assertIn(999, known)

    def test_forget(self) -> None:
        """
        What is forgotten is not known any more, in either generation.
        """
        for number in range(8):
            self.cache.put(b"%d" % number, meter(number))
        self.cache.put(b"none", None)
        self.cache.forget([b"0", b"7", b"none", b"never"])
        for title in (b"0", b"7", b"none"):
            self.assertIs(self.cache.get(title), MISS)
        self.assertEqual(len(self.cache), 6)
        self.cache.clear()
        self.assertEqual(len(self.cache), 0)
        self.assertIs(self.cache.get(b"1"), MISS)

    def test_replaced(self) -> None:
        """
        Newer keys take the place of older ones, and absence of keys is forgotten when there are some.
        """
        self.cache.put(b"1", None)
        self.cache.put(b"1", meter(1))
        newer = meter(2)
        self.cache.put(b"1", newer)
        self.assertIs(self.cache.get(b"1"), newer)

    def test_size(self) -> None:
        """
        A cache of nothing is refused.
        """
        self.assertRaises(ValueError, KeyCache, 1, 10)
        self.assertRaises(ValueError, KeyCache, 10, 1)


class ExpiryTests(SynchronousTestCase):
    """
    Tests of L{Expiry}.
    """

    def test_order(self) -> None:
        """
        Titles expire when they are due, in whatever order they were set, and by what was set last.
        """
        expiry = Expiry(10)
        for title, when in ((b"c", 3.0), (b"a", 1.0), (b"b", 2.0), (b"a", 4.0)):
            expiry.set(title, when)
        self.assertEqual(list(expiry.expired(0.5)), [])
        self.assertEqual(list(expiry.expired(3)), [b"b", b"c"])
        self.assertEqual(list(expiry.expired(9)), [b"a"])
        expiry.set(b"d", 1.0)
        expiry.clear()
        self.assertEqual(list(expiry.expired(9)), [])

    def test_bounded(self) -> None:
        """
        Of too many, those that are due first expire early.
        """
        expiry = Expiry(2)
        for number in range(5):
            expiry.set(b"%d" % number, float(number))
        self.assertEqual(list(expiry.expired(-1)), [b"0", b"1", b"2"])
