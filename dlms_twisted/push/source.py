"""
What the pipeline must know of a source, beside its port.
"""

from __future__ import annotations

from attrs import frozen

from dlms_twisted.keys.interfaces import IKeyStore
from dlms_twisted.security.policy import Policy

__all__ = ["Source"]


@frozen(kw_only=True)
class Source:
    """
    A source as records name it, with what is demanded of what comes in by it.

    @ivar label: For example C{udp:4059}.
    @ivar keys: Key store of this source, or L{None} for the collector's.
    @ivar policy: Demands beside those of the meter, or L{None} for none.
    """

    label: str
    keys: IKeyStore | None = None
    policy: Policy | None = None
