"""
Rows as they come, the clock, and everything that may be read, from an independent meter.
"""

from __future__ import annotations

import datetime
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from dlms_twisted.client import connect
from dlms_twisted.cosem.profile import Row
from tests.client.peer import MISSING, Peer

_reactor_any: Any = _reactor
_PROFILE = "1-0:99.1.0.255"
_ROWS = 400


class GuruxFeaturesIntegrationTests(TestCase):
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

    async def both(self, framing: str) -> None:
        """
        Read by one of the framings.
        """
        port = self.peer.wrapper if framing == "wrapper" else self.peer.hdlc
        where = f"tcp:127.0.0.1:{port}"
        settings: dict[str, Any] = {"auth": "low", "password": b"Gurux", "timeout": 20.0}
        connecting = connect(_reactor_any, where, framing=framing, max_pdu=500, **settings)
        async with await connecting as meter:
            came: list[Row] = []
            async for row in meter.rows(_PROFILE):
                came.append(row)
            self.assertEqual([row[1] * 10 for row in came], list(range(_ROWS)))
            start = datetime.datetime(2026, 1, 2)
            some: list[Row] = []
            end = start + datetime.timedelta(hours=1)
            count = await meter.rows(_PROFILE, start, end, columns=["clock"]).each(some.append)
            self.assertEqual((count, [len(row) for row in some]), (5, [1] * 5))
            rest: list[Row] = []
            await meter.rows(_PROFILE, since=came[-3]).each(rest.append)
            self.assertEqual(rest, came[-2:])
            reading = await meter.clock_offset()
            assert reading.offset is not None
            self.assertLess(abs(reading.offset), 5.0)
            listed = await meter.object_values()
            values = {str(one.logical_name): one.values for one in listed}
            self.assertEqual(values["1-0:1.8.0.255"][2].values, 1234567)
            self.assertEqual(len(values["0-0:96.1.9.255"][2].values), 20000)  # type: ignore[arg-type]

    async def test_wrapper(self) -> None:
        """
        By the wrapper.
        """
        await self.both("wrapper")

    async def test_hdlc(self) -> None:
        """
        By HDLC.
        """
        await self.both("hdlc")
