"""
Setups of links.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.described import ObjectDescription
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.link_setup import IPv4Setup, IPv6Setup, LinkSetup, MBusClient
from dlms_twisted.server.objects.registry import CLASSES, make_object

_NAME = "0-0:25.0.0.255"
_SERVED = [number for number, module in CLASSES.items() if module.startswith("link_setup:")]
_DONE = (ActionResult.SUCCESS, None)
_REFUSED = (ActionResult.OTHER_REASON, None)


def made(class_id: int, version: int | None = None) -> CosemObject:
    """
    @return: an object of that class, of which nothing is described.
    """
    known = interface_class(class_id, version)
    return make_object(
        ObjectDescription(
            class_id=class_id, version=known.version, logical_name=Obis.parse(_NAME).octets
        )
    )


class SettingsTests(SynchronousTestCase):
    """
    Values.
    """

    def test_every_attribute(self) -> None:
        """
        In every version of every class all attributes can be read, and are of their types.
        """
        for class_id in _SERVED:
            for version in interface_class(class_id).versions:
                one = made(class_id, version)
                for number, attribute in one.interface_class.attributes.items():
                    value = one.value(number)
                    if not isinstance(value, Data):
                        self.fail(f"{class_id} {version} {attribute.name}: {value}")
                    notes = attribute.decode(value).notes
                    self.assertEqual(notes, (), (class_id, version, attribute.name))

    def test_usual(self) -> None:
        """
        What nobody described is as it usually is.
        """
        self.assertEqual(made(41).value(2), build.long_unsigned(4059))
        self.assertEqual(made(23, 0).value(5), build.unsigned(128))
        self.assertEqual(made(23, 1).value(5), build.long_unsigned(128))

    def test_described(self) -> None:
        """
        What was described, or written, comes first.
        """
        setup = LinkSetup(_NAME, class_id=41, values={2: build.long_unsigned(61616)})
        self.assertEqual(setup.value(2), build.long_unsigned(61616))
        self.assertEqual(setup.assign(2, build.long_unsigned(1)), DataAccessResult.SUCCESS)
        self.assertEqual(setup.value(2), build.long_unsigned(1))
        self.assertTrue(setup.is_kept)

    def test_out_of_bounds(self) -> None:
        """
        What no link could do is not taken; what is of another type neither.
        """
        for class_id, attribute, good, bad in (
            (23, 3, build.unsigned(7), build.unsigned(8)),
            (23, 5, build.long_unsigned(2030), build.long_unsigned(2031)),
            (23, 2, build.enum(9), build.enum(10)),
            (41, 2, build.long_unsigned(1), build.long_unsigned(0)),
        ):
            setup = made(class_id)
            self.assertEqual(setup.assign(attribute, bad), DataAccessResult.OTHER_REASON)
            self.assertEqual(setup.assign(attribute, good), DataAccessResult.SUCCESS)
            wrong = build.octet_string(b"")
            self.assertEqual(setup.assign(attribute, wrong), DataAccessResult.TYPE_UNMATCHED)
            self.assertEqual(setup.value(attribute), good)


class AddressTests(SynchronousTestCase):
    """
    Lists of addresses.
    """

    def test_multicast(self) -> None:
        """
        Multicast addresses are added once, counted and deleted.
        """
        setup = IPv4Setup(_NAME)
        group = build.double_long_unsigned(0xE0000016)
        self.assertEqual(setup.act(1, group), _DONE)
        self.assertEqual(setup.act(1, group), _REFUSED)
        self.assertEqual(setup.act(1, build.double_long_unsigned(0xC0000201)), _REFUSED)
        self.assertEqual(
            setup.act(3, build.integer(0)), (ActionResult.SUCCESS, build.long_unsigned(1))
        )
        self.assertEqual(setup.value(4), build.array(group))
        self.assertEqual(setup.act(2, group), _DONE)
        self.assertEqual(setup.act(2, group), _REFUSED)
        self.assertEqual(setup.value(4), build.array())

    def test_not_without_end(self) -> None:
        """
        There is room for some.
        """
        setup = IPv4Setup(_NAME)
        groups = [build.double_long_unsigned(0xE0000000 + number) for number in range(20)]
        done = [setup.act(1, one)[0] for one in groups]
        self.assertEqual(done.count(ActionResult.SUCCESS), 16)

    def test_ipv6(self) -> None:
        """
        Addresses of each type are added and removed.
        """
        setup = IPv6Setup(_NAME)
        for kind, attribute in ((0, 4), (1, 5), (2, 6)):
            before = setup.value(attribute)
            added = build.structure(build.enum(kind), build.octet_string(bytes(15) + b"\x01"))
            self.assertEqual(setup.act(1, added), _DONE)
            self.assertEqual(setup.act(1, added), _REFUSED)
            self.assertNotEqual(setup.value(attribute), before)
            self.assertEqual(setup.act(2, added), _DONE)
            self.assertEqual(setup.act(2, added), _REFUSED)
            self.assertEqual(setup.value(attribute), before)

    def test_no_address(self) -> None:
        """
        What is none, or of no type, is refused.
        """
        setup = IPv6Setup(_NAME)
        for kind, octets in ((0, bytes(4)), (9, bytes(16))):
            wrong = build.structure(build.enum(kind), build.octet_string(octets))
            self.assertEqual(setup.act(1, wrong), _REFUSED)
            self.assertEqual(setup.act(2, wrong), _REFUSED)


class MBusTests(SynchronousTestCase):
    """
    The M-Bus client.
    """

    def test_install(self) -> None:
        """
        Only where there is no slave one can be installed, and only where there is one it answers.
        """
        client = MBusClient(_NAME)
        self.assertEqual(client.act(1, build.unsigned(2)), _REFUSED)
        self.assertEqual(client.act(2, build.integer(0)), _DONE)
        for method in (2, 3, 5):
            self.assertEqual(client.act(method, build.integer(0)), _REFUSED)
        self.assertEqual(client.act(1, build.unsigned(251)), _REFUSED)
        self.assertEqual(client.act(1, build.unsigned(2)), _DONE)
        self.assertEqual(client.value(5), build.unsigned(2))
        self.assertEqual(client.act(3, build.integer(0)), _DONE)
        self.assertEqual(client.act(6, build.array()), _DONE)
        self.assertEqual(client.value(10), build.unsigned(2))

    def test_access_number(self) -> None:
        """
        It goes round.
        """
        client = MBusClient(_NAME, values={10: build.unsigned(255)})
        client.act(3)
        self.assertEqual(client.value(10), build.unsigned(0))

    def test_alarm(self) -> None:
        """
        It can be reset.
        """
        client = MBusClient(_NAME, values={12: build.unsigned(4)})
        self.assertEqual(client.act(4, build.integer(0)), _DONE)
        self.assertEqual(client.value(12), build.unsigned(0))

    def test_keys(self) -> None:
        """
        No key, set, in use after the transfer; deinstalled, there is none again.
        """
        client = MBusClient(_NAME)
        key = build.octet_string(bytes(16))
        self.assertEqual(client.act(7, build.octet_string(bytes(5))), _REFUSED)
        states = [client.value(14)]
        for method, parameter in ((7, key), (8, key), (2, build.integer(0))):
            self.assertEqual(client.act(method, parameter), _DONE)
            states.append(client.value(14))
        self.assertEqual(states, [build.enum(one) for one in (0, 1, 4, 0)])
        self.assertEqual(client.act(8, key), _REFUSED)

    def test_key_off(self) -> None:
        """
        An empty key switches encryption off.
        """
        client = MBusClient(_NAME)
        client.act(7, build.octet_string(bytes(16)))
        self.assertEqual(client.act(7, build.octet_string(b"")), _DONE)
        self.assertEqual(client.value(14), build.enum(0))

    def test_version_0(self) -> None:
        """
        It has no status of keys.
        """
        client = MBusClient(_NAME, version=0)
        self.assertEqual(client.act(7, build.octet_string(bytes(16))), _DONE)
        self.assertEqual(client.value(14), DataAccessResult.OBJECT_UNDEFINED)
