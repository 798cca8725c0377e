"""
Every C{--json} of the command line is as its schema in C{docs/schema} says.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
from click.testing import CliRunner
from jsonschema import Draft202012Validator, ValidationError
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SynchronousTestCase, TestCase

from dlms_twisted.cli.main import dlms
from dlms_twisted.link.wrapper import encode_frame
from tests.schemas import check

_reactor_any: Any = _reactor

_DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
_FOLDER: Final = _DOCS / "schema"

#: Each command that prints JSON, and the schemas of what it prints.
_COMMANDS: Final = {
    "action": {"action.json"},
    "classes": {"class.json", "name.json"},
    "clock": {"clock.json"},
    "decode": {"decode.json"},
    "demo": {"demo.json"},
    "encode": {"encode.json"},
    "image": {"image.json"},
    "journal export": {"record.json"},
    "journal query": {"record.json"},
    "journal redecode": {"redecode.json"},
    "journal stats": {"stats.json"},
    "journal tail": {"record.json"},
    "journal verify": {"verify.json"},
    "keys check": {"keys-check.json"},
    "keys generate": {"keys-generate.json"},
    "keys list": {"keys.json"},
    "listen": {"record.json"},
    "objects": {"objects.json"},
    "profile": {"row.json"},
    "read": {"value.json"},
    "simulate": {"simulate.json"},
}
#: Schemas that others refer to, and of what only the library writes.
_PARTS: Final = {"objects.json", "reading.json", "tree.json"}

_EK: Final = "000102030405060708090A0B0C0D0E0F"
_AK: Final = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
_TITLE: Final = "4D4D4D0000BC614E"
_CIPHERED: Final = (
    "DB084D4D4D0000BC614E1E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B"
)
_PUSH: Final = "0F0000000100020209060100010800FF06000004D2"


def _printing(command: click.Command, path: str = "") -> Iterator[str]:
    """
    @return: the commands that have C{--json}, or can export it.
    """
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _printing(inner, f"{path} {name}".strip())
    elif any(set(one.opts) & {"--json", "--format"} for one in command.params):
        yield path


def _documents(text: str) -> Iterator[Any]:
    """
    @return: each JSON document of a command's output, on one line or several.
    """
    decoder = json.JSONDecoder()
    text = text.strip()
    while text:
        form, end = decoder.raw_decode(text)
        yield form
        text = text[end:].lstrip()


class SchemaTests(SynchronousTestCase):
    """
    Tests of the schemas themselves.
    """

    def test_valid(self) -> None:
        """
        Each is a schema of its draft, is called as its file, and refuses what is none of ours.
        """
        names = {path.name for path in _FOLDER.glob("*.json")}
        self.assertGreaterEqual(names, _PARTS)
        for name in sorted(names):
            schema = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
            Draft202012Validator.check_schema(schema)
            self.assertEqual(schema["$id"], name)
            self.assertTrue(schema["title"])
            self.assertRaises(ValidationError, check, name, {"nonsense": 1})

    def test_each_command(self) -> None:
        """
        Each command that prints JSON has a schema here, and each schema a command.
        """
        self.assertEqual(set(_printing(dlms)), set(_COMMANDS))
        used = set().union(*_COMMANDS.values())
        self.assertEqual({path.name for path in _FOLDER.glob("*.json")}, used | _PARTS)

    def test_page(self) -> None:
        """
        The page on JSON lists each command with its schemas.
        """
        lines = (_DOCS / "json.rst").read_text(encoding="utf-8").splitlines()
        for command, schemas in _COMMANDS.items():
            row = next(line for line in lines if line.startswith(f"``dlms {command}"))
            for name in schemas:
                self.assertIn(f"``{name}``", row)


class OutputTests(SynchronousTestCase):
    """
    Tests of what commands print that need no reactor; the journal's are in L{tests.cli.test_journal}.
    """

    def setUp(self) -> None:
        """
        A folder to write to.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)

    def lines(self, schema: str, *arguments: str, fed: str = "", code: int | None = 0) -> list[Any]:
        """
        @return: the documents that a command printed, each held against its schema.
        """
        result = CliRunner().invoke(dlms, arguments, input=fed, standalone_mode=False)
        self.assertIsNone(result.exception, result.output)
        self.assertEqual(result.return_value or 0, code)
        found = list(_documents(result.stdout))
        self.assertTrue(found)
        for one in found:
            check(schema, one)
        return found

    def test_decode(self) -> None:
        """
        C{decode}: a push, one without its key, damage, several messages, a batch.
        """
        [push] = self.lines("decode.json", "decode", "--json", _PUSH)
        self.assertEqual(push["readings"][0]["obis"], "1-0:1.8.0.255")
        [closed] = self.lines("decode.json", "decode", "--json", _CIPHERED, code=1)
        self.assertEqual(closed["error"]["reason"], "unknown-key")
        self.lines("decode.json", "decode", "--json", "--ek", _EK, "--ak", _AK, _CIPHERED)
        self.lines("decode.json", "decode", "--json", _PUSH[:-2], code=1)
        frame = encode_frame(1, 103, bytes.fromhex(_PUSH)).hex()
        [both] = self.lines("decode.json", "decode", "--json", frame * 2)
        self.assertEqual(len(both["messages"]), 2)
        fed = f'{{"id": 1, "hex": "{_PUSH}"}}\n{{"id": 2, "hex": "zz"}}\n'
        lines = self.lines("decode.json", "decode", "--batch", fed=fed, code=1)
        self.assertEqual([line["id"] for line in lines], [1, 2])

    def test_encode(self) -> None:
        """
        C{encode}: octets, an error, a batch.
        """
        tree = '{"type": "unsigned", "value": 5}'
        [good] = self.lines("encode.json", "encode", "--json", tree)
        self.assertEqual(good, {"hex": "1105", "error": None})
        [bad] = self.lines("encode.json", "encode", "--json", tree.replace("5", "500"), code=1)
        self.assertIsNone(bad["hex"])
        fed = f'{{"id": "a", "data": {tree}}}\n[]\n'
        self.assertEqual(len(self.lines("encode.json", "encode", "--batch", fed=fed, code=1)), 2)

    def test_classes(self) -> None:
        """
        C{classes}: one class in its versions, and names of OBIS codes, known and not.
        """
        self.assertGreater(len(self.lines("class.json", "classes", "--json", "7")), 1)
        self.lines("name.json", "classes", "--json", "1-0:1.8.0")
        [unknown] = self.lines("name.json", "classes", "--json", "15-63:250.250.250.250")
        self.assertIsNone(unknown["name"])

    def test_keys(self) -> None:
        """
        C{keys list}, C{keys check} and C{keys generate}.
        """
        path = self.folder / "keys.toml"
        entry = f'[[meter]]\nsystem_title = "{_TITLE}"\nencryption_key = "{_EK}"\n'
        path.write_text(entry + f'authentication_key = "{_AK}"\n', encoding="utf-8")
        path.chmod(0o600)
        keys = ("--keys", str(path))
        [listed] = self.lines("keys.json", "keys", "list", *keys, "--json")
        self.assertNotIn(_EK.lower(), json.dumps(listed).lower())
        [checked] = self.lines("keys-check.json", "keys", "check", *keys, "--json", _CIPHERED)
        self.assertEqual(len(checked["results"]), 1)
        options = ("--system-title", _TITLE, "--out", str(self.folder), "--json")
        [made] = self.lines("keys-generate.json", "keys", "generate", *options)
        self.assertEqual(len(made["pairs"]), 2)


class _Speaks(Protocol):
    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(encode_frame(1, 103, bytes.fromhex(_PUSH)))


class OutputIntegrationTests(TestCase):
    """
    Tests of commands that run a reactor, in processes of their own on the loopback interface.
    """

    timeout = 60

    async def lines(self, schema: str, *arguments: str) -> list[Any]:
        """
        @return: the JSON lines that a command printed, each held against its schema.
        """
        out, err, code = await getProcessOutputAndValue(
            sys.executable, ["-m", "dlms_twisted.cli", *arguments], env=dict(os.environ)
        )
        self.assertEqual(code, 0, err)
        found = [json.loads(line) for line in out.splitlines()]
        for one in found:
            check(schema, one)
        return found

    def test_demo(self) -> Deferred[None]:
        """
        C{demo}: records of its meters, then the summary, in which nothing is missing.
        """

        async def run() -> None:
            *records, last = await self.lines("demo.json", "demo", "--json", "--seconds", "1")
            self.assertGreaterEqual(len(records), 4)
            self.assertEqual(last["summary"]["accepted"], len(records))
            self.assertEqual(last["summary"]["sent"], len(records))
            self.assertTrue(all(record["authenticated"] for record in records))

        return Deferred.fromCoroutine(run())

    def test_simulate(self) -> Deferred[None]:
        """
        C{simulate}: where the meters are, then the summary.
        """
        listen = ("--listen", "tcp:0:interface=127.0.0.1", "--meters", "2")
        push = ("--push-to", "udp:127.0.0.1:9", "--rate", "50", "--seconds", "0.5")

        async def run() -> None:
            where, last = await self.lines("simulate.json", "simulate", "--json", *listen, *push)
            self.assertEqual(where["listening"][0]["meters"], 2)
            self.assertGreater(last["summary"]["sent"], 2)

        return Deferred.fromCoroutine(run())

    def test_listen(self) -> Deferred[None]:
        """
        C{listen}: a record for each message, here from a server to which it connects.
        """
        port = _reactor_any.listenTCP(0, Factory.forProtocol(_Speaks), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        source = f"tcp:127.0.0.1:{port.getHost().port}"

        async def run() -> None:
            [record] = await self.lines("record.json", "listen", source, "--count", "1", "--json")
            self.assertEqual(record["outcome"], "accepted")
            self.assertEqual(record["readings"][0]["value"], 1234)

        return Deferred.fromCoroutine(run())
