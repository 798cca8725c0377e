"""
Tests for L{dlms_twisted.server.objects.base}, and of how its values are checked and made.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.classes import class_numbers, interface_class
from dlms_twisted.cosem.kinds import AnyKind
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import EncodeError, ObisError
from dlms_twisted.server.objects.base import CosemObject, invokes, reads, selects, writes
from dlms_twisted.server.objects.registers import Register
from tests.cosem.kind_data import fitting
from tests.server.making import caller, made

_NAME = "1-0:1.8.0.255"


class _Counter(CosemObject):
    """
    An object that does each of what an object can do.
    """

    CLASS = 3

    @reads(2)
    def count(self) -> Data:
        """
        @return: how often it was read.
        """
        self.put(2, build.unsigned(int(self.get(2).values or 0) + 1))  # type: ignore[arg-type]
        return self.get(2)

    @writes(3)
    def refuse(self, value: Data) -> DataAccessResult:
        """
        Take no unit.
        """
        return DataAccessResult.HARDWARE_FAULT

    @selects(2)
    def some(self, selection: SelectiveAccess) -> Data:
        """
        @return: the selector.
        """
        return build.unsigned(selection.access_selector)

    @invokes(1)
    def reset(self, parameter: Data | None) -> ActionResult:
        """
        Count from 0.
        """
        self.put(2, build.unsigned(0))
        return ActionResult.SUCCESS

    @invokes(-1)
    def of_its_own(self, parameter: Data | None) -> Data:
        """
        @return: what was given.
        """
        return parameter or build.null()


class _Stubborn(_Counter):
    """
    One that does a single thing otherwise.
    """

    @invokes(1)
    def never(self, parameter: Data | None) -> tuple[ActionResult, Data | None]:
        """
        It does not begin again.
        """
        return ActionResult.TEMPORARY_FAILURE, build.null()


class StaticTests(SynchronousTestCase):
    """
    Any class is served as values and nothing else.
    """

    def test_every_attribute_of_every_class(self) -> None:
        """
        Each attribute of each version of each class has a value of its type, without any being given.
        """
        seen = 0
        for number in class_numbers():
            for version in interface_class(number).versions:
                one = CosemObject(_NAME, class_id=number, version=version)
                for attribute in one.attributes:
                    data = one.value(attribute)
                    assert isinstance(data, Data)
                    known = one.interface_class.attribute(attribute)
                    self.assertEqual(known.decode(data).notes, (), (number, version, attribute))
                    seen += 1
        self.assertGreater(seen, 900)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.data())
    def test_writing_what_fits(self, draw: st.DataObject) -> None:
        """
        What fits the type of an attribute is taken and read back, in every class.
        """
        number = draw.draw(st.sampled_from(class_numbers()))
        version = draw.draw(st.sampled_from(interface_class(number).versions))
        one = CosemObject(_NAME, class_id=number, version=version)
        attribute = draw.draw(st.sampled_from(one.attributes))
        data = draw.draw(fitting(one.interface_class.attribute(attribute).kind))
        wanted = DataAccessResult.READ_WRITE_DENIED if attribute == 1 else DataAccessResult.SUCCESS
        self.assertEqual(one.assign(attribute, data), wanted)
        if attribute != 1:
            self.assertEqual(one.value(attribute), data)

    def test_writing_what_does_not_fit(self) -> None:
        """
        A value of another type is refused, in every class, and nothing changes.
        """
        wrong = build.structure(build.float64(1.0), build.bcd(1), build.null())
        for number in class_numbers():
            one = CosemObject(_NAME, class_id=number, version=interface_class(number).version)
            for attribute in one.attributes[1:]:
                before = one.value(attribute)
                is_any = "any" in one.interface_class.attribute(attribute).kind.text
                result = one.assign(attribute, wrong)
                if not is_any:
                    self.assertEqual(result, DataAccessResult.TYPE_UNMATCHED, (number, attribute))
                    self.assertEqual(one.value(attribute), before)

    def test_any_type(self) -> None:
        """
        Where the table allows any type, it is that of the value now; nothing yet takes any.
        """
        one = CosemObject(_NAME, class_id=1, values={2: build.long_unsigned(7)})
        self.assertIsInstance(one.interface_class.attribute(2).kind, AnyKind)
        self.assertEqual(one.assign(2, build.long_unsigned(8)), DataAccessResult.SUCCESS)
        self.assertEqual(one.assign(2, build.unsigned(8)), DataAccessResult.TYPE_UNMATCHED)
        empty = CosemObject(_NAME, class_id=1)
        self.assertEqual(empty.assign(2, build.boolean(True)), DataAccessResult.SUCCESS)

    def test_values_of_a_real_meter(self) -> None:
        """
        A value that is not of the table's type is served as it is, and more of that type is taken.
        """
        one = CosemObject(_NAME, class_id=8, values={3: build.integer(60)})
        self.assertEqual(one.value(3), build.integer(60))
        self.assertEqual(one.assign(3, build.integer(-60)), DataAccessResult.SUCCESS)
        self.assertEqual(one.assign(3, build.long_(-60)), DataAccessResult.SUCCESS)
        self.assertEqual(one.assign(3, build.boolean(True)), DataAccessResult.TYPE_UNMATCHED)

    def test_what_is_not_there(self) -> None:
        """
        Attributes and methods that are not there are undefined; methods of the class that nobody does fail.
        """
        one = CosemObject(_NAME, class_id=3)
        self.assertEqual(one.value(9), DataAccessResult.OBJECT_UNDEFINED)
        self.assertEqual(one.assign(9, build.null()), DataAccessResult.OBJECT_UNDEFINED)
        self.assertEqual(one.act(9), (ActionResult.OBJECT_UNDEFINED, None))
        self.assertEqual(one.act(1), (ActionResult.OTHER_REASON, None))
        selection = SelectiveAccess(access_selector=1, access_parameters=build.null())
        self.assertEqual(one.value(2, selection), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)

    def test_values_beside_the_table(self) -> None:
        """
        Attributes of the manufacturer, and classes that nobody knows, are served if they were given.
        """
        one = CosemObject(_NAME, class_id=9999, values={-3: build.unsigned(5)})
        self.assertEqual(one.attributes, (-3, 1))
        self.assertEqual(one.value(-3), build.unsigned(5))
        self.assertEqual(one.assign(-3, build.unsigned(6)), DataAccessResult.SUCCESS)

    def test_shared_values(self) -> None:
        """
        Many objects share the values that they are given: writing one changes no other.
        """
        values = {2: build.unsigned(1)}
        one, other = (CosemObject(_NAME, class_id=1, values=values) for _ in range(2))
        one.put(2, build.unsigned(2))
        self.assertEqual((one.is_kept, other.is_kept), (True, False))
        self.assertEqual(other.value(2), build.unsigned(1))
        self.assertEqual(values, {2: build.unsigned(1)})

    def test_names(self) -> None:
        """
        A logical name is said as text, octets or code; the object shows class and name.
        """
        for name in (_NAME, Obis.parse(_NAME), Obis.parse(_NAME).octets):
            one = CosemObject(name, class_id=3)
            self.assertEqual(one.value(1), build.octet_string(Obis.parse(_NAME).octets))
        self.assertEqual(repr(one), f"<Register {_NAME}>")
        self.assertRaises(ObisError, CosemObject, "nonsense")

    def test_meaning(self) -> None:
        """
        Values are kept in the words of the table too, and read with their meaning.
        """
        one = CosemObject(_NAME, class_id=3, values={3: {"scaler": -3, "unit": "Wh"}})
        self.assertEqual(one.get(3), build.structure(build.integer(-3), build.enum(30)))
        one.put(3, {"scaler": 1, "unit": "W"})
        self.assertEqual(one.meaning(3), {"scaler": 1, "unit": 27})
        self.assertRaises(EncodeError, one.put, 3, {"scaler": 1})


class HandlerTests(SynchronousTestCase):
    """
    Classes say what they do themselves.
    """

    def test_handlers(self) -> None:
        """
        Marked methods read, select, write and run; all else stays a value.
        """
        one = _Counter(_NAME)
        self.assertEqual(one.value(2), build.unsigned(1))
        self.assertEqual(one.value(2), build.unsigned(2))
        selection = SelectiveAccess(access_selector=4, access_parameters=build.null())
        self.assertEqual(one.value(2, selection), build.unsigned(4))
        unit = build.structure(build.integer(0), build.enum(30))
        self.assertEqual(one.assign(3, unit), DataAccessResult.HARDWARE_FAULT)
        self.assertEqual(one.act(1, build.integer(0)), (ActionResult.SUCCESS, None))
        self.assertEqual(one.value(2), build.unsigned(1))
        self.assertEqual(one.act(-1), (ActionResult.SUCCESS, build.null()))
        self.assertEqual(one.methods, (-1, 1))

    def test_parameters(self) -> None:
        """
        A method without a parameter takes none, null-data and "integer 0"; other types are refused.
        """
        one = _Counter(_NAME)
        for good in (None, build.null(), build.integer(0)):
            self.assertEqual(one.act(1, good)[0], ActionResult.SUCCESS)
        self.assertEqual(one.act(1, build.unsigned(0))[0], ActionResult.TYPE_UNMATCHED)

    def test_unknown_members(self) -> None:
        """
        What an enumeration does not have is refused by objects that do something, and kept by the others.
        """
        unit = build.structure(build.integer(0), build.enum(99))
        for one, wanted in (
            (Register(_NAME), DataAccessResult.OTHER_REASON),
            (CosemObject(_NAME, class_id=3), DataAccessResult.SUCCESS),
        ):
            self.assertEqual(one.assign(3, unit), wanted)

    def test_derived_again(self) -> None:
        """
        A class that derives does one thing otherwise, and the rest alike; the first is as before.
        """
        result = _Stubborn(_NAME).act(1)
        self.assertEqual(result, (ActionResult.TEMPORARY_FAILURE, build.null()))
        self.assertEqual(_Stubborn(_NAME).value(2), build.unsigned(1))
        self.assertEqual(_Counter(_NAME).act(1)[0], ActionResult.SUCCESS)

    def test_as_served(self) -> None:
        """
        The session reads, writes and runs; writing in part is out of scope.
        """
        one = made({"class": 1, "obis": "0-0:96.1.0"})
        served = one.object(1, "0-0:96.1.0")
        who = caller(one)
        self.assertEqual(served.read(2, None, who), build.octet_string(b"SIM0000000001"))
        selection = SelectiveAccess(access_selector=1, access_parameters=build.null())
        for part, wanted in (
            (None, DataAccessResult.SUCCESS),
            (selection, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        ):
            self.assertEqual(served.write(2, build.octet_string(b"x"), part, who), wanted)
        self.assertEqual(served.invoke(1, None, who), (ActionResult.OBJECT_UNDEFINED, None))
        self.assertEqual(served.value_at(2, 0.0), build.octet_string(b"x"))
