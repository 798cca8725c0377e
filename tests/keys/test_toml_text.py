"""
Tests of L{dlms_twisted.keys.toml_text}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.toml_store import parse_key_document
from dlms_twisted.keys.toml_text import Changes, append_meters, change_entries
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.policy import Policy
from tests.keys.samples import AK, EK, EXAMPLE, NEW_AK, NEW_EK, OTHER, TITLE

_TWO = f"""\
# Our meters.
[default]          # all others
policy = "none"    # for now

[[meter]]  # the first
  system_title = "4D 4D 4D 00 00 BC 61 4E"   # as printed on it
  encryption_key = '000102030405060708090A0B0C0D0E0F' # from the letter
# also: something

# Here comes the second.
[[meter]]
system_title = "{OTHER.hex()}"

# The end.
"""


def _append(text: str, *entries: dict[str, object]) -> str:
    return append_meters(text.encode(), entries, "keys.toml").decode()


def _change(text: str, changes: dict[bytes | None, Changes]) -> str:
    return change_entries(text.encode(), changes, "keys.toml").decode()


class AppendTests(SynchronousTestCase):
    """
    Tests of L{append_meters}.
    """

    def test_empty(self) -> None:
        """
        A new file holds what was added and nothing else.
        """
        entry = {
            "policy": Policy.AUTHENTICATED_ENCRYPTED,
            "name": 'the "house" \\ Ünter',
            "encryption_key": EK,
            "system_title": TITLE,
            "replay": ReplayMode.STRICT,
        }
        text = _append("", entry)
        self.assertEqual(
            text,
            "[[meter]]\n"
            'system_title = "4D4D4D0000BC614E"\n'
            'name = "the \\"house\\" \\\\ Ünter"\n'
            'encryption_key = "000102030405060708090A0B0C0D0E0F"\n'
            'policy = "authenticated-encrypted"\n'
            'replay = "strict"\n',
        )
        self.assertEqual(parse_key_document(text.encode(), "").meters, (entry,))

    def test_after(self) -> None:
        """
        What was there stays as it was, comments and all.
        """
        text = _append(EXAMPLE, {"system_title": OTHER}, {"system_title": b"\1" * 8})
        self.assertTrue(text.startswith(EXAMPLE))
        self.assertEqual(
            text[len(EXAMPLE) :],
            f'\n[[meter]]\nsystem_title = "{OTHER.hex().upper()}"\n'
            '\n[[meter]]\nsystem_title = "0101010101010101"\n',
        )

    def test_line_ends(self) -> None:
        """
        A file with the line ends of another system keeps them.
        """
        text = _append(EXAMPLE.replace("\n", "\r\n"), {"system_title": OTHER})
        self.assertEqual(text.count("\n"), text.count("\r\n"))

    def test_inline(self) -> None:
        """
        Inline tables get a new member.
        """
        text = _append(
            f'meter = [{{system_title = "{TITLE.hex()}"}}] # few\n', {"system_title": OTHER}
        )
        titles = [meter["system_title"] for meter in parse_key_document(text.encode(), "").meters]
        self.assertEqual(titles, [TITLE, OTHER])
        self.assertIn("# few", text)

    def test_refused(self) -> None:
        """
        What would make a bad file is refused: a title or a name that is there.
        """
        entries: list[dict[str, object]] = [
            {"system_title": TITLE},
            {"system_title": OTHER, "name": "house 7"},
        ]
        for entry in entries:
            with self.assertRaises(ConfigurationError) as caught:
                _append(EXAMPLE, entry)
            self.assertTrue(str(caught.exception).startswith("keys.toml: meter[1]."))


class ChangeTests(SynchronousTestCase):
    """
    Tests of L{change_entries}.
    """

    def test_in_place(self) -> None:
        """
        Values change where they stand, new fields come after the last of their table, and comments stay.
        """
        text = _change(
            _TWO,
            {
                TITLE: {"encryption_key": NEW_EK, "authentication_key": NEW_AK, "name": "one"},
                OTHER: {"policy": Policy.NONE},
                None: {"policy": Policy.ENCRYPTED},
            },
        )
        self.assertEqual(
            text,
            _TWO.replace('"none" ', '"encrypted" ')
            .replace(
                "'000102030405060708090A0B0C0D0E0F' # from the letter\n",
                f'"{NEW_EK.hex().upper()}" # from the letter\n'
                f'authentication_key = "{NEW_AK.hex().upper()}"\n'
                'name = "one"\n',
            )
            .replace(f'"{OTHER.hex()}"\n', f'"{OTHER.hex()}"\npolicy = "none"\n'),
        )

    def test_take_away(self) -> None:
        """
        A field that goes takes its line with it.
        """
        text = _change(_TWO, {TITLE: {"encryption_key": None, "pending_encryption_key": NEW_EK}})
        self.assertEqual(
            text,
            _TWO.replace(
                "  encryption_key = '000102030405060708090A0B0C0D0E0F' # from the letter\n",
                f'pending_encryption_key = "{NEW_EK.hex().upper()}"\n',
            ),
        )

    def test_no_default(self) -> None:
        """
        A default table is made where there is none.
        """
        text = _change("# nothing\n", {None: {"encryption_key": EK}})
        self.assertTrue(text.startswith("# nothing\n"))
        self.assertEqual(parse_key_document(text.encode(), "").default, {"encryption_key": EK})

    def test_odd_forms(self) -> None:
        """
        Texts over several lines, quoted names and inline tables are changed, too, and comments stay.
        """
        key = "\n".join(EK.hex(" ").split(" "))
        for text in (
            f'# top\n[[meter]]\nsystem_title = "{TITLE.hex()}"\nencryption_key = """\n{key}"""\n',
            f'# top\n[[meter]]\n"system_title" = "{TITLE.hex()}"\n"encryption_key"="{EK.hex()}"\n',
            f'# top\nmeter = [{{system_title="{TITLE.hex()}", encryption_key="{EK.hex()}"}}]\n',
        ):
            changed = _change(text, {TITLE: {"encryption_key": NEW_EK, "name": "x"}})
            self.assertTrue(changed.startswith("# top\n"))
            self.assertEqual(
                parse_key_document(changed.encode(), "").meters,
                ({"system_title": TITLE, "encryption_key": NEW_EK, "name": "x"},),
            )

    def test_not_listed(self) -> None:
        """
        A meter that is not there cannot be changed.
        """
        with self.assertRaises(ConfigurationError) as caught:
            _change(EXAMPLE, {OTHER: {"name": "x"}})
        self.assertEqual(str(caught.exception), "keys.toml: 4D4D4D0000BC614F is not listed")

    def test_bad_result(self) -> None:
        """
        A change that would make a bad file is refused.
        """
        for change in ({"authentication_key": AK * 2}, {"system_title": None}):
            self.assertRaises(ConfigurationError, _change, EXAMPLE, {TITLE: change})

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(("name", "encryption_key", "pending_encryption_key", "policy")),
                st.booleans(),
            ),
            max_size=4,
        ),
        st.lists(st.sampled_from(("", "# note", "  ", "#[[meter]]")), min_size=1, max_size=4),
    )
    def test_any(self, steps: list[dict[str, bool]], notes: list[str]) -> None:
        """
        Whatever is set and taken away, the file says what is wanted, and each line of comment is there.
        """
        filler = "\n".join(notes)
        text = f"{filler}\n{_TWO}{filler}\n"
        wanted = dict(parse_key_document(text.encode(), "").meters[0])
        values = {
            "name": "x", "encryption_key": NEW_EK, "pending_encryption_key": EK,
            "policy": Policy.ENCRYPTED,
        }  # fmt: skip
        for step in steps:
            change = {name: values[name] if on else None for name, on in step.items()}
            text = _change(text, {TITLE: change})
            wanted.update(change)
        stated = {name: value for name, value in wanted.items() if value is not None}
        self.assertEqual(parse_key_document(text.encode(), "").meters[0], stated)
        self.assertEqual(text.count("# note"), 2 * notes.count("# note"))
        self.assertTrue(text.startswith(filler))
