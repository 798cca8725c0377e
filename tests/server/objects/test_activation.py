"""
Tests for L{dlms_twisted.server.objects.activation}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.activation import RegisterActivation
from tests.server.making import made

_DAY = build.octet_string(b"day")
_NIGHT = build.octet_string(b"night")


def _made() -> RegisterActivation:
    values = {
        "register_assignment": ["3/1-0:1.8.1", "3/1-0:1.8.2"],
        "mask_list": [
            {"mask_name": "day", "index_list": [1]},
            {"mask_name": "night", "index_list": [2]},
        ],
        "active_mask": "day",
    }
    found = made({"class": 6, "obis": "0-0:14.0.0", "values": values}).object(6, "0-0:14.0.0")
    assert isinstance(found, RegisterActivation)
    return found


class ActivationTests(SynchronousTestCase):
    """
    Register activation.
    """

    def test_active(self) -> None:
        """
        The mask says which registers are active; only a mask that there is can be chosen.
        """
        one = _made()
        self.assertEqual(one.active, (Obis.parse("1-0:1.8.1").octets,))
        self.assertEqual(one.assign(4, _NIGHT), DataAccessResult.SUCCESS)
        self.assertEqual(one.active, (Obis.parse("1-0:1.8.2").octets,))
        self.assertEqual(one.assign(4, build.octet_string(b"x")), DataAccessResult.OTHER_REASON)
        self.assertEqual(one.assign(4, build.octet_string(b"")), DataAccessResult.SUCCESS)
        self.assertEqual(one.active, ())

    def test_masks(self) -> None:
        """
        Masks are added, replaced and deleted; without the active one none is.
        """
        one = _made()
        indexes = build.array(build.unsigned(1), build.unsigned(2))
        for name in (_DAY, build.octet_string(b"both")):
            result = one.act(2, build.structure(name, indexes))
            self.assertEqual(result, (ActionResult.SUCCESS, None))
        self.assertEqual(len(one.meaning(3)), 3)
        self.assertEqual(len(one.active), 2)
        self.assertEqual(one.act(3, _DAY), (ActionResult.SUCCESS, None))
        self.assertEqual((one.active, one.meaning(4)), ((), ""))
        self.assertEqual(one.act(3, _DAY)[0], ActionResult.OTHER_REASON)

    def test_registers(self) -> None:
        """
        Registers are assigned at the end.
        """
        one = _made()
        name = build.octet_string(Obis.parse("1-0:1.8.3").octets)
        one.act(1, build.structure(build.long_unsigned(3), name))
        self.assertEqual(one.meaning(2)[2]["logical_name"], Obis.parse("1-0:1.8.3"))
        self.assertEqual(one.act(1, name)[0], ActionResult.TYPE_UNMATCHED)
