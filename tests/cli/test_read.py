"""
Tests of C{dlms read}, C{dlms set} and C{dlms action}, and of what all commands that talk to a meter have in common.
"""

from __future__ import annotations

import json

from dlms_twisted.keys.counters import TransmitCounters
from dlms_twisted.security.keys import key_epoch
from dlms_twisted.testing import Fault
from tests.cli.meter_program import MANAGEMENT, METER, MeterProgramCase
from tests.schemas import check

_ENERGY = "1-0:1.8.0.255"
_SERIAL = "0-0:96.1.0.255"
_TARIFF = "1/0-0:96.14.0.255/2"


class ReadTests(MeterProgramCase):
    """
    Tests of reading.
    """

    def test_several(self) -> None:
        """
        Several attributes, with unit and name; as JSON, one object each.
        """
        printed = self.good("read", METER, _ENERGY, _SERIAL, "8/0-0:1.0.0.255/3", *MANAGEMENT)
        energy, serial, zone = printed.splitlines()
        self.assertRegex(energy, r"^1-0:1\.8\.0\.255  active energy import  \d+ Wh$")
        self.assertTrue(serial.endswith("SIM0000000001"))
        self.assertTrue(zone.endswith("  -60"))
        lines = self.good("read", METER, _ENERGY, _SERIAL, "--json", *MANAGEMENT).splitlines()
        for line in lines:
            check("value.json", json.loads(line))
        self.assertEqual([json.loads(line)["obis"] for line in lines], [_ENERGY, _SERIAL])

    def test_public(self) -> None:
        """
        The public client needs no keys; over HDLC it is the same.
        """
        for framing in ("wrapper", "hdlc"):
            printed = self.good("read", METER, _SERIAL, "--framing", framing, env={})
            self.assertIn("SIM0000000001", printed)

    def test_refused(self) -> None:
        """
        What is refused is said in a line, the rest is read, and the exit code is 1.
        """
        result = self.dlms("read", METER, f"3/{_ENERGY}/2", _SERIAL, env={})
        self.assertEqual(result.exit_code, 1)
        self.assertIn("SIM0000000001", result.stdout)
        self.assertRegex(result.stderr, r"\Adlms read: 3/1-0:1\.8\.0\.255/2: [a-z-]+\n\Z")

    def test_wrong_key(self) -> None:
        """
        With a wrong key the meter is not read, and the error holds no key.
        """
        wrong = "ab" * 16
        line = self.bad(1, "read", METER, _ENERGY, *MANAGEMENT, env={**self.keys, "DLMS_EK": wrong})
        self.assertTrue(line.startswith("dlms read: "), line)
        self.assertNotIn(wrong, line.lower())

    def test_silent(self) -> None:
        """
        A meter that says nothing: an error when the time is over.
        """
        self.meter.faults.add(Fault(kind="silence"))
        self.assertIn("dlms read: ", self.bad(1, "read", METER, _SERIAL, "--timeout", "3", env={}))

    def test_usage(self) -> None:
        """
        Wrong options, names and places: a line that names them, and 2.
        """
        for words, said in (
            (("read", METER), "OBIS"),
            (("read", METER, "1/2/3/4"), "1/2/3/4"),
            (("read", METER, "hello"), "hello"),
            (("read", "nowhere", _SERIAL), "nowhere"),
            (("read", METER, _SERIAL, "--client", "0"), "--client"),
            (("read", METER, _SERIAL, "--ek", "xyz"), "--ek"),
            (("read", METER, _SERIAL, "--timeout", "0"), "timeout"),
            (("read", METER, _SERIAL, "--system-title", "00"), "--system-title"),
            (("read", METER, _SERIAL, "--ek", "00" * 15), "15 octets"),
            (("read", METER, _SERIAL, "--auth", "gmac"), "--ek"),
            (("read", METER, _SERIAL, "--security", "both"), "--ek"),
            (("read", METER, _SERIAL, "--counter", "-5"), "--counter"),
            (("read", METER, _SERIAL, "--zone", "Nowhere"), "--zone"),
            (("read", METER, _SERIAL, "--auth", "very"), "--auth"),
            (("set", METER, _TARIFF, "unsigned"), "value"),
            (("set", METER, _TARIFF, "octet-string=zz"), "value"),
        ):
            line = self.bad(2, *words, env={})
            self.assertIn(said, line)
        self.assertNotIn("xyz", self.bad(2, "read", METER, _SERIAL, "--ek", "xyz", env={}))

    def test_counter_number(self) -> None:
        """
        A counter that is said is used; one that is too low is put right once by the meter's word.
        """
        self.good("read", METER, _ENERGY, "--counter", "5000", *MANAGEMENT)
        printed = self.good("read", METER, "0-0:43.1.0.255", env={})
        self.assertGreaterEqual(int(printed.split()[-1]), 5000)

    def test_counter_file(self) -> None:
        """
        A file keeps the counter from one command to the next, and is put right where the meter is ahead.
        """
        path = self.folder / "counters"
        for _ in range(2):
            self.good("read", METER, _ENERGY, "--counter", str(path), *MANAGEMENT)
        key = self.meter.meter.keys.encryption_key
        assert key is not None
        counters = TransmitCounters(path)
        first = counters.highest(b"TWD\0\0\0\0\1", key_epoch(key))
        counters.close()
        self.assertGreater(first, 8)
        self.good("read", METER, _ENERGY, "--counter", "9000", *MANAGEMENT)
        self.good("read", METER, _ENERGY, "--counter", str(path), *MANAGEMENT)

    def test_set(self) -> None:
        """
        What was written is read back; what may not be written is refused.
        """
        self.good("set", METER, _TARIFF, "unsigned=7", *MANAGEMENT)
        self.assertTrue(self.good("read", METER, _TARIFF, *MANAGEMENT).endswith("  7\n"))
        tree = json.dumps({"type": "unsigned", "value": 8})
        self.good("set", METER, _TARIFF, tree, *MANAGEMENT)
        self.assertTrue(self.good("read", METER, _TARIFF, *MANAGEMENT).endswith("  8\n"))
        self.bad(1, "set", METER, f"1/{_SERIAL}/2", "unsigned=1", *MANAGEMENT)

    def test_action(self) -> None:
        """
        A method is run; as JSON it says that it returned nothing.
        """
        breaker = "70/0-0:96.3.10.255"
        self.assertEqual(self.good("action", METER, f"{breaker}/1", "integer=0", *MANAGEMENT), "")
        self.assertIn("False", self.good("read", METER, f"{breaker}/2", *MANAGEMENT))
        form = json.loads(
            self.good("action", METER, f"{breaker}/2", "integer=0", "--json", *MANAGEMENT)
        )
        check("action.json", form)
        self.assertEqual(form, {"returned": None})
        self.bad(1, "action", METER, f"{breaker}/9", "integer=0", *MANAGEMENT)
