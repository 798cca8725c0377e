"""
Image transfer: new firmware to a meter in blocks, resumed where it was interrupted, verified and activated.

Source: DLMS UA 1000-1 (Blue Book), Image transfer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import IntEnum
from typing import Any, Final, NamedTuple

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from dlms_twisted.client.deferring import deferring
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.services import Services
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import (
    AccessRefusedError,
    ImageTransferError,
    RemoteProtocolError,
    RequestTimeoutError,
)

__all__ = ["IMAGE", "ImageState", "ImageStatus", "ImageTransfer", "Progress"]

#: The object that most meters have.
IMAGE: Final = Obis(0, 0, 44, 0, 0)
_CLASS: Final = 18
_INITIATE, _BLOCK, _VERIFY, _ACTIVATE = 1, 2, 3, 4
#: action-result temporary-failure: the meter is at it.
_TEMPORARY: Final = 2
#: How often blocks that did not arrive are sent again.
_ROUNDS: Final = 3
#: The largest block that makes sense, in octets.
_LARGEST: Final = 1 << 20

#: Called with how many blocks the meter has, and how many there are.
Progress = Callable[[int, int], None]


class ImageStatus(IntEnum):
    """
    Where a transfer stands.
    """

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7

    @property
    def words(self) -> str:
        """
        As people say it.
        """
        return self.name.lower().replace("_", " ")


_VERIFIED: Final = frozenset(
    {
        ImageStatus.VERIFICATION_SUCCESSFUL,
        ImageStatus.ACTIVATION_INITIATED,
        ImageStatus.ACTIVATION_SUCCESSFUL,
    }
)
_ACTIVATED: Final = frozenset({ImageStatus.ACTIVATION_SUCCESSFUL})
_FAILED: Final = frozenset({ImageStatus.VERIFICATION_FAILED, ImageStatus.ACTIVATION_FAILED})
_AT_IT: Final = frozenset({ImageStatus.VERIFICATION_INITIATED, ImageStatus.ACTIVATION_INITIATED})


class ImageState(NamedTuple):
    """
    What a meter says of its image transfer; C{None} for what it does not say.

    @ivar enabled: Does it take images?
    @ivar status: Where the transfer stands.
    @ivar block_size: Octets of a block.
    @ivar first_missing: Number of the first block that it does not have, from 0.
    """

    enabled: bool | None
    status: ImageStatus | None
    block_size: int | None
    first_missing: int | None


class ImageTransfer:
    """
    The image transfer of one meter.
    """

    def __init__(
        self,
        services: Services,
        clock: IReactorTime,
        name: Obis = IMAGE,
        *,
        interval: float = 2.0,
        patience: float = 300.0,
    ) -> None:
        """
        @param clock: Where it waits on.
        @param interval: Seconds between two questions whether the meter has finished something.
        @param patience: For how many seconds it may be at it.
        """
        self._services = services
        self._clock = clock
        self._name = name
        self._interval = interval
        self._patience = patience

    @deferring
    async def state(self) -> ImageState:
        """
        @return: where the transfer stands.
        """
        found = await self._services.get_many([self._attribute(one) for one in (5, 6, 2, 4)])
        enabled, status, size, missing = (
            one.values if isinstance(one, Data) else None for one in found
        )
        return ImageState(
            enabled if isinstance(enabled, bool) else None,
            _status_of(status),
            size if type(size) is int else None,
            missing if type(missing) is int else None,
        )

    @deferring
    async def send(
        self,
        image: bytes,
        identifier: bytes,
        *,
        resume: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """
        Send an image, block by block.

        @param image: All of it.
        @param identifier: What the meter shall call it.
        @param resume: Go on with a transfer of this image that was interrupted.  The meter does not say which image
            it has the blocks of: that is for the caller to know; of one with another number of blocks the transfer
            begins anew.
        @param progress: Told of each block.

        @raise ImageTransferError: the meter takes no images, or does not get all blocks.
        @raise AccessRefusedError: it refuses a block.
        """
        if not image:
            raise ImageTransferError("initiate", None, "the image is empty")
        state = await self.state()
        if state.enabled is False:
            raise ImageTransferError("enabled", state.status, "the meter takes no images")
        size = state.block_size
        if size is None or not 0 < size <= _LARGEST:
            raise RemoteProtocolError("image_block_size is none")
        count = -(-len(image) // size)
        missing = await self._missing(count) if resume and _resumable(state) else None
        if missing is None:
            parameter = build.structure(
                build.octet_string(identifier), build.double_long_unsigned(len(image))
            )
            await self._act(_INITIATE, parameter)
            missing = list(range(count))
        for _ in range(_ROUNDS):
            await self._blocks(image, size, missing, count, progress)
            missing = await self._missing(count) or []
            if not missing:
                return
        raise ImageTransferError(
            "blocks",
            None,
            f"{len(missing)} of {count} blocks do not arrive, the first: {missing[0]}",
        )

    async def _blocks(
        self, image: bytes, size: int, missing: list[int], count: int, progress: Progress | None
    ) -> None:
        for left, number in zip(_down(len(missing)), missing, strict=True):
            part = image[number * size : (number + 1) * size]
            await self._act(
                _BLOCK,
                build.structure(build.double_long_unsigned(number), build.octet_string(part)),
            )
            if progress is not None:
                progress(count - left, count)

    async def _missing(self, count: int) -> list[int] | None:
        """
        @return: the blocks that the meter has not; C{None} where they are blocks of another image, or it does not
            say which they are.
        """
        bits: Any = None
        # Where it is refused, the number of the first that is missing must do.
        with suppress(AccessRefusedError):
            bits = (await self._services.get(self._attribute(3))).values
        if isinstance(bits, str) and len(bits) >= count:
            # Some meters round the length up to whole octets.
            if len(bits) - count >= 8 or "1" in bits[count:]:
                return None
            return [number for number in range(count) if bits[number] == "0"]
        if isinstance(bits, str) and bits:
            return None
        first = (await self.state()).first_missing
        if first is None or first > count:
            return None
        return list(range(first, count))

    @deferring
    async def verify(self) -> ImageStatus | None:
        """
        Have the meter verify the image, and wait for it.

        @return: where the transfer stands then, where the meter says it.

        @raise ImageTransferError: it is not what it should be, or verification takes too long.
        """
        return await self._settle("verify", _VERIFY, _VERIFIED)

    @deferring
    async def activate(self) -> ImageStatus | None:
        """
        Have the meter use the image, and wait for it.  A meter that starts anew breaks the link: that is a
        L{dlms_twisted.errors.LinkError} or L{RequestTimeoutError}, and L{state} of a new association says more.

        @return: where the transfer stands then, where the meter says it.

        @raise ImageTransferError: the image is not activated, or it takes too long.
        """
        return await self._settle("activate", _ACTIVATE, _ACTIVATED)

    async def _settle(
        self, stage: str, method: int, wanted: frozenset[ImageStatus]
    ) -> ImageStatus | None:
        until = self._clock.seconds() + self._patience
        done = await self._ask(stage, method)
        while True:
            status = await self._status(stage)
            if status in wanted or (done and status is None):
                return status
            if done and stage == "activate" and status is ImageStatus.NOT_INITIATED:
                # Some meters have forgotten the transfer when it is over.
                return status
            if status in _FAILED:
                raise ImageTransferError(stage, status, status.words)
            if self._clock.seconds() >= until:
                words = "no end of it" if status is None else f"still {status.words}"
                raise ImageTransferError(stage, status, f"{words} after {self._patience:g} s")
            await deferLater(self._clock, self._interval)
            if not done and status not in _AT_IT:
                done = await self._ask(stage, method)

    async def _status(self, stage: str) -> ImageStatus | None:
        try:
            return (await self.state()).status
        except RequestTimeoutError:
            if stage == "activate":
                raise
            return None

    async def _ask(self, stage: str, method: int) -> bool:
        """
        @return: is it done?  Else the meter is at it, or did not say in time.
        """
        try:
            await self._act(method, build.integer(0))
        except AccessRefusedError as error:
            if error.code != _TEMPORARY:
                status = (await self.state()).status
                words = "" if status is None else f" ({status.words})"
                raise ImageTransferError(stage, status, f"{error.name}{words}") from None
            return False
        except RequestTimeoutError:
            if stage == "activate":
                raise
            return False
        return True

    async def _act(self, method: int, parameter: Data) -> None:
        await self._services.action(Reference(self._name, _CLASS, method), parameter)

    def _attribute(self, number: int) -> Reference:
        return Reference(self._name, _CLASS, number)


def _down(count: int) -> Iterator[int]:
    """
    @return: how many are left after each.
    """
    return iter(range(count - 1, -1, -1))


def _status_of(value: Any) -> ImageStatus | None:
    try:
        return ImageStatus(value) if isinstance(value, int) else None
    except ValueError:
        return None


def _resumable(state: ImageState) -> bool:
    return state.status in {None, ImageStatus.INITIATED, ImageStatus.VERIFICATION_FAILED}
