"""
One request of a client on its way, with its answer's blocks, its tries and its deadlines.
"""

from __future__ import annotations

from attrs import evolve

from dlms_twisted.apdu.access import AccessGet, AccessGetWithSelection, AccessRequest
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import Invoked, LongInvoked
from dlms_twisted.apdu.get import GetRequestNormal, GetRequestWithList
from dlms_twisted.apdu.short_name import ReadRequest
from dlms_twisted.apdu.variable_access import VariableName
from dlms_twisted.errors import DLMSError
from dlms_twisted.session.client_blocks import ClientBlocks

__all__ = ["Exchange", "invoke_id", "is_repeatable", "with_invoke_id"]


def invoke_id(apdu: Apdu) -> int | None:
    """
    @return: what an APDU is matched by, C{None} where its kind has nothing to match it by.
    """
    return apdu.invoke_id if isinstance(apdu, Invoked | LongInvoked) else None


def is_repeatable(request: Apdu) -> bool:
    """
    Is a request one that may be made twice, because it only reads?
    """
    if isinstance(request, AccessRequest):
        return all(
            isinstance(one, AccessGet | AccessGetWithSelection) for one in request.specifications
        )
    if isinstance(request, ReadRequest):
        return all(isinstance(one, VariableName) for one in request.variables)
    return isinstance(request, GetRequestNormal | GetRequestWithList)


def with_invoke_id(request: Apdu, number: int) -> Apdu:
    """
    @return: the same request with another invoke-id.
    """
    if isinstance(request, Invoked):
        return evolve(
            request, invoke_id_and_priority=request.invoke_id_and_priority & 0xF0 | number
        )
    if isinstance(request, LongInvoked):
        kept = request.long_invoke_id_and_priority & ~0xFFFFFF
        return evolve(request, long_invoke_id_and_priority=kept | number)
    return request


class Exchange:
    """
    A request that is under way.  Only the session that made it looks inside; for its owner it is a name.

    @ivar request: The whole request.
    @ivar blocks: What cuts and joins it.
    @ivar serial: Its place in the order of all requests.
    @ivar wait: How long the first piece of the answer is waited for at a time, in seconds.
    @ivar ends: When it has taken too long, whatever still comes.
    @ivar deadline: When the wait for the next piece ends; C{None} while it waits for its turn.
    @ivar said: What was sent last, in clear.
    @ivar held: What is to be sent when it is alone.
    @ivar alone: Is it in blocks, so that nothing else may be under way?
    @ivar general: Does the request go by general block transfer?
    @ivar begun: Has a piece of the answer come, or of the request been taken?
    @ivar crowded: Were others under way when its blocks began?
    @ivar tries: How often it may still be repeated.
    @ivar copies: How many answers may come, as it was sent so often; 0 before it was.
    @ivar parts: Are parts of the answer to be told as they come?
    @ivar told: Were some?  Then it cannot begin again.
    @ivar suspicion: What came that was perhaps the answer, and was no good: why it failed, if it does.
    """

    __slots__ = (
        "alone",
        "begun",
        "blocks",
        "copies",
        "crowded",
        "deadline",
        "ends",
        "general",
        "held",
        "parts",
        "request",
        "said",
        "serial",
        "suspicion",
        "told",
        "tries",
        "wait",
    )

    def __init__(
        self,
        request: Apdu,
        blocks: ClientBlocks,
        *,
        serial: int,
        tries: int,
        wait: float,
        ends: float,
    ) -> None:
        self.request = request
        self.blocks = blocks
        self.serial = serial
        self.tries = tries
        self.wait = wait
        self.ends = ends
        self.deadline: float | None = None
        self.said: Apdu = request
        self.held: Apdu | None = None
        self.alone = False
        self.general = False
        self.begun = False
        self.crowded = False
        self.copies = 0
        self.parts = False
        self.told = False
        self.suspicion: DLMSError | None = None

    def due(self, now: float) -> bool:
        """
        Has a deadline come?
        """
        return now >= self.ends or (self.deadline is not None and now >= self.deadline)
