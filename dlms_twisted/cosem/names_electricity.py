"""
Names of electricity codes (A = 1): quantity and phase from C, processing from D, tariff or harmonic from E.

Source: IEC 62056-6-1, value groups C, D and E of electricity.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.cosem.obis import Obis

__all__ = ["electricity_name"]

#: C of the sum of phases; add 20, 40, 60 for L1, L2, L3.  An underscore takes "power" or "energy".
_QUANTITIES: Final = {
    1: "active _ import",
    2: "active _ export",
    3: "reactive _ import",
    4: "reactive _ export",
    5: "reactive _ quadrant I",
    6: "reactive _ quadrant II",
    7: "reactive _ quadrant III",
    8: "reactive _ quadrant IV",
    9: "apparent _ import",
    10: "apparent _ export",
    11: "current",
    12: "voltage",
    13: "power factor",
    14: "frequency",
    15: "active _ import plus export",
    16: "active _ import minus export",
    17: "active _ quadrant I",
    18: "active _ quadrant II",
    19: "active _ quadrant III",
    20: "active _ quadrant IV",
}
_OTHERS: Final = {
    82: "pulses",
    83: "losses",
    84: "power factor export",
    85: "power factor export L1",
    86: "power factor export L2",
    87: "power factor export L3",
    88: "ampere squared hours",
    89: "volt squared hours",
    90: "current, sum of phases",
    91: "current neutral",
    92: "voltage neutral",
}
#: D of a time integral: the quantity is an energy (or the like), not a power.
_INTEGRALS: Final = {
    8: "",
    9: ", time integral 2",
    10: ", time integral 3",
    17: ", time integral 7",
    18: ", time integral 8",
    19: ", time integral 9",
    20: ", time integral 10",
    29: ", in recording interval 1",
    30: ", in recording interval 2",
    58: ", time integral 4",
}
#: D of the three measuring schemes: 1 to 6, 11 to 16, 21 to 26.
_SCHEME: Final = {
    1: "cumulative minimum {}",
    2: "cumulative maximum {}",
    3: "minimum {}",
    4: "average {}, current period",
    5: "average {}, last period",
    6: "maximum {}",
}
_PROCESSED: Final = {
    0: "average {}, billing period",
    7: "{}",
    27: "average {}, current period 5",
    28: "average {}, current period 6",
    31: "{}, under-limit threshold",
    32: "{}, under-limit occurrences",
    33: "{}, under-limit duration",
    34: "{}, under-limit magnitude",
    35: "{}, over-limit threshold",
    36: "{}, over-limit occurrences",
    37: "{}, over-limit duration",
    38: "{}, over-limit magnitude",
    39: "{}, missing threshold",
    40: "{}, missing occurrences",
    41: "{}, missing duration",
    42: "{}, missing magnitude",
    43: "{}, under-limit time threshold",
    44: "{}, over-limit time threshold",
    45: "{}, missing time threshold",
    46: "{}, contracted value",
    49: "average {}, recording interval 1",
    50: "average {}, recording interval 2",
    51: "minimum {}, recording interval 1",
    52: "minimum {}, recording interval 2",
    53: "maximum {}, recording interval 1",
    54: "maximum {}, recording interval 2",
    55: "average {}, test",
    56: "average {}, current period 4",
}
_PHASES: Final = ("", " L1", " L2", " L3")
_ANGLES: Final = {0: "U L1", 1: "U L2", 2: "U L3", 4: "I L1", 5: "I L2", 6: "I L3", 7: "I N"}
_HARMONICS: Final = {
    124: ", total harmonic distortion",
    125: ", total demand distortion",
    126: ", all harmonics",
    127: ", ratio of all harmonics to nominal",
}
#: General codes, C = 0: (D, E) to name.
_GENERAL: Final = {
    (2, 0): "configuration program version",
    (2, 1): "parameter record number",
    (2, 2): "time switch program number",
    (2, 3): "ripple control receiver program number",
    (2, 4): "meter connection diagram ID",
    (3, 0): "active energy pulse constant, metrological LED",
    (3, 1): "reactive energy pulse constant, metrological LED",
    (3, 2): "apparent energy pulse constant, metrological LED",
    (3, 3): "active energy output pulse constant",
    (3, 4): "reactive energy output pulse constant",
    (3, 5): "apparent energy output pulse constant",
    (4, 0): "reading factor for power",
    (4, 1): "reading factor for energy",
    (4, 2): "current transformer ratio, numerator",
    (4, 3): "voltage transformer ratio, numerator",
    (4, 4): "overall transformer ratio, numerator",
    (4, 5): "current transformer ratio, denominator",
    (4, 6): "voltage transformer ratio, denominator",
    (4, 7): "overall transformer ratio, denominator",
    (6, 0): "rated voltage",
    (6, 1): "rated current",
    (6, 2): "rated frequency",
    (6, 3): "maximum current",
    (6, 4): "reference voltage for power quality",
    (8, 0): "measurement period 1",
    (8, 1): "measurement period 2",
    (8, 2): "measurement period 3",
    (8, 4): "recording interval 1",
    (8, 5): "recording interval 2",
    (8, 6): "billing period duration",
    (9, 0): "time since end of billing period",
    (9, 1): "local time",
    (9, 2): "local date",
    (9, 6): "time of last reset",
    (9, 7): "date of last reset",
    (9, 8): "output pulse duration",
    (9, 9): "clock synchronisation window",
    (9, 10): "clock synchronisation method",
    (9, 11): "clock time shift limit",
}


def electricity_name(obis: Obis) -> str | None:
    """
    @param obis: A code with A = 1 and C below 93.

    @return: its name without channel and billing period, or C{None} where no rule reads it.
    """
    if obis.c == 0:
        return _general(obis)
    if obis.c == 81:
        return _angle(obis)
    if obis.c <= 80:
        phase, quantity = divmod(obis.c - 1, 20)
        text = _QUANTITIES[quantity + 1] + _PHASES[phase]
    elif obis.c in _OTHERS:
        text = _OTHERS[obis.c]
    else:
        return None
    processed = _process(text, obis.d)
    return None if processed is None else processed + _last(obis)


def _process(quantity: str, processing: int) -> str | None:
    if processing in _INTEGRALS:
        integral = quantity.replace("_", "energy")
        if (
            integral == quantity
            and "hours" not in quantity
            and quantity not in {"pulses", "losses"}
        ):
            integral += ", time integral"
        return integral + _INTEGRALS[processing]
    power = quantity.replace("_", "power")
    if processing in _PROCESSED:
        return _PROCESSED[processing].format(power)
    scheme, kind = divmod(processing, 10)
    if kind in _SCHEME and scheme <= 2:
        return _SCHEME[kind].format(power) + (f", scheme {scheme + 1}" if scheme else "")
    return None


def _last(obis: Obis) -> str:
    """
    Group E: a harmonic where the value is an instantaneous voltage, current or power, else a tariff.
    """
    if obis.e == 0:
        return ""
    if obis.d == 7 and (obis.c <= 80 and (obis.c - 1) % 20 + 1 in {11, 12, 15}):
        if obis.e <= 120:
            return f", harmonic {obis.e}"
        return _HARMONICS.get(obis.e, f", E {obis.e}")
    return f", tariff {obis.e}" if obis.e <= 63 else f", E {obis.e}"


def _angle(obis: Obis) -> str | None:
    reference, measured = divmod(obis.e, 10)
    if obis.d != 7 or reference not in _ANGLES or measured not in _ANGLES:
        return None
    return f"angle from {_ANGLES[reference]} to {_ANGLES[measured]}"


def _general(obis: Obis) -> str | None:
    if obis.d == 0 and obis.e <= 9:
        return f"electricity ID {obis.e + 1}"
    return _GENERAL.get((obis.d, obis.e))
