"""
Tests for L{dlms_twisted.cosem.p1_text}.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cosem.clock import ClockOptions
from dlms_twisted.cosem.p1_text import telegram_identity, telegram_readings
from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.cosem.reading import Reading
from dlms_twisted.cosem.readings import ReadingOptions
from dlms_twisted.layout_files import default_layouts
from tests.vectors import load


def _telegram(identifier: str) -> bytes:
    [record] = [one for one in load("p1.jsonl") if one["id"] == identifier]
    plain = (record["expected"] or {}).get("plaintext")
    return bytes.fromhex(plain or record["hex"])


def _of(readings: tuple[Reading, ...], code: str) -> list[dict[str, Any]]:
    return [one.to_json() for one in readings if str(one.obis) == code + ".255"]


class TelegramTests(SynchronousTestCase):
    """
    Tests of real telegrams.
    """

    def test_dutch(self) -> None:
        """
        DSMR 5: values with the telegram's units, the telegram's time, and a gas meter with a time of its own.
        """
        readings = telegram_readings(_telegram("dsmr-telegram-v5"), layouts=default_layouts())
        [energy] = _of(readings, "1-0:1.8.1")
        self.assertEqual(
            energy,
            {
                "obis": "1-0:1.8.1.255",
                "class_id": 3,
                "attribute": 2,
                "name": "active energy import, tariff 1",
                "value": "4.426",
                "unit": "kWh",
                "scaler": None,
                "raw": {"type": "visible-string", "value": "000004.426*kWh"},
                "time": "2017-01-02T19:20:02",
                "status": None,
                "source": "p1",
            },
        )
        [gas] = _of(readings, "0-1:24.2.1")
        self.assertEqual(
            (gas["value"], gas["unit"], gas["time"]), ("0.107", "m³", "2017-01-02T16:10:05")
        )
        [meter] = _of(readings, "0-0:96.1.1")
        self.assertEqual(
            (meter["value"], meter["name"]), ("K8EG004046395507", "equipment identifier")
        )
        self.assertEqual(_of(readings, "0-0:96.14.0")[0]["value"], 2)
        lines = _telegram("dsmr-telegram-v5").splitlines()
        self.assertEqual(len(readings), sum(b"(" in line for line in lines))

    def test_old_gas(self) -> None:
        """
        DSMR 3: the gas value stands on a line of its own.
        """
        readings = telegram_readings(_telegram("dsmr-telegram-v3"))
        [gas] = _of(readings, "0-1:24.2.1")
        self.assertEqual(
            (gas["value"], gas["unit"], gas["time"]), ("1.001", "m³", "2009-02-12T16:00:00")
        )
        self.assertEqual(gas["source"], "p1, entry of 0-1:24.3.0.255")

    def test_belgian(self) -> None:
        """
        A maximum with its time, and the history of maxima, an impossible time among them.
        """
        readings = telegram_readings(_telegram("dsmr-telegram-fluvius-v171-alt"))
        maxima = _of(readings, "1-0:1.6.0")
        self.assertEqual(
            [(one["value"], one["time"]) for one in maxima],
            [
                ("3.064", "2023-11-02T11:45:00"),
                ("0.000", None),
                ("1.862", "2023-08-31T18:15:00"),
                ("4.229", "2023-09-10T18:30:00"),
                ("4.927", "2023-10-16T13:00:00"),
            ],
        )

    def test_zone(self) -> None:
        """
        With the clock's zone known, the letter of summer and winter gives the offset.
        """
        options = ReadingOptions(clock=ClockOptions(clock_zone=ZoneInfo("Europe/Brussels")))
        readings = telegram_readings(_telegram("dsmr-telegram-fluvius-v171"), options=options)
        self.assertEqual(_of(readings, "0-0:1.0.0")[0]["value"], "2020-05-12T13:54:09+02:00")
        twice = telegram_readings("0-0:1.0.0(241027023000W)", options=options)
        self.assertEqual(twice[0].value, "2024-10-27T02:30:00+01:00")

    def test_group(self) -> None:
        """
        A group overrides scaler, unit and clock of a telegram, too.
        """
        text = """
            [[group]]
            meters = ["K8EG*"]
            values = { "1-0:1.8.*" = { scaler = 3, unit = "Wh" }, "0-0:96.1.1" = { unit = "V" } }
            [[group]]
            meters = ["K8*"]
            clock = { clock_zone = "Europe/Amsterdam" }
        """
        layouts = PushLayouts.parse(text, zones=ZoneInfo)
        readings = telegram_readings(_telegram("dsmr-telegram-v5"), layouts=layouts)
        [energy] = _of(readings, "1-0:1.8.1")
        self.assertEqual((energy["value"], energy["unit"], energy["scaler"]), ("4426", "Wh", 3))
        self.assertEqual(energy["source"], "p1, overridden by group")
        self.assertEqual(energy["time"], "2017-01-02T19:20:02+01:00")
        self.assertIsNone(_of(readings, "0-0:96.1.1")[0]["unit"])

    def test_deciphered(self) -> None:
        """
        A deciphered telegram reads like a plain one.
        """
        readings = telegram_readings(_telegram("esphome-dsmr-encrypted"))
        self.assertEqual(_of(readings, "1-0:1.8.1")[0]["unit"], "Wh")
        self.assertEqual(_of(readings, "1-0:4.8.0")[0]["value"], 3897726)

    def test_identity(self) -> None:
        """
        The meter's own number, not that of a device behind it.
        """
        self.assertEqual(telegram_identity(_telegram("dsmr-telegram-v5")), "K8EG004046395507")
        self.assertEqual(
            telegram_identity(_telegram("dsmr-telegram-fluvius-v171")), "1SAG3101021605"
        )
        self.assertIsNone(telegram_identity(b""))

    def test_readout(self) -> None:
        """
        The short codes of an IEC 62056-21 readout are electricity.
        """
        readings = telegram_readings(
            "F.F(00000000)\r\n1.8.0(000123.4*kWh)\r\n1.8.0*01(000120.0*kWh)\r\n!"
        )
        self.assertEqual(
            [(str(one.obis), str(one.value)) for one in readings],
            [("0-0:97.97.0.255", "0"), ("1-0:1.8.0.255", "123.4"), ("1-0:1.8.0.1", "120.0")],
        )

    def test_event_log(self) -> None:
        """
        Entries of a power failure log have times and durations of their own.
        """
        line = (
            "1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)"
        )
        count, first, second = telegram_readings(line)
        self.assertEqual(count.value, 2)
        self.assertEqual((first.value, first.unit, first.time), (240, "s", "2010-12-08T15:24:15"))
        self.assertEqual(
            (str(second.obis), second.time), ("0-0:96.7.19.255", "2010-12-08T15:10:04")
        )

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.binary(max_size=300), st.integers(0, 2000), st.integers(0, 2000))
    def test_never_raises(self, noise: bytes, start: int, end: int) -> None:
        """
        Any octets, and a telegram cut anywhere with noise in between, give readings or none.
        """
        telegram = _telegram("dsmr-telegram-v3")
        for octets in (noise, telegram[:start] + noise + telegram[end:]):
            for reading in telegram_readings(octets, layouts=default_layouts()):
                reading.to_json()
            telegram_identity(octets)

    def test_bridge_text(self) -> None:
        """
        Text of a bridge in between, overlong lines and huge numbers cost no more than themselves.
        """
        text = "Debug: WiFi ps enabled\r\n1-0:1.8.0(5*kWh)\r\n" + "1-0:1.8.0" + "(1)" * 9000
        text += "\r\n0-1:24.3.0(090212160000)(00)(999999)(1)(0-1:24.2.1)(m3)\r\n" + "(1)" * 5000
        readings = telegram_readings(text)
        self.assertEqual(readings[0].value, 5)
        self.assertEqual(len(readings), 5001)
        self.assertIsNone(readings[-1].time)
