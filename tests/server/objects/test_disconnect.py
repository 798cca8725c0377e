"""
Disconnect control in all its modes.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.server.objects.disconnect import Breaker, DisconnectControl
from tests.server.objects.bench import Bench

_D, _C, _R = Breaker.DISCONNECTED, Breaker.CONNECTED, Breaker.READY
_EVENTS = (
    "remote_disconnect",
    "manual_disconnect",
    "local_disconnect",
    "remote_reconnect",
    "manual_reconnect",
    "local_reconnect",
)
#: The standard's table, by mode: what each event leads to from a state in which it does something.
_TABLE: dict[int, tuple[dict[Breaker, Breaker], ...]] = {
    0: ({}, {}, {}, {}, {}, {}),
    1: ({_C: _D, _R: _D}, {_C: _R}, {_C: _R}, {_D: _R}, {_R: _C}, {}),
    2: ({_C: _D, _R: _D}, {_C: _R}, {_C: _R}, {_D: _C}, {_R: _C}, {}),
    3: ({_C: _D, _R: _D}, {}, {_C: _R}, {_D: _R}, {_R: _C}, {}),
    4: ({_C: _D, _R: _D}, {}, {_C: _R}, {_D: _C}, {_R: _C}, {}),
    5: ({_C: _D, _R: _D}, {_C: _R}, {_C: _R}, {_D: _R}, {_R: _C}, {_R: _C}),
    6: ({_C: _D, _R: _D}, {}, {_C: _R}, {_D: _R}, {_R: _C}, {_R: _C}),
}


class DisconnectTests(SynchronousTestCase):
    """
    The table of modes, each event from each state.
    """

    def test_every_transition(self) -> None:
        """
        In each mode each event does what the standard's table says, and nothing else.
        """
        for mode, row in _TABLE.items():
            for event, leads in zip(_EVENTS, row, strict=True):
                for state in (_D, _C, _R):
                    breaker = DisconnectControl("0-0:96.3.10.255", values={3: int(state), 4: mode})
                    Bench(breaker)
                    done = breaker.happen(event)
                    after = leads.get(state, state)
                    self.assertIs(breaker.state, after, (mode, event, state))
                    if not leads:
                        self.assertFalse(done, (mode, event, state))
                    elif state in leads:
                        self.assertTrue(done, (mode, event, state))

    def test_remote(self) -> None:
        """
        The methods open and close, and are content when that was done before.
        """
        breaker = DisconnectControl("0-0:96.3.10.255")
        Bench(breaker)
        zero = build.integer(0)
        for method, output in ((1, False), (1, False), (2, True), (2, True)):
            self.assertEqual(breaker.act(method, zero), (ActionResult.SUCCESS, None))
            self.assertEqual(breaker.value(2), build.boolean(output))

    def test_ready(self) -> None:
        """
        In mode 1 a remote reconnection only makes ready; a hand closes.
        """
        breaker = DisconnectControl("0-0:96.3.10.255", values={4: 1})
        Bench(breaker)
        breaker.act(1)
        self.assertFalse(breaker.happen("manual_reconnect"))
        self.assertEqual(breaker.act(2)[0], ActionResult.SUCCESS)
        self.assertEqual(breaker.value(3), build.enum(2))
        self.assertEqual(breaker.value(2), build.boolean(False))
        self.assertTrue(breaker.happen("manual_reconnect"))
        self.assertEqual(breaker.value(2), build.boolean(True))

    def test_mode_0(self) -> None:
        """
        Mode 0 connects and stays so; the mode is writable, within what there is.
        """
        breaker = DisconnectControl("0-0:96.3.10.255")
        Bench(breaker)
        breaker.act(1)
        self.assertIs(breaker.assign(4, build.enum(0)), DataAccessResult.SUCCESS)
        self.assertIs(breaker.state, _C)
        self.assertIs(breaker.act(1)[0], ActionResult.OTHER_REASON)
        self.assertIs(breaker.act(2)[0], ActionResult.SUCCESS)
        self.assertIs(breaker.assign(4, build.enum(7)), DataAccessResult.OTHER_REASON)
        self.assertIs(breaker.assign(4, build.unsigned(1)), DataAccessResult.TYPE_UNMATCHED)
        self.assertEqual(breaker.mode, 0)
