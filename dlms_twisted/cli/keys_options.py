"""
Options that the C{dlms keys} commands share: which file, and keys that need not stand on a command line.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from dlms_twisted.errors import ConfigurationError, SecurityError
from dlms_twisted.keys.fields import FIELDS, KEY_FIELDS
from dlms_twisted.keys.files import read_private
from dlms_twisted.security.pem import private_of_pem, public_of_pem

__all__ = ["KeyValue", "file_options", "given_fields", "key_options", "read_list", "read_text"]

if TYPE_CHECKING:
    _ParamType = click.ParamType[bytes]
else:
    _ParamType = click.ParamType

F = TypeVar("F", bound=Callable[..., Any])

#: Short names of key options.
_SHORT: Final = {
    "encryption_key": ("--ek",),
    "authentication_key": ("--ak",),
    "dedicated_key": ("--dek",),
    "master_key": ("--kek",),
}
_ENVIRONMENT: Final = {"encryption_key": "DLMS_EK", "authentication_key": "DLMS_AK"}
_CURVE_FIELDS: Final = tuple(
    field for field in KEY_FIELDS if "agreement" in field or "signing" in field
)
#: What an option without a value stands for.
_ASK: Final = "?"


class KeyValue(_ParamType):
    """
    A key: its hex; C{@FILE} for a file that holds it (C{@-} for stdin); C{env:NAME} for a variable; C{?} to be asked
    for it, unseen.
    """

    name = "key"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """
        @return: the key's octets.

        @raise ConfigurationError: it cannot be had, or is no key.
        """
        if isinstance(value, bytes):
            return value
        assert param is not None
        option = max(param.opts, key=len)
        insecure = bool(ctx and ctx.params.get("insecure_keys"))
        field = param.name or ""
        text = read_text(value, option, insecure)
        if "-----BEGIN" in text:
            return _from_pem(text, field, option)
        octets: bytes = FIELDS[field](text, option)
        return octets


def _from_pem(text: str, field: str, option: str) -> bytes:
    read = public_of_pem if field.endswith("public_key") else private_of_pem
    if field not in _CURVE_FIELDS:
        raise ConfigurationError(f"{option}: hex wanted, not PEM")
    try:
        return read(text.encode("ascii", "replace"))
    except SecurityError as error:
        message = f"{option}: {error.detail}"
    raise ConfigurationError(message)


def read_text(value: str, option: str, insecure: bool) -> str:
    """
    @param value: As it stands on the command line.
    @param option: How prompts and errors call it.

    @return: the text that it stands for.
    """
    if value == _ASK:
        text: str = click.prompt(option.lstrip("-"), hide_input=True, err=True)
        return text
    if value == "@-":
        return sys.stdin.read()
    if value.startswith("@"):
        octets, _ = read_private(value[1:], insecure=insecure)
        return octets.decode("ascii", "replace")
    if value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise ConfigurationError(f"{option}: the environment has no {name}")
        return os.environ[name]
    return value


def file_options(required: bool = True) -> Callable[[F], F]:
    """
    @return: a decorator that adds C{--keys} and what is needed to open that file.
    """

    def decorate(command: F) -> F:
        command = click.option(
            "--master-key-file",
            metavar="FILE",
            help="For SQLite: the file of its master key (or DLMS_MASTER_KEY_FILE, or DLMS_MASTER_KEY).",
        )(command)
        command = click.option(
            "--insecure-keys",
            is_flag=True,
            is_eager=True,
            help="Take files of keys that others may read.",
        )(command)
        return click.option(
            "--keys",
            "key_file",
            envvar="DLMS_KEYS",
            required=required,
            metavar="FILE",
            help="The key file: keys.toml, or SQLite (or DLMS_KEYS).",
        )(command)

    return decorate


def key_options(
    fields: tuple[str, ...] = KEY_FIELDS, environment: bool = False
) -> Callable[[F], F]:
    """
    @param fields: Which keys can be given.
    @param environment: Take the encryption and authentication key from DLMS_EK and DLMS_AK where they are not given.

    @return: a decorator that adds an option for each.
    """

    def decorate(command: F) -> F:
        for field in reversed(fields):
            variable = _ENVIRONMENT.get(field) if environment else None
            words = field.replace("_", " ").capitalize()
            command = click.option(
                *(*_SHORT.get(field, ()), f"--{field.replace('_', '-')}", field),
                type=KeyValue(),
                is_flag=False,
                flag_value=_ASK,
                envvar=variable,
                metavar="[KEY]",
                help=f"{words}" + (f" (or {variable})." if variable else "."),
            )(command)
        return command

    return decorate


def given_fields(values: dict[str, Any]) -> dict[str, Any]:
    """
    @return: the fields among the values of options that were given.
    """
    return {name: values[name] for name in FIELDS if values.get(name) is not None}


def read_list(path: Path) -> bytes:
    """
    Read a list of keys.  It is there for a moment only: one that others may read is taken, with advice.

    @param path: C{-} is stdin.

    @raise ConfigurationError: it cannot be read.
    """
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        if path.stat().st_mode & stat.S_IROTH:
            click.echo(f"{path}: others may read these keys; delete it after the import", err=True)
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: {error.strerror}"
    raise ConfigurationError(message)
