"""
Tests of L{dlms_twisted.toml_reader}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.toml_reader import TomlTable, read_toml

SECRET = "000102030405060708090a0b0c0d0e0f"


class ReaderTests(SynchronousTestCase):
    """
    Tests of L{read_toml} and L{TomlTable}.
    """

    def read(self, text: str) -> TomlTable:
        """
        @return: the table of a document.
        """
        return read_toml(text.encode(), "x.toml")

    def test_values(self) -> None:
        """
        Each kind of value is read, and is L{None} where it is not said.
        """
        table = self.read('a="x"\nb=true\nc=3\nd=1.5\ne=["y"]\nf={g=1}\n[[h]]\ni=1\n[[h]]\ni=2\n')
        self.assertEqual(table.text("a"), "x")
        self.assertIs(table.boolean("b"), True)
        self.assertEqual(table.integer("c", 0, 3), 3)
        self.assertEqual(table.number("d", 0, 3), 1.5)
        self.assertEqual(table.number("c", 0, 3), 3.0)
        self.assertEqual((table.texts("e"), table.texts("a")), (("y",), ("x",)))
        self.assertEqual(table.table("f").integer("g", 0, 1), 1)
        self.assertEqual([one.integer("i", 0, 9) for one in table.tables("h")], [1, 2])
        self.assertEqual(
            (
                table.text("z"),
                table.boolean("z"),
                table.integer("z", 0, 1),
                table.number("z", 0, 1),
            ),
            (None, None, None, None),
        )
        self.assertEqual((table.texts("z"), list(table.tables("z"))), (None, []))
        self.assertIn("a", table)
        self.assertNotIn("z", table)
        table.finish()

    def test_convert(self) -> None:
        """
        A conversion's error gets the file's name; its parser gets the dotted key.
        """

        def parse(text: str, field: str) -> int:
            raise ConfigurationError(f"{field}: no")

        (table,) = self.read('[[a]]\nb="x"\n').tables("a")
        with self.assertRaises(ConfigurationError) as caught:
            table.convert("b", parse)
        self.assertEqual(str(caught.exception), "x.toml: a[0].b: no")
        self.assertIsNone(table.convert("c", parse))

    def test_no_values_in_errors(self) -> None:
        """
        No error holds a value, nor does anything that hangs on it: it may be a key.
        """
        for text in (
            f'key = "{SECRET}',
            f"key = {SECRET}",
            f'key = "{SECRET}"\nkey = "{SECRET}"',
            f'"{SECRET}\n',
            f'key = """{SECRET}',
            f'key = "{SECRET}\\q"',
        ):
            with self.assertRaises(ConfigurationError) as caught:
                self.read(text)
            error = caught.exception
            self.assertNotIn(SECRET, str(error))
            self.assertIsNone(error.__cause__)
            self.assertIsNone(error.__context__)
        with self.assertRaises(ConfigurationError) as caught:
            read_toml(SECRET.encode() + b"\xff", "x.toml")
        self.assertIsNone(caught.exception.__context__)
        table = self.read(f'key = "{SECRET}"')
        for read in (table.boolean, table.table):
            with self.assertRaises(ConfigurationError) as caught:
                read("key")
            self.assertNotIn(SECRET, str(caught.exception))
        self.assertNotIn(SECRET, repr(table))

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(st.binary(max_size=60))
    def test_anything(self, octets: bytes) -> None:
        """
        Any octets are a document, or a one-line error that names the file.
        """
        try:
            read_toml(octets, "x.toml")
        except ConfigurationError as error:
            self.assertTrue(str(error).startswith("x.toml: "))
            self.assertNotIn("\n", str(error))

    def test_deep(self) -> None:
        """
        Not even nesting that is too deep for the parser is anything else.
        """
        self.assertRaises(ConfigurationError, self.read, "a = " + "[" * 100_000)
