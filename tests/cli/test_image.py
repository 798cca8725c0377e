"""
Tests of C{dlms image}.
"""

from __future__ import annotations

import json
from typing import Any

from dlms_twisted.testing import Fault
from tests.cli.meter_program import MANAGEMENT, METER, MeterProgramCase
from tests.schemas import check

_IMAGE = bytes(range(256)) * 8


class ImageTests(MeterProgramCase):
    """
    Tests of the command.
    """

    def setUp(self) -> None:
        """
        An image.
        """
        super().setUp()
        self.path = self.folder / "fw-2.bin"
        self.path.write_bytes(_IMAGE)

    @property
    def served(self) -> Any:
        """
        The meter's image transfer.
        """
        return self.meter.meter.object(18, "0-0:44.0.0.255")

    def test_sent(self) -> None:
        """
        Sent only, under the file's name.
        """
        printed = self.good("image", METER, str(self.path), *MANAGEMENT)
        self.assertEqual(printed, "2048 octets sent\n")
        self.assertEqual(self.served.image, _IMAGE)

    def test_verified(self) -> None:
        """
        Sent and verified, or used at once; what it is called.
        """
        words = ("image", METER, str(self.path), "--json", *MANAGEMENT)
        form = json.loads(self.good(*words, "--verify", "--identifier", "0x0102ff"))
        check("image.json", form)
        self.assertEqual(
            form, {"octets": 2048, "identifier": "0102ff", "status": "verification-successful"}
        )
        form = json.loads(self.good(*words, "--activate", "--identifier", "2.0"))
        check("image.json", form)
        self.assertEqual(form["status"], "activation-successful")
        self.assertEqual(form["identifier"], b"2.0".hex())

    def test_tries(self) -> None:
        """
        A link that is lost: the next sends what is missing; by hand, with --resume.
        """
        self.meter.faults.add(Fault(kind="dropped", after=12, count=1))
        result = self.dlms("image", METER, str(self.path), "--tries", "2", *MANAGEMENT)
        self.assertEqual(result.exit_code, 0, result.stderr)
        self.assertEqual(self.served.image, _IMAGE)
        self.meter.faults.clear()
        self.meter.faults.add(Fault(kind="dropped", after=12, count=1))
        self.bad(1, "image", METER, str(self.path), *MANAGEMENT)
        self.good("image", METER, str(self.path), "--resume", *MANAGEMENT)
        self.assertEqual(self.served.image, _IMAGE)

    def test_refused(self) -> None:
        """
        A client that may not; files that are not there or empty; an identifier that is none.
        """
        self.bad(1, "image", METER, str(self.path), env={})
        self.assertIn("nothing.bin", self.bad(2, "image", METER, "nothing.bin", env={}))
        self.assertIn(
            "--identifier",
            self.bad(2, "image", METER, str(self.path), "--identifier", "0xg", env={}),
        )
        self.assertIn(
            "--object", self.bad(2, "image", METER, str(self.path), "--object", "x", env={})
        )
        self.path.write_bytes(b"")
        self.assertIn("empty", self.bad(1, "image", METER, str(self.path), *MANAGEMENT))
