"""
Tests for L{dlms_twisted.server.saved}: a real meter's object list becomes a meter.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import from_json
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.server.described import AssociationDescription
from dlms_twisted.server.device import Device
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.saved import description_of_list, description_of_saved
from dlms_twisted.session.served import Caller, ServedAssociation
from tests.server.making import NOW
from tests.vectors import load

_CURRENT = Obis.parse("0-0:40.0.0").octets
_SAVED: dict[str, Any] = {
    "association": {"version": 1},
    "objects": [
        {
            "class_id": 3,
            "logical_name": "1-0:1.8.0",
            "attributes": [
                {"attribute": 1, "access": ["read"]},
                {
                    "attribute": 2,
                    "access": ["read"],
                    "value": {"type": "double-long", "value": 664010},
                },
                {"attribute": 3, "access": []},
            ],
            "methods": [{"method": 1, "access": ["access"]}],
        },
        {"class_id": 15, "version": 1, "logical_name": "0-0:40.0.0"},
        {
            "class_id": 9000,
            "logical_name": "0-0:99.0.0",
            "attributes": [
                {"attribute": -5, "access": ["read"], "value": {"type": "boolean", "value": True}}
            ],
        },
    ],
}


def _device(description: Any) -> tuple[Device, ServedAssociation]:
    clock = Clock()
    clock.advance(NOW)
    device = SimulatedMeter(description, clock=clock).devices[0]
    association = device.association(1)
    assert association is not None
    return device, association


class RealListTests(SynchronousTestCase):
    """
    Two real lists of some 470 objects.
    """

    def _lists(self) -> list[Data]:
        wanted = {"elster-objectlist", "elster-wrongframe001"}
        records = [one for one in load("profile.jsonl") if one["id"] in wanted]
        self.assertEqual(len(records), 2)
        return [from_json(one["expected"]) for one in records]

    def test_octets(self) -> None:
        """
        The meter's object list is that of the real one, octet by octet; also after it was saved and loaded.
        """
        for data in self._lists():
            listed = ObjectList.of_logical_names(data)
            form = json.loads(json.dumps(listed.to_json()))
            for description in (description_of_list(listed), description_of_saved(form)):
                device, association = _device(description)
                served = device.find(association, 15, _CURRENT)
                assert served is not None
                caller = Caller(association, 0.0, b"", association.policy)
                self.assertEqual(served.read(2, None, caller), data)

    def test_all_is_served(self) -> None:
        """
        Each object of the list is found, its rights are those listed, and each attribute that may be read has a value
        of its type.
        """
        for data in self._lists():
            listed = ObjectList.of_logical_names(data)
            device, association = _device(description_of_list(listed))
            caller = Caller(association, 0.0, b"", association.policy)
            read = 0
            for view in listed:
                served = device.find(association, view.class_id, view.logical_name.octets)
                assert served is not None, view
                for number in view.attributes:
                    rights = device.rights(association, served, number)
                    self.assertEqual(rights, listed.rights(view, number))
                    found = served.read(number, None, caller)
                    if isinstance(found, Data) and number in view.interface_class.attributes:
                        known = view.interface_class.attribute(number)
                        self.assertEqual(known.decode(found).notes, (), (view, number))
                        read += 1
                for number in view.methods:
                    rights = device.rights(association, served, number, method=True)
                    self.assertEqual(rights, listed.method_rights(view, number))
            self.assertGreater(read, 1000)


class SavedTests(SynchronousTestCase):
    """
    Lists with values, as they are saved.
    """

    def test_values(self) -> None:
        """
        Values are those saved, of whatever type; what is missing is the plainest; all can be written.
        """
        device, association = _device(description_of_saved(_SAVED))
        register = device.object(3, "1-0:1.8.0")
        assert register is not None
        self.assertEqual(register.value(2), from_json({"type": "double-long", "value": 664010}))
        self.assertEqual(register.value(3), build.structure(build.integer(0), build.enum(255)))
        self.assertEqual(register.assign(2, build.double_long(5)), DataAccessResult.SUCCESS)
        unknown = device.object(9000, "0-0:99.0.0")
        assert unknown is not None
        self.assertEqual(unknown.value(-5), build.boolean(True))
        self.assertEqual(device.rights(association, unknown, -5), 1)
        self.assertEqual(device.rights(association, unknown, -6), 0)

    def test_values_of_other_types(self) -> None:
        """
        An object whose saved values are not of the types of its class shows them and does nothing else; the clock runs
        whatever was saved of it.
        """
        rows = [
            {
                "class_id": class_id,
                "logical_name": name,
                "attributes": [{"attribute": 3, "value": {"type": "enum", "value": 77}}],
            }
            for class_id, name in ((70, "0-0:96.3.10"), (8, "0-0:1.0.0"))
        ]
        device, _ = _device(description_of_saved({"objects": rows}))
        breaker, clock = device.object(70, "0-0:96.3.10"), device.object(8, "0-0:1.0.0")
        assert breaker is not None and clock is not None
        self.assertIs(type(breaker), CosemObject)
        self.assertEqual(breaker.value(3), build.enum(77))
        self.assertEqual(clock.value(2), build.octet_string(device.meter.moment()))

    def test_rights_not_said(self) -> None:
        """
        An object whose rights the list does not say has those of its class.
        """
        device, association = _device(description_of_saved(_SAVED))
        served = device.find(association, 15, _CURRENT)
        assert served is not None
        self.assertEqual(device.rights(association, served, 2), 1)
        self.assertEqual(device.rights(association, served, 1, method=True), 1)
        self.assertEqual(device.rights(association, served, 99, method=True), 0)

    def test_associations(self) -> None:
        """
        Who may come is said beside; without it, public and management client without any security.
        """
        low = AssociationDescription(client=7, mechanism=Mechanism.LOW, secret=b"x")
        description = description_of_saved(_SAVED, [low])
        self.assertEqual(list(description.devices[0].by_client), [7])
        self.assertEqual(list(description_of_saved(_SAVED).devices[0].by_client), [16, 1])
        listed = description.devices[0].by_client[7].object_list
        self.assertEqual(
            listed.to_json(),
            description_of_saved(_SAVED).devices[0].by_client[1].object_list.to_json(),
        )

    def test_short_names(self) -> None:
        """
        A list by short names is served by them, with the base names of the real meter.
        """
        rows = [
            {"class_id": 12, "version": 2, "logical_name": "0-0:40.0.0", "base_name": -1536},
            {"class_id": 8, "logical_name": "0-0:1.0.0", "base_name": 0x2BC0},
        ]
        form = {"association": {"referencing": "short-name", "version": 2}, "objects": rows}
        device, association = _device(description_of_saved(form))
        self.assertTrue(association.short_names)
        found = device.short_name(association, 0x2BC8)
        assert found is not None
        self.assertEqual((found.served.class_id, found.member, found.is_method), (8, 2, False))
        method = device.short_name(association, 0x2BC0 + 0x60)
        assert method is not None
        self.assertEqual((method.member, method.is_method), (1, True))
        listed = device.short_name(association, 0xFA08)
        assert listed is not None
        caller = Caller(association, 0.0, b"", association.policy)
        data = listed.served.read(2, None, caller)
        assert isinstance(data, Data)
        self.assertEqual(
            [one.base_name for one in ObjectList.of_short_names(data)], [-1536, 0x2BC0]
        )

    def test_wrong(self) -> None:
        """
        What is no saved list is refused with the place.
        """
        for form, place in ((3, "object list"), ({"objects": [{}]}, "objects[0].logical_name")):
            error = self.assertRaises(ConfigurationError, description_of_saved, form, name="x.json")
            self.assertIn("x.json", str(error))
            self.assertIn(place, str(error))
