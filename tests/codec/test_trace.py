"""
Tests of L{dlms_twisted.codec.trace}.
"""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec.limits import Limits
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.trace import Span, TracingReader
from dlms_twisted.errors import DecodeError
from tests.codec.samples import ELEMENTS, mutated


class TracingReaderTests(SynchronousTestCase):
    """
    Tests of L{TracingReader}.
    """

    def test_fields(self) -> None:
        """
        Each field is there with its place, octets, name and meaning.
        """
        reader = TracingReader(bytes.fromhex("c0810203fffe" + "02" + "6162" + "01" + "8102" + "05"))
        reader.octet("tag")
        reader.unsigned(2, "block")
        self.assertEqual(reader.length("count"), 3)
        reader.signed(2, "index")
        reader.octets("name")
        reader.optional("extra")
        self.assertEqual(reader.length("size"), 2)
        reader.enter("group")
        reader.rest("rest")
        reader.leave()
        reader.finish()
        self.assertEqual(
            reader.spans(),
            (
                Span(0, b"\xc0", "tag", 0xC0, 0, False),
                Span(1, b"\x81\x02", "block", 0x8102, 0, False),
                Span(3, b"\x03", "count", 3, 0, False),
                Span(4, b"\xff\xfe", "index", -2, 0, False),
                Span(6, b"\x02", "name length", 2, 0, False),
                Span(7, b"ab", "name", b"ab", 0, False),
                Span(9, b"\x01", "extra present", True, 0, False),
                Span(10, b"\x81\x02", "size", 2, 0, False),
                Span(12, b"\x05", "group", None, 0, True),
                Span(12, b"\x05", "rest", b"\x05", 1, False),
            ),
        )

    def test_data(self) -> None:
        """
        Data is explained down to the octet.
        """
        reader = TracingReader(bytes.fromhex("0202" + "0902abcd" + "0403a0"))
        self.assertEqual(reader.data("body").values, (b"\xab\xcd", "101"))
        self.assertEqual(
            [
                (span.depth, span.offset, span.octets.hex(), span.field, span.value)
                for span in reader.spans()
            ],
            [
                (0, 0, "02020902abcd0403a0", "body", None),
                (1, 0, "02", "type", "structure"),
                (1, 1, "02", "count", 2),
                (1, 2, "0902abcd", "0", None),
                (2, 2, "09", "type", "octet-string"),
                (2, 3, "02", "length", 2),
                (2, 4, "abcd", "value", b"\xab\xcd"),
                (1, 6, "0403a0", "1", None),
                (2, 6, "04", "type", "bit-string"),
                (2, 7, "03", "length", 3),
                (2, 8, "a0", "value", "101"),
            ],
        )

    def test_partial(self) -> None:
        """
        What was taken before an error is there, its open groups as far as they came.
        """
        reader = TracingReader(bytes.fromhex("0202" + "1105" + "1200"))
        error = self.assertRaises(DecodeError, reader.data, "body")
        self.assertEqual(error.offset, 5)
        spans = reader.spans()
        self.assertEqual((spans[0].field, spans[0].octets.hex()), ("body", "0202110512"))
        self.assertEqual((spans[-1].field, spans[-1].value), ("type", "long-unsigned"))

    def test_back(self) -> None:
        """
        What was taken since a mark is forgotten, so that it can be read in another way.
        """
        reader = TracingReader(b"\x01\x02\x03")
        reader.enter("whole")
        reader.octet("first")
        mark = reader.mark()
        reader.enter("group")
        reader.octet("second")
        reader.back(mark)
        reader.unsigned(2, "both")
        reader.leave()
        self.assertEqual(
            [(span.field, span.depth, span.octets.hex()) for span in reader.spans()],
            [("whole", 0, "010203"), ("first", 1, "01"), ("both", 1, "0203")],
        )

    def test_limits(self) -> None:
        """
        Limits hold as for any reader, within the part of the buffer that was asked for.
        """
        reader = TracingReader(b"\xff\x02\x01\x02\x00\xff", 1, 5, Limits(depth=1))
        self.assertEqual(self.assertRaises(DecodeError, reader.data).offset, 3)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(ELEMENTS, st.integers(0, 2**32))
    def test_same_as_reader(self, octets: bytes, seed: int) -> None:
        """
        The result, or the error, is that of a reader that records nothing; the fields cover each octet once, up to
        the error, and each group holds its fields.
        """
        for one in (octets, mutated(octets, random.Random(seed))):
            plain, tracing = Reader(one), TracingReader(one)
            try:
                wanted = plain.data()
            except DecodeError as error:
                got = self.assertRaises(DecodeError, tracing.data)
                self.assertEqual((got.reason, got.offset), (error.reason, error.offset))
            else:
                data = tracing.data()
                self.assertEqual(data, wanted)
                self.assertEqual(
                    (repr(data.values), data.shape), (repr(wanted.values), wanted.shape)
                )
            spans = tracing.spans()
            fields = [span for span in spans if not span.group]
            self.assertEqual(b"".join([span.octets for span in fields]), one[: tracing.offset])
            for span in spans:
                self.assertEqual(one[span.offset : span.offset + len(span.octets)], span.octets)
