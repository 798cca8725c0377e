"""
Tests for L{dlms_twisted.cosem.readings} and L{dlms_twisted.cosem.recognise}.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.cosem.clock import ClockOptions
from dlms_twisted.cosem.elements import ScalerUnit
from dlms_twisted.cosem.names import NameOverlay
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.readings import (
    Reading,
    ReadingOptions,
    identity_of,
    readings_of,
    readings_of_event,
)
from dlms_twisted.layout_files import default_layouts
from tests.cosem.bodies import notifications, pushed
from tests.schemas import check
from tests.vectors import load


def _ln(text: str) -> Data:
    return build.octet_string(Obis.parse(text).octets)


def _scaler_unit(scaler: int, unit: int) -> Data:
    return build.structure(build.integer(scaler), build.enum(unit))


def _values(readings: tuple[Reading, ...]) -> dict[str, Any]:
    return {str(one.obis): one.to_json()["value"] for one in readings}


class FormTests(SynchronousTestCase):
    """
    Tests of the forms that carry logical names.
    """

    def test_pairs_triples_rows(self) -> None:
        """
        Pairs, triples and rows give the same readings, each saying where it came from.
        """
        name, value, scaler = _ln("1-0:32.7.0"), build.long_unsigned(2308), _scaler_unit(-1, 35)
        for body, source in (
            (build.structure(name, value, scaler), "row"),
            (build.array(build.structure(name, value, scaler)), "row"),
            (build.structure(build.visible_string("LIST_V1"), name, value, scaler), "triple"),
            (build.structure(build.structure(value, scaler, name)), "row"),
            (
                build.structure(build.null(), name, value, build.integer(-1), build.enum(35)),
                "triple",
            ),
        ):
            [reading] = readings_of(body)
            self.assertEqual(
                reading.to_json(),
                {
                    "obis": "1-0:32.7.0.255",
                    "class_id": 3,
                    "attribute": 2,
                    "name": "voltage L1",
                    "value": "230.8",
                    "unit": "V",
                    "scaler": -1,
                    "raw": {"type": "long-unsigned", "value": 2308},
                    "time": None,
                    "status": None,
                    "source": source,
                },
            )

    def test_pair_without_scaler(self) -> None:
        """
        What no one scales is as transmitted, and says so: scaler and unit are C{None}.
        """
        body = build.structure(
            _ln("1-0:1.7.0"), build.double_long_unsigned(5), _ln("1-0:2.7.0"), build.long_(-3)
        )
        first, second = readings_of(body)
        self.assertEqual(
            (first.value, first.scaler, first.unit, first.source), (5, None, None, "pair")
        )
        self.assertEqual(second.value, -3)

    def test_own_time_and_status(self) -> None:
        """
        A row of an extended register has a status and a time of its own.
        """
        time = bytes.fromhex("07E50713010F2E2300FF8880")
        body = build.structure(
            build.structure(
                _ln("1-0:1.6.0"),
                build.double_long_unsigned(1200),
                _scaler_unit(0, 27),
                build.unsigned(4),
                build.octet_string(time),
            )
        )
        [reading] = readings_of(body)
        self.assertEqual(reading.class_id, 4)
        self.assertEqual((reading.time, reading.status), ("2021-07-19T15:46:35+02:00", 4))

    def test_object_list(self) -> None:
        """
        An object list inside the message says class, name and attribute; a pushed scaler_unit belongs to its value.
        """
        entries = [
            (40, "0-0:25.9.0", 2),
            (3, "1-0:1.8.0", 3),
            (3, "1-0:1.8.0", 2),
            (70, "0-0:96.3.10", 3),
        ]
        body = build.structure(
            build.array(
                *(
                    build.structure(
                        build.long_unsigned(class_id),
                        _ln(name),
                        build.integer(attribute),
                        build.long_unsigned(0),
                    )
                    for class_id, name, attribute in entries
                )
            ),
            _scaler_unit(3, 30),
            build.double_long_unsigned(66401),
            build.enum(1),
        )
        scaler, energy, breaker = readings_of(body)
        self.assertEqual((scaler.value, scaler.attribute), (None, 3))
        self.assertEqual(scaler.raw["type"], "structure")
        self.assertEqual((energy.value, energy.unit, energy.class_id), (66401000, "Wh", 3))
        self.assertEqual((breaker.value, breaker.class_id, breaker.attribute), (1, 70, 3))

    def test_object_list_of_whole_objects(self) -> None:
        """
        Attribute 0 is all attributes as a structure, the logical name first.
        """
        definition = build.structure(
            build.long_unsigned(3), _ln("1-0:1.8.0"), build.integer(0), build.long_unsigned(0)
        )
        whole = build.structure(
            _ln("1-0:1.8.0"), build.double_long_unsigned(7), _scaler_unit(2, 30)
        )
        value, scaler = readings_of(build.structure(build.array(definition), whole))
        self.assertEqual((value.attribute, value.value, value.unit), (2, 700, "Wh"))
        self.assertEqual(scaler.attribute, 3)

    def test_object_list_of_another_length(self) -> None:
        """
        Fewer values than objects: those that are there are mapped, with a note.
        """
        definition = build.structure(
            build.long_unsigned(3), _ln("1-0:1.8.0"), build.integer(2), build.long_unsigned(0)
        )
        body = build.structure(build.array(definition, definition), build.unsigned(7))
        [reading] = readings_of(body)
        self.assertEqual(reading.source, "object-list (1 values for 2 objects)")

    def test_value_that_does_not_fit(self) -> None:
        """
        A structure where a register's value should be: its tree, with a note, nothing dropped.
        """
        definition = build.structure(
            build.long_unsigned(3), _ln("1-0:1.8.0"), build.integer(2), build.long_unsigned(0)
        )
        odd = build.structure(build.unsigned(1), build.unsigned(2), build.unsigned(3))
        [reading] = readings_of(build.structure(build.array(definition), odd))
        self.assertIsNone(reading.value)
        self.assertEqual(reading.raw, odd.tree())
        self.assertIn("structure is no value of class 3", reading.source)

    def test_other_classes_that_do_not_fit(self) -> None:
        """
        The same for other classes; a number of another width and null-data are no misfits.
        """
        for class_id, value, noted in (
            (8, build.unsigned(1), True),
            (8, build.null(), False),
            (43, build.unsigned(1), True),
            (43, build.visible_string("x"), False),
            (41, build.unsigned(1), False),
            (41, build.visible_string("x"), True),
            (40, build.unsigned(1), False),
            (20012, build.structure(), False),
        ):
            definition = build.structure(
                build.long_unsigned(class_id),
                _ln("0-0:96.50.0"),
                build.integer(2),
                build.long_unsigned(0),
            )
            body = build.structure(build.array(definition, definition), value, value)
            if class_id == 40:
                body = build.structure(build.array(definition), value, value)
            for reading in readings_of(body):
                self.assertEqual("is no value" in reading.source, noted, class_id)

    def test_idis(self) -> None:
        """
        Device name and push setup before the data are the meter's identity and the list's.
        """
        body = build.structure(
            build.octet_string(b"XYZ1234567890123"), _ln("0-0:25.9.0"), build.unsigned(5)
        )
        self.assertEqual(
            [(str(one.obis), one.value) for one in readings_of(body)],
            [("0-0:42.0.0.255", "XYZ1234567890123"), ("0-0:25.9.0.255", "0-0:25.9.0.255")],
        )
        self.assertEqual(identity_of(body), "XYZ1234567890123")

    def test_values(self) -> None:
        """
        Numbers, texts, times, names, octets and bits each show what they are.
        """
        for data, value in (
            (build.boolean(True), 1),
            (build.bcd(0x45), 45),
            (build.long64_unsigned(2**64 - 1), 2**64 - 1),
            (build.float32(230.1), Decimal("230.1")),
            (build.float64(float("nan")), "nan"),
            (build.visible_string("abc"), "abc"),
            (build.octet_string(b"87654321"), "87654321"),
            (build.octet_string(b"\x01\x02\x80"), "010280"),
            (build.octet_string(b""), ""),
            (build.octet_string(bytes.fromhex("07E60A1007150012FF800000")), "2022-10-16T21:00:18"),
            (
                build.date_time(bytes.fromhex("07E50713010F2E2300FF8880")),
                "2021-07-19T15:46:35+02:00",
            ),
            (build.octet_string(b"123456789012"), "123456789012"),
            (_ln("1-0:1.8.0"), "1-0:1.8.0.255"),
            (build.bit_string("0101"), "0101"),
            (build.null(), None),
        ):
            [reading] = readings_of(build.structure(build.structure(_ln("0-0:96.50.0"), data)))
            self.assertEqual(reading.value, value, data.tree())

    def test_parameters_are_no_pairs(self) -> None:
        """
        Logical names inside other structures (selectors, object lists, scripts) are not the start of pairs.
        """
        selector = build.structure(
            build.long_unsigned(8), _ln("0-0:1.0.0"), build.integer(2), build.long_unsigned(0)
        )
        self.assertEqual(readings_of(build.array(selector)), ())
        for record in load("profile.jsonl"):
            octets = bytes.fromhex(record["hex"])
            data = decode_data(octets[: len(octets) - record.get("trailing_bytes", 0)])
            names = [one for one in readings_of(data) if one.source == "pair"]
            if "kamstrup" not in record["id"]:
                self.assertEqual(names, [], record["id"])

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(st.data())
    def test_never_raises(self, draw: st.DataObject) -> None:
        """
        Any Data at all gives readings or none.
        """
        body = draw.draw(_ANY)
        for reading in readings_of(body, date_time=b"\xff" * 12, layouts=default_layouts()):
            reading.to_json()
        identity_of(body)
        readings_of_event(3, b"\x01\x00\x01\x08\x00\xff", 2, body)


_SIMPLE = st.one_of(
    st.builds(build.null),
    st.builds(build.boolean, st.booleans()),
    st.builds(build.integer, st.integers(-128, 127)),
    st.builds(build.enum, st.integers(0, 255)),
    st.builds(build.unsigned, st.integers(0, 255)),
    st.builds(build.long_unsigned, st.integers(0, 65535)),
    st.builds(build.double_long, st.integers(-(2**31), 2**31 - 1)),
    st.builds(build.float32, st.floats(width=32)),
    st.builds(build.float64, st.floats()),
    st.builds(build.octet_string, st.binary(max_size=14)),
    st.builds(
        build.octet_string, st.sampled_from([bytes((1, 0, 1, 8, 0, 255)), bytes(12), bytes(6)])
    ),
    st.builds(
        build.visible_string, st.sampled_from(["", "KFM_001", "Kamstrup_V0001", "\x00", "ÿ"])
    ),
    st.builds(build.utf8_string, st.binary(max_size=4)),
    st.builds(build.bit_string, st.text("01", max_size=9)),
    st.builds(build.date_time, st.binary(min_size=12, max_size=12)),
    st.builds(build.date, st.binary(min_size=5, max_size=5)),
    st.builds(build.time, st.binary(min_size=4, max_size=4)),
)
_ANY = st.recursive(
    _SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6).map(lambda some: build.structure(*some)),
        st.lists(inner, max_size=6).map(lambda some: build.array(*some)),
    ),
    max_leaves=20,
)


class OptionTests(SynchronousTestCase):
    """
    Tests of L{ReadingOptions}.
    """

    def test_scalers_read_before(self) -> None:
        """
        Scaler and unit that were read from the meter are used where the message says none.
        """
        body = build.structure(_ln("1-0:1.8.0"), build.double_long_unsigned(5))
        options = ReadingOptions(scalers={Obis.parse("1-0:1.8.0"): ScalerUnit(3, 30)})
        [reading] = readings_of(body, options=options)
        self.assertEqual((reading.value, reading.unit), (5000, "Wh"))
        self.assertIn("read before", reading.source)

    def test_clock_and_names(self) -> None:
        """
        The quirks of the meter's clock and a name of one's own.
        """
        body = build.structure(_ln("1-0:1.8.0"), build.double_long_unsigned(5))
        options = ReadingOptions(
            clock=ClockOptions(clock_zone=ZoneInfo("Europe/Oslo")),
            names=NameOverlay.parse('[names]\n"1-0:1.8.0" = "main meter"'),
        )
        time = bytes.fromhex("07E60A1007150012FF800000")
        [reading] = readings_of(body, date_time=time, options=options)
        self.assertEqual(reading.name, "main meter")
        self.assertEqual(reading.time, "2022-10-16T21:00:18+02:00")
        self.assertEqual(reading.status, 0)


class EventTests(SynchronousTestCase):
    """
    Tests of L{readings_of_event}.
    """

    def test_event(self) -> None:
        """
        The event's own attribute is a reading, and what its value holds are others.
        """
        value = build.structure(
            _ln("1-0:1.8.0"), build.double_long_unsigned(5), _scaler_unit(0, 30)
        )
        time = bytes.fromhex("07E50713010F2E2300FF8880")
        event, energy = readings_of_event(1, Obis.parse("0-0:96.11.0").octets, 2, value, time=time)
        self.assertEqual(
            (str(event.obis), event.source, event.value), ("0-0:96.11.0.255", "event", None)
        )
        self.assertEqual(event.time, "2021-07-19T15:46:35+02:00")
        self.assertEqual((energy.value, energy.unit), (5, "Wh"))


class VectorTests(SynchronousTestCase):
    """
    The real captures, and what their sources state.
    """

    def test_stated_values(self) -> None:
        """
        Where a source states scaled values and texts, they come out so.
        """
        checked = 0
        for one in notifications("hdlc_push.jsonl"):
            expected = one.record["expected"]
            found = {}
            for reading in readings_of(
                one.body, date_time=one.date_time, layouts=default_layouts()
            ):
                found[".".join(map(str, reading.obis))] = reading.value
            for name, value in expected.get("scaled_values", {}).items():
                self.assertEqual(Decimal(str(value)), found[name], (one.id, name))
                checked += 1
            for name, value in expected.get("strings", {}).items():
                self.assertEqual(str(found[name]).replace("T", " "), value, (one.id, name))
                checked += 1
        self.assertGreater(checked, 40)

    def test_every_capture(self) -> None:
        """
        Every capture of a HAN port gives readings with unit and time; none of its values has no meaning.
        """
        for one in notifications("hdlc_push.jsonl"):
            readings = readings_of(one.body, date_time=one.date_time, layouts=default_layouts())
            self.assertTrue(readings, one.id)
            for reading in readings:
                check("reading.json", json.loads(json.dumps(reading.to_json())))
                self.assertIsNotNone(reading.name, (one.id, reading))
                if one.date_time is not None:
                    self.assertIsNotNone(reading.time, (one.id, reading))
                number = isinstance(reading.value, (int, Decimal))
                # What the reference leaves open: power factors and the currents of Landis+Gyr's lists.
                open_unit = reading.obis.c in {13, 31, 51, 71}
                if number and reading.obis.a == 1 and not open_unit:
                    self.assertIsNotNone(reading.unit, (one.id, reading))

    def test_kaifa(self) -> None:
        """
        Norwegian Kaifa, three phases, list 3: the values that the reference's like has.
        """
        one = pushed("tk-kaifa-157-1")
        readings = readings_of(one.body, date_time=one.date_time, layouts=default_layouts())
        values = _values(readings)
        self.assertEqual(values["1-0:1.7.0.255"], 412)
        self.assertEqual(values["1-0:31.7.0.255"], "0.997")
        self.assertEqual(values["1-0:32.7.0.255"], "240.0")
        self.assertEqual(values["1-0:1.8.0.255"], 34015545)
        self.assertEqual({one.time for one in readings}, {"2022-05-29T12:00:10"})
        self.assertEqual({one.source for one in readings}, {"layout kaifa-three-phase"})

    def test_kaifa_one_value(self) -> None:
        """
        List 1 is a single number: the power.
        """
        one = pushed("tk-kaifa-41-1")
        [reading] = readings_of(one.body, date_time=one.date_time, layouts=default_layouts())
        self.assertEqual(
            (str(reading.obis), reading.value, reading.unit), ("1-0:1.7.0.255", 490, "W")
        )

    def test_kamstrup(self) -> None:
        """
        Kamstrup: currents in 0.01 A, energies in 10 Wh; the clock in the message is the time.
        """
        one = pushed("rf-kamstrup-303-1")
        readings = readings_of(one.body, date_time=one.date_time, layouts=default_layouts())
        values = _values(readings)
        self.assertEqual(values["1-1:1.8.0.255"], 4272440)
        self.assertEqual(values["1-1:31.7.0.255"], "9.96")
        self.assertEqual(values["1-1:0.2.129.255"], "Kamstrup_V0001")
        self.assertEqual(readings[0].name, "OBIS list version")

    def test_iskraemeco(self) -> None:
        """
        An object list inside, no scalers: those of the layout, said in the source.
        """
        one = pushed("scs-iskra-am550-unencrypted-valid-data-cfg2026-1")
        readings = readings_of(one.body, date_time=one.date_time, layouts=default_layouts())
        voltage = next(one for one in readings if one.obis == Obis.parse("1-0:32.7.0"))
        self.assertEqual((str(voltage.value), voltage.unit), ("234.7", "V"))
        self.assertEqual(voltage.source, "object-list, scaler and unit of layout consumer-list-6")
        self.assertEqual(voltage.time, "2026-05-04T19:19:30+02:00")

    def test_austria(self) -> None:
        """
        Kaifa MA309, one phase: the clock as a pair, all else as rows (the reference's verified plaintext).
        """
        rows = [
            ("0-0:96.1.0", build.octet_string(b"1KFM0200000011"), None),
            ("0-0:42.0.0", build.octet_string(b"KFM1200200000011"), None),
            ("1-0:32.7.0", build.long_unsigned(0x0904), (-1, 35)),
            ("1-0:31.7.0", build.long_unsigned(0), (-2, 33)),
            ("1-0:1.8.0", build.double_long_unsigned(0x2394), (0, 30)),
        ]
        body = build.structure(
            _ln("0-0:1.0.0"),
            build.octet_string(bytes.fromhex("07E50713010F2E2300FF8880")),
            *(
                build.structure(
                    _ln(name), value, *([] if scaling is None else [_scaler_unit(*scaling)])
                )
                for name, value, scaling in rows
            ),
        )
        readings = readings_of(body, layouts=default_layouts())
        self.assertEqual(_values(readings)["1-0:32.7.0.255"], "230.8")
        self.assertEqual({one.time for one in readings}, {"2021-07-19T15:46:35+02:00"})
        self.assertEqual(identity_of(body), "KFM1200200000011")

    def test_sagemcom(self) -> None:
        """
        Sagemcom in Lower Austria: a leading time, triples, last the meter's number.
        """
        names = ["1-0:1.8.0", "1-0:2.8.0", "1-0:1.7.0", "1-0:2.7.0", "1-0:32.7.0", "1-0:52.7.0"]
        names += ["1-0:72.7.0", "1-0:31.7.0", "1-0:51.7.0", "1-0:71.7.0", "1-0:13.7.0"]
        triples = [
            part
            for name in names
            for part in (_ln(name), build.double_long_unsigned(5), _scaler_unit(0, 255))
        ]
        body = build.structure(
            build.octet_string(bytes.fromhex("07E50713010F2E2300FF8880")),
            *triples,
            build.octet_string(b"SAG1234567"),
        )
        readings = readings_of(body, layouts=default_layouts())
        self.assertEqual(len(readings), 13)
        self.assertEqual({one.time for one in readings}, {"2021-07-19T15:46:35+02:00"})
        self.assertEqual(
            (str(readings[-1].obis), readings[-1].value), ("0-0:96.1.0.255", "SAG1234567")
        )

    def test_identities(self) -> None:
        """
        Each capture's meter is known by the name that it gives itself.
        """
        wanted = {
            "dp-hdlc-iskra550": "84895126",
            "scs-lg-e360-unencrypted-valid-data-cfg2026-1": "LGZ1030163598905",
            "dp-hdlc-kaifa-ma304h3e": "6970631401753985",
            "rf-kamstrup-229-1": "5706567274389702",
            "dp-hdlc-norway-han-1phase": "7359992890941742",
            "tk-kaifa-41-1": None,
        }
        found = {one.id: identity_of(one.body) for one in notifications("hdlc_push.jsonl")}
        self.assertEqual({key: found[key] for key in wanted}, wanted)
        stated = [
            (identity_of(one.body), one.record["expected"]["device_identifier"])
            for one in notifications("wrapper_udp.jsonl")
            if one.record["expected"].get("device_identifier", "RTU-SERIAL-NUMBER")
            != "RTU-SERIAL-NUMBER"
        ]
        self.assertTrue(stated)
        for shown, wanted_name in stated:
            self.assertEqual(shown, wanted_name)
