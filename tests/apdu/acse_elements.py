"""
Association APDUs as the tree of named elements in which the vectors show them; see L{tests.apdu.elements}.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from dlms_twisted.apdu.aare import AARE
from dlms_twisted.apdu.aarq import AARQ
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.ciphered import GeneralGloCiphering, GloCiphered
from dlms_twisted.apdu.initiate import InitiateRequest, InitiateResponse
from dlms_twisted.apdu.release import RLRE, RLRQ
from dlms_twisted.apdu.service_error import ConfirmedServiceError

__all__ = ["elements_of"]

Element: TypeAlias = dict[str, Any]

_CONTEXTS = {1: "LN", 2: "SN", 3: "LN_WITH_CIPHERING", 4: "SN_WITH_CIPHERING"}
_MECHANISMS = {1: "Low", 2: "High", 5: "HighGmac"}
_REASONS = {0: "Normal", 30: "UserDefined"}
_ERRORS = {0: "ApplicationReference", 6: "Initiate"}


def _leaf(name: str, value: str) -> Element:
    return {"name": name, "value": value}


def _node(name: str, *children: Element | None) -> Element:
    return {"name": name, "children": [child for child in children if child is not None]}


def _octets(name: str, value: Any) -> Element | None:
    return None if value is None else _leaf(name, bytes(value).hex().upper())


def _camel(name: str | None) -> str:
    return "".join(word.capitalize() for word in (name or "").split("-"))


def _conformance(name: str, bits: int) -> Element:
    return _node(name, *[{"name": "ConformanceBit"}] * int(bits).bit_count())


def _ciphered(apdu: GloCiphered | GeneralGloCiphering) -> str:
    envelope = apdu.envelope
    head = bytes((envelope.security_control,)) + envelope.invocation_counter.to_bytes(4, "big")
    return (head + envelope.payload + envelope.mac).hex().upper()


def _information(apdu: Apdu | None) -> Element | None:
    return None if apdu is None else elements_of(apdu)


def _request(apdu: AARQ) -> Element:
    version, mechanism = apdu.protocol_version, apdu.mechanism_name
    return _node(
        "AssociationRequest",
        None if version is None else _leaf("ProtocolVersion", version),
        _leaf("ApplicationContextName", _CONTEXTS[int(apdu.application_context_name)]),
        _octets("CallingAPTitle", apdu.calling_ap_title),
        None
        if apdu.sender_acse_requirements is None
        else _leaf("SenderACSERequirements", apdu.sender_acse_requirements),
        None if mechanism is None else _leaf("MechanismName", _MECHANISMS[mechanism]),  # type: ignore[index]
        _octets("CallingAuthentication", apdu.calling_authentication_value),
        _information(apdu.user_information),
    )


def _response(apdu: AARE) -> Element:
    mechanism, diagnostic = apdu.mechanism_name, apdu.result_source_diagnostic
    source = "ACSEServiceUser" if diagnostic.source == 1 else "ACSEServiceProvider"
    return _node(
        "AssociationResponse",
        _leaf("ApplicationContextName", _CONTEXTS[int(apdu.application_context_name)]),
        _leaf("AssociationResult", f"{apdu.result:02X}"),
        _node("ResultSourceDiagnostic", _leaf(source, f"{diagnostic.code:02X}")),
        _octets("RespondingAPTitle", apdu.responding_ap_title),
        None
        if apdu.responder_acse_requirements is None
        else _leaf("ResponderACSERequirement", apdu.responder_acse_requirements),
        None if mechanism is None else _leaf("MechanismName", _MECHANISMS[mechanism]),  # type: ignore[index]
        _octets("RespondingAuthentication", apdu.responding_authentication_value),
        _information(apdu.user_information),
    )


def _initiate(apdu: InitiateRequest | InitiateResponse) -> Element:
    if isinstance(apdu, InitiateRequest):
        return _node(
            "InitiateRequest",
            _octets("DedicatedKey", apdu.dedicated_key),
            _leaf("ProposedDlmsVersionNumber", f"{apdu.proposed_dlms_version_number:02X}"),
            _conformance("ProposedConformance", apdu.proposed_conformance),
            _leaf("ProposedMaxPduSize", f"{apdu.client_max_receive_pdu_size:04X}"),
        )
    return _node(
        "InitiateResponse",
        _leaf("NegotiatedDlmsVersionNumber", f"{apdu.negotiated_dlms_version_number:02X}"),
        _conformance("NegotiatedConformance", apdu.negotiated_conformance),
        _leaf("NegotiatedMaxPduSize", f"{apdu.server_max_receive_pdu_size:04X}"),
        _leaf("VaaName", f"{apdu.vaa_name:04X}"),
    )


def elements_of(apdu: Apdu) -> Element:
    """
    @return: the tree.
    """
    match apdu:
        case AARQ():
            return _request(apdu)
        case AARE():
            return _response(apdu)
        case RLRQ() | RLRE():
            name = "ReleaseRequest" if isinstance(apdu, RLRQ) else "ReleaseResponse"
            reason = _REASONS[apdu.reason] if apdu.reason is not None else ""
            return _node(name, _leaf("Reason", reason), _information(apdu.user_information))
        case InitiateRequest() | InitiateResponse():
            return _initiate(apdu)
        case ConfirmedServiceError():
            error = _leaf(_ERRORS[apdu.error], _camel(apdu.value_name))
            service = _leaf("Service", f"{apdu.service:02X}")
            return _node("ConfirmedServiceError", service, _node("ServiceError", error))
        case GeneralGloCiphering():
            title = _leaf("SystemTitle", apdu.system_title.hex().upper())
            return _node("GeneralGloCiphering", title, _leaf("CipheredService", _ciphered(apdu)))
        case GloCiphered():
            prefix, name = str(apdu.to_json()["apdu"]).split("-", 1)
            return _leaf(f"{prefix}_{_camel(name)}", _ciphered(apdu))
        case _:
            raise AssertionError(f"no tree of {apdu.NAME}")
