"""
How one association of a server is protected: requests are opened and judged, answers sealed as their requests were,
and as is demanded.

The mirror image of L{dlms_twisted.session.client_security}.  What is enciphered and not authenticated says nothing that
can be relied on about its counter: such a request is judged by the counters that were taken, and takes none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from attrs import evolve

from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.general import GENERAL_CIPHERING
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.layers import Layer, is_protected, open_message
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protection import KeyChoice, Protection, mirror, protect_message
from dlms_twisted.security.suites import SUITES
from dlms_twisted.security.window import COUNTER_MAX, ReplayWindow
from dlms_twisted.session.served import ServedAssociation, ServedDevice

__all__ = ["PLAIN", "OpenedRequest", "ServerSecurity"]

#: Octets that a service's own ciphered form adds, at most: tag, length, control, counter, and the tag of GCM.
_OVERHEAD: Final = 1 + 5 + 1 + 4 + 12
#: A system title and its length.
_TITLE: Final = 9
#: Fields of general-ciphering and general-signing that we make ourselves: two titles, and key information.
_FIELDS: Final = 2 * _TITLE + 3 + 3
#: What a signature adds beside its fields and itself: tag, and lengths of content and signature.
_SIGNATURE: Final = 1 + 5 + 2
#: Key information of general-ciphering: the longest wrapped key, and an agreed one without its key and signature.
_WRAPPED: Final = 4 + 40
_AGREED: Final = 8
#: Plans that are remembered.
_PLANS: Final = 64


class OpenedRequest(NamedTuple):
    """
    A request without its protection.

    @ivar plaintext: The APDU.
    @ivar layers: What was around it, the outermost first.
    @ivar applied: What they amount to, verified.
    """

    plaintext: bytes
    layers: tuple[Layer, ...]
    applied: Policy


#: The layers of a request in clear.
PLAIN: Final[tuple[Layer, ...]] = ()


class ServerSecurity:
    """
    The protection of one association.

    Counters that come are judged by the windows of the device, which outlive associations; those under a dedicated
    key by one of our own, as the key lives no longer than the association.

    @ivar peer_title: The client's system title; empty where it did not say.
    @ivar ciphered: Is the context one with ciphering?
    """

    def __init__(
        self,
        device: ServedDevice,
        served: ServedAssociation,
        *,
        peer_title: bytes,
        ciphered: bool,
        random: Callable[[int], bytes],
    ) -> None:
        """
        @param random: Gives so many random octets.
        """
        self._device = device
        self._served = served
        self._random = random
        self._dedicated_key: bytes | None = None
        self._dedicated_epoch = ""
        self._dedicated_counter = 0
        self._dedicated_window = ReplayWindow()
        self._asked: ReplayWindow | None = None
        self._seen: MeterKeys | None = None
        self._keys = MeterKeys()
        self._plans: dict[tuple[int, int, Policy], tuple[Protection, ...]] = {}
        self.peer_title = peer_title
        self.ciphered = ciphered

    @property
    def expected_counter(self) -> int:
        """
        The lowest counter that would be taken where one was refused.
        """
        return 0 if self._asked is None else min(self._asked.highest + 1, COUNTER_MAX)

    def dedicate(self, key: bytes) -> None:
        """
        Use a dedicated key from now on.

        @raise SecurityError: its length does not suit the suite, or it is the global key, whose counters it must not
            begin anew.
        """
        keys = self.keys()
        if len(key) != SUITES[self._served.suite].key_length or key == keys.encryption_key:
            raise SecurityError(Reason.UNKNOWN_KEY, "no fit dedicated key")
        self._dedicated_key = key
        self._dedicated_epoch = key_epoch(key)
        self._seen = None

    def keys(self) -> MeterKeys:
        """
        @return: the keys in use, with those of this association.
        """
        keys = self._device.keys(self._served)
        if keys is not self._seen:
            self._seen = keys
            self._keys = evolve(
                keys, system_title=self.peer_title or None, dedicated_key=self._dedicated_key
            )
        return self._keys

    def open(self, octets: bytes, policy: Policy) -> OpenedRequest:
        """
        Open a request, and take its counters as used; one that is refused changes nothing.

        @param policy: What is demanded.

        @raise SecurityError: it does not open, or is protected less than demanded, or may not be protected.
        @raise DecodeError: a layer is malformed.
        """
        if not is_protected(octets):
            if policy != Policy.NONE:
                raise SecurityError(Reason.DOWNGRADE, f"{policy} demanded")
            return OpenedRequest(octets, PLAIN, Policy.NONE)
        if not self.ciphered:
            raise SecurityError(Reason.UNSUPPORTED, "the context is one without ciphering")
        self._asked = None
        message = open_message(
            octets,
            self._keys_of,
            self.peer_title,
            policy=policy,
            own_title=self._device.title,
            window_of=self._window,
        )
        for title, epoch, counter in message.counters:
            self._window(title, epoch).accept(counter)
        applied = Policy(
            authenticated=message.authenticated,
            encrypted=message.encrypted,
            signed=message.signed,
        )
        return OpenedRequest(message.plaintext, message.layers, applied)

    def seal(self, plaintext: bytes, layers: tuple[Layer, ...], demands: Policy) -> bytes:
        """
        @param layers: Of the request.
        @param demands: Beside what the request had.

        @return: C{plaintext} as it is sent.

        @raise SecurityError: a key is missing.
        @raise LocalProtocolError: no counters are left, or protection is demanded where there is no ciphering.
        """
        if not layers and demands == Policy.NONE:
            return plaintext
        if not self.ciphered:
            raise LocalProtocolError("the context is one without ciphering")
        return protect_message(
            plaintext,
            self._plan(layers, demands),
            keys=self.keys(),
            title=self._device.title,
            take_counter=self._take_counter,
            random=self._random,
        )

    def _plan(self, layers: tuple[Layer, ...], demands: Policy) -> tuple[Protection, ...]:
        if len(layers) == 1 and layers[0].tag < GENERAL_CIPHERING:
            # Nothing of such a layer but this goes into the plan.
            key = (layers[0].tag, layers[0].security_control, demands)
            plan = self._plans.get(key)
            if plan is None:
                if len(self._plans) >= _PLANS:
                    self._plans.clear()
                plan = self._plans[key] = self._mirror(layers, demands)
            return plan
        return self._mirror(layers, demands)

    def _mirror(self, layers: tuple[Layer, ...], demands: Policy) -> tuple[Protection, ...]:
        return mirror(
            layers,
            demands,
            own_title=self._device.title,
            peer_title=self.peer_title,
            suite=self._served.suite,
        )

    def overhead(self, layers: tuple[Layer, ...], demands: Policy) -> int:
        """
        @return: how many octets L{seal} adds, at most.
        """
        if not layers and demands == Policy.NONE:
            return 0
        coordinate = SUITES[self._served.suite].coordinate
        size = sum(_size_of(layer, coordinate) for layer in layers)
        if demands.signed:
            size += _FIELDS + _SIGNATURE + 2 * coordinate
        if demands.authenticated or demands.encrypted or not layers:
            # Where the request had no such layer, the answer has one more.
            size += _OVERHEAD + (_FIELDS if demands.signed else _TITLE)
        return size

    def window(self) -> ReplayWindow | None:
        """
        @return: of the client's counters under the global unicast key; C{None} where there is no such key.
        """
        key = self.keys().encryption_key
        return None if key is None else self._window(self.peer_title, key_epoch(key))

    def snapshot(self) -> ReplayWindow | None:
        """
        @return: a copy of L{window} as it is now.  A client takes the counter of its proof before that of the message
            that carries it, so that the proof is judged by what was before the message.
        """
        window = self.window()
        return None if window is None else ReplayWindow.from_state(window.to_state())

    def counter(self) -> int:
        """
        @return: an invocation counter of ours for the global unicast key, taken for good; 0 where there is none.
        """
        key = self.keys().encryption_key
        return 0 if key is None else self._device.counter(key_epoch(key))

    def _keys_of(self, title: bytes) -> MeterKeys | None:
        # Our own messages, sent back to us, must not pass for the client's.
        if title == self._device.title or (self.peer_title and title != self.peer_title):
            return None
        return self.keys()

    def _window(self, title: bytes, epoch: str) -> ReplayWindow:
        if epoch and epoch == self._dedicated_epoch:
            window = self._dedicated_window
        else:
            window = self._device.window(title, epoch)
        self._asked = window
        return window

    def _take_counter(self, key: bytes, fresh: bool) -> int:
        if key == self._dedicated_key:
            counter = self._dedicated_counter
            if counter > COUNTER_MAX:
                raise LocalProtocolError("the counters of the dedicated key are used up")
            self._dedicated_counter += 1
            return counter
        return self._device.counter(key_epoch(key))


def _size_of(layer: Layer, coordinate: int) -> int:
    """
    @return: how many octets the answer's layer adds, at most, that mirrors a request's.
    """
    if layer.tag < GENERAL_CIPHERING:
        return _OVERHEAD + _TITLE
    # The answer names both titles, whatever the request did.
    fields = len(layer.fields.encode()) + 2 * _TITLE
    if layer.tag != GENERAL_CIPHERING:
        return fields + _SIGNATURE + 2 * coordinate
    size = fields + _OVERHEAD + _AGREED
    if layer.key_choice == KeyChoice.WRAPPED:
        return size + _WRAPPED
    return size + (4 * coordinate if layer.key_choice == KeyChoice.AGREED else 0)
