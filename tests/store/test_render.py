"""
Tests of records as they are printed.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.cosem.obis import ObisPattern
from dlms_twisted.layout_files import default_layouts
from dlms_twisted.link.hdlc.push import encode_message as hdlc
from dlms_twisted.link.mbus.push import encode_message as mbus
from dlms_twisted.store.record import Position, Record, StoredRecord
from dlms_twisted.store.render import Rendered, Renderer
from tests.schemas import check
from tests.store.messages import TIME, body, ciphered, frame, notification, opened, pushed
from tests.store.support import EPOCH, NOON, TITLE, plain, refused

#: An example of the companion standard, shortened.
TELEGRAM = (
    b"/ISk5\\2MT382-1000\r\n\r\n"
    b"0-0:1.0.0(261122120000W)\r\n"
    b"0-0:96.1.1(4B384547303034303436333935353037)\r\n"
    b"1-0:1.8.1(000123.456*kWh)\r\n"
    b"!"
)


def _crc(octets: bytes) -> bytes:
    value = 0
    for octet in octets:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return b"%04X" % value


def rendered(record: Record, **stored: Any) -> Rendered:
    """
    @return: what a renderer makes of C{record}.
    """
    fields = {"repeat_of": None, "origin": None, "settled": None, **stored}
    one = StoredRecord(
        id="the id", record=record, series="readings", position=Position(1, 1), **fields
    )
    return Renderer(default_layouts()).render(one)


def form(record: Record, **stored: Any) -> dict[str, Any]:
    """
    @return: the same as JSON, as the schema wants it.
    """
    made = rendered(record, **stored).to_json()
    check("record.json", made)
    return made


class FormTests(SynchronousTestCase):
    """
    Tests of the JSON form.
    """

    def test_ciphered(self) -> None:
        """
        Every member, in the order of the architecture.
        """
        made = form(opened(5, EPOCH), repeat_of="another id")
        [device, energy] = made.pop("readings")
        self.assertEqual(device["value"], "4711000815")
        self.assertEqual(
            energy,
            {
                "obis": "1-0:1.8.0.255",
                "class_id": 3,
                "attribute": 2,
                "name": "Active energy import (+A) total",
                "value": energy["value"],
                "unit": "Wh",
                "scaler": 0,
                "raw": {"type": "double-long-unsigned", "value": 5},
                "time": "2026-11-22T12:00:00+01:00",
                "status": 0,
                "source": energy["source"],
            }
            | {"name": energy["name"], "status": energy["status"]},
        )
        self.assertEqual(int(energy["value"]), 5)
        self.assertEqual(
            made,
            {
                "id": "the id",
                "repeat_of": "another id",
                "received_at": "2026-11-22T12:00:00.000005Z",
                "source": "udp:4059",
                "peer": "192.0.2.1:50000",
                "medium": "wrapper",
                "meter": "house 7",
                "system_title": TITLE.hex(),
                "key_epoch": EPOCH,
                "invocation_counter": 5,
                "authenticated": True,
                "outcome": "accepted",
                "reason": None,
                "time": "2026-11-22T12:00:00+01:00",
                "body": body(5).tree(),
                "raw": ciphered(5).hex(),
            },
        )
        order = "id repeat_of received_at source peer medium meter system_title key_epoch invocation_counter"
        self.assertEqual(list(made)[:10], order.split())

    def test_plain(self) -> None:
        """
        Of a plain push nothing but its octets is kept, and they show everything.
        """
        made = form(pushed(77))
        self.assertEqual(made["body"], body(77).tree())
        self.assertEqual(made["meter"], "4711000815")
        self.assertEqual(len(made["readings"]), 2)
        for name in ("system_title", "key_epoch", "invocation_counter", "authenticated"):
            self.assertIsNone(made[name])

    def test_meter(self) -> None:
        """
        The configured name goes before the title, and the title before what the message says.
        """
        self.assertEqual(form(opened(5, EPOCH))["meter"], "house 7")
        self.assertEqual(form(opened(5, EPOCH, meter=None))["meter"], TITLE.hex())
        self.assertEqual(form(pushed(meter="x"))["meter"], "x")

    def test_refused(self) -> None:
        """
        A refused record says why and what it was, and no content, though there may be some.
        """
        made = form(refused(5, reason="downgrade", raw=pushed().raw))
        self.assertEqual((made["outcome"], made["reason"]), ("refused", "downgrade"))
        self.assertEqual((made["body"], made["readings"]), (None, []))
        self.assertEqual(made["raw"], pushed().raw.hex())

    def test_media(self) -> None:
        """
        A plain message is found in the frames of each medium.
        """
        apdu = notification(77)
        frames = {
            "wrapper": frame(apdu),
            "hdlc": b"".join(hdlc(apdu, destination=b"\x03", source=b"\x03")),
            "mbus": b"".join(mbus(apdu)),
            "apdu": apdu,
            "unheard-of": frame(apdu),
        }
        for medium, raw in frames.items():
            made = form(pushed(raw=raw, medium=medium))
            self.assertEqual(made["body"], body(77).tree(), medium)

    def test_blocks(self) -> None:
        """
        A plain message that came in blocks, each in a frame of its own.
        """
        apdu = notification(77)
        raw = b"".join(
            frame(
                bytes((0xE0, 0x80 if last else 0))
                + number.to_bytes(2, "big")
                + bytes(2)
                + bytes((len(part),))
                + part
            )
            for number, part, last in ((1, apdu[:30], False), (2, apdu[30:], True))
        )
        self.assertEqual(form(pushed(raw=raw))["body"], body(77).tree())

    def test_several(self) -> None:
        """
        Of several messages in the same frames it is the one whose plaintext is kept, or the last.
        """
        raw = frame(notification(1)) + frame(notification(2))
        self.assertEqual(form(pushed(raw=raw))["body"], body(2).tree())
        self.assertEqual(form(pushed(raw=raw, plain=notification(1)))["body"], body(1).tree())

    def test_event(self) -> None:
        """
        An EventNotification: the body is the attribute's value.
        """
        apdu = bytes.fromhex("c2010c") + TIME + bytes.fromhex("00010000600b00ff02 11 05")
        made = form(pushed(raw=frame(apdu)))
        self.assertEqual(made["body"], {"type": "unsigned", "value": 5})
        [reading] = made["readings"]
        self.assertEqual((reading["obis"], reading["value"]), ("0-0:96.11.0.255", 5))

    def test_report(self) -> None:
        """
        An InformationReport: the body is all its values.
        """
        apdu = bytes.fromhex("18 00 01 02 0008 01 11 05")
        self.assertEqual(
            form(pushed(raw=frame(apdu)))["body"],
            {"type": "structure", "value": [{"type": "unsigned", "value": 5}]},
        )

    def test_telegram(self) -> None:
        """
        A P1 telegram has readings and no body; it says who the meter is.
        """
        for record in (
            plain(1, medium="p1", raw=TELEGRAM + _crc(TELEGRAM) + b"\r\n"),
            opened(5, EPOCH, plain=TELEGRAM, meter=None, title=None),
        ):
            made = form(record)
            self.assertIsNone(made["body"])
            self.assertIn("1-0:1.8.1.255", [one["obis"] for one in made["readings"]])
            self.assertEqual(made["meter"], "K8EG004046395507")

    def test_nothing_decodes(self) -> None:
        """
        Octets that turn out to be none are a record all the same.
        """
        for record in (
            pushed(raw=b""),
            pushed(raw=b"nothing"),
            pushed(plain=b"\x0f"),
            pushed(plain=bytes.fromhex("c001c100080000010000ff0200")),
            pushed(raw=b"\x00\x01", medium="hdlc"),
        ):
            made = form(record)
            self.assertEqual((made["body"], made["readings"]), (None, []))

    def test_any_value(self) -> None:
        """
        Values that JSON has no numbers for.
        """
        for value in (build.float64(float("nan")), build.null(), build.bit_string("101")):
            apdu = bytes.fromhex("0f0000000100") + value.octets
            made = form(pushed(raw=frame(apdu), time=None))
            self.assertEqual(made["body"], value.tree())
            self.assertIsNone(made["time"])

    def test_time_that_is_none(self) -> None:
        """
        A time that is not specified is null.
        """
        self.assertIsNone(form(pushed(time=b"\xff" * 12))["time"])

    def test_microseconds(self) -> None:
        """
        Arrival has six decimals, always.
        """
        for given, text in ((NOON, "000000"), (NOON + 1, "000001"), (NOON + 999_999, "999999")):
            self.assertEqual(
                form(pushed(received_at=given))["received_at"], f"2026-11-22T12:00:00.{text}Z"
            )


class ChoiceTests(SynchronousTestCase):
    """
    Tests of what a query asks of a rendered record.
    """

    def test_is_of(self) -> None:
        """
        A meter is called by its name, its title, or what it says itself.
        """
        named = rendered(opened(5, EPOCH))
        for text in ("house 7", TITLE.hex(), TITLE.hex().upper()):
            self.assertTrue(named.is_of(text))
        self.assertFalse(named.is_of("house 8"))
        self.assertTrue(rendered(pushed()).is_of("4711000815"))
        self.assertFalse(rendered(pushed()).is_of(TITLE.hex()))

    def test_narrowed(self) -> None:
        """
        Only the readings that are asked for; a record without any is none.
        """
        one = rendered(pushed()).narrowed(ObisPattern.parse("1-0:1.8.0.255"))
        assert one is not None
        self.assertEqual([str(each.obis) for each in one.readings], ["1-0:1.8.0.255"])
        self.assertIsNone(rendered(pushed()).narrowed(ObisPattern.parse("1-0:2.8.0.255")))
