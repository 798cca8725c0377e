"""
Tests of what the services do on the server's side: lists, attribute 0, selections, ACCESS, and short names.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.access import (
    AccessAction,
    AccessGet,
    AccessGetWithSelection,
    AccessRequest,
    AccessSet,
    AccessSetWithSelection,
    AccessSpecification,
)
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import (
    BREAK_ON_ERROR,
    SELF_DESCRIPTIVE,
    AttributeWithSelection,
    SelectiveAccess,
)
from dlms_twisted.apdu.get import GetRequestNormal, GetRequestWithList, GetResponseNormal
from dlms_twisted.apdu.registry import decode
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.apdu.set import SetRequestNormal
from dlms_twisted.apdu.short_name import ReadRequest, UnconfirmedWriteRequest, WriteRequest
from dlms_twisted.apdu.variable_access import (
    BlockNumberAccess,
    ParameterizedAccess,
    ReadData,
    ReadError,
    VariableName,
    WriteError,
    WriteSuccess,
)
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.blocks import BlockLimits
from dlms_twisted.session.client_events import Failed
from dlms_twisted.session.served import ServedAssociation, ShortName
from dlms_twisted.session.server import ServerSession, ServerState
from tests.session.served_device import CLOCK, DATA, DISCONNECT, PROFILE, SECRET, Device, Object
from tests.session.server_talk import attribute, get, method, pair, server

_SUCCESS = DataAccessResult.SUCCESS


def _ask(session: ServerSession, request: Apdu) -> Any:
    """
    @return: the answer, or C{None}.
    """
    answers = session.receive(request.encode(), 0.0)
    return decode(answers[0]) if answers else None


def _logical(conformance: int = 0x00FE5F) -> tuple[Device, ServerSession]:
    request = f"601da109060760857405080101be10040e01000000065f1f0400{conformance:06x}04b0"
    return server(ServedAssociation(client=16), request)


class AttributeTests(SynchronousTestCase):
    """
    Attribute 0, and selections.
    """

    def test_all(self) -> None:
        """
        GET of attribute 0 is a structure of all, null-data for what cannot be read.
        """
        device, session = _logical()
        device.rights_of = {(CLOCK, 3, False): Rights.WRITE}
        values = device.object(CLOCK).values
        for invoke in (0xC1, 0xC2):
            answer = _ask(session, get(8, CLOCK, 0, invoke))
            empty = [build.null()] * 7
            self.assertEqual(answer.result, build.structure(values[1], values[2], *empty))
        item = AttributeWithSelection(attribute=attribute(8, CLOCK, 0))
        listed = GetRequestWithList(invoke_id_and_priority=0xC1, attributes=(item,))
        self.assertEqual(_ask(session, listed).results, (answer.result,))

    def test_short_way(self) -> None:
        """
        The short way of the usual request gives what the usual way gives, to a list of one.
        """
        device, session = _logical()
        device.rights_of = {(CLOCK, 3, False): Rights.WRITE}
        names = [one.logical_name for one in device.objects] + [bytes(6)]
        for class_id in (1, 7, 8, 70):
            for name in names:
                for number in (-128, -1, 0, 1, 2, 3, 10, 127):
                    item = AttributeWithSelection(attribute=attribute(class_id, name, number))
                    listed = GetRequestWithList(invoke_id_and_priority=0xC1, attributes=(item,))
                    answer = _ask(session, get(class_id, name, number))
                    if isinstance(answer, GetResponseNormal):
                        self.assertEqual((answer.result,), _ask(session, listed).results)
                    else:
                        # Too long for one APDU.
                        self.assertEqual(name, PROFILE)

    def test_too_much(self) -> None:
        """
        A list that asks for the same long value again and again gets it only so often.
        """
        device, session = _logical()
        exchange = session._exchange
        assert exchange is not None
        exchange.established.max_send = 0
        exchange.blocks.limits = BlockLimits(octets=5000)
        item = AttributeWithSelection(attribute=attribute(7, PROFILE))
        listed = GetRequestWithList(invoke_id_and_priority=0xC1, attributes=(item,) * 9)
        value = device.object(PROFILE).values[2]
        self.assertGreater(len(value.octets) * 3, 5000)
        results = _ask(session, listed).results
        self.assertEqual(results[:3], (value,) * 3)
        self.assertEqual(set(results[3:]), {DataAccessResult.DATA_BLOCK_UNAVAILABLE})

    def test_all_denied(self) -> None:
        """
        Where nothing can be read, attribute 0 is denied; without its bit there is none.
        """
        device, session = _logical()
        device.rights_of = {(DATA, 1, False): Rights(0), (DATA, 2, False): Rights(0)}
        answer = _ask(session, get(1, DATA, 0))
        self.assertEqual(answer.result, DataAccessResult.READ_WRITE_DENIED)
        _, session = _logical(0x001E1D)
        self.assertEqual(_ask(session, get(1, DATA, 0)).result, DataAccessResult.OBJECT_UNDEFINED)
        item = AttributeWithSelection(attribute=attribute(1, DATA, 0))
        listed = GetRequestWithList(invoke_id_and_priority=0xC1, attributes=(item,))
        self.assertEqual(_ask(session, listed).results, (DataAccessResult.OBJECT_UNDEFINED,))

    def test_write_all(self) -> None:
        """
        SET of attribute 0 writes what is not null-data.
        """
        device, session = _logical()

        def write(value: Data) -> DataAccessResult:
            request = SetRequestNormal(
                invoke_id_and_priority=0xC1, attribute=attribute(1, DATA, 0), value=value
            )
            result: DataAccessResult = _ask(session, request).result
            return result

        text = build.octet_string(b"new")
        self.assertEqual(write(build.structure(build.null(), text)), _SUCCESS)
        self.assertEqual(device.object(DATA).values[2], text)
        unmatched = DataAccessResult.TYPE_UNMATCHED
        for wrong in (
            text,
            build.structure(text),
            build.structure(build.null(), build.unsigned(1)),
            build.array(build.null(), text),
        ):
            self.assertEqual(write(wrong), unmatched)
        _, session = _logical(0x001E1D)
        self.assertEqual(write(build.structure()), DataAccessResult.OBJECT_UNDEFINED)

    def test_selection(self) -> None:
        """
        A selection comes to the object, in GET and in SET.
        """
        device, session = _logical()
        selection = SelectiveAccess(access_selector=2, access_parameters=build.unsigned(1))
        _ask(
            session,
            GetRequestNormal(
                invoke_id_and_priority=0xC1,
                attribute=attribute(7, PROFILE),
                access_selection=selection,
            ),
        )
        _ask(
            session,
            SetRequestNormal(
                invoke_id_and_priority=0xC1,
                attribute=attribute(7, PROFILE),
                access_selection=selection,
                value=build.null(),
            ),
        )
        self.assertEqual(device.object(PROFILE).selections, [selection] * 2)


class AccessTests(SynchronousTestCase):
    """
    ACCESS.
    """

    def ask(
        self, session: ServerSession, bits: int, *items: tuple[AccessSpecification, Data]
    ) -> Any:
        """
        @return: the answer.
        """
        return _ask(
            session,
            AccessRequest(
                long_invoke_id_and_priority=bits | 0x40000007,
                specifications=tuple(one for one, _ in items),
                data=tuple(value for _, value in items),
            ),
        )

    def items(self) -> list[tuple[AccessSpecification, Data]]:
        """
        @return: one of each kind, the third of which fails.
        """
        selection = SelectiveAccess(access_selector=1, access_parameters=build.unsigned(1))
        null = build.null()
        return [
            (AccessGet(attribute=attribute(8, CLOCK, 3)), null),
            (AccessSet(attribute=attribute(8, CLOCK, 3)), build.long_(120)),
            (AccessSet(attribute=attribute(8, CLOCK, 3)), null),
            (AccessGet(attribute=attribute(8, CLOCK, 3)), null),
            (AccessAction(method=method(70, DISCONNECT)), build.integer(0)),
            (AccessAction(method=method(70, DISCONNECT, 5)), null),
            (
                AccessGetWithSelection(
                    attribute=attribute(8, CLOCK, 3), access_selection=selection
                ),
                null,
            ),
            (
                AccessSetWithSelection(
                    attribute=attribute(8, CLOCK, 3), access_selection=selection
                ),
                build.long_(60),
            ),
            (AccessGet(attribute=attribute(8, DATA)), null),
        ]

    def test_published(self) -> None:
        """
        The worked example of 03, section 6, but for the text that our object holds.
        """
        _, session = _logical()
        request = "d940000001000201000800000100 00ff02020001000060 0100ff020200 0900".replace(
            " ", ""
        )
        answer = session.receive(bytes.fromhex(request), 0.0)[0].hex()
        wanted = "da40000001000002090c07e60a1007150012ff8000000002 01000200".replace(" ", "")
        self.assertEqual(answer, wanted)

    def test_all_kinds(self) -> None:
        """
        Each item is done in its order, whatever came of those before it.
        """
        device, session = _logical()
        device.object(DISCONNECT).returned = build.unsigned(7)
        answer = self.ask(session, 0, *self.items())
        self.assertEqual([int(one.result) for one in answer.results], [0, 0, 12, 0, 0, 4, 0, 0, 9])
        self.assertEqual([one.CHOICE for one in answer.results], [1, 2, 2, 1, 3, 3, 1, 2, 1])
        values = [one.values for one in answer.data]
        self.assertEqual(values, [60, None, None, 120, 7, None, 120, None, None])
        self.assertIsNone(answer.specifications)
        self.assertEqual(answer.long_invoke_id_and_priority, 0x40000007)
        self.assertEqual(device.object(DISCONNECT).called, [(1, build.integer(0))])
        self.assertEqual(device.log[-1], "answered")

    def test_break_on_error(self) -> None:
        """
        What follows a failure is not done.
        """
        device, session = _logical()
        answer = self.ask(session, BREAK_ON_ERROR, *self.items())
        wanted = [0, 0, 12, 250, 250, 250, 250, 250, 250]
        self.assertEqual([int(one.result) for one in answer.results], wanted)
        self.assertEqual([one.CHOICE for one in answer.results], [1, 2, 2, 1, 3, 3, 1, 2, 1])
        self.assertEqual(device.object(DISCONNECT).called, [])

    def test_self_descriptive(self) -> None:
        """
        The specifications come back where that is asked for.
        """
        _, session = _logical()
        items = self.items()
        answer = self.ask(session, SELF_DESCRIPTIVE, *items)
        self.assertEqual(answer.specifications, tuple(one for one, _ in items))

    def test_unconfirmed(self) -> None:
        """
        It is answered though nothing says that it is confirmed.
        """
        _, session = _logical()
        request = AccessRequest(long_invoke_id_and_priority=1, specifications=(), data=())
        self.assertEqual(_ask(session, request).results, ())


def _short(client: int = 16, **changes: Any) -> tuple[Device, ServerSession]:
    request = "601da109060760857405080102be10040e01000000065f1f04001c1b2004b0"
    return server(ServedAssociation(client=client, short_names=True, **changes), request)


class ShortNameTests(SynchronousTestCase):
    """
    Read, Write and UnconfirmedWrite.  Objects stand at 1000, 1100 and so on.
    """

    def test_read(self) -> None:
        """
        One result for each variable.
        """
        device, session = _short()
        names = (0x1008, 0x1110, 0x1120, 0x9000, 0x1003)
        request = ReadRequest(variables=tuple(VariableName(variable_name=one) for one in names))
        answer = _ask(session, request)
        undefined = ReadError(result=DataAccessResult.OBJECT_UNDEFINED)
        self.assertEqual(
            answer.results,
            (
                ReadData(data=device.object(DATA).values[2]),
                ReadData(data=device.object(CLOCK).values[3]),
                undefined,
                undefined,
                undefined,
            ),
        )

    def test_write(self) -> None:
        """
        Values are written; an UnconfirmedWrite is not answered.
        """
        device, session = _short()
        variables = tuple(VariableName(variable_name=one) for one in (0x1008, 0x1110, 0x9000))
        data = (build.octet_string(b"x"), build.null(), build.null())
        answer = _ask(session, WriteRequest(variables=variables, data=data))
        self.assertEqual(
            answer.results,
            (
                WriteSuccess(),
                WriteError(result=DataAccessResult.TYPE_UNMATCHED),
                WriteError(result=DataAccessResult.OBJECT_UNDEFINED),
            ),
        )
        self.assertEqual(device.object(DATA).values[2].values, b"x")
        request = UnconfirmedWriteRequest(variables=variables[:1], data=(build.octet_string(b"y"),))
        self.assertIsNone(_ask(session, request))
        self.assertEqual(device.object(DATA).values[2].values, b"y")

    def test_methods(self) -> None:
        """
        A method is called by a Read, which gives back what it returns, and by a Write.
        """
        device, session = _short()
        device.object(DISCONNECT).returned = build.unsigned(9)
        parameter = build.integer(0)
        for variable, wanted in (
            (ParameterizedAccess(variable_name=0x1380, selector=1, parameter=parameter), parameter),
            (VariableName(variable_name=0x1380), None),
        ):
            answer = _ask(session, ReadRequest(variables=(variable,)))
            self.assertEqual(answer.results, (ReadData(data=build.unsigned(9)),))
            self.assertEqual(device.object(DISCONNECT).called[-1], (1, wanted))
            self.assertEqual(device.log[-1], "answered")
        write = WriteRequest(variables=(VariableName(variable_name=0x1388),), data=(parameter,))
        self.assertEqual(_ask(session, write).results, (WriteSuccess(),))
        self.assertEqual(device.object(DISCONNECT).called[-1], (2, parameter))
        wrong = ReadRequest(variables=(VariableName(variable_name=0x1390),))
        undefined = ReadError(result=DataAccessResult.OBJECT_UNDEFINED)
        self.assertEqual(_ask(session, wrong).results, (undefined,))

    def test_selection(self) -> None:
        """
        Parameterized access of an attribute is its selection.
        """
        device, session = _short()
        access = ParameterizedAccess(
            variable_name=0x1208, selector=2, parameter=build.structure(build.unsigned(1))
        )
        _ask(session, ReadRequest(variables=(access,)))
        (selection,) = device.object(PROFILE).selections
        self.assertEqual(selection.access_selector, 2)
        self.assertEqual(selection.access_parameters, build.structure(build.unsigned(1)))

    def test_part_in_a_list(self) -> None:
        """
        A step of a transfer in the middle of a list is nothing that can be read.
        """
        _, session = _short()
        request = ReadRequest(
            variables=(VariableName(variable_name=0x1008), BlockNumberAccess(block_number=1))
        )
        other = ReadError(result=DataAccessResult.OTHER_REASON)
        self.assertEqual(_ask(session, request).results[1], other)

    def test_refused(self) -> None:
        """
        What is not treated at all gets a ConfirmedServiceError; logical names are not negotiated.
        """
        _, session = _short()
        for request, wanted in (
            ("050102", "0e050000"),
            ("060102", "0e060000"),
            ("160102", ""),
            ("c001c100010000600100ff0200", "d80102"),
        ):
            answers = [one.hex() for one in session.receive(bytes.fromhex(request), 0.0)]
            self.assertEqual(answers, [wanted] if wanted else [])

    def test_long(self) -> None:
        """
        Our own client reads and writes long values, in clear and ciphered.
        """
        value = build.octet_string(bytes(i % 251 for i in range(2000)))
        for security in (Policy.NONE, Policy.AUTHENTICATED_ENCRYPTED):
            served = ServedAssociation(
                client=16, short_names=True, ciphered=True, policy=security, max_receive=150
            )
            both = pair(served, security=security, max_receive=130).associated()
            variables = (VariableName(variable_name=0x1008),)
            write = WriteRequest(variables=variables, data=(value,))
            self.assertEqual(both.request(write).results, (WriteSuccess(),))
            read = both.request(ReadRequest(variables=variables))
            self.assertEqual(read.results, (ReadData(data=value),))
            self.assertLessEqual(max(map(len, both.back)), 130)
            self.assertLessEqual(max(map(len, both.sent)), 150)

    def test_proof(self) -> None:
        """
        High mechanisms with short names: the right secret, and a wrong one.
        """
        for mechanism in (Mechanism.MD5, Mechanism.GMAC, Mechanism.SHA256):
            served = ServedAssociation(
                client=16, short_names=True, mechanism=mechanism, secret=b"secret"
            )
            both = pair(served).associated()
            request = ReadRequest(variables=(VariableName(variable_name=0x1008),))
            self.assertIsInstance(both.request(request).results[0], ReadData)
        served = ServedAssociation(
            client=16, short_names=True, mechanism=Mechanism.MD5, secret=b"secret"
        )
        both = pair(served, secret=b"wrong")
        self.assertIsInstance(both.associate()[0], Failed)
        self.assertEqual(both.server.state, ServerState.IDLE)
        self.assertEqual(both.device.refusals, {"bad-tag": 1})

    def test_proof_elsewhere(self) -> None:
        """
        The method may stand at another name, where the device says so; any other is refused before the proof.
        """
        request = (
            "6036a1090607608574050801028a0207808b0760857405080203ac0a80084b35366956616759"
            "be10040e01000000065f1f04001c1b2004b0"
        )
        served = ServedAssociation(
            client=16, short_names=True, mechanism=Mechanism.MD5, secret=b"secret"
        )

        class Elsewhere(Device):
            def short_name(self, association: ServedAssociation, name: int) -> ShortName | None:
                one = Object(12, SECRET, {})
                return ShortName(one, 8, True) if name == 0x7778 else None

        device = Elsewhere().allow(served)
        for name, wanted in ((0x7778, "0c010103"), (0x7770, "0e050201")):
            _, session = server(served)
            session._device = device
            session.receive(bytes.fromhex(request), 0.0)
            access = ParameterizedAccess(
                variable_name=name, selector=1, parameter=build.octet_string(b"wrong")
            )
            answers = session.receive(ReadRequest(variables=(access,)).encode(), 0.0)
            self.assertEqual(answers[0].hex(), wanted)
            by_write = WriteRequest(
                variables=(VariableName(variable_name=name),), data=(build.null(),)
            )
            session.receive(bytes.fromhex(request), 0.0)
            answers = session.receive(by_write.encode(), 0.0)
            self.assertEqual(answers[0].hex(), wanted.replace("0c", "0d").replace("0e05", "0e06"))
