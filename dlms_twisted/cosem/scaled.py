"""
Scaled values, exactly: a number times a power of ten is an int or a Decimal, never a rounded float.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from fractions import Fraction
from typing import Final

__all__ = ["exact_float", "number_text", "scale", "unscale"]

#: Significant digits that always bring a binary32 and a binary64 back.
_DIGITS: Final = {4: range(6, 10), 8: range(15, 18)}


def scale(number: int | Decimal, scaler: int) -> int | Decimal:
    """
    @param number: As transmitted.
    @param scaler: A power of ten.

    @return: C{number} times ten to the power of C{scaler}, exact: an int as long as no decimal place is wanted.
    """
    if scaler == 0:
        return number
    if scaler > 0 and isinstance(number, int):
        return number * _power(scaler)
    if isinstance(number, int):
        return Decimal(f"{number}e{scaler}")
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return number
    return Decimal((sign, digits, exponent + scaler))


def unscale(value: int | Decimal, scaler: int) -> int | None:
    """
    The way back: the integer to transmit.

    @return: the integer that C{scaler} turns into C{value}, or C{None} if there is none.
    """
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    shifted = Fraction(value) * Fraction(10) ** -scaler
    return shifted.numerator if shifted.denominator == 1 else None


def exact_float(value: float, width: int = 8) -> Decimal | None:
    """
    @param value: A float32 or float64 as decoded.
    @param width: Its octets on the wire, 4 or 8.

    @return: the shortest decimal that gives the same float of that width back; C{None} for NaN and the
        infinities, which are no number.
    """
    if not math.isfinite(value):
        return None
    form = ">f" if width == 4 else ">d"
    for digits in _DIGITS[width]:
        text = f"{value:.{digits}g}"
        if struct.unpack(form, struct.pack(form, float(text)))[0] == value:
            return Decimal(text)
    return Decimal(value)


def number_text(value: int | Decimal) -> str:
    """
    @return: all digits, without an exponent: C{-0.07}, C{12345.678}, C{230.0}.
    """
    return str(value) if isinstance(value, int) else f"{value:f}"


def _power(exponent: int) -> int:
    power: int = 10**exponent
    return power
