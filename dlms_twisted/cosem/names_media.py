"""
Names of codes for heat cost allocators, cooling, heating, gas and water (A = 4 to 9).

Source: IEC 62056-6-1 and EN 13757-1, value groups C, D and E of these media.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.cosem.obis import Obis

__all__ = ["gas_name", "heat_cost_name", "thermal_name", "water_name"]

#: D for media 4, 5, 6, 8 and 9.
_STORED: Final = {
    0: "",
    1: ", periodical",
    2: ", on set date",
    3: ", on billing date",
    4: ", minimum",
    5: ", maximum",
    6: ", test",
}
_THERMAL: Final = {
    1: "{} energy",
    2: "{} accounted volume",
    3: "{} accounted mass",
    4: "{} flow volume",
    5: "{} flow mass",
    6: "{} return volume",
    7: "{} return mass",
    8: "{} power",
    9: "{} flow rate",
    10: "{} flow temperature",
    11: "{} return temperature",
    12: "{} differential temperature",
    13: "{} media pressure",
}
_HEAT_COST: Final = {1: "heat cost, unrated integral", 2: "heat cost, rated integral"}
_WATER: Final = {1: "{} volume", 2: "{} flow rate", 3: "{} forward temperature"}

_GAS_INDEX: Final = {
    1: "forward undisturbed",
    2: "forward disturbed",
    3: "forward absolute",
    4: "reverse undisturbed",
    5: "reverse disturbed",
    6: "reverse absolute",
}
_GAS_DEVICES: Final = {
    0: "gas meter volume",
    1: "gas converter volume",
    2: "gas logger volume",
    3: "gas energy",
}
_GAS_CONDITIONS: Final = {0: ", metering conditions", 1: ", corrected", 2: ", base conditions"}
_GAS_FLOW: Final = {
    0: ", metering conditions",
    1: ", corrected",
    2: ", base conditions",
    13: ", standard conditions",
}
_GAS_OTHERS: Final = {
    7: "gas meter volume, forward absolute, encoder",
    8: "gas meter volume, reverse absolute, encoder",
    41: "gas absolute temperature",
    42: "gas absolute pressure",
    43: "gas flow rate",
    44: "gas velocity of sound",
    45: "gas density",
    46: "gas relative density",
    47: "gas gauge pressure",
    48: "gas differential pressure",
    49: "density of air",
    51: "gas correction factor",
    52: "gas conversion factor",
    53: "gas compressibility factor",
    54: "gas superior calorific value",
    55: "gas law deviation coefficient",
    61: "gas mass, forward undisturbed",
    62: "gas mass, forward disturbed",
    63: "gas mass, forward absolute",
    64: "gas mass, reverse undisturbed",
    65: "gas mass, reverse disturbed",
    66: "gas mass, reverse absolute",
    70: "gas analysis",
}
_IDS: Final = {
    4: "heat cost allocator",
    5: "cooling",
    6: "heating",
    7: "gas",
    8: "cold water",
    9: "hot water",
}


def thermal_name(obis: Obis) -> str | None:
    """
    @param obis: A code with A = 5 (cooling) or 6 (heating).

    @return: its name without channel and billing period, or C{None}.
    """
    return _stored(obis, _THERMAL.get(obis.c), "cooling" if obis.a == 5 else "heating")


def water_name(obis: Obis) -> str | None:
    """
    @param obis: A code with A = 8 (cold) or 9 (hot).

    @return: its name without channel and billing period, or C{None}.
    """
    return _stored(obis, _WATER.get(obis.c), "cold water" if obis.a == 8 else "hot water")


def heat_cost_name(obis: Obis) -> str | None:
    """
    @param obis: A code with A = 4.

    @return: its name without channel and billing period, or C{None}.
    """
    return _stored(obis, _HEAT_COST.get(obis.c), "")


def gas_name(obis: Obis) -> str | None:
    """
    @param obis: A code with A = 7.

    @return: its name without channel and billing period, or C{None}.
    """
    if obis.c == 0:
        return _identifier(obis)
    device, index = divmod(obis.c, 10)
    if device in _GAS_DEVICES and index in _GAS_INDEX:
        name = f"{_GAS_DEVICES[device]}, {_GAS_INDEX[index]}"
        processing = "" if device == 3 and obis.d == 0 else _GAS_CONDITIONS.get(obis.d)
    elif obis.c in _GAS_OTHERS:
        name = _GAS_OTHERS[obis.c]
        known = _GAS_FLOW if obis.c == 43 else _GAS_CONDITIONS if obis.c in {7, 8} else {0: ""}
        processing = known.get(obis.d)
    else:
        return None
    if processing is None:
        processing = f", D {obis.d}"
    return name + processing + _tariff(obis.e)


def _stored(obis: Obis, quantity: str | None, medium: str) -> str | None:
    if obis.c == 0:
        return _identifier(obis)
    stored = _STORED.get(obis.d)
    if quantity is None or stored is None:
        return None
    return quantity.format(medium) + stored + _tariff(obis.e)


def _identifier(obis: Obis) -> str | None:
    return f"{_IDS[obis.a]} ID {obis.e + 1}" if obis.d == 0 and obis.e <= 9 else None


def _tariff(rate: int) -> str:
    if rate == 0:
        return ""
    return f", tariff {rate}" if rate <= 63 else f", E {rate}"
