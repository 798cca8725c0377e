"""
How a client's session waits, repeats and limits.
"""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, gt, in_

from dlms_twisted.session.block_parts import DEFAULT_BLOCK_LIMITS, BlockLimits

__all__ = ["ClientOptions"]


@frozen(kw_only=True)
class ClientOptions:
    """
    How one session behaves, whatever the association.

    @ivar timeout: Longest wait for each answer, in seconds; in a block transfer, for each block.
    @ivar longest: Longest time that a request may take with all its blocks and repeats, in seconds.
    @ivar outstanding: How many requests may be under way together; with short names it is always one.
    @ivar retries: How often a request that only reads is repeated within C{timeout}.
    @ivar lossy: Does the link lose, double and reorder APDUs?  Then what is no good is dropped, and waited on; else it
        fails the request at once.
    @ivar window: How many blocks of general block transfer we take in one go.
    @ivar limits: How much one answer may be.
    """

    timeout: float = field(default=10.0, validator=gt(0.0))
    longest: float = field(default=3600.0, validator=gt(0.0))
    outstanding: int = field(default=1, validator=in_(range(1, 16)))
    retries: int = field(default=0, validator=ge(0))
    lossy: bool = False
    window: int = field(default=8, validator=in_(range(1, 64)))
    limits: BlockLimits = DEFAULT_BLOCK_LIMITS
