"""
The configuration file of the commands that talk to meters: meters by name, with their settings and keys.

::

    keys = "keys.toml"

    [default]
    client = 1
    auth = "gmac"
    security = "authenticated-encrypted"

    [[meter]]
    name = "house 7"
    endpoint = "tcp:192.0.2.1:4059"

Keys stand in the file itself, or in a key file, under the meter's name or its system title.  The file is read only
if others cannot read it, as key files are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from dlms_twisted.client.settings import AUTHENTICATIONS, FRAMINGS, PROTECTIONS
from dlms_twisted.cosem.clock import ClockOptions
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.files import read_private
from dlms_twisted.keys.opening import open_key_store
from dlms_twisted.keys.parsing import parse_key, parse_policy, parse_title
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.toml_reader import TomlTable, read_toml

__all__ = ["BookedMeter", "default_book", "find_meter", "zone_of"]

#: Keys of the settings to those of key files.
_KEYS: Final = {
    "encryption_key": "encryption_key",
    "authentication_key": "authentication_key",
    "master_key": "master_key",
    "signing_key": "signing_private_key",
    "meter_signing_key": "signing_public_key",
    "agreement_key": "agreement_private_key",
    "meter_agreement_key": "agreement_public_key",
}
_INTEGERS: Final = {
    "client": (1, 0x3FFF),
    "server": (0, 0x3FFF),
    "physical": (0, 0x3FFF),
    "suite": (0, 2),
    "outstanding": (1, 15),
    "window": (1, 63),
    "max_pdu": (12, 0xFFFF),
    "user": (0, 255),
}
_FLAGS: Final = ("dedicated", "short_names", "mode_e", "pre_established", "general_blocks")
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "framing": FRAMINGS,
    "auth": tuple(AUTHENTICATIONS),
    "protection": tuple(PROTECTIONS),
}


class BookedMeter(NamedTuple):
    """
    A meter of the file.

    @ivar endpoint: Where it is.
    @ivar settings: Of L{dlms_twisted.client.MeterSettings}, as far as the file says them.
    @ivar counter: C{auto}, a number, or the path of a file of counters; C{None} where the file does not say it.
    """

    endpoint: str
    settings: dict[str, Any]
    counter: str | None

    def __repr__(self) -> str:
        # There are keys among the settings.
        return f"<BookedMeter {self.endpoint}>"


def default_book(environment: Mapping[str, str] = os.environ) -> Path:
    """
    @return: the file that is read where none is named: C{DLMS_CONFIG}, or that of the user.
    """
    named = environment.get("DLMS_CONFIG")
    if named:
        return Path(named)
    base = environment.get("XDG_CONFIG_HOME")
    folder = Path(base) if base else Path(environment.get("HOME", "")) / ".config"
    return folder / "dlms-twisted" / "meters.toml"


def find_meter(path: Path, name: str, *, insecure: bool = False) -> BookedMeter | None:
    """
    @param path: The file.
    @param insecure: Read it, and its key file, though others may read them.

    @return: the meter of that name, or C{None}.

    @raise ConfigurationError: the file cannot be read, others may read it, or something in it is wrong.
    """
    octets, _ = read_private(path, insecure=insecure)
    table = read_toml(octets, str(path))
    common = table.table("default")
    shared, shared_counter = _settings(common), _counter(common, path.parent)
    key_file = table.text("keys")
    found: BookedMeter | None = None
    seen: set[str] = set()
    for one in table.tables("meter"):
        named, endpoint = one.text("name"), one.text("endpoint")
        if not named or not endpoint:
            raise one.error("endpoint" if named else "name", "wanted")
        if named in seen:
            raise one.error("name", f"{named} is there twice")
        seen.add(named)
        own, counter = _settings(one), _counter(one, path.parent)
        one.finish()
        if named == name:
            found = BookedMeter(endpoint, {**shared, **own}, counter or shared_counter)
    common.finish()
    table.finish()
    if found is None or key_file is None:
        return found
    keys = _stored(path.parent / key_file, name, found.settings.get("meter_title"), insecure)
    return found._replace(settings={**keys, **found.settings})


def _stored(path: Path, name: str, title: bytes | None, insecure: bool) -> dict[str, Any]:
    """
    @return: the keys that a key file has of a meter.
    """
    store = open_key_store(path, insecure=insecure)
    try:
        keys: MeterKeys | None = store.by_name(title.hex() if title else name)
    finally:
        store.close()
    if keys is None:
        return {}
    said = {ours: getattr(keys, theirs) for ours, theirs in _KEYS.items()}
    said["meter_title"] = keys.system_title
    return {one: value for one, value in said.items() if value is not None}


def _settings(table: TomlTable) -> dict[str, Any]:
    """
    @return: the settings that a table says.
    """
    said: dict[str, Any] = {
        "timeout": table.number("timeout", 0.001, 86400),
        "longest": table.number("longest", 0.001, 86400 * 7),
        "counter_object": table.text("counter_object"),
        "security": None
        if table.convert("security", parse_policy) is None
        else table.text("security"),
        "system_title": table.convert("system_title", parse_title),
        "meter_title": table.convert("meter_title", parse_title),
        "secret": table.convert("secret", _secret),
    }
    password = table.text("password")
    said["password"] = None if password is None else password.encode()
    said |= {one: table.boolean(one) for one in _FLAGS}
    said |= {one: table.integer(one, *bounds) for one, bounds in _INTEGERS.items()}
    said["clock_options"] = _clock(table)
    for one, theirs in _KEYS.items():
        said[one] = table.convert(one, _key(theirs))
    for one, words in _WORDS.items():
        word = table.text(one)
        if word is not None and word not in words:
            raise table.error(one, f"one of {', '.join(words)} wanted")
        said[one] = word
    return {one: value for one, value in said.items() if value is not None}


def _key(theirs: str) -> Callable[[str, str], bytes]:
    def parse(text: str, field: str) -> bytes:
        # What lengths a key may have is known by the name that it has in key files.
        return parse_key(text, f"{field.rpartition('.')[0]}.{theirs}")

    return parse


def zone_of(text: str, field: str) -> ZoneInfo:
    """
    @param field: How the error calls it.

    @raise ConfigurationError: there is no zone of that name.
    """
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        raise ConfigurationError(f"{field}: a zone as Europe/Berlin wanted") from None


def _clock(table: TomlTable) -> ClockOptions | None:
    """
    @return: the quirks of a meter's clock; C{None} where nothing is said of them.
    """
    said = {
        "clock_zone": table.convert("clock_zone", zone_of),
        "deviation_inverted": table.boolean("deviation_inverted"),
        "standard_time_all_year": table.boolean("standard_time_all_year"),
    }
    given: dict[str, Any] = {one: value for one, value in said.items() if value is not None}
    return ClockOptions(**given) if given else None


def _secret(text: str, field: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        message = f"{field}: hex digits wanted"
    # Not inside of the handler: its error holds what was given.
    raise ConfigurationError(message)


def _counter(table: TomlTable, folder: Path) -> str | None:
    """
    A number, C{auto}, or a path, which is meant from where the file stands.
    """
    if "counter" not in table:
        return None
    try:
        text = table.text("counter")
    except ConfigurationError:
        number = table.integer("counter", 0, 0xFFFFFFFE)
        return None if number is None else str(number)
    if text is None or text == "auto" or text.isdecimal():
        return text
    return str(folder / text)
