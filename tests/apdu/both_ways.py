"""
What every APDU is held to: an object and its octets are two forms of one thing.
"""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError

__all__ = ["BothWaysCase"]


class BothWaysCase(SynchronousTestCase):
    """
    A test case for APDUs.
    """

    def both_ways(self, apdu: Apdu, text: str) -> None:
        """
        @param text: The octets of C{apdu} in hex, with spaces.
        """
        octets = bytes.fromhex(text)
        self.assertEqual(apdu.encode().hex(), octets.hex())
        kind = type(apdu)
        self.assertEqual(kind.decode(octets), apdu)
        self.assertEqual(registry.decode(octets), apdu)
        reader = Reader(octets)
        self.assertEqual(kind.read(reader), apdu)
        reader.finish()
        form = json.loads(json.dumps(apdu.to_json()))
        self.assertEqual(form["apdu"], kind.NAME)
        self.assertEqual(registry.from_json(form), apdu)
        for length in range(len(octets)):
            self.assertRaises(DecodeError, kind.decode, octets[:length])
        self.assertRaises(DecodeError, kind.decode, octets + b"\x00")
        self.assertRaises(DecodeError, kind.decode, b"\xee" + octets[1:])
