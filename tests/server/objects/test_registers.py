"""
Tests for L{dlms_twisted.server.objects.registers}.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.tags import BY_NAME
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.objects.registers import Register, number_of, zero_like
from tests.server.making import NOW, Made, made

_LOAD = {"main": {"kind": "household"}}


def _register(name: str = "1-0:1.8.0", **said: Any) -> dict[str, Any]:
    unit = {"scaler_unit": {"scaler": 0, "unit": "Wh"}}
    return {"class": 3, "obis": name, "quantity": "energy", "values": unit, **said}


def _made(*objects: dict[str, Any], **said: Any) -> Made:
    return made(*objects, load=_LOAD, **said)


class RegisterTests(SynchronousTestCase):
    """
    Registers follow the load of the meter.
    """

    def test_energy(self) -> None:
        """
        The value is the load's energy, never falls, and is the same when it is asked for again.
        """
        one = _made(_register())
        register = one.object(3, "1-0:1.8.0")
        before = register.value(2)
        self.assertEqual(before.values, int(one.meter.load().value("energy", NOW)))
        self.assertEqual(before.tag, BY_NAME["double-long-unsigned"].tag)
        one.clock.advance(3600)
        later = register.value(2)
        self.assertGreater(later.values, before.values)
        self.assertEqual(register.value_at(2, NOW), before)
        again = _made(_register()).object(3, "1-0:1.8.0")
        self.assertEqual(again.value(2), before)

    def test_meters_differ(self) -> None:
        """
        Each number has a load of its own.
        """
        values = {_made(_register(), number=n).object(3, "1-0:1.8.0").value(2) for n in (1, 2, 3)}
        self.assertEqual(len(values), 3)

    def test_scaler_and_type(self) -> None:
        """
        A step is ten to the scaler; the type is that which is said.
        """
        said = {"scaler_unit": {"scaler": -1, "unit": "V"}}
        one = _made(
            _register("1-0:32.7.0", quantity="voltage", type="long-unsigned", values=said),
            _register("1-0:33.7.0", quantity="voltage", type="float32", values=said),
        )
        volts = one.meter.load().value("voltage", NOW)
        shown = one.object(3, "1-0:32.7.0").value(2)
        self.assertEqual(shown, build.long_unsigned(round(volts * 10)))
        self.assertAlmostEqual(one.object(3, "1-0:33.7.0").value(2).values, volts * 10, 2)

    def test_reset(self) -> None:
        """
        A register that accumulates begins at 0; a momentary one goes on; a kept one is 0.
        """
        power = {"scaler_unit": {"scaler": 0, "unit": "W"}}
        one = _made(
            _register(),
            _register("1-0:1.7.0", quantity="power", values=power),
            {"class": 3, "obis": "1-0:9.9.9", "values": {"2": {"type": "unsigned", "value": 9}}},
        )
        registers = [one.object(3, name) for name in ("1-0:1.8.0", "1-0:1.7.0", "1-0:9.9.9")]
        watts = registers[1].value(2)
        for register in registers:
            self.assertEqual(register.act(1), (ActionResult.SUCCESS, None))
        values = [register.value(2).values for register in registers]
        self.assertEqual(values, [0, watts.values, 0])
        self.assertTrue(registers[0].is_kept)
        one.clock.advance(7200)
        used = one.meter.load().value("energy", NOW + 7200) - one.meter.load().value("energy", NOW)
        self.assertEqual(registers[0].value(2).values, int(used))

    def test_written(self) -> None:
        """
        What is written into a register stays.
        """
        register = _made(_register()).object(3, "1-0:1.8.0")
        self.assertEqual(register.assign(2, build.double_long_unsigned(5)), 0)
        self.assertEqual(register.value(2), build.double_long_unsigned(5))
        self.assertEqual(register.assign(2, build.null()), DataAccessResult.TYPE_UNMATCHED)

    def test_ranges(self) -> None:
        """
        Energy begins anew after the highest value; other quantities stay there.
        """
        kind = BY_NAME["unsigned"]
        self.assertEqual(number_of(kind, Decimal(259), wraps=True), build.unsigned(3))
        self.assertEqual(number_of(kind, Decimal(259), wraps=False), build.unsigned(255))
        self.assertEqual(number_of(kind, Decimal(-1), wraps=False), build.unsigned(0))
        self.assertEqual(
            number_of(BY_NAME["integer"], Decimal("-1.5"), wraps=True), build.integer(-2)
        )
        self.assertEqual(
            number_of(BY_NAME["float64"], Decimal("1.5"), wraps=True), build.float64(1.5)
        )

    def test_zeros(self) -> None:
        """
        Nothing of each type.
        """
        for value, wanted in (
            (build.long_(-5), build.long_(0)),
            (build.float32(1.5), build.float32(0)),
            (build.octet_string(b"x"), build.octet_string(b"")),
            (build.array(build.null()), build.array()),
            (build.null(), build.null()),
        ):
            self.assertEqual(zero_like(value), wanted)

    def test_wrong_options(self) -> None:
        """
        A type that is no number, and options of the wrong kind, are refused by name.
        """
        for said, place in (({"type": "array"}, "type"), ({"load": 3}, "load")):
            error = self.assertRaises(ConfigurationError, Register, "1-0:1.8.0", **said)
            self.assertTrue(str(error).startswith(place), str(error))


class ExtendedTests(SynchronousTestCase):
    """
    Extended registers say when they captured.
    """

    def _hourly(self) -> dict[str, Any]:
        return _register("7-0:3.1.0", **{"class": 4, "every": 3600})

    def test_captured(self) -> None:
        """
        The value is that of the last full hour, and so is the time.
        """
        one = _made(self._hourly(), now=NOW + 1234)
        register = one.object(4, "7-0:3.1.0")
        self.assertEqual(register.value(2).values, int(one.meter.load().value("energy", NOW)))
        self.assertEqual(register.value(5), build.octet_string(one.meter.moment(NOW)))

    def test_reset(self) -> None:
        """
        A reset is a capture.
        """
        one = _made(self._hourly(), now=NOW + 1234)
        register = one.object(4, "7-0:3.1.0")
        register.act(1)
        self.assertEqual(register.value(2).values, 0)
        self.assertEqual(register.value(5), build.octet_string(one.meter.moment(NOW + 1234)))

    def test_kept(self) -> None:
        """
        One that follows nothing shows what it was given.
        """
        values = {"2": {"type": "unsigned", "value": 9}, "capture_time": "2026-05-01T00:00:00"}
        one = made({"class": 4, "obis": "1-0:1.6.0", "values": values})
        register = one.object(4, "1-0:1.6.0")
        self.assertEqual(register.value(2), build.unsigned(9))
        self.assertEqual(str(register.meaning(5)), "2026-05-01T00:00:00")
