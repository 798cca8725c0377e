"""
What one buffer may ask for: the bounds that every decoder keeps.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen
from attrs.validators import and_, ge, le

__all__ = ["DEFAULT_LIMITS", "MAX_DEPTH", "Limits"]

#: The deepest nesting that can be allowed; it keeps recursion far below Python's own limit.
MAX_DEPTH: Final = 100


@frozen(kw_only=True)
class Limits:
    """
    Bounds on what is decoded.  Each is checked before anything is allocated.

    @ivar depth: How many arrays, structures and compact-arrays may be nested; 0 allows simple types only.
    @ivar items: How many elements one array or structure may announce, and how many elements of all levels one
        compact-array may hold.
    @ivar octets: The longest buffer, in octets.
    """

    depth: int = field(default=32, validator=and_(ge(0), le(MAX_DEPTH)))
    items: int = field(default=1 << 22, validator=ge(0))
    octets: int = field(default=1 << 26, validator=ge(0))


#: What is used where nothing else is said: 32 levels, four million items, 64 MiB.
DEFAULT_LIMITS: Final = Limits()
