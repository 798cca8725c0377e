"""
The bodies of the shared vectors' pushes, for tests of what they mean.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dlms_twisted.codec.data import Data
from dlms_twisted.codec.json_form import from_json
from tests.vectors import load

__all__ = ["Pushed", "notifications", "pushed"]


class Pushed(NamedTuple):
    """
    One notification of the vectors.
    """

    id: str
    body: Data
    date_time: bytes | None
    record: dict[str, Any]


def notifications(file: str) -> list[Pushed]:
    """
    @return: the data-notifications of a file.

    @raise SkipTest: the vectors are not here.
    """
    found = []
    for record in load(file):
        tree = record.get("decoded") or record["expected"] or {}
        if "body" in tree:
            time = tree["date_time"]
            octets = None if time is None else bytes.fromhex(time)
            found.append(Pushed(record["id"], from_json(tree["body"]), octets, record))
    return found


def pushed(identifier: str, file: str = "hdlc_push.jsonl") -> Pushed:
    """
    @return: the notification of that C{id}.
    """
    return next(one for one in notifications(file) if one.id == identifier)
