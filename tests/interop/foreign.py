"""
What is asked of other people's clients, the same of each, in a process of its own: they block, and they print.

The process reads a list of tasks from its standard input as JSON, and writes the list of what came of them.  A task
is where to associate and a list of steps; what comes of it is an answer for each step, or what failed.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import sys
from collections.abc import Callable
from typing import Any, Protocol

from attrs import asdict, evolve, field, frozen

__all__ = ["Foreign", "Place", "RefusedError", "main", "task", "text"]


class RefusedError(Exception):
    """
    The meter refused a request, or their client could not make it or read its answer.
    """


@frozen(kw_only=True)
class Place:
    """
    Where a meter is, and how a client associates with it.

    @ivar client: The client's address.
    @ivar physical: The meter's address on an HDLC line; 0 for none.
    @ivar auth: C{none}, C{low}, C{common} (mechanism 2), C{md5}, C{sha1}, C{sha256} or C{gmac}.
    @ivar security: C{none}, C{authenticated}, C{encrypted} or C{both}.
    @ivar counter: The first invocation counter to use.
    @ivar max_pdu: The longest APDU to take; a small one makes for blocks.
    @ivar general: Propose general protection.
    """

    port: int
    framing: str = "wrapper"
    client: int = 16
    logical: int = 1
    physical: int = 0
    auth: str = "none"
    security: str = "none"
    secret: bytes = field(default=b"", repr=False)
    title: bytes = b"FOREIGN1"
    encryption_key: bytes = field(default=b"", repr=False)
    authentication_key: bytes = field(default=b"", repr=False)
    dedicated_key: bytes = field(default=b"", repr=False)
    counter: int = 1
    short_names: bool = False
    max_pdu: int = 0xFFFF
    general: bool = False
    timeout: float = 15.0

    def at(self, **changes: Any) -> Place:
        """
        @return: the same with some fields changed.
        """
        return evolve(self, **changes)


class Foreign(Protocol):
    """
    One association of their client.  Logical names are written with points, C{1.0.99.1.0.255}.

    Each of its methods raises whatever their client raises.
    """

    def open(self) -> None:
        """
        Connect and associate.
        """

    def close(self) -> None:
        """
        Release and disconnect.
        """

    def objects(self) -> list[tuple[int, str, tuple[int, ...]]]:
        """
        @return: class, name and readable attributes of each object of the association.
        """

    def value(self, class_id: int, name: str, attribute: int) -> Any:
        """
        @return: an attribute.
        """

    def entries(self, name: str, first: int, count: int) -> list[Any]:
        """
        @return: rows of a profile, by their numbers.
        """

    def between(self, name: str, start: datetime.datetime, end: datetime.datetime) -> list[Any]:
        """
        @return: rows of a profile, by the time of their capture.
        """

    def write(self, class_id: int, name: str, attribute: int, octets: bytes) -> None:
        """
        Write an octet-string.
        """

    def act(self, class_id: int, name: str, method: int, value: int) -> Any:
        """
        Call a method with an integer.

        @return: what it returned.
        """


def task(place: Place, *steps: tuple[Any, ...]) -> dict[str, Any]:
    """
    @param steps: Name and arguments of each: a method of L{Foreign}, or C{everything}.

    @return: the task as JSON has it.
    """
    fields = {k: v.hex() if isinstance(v, bytes) else v for k, v in asdict(place).items()}
    return {"place": fields, "steps": [list(step) for step in steps]}


def text(value: object) -> Any:
    """
    @return: a value of theirs as JSON can have it; octets in hexadecimal.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    if isinstance(value, list | tuple):
        return [text(one) for one in value]
    return str(value)


def _place(fields: dict[str, Any]) -> Place:
    # The way back from JSON.
    octets = ("secret", "title", "encryption_key", "authentication_key", "dedicated_key")
    read: dict[str, Any] = {k: bytes.fromhex(v) if k in octets else v for k, v in fields.items()}
    return Place(**read)


def _everything(client: Foreign) -> dict[str, Any]:
    # Each readable attribute of each object; what was refused stands beside it.
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    listed = client.objects()
    for class_id, name, attributes in listed:
        for attribute in attributes:
            where = f"{class_id}/{name}/{attribute}"
            try:
                values[where] = text(client.value(class_id, name, attribute))
            except Exception as error:  # whatever their client raises is what is to be shown
                errors[where] = f"{type(error).__name__}: {error}"
    return {"objects": len(listed), "values": values, "errors": errors}


def _step(client: Foreign, name: str, arguments: list[Any]) -> Any:
    if name == "everything":
        return _everything(client)
    if name == "between":
        profile, start, end = arguments
        times = [datetime.datetime.fromisoformat(one) for one in (start, end)]
        return text(client.between(profile, *times))
    if name == "write":
        class_id, target, attribute, octets = arguments
        return client.write(class_id, target, attribute, bytes.fromhex(octets))
    return text(getattr(client, name)(*arguments))


def _run(make: Callable[[Place], Foreign], one: dict[str, Any]) -> dict[str, Any]:
    answers: list[Any] = []
    doing = "associate"
    try:
        client = make(_place(one["place"]))
        client.open()
        for name, *arguments in one["steps"]:
            doing = name
            answers.append(_step(client, name, arguments))
        doing = "release"
        client.close()
    except Exception as error:  # as above; the process ends soon, and its connections with it
        return {"answers": answers, "failed": f"{doing}: {type(error).__name__}: {error}"}
    return {"answers": answers}


def main(make: Callable[[Place], Foreign]) -> None:
    """
    Do what is asked on the standard input.

    @param make: A client that is not open yet.
    """
    tasks = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):
        outcomes = [_run(make, one) for one in tasks]
    json.dump(outcomes, sys.stdout)
