"""
Tests for L{dlms_twisted.cosem.names} and the tables that it composes from.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cosem.names import NameOverlay, medium_name, obis_name
from dlms_twisted.cosem.names_abstract import ABSTRACT
from dlms_twisted.cosem.obis import Obis, ObisPattern
from dlms_twisted.errors import ConfigurationError


def _name(text: str) -> str | None:
    return obis_name(Obis.parse(text))


class RuleTests(SynchronousTestCase):
    """
    Tests of the rules.
    """

    def test_electricity(self) -> None:
        """
        Quantity, phase, processing, tariff, harmonic, channel and billing period are composed.
        """
        for text, name in (
            ("1-0:1.8.0", "active energy import"),
            ("1-0:2.8.2", "active energy export, tariff 2"),
            ("1-0:1.7.0", "active power import"),
            ("1-0:61.7.0", "active power import L3"),
            ("1-0:7.8.0", "reactive energy quadrant III"),
            ("1-0:32.7.0", "voltage L1"),
            ("1-0:71.7.0", "current L3"),
            ("1-0:91.7.0", "current neutral"),
            ("1-0:14.7.0", "frequency"),
            ("1-0:33.7.0", "power factor L1"),
            ("1-0:1.6.0", "maximum active power import"),
            ("1-0:1.16.1", "maximum active power import, scheme 2, tariff 1"),
            ("1-0:1.4.0", "average active power import, current period"),
            ("1-0:1.29.0", "active energy import, in recording interval 1"),
            ("1-0:32.32.0", "voltage L1, under-limit occurrences"),
            ("1-0:31.35.0", "current L1, over-limit threshold"),
            ("1-0:32.7.5", "voltage L1, harmonic 5"),
            ("1-0:31.7.124", "current L1, total harmonic distortion"),
            ("1-0:81.7.14", "angle from U L2 to I L1"),
            ("1-1:1.8.0", "active energy import, channel 1"),
            ("1-0:1.8.0*1", "active energy import, billing period 1"),
            ("1-0:1.8.0*101", "active energy import, last billing period"),
            ("1-0:1.8.0*102", "active energy import, second last billing period"),
            ("1-0:0.0.0", "electricity ID 1"),
            ("1-0:0.8.4", "recording interval 1"),
            ("1-0:88.8.0", "ampere squared hours"),
        ):
            self.assertEqual(_name(text), name, text)

    def test_other_media(self) -> None:
        """
        Heat cost, cooling, heating, gas and water have their own tables.
        """
        for text, name in (
            ("4-0:1.2.0", "heat cost, unrated integral, on set date"),
            ("5-0:1.0.0", "cooling energy"),
            ("6-0:1.0.1", "heating energy, tariff 1"),
            ("6-1:10.0.0", "heating flow temperature, channel 1"),
            ("7-0:3.0.0", "gas meter volume, forward absolute, metering conditions"),
            ("7-0:13.2.0", "gas converter volume, forward absolute, base conditions"),
            ("7-0:43.1.0", "gas flow rate, corrected"),
            ("7-0:41.0.0", "gas absolute temperature"),
            ("7-0:33.0.0", "gas energy, forward absolute"),
            ("8-0:1.0.0", "cold water volume"),
            ("9-0:2.0.0", "hot water flow rate"),
            ("9-0:1.3.0", "hot water volume, on billing date"),
            ("7-0:0.0.0", "gas ID 1"),
        ):
            self.assertEqual(_name(text), name, text)

    def test_abstract(self) -> None:
        """
        Abstract objects, and the services, errors, lists and profiles of all media.
        """
        for text, name in (
            ("0-0:1.0.0", "clock"),
            ("0-0:42.0.0", "logical device name"),
            ("0-0:96.1.0", "device ID 1"),
            ("0-1:24.2.1", "M-Bus value 1, channel 1"),
            ("0-0:25.9.0", "push setup"),
            ("0-0:43.1.2", "invocation counter"),
            ("0-0:96.7.7", "long power failures L2"),
            ("0-0:97.98.20", "alarm descriptor 1"),
            ("1-0:99.1.0", "load profile 1"),
            ("7-0:96.1.0", "device ID 1"),
            ("0-0:40.0.0", "current association"),
        ):
            self.assertEqual(_name(text), name, text)

    def test_unknown(self) -> None:
        """
        What manufacturers and utilities define has no name.
        """
        for text in ("1-0:128.7.0", "0-0:200.1.2", "3-0:1.8.0", "15-0:1.0.0", "1-0:1.200.0"):
            self.assertIsNone(_name(text), text)

    def test_media(self) -> None:
        """
        The media have names, reserved numbers have none.
        """
        self.assertEqual(medium_name(7), "gas")
        self.assertIsNone(medium_name(3))

    def test_table_is_sound(self) -> None:
        """
        Each row of the abstract table is a pattern, and none hides behind one before it.
        """
        seen: list[ObisPattern] = []
        for text, name in ABSTRACT:
            pattern = ObisPattern.parse(f"0-0:{text}.255")
            groups = [sorted(pattern.group(i) or range(256)) for i in (2, 3, 4)]
            first = Obis(0, 0, *(group[0] for group in groups))
            last = Obis(0, 0, *(group[-1] for group in groups))
            hidden = any(one.matches(first) and one.matches(last) for one in seen)
            self.assertFalse(hidden, f"{text} {name}")
            seen.append(pattern)

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(st.binary(min_size=6, max_size=6))
    def test_any_code(self, octets: bytes) -> None:
        """
        Any code has a name or none; a name is never empty and has no gap left.
        """
        name = obis_name(octets)
        if name is not None:
            self.assertNotIn("_", name)
            self.assertNotIn("{", name)
            self.assertTrue(name.strip() == name != "")


class OverlayTests(SynchronousTestCase):
    """
    Tests for L{NameOverlay}.
    """

    def test_before_rules(self) -> None:
        """
        An overlay's name goes before the rule's, the more precise pattern before the other.
        """
        overlay = NameOverlay.parse(
            '[names]\n"1-*:1.8.0" = "any channel"\n"1-0:1.8.0" = "the one"\n'
        )
        self.assertEqual(obis_name(Obis.parse("1-0:1.8.0"), overlay), "the one")
        self.assertEqual(obis_name(Obis.parse("1-2:1.8.0"), overlay), "any channel")
        self.assertEqual(obis_name(Obis.parse("1-0:2.8.0"), overlay), "active energy export")

    def test_merged(self) -> None:
        """
        Of two overlays the one merged in is asked first.
        """
        first = NameOverlay.parse('[names]\n"1-0:1.8.0" = "a"\n"1-*:2.8.0" = "b"\n')
        second = NameOverlay.parse('[names]\n"1-0:1.8.0" = "c"\n')
        merged = first.merged(second)
        self.assertEqual(merged.name(Obis.parse("1-0:1.8.0")), "c")
        self.assertEqual(merged.name(Obis.parse("1-1:2.8.0")), "b")

    def test_wrong(self) -> None:
        """
        A wrong overlay is one line that names the file and the key.
        """
        for text, words in (
            ("names = 3", "[names] must be a table"),
            ('[names]\n"1-0:1.8" = "x"', "group E is missing"),
            ('[names]\n"1-0:1.8.0" = 3', "must be a text"),
            ("[names", "market.toml"),
        ):
            error = self.assertRaises(ConfigurationError, NameOverlay.parse, text, "market.toml")
            self.assertIn(words, str(error))
            self.assertNotIn("\n", str(error))
