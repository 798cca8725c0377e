"""
Tests of L{dlms_twisted.cli.meter_book}: meters by name.
"""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cli.meter_book import BookedMeter, default_book, find_meter
from dlms_twisted.errors import ConfigurationError
from tests.cli.meter_program import METER, MeterProgramCase

_EK = "000102030405060708090A0B0C0D0E0F"
_AK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
_BOOK = f"""
[default]
client = 1
timeout = 20
counter = "counters.sqlite"

[[meter]]
name = "house 7"
endpoint = "tcp:192.0.2.1:4059"
auth = "gmac"
security = "authenticated-encrypted"
encryption_key = "{_EK}"
authentication_key = "{_AK}"

[[meter]]
name = "gas"
endpoint = "udp:192.0.2.2:4059"
client = 16
password = "geheim"
counter = 7
mode_e = false
"""


class BookTests(SynchronousTestCase):
    """
    Tests of L{find_meter}.
    """

    def setUp(self) -> None:
        """
        A file.
        """
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)
        self.path = self.folder / "meters.toml"
        self.write(_BOOK)

    def write(self, text: str) -> None:
        """
        Another file.
        """
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(0o600)

    def found(self, name: str) -> BookedMeter:
        """
        @return: the meter.
        """
        meter = find_meter(self.path, name)
        assert meter is not None
        return meter

    def error(self, text: str) -> str:
        """
        @return: what is wrong with a file.
        """
        self.write(text)
        return str(self.assertRaises(ConfigurationError, find_meter, self.path, "gas"))

    def test_found(self) -> None:
        """
        By name, with what holds for all; its own goes before that.
        """
        house = self.found("house 7")
        self.assertEqual(house.endpoint, "tcp:192.0.2.1:4059")
        self.assertEqual(house.settings["client"], 1)
        self.assertEqual(house.settings["encryption_key"], bytes.fromhex(_EK))
        self.assertEqual(house.counter, str(self.folder / "counters.sqlite"))
        gas = self.found("gas")
        self.assertEqual((gas.settings["client"], gas.settings["timeout"]), (16, 20.0))
        self.assertEqual(gas.counter, "7")
        self.assertIsNone(find_meter(self.path, "house 8"))

    def test_secrets(self) -> None:
        """
        Nothing is shown of passwords and keys.
        """
        self.assertNotIn("geheim", repr(self.found("gas")))
        for text in (
            '[[meter]]\nname = "gas"\nendpoint = "tcp:a:1"\nsecret = "geheim"\n',
            '[[meter]]\nname = "gas"\nendpoint = "tcp:a:1"\nencryption_key = "geheim"\n',
            '[[meter]]\nname = "gas"\nendpoint = "tcp:a:1"\npassword = 12345\n',
        ):
            error = self.error(text)
            self.assertNotIn("geheim", error)
            self.assertNotIn("12345", error)
            self.assertIn("meter[0].", error)

    def test_others(self) -> None:
        """
        A file that others may read is refused, with what mends it; or taken nevertheless.
        """
        self.path.chmod(0o644)
        error = self.assertRaises(ConfigurationError, find_meter, self.path, "gas")
        self.assertIn("chmod o-rwx", str(error))
        self.assertIsNotNone(find_meter(self.path, "gas", insecure=True))

    def test_wrong(self) -> None:
        """
        What is wrong is named with file and key.
        """
        head = '[[meter]]\nname = "gas"\nendpoint = "tcp:a:1"\n'
        for text, said in (
            ('[[meter]]\nname = "gas"\n', "meter[0].endpoint: wanted"),
            ('[[meter]]\nendpoint = "tcp:a:1"\n', "meter[0].name: wanted"),
            (head + head, "meter[1].name: gas is there twice"),
            (head + "clint = 1\n", "meter[0].clint: unknown key (did you mean client?)"),
            (head + "client = 0\n", "meter[0].client"),
            (head + 'auth = "very"\n', "meter[0].auth: one of none, low"),
            (head + 'security = "very"\n', "meter[0].security"),
            (head + "counter = true\n", "meter[0].counter"),
            ("[default]\nfoo = 1\n", "default.foo: unknown key"),
            ("x = 1\n", "x: unknown key"),
            ("[[meter]\n", "meters.toml"),
        ):
            error = self.error(text)
            self.assertIn(said, error)
            self.assertIn(str(self.path), error)
        self.path.unlink()
        self.assertRaises(ConfigurationError, find_meter, self.path, "gas")

    def test_keys(self) -> None:
        """
        Keys of a key file, by the meter's name or by its title; those of the file itself go before them.
        """
        keys = self.folder / "keys.toml"
        keys.write_text(
            f'[[meter]]\nname = "gas"\nsystem_title = "4D4D4D0000BC614E"\nencryption_key = "{_EK}"\n',
            encoding="utf-8",
        )
        keys.chmod(0o600)
        head = 'keys = "keys.toml"\n[[meter]]\nendpoint = "tcp:a:1"\n'
        self.write(head + 'name = "gas"\n')
        gas = self.found("gas").settings
        self.assertEqual(gas["encryption_key"], bytes.fromhex(_EK))
        self.assertEqual(gas["meter_title"].hex(), "4d4d4d0000bc614e")
        self.write(head + 'name = "n"\nmeter_title = "4D4D4D0000BC614E"\n')
        self.assertEqual(self.found("n").settings["encryption_key"], bytes.fromhex(_EK))
        self.write(head + f'name = "gas"\nencryption_key = "{_AK}"\n')
        self.assertEqual(self.found("gas").settings["encryption_key"], bytes.fromhex(_AK))
        self.write(head + 'name = "unlisted"\n')
        self.assertNotIn("encryption_key", self.found("unlisted").settings)
        keys.chmod(0o604)
        self.assertRaises(ConfigurationError, find_meter, self.path, "unlisted")

    def test_clock(self) -> None:
        """
        The quirks of a clock.
        """
        head = '[[meter]]\nname = "gas"\nendpoint = "tcp:a:1"\n'
        self.write(head + 'clock_zone = "Europe/Berlin"\ndeviation_inverted = true\n')
        options = self.found("gas").settings["clock_options"]
        self.assertEqual(options.clock_zone, ZoneInfo("Europe/Berlin"))
        self.assertTrue(options.deviation_inverted)
        self.assertIn("meter[0].clock_zone", self.error(head + 'clock_zone = "Berlin"\n'))

    def test_default(self) -> None:
        """
        Where the file is.
        """
        for environment, path in (
            ({"DLMS_CONFIG": "/x/y.toml", "HOME": "/h"}, "/x/y.toml"),
            ({"HOME": "/h"}, "/h/.config/dlms-twisted/meters.toml"),
            ({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}, "/c/dlms-twisted/meters.toml"),
        ):
            self.assertEqual(default_book(environment), Path(path))


class CommandTests(MeterProgramCase):
    """
    Tests of commands that are given a name.
    """

    def book(self, mode: int = 0o600) -> Path:
        """
        @return: a file with the meter in it.
        """
        keys = self.keys
        path = self.folder / "meters.toml"
        path.write_text(
            f'[[meter]]\nname = "house 7"\nendpoint = "{METER}"\nclient = 1\nauth = "gmac"\n'
            f'security = "both"\nencryption_key = "{keys["DLMS_EK"]}"\n'
            f'authentication_key = "{keys["DLMS_AK"]}"\n',
            encoding="utf-8",
        )
        path.chmod(mode)
        return path

    def test_name(self) -> None:
        """
        A name is enough; the file is that of the option, or of the environment.
        """
        path = str(self.book())
        words = ("read", "house 7", "1-0:1.8.0.255", "--json")
        form = json.loads(self.good(*words, "--config", path, env={}))
        self.assertEqual(form["unit"], "Wh")
        self.good(*words, env={"DLMS_CONFIG": path})
        self.assertEqual(set(self.where), {METER})

    def test_options_first(self) -> None:
        """
        What the command line says goes before the file.
        """
        path = str(self.book())
        public = ("--client", "16", "--auth", "none", "--security", "none")
        words = ("read", "house 7", "1/0-0:96.1.0.255/2", "--config", path)
        self.assertIn("SIM0000000001", self.good(*words, *public, env={}))
        self.assertIn("dlms read: ", self.bad(1, *words, "--ek", "ab" * 16, env={}))

    def test_unknown(self) -> None:
        """
        A name that there is not, a file that there is not, and one that others may read.
        """
        path = self.book()
        words = ("read", "house 8", "1-0:1.8.0.255", "--config")
        self.assertIn("house 8", self.bad(2, *words, str(path), env={}))
        missing = str(self.folder / "missing.toml")
        self.assertIn(missing, self.bad(2, *words, missing, env={}))
        path.chmod(0o644)
        self.assertIn("chmod", self.bad(2, *words, str(path), env={}))
