"""
APDUs for people's eyes, without what must stay secret: passwords, challenges and their answers, keys, and what is
ciphered.
"""

from __future__ import annotations

from typing import Any, Final

from dlms_twisted.apdu.registry import decode
from dlms_twisted.errors import DecodeError

__all__ = ["Masked"]

#: Fields that hold secrets, or octets that may.
_FIELDS: Final = frozenset(
    {
        "block_data",
        "calling_authentication_value",
        "content",
        "dedicated_key",
        "payload",
        "raw_data",
        "responding_authentication_value",
    }
)
#: Fields with data, which are secret where the object is.
_DATA: Final = frozenset(
    {
        "data",
        "parameter",
        "parameters",
        "result",
        "results",
        "return_parameters",
        "value",
        "values",
        "access_selection",
    }
)
#: Attributes that hold secrets: the secret of an association, passwords of PPP and of mail.
_ATTRIBUTES: Final = frozenset({(15, 7), (44, 5), (46, 4)})
#: Classes whose methods take or give secrets: associations, and Security setup.
_METHODS: Final = frozenset({12, 15, 64})
#: Short names of the association's object.
_ASSOCIATION: Final = range(0xFA00, 0xFB00)


class Masked:
    """
    What passes in one association: whether an answer is secret depends on what was asked.
    """

    def __init__(self) -> None:
        #: Invoke-ids of requests whose answers are secret; C{None} with short names.
        self._asked: set[int | None] = set()

    def form(self, octets: bytes) -> dict[str, Any]:
        """
        @param octets: An APDU.

        @return: its JSON form, with secrets replaced by how long they are.

        @raise DecodeError: it is none.
        """
        form: dict[str, Any] = decode(octets).to_json()
        invoke = form.get("invoke_id_and_priority", form.get("long_invoke_id_and_priority"))
        number = None if invoke is None else invoke & (0xF if invoke <= 0xFF else 0xFFFFFF)
        if "request" in form["apdu"]:
            secret = _is_secret(form)
            (self._asked.add if secret else self._asked.discard)(number)
        else:
            secret = number in self._asked and form["apdu"] not in _OPENING
        found: dict[str, Any] = _masked(form, secret)
        return found

    def text(self, octets: bytes) -> tuple[str, dict[str, Any]]:
        """
        @return: name and fields of an APDU; of octets that are none, how many there are.
        """
        try:
            form = self.form(octets)
        except DecodeError:
            return "no APDU", {"octets": len(octets)}
        return form.pop("apdu"), form


#: APDUs that answer no request by an invoke-id.
_OPENING: Final = frozenset({"aarq", "aare", "rlrq", "rlre", "exception-response"})


def _is_secret(form: Any) -> bool:
    """
    Does a request touch an object that keeps secrets?
    """
    if isinstance(form, list):
        return any(_is_secret(one) for one in form)
    if not isinstance(form, dict):
        return False
    if "method_id" in form:
        return form["class_id"] in _METHODS
    if "attribute_id" in form:
        return (form["class_id"], form["attribute_id"]) in _ATTRIBUTES
    if form.get("variable_name") in _ASSOCIATION:
        # The object list itself is no secret.
        return form["variable_name"] != _ASSOCIATION.start + 8 or "parameter" in form
    return any(_is_secret(one) for key, one in form.items() if key not in _DATA)


def _masked(form: Any, secret: bool, field: str = "") -> Any:
    if field in _FIELDS or (secret and field in _DATA):
        return _length(form)
    if isinstance(form, dict):
        return {key: _masked(one, secret, key) for key, one in form.items()}
    if isinstance(form, list):
        return [_masked(one, secret) for one in form]
    return form


def _length(form: Any) -> Any:
    """
    How long a secret is, and what it is where it is none.
    """
    if form is None:
        return None
    if isinstance(form, str):
        if all(one in "0123456789abcdef" for one in form):
            return f"({len(form) // 2} octets)"
        # A result, by its name.
        return form
    return "(secret)"
