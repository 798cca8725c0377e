"""
Tests for L{dlms_twisted.server.description_toml} and what it reads: objects, associations, values.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.policy import Policy
from dlms_twisted.server.description_toml import (
    READY,
    description_from,
    load_description,
    ready_description,
)
from dlms_twisted.server.meter import SimulatedMeter
from tests.server.making import NOW, made

_REGISTER = {"class": 3, "obis": "1-0:1.8.0"}


class ReadyTests(SynchronousTestCase):
    """
    The meters that come with the package.
    """

    def test_all_is_served(self) -> None:
        """
        Of each, every client reads every attribute that it may, of the type of its table; the object list is whole.
        """
        for name in READY:
            clock = Clock()
            clock.advance(NOW)
            meter = SimulatedMeter(ready_description(name), clock=clock)
            for device in meter.devices:
                for client in device.description.by_client:
                    self._serve(device, client)

    def _serve(self, device: Any, client: int) -> None:
        association = device.association(client)
        listed = device.view(client).object_list
        self.assertEqual(ObjectList.of_logical_names(listed.to_data(), listed.version), listed)
        read = 0
        for view in listed:
            served = device.find(association, view.class_id, view.logical_name.octets)
            for number in view.attributes:
                if Rights.READ not in device.rights(association, served, number):
                    continue
                found = served.value(number)
                self.assertIsInstance(found, Data, (view, number))
                known = view.interface_class.attribute(number)
                self.assertEqual(known.decode(found).notes, (), (view, number))
                read += 1
        self.assertGreater(read, 10)

    def test_what_they_are(self) -> None:
        """
        The public client sees little and writes nothing; the management client must cipher.
        """
        for name in READY:
            device = ready_description(name).devices[0]
            public, management = device.by_client[16], device.by_client[1]
            self.assertLess(len(public.objects), len(management.objects))
            self.assertFalse(public.plan.writes)
            self.assertEqual(management.plan.security, Policy.AUTHENTICATED_ENCRYPTED)
            self.assertEqual(ready_description(name).name, name)

    def test_loading(self) -> None:
        """
        They are loaded by name, once.
        """
        self.assertIs(load_description("pv"), ready_description("pv"))
        error = self.assertRaises(ConfigurationError, ready_description, "house")
        self.assertIn("household", str(error))


class ObjectTests(SynchronousTestCase):
    """
    Objects as the description says them.
    """

    def test_values(self) -> None:
        """
        Values are said by name or number, in the words of the table, or as a data tree.
        """
        one = made(
            {
                **_REGISTER,
                "values": {
                    "2": {"type": "long-unsigned", "value": 7},
                    "scaler_unit": {"scaler": -3, "unit": "Wh"},
                },
            }
        )
        register = one.object(3, "1-0:1.8.0")
        self.assertEqual(register.value(2), build.long_unsigned(7))
        self.assertEqual(register.value(3), build.structure(build.integer(-3), build.enum(30)))

    def test_references(self) -> None:
        """
        Captured objects are said as class, name, attribute and index; what is not said is the plainest.
        """
        captured = ["8/0-0:1.0.0/2", "Register/1-0:1.8.0/value/1"]
        profile = {"class": 7, "obis": "1-0:99.1.0", "values": {"capture_objects": captured}}
        rows = [
            [one["class_id"], str(one["logical_name"]), one["attribute_index"], one["data_index"]]
            for one in made(profile).object(7, "1-0:99.1.0").meaning(3)
        ]
        self.assertEqual(rows, [[8, "0-0:1.0.0.255", 2, 0], [3, "1-0:1.8.0.255", 2, 1]])
        push = {"class": 40, "version": 1, "obis": "0-0:25.9.0"}
        values = {"push_object_list": ["1/0-0:42.0.0/2"]}
        [pushed] = made({**push, "values": values}).object(40, "0-0:25.9.0").meaning(2)
        self.assertEqual(pushed["restriction"]["restriction_type"], 0)

    def test_classes_and_versions(self) -> None:
        """
        A class is said by number or name; without a version it is the one that we do best, or the newest.
        """
        for said, version in ((("Clock", None), 0), ((15, 3), 3), (("security setup", None), 1)):
            named = {"class": said[0], "obis": "0-0:66.0.0"}
            if said[1] is not None:
                named["version"] = said[1]
            [plan] = [
                one
                for one in description_from({"object": [named]}).devices[0].objects
                if one.logical_name == Obis.parse("0-0:66.0.0").octets
            ]
            self.assertEqual(plan.version, version, said)

    def test_access(self) -> None:
        """
        Rights that are said go before those of the class.
        """
        one = made({**_REGISTER, "access": {"value": "read-write", "3": "none"}})
        device = one.meter.devices[0]
        register = one.object(3, "1-0:1.8.0")
        rights = [device.rights(one.association(), register, number) for number in (1, 2, 3)]
        self.assertEqual(rights, [Rights.READ, Rights.READ | Rights.WRITE, Rights(0)])

    def test_what_every_meter_has(self) -> None:
        """
        Associations, names and counters need not be said; what is said stays.
        """
        name = {"class": 1, "obis": "0-0:42.0.0", "shows": "serial-number"}
        plain = made(name)
        keys = [str(one) for one in plain.meter.description.devices[0].objects]
        wanted = ["15/0-0:40.0.0.255", "15/0-0:40.0.1.255", "17/0-0:41.0.0.255"]
        self.assertEqual(keys, [*wanted, "1/0-0:42.0.0.255"])
        self.assertEqual(plain.object(1, "0-0:42.0.0").value(2), plain_serial())
        secure = made(association=[{"client": 1, "security": "both"}])
        self.assertIsNotNone(secure.object(64, "0-0:43.0.0"))
        self.assertIsNotNone(secure.object(1, "0-0:43.1.0"))


def plain_serial() -> Data:
    """
    @return: what the first meter's serial number is.
    """
    return build.octet_string(b"SIM0000000001")


class AssociationTests(SynchronousTestCase):
    """
    Associations as the description says them.
    """

    def test_all(self) -> None:
        """
        Everything that can be said of one.
        """
        said = {
            "client": 2,
            "name": "reading",
            "authentication": "sha256",
            "secret": "0102030405060708",
            "security": "encrypted",
            "answers": "authenticated",
            "version": 2,
            "max_pdu": 500,
            "conformance": ["get", "block-transfer-with-get-or-read"],
            "objects": ["1-*:*.8.*"],
            "writes": False,
            "authentication_timeout": 5,
            "client_title": "434C49454E543031",
            "client_signing_key": "11" * 64,
        }
        one = made(_REGISTER, {"class": 8, "obis": "0-0:1.0.0"}, association=[said])
        served = one.association(2)
        self.assertEqual(served.mechanism, Mechanism.SHA256)
        self.assertEqual(served.secret, bytes(range(1, 9)))
        self.assertEqual((served.policy, served.answers), (Policy.ENCRYPTED, Policy.AUTHENTICATED))
        self.assertEqual((served.ciphered, served.max_receive), (True, 500))
        block = Conformance.GET | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
        self.assertEqual(served.conformance, block)
        self.assertEqual(served.authentication_timeout, 5)
        device = one.meter.devices[0]
        names = [str(view.logical_name) for view in device.description.by_client[2].object_list]
        self.assertEqual(names, ["0-0:40.0.0.255", "1-0:1.8.0.255"])
        keys = device.keys(served)
        self.assertEqual((keys.system_title, keys.signing_public_key), (b"CLIENT01", b"\x11" * 64))
        self.assertNotIn("0102", repr(device.description.associations[0]))

    def test_defaults(self) -> None:
        """
        With a client alone there is no security, and everything is seen and written.
        """
        served = made(_REGISTER).association()
        self.assertEqual(
            (served.mechanism, served.policy, served.ciphered), (0, Policy.NONE, False)
        )
        self.assertEqual(
            made(association=[{"client": 1, "password": "x"}]).association().secret, b"x"
        )


class FileTests(SynchronousTestCase):
    """
    Files, and what they name.
    """

    def _write(self, name: str, text: str) -> Path:
        folder = Path(self.mktemp())
        folder.mkdir()
        path = folder / name
        path.write_text(text, "utf-8")
        return path

    def test_toml(self) -> None:
        """
        A file of one's own, with more than one logical device.
        """
        text = """
        name = "mine"
        maker = "ABC"
        [[association]]
        client = 1
        [[device]]
        sap = 17
        name = "valve"
        [[device.association]]
        client = 5
        [[device.object]]
        class = 70
        obis = "0-0:96.3.10"
        """
        description = load_description(self._write("meter.toml", text))
        self.assertEqual([one.sap for one in description.devices], [1, 17])
        valve = SimulatedMeter(description, clock=Clock()).device(17)
        assert valve is not None
        self.assertEqual((valve.name, valve.title), ("valve", b"ABC\0\0\0\0\1"))
        self.assertIsNotNone(valve.object(70, "0-0:96.3.10"))
        self.assertIsNone(valve.object(17, "0-0:41.0.0"))

    def test_saved_list(self) -> None:
        """
        A list that was saved is a meter, and can be a part of a description that says who may come.
        """
        row = {
            "class_id": 3,
            "logical_name": "1-0:1.8.0",
            "attributes": [{"attribute": 2, "access": ["read"]}],
        }
        saved = self._write("real.json", json.dumps({"objects": [row]}))
        self.assertEqual(len(load_description(saved).devices[0].objects), 1)
        path = saved.with_name("meter.toml")
        path.write_text(
            'objects_from = "real.json"\n[[association]]\nclient = 9\nsecurity = "both"\n'
            '[load.main]\nkind = "pv"\n'
            '[[object]]\nclass = 3\nobis = "1-0:1.8.0"\nquantity = "export-energy"\n'
        )
        device = load_description(path).devices[0]
        [plan] = device.objects
        self.assertEqual(plan.options, {"quantity": "export-energy"})
        self.assertEqual(len(device.by_client[9].object_list), 1)

    def test_what_cannot_be_read(self) -> None:
        """
        One line that names the file.
        """
        for path in (
            Path("absent.toml"),
            self._write("bad.json", "{"),
            self._write("bad.toml", "a ="),
            self._write("gone.toml", 'objects_from = "gone.json"'),
            self._write("list.json", "3"),
        ):
            error = self.assertRaises(ConfigurationError, load_description, path)
            self.assertIn(path.stem, str(error))
            self.assertNotIn("\n", str(error))


class WrongTests(SynchronousTestCase):
    """
    Each mistake is named by its dotted key.
    """

    def test_places(self) -> None:
        """
        Keys of the meter, of its loads, associations, objects and values.
        """
        for said, place in (
            ({"maker": "sim"}, "maker"),
            ({"suite": 3}, "suite"),
            ({"system_title": "00"}, "system_title"),
            ({"nam": "x"}, "nam: unknown key (did you mean name?)"),
            ({"keys": {"encryption_key": "00"}}, "keys.encryption_key"),
            ({"keys": {"kek": "00"}}, "keys.kek"),
            ({"load": {"main": 3}}, "load.main"),
            ({"load": {"main": {"kind": "x"}}}, "load.main.kind"),
            ({"load": {"main": {"kin": "x"}}}, "load.main.kin"),
            ({"objects_from": "x.json"}, "objects_from"),
            ({"device": [{}]}, "device[0].sap"),
            ({"device": [{"sap": 5}, {"sap": 5}]}, "device"),
            ({"association": [{}]}, "association[0].client"),
            ({"association": [{"client": 1}, {"client": 1}]}, "association"),
            *(
                (
                    ({"association": [{"client": 1, key: value}]}, f"association[0].{place}")
                    for key, value, place in (
                        ("authentication", "hls", "authentication"),
                        ("security", "x", "security"),
                        ("secret", "xy", "secret"),
                        ("version", 5, "version"),
                        ("objects", ["1-0"], "objects[0]"),
                        ("conformance", ["got"], "conformance[0]"),
                        ("max_pdu", 3, "max_pdu"),
                        ("cypher", True, "cypher"),
                    )
                )
            ),
            (
                {"association": [{"client": 1, "security": "both", "ciphered": False}]},
                "association[0].ciphered",
            ),
            (
                {"association": [{"client": 1, "password": "x", "secret": "00"}]},
                "association[0].secret",
            ),
        ):
            error = self.assertRaises(ConfigurationError, description_from, said)
            self.assertIn(f"description: {place}", str(error))

    def test_objects(self) -> None:
        """
        Mistakes in objects, down to the field of a value.
        """
        for said, place in (
            ({}, "class"),
            ({"class": "Regster"}, "class"),
            ({"class": 3}, "obis"),
            ({"class": 3, "obis": "x"}, "obis"),
            ({**_REGISTER, "version": 999}, "version"),
            ({**_REGISTER, "values": {"valu": 3}}, "values.valu"),
            ({**_REGISTER, "values": {"value": 3}}, "values.value"),
            ({**_REGISTER, "values": {"3": {"scaler": 1}}}, "values.3: scaler_unit.unit"),
            (
                {**_REGISTER, "values": {"scaler_unit": {"scaler": 1, "unit": "Wx"}}},
                "values.scaler_unit.unit",
            ),
            ({**_REGISTER, "access": {"value": "all"}}, "access.value"),
            ({**_REGISTER, "access": {"valu": "read"}}, "access.valu"),
            ({**_REGISTER, "quantity": "energy", "type": "x"}, "type"),
            ({**_REGISTER, "quantit": "energy"}, "quantit: unknown key (did you mean quantity?)"),
            ({"class": 1, "obis": "0-0:96.1.0", "shows": "x"}, "shows"),
            ({"class": 7, "obis": "1-0:99.1.0", "values": {"3": ["8/x/2"]}}, "values.3"),
            ({"class": 7, "obis": "1-0:99.1.0", "values": {"3": ["8"]}}, "values.3"),
        ):
            error = self.assertRaises(ConfigurationError, description_from, {"object": [said]})
            self.assertIn(f"description: object[0].{place}", str(error))

    def test_measured(self) -> None:
        """
        A load that is not there, and what no load measures.
        """
        loads: dict[str, Any] = {"main": {}}
        for register, load, place in (
            ({**_REGISTER, "quantity": "energy"}, {}, "load"),
            ({**_REGISTER, "quantity": "heat"}, loads, "quantity"),
            ({**_REGISTER, "quantity": "energy", "load": "x"}, loads, "load"),
        ):
            document = {"object": [register], "load": load}
            error = self.assertRaises(ConfigurationError, description_from, document)
            self.assertIn(f"3/1-0:1.8.0.255: {place}", str(error))

    def test_maximum(self) -> None:
        """
        The highest average of what is no demand register.
        """
        for name in ("1-0:1.8.0", "1-0:1.6.0", "x"):
            maximum = {"class": 4, "obis": "1-0:1.6.0", "maximum_of": name}
            document = {"object": [_REGISTER, maximum]}
            error = self.assertRaises(ConfigurationError, description_from, document)
            self.assertIn("4/1-0:1.6.0.255: maximum_of", str(error))

    def test_twice(self) -> None:
        """
        No object is described twice.
        """
        document = {"object": [_REGISTER, _REGISTER]}
        error = self.assertRaises(ConfigurationError, description_from, document)
        self.assertIn("object[1].obis", str(error))
