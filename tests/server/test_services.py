"""
Our client and the simulated meter, in one memory: every mechanism, protection, framing and way of naming, and every
service, in one piece and in blocks.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from attrs import evolve

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.results import DataAccessResult
from dlms_twisted.client import Meter
from dlms_twisted.client.items import Action, Get, Set
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import AccessRefusedError, AssociationRejectedError
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.server.description import MeterDescription
from tests.server.meters import CLIENTS, DEMANDING, SHORT, TEXT
from tests.server.pairing import MeterCase, household_of_all

_SECURITY = ("none", "authenticated", "encrypted", "authenticated-encrypted")
_FRAMINGS = ("wrapper", "hdlc")
_TEXT = f"1/{TEXT}/2"
_NAME = "1/0-0:42.0.0.255/2"
#: What may only be written.
_NOTHING = "15/0-0:40.0.0.255/7"
_ZONE = "8/0-0:1.0.0.255/3"
_PROFILE = "1-0:99.1.0.255"
_LONG = build.octet_string(bytes(range(250)) * 8)
_GBT = Conformance.GENERAL_BLOCK_TRANSFER
_BLOCKS = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
_LN = Conformance(0x60FEDF)


class AssociationTests(MeterCase):
    """
    Every mechanism with every protection.
    """

    def ways(self) -> list[tuple[str, str, str]]:
        """
        @return: framing, mechanism and protection.
        """
        return list(itertools.product(_FRAMINGS, CLIENTS, _SECURITY))

    async def talk(self, name: str, client: int, framing: str, **changes: Any) -> None:
        """
        Associate, write and read, and release.
        """
        written = build.octet_string(name.encode())
        async with await self.connected(client, framing, **changes) as meter:
            await meter.set(_TEXT, written)
            self.assertEqual((await meter.get(_TEXT)).octets, written.octets, name)

    def test_logical_names(self) -> None:
        """
        With logical names, in the forms of each service.
        """
        for framing, mechanism, security in self.ways():
            name = f"{framing} {mechanism} {security}"
            going = self.talk(name, CLIENTS[mechanism], framing, security=security)
            self.run_through(going)
        self.assertEqual(self.memory.meter.counters.refusals, {})

    def test_short_names(self) -> None:
        """
        With short names.
        """
        for framing, mechanism, security in self.ways():
            name = f"{framing} {mechanism} {security}"
            client = CLIENTS[mechanism] + SHORT
            self.run_through(self.talk(name, client, framing, security=security))
        self.assertEqual(self.memory.meter.counters.refusals, {})

    def test_protections(self) -> None:
        """
        General ciphering, and dedicated keys.
        """
        forms = (
            {"protection": "general"},
            {"protection": "general-ciphering"},
            {"protection": "general-ciphering-wrapped"},
            {"dedicated": True},
            {"dedicated": True, "protection": "general"},
        )
        master = self.memory.meter.keys.master_key
        for framing, security, form in itertools.product(_FRAMINGS, _SECURITY[1:], forms):
            for client in (CLIENTS["gmac"], CLIENTS["none"], CLIENTS["none"] + SHORT):
                name = f"{framing} {security} {form} {client}"
                changes = {"security": security, "master_key": master, **form}
                self.run_through(self.talk(name, client, framing, **changes))
        self.assertEqual(self.memory.meter.counters.refusals, {})

    def test_demanding(self) -> None:
        """
        Who must encrypt and authenticate does, or is not let in.
        """
        for framing in _FRAMINGS:
            self.run_through(self.talk("strong", DEMANDING, framing))
            for security in _SECURITY[:3]:
                going = self.connected(DEMANDING, framing, security=security)
                with self.assertRaises(AssociationRejectedError):
                    self.memory.run(going)

    def test_suites(self) -> None:
        """
        Suites 1 and 2: mechanisms 5 and 7, keys that are agreed for each message, and keys of their length.
        """
        for suite in (1, 2):
            ours = generate_private_key(suite, Random(suite).randbytes)
            agreeing = generate_private_key(suite, Random(-suite).randbytes)
            description = household_of_all()
            first = description.devices[0]
            mechanisms = (Mechanism.GMAC, Mechanism.ECDSA)
            clients = tuple(
                evolve(
                    one,
                    client_signing_key=public_of(ours),
                    client_agreement_key=public_of(agreeing),
                    mechanism=mechanism,
                )
                for one, mechanism in zip(first.associations, mechanisms, strict=False)
            )
            devices = (evolve(first, associations=clients),)
            self.memory = self.begin(evolve(description, suite=suite, devices=devices))
            theirs = self.memory.meter.keys
            assert theirs.signing_private_key is not None
            assert theirs.agreement_private_key is not None
            keys: dict[str, Any] = {
                "signing_key": ours,
                "agreement_key": agreeing,
                "meter_signing_key": public_of(theirs.signing_private_key),
                "meter_agreement_key": public_of(theirs.agreement_private_key),
                "master_key": theirs.master_key,
                "security": "both",
            }
            forms = (
                "service",
                "general",
                "general-ciphering-wrapped",
                "general-ciphering-agreed",
                "general-ciphering-static",
            )
            for framing, one, form in itertools.product(_FRAMINGS, clients, forms):
                name = f"{suite} {framing} {one.mechanism.name} {form}"
                going = self.talk(name, one.client, framing, protection=form, **keys)
                self.run_through(going)
            self.assertEqual(self.memory.meter.counters.refusals, {})

    def test_pre_established(self) -> None:
        """
        An association that is there already, plain and ciphered.
        """
        description = household_of_all()
        first = description.devices[0]
        there = tuple(
            evolve(one, pre_established=True, mechanism=Mechanism.LOWEST, client_title=title)
            for one, title in zip(first.associations, (None, b"CLIENT01"), strict=False)
        )
        changed = evolve(first, associations=there)
        self.memory = self.begin(evolve(description, devices=(changed,)))
        for one, security in zip(there, ("none", "authenticated-encrypted"), strict=True):
            self.run_through(self.talk(security, one.client, "wrapper", security=security))


class ServiceTests(MeterCase):
    """
    Every service, whole, in blocks of its own, and in general ones.
    """

    async def serve(self, meter: Meter, where: str) -> None:
        """
        Read, write and act, with short and long data, one and several.
        """
        await meter.set(_TEXT, _LONG)
        self.assertEqual((await meter.get(_TEXT)).octets, _LONG.octets, where)
        unreadable = "17/0-0:41.0.0.255/3" if where.startswith("short") else _NOTHING
        name, text, none = await meter.get_many((_NAME, _TEXT, unreadable))
        assert isinstance(name, Data)
        self.assertEqual(name.values, self.memory.meter.identity.logical_device_name.encode())
        assert isinstance(text, Data)
        self.assertEqual(text.octets, _LONG.octets)
        assert isinstance(none, AccessRefusedError)
        rows = await meter.profile(_PROFILE, entries=(1, 4), scaled=False)
        self.assertEqual(len(rows), 4, where)
        whole = await meter.profile(_PROFILE, scaled=False)
        self.assertEqual(whole[:4], rows, where)
        self.assertFalse((await meter.disconnect()).output)
        self.assertTrue((await meter.reconnect()).output)

    def ways(self) -> list[dict[str, Any]]:
        """
        @return: settings that make for long answers whole, in blocks, and in general blocks of several windows.
        """
        blocks: list[dict[str, Any]] = [
            {"conformance": _LN & ~_GBT},
            {"conformance": _LN & ~_GBT, "max_pdu": 160},
            {"conformance": _LN & ~_BLOCKS, "max_pdu": 160, "window": 1},
            {"conformance": _LN & ~_BLOCKS, "max_pdu": 160, "window": 5},
            {"conformance": _LN & ~_BLOCKS, "max_pdu": 200, "window": 63},
        ]
        return [
            {**one, "security": security}
            for one in blocks
            for security in ("none", "authenticated-encrypted")
        ]

    def shortened(self, most: int) -> MeterDescription:
        """
        @return: a meter that takes no longer APDUs, so that requests go in blocks.
        """
        description = household_of_all()
        first = description.devices[0]
        clients = tuple(evolve(one, max_receive=most) for one in first.associations)
        return evolve(description, devices=(evolve(first, associations=clients),))

    def test_services(self) -> None:
        """
        With logical names, over both framings.
        """
        self.memory = self.begin(self.shortened(256))

        async def all_ways() -> None:
            for framing in _FRAMINGS:
                for changes in self.ways():
                    where = f"{framing} {changes}"
                    client = CLIENTS["gmac"]
                    async with await self.connected(client, framing, **changes) as meter:
                        await self.serve(meter, where)

        self.run_through(all_ways())
        self.assertEqual(self.memory.meter.counters.refusals, {})

    def test_short_names(self) -> None:
        """
        With short names: long reads and writes.
        """
        self.memory = self.begin(self.shortened(256))

        async def all_ways() -> None:
            for framing, security in itertools.product(_FRAMINGS, _SECURITY):
                for size in (0xFFFF, 160):
                    where = f"short {framing} {security} {size}"
                    client = CLIENTS["gmac"] + SHORT
                    changes = {"security": security, "max_pdu": size}
                    async with await self.connected(client, framing, **changes) as meter:
                        await self.serve(meter, where)

        self.run_through(all_ways())

    def test_access(self) -> None:
        """
        ACCESS: reading, selecting, writing and acting in one request, with what is refused in its place.
        """

        async def ask(framing: str, **changes: Any) -> None:
            async with await self.connected(CLIENTS["gmac"], framing, **changes) as meter:
                items = (
                    Get(_NAME),
                    Set(_ZONE, build.long_(-60)),
                    Get(_ZONE),
                    Action("70/0-0:96.3.10.255/1", build.integer(0)),
                    Get("1/0-0:99.99.9.255/2"),
                    Set(_NAME, build.octet_string(b"other")),
                    Set(_TEXT, _LONG),
                    Get(_TEXT),
                )
                name, zone, shown, _, none, denied, _, text = await meter.access(items)
                assert isinstance(name, Data)
                assert isinstance(shown, Data)
                assert isinstance(none, AccessRefusedError)
                assert isinstance(denied, AccessRefusedError)
                assert isinstance(text, Data)
                self.assertIsNone(zone)
                self.assertEqual(shown.values, -60)
                self.assertEqual(none.code, DataAccessResult.OBJECT_UNDEFINED)
                self.assertEqual(denied.code, DataAccessResult.READ_WRITE_DENIED)
                self.assertEqual(text.octets, _LONG.octets)

        for framing in _FRAMINGS:
            for security in ("none", "authenticated-encrypted"):
                for size in (0xFFFF, 200):
                    self.run_through(ask(framing, security=security, max_pdu=size))

    def test_everything(self) -> None:
        """
        Every attribute that the object list says can be read is, alone and in lists.
        """

        async def ask(client: int) -> int:
            async with await self.connected(client) as meter:
                listed = await meter.objects()
                wanted = [
                    f"{one.class_id}/{one.logical_name}/{number}"
                    for one in listed
                    for number in one.attributes
                    if one.attributes[number].mode & 1
                ]
                alone = [(await meter.get(one)).shape for one in wanted]
                together = await meter.get_many(wanted)
                values = [one for one in together if isinstance(one, Data)]
                self.assertEqual(len(values), len(wanted))
                self.assertEqual(len(alone), len(wanted))
                return len(wanted)

        for client in (CLIENTS["none"], DEMANDING):
            self.assertGreater(self.run_through(ask(client)), 140)

    def test_ranges(self) -> None:
        """
        Rows of a day, and none of a day that is to come.
        """

        async def ask() -> None:
            async with await self.connected(CLIENTS["none"]) as meter:
                now = datetime(2026, 7, 1, 12, tzinfo=UTC)
                rows = await meter.profile(_PROFILE, now - timedelta(hours=2), now, scaled=False)
                times = [row[0] for row in rows]
                self.assertEqual(len(times), 9)
                self.assertEqual(times, sorted(times))
                later = now + timedelta(days=2)
                self.assertEqual(await meter.profile(_PROFILE, later, later, scaled=False), ())

        self.run_through(ask())
