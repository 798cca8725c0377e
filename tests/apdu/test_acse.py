"""
Tests for L{dlms_twisted.apdu.acse} and the association APDUs.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.aare import (
    AARE,
    AcseServiceProvider,
    AcseServiceUser,
    AssociationResult,
    Diagnostic,
    DiagnosticSource,
)
from dlms_twisted.apdu.aarq import AARQ
from dlms_twisted.apdu.acse import (
    AUTHENTICATION,
    VERSION_1,
    ApplicationContext,
    AuthenticationMechanism,
)
from dlms_twisted.apdu.ber_kinds import OtherValue
from dlms_twisted.apdu.ciphered import GeneralGloCiphering, GloCiphered
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.initiate import VAA_NAME_SN, InitiateRequest, InitiateResponse
from dlms_twisted.apdu.release import RLRE, RLRQ, Abort, ReleaseRequestReason, ReleaseResponseReason
from dlms_twisted.apdu.service_error import ConfirmedServiceError, FailedService, ServiceError
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError, EncodeError
from tests.apdu.both_ways import BothWaysCase

CLASSIC = Conformance(0x007E1F)
TITLE = bytes.fromhex("4d4d4d0000bc614e")

REQUEST = AARQ(
    application_context_name=ApplicationContext.LOGICAL_NAME_REFERENCING_NO_CIPHERING,
    user_information=InitiateRequest(
        proposed_conformance=CLASSIC, client_max_receive_pdu_size=1200
    ),
)
RESPONSE = AARE(
    application_context_name=ApplicationContext.LOGICAL_NAME_REFERENCING_NO_CIPHERING,
    result=AssociationResult.ACCEPTED,
    result_source_diagnostic=Diagnostic(DiagnosticSource.ACSE_SERVICE_USER, AcseServiceUser.NULL),
    user_information=InitiateResponse(
        negotiated_conformance=Conformance(0x00501F), server_max_receive_pdu_size=500
    ),
)
INITIATE = "01000000065f1f0400007e1f04b0"
ANSWER = "0800065f1f040000501f01f40007"


class AARQTests(BothWaysCase):
    """
    Tests for L{AARQ}.
    """

    def test_examples(self) -> None:
        """
        The examples of the desk reference (02, section 10).
        """
        self.both_ways(REQUEST, f"601d a109060760857405080101 be10040e{INITIATE}")
        low = evolve(
            REQUEST,
            sender_acse_requirements=AUTHENTICATION,
            mechanism_name=AuthenticationMechanism.LOW_LEVEL_SECURITY,
            calling_authentication_value=b"12345678",
        )
        authentication = "8a020780 8b0760857405080201 ac0a80083132333435363738"
        self.both_ways(low, f"6036 a109060760857405080101 {authentication} be10040e{INITIATE}")

    def test_ciphered(self) -> None:
        """
        The ciphered example: title, HLS with GMAC, glo-initiate-request.
        """
        payload = "801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be68"
        mac = "41db204d39ee6fdb8e356855"
        request = AARQ(
            application_context_name=ApplicationContext.LOGICAL_NAME_REFERENCING_WITH_CIPHERING,
            calling_ap_title=TITLE,
            sender_acse_requirements=AUTHENTICATION,
            mechanism_name=AuthenticationMechanism.HIGH_LEVEL_SECURITY_GMAC,
            calling_authentication_value=b"K56iVagY",
            user_information=GloCiphered(
                tag=0x21,
                security_control=0x30,
                invocation_counter=0x01234567,
                payload=bytes.fromhex(payload),
                mac=bytes.fromhex(mac),
            ),
        )
        self.both_ways(
            request,
            "6066 a109060760857405080103 a60a04084d4d4d0000bc614e 8a020780 8b0760857405080205"
            f" ac0a80084b35366956616759 be3404322130 3001234567{payload}{mac}",
        )

    def test_every_field(self) -> None:
        """
        All fields together, long ones among them.
        """
        certificate = bytes(range(200))
        request = AARQ(
            protocol_version=VERSION_1,
            application_context_name=ApplicationContext.SHORT_NAME_REFERENCING_WITH_CIPHERING,
            called_ap_title=b"called-1",
            called_ae_qualifier=b"q",
            called_ap_invocation_id=1,
            called_ae_invocation_id=200,
            calling_ap_title=TITLE,
            calling_ae_qualifier=certificate,
            calling_ap_invocation_id=-1,
            calling_ae_invocation_id=70000,
            sender_acse_requirements="100001",
            mechanism_name=AuthenticationMechanism.HIGH_LEVEL_SECURITY_ECDSA,
            calling_authentication_value=bytes(64),
            implementation_information=b"anything",
            user_information=REQUEST.user_information,
        )
        self.both_ways(request, request.encode().hex())

    def test_mechanisms_and_contexts(self) -> None:
        """
        Each context with each mechanism, those without a name too.
        """
        for context in (1, 2, 3, 4, 0, 9, 255):
            for mechanism in (*range(8), 8, 255):
                request = evolve(
                    REQUEST, application_context_name=context, mechanism_name=mechanism
                )
                octets = request.encode()
                self.assertEqual(AARQ.decode(octets), request)
                self.assertEqual(AARQ.from_json(request.to_json()), request)
                self.assertEqual(octets[12], context)
                self.assertEqual(octets[21], mechanism)

    def test_other_identifiers(self) -> None:
        """
        Object identifiers that are not the DLMS UA's stay octets.
        """
        other = bytes.fromhex("2a864886f70d")
        request = evolve(REQUEST, application_context_name=other, mechanism_name=b"")
        self.both_ways(request, request.encode().hex())
        self.assertEqual(AARQ.decode(request.encode()).application_context_name, other)

    def test_properties(self) -> None:
        """
        What a context and a mechanism mean.
        """
        self.assertEqual([one.ciphered for one in ApplicationContext], [False, False, True, True])
        self.assertEqual(
            [one.short_names for one in ApplicationContext], [False, True, False, True]
        )
        self.assertEqual([one.is_high for one in AuthenticationMechanism], [False] * 2 + [True] * 6)

    def test_authentication_values(self) -> None:
        """
        The choices of an authentication value that nobody uses.
        """
        for choice in (0x81, 0xA2, 0xA3):
            request = evolve(REQUEST, calling_authentication_value=OtherValue(choice, b"abc"))
            self.both_ways(request, request.encode().hex())
        octets = evolve(REQUEST, calling_authentication_value=b"abc").encode()
        self.assertRaises(
            DecodeError, AARQ.decode, octets.replace(b"\xac\x05\x80", b"\xac\x05\x84")
        )
        wrong = evolve(REQUEST, calling_authentication_value=OtherValue(0x84, b"abc"))
        self.assertRaises(EncodeError, wrong.encode)

    def test_implementation_information(self) -> None:
        """
        Either tag of the implementation information is taken.
        """
        octets = evolve(REQUEST, implementation_information=b"abc").encode()
        self.assertIn(b"\x9d\x03abc", octets)
        other = octets.replace(b"\x9d\x03abc", b"\xbd\x03abc")
        self.assertEqual(AARQ.decode(other), AARQ.decode(octets))

    def test_unknown_elements(self) -> None:
        """
        Elements that should not be there are kept, and written before the user information.
        """
        request = evolve(REQUEST, unknown=((0xB0, b"abc"), (0x95, b"")))
        self.both_ways(request, f"6024 a109060760857405080101 b003616263 9500 be10040e{INITIATE}")

    def test_too_many_unknown(self) -> None:
        """
        Unknown elements are bounded in number.
        """
        request = evolve(REQUEST, unknown=((0xB0, b""),) * 32)
        self.assertEqual(AARQ.decode(request.encode()), request)
        request = evolve(REQUEST, unknown=((0xB0, b""),) * 33)
        self.assertRaises(DecodeError, AARQ.decode, request.encode())

    def test_any_order(self) -> None:
        """
        Elements may come in any order.
        """
        octets = bytes.fromhex(f"601dbe10040e{INITIATE}a109060760857405080101")
        self.assertEqual(AARQ.decode(octets), REQUEST)

    def test_secrets_not_shown(self) -> None:
        """
        Neither a password nor a dedicated key stands in the representation.
        """
        initiate = InitiateRequest(
            dedicated_key=b"dedicatedkey",
            proposed_conformance=CLASSIC,
            client_max_receive_pdu_size=0,
        )
        request = evolve(
            REQUEST, calling_authentication_value=b"password", user_information=initiate
        )
        self.assertNotIn("password", repr(request))
        self.assertNotIn("dedicatedkey", repr(request))


class AARETests(BothWaysCase):
    """
    Tests for L{AARE}.
    """

    context = "a109060760857405080101"

    def test_examples(self) -> None:
        """
        The examples of the desk reference (02, section 10).
        """
        self.both_ways(RESPONSE, f"6129 {self.context} a203020100 a305a103020100 be10040e{ANSWER}")
        high = evolve(
            RESPONSE,
            result_source_diagnostic=Diagnostic(
                DiagnosticSource.ACSE_SERVICE_USER, AcseServiceUser.AUTHENTICATION_REQUIRED
            ),
            responder_acse_requirements=AUTHENTICATION,
            mechanism_name=AuthenticationMechanism.HIGH_LEVEL_SECURITY_GMAC,
            responding_authentication_value=b"P6wRJ21F",
        )
        authentication = "88020780 890760857405080205 aa0a8008503677524a323146"
        self.both_ways(
            high,
            f"6142 {self.context} a203020100 a305a10302010e {authentication} be10040e{ANSWER}",
        )

    def test_rejected(self) -> None:
        """
        A rejection with an error, and one without any user information.
        """
        rejected = evolve(
            RESPONSE,
            result=AssociationResult.REJECTED_PERMANENT,
            result_source_diagnostic=Diagnostic(
                DiagnosticSource.ACSE_SERVICE_USER, AcseServiceUser.NO_REASON_GIVEN
            ),
            user_information=ConfirmedServiceError(
                service=FailedService.INITIATE_ERROR, error=ServiceError.INITIATE, value=1
            ),
        )
        self.both_ways(rejected, f"611f {self.context} a203020101 a305a103020101 be0604040e010601")
        silent = evolve(rejected, user_information=None)
        self.both_ways(silent, f"6117 {self.context} a203020101 a305a103020101")

    def test_diagnostics(self) -> None:
        """
        Each result with each diagnostic of either source, those without a name too.
        """
        for result in (0, 1, 2, 7):
            for source in DiagnosticSource:
                for code in (*range(16), 300):
                    response = evolve(
                        RESPONSE, result=result, result_source_diagnostic=Diagnostic(source, code)
                    )
                    octets = response.encode()
                    self.assertEqual(AARE.decode(octets), response)
                    self.assertEqual(AARE.read(Reader(octets)), response)
                    self.assertEqual(AARE.from_json(response.to_json()), response)
        found = AARE.decode(RESPONSE.encode()).result_source_diagnostic
        self.assertIs(found.code, AcseServiceUser.NULL)
        provider = evolve(
            RESPONSE,
            result_source_diagnostic=Diagnostic(DiagnosticSource.ACSE_SERVICE_PROVIDER, 2),
        )
        found = AARE.decode(provider.encode()).result_source_diagnostic
        self.assertIs(found.code, AcseServiceProvider.NO_COMMON_ACSE_VERSION)

    def test_every_field(self) -> None:
        """
        All fields together.
        """
        response = evolve(
            RESPONSE,
            protocol_version=VERSION_1,
            responding_ap_title=TITLE,
            responding_ae_qualifier=bytes(300),
            responding_ap_invocation_id=5,
            responding_ae_invocation_id=6,
            responder_acse_requirements=AUTHENTICATION,
            mechanism_name=AuthenticationMechanism.HIGH_LEVEL_SECURITY_SHA256,
            responding_authentication_value=bytes(32),
            implementation_information=b"x",
            user_information=GeneralGloCiphering(
                system_title=TITLE, security_control=0x20, invocation_counter=1, payload=bytes(14)
            ),
        )
        self.both_ways(response, response.encode().hex())

    def test_protocol_version(self) -> None:
        """
        A server that names the protocol version.
        """
        response = evolve(RESPONSE, protocol_version=VERSION_1)
        self.both_ways(
            response, f"612d 80020780 {self.context} a203020100 a305a103020100 be10040e{ANSWER}"
        )

    def test_long_integers(self) -> None:
        """
        Integers in more octets than necessary are taken.
        """
        octets = bytes.fromhex(
            f"612c{self.context} a20402020000 a307a10502 03 00000e be10040e{ANSWER}"
        )
        found = AARE.decode(octets)
        self.assertEqual(found.result, 0)
        self.assertEqual(found.result_source_diagnostic.code, 14)

    def test_short_names(self) -> None:
        """
        A server with short names.
        """
        response = evolve(
            RESPONSE,
            application_context_name=ApplicationContext.SHORT_NAME_REFERENCING_NO_CIPHERING,
            user_information=InitiateResponse(
                negotiated_conformance=Conformance(0x1C0320),
                server_max_receive_pdu_size=0,
                vaa_name=VAA_NAME_SN,
            ),
        )
        self.both_ways(response, response.encode().hex())

    def test_missing(self) -> None:
        """
        Without one of the fields that must be there, it is refused.
        """
        for text in (
            "610c a203020100 a305a103020100",
            f"6112 {self.context} a305a103020100",
            f"6110 {self.context} a203020100",
            "6100",
        ):
            self.assertRaises(DecodeError, AARE.decode, bytes.fromhex(text))
        self.assertRaises(EncodeError, AARE.from_json, {"apdu": "aare"})

    def test_twice(self) -> None:
        """
        A field that is there twice is refused.
        """
        octets = bytes.fromhex(f"611c{self.context} a203020100 a203020100 a305a103020100")
        self.assertRaises(DecodeError, AARE.decode, octets)

    def test_wrong_content(self) -> None:
        """
        Elements that do not hold what they should are refused.
        """
        good = RESPONSE.encode()
        for old, new in (
            ("a203020100", "a203040100"),
            ("a305a103020100", "a305a303020100"),
            ("a305a103020100", "a305a102020100"),
            ("060760857405", "040760857405"),
            ("040e0800065f", "030e0800065f"),
            ("040e0800065f", "040ec400065f"),
            ("040e0800065f", "040e0800065e"),
            ("a203020100", "bf03020100"),
        ):
            octets = bytes.fromhex(good.hex().replace(old, new))
            self.assertNotEqual(octets, good)
            self.assertRaises(DecodeError, AARE.decode, octets)


class WrongLengthTests(BothWaysCase):
    """
    Servers that count wrongly (02, section 3; notes on other implementations).
    """

    def test_one_short(self) -> None:
        """
        Each length of the last elements, and the outermost, one less than what follows.
        """
        for text in (
            f"6128{AARETests.context}a203020100a305a103020100be10040e{ANSWER}",
            f"6128{AARETests.context}a203020100a305a103020100be0f040d{ANSWER}",
            f"6129{AARETests.context}a203020100a305a103020100be0f040d{ANSWER}",
            f"6129{AARETests.context}a203020100a305a103020100be10040d{ANSWER}",
        ):
            self.assertEqual(AARE.decode(bytes.fromhex(text)), RESPONSE)
            self.assertEqual(AARE.read(Reader(bytes.fromhex(text))), RESPONSE)

    def test_too_long(self) -> None:
        """
        Lengths that say more than is there, where the user information is whole.
        """
        octets = bytes.fromhex(f"612b{AARETests.context}a203020100a305a103020100be120410{ANSWER}")
        self.assertEqual(AARE.decode(octets), RESPONSE)

    def test_release(self) -> None:
        """
        A release response whose length is wrong by a little.
        """
        wanted = RLRE(reason=ReleaseResponseReason.NORMAL)
        for length in ("02", "03", "04", "05", "00"):
            self.assertEqual(RLRE.decode(bytes.fromhex(f"63{length}800100")), wanted)
        self.assertRaises(DecodeError, RLRE.decode, bytes.fromhex("6306800100"))
        self.assertRaises(DecodeError, RLRE.decode, bytes.fromhex("6303800200"))

    def test_truncated_all_the_same(self) -> None:
        """
        Tolerance makes no part of an APDU a whole one.
        """
        ciphered = GloCiphered(
            tag=0x28, security_control=0x30, invocation_counter=1, payload=bytes(14), mac=bytes(12)
        )
        rejected = ConfirmedServiceError(service=1, error=6, value=1)
        for information in (RESPONSE.user_information, ciphered, rejected, None):
            for apdu in (
                evolve(RESPONSE, user_information=information),
                RLRE(reason=0, user_information=information),
                Abort(abort_source=1, user_information=information),
            ):
                octets = apdu.encode()
                for length in range(len(octets)):
                    self.assertRaises(DecodeError, registry.decode, octets[:length])


class InitiateTests(BothWaysCase):
    """
    Tests for L{InitiateRequest} and L{InitiateResponse}.
    """

    def test_request(self) -> None:
        """
        With a dedicated key, without a response, with a quality of service.
        """
        self.both_ways(
            InitiateRequest(
                dedicated_key=bytes.fromhex("00112233445566778899aabbccddeeff"),
                proposed_conformance=CLASSIC,
                client_max_receive_pdu_size=1200,
            ),
            "01 0110 00112233445566778899aabbccddeeff 00 00 06 5f1f0400007e1f 04b0",
        )
        self.both_ways(
            InitiateRequest(
                response_allowed=False,
                proposed_quality_of_service=-2,
                proposed_dlms_version_number=5,
                proposed_conformance=Conformance(0xFFFFFF),
                client_max_receive_pdu_size=0xFFFF,
            ),
            "01 00 0100 01fe 05 5f1f0400ffffff ffff",
        )

    def test_response_allowed(self) -> None:
        """
        The default, said aloud, is the default.
        """
        said = bytes.fromhex("01000101 00 06 5f1f0400007e1f04b0")
        self.assertEqual(InitiateRequest.decode(said), REQUEST.user_information)
        form = REQUEST.user_information.to_json() if REQUEST.user_information else {}
        del form["response_allowed"]
        self.assertEqual(InitiateRequest.from_json(form), REQUEST.user_information)
        self.assertRaises(EncodeError, InitiateRequest.from_json, {**form, "response_allowed": 1})

    def test_response(self) -> None:
        """
        With and without a quality of service.
        """
        self.both_ways(
            InitiateResponse(
                negotiated_quality_of_service=0x12,
                negotiated_conformance=Conformance(0x007C1F),
                server_max_receive_pdu_size=1024,
            ),
            "08 0112 06 5f1f0400007c1f 0400 0007",
        )
        self.both_ways(RESPONSE.user_information or REQUEST, ANSWER)

    def test_forms_of_conformance(self) -> None:
        """
        Without the C{1F}, or of another length, the bits are the same, and encode back as they were.
        """
        for form in ("5f0400007c1f", "5f1f03007c1f", "5f1f0700000000007c1f"):
            for start, end in (("01000000 06", "04b0"), ("0800 06", "01f40007")):
                octets = bytes.fromhex(start + form + end)
                apdu = registry.decode(octets)
                assert isinstance(apdu, InitiateRequest | InitiateResponse)
                values: dict[str, Any] = {
                    name: value for name, value in apdu.to_json().items() if "conformance" in name
                }
                self.assertEqual([len(one) for one in values.values()], [10])
                self.assertEqual(apdu.encode(), octets)
                self.assertEqual(registry.from_json(apdu.to_json()), apdu)

    def test_changed_conformance(self) -> None:
        """
        Other bits than those that were sent are encoded in the usual form.
        """
        apdu = InitiateResponse.decode(bytes.fromhex("080006 5f0400007c1f 01f40007"))
        self.assertEqual(
            evolve(apdu, negotiated_conformance=Conformance.GET).encode().hex(),
            "0800065f1f040000001001f40007",
        )

    def test_bad_conformance(self) -> None:
        """
        What is no bit string of whole octets is refused.
        """
        for form in ("5e1f0400007e1f", "5f1f0401007e1f", "5f1f0100", "5f1f2100"):
            octets = bytes.fromhex("01000000 06" + form + "04b0")
            self.assertRaises(DecodeError, InitiateRequest.decode, octets)

    def test_bits(self) -> None:
        """
        Each of the 24 bits has its place and its name (02, section 5).
        """
        self.assertEqual([int(bit) for bit in Conformance], [1 << n for n in range(23, -1, -1)])
        self.assertEqual(len(Conformance(0xFFFFFF).names), 24)
        for name, mask in (
            ("general-protection", 0x400000),
            ("delta-value-encoding", 0x020000),
            ("block-transfer-with-get-or-read", 0x001000),
            ("data-notification", 0x000080),
            ("get", 0x000010),
            ("action", 0x000001),
        ):
            self.assertEqual(Conformance(mask).names, (name,))
        self.assertEqual(
            CLASSIC.names,
            (
                "priority-mgmt-supported",
                "attribute0-supported-with-get",
                "block-transfer-with-get-or-read",
                "block-transfer-with-set-or-write",
                "block-transfer-with-action",
                "multiple-references",
                "get",
                "set",
                "selective-access",
                "event-notification",
                "action",
            ),
        )

    def test_bad_json(self) -> None:
        """
        Names of bits that do not exist are refused.
        """
        form = REQUEST.user_information.to_json() if REQUEST.user_information else {}
        for names in (["get", "fly"], "get", [1]):
            error = self.assertRaises(
                EncodeError, InitiateRequest.from_json, {**form, "proposed_conformance": names}
            )
            self.assertIn("proposed_conformance", str(error))


class ReleaseTests(BothWaysCase):
    """
    Tests for L{RLRQ}, L{RLRE} and L{Abort}.
    """

    def test_examples(self) -> None:
        """
        The examples of the desk reference (02, section 8), and the least that is legal.
        """
        self.both_ways(RLRQ(reason=ReleaseRequestReason.NORMAL), "6203800100")
        self.both_ways(RLRE(reason=ReleaseResponseReason.NORMAL), "6303800100")
        self.both_ways(RLRQ(), "6200")
        self.both_ways(RLRE(), "6300")

    def test_reasons(self) -> None:
        """
        Each reason, and one without a name.
        """
        for reason in (*ReleaseRequestReason, 7):
            self.both_ways(RLRQ(reason=reason), f"6203 8001{reason:02x}")
        for answer in (*ReleaseResponseReason, 7):
            self.both_ways(RLRE(reason=answer), f"6303 8001{answer:02x}")
        self.assertEqual(RLRQ(reason=30).to_json(), {"apdu": "rlrq", "reason": "user-defined"})

    def test_information(self) -> None:
        """
        With an initiate APDU inside.
        """
        self.both_ways(
            RLRQ(reason=0, user_information=REQUEST.user_information),
            f"6215 800100 be10040e{INITIATE}",
        )
        self.both_ways(
            RLRE(reason=0, user_information=RESPONSE.user_information),
            f"6315 800100 be10040e{ANSWER}",
        )

    def test_abort(self) -> None:
        """
        ABRT is taken, though DLMS does not use it.
        """
        self.both_ways(Abort(abort_source=0), "6403 800100")
        self.both_ways(Abort(abort_source=1, abort_diagnostic=2), "6406 800101 810102")
        self.assertEqual(
            Abort(abort_source=1, abort_diagnostic=5).to_json(),
            {
                "apdu": "abrt",
                "abort_source": "acse-service-provider",
                "abort_diagnostic": "authentication-failure",
            },
        )


class JSONTests(BothWaysCase):
    """
    JSON forms that are none.
    """

    def test_refused(self) -> None:
        """
        The error names the place.
        """
        good = RESPONSE.to_json()
        for change, place in (
            ({"application_context_name": "x"}, "application_context_name"),
            ({"application_context_name": None}, "application_context_name"),
            ({"application_context_name": {"object_identifier": 1}}, "object_identifier"),
            ({"result": True}, "result"),
            ({"result_source_diagnostic": 1}, "result_source_diagnostic"),
            ({"result_source_diagnostic": {"source": 3, "diagnostic": 0}}, "source"),
            ({"result_source_diagnostic": {"source": 1, "diagnostic": "x"}}, "diagnostic"),
            ({"responder_acse_requirements": "2"}, "responder_acse_requirements"),
            ({"responding_ap_title": 1}, "responding_ap_title"),
            ({"responding_authentication_value": {"choice": "x"}}, "choice"),
            ({"user_information": {"apdu": "aarq"}}, "user_information"),
            ({"user_information": 1}, "user_information"),
            ({"unknown": 1}, "unknown"),
            ({"unknown": [1]}, "unknown[0]"),
            ({"unknown": [{"tag": 256, "content": ""}]}, "unknown[0].tag"),
            ({"nothing": 1}, "nothing"),
        ):
            error = self.assertRaises(EncodeError, AARE.from_json, {**good, **change})
            self.assertIn(place, str(error))
        self.assertRaises(EncodeError, AARE.from_json, None)

    def test_out_of_range(self) -> None:
        """
        What does not fit is not encoded; the error names the field.
        """
        for change, place in (
            ({"application_context_name": 256}, "application_context_name"),
            ({"result": 1 << 63}, "result"),
            ({"responder_acse_requirements": "2"}, "responder_acse_requirements"),
        ):
            error = self.assertRaises(EncodeError, evolve(RESPONSE, **change).encode)
            self.assertIn(place, str(error))
