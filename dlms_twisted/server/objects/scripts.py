"""
Script table (class 9): what is written and executed in the meter at one word.

Source: DLMS UA 1000-1 (Blue Book), Script table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.base import CosemObject, invokes

if TYPE_CHECKING:
    from dlms_twisted.server.device import Device

__all__ = ["ScriptTable", "run_script"]

_WRITE: Final = 1
_EXECUTE: Final = 2
#: Scripts that may call each other; more is a circle.
_DEEPEST: Final = 8
#: Actions of a script, those of the scripts that it calls included.
_MOST_ACTIONS: Final = 1000


def run_script(device: Device, name: Obis, selector: int) -> ActionResult:
    """
    Run a script of the meter: what limiters, monitors and schedules do.

    @param name: Logical name of the script table; one of zeros, or selector 0, stands for "nothing".

    @return: what came of it.
    """
    if selector == 0 or name.octets == bytes(6):
        return ActionResult.SUCCESS
    table = device.object(ScriptTable.CLASS, name)
    if not isinstance(table, ScriptTable):
        return ActionResult.OBJECT_UNDEFINED
    return table.run(selector)


class ScriptTable(CosemObject):
    """
    Runs its scripts: each action is done, in order; the first that fails ends the script, as what was done before stays
    done.
    """

    CLASS = 9

    __slots__ = ("_depth",)

    def __init__(self, name: Obis | str | bytes, **options: Any) -> None:
        """
        @param options: As of L{CosemObject}.
        """
        super().__init__(name, **options)
        self._depth = 0

    @invokes(1)
    def execute(self, parameter: Data) -> ActionResult:
        """
        Run the script of that number.
        """
        number: Any = parameter.values
        return self.run(number)

    def run(self, number: int) -> ActionResult:
        """
        @return: success if all of the script was done; C{other-reason} where there is no such script.
        """
        scripts = self.meaning(2)
        found = None
        if isinstance(scripts, tuple):
            found = next((one for one in scripts if _number_of(one) == number), None)
        if found is None or self._depth >= _DEEPEST:
            return ActionResult.OTHER_REASON
        device = self.device
        is_first = device.actions_left is None
        if device.actions_left is None:
            device.actions_left = _MOST_ACTIONS
        self._depth += 1
        try:
            return self._run(found["actions"])
        finally:
            self._depth -= 1
            if is_first:
                device.actions_left = None

    def _run(self, actions: Any) -> ActionResult:
        device = self.device
        for action in actions:
            if not device.actions_left:
                return ActionResult.OTHER_REASON
            device.actions_left -= 1
            result = self._do(action)
            if result is not ActionResult.SUCCESS:
                return result
        return ActionResult.SUCCESS

    def _do(self, action: Any) -> ActionResult:
        if not isinstance(action, dict):
            return ActionResult.OTHER_REASON
        target = self.device.object(action["class_id"], action["logical_name"])
        if target is None:
            return ActionResult.OBJECT_UNDEFINED
        service, index, parameter = action["service_id"], action["index"], action["parameter"]
        if service == _EXECUTE:
            return target.act(index, parameter)[0]
        if service != _WRITE:
            return ActionResult.OTHER_REASON
        written = target.assign(index, parameter)
        return _AS_ACTION.get(written, ActionResult.OTHER_REASON)


def _number_of(script: Any) -> int | None:
    return script["script_id"] if isinstance(script, dict) else None


_AS_ACTION: Final = {
    DataAccessResult.SUCCESS: ActionResult.SUCCESS,
    DataAccessResult.READ_WRITE_DENIED: ActionResult.READ_WRITE_DENIED,
    DataAccessResult.OBJECT_UNDEFINED: ActionResult.OBJECT_UNDEFINED,
    DataAccessResult.TYPE_UNMATCHED: ActionResult.TYPE_UNMATCHED,
    DataAccessResult.TEMPORARY_FAILURE: ActionResult.TEMPORARY_FAILURE,
}
