"""
Tests of L{dlms_twisted.cli.keys}.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from click.testing import Result
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.keys.toml_store import TomlKeyStore
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import protect_general
from dlms_twisted.security.general_keys import identify, wrap
from dlms_twisted.security.issuing import read_signing_request
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.pem import private_of_pem
from dlms_twisted.security.policy import Policy
from tests.cli.keys_program import run
from tests.keys.samples import AK, EK, EXAMPLE, NEW_AK, NEW_EK, OTHER, TITLE
from tests.schemas import check

#: The Green Book's own example, authenticated and encrypted.
GLO = "db084d4d4d0000bc614e1e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b"


class KeysCase(SynchronousTestCase):
    """
    A folder for key files.
    """

    def setUp(self) -> None:
        """
        Make the folder.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "keys.toml"

    def write(self, text: str, name: str = "keys.toml", mode: int = 0o600) -> Path:
        """
        @return: a new file with this text.
        """
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def keys(self, command: str, *arguments: str, **options: Any) -> Result:
        """
        @return: what C{dlms keys command --keys FILE arguments…} did.
        """
        result = run("keys", command, "--keys", str(self.path), *arguments, **options)
        for key in (EK, AK, NEW_EK, NEW_AK):
            for shown in (key.hex(), key.hex().upper(), repr(key)):
                self.assertNotIn(shown, result.output)
        return result

    def failed(self, code: int, error: str, result: Result) -> None:
        """
        Check that a command failed with one line.
        """
        self.assertEqual((result.stderr, result.exit_code), (error + "\n", code))
        self.assertEqual(result.stdout, "")

    def meter(self, title: bytes = TITLE) -> MeterKeys:
        """
        @return: the keys of a meter, as the collector reads them.
        """
        keys = TomlKeyStore(self.path).cached(title)
        assert keys is not None
        return keys


class AddTests(KeysCase):
    """
    Tests of C{dlms keys add}.
    """

    def test_new_file(self) -> None:
        """
        The file is made, for the owner alone, and the collector reads what was given.
        """
        result = self.keys(
            "add", "--system-title", TITLE.hex(), "--name", "house 7", "--ek", EK.hex(" "),
            "--ak", f"0x{AK.hex()}", "--policy", "both", "--replay", "strict",
        )  # fmt: skip
        self.assertEqual(result.exit_code, 0)
        self.assertEqual(
            result.stderr,
            f"{self.path}: 4D4D4D0000BC614E: encryption_key, authentication_key\n",
        )
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        keys = self.meter()
        self.assertEqual(
            (keys.name, keys.encryption_key, keys.authentication_key, keys.policy),
            ("house 7", EK, AK, Policy.AUTHENTICATED_ENCRYPTED),
        )

    def test_comments(self) -> None:
        """
        A user's comments and lines stay as they are.
        """
        self.write(EXAMPLE)
        result = self.keys("add", "--system-title", OTHER.hex(), "--ek", NEW_EK.hex())
        self.assertEqual(result.exit_code, 0)
        self.assertTrue(self.path.read_text().startswith(EXAMPLE))
        self.assertEqual(self.meter(OTHER).encryption_key, NEW_EK)

    def test_default(self) -> None:
        """
        The default can hold keys; what it states already is replaced only when told.
        """
        self.assertEqual(self.keys("add", "--default", "--ek", EK.hex()).exit_code, 0)
        self.assertEqual(self.meter(OTHER).encryption_key, EK)
        self.failed(
            2,
            f"dlms: {self.path}: default.encryption_key is there already",
            self.keys("add", "--default", "--ek", NEW_EK.hex()),
        )
        self.keys("add", "--default", "--ek", NEW_EK.hex(), "--replace")
        self.assertEqual(self.meter(OTHER).encryption_key, NEW_EK)

    def test_sources(self) -> None:
        """
        A key comes from a file, stdin, a named variable, the usual variables, or a prompt that shows nothing.
        """
        file = self.write(EK.hex(":"), "key")
        ways: tuple[tuple[list[str], dict[str, Any]], ...]
        ways = (
            (["--ek", f"@{file}"], {}),
            (["--ek", "@-"], {"stdin": EK.hex()}),
            (["--ek", "env:MY_KEY"], {"environment": {"MY_KEY": EK.hex()}}),
            ([], {"environment": {"DLMS_EK": EK.hex()}}),
            (["--ek"], {"stdin": EK.hex() + "\n"}),
            (["--ek", "--policy", "none"], {"stdin": EK.hex() + "\n"}),
        )
        for number, (arguments, options) in enumerate(ways):
            title = bytes((number,)) * 8
            result = self.keys("add", "--system-title", title.hex(), *arguments, **options)
            self.assertEqual(result.exit_code, 0, result.output)
            self.assertEqual(self.meter(title).encryption_key, EK)

    def test_refused(self) -> None:
        """
        What is wrong is told in one line that names the option, and nothing is written.
        """
        title = ("--system-title", TITLE.hex())
        shared = self.write(EK.hex(), "shared", 0o644)
        for arguments, error in (
            (
                (*title, "--ek", EK.hex()[:-2]),
                "--encryption-key: 15 octets; 16 or 32 octets wanted",
            ),
            (
                (*title, "--ek", "env:NO_SUCH_VARIABLE"),
                "--encryption-key: the environment has no NO_SUCH_VARIABLE",
            ),
            (
                (*title, "--ek", f"@{self.folder}/none"),
                f"{self.folder}/none: No such file or directory",
            ),
            (
                (*title, "--ek", f"@{shared}"),
                f"{shared}: others may read or write it (mode 0644); "
                f"mend it with: chmod o-rwx {shared}",
            ),
            (("--system-title", "00"), "--system-title: 1 octets; 8 octets wanted"),
            ((*title, "--replay", "never"), "--replay: window, strict or off wanted"),
            (
                (*title, "--ek", EK.hex(), "--ak", AK.hex() * 2),
                "authentication_key: 32 octets, but encryption_key has 16: "
                "one security suite has one length",
            ),
            ((*title, "--name", "\n"), "--name: 1 to 200 printable characters wanted"),
        ):
            self.failed(2, f"dlms: {error}", self.keys("add", *arguments))
        for wrong in ((), (*title, "--default")):
            self.failed(
                2,
                "dlms keys add: --system-title or --default wanted (one of them)",
                self.keys("add", *wrong),
            )
        self.assertFalse(self.path.exists())

    def test_there_already(self) -> None:
        """
        A meter that is there is refused, and replaced when told.
        """
        self.write(EXAMPLE)
        again = ("add", "--system-title", TITLE.hex(), "--ek", NEW_EK.hex())
        self.failed(2, f"dlms: {self.path}: 4D4D4D0000BC614E is there already", self.keys(*again))
        self.assertEqual(self.path.read_text(), EXAMPLE)
        self.assertEqual(self.keys(*again, "--replace").exit_code, 0)
        self.assertEqual(self.meter().encryption_key, NEW_EK)
        self.assertIsNone(self.meter().authentication_key)

    def test_others_may_read(self) -> None:
        """
        A key file that others may read is refused with the command that mends it.
        """
        self.write(EXAMPLE, mode=0o644)
        self.failed(
            2,
            f"dlms: {self.path}: others may read or write it (mode 0644); "
            f"mend it with: chmod o-rwx {self.path}",
            self.keys("add", "--system-title", OTHER.hex()),
        )
        result = self.keys("add", "--system-title", OTHER.hex(), "--insecure-keys")
        self.assertEqual(result.exit_code, 0)

    def test_curves(self) -> None:
        """
        Keys of the curves are taken from PEM files, private ones and certificates' public ones.
        """
        run("keys", "generate", "--system-title", TITLE.hex(), "--out", str(self.folder))
        pem = self.folder / "4D4D4D0000BC614E-agreement.key.pem"
        result = self.keys(
            "add", "--system-title", TITLE.hex(), "--agreement-private-key", f"@{pem}"
        )
        self.assertEqual(result.exit_code, 0)
        self.assertEqual(self.meter().agreement_private_key, private_of_pem(pem.read_bytes()))
        self.failed(
            2,
            "dlms: --encryption-key: hex wanted, not PEM",
            self.keys("add", "--system-title", OTHER.hex(), "--ek", f"@{pem}"),
        )
        self.failed(
            2,
            "dlms: --signing-public-key: a public key on P-256 or P-384 wanted",
            self.keys("add", "--system-title", OTHER.hex(), "--signing-public-key", f"@{pem}"),
        )


class ImportTests(KeysCase):
    """
    Tests of C{dlms keys import}.
    """

    CSV = f"system_title;name;GUEK;GAK\n{TITLE.hex()};one;{EK.hex()};{AK.hex()}\n{OTHER.hex()};two;{NEW_EK.hex()};\n"

    def test_imported(self) -> None:
        """
        Each line becomes a meter.
        """
        csv = self.write(self.CSV, "meters.csv")
        result = self.keys("import", str(csv), "--policy", "both")
        self.assertEqual((result.exit_code, result.stderr), (0, f"{self.path}: 2 added\n"))
        self.assertEqual(self.meter().authentication_key, AK)
        self.assertEqual(self.meter(OTHER).name, "two")
        self.assertEqual(self.meter(OTHER).policy, Policy.AUTHENTICATED_ENCRYPTED)

    def test_stdin(self) -> None:
        """
        The list can come by a pipe.
        """
        self.assertEqual(self.keys("import", "-", stdin=self.CSV).exit_code, 0)
        self.assertEqual(self.meter().encryption_key, EK)

    def test_errors(self) -> None:
        """
        An error names the line, and nothing is imported.
        """
        csv = self.write(self.CSV.replace(NEW_EK.hex(), NEW_EK.hex()[2:]), "meters.csv")
        self.failed(
            2,
            f"dlms: {csv}: line 3: encryption_key: 15 octets; 16 or 32 octets wanted",
            self.keys("import", str(csv)),
        )
        self.assertFalse(self.path.exists())
        missing = self.folder / "none.csv"
        self.failed(
            2, f"dlms: {missing}: No such file or directory", self.keys("import", str(missing))
        )

    def test_existing(self) -> None:
        """
        Titles that are there are refused, skipped or replaced.
        """
        self.write(EXAMPLE)
        csv = self.write(self.CSV, "meters.csv")
        self.failed(
            2,
            f"dlms: {self.path}: 4D4D4D0000BC614E is there already",
            self.keys("import", str(csv)),
        )
        result = self.keys("import", str(csv), "--skip")
        self.assertEqual(result.stderr, f"{self.path}: 1 added, 1 skipped\n")
        self.assertEqual(self.meter().name, "house 7")
        result = self.keys("import", str(csv), "--replace")
        self.assertEqual(result.stderr, f"{self.path}: 0 added, 2 replaced\n")
        self.assertEqual(self.meter().name, "one")

    def test_columns(self) -> None:
        """
        Unusual columns are named, unwanted ones left out.
        """
        csv = self.write(f"Nr,T,K\n1,{TITLE.hex()},{EK.hex()}\n", "meters.csv")
        columns = ("--column", "system_title=T", "--column", "encryption_key=K")
        self.failed(
            2, f"dlms: {csv}: line 1: unknown column 'Nr'", self.keys("import", str(csv), *columns)
        )
        result = self.keys("import", str(csv), *columns, "--ignore-unknown")
        self.assertEqual(result.exit_code, 0)
        self.assertEqual(self.meter().encryption_key, EK)
        self.assertEqual(self.keys("import", str(csv), "--column", "x").exit_code, 2)
        self.failed(
            2,
            "dlms: --column: there is no field enc_key",
            self.keys("import", str(csv), "--column", "enc_key=K"),
        )

    def test_shared(self) -> None:
        """
        A list that others may read is taken, with advice.
        """
        csv = self.write(self.CSV, "meters.csv", 0o644)
        result = self.keys("import", str(csv))
        self.assertEqual(result.exit_code, 0)
        self.assertIn("others may read these keys; delete it after the import", result.stderr)


class ListTests(KeysCase):
    """
    Tests of C{dlms keys list}.
    """

    def test_table(self) -> None:
        """
        Titles, names and policies are shown; keys by their epochs only.
        """
        self.write(EXAMPLE)
        result = self.keys("list")
        self.assertEqual(result.exit_code, 0)
        header, default, meter = result.stdout.splitlines()
        self.assertEqual(header.split(), ["system", "title", "name", "policy", "replay", "keys"])
        self.assertEqual(default.split(), ["(all", "others)", "encrypted", "window", "none"])
        self.assertEqual(
            meter.split("  ")[0:1] + meter.split()[3:],
            [
                "4D4D4D0000BC614E", "authenticated-encrypted", "window",
                "encryption", f"{key_epoch(EK)},", "authentication", key_epoch(AK),
            ],
        )  # fmt: skip

    def test_json(self) -> None:
        """
        The JSON form holds the same, and is as its schema says.
        """
        self.write(f'{EXAMPLE}\n[[meter]]\nsystem_title = "{OTHER.hex()}"\nreplay = "off"\n')
        form = json.loads(self.keys("list", "--json").stdout)
        check("keys.json", form)
        self.assertEqual(form["file"], str(self.path))
        self.assertEqual(form["default"]["policy"], "encrypted")
        self.assertEqual(
            form["meters"],
            [
                {
                    "system_title": "4D4D4D0000BC614E",
                    "name": "house 7",
                    "policy": "authenticated-encrypted",
                    "replay": "window",
                    "keys": {
                        "encryption_key": key_epoch(EK),
                        "authentication_key": key_epoch(AK),
                    },
                    "promoted": [],
                },
                {
                    "system_title": "4D4D4D0000BC614F",
                    "name": None,
                    "policy": "encrypted",
                    "replay": "off",
                    "keys": {},
                    "promoted": [],
                },
            ],
        )

    def test_empty(self) -> None:
        """
        A file without meters is a document, too.
        """
        self.write("")
        form = json.loads(self.keys("list", "--json").stdout)
        check("keys.json", form)
        self.assertEqual(form["meters"], [])

    def test_missing(self) -> None:
        """
        A file that is not there is one line.
        """
        self.failed(2, f"dlms: {self.path}: No such file or directory", self.keys("list"))
        self.write(EXAMPLE)
        self.failed(
            2,
            f"dlms: {self.folder}/none: no such file",
            self.keys("list", "--promotions", f"{self.folder}/none"),
        )


class RotateTests(KeysCase):
    """
    Tests of C{dlms keys rotate}.
    """

    def setUp(self) -> None:
        """
        Two meters.
        """
        super().setUp()
        self.write(
            f'{EXAMPLE}\n[[meter]]\nsystem_title = "{OTHER.hex()}"\n'
            f'encryption_key = "{EK.hex()}"  # shared?\n'
        )

    def test_given(self) -> None:
        """
        New keys for one meter are noted as pending, then promoted.
        """
        result = self.keys("rotate", "house 7", "--ek", NEW_EK.hex(), "--ak", NEW_AK.hex())
        self.assertEqual(result.exit_code, 0)
        self.assertEqual(result.stderr, f"{self.path}: 1 with new keys to come\n")
        keys = self.meter()
        self.assertEqual((keys.encryption_key, keys.pending_encryption_key), (EK, NEW_EK))
        self.assertEqual((keys.authentication_key, keys.pending_authentication_key), (AK, NEW_AK))
        result = self.keys("rotate", TITLE.hex(), "--promote")
        self.assertEqual(result.stderr, f"{self.path}: 1 promoted\n")
        keys = self.meter()
        self.assertEqual((keys.encryption_key, keys.authentication_key), (NEW_EK, NEW_AK))
        self.assertFalse(keys.has_pending)
        self.assertIn("# optional", self.path.read_text())

    def test_random(self) -> None:
        """
        New keys can be made, for each meter its own, for the keys that it has.
        """
        self.assertEqual(self.keys("rotate", "--all", "--random").exit_code, 0)
        first, second = self.meter(), self.meter(OTHER)
        made = {
            first.pending_encryption_key,
            first.pending_authentication_key,
            second.pending_encryption_key,
        }
        self.assertEqual({len(key or b"") for key in made}, {16})
        self.assertEqual(len(made), 3)
        self.assertIsNone(second.pending_authentication_key)

    def test_promote_seen(self) -> None:
        """
        With the collector's state, only those keys are promoted that meters use; the others are counted.
        """
        self.keys("rotate", "--all", "--random")
        state = self.folder / "promotions.sqlite"
        promotions = Promotions(state)
        keys = self.meter()
        promotions.promote(keys, key_epoch(keys.pending_encryption_key or b""))
        promotions.close()
        form = json.loads(self.keys("list", "--json", "--promotions", str(state)).stdout)
        check("keys.json", form)
        self.assertEqual(
            [meter["promoted"] for meter in form["meters"]], [["pending_encryption_key"], []]
        )
        self.assertIn("(in use)", self.keys("list", "--promotions", str(state)).stdout)
        result = self.keys("rotate", "--all", "--promote", "--promotions", str(state))
        self.assertEqual(result.stderr, f"{self.path}: 1 promoted, 2 not seen in use yet\n")
        self.assertEqual(self.meter().encryption_key, keys.pending_encryption_key)
        self.assertEqual(self.meter().pending_authentication_key, keys.pending_authentication_key)
        self.assertIsNotNone(self.meter(OTHER).pending_encryption_key)

    def test_csv(self) -> None:
        """
        New keys can come from a list.
        """
        csv = self.write(f"title,ek\n{OTHER.hex()},{NEW_EK.hex()}\n", "new.csv")
        self.assertEqual(self.keys("rotate", "--csv", str(csv)).exit_code, 0)
        self.assertEqual(self.meter(OTHER).pending_encryption_key, NEW_EK)

    def test_cancel(self) -> None:
        """
        Keys to come can be dropped.
        """
        before = self.path.read_text()
        self.keys("rotate", "--all", "--random")
        result = self.keys("rotate", "--all", "--cancel")
        self.assertEqual(result.stderr, f"{self.path}: 2 cancelled\n")
        self.assertEqual(self.path.read_text(), before)

    def test_refused(self) -> None:
        """
        What cannot be meant is refused in one line.
        """
        ek = ("--ek", NEW_EK.hex())
        for arguments in (
            (), ("house 7",), ("--all",), ("house 7", "--all", "--random"), ("--all", *ek),
            ("house 7", TITLE.hex(), *ek), ("house 7", *ek, "--promote"),
            ("house 7", "--random", "--promotions", "x"), ("house 7", "--csv", "x"),
        ):  # fmt: skip
            result = self.keys("rotate", *arguments)
            self.assertEqual(result.exit_code, 2)
            self.assertEqual(result.stderr.count("\n"), 1)
        self.failed(
            2, f"dlms: {self.path}: house 9 is not listed", self.keys("rotate", "house 9", *ek)
        )
        self.failed(
            2,
            f"dlms: {self.path}: 4D4D4D0000BC614E: the new encryption_key is the old one",
            self.keys("rotate", "house 7", "--ek", EK.hex()),
        )
        self.keys("rotate", "house 7", *ek)
        self.failed(
            2,
            f"dlms: {self.path}: 4D4D4D0000BC614E has a pending_encryption_key already: "
            "--promote, --cancel or --replace it",
            self.keys("rotate", "house 7", "--random"),
        )
        self.assertEqual(self.keys("rotate", "house 7", "--random", "--replace").exit_code, 0)


class CheckTests(KeysCase):
    """
    Tests of C{dlms keys check}.
    """

    def form(self, code: int, *arguments: str, **options: Any) -> dict[str, Any]:
        """
        @return: the only result in the JSON form, held against its schema.
        """
        result = self.keys("check", "--json", *arguments, **options)
        self.assertEqual(result.exit_code, code, result.output)
        form = json.loads(result.stdout)
        check("keys-check.json", form)
        (only,) = form["results"]
        assert isinstance(only, dict)
        return only

    def test_opens(self) -> None:
        """
        The key that opens a frame is named, and that its tag is right.
        """
        self.write(EXAMPLE)
        result = self.keys("check", GLO)
        self.assertEqual(
            (result.exit_code, result.stdout),
            (
                0,
                "4D4D4D0000BC614E, counter 19088743: opened by the encryption key "
                f"({key_epoch(EK)}), tag verified\n",
            ),
        )
        form = self.form(0, stdin=bytes.fromhex(GLO))
        self.assertEqual(
            (form["meter"], form["key"], form["authenticated"], form["allowed"]),
            ("house 7", "encryption_key", True, True),
        )

    def test_wrapped(self) -> None:
        """
        The frame may be in a link's frames, and in a file.
        """
        self.write(EXAMPLE)
        frame = f"0001 0001 0001 {len(GLO) // 2:04x} {GLO}"
        self.assertTrue(self.form(0, "--file", str(self.write(frame, "frame")))["opened"])

    def test_pending(self) -> None:
        """
        A key to come is named as one.
        """
        self.write(
            f'[[meter]]\nsystem_title = "{TITLE.hex()}"\nencryption_key = "{NEW_EK.hex()}"\n'
            f'authentication_key = "{AK.hex()}"\npending_encryption_key = "{EK.hex()}"\n'
        )
        self.assertEqual(self.form(0, GLO)["key"], "pending_encryption_key")

    def test_wrong(self) -> None:
        """
        Where no key opens it, the reason is told: which key is wrong, and whose is right.
        """
        self.write(EXAMPLE.replace(AK.hex().upper(), NEW_AK.hex()))
        form = self.form(1, GLO)
        self.assertEqual(form["reason"], "bad-tag")
        self.assertIn("the encryption key fits; the authentication key is wrong", form["detail"])
        self.write(EXAMPLE.replace(EK.hex().upper(), NEW_EK.hex()))
        form = self.form(1, GLO)
        self.assertIn("the encryption key is wrong", form["detail"])
        self.write(EXAMPLE.replace("BC614E", "BC614F"))
        form = self.form(1, GLO)
        self.assertEqual(form["reason"], "unknown-key")
        self.assertEqual(
            form["detail"],
            "the title is not listed, and the default has no keys; the keys of house 7 open it",
        )

    def test_policy(self) -> None:
        """
        A frame that opens but is too weak for the meter's policy is told so.
        """
        text = EXAMPLE.replace(f'authentication_key = "{AK.hex().upper()}"', "")
        self.write(text)
        form = self.form(0, GLO)
        self.assertEqual((form["opened"], form["allowed"]), (True, False))
        self.assertIn(
            "no tag verified; refused all the same: policy authenticated-encrypted",
            self.keys("check", GLO).stdout,
        )

    def test_default(self) -> None:
        """
        The default's keys are tried for titles that are not listed.
        """
        self.write(f'[default]\nencryption_key = "{EK.hex()}"\n')
        self.assertEqual(self.form(0, GLO)["meter"], "(all others)")

    def test_given(self) -> None:
        """
        Keys can be given without a file, and go before those of one.
        """
        arguments = ("keys", "check", "--ek", EK.hex(), "--ak", AK.hex(), GLO)
        self.assertEqual(run(*arguments).exit_code, 0)
        self.write(EXAMPLE)
        self.assertFalse(self.form(1, "--ek", NEW_EK.hex(), GLO)["opened"])
        result = run("keys", "check", GLO)
        self.assertEqual(
            (result.exit_code, result.stderr), (2, "dlms keys check: --keys or --ek wanted\n")
        )

    def test_general_ciphering(self) -> None:
        """
        General-ciphering names its sender inside; a key that it brings along has no name of its own.
        """
        kek = bytes(range(0x80, 0x90))
        keys = MeterKeys(encryption_key=EK, authentication_key=AK, master_key=kek)
        self.write(
            f'[[meter]]\nsystem_title = "{TITLE.hex()}"\nencryption_key = "{EK.hex()}"\n'
            f'authentication_key = "{AK.hex()}"\nmaster_key = "{kek.hex()}"\npolicy = "both"\n'
        )
        for key, name, counter in (
            (identify(keys), "encryption_key", 7),
            (wrap(keys, bytes(range(0x30, 0x40))), None, 0),
        ):
            frame = protect_general(
                bytes.fromhex("c0010000080000010000ff0200"),
                keys=keys,
                key=key,
                fields=Fields(transaction_id=b"\1", originator=TITLE),
                counter=counter,
                security_control=0x31,
            ).hex()
            form = self.form(0, frame)
            self.assertEqual(
                (form["system_title"], form["key"], form["authenticated"], form["allowed"]),
                ("4D4D4D0000BC614E", name, True, True),
            )
        self.assertIn("opened by the key of its own", self.keys("check", frame).stdout)

    def test_untagged(self) -> None:
        """
        Where there is no tag, nobody else's key is tried: any might seem to fit.
        """
        self.write(EXAMPLE.replace("BC614E", "BC614F"))
        frame = "db084d4d4d0000bc614e122001234567411312ff935a47566827c467bc"
        form = self.form(1, frame)
        self.assertEqual(form["detail"], "the title is not listed, and the default has no keys")

    def test_one_input(self) -> None:
        """
        The frame is given once.
        """
        self.write(EXAMPLE)
        result = self.keys("check", GLO, "--file", str(self.path))
        self.assertEqual(result.exit_code, 2)
        self.assertIn("HEX or --file, not both", result.stderr)

    def test_nothing_ciphered(self) -> None:
        """
        Where nothing is ciphered there is nothing to check.
        """
        self.write(EXAMPLE)
        result = self.keys("check", "c0010000080000010000ff0200")
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(result.stderr, "dlms: no ciphered message in it (octet 0)\n")


class SqliteTests(KeysCase):
    """
    Tests of the same commands on a key file in SQLite.
    """

    def setUp(self) -> None:
        """
        A master key.
        """
        super().setUp()
        self.path = self.folder / "keys.sqlite"
        self.master = self.folder / "master"
        run("keys", "generate", "--master-key-file", str(self.master))

    def keys(self, command: str, *arguments: str, **options: Any) -> Result:
        """
        @return: as in L{KeysCase}, with the master key's file.
        """
        return super().keys(command, "--master-key-file", str(self.master), *arguments, **options)

    def test_life(self) -> None:
        """
        Add, import, check, rotate and list work as on a file of text.
        """
        title = ("--system-title", TITLE.hex())
        for arguments in (
            ("add", *title, "--name", "house 7", "--ek", EK.hex(), "--ak", AK.hex()),
            ("import", str(self.write(f"title,ek\n{OTHER.hex()},{EK.hex()}\n", "meters.csv"))),
            ("check", GLO),
            ("rotate", "house 7", "--ek", NEW_EK.hex()),
            ("rotate", "--all", "--promote"),
            ("add", "--default", "--policy", "none"),
        ):
            self.assertEqual(self.keys(*arguments).exit_code, 0, arguments)
        form = json.loads(self.keys("list", "--json").stdout)
        check("keys.json", form)
        self.assertEqual(form["default"]["policy"], "none")
        self.assertEqual(
            [(meter["name"], meter["keys"]["encryption_key"]) for meter in form["meters"]],
            [("house 7", key_epoch(NEW_EK)), (None, key_epoch(EK))],
        )
        self.assertEqual(self.keys("check", GLO).exit_code, 1)

    def test_refused(self) -> None:
        """
        Without the master key, with another one, and where there is no file: one line.
        """
        self.failed(2, f"dlms: {self.path}: No such file or directory", self.keys("list"))
        self.keys("add", "--system-title", TITLE.hex())
        result = run("keys", "list", "--keys", str(self.path))
        self.assertEqual(result.exit_code, 2)
        self.assertIn("needs its master key", result.stderr)
        self.master.write_text("00" * 32)
        self.failed(2, f"dlms: {self.path}: this is not its master key", self.keys("list"))

    def test_errors(self) -> None:
        """
        A list with an error changes nothing.
        """
        csv = self.write(f"title,ek\n{OTHER.hex()},{EK.hex()}\n{TITLE.hex()},00\n", "meters.csv")
        self.failed(
            2,
            f"dlms: {csv}: line 3: encryption_key: 1 octets; 16 or 32 octets wanted",
            self.keys("import", str(csv)),
        )
        self.assertEqual(json.loads(self.keys("list", "--json").stdout)["meters"], [])


class GenerateTests(KeysCase):
    """
    Tests of C{dlms keys generate}.
    """

    def test_pairs(self) -> None:
        """
        Key pairs come with requests for their certificates, in private files, and are never replaced.
        """
        for suite, length in (("1", 32), ("2", 48)):
            folder = self.folder / suite
            folder.mkdir()
            arguments = (
                "keys", "generate", "--suite", suite, "--system-title", TITLE.hex(),
                "--out", str(folder), "--json",
            )  # fmt: skip
            result = run(*arguments)
            self.assertEqual(result.exit_code, 0)
            form = json.loads(result.stdout)
            check("keys-generate.json", form)
            for pair in form["pairs"]:
                private = private_of_pem(Path(pair["private_key_file"]).read_bytes())
                self.assertEqual(len(private), length)
                self.assertNotIn(private.hex(), result.output.lower())
                self.assertEqual(os.stat(pair["private_key_file"]).st_mode & 0o777, 0o600)
                request = read_signing_request(_der(Path(pair["request_file"]).read_text()))
                self.assertEqual(request.system_title, TITLE)
                self.assertEqual(request.public_key.hex().upper(), pair["public_key"])
            again = run(*arguments)
            self.assertEqual(again.exit_code, 2)
            self.assertIn("is there already, and is not replaced", again.stderr)

    def test_master_key(self) -> None:
        """
        A master key is made in a private file, and not shown.
        """
        path = self.folder / "master"
        result = run("keys", "generate", "--master-key-file", str(path))
        self.assertEqual(result.exit_code, 0)
        key = bytes.fromhex(path.read_text())
        self.assertEqual(len(key), 32)
        self.assertNotIn(key.hex(), result.output)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_refused(self) -> None:
        """
        It must be said whose keys.
        """
        self.assertEqual(run("keys", "generate").exit_code, 2)


def _der(pem: str) -> bytes:
    import base64

    return base64.b64decode("".join(pem.strip().splitlines()[1:-1]))
