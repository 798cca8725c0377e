"""
Result codes: names of the standard, and codes that it does not name.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.errors import EncodeError


class ResultTests(SynchronousTestCase):
    """
    Tests of L{DataAccessResult} and L{ActionResult}.
    """

    def test_named(self) -> None:
        """
        A named code is shown with the standard's name.
        """
        self.assertEqual(DataAccessResult(3).label, "read-write-denied")
        self.assertEqual(DataAccessResult(3).to_json(), "read-write-denied")
        self.assertEqual(ActionResult(15).label, "long-action-aborted")
        self.assertTrue(DataAccessResult(0).is_success)
        self.assertFalse(ActionResult(250).is_success)

    def test_unnamed_survives(self) -> None:
        """
        A code without a name keeps its value, is no success, and is shown as a number.
        """
        for kind in (DataAccessResult, ActionResult):
            code = kind(77)
            self.assertIsInstance(code, kind)
            self.assertEqual(code, 77)
            self.assertEqual(code, kind(77))
            self.assertEqual(hash(code), hash(kind(77)))
            self.assertEqual(code.to_json(), 77)
            self.assertEqual(code.label, "77")
            self.assertFalse(code.is_named)
            self.assertFalse(code.is_success)

    def test_only_octets(self) -> None:
        """
        What does not fit into one octet is no code.
        """
        for wrong in (-1, 256):
            self.assertRaises(ValueError, DataAccessResult, wrong)

    def test_json_both_ways(self) -> None:
        """
        Each of the 256 codes comes back from its JSON form.
        """
        for kind in (DataAccessResult, ActionResult):
            for value in range(256):
                self.assertEqual(kind.from_json(kind(value).to_json()), value)

    def test_wrong_json(self) -> None:
        """
        A form that names no code is refused.
        """
        for wrong in ("nothing-known", 256, -1, None, True, 1.5):
            self.assertRaises(EncodeError, DataAccessResult.from_json, wrong)

    def test_retryable(self) -> None:
        """
        Only a temporary failure is worth a retry.
        """
        self.assertEqual([code for code in range(256) if DataAccessResult(code).is_retryable], [2])
        self.assertEqual([code for code in range(256) if ActionResult(code).is_retryable], [2])
