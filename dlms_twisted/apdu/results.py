"""
Result codes of xDLMS services (IEC 62056-5-3, Data-Access-Result and Action-Result).

A code that the standard does not name survives: C{DataAccessResult(77)} is a member of its own,
equal to 77 and shown as such, so that no answer is lost because a meter invented a code.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self

from dlms_twisted.errors import EncodeError

__all__ = ["ActionResult", "DataAccessResult", "ResultCode"]


class ResultCode(IntEnum):
    """
    One octet that says how a service ended; unnamed codes from 0 to 255 are kept.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or not 0 <= value <= 0xFF:
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNNAMED_{value}"
        member._value_ = value
        return member

    @property
    def is_named(self) -> bool:
        """
        Does the standard name this code?
        """
        return self._name_ in type(self).__members__

    @property
    def is_success(self) -> bool:
        """
        Did the service do what was asked?
        """
        return self.value == 0

    @property
    def label(self) -> str:
        """
        The standard's name, for example C{"read-write-denied"}, or the number as text.
        """
        return self._name_.lower().replace("_", "-") if self.is_named else str(self.value)

    def to_json(self) -> str | int:
        """
        @return: the standard's name, or the number of a code without one.
        """
        return self.label if self.is_named else self.value

    @classmethod
    def from_json(cls, form: object) -> Self:
        """
        @param form: A name of the standard or a number from 0 to 255.

        @raise EncodeError: it is neither.
        """
        try:
            if isinstance(form, str):
                return cls.__members__[form.upper().replace("-", "_")]
            if isinstance(form, int) and not isinstance(form, bool):
                return cls(form)
        except (KeyError, ValueError):
            pass
        raise EncodeError(f"a result code of {cls.__name__} wanted")


class DataAccessResult(ResultCode):
    """
    How a GET or SET of one attribute ended (IEC 62056-5-3, Data-Access-Result).
    """

    SUCCESS = 0
    HARDWARE_FAULT = 1
    #: A retry after a pause is worth while; every other failure is final.
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_GET_ABORTED = 15
    NO_LONG_GET_IN_PROGRESS = 16
    LONG_SET_ABORTED = 17
    NO_LONG_SET_IN_PROGRESS = 18
    DATA_BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250

    @property
    def is_retryable(self) -> bool:
        """
        Can the same request succeed later without any change to it?
        """
        return self is DataAccessResult.TEMPORARY_FAILURE


class ActionResult(ResultCode):
    """
    How the call of one method ended (IEC 62056-5-3, Action-Result).
    """

    SUCCESS = 0
    HARDWARE_FAULT = 1
    #: A retry after a pause is worth while; every other failure is final.
    TEMPORARY_FAILURE = 2
    READ_WRITE_DENIED = 3
    OBJECT_UNDEFINED = 4
    OBJECT_CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_OF_ACCESS_VIOLATED = 13
    DATA_BLOCK_UNAVAILABLE = 14
    LONG_ACTION_ABORTED = 15
    NO_LONG_ACTION_IN_PROGRESS = 16
    OTHER_REASON = 250

    @property
    def is_retryable(self) -> bool:
        """
        Can the same request succeed later without any change to it?
        """
        return self is ActionResult.TEMPORARY_FAILURE
