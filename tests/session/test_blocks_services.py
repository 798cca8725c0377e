"""
Service-specific block transfer: both sides together, for each service.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.access import AccessGet, AccessGetResult, AccessRequest, AccessResponse
from dlms_twisted.apdu.action import (
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionReturn,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import (
    AttributeDescriptor,
    AttributeWithSelection,
    MethodDescriptor,
    SelectiveAccess,
)
from dlms_twisted.apdu.get import (
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
)
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.apdu.set import (
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from dlms_twisted.apdu.short_name import ReadRequest, ReadResponse, WriteRequest, WriteResponse
from dlms_twisted.apdu.variable_access import (
    ParameterizedAccess,
    ReadData,
    ReadError,
    VariableName,
    WriteError,
    WriteSuccess,
)
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import LocalProtocolError
from dlms_twisted.session.blocks import ServerBlocks, client_blocks
from tests.session.talk import talk

ATTRIBUTE = AttributeDescriptor(
    class_id=1, instance_id=bytes.fromhex("0000600100ff"), attribute_id=2
)
METHOD = MethodDescriptor(class_id=18, instance_id=bytes.fromhex("00002c0000ff"), method_id=2)
SELECTION = SelectiveAccess(access_selector=2, access_parameters=build.unsigned(1))


def octets(count: int) -> bytes:
    """
    @return: octets of which no two blocks are alike.
    """
    return b"".join(number.to_bytes(2, "big") for number in range((count + 1) // 2))[:count]


def value(count: int = 500) -> Data:
    """
    @return: an octet-string of C{count} octets.
    """
    return build.octet_string(octets(count))


def get(count: int) -> tuple[Apdu, Apdu]:
    """
    @return: a GET and its answer of C{count} octets.
    """
    return (
        GetRequestNormal(invoke_id_and_priority=0xC5, attribute=ATTRIBUTE),
        GetResponseNormal(invoke_id_and_priority=0xC5, result=value(count)),
    )


def get_list(count: int) -> tuple[Apdu, Apdu]:
    """
    @return: a GET of two and its answer, one of them an error.
    """
    return (
        GetRequestWithList(
            invoke_id_and_priority=0x42,
            attributes=(
                AttributeWithSelection(attribute=ATTRIBUTE),
                AttributeWithSelection(attribute=ATTRIBUTE, access_selection=SELECTION),
            ),
        ),
        GetResponseWithList(
            invoke_id_and_priority=0x42, results=(value(count), DataAccessResult.OTHER_REASON)
        ),
    )


def set_(count: int) -> tuple[Apdu, Apdu]:
    """
    @return: a SET of C{count} octets and its answer.
    """
    return (
        SetRequestNormal(
            invoke_id_and_priority=0xC1,
            attribute=ATTRIBUTE,
            access_selection=SELECTION,
            value=value(count),
        ),
        SetResponseNormal(invoke_id_and_priority=0xC1, result=DataAccessResult.READ_WRITE_DENIED),
    )


def set_list(count: int) -> tuple[Apdu, Apdu]:
    """
    @return: a SET of two values and its answer.
    """
    return (
        SetRequestWithList(
            invoke_id_and_priority=0xC1,
            attributes=(AttributeWithSelection(attribute=ATTRIBUTE),) * 2,
            values=(value(count), build.unsigned(3)),
        ),
        SetResponseWithList(
            invoke_id_and_priority=0xC1,
            results=(DataAccessResult.SUCCESS, DataAccessResult.TYPE_UNMATCHED),
        ),
    )


def action(count: int) -> tuple[Apdu, Apdu]:
    """
    @return: an ACTION with a long parameter, which gives it back.
    """
    return (
        ActionRequestNormal(invoke_id_and_priority=1, method=METHOD, parameters=value(count)),
        ActionResponseNormal(
            invoke_id_and_priority=1,
            result=ActionResult.SUCCESS,
            return_parameters=value(count + 1),
        ),
    )


def action_list(count: int) -> tuple[Apdu, Apdu]:
    """
    @return: an ACTION of two methods.
    """
    return (
        ActionRequestWithList(
            invoke_id_and_priority=2,
            methods=(METHOD, METHOD),
            parameters=(value(count), build.null()),
        ),
        ActionResponseWithList(
            invoke_id_and_priority=2,
            results=(
                ActionReturn(result=ActionResult.HARDWARE_FAULT),
                ActionReturn(result=ActionResult.SUCCESS, return_parameters=value(count)),
            ),
        ),
    )


def read(count: int) -> tuple[Apdu, Apdu]:
    """
    @return: a Read of two variables, one with a long parameter.
    """
    long = ParameterizedAccess(variable_name=8, selector=1, parameter=value(count))
    return (
        ReadRequest(variables=(VariableName(variable_name=0xFA00), long)),
        ReadResponse(
            results=(ReadError(result=DataAccessResult.OTHER_REASON), ReadData(data=value(count)))
        ),
    )


def write(count: int) -> tuple[Apdu, Apdu]:
    """
    @return: a Write of two variables.
    """
    return (
        WriteRequest(
            variables=(VariableName(variable_name=16), VariableName(variable_name=24)),
            data=(value(count), build.null()),
        ),
        WriteResponse(results=(WriteSuccess(), WriteError(result=DataAccessResult.OTHER_REASON))),
    )


ALL: tuple[Callable[[int], tuple[Apdu, Apdu]], ...] = (
    get,
    get_list,
    set_,
    set_list,
    action,
    action_list,
    read,
    write,
)


class ExchangeTests(SynchronousTestCase):
    """
    Tests of both sides together.
    """

    def exchange(
        self, request: Apdu, response: Apdu, max_send: int, whole_action: bool = False
    ) -> list[int]:
        """
        @return: how long each APDU was.
        """
        sizes: list[int] = []
        asked: list[Apdu] = []

        def application(apdu: Apdu) -> Apdu:
            asked.append(apdu)
            return response

        server = ServerBlocks(max_send=max_send, whole_action=whole_action)
        answer = talk(client_blocks(request, max_send=max_send), server, application, sizes)
        self.assertEqual(answer, response)
        self.assertEqual(asked, [request])
        return sizes

    def test_long(self) -> None:
        """
        Each service carries what is longer than its APDUs; no APDU is too long, and each but the last is full.
        """
        for make in ALL:
            for max_send in (64, 65, 140, 200, 300):
                request, response = make(900)
                if isinstance(request, GetRequestWithList) and len(request.encode()) > max_send:
                    continue
                sizes = self.exchange(request, response, max_send)
                self.assertLessEqual(max(sizes), max_send)
                self.assertGreaterEqual(sizes.count(max_send), 2)

    def test_short(self) -> None:
        """
        What fits goes in one piece.
        """
        for make in ALL:
            for max_send in (0, 64, 1000):
                self.assertEqual(len(self.exchange(*make(2), max_send)), 2)

    def test_each_length_around_a_block(self) -> None:
        """
        Lengths at which the last block is full, or has one octet, come out right.
        """
        for count in range(40, 140):
            self.exchange(*get(count), 50)
            self.exchange(*set_(count), 50)
            self.exchange(*write(count), 50)

    def test_lengths_of_length(self) -> None:
        """
        So do block sizes at which a length takes an octet more.
        """
        for max_send in (*range(130, 150), *range(255, 290)):
            self.exchange(*get(1000), max_send)
            self.exchange(*action(1000), max_send)

    def test_whole_action_response(self) -> None:
        """
        It makes no difference to the client what a server puts into the blocks of a long answer.
        """
        self.exchange(*action(700), 64, whole_action=True)
        self.exchange(*action_list(700), 64, whole_action=True)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(
        st.sampled_from(ALL),
        st.integers(min_value=0, max_value=3000),
        st.integers(min_value=48, max_value=400),
    )
    def test_any_size(
        self, make: Callable[[int], tuple[Apdu, Apdu]], count: int, max_send: int
    ) -> None:
        """
        Any length through any PDU size.
        """
        sizes = self.exchange(*make(count), max_send)
        self.assertLessEqual(max(sizes), max_send)

    def test_failed_action_with_long_data(self) -> None:
        """
        An answer of which the result is not "success" keeps it when it goes in blocks.
        """
        request, _ = action(2)
        response = ActionResponseNormal(
            invoke_id_and_priority=1,
            result=ActionResult.OBJECT_CLASS_INCONSISTENT,
            return_parameters=value(500),
        )
        self.exchange(request, response, 64)

    def test_access(self) -> None:
        """
        ACCESS has no blocks of its own.
        """
        request = AccessRequest(
            long_invoke_id_and_priority=0x40000001,
            specifications=(AccessGet(attribute=ATTRIBUTE),),
            data=(build.null(),),
        )
        short, long = (
            AccessResponse(
                long_invoke_id_and_priority=0x40000001,
                data=(value(count),),
                results=(AccessGetResult(result=DataAccessResult.SUCCESS),),
            )
            for count in (4, 400)
        )
        self.exchange(request, short, 64)
        self.assertRaises(LocalProtocolError, ServerBlocks(max_send=64).respond, long)
        self.assertRaises(LocalProtocolError, client_blocks(request, max_send=10).start)
