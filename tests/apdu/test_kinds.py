"""
Tests for L{dlms_twisted.apdu.kinds} and L{dlms_twisted.apdu.base}.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, ClassVar

from attrs import frozen
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.base import Apdu, Record, fields_of
from dlms_twisted.apdu.kinds import (
    DATA,
    DATE_TIME,
    FLAG,
    I8,
    I16,
    JSON,
    OBIS,
    OCTETS,
    REST,
    U8,
    U16,
    U32,
    Boolean,
    Choice,
    DateTimeOctets,
    Enumerated,
    Fixed,
    Kind,
    Many,
    Octets,
    Optional,
    Part,
    Signed,
    Unsigned,
    kebab,
)
from dlms_twisted.codec import build
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError


class Colour(IntEnum):
    """
    An enumeration.
    """

    DARK_RED = 0
    BLUE = 5


@frozen(kw_only=True)
class Left(Record):
    """
    One alternative.
    """

    CHOICE: ClassVar[int | None] = 0
    NAME: ClassVar[str] = "left"

    number: U8


@frozen(kw_only=True)
class Right(Record):
    """
    Another.
    """

    CHOICE: ClassVar[int | None] = 1
    NAME: ClassVar[str] = "right"

    octets: OCTETS


@frozen(kw_only=True)
class Stray(Record):
    """
    No alternative of the two.
    """

    CHOICE: ClassVar[int | None] = 2
    NAME: ClassVar[str] = "stray"


EITHER: Kind[Left | Right] = Choice[Left | Right](Left, Right)


@frozen(kw_only=True)
class Everything(Apdu):
    """
    A field of each kind.
    """

    TAG: ClassVar[int] = 0xEE
    CHOICE: ClassVar[int | None] = 0x07
    NAME: ClassVar[str] = "everything"

    u8: U8
    u16: U16
    u32: U32
    i8: I8
    i16: I16
    flag: FLAG
    name: OBIS
    octets: OCTETS
    when: DATE_TIME
    data: DATA
    colour: Annotated[int, Enumerated(Colour)]
    maybe: Annotated[int | None, Optional(Unsigned(2))] = None
    many: Annotated[tuple[int, ...], Many(Unsigned(2), smallest=2)] = ()
    part: Annotated[Left, Part(Left)]
    either: Annotated[Left | Right, EITHER]
    rest: REST
    not_sent: int = 3


EVERYTHING = Everything(
    u8=1,
    u16=2,
    u32=3,
    i8=-4,
    i16=-5,
    flag=True,
    name=bytes(6),
    octets=b"abc",
    when=bytes(12),
    data=build.unsigned(7),
    colour=Colour.BLUE,
    maybe=9,
    many=(1, 2),
    part=Left(number=8),
    either=Right(octets=b"r"),
    rest=b"end",
)
OCTETS_OF_IT = bytes.fromhex(
    "ee07 01 0002 00000003 fc fffb 01 000000000000 03616263 0c000000000000000000000000"
    "1107 05 010009 0200010002 08 010172 656e64"
)


class RecordTests(SynchronousTestCase):
    """
    A message out of its annotations.
    """

    def test_both_ways(self) -> None:
        """
        Octets and object are two forms of one thing.
        """
        self.assertEqual(EVERYTHING.encode(), OCTETS_OF_IT)
        self.assertEqual(Everything.decode(OCTETS_OF_IT), EVERYTHING)
        self.assertIs(type(Everything.decode(OCTETS_OF_IT).colour), Colour)

    def test_json(self) -> None:
        """
        The JSON form, and back; fields without a kind are not in it.
        """
        form = EVERYTHING.to_json()
        self.assertEqual(list(form)[:3], ["apdu", "u8", "u16"])
        self.assertEqual(form["colour"], "blue")
        self.assertEqual(form["either"], {"choice": "right", "octets": "72"})
        self.assertNotIn("not_sent", form)
        self.assertEqual(Everything.from_json(form), EVERYTHING)

    def test_fields(self) -> None:
        """
        The fields are those with a kind, in their order.
        """
        names = [name for name, _ in fields_of(Everything)]
        self.assertEqual((names[0], names[-1], len(names)), ("u8", "rest", 16))

    def test_other_apdu(self) -> None:
        """
        Another tag or variant is refused, where it stands.
        """
        for octets, offset in ((b"\xef\x07", 0), (b"\xee\x08", 1), (b"\xee", 1), (b"", 0)):
            error = self.assertRaises(DecodeError, Everything.decode, octets)
            self.assertEqual(error.offset, offset)

    def test_encode_errors(self) -> None:
        """
        What does not fit is named.
        """
        from attrs import evolve

        changes: tuple[dict[str, Any], ...] = (
            {"u8": 256},
            {"u16": -1},
            {"i8": 128},
            {"name": b"short"},
            {"maybe": 1 << 16},
            {"many": (1, 1 << 16)},
            {"part": Left(number=300)},
            {"either": Stray()},
        )
        for change in changes:
            error = self.assertRaises(EncodeError, evolve(EVERYTHING, **change).encode)
            [name] = change
            self.assertIn(f"everything: {name}", str(error))

    def test_json_errors(self) -> None:
        """
        A wrong form is refused, and the error names the place.
        """
        good = EVERYTHING.to_json()
        for name, wrong in (
            ("u8", 256),
            ("u8", None),
            ("i16", 40000),
            ("flag", 1),
            ("name", "00"),
            ("octets", 5),
            ("octets", "xx"),
            ("when", 5),
            ("data", {}),
            ("colour", "green"),
            ("colour", 256),
            ("maybe", "x"),
            ("many", 5),
            ("many", [1, "x"]),
            ("part", 5),
            ("part", {"number": 1, "more": 2}),
            ("either", 5),
            ("either", {"choice": "stray"}),
            ("either", {"choice": "left", "number": -1}),
        ):
            error = self.assertRaises(EncodeError, Everything.from_json, {**good, name: wrong})
            self.assertIn(f"everything.{name}", str(error))
        error = self.assertRaises(EncodeError, Everything.from_json, {**good, "many": [1, "x"]})
        self.assertIn("many[1]", str(error))


class KindTests(SynchronousTestCase):
    """
    What single kinds take and refuse.
    """

    def taken(self, kind: Kind[Any], text: str) -> Any:
        """
        @return: what C{kind} makes of octets in hex.
        """
        return kind.read(Reader(bytes.fromhex(text)), "field")

    def test_boolean(self) -> None:
        """
        Any octet but 00 is true.
        """
        self.assertEqual(
            [self.taken(Boolean(), text) for text in ("00", "01", "ff")], [False, True, True]
        )

    def test_optional(self) -> None:
        """
        Any presence octet but 00 says that it is there.
        """
        kind = Optional(Unsigned(1))
        self.assertEqual([self.taken(kind, text) for text in ("00", "0105", "ff05")], [None, 5, 5])
        self.assertIsNone(kind.load(None, "field"))

    def test_date_time(self) -> None:
        """
        No octets are no date-time.
        """
        kind = DateTimeOctets()
        self.assertIsNone(self.taken(kind, "00"))
        self.assertIsNone(kind.load("", "field"))
        writer = Writer()
        kind.write(writer, None)
        self.assertEqual(writer.getvalue(), b"\0")

    def test_enumerated(self) -> None:
        """
        Values without a name stay integers.
        """
        kind = Enumerated(Colour)
        self.assertEqual((self.taken(kind, "07"), kind.dump(7), kind.load(7, "field")), (7, 7, 7))
        self.assertIs(self.taken(kind, "00"), Colour.DARK_RED)
        self.assertEqual(kind.dump(0), "dark-red")
        self.assertEqual(kebab("DARK_RED"), "dark-red")

    def test_count(self) -> None:
        """
        A count that cannot fit is refused before anything is taken.
        """
        kind = Many(Fixed(4), smallest=4)
        self.assertEqual(self.taken(kind, "0200000000ffffffff"), (bytes(4), b"\xff" * 4))
        for text in ("02000000000000", "84ffffffff00000000"):
            self.assertRaises(DecodeError, self.taken, kind, text)

    def test_choice(self) -> None:
        """
        An alternative that does not exist is refused.
        """
        self.assertEqual(self.taken(EITHER, "0007"), Left(number=7))
        self.assertRaises(DecodeError, self.taken, EITHER, "0207")

    def test_truncated(self) -> None:
        """
        Each kind refuses too few octets.
        """
        kinds: tuple[tuple[Kind[Any], str], ...] = (
            (Unsigned(4), "000000"),
            (Signed(2), "00"),
            (Boolean(), ""),
            (Fixed(6), "0000000000"),
            (Octets(), "0200"),
            (Optional(Unsigned(1)), "01"),
            (Many(Unsigned(1)), "0201"),
            (EITHER, ""),
            (EITHER, "0102ff"),
        )
        for kind, text in kinds:
            self.assertRaises(DecodeError, self.taken, kind, text)

    def test_json_of_nothing(self) -> None:
        """
        Forms that are no objects are no records.
        """
        forms: tuple[JSON, ...] = (None, [], "x", 1)
        for form in forms:
            self.assertRaises(EncodeError, Left.from_json, form)
            self.assertRaises(EncodeError, EITHER.load, form, "field")
