"""
Tests of L{dlms_twisted.keys.toml_store}.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.files import write_private
from dlms_twisted.keys.interfaces import Change, IKeyStore
from dlms_twisted.keys.toml_store import TomlKeyStore, parse_key_table
from dlms_twisted.security.keys import MeterKeys, ReplayMode
from dlms_twisted.security.policy import Policy
from tests.keys.samples import AK, EK, EXAMPLE, NEW_EK, OTHER, STRANGER, TITLE, CapturedLog


class ParseTests(SynchronousTestCase):
    """
    Tests of L{parse_key_table}.
    """

    def test_example(self) -> None:
        """
        The example of the architecture is read.
        """
        table = parse_key_table(EXAMPLE.encode(), "keys.toml")
        self.assertEqual(
            table.meters,
            {
                TITLE: MeterKeys(
                    system_title=TITLE,
                    name="house 7",
                    encryption_key=EK,
                    authentication_key=AK,
                    policy=Policy.AUTHENTICATED_ENCRYPTED,
                    replay=ReplayMode.WINDOW,
                )
            },
        )
        self.assertIsNone(table.default)
        self.assertEqual(table.default_policy, Policy.ENCRYPTED)

    def test_empty(self) -> None:
        """
        A file that says nothing demands encryption of all.
        """
        table = parse_key_table(b"", "keys.toml")
        self.assertEqual((dict(table.meters), table.default), ({}, None))
        self.assertEqual(table.default_policy, Policy.ENCRYPTED)

    def test_default_keys(self) -> None:
        """
        The default table may hold keys, and a title for frames that hold none.
        """
        text = f'[default]\nencryption_key = "{EK.hex()}"\nsystem_title = "{TITLE.hex()}"\n'
        table = parse_key_table(text.encode(), "keys.toml")
        self.assertEqual(
            table.default,
            MeterKeys(system_title=TITLE, encryption_key=EK, policy=Policy.ENCRYPTED),
        )

    def test_policy_of_a_meter(self) -> None:
        """
        A meter whose entry states no policy must encrypt, and whatever is demanded of strangers beside it; a default
        of C{none} does not weaken it.
        """
        for default, wanted in {
            "none": Policy.ENCRYPTED,
            "encrypted": Policy.ENCRYPTED,
            "authenticated": Policy.AUTHENTICATED_ENCRYPTED,
            "both": Policy.AUTHENTICATED_ENCRYPTED,
        }.items():
            text = f'[default]\npolicy="{default}"\n[[meter]]\nsystem_title="{TITLE.hex()}"\n'
            meter = parse_key_table(text.encode(), "keys.toml").meters[TITLE]
            self.assertEqual(meter.policy, wanted)

    def test_all_fields(self) -> None:
        """
        Every key of L{MeterKeys} can be said.
        """
        lengths = {
            "encryption_key": 32, "authentication_key": 32, "broadcast_key": 32,
            "pending_encryption_key": 32, "pending_authentication_key": 32, "dedicated_key": 32,
            "master_key": 32, "agreement_private_key": 48, "agreement_public_key": 96,
            "signing_private_key": 48, "signing_public_key": 96,
        }  # fmt: skip
        lines = [f'{name} = "{"5A" * length}"' for name, length in lengths.items()]
        text = "\n".join(["[[meter]]", f'system_title = "{TITLE.hex()}"', *lines, 'replay="off"'])
        meter = parse_key_table(text.encode(), "keys.toml").meters[TITLE]
        for name, length in lengths.items():
            self.assertEqual(getattr(meter, name), b"Z" * length)
        self.assertEqual(meter.replay, ReplayMode.OFF)

    def _refused(self, text: str) -> str:
        with self.assertRaises(ConfigurationError) as caught:
            parse_key_table(text.encode(), "keys.toml")
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)

    def test_errors(self) -> None:
        """
        Each error names the file, the dotted key, and where the meter's table starts.
        """
        title = f'system_title = "{TITLE.hex()}"'
        for text, error in {
            "[[meter]]\nencryption_key = 1\n": (
                "meter[0].encryption_key: text wanted, not a whole number (the table at line 1)"
            ),
            "[[meter]]\n" + title + '\n[[meter]]\nname = "x"\n': (
                "meter[1].system_title: wanted for each meter (the table at line 3)"
            ),
            f"[[meter]]\n{title}\n # again\n[[meter]]\n{title}\n": (
                "meter[1].system_title: 4D4D4D0000BC614E is there twice (the table at line 4)"
            ),
            f'[[meter]]\n{title}\nname="x"\n[[meter]]\nsystem_title="{OTHER.hex()}"\nname="x"': (
                "meter[1].name: meter[0] has it, too (the table at line 4)"
            ),
            f'[[meter]]\n{title}\nencrypton_key = "00"\n': (
                "meter[0].encrypton_key: unknown key (did you mean encryption_key?) "
                "(the table at line 1)"
            ),
            f'[[meter]]\n{title}\nencryption_key = "0011"\n': (
                "meter[0].encryption_key: 2 octets; 16 or 32 octets wanted (the table at line 1)"
            ),
            f'[[meter]]\n{title}\nreplay = "no"\n': (
                "meter[0].replay: window, strict or off wanted (the table at line 1)"
            ),
            '[default]\npolicy = "strong"\n': (
                "default.policy: none, authenticated, encrypted, authenticated-encrypted or both "
                "wanted (with -signed where signatures are demanded)"
            ),
            "[defaults]\n": "defaults: unknown key (did you mean default?)",
            "meter = 3\n": "meter: an array wanted, not a whole number",
            "meter = [3]\n": "meter[0]: a table wanted, not a whole number",
            "[default\n": "Expected ']' at the end of a table declaration (at line 1, column 9)",
            f'[default]\nencryption_key="{EK.hex()}"\nauthentication_key="{2 * AK.hex()}"\n': (
                "default.authentication_key: 32 octets, but encryption_key has 16: "
                "one security suite has one length"
            ),
        }.items():
            self.assertEqual(self._refused(text), f"keys.toml: {error}")

    def test_not_text(self) -> None:
        """
        What is not UTF-8 is refused by line; a byte order mark is not minded.
        """
        with self.assertRaises(ConfigurationError) as caught:
            parse_key_table(b"\n\n\xff", "keys.toml")
        self.assertEqual(str(caught.exception), "keys.toml: not UTF-8 (line 3)")
        parse_key_table(b"\xef\xbb\xbf" + EXAMPLE.encode(), "keys.toml")


class _Later:
    """
    Runs functions when told, as a thread would.
    """

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, function: Callable[..., Any], /, *args: Any) -> Deferred[Any]:
        result: Deferred[Any] = Deferred()
        self.waiting.append(lambda: result.callback(function(*args)))
        return result


class StoreTests(SynchronousTestCase):
    """
    Tests of L{TomlKeyStore}.
    """

    def setUp(self) -> None:
        """
        A store on the example, a watcher, and the log.
        """
        self.path = Path(self.mktemp())
        self._write(EXAMPLE)
        self.store = TomlKeyStore(self.path)
        self.changes: list[Change] = []
        self.store.watch(self.changes.append)
        self.log = CapturedLog(self)

    def _write(self, text: str) -> None:
        write_private(self.path, text.encode())

    def test_interface(self) -> None:
        """
        It is a key store.
        """
        self.assertTrue(verifyObject(IKeyStore, self.store))

    def test_lookups(self) -> None:
        """
        Listed titles have keys, by title and by name; others have none.
        """
        keys = self.store.cached(TITLE)
        assert keys is not None
        self.assertEqual(keys.encryption_key, EK)
        self.assertIs(self.successResultOf(self.store.fetch(TITLE)), keys)
        for name in ("house 7", TITLE.hex(), TITLE.hex().upper()):
            self.assertIs(self.store.by_name(name), keys)
        for name in ("house 8", "", OTHER.hex(), "x" * 16):
            self.assertIsNone(self.store.by_name(name))
        for title in (OTHER, b"", None):
            self.assertIsNone(self.store.cached(title))
        self.assertEqual(list(self.store.titles()), [TITLE])

    def test_default_keys(self) -> None:
        """
        Where the default table holds keys, every other title has those, and an absent one.
        """
        key = f'encryption_key = "{NEW_EK.hex()}"'
        self._write(EXAMPLE.replace("\n\n[[meter]]", f"\n{key}\n\n[[meter]]"))
        self.assertTrue(self.successResultOf(self.store.check()))
        for title in (STRANGER, b"", None):
            keys = self.store.cached(title)
            assert keys is not None
            self.assertEqual(keys.encryption_key, NEW_EK)
        listed = self.store.cached(TITLE)
        assert listed is not None
        self.assertEqual(listed.encryption_key, EK)
        self.assertEqual(self.changes, [Change(frozenset(), True)])

    def test_unchanged(self) -> None:
        """
        A file that did not change is not read again.
        """
        self.path.write_bytes(self.path.read_bytes())
        self.assertFalse(self.successResultOf(self.store.check()))
        self.assertFalse(self.successResultOf(self.store.check()))
        self.assertFalse(self.successResultOf(self.store.reload()))
        self.assertEqual(self.changes, [])

    def test_changed(self) -> None:
        """
        A changed file is read at the next check, and watchers hear which titles it is about.
        """
        self._write(f'{EXAMPLE}\n[[meter]]\nsystem_title = "{OTHER.hex()}"\n')
        self.assertIsNone(self.store.cached(OTHER))
        self.assertTrue(self.successResultOf(self.store.check()))
        self.assertIsNotNone(self.store.cached(OTHER))
        self.assertEqual(self.changes, [Change(frozenset((OTHER,)))])
        self.assertEqual(self.log.lines, [f"{self.path}: keys of 2 meters read (1 before)"])
        self._write("")
        self.successResultOf(self.store.reload())
        self.assertEqual(self.changes[1], Change(frozenset((TITLE, OTHER))))

    def test_broken(self) -> None:
        """
        A broken file leaves the old keys, and one line says so, once.
        """
        self._write(EXAMPLE.replace("0E0F", "0E"))
        for _ in range(3):
            self.assertFalse(self.successResultOf(self.store.check()))
        self.assertIsNotNone(self.store.cached(TITLE))
        self.assertEqual(
            self.log.lines,
            [
                f"{self.path}: meter[0].encryption_key: 15 octets; 16 or 32 octets wanted "
                "(the table at line 4); the keys read before stay in use"
            ],
        )
        self._write(EXAMPLE.replace("house 7", "house 8"))
        self.assertTrue(self.successResultOf(self.store.check()))
        self.assertIsNotNone(self.store.by_name("house 8"))
        self.assertIsNone(self.store.by_name("house 7"))

    def test_gone(self) -> None:
        """
        A file that went leaves the keys, also when it comes back as it was.
        """
        os.unlink(self.path)
        self.assertFalse(self.successResultOf(self.store.check()))
        self.assertFalse(self.successResultOf(self.store.check()))
        self.assertIsNotNone(self.store.cached(TITLE))
        self.assertEqual(
            self.log.lines,
            [f"{self.path}: No such file or directory; the keys read before stay in use"],
        )
        self._write(EXAMPLE)
        self.assertFalse(self.successResultOf(self.store.check()))
        self.assertEqual(self.changes, [])

    def test_opened_to_others(self) -> None:
        """
        A file that was opened to others since is not read, unless that was allowed.
        """
        self._write(EXAMPLE.replace("house 7", "house 8"))
        self.path.chmod(0o644)
        self.assertFalse(self.successResultOf(self.store.check()))
        self.assertIn("chmod o-rwx", self.log.lines[0])
        self.assertRaises(ConfigurationError, TomlKeyStore, self.path)
        self.assertIsNotNone(TomlKeyStore(self.path, insecure=True).by_name("house 8"))

    def test_being_written(self) -> None:
        """
        An empty file is believed at the second look only: an editor may be about to write it.
        """
        self._write("")
        self.assertFalse(self.successResultOf(self.store.check()))
        self.assertIsNotNone(self.store.cached(TITLE))
        self.assertTrue(self.successResultOf(self.store.check()))
        self.assertIsNone(self.store.cached(TITLE))

    def test_in_a_thread(self) -> None:
        """
        A file that is read elsewhere is adopted when it is there; one that is read when the store is closed is not.
        """
        later = _Later()
        store = TomlKeyStore(self.path, defer=later)
        self._write(EXAMPLE.replace("house 7", "house 8"))
        result = store.check()
        self.assertNoResult(result)
        later.waiting.pop()()
        self.assertTrue(self.successResultOf(result))
        self.assertIsNotNone(store.by_name("house 8"))
        self._write(EXAMPLE)
        result = store.reload()
        store.close()
        later.waiting.pop()()
        self.assertFalse(self.successResultOf(result))
        self.assertIsNone(store.cached(TITLE))

    def test_unexpected(self) -> None:
        """
        Not even a failure that nobody thought of ends the checks or loses the keys.
        """

        def fail(function: Callable[..., Any], /, *args: Any) -> Deferred[Any]:
            result: Deferred[Any] = Deferred()
            result.errback(MemoryError(EK.hex()))
            return result

        store = TomlKeyStore(self.path, defer=fail)
        self.assertFalse(self.successResultOf(store.reload()))
        self.assertIsNotNone(store.cached(TITLE))
        self.assertEqual(
            self.log.lines, [f"{self.path}: MemoryError; the keys read before stay in use"]
        )
