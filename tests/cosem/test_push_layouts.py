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


_BUFFERS = """
[[layout]]
name = "daily"
when = { root = "structure", elements = 2, types = { 1 = "array" } }
at = { 0 = "0-0:42.0.0", 1 = { obis = "1-0:99.2.0", class = 7 } }

[[profile]]
obis = "*-*:99.2.0"
columns = ["0-0:1.0.0", "0-0:96.10.1", { obis = "1-0:1.8.0", scaler = 1, unit = "Wh" }]
capture_period = 3600

[[profile]]
obis = "0-*:66.0.*"
template = 47
description = "0203091106"
columns = ["0-0:1.0.0", "0-0:96.10.1", { obis = "7-0:3.1.0", scaler = -3, unit = "m3" }]
"""


class BufferTests(SynchronousTestCase):
    """
    Tests of pushed buffers whose columns a layout file says.
    """

    def setUp(self) -> None:
        self.layouts = PushLayouts.parse(_BUFFERS)
        self.time = bytes.fromhex("07E801010100000000FFC400")

    def test_profile(self) -> None:
        """
        Each row's cells are readings with the row's time and status, also where the time was left out.
        """
        first = build.structure(
            build.octet_string(self.time), build.unsigned(8), build.double_long_unsigned(100)
        )
        second = build.structure(build.null(), build.unsigned(0), build.double_long_unsigned(101))
        body = build.structure(build.octet_string(b"ABC1234567"), build.array(first, second))
        readings = readings_of(body, layouts=self.layouts)
        energies = [one.to_json() for one in readings if one.obis == Obis.parse("1-0:1.8.0")]
        self.assertEqual(
            [(one["value"], one["unit"], one["time"], one["status"]) for one in energies],
            [
                (1000, "Wh", "2024-01-01T00:00:00+01:00", 8),
                (1010, "Wh", "2024-01-01T01:00:00+01:00", 0),
            ],
        )
        self.assertEqual(energies[0]["source"], "row of 1-0:99.2.0.255")
        clocks = [one.value for one in readings if one.obis == Obis.parse("0-0:1.0.0")]
        self.assertEqual(clocks, ["2024-01-01T00:00:00+01:00", "2024-01-01T01:00:00+01:00"])
        # The buffer itself is there as well, and no row's time is the message's.
        [buffer] = [one for one in readings if one.class_id == 7]
        self.assertEqual((buffer.value, buffer.time), (None, None))

    def test_compact(self) -> None:
        """
        A compact buffer of a known template, alone or under its name; one of another template stays as it is.
        """
        octets = b"\x2f\x0c" + self.time + b"\x00" + (123456).to_bytes(4, "big")
        name = build.octet_string(Obis.parse("0-0:66.0.0").octets)
        for body in (build.octet_string(octets), build.structure(name, build.octet_string(octets))):
            [volume] = [one for one in readings_of(body, layouts=self.layouts) if one.obis.a == 7]
            self.assertEqual((str(volume.value), volume.unit), ("123.456", "m³"))
            self.assertEqual(volume.time, "2024-01-01T00:00:00+01:00")
            self.assertEqual(volume.source, "compact data, template 47")
        other = build.octet_string(b"\x30" + octets[1:])
        self.assertEqual(readings_of(other, layouts=self.layouts), ())
        short = build.octet_string(octets[:-1])
        self.assertEqual(readings_of(short, layouts=self.layouts), ())

    def test_wrong(self) -> None:
        """
        Mistakes in a profile's table are named.
        """
        start = '[[profile]]\nobis = "1-0:99.1.0"\n'
        for text, key in (
            ("[[profile]]", "profile[0].columns"),
            (start + "columns = 3", "profile[0].columns"),
            (start + 'columns = ["1-0:1.8"]', "profile[0].columns[0]"),
            (start + "columns = [3]", "profile[0].columns[0]"),
            (start + 'columns = ["1.8.0"]\ntemplate = 3', "go together"),
            (start + 'columns = ["1.8.0"]\ntemplate = 3\ndescription = "0g"', "description"),
            (start + 'columns = ["1.8.0"]\ncapture_period = -1', "capture_period"),
            ('[[profile]]\ncolumns = ["1.8.0"]\nobis = "1-0:x.y.0"', "profile[0].obis"),
        ):
            error = self.assertRaises(ConfigurationError, PushLayouts.parse, text, "own.toml")
            self.assertIn(key, str(error))
