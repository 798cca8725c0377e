"""
How one client's association is protected: what goes out is sealed, what comes in is opened and judged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from attrs import evolve

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.user_information import UserInformation
from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.choice import ciphered_tag
from dlms_twisted.security.hls import Authentication
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.layers import OpenedMessage, is_protected, open_message
from dlms_twisted.security.protect import GENERAL_GLO, protect
from dlms_twisted.security.protection import protect_message
from dlms_twisted.security.suites import security_control
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.association import AssociationSettings
from dlms_twisted.session.client_plan import Planner

__all__ = ["ClientSecurity", "NextCounter"]

#: Gives the next invocation counter of a system title and the epoch of a key.
NextCounter = Callable[[bytes, str], int]

#: Answers of a server that come in clear, whatever was demanded: they say that there is no answer.
_PLAIN: Final = frozenset({0xD8, 0x0E})
#: Notifications, whose transactions the meter begins: data-notification, event-notification, information-report.
_PUSHED: Final = frozenset({0x0F, 0xC2, 0x18})
#: Replay windows, and transactions, that are remembered at a time.
_WINDOWS: Final = 32
#: Octets of a transaction-id.
_TRANSACTION: Final = 8


class ClientSecurity:
    """
    The protection of one association.

    Replay windows live as long as the association: meters are about that begin their counters again in each.

    @ivar peer_title: The meter's system title, as soon as it is known.
    @ivar dedicated: Is the dedicated key in use?
    """

    def __init__(
        self,
        settings: AssociationSettings,
        next_counter: NextCounter,
        random: Callable[[int], bytes] | None = None,
    ) -> None:
        """
        @param next_counter: Never gives the same number twice for the same key.
        @param random: Gives so many random octets; general-ciphering cannot do without.
        """
        self._settings = settings
        self._keys = settings.keys
        self._random = random
        self._planner = Planner(settings)
        self._transactions: deque[bytes] = deque(maxlen=_WINDOWS)
        self._next = next_counter
        self._last = 0
        self._windows: dict[tuple[bytes, str], ReplayWindow] = {}
        self._dedicated_counter = 0
        self.peer_title = settings.peer_title
        self.dedicated = False

    @property
    def keys(self) -> MeterKeys:
        """
        The keys in use; others take effect with the next request.
        """
        return self._keys

    @keys.setter
    def keys(self, keys: MeterKeys) -> None:
        self._keys = keys

    @property
    def overhead(self) -> int:
        """
        How many octets protection adds to an APDU, at most.
        """
        return self._planner.overhead

    def seal(self, plaintext: bytes) -> bytes:
        """
        @return: C{plaintext} as it is sent.

        @raise SecurityError: a key is missing.
        @raise dlms_twisted.errors.CounterExhaustedError: there are no counters left.
        """
        if not self._settings.ciphered:
            return plaintext
        if self._planner.layered:
            return self._layered(plaintext)
        dedicated = self.dedicated
        tag = ciphered_tag(plaintext[0], dedicated=dedicated)
        if self._settings.general:
            tag = GENERAL_GLO + dedicated
        return self._protect(plaintext, tag, dedicated)

    def seal_initiate(self, initiate: Apdu) -> Apdu:
        """
        @return: an InitiateRequest as user information; it always takes the global key.

        @raise SecurityError: a key is missing.
        """
        if not self._settings.ciphered:
            return initiate
        octets = initiate.encode()
        if self._planner.layered:
            return UserInformation.decode_apdu(self._layered(octets))
        tag = GENERAL_GLO if self._settings.general else ciphered_tag(octets[0])
        return UserInformation.decode_apdu(self._protect(octets, tag, False))

    def open_initiate(self, information: Apdu, title: bytes) -> Apdu:
        """
        Remove the protection of user information.

        @param title: The meter's system title.

        @raise SecurityError: it is protected less than demanded, or does not open.
        """
        self.peer_title = title
        octets = information.encode()
        if self._settings.ciphered or is_protected(octets):
            octets = self.open(octets)
        return UserInformation.decode_apdu(octets)

    def open(self, octets: bytes) -> bytes:
        """
        @return: the plaintext APDU.

        @raise SecurityError: it does not open, or is protected less than demanded.
        @raise DecodeError: a layer is malformed.
        """
        if not is_protected(octets):
            if self._settings.ciphered and octets[:1] and octets[0] not in _PLAIN:
                raise SecurityError(Reason.DOWNGRADE, "an answer in clear")
            return octets
        message = open_message(
            octets,
            self._keys_of,
            self.peer_title,
            policy=self._settings.security,
            own_title=self._settings.title or None,
            window_of=self._window,
        )
        if message.plaintext[:1] and message.plaintext[0] not in _PUSHED:
            self._match(message)
        for title, epoch, counter in message.counters:
            self._window(title, epoch).accept(counter)
        return message.plaintext

    def authentication(self, challenge: bytes, peer_challenge: bytes) -> Authentication:
        """
        @param challenge: CtoS.
        @param peer_challenge: StoC.

        @return: passes three and four.

        @raise SecurityError: the meter's challenge is unfit.
        """
        settings = self._settings
        return Authentication(
            mechanism=settings.mechanism,
            challenge=challenge,
            peer_challenge=peer_challenge,
            title=settings.title,
            peer_title=self.peer_title,
            secret=settings.secret,
            keys=self._keys,
            suite=settings.suite,
            transform=settings.transform,
        )

    def counter(self) -> int:
        """
        @return: an invocation counter of the global key, taken for good; 0 where there is no such key.
        """
        key = self._keys.encryption_key
        if key is not None:
            self._last = self._next(self._settings.title, key_epoch(key))
        return 0 if key is None else self._last

    def was_used(self, counter: int) -> bool:
        """
        Does a refusal that names this counter speak of a copy that the link made?  It names our last one, or the one
        after it, then.
        """
        return counter <= self._last + 1

    def check(self, authentication: Authentication, answer: bytes) -> None:
        """
        Judge f(CtoS), and take its counter as used.

        @raise SecurityError: the meter does not prove who it is.
        """
        key = self._keys.encryption_key
        window = None if key is None else self._window(self.peer_title, key_epoch(key))
        counter = authentication.check(answer, window)
        if counter is not None and window is not None:
            window.accept(counter)

    def _protect(self, plaintext: bytes, tag: int, dedicated: bool) -> bytes:
        settings = self._settings
        return protect(
            plaintext,
            keys=self._keys,
            title=settings.title,
            counter=self._dedicated() if dedicated else self.counter(),
            security_control=security_control(
                suite=settings.suite,
                authenticated=settings.security.authenticated,
                encrypted=settings.security.encrypted,
            ),
            tag=tag,
        )

    def _keys_of(self, title: bytes) -> MeterKeys | None:
        # Our own messages, sent back to us, must not pass for the meter's.
        if title == self._settings.title or (self.peer_title and title != self.peer_title):
            return None
        return evolve(self._keys, system_title=title)

    def _dedicated(self) -> int:
        counter = self._dedicated_counter
        self._dedicated_counter += 1
        return counter

    def _layered(self, plaintext: bytes) -> bytes:
        """
        Protect by a plan of layers.
        """
        if self._random is None:
            raise LocalProtocolError("this protection wants random numbers")
        transaction = self._random(_TRANSACTION)
        octets = protect_message(
            plaintext,
            self._planner.plan(transaction, self.peer_title, dedicated=self.dedicated),
            keys=self._keys,
            title=self._settings.title,
            take_counter=self._take,
            random=self._random,
        )
        self._transactions.append(transaction)
        return octets

    def _take(self, key: bytes, fresh: bool) -> int:
        if fresh:
            # The transaction-id makes it another key each time.
            return 0
        if self.dedicated and key == self._keys.dedicated_key:
            return self._dedicated()
        self._last = self._next(self._settings.title, key_epoch(key))
        return self._last

    def _match(self, message: OpenedMessage) -> None:
        """
        A key that was made for one answer has no counters that could be remembered: its transaction tells.

        @raise SecurityError: C{replay}: the answer belongs to another transaction.
        """
        for layer in message.layers:
            transaction = layer.fields.transaction_id
            if not transaction:
                continue
            if transaction not in self._transactions:
                raise SecurityError(Reason.REPLAY, "an answer to another transaction")

    def _window(self, title: bytes, epoch: str) -> ReplayWindow:
        key = (title, epoch)
        window = self._windows.get(key)
        if window is None:
            if len(self._windows) >= _WINDOWS:
                self._make_room()
            window = self._windows[key] = ReplayWindow()
        return window

    def _make_room(self) -> None:
        """
        Forget the oldest window of a key that was made for one message.
        """
        lasting = {
            key_epoch(key)
            for key in (
                self._keys.encryption_key,
                self._keys.broadcast_key,
                self._keys.pending_encryption_key,
                self._keys.dedicated_key,
            )
            if key is not None
        }
        for one in self._windows:
            if one[1] not in lasting:
                del self._windows[one]
                return
        raise SecurityError(Reason.LIMIT, "more keys than an association can have")
