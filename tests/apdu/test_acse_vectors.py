"""
All association APDUs and ciphered envelopes of the shared vectors: what others found in them, and back to the same
octets.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.aare import AARE
from dlms_twisted.apdu.initiate import InitiateResponse
from dlms_twisted.apdu.signing import GeneralSigning
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError
from tests.apdu.acse_elements import elements_of
from tests.vectors import load

#: Records that encode to other octets, and why.
NOT_CANONICAL = {
    "jdlms-hdlcframetest-4a": "all three lengths are one short",
    "cx-aare-short-conformance": "a conformance of 16 bits, under lengths for 24",
    "cx-aare-long-conformance": "a conformance of 128 bits, under lengths for 24",
    "cx-aare-hls2": "the outermost length is one short",
}
#: Records of ciphering.jsonl that are no APDUs, by what they are.
NO_APDU = (
    "gb-hls5-",
    "keywrap-",
    "gb-ecd",
    "cx-ecdsa-",
    "zs-",
    "cx-secctx-enc-",
    "cx-secctx-example",
    "cx-secctx-realtime",
)


def octets_of(record: dict[str, Any]) -> bytes:
    """
    @return: the APDU of a record.
    """
    octets = bytes.fromhex(record["hex"])
    return octets[8:] if record["medium"].startswith("wrapper") else octets


def records() -> list[dict[str, Any]]:
    """
    @return: all records that are APDUs of this module's kind.
    """
    ciphered = [
        record for record in load("ciphering.jsonl") if not record["id"].startswith(NO_APDU)
    ]
    return [*load("acse.jsonl"), *ciphered]


class AssociationVectorTests(SynchronousTestCase):
    """
    Tests with acse.jsonl and ciphering.jsonl.
    """

    def test_trees(self) -> None:
        """
        Each record with a tree has just the elements of that tree.
        """
        compared = 0
        for record in records():
            expected = record["expected"] or {}
            if "xml" in expected:
                compared += 1
                apdu = registry.decode(octets_of(record))
                self.assertEqual(elements_of(apdu), expected["xml"], record["id"])
        self.assertEqual(compared, 42)

    def test_published(self) -> None:
        """
        Each AARE with published values has them.
        """
        compared = 0
        for record in records():
            expected = record["expected"] or {}
            if "negotiated_qos" not in expected:
                continue
            compared += 1
            apdu = registry.decode(octets_of(record))
            assert isinstance(apdu, AARE)
            initiate = apdu.user_information
            assert isinstance(initiate, InitiateResponse)
            found = {
                "negotiated_qos": initiate.negotiated_quality_of_service or 0,
                "dlms_version": initiate.negotiated_dlms_version_number,
                "max_pdu": initiate.server_max_receive_pdu_size,
                "conformance": int(initiate.negotiated_conformance),
            }
            self.assertEqual(found, expected, record["id"])
        self.assertEqual(compared, 4)

    def test_signed(self) -> None:
        """
        Each general-signing APDU, alone or in general-ciphering, has the fields of its record.
        """
        compared = 0
        for record in records():
            expected = record["expected"] or {}
            if "signature" not in expected:
                continue
            compared += 1
            apdu = registry.decode(octets_of(record))
            if not isinstance(apdu, GeneralSigning):
                apdu = registry.decode(apdu.envelope.payload)  # type: ignore[attr-defined]
            form = apdu.to_json()
            self.assertEqual({name: form[name] for name in expected}, expected, record["id"])
            content = registry.decode(bytes.fromhex(expected["content"]))
            self.assertEqual(content.encode().hex(), expected["content"])
        self.assertEqual(compared, 18)

    def test_back_to_octets(self) -> None:
        """
        Each record encodes to the octets it came from.
        """
        for record in records():
            octets = octets_of(record)
            apdu = registry.decode(octets)
            if record["id"] in NOT_CANONICAL:
                self.assertNotEqual(apdu.encode(), octets)
                again = registry.decode(apdu.encode())
                self.assertEqual(again, apdu)
            else:
                self.assertEqual(apdu.encode(), octets, record["id"])

    def test_json_and_back(self) -> None:
        """
        Each record comes back from its JSON form, through text.
        """
        for record in records():
            apdu = registry.decode(octets_of(record))
            form = json.loads(json.dumps(apdu.to_json()))
            self.assertEqual(registry.from_json(form), apdu, record["id"])

    def test_both_ways_of_reading(self) -> None:
        """
        C{decode} and the field-by-field C{read} give the same object.
        """
        for record in records():
            octets = octets_of(record)
            apdu = registry.decode(octets)
            reader = Reader(octets)
            self.assertEqual(registry.read(reader), apdu, record["id"])
            reader.finish()

    def test_every_prefix(self) -> None:
        """
        What is cut short is refused with our error and no other.
        """
        for record in records():
            octets = octets_of(record)
            for length in range(len(octets)):
                self.assertRaises(DecodeError, registry.decode, octets[:length])
