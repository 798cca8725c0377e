"""
Selective access to profiles: built, read, and refused.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.get import GetRequestNormal
from dlms_twisted.apdu.selective import (
    CLOCK,
    CaptureObject,
    EntryDescriptor,
    RangeDescriptor,
    parse_selection,
)
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import DecodeError, EncodeError
from tests.vectors import load

START = bytes.fromhex("07e60a10ff000000008000ff")
END = bytes.fromhex("07e60a11ff000000008000ff")
ENERGY = CaptureObject(class_id=3, instance_id=bytes.fromhex("0100010800ff"), attribute_id=2)

#: The example of the desk reference.
RANGE = (
    "0204 0204 120008 09060000010000ff 0f02 120000 090c07e60a10ff000000008000ff"
    " 090c07e60a11ff000000008000ff 0100"
)


class RangeTests(SynchronousTestCase):
    """
    Tests of L{RangeDescriptor}.
    """

    def test_example(self) -> None:
        """
        A day, by the clock, all columns.
        """
        selection = RangeDescriptor.between(START, END).to_selection()
        self.assertEqual(selection.access_selector, 1)
        self.assertEqual(selection.access_parameters.octets.hex(), bytes.fromhex(RANGE).hex())
        parsed = parse_selection(7, 2, selection)
        self.assertEqual(parsed, RangeDescriptor.between(START, END))

    def test_columns_and_types(self) -> None:
        """
        Some columns; limits of other types than an octet-string stay what they are.
        """
        for limits in (
            (build.date_time(START), build.date_time(END)),
            (build.double_long_unsigned(1), build.double_long_unsigned(2)),
        ):
            descriptor = RangeDescriptor(
                from_value=limits[0],
                to_value=limits[1],
                restricting_object=ENERGY,
                selected_values=(CLOCK, ENERGY),
            )
            self.assertEqual(
                RangeDescriptor.from_data(descriptor.to_selection().access_parameters), descriptor
            )

    def test_not_twelve_octets(self) -> None:
        """
        A date-time has twelve octets.
        """
        self.assertRaises(EncodeError, RangeDescriptor.between, START, END[:-1])

    def test_out_of_range(self) -> None:
        """
        A column that cannot be is refused when it is built.
        """
        for column in (
            CaptureObject(class_id=3, instance_id=b"short", attribute_id=2),
            CaptureObject(class_id=1 << 16, instance_id=bytes(6), attribute_id=2),
            CaptureObject(class_id=3, instance_id=bytes(6), attribute_id=200),
        ):
            self.assertRaises(EncodeError, column.to_data)

    def test_vectors(self) -> None:
        """
        The ranges of the shared vectors, typed and back.
        """
        count = 0
        for record in load("services.jsonl"):
            if "range" not in record["id"]:
                continue
            request = GetRequestNormal.decode(bytes.fromhex(record["hex"]))
            assert request.access_selection is not None
            parsed = parse_selection(7, 2, request.access_selection)
            assert isinstance(parsed, RangeDescriptor)
            self.assertEqual(parsed.restricting_object, CLOCK)
            self.assertEqual(parsed.to_selection(), request.access_selection)
            count += 1
        self.assertEqual(count, 3)

    def test_malformed(self) -> None:
        """
        Parameters that are no range.
        """
        good = RangeDescriptor.between(START, END).to_selection().access_parameters
        column = CLOCK.to_data()
        for wrong in (
            build.null(),
            build.structure(column),
            build.array(column, column, column, column),
            build.structure(build.null(), build.null(), build.null(), build.array()),
            build.structure(column, build.null(), build.null(), build.null()),
            build.structure(column, build.null(), build.null(), build.array(build.null())),
            build.structure(
                build.structure(
                    build.long_unsigned(8),
                    build.octet_string(b"five5"),
                    build.integer(2),
                    build.long_unsigned(0),
                ),
                build.null(),
                build.null(),
                build.array(),
            ),
        ):
            self.assertRaises(DecodeError, RangeDescriptor.from_data, wrong)
        self.assertIsInstance(RangeDescriptor.from_data(good), RangeDescriptor)


class EntryTests(SynchronousTestCase):
    """
    Tests of L{EntryDescriptor}.
    """

    def test_example(self) -> None:
        """
        Rows 1 to 3, all columns.
        """
        selection = EntryDescriptor(from_entry=1, to_entry=3).to_selection()
        self.assertEqual(selection.access_selector, 2)
        self.assertEqual(
            selection.access_parameters.octets.hex(), "020406000000010600000003120001120000"
        )
        self.assertEqual(
            parse_selection(7, 2, selection), EntryDescriptor(from_entry=1, to_entry=3)
        )

    def test_malformed(self) -> None:
        """
        Parameters that are no entries.
        """
        wrong: tuple[Data, ...] = (
            build.null(),
            build.structure(build.unsigned(1)),
            build.structure(build.null(), build.null(), build.null(), build.null()),
            build.structure(build.integer(-1), *[build.unsigned(1)] * 3),
        )
        for parameters in wrong:
            self.assertRaises(DecodeError, EntryDescriptor.from_data, parameters)

    def test_out_of_range(self) -> None:
        """
        Numbers that do not fit.
        """
        for descriptor in (
            EntryDescriptor(from_entry=1 << 32),
            EntryDescriptor(from_entry=1, to_selected_value=1 << 16),
        ):
            self.assertRaises(EncodeError, descriptor.to_selection)


class OtherTests(SynchronousTestCase):
    """
    Tests of what stays as it is.
    """

    def test_other_classes_and_selectors(self) -> None:
        """
        Only the buffer of a profile has ranges and entries.
        """
        selection = SelectiveAccess(access_selector=1, access_parameters=build.null())
        self.assertIs(parse_selection(15, 2, selection), selection)
        self.assertIs(parse_selection(7, 3, selection), selection)
        third = SelectiveAccess(access_selector=3, access_parameters=build.null())
        self.assertIs(parse_selection(7, 2, third), third)
