"""
Tests of C{dlms objects}.
"""

from __future__ import annotations

import json

from twisted.internet.task import Clock

from dlms_twisted.client import connect
from dlms_twisted.server.saved import description_of_saved
from dlms_twisted.testing import MeterInMemory
from tests.cli.meter_program import MANAGEMENT, METER, MeterProgramCase
from tests.schemas import check


class ObjectsTests(MeterProgramCase):
    """
    Tests of the command.
    """

    def test_tree(self) -> None:
        """
        By class, with names, and what may be done with attributes and methods.
        """
        lines = self.good("objects", METER, *MANAGEMENT).splitlines()
        self.assertEqual(lines[:2], ["SIM0000000000001", "1 Data"])
        at = lines.index("  1-0:1.8.0.255  active energy import")
        self.assertEqual(
            lines[at + 2 : at + 5],
            ["      2 r  value", "      3 rw scaler_unit", "      1 x  reset()"],
        )
        self.assertIn("70 Disconnect control", lines)

    def test_json(self) -> None:
        """
        As one document; saved, it is the same.
        """
        path = self.folder / "meter.json"
        form = json.loads(self.good("objects", METER, "--json", *MANAGEMENT))
        check("objects.json", form)
        self.assertEqual(self.good("objects", METER, "--save", str(path), *MANAGEMENT), "")
        self.assertEqual(json.loads(path.read_text(encoding="utf-8")), form)

    def test_public(self) -> None:
        """
        Another client sees less.
        """
        names = {
            one["logical_name"]
            for one in json.loads(self.good("objects", METER, "--json", env={}))["objects"]
        }
        self.assertIn("0-0:43.1.0.255", names)
        self.assertNotIn("1-0:1.8.0.255", names)

    def test_values(self) -> None:
        """
        With values, but for secrets and the buffers of profiles; a meter made from the file holds the same.
        """
        path = self.folder / "meter.json"
        self.good("objects", METER, "--values", "--save", str(path), *MANAGEMENT)
        form = json.loads(path.read_text(encoding="utf-8"))
        check("objects.json", form)
        values = {
            (one["class_id"], one["logical_name"], attribute["attribute"]): attribute["value"]
            for one in form["objects"]
            for attribute in one["attributes"]
        }
        self.assertEqual(
            values[1, "0-0:96.1.0.255", 2],
            {"type": "octet-string", "value": b"SIM0000000001".hex()},
        )
        self.assertIsNotNone(values[3, "1-0:1.8.0.255", 3])
        self.assertIsNone(values[7, "1-0:99.1.0.255", 2])
        self.assertFalse(
            [key for key, value in values.items() if key[0] == 15 and key[2] == 7 and value]
        )
        copy = MeterInMemory(Clock(), description_of_saved(form))
        self.addCleanup(copy.close)
        meter = copy.run(connect(Clock(), copy.endpoint(), copy.settings(client=1)))
        serial = copy.run(meter.get("1/0-0:96.1.0.255/2"))
        self.assertEqual(serial.values, b"SIM0000000001")

    def test_buffers(self) -> None:
        """
        With the buffers of profiles, where they are asked for; and shown, where it is not saved.
        """
        form = json.loads(
            self.good("objects", METER, "--values", "--buffers", "--json", *MANAGEMENT)
        )
        (profile,) = (one for one in form["objects"] if one["logical_name"] == "1-0:99.1.0.255")
        buffer = next(one for one in profile["attributes"] if one["attribute"] == 2)
        self.assertGreater(len(buffer["value"]["value"]), 10)
        shown = self.good("objects", METER, "--values", *MANAGEMENT)
        self.assertIn('{"type": "octet-string", "value": "53494d30303030303030303031"}', shown)

    def test_refused(self) -> None:
        """
        Options that do not go together, and a folder that is not there.
        """
        self.assertIn("--values", self.bad(2, "objects", METER, "--buffers", env={}))
        path = str(self.folder / "no" / "meter.json")
        self.assertIn(path, self.bad(2, "objects", METER, "--save", path, env={}))
