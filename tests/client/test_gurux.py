"""
L{dlms_twisted.client} against an independent meter, on both framings, with each mechanism, plain and ciphered.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from dlms_twisted.client import Meter, MeterSettings, Reference, connect, next_counter
from dlms_twisted.codec import build
from dlms_twisted.errors import AccessRefusedError, AssociationRejectedError
from tests.client.peer import KEYS, MISSING, Peer

_reactor_any: Any = _reactor
_PROFILE = "1-0:99.1.0.255"
_WRITABLE = "1/0-0:96.1.0.255/2"
_AUTH = ("none", "low", "md5", "sha1", "sha256", "gmac")
_SECURITY = ("none", "authenticated", "encrypted", "authenticated-encrypted")
_ROWS = 300


def _combinations() -> Iterator[dict[str, Any]]:
    for auth, security in itertools.product(_AUTH, _SECURITY):
        yield {"auth": auth, "security": security}


class GuruxIntegrationTests(TestCase):
    """
    Against C{gurux_py_server.py}.
    """

    skip = MISSING or None
    timeout = 110.0

    def setUp(self) -> Deferred[None]:  # type: ignore[override]
        """
        Start the peer.
        """
        self.peer = Peer(_ROWS)
        self.addCleanup(self.peer.stop)
        return self.peer.ready

    def meter(self, framing: str = "wrapper", **settings: Any) -> Deferred[Meter]:
        """
        @return: an association with the peer.
        """
        port = self.peer.wrapper if framing == "wrapper" else self.peer.hdlc
        chosen = {"password": b"Gurux", "secret": b"Gurux", "timeout": 20.0, **KEYS, **settings}
        return connect(_reactor_any, f"tcp:127.0.0.1:{port}", framing=framing, **chosen)

    async def small(self, framing: str, settings: dict[str, Any]) -> None:
        """
        Read, write and read again.
        """
        async with await self.meter(framing, **settings) as meter:
            value = await meter.read("3/1-0:1.8.0.255/2")
            self.assertEqual(value.text(), "123456.7 Wh", f"{framing} {settings}")
            written = f"{framing[0]} {settings['auth']} {settings['security']}".encode()
            await meter.set(_WRITABLE, build.octet_string(written))
            self.assertEqual((await meter.get(_WRITABLE)).values, written)

    async def test_wrapper(self) -> None:
        """
        Each mechanism with each protection, over the wrapper.
        """
        for settings in _combinations():
            await self.small("wrapper", settings)

    async def test_hdlc(self) -> None:
        """
        Each mechanism, plain and ciphered, over HDLC.
        """
        for auth, security in itertools.product(_AUTH, ("none", "both")):
            await self.small("hdlc", {"auth": auth, "security": security})

    async def test_everything(self) -> None:
        """
        Every attribute that the object list names is read, or refused by name.
        """
        async with await self.meter(auth="gmac", security="both", dedicated=True) as meter:
            objects = await meter.objects()
            self.assertEqual(len(objects), 9)
            values = refused = 0
            for one in objects:
                for number in one.attributes:
                    reference = Reference(one.logical_name, one.class_id, number)
                    try:
                        await meter.get(reference)
                        values += 1
                    except AccessRefusedError:
                        refused += 1
            self.assertGreater(values, 30)
            self.assertEqual(refused, 0)

    async def test_long(self) -> None:
        """
        20 000 octets in blocks, and rows by entry and by time, over both framings.
        """
        start = datetime.datetime(2026, 1, 1)
        for framing in ("wrapper", "hdlc"):
            async with await self.meter(framing, auth="sha256", security="both") as meter:
                long = await meter.get("1/0-0:96.1.9.255/2")
                self.assertEqual(long.values, bytes(i * 7 & 255 for i in range(20000)))
                rows = await meter.profile(_PROFILE, entries=(1, 0), scaled=False)
                self.assertEqual([row[1] for row in rows], list(range(_ROWS)))
                end = start + datetime.timedelta(hours=24)
                rows = await meter.profile(_PROFILE, start, end, scaled=False)
                self.assertEqual([row[1] for row in rows], list(range(97)))
                self.assertEqual(rows[-1][0].replace(tzinfo=None), end)

    async def test_many(self) -> None:
        """
        Several attributes at once, refused ones among them; the clock; the counter for the public client.
        """
        async with await self.meter() as meter:
            wanted = ("3/1-0:1.8.0.255/2", "3/1-0:9.8.0.255/2")
            value, refusal = await meter.get_many(wanted)
            self.assertNotIsInstance(value, AccessRefusedError)
            self.assertIsInstance(refusal, AccessRefusedError)
            self.assertIsNotNone((await meter.clock()).to_datetime())
        where = f"tcp:127.0.0.1:{self.peer.wrapper}"
        self.assertGreater(await next_counter(_reactor_any, where, MeterSettings()), 0)

    async def test_refused(self) -> None:
        """
        A wrong password is refused with its diagnostic.
        """
        connecting: Deferred[Any] = self.meter(auth="low", password=b"wrong")
        error = await self.assertFailure(connecting, AssociationRejectedError)
        self.assertEqual(error.diagnostic, 13)
