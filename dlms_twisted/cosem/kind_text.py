"""
From the text of a type, as the tables of interface classes write it, to the type.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Final

from dlms_twisted.codec.tags import BIT_STRING, BY_NAME, OCTET_STRING, UTF8_STRING, VISIBLE_STRING
from dlms_twisted.cosem.class_tables.enumerations import ENUMERATIONS
from dlms_twisted.cosem.kinds import (
    AnyKind,
    Kind,
    NameKind,
    NullKind,
    NumberKind,
    TextKind,
    ZeroKind,
)
from dlms_twisted.cosem.kinds_moments import MOMENTS, MomentKind
from dlms_twisted.cosem.kinds_nested import ArrayKind, EitherKind, StructureKind

__all__ = ["SHAPES", "kind"]

_NUMBERS: Final = {
    "i8": "integer",
    "i16": "long",
    "i32": "double-long",
    "i64": "long64",
    "u8": "unsigned",
    "u16": "long-unsigned",
    "u32": "double-long-unsigned",
    "u64": "long64-unsigned",
    "bo": "boolean",
    "en": "enum",
    "f32": "float32",
    "f64": "float64",
}
_STRINGS: Final = {
    "os": OCTET_STRING,
    "text": OCTET_STRING,
    "vs": VISIBLE_STRING,
    "us": UTF8_STRING,
    "bs": BIT_STRING,
}
#: Makers of the types that have no parts.
_SIMPLE: Final[dict[str, Callable[[], Kind]]] = {
    "any": AnyKind,
    "null": NullKind,
    "zero": ZeroKind,
    "LN": NameKind,
    **{text: partial(NumberKind, text, BY_NAME[name].tag) for text, name in _NUMBERS.items()},
    **{text: partial(TextKind, text, tag) for text, tag in _STRINGS.items()},
    **{text: partial(MomentKind, text) for text in MOMENTS},
}

#: Shapes that several classes use, by the name that the tables call them.
SHAPES: Final = {
    "su": "st{scaler i8, unit en:unit}",
    "vd": "st{class_id u16, logical_name LN, attribute_index i8}",
    "sc": "st{script_logical_name LN, script_selector u16}",
    "object": "st{class_id u16, logical_name LN}",
    "cap": "st{class_id u16, logical_name LN, attribute_index i8, data_index u16}",
    "capcolumns": "st{class_id u16, logical_name LN, attribute_index i8, data_index u16, "
    "restriction restriction, columns ar cap}",
    "restriction": "st{restriction_type en:restriction_type, restriction_value "
    "null|st{from dt, to dt}|st{from u16, to u16}|any}",
    "user": "st{user_id u8, user_name vs}",
    "window": "st{start_time dt, end_time dt}",
    "qos": "st{precedence u8, delay u8, reliability u8, peak_throughput u8, mean_throughput u8}",
    "protection": "st{protection_type en:protection_type, protection_options "
    "st{transaction_id os, originator_system_title os, recipient_system_title os, other_information os, "
    "key_info st{key_info_type en:key_info_type, key_info_options any}}}",
    "schedule_entry": "st{index u16, enable bo, script_logical_name LN, script_selector u16, "
    "switch_time ti, validity_window u16, exec_weekdays bs, exec_specdays bs, begin_date da, end_date da}",
    "special_day": "st{index u16, specialday_date da, day_id u8}",
    "season": "st{season_profile_name text, season_start dt, week_name text}",
    "week": "st{week_profile_name text, monday u8, tuesday u8, wednesday u8, thursday u8, friday u8, "
    "saturday u8, sunday u8}",
    "day": "st{day_id u8, day_schedule ar "
    "st{start_time ti, script_logical_name LN, script_selector u16}}",
    "application_context": "st{joint_iso_ctt u8, country u8, country_name u16, organization u8, "
    "dlms_ua u8, context u8, context_id u8}",
    "attribute_access_1": "st{attribute_id i8, access_mode en, access_selectors null|ar i8}",
    "attribute_access_3": "st{attribute_id i8, access_mode en, access_selectors null|ar i8}",
    "method_access_0": "st{method_id i8, access_mode bo|en}",
    "method_access_1": "st{method_id i8, access_mode en|bo}",
    "method_access_3": "st{method_id i8, access_mode en}",
    "object_0": "st{class_id u16, version u8, logical_name LN, access_rights "
    "st{attribute_access ar attribute_access_1, method_access ar method_access_0}}",
    "object_1": "st{class_id u16, version u8, logical_name LN, access_rights "
    "st{attribute_access ar attribute_access_1, method_access ar method_access_1}}",
    "object_3": "st{class_id u16, version u8, logical_name LN, access_rights "
    "st{attribute_access ar attribute_access_3, method_access ar method_access_3}}",
}

_TOKEN: Final = re.compile(r"\s*(st\{|ar\b|en:\w+|[{}|,]|[\w&/]+)")


@cache
def kind(text: str) -> Kind:
    """
    @param text: A type as the tables write it.

    @raise ValueError: there is no such type; only a mistake in a table can be the cause.
    """
    parser = _Parser(text)
    found = parser.either()
    parser.end()
    return found


class _Parser:
    """
    Reads a type from left to right.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s+", "", text):
            raise ValueError(f"no type: {text!r}")
        self._index = 0

    def _peek(self) -> str:
        return self._tokens[self._index] if self._index < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._index += 1
        return token

    def end(self) -> None:
        """
        @raise ValueError: something is left.
        """
        if self._peek():
            raise ValueError(f"{self._peek()!r} unexpected in {self._text!r}")

    def either(self) -> Kind:
        """
        @return: one type, or several between C{|}.
        """
        found = [self._one()]
        while self._peek() == "|":
            self._take()
            found.append(self._one())
        if len(found) == 1:
            return found[0]
        return EitherKind("|".join(one.text for one in found), tuple(found))

    def _one(self) -> Kind:
        token = self._take()
        if token == "ar":
            element = self._one()
            return ArrayKind(f"ar {element.text}", element)
        if token == "st{":
            return self._structure()
        if token.startswith("en:"):
            return NumberKind(token, BY_NAME["enum"].tag, ENUMERATIONS[token[3:]])
        if token in SHAPES:
            return kind(SHAPES[token])
        if token not in _SIMPLE:
            raise ValueError(f"no type is called {token!r} in {self._text!r}")
        return _SIMPLE[token]()

    def _structure(self) -> Kind:
        fields = []
        while True:
            name = self._take()
            fields.append((name, self.either()))
            token = self._take()
            if token == "}":
                break
            if token != ",":
                raise ValueError(f"a comma wanted in {self._text!r}, not {token!r}")
        text = ", ".join(f"{name} {one.text}" for name, one in fields)
        return StructureKind(f"st{{{text}}}", tuple(fields))
