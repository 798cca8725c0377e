"""
The translator on real captures: every published tree comes out.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.cli.keyring import keyring_of_batch
from dlms_twisted.layout_files import default_layouts
from dlms_twisted.translate.translator import Translator, encode, form_of
from tests.schemas import check
from tests.vectors import load

#: Records whose octets are faulty, with what is wrong with them.
FAULTY = {
    "cx-plain-frame2": "trailing",  # the wrapper's length is one short
    # Fragments of requests, of which the first element is stated:
    "gocosem-dlms-encode-setrequestnormal": "trailing",
    "gocosem-dlms-encode-setrequestwithlist": "trailing",
    "gocosem-dlms-encode-setrequestwithlistblock": "trailing",
    "gocosem-dlms-encode-actionrequestwithlist": "trailing",
    "gocosem-dlms-encode-actionrequestwithlistandfirstpblock": "trailing",
    "u9n-selective-access-range-descriptor-to-bytes": "trailing",
    "elster-wrongframe001": "trailing",
}

#: Authenticated, but not enciphered: it can be read without keys.
READABLE = "cx-authenticated-not-encrypted"

#: Published texts that a head-end made of an alarm's bits; the message does not hold them.
DERIVED = {
    ("cx-authenticated-not-encrypted", "event_message"),
    ("cx-data-notification-encrypted-with-authentication-2-0-0", "event_message"),
    ("cx-relay-event-notification-1-6-0", "event_message"),
    ("cx-relay-event-notification-1-6-0", "protocol_code"),
    ("mx382-alarm", "alarm"),
}


def translate(record: dict[str, Any]) -> dict[str, Any]:
    """
    @return: the JSON form of a vector.
    """
    translator = Translator(keyring=keyring_of_batch(record["keys"]), layouts=default_layouts())
    form = form_of(translator.translate(bytes.fromhex(record["hex"]), record["medium"]))
    if len(record["hex"]) < 4000:
        # A schema is slow to hold against a tree of ten thousand elements, and learns no more from it.
        check("decode.json", form)
    return form


def wanted(record: dict[str, Any]) -> dict[str, Any] | None:
    """
    @return: the tree that a record states, L{None} where it states none.
    """
    tree = record.get("decoded") or record["expected"]
    if not isinstance(tree, dict) or not ({"apdu", "type"} & tree.keys()):
        return None
    return {key: value for key, value in tree.items() if key != "plaintext"}


def leaves(form: object) -> set[object]:
    """
    @return: every text and number in a form, hex also as the text it spells.
    """
    found: set[object] = set()
    stack = [form]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            stack += one
        else:
            found.add(one)
            if isinstance(one, str):
                try:
                    found.add(bytes.fromhex(one).decode("utf-8"))
                except ValueError:
                    continue
    return found


class VectorTests(SynchronousTestCase):
    """
    Every vector with a stated tree.
    """

    def _check(self, name: str) -> int:
        count = 0
        for record in load(name):
            tree = wanted(record)
            form = translate(record)
            error = form.get("error")
            faulty = FAULTY.get(record["id"])
            self.assertEqual(error and error["reason"], faulty, record["id"])
            if tree is not None:
                count += 1
                messages = form.get("messages", [form])
                got = [one["apdu"] if "apdu" in tree else one["data"] for one in messages]
                self.assertIn(tree, got, record["id"])
        return count

    def test_wrapper(self) -> None:
        """
        Pushes over the wrapper, plain and ciphered.
        """
        self.assertEqual(self._check("wrapper_udp.jsonl"), 23)

    def test_published_values(self) -> None:
        """
        The published texts of pushes occur in their trees.
        """
        for record in load("wrapper_udp.jsonl"):
            found = leaves(translate(record))
            texts = " ".join(one for one in found if isinstance(one, str)).lower()
            for key, value in record["expected"].items():
                where = (record["id"], key)
                if where in DERIVED or key in {"apdu", "attribute_value", "event_time_ms"}:
                    continue
                if key == "event_message":
                    # The head-end puts the code's name in front, and a full stop behind.
                    text = (
                        value.rpartition(". ")[2] if "{" not in value else value[value.index("{") :]
                    )
                    self.assertIn(text.lower().rstrip("."), texts, where)
                elif key == "protocol_code":
                    self.assertTrue(_coded(value, found), where)
                elif isinstance(value, str):
                    self.assertIn(value.lower(), texts, where)
                else:
                    self.assertIn(value, found, where)

    def test_hdlc(self) -> None:
        """
        Pushes over HDLC: single frames, segments, blocks.
        """
        self.assertGreaterEqual(self._check("hdlc_push.jsonl"), 19)

    def test_telegrams(self) -> None:
        """
        P1 telegrams, plain and ciphered, become readings; without its key a ciphered one says so.
        """
        for record in load("p1.jsonl"):
            form = translate(record)
            if record["id"] == "sagemcom-t210-p1":
                self.assertEqual(form["error"]["reason"], "unknown-key")
                continue
            self.assertIsNone(form["error"], record["id"])
            self.assertGreater(len(form["readings"]), 5, record["id"])
            plaintext = (record["expected"] or {}).get("plaintext")
            if plaintext:
                self.assertEqual(form["layers"][0]["plaintext"], plaintext)

    def test_mbus(self) -> None:
        """
        M-Bus frames are joined, and the envelope inside is shown, with or without its key.
        """
        [record] = load("mbus_push.jsonl")
        form = translate(record)
        self.assertEqual(
            [one["layer"] for one in form["layers"]], ["mbus", "general-glo-ciphering"]
        )
        for key in ("security_control", "system_title", "invocation_counter"):
            self.assertEqual(form["layers"][1][key], record["expected"][key])

    def test_example_of_the_reference(self) -> None:
        """
        The smallest M-Bus push: one frame, one number.
        """
        octets = "68101068 53FF1001670F00000001000600 0003E8 CB16".replace(" ", "")
        messages = Translator().translate(bytes.fromhex(octets))
        form = form_of(messages)
        self.assertIsNone(form["error"])
        self.assertEqual(form["apdu"]["body"], {"type": "double-long-unsigned", "value": 1000})

    def test_data(self) -> None:
        """
        Bare Data of every kind.
        """
        self.assertGreaterEqual(self._check("data_types.jsonl"), 18)

    def test_profiles(self) -> None:
        """
        Profile buffers and object lists.
        """
        self.assertGreaterEqual(self._check("profile.jsonl"), 17)

    def test_encode_back(self) -> None:
        """
        What has a stated tree encodes back to the octets of its APDU.
        """
        for record in load("data_types.jsonl"):
            form = translate(record)
            self.assertEqual(encode(form["data"]).hex(), record["hex"], record["id"])

    def test_without_keys(self) -> None:
        """
        A ciphered push without its keys says C{unknown-key} and still shows its envelope.
        """
        for record in load("wrapper_udp.jsonl"):
            if not record["keys"] or record["id"] == READABLE:
                continue
            form = translate({**record, "keys": None})
            self.assertEqual(form["error"]["reason"], "unknown-key")
            layer = form["layers"][-1]
            self.assertEqual(layer["invocation_counter"], record["invocation_counter"])
            self.assertEqual(layer["system_title"], record["keys"]["system_title"].lower())

    def test_wrong_key(self) -> None:
        """
        A wrong key is named: C{bad-tag}, or C{implausible-plaintext} where there is no tag to check.
        """
        reasons = set()
        for record in load("wrapper_udp.jsonl"):
            if not record["keys"] or record["id"] == READABLE:
                continue
            keys = {**record["keys"], "ek": "5a" * 16}
            reasons.add(translate({**record, "keys": keys})["error"]["reason"])
        self.assertEqual(reasons, {"bad-tag", "implausible-plaintext"})


def _coded(value: int, found: set[object]) -> bool:
    # The head-end joins the alarm's two numbers into one.
    return value in found or (value >> 16 in found and value & 0xFFFF in found)
