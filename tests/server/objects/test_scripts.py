"""
Script tables.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.disconnect import DisconnectControl
from dlms_twisted.server.objects.scripts import ScriptTable, run_script
from tests.server.objects.bench import Bench

_TABLE = "0-0:10.0.106.255"
_BREAKER = "0-0:96.3.10.255"
_VALUE = "0-0:96.13.0.255"


def action(service: int, class_id: int, name: str, index: int, parameter: Data) -> dict[str, Any]:
    """
    @return: one action of a script.
    """
    return {
        "service_id": service,
        "class_id": class_id,
        "logical_name": name,
        "index": index,
        "parameter": parameter,
    }


class ScriptTests(SynchronousTestCase):
    """
    A table with scripts 1 (two actions), 2 (of which the first fails), 3 (which calls itself) and 4 (nonsense).
    """

    def setUp(self) -> None:
        opening = action(2, 70, _BREAKER, 1, build.integer(0))
        writing = action(1, 1, _VALUE, 2, build.unsigned(7))
        scripts = [
            {"script_id": 1, "actions": [opening, writing]},
            {"script_id": 2, "actions": [action(1, 1, _VALUE, 2, build.null()), opening]},
            {"script_id": 3, "actions": [action(2, 9, _TABLE, 1, build.long_unsigned(3))]},
            {"script_id": 4, "actions": [action(9, 1, _VALUE, 2, build.unsigned(1))]},
            {"script_id": 5, "actions": [action(2, 70, "0-0:96.3.11.255", 1, build.integer(0))]},
        ]
        self.table = ScriptTable(_TABLE, values={2: scripts})
        self.breaker = DisconnectControl(_BREAKER)
        self.value = CosemObject(_VALUE, class_id=1, values={2: build.unsigned(0)})
        Bench(self.table, self.breaker, self.value)

    def execute(self, number: int) -> ActionResult:
        """
        @return: what came of a script.
        """
        return self.table.act(1, build.long_unsigned(number))[0]

    def test_all_done(self) -> None:
        """
        Methods are executed and attributes written, in order.
        """
        self.assertIs(self.execute(1), ActionResult.SUCCESS)
        self.assertEqual(self.breaker.value(2), build.boolean(False))
        self.assertEqual(self.value.value(2), build.unsigned(7))

    def test_first_failure_ends(self) -> None:
        """
        An action that fails ends the script with its result.
        """
        self.assertIs(self.execute(2), ActionResult.TYPE_UNMATCHED)
        self.assertEqual(self.breaker.value(2), build.boolean(True))

    def test_circle(self) -> None:
        """
        A script that calls itself ends, and the table works afterwards.
        """
        self.assertIs(self.execute(3), ActionResult.OTHER_REASON)
        self.assertIs(self.execute(1), ActionResult.SUCCESS)

    def test_avalanche(self) -> None:
        """
        Scripts that call scripts that call scripts do only so much, and the table works afterwards.
        """
        scripts: list[dict[str, Any]] = [
            {
                "script_id": number,
                "actions": [action(2, 9, _TABLE, 1, build.long_unsigned(number + 1))] * 100,
            }
            for number in range(1, 7)
        ]
        counting = action(1, 1, _VALUE, 2, build.unsigned(7))
        scripts.append({"script_id": 7, "actions": [counting] * 100})
        self.table.put(2, scripts)
        self.assertIs(self.execute(1), ActionResult.OTHER_REASON)
        self.assertIs(self.execute(7), ActionResult.SUCCESS)

    def test_nonsense(self) -> None:
        """
        An unknown script, service or object, and a parameter of another type, are refused.
        """
        self.assertIs(self.execute(9), ActionResult.OTHER_REASON)
        self.assertIs(self.execute(4), ActionResult.OTHER_REASON)
        self.assertIs(self.execute(5), ActionResult.OBJECT_UNDEFINED)
        self.assertIs(self.table.act(1, build.unsigned(1))[0], ActionResult.TYPE_UNMATCHED)

    def test_from_elsewhere(self) -> None:
        """
        Other objects run scripts by name; "no script" is a success, and a table that is not there is not.
        """
        device = self.table.device
        self.assertIs(run_script(device, Obis.parse(_TABLE), 1), ActionResult.SUCCESS)
        self.assertFalse(self.breaker.value(2).values)  # type: ignore[union-attr]
        self.assertIs(run_script(device, Obis.of(bytes(6)), 1), ActionResult.SUCCESS)
        self.assertIs(run_script(device, Obis.parse(_TABLE), 0), ActionResult.SUCCESS)
        missing = run_script(device, Obis.parse(_BREAKER), 1)
        self.assertIs(missing, ActionResult.OBJECT_UNDEFINED)
