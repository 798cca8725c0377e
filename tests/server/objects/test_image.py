"""
Image transfer.
"""

from __future__ import annotations

from hashlib import sha256
from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult
from dlms_twisted.codec import build
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.image import ImageStatus, ImageTransfer
from tests.server.objects.bench import Bench

_NAME = "0-0:44.0.0.255"
_VERSION = "1-0:0.2.0.255"
_ZERO = build.integer(0)


class ImageTests(SynchronousTestCase):
    """
    An image of 1050 octets in blocks of 100.
    """

    def make(self, **options: Any) -> ImageTransfer:
        """
        @return: the object, in a meter that shows its firmware's version.
        """
        self.version = CosemObject(_VERSION, class_id=1, values={2: build.octet_string(b"V1")})
        values = {2: 100, **options.pop("values", {})}
        found = ImageTransfer(_NAME, values=values, version_object=_VERSION, **options)
        self.bench = Bench(found, self.version)
        self.image = Random(3).randbytes(1050)
        return found

    def initiate(self, transfer: ImageTransfer, size: int = 1050) -> ActionResult:
        """
        @return: what came of it.
        """
        parameter = build.structure(build.octet_string(b"V2"), build.double_long_unsigned(size))
        return transfer.act(1, parameter)[0]

    def send(
        self, transfer: ImageTransfer, number: int, octets: bytes | None = None
    ) -> ActionResult:
        """
        @return: what came of a block.
        """
        block = self.image[number * 100 : number * 100 + 100] if octets is None else octets
        parameter = build.structure(build.double_long_unsigned(number), build.octet_string(block))
        return transfer.act(2, parameter)[0]

    def send_all(self, transfer: ImageTransfer) -> None:
        """
        All blocks arrive.
        """
        self.assertIs(self.initiate(transfer, len(self.image)), ActionResult.SUCCESS)
        for number in range(-(-len(self.image) // 100)):
            self.assertIs(self.send(transfer, number), ActionResult.SUCCESS)

    def test_whole_way(self) -> None:
        """
        Initiated, transferred, verified, activated: the version is the image's.
        """
        transfer = self.make()
        self.assertIs(transfer.status, ImageStatus.NOT_INITIATED)
        self.assertFalse(transfer.is_kept)
        self.send_all(transfer)
        self.assertEqual(transfer.image, self.image)
        self.assertEqual(transfer.value(7), build.array())
        self.assertIs(transfer.act(3, _ZERO)[0], ActionResult.SUCCESS)
        self.assertIs(transfer.act(3, _ZERO)[0], ActionResult.SUCCESS)
        information = build.structure(
            build.double_long_unsigned(1050),
            build.octet_string(b"V2"),
            build.octet_string(sha256(self.image).digest()),
        )
        self.assertEqual(transfer.value(7), build.array(information))
        self.assertIs(transfer.act(4, _ZERO)[0], ActionResult.SUCCESS)
        self.assertEqual(transfer.value(6), build.enum(ImageStatus.ACTIVATED))
        self.assertEqual(self.version.value(2), build.octet_string(b"V2"))
        self.assertTrue(transfer.is_kept)

    def test_lost_blocks(self) -> None:
        """
        What did not come is shown, and may come in any order, and twice.
        """
        transfer = self.make()
        self.initiate(transfer)
        for number in (0, 1, 3, 10, 1):
            self.assertIs(self.send(transfer, number), ActionResult.SUCCESS)
        self.assertEqual(transfer.value(3), build.bit_string("11010000001"))
        self.assertEqual(transfer.value(4), build.double_long_unsigned(2))
        self.assertIs(transfer.act(3, _ZERO)[0], ActionResult.OTHER_REASON)
        self.assertIs(transfer.status, ImageStatus.VERIFICATION_FAILED)
        self.assertIs(transfer.act(4, _ZERO)[0], ActionResult.OTHER_REASON)
        for number in (2, 4, 5, 6, 7, 8, 9):
            self.assertIs(self.send(transfer, number), ActionResult.SUCCESS)
        self.assertEqual(transfer.value(4), build.double_long_unsigned(11))
        self.assertIs(transfer.act(4, _ZERO)[0], ActionResult.SUCCESS)

    def test_refused(self) -> None:
        """
        Blocks that are too short, too long, beyond the end or before the beginning are refused, and so are images of
        no size or too much.
        """
        transfer = self.make(highest=2000)
        self.assertIs(self.send(transfer, 0), ActionResult.OTHER_REASON)
        for size in (0, 2001):
            self.assertIs(self.initiate(transfer, size), ActionResult.OTHER_REASON)
        self.initiate(transfer)
        for number, octets in ((0, bytes(99)), (0, bytes(101)), (10, bytes(51)), (11, bytes(50))):
            refused = self.send(transfer, number, octets)
            self.assertIs(refused, ActionResult.OTHER_REASON, number)
        self.assertEqual(transfer.value(3), build.bit_string("0" * 11))
        self.assertIs(transfer.act(1, _ZERO)[0], ActionResult.TYPE_UNMATCHED)

    def test_disabled(self) -> None:
        """
        A transfer that is not enabled is refused.
        """
        transfer = self.make(values={5: False})
        self.assertIs(self.initiate(transfer), ActionResult.OTHER_REASON)
        transfer.assign(5, build.boolean(True))
        self.assertIs(self.initiate(transfer), ActionResult.SUCCESS)
        transfer.assign(5, build.boolean(False))
        self.assertIs(self.send(transfer, 0), ActionResult.OTHER_REASON)

    def test_block_size_changes(self) -> None:
        """
        The block size of a transfer is that of its beginning.
        """
        transfer = self.make()
        self.initiate(transfer)
        transfer.assign(2, build.double_long_unsigned(50))
        self.assertIs(self.send(transfer, 0), ActionResult.SUCCESS)
        self.assertIs(self.send(transfer, 10), ActionResult.SUCCESS)

    def test_takes_time(self) -> None:
        """
        Verification and activation take their time, asked or not.
        """
        transfer = self.make(verification=5.0, activation=60.0)
        self.send_all(transfer)
        self.assertIs(transfer.act(3, _ZERO)[0], ActionResult.TEMPORARY_FAILURE)
        self.assertIs(transfer.act(4, _ZERO)[0], ActionResult.TEMPORARY_FAILURE)
        self.assertIs(self.initiate(transfer), ActionResult.TEMPORARY_FAILURE)
        self.assertIs(transfer.status, ImageStatus.VERIFYING)
        self.bench.advance(5)
        self.assertIs(transfer.act(3, _ZERO)[0], ActionResult.SUCCESS)
        self.assertIs(transfer.act(4, _ZERO)[0], ActionResult.TEMPORARY_FAILURE)
        self.bench.advance(59)
        self.assertEqual(self.version.value(2), build.octet_string(b"V1"))
        self.bench.advance(1)
        self.assertEqual(self.version.value(2), build.octet_string(b"V2"))
        self.assertIs(transfer.act(4, _ZERO)[0], ActionResult.SUCCESS)
        self.assertEqual(self.bench.scheduled, {})

    def test_clock_set(self) -> None:
        """
        Setting the clock does not shorten the wait.
        """
        transfer = self.make(verification=5.0)
        self.send_all(transfer)
        transfer.act(3, _ZERO)
        before, self.bench.now = self.bench.now, self.bench.now + 3600
        transfer.clock_set(before, self.bench.now)
        self.assertIs(transfer.status, ImageStatus.VERIFYING)
        self.bench.advance(5)
        self.assertIs(transfer.status, ImageStatus.VERIFIED)

    def test_digest(self) -> None:
        """
        With the check sha256 an image must end with its digest.
        """
        transfer = self.make(check="sha256")
        self.send_all(transfer)
        self.assertIs(transfer.act(3, _ZERO)[0], ActionResult.OTHER_REASON)
        self.assertIs(transfer.status, ImageStatus.VERIFICATION_FAILED)
        body = self.image[:1018]
        self.image = body + sha256(body).digest()
        self.send_all(transfer)
        self.assertIs(transfer.act(3, _ZERO)[0], ActionResult.SUCCESS)

    def test_options(self) -> None:
        """
        A check that there is not is refused.
        """
        self.assertRaises(ConfigurationError, ImageTransfer, _NAME, check="crc")
