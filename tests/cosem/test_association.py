"""
Tests for L{dlms_twisted.cosem.association}, its JSON form and the access rights.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.cosem.access_rights import Rights, mode_of, rights_from_labels, rights_of
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.association_json import object_list_from_json
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import EncodeError
from tests.cosem.kind_data import fitting
from tests.schemas import check
from tests.vectors import load


def _entry(access: list[Data], methods: list[Data]) -> Data:
    return build.structure(
        build.long_unsigned(3),
        build.unsigned(0),
        build.octet_string(Obis.parse("1-0:1.8.0").octets),
        build.structure(build.array(*access), build.array(*methods)),
    )


def _right(number: int, mode: int) -> Data:
    return build.structure(build.integer(number), build.enum(mode), build.null())


class RightsTests(SynchronousTestCase):
    """
    Tests of access modes.
    """

    def test_modes(self) -> None:
        """
        What a mode means depends on the version (the reference's table).
        """
        for mode, version, wanted in (
            (0, 0, []),
            (1, 0, ["read"]),
            (3, 1, ["read", "write"]),
            (5, 2, ["write", "authenticated-request"]),
            (7, 2, []),
            (0x05, 3, ["read", "authenticated-request"]),
            (0xFF, 3, [str(one.name).lower().replace("_", "-") for one in Rights]),
        ):
            self.assertEqual(rights_of(mode, version).labels(), wanted, (mode, version))
        self.assertEqual(rights_of(1, 0, method=True).labels(method=True), ["access"])
        self.assertEqual(
            rights_of(2, 1, method=True).labels(method=True), ["access", "authenticated-request"]
        )

    def test_between_versions(self) -> None:
        """
        A mode is said in another version's words; version 0 knows no protection.
        """
        self.assertEqual(mode_of(4, 1, 3), 0x05)
        self.assertEqual(mode_of(0x0D, 3, 1), 4)
        self.assertEqual(mode_of(0x07, 3, 0), 3)
        self.assertEqual(mode_of(0x05, 3, 1, method=True), 2)
        self.assertEqual(mode_of(2, 2, 0, method=True), 1)
        for version in (0, 1, 2):
            for mode in range(4 if version == 0 else 7):
                self.assertEqual(mode_of(mode_of(mode, version, 3), 3, version), mode)

    def test_labels(self) -> None:
        """
        Labels give the rights back; a wrong word is named.
        """
        for bits in range(256):
            self.assertEqual(rights_from_labels(Rights(bits).labels()), Rights(bits))
        self.assertRaises(ValueError, rights_from_labels, ["reed"])


class LogicalNameTests(SynchronousTestCase):
    """
    Tests of object lists of Association LN.
    """

    def _vector(self, identifier: str) -> Data:
        [record] = [one for one in load("profile.jsonl") if one["id"] == identifier]
        return from_json(record["expected"])

    def test_vectors(self) -> None:
        """
        Two real lists of some 470 objects decode whole and encode back to their octets.
        """
        for identifier, count in (("elster-objectlist", 477), ("elster-wrongframe001", 470)):
            data = self._vector(identifier)
            listed = ObjectList.of_logical_names(data)
            self.assertEqual((len(listed), listed.others), (count, ()), identifier)
            self.assertEqual(listed.to_data(), data, identifier)
            form = json.loads(json.dumps(listed.to_json()))
            check("objects.json", form)
            self.assertEqual(object_list_from_json(form), listed, identifier)

    def test_names(self) -> None:
        """
        Objects have class and OBIS names, and rights per attribute and method.
        """
        listed = ObjectList.of_logical_names(self._vector("elster-objectlist"))
        clock = listed.find(Obis.parse("0-0:1.0.0"))
        assert clock is not None
        self.assertEqual((clock.interface_class.name, clock.name), ("Clock", "clock"))
        self.assertEqual(listed.rights(clock, 2), Rights.READ | Rights.WRITE)
        self.assertEqual(listed.rights(clock, 4), Rights.READ)
        self.assertEqual(listed.rights(clock, 77), Rights(0))
        self.assertEqual(listed.method_rights(clock, 1), Rights.READ)
        self.assertIsNone(listed.find(Obis.parse("0-0:1.0.0"), 7))
        self.assertIn(clock, listed.matching("0-*:1.0.*.255"))
        known = [one for one in listed if one.name is not None]
        self.assertGreater(len(known), 400)

    def test_versions(self) -> None:
        """
        The version is judged by the modes: truth values 0, bit masks 3.
        """
        for mode, method, version in (
            (3, build.boolean(True), 0),
            (3, build.enum(1), 1),
            (0x45, build.enum(1), 3),
        ):
            entry = _entry([_right(1, mode)], [build.structure(build.integer(1), method)])
            listed = ObjectList.of_logical_names(build.array(entry))
            self.assertEqual(listed.version, version)
            self.assertEqual(listed.to_data(), build.array(entry))
            self.assertEqual(
                interface_class(15, version).attribute(2).decode(build.array(entry)).notes, ()
            )

    def test_to_another_version(self) -> None:
        """
        A list can be said in the words of another version.
        """
        method = build.structure(build.integer(1), build.enum(2))
        listed = ObjectList.of_logical_names(build.array(_entry([_right(2, 4)], [method])), 1)
        newer = ObjectList.of_logical_names(listed.to_data(3), 3)
        [one] = newer
        self.assertEqual(newer.rights(one, 2), Rights.READ | Rights.AUTHENTICATED_REQUEST)
        oldest = listed.to_data(0).tree()["value"][0]["value"][3]["value"][1]["value"][0]  # type: ignore[index,call-overload]
        self.assertEqual(oldest["value"][1], {"type": "boolean", "value": True})  # type: ignore[index,call-overload]

    def test_other_entries(self) -> None:
        """
        An entry that is no object is kept in its place.
        """
        good = _entry([_right(1, 1)], [])
        doubled = _entry([_right(1, 1), _right(1, 3)], [])
        for bad in (
            build.null(),
            build.structure(build.unsigned(1)),
            doubled,
            _entry([build.null()], []),
        ):
            data = build.array(good, bad, good)
            listed = ObjectList.of_logical_names(data)
            self.assertEqual((len(listed), listed.others), (2, ((1, bad),)))
            self.assertEqual(listed.to_data(), data)
            self.assertEqual(object_list_from_json(listed.to_json()), listed)

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.data())
    def test_any(self, draw: st.DataObject) -> None:
        """
        What fits a version's type is an object list that encodes back; any Data is taken.
        """
        version = draw.draw(st.sampled_from([0, 1, 2, 3]))
        data = draw.draw(fitting(interface_class(15, version).attribute(2).kind))
        listed = ObjectList.of_logical_names(data, version)
        self.assertEqual(len(listed) + len(listed.others), len(data.values))  # type: ignore[arg-type]
        json.dumps(listed.to_json())
        other = draw.draw(fitting(interface_class(40, 1).attribute(2).kind))
        ObjectList.of_logical_names(other)
        ObjectList.of_short_names(other, other)


class ShortNameTests(SynchronousTestCase):
    """
    Tests of object lists of Association SN.
    """

    def test_list(self) -> None:
        """
        Base names, rights joined by them, short names of attributes; encoded back to the same octets.
        """
        row = build.structure(
            build.long_(0x2BC0),
            build.long_unsigned(8),
            build.unsigned(0),
            build.octet_string(Obis.parse("0-0:1.0.0").octets),
        )
        right = build.structure(
            build.long_(0x2BC0),
            build.array(_right(2, 3)),
            build.array(build.structure(build.integer(1), build.enum(1))),
        )
        data, rights = build.array(row, build.null()), build.array(right)
        listed = ObjectList.of_short_names(data, rights)
        [clock] = listed
        self.assertEqual((listed.referencing, listed.version), ("short-name", 2))
        self.assertEqual(clock.short_name(2), 0x2BC8)
        self.assertEqual(listed.rights(clock, 2), Rights.READ | Rights.WRITE)
        self.assertEqual(listed.to_data(), data)
        self.assertEqual(listed.rights_to_data(), rights)
        self.assertEqual(object_list_from_json(json.loads(json.dumps(listed.to_json()))), listed)
        without = ObjectList.of_short_names(data)
        self.assertEqual((without.version, dict(without.objects[0].attributes)), (0, {}))


class JSONTests(SynchronousTestCase):
    """
    Tests of the JSON form as people write it.
    """

    def test_by_hand(self) -> None:
        """
        A list written by hand: rights in words, values, no names.
        """
        form = {
            "association": {"version": 1},
            "objects": [
                {
                    "class_id": 3,
                    "logical_name": "1-0:1.8.0",
                    "attributes": [
                        {
                            "attribute": 2,
                            "access": ["read"],
                            "value": {"type": "unsigned", "value": 5},
                        },
                        {"attribute": 3, "value": {"type": "null-data", "value": None}},
                    ],
                    "methods": [{"method": 1, "access": ["access", "authenticated-request"]}],
                }
            ],
        }
        [one] = listed = object_list_from_json(form)
        self.assertEqual(listed.rights(one, 2), Rights.READ)
        self.assertEqual(one.values[2], build.unsigned(5))
        self.assertEqual(one.methods[1].mode, 2)
        self.assertEqual(one.with_value(4, build.null()).values[4], build.null())
        self.assertEqual(object_list_from_json(listed.to_json()), listed)

    def test_wrong(self) -> None:
        """
        Each mistake is named by its place.
        """
        good: dict[str, Any] = {"class_id": 3, "logical_name": "1-0:1.8.0"}
        for form, place in (
            (3, "object list"),
            ({"objects": 3}, "objects"),
            ({"objects": [{}]}, "objects[0].logical_name"),
            ({"objects": [{**good, "class_id": "3"}]}, "objects[0].class_id"),
            ({"objects": [{**good, "attributes": [{}]}]}, "objects[0].attributes[0].attribute"),
            (
                {"objects": [{**good, "attributes": [{"attribute": 2, "access": ["reed"]}]}]},
                "attributes[0].access",
            ),
            (
                {
                    "objects": [
                        {**good, "attributes": [{"attribute": 2, "mode": 1, "selectors": ["x"]}]}
                    ]
                },
                "selectors",
            ),
            (
                {"objects": [{**good, "attributes": [{"attribute": 2, "value": 5}]}]},
                "attributes[0].value",
            ),
            ({"objects": [{**good, "methods": [{"method": 1, "mode": 999}]}]}, "methods[0].mode"),
            ({"association": {"referencing": "no"}}, "association.referencing"),
            ({"association": {"version": 9}}, "association.version"),
            ({"others": [{"index": 0}]}, "others[0].data"),
        ):
            error = self.assertRaises(EncodeError, object_list_from_json, form)
            self.assertIn(place, str(error))
