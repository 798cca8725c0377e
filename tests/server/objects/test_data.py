"""
Tests for L{dlms_twisted.server.objects.data} and L{dlms_twisted.server.objects.sap}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.keys import key_epoch
from dlms_twisted.server.objects.data import DataObject
from tests.server.making import NOW, made


class DataTests(SynchronousTestCase):
    """
    Data shows what its logical name stands for, or what it is given.
    """

    def test_by_name(self) -> None:
        """
        Names, serial numbers, the invocation counter and the seconds since 1970 follow from the meter.
        """
        one = made(
            {"class": 1, "obis": "0-0:96.1.0"},
            {"class": "data", "obis": "1-0:0.0.0"},
            {"class": 1, "obis": "0-0:1.1.0"},
            {"class": 1, "obis": "0-0:43.1.0"},
            {"class": 1, "obis": "0-0:96.1.1", "shows": "system-title"},
            number=7,
        )
        serial = build.octet_string(b"SIM0000000007")
        self.assertEqual(one.object(1, "0-0:96.1.0").value(2), serial)
        self.assertEqual(one.object(1, "1-0:0.0.0").value(2), serial)
        now = build.double_long_unsigned(int(NOW))
        self.assertEqual(one.object(1, "0-0:1.1.0").value(2), now)
        name = build.octet_string(b"SIM0000000000007")
        self.assertEqual(one.object(1, "0-0:42.0.0").value(2), name)
        title = build.octet_string(b"SIM\0\0\0\0\7")
        self.assertEqual(one.object(1, "0-0:96.1.1").value(2), title)
        counter = one.object(1, "0-0:43.1.0")
        self.assertEqual(counter.value(2), build.double_long_unsigned(0))
        key = one.meter.keys.encryption_key or b""
        one.meter.counters.window(b"12345678", key_epoch(key)).accept(99)
        self.assertEqual(counter.value(2), build.double_long_unsigned(99))

    def test_given(self) -> None:
        """
        A value that is given, or written, is what it shows.
        """
        said = {"value": {"type": "visible-string", "value": "house 7"}}
        one = made({"class": 1, "obis": "0-0:96.1.0", "values": said})
        served = one.object(1, "0-0:96.1.0")
        self.assertEqual(served.value(2), build.visible_string("house 7"))
        rule = made({"class": 1, "obis": "0-0:96.1.0"}).object(1, "0-0:96.1.0")
        rule.put(2, build.octet_string(b"x"))
        self.assertEqual(rule.value(2), build.octet_string(b"x"))

    def test_rights(self) -> None:
        """
        What follows from the meter is not written; other values are.
        """
        one = made({"class": 1, "obis": "0-0:96.1.0"}, {"class": 1, "obis": "0-0:96.1.9"})
        device = one.meter.devices[0]
        rights = [
            device.rights(one.association(), one.object(1, name), 2)
            for name in ("0-0:96.1.0", "0-0:96.1.9")
        ]
        self.assertEqual(rights, [Rights.READ, Rights.READ | Rights.WRITE])

    def test_unknown(self) -> None:
        """
        What cannot be shown is refused when the meter is described.
        """
        error = self.assertRaises(ConfigurationError, DataObject, "0-0:96.1.0", shows="x")
        self.assertIn("serial-number", str(error))


class SapTests(SynchronousTestCase):
    """
    SAP assignment lists the logical devices.
    """

    def test_devices(self) -> None:
        """
        Each with its address and its name, that by rule or that it is given.
        """
        one = made(device=[{"sap": 17}, {"sap": 18, "name": "valve"}])
        names = [b"SIM0000000000001", b"SIM0000000000011", b"valve"]
        wanted = build.array(
            *[
                build.structure(build.long_unsigned(sap), build.octet_string(name))
                for sap, name in zip((1, 17, 18), names, strict=True)
            ]
        )
        self.assertEqual(one.object(17, "0-0:41.0.0").value(2), wanted)

    def test_given(self) -> None:
        """
        A real meter's list stays what it is.
        """
        values = {"SAP_assignment_list": [{"SAP": 5, "logical_device_name": "real"}]}
        one = made({"class": 17, "obis": "0-0:41.0.0", "values": values})
        row = build.structure(build.long_unsigned(5), build.octet_string(b"real"))
        self.assertEqual(one.object(17, "0-0:41.0.0").value(2), build.array(row))
