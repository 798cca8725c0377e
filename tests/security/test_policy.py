"""
Tests of L{dlms_twisted.security.policy}.
"""

from __future__ import annotations

from itertools import product

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.policy import Policy, SecurityPolicy


class PolicyTests(SynchronousTestCase):
    """
    Tests of sets of demands.
    """

    def test_parse(self) -> None:
        """
        Each text gives its demands, and each policy its text.
        """
        for text, demands in (
            ("none", (False, False, False)),
            ("authenticated", (True, False, False)),
            ("encrypted", (False, True, False)),
            ("authenticated-encrypted", (True, True, False)),
            ("signed", (False, False, True)),
            ("authenticated-encrypted-signed", (True, True, True)),
        ):
            policy = Policy.parse(text)
            self.assertEqual((policy.authenticated, policy.encrypted, policy.signed), demands)
            self.assertEqual(str(policy), text)
        self.assertEqual(Policy.parse(" Both "), Policy.AUTHENTICATED_ENCRYPTED)

    def test_parse_wrong(self) -> None:
        """
        Anything else is refused in one line.
        """
        for text in ("", "all", "encrypted-encrypted", "encrypted+signed", "none-signed", "-"):
            error = self.assertRaises(ConfigurationError, Policy.parse, text)
            self.assertNotIn("\n", str(error))

    def test_allows(self) -> None:
        """
        A message is allowed exactly when it meets each demand.
        """
        for demands in product((False, True), repeat=3):
            policy = Policy(authenticated=demands[0], encrypted=demands[1], signed=demands[2])
            for given in product((False, True), repeat=3):
                met = all(has or not wanted for has, wanted in zip(given, demands, strict=True))
                self.assertEqual(policy.allows(*given), met)

    def test_union(self) -> None:
        """
        The union demands what either does, and covers both.
        """
        both = Policy.AUTHENTICATED | Policy.ENCRYPTED
        self.assertEqual(both, Policy.AUTHENTICATED_ENCRYPTED)
        self.assertTrue(both.covers(Policy.ENCRYPTED))
        self.assertFalse(Policy.ENCRYPTED.covers(both))


class SecurityPolicyTests(SynchronousTestCase):
    """
    Tests of the attribute of class 64.
    """

    def test_version_0(self) -> None:
        """
        The four values of version 0 hold for both directions.
        """
        names = ("none", "authenticated", "encrypted", "authenticated-encrypted")
        for value, name in enumerate(names):
            policy = SecurityPolicy.from_value(value, 0)
            self.assertEqual((str(policy.request), str(policy.response)), (name, name))
            self.assertEqual(policy.to_value(0), value)
        self.assertRaises(ConfigurationError, SecurityPolicy.from_value, 4, 0)

    def test_version_0_cannot_say(self) -> None:
        """
        Version 0 knows neither signatures nor different demands for the two directions.
        """
        for value in (0x04, 0x90):
            policy = SecurityPolicy.from_value(value)
            self.assertRaises(ConfigurationError, policy.to_value, 0)

    def test_version_1(self) -> None:
        """
        Each bit is one demand in one direction.
        """
        bits = {
            0x04: ("authenticated", "none"),
            0x08: ("encrypted", "none"),
            0x10: ("signed", "none"),
            0x20: ("none", "authenticated"),
            0x40: ("none", "encrypted"),
            0x80: ("none", "signed"),
            0x6C: ("authenticated-encrypted", "authenticated-encrypted"),
        }
        for value, (request, response) in bits.items():
            policy = SecurityPolicy.from_value(value)
            self.assertEqual((str(policy.request), str(policy.response)), (request, response))
            self.assertEqual(policy.to_value(), value)
        for value in (1, 2, 3, 0x100, -4):
            self.assertRaises(ConfigurationError, SecurityPolicy.from_value, value)

    def test_only_stronger(self) -> None:
        """
        A policy can be replaced by a stronger one only.
        """
        weak, strong = SecurityPolicy.from_value(0x24), SecurityPolicy.from_value(0x6C)
        self.assertTrue(strong.strengthens(weak))
        self.assertFalse(weak.strengthens(strong))
        self.assertFalse(SecurityPolicy.from_value(0x0C).strengthens(weak))
