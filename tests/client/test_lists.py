"""
Tests of lists: L{dlms_twisted.client.services}, L{dlms_twisted.client.lists}, L{dlms_twisted.client.manners}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.action import ActionRequestWithList
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.get import GetRequestWithList
from dlms_twisted.apdu.set import SetRequestWithList
from dlms_twisted.client import Action, Get, Manners, Meter, Set
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.selection import by_entry
from dlms_twisted.errors import AccessRefusedError, DLMSError, ExceptionResponseError, LinkError
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.server.description_toml import ready_description
from tests.client.bench import Bench
from tests.client.fake import AARE, FakeMeter
from tests.server.meters import CLIENTS, SHORT, TEXT, with_clients

_SERIAL = "1/0-0:96.1.0.255/2"
_CLOCK = "8/0-0:1.0.0.255/2"
_ZONE = "8/0-0:1.0.0.255/3"
_NOTHING = "3/1-0:99.99.99.255/2"
_TEXT = f"1/{TEXT}/2"
_RESET = "3/1-0:1.8.0.255/1"
_PROFILE = "7/1-0:99.1.0.255/2"
_METER = with_clients(ready_description("household"))
_ALL = Conformance(0xFFFFFF)


def _limited(without: Conformance, max_receive: int = 0xFFFF) -> MeterDescription:
    """
    @return: the meter, with clients that cannot do some things.
    """
    first = _METER.devices[0]
    associations = tuple(
        evolve(one, conformance=_ALL & ~without, max_receive=max_receive)
        for one in first.associations
    )
    return evolve(_METER, devices=(evolve(first, associations=associations),))


class AccessTests(SynchronousTestCase):
    """
    Mixed and plain lists with our own meter.
    """

    def asked(self, bench: Bench) -> list[str]:
        """
        @return: the names of the requests that were sent.
        """
        found = []
        for event in bench.events:
            if (event.direction, event.kind) == ("out", "apdu") and event.octets[0] != 0xE0:
                found.append(registry.decode(event.octets).NAME)
        return found[1:]

    def mixed(self, meter: Meter) -> Deferred[tuple[Any, ...]]:
        """
        Something of everything.
        """
        return meter.access(
            [
                Get(_SERIAL),
                Set(_TEXT, build.octet_string(b"new")),
                Get(_TEXT),
                Get(_NOTHING),
                Set(_SERIAL, build.unsigned(1)),
                Action(_NOTHING[:-1] + "1", build.integer(0)),
                Action("8/0-0:1.0.0.255/1", build.integer(0)),
                Get(_PROFILE, by_entry(1, 2).to_selection()),
                Get(_CLOCK),
            ]
        )

    def check(self, bench: Bench, results: tuple[Any, ...]) -> None:
        """
        Each result stands where its item stood.
        """
        values: list[Any] = [one.values if isinstance(one, Data) else one for one in results]
        self.assertEqual(values[0], bench.memory.meter.serial.encode())
        self.assertIsNone(values[1])
        self.assertEqual(values[2], b"new")
        for number in (3, 4, 5):
            self.assertIsInstance(values[number], AccessRefusedError)
        self.assertEqual(len(values[7]), 2)
        self.assertEqual(len(values[8]), 12)

    def test_forms(self) -> None:
        """
        By ACCESS where that was negotiated, else by the lists of the services, else one by one: the same results.
        """
        lists = Conformance.MULTIPLE_REFERENCES
        cases: list[tuple[Conformance, set[str]]] = [
            (Conformance(0), {"access-request"}),
            (
                Conformance.ACCESS,
                {"get-request-with-list", "set-request-normal", "action-request-with-list"},
            ),
            (Conformance.ACCESS | lists, {"get-request-normal", "action-request-normal"}),
        ]
        for without, names in cases:
            bench = Bench(_limited(without))
            meter = bench.meter()
            self.check(bench, bench.run(self.mixed(meter)))
            asked = self.asked(bench)
            self.assertLessEqual(names, set(asked), asked)
            if not without:
                self.assertEqual(asked, ["access-request"])

    def test_sizes(self) -> None:
        """
        Lists are as long as a PDU of the meter.
        """
        for without in (Conformance(0), Conformance.ACCESS):
            bench = Bench(_limited(without | Conformance.GENERAL_BLOCK_TRANSFER, max_receive=100))
            meter = bench.meter()
            self.check(bench, bench.run(self.mixed(meter)))
            found = bench.run(meter.get_many([_SERIAL, _CLOCK] * 20))
            serial = bench.memory.meter.serial.encode()
            self.assertEqual([getattr(one, "values", None) for one in found[::2]], [serial] * 20)
            sent = [
                event.octets
                for event in bench.events
                if (event.direction, event.kind) == ("out", "apdu")
            ]
            self.assertLessEqual(max(len(one) for one in sent[1:]), 100)
            self.assertLess(len(sent), 20)

    def test_protected(self) -> None:
        """
        The same, ciphered, where the lists have less room.
        """
        bench = Bench(_limited(Conformance.GENERAL_BLOCK_TRANSFER, max_receive=150))
        meter = bench.meter(CLIENTS["gmac"], security="both")
        self.check(bench, bench.run(self.mixed(meter)))

    def test_short_names(self) -> None:
        """
        With short names variables are read together, and the rest goes one by one.
        """
        bench = Bench(_METER)
        meter = bench.meter(CLIENTS["low"] + SHORT)
        found = bench.run(meter.get_many([_SERIAL, _CLOCK, _TEXT]))
        self.assertEqual(len([one for one in found if isinstance(one, Data)]), 3)
        results = bench.run(
            meter.access([Set(_TEXT, build.octet_string(b"n")), Get(_TEXT), Get(_SERIAL)])
        )
        self.assertEqual(getattr(results[1], "values", None), b"n")
        self.assertIn("read-request", self.asked(bench))

    def test_together(self) -> None:
        """
        Without lists, several requests are under way together where that is allowed.
        """
        without = Conformance.ACCESS | Conformance.MULTIPLE_REFERENCES
        bench = Bench(_limited(without), latency=0.5)
        meter = bench.meter(outstanding=4)
        before = bench.clock.seconds()
        found = bench.run(meter.get_many([_SERIAL] * 8))
        self.assertEqual(len(found), 8)
        self.assertLess(bench.clock.seconds() - before, 4.0)
        before = bench.clock.seconds()
        both = meter.get_many([_SERIAL] * 8)
        both.cancel()
        self.failureResultOf(both, CancelledError)
        self.assertIsInstance(bench.run(meter.get(_SERIAL)), Data)
        bench.run(meter.close())
        self.assertEqual(bench.left(), [])


class MannersTests(SynchronousTestCase):
    """
    Meters that refuse lists.
    """

    def meter(self, manners: Manners | None = None) -> None:
        """
        A meter that a test speaks for.
        """
        self.fake = FakeMeter(manners=manners)
        self.fake.accept()
        self.fake.sent()
        self.fake.say(AARE)
        self.client: Meter = self.successResultOf(self.fake.connecting)

    def serve(self, asking: Deferred[Any], answer: Callable[[Apdu], str | None]) -> list[str]:
        """
        @param answer: The answer to a list, in hex without its first three octets; single ones are answered.

        @return: the names of the requests.
        """
        names: list[str] = []
        while not asking.called:
            sent = self.fake.sent()
            self.assertTrue(sent, "nothing is asked")
            request = registry.decode(sent)
            names.append(request.NAME)
            told = answer(request)
            if told is None:
                kind = {0xC0: "c401{}001107", 0xC1: "c501{}00", 0xC3: "c701{}0000"}[sent[0]]
                told = kind.format(sent[2:3].hex())
            self.fake.say(bytes.fromhex(told.replace("{}", sent[2:3].hex())))
        return names

    def test_refused_once(self) -> None:
        """
        A refused list is taken apart, and no other is tried; nor by the next association.
        """
        manners = Manners()
        for refusal in ("d80102", "d80103", "c401{}01fa", "c401{}010d", "c403{}00"):
            self.meter()

            def answer(request: Apdu, refusal: str = refusal) -> str | None:
                return refusal if isinstance(request, GetRequestWithList) else None

            asking = self.client.get_many([_SERIAL] * 3)
            names = self.serve(asking, answer)
            self.assertEqual(names, ["get-request-with-list"] + ["get-request-normal"] * 3)
            values = [getattr(one, "values", one) for one in self.successResultOf(asking)]
            self.assertEqual(values, [7, 7, 7])
            names = self.serve(self.client.get_many([_SERIAL] * 2), answer)
            self.assertEqual(names, ["get-request-normal"] * 2)
        self.meter(manners)
        self.serve(self.client.get_many([_SERIAL] * 2), answer)
        self.assertEqual(manners.refused, {"get"})
        self.meter(manners)
        names = self.serve(self.client.get_many([_SERIAL] * 2), answer)
        self.assertEqual(names, ["get-request-normal"] * 2)
        self.assertIn("get", repr(manners))

    def test_too_long(self) -> None:
        """
        A list that is too long is halved, and its length is remembered.
        """
        for refusal in ("d80104", "c401{}010e"):
            lengths: list[int] = []
            self.meter()

            def answer(
                request: Apdu, refusal: str = refusal, lengths: list[int] = lengths
            ) -> str | None:
                if not isinstance(request, GetRequestWithList):
                    return None
                lengths.append(len(request.attributes))
                if lengths[-1] > 3:
                    return refusal
                return "c403{}" + f"{lengths[-1]:02x}" + "001107" * lengths[-1]

            asking = self.client.get_many([_SERIAL] * 9)
            self.serve(asking, answer)
            self.assertEqual(len(self.successResultOf(asking)), 9)
            self.assertEqual(lengths, [9, 4, 2, 2, 2, 2])

    def test_writes(self) -> None:
        """
        Writes and calls are taken apart when the meter says that it treated nothing; never when it is silent.
        """
        self.meter()
        items = [Set(_TEXT, build.unsigned(1)), Set(_TEXT, build.unsigned(2))]
        calls = [Action(_RESET), Action(_RESET)]

        def answer(request: Apdu) -> str | None:
            listed = isinstance(request, SetRequestWithList | ActionRequestWithList)
            return "d80102" if listed else None

        asking = self.client.access([*items, *calls])
        names = self.serve(asking, answer)
        self.assertEqual(
            names,
            [
                *("set-request-with-list", "set-request-normal", "set-request-normal"),
                *("action-request-with-list", "action-request-normal", "action-request-normal"),
            ],
        )
        self.assertEqual(self.successResultOf(asking), (None,) * 4)
        self.meter()
        asking = self.client.access(items)
        self.fake.reactor.advance(6.0)
        self.failureResultOf(asking, DLMSError)
        self.assertEqual(registry.decode(self.fake.sent()).NAME, "set-request-with-list")

    def test_all_refused(self) -> None:
        """
        When each item is refused for itself, the list was none too many.
        """
        self.meter()

        def answer(request: Apdu) -> str | None:
            if isinstance(request, GetRequestWithList):
                return "c403{}0201fa01fa"
            return "c401{}01fa"

        asking = self.client.get_many([_SERIAL] * 2)
        names = self.serve(asking, answer)
        self.assertEqual(names, ["get-request-with-list", "get-request-normal"])
        self.assertEqual(
            [getattr(one, "code", 0) for one in self.successResultOf(asking)], [250, 250]
        )
        names = self.serve(self.client.get_many([_SERIAL] * 2), answer)
        self.assertEqual(names[0], "get-request-with-list")

    def test_nothing_else_helps(self) -> None:
        """
        A meter that refuses everything is told so; a link that goes ends the list.
        """
        self.meter()
        asking = self.client.get_many([_SERIAL] * 2)
        self.serve(asking, lambda request: "d80101")
        self.failureResultOf(asking, ExceptionResponseError)
        self.assertEqual(self.client._services.manners.refused, set())
        asking = self.client.get_many([_SERIAL] * 2)
        self.fake.transport.loseConnection()
        self.failureResultOf(asking, LinkError)
