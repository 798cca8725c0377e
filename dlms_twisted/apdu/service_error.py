"""
How a server says that it cannot do a service at all: ConfirmedServiceError and ExceptionResponse.

Source: IEC 62056-5-3, ConfirmedServiceError, ServiceError and Exception-Response.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar, Final, Self

from attrs import frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.kinds import JSON, U8, Enumerated, Optional, Unsigned
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import EncodeError

__all__ = [
    "ConfirmedServiceError",
    "ExceptionResponse",
    "ExceptionServiceError",
    "FailedService",
    "ServiceError",
    "StateError",
]


class FailedService(IntEnum):
    """
    Which service failed; others are not used in COSEM.
    """

    INITIATE_ERROR = 1
    READ = 5
    WRITE = 6


class ServiceError(IntEnum):
    """
    What kind of error it was; L{ConfirmedServiceError.value} says more.
    """

    APPLICATION_REFERENCE = 0
    HARDWARE_RESOURCE = 1
    VDE_STATE_ERROR = 2
    SERVICE = 3
    DEFINITION = 4
    ACCESS = 5
    INITIATE = 6
    LOAD_DATA_SET = 7
    CHANGE_SCOPE = 8
    TASK = 9
    OTHER = 10


_VALUES: Final[dict[int, tuple[str, ...]]] = {
    0: (
        "other",
        "time-elapsed",
        "application-unreachable",
        "application-reference-invalid",
        "application-context-unsupported",
        "provider-communication-error",
        "deciphering-error",
    ),
    1: (
        "other",
        "memory-unavailable",
        "processor-resource-unavailable",
        "mass-storage-unavailable",
        "other-resource-unavailable",
    ),
    2: ("other", "no-dlms-context", "loading-data-set", "status-nochange", "status-inoperable"),
    3: ("other", "pdu-size", "service-unsupported"),
    4: (
        "other",
        "object-undefined",
        "object-class-inconsistent",
        "object-attribute-inconsistent",
    ),
    5: (
        "other",
        "scope-of-access-violated",
        "object-access-invalid",
        "hardware-fault",
        "object-unavailable",
    ),
    6: (
        "other",
        "dlms-version-too-low",
        "incompatible-conformance",
        "pdu-size-too-short",
        "refused-by-the-vde-handler",
    ),
    7: (
        "other",
        "primitive-out-of-sequence",
        "not-loadable",
        "dataset-size-too-large",
        "not-awaited-segment",
        "interpretation-failure",
        "storage-failure",
        "data-set-not-ready",
    ),
    9: ("other", "no-remote-control", "ti-stopped", "ti-running", "ti-unusable"),
}


@frozen(kw_only=True)
class ConfirmedServiceError(Apdu):
    """
    The server cannot do the service: in an AARE why the association is refused, with short names why a read or a
    write is.

    @ivar service: Which service failed.
    @ivar error: What kind of error.
    @ivar value: Which error of that kind; L{value_name} is the standard's name.
    """

    TAG: ClassVar[int] = 0x0E
    NAME: ClassVar[str] = "confirmed-service-error"

    service: Annotated[int, Enumerated(FailedService)]
    error: Annotated[int, Enumerated(ServiceError)]
    value: U8

    @property
    def value_name(self) -> str | None:
        """
        The standard's name of C{value}, for example C{"dlms-version-too-low"}; C{None} where it has none.
        """
        names = _VALUES.get(self.error, ())
        return names[self.value] if self.value < len(names) else None

    def to_json(self) -> dict[str, JSON]:
        """
        @return: the form, C{value} as its name where there is one.
        """
        return {**super().to_json(), "value": self.value_name or self.value}

    @classmethod
    def from_json(cls, form: JSON, place: str = "") -> Self:
        """
        @raise EncodeError: not this APDU.
        """
        if isinstance(form, dict) and isinstance(form.get("value"), str):
            kind = Enumerated(ServiceError).load(form.get("error"), f"{place or cls.NAME}.error")
            names = _VALUES.get(kind, ())
            if form["value"] not in names:
                raise EncodeError(f"{place or cls.NAME}.value: one of {', '.join(names)} wanted")
            form = {**form, "value": names.index(str(form["value"]))}
        return super().from_json(form, place)


class StateError(IntEnum):
    """
    Why the server refuses, from the state it is in.
    """

    SERVICE_NOT_ALLOWED = 1
    SERVICE_UNKNOWN = 2


class ExceptionServiceError(IntEnum):
    """
    Why the server refuses, from the service asked for.
    """

    OPERATION_NOT_POSSIBLE = 1
    SERVICE_NOT_SUPPORTED = 2
    OTHER_REASON = 3
    PDU_TOO_LONG = 4
    DECIPHERING_ERROR = 5
    #: The counter that the server expects comes with it.
    INVOCATION_COUNTER_ERROR = 6


@frozen(kw_only=True)
class ExceptionResponse(Apdu):
    """
    The server does not treat the request at all.  Always sent in clear.

    @ivar state_error: See L{StateError}.
    @ivar service_error: See L{ExceptionServiceError}.
    @ivar invocation_counter: With C{INVOCATION_COUNTER_ERROR}: the lowest that the server takes, else C{None}.
    """

    TAG: ClassVar[int] = 0xD8
    NAME: ClassVar[str] = "exception-response"

    state_error: Annotated[int, Enumerated(StateError)]
    service_error: Annotated[int, Enumerated(ExceptionServiceError)]
    invocation_counter: Annotated[int | None, Optional(Unsigned(4))] = None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """
        @raise DecodeError: not this APDU.
        """
        cls.read_tag(reader)
        state = Enumerated(StateError).read(reader, "state_error")
        service = Enumerated(ExceptionServiceError).read(reader, "service_error")
        counter = None
        if service == ExceptionServiceError.INVOCATION_COUNTER_ERROR:
            counter = reader.unsigned(4, "invocation_counter")
        return cls(state_error=state, service_error=service, invocation_counter=counter)

    def write(self, writer: Writer) -> None:
        """
        @raise EncodeError: a field is out of range, or the counter does not go with the error.
        """
        wanted = self.service_error == ExceptionServiceError.INVOCATION_COUNTER_ERROR
        if wanted is (self.invocation_counter is None):
            raise EncodeError("invocation_counter: wanted with invocation-counter-error only")
        writer.octet(self.TAG)
        writer.unsigned(self.state_error, 1)
        writer.unsigned(self.service_error, 1)
        if self.invocation_counter is not None:
            writer.unsigned(self.invocation_counter, 4)
