"""
C{dlms keys check}: does this key open that frame?
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from attrs import evolve

from dlms_twisted.apdu.ciphered import CIPHERED_TAGS, Envelope, parse_envelope
from dlms_twisted.cli.keys_options import file_options, key_options
from dlms_twisted.errors import DecodeError, Reason, SecurityError
from dlms_twisted.keys.editing import KeyFile, policy_of_meters
from dlms_twisted.keys.fields import KEY_FIELDS, keys_of
from dlms_twisted.keys.opening import open_key_file
from dlms_twisted.keys.parsing import parse_title
from dlms_twisted.security.general import fields_of, open_general
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.opening import Opened, open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.suites import AUTHENTICATED
from dlms_twisted.translate.media import ALIASES, MEDIA, translate_medium
from dlms_twisted.translate.text import octets_of
from dlms_twisted.translate.unwrap import Unwrapper

__all__ = ["check"]

_GENERAL_CIPHERING = 0xDD


@click.command()
@file_options(required=False)
@key_options(("encryption_key", "authentication_key", "dedicated_key", "broadcast_key"))
@click.option("--system-title", "title", metavar="HEX", help="Where the frame holds none.")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the frame from a file, hex or binary.",
)
@click.option("--medium", type=click.Choice(["auto", *MEDIA, *ALIASES]), default="auto")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("hex_text", metavar="[HEX]", required=False)
def check(
    key_file: str | None,
    insecure_keys: bool,
    master_key_file: str | None,
    title: str | None,
    path: Path | None,
    medium: str,
    as_json: bool,
    hex_text: str | None,
    **given: bytes | None,
) -> int:
    """Say which of the keys opens a frame (HEX, a file or stdin), and where none does, why."""
    wanted = None if title is None else parse_title(title, "--system-title")
    keys = {name: key for name, key in given.items() if key is not None}
    if key_file is None and not keys:
        raise click.UsageError("--keys or --ek wanted")
    envelopes = list(_envelopes(_octets(hex_text, path), medium))
    if not envelopes:
        raise DecodeError("no ciphered message in it", 0)
    file = (
        None
        if key_file is None
        else open_key_file(
            key_file, insecure=insecure_keys, master_key_file=master_key_file, must_exist=True
        )
    )
    try:
        results = [_Trial(envelope, wanted, file, keys).result() for envelope in envelopes]
    finally:
        if file is not None:
            file.close()
    if as_json:
        click.echo(json.dumps({"results": results}, ensure_ascii=False))
    else:
        for result in results:
            click.echo(_line(result))
    return 0 if all(result["opened"] for result in results) else 1


def _octets(hex_text: str | None, path: Path | None) -> bytes:
    if hex_text is not None and path is not None:
        raise click.UsageError("HEX or --file, not both")
    if hex_text is not None:
        return octets_of(hex_text)
    raw = sys.stdin.buffer.read() if path is None else path.read_bytes()
    try:
        return octets_of(raw.decode("ascii"))
    except (UnicodeDecodeError, DecodeError):
        return raw


def _envelopes(octets: bytes, medium: str) -> Iterator[Envelope]:
    """
    @return: the outermost ciphered layer of each message.
    """
    for message in translate_medium(octets, medium, Unwrapper(lambda _: None)):
        for section in reversed(message.sections):
            if section.octets and section.octets[0] in CIPHERED_TAGS:
                yield parse_envelope(section.octets)
                break


class _Trial:
    """
    One envelope, and the keys to try it with.
    """

    def __init__(
        self, envelope: Envelope, title: bytes | None, file: KeyFile | None, given: dict[str, bytes]
    ) -> None:
        self._envelope = envelope
        self._title = envelope.system_title or _originator(envelope) or title or b""
        self._file = file
        self._given: dict[str, Any] = dict(given)

    def result(self) -> dict[str, Any]:
        """
        @return: the JSON form of what was found.
        """
        keys, meter = self._keys()
        form: dict[str, Any] = {
            "system_title": self._title.hex().upper() or None,
            "invocation_counter": self._envelope.invocation_counter,
            "security_control": self._envelope.security_control,
            "meter": meter,
            "opened": False,
            "key": None,
            "epoch": None,
            "authenticated": False,
            "allowed": False,
            "reason": None,
            "detail": None,
        }
        if keys is None:
            detail = "the title is not listed, and the default has no keys"
            return {**form, "reason": str(Reason.UNKNOWN_KEY), "detail": self._hint(detail)}
        try:
            opened = self._open(keys)
        except SecurityError as error:
            return {**form, "reason": str(error.reason), "detail": self._why(error, keys)}
        used = [name for name in KEY_FIELDS if _is_epoch(getattr(keys, name), opened.epoch)]
        return {
            **form,
            "opened": True,
            "key": used[0] if used else None,
            "epoch": opened.epoch or None,
            "authenticated": opened.authenticated,
            "allowed": keys.policy.allows(opened.authenticated, opened.encrypted),
            "detail": f"policy {keys.policy}",
        }

    def _keys(self) -> tuple[MeterKeys | None, str | None]:
        """
        @return: the keys that a collector would try, and whose they are.
        """
        found, meter = None, None
        if self._file is not None:
            default = self._file.default()
            entry = self._file.find(self._title.hex()) if self._title else None
            if entry is not None:
                found = keys_of(entry, policy_of_meters(default))
                meter = found.name or self._title.hex().upper()
            elif any(name in default for name in KEY_FIELDS):
                found, meter = keys_of(default), "(all others)"
        if self._given:
            found = evolve(found or MeterKeys(policy=Policy.NONE), **self._given)
        return found, meter

    def _open(self, keys: MeterKeys) -> Opened:
        if self._envelope.tag == _GENERAL_CIPHERING:
            return open_general(self._envelope, keys, self._title, policy=Policy.NONE)
        return open_envelope(self._envelope, keys, self._title, policy=Policy.NONE)

    def _why(self, error: SecurityError, keys: MeterKeys) -> str:
        """
        @return: what is wrong, as far as can be told.
        """
        if error.reason is Reason.BAD_TAG and keys.authentication_key is not None:
            bare = evolve(keys, authentication_key=None, pending_authentication_key=None)
            try:
                self._open(bare)
            except SecurityError:
                return self._hint("the encryption key is wrong, or the frame is damaged")
            return (
                "the encryption key fits; the authentication key is wrong, or the frame is damaged"
            )
        return self._hint(error.detail)

    def _hint(self, detail: str) -> str:
        """
        @return: the detail, and whose key opens the frame instead.
        """
        if self._file is None or not self._envelope.security_control & AUTHENTICATED:
            return detail
        for entry in self._file.entries():
            try:
                opened = self._open(keys_of(entry))
            except SecurityError:
                continue
            if opened.authenticated:
                other = entry.get("name") or entry["system_title"].hex().upper()
                return f"{detail}; the keys of {other} open it"
        return detail


def _originator(envelope: Envelope) -> bytes | None:
    if envelope.tag != _GENERAL_CIPHERING:
        return None
    try:
        return fields_of(envelope).originator or None
    except DecodeError:
        return None


def _is_epoch(key: bytes | None, epoch: str) -> bool:
    return key is not None and key_epoch(key) == epoch


def _line(result: dict[str, Any]) -> str:
    title = result["system_title"] or "no system title"
    who = f"{title}, counter {result['invocation_counter']}"
    if not result["opened"]:
        return f"{who}: {result['reason']}: {result['detail']}"
    key = (result["key"] or "key of its own").replace("_", " ")
    tag = "tag verified" if result["authenticated"] else "no tag verified"
    allowed = "" if result["allowed"] else f"; refused all the same: {result['detail']}"
    return f"{who}: opened by the {key} ({result['epoch']}), {tag}{allowed}"
