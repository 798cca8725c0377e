"""
Push setups.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.data_notification import CONFIRMED, DataNotification
from dlms_twisted.apdu.envelope import parse_envelope
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.cosem.readings import readings_of
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.layers import open_message
from dlms_twisted.security.opening import open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protection import KeyChoice
from dlms_twisted.server.described import ObjectDescription
from dlms_twisted.server.described_values import described_value
from dlms_twisted.server.description import DeviceDescription, MeterDescription
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.events import Event, happen
from dlms_twisted.server.objects.push_setup import PushSetup
from dlms_twisted.server.outgoing import OutgoingPush

#: 2026-03-28 12:00 UTC, the day before summer time begins in Europe.
_NOW: Final = 1774699200.0
_SETUP: Final = "0-0:25.9.0.255"
_PROFILE: Final = "1-0:99.1.0.255"
_LIST: Final = [f"40/{_SETUP}/2", "8/0-0:1.0.0.255/2", "3/1-0:1.8.0.255/2"]
_TO: Final = {"transport_service": "udp", "destination": "192.0.2.1:4059", "message": "a-xdr"}


def described(
    class_id: int, name: str, version: int, options: Any, **said: Any
) -> ObjectDescription:
    """
    @param said: Values of attributes, by name.
    """
    plain = ObjectDescription(class_id=class_id, version=version, logical_name=b"")
    known = plain.interface_class
    numbers = {key: known.attribute(key).number for key in said}
    return ObjectDescription(
        class_id=class_id,
        version=version,
        logical_name=Obis.parse(name).octets,
        values={
            numbers[key]: described_value(known, numbers[key], one) for key, one in said.items()
        },
        options=options,
    )


class Pushed:
    """
    A meter with a push setup, and what it pushed.

    @ivar answer: What is told of each push; C{None} for nothing.
    """

    def __init__(
        self,
        *,
        version: int = 1,
        others: tuple[ObjectDescription, ...] = (),
        keys: MeterKeys | None = None,
        options: Any = (),
        **said: Any,
    ) -> None:
        said = {"push_object_list": _LIST, "send_destination_and_method": _TO, **said}
        clock = described(
            8, "0-0:1.0.0.255", 0, {},
            time_zone=-60, daylight_savings_deviation=60, daylight_savings_enabled=True,
            daylight_savings_begin="FFFF03FE0702000000FFC400",
            daylight_savings_end="FFFF0AFE0703000000FF8880",
        )  # fmt: skip
        value = build.double_long_unsigned(66401)
        register = described(3, "1-0:1.8.0.255", 0, {}, value=value)
        setup = described(40, _SETUP, version, dict(options), **said)
        self.clock = Clock()
        self.clock.advance(_NOW)
        self.meter = SimulatedMeter(
            MeterDescription(
                devices=(DeviceDescription(objects=(clock, register, setup, *others)),),
                keys=keys or MeterKeys(),
            ),
            clock=self.clock,
            random=lambda count: b"\x80" + bytes(count - 1),
            counter=5,
        )
        self.meter.on_push = self._push
        self.sent: list[OutgoingPush] = []
        self.times: list[float] = []
        self.answer: bool | None = True
        found = self.meter.object(40, _SETUP)
        if not isinstance(found, PushSetup):
            raise TypeError("a push setup wanted")
        self.setup = found

    def _push(self, push: OutgoingPush) -> None:
        self.sent.append(push)
        self.times.append(self.clock.seconds() - _NOW)
        if self.answer is not None:
            push.finished(self.answer)

    def run(self, seconds: float) -> None:
        """
        Let time pass, with a meter that works when something is due.
        """
        end = self.clock.seconds() + seconds
        for _ in range(10_000):
            due = self.meter.due()
            if due is None or due > end:
                break
            self.clock.advance(max(0.0, due - self.clock.seconds()))
            self.meter.work()
        self.clock.advance(max(0.0, end - self.clock.seconds()))

    def message(self, number: int = -1) -> DataNotification:
        """
        @return: what was pushed.
        """
        return DataNotification.decode(self.sent[number].plain)

    def values(self) -> Any:
        """
        @return: the values that were pushed last.
        """
        return self.message().body.values


_SECURITY: Final = described(64, "0-0:43.0.0.255", 1, {})


class MessageTests(SynchronousTestCase):
    """
    What is pushed.
    """

    def test_body(self) -> None:
        """
        The values of the object list, in its order, in a notification with the meter's time.
        """
        pushed = Pushed()
        self.assertEqual(pushed.setup.act(1, build.integer(0)), (ActionResult.SUCCESS, None))
        push = pushed.sent[0]
        self.assertEqual(push.apdu, push.plain)
        message = pushed.message()
        self.assertEqual(message.date_time, pushed.meter.moment())
        self.assertFalse(message.confirmed)
        self.assertEqual(pushed.values()[1:], (pushed.meter.moment(), 66401))
        self.assertEqual((push.service, push.destination, push.attempt), (1, b"192.0.2.1:4059", 1))
        self.assertEqual((push.client, push.device, push.port), (103, 1, bytes(6)))
        self.assertEqual(pushed.setup.waiting, 0)

    def test_readings(self) -> None:
        """
        What begins with its own list is understood by who gets it.
        """
        pushed = Pushed()
        pushed.setup.trigger()
        readings = {str(one.obis): one.value for one in readings_of(pushed.message().body)}
        self.assertEqual(readings["1-0:1.8.0.255"], 66401)

    def test_numbers(self) -> None:
        """
        Each push has a number of its own.
        """
        pushed = Pushed(options={"date_time": False})
        pushed.setup.trigger()
        pushed.setup.trigger()
        first, second = pushed.sent
        self.assertEqual(second.number, first.number + 1)
        self.assertIsNone(pushed.message().date_time)

    def test_protected(self) -> None:
        """
        A meter with a security setup authenticates and encrypts, with a counter of the key.
        """
        pushed = Pushed(others=(_SECURITY,))
        pushed.setup.trigger()
        push = pushed.sent[0]
        envelope = parse_envelope(push.apdu)
        self.assertEqual((envelope.tag, envelope.security_control), (0xDB, 0x30))
        self.assertEqual(envelope.invocation_counter, 5)
        opened = open_envelope(envelope, pushed.meter.keys, pushed.meter.title)
        self.assertEqual(opened.plaintext, push.plain)

    def test_protection_said(self) -> None:
        """
        The option says it otherwise.
        """
        pushed = Pushed(others=(_SECURITY,), options={"protection": "authenticated"})
        pushed.setup.trigger()
        envelope = parse_envelope(pushed.sent[0].apdu)
        self.assertEqual(envelope.security_control, 0x10)
        self.assertEqual(envelope.payload, pushed.sent[0].plain)

    def test_protection_parameters(self) -> None:
        """
        The attribute comes first: encrypted, and the title of the recipient in general-ciphering.
        """
        pushed = Pushed(push_protection_parameters=[protection(1, recipient=b"CLIENT01")])
        pushed.setup.trigger()
        envelope = parse_envelope(pushed.sent[0].apdu)
        self.assertEqual((envelope.tag, envelope.security_control), (0xDD, 0x20))
        self.assertIn(b"CLIENT01", envelope.extra_aad)
        opened = open_envelope(
            envelope, pushed.meter.keys, pushed.meter.title, policy=Policy.ENCRYPTED
        )
        self.assertEqual(opened.plaintext, pushed.sent[0].plain)

    def test_wrapped_key(self) -> None:
        """
        A key for this push alone, wrapped with the master key.
        """
        parameters = protection(2, key=build.structure(build.enum(0), build.octet_string(b"")))
        parameters["protection_options"]["key_info"]["key_info_type"] = 1
        pushed = Pushed(push_protection_parameters=[parameters])
        pushed.setup.trigger()
        pushed.setup.trigger()
        for push in pushed.sent:
            opened = open_message(push.apdu, lambda _: pushed.meter.keys)
            self.assertEqual(opened.plaintext, push.plain)
            self.assertEqual(opened.layers[0].key_choice, KeyChoice.WRAPPED)
            self.assertTrue(opened.authenticated)

    def test_no_key_agreed(self) -> None:
        """
        There is no public key of the client to agree with.
        """
        parameters = protection(
            2, key=build.structure(build.octet_string(b"\x02"), build.octet_string(b""))
        )
        parameters["protection_options"]["key_info"]["key_info_type"] = 2
        pushed = Pushed(push_protection_parameters=[parameters])
        pushed.setup.trigger()
        self.assertEqual(pushed.sent, [])
        self.assertEqual(sum(pushed.meter.counters.refusals.values()), 1)

    def test_broadcast_key(self) -> None:
        """
        The broadcast key is one of those that can be identified.
        """
        key = bytes(range(16))
        pushed = Pushed(
            keys=MeterKeys(broadcast_key=key),
            push_protection_parameters=[protection(2, key=build.enum(1))],
        )
        pushed.setup.trigger()
        envelope = parse_envelope(pushed.sent[0].apdu)
        self.assertEqual((envelope.tag, envelope.security_control), (0xDB, 0x70))
        opened = open_envelope(envelope, pushed.meter.keys, pushed.meter.title)
        self.assertEqual(opened.plaintext, pushed.sent[0].plain)

    def test_key_missing(self) -> None:
        """
        What cannot be protected, or so often that nobody would open it, is not sent, and counted.
        """
        wrong = [protection(2, key=build.enum(1))], [protection(3)], [protection(9)]
        for parameters in (*wrong, [protection(2)] * 9):
            pushed = Pushed(push_protection_parameters=parameters)
            pushed.setup.act(1)
            self.assertEqual(pushed.sent, [])
            self.assertEqual(pushed.setup.waiting, 0)
            self.assertEqual(sum(pushed.meter.counters.refusals.values()), 1)

    def test_too_long(self) -> None:
        """
        What no message holds is not sent, and not even gathered.
        """
        value = build.octet_string(bytes(1000))
        large = described(1, "0-0:96.1.1.255", 0, {}, value=value)
        for count, sent in ((65, 1), (66, 0), (5000, 0)):
            pushed = Pushed(push_object_list=["1/0-0:96.1.1.255/2"] * count, others=(large,))
            pushed.setup.act(1)
            self.assertEqual(len(pushed.sent), sent, count)
            self.assertEqual(pushed.setup.waiting, 0)
            self.assertEqual(
                pushed.meter.counters.refusals.get("push: LocalProtocolError", 0), 1 - sent
            )

    def test_nothing_to_say(self) -> None:
        """
        Without objects, or in a form that we do not write, there is no push.
        """
        wrong: tuple[dict[str, Any], ...] = (
            {"push_object_list": []},
            {"send_destination_and_method": {**_TO, "message": "xml"}},
        )
        for said in wrong:
            pushed = Pushed(**said)
            self.assertEqual(pushed.setup.act(1), (ActionResult.OTHER_REASON, None))
            self.assertEqual(pushed.sent, [])

    def test_nobody_listens(self) -> None:
        """
        Then it is gone.
        """
        pushed = Pushed()
        pushed.meter.on_push = None
        self.assertTrue(pushed.setup.trigger())
        self.assertEqual(pushed.setup.waiting, 0)


_GLOBAL: Final = build.enum(0)


def protection(kind: int, *, recipient: bytes = b"", key: Data = _GLOBAL) -> dict[str, Any]:
    """
    @return: an element of push_protection_parameters.
    """
    return {
        "protection_type": kind,
        "protection_options": {
            "transaction_id": b"",
            "originator_system_title": b"",
            "recipient_system_title": recipient,
            "other_information": b"",
            "key_info": {"key_info_type": 0, "key_info_options": key},
        },
    }


class ObjectListTests(SynchronousTestCase):
    """
    What can be in an object list.
    """

    def _body(self, *wanted: str, others: tuple[ObjectDescription, ...] = ()) -> Any:
        pushed = Pushed(push_object_list=list(wanted), others=others)
        pushed.setup.trigger()
        return pushed.values()

    def test_missing(self) -> None:
        """
        What the meter does not have is null-data.
        """
        self.assertEqual(
            self._body("1/1-0:1.8.0.255/2", "3/1-0:2.8.0.255/2", "3/1-0:1.8.0.255/99"),
            (None, None, None),
        )

    def test_all_attributes(self) -> None:
        """
        Attribute 0 is all of them.
        """
        name = Obis.parse("1-0:1.8.0.255").octets
        self.assertEqual(self._body("3/1-0:1.8.0.255/0"), ((name, 66401, (0, 255)),))

    def test_element(self) -> None:
        """
        A data index names an element; there may be none of that number, or no elements at all.
        """
        self.assertEqual(
            self._body("3/1-0:1.8.0.255/3/2", "3/1-0:1.8.0.255/3/3", "3/1-0:1.8.0.255/2/1"),
            (255, None, None),
        )

    def test_itself(self) -> None:
        """
        All attributes of the push setup itself.
        """
        (body,) = self._body(f"40/{_SETUP}/0")
        self.assertEqual(len(body), 10)

    def test_written(self) -> None:
        """
        A client may change it; what is no list is not taken.
        """
        pushed = Pushed()
        known = pushed.setup.interface_class.attribute(2)
        wrong = build.array(build.long_unsigned(3))
        self.assertEqual(pushed.setup.assign(2, wrong), DataAccessResult.TYPE_UNMATCHED)
        listed = decode_data(
            described_value(pushed.setup.interface_class, 2, ["3/1-0:1.8.0.255/2"]).octets
        )
        self.assertEqual(pushed.setup.assign(2, listed), DataAccessResult.SUCCESS)
        self.assertEqual(len(known.decode(pushed.setup.get(2)).value), 1)
        pushed.setup.trigger()
        self.assertEqual(pushed.values(), (66401,))


_LOAD: Final = described(
    7, _PROFILE, 1, {},
    capture_objects=["8/0-0:1.0.0.255/2", "3/1-0:1.8.0.255/2"],
    capture_period=900, sort_method="fifo", profile_entries=96,
)  # fmt: skip


class ProfileTests(SynchronousTestCase):
    """
    Parts of a profile.
    """

    def _rows(self, index: int = 0, restriction: Any = None, version: int = 2, **more: Any) -> Any:
        wanted: dict[str, Any] = {
            "class_id": 7,
            "logical_name": Obis.parse(_PROFILE),
            "attribute_index": 2,
            "data_index": index,
            "restriction": restriction or {"restriction_type": 0, "restriction_value": None},
            "columns": [],
            **more,
        }
        if version == 1:
            del wanted["columns"]
        pushed = Pushed(version=version, push_object_list=[wanted], others=(_LOAD,))
        pushed.setup.trigger()
        (rows,) = pushed.values()
        return pushed, rows

    def test_whole(self) -> None:
        """
        Nothing said, the whole of it.
        """
        pushed, rows = self._rows()
        self.assertEqual(len(rows), 96)
        self.assertEqual(rows[-1], (pushed.meter.moment(_NOW), 66401))

    def test_recent(self) -> None:
        """
        So many of the latest rows.
        """
        pushed, rows = self._rows(2)
        expected = [pushed.meter.moment(at) for at in (_NOW - 900, _NOW)]
        self.assertEqual([row[0] for row in rows], expected)

    def test_entries(self) -> None:
        """
        Rows by their numbers, in both versions that can say so.
        """
        for version in (1, 2):
            limits = {"restriction_type": 2, "restriction_value": {"from": 95, "to": 96}}
            pushed, rows = self._rows(restriction=limits, version=version)
            self.assertEqual([row[0] for row in rows][1], pushed.meter.moment(_NOW))
            self.assertEqual(len(rows), 2)

    def test_dates(self) -> None:
        """
        Rows by time.
        """
        limits = {
            "restriction_type": 1,
            "restriction_value": {"from": "2026-03-28T12:00:00", "to": "2026-03-28T12:30:00"},
        }
        pushed, rows = self._rows(restriction=limits)
        expected = [pushed.meter.moment(_NOW - 3600 + 900 * number) for number in range(3)]
        self.assertEqual([row[0] for row in rows], expected)

    def test_columns(self) -> None:
        """
        Some columns of all rows.
        """
        column = {
            "class_id": 3,
            "logical_name": Obis.parse("1-0:1.8.0.255"),
            "attribute_index": 2,
            "data_index": 0,
        }
        _, rows = self._rows(columns=[column])
        self.assertEqual(rows, ((66401,),) * 96)


class TriesTests(SynchronousTestCase):
    """
    What happens when a push does not get through.
    """

    def test_again(self) -> None:
        """
        The same number, a new counter, so many times after the delay.
        """
        pushed = Pushed(others=(_SECURITY,), number_of_retries=2, repetition_delay=60)
        pushed.answer = False
        pushed.setup.trigger()
        pushed.run(1000)
        self.assertEqual(pushed.times, [0, 60, 120])
        self.assertEqual([one.attempt for one in pushed.sent], [1, 2, 3])
        self.assertEqual(len({one.number for one in pushed.sent}), 1)
        self.assertEqual(len({one.plain for one in pushed.sent}), 1)
        counters = [parse_envelope(one.apdu).invocation_counter for one in pushed.sent]
        self.assertEqual(counters, [5, 6, 7])
        self.assertEqual(pushed.setup.waiting, 0)

    def test_through_at_last(self) -> None:
        """
        Once it is through, it is done.
        """
        pushed = Pushed(number_of_retries=5, repetition_delay=60)
        pushed.answer = False
        pushed.setup.trigger()
        pushed.answer = True
        pushed.run(1000)
        self.assertEqual(pushed.times, [0, 60])
        self.assertIsNone(pushed.meter.due())

    def test_growing_delay(self) -> None:
        """
        From version 2 on delays grow from a minimum to a maximum.
        """
        pushed = Pushed(
            version=2, number_of_retries=4, repetition_delay={"min": 10, "exponent": 200, "max": 30}
        )
        pushed.answer = False
        pushed.setup.trigger()
        pushed.run(1000)
        self.assertEqual(pushed.times, [0, 10, 30, 60, 90])

    def test_confirmed(self) -> None:
        """
        A confirmed push waits for its confirmation, and says when that was.
        """
        pushed = Pushed(version=2, push_operation_method=2)
        pushed.answer = None
        pushed.setup.trigger()
        push = pushed.sent[0]
        self.assertTrue(push.confirmed)
        self.assertTrue(pushed.message().confirmed)
        self.assertEqual(pushed.message().long_invoke_id_and_priority, push.number | CONFIRMED)
        pushed.run(20)
        self.assertEqual(pushed.setup.waiting, 1)
        push.finished(True)
        self.assertEqual(pushed.setup.waiting, 0)
        self.assertEqual(pushed.setup.get(13), build.date_time(pushed.meter.moment()))

    def test_not_confirmed(self) -> None:
        """
        One that nobody confirms is tried again; an old attempt's confirmation is none of the new one.
        """
        pushed = Pushed(
            version=2,
            push_operation_method=2,
            number_of_retries=1,
            repetition_delay={"min": 5, "exponent": 100, "max": 5},
            options={"confirmation_timeout": 20.0},
        )
        pushed.answer = None
        pushed.setup.trigger()
        pushed.run(30)
        self.assertEqual(pushed.times, [0, 25])
        pushed.sent[0].finished(True)
        self.assertEqual(pushed.setup.waiting, 1)
        pushed.run(30)
        self.assertEqual(pushed.setup.waiting, 0)
        pushed.sent[1].finished(True)
        self.assertEqual(pushed.setup.waiting, 0)

    def test_reset(self) -> None:
        """
        From version 2 on the pushes that wait can be given up.
        """
        for version, result in ((1, ActionResult.OBJECT_UNDEFINED), (2, ActionResult.SUCCESS)):
            pushed = Pushed(version=version, number_of_retries=9)
            pushed.answer = False
            pushed.setup.trigger()
            self.assertEqual(pushed.setup.act(2, build.integer(0)), (result, None))
            self.assertEqual(pushed.setup.waiting, int(version == 1))
            self.assertEqual(pushed.setup.is_kept, version == 1)

    def test_few_at_a_time(self) -> None:
        """
        However often it is triggered, only so many wait.
        """
        pushed = Pushed(randomisation_start_interval=600)
        for _ in range(100):
            pushed.setup.trigger()
        self.assertEqual(pushed.setup.waiting, 8)

    def test_clock_set(self) -> None:
        """
        What waits is not hurried by a clock that is set.
        """
        for jump in (-86400, 86400):
            pushed = Pushed(number_of_retries=1, repetition_delay=60)
            pushed.answer = False
            pushed.setup.trigger()
            pushed.meter.set_time(pushed.meter.time() + jump)
            pushed.run(1000)
            self.assertEqual(pushed.times, [0, 60])


class TimeTests(SynchronousTestCase):
    """
    When it is pushed.
    """

    def test_randomised(self) -> None:
        """
        It waits a random part of the interval, and says the values of the moment when it is sent.
        """
        pushed = Pushed(randomisation_start_interval=600)
        pushed.setup.trigger()
        self.assertEqual(pushed.sent, [])
        pushed.run(1000)
        self.assertEqual(pushed.times, [300])
        self.assertEqual(pushed.values()[1], pushed.meter.moment(_NOW + 300))

    def test_windows(self) -> None:
        """
        It waits for a window: here from 02:00 to 04:00 each night, the clock showing 13:00 in a zone one hour ahead.
        The night is that in which 02:00 does not exist.
        """
        window = {"start_time": "FFFFFFFFFF020000FF800000", "end_time": "FFFFFFFFFF040000FF800000"}
        pushed = Pushed(communication_window=[window])
        pushed.setup.trigger()
        pushed.run(86400)
        self.assertEqual(pushed.times, [13 * 3600])
        pushed.run(13.5 * 3600)
        pushed.setup.trigger()
        self.assertEqual(len(pushed.sent), 2)

    def test_single_window(self) -> None:
        """
        Before it, it waits; in it, it does not; after it, there is no push any more.
        """
        window = {"start_time": "2026-03-28T14:00:00", "end_time": "2026-03-28T15:00:00"}
        pushed = Pushed(communication_window=[window])
        self.assertTrue(pushed.setup.trigger())
        pushed.run(3600)
        self.assertEqual(pushed.times, [3600])
        pushed.setup.trigger()
        self.assertEqual(len(pushed.sent), 2)
        pushed.run(3600)
        self.assertEqual(pushed.setup.act(1), (ActionResult.OTHER_REASON, None))
        self.assertEqual(len(pushed.sent), 2)

    def test_window_without_end(self) -> None:
        """
        One that nothing ends stays open.
        """
        window = {"start_time": "2026-03-28T14:00:00", "end_time": "FF" * 12}
        pushed = Pushed(communication_window=[window])
        pushed.setup.trigger()
        pushed.run(3600)
        pushed.run(86400)
        pushed.setup.trigger()
        self.assertEqual(pushed.times, [3600, 90000])

    def test_every(self) -> None:
        """
        By itself, on the quarters and a bit later; what was slept through is made up for once.
        """
        pushed = Pushed(options={"every": 900, "offset": 10})
        pushed.run(2000)
        self.assertEqual(pushed.times, [10, 910, 1810])
        pushed.clock.advance(10_000)
        pushed.meter.work()
        self.assertEqual(len(pushed.times), 4)
        pushed.run(900)
        self.assertEqual(pushed.times[4:], [12610])

    def test_rest(self) -> None:
        """
        An idle meter forgets no push: neither a regular one nor one that waits.
        """
        pushed = Pushed(options={"every": 900})
        pushed.meter.due()
        pushed.meter.rest()
        pushed.run(950)
        waiting = Pushed(randomisation_start_interval=600)
        waiting.setup.trigger()
        waiting.meter.rest()
        waiting.run(600)
        self.assertEqual((pushed.times, waiting.times), ([900], [300]))

    def test_on_event(self) -> None:
        """
        Events that it waits for, and no others.
        """
        pushed = Pushed(options={"on_event": [Event.POWER_UP]})
        device = pushed.setup.device
        happen(device, Event.POWER_DOWN)
        self.assertEqual(pushed.sent, [])
        happen(device, Event.POWER_UP)
        self.assertEqual(len(pushed.sent), 1)

    def test_by_schedule(self) -> None:
        """
        A single action schedule runs a script that pushes.
        """
        table = "0-0:10.0.108.255"
        script = {
            "script_id": 1,
            "actions": [
                {
                    "service_id": "execute-method",
                    "class_id": 40,
                    "logical_name": Obis.parse(_SETUP),
                    "index": 1,
                    "parameter": build.integer(0),
                }
            ],
        }
        pushed = Pushed(
            others=(
                described(9, table, 0, {}, scripts=[script]),
                described(
                    22, "0-0:15.0.4.255", 0, {},
                    executed_script={"script_logical_name": Obis.parse(table), "script_selector": 1},
                    execution_time=[{"time": "00000000", "date": "FFFFFFFFFF"}],
                ),
            )
        )  # fmt: skip
        pushed.run(2 * 86400)
        # Midnight as the clock shows it: one hour ahead, the next day two.
        self.assertEqual(pushed.times, [11 * 3600, 34 * 3600])

    def test_options(self) -> None:
        """
        What cannot be is refused by name.
        """
        wrong: tuple[tuple[str, Any], ...] = (
            ("every", -1),
            ("every", "daily"),
            ("offset", True),
            ("on_event", ["power-up"]),
            ("protection", 5),
            ("confirmation_timeout", 0),
        )
        for option, value in wrong:
            with self.assertRaises(ConfigurationError) as caught:
                PushSetup(_SETUP, **{option: value})
            self.assertTrue(str(caught.exception).startswith(f"{option}: "), option)
        self.assertRaises(ConfigurationError, PushSetup, _SETUP, protection="locked")
