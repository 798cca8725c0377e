"""
What can be asked of a meter in a list.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.client.reference import Reference
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import AccessRefusedError

__all__ = ["Action", "Get", "Item", "Result", "Set"]


class Get(NamedTuple):
    """
    Read an attribute.

    @ivar what: Which; also as text, C{3/1-0:1.8.0.255/2}.
    @ivar selection: Which part of it.
    """

    what: str | Reference
    selection: SelectiveAccess | None = None


class Set(NamedTuple):
    """
    Write an attribute.
    """

    what: str | Reference
    value: Data
    selection: SelectiveAccess | None = None


class Action(NamedTuple):
    """
    Invoke a method.
    """

    what: str | Reference
    parameter: Data | None = None


Item: TypeAlias = Get | Set | Action

#: What became of an item: what was read, or what a method gave; C{None} for what was done without giving anything; or
#: why the meter refuses it.
Result: TypeAlias = Data | AccessRefusedError | None
