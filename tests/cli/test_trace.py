"""
Tests of L{dlms_twisted.cli.trace} and L{dlms_twisted.cli.masking}.
"""

from __future__ import annotations

import json
import os
import stat
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.access import AccessRequest
from dlms_twisted.apdu.registry import from_json
from dlms_twisted.cli.masking import Masked
from dlms_twisted.cli.trace import Capture, Tracer
from dlms_twisted.client.tracing import TraceEvent
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.link.wrapper import encode_frame
from tests.cli.meter_program import MANAGEMENT, METER, MeterProgramCase
from tests.vectors import load

_AARQ = bytes.fromhex(
    "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738"
    "BE10040E01000000065F1F0400007E1F04B0"
)
_SECRET = "5ec2e75ec2e7"


class MaskedTests(SynchronousTestCase):
    """
    Tests of L{Masked}.
    """

    def shown(self, *forms: Any) -> str:
        """
        @param forms: APDUs of one association: their JSON forms, or octets.

        @return: the last of them, as it is shown.
        """
        masked = Masked()
        told: dict[str, Any] = {}
        for one in forms:
            told = masked.form(one if isinstance(one, bytes) else from_json(one).encode())
        return json.dumps(told)

    def test_password(self) -> None:
        """
        A password is not shown.
        """
        shown = self.shown(_AARQ)
        self.assertNotIn("3132333435363738", shown)
        self.assertIn("(8 octets)", shown)

    def test_by_logical_name(self) -> None:
        """
        Secrets that are written, asked for, or handed to methods, and the answers that hold them.
        """
        secret = {"type": "octet-string", "value": _SECRET}
        attribute = {"class_id": 15, "instance_id": "0000280000ff", "attribute_id": 7}
        method = {"class_id": 64, "instance_id": "00002b0000ff", "method_id": 2}
        get: dict[str, Any] = {
            "apdu": "get-request-normal",
            "invoke_id_and_priority": 193,
            "attribute": attribute,
            "access_selection": None,
        }
        answer = {
            "apdu": "get-response-normal",
            "invoke_id_and_priority": 193,
            "result": {"data": secret},
        }
        action = {
            "apdu": "action-request-normal",
            "invoke_id_and_priority": 193,
            "method": method,
            "parameters": secret,
        }
        returned = {
            "apdu": "action-response-normal",
            "invoke_id_and_priority": 193,
            "result": "success",
            "return_parameters": {"data": secret},
        }
        written = {**get, "apdu": "set-request-normal", "value": secret}
        several = {
            "apdu": "get-request-with-list",
            "invoke_id_and_priority": 193,
            "attributes": [{"attribute": attribute, "access_selection": None}] * 2,
        }
        answers = {
            "apdu": "get-response-with-list",
            "invoke_id_and_priority": 193,
            "results": [{"data": secret}] * 2,
        }
        for forms in ([written], [get, answer], [action], [action, returned], [several, answers]):
            self.assertNotIn(_SECRET, self.shown(*forms))
        # The next request of the same number asks for something else.
        harmless = {**get, "attribute": {**attribute, "attribute_id": 2}}
        shown = self.shown(get, answer, harmless, answer)
        self.assertIn(_SECRET, shown)

    def test_by_short_name(self) -> None:
        """
        The same with short names.
        """
        secret = {"type": "octet-string", "value": _SECRET}
        answer = {"apdu": "read-response", "results": [{"choice": "data", "data": secret}]}
        method = {
            "apdu": "read-request",
            "variables": [
                {
                    "choice": "parameterized-access",
                    "variable_name": 0xFA58,
                    "selector": 1,
                    "parameter": secret,
                }
            ],
        }
        written = {
            "apdu": "write-request",
            "variables": [{"choice": "variable-name", "variable_name": 0xFA10}],
            "data": [secret],
        }
        for forms in ([method], [method, answer], [written]):
            self.assertNotIn(_SECRET, self.shown(*forms))

    def test_access(self) -> None:
        """
        The same with ACCESS.
        """
        form = {
            "apdu": AccessRequest.NAME,
            "long_invoke_id_and_priority": 0x40000001,
            "date_time": None,
            "specifications": [
                {
                    "choice": "access-request-set",
                    "attribute": {
                        "class_id": 15,
                        "instance_id": "0000280000ff",
                        "attribute_id": 7,
                    },
                }
            ],
            "data": [{"type": "octet-string", "value": _SECRET}],
        }
        self.assertNotIn(_SECRET, self.shown(form))

    def test_any(self) -> None:
        """
        Each APDU of the vectors has a text, and ciphertexts and parts of messages are not in it.
        """
        masked = Masked()
        tried = 0
        for file in ("services.jsonl", "acse.jsonl", "ciphering.jsonl"):
            for vector in load(file):
                name, fields = masked.text(bytes.fromhex(vector["hex"]))
                json.dumps(fields)
                tried += name != "no APDU"
                for key in ("payload", "raw_data", "content"):
                    self.assertRegex(str(fields.get(key, "()")), r"\A\(.*\)\Z|\ANone\Z")
        self.assertGreater(tried, 50)
        self.assertEqual(masked.text(b"\xff\x00"), ("no APDU", {"octets": 2}))


class TracerTests(SynchronousTestCase):
    """
    Tests of L{Tracer} and L{Capture}.
    """

    def test_lines(self) -> None:
        """
        A line for each frame and each APDU, with time and direction.
        """
        lines: list[str] = []
        tracer = Tracer(lines.append)
        snrm = bytes.fromhex("7EA0070321930F017E")
        tracer(TraceEvent(0.25, "out", "apdu", _AARQ))
        tracer(TraceEvent(0.5, "out", "frame", encode_frame(16, 1, _AARQ)))
        tracer(TraceEvent(60.0, "in", "frame", snrm))
        tracer(TraceEvent(61.0, "in", "frame", b"junk"))
        tracer(TraceEvent(62.0, "in", "plaintext", bytes.fromhex("C401C10006000003E8")))
        self.assertTrue(lines[0].startswith("00:00:00.250 >   aarq {"))
        self.assertEqual(lines[1], "00:00:00.500 > wrapper 16 to 1, 56 octets")
        self.assertTrue(lines[2].startswith("00:01:00.000 < hdlc SNRM "), lines[2])
        self.assertEqual(lines[3], "00:01:01.000 < 4 octets that are no frame")
        self.assertIn("in clear: get-response-normal", lines[4])
        self.assertNotIn("3132333435363738", "".join(lines))

    def test_capture(self) -> None:
        """
        The file is for nobody else, even one that was there before.
        """
        path = self.mktemp()
        with open(path, "w", encoding="ascii") as file:
            file.write("old")
        with Capture(path) as capture:
            capture(TraceEvent(0.5, "out", "frame", b"\x01\x02"))
            capture(TraceEvent(0.5, "out", "apdu", b"\x03"))
        capture(TraceEvent(0.5, "out", "frame", b"\x04"))
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "1970-01-01T00:00:00.500000Z OUT: 0102\n")
            self.assertEqual(stat.S_IMODE(os.fstat(file.fileno()).st_mode), 0o600)
        self.assertRaises(ConfigurationError, Capture, f"{path}/x")


class CommandTests(MeterProgramCase):
    """
    Tests of C{--trace} and C{--capture}.
    """

    def test_trace(self) -> None:
        """
        What passes is told, and no secret of it: neither keys nor what is ciphered.
        """
        words = ("read", METER, "3/1-0:1.8.0.255/2", *MANAGEMENT)
        result = self.dlms(*words, "--trace")
        self.assertEqual(result.exit_code, 0)
        lines = result.stderr.splitlines()
        for wanted in ("aarq", "aare", "glo-get-request", "glo-get-response", "rlrq", "rlre"):
            self.assertTrue([one for one in lines if f" {wanted} " in one], wanted)
        self.assertNotIn("in clear", result.stderr)
        for key in self.keys.values():
            assert key is not None
            self.assertNotIn(key, result.stderr.lower())
        clear = self.dlms(*words, "--trace-plaintext").stderr
        self.assertIn("in clear: get-request-normal", clear)
        proof = next(one for one in clear.splitlines() if "in clear: action-request" in one)
        self.assertIn('"parameters": "(secret)"', proof)

    def test_password(self) -> None:
        """
        A password is in no trace.
        """
        words = ("--client", "2", "--auth", "low", "--password", "12345678", "--trace")
        result = self.dlms("read", METER, "1-0:1.8.0.255", *words, env={})
        self.assertEqual(result.exit_code, 0, result.stderr)
        self.assertNotIn("12345678", result.stderr)
        self.assertNotIn(b"12345678".hex(), result.stderr)

    def test_capture(self) -> None:
        """
        C{dlms decode} reads what was captured, and opens it with the meter's keys.
        """
        path = str(self.folder / "capture.txt")
        for framing in ("wrapper", "hdlc"):
            words = ("--framing", framing, "--capture", path, *MANAGEMENT)
            self.good("read", METER, "3/1-0:1.8.0.255/2", *words)
            form = json.loads(self.good("decode", "--file", path, "--json"))
            apdus = [one["apdu"]["apdu"] for one in form["messages"] if one["apdu"]]
            for wanted in ("aarq", "aare", "get-request-normal", "get-response-normal", "rlre"):
                self.assertIn(wanted, apdus, framing)
            self.assertEqual([one["error"] for one in form["messages"] if one["error"]], [])
            self.bad(
                2, "read", METER, "3/1-0:1.8.0.255/2", "--capture", str(self.folder), *MANAGEMENT
            )
