"""
Short-name services: Read, Write, UnconfirmedWrite, InformationReport.

Source: IEC 62056-5-3, Read-Request to Information-Report-Request.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from attrs import frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import DATA_LIST, same_count
from dlms_twisted.apdu.kinds import Octets, Optional
from dlms_twisted.apdu.variable_access import READ_RESULTS, VARIABLES, WRITE_RESULTS
from dlms_twisted.codec.reader import Reader

__all__ = [
    "InformationReportRequest",
    "ReadRequest",
    "ReadResponse",
    "UnconfirmedWriteRequest",
    "WriteRequest",
    "WriteResponse",
]


@frozen(kw_only=True)
class ReadRequest(Apdu):
    """
    Read variables, or call methods that give something back.

    @ivar variables: Which.
    """

    TAG: ClassVar[int] = 0x05
    NAME: ClassVar[str] = "read-request"

    variables: VARIABLES


@frozen(kw_only=True)
class ReadResponse(Apdu):
    """
    @ivar results: One for each variable, in the order of the request.
    """

    TAG: ClassVar[int] = 0x0C
    NAME: ClassVar[str] = "read-response"

    results: READ_RESULTS


@frozen(kw_only=True)
class WriteRequest(Apdu):
    """
    Write variables, or call methods.

    @ivar variables: Which.
    @ivar data: As many as variables, in their order.
    """

    TAG: ClassVar[int] = 0x06
    NAME: ClassVar[str] = "write-request"

    variables: VARIABLES
    data: DATA_LIST

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU, or not as many data as variables.
        """
        request = super().read(reader)
        same_count(request.variables, request.data, reader.offset)
        return request


@frozen(kw_only=True)
class WriteResponse(Apdu):
    """
    @ivar results: One for each variable, in the order of the request.
    """

    TAG: ClassVar[int] = 0x0D
    NAME: ClassVar[str] = "write-response"

    results: WRITE_RESULTS


@frozen(kw_only=True)
class UnconfirmedWriteRequest(Apdu):
    """
    Write variables; nothing answers.

    @ivar variables: Which.
    @ivar data: As many as variables, in their order.
    """

    TAG: ClassVar[int] = 0x16
    NAME: ClassVar[str] = "unconfirmed-write-request"

    variables: VARIABLES
    data: DATA_LIST

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU, or not as many data as variables.
        """
        request = super().read(reader)
        same_count(request.variables, request.data, reader.offset)
        return request


@frozen(kw_only=True)
class InformationReportRequest(Apdu):
    """
    What a meter with short names sends unasked.

    @ivar current_time: GeneralizedTime as text in octets, C{b"20260101000000Z"} for example, or C{None}.
    @ivar variables: Which.
    @ivar data: Their values, as many as variables, in their order.
    """

    TAG: ClassVar[int] = 0x18
    NAME: ClassVar[str] = "information-report-request"

    current_time: Annotated[bytes | None, Optional(Octets())] = None
    variables: VARIABLES
    data: DATA_LIST

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU, or not as many data as variables.
        """
        report = super().read(reader)
        same_count(report.variables, report.data, reader.offset)
        return report
