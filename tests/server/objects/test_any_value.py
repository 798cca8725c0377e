"""
Objects of every class that is more than values, with whatever values and parameters: they answer, and never raise.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.object_view import ObjectView
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.registry import CLASSES
from dlms_twisted.server.saved import description_of_list
from tests.cosem.kind_data import fitting
from tests.server.making import NOW

_NAME = Obis.parse("0-0:5.5.5")
#: Data of some type.
_SOME = fitting(interface_class(1).attribute(2).kind)


def _meter(class_id: int, version: int, values: dict[int, Data]) -> tuple[SimulatedMeter, Clock]:
    view = ObjectView(class_id=class_id, version=version, logical_name=_NAME, values=values)
    clock = Clock()
    clock.advance(NOW)
    description = description_of_list(ObjectList(objects=(view,)))
    return SimulatedMeter(description, clock=clock), clock


class AnyValueTests(SynchronousTestCase):
    """
    Every class of ours.
    """

    @settings(max_examples=50, deadline=None, derandomize=True)
    @given(st.data())
    def test_any(self, draw: st.DataObject) -> None:
        """
        Saved with values of their types or of others, read whole and in part, written, told to act, and let work: each
        time there is a value or a result.
        """
        class_id = draw.draw(st.sampled_from(sorted(CLASSES)))
        version = draw.draw(st.sampled_from(interface_class(class_id).versions))
        known = interface_class(class_id, version)

        def some(kind: Any) -> Data:
            return draw.draw(st.one_of(fitting(kind), fitting(kind), _SOME))

        numbers = [number for number in known.attributes if number != 1]
        given_values = draw.draw(st.sets(st.sampled_from(numbers)))
        values = {number: some(known.attribute(number).kind) for number in given_values}
        meter, clock = _meter(class_id, version, values)
        one = meter.object(class_id, _NAME)
        assert one is not None
        meter.due()
        for number in numbers:
            self.assertIsInstance(one.value(number), (Data, DataAccessResult))
            part = SelectiveAccess(
                access_selector=draw.draw(st.integers(0, 5)), access_parameters=draw.draw(_SOME)
            )
            self.assertIsInstance(one.value(number, part), (Data, DataAccessResult))
            written = one.assign(number, some(known.attribute(number).kind))
            self.assertIsInstance(written, DataAccessResult)
        for number, method in known.methods.items():
            result, back = one.act(number, some(method.parameter))
            self.assertIsInstance(result, ActionResult)
            self.assertIsInstance(back, (Data, type(None)))
        clock.advance(draw.draw(st.integers(1, 100_000)))
        meter.work()
        meter.due()
        for number in numbers:
            self.assertIsInstance(one.value(number), (Data, DataAccessResult))
