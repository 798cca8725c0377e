"""
All services of the shared vectors: what others found in them, and back to the same octets.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError
from tests.apdu.elements import elements_of, pairs
from tests.vectors import load

#: The LLC header before the APDU.
_LLC = (bytes.fromhex("e6e700"), bytes.fromhex("e6e600"))

#: Records that a strict decoder refuses, and why.
REFUSED = {
    "gosem-datanotification-decode-x": "truncated: the boolean has no octet",
    "cosempdu-get-selective": "one octet too many",
    "cosempdu-set-request": "one octet too many",
    "u9n51-getresp-list": "truncated: a fault of the meter's firmware",
}

#: Records that encode to other octets, and why.
NOT_CANONICAL = {
    "cx-gbt-00010000": "the length 2 as 82 0002",
    "cx-gbt-00020001": "the length 2 as 82 0002",
    "cx-gbt-00030001": "the length 2 as 82 0002",
}

#: Records whose boolean FF comes back from JSON as 01.
FF_IS_TRUE = {
    "gosem-datanotification-new",
    "gosem-datanotification-new-x",
    "gosem-new-eventnotificationrequest",
    "gosem-new-eventnotificationrequest-x",
}

#: Records whose tree is not the whole APDU, and why.
PARTIAL = {
    "gosem-new-setrequestwithfirstdatablock": "the peer gave up after the invoke-id",
    "gosem-new-setrequestwithfirstdatablock-x": "the peer leaves the attribute out",
}


def octets_of(record: dict[str, Any]) -> bytes:
    """
    @return: the APDU of a record.
    """
    octets = bytes.fromhex(record["hex"])
    return octets[3:] if octets.startswith(_LLC) else octets


def plaintexts(record: dict[str, Any]) -> list[bytes]:
    """
    @return: the service APDUs that were ciphered in a record.
    """
    expected = record.get("expected")
    places = [record, expected if isinstance(expected, dict) else {}]
    found = [place.get("plaintext") for place in places]
    return [bytes.fromhex(text) for text in found if text and text[:2] in _SERVICES]


_SERVICES = {"c0", "c1", "c3", "c4", "c5", "c7", "d9", "da", "05", "06", "0c", "0d", "16", "18"}


def _single(form: object) -> list[object]:
    # Every tree of Data in a JSON form that does not stand in another.
    if isinstance(form, dict):
        if "type" in form and "apdu" not in form:
            return [form]
        return [tree for value in form.values() for tree in _single(value)]
    if isinstance(form, list):
        return [tree for value in form for tree in _single(value)]
    return []


class ServiceVectorTests(SynchronousTestCase):
    """
    Tests with services.jsonl, and with the services in other files.
    """

    def test_expected(self) -> None:
        """
        Each record decodes as its C{expected} says.
        """
        compared = 0
        for record in load("services.jsonl"):
            expected = record["expected"]
            if record["id"] in REFUSED or expected is None:
                continue
            apdu = registry.decode(octets_of(record))
            if "apdu" in expected:
                self.assertEqual(apdu.to_json(), expected, record["id"])
            elif record["id"] in PARTIAL:
                ours = pairs(elements_of(apdu))
                missing = [pair for pair in pairs(expected["xml"]) if pair not in ours]
                self.assertEqual(missing, [], record["id"])
            else:
                self.assertEqual(elements_of(apdu), expected["xml"], record["id"])
            if "data" in expected:
                self.assertEqual(_single(apdu.to_json()), [expected["data"]], record["id"])
            compared += 1
        self.assertGreaterEqual(compared, 85)

    def test_refused(self) -> None:
        """
        The records with faults of their own are refused, and the error says where.
        """
        for record in load("services.jsonl"):
            if record["id"] in REFUSED:
                error = self.assertRaises(DecodeError, registry.decode, octets_of(record))
                self.assertTrue(0 < error.offset <= len(octets_of(record)), record["id"])

    def test_back_to_octets(self) -> None:
        """
        Each record encodes to the octets it came from.
        """
        for record in load("services.jsonl"):
            if record["id"] in REFUSED:
                continue
            octets = octets_of(record)
            apdu = registry.decode(octets)
            if record["id"] in NOT_CANONICAL:
                self.assertNotEqual(apdu.encode(), octets)
                self.assertEqual(registry.decode(apdu.encode()), apdu)
            else:
                self.assertEqual(apdu.encode(), octets, record["id"])

    def test_json_and_back(self) -> None:
        """
        Each record comes back from its JSON form, through text.
        """
        for record in load("services.jsonl"):
            if record["id"] in REFUSED:
                continue
            apdu = registry.decode(octets_of(record))
            form = json.loads(json.dumps(apdu.to_json()))
            back = registry.from_json(form)
            self.assertEqual(back.to_json(), form, record["id"])
            if record["id"] not in FF_IS_TRUE:
                self.assertEqual(back, apdu, record["id"])

    def test_in_ciphered_records(self) -> None:
        """
        The services that were ciphered encode to the octets they came from.
        """
        count = 0
        for record in load("ciphering.jsonl"):
            for octets in plaintexts(record):
                apdu = registry.decode(octets)
                self.assertEqual(apdu.encode(), octets, record["id"])
                self.assertEqual(registry.from_json(apdu.to_json()), apdu, record["id"])
                count += 1
        self.assertGreaterEqual(count, 10)

    def test_both_ways_of_reading(self) -> None:
        """
        C{decode} and the field-by-field C{read} give the same object.
        """
        for record in load("services.jsonl"):
            if record["id"] in REFUSED:
                continue
            octets = octets_of(record)
            apdu = registry.decode(octets)
            self.assertEqual(_read(type(apdu), octets), apdu, record["id"])

    def test_every_prefix(self) -> None:
        """
        What is cut short is refused with our error and no other.
        """
        for record in load("services.jsonl"):
            octets = octets_of(record)
            if record["id"] in REFUSED or len(octets) > 400:
                continue
            for length in range(len(octets)):
                self.assertRaises(DecodeError, registry.decode, octets[:length])

    def test_prefixes_of_long_ones(self) -> None:
        """
        The same for long records, at some of their places.
        """
        for record in load("services.jsonl"):
            octets = octets_of(record)
            if record["id"] in REFUSED:
                continue
            for length in range(0, len(octets), 37):
                self.assertRaises(DecodeError, registry.decode, octets[:length])


def _read(kind: type[Apdu], octets: bytes) -> Apdu:
    reader = Reader(octets)
    apdu = kind.read(reader)
    reader.finish()
    return apdu


class ElementTests(SynchronousTestCase):
    """
    The comparison itself can fail.
    """

    def test_a_wrong_value_is_seen(self) -> None:
        """
        One changed octet gives another tree.
        """
        seen = set()
        octets = bytes.fromhex("c401c1000600001391")
        for place in (2, 5, 8):
            changed = bytearray(octets)
            changed[place] ^= 1
            seen.add(json.dumps(elements_of(registry.decode(bytes(changed)))))
        seen.add(json.dumps(elements_of(registry.decode(octets))))
        self.assertEqual(len(seen), 4)

    def test_data_is_compared_by_octets(self) -> None:
        """
        Equal values of different types are different Data.
        """
        apdu = registry.decode(bytes.fromhex("c401c1001105"))
        other = registry.decode(bytes.fromhex("c401c1000f05"))
        self.assertNotEqual(apdu, other)
        self.assertIsInstance(getattr(apdu, "result", None), Data)
