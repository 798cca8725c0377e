"""
Tests for L{dlms_twisted.apdu.block_transfer}, L{dlms_twisted.apdu.gateway}, L{dlms_twisted.apdu.signing} and
L{dlms_twisted.apdu.service_error}.
"""

from __future__ import annotations

from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.gateway import GatewayRequest, GatewayResponse
from dlms_twisted.apdu.service_error import (
    ConfirmedServiceError,
    ExceptionResponse,
    ExceptionServiceError,
    FailedService,
    ServiceError,
    StateError,
)
from dlms_twisted.apdu.signing import GeneralSigning, signed_octets
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError, EncodeError
from tests.apdu.both_ways import BothWaysCase


class GeneralBlockTransferTests(BothWaysCase):
    """
    Tests for L{GeneralBlockTransfer}.
    """

    def test_examples(self) -> None:
        """
        The examples of the desk reference (03, section 10).
        """
        single = GeneralBlockTransfer.make(
            1, bytes.fromhex("aabbccdd"), last_block=True, streaming=True, window=1
        )
        self.both_ways(single, "e0 c1 0001 0000 04 aabbccdd")
        self.assertTrue(single.last_block and single.streaming)
        ack = GeneralBlockTransfer.make(2, b"", last_block=True, window=5, block_number_ack=6)
        self.both_ways(ack, "e0 85 0002 0006 00")
        self.assertEqual((ack.last_block, ack.streaming, ack.window), (True, False, 5))

    def test_push(self) -> None:
        """
        Blocks of a push have window 0.
        """
        first = GeneralBlockTransfer.make(1, b"a", last_block=False, streaming=True)
        self.both_ways(first, "e0 40 0001 0000 01 61")
        self.assertEqual((first.last_block, first.streaming, first.window), (False, True, 0))

    def test_out_of_range(self) -> None:
        """
        Windows and numbers that do not fit are refused.
        """
        for window in (-1, 64):
            self.assertRaises(
                EncodeError, GeneralBlockTransfer.make, 1, b"", last_block=True, window=window
            )
        large = GeneralBlockTransfer.make(65536, b"", last_block=True)
        self.assertRaises(EncodeError, large.encode)


class GatewayTests(BothWaysCase):
    """
    Tests for L{GatewayRequest} and L{GatewayResponse}.
    """

    def test_prefix(self) -> None:
        """
        The example of the desk reference (06, section 2), and the answer's prefix.
        """
        content = bytes.fromhex("c001c100080000010000ff0200")
        for kind, tag in ((GatewayRequest, "e6"), (GatewayResponse, "e7")):
            apdu = kind(network_id=0, physical_device_address=b"12345", content=content)
            octets = bytes.fromhex(f"{tag} 00 05 3132333435") + content
            self.assertEqual(apdu.encode(), octets)
            self.assertEqual(kind.decode(octets), apdu)
            self.assertEqual(kind.from_json(apdu.to_json()), apdu)
            for length in range(8):
                self.assertRaises(DecodeError, kind.decode, octets[:length])


class GeneralSigningTests(BothWaysCase):
    """
    Tests for L{GeneralSigning}.
    """

    apdu = GeneralSigning(
        transaction_id=b"\x01",
        originator_system_title=b"12345678",
        recipient_system_title=b"",
        date_time=b"",
        other_information=b"",
        content=bytes(130),
        signature=bytes(64),
    )
    head = "01 01 08 3132333435363738 00 00 00 8182" + "00" * 130

    def test_both_ways(self) -> None:
        """
        All fields, with and without a signature.
        """
        self.both_ways(self.apdu, f"df {self.head} 40" + "00" * 64)
        self.both_ways(GeneralSigning(content=b"\x0f", signature=b""), "df 00 00 00 00 00 01 0f 00")

    def test_signed_octets(self) -> None:
        """
        What is signed reaches from the transaction id's length to the end of the content.
        """
        self.assertEqual(signed_octets(self.apdu.encode()).hex(), self.head.replace(" ", ""))

    def test_signed_octets_refused(self) -> None:
        """
        Another APDU, and parts of this one, have nothing signed.
        """
        octets = GeneralSigning(content=b"\x0f", signature=b"").encode()
        for wrong in (b"\xdd" + octets[1:], octets + b"\0", octets[:-1], b""):
            self.assertRaises(DecodeError, signed_octets, wrong)


class ExceptionResponseTests(BothWaysCase):
    """
    Tests for L{ExceptionResponse}.
    """

    def test_two_octets(self) -> None:
        """
        Every pair of errors that needs no counter.
        """
        for state in StateError:
            for error in list(ExceptionServiceError)[:5]:
                apdu = ExceptionResponse(state_error=state, service_error=error)
                self.both_ways(apdu, f"d8 {state:02x} {error:02x}")

    def test_six_octets(self) -> None:
        """
        An invocation-counter error says which counter is expected.
        """
        apdu = ExceptionResponse(
            state_error=StateError.SERVICE_NOT_ALLOWED,
            service_error=ExceptionServiceError.INVOCATION_COUNTER_ERROR,
            invocation_counter=1000,
        )
        self.both_ways(apdu, "d8 01 06 000003e8")
        self.assertEqual(apdu.to_json()["service_error"], "invocation-counter-error")

    def test_unnamed(self) -> None:
        """
        Errors without a name keep their numbers.
        """
        self.both_ways(ExceptionResponse(state_error=9, service_error=200), "d8 09 c8")

    def test_counter_without_error(self) -> None:
        """
        A counter goes with its error, and with no other.
        """
        for error, counter in ((6, None), (5, 1000)):
            apdu = ExceptionResponse(state_error=1, service_error=error, invocation_counter=counter)
            self.assertRaises(EncodeError, apdu.encode)


class ConfirmedServiceErrorTests(BothWaysCase):
    """
    Tests for L{ConfirmedServiceError}.
    """

    def test_all(self) -> None:
        """
        Each kind of error with each value, named or not.
        """
        for service in FailedService:
            for error in ServiceError:
                for value in range(9):
                    apdu = ConfirmedServiceError(service=service, error=error, value=value)
                    self.both_ways(apdu, f"0e {service:02x} {error:02x} {value:02x}")

    def test_names(self) -> None:
        """
        The standard's names are used.
        """
        apdu = ConfirmedServiceError.decode(bytes.fromhex("0e010601"))
        self.assertEqual(
            apdu.to_json(),
            {
                "apdu": "confirmed-service-error",
                "service": "initiate-error",
                "error": "initiate",
                "value": "dlms-version-too-low",
            },
        )
        self.assertIsNone(ConfirmedServiceError.decode(bytes.fromhex("0e010609")).value_name)

    def test_bad_json(self) -> None:
        """
        Names that do not exist are refused.
        """
        good = ConfirmedServiceError.decode(bytes.fromhex("0e010601")).to_json()
        for change in (
            {"service": "x"},
            {"error": "x"},
            {"value": "pdu-size"},
            {"value": 256},
            {"value": None},
        ):
            self.assertRaises(EncodeError, ConfirmedServiceError.from_json, {**good, **change})

    def test_read(self) -> None:
        """
        Read out of more octets, it leaves the rest.
        """
        reader = Reader(bytes.fromhex("0e010601ff"))
        ConfirmedServiceError.read(reader)
        self.assertEqual(reader.remaining, 1)
