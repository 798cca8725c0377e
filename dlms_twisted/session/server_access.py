"""
ACCESS: a list of reads, writes and calls, done one after the other.

What the standard leaves open:

  - with break-on-error, what follows a failure is not done and answered by null-data and "other-reason";
  - a request is answered whether or not it is marked as confirmed: there are profiles that never mark it.

Source: IEC 62056-5-3, ACCESS service.
"""

from __future__ import annotations

from dlms_twisted.apdu.access import (
    AccessAction,
    AccessActionResult,
    AccessGet,
    AccessGetResult,
    AccessGetWithSelection,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessSetResult,
    AccessSetWithSelection,
    AccessSpecification,
)
from dlms_twisted.apdu.descriptors import BREAK_ON_ERROR, SELF_DESCRIPTIVE
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.session.server_dispatch import LogicalNames, given

__all__ = ["access_response"]


def access_response(names: LogicalNames, request: AccessRequest) -> AccessResponse:
    """
    @return: the answer: one Data and one result for each item.
    """
    breaks = request.long_invoke_id_and_priority & BREAK_ON_ERROR
    data: list[Data] = []
    results: list[AccessResult] = []
    broken = False
    for one, value in zip(request.specifications, request.data, strict=True):
        result, found = _skipped(one) if broken else _done(names, one, value)
        results.append(result)
        data.append(build.null() if found is None else found)
        broken = broken or bool(breaks and not result.result.is_success)
    echoed = request.long_invoke_id_and_priority & SELF_DESCRIPTIVE
    return AccessResponse(
        long_invoke_id_and_priority=request.long_invoke_id_and_priority,
        specifications=request.specifications if echoed else None,
        data=tuple(data),
        results=tuple(results),
    )


def _done(
    names: LogicalNames, one: AccessSpecification, value: Data
) -> tuple[AccessResult, Data | None]:
    if isinstance(one, AccessAction):
        result, returned = names.invoke(one.method, given(value))
        return AccessActionResult(result=result), returned if result.is_success else None
    selection = None
    if isinstance(one, AccessGetWithSelection | AccessSetWithSelection):
        selection = one.access_selection
    if isinstance(one, AccessGet | AccessGetWithSelection):
        found = names.read(one.attribute, selection)
        if isinstance(found, Data):
            return AccessGetResult(result=DataAccessResult.SUCCESS), found
        return AccessGetResult(result=found), None
    return AccessSetResult(result=names.write(one.attribute, value, selection)), None


def _skipped(one: AccessSpecification) -> tuple[AccessResult, Data | None]:
    if isinstance(one, AccessAction):
        return AccessActionResult(result=ActionResult.OTHER_REASON), None
    if isinstance(one, AccessGet | AccessGetWithSelection):
        return AccessGetResult(result=DataAccessResult.OTHER_REASON), None
    return AccessSetResult(result=DataAccessResult.OTHER_REASON), None
