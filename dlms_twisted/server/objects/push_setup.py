"""
Push setup (class 40): what is pushed, to whom, when, and how often it is tried.

Source: DLMS UA 1000-1 (Blue Book), Push setup.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from dlms_twisted.apdu.data_notification import CONFIRMED, DataNotification
from dlms_twisted.apdu.results import ActionResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import STRUCTURE
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError, DLMSError, LocalProtocolError
from dlms_twisted.security.keys import key_epoch
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protection import Protection, protect_message
from dlms_twisted.server.objects.base import CosemObject, invokes
from dlms_twisted.server.objects.push_body import layers_of_policy, pushed_value, stated_layers
from dlms_twisted.server.objects.push_times import next_opening, repetition_delay
from dlms_twisted.server.outgoing import OutgoingPush

if TYPE_CHECKING:
    from dlms_twisted.server.described import ObjectDescription
    from dlms_twisted.server.device import Device

__all__ = ["PushSetup", "push_on_event"]

_OBJECTS: Final = 2
_DESTINATION: Final = 3
_WINDOWS: Final = 4
_RANDOMISATION: Final = 5
_RETRIES: Final = 6
_DELAY: Final = 7
_PORT: Final = 8
_CLIENT: Final = 9
_PROTECTION: Final = 10
_METHOD: Final = 11
_LAST_CONFIRMATION: Final = 13
#: Versions from which on there are the port and what follows, and the operation method and what follows.
_WITH_PORT: Final = 1
_WITH_METHOD: Final = 2
_CONFIRMED: Final = 2
_A_XDR: Final = 0
#: Pushes that may wait or be under way; beyond that the oldest is given up.
_MOST: Final = 8
_SECURITY_SETUP: Final = 64
#: The client of pushes where the version does not say it.
_CONSUMER: Final = 103
#: Octets of a body: what the wrapper can carry, less what is put around it.
_LONGEST: Final = 0xFF00
_NUMBERS: Final = 0x00FFFFFF


class _Push:
    """
    One push, from its trigger to its end.

    @ivar due: When there is something to do with it: meter time.
    @ivar body: Made when it is first sent.
    @ivar attempt: How often it was sent.
    @ivar under_way: Was it handed out, and nothing heard yet?
    """

    __slots__ = ("attempt", "due", "number", "plain", "under_way")

    def __init__(self, due: float) -> None:
        self.due = due
        self.attempt = 0
        self.number = 0
        self.plain = b""
        self.under_way = False


class PushSetup(CosemObject):
    """
    Sends a DataNotification with the values of its object list: when C{push} is invoked, by whatever script or client;
    at regular times; on events.

    Outside of its communication windows a push waits for the next one.  It then waits a random part of the
    randomisation interval.  What could not be sent, or was not confirmed, is tried again with a new invocation counter
    and the same long-invoke-id, as often and with such delays as the attributes say.
    """

    CLASS = 40
    VERSION = 1
    ACTIVE = True

    __slots__ = (
        "_every",
        "_next",
        "_offset",
        "_on_event",
        "_policy",
        "_pushes",
        "_timed",
        "_timeout",
    )

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        every: int = 0,
        offset: int = 0,
        on_event: Iterable[int] = (),
        protection: str | None = None,
        date_time: bool = True,
        confirmation_timeout: float = 30.0,
        **options: Any,
    ) -> None:
        """
        @param every: Seconds between pushes by itself, beginning with the day (UTC); 0 for none.
        @param offset: Seconds later than that.
        @param on_event: Codes of events that trigger it.
        @param protection: Of what it sends, where C{push_protection_parameters} says nothing: a policy, such as
            C{authenticated-encrypted}, which is usual in meters with a security setup; C{none} is in others.
        @param date_time: Does the notification say when it was sent?
        @param confirmation_timeout: Seconds in which a confirmed push must be confirmed.
        @param options: As of L{CosemObject}.

        @raise ConfigurationError: an option is wrong; the text names it.
        """
        super().__init__(name, **options)
        for option, value in (("every", every), ("offset", offset)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ConfigurationError(f"{option}: seconds, 0 or more, wanted")
        codes = tuple(on_event)
        if not all(isinstance(one, int) for one in codes):
            raise ConfigurationError("on_event: a list of event codes wanted")
        if protection is not None and not isinstance(protection, str):
            raise ConfigurationError("protection: a policy wanted, such as authenticated-encrypted")
        if not isinstance(confirmation_timeout, int | float) or not confirmation_timeout > 0:
            raise ConfigurationError("confirmation_timeout: seconds, more than 0, wanted")
        self._every = every
        self._offset = offset
        self._on_event = frozenset(codes)
        self._policy = None if protection is None else Policy.parse(protection)
        self._timed = date_time
        self._timeout = confirmation_timeout
        #: When it pushes by itself next.
        self._next: float | None = None
        self._pushes: list[_Push] = []

    @property
    def is_kept(self) -> bool:
        """
        Pushes that wait are, and the next regular time.
        """
        return bool(self._pushes) or self._next is not None or super().is_kept

    @property
    def waiting(self) -> int:
        """
        Pushes that are neither done nor given up.
        """
        return len(self._pushes)

    @classmethod
    def acts(cls, plan: ObjectDescription) -> bool:
        """
        Only those that push at regular times; others wait to be told.
        """
        return bool(plan.options.get("every"))

    # -- triggers --------------------------------------------------------------------------------

    @invokes(1)
    def push(self, parameter: Data | None) -> ActionResult:
        """
        Push, as soon as window and randomisation let it.
        """
        return ActionResult.SUCCESS if self.trigger() else ActionResult.OTHER_REASON

    @invokes(2)
    def reset(self, parameter: Data | None) -> ActionResult:
        """
        Give up all pushes that wait or are under way.
        """
        if self.version < _WITH_METHOD:
            return ActionResult.OBJECT_UNDEFINED
        self._pushes.clear()
        self._plan()
        return ActionResult.SUCCESS

    def happened(self, code: int) -> bool:
        """
        An event happened.

        @return: is it pushed?
        """
        return code in self._on_event and self.trigger()

    def trigger(self) -> bool:
        """
        Push: at once, if nothing says that it should wait.

        @return: is there anything to push, in a form that we send?
        """
        destination: Any = self.get(_DESTINATION).values
        if not self.get(_OBJECTS).values or destination[2] != _A_XDR:
            return False
        now = self.meter.time()
        at = next_opening(self.meaning(_WINDOWS), self.meter, now)
        if at is None:
            return False
        self._pushes = [*self._pushes[-_MOST + 1 :], _Push(at + self._random_delay())]
        self._do(now)
        return True

    def _random_delay(self) -> float:
        interval: Any = self.get(_RANDOMISATION).values
        if not interval:
            return 0.0
        return int.from_bytes(self.meter.random(4), "big") / (1 << 32) * float(interval)

    # -- work ------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """
        Wait for the next regular time.
        """
        if self._every:
            since = now - self._offset
            self._next = (since // self._every + 1) * self._every + self._offset
        self._plan()

    def work(self, due: float, now: float) -> None:
        """
        Push what is due: one push, however many regular times were slept through.
        """
        if self._next is not None and self._next <= now:
            self.start(now)
            self.trigger()
        self._do(now)

    def clock_set(self, before: float, now: float) -> None:
        """
        What waits, waits as long as it would have; the regular times are others.
        """
        for one in self._pushes:
            one.due += now - before
        self.start(now)

    def _plan(self) -> None:
        times = [one.due for one in self._pushes]
        if self._next is not None:
            times.append(self._next)
        self.meter.schedule(self, min(times, default=None))

    def _do(self, now: float) -> None:
        for one in tuple(self._pushes):
            if one.due > now or one not in self._pushes:
                continue
            if one.under_way:
                # Nobody confirmed it in time.
                self._failed(one)
            else:
                self._send(one, now)
        self._plan()

    def _send(self, one: _Push, now: float) -> None:
        confirmed = self._is_confirmed
        try:
            if not one.attempt:
                self._make(one, confirmed)
            apdu = self._protected(one.plain)
        except DLMSError as error:
            self.meter.counters.refuse(f"push: {type(error).__name__}")
            self._pushes.remove(one)
            return
        one.attempt += 1
        one.under_way = True
        one.due = now + self._timeout
        attempt = one.attempt
        destination: Any = self.get(_DESTINATION).values
        sent = self.meter.push(
            OutgoingPush(
                setup=self.logical_name,
                service=destination[0],
                destination=destination[1],
                client=self._client,
                device=self.device.description.sap,
                port=self._octets(_PORT) if self.version >= _WITH_PORT else bytes(6),
                apdu=apdu,
                plain=one.plain,
                number=one.number,
                confirmed=confirmed,
                attempt=attempt,
                finished=lambda done: self._finished(one, attempt, done),
            )
        )
        if not sent and one in self._pushes:
            self._pushes.remove(one)

    def _finished(self, one: _Push, attempt: int, done: bool) -> None:
        # Of an attempt that was given up, or a second time, it is too late.
        if one not in self._pushes or attempt != one.attempt or not one.under_way:
            return
        if done:
            self._pushes.remove(one)
            if self._is_confirmed:
                self.put(_LAST_CONFIRMATION, build.date_time(self.meter.moment()))
        else:
            self._failed(one)
        self._plan()

    def _failed(self, one: _Push) -> None:
        retries: Any = self.get(_RETRIES).values
        if one.attempt > retries:
            self._pushes.remove(one)
            return
        one.under_way = False
        delay = repetition_delay(self.meaning(_DELAY), one.attempt)
        one.due = self.meter.time() + delay

    # -- the message -----------------------------------------------------------------------------

    @property
    def _is_confirmed(self) -> bool:
        return self.version >= _WITH_METHOD and self.get(_METHOD).values == _CONFIRMED

    @property
    def _client(self) -> int:
        said = self.get(_CLIENT).values if self.version >= _WITH_PORT else 0
        return said % 0x100 if isinstance(said, int) and said else _CONSUMER

    def _octets(self, attribute: int) -> bytes:
        value = self.get(attribute).values
        return value if isinstance(value, bytes) else b""

    def body(self) -> Data:
        """
        @return: the values of the object list, now.

        @raise LocalProtocolError: they are more than a message holds.
        """
        wanted = self.meaning(_OBJECTS)
        values: list[Data] = []
        size = 0
        for one in wanted if isinstance(wanted, tuple) else ():
            values.append(pushed_value(self, one))
            size += len(values[-1].octets)
            if size > _LONGEST:
                raise LocalProtocolError("the objects of a push setup are too many")
        octets = b"".join([one.octets for one in values])
        head = bytes((STRUCTURE,)) + encode_length(len(values))
        return Data(head + octets, tuple([one.values for one in values]))

    def _make(self, one: _Push, confirmed: bool) -> None:
        one.number = self.meter.counters.take("long-invoke-id") & _NUMBERS
        message = DataNotification(
            one.number | (CONFIRMED if confirmed else 0),
            self.meter.moment() if self._timed else None,
            self.body(),
        )
        one.plain = message.encode()

    def _protected(self, plain: bytes) -> bytes:
        return protect_message(
            plain,
            self._layers(),
            keys=self.meter.keys,
            title=self.meter.title,
            take_counter=lambda key, fresh: self.device.counter(key_epoch(key)),
            random=self.meter.random,
        )

    def _layers(self) -> tuple[Protection, ...]:
        suite = self.meter.description.suite
        stated = self.meaning(_PROTECTION) if self.version >= _WITH_PORT else ()
        if stated:
            return stated_layers(stated, suite, self.meter.title)
        policy = self._policy
        if policy is None:
            plans = self.device.description.objects
            secure = any(one.class_id == _SECURITY_SETUP for one in plans)
            policy = Policy.AUTHENTICATED_ENCRYPTED if secure else Policy.NONE
        return layers_of_policy(policy, suite)


def push_on_event(device: Device, code: int) -> int:
    """
    An event happened: trigger the push setups that wait for it.

    @return: how many pushes that makes.
    """
    plans = (one for one in device.description.objects if one.class_id == PushSetup.CLASS)
    setups = [device.made(one) for one in plans]
    return sum(isinstance(one, PushSetup) and one.happened(code) for one in setups)
