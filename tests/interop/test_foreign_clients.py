"""
The clients of gurux_dlms and dlms-cosem talk with a simulated meter and find nothing amiss.

What they cannot is written in L{tests.interop.cosem_client} and here: gurux_dlms has no ciphering with short names (it
fails in itself, before it sends anything), and in a high level it calls the method of a short name by a write, which
returns no proof of the meter.
"""

from __future__ import annotations

import itertools
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SkipTest, TestCase

from dlms_twisted.codec import build
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.hosted import hdlc_protocol, wrapper_protocol
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.serving import FIRST_PHYSICAL, Host
from tests.interop.foreign import Place, task
from tests.server.meters import CLIENTS, SECRET, SHORT, TEXT, with_clients

_reactor_any: Any = _reactor
_FRAMINGS = ("wrapper", "hdlc")
_SECURITY = ("none", "authenticated", "encrypted", "both")
#: Framing, mechanism and protection of those that write.
_WAYS = (
    ("wrapper", "none", "none"),
    ("wrapper", "gmac", "both"),
    ("hdlc", "low", "none"),
    ("hdlc", "gmac", "both"),
)
_NAME = "0.0.42.0.0.255"
_PROFILE = "1.0.99.1.0.255"
_TEXT = TEXT.replace("0-0:", "0.0.")
_SWITCH = "0.0.96.3.10.255"
_ROWS = 12

#: What fits in one frame of HDLC: see the driver of dlms-cosem.
_ONE_FRAME = 120
_CHECKOUT = Path(__file__).resolve().parent.parent.parent


class _Served(TestCase):
    """
    A meter that listens on two ports.
    """

    timeout = 120.0
    #: The package that is tried.
    package = ""
    #: The module that drives it.
    driver = ""
    title = b"FOREIGN1"

    def setUp(self) -> None:
        """
        Listen.
        """
        try:
            __import__(self.package)
        except ImportError:
            raise SkipTest(f"{self.package} is not installed") from None
        description = with_clients(ready_description("household"), _ROWS)
        self.meter = SimulatedMeter(description, clock=_reactor_any)
        self.host = Host(_reactor_any, [self.meter])
        self.addCleanup(self.host.clockwork.stop)
        self.addCleanup(self.host.close)
        self.ports = {
            "wrapper": self.listen(wrapper_protocol),
            "hdlc": self.listen(hdlc_protocol),
        }
        self.counters = itertools.count(1_000_000, 1_000_000)

    def listen(self, make: Any) -> int:
        """
        @return: a port where such protocols are.
        """
        factory = Factory.forProtocol(lambda: make(_reactor_any, self.host))
        factory.noisy = False
        port = _reactor_any.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        found: int = port.getHost().port
        return found

    def place(self, framing: str, auth: str, security: str, **changes: Any) -> Place:
        """
        @return: the client whose mechanism that is.
        """
        keys = self.meter.keys
        assert keys.encryption_key is not None
        assert keys.authentication_key is not None
        short_names = bool(changes.get("short_names"))
        return Place(
            port=self.ports[framing],
            framing=framing,
            client=CLIENTS["manufacturer" if auth == "common" else auth] + SHORT * short_names,
            auth=auth,
            security=security,
            secret=SECRET,
            title=self.title,
            encryption_key=keys.encryption_key,
            authentication_key=keys.authentication_key,
            counter=next(self.counters),
            **changes,
        )

    async def run_tasks(self, tasks: list[dict[str, Any]]) -> list[list[Any]]:
        """
        @return: the answers of each task, none of which failed.
        """
        arguments = ("-m", self.driver)
        running: Deferred[Any] = getProcessOutputAndValue(
            sys.executable,
            arguments,
            env=None,
            path=str(_CHECKOUT),
            stdinBytes=json.dumps(tasks).encode(),
        )
        out, said, code = await running
        self.assertEqual(code, 0, said[-2000:])
        outcomes = json.loads(out)
        self.assertEqual(len(outcomes), len(tasks))
        for one, outcome in zip(tasks, outcomes, strict=True):
            place = one["place"]
            where = f"{place['framing']} {place['auth']} {place['security']}"
            self.assertEqual(outcome.get("failed"), None, where)
        self.assertEqual(self.host_failures(), {})
        return [outcome["answers"] for outcome in outcomes]

    def host_failures(self) -> dict[str, int]:
        """
        @return: what the meter's security refused: nothing, with good clients.
        """
        return dict(self.meter.counters.refusals)

    def unreadable(self, place: Place) -> set[str]:
        """
        @return: attributes that a client may not read, of which lists of short names say nothing.
        """
        device = self.meter.device(1)
        assert device is not None
        association = device.association(place.client)
        assert association is not None
        found = set()
        for class_id, name in device.description.by_key:
            served = device.find(association, class_id, name)
            for number in interface_class(class_id, served.version).attributes if served else ():
                assert served is not None
                if not device.rights(association, served, number) & Rights.READ:
                    found.add(f"{class_id}/{'.'.join(map(str, name))}/{number}")
        return found

    async def everything(self, *places: Place) -> None:
        """
        Each attribute of each object of the association is read, and none is refused.
        """
        answers = await self.run_tasks([task(place, ("everything",)) for place in places])
        for place, [found] in zip(places, answers, strict=True):
            where = f"{place.framing} {place.auth} {place.security}"
            refused = self.unreadable(place) if place.short_names else set()
            self.assertEqual(set(found["errors"]), refused, f"{where}: {found['errors']}")
            self.assertGreaterEqual(found["objects"], 30, where)
            self.assertGreater(len(found["values"]), 140, where)


class GuruxIntegrationTests(_Served):
    """
    gurux_dlms 1.0.203.
    """

    package = "gurux_dlms"
    driver = "tests.interop.gurux_client"

    async def test_associates(self) -> None:
        """
        Each mechanism with each protection, over both framings.
        """
        auths = ("none", "low", "common", "md5", "sha1", "sha256", "gmac")
        tasks = [
            task(self.place(*chosen), ("value", 1, _NAME, 2))
            for chosen in itertools.product(_FRAMINGS, auths, _SECURITY)
        ]
        answers = await self.run_tasks(tasks)
        name = self.meter.identity.logical_device_name.encode()
        self.assertEqual({text for [text] in answers}, {name.hex()})

    async def test_profile(self) -> None:
        """
        The profile by entry and by range, in one piece and in blocks.
        """
        last = self.meter.local().date()
        day = (f"{last - timedelta(days=2)}T00:00:00", f"{last + timedelta(days=1)}T00:00:00")
        tasks = [
            task(
                self.place(framing, "gmac", security, max_pdu=size),
                ("entries", _PROFILE, 1, 5),
                ("between", _PROFILE, *day),
                ("entries", _PROFILE, 1, _ROWS),
            )
            for framing, security, size in (
                ("wrapper", "none", 0xFFFF),
                ("wrapper", "both", 200),
                ("hdlc", "both", 0xFFFF),
                ("hdlc", "none", 200),
            )
        ]
        for few, days, everything in await self.run_tasks(tasks):
            self.assertEqual(len(few), 5)
            self.assertEqual(len(everything), _ROWS)
            self.assertEqual(everything[:5], few)
            self.assertEqual(days, everything)
            energy = [row[1] for row in everything]
            self.assertEqual(energy, sorted(energy))

    async def test_write_and_act(self) -> None:
        """
        What may be written is, and methods run.
        """
        steps: tuple[tuple[Any, ...], ...] = (
            ("act", 70, _SWITCH, 1, 0),
            ("value", 70, _SWITCH, 2),
            ("act", 70, _SWITCH, 2, 0),
            ("value", 70, _SWITCH, 2),
        )
        texts = [" ".join(way).encode().hex() for way in _WAYS]
        tasks = [
            task(
                self.place(*way),
                *steps,
                ("write", 1, _TEXT, 2, text),
                ("value", 1, _TEXT, 2),
            )
            for way, text in zip(_WAYS, texts, strict=True)
        ]
        for answers, text in zip(await self.run_tasks(tasks), texts, strict=True):
            self.assertEqual(answers[1:4:2], [False, True])
            self.assertEqual(answers[-1], text)

    async def test_forms(self) -> None:
        """
        General ciphering, dedicated keys, and HDLC addresses with a physical device.
        """
        forms: tuple[dict[str, Any], ...] = (
            {"general": True},
            {"dedicated_key": bytes(range(16))},
            {"general": True, "dedicated_key": bytes(range(16)), "max_pdu": 150},
        )
        tasks = [
            task(self.place(framing, "gmac", "both", **form), ("value", 1, _NAME, 2))
            for framing, form in itertools.product(_FRAMINGS, forms)
        ]
        physical = self.place("hdlc", "none", "none", physical=FIRST_PHYSICAL)
        tasks.append(task(physical, ("value", 1, _NAME, 2)))
        self.assertEqual(len({text for [text] in await self.run_tasks(tasks)}), 1)

    async def test_short_names(self) -> None:
        """
        Each attribute of each object by its short name.
        """
        places = [
            self.place(framing, auth, "none", short_names=True)
            for framing in _FRAMINGS
            for auth in ("none" if framing == "wrapper" else "low",)
        ]
        await self.everything(*places)

    async def test_everything(self) -> None:
        """
        Each attribute of each object: plain and ciphered, over both framings, in one piece and in blocks.
        """
        await self.everything(
            self.place("wrapper", "none", "none", max_pdu=200),
            self.place("wrapper", "gmac", "authenticated"),
            self.place("hdlc", "gmac", "both"),
        )


class CosemIntegrationTests(_Served):
    """
    dlms-cosem 25.1.0.
    """

    package = "dlms_cosem"
    driver = "tests.interop.cosem_client"
    #: What it can: mechanism and protection.
    able = (
        ("none", "none"),
        ("none", "both"),
        ("low", "none"),
        ("low", "both"),
        ("common", "none"),
        ("common", "both"),
        ("gmac", "both"),
    )

    async def test_associates(self) -> None:
        """
        Each mechanism with each protection that it has, over both framings.
        """
        tasks = [
            task(self.place(framing, *chosen, max_pdu=_ONE_FRAME), ("value", 1, _NAME, 2))
            for framing, chosen in itertools.product(_FRAMINGS, self.able)
        ]
        answers = await self.run_tasks(tasks)
        name = build.visible_string(self.meter.identity.logical_device_name)
        self.assertEqual({octets[4:] for [octets] in answers}, {name.octets.hex()[4:]})

    async def test_everything(self) -> None:
        """
        Each attribute of each object: plain and ciphered, over both framings, in one piece and in blocks.
        """
        await self.everything(
            self.place("wrapper", "none", "none"),
            self.place("wrapper", "gmac", "both", max_pdu=200),
            self.place("hdlc", "gmac", "both", max_pdu=_ONE_FRAME),
        )

    async def test_profile(self) -> None:
        """
        The profile by range.
        """
        last = self.meter.local().date()
        day = (f"{last - timedelta(days=2)}T00:00:00", f"{last + timedelta(days=1)}T00:00:00")
        tasks = [
            task(self.place(framing, "gmac", "both", max_pdu=size), ("between", _PROFILE, *day))
            for framing, size in (("wrapper", 0xFFFF), ("wrapper", 200), ("hdlc", _ONE_FRAME))
        ]
        for [rows] in await self.run_tasks(tasks):
            self.assertEqual(len(rows), _ROWS)
            energy = [row[1] for row in rows]
            self.assertEqual(energy, sorted(energy))

    async def test_write_and_act(self) -> None:
        """
        What may be written is, methods run, and several attributes come with one request.
        """
        texts = [" ".join(way).encode() for way in _WAYS]
        tasks = [
            task(
                self.place(*way, max_pdu=_ONE_FRAME),
                ("write", 1, _TEXT, 2, text.hex()),
                ("value", 1, _TEXT, 2),
                ("act", 70, _SWITCH, 1, 0),
                ("value", 70, _SWITCH, 2),
                ("act", 70, _SWITCH, 2, 0),
                ("value", 70, _SWITCH, 2),
                ("many", [[1, _TEXT, 2], [70, _SWITCH, 2]]),
            )
            for way, text in zip(_WAYS, texts, strict=True)
        ]
        for answers, text in zip(await self.run_tasks(tasks), texts, strict=True):
            self.assertEqual(answers[1], build.octet_string(text).octets.hex())
            self.assertEqual(answers[3:6:2], ["0300", "0301"])
            self.assertEqual(len(answers[6]), 2)
