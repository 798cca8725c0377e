"""
The client's side of an association, without any input or output: octets and the time go in, events come out.

Requests are under way one at a time, or several where that is chosen; others wait outside.  After each call take the
events with L{ClientSession.events}.

What giving up leaves behind:

  - Before the association stands: nothing that could be used.  The link must be closed.
  - A request: its answer is dropped when it comes, by its invoke-id, which is not used again before.
  - A request in blocks: the transfer is abandoned; the next request ends it at the meter, too.
  - With short names, which have no invoke-id: L{Broken}; the link must be closed.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.descriptors import AttributeDescriptor
from dlms_twisted.apdu.registry import decode
from dlms_twisted.apdu.service_error import ExceptionResponse
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import (
    DLMSError,
    Reason,
    RequestTimeoutError,
    SecurityError,
)
from dlms_twisted.security.layers import is_protected
from dlms_twisted.session.client_association import CONFIRMED, ClientAssociation
from dlms_twisted.session.client_events import (
    Answered,
    Failed,
    Pushed,
    SessionState,
)
from dlms_twisted.session.client_exchange import Exchange
from dlms_twisted.session.client_handshake import refused

__all__ = ["ClientSession"]

#: First octets of the answers of GET, SET, ACTION and ACCESS in clear.
_ANSWERS: Final = frozenset({b"\xc4", b"\xc5", b"\xc7", b"\xda"})


class ClientSession(ClientAssociation):
    """
    One association of a client, and its requests.
    """

    @property
    def room(self) -> int:
        """
        The longest request, in octets and in clear, that goes in one piece; 0 for no limit.
        """
        return self._exchanges.room

    @property
    def free(self) -> bool:
        """
        May another request begin?
        """
        return self.state is SessionState.ASSOCIATED and self._exchanges.free

    @property
    def idle(self) -> bool:
        """
        Is nothing under way?
        """
        return self._exchanges.idle and self._deadline is None

    @property
    def deadline(self) -> float | None:
        """
        When L{time_passed} is to be called; C{None} while nothing is awaited.
        """
        return self._exchanges.deadline if self._deadline is None else self._deadline

    def long_invoke(self, now: float = 0.0) -> int:
        """
        @return: the long invoke-id-and-priority of the next request by ACCESS.

        @raise LinkError: as C{invoke}.
        """
        return CONFIRMED << 24 | self._exchanges.invoke(now, long=True)

    # -- what we want --------------------------------------------------------------------------------------

    def request(
        self, request: Apdu, now: float, *, repeatable: bool | None = None, parts: bool = False
    ) -> Exchange:
        """
        Send a confirmed request, in blocks where it is too long.

        @param repeatable: May it be made twice, should an answer be lost?  C{None} for what only reads.
        @param parts: Tell of a long attribute as it comes (C{Part}).

        @return: the name of the request in events.

        @raise LocalProtocolError: there is no association, too many requests are under way, or this one is longer
            than the meter takes.
        """
        if self.state is not SessionState.ASSOCIATED:
            self._want(SessionState.ASSOCIATED)
        return self._exchanges.begin(request, now, repeatable=repeatable, parts=parts)

    def quick(self, attribute: AttributeDescriptor, now: float) -> tuple[Exchange, bytes] | None:
        """
        Read an attribute the short way, where that is possible.

        @return: the name of the request, and the octets to be sent, for which there is no event; C{None} where it must
            be made by L{request}.

        @raise LinkError: as C{invoke}.
        """
        if self.state is not SessionState.ASSOCIATED or self._settings.ciphered:
            return None
        return self._exchanges.quick(attribute, now)

    def quick_answer(self, octets: bytes) -> tuple[Exchange, Data] | None:
        """
        @param octets: An APDU that came.

        @return: the request of L{quick} that it answers, which is over, and the value; C{None} where the APDU is for
            L{receive}.
        """
        return self._exchanges.quick_answer(octets)

    def give_up(self, exchange: Exchange, now: float) -> None:
        """
        Nobody waits for the answer any more.
        """
        self._exchanges.give_up(exchange, now)

    def change_keys(
        self,
        *,
        encryption_key: bytes | None = None,
        authentication_key: bytes | None = None,
        master_key: bytes | None = None,
    ) -> None:
        """
        The meter has got new keys: they are used from the next request on.  Those that are not said stay.
        """
        keys = self._security.keys
        self._security.keys = evolve(
            keys,
            encryption_key=encryption_key or keys.encryption_key,
            authentication_key=authentication_key or keys.authentication_key,
            master_key=master_key or keys.master_key,
        )

    # -- what comes ----------------------------------------------------------------------------------------

    def receive(self, octets: bytes, now: float) -> None:
        """
        Take an APDU.
        """
        try:
            if self.state is SessionState.RELEASING:
                self._releasing(octets)
            elif self.state is SessionState.ASSOCIATING:
                self._associating(octets, now)
            else:
                self._receive(octets, now)
        except DLMSError as error:
            self._refuse(error, now)

    def time_passed(self, now: float) -> None:
        """
        Take the time.
        """
        if self._deadline is None:
            self._exchanges.time_passed(now)
        elif now < self._deadline:
            return
        elif self.state is SessionState.RELEASING:
            self._released()
        else:
            self._fail(RequestTimeoutError(f"no answer within {self._options.timeout:g} s"))

    def _receive(self, octets: bytes, now: float) -> None:
        if octets[:1] in _ANSWERS and not self._settings.ciphered:
            # What comes most often.
            self._answer(decode(octets), now)
            return
        if octets[:1] == b"\xe0":
            whole = self._block(octets, now)
            if whole is None:
                return
            octets = whole
            if not is_protected(octets):
                self._tap("in", octets)
        protected = is_protected(octets)
        if not protected and self._is_push(octets):
            self._events.append(Pushed(octets, False))
            return
        plaintext = self._security.open(octets)
        if protected:
            self._tap("in", plaintext)
        if self._is_push(plaintext):
            self._events.append(Pushed(plaintext, True))
        else:
            self._answer(decode(plaintext), now)

    def _answer(self, response: Apdu, now: float) -> None:
        if self._options.lossy and isinstance(response, ExceptionResponse):
            counter = response.invocation_counter
            if counter is not None and self._security.was_used(counter):
                # The link doubled a request; the answer to the first copy is what counts.
                self._exchanges.blame(refused(response), now, fatal=False)
                self.strays += 1
                return
        if not self._exchanges.receive(response, now):
            self.strays += 1

    def _block(self, octets: bytes, now: float) -> bytes | None:
        if not self._exchanges.idle and self._exchanges.general:
            return self._exchanges.block(octets, now)
        if len(octets) > 1 and not octets[1] & 0x3F:
            # Blocks that nobody acknowledges hold a notification; who listens puts them together.
            self._events.append(Pushed(octets, False))
        else:
            self.strays += 1
        return None

    def _finished(self, exchange: Exchange, result: Apdu | DLMSError) -> None:
        """
        A request has come to its end.
        """
        if self.state is SessionState.AUTHENTICATING:
            if isinstance(result, DLMSError):
                self._fail(result)
            elif self._handshake is not None:
                try:
                    self._handshake.check(result)
                except DLMSError as error:
                    self._fail(error)
                else:
                    self._associated()
        elif isinstance(result, DLMSError):
            self._events.append(Failed(result, exchange))
        else:
            self._events.append(Answered(result, exchange))

    def _refuse(self, error: DLMSError, now: float) -> None:
        """
        What came is no good.
        """
        if self._deadline is not None:
            if not self._options.lossy or self.state is SessionState.RELEASING:
                self._fail(error)
            else:
                self.strays += 1
            return
        again = isinstance(error, SecurityError) and error.reason is Reason.REPLAY
        fatal = not (self._options.lossy or again)
        if not self._exchanges.blame(error, now, fatal=fatal) or not fatal:
            self.strays += 1
