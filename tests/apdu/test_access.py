"""
ACCESS: each specification, and what is malformed.
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
    AccessSet,
    AccessSetResult,
    AccessSetWithSelection,
    AccessSpecification,
)
from dlms_twisted.apdu.descriptors import (
    LONG_CONFIRMED,
    SELF_DESCRIPTIVE,
    AttributeDescriptor,
    MethodDescriptor,
    SelectiveAccess,
)
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.errors import DecodeError
from tests.apdu.both_ways import BothWaysCase
from tests.vectors import load

CLOCK = AttributeDescriptor(class_id=8, instance_id=bytes.fromhex("0000010000ff"), attribute_id=2)
NAME = AttributeDescriptor(class_id=1, instance_id=bytes.fromhex("0000600100ff"), attribute_id=2)
METHOD = MethodDescriptor(class_id=70, instance_id=bytes.fromhex("0000600300ff"), method_id=1)
SELECTION = SelectiveAccess(access_selector=2, access_parameters=build.unsigned(9))

#: Each specification and its octets.
EACH: tuple[tuple[AccessSpecification, str], ...] = (
    (AccessGet(attribute=CLOCK), "01 0008 0000010000ff 02"),
    (AccessSet(attribute=NAME), "02 0001 0000600100ff 02"),
    (AccessAction(method=METHOD), "03 0046 0000600300ff 01"),
    (
        AccessGetWithSelection(attribute=CLOCK, access_selection=SELECTION),
        "04 0008 0000010000ff 02 02 1109",
    ),
    (
        AccessSetWithSelection(attribute=NAME, access_selection=SELECTION),
        "05 0001 0000600100ff 02 02 1109",
    ),
)


class AccessRequestTests(BothWaysCase):
    """
    Tests of the request.
    """

    def test_get_and_set(self) -> None:
        """
        The example: the clock is read, and a value is written.
        """
        request = AccessRequest(
            long_invoke_id_and_priority=LONG_CONFIRMED | 1,
            specifications=(AccessGet(attribute=CLOCK), AccessSet(attribute=NAME)),
            data=(build.null(), build.unsigned(5)),
        )
        self.both_ways(
            request,
            "d9 40000001 00 02 01 0008 0000010000ff 02 02 0001 0000600100ff 02 02 00 1105",
        )
        self.assertEqual(request.invoke_id, 1)

    def test_each_specification(self) -> None:
        """
        Each of the five, with a date-time; selection has no presence octet here.
        """
        time = bytes.fromhex("07e60a1007150012ff800000")
        for specification, text in EACH:
            self.both_ways(
                AccessRequest(
                    long_invoke_id_and_priority=0x20000001,
                    date_time=time,
                    specifications=(specification,),
                    data=(build.null(),),
                ),
                f"d9 20000001 0c {time.hex()} 01 {text} 01 00",
            )

    def test_british_meters(self) -> None:
        """
        A real request with reads by range, on which others fail, has a range in each specification.
        """
        [record] = [
            one
            for one in load("services.jsonl")
            if one["id"] == "gbcs-access-ecs35a-6-13-success-command"
        ]
        request = AccessRequest.decode(bytes.fromhex(record["hex"]))
        [specification] = request.specifications
        assert isinstance(specification, AccessGetWithSelection)
        self.assertEqual(specification.attribute.class_id, 7)
        self.assertEqual(specification.access_selection.access_selector, 1)
        self.assertEqual(
            specification.access_selection.access_parameters.values,
            ((1, bytes.fromhex("00005e2c64ff"), 2, 0), 0x1C35F900, 0x1C374A80, ()),
        )
        self.assertEqual(request.encode().hex(), record["hex"])

    def test_malformed(self) -> None:
        """
        An unknown specification, and lists that do not go together.
        """
        for text in (
            "d9 40000001 00 01 06 0008 0000010000ff 02 01 00",
            "d9 40000001 00 01 00 0008 0000010000ff 02 01 00",
            "d9 40000001 00 01 01 0008 0000010000ff 02 02 00 00",
            "d9 40000001 00 01 01 0008 0000010000ff 02 00",
        ):
            self.assertRaises(DecodeError, AccessRequest.decode, bytes.fromhex(text))


class AccessResponseTests(BothWaysCase):
    """
    Tests of the response.
    """

    def test_get_and_set(self) -> None:
        """
        The answer to the example.
        """
        self.both_ways(
            AccessResponse(
                long_invoke_id_and_priority=0x40000001,
                data=(
                    build.octet_string(bytes.fromhex("07e60a1007150012ff800000")),
                    build.null(),
                ),
                results=(
                    AccessGetResult(result=DataAccessResult.SUCCESS),
                    AccessSetResult(result=DataAccessResult.SUCCESS),
                ),
            ),
            "da 40000001 00 00 02 090c07e60a1007150012ff800000 00 02 0100 0200",
        )

    def test_self_descriptive(self) -> None:
        """
        The specifications come back when the request asks for them.
        """
        self.both_ways(
            AccessResponse(
                long_invoke_id_and_priority=SELF_DESCRIPTIVE | 7,
                specifications=(AccessAction(method=METHOD),),
                data=(build.null(),),
                results=(AccessActionResult(result=ActionResult(0x99)),),
            ),
            "da 10000007 00 01 01 03 0046 0000600300ff 01 01 00 01 03 99",
        )

    def test_malformed(self) -> None:
        """
        An unknown result, and lists that do not go together.
        """
        for text in (
            "da 40000001 00 00 01 00 01 0400",
            "da 40000001 00 00 02 00 00 01 0100",
            "da 40000001 00 00 00 01 0100",
        ):
            self.assertRaises(DecodeError, AccessResponse.decode, bytes.fromhex(text))
