"""
Tests for L{dlms_twisted.server.objects.association}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.association import AssociationLN
from dlms_twisted.server.objects.association_sn import AssociationSN
from tests.server.making import Made, caller, made

_CURRENT = Obis.parse("0-0:40.0.0").octets
_CLOCK = {"class": 8, "obis": "0-0:1.0.0"}
_REGISTER = {"class": 3, "obis": "1-0:1.8.0"}


def _made(*associations: dict[str, Any]) -> Made:
    return made(_CLOCK, _REGISTER, association=list(associations))


def _of(one: Made, client: int) -> Any:
    device = one.meter.devices[0]
    association = one.association(client)
    found = device.find(association, 12 if association.short_names else 15, _CURRENT)
    assert isinstance(found, (AssociationLN, AssociationSN))
    return found


def _data(found: Data | DataAccessResult) -> Data:
    assert isinstance(found, Data), found
    return found


class LogicalNameTests(SynchronousTestCase):
    """
    Association LN.
    """

    def test_list_in_each_version(self) -> None:
        """
        The object list says the rights that the session enforces, in the words of each version.
        """
        for version in range(4):
            one = _made({"client": 1, "version": version}, {"client": 16, "writes": False})
            device = one.meter.devices[0]
            served = _of(one, 1)
            self.assertEqual(served.version, version)
            data = _data(served.value(2))
            self.assertEqual(served.interface_class.attribute(2).decode(data).notes, ())
            listed = ObjectList.of_logical_names(data, version)
            self.assertEqual(listed.to_data(), data)
            self.assertEqual(listed.others, ())
            for view in listed:
                found = device.find(one.association(), view.class_id, view.logical_name.octets)
                assert found is not None
                for number in view.attributes:
                    rights = device.rights(one.association(), found, number)
                    self.assertEqual(listed.rights(view, number), rights)
                for number in view.methods:
                    rights = device.rights(one.association(), found, number, method=True)
                    self.assertEqual(listed.method_rights(view, number), rights)

    def test_each_sees_its_own(self) -> None:
        """
        The current association is that of the client who asks; by number they are all there.
        """
        public = {"client": 16, "objects": ["0-0:1.0.0"], "writes": False}
        one = _made({"client": 1}, public)
        names = [
            [str(view.logical_name) for view in ObjectList.of_logical_names(_of(one, n).value(2))]
            for n in (1, 16)
        ]
        self.assertIn("1-0:1.8.0.255", names[0])
        self.assertEqual(names[1], ["0-0:40.0.0.255", "0-0:1.0.0.255"])
        self.assertEqual(_of(one, 16).value(3).values, (16, 1))
        self.assertEqual(one.object(15, "0-0:40.0.2").value(3), _of(one, 16).value(3))
        device = one.meter.devices[0]
        by_number = device.find(one.association(1), 15, Obis.parse("0-0:40.0.2").octets)
        self.assertIs(by_number, one.object(15, "0-0:40.0.2"))

    def test_selected(self) -> None:
        """
        The list without rights, by class, and by name; other selectors are out of scope.
        """
        one = _made({"client": 1})
        served = _of(one, 1)
        name = build.structure(
            build.long_unsigned(3), build.octet_string(Obis.parse("1-0:1.8.0").octets)
        )
        for selector, parameters, count, rights in (
            (1, build.null(), 6, False),
            (2, build.array(build.long_unsigned(8), build.long_unsigned(3)), 2, False),
            (3, build.array(name), 1, True),
            (4, name, 1, True),
        ):
            selection = SelectiveAccess(access_selector=selector, access_parameters=parameters)
            listed = ObjectList.of_logical_names(_data(served.value(2, selection)))
            self.assertEqual(len(listed), count, selector)
            self.assertEqual(bool(listed.objects[0].attributes), rights)
        for selector, wanted in (
            (2, DataAccessResult.TYPE_UNMATCHED),
            (3, DataAccessResult.TYPE_UNMATCHED),
            (9, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        ):
            selection = SelectiveAccess(access_selector=selector, access_parameters=build.null())
            self.assertEqual(served.value(2, selection), wanted)

    def test_what_it_says(self) -> None:
        """
        Partners, context, mechanism and state are those of the association; the secret is not shown.
        """
        one = _made({"client": 200, "authentication": "gmac", "version": 2})
        served = _of(one, 200)
        self.assertEqual(served.value(3).values, (200 - 256, 1))
        self.assertEqual(served.value(4).values.hex(), "60857405080103")
        self.assertEqual(served.value(6).values.hex(), "60857405080205")
        self.assertEqual(served.value(7), DataAccessResult.READ_WRITE_DENIED)
        self.assertEqual(served.value(9).values, Obis.parse("0-0:43.0.0").octets)
        self.assertEqual(served.value(8), build.enum(0))
        device = one.meter.devices[0]
        device.associated(one.association(200), caller(one, 200))
        self.assertEqual(served.value(8), build.enum(2))
        device.released(one.association(200))
        self.assertEqual(served.value(8), build.enum(0))

    def test_structures_of_a_real_meter(self) -> None:
        """
        Names are structures where the real meter's were.
        """
        context = dict.fromkeys(("joint_iso_ctt", "country", "organization", "dlms_ua"), 0)
        context |= {"country_name": 0, "context": 0, "context_id": 0}
        values = {"application_context_name": context}
        one = made({"class": 15, "version": 1, "obis": "0-0:40.0.0", "values": values})
        self.assertEqual(_of(one, 1).value(4).values, (2, 16, 756, 5, 8, 1, 1))

    def test_secret(self) -> None:
        """
        A new secret holds from the next association on; without a mechanism there is none.
        """
        one = _made({"client": 1, "authentication": "low", "password": "old"}, {"client": 16})
        self.assertEqual(one.association().secret, b"old")
        self.assertEqual(_of(one, 1).assign(7, build.octet_string(b"new")), 0)
        self.assertEqual(one.association().secret, b"new")
        self.assertEqual(_of(one, 1).act(2, build.octet_string(b"newer"))[0], 0)
        self.assertEqual(one.association().secret, b"newer")
        result = _of(one, 16).assign(7, build.octet_string(b"x"))
        self.assertEqual(result, DataAccessResult.OTHER_REASON)

    def test_users(self) -> None:
        """
        Users are added, renamed and removed.
        """
        served = _of(_made({"client": 1, "version": 2}), 1)
        one, other = (
            build.structure(build.unsigned(n), build.visible_string(name))
            for n, name in ((1, "anna"), (2, "berta"))
        )
        renamed = build.structure(build.unsigned(1), build.visible_string("carla"))
        for method, user in ((5, one), (5, other), (5, renamed), (6, other)):
            self.assertEqual(served.act(method, user), (ActionResult.SUCCESS, None))
        self.assertEqual(served.value(10), build.array(renamed))
        self.assertEqual(served.act(6, other)[0], ActionResult.OTHER_REASON)


class ShortNameTests(SynchronousTestCase):
    """
    Association SN.
    """

    def _short(self) -> Made:
        public = {"client": 16, "short_names": True, "writes": False, "objects": ["0-0:1.0.0"]}
        return _made({"client": 1, "short_names": True}, public)

    def test_list(self) -> None:
        """
        Each object has a base name, by which its attributes and methods are found; the rights belong to them.
        """
        one = self._short()
        device = one.meter.devices[0]
        association = one.association()
        served = _of(one, 1)
        rights = _data(served.value(3))
        self.assertEqual(served.interface_class.attribute(3).decode(rights).notes, ())
        listed = ObjectList.of_short_names(_data(served.value(2)), rights, 2)
        self.assertEqual(len(listed), 5)
        for view in listed:
            for number in view.interface_class.attributes:
                found = device.short_name(association, (view.short_name(number) or 0) & 0xFFFF)
                assert found is not None
                self.assertEqual((found.served.class_id, found.member), (view.class_id, number))
                self.assertFalse(found.is_method)
                self.assertEqual(
                    listed.rights(view, number), device.rights(association, found.served, number)
                )
            for number, method in view.interface_class.methods.items():
                if method.short_name is None or view.base_name is None:
                    continue
                found = device.short_name(association, view.base_name + method.short_name & 0xFFFF)
                assert found is not None
                self.assertEqual((found.member, found.is_method), (number, True))

    def test_reserved(self) -> None:
        """
        The association itself is at FA00, the name of the device at FD00; other names stand for nothing.
        """
        one = self._short()
        device, association = one.meter.devices[0], one.association()
        found = [device.short_name(association, name) for name in (0xFA08, 0xFD08, 0, 0x0103)]
        classes = [None if one is None else (one.served.class_id, one.member) for one in found]
        self.assertEqual(classes, [(12, 2), (1, 2), None, None])

    def test_by_class_and_name(self) -> None:
        """
        The obsolete methods give parts of the list.
        """
        served = _of(self._short(), 1)
        for method, parameter in (
            (1, build.long_unsigned(8)),
            (2, build.octet_string(Obis.parse("0-0:1.0.0").octets)),
        ):
            result, data = served.act(method, parameter)
            self.assertEqual(result, ActionResult.SUCCESS)
            [view] = ObjectList.of_short_names(data)
            self.assertEqual(view.class_id, 8)

    def _read(self, one: Made, client: int, *wanted: tuple[int, str, int]) -> Any:
        rows = [
            build.structure(
                build.long_unsigned(class_id),
                build.octet_string(Obis.parse(name).octets),
                build.integer(attribute),
            )
            for class_id, name, attribute in wanted
        ]
        return _of(one, client).invoke(3, build.array(*rows), caller(one, client))

    def test_read_by_logicalname(self) -> None:
        """
        Attributes are read by logical names, as far as the client may.
        """
        one = self._short()
        result, data = self._read(one, 1, (8, "0-0:1.0.0", 3), (1, "0-0:42.0.0", 2))
        self.assertEqual(result, ActionResult.SUCCESS)
        self.assertEqual(data.values, (0, b"SIM0000000000001"))
        result, data = self._read(one, 16, (1, "0-0:42.0.0", 2))
        self.assertEqual((result, data), (ActionResult.OBJECT_UNDEFINED, None))
        result, data = self._read(one, 16, (8, "0-0:1.0.0", 99))
        self.assertEqual(result, ActionResult.READ_WRITE_DENIED)
        wrong = _of(one, 1).invoke(3, build.unsigned(1), caller(one))
        self.assertEqual(wrong, (ActionResult.TYPE_UNMATCHED, None))

    def test_secret(self) -> None:
        """
        A new secret holds from the next association on.
        """
        said = {"client": 1, "short_names": True, "authentication": "md5", "secret": "0102"}
        one = _made(said)
        for method in (5, 6):
            secret = build.octet_string(bytes((method,)) * 8)
            self.assertEqual(_of(one, 1).invoke(method, secret, caller(one))[0], 0)
            self.assertEqual(one.association().secret, bytes((method,)) * 8)

    def test_rights_of_version_4(self) -> None:
        """
        Bit masks, in version 4.
        """
        one = _made({"client": 1, "short_names": True, "version": 4})
        served = _of(one, 1)
        listed = ObjectList.of_short_names(served.value(2), served.value(3), 4)
        view = listed.find(Obis.parse("0-0:1.0.0"))
        assert view is not None
        self.assertEqual(listed.rights(view, 2), Rights.READ | Rights.WRITE)
