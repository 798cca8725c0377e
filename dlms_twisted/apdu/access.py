"""
ACCESS: attributes are read and written and methods called, any mix of them in one request.

Source: IEC 62056-5-3, Access-Request and Access-Response.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self, TypeAlias

from attrs import frozen

from dlms_twisted.apdu.base import Record
from dlms_twisted.apdu.descriptors import (
    ATTRIBUTE,
    DATA_LIST,
    METHOD,
    LongInvoked,
    SelectiveAccess,
    same_count,
)
from dlms_twisted.apdu.kinds import DATE_TIME, Choice, Many, Optional, Part
from dlms_twisted.apdu.result_kinds import ACTION_RESULT, DATA_ACCESS_RESULT
from dlms_twisted.codec.reader import Reader

__all__ = [
    "AccessAction",
    "AccessActionResult",
    "AccessGet",
    "AccessGetResult",
    "AccessGetWithSelection",
    "AccessRequest",
    "AccessResponse",
    "AccessResult",
    "AccessSet",
    "AccessSetResult",
    "AccessSetWithSelection",
    "AccessSpecification",
]

_SELECTION: TypeAlias = Annotated[SelectiveAccess, Part(SelectiveAccess)]


@frozen(kw_only=True)
class AccessGet(Record):
    """
    Read one attribute (Access-Request-Get).
    """

    CHOICE: ClassVar[int | None] = 1
    NAME: ClassVar[str] = "access-request-get"

    attribute: ATTRIBUTE


@frozen(kw_only=True)
class AccessSet(Record):
    """
    Write one attribute (Access-Request-Set).
    """

    CHOICE: ClassVar[int | None] = 2
    NAME: ClassVar[str] = "access-request-set"

    attribute: ATTRIBUTE


@frozen(kw_only=True)
class AccessAction(Record):
    """
    Call one method (Access-Request-Action).
    """

    CHOICE: ClassVar[int | None] = 3
    NAME: ClassVar[str] = "access-request-action"

    method: METHOD


@frozen(kw_only=True)
class AccessGetWithSelection(Record):
    """
    Read a part of one attribute (Access-Request-Get-With-Selection).
    """

    CHOICE: ClassVar[int | None] = 4
    NAME: ClassVar[str] = "access-request-get-with-selection"

    attribute: ATTRIBUTE
    access_selection: _SELECTION


@frozen(kw_only=True)
class AccessSetWithSelection(Record):
    """
    Write a part of one attribute (Access-Request-Set-With-Selection).
    """

    CHOICE: ClassVar[int | None] = 5
    NAME: ClassVar[str] = "access-request-set-with-selection"

    attribute: ATTRIBUTE
    access_selection: _SELECTION


#: Any of the five.
AccessSpecification: TypeAlias = (
    AccessGet | AccessSet | AccessAction | AccessGetWithSelection | AccessSetWithSelection
)

_SPECIFICATIONS = Many(
    Choice[AccessSpecification](
        AccessGet, AccessSet, AccessAction, AccessGetWithSelection, AccessSetWithSelection
    ),
    smallest=10,
)


@frozen(kw_only=True)
class AccessGetResult(Record):
    """
    How one read ended.
    """

    CHOICE: ClassVar[int | None] = 1
    NAME: ClassVar[str] = "access-response-get"

    result: DATA_ACCESS_RESULT


@frozen(kw_only=True)
class AccessSetResult(Record):
    """
    How one write ended.
    """

    CHOICE: ClassVar[int | None] = 2
    NAME: ClassVar[str] = "access-response-set"

    result: DATA_ACCESS_RESULT


@frozen(kw_only=True)
class AccessActionResult(Record):
    """
    How one call ended.
    """

    CHOICE: ClassVar[int | None] = 3
    NAME: ClassVar[str] = "access-response-action"

    result: ACTION_RESULT


#: Any of the three.
AccessResult: TypeAlias = AccessGetResult | AccessSetResult | AccessActionResult


@frozen(kw_only=True)
class AccessRequest(LongInvoked):
    """
    A list of things to do, in its order.

    @ivar date_time: When it was sent: 12 octets, or C{None}.
    @ivar specifications: What to do.
    @ivar data: As many as specifications: a value to write or a parameter, null-data for a read.
    """

    TAG: ClassVar[int] = 0xD9
    NAME: ClassVar[str] = "access-request"

    date_time: DATE_TIME = None
    specifications: Annotated[tuple[AccessSpecification, ...], _SPECIFICATIONS]
    data: DATA_LIST

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU, or not as many data as specifications.
        """
        request = super().read(reader)
        same_count(request.specifications, request.data, reader.offset)
        return request


@frozen(kw_only=True)
class AccessResponse(LongInvoked):
    """
    What came of it, in the order of the request.

    @ivar date_time: When it was sent: 12 octets, or C{None}.
    @ivar specifications: Those of the request if it was L{dlms_twisted.apdu.descriptors.SELF_DESCRIPTIVE}, else
        C{None}.
    @ivar data: One for each: the value read or what a method gave back, null-data for a write or a failure.
    @ivar results: One for each.
    """

    TAG: ClassVar[int] = 0xDA
    NAME: ClassVar[str] = "access-response"

    date_time: DATE_TIME = None
    specifications: Annotated[tuple[AccessSpecification, ...] | None, Optional(_SPECIFICATIONS)] = (
        None
    )
    data: DATA_LIST
    results: Annotated[
        tuple[AccessResult, ...],
        Many(
            Choice[AccessResult](AccessGetResult, AccessSetResult, AccessActionResult), smallest=2
        ),
    ]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU, or not as many results as data.
        """
        response = super().read(reader)
        same_count(response.data, response.results, reader.offset)
        return response
