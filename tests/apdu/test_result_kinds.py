"""
The JSON forms of results, and what is no such form.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.kinds import JSON
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.set import SetResponseWithList
from dlms_twisted.codec.trace import TracingReader
from dlms_twisted.errors import EncodeError
from tests.apdu.damage import SEEDS


class FormTests(SynchronousTestCase):
    """
    Tests of C{from_json} of services.
    """

    def test_codes(self) -> None:
        """
        A code is a name or a number.
        """
        for form, wanted in (("other-reason", 250), (250, 250), (77, 77), ("success", 0)):
            apdu = registry.from_json(
                {"apdu": "set-response-normal", "invoke_id_and_priority": 1, "result": form}
            )
            self.assertEqual(apdu.encode(), bytes((0xC5, 1, 1, wanted)))

    def test_wrong_forms(self) -> None:
        """
        The error names the place.
        """
        data: JSON = {"type": "unsigned", "value": 300}
        cases: tuple[tuple[str, dict[str, JSON], str], ...] = (
            ("set-response-normal", {"result": "no-such"}, "set-response-normal.result"),
            ("get-response-normal", {"result": {"data": data}}, "get-response-normal.result.data"),
            ("get-response-normal", {"result": {}}, "get-response-normal.result"),
            ("get-response-normal", {"result": 4}, "get-response-normal.result"),
            (
                "get-response-normal",
                {"result": {"data_access_result": 256}},
                "get-response-normal.result.data_access_result",
            ),
            (
                "get-response-with-datablock",
                {"last_block": True, "block_number": 1, "result": {"data": data}},
                "get-response-with-datablock.result",
            ),
            (
                "get-response-with-datablock",
                {"last_block": True, "block_number": 1, "result": {"raw_data": "0"}},
                "get-response-with-datablock.result.raw_data",
            ),
            ("get-response-with-list", {"results": [{}]}, "get-response-with-list.results[0]"),
        )
        for name, fields, place in cases:
            form: dict[str, JSON] = {"apdu": name, "invoke_id_and_priority": 1, **fields}
            error = self.assertRaises(EncodeError, registry.from_json, form)
            self.assertTrue(str(error).startswith(place), str(error))

    def test_shared_members(self) -> None:
        """
        Each code is one object, however often it comes, also those without a name.
        """
        octets = bytes.fromhex("c505c102 4d 4d")
        first, second = SetResponseWithList.decode(octets).results
        self.assertIs(first, second)
        self.assertEqual(first, DataAccessResult(0x4D))


class ExplanationTests(SynchronousTestCase):
    """
    Tests of what those see who explain octets.
    """

    def test_each_octet(self) -> None:
        """
        Each octet of a list of results is in a field, and codes are named.
        """
        octets = bytes.fromhex("c403c1 02 00 1105 01 04")
        reader = TracingReader(octets)
        apdu = registry.read(reader)
        self.assertEqual(apdu, registry.decode(octets))
        spans = [span for span in reader.spans() if not span.group]
        self.assertEqual(b"".join(span.octets for span in spans), octets)
        self.assertEqual(
            [(span.field, span.value) for span in spans],
            [
                ("tag", 0xC4),
                ("choice", 3),
                ("invoke_id_and_priority", 0xC1),
                ("count", 2),
                ("results", "data"),
                ("type", "unsigned"),
                ("value", 5),
                ("results", "data-access-result"),
                ("data_access_result", "object-undefined"),
            ],
        )

    def test_each_variant(self) -> None:
        """
        So is each octet of each variant of each service.
        """
        for octets in SEEDS:
            reader = TracingReader(octets)
            self.assertEqual(registry.read(reader), registry.decode(octets))
            spans = [span for span in reader.spans() if not span.group]
            self.assertEqual(b"".join(span.octets for span in spans), octets)
