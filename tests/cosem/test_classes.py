"""
Tests for L{dlms_twisted.cosem.classes} and its types.

C{class_table.json} was made from the project's desk reference, apart from the table in the package.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.codec.times import DateTime
from dlms_twisted.cosem.class_tables.enumerations import DISCONNECT_MODES, ENUMERATIONS
from dlms_twisted.cosem.classes import Attribute, class_name, class_numbers, interface_class
from dlms_twisted.cosem.kind_text import SHAPES, kind
from dlms_twisted.cosem.kinds import Kind
from dlms_twisted.cosem.kinds_nested import ArrayKind, EitherKind, StructureKind
from dlms_twisted.cosem.named import plain_form
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ClassError, EncodeError
from tests.cosem.bodies import pushed
from tests.cosem.kind_data import fitting
from tests.vectors import load

_REFERENCE: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "class_table.json").read_text("utf-8")
)
#: The reference's words for a type that stands for several of ours.
_SAME = {
    "DT": {"DT", "dt"},
    "dt": {"DT", "dt"},
    "os": {"os", "text"},
    "sc": {"st"},
    "vd": {"st"},
    "cap": {"st"},
}


def _attributes() -> list[tuple[str, Attribute]]:
    found = []
    for number in class_numbers():
        for version in interface_class(number).versions:
            one = interface_class(number, version)
            found += [
                (f"{one.name} v{version}", attribute) for attribute in one.attributes.values()
            ]
    return found


def _words(text: Kind) -> set[str]:
    """
    The reference's word for a type: C{ar}, C{st}, C{en}, or the type itself.
    """
    parts = text.kinds if isinstance(text, EitherKind) else (text,)
    words = set()
    for part in parts:
        nested = isinstance(part, (ArrayKind, StructureKind))
        words.add(part.text[:2] if nested or part.text.startswith("en") else part.text)
    return words


class ReferenceTests(SynchronousTestCase):
    """
    The table against the reference, row by row.
    """

    def test_classes(self) -> None:
        """
        The same classes with the same versions, as well confirmed.
        """
        words = {
            "X": "cross-checked",
            "G": "one source",
            "M": "from the Blue Book by memory",
            "?": "unknown",
        }
        self.assertEqual([row["class_id"] for row in _REFERENCE], list(class_numbers()))
        for row in _REFERENCE:
            ours = interface_class(row["class_id"])
            # The reference lists the version in use; older ones that it mentions aside are ours too.
            self.assertLessEqual(set(row["versions"]), set(ours.versions), row["class_id"])
            self.assertEqual(max(row["versions"]), max(ours.versions), row["class_id"])
            self.assertEqual(ours.confirmed, words[row["confirmed"]], row["class_id"])
            if row["name"] is not None:
                self.assertEqual(ours.name, row["name"])

    def _expected(self, rows: list[dict[str, Any]], version: int) -> dict[int, dict[str, Any]]:
        return {
            row["number"]: row
            for row in rows
            if row.get("since", 0) <= version <= row.get("until", 99)
        }

    def test_attributes(self) -> None:
        """
        Each attribute of each version: number, name, type, members of its enumeration.
        """
        for row in _REFERENCE:
            for version in row["versions"]:
                ours = interface_class(row["class_id"], version)
                wanted = self._expected(row["attributes"], version)
                where = f"class {row['class_id']} v{version}"
                self.assertEqual(set(ours.attributes) - {1}, set(wanted), where)
                for number, one in wanted.items():
                    attribute = ours.attributes[number]
                    self.assertEqual(attribute.name, one["name"], where)
                    self._same_type(attribute, one, f"{where} {attribute.name}")

    def _same_type(self, attribute: Attribute, row: dict[str, Any], where: str) -> None:
        words = _words(attribute.kind)
        if row["type"] is not None and "any" not in words:
            wanted = set().union(*(_SAME.get(one, {one}) for one in row["type"].split("/")))
            self.assertTrue(words & wanted, f"{where}: {words} {wanted}")
        if "members" in row:
            name = attribute.kind.text.removeprefix("en:")
            self.assertEqual(sorted(ENUMERATIONS[name]), row["members"], where)

    def test_methods(self) -> None:
        """
        Each method of each version: number, name, short-name offset.
        """
        for row in _REFERENCE:
            for version in row["versions"]:
                ours = interface_class(row["class_id"], version)
                wanted = self._expected(row.get("methods", []), version)
                where = f"class {row['class_id']} v{version}"
                self.assertEqual(
                    {number: one.name for number, one in ours.methods.items()},
                    {number: one["name"] for number, one in wanted.items()},
                    where,
                )
                if row["short_name"] is not None and 1 in ours.methods and row["class_id"] != 64:
                    offset = 70 if (row["class_id"], version) == (72, 1) else row["short_name"]
                    for number, method in ours.methods.items():
                        first = int(str(offset), 16)
                        self.assertEqual(method.short_name, first + 8 * (number - 1), where)
                for number, offset in row.get("short_names", {}).items():
                    expected = int(str(offset), 16)
                    self.assertEqual(ours.methods[int(number)].short_name, expected, where)
        self.assertEqual(interface_class(64, 0).methods[1].short_name, 0x28)
        self.assertEqual(interface_class(64, 1).methods[3].short_name, 0x40)

    def test_disconnect_modes(self) -> None:
        """
        The modes of Disconnect control: remote disconnection in all but 0, local reconnection in 5 and 6.
        """
        self.assertEqual(
            {mode for mode, letters in DISCONNECT_MODES.items() if "b" in letters},
            {1, 2, 3, 4, 5, 6},
        )
        self.assertEqual(
            {mode for mode, letters in DISCONNECT_MODES.items() if "h" in letters}, {5, 6}
        )
        self.assertEqual(
            {mode for mode, letters in DISCONNECT_MODES.items() if "f" in letters}, {1, 2, 5}
        )
        self.assertEqual(
            {mode for mode, letters in DISCONNECT_MODES.items() if "a" in letters}, {2, 4}
        )


class DecodeTests(SynchronousTestCase):
    """
    Tests of values to named fields and back.
    """

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.data())
    def test_every_attribute(self, draw: st.DataObject) -> None:
        """
        What fits a type decodes without a note, and encodes back to the same octets, also from the JSON form.
        """
        where, attribute = draw.draw(st.sampled_from(_attributes()))
        data = draw.draw(fitting(attribute.kind))
        decoded = attribute.decode(data)
        self.assertEqual(decoded.notes, (), where)
        self.assertEqual(attribute.encode(decoded.value), data, (where, attribute.name))
        form = json.loads(json.dumps(decoded.to_json()))
        self.assertEqual(attribute.encode(form), data, (where, attribute.name, form))

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.data())
    def test_any_data(self, draw: st.DataObject) -> None:
        """
        Any Data for any attribute gives a value and notes, and Data in the value encodes back.
        """
        _, attribute = draw.draw(st.sampled_from(_attributes()))
        _, other = draw.draw(st.sampled_from(_attributes()))
        data = draw.draw(fitting(other.kind))
        decoded = attribute.decode(data)
        json.dumps(decoded.to_json())
        if isinstance(decoded.value, Data):
            self.assertEqual(attribute.encode(decoded.value), data)

    def test_every_type_once(self) -> None:
        """
        Every attribute's type and every shape is one that can be read, and says itself the same way again.
        """
        for _, attribute in _attributes():
            self.assertEqual(kind(attribute.kind.text).text, attribute.kind.text)
            self.assertIn(attribute.access, {"read", "write", "read-write"})
        for name, shape in SHAPES.items():
            self.assertEqual(kind(name).text, kind(shape).text)
        for wrong in ("st{", "xx", "ar", "u8 u8", "st{a u8 b}", "u8|"):
            self.assertRaises(ValueError, kind, wrong)

    def test_scaler_unit(self) -> None:
        """
        A register's scaler_unit, with the unit's symbol (the reference's example).
        """
        data = from_json(
            {
                "type": "structure",
                "value": [{"type": "integer", "value": 1}, {"type": "enum", "value": 30}],
            }
        )
        attribute = interface_class(3).attribute("scaler_unit")
        self.assertEqual(attribute.decode(data).to_json(), {"scaler": 1, "unit": "Wh"})
        self.assertEqual(attribute.encode({"scaler": 1, "unit": "Wh"}).octets.hex(), "02020f01161e")

    def test_calendar_vectors(self) -> None:
        """
        The real calendar tables of an AS220 decode whole.
        """
        records = {one["id"]: one for one in load("profile.jsonl")}
        calendar = interface_class(20)
        week = calendar.attribute(4).decode(from_json(records["as220-week-profile"]["expected"]))
        self.assertEqual(week.notes, ())
        self.assertEqual((week.value[0]["monday"], week.value[0]["sunday"]), (1, 2))
        days = calendar.attribute("day_profile_table_active").decode(
            from_json(records["as220-day-profile"]["expected"])
        )
        self.assertEqual(days.notes, ())
        first = days.to_json()[0]
        self.assertEqual(first["day_id"], 2)
        self.assertEqual(
            first["day_schedule"][0],
            {
                "start_time": {"octets": "00000000", "text": "00:00:00"},
                "script_logical_name": "0-0:10.0.100.255",
                "script_selector": 0,
            },
        )

    def test_push_object_list(self) -> None:
        """
        The object list inside a real push decodes as that of Push setup version 0.
        """
        body = pushed("scs-lg-e360-unencrypted-valid-data-cfg2026-1").body
        tree: Any = body.tree()
        listed = from_json(tree["value"][0])
        decoded = interface_class(40, 0).attribute("push_object_list").decode(listed)
        self.assertEqual(decoded.notes, ())
        self.assertEqual(
            plain_form(decoded.value[1]),
            {
                "class_id": 1,
                "logical_name": "0-0:42.0.0.255",
                "attribute_index": 2,
                "data_index": 0,
            },
        )

    def test_misfit(self) -> None:
        """
        What does not fit is kept where it stands, and a note names the place.
        """
        attribute = interface_class(3).attribute(3)
        decoded = attribute.decode(build.structure(build.unsigned(1), build.null()))
        self.assertEqual(decoded.value["scaler"], 1)
        self.assertEqual(decoded.value["unit"], build.null())
        self.assertEqual(
            decoded.notes,
            (
                "scaler_unit.scaler: integer wanted, not unsigned",
                "scaler_unit.unit: en:unit wanted, not null-data",
            ),
        )
        whole = attribute.decode(build.unsigned(5))
        self.assertEqual(whole.value, build.unsigned(5))
        self.assertEqual(whole.to_json(), {"type": "unsigned", "value": 5})

    def test_labels(self) -> None:
        """
        Members have labels; a value without one is kept as its number.
        """
        attribute = interface_class(70).attribute("control_state")
        state = attribute.decode(build.enum(1)).value
        self.assertEqual((state, state.label, repr(state)), (1, "connected", "<1 connected>"))
        self.assertEqual(attribute.decode(build.enum(99)).to_json(), 99)
        self.assertEqual(attribute.encode("ready-for-reconnection"), build.enum(2))
        self.assertIn(
            "one of disconnected", str(self.assertRaises(EncodeError, attribute.encode, "half"))
        )

    def test_labels_differ(self) -> None:
        """
        No enumeration has a label twice, so that labels encode back.
        """
        for name, labels in ENUMERATIONS.items():
            self.assertEqual(len(set(labels.values())), len(labels), name)

    def test_times(self) -> None:
        """
        A clock's time is a date-time with its wildcards; ISO text, octets and hex encode.
        """
        attribute = interface_class(8).attribute("time")
        octets = bytes.fromhex("07E50713010F2E2300FF8880")
        value = attribute.decode(build.octet_string(octets)).value
        self.assertEqual(value, DateTime.from_octets(octets))
        for form in (value, octets, octets.hex(), {"octets": octets.hex()}):
            self.assertEqual(attribute.encode(form), build.octet_string(octets))
        again = attribute.decode(attribute.encode("2021-07-19T15:46:35+02:00")).value
        self.assertEqual(str(again), "2021-07-19T15:46:35+02:00")
        typed = attribute.decode(build.date_time(octets))
        self.assertEqual((typed.value.to_octets(), typed.notes), (octets, ()))
        self.assertEqual(attribute.encode(typed.to_json()), build.date_time(octets))

    def test_encode_refused(self) -> None:
        """
        What cannot be encoded is refused with the field's name.
        """
        for class_id, name, value, words in (
            (3, "scaler_unit", {"scaler": 1}, "scaler_unit.unit: missing"),
            (3, "scaler_unit", {"scaler": 1, "unit": 30, "x": 1}, "scaler_unit.x: no such field"),
            (3, "scaler_unit", {"scaler": 999, "unit": 30}, "scaler_unit.scaler"),
            (3, "scaler_unit", 5, "an object wanted"),
            (3, "value", 5, "value: a data tree wanted"),
            (7, "capture_objects", [{"class_id": 1}], "capture_objects[0].logical_name"),
            (7, "capture_objects", 5, "capture_objects: a list wanted"),
            (8, "time", "07E5", "12 octets wanted"),
            (8, "time", "xyz", "octets as hex wanted"),
            (8, "daylight_savings_enabled", 7, "true or false wanted"),
            (41, "IP_reference", "1-0:1.8", "IP_reference: OBIS group E"),
            (43, "MAC_address", "0g", "octets as hex wanted"),
            (62, "template_id", "1", "template_id"),
        ):
            attribute = interface_class(class_id).attribute(name)
            self.assertIn(words, str(self.assertRaises(EncodeError, attribute.encode, value)))

    def test_either(self) -> None:
        """
        Of several structures of as many fields it is the one that fits in all of them.
        """
        attribute = interface_class(40, 1).attribute("push_object_list")
        limits = {"from": 1, "to": 4}
        wanted = {
            "class_id": 7,
            "logical_name": "1-0:99.1.0.255",
            "attribute_index": 2,
            "data_index": 0,
            "restriction": {"restriction_type": 2, "restriction_value": limits},
        }
        decoded = attribute.decode(attribute.encode([wanted]))
        self.assertEqual(decoded.notes, ())
        self.assertEqual(decoded.value[0]["restriction"]["restriction_value"], limits)

    def test_method_without_parameter(self) -> None:
        """
        A method without a parameter takes the integer 0.
        """
        method = interface_class(70).method("remote_disconnect")
        self.assertEqual(method.parameter.encode(None, method.name), build.integer(0))


class UnknownTests(SynchronousTestCase):
    """
    Tests of what the tables do not have.
    """

    def test_unknown_class(self) -> None:
        """
        A class that is not known has a logical name; every attribute is usable by number.
        """
        unknown = interface_class(20012, 3)
        self.assertFalse(unknown.is_known)
        self.assertIsNone(class_name(20012))
        self.assertEqual(unknown.name, "class 20012")
        name = unknown.attribute(1).decode(build.octet_string(bytes(6)))
        self.assertEqual(name.value, Obis(0, 0, 0, 0, 0, 0))
        data = build.structure(build.unsigned(1))
        attribute = unknown.attribute(3)
        self.assertEqual(attribute.decode(data).value, data)
        self.assertEqual(attribute.encode(data.tree()), data)
        self.assertEqual(unknown.method(9).name, "method_9")

    def test_unknown_version(self) -> None:
        """
        A version that is not known has the attributes of the newest one.
        """
        newer = interface_class(3, 7)
        self.assertFalse(newer.is_known)
        self.assertEqual(newer.attribute(3).name, "scaler_unit")

    def test_names(self) -> None:
        """
        Attributes and methods are found by name in any case; a wrong name lists those that are.
        """
        clock = interface_class(8)
        self.assertEqual(clock.attribute("TIME_ZONE").number, 3)
        self.assertEqual(clock.method("Shift_Time").number, 6)
        error = self.assertRaises(ClassError, clock.attribute, "tiem")
        self.assertIn("time_zone", str(error))
        self.assertRaises(ClassError, clock.method, "tiem")

    def test_json(self) -> None:
        """
        A class prints itself with types, access and short names.
        """
        form = interface_class(3).to_json()
        self.assertEqual(form["class_id"], 3)
        self.assertEqual(
            form["attributes"][1],
            {
                "number": 2,
                "name": "value",
                "type": "any",
                "access": "read",
                "short_name": 8,
                "enumerations": {},
            },
        )
        self.assertEqual(form["methods"][0]["short_name"], 0x28)
        self.assertEqual(form["attributes"][2]["enumerations"]["unit"]["30"], "Wh")
