"""
Image transfer (class 18): new firmware in blocks, verified and "activated".

Source: DLMS UA 1000-1 (Blue Book), Image transfer.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

from dlms_twisted.apdu.results import ActionResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.server.objects.base import CosemObject, invokes, reads
from dlms_twisted.server.objects.events import Event, happen

__all__ = ["ImageStatus", "ImageTransfer"]


class ImageStatus(IntEnum):
    """
    Where a transfer stands.
    """

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFYING = 2
    VERIFIED = 3
    VERIFICATION_FAILED = 4
    ACTIVATING = 5
    ACTIVATED = 6
    ACTIVATION_FAILED = 7


_CHECKS: Final = ("size", "sha256")
_DIGEST: Final = 32
_UNFINISHED: Final = (ImageStatus.INITIATED, ImageStatus.VERIFICATION_FAILED)


class ImageTransfer(CosemObject):
    """
    Takes images.  Blocks may come in any order, and again; each but the last has C{image_block_size} octets.

    An image is good when all of it is there, and, with the check C{sha256}, when its last 32 octets are the SHA-256 of
    those before them.  Activating one that was not verified verifies it first.
    """

    CLASS = 18

    __slots__ = (
        "_activation",
        "_block_size",
        "_check",
        "_highest",
        "_identifier",
        "_image",
        "_seen",
        "_status",
        "_until",
        "_verification",
        "_version_object",
    )

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        values: Any = (),
        check: str = "size",
        verification: float = 0.0,
        activation: float = 0.0,
        version_object: str | None = None,
        highest: int = 4 << 20,
        **options: Any,
    ) -> None:
        """
        @param values: As of L{CosemObject}; the block size is 200 octets, and transfer is enabled, where they do not
            say it.
        @param check: C{size} or C{sha256}.
        @param verification: Seconds that it takes; meanwhile the answer is C{temporary-failure}.
        @param activation: Likewise.
        @param version_object: Logical name of the Data that shows the firmware's version, which is the identifier of
            the image that was activated last.
        @param highest: Octets that an image may have.

        @raise ConfigurationError: an option is wrong.
        """
        if check not in _CHECKS:
            raise ConfigurationError(f"check: one of {', '.join(_CHECKS)} wanted")
        super().__init__(name, values={2: 200, 5: True, **dict(values)}, **options)
        self._check = check
        self._verification = verification
        self._activation = activation
        self._version_object = version_object
        self._highest = highest
        self._status = ImageStatus.NOT_INITIATED
        self._identifier = b""
        self._block_size = 0
        self._image = bytearray()
        self._seen = bytearray()
        self._until = 0.0

    @property
    def is_kept(self) -> bool:
        """
        Is a transfer under way, or was there one?
        """
        return super().is_kept or self._status is not ImageStatus.NOT_INITIATED

    @property
    def image(self) -> bytes:
        """
        What has come of the image; zeros where nothing came.
        """
        return bytes(self._image)

    @property
    def status(self) -> ImageStatus:
        """
        Where the transfer stands now.
        """
        self._settle()
        return self._status

    # -- attributes ------------------------------------------------------------------------------

    @reads(3)
    def transferred_blocks(self) -> Data:
        """
        A bit for each block: has it come?
        """
        return build.bit_string("".join("1" if one else "0" for one in self._seen))

    @reads(4)
    def first_missing(self) -> Data:
        """
        Number of the first block that has not come; the count of blocks when all have.
        """
        missing = self._seen.find(0)
        return build.double_long_unsigned(len(self._seen) if missing < 0 else missing)

    @reads(6)
    def transfer_status(self) -> Data:
        """
        As a number.
        """
        return build.enum(self.status)

    @reads(7)
    def to_activate(self) -> Any:
        """
        The image that was verified; nothing before.  Its signature is the SHA-256 of its octets.
        """
        if self.status not in (ImageStatus.VERIFIED, ImageStatus.ACTIVATING):
            return ()
        return (
            {
                "image_to_activate_size": len(self._image),
                "image_to_activate_identification": self._identifier,
                "image_to_activate_signature": sha256(self._image).digest(),
            },
        )

    # -- methods ---------------------------------------------------------------------------------

    @invokes(1)
    def initiate(self, parameter: Data) -> ActionResult:
        """
        Begin anew.
        """
        values: Any = parameter.values
        identifier, size = values
        block_size = self.meaning(2)
        if not self.meaning(5) or not 0 < size <= self._highest or not block_size:
            return ActionResult.OTHER_REASON
        if self.status in (ImageStatus.VERIFYING, ImageStatus.ACTIVATING):
            return ActionResult.TEMPORARY_FAILURE
        self._identifier = identifier
        self._block_size = block_size
        self._image = bytearray(size)
        self._seen = bytearray(-(-size // block_size))
        self._status = ImageStatus.INITIATED
        return ActionResult.SUCCESS

    @invokes(2)
    def take_block(self, parameter: Data) -> ActionResult:
        """
        Take a block, in its place.
        """
        values: Any = parameter.values
        number, octets = values
        if not self.meaning(5) or self.status not in _UNFINISHED:
            return ActionResult.OTHER_REASON
        if number >= len(self._seen):
            return ActionResult.OTHER_REASON
        begin = number * self._block_size
        if len(octets) != min(self._block_size, len(self._image) - begin):
            return ActionResult.OTHER_REASON
        self._image[begin : begin + len(octets)] = octets
        self._seen[number] = 1
        self._status = ImageStatus.INITIATED
        return ActionResult.SUCCESS

    @invokes(3)
    def verify(self, _parameter: Data | None) -> ActionResult:
        """
        Verify the image; asked again, say what came of it.
        """
        status = self.status
        if status is ImageStatus.INITIATED:
            if 0 in self._seen:
                self._status = ImageStatus.VERIFICATION_FAILED
                return ActionResult.OTHER_REASON
            self._wait(ImageStatus.VERIFYING, self._verification)
            status = self.status
        if status is ImageStatus.VERIFYING:
            return ActionResult.TEMPORARY_FAILURE
        verified = status in (ImageStatus.VERIFIED, ImageStatus.ACTIVATED)
        return ActionResult.SUCCESS if verified else ActionResult.OTHER_REASON

    @invokes(4)
    def activate(self, _parameter: Data | None) -> ActionResult:
        """
        Activate the image; asked again, say what came of it.
        """
        if self.status is ImageStatus.INITIATED:
            verified = self.verify(None)
            if verified is not ActionResult.SUCCESS:
                return verified
        if self.status is ImageStatus.VERIFIED:
            self._wait(ImageStatus.ACTIVATING, self._activation)
        status = self.status
        if status in (ImageStatus.ACTIVATING, ImageStatus.VERIFYING):
            return ActionResult.TEMPORARY_FAILURE
        activated = status is ImageStatus.ACTIVATED
        return ActionResult.SUCCESS if activated else ActionResult.OTHER_REASON

    # -- what takes time -------------------------------------------------------------------------

    def work(self, due: float, now: float) -> None:
        """
        Be done with it, though nobody asks.
        """
        self._settle()

    def clock_set(self, before: float, now: float) -> None:
        """
        It takes no longer, and no shorter.
        """
        self._until += now - before
        self._wait(self._status, self._until - now)

    def _wait(self, status: ImageStatus, seconds: float) -> None:
        self._status = status
        self._until = self.meter.time() + seconds
        if seconds > 0 and status in (ImageStatus.VERIFYING, ImageStatus.ACTIVATING):
            self.meter.schedule(self, self._until)

    def _settle(self) -> None:
        if self._status not in (ImageStatus.VERIFYING, ImageStatus.ACTIVATING):
            return
        if self.meter.time() < self._until:
            return
        if self._status is ImageStatus.VERIFYING:
            good = self._is_good()
            self._status = ImageStatus.VERIFIED if good else ImageStatus.VERIFICATION_FAILED
        else:
            self._status = ImageStatus.ACTIVATED
            self._show_version()
            happen(self.device, Event.FIRMWARE_ACTIVATED)

    def _is_good(self) -> bool:
        if self._check == "size":
            return True
        body, digest = self._image[:-_DIGEST], bytes(self._image[-_DIGEST:])
        return len(digest) == _DIGEST and compare_digest(sha256(body).digest(), digest)

    def _show_version(self) -> None:
        if self._version_object is None:
            return
        shown = self.device.object(1, self._version_object)
        if shown is not None:
            shown.put(2, build.octet_string(self._identifier))
