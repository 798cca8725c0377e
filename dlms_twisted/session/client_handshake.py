"""
How a client's association comes about: AARQ and AARE, and the passes three and four of the mechanisms that have them.

Source: IEC 62056-5-3, AARQ and AARE, C{reply_to_HLS_authentication}; 02, sections 2 to 7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dlms_twisted.apdu.aare import AARE
from dlms_twisted.apdu.action import ActionRequestNormal, ActionResponseNormal
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import MethodDescriptor
from dlms_twisted.apdu.registry import decode
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.service_error import ConfirmedServiceError, ExceptionResponse
from dlms_twisted.apdu.short_name import ReadRequest, ReadResponse
from dlms_twisted.apdu.variable_access import ParameterizedAccess, ReadData
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import (
    AssociationRejectedError,
    ExceptionResponseError,
    Reason,
    RemoteProtocolError,
    SecurityError,
)
from dlms_twisted.security.hls import Authentication, Mechanism
from dlms_twisted.session.association import (
    Accepted,
    AssociationSettings,
    aarq,
    initiate_request,
    judge,
)
from dlms_twisted.session.client_security import ClientSecurity

__all__ = ["Handshake", "refused"]

_AARE: Final = 0x61
#: Association LN, C{reply_to_HLS_authentication}.
_REPLY: Final = MethodDescriptor(
    class_id=15, instance_id=bytes.fromhex("0000280000ff"), method_id=1
)
#: The same of Association SN.
_SHORT_REPLY: Final = 0xFA58


def refused(response: ExceptionResponse | ConfirmedServiceError) -> ExceptionResponseError:
    """
    @return: the error for a request that the meter does not treat.
    """
    form = response.to_json()
    if isinstance(response, ExceptionResponse):
        return ExceptionResponseError(
            int(response.state_error),
            int(response.service_error),
            f"{form['state_error']}, {form['service_error']}",
            response.invocation_counter,
        )
    return ExceptionResponseError(None, response.value, f"{form['error']}, {form['value']}")


class Handshake:
    """
    One try to associate.
    """

    def __init__(
        self, settings: AssociationSettings, security: ClientSecurity, challenge: bytes
    ) -> None:
        """
        @param challenge: CtoS; empty for a mechanism that has none.
        """
        self._settings = settings
        self._security = security
        self._challenge = challenge
        self._authentication: Authentication | None = None

    def request(self) -> bytes:
        """
        @return: the AARQ.

        @raise SecurityError: a key is missing.
        """
        self._security.dedicated = False
        initiate = self._security.seal_initiate(initiate_request(self._settings))
        return aarq(self._settings, self._challenge, initiate).encode()

    def accepted(self, octets: bytes) -> Accepted:
        """
        Judge what came for the AARQ.

        @raise AssociationRejectedError: the meter refuses.
        @raise ExceptionResponseError: it does not even judge.
        @raise RemoteProtocolError: the octets are something else.
        @raise SecurityError: the answer does not open, or its challenge is unfit.
        """
        if octets[:1] != bytes((_AARE,)):
            response = decode(octets)
            if isinstance(response, ExceptionResponse | ConfirmedServiceError):
                raise refused(response)
            raise RemoteProtocolError(f"{response.NAME} instead of an association response")
        accepted = judge(self._settings, AARE.decode(octets), self._security.open_initiate)
        self._security.peer_title = accepted.peer_title
        if accepted.challenge:
            self._authentication = self._security.authentication(
                self._challenge, accepted.challenge
            )
        return accepted

    def proof(self, invoke: Callable[[], int]) -> Apdu | None:
        """
        @param invoke: Gives an invoke-id-and-priority.

        @return: pass three; C{None} where the mechanism has none.

        @raise SecurityError: a key is missing.
        """
        authentication = self._authentication
        if authentication is None:
            return None
        counter = self._security.counter() if authentication.mechanism is Mechanism.GMAC else 0
        proof = build.octet_string(authentication.answer(counter))
        if self._settings.short_names:
            access = ParameterizedAccess(variable_name=_SHORT_REPLY, selector=1, parameter=proof)
            return ReadRequest(variables=(access,))
        return ActionRequestNormal(invoke_id_and_priority=invoke(), method=_REPLY, parameters=proof)

    def check(self, response: Apdu) -> None:
        """
        Judge pass four.

        @raise AssociationRejectedError: the meter refuses our proof.
        @raise SecurityError: the meter does not prove who it is.
        """
        proof: object = None
        if isinstance(response, ActionResponseNormal):
            if not response.result.is_success:
                raise AssociationRejectedError(1, 13, f"authentication: {response.result.label}")
            proof = response.return_parameters
            if isinstance(proof, DataAccessResult):
                raise AssociationRejectedError(1, 13, f"authentication: {proof.label}")
        elif isinstance(response, ReadResponse) and len(response.results) == 1:
            result = response.results[0]
            if not isinstance(result, ReadData):
                raise AssociationRejectedError(1, 13, "authentication: the meter refuses our proof")
            proof = result.data
        value = proof.values if isinstance(proof, Data) else None
        if self._authentication is None or not isinstance(value, bytes):
            raise SecurityError(Reason.MALFORMED, "the meter does not prove who it is")
        self._security.check(self._authentication, value)
