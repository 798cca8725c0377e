"""
Tests for L{dlms_twisted.apdu.data_notification} and L{dlms_twisted.apdu.event_notification}.
"""

from __future__ import annotations

from dlms_twisted.apdu.data_notification import (
    DataNotification,
    DataNotificationConfirm,
    HeaderlessNotification,
)
from dlms_twisted.apdu.event_notification import EventNotificationRequest
from dlms_twisted.codec import build
from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.codec.reader import Reader
from dlms_twisted.errors import DecodeError, EncodeError
from tests.apdu.both_ways import BothWaysCase

TIME = bytes.fromhex("07e60a1007150012ff800000")
BODY = build.structure(build.double_long_unsigned(1000), build.octet_string(b"abc"))


class DataNotificationTests(BothWaysCase):
    """
    Tests for L{DataNotification}.
    """

    def test_examples(self) -> None:
        """
        The examples of the desk reference (03, section 8).
        """
        value = build.double_long_unsigned(1000)
        self.both_ways(
            DataNotification(1, TIME, value), "0f 00000001 0c07e60a1007150012ff800000 06000003e8"
        )
        self.both_ways(
            DataNotification(0x40000000, None, BODY), f"0f 40000000 00 {BODY.octets.hex()}"
        )

    def test_forms_of_time(self) -> None:
        """
        Each way to send the date-time gives the same, and encodes back as it was.
        """
        for form in ("0c", "090c", "19"):
            octets = bytes.fromhex(f"0f40000000{form}") + TIME + BODY.octets
            found = DataNotification.decode(octets)
            self.assertEqual(found[:3], (0x40000000, TIME, BODY))
            self.assertEqual(found.encode(), octets)
            self.assertEqual(DataNotification.read(Reader(octets)), found)
            self.assertEqual(
                DataNotification.from_json(found.to_json()), DataNotification(*found[:3])
            )
            for length in range(len(octets)):
                self.assertRaises(DecodeError, DataNotification.decode, octets[:length])

    def test_long_length(self) -> None:
        """
        A length in more octets than necessary is taken.
        """
        octets = bytes.fromhex("0f40000000810c") + TIME + BODY.octets
        self.assertEqual(DataNotification.decode(octets), DataNotification(0x40000000, TIME, BODY))

    def test_bad_time(self) -> None:
        """
        A date-time of another length is refused, tagged or not.
        """
        for form in ("05", "0905", "0900", "0d", "ff"):
            octets = bytes.fromhex(f"0f40000000{form}") + TIME + BODY.octets
            self.assertRaises(DecodeError, DataNotification.decode, octets)

    def test_layouts(self) -> None:
        """
        With learned layouts the result is the same.
        """
        layouts = LayoutCache()
        for number in range(20):
            body = build.structure(build.double_long_unsigned(number), build.octet_string(b"abc"))
            for time in (TIME, None):
                octets = DataNotification(number, time, body).encode()
                found = DataNotification.decode(octets, layouts=layouts)
                self.assertEqual(found, DataNotification.decode(octets))
                self.assertEqual(found.body.values, body.values)
                self.assertRaises(
                    DecodeError, DataNotification.decode, octets + b"\0", layouts=layouts
                )
                self.assertRaises(
                    DecodeError, DataNotification.decode, octets[:-1], layouts=layouts
                )

    def test_confirmed(self) -> None:
        """
        Bit 30 says that a confirmation is wanted.
        """
        self.assertTrue(DataNotification(0x40000000, None, BODY).confirmed)
        self.assertFalse(DataNotification(0xBFFFFFFF, None, BODY).confirmed)

    def test_confirm(self) -> None:
        """
        The confirmation, with and without a time.
        """
        self.both_ways(DataNotificationConfirm(long_invoke_id_and_priority=1), "10 00000001 00")
        self.both_ways(
            DataNotificationConfirm(long_invoke_id_and_priority=0xFFFFFFFF, date_time=TIME),
            f"10 ffffffff 0c {TIME.hex()}",
        )

    def test_out_of_range(self) -> None:
        """
        What does not fit is not encoded.
        """
        self.assertRaises(EncodeError, DataNotification(1 << 32, None, BODY).encode)
        self.assertRaises(EncodeError, DataNotification(0, b"short", BODY).encode)

    def test_bad_json(self) -> None:
        """
        A JSON form that is none is refused, and the error names the place.
        """
        good = DataNotification(1, TIME, BODY).to_json()
        for change, place in (
            ({"long_invoke_id_and_priority": "1"}, "long_invoke_id_and_priority"),
            ({"long_invoke_id_and_priority": True}, "long_invoke_id_and_priority"),
            ({"long_invoke_id_and_priority": -1}, "long_invoke_id_and_priority"),
            ({"date_time": "0x"}, "date_time"),
            ({"date_time": 12}, "date_time"),
            ({"body": None}, "body"),
            ({"other": 1}, "other"),
            ({"apdu": "get-request-next"}, "data-notification"),
        ):
            error = self.assertRaises(EncodeError, DataNotification.from_json, {**good, **change})
            self.assertIn(place, str(error))
        self.assertRaises(EncodeError, DataNotification.from_json, [])


class HeaderlessTests(BothWaysCase):
    """
    Tests for L{HeaderlessNotification}.
    """

    def test_body(self) -> None:
        """
        The body alone, and back.
        """
        found = HeaderlessNotification.decode(BODY.octets)
        self.assertEqual((found.body, found.date_time, found.confirmed), (BODY, None, False))
        self.assertEqual(found.encode(), BODY.octets)
        self.assertEqual(found.to_json()["apdu"], "data-notification")

    def test_refused(self) -> None:
        """
        A simple type, an empty array, a part, and octets that are left over are refused.
        """
        whole = BODY.octets
        for octets in (b"", b"\x06\0\0\0\0", b"\x01\x00", whole + b"\0", whole[:-1]):
            self.assertRaises(DecodeError, HeaderlessNotification.decode, octets)


class EventNotificationTests(BothWaysCase):
    """
    Tests for L{EventNotificationRequest}.
    """

    def event(self, **other: object) -> EventNotificationRequest:
        """
        @return: an event.
        """
        values = {"attribute_id": 2, "attribute_value": build.unsigned(5), **other}
        return EventNotificationRequest(
            class_id=1,
            instance_id=bytes.fromhex("0000600100ff"),
            **values,  # type: ignore[arg-type]
        )

    def test_examples(self) -> None:
        """
        The examples of the desk reference (03, section 7).
        """
        self.both_ways(self.event(), "c2 00 0001 0000600100ff 02 1105")
        self.both_ways(
            self.event(time=TIME, attribute_value=build.boolean(True)),
            "c2 010c07e60a1007150012ff800000 0001 0000600100ff 02 0301",
        )

    def test_forms_of_time(self) -> None:
        """
        Without its length, or with another tag, the time is understood and encodes back as it was.
        """
        for form in ("010c", "01", "090c"):
            octets = bytes.fromhex(f"c2{form}") + TIME + self.event().encode()[2:]
            found = EventNotificationRequest.decode(octets)
            self.assertEqual(found.to_json(), self.event(time=TIME).to_json())
            self.assertEqual(found.encode(), octets)
            for length in range(len(octets)):
                self.assertRaises(DecodeError, EventNotificationRequest.decode, octets[:length])

    def test_bad_time(self) -> None:
        """
        A tagged time of another length is refused.
        """
        octets = bytes.fromhex("c2090b") + TIME + self.event().encode()[2:]
        self.assertRaises(DecodeError, EventNotificationRequest.decode, octets)

    def test_alarm(self) -> None:
        """
        The alarm of a Kaifa MX382, whose attribute index has two octets.
        """
        octets = bytes.fromhex(
            "c2090c07e70706040a362600ff88800001808080808080000209104b413650303035303339303231313130"
        )
        found = EventNotificationRequest.decode(octets)
        self.assertEqual((found.class_id, found.attribute_id), (1, 2))
        self.assertEqual(found.attribute_value.values, b"KA6P005039021110")
        self.assertEqual(found.encode(), octets)

    def test_out_of_range(self) -> None:
        """
        What does not fit is not encoded.
        """
        for other in ({"time": b"short"}, {"attribute_id": 256}):
            self.assertRaises(EncodeError, self.event(**other).encode)
        short = EventNotificationRequest(
            class_id=1, instance_id=b"short", attribute_id=1, attribute_value=build.null()
        )
        self.assertRaises(EncodeError, short.encode)
