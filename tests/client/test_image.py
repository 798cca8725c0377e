"""
Tests of L{dlms_twisted.client.image}, against the image transfer of the simulated meter.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult
from dlms_twisted.client.image import IMAGE, ImageStatus, ImageTransfer
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import (
    AccessRefusedError,
    ImageTransferError,
    LinkError,
    RemoteProtocolError,
    RequestTimeoutError,
)
from dlms_twisted.server.objects.image import ImageTransfer as ServedImage
from tests.client.objects import Answers, services_of
from tests.server.objects.bench import Bench

_BODY = bytes(range(256)) * 4
_IMAGE = _BODY + sha256(_BODY).digest()
_BLOCKS = 6


class ImageTransferTests(SynchronousTestCase):
    """
    Tests of L{ImageTransfer}.
    """

    def setUp(self) -> None:
        """
        A meter that takes images of blocks of 200 octets.
        """
        self.answers = Answers()
        self.serve()
        self.transfer = self.client()
        self.told: list[tuple[int, int]] = []

    def serve(self, **options: Any) -> None:
        """
        A new meter.
        """
        self.served = ServedImage("0-0:44.0.0.255", check="sha256", **options)
        self.bench = Bench(self.served)
        begin = self.bench.now - self.answers.clock.seconds()
        for number in range(2, 8):

            def read(_: object, one: int = number) -> Any:
                self.bench.now = begin + self.answers.clock.seconds()
                return self.served.value(one)

            self.answers.attributes[IMAGE, number] = read
        for number in range(1, 5):

            def run(parameter: Data | None, one: int = number) -> Any:
                self.bench.now = begin + self.answers.clock.seconds()
                return self.served.act(one, parameter)

            self.answers.methods[IMAGE, number] = run

    def client(self, **options: Any) -> ImageTransfer:
        """
        @return: the client's side.
        """
        return ImageTransfer(services_of(self.answers), self.answers.clock, **options)

    def result(self, deferred: Deferred[Any]) -> Any:
        """
        @return: what it fires with.
        """
        self.answers.run(deferred)
        return self.successResultOf(deferred)

    def error(self, deferred: Deferred[Any], kind: type[Exception]) -> Any:
        """
        @return: what it fails with.
        """
        self.answers.run(deferred)
        return self.failureResultOf(deferred, kind).value

    def blocks(self) -> int:
        """
        @return: how many blocks were sent.
        """
        return self.answers.asked("action").count("18/0-0:44.0.0.255/2")

    def progress(self, done: int, count: int) -> None:
        """
        Remember what was told.
        """
        self.told.append((done, count))

    def test_whole(self) -> None:
        """
        Sent, verified, activated; progress is told.
        """
        self.result(self.transfer.send(_IMAGE, b"FW 2", progress=self.progress))
        self.assertEqual(self.served.image, _IMAGE)
        self.assertEqual(self.told, [(n, _BLOCKS) for n in range(1, _BLOCKS + 1)])
        self.assertEqual(self.result(self.transfer.verify()), ImageStatus.VERIFICATION_SUCCESSFUL)
        self.assertEqual(self.result(self.transfer.activate()), ImageStatus.ACTIVATION_SUCCESSFUL)

    def test_slow(self) -> None:
        """
        A meter that takes its time to verify and to activate is waited for.
        """
        self.serve(verification=61.0, activation=33.0)
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        begun = self.answers.clock.seconds()
        self.result(self.transfer.verify())
        self.assertGreaterEqual(self.answers.clock.seconds() - begun, 61.0)
        self.result(self.transfer.activate())
        self.assertGreaterEqual(self.answers.clock.seconds() - begun, 94.0)

    def test_too_slow(self) -> None:
        """
        Patience has an end, and says where the transfer stands.
        """
        self.serve(verification=500.0)
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        error = self.error(self.client(patience=20.0).verify(), ImageTransferError)
        self.assertEqual(error.status, ImageStatus.VERIFICATION_INITIATED)
        self.assertIn("after 20 s", str(error))

    def test_damaged(self) -> None:
        """
        An image that is not what it should be.
        """
        self.result(self.transfer.send(_IMAGE[:-1] + b"\0", b"FW 2"))
        error = self.error(self.transfer.verify(), ImageTransferError)
        self.assertEqual((error.stage, error.status), ("verify", ImageStatus.VERIFICATION_FAILED))
        self.error(self.transfer.activate(), ImageTransferError)

    def interrupted(self, after: int) -> None:
        """
        The link is lost after so many blocks.
        """
        take = self.answers.methods[IMAGE, 2]
        left = after

        def lost(parameter: Data | None) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise LinkError("dropped", "")
            return take(parameter)

        self.answers.methods[IMAGE, 2] = lost
        self.error(self.transfer.send(_IMAGE, b"FW 2"), LinkError)
        self.answers.methods[IMAGE, 2] = take
        self.answers.log.clear()

    def test_resumed(self) -> None:
        """
        Only what is missing is sent again.
        """
        self.interrupted(4)
        self.result(self.transfer.send(_IMAGE, b"FW 2", resume=True, progress=self.progress))
        self.assertEqual(self.blocks(), 2)
        self.assertEqual(self.told, [(5, 6), (6, 6)])
        self.assertEqual(self.served.image, _IMAGE)

    def test_resumed_by_number(self) -> None:
        """
        A meter that does not say which blocks it has says which is the first that it has not.
        """
        self.interrupted(4)
        self.answers.attributes[IMAGE, 3] = 3
        self.result(self.transfer.send(_IMAGE, b"FW 2", resume=True))
        self.assertEqual(self.blocks(), 2)

    def test_odd_status(self) -> None:
        """
        A status of blocks that is rounded up to octets; one that is longer still, which is another image's; none at
        all; and a first missing block that there is not.
        """
        self.interrupted(4)
        self.answers.attributes[IMAGE, 3] = build.bit_string("11110000")
        read = self.answers.attributes[IMAGE, 4]
        deferred = self.transfer.send(_IMAGE, b"FW 2", resume=True)
        self.error(deferred, ImageTransferError)
        self.assertEqual(self.blocks(), 2 * 3)
        for bits in ("1111" * 5, "11110011"):
            self.answers.log.clear()
            self.answers.attributes[IMAGE, 3] = build.bit_string(bits)
            self.answers.run(self.transfer.send(_IMAGE, b"FW 2", resume=True))
            self.assertEqual(self.blocks(), _BLOCKS)
        self.answers.attributes[IMAGE, 3] = 3
        for first in (build.double_long_unsigned(99), 3, build.null()):
            self.answers.log.clear()
            self.answers.attributes[IMAGE, 4] = first
            self.answers.run(self.transfer.send(_IMAGE, b"FW 2", resume=True))
            self.assertEqual(self.blocks(), _BLOCKS)
        self.answers.attributes[IMAGE, 4] = read

    def test_silent_while_verifying(self) -> None:
        """
        A meter that does not even say its status while it verifies.
        """
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        read = self.answers.attributes[IMAGE, 6]
        end = self.answers.clock.seconds() + 9

        def status(selection: Any) -> Any:
            if self.answers.clock.seconds() < end:
                raise RequestTimeoutError("no answer")
            assert callable(read)
            return read(selection)

        self.answers.attributes[IMAGE, 6] = status
        self.answers.methods[IMAGE, 3] = lambda _: (ActionResult.TEMPORARY_FAILURE, None)
        self.error(self.client(patience=30.0).verify(), ImageTransferError)
        self.assertGreaterEqual(self.answers.clock.seconds(), end)

    def test_another(self) -> None:
        """
        One that has blocks of another image, or that says nothing, begins anew; so does one that is not told to
        go on.
        """
        self.interrupted(4)
        self.result(self.transfer.send(_IMAGE * 2, b"FW 3", resume=True))
        self.assertEqual(self.served.image, _IMAGE * 2)
        self.interrupted(4)
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        self.assertEqual(self.blocks(), _BLOCKS)

    def test_lost_blocks(self) -> None:
        """
        Blocks that were confirmed and did not arrive are sent again, not for ever.
        """
        take = self.answers.methods[IMAGE, 2]
        drop = {1, 3}

        def forgetful(parameter: Data | None) -> Any:
            assert parameter is not None
            values: Any = parameter.values
            if values[0] in drop:
                drop.discard(values[0])
                return ActionResult.SUCCESS, None
            return take(parameter)

        self.answers.methods[IMAGE, 2] = forgetful
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        self.assertEqual((self.blocks(), self.served.image), (_BLOCKS + 2, _IMAGE))
        self.answers.methods[IMAGE, 2] = lambda _: (ActionResult.SUCCESS, None)
        error = self.error(self.transfer.send(_IMAGE, b"FW 2"), ImageTransferError)
        self.assertEqual(error.stage, "blocks")

    def test_refused(self) -> None:
        """
        Not enabled; a block size that is none; an empty image; a refused block.
        """
        self.answers.methods[IMAGE, 2] = lambda _: (ActionResult.OTHER_REASON, None)
        self.error(self.transfer.send(_IMAGE, b"FW 2"), AccessRefusedError)
        self.served.put(5, build.boolean(False))
        error = self.error(self.transfer.send(_IMAGE, b"FW 2"), ImageTransferError)
        self.assertEqual(error.stage, "enabled")
        self.served.put(5, build.boolean(True))
        for size in (build.double_long_unsigned(0), build.double_long_unsigned(1 << 31), 3):
            self.answers.attributes[IMAGE, 2] = size
            self.error(self.transfer.send(_IMAGE, b"FW 2"), RemoteProtocolError)
        self.error(self.transfer.send(b"", b"FW 2"), ImageTransferError)

    def test_silent_about_itself(self) -> None:
        """
        A meter that does not say where it stands is asked again until it is done.
        """
        self.serve(verification=7.0, activation=7.0)
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        self.answers.attributes[IMAGE, 6] = 3
        self.assertIsNone(self.result(self.transfer.verify()))
        self.assertIsNone(self.result(self.transfer.activate()))
        self.assertEqual(self.served.status, 6)

    def test_busy(self) -> None:
        """
        A meter that does not answer while it verifies is asked later; one that does not answer while it activates
        has perhaps started anew.
        """
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        verify = self.answers.methods[IMAGE, 3]

        def silent(_: Data | None) -> Any:
            self.answers.methods[IMAGE, 3] = verify
            raise RequestTimeoutError("no answer")

        self.answers.methods[IMAGE, 3] = silent
        self.result(self.transfer.verify())
        self.answers.methods[IMAGE, 4] = silent
        self.error(self.transfer.activate(), RequestTimeoutError)

    def test_forgets(self) -> None:
        """
        A meter that has forgotten the transfer when the image is active.
        """
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        self.answers.methods[IMAGE, 4] = lambda _: (ActionResult.SUCCESS, None)
        self.answers.attributes[IMAGE, 6] = build.enum(0)
        self.assertEqual(self.result(self.transfer.activate()), ImageStatus.NOT_INITIATED)

    def test_cancelled(self) -> None:
        """
        Cancelled while it waits, nothing is left on the clock.
        """
        self.serve(verification=60.0)
        self.result(self.transfer.send(_IMAGE, b"FW 2"))
        waiting = self.transfer.verify()
        self.assertNoResult(waiting)
        waiting.cancel()
        self.failureResultOf(waiting, CancelledError)
        self.assertEqual(self.answers.clock.getDelayedCalls(), [])
