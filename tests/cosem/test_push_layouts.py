"""
Tests for L{dlms_twisted.cosem.push_layouts}, L{dlms_twisted.cosem.layout_form} and the files of this package.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.cosem.readings import ReadingOptions, readings_of
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.layout_files import default_layouts, load_layouts

_OWN = """
[[layout]]
name = "water"
when = { root = "structure", elements = 3, text = { 0 = "WM-*" }, types = { 1 = "structure" } }
at = { 0 = "0-0:96.1.0", "1.0" = { obis = "8-0:1.0.0", class = 4, attribute = 2, scaler = -3 } }
rest = false
names = { "8-0:1.0.0" = "house water" }
[layout.values]
"8-*:1.0.0" = { unit = "m3" }

[[group]]
meters = ["WM-9*", "annex"]
clock = { deviation_inverted = true }
[group.values]
"8-0:1.0.0" = { scaler = -2, unit = "l" }
"""
_BODY = build.structure(
    build.visible_string("WM-1234"),
    build.structure(build.double_long_unsigned(12345), build.unsigned(0)),
    build.unsigned(7),
)
_INVERTED = bytes.fromhex("07E50713010F2E2300007880")


class LayoutTests(SynchronousTestCase):
    """
    Tests of a user's own layouts and groups.
    """

    def setUp(self) -> None:
        self.layouts = PushLayouts.parse(_OWN).before(default_layouts())

    def test_positions(self) -> None:
        """
        Positions, also inside a structure, with class, scaler, unit and name.
        """
        meter, water = readings_of(_BODY, layouts=self.layouts)
        self.assertEqual((str(meter.obis), meter.value), ("0-0:96.1.0.255", "WM-1234"))
        self.assertEqual(
            (water.name, str(water.value), water.unit, water.class_id, water.source),
            ("house water", "12.345", "m³", 4, "layout water"),
        )

    def test_group(self) -> None:
        """
        A group overrides scaler, unit and clock of its meters, by payload identity or by what the caller knows.
        """
        options = ReadingOptions(identities=("annex",))
        _, water = readings_of(_BODY, layouts=self.layouts, date_time=_INVERTED, options=options)
        self.assertEqual((str(water.value), water.unit), ("123.45", "l"))
        self.assertIn("overridden by group", water.source)
        self.assertEqual(water.time, "2021-07-19T15:46:35+02:00")
        other = build.structure(
            build.visible_string("WM-9999"),
            build.structure(build.unsigned(5)),
            build.null(),
        )
        _, water = readings_of(other, layouts=self.layouts)
        self.assertEqual((str(water.value), water.unit), ("0.05", "l"))

    def test_no_match(self) -> None:
        """
        A message that shows something else is not touched.
        """
        other = build.structure(build.visible_string("XX-1"), build.null(), build.null())
        self.assertEqual(readings_of(other, layouts=self.layouts), ())

    def test_missing_elements(self) -> None:
        """
        Positions that a short message has not are left out.
        """
        layouts = PushLayouts.parse(
            '[[layout]]\nname = "x"\nwhen = { root = "structure" }\n'
            'at = { 0 = "1-0:1.7.0", 9 = "1-0:2.7.0", "-7" = "1-0:3.7.0" }'
        )
        [reading] = readings_of(build.structure(build.unsigned(7)), layouts=layouts)
        self.assertEqual(reading.obis, Obis.parse("1-0:1.7.0"))

    def test_user_first(self) -> None:
        """
        A user's layout goes before this package's for the same message.
        """
        text = '[[layout]]\nname = "mine"\nwhen = { elements = 1 }\nat = ["1-0:2.7.0"]'
        layouts = PushLayouts.parse(text).before(default_layouts())
        [reading] = readings_of(build.structure(build.double_long_unsigned(5)), layouts=layouts)
        self.assertEqual((str(reading.obis), reading.source), ("1-0:2.7.0.255", "layout mine"))

    def test_zone(self) -> None:
        """
        A group's zone answers for clocks that do not know their deviation.
        """
        text = '[[group]]\nmeters = ["*"]\nclock = { clock_zone = "Europe/Oslo", standard_time_all_year = true }'
        layouts = PushLayouts.parse(text, zones=ZoneInfo)
        body = build.structure(
            build.octet_string(Obis.parse("1-0:1.7.0").octets), build.unsigned(5)
        )
        options = ReadingOptions(identities=("any",))
        time = bytes.fromhex("07E50713010F2E2300800000")
        [reading] = readings_of(body, layouts=layouts, date_time=time, options=options)
        self.assertEqual(reading.time, "2021-07-19T15:46:35+01:00")


class WrongTests(SynchronousTestCase):
    """
    Tests of what is wrong in a layout: one line that names the file and the key.
    """

    def test_wrong(self) -> None:
        """
        Each mistake is named.
        """
        start = '[[layout]]\nname = "x"\n'
        for text, key in (
            ("[[layout]]\n", "layout[0].name"),
            (start, "layout[0].when"),
            (start + "when = { elments = 3 }", "layout[0].when.elments"),
            (start + 'when = { elements = "3" }', "layout[0].when.elements"),
            (start + 'when = { types = { 0 = "int" } }', "layout[0].when.types.0"),
            (start + 'when = { text = { a = "x" } }', "layout[0].when.text.a"),
            (start + 'when = { contains = ["1-0:1.8"] }', "layout[0].when.contains"),
            (start + 'when = { root = "array" }\nat = ["1-0:1.8.999"]', "layout[0].at.0"),
            (
                start + 'when = { root = "array" }\nat = { 0 = { obis = "1.8.0", class = -1 } }',
                "layout[0].at.0.class",
            ),
            (start + 'when = { root = "array" }\nat = { 0 = 3 }', "layout[0].at.0"),
            (start + 'when = { root = "array" }\nat = 3', "layout[0].at"),
            (start + 'when = { root = "array" }\nrest = "no"', "layout[0].rest"),
            (start + 'when = { root = "array" }\nvalues = { "1-0:1.8.0" = 3 }', "values"),
            (
                start + 'when = { root = "array" }\nvalues = { "1-0:1.8.0" = { unit = "kWm" } }',
                "unit",
            ),
            (
                start + 'when = { root = "array" }\nvalues = { "1-0:1.8.0" = { scaler = 999 } }',
                "scaler",
            ),
            (
                start + 'when = { root = "array" }\nvalues = { "1-0:x.y.0" = { scaler = 9 } }',
                "values",
            ),
            ("[[group]]\n", "group[0].meters"),
            ('[[group]]\nmeters = ["*"]\nclock = { clock_zone = "Mars/Base" }', "clock_zone"),
            (
                '[[group]]\nmeters = ["*"]\nclock = { standard_time_all_year = true }',
                "standard_time_all_year",
            ),
            ('[[group]]\nmeters = ["*"]\nclock = { zone = "UTC" }', "group[0].clock.zone"),
            ("layouts = 3", "layouts"),
            ("layout = 3", "layout"),
            ("[names", "own.toml"),
        ):
            error = self.assertRaises(
                ConfigurationError, PushLayouts.parse, text, "own.toml", ZoneInfo
            )
            self.assertIn("own.toml", str(error))
            self.assertIn(key, str(error))
            self.assertNotIn("\n", str(error))


class FileTests(SynchronousTestCase):
    """
    Tests of L{dlms_twisted.layout_files}.
    """

    def test_defaults(self) -> None:
        """
        The package's own files are whole, and their layouts have names of their own.
        """
        names = [one.name for one in default_layouts().layouts]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({"kaifa-three-phase", "kamstrup", "aidon", "sagemcom-at"}, set(names))

    def test_load(self) -> None:
        """
        A user's file is asked first; one that cannot be read is named.
        """
        path = self.mktemp()
        with open(path, "w", encoding="utf-8") as file:
            file.write(_OWN)
        self.assertEqual(load_layouts([path]).layouts[0].name, "water")
        error = self.assertRaises(ConfigurationError, load_layouts, [path + "-missing"])
        self.assertIn("-missing", str(error))
