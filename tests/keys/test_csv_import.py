"""
Tests of L{dlms_twisted.keys.csv_import}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.csv_import import read_csv
from dlms_twisted.security.keys import ReplayMode
from dlms_twisted.security.policy import Policy
from tests.keys.samples import AK, EK, OTHER, TITLE


class CSVTests(SynchronousTestCase):
    """
    Tests of L{read_csv}.
    """

    def test_own_names(self) -> None:
        """
        The columns may be called as the fields are.
        """
        text = (
            "system_title,name,encryption_key,authentication_key,policy,replay\r\n"
            f'{TITLE.hex()},"house 7, left",{EK.hex(" ")},0x{AK.hex()},both,strict\r\n'
            "\r\n"
            f"{OTHER.hex()},,,,,\r\n"
        )
        self.assertEqual(
            list(read_csv(text.encode(), "meters.csv")),
            [
                {
                    "system_title": TITLE,
                    "name": "house 7, left",
                    "encryption_key": EK,
                    "authentication_key": AK,
                    "policy": Policy.AUTHENTICATED_ENCRYPTED,
                    "replay": ReplayMode.STRICT,
                },
                {"system_title": OTHER},
            ],
        )

    def test_other_names(self) -> None:
        """
        Usual names, other separators and a byte order mark are understood.
        """
        for delimiter in ",;\t|":
            text = delimiter.join(("System Title", "Serial-Number", "GUEK", "gak")) + "\n"
            text += delimiter.join((TITLE.hex(), "12345", EK.hex(), AK.hex())) + "\n"
            (entry,) = read_csv(b"\xef\xbb\xbf" + text.encode(), "meters.csv")
            self.assertEqual(
                entry,
                {
                    "system_title": TITLE,
                    "name": "12345",
                    "encryption_key": EK,
                    "authentication_key": AK,
                },
            )

    def test_mapping(self) -> None:
        """
        Columns can be named by the operator, and the others left out.
        """
        text = f"Zähler,Schlüssel 1,PIN\n{TITLE.hex()},{EK.hex()},1234\n".encode()
        columns = {"Zähler": "system_title", "Schlüssel 1": "encryption_key"}
        self.assertRaises(ConfigurationError, list, read_csv(text, "x", columns=columns))
        self.assertEqual(
            list(read_csv(text, "x", columns=columns, ignore_unknown=True)),
            [{"system_title": TITLE, "encryption_key": EK}],
        )

    def test_errors(self) -> None:
        """
        Errors name the line, and hold nothing of the cells.
        """
        head = "system_title,encryption_key,authentication_key\n"
        title, key = TITLE.hex(), EK.hex()
        for text, error in {
            "": "empty; a line with the names of the columns wanted",
            "\n\n": "empty; a line with the names of the columns wanted",
            f"{title},{key}\n": (
                "line 1: a line with the names of the columns wanted, not hex (column 1)"
            ),
            "system_title,encrypton_key\n": (
                "line 1: unknown column 'encrypton_key' (did you mean encryption_key?)"
            ),
            "ek,ak\n": "line 1: no column system_title",
            "title,ek,encryption key\n": "line 1: two columns are encryption_key",
            f"{head}{title},{key[:-2]},\n": (
                "line 2: encryption_key: 15 octets; 16 or 32 octets wanted"
            ),
            f"{head}\n,{key},\n": "line 3: system_title: wanted for each meter",
            f"{head}{title},,\n{title},,\n": (
                "line 3: system_title: 4D4D4D0000BC614E is in line 2, too"
            ),
            f"{head}{title},{key},{key},{key}\n": "line 2: 4 cells, 3 wanted",
            f"{head}{title},{key},{key}{key}\n": (
                "line 2: authentication_key: 32 octets, but encryption_key has 16: "
                "one security suite has one length"
            ),
            f'{head}{title},"{key}"x,\n': "line 2: ',' expected after '\"'",
        }.items():
            with self.assertRaises(ConfigurationError) as caught:
                list(read_csv(text.encode(), "meters.csv"))
            self.assertEqual(str(caught.exception), f"meters.csv: {error}")
            self.assertNotIn(key[:8], str(caught.exception))

    def test_not_text(self) -> None:
        """
        What is not UTF-8 is refused by line.
        """
        with self.assertRaises(ConfigurationError) as caught:
            list(read_csv(b"title\n\xff\n", "meters.csv"))
        self.assertEqual(str(caught.exception), "meters.csv: line 2: not UTF-8")
