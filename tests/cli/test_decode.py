"""
Tests of L{dlms_twisted.cli.decode} and L{dlms_twisted.cli.encode}.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cli.main import dlms, main
from tests.schemas import check

#: The Green Book's own example: a GET of the clock's time, authenticated and encrypted (security control 30).
GLO = "db084d4d4d0000bc614e1e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b"
EK = "000102030405060708090a0b0c0d0e0f"
AK = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
GET = "c0010000080000010000ff0200"
LIST_1 = "7ea02a410883130413e6e7000f40000000000101020309060100010700ff0600000e9002020f00161b77247e"


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """
    @return: what C{dlms} printed with these arguments.
    """
    return CliRunner().invoke(dlms, list(arguments), input=stdin)


class DecodeTests(SynchronousTestCase):
    """
    Tests of C{dlms decode}.
    """

    def form(self, *arguments: str, stdin: str | bytes | None = None) -> dict[str, Any]:
        """
        @return: what C{--json} prints, held against the schema.
        """
        result = run("decode", "--json", *arguments, stdin=stdin)
        form: dict[str, Any] = json.loads(result.stdout)
        check("decode.json", form)
        return form

    def test_every_octet(self) -> None:
        """
        The octets of a push are all shown, with names and meanings.
        """
        result = run("decode", LIST_1)
        self.assertIsNone(result.exception)
        shown = "".join(result.stdout.split())
        for octets in ("40000000", "0100010700ff", "00000e90"):
            self.assertIn(octets, shown)
        for word in ("long_invoke_id_and_priority", "destination", "3728", "1-0:1.7.0", "W"):
            self.assertIn(word, result.stdout)

    def test_ciphered(self) -> None:
        """
        With its keys a ciphered APDU is opened and its tag verified.
        """
        form = self.form("--ek", EK, "--ak", AK, GLO)
        self.assertEqual(form["apdu"]["apdu"], "get-request-normal")
        self.assertEqual(form["layers"][0]["plaintext"], GET)
        self.assertIs(form["layers"][0]["authenticated"], True)

    def test_without_authentication_key(self) -> None:
        """
        Without the authentication key it is opened, and C{authenticated} is null: nothing was checked.
        """
        form = self.form("--ek", EK, GLO)
        self.assertIsNone(form["layers"][0]["authenticated"])
        self.assertEqual(form["layers"][0]["plaintext"], GET)

    def test_keys_from_the_environment(self) -> None:
        """
        Keys need not stand on a command line.
        """
        with patch.dict(os.environ, {"DLMS_EK": EK, "DLMS_AK": AK}):
            self.assertIsNone(self.form(GLO)["error"])

    def test_key_file(self) -> None:
        """
        Keys come from a key file by the sender's title.
        """
        path = Path(self.mktemp())
        path.touch(mode=0o600)
        path.write_text(
            f'[[meter]]\nsystem_title = "4D4D4D0000BC614E"\nencryption_key = "{EK}"\n'
            f'authentication_key = "{AK}"\n',
            encoding="utf-8",
        )
        form = self.form("--keys", str(path), GLO)
        self.assertIs(form["layers"][0]["authenticated"], True)

    def test_sources(self) -> None:
        """
        The argument, standard input as text and as octets, and a file all give the same.
        """
        path = Path(self.mktemp())
        path.write_bytes(bytes.fromhex(LIST_1))
        wanted = self.form(LIST_1)
        self.assertEqual(self.form(stdin=LIST_1), wanted)
        self.assertEqual(self.form("-", stdin=bytes.fromhex(LIST_1)), wanted)
        self.assertEqual(self.form("--file", str(path)), wanted)

    def test_damaged(self) -> None:
        """
        What could be decoded before the damage is shown, then the reason; exit 1.
        """
        result = run("decode", "--medium", "apdu", "0f40000000000101020309060100010700ff06")
        self.assertIn("0100010700ff", "".join(result.stdout.split()))
        self.assertIn("malformed", result.stderr)

    def test_partial_push(self) -> None:
        """
        A push that lost its end gives the readings that came whole, and the error with its place.
        """
        octets = bytes.fromhex(LIST_1)[12:-3]
        whole = self.form("--medium", "apdu", octets.hex())
        self.assertIsNone(whole["error"])
        two = b"\x0f\x40\x00\x00\x00\x00\x01\x02" + octets[8:]
        form = self.form("--medium", "apdu", two.hex())
        self.assertEqual(form["error"]["reason"], "malformed")
        self.assertEqual(form["error"]["offset"], len(two))
        self.assertEqual(form["apdu"], whole["apdu"])
        self.assertEqual(form["readings"], whole["readings"])

    def test_partial_is_no_other_message(self) -> None:
        """
        What lost elements is not taken for a shorter message that a layout knows.
        """
        form = self.form("--medium", "apdu", "0F0000000100020306000004D2")
        self.assertEqual(form["error"]["reason"], "malformed")
        self.assertEqual(form["readings"], [])
        whole = self.form("--medium", "apdu", "0F0000000100020106000004D2")
        self.assertEqual([one["obis"] for one in whole["readings"]], ["1-0:1.7.0.255"])

    def test_lone_block(self) -> None:
        """
        A block whose predecessors are missing says so.
        """
        form = self.form("--medium", "apdu", "E0C10002000103010203")
        self.assertEqual(form["error"]["reason"], "incomplete")

    def test_partial_data(self) -> None:
        """
        Of damaged Data the elements that came whole are shown.
        """
        form = self.form("--medium", "data", "0203110512000611")
        self.assertEqual(form["data"]["value"][0], {"type": "unsigned", "value": 5})
        self.assertEqual(len(form["data"]["value"]), 2)
        self.assertEqual(form["error"]["offset"], 8)

    def test_batch(self) -> None:
        """
        One line for each, whatever is wrong with one.
        """
        lines = [
            {"id": "a", "hex": LIST_1, "medium": "hdlc", "keys": None},
            {"id": "b", "hex": "zz", "medium": "hdlc"},
            {"id": "c", "hex": "0600000001", "medium": "axdr"},
            {"id": "d", "hex": "00", "medium": "pigeon"},
            {"id": "e", "hex": GLO, "medium": "apdu", "keys": {"ek": "12"}},
            {"id": "f"},
        ]
        stdin = "\n".join([*map(json.dumps, lines), "not json", "[]", ""])
        result = run("decode", "--batch", stdin=stdin)
        forms = [json.loads(line) for line in result.stdout.splitlines()]
        for form in forms:
            check("decode.json", form)
        self.assertEqual([form["id"] for form in forms], [*"abcdef", None, None])
        self.assertEqual(
            [form["error"] is None for form in forms],
            [True, False, True, False, False, False, False, False],
        )
        self.assertEqual(forms[2]["data"], {"type": "double-long-unsigned", "value": 1})

    def test_exit_codes(self) -> None:
        """
        0 done, 1 damaged, 2 usage; errors are one line.
        """
        for arguments, code in (
            (["decode", LIST_1], 0),
            (["decode", "--medium", "apdu", "c4"], 1),
            (["decode", "--medium", "pigeon", "00"], 2),
            (["decode", "--ek", "12", "00"], 2),
            (["decode", "--keys", "/nonexistent/keys.toml", "00"], 2),
            (["nonsense"], 2),
        ):
            with self.assertRaises(SystemExit) as caught:
                main(arguments)
            self.assertEqual(caught.exception.code, code, arguments)


class EncodeTests(SynchronousTestCase):
    """
    Tests of C{dlms encode}.
    """

    def test_tree(self) -> None:
        """
        A data tree becomes its octets.
        """
        tree = {"type": "structure", "value": [{"type": "unsigned", "value": 5}]}
        self.assertEqual(run("encode", json.dumps(tree)).stdout.strip(), "02011105")

    def test_there_and_back(self) -> None:
        """
        What C{decode} says of an APDU, C{encode} turns back into its octets.
        """
        octets = "c001c100080000010000ff0200"
        form = json.loads(run("decode", "--json", "--medium", "apdu", octets).stdout)
        self.assertEqual(run("encode", "-", stdin=json.dumps(form["apdu"])).stdout.strip(), octets)

    def test_batch(self) -> None:
        """
        One line for each; a wrong one says why.
        """
        lines = [
            {"id": 1, "data": {"type": "null-data", "value": None}},
            {"id": 2, "data": {"type": "unsigned", "value": 256}},
            {"id": 3, "apdu": {"apdu": "exception-response", "nonsense": 1}},
            {"id": 4},
        ]
        result = run("encode", "--batch", stdin="\n".join(map(json.dumps, lines)) + "\nx\n")
        forms = [json.loads(line) for line in result.stdout.splitlines()]
        for form in forms:
            check("encode.json", form)
        self.assertEqual([form["id"] for form in forms], [1, 2, 3, 4, None])
        self.assertEqual([form["hex"] for form in forms], ["00", None, None, None, None])
        self.assertTrue(all(form["error"] for form in forms[1:]))
