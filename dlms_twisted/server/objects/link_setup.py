"""
Setups of links: local port, HDLC, modem, TCP-UDP, IP, M-Bus (classes 19, 23, 25, 27 to 29, 41 to 48, 72, 74 and 76).

They say what a meter's would, and take what may be written.  The wires of the simulation are not changed by them: a
meter that listens on port 4059 still does after another port is written into its TCP-UDP setup.
Source: DLMS UA 1000-1 (Blue Book), the classes of these numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.server.objects.base import CosemObject, invokes

__all__ = ["IPv4Setup", "IPv6Setup", "LinkSetup", "MBusClient"]


_IP_SETUP: Final = "0-0:25.1.0.255"
_MAC_SETUP: Final = "0-0:25.2.0.255"
_MBUS_PORT: Final = "0-0:24.6.0.255"
_MBUS_PROFILE: Final = "0-0:24.7.0.255"
_9600_BAUD: Final = 5
_300_BAUD: Final = 0
_2400_BAUD: Final = 3
#: 192.0.2.10/24 (RFC 5737) and its router; 2001:db8::10 (RFC 3849).
_ADDRESS: Final = 0xC000020A
_ROUTER: Final = 0xC0000201
_ADDRESS_6: Final = bytes.fromhex("20010db8000000000000000000000010")
_ROUTER_6: Final = bytes.fromhex("20010db8000000000000000000000001")

#: What attributes are where a description says nothing: class, attribute, value.
_USUAL: Final[Mapping[int, Mapping[int, Any]]] = MappingProxyType(
    {
        19: {2: 0, 3: _300_BAUD, 4: _9600_BAUD, 5: 1, 6: b"1"},
        23: {2: _9600_BAUD, 3: 1, 4: 1, 5: 128, 6: 128, 7: 25, 8: 120, 9: 17},
        25: {2: _2400_BAUD, 3: _2400_BAUD, 4: 1, 5: 1},
        27: {2: _9600_BAUD},
        28: {4: 0, 5: 2},
        29: {3: 3, 4: 60},
        41: {2: 4059, 3: _IP_SETUP, 4: 1280, 5: 1, 6: 180},
        42: {2: _MAC_SETUP, 3: _ADDRESS, 6: 0xFFFFFF00, 7: _ROUTER, 8: False},
        43: {2: bytes.fromhex("02000000000a")},
        45: {2: b"meters.example"},
        46: {2: 25},
        48: {2: _MAC_SETUP, 3: 2, 4: [_ADDRESS_6], 6: [_ROUTER_6]},
        72: {2: _MBUS_PORT, 4: 3600, 5: 1, 7: 0x4D4D, 9: 3},
        74: {2: _2400_BAUD},
        76: {2: _MBUS_PROFILE, 5: 1, 7: 0x4D4D, 9: 2, 10: 255},
    }
)

#: Least and most of what is written: class, attribute, bounds.
_BOUNDS: Final[Mapping[tuple[int, int], tuple[int, int]]] = MappingProxyType(
    {
        # IEC 62056-46: windows of 1 to 7, information fields of 32 to 2030 octets.
        (23, 3): (1, 7),
        (23, 4): (1, 7),
        (23, 5): (32, 2030),
        (23, 6): (32, 2030),
        (23, 7): (20, 6000),
        (25, 5): (0, 250),
        (41, 2): (1, 0xFFFF),
        (41, 4): (40, 0xFFFF),
        (41, 5): (1, 0xFF),
        (72, 5): (0, 250),
        (76, 5): (0, 250),
    }
)
#: Attributes that hold a baud rate.
_BAUD_RATES: Final = frozenset({(19, 3), (19, 4), (23, 2), (25, 2), (25, 3), (27, 2), (74, 2)})
_FASTEST: Final = 9


@cache
def _usual(class_id: int, version: int, attribute: int) -> Data | None:
    said = _USUAL.get(class_id, {}).get(attribute)
    if said is None:
        return None
    return interface_class(class_id, version).attribute(attribute).encode(said)


class LinkSetup(CosemObject):
    """
    Settings that are usual where nothing else is described; what cannot be is not taken: a window of 9 frames, a baud
    rate that there is not.
    """

    def get(self, attribute: int) -> Data:
        """
        @return: the value that is kept or described; else a usual one.
        """
        if attribute not in self._given and (self._kept is None or attribute not in self._kept):
            usual = _usual(self.class_id, self.version, attribute)
            if usual is not None:
                return usual
        return super().get(attribute)

    def assign(self, attribute: int, value: Data) -> DataAccessResult:
        """
        @return: as L{CosemObject.assign}; C{other-reason} for what is out of bounds.
        """
        key = self.class_id, attribute
        bounds = (0, _FASTEST) if key in _BAUD_RATES else _BOUNDS.get(key)
        if bounds is not None and self.takes(attribute, value):
            said = value.values
            if not isinstance(said, int) or not bounds[0] <= said <= bounds[1]:
                return DataAccessResult.OTHER_REASON
        return super().assign(attribute, value)

    def _listed(self, attribute: int) -> list[Any]:
        values = self.get(attribute).values
        return list(values) if isinstance(values, tuple) else []


class IPv4Setup(LinkSetup):
    """
    IPv4 setup, with its list of multicast addresses.
    """

    CLASS = 42

    @invokes(1)
    def add_multicast_address(self, parameter: Data) -> ActionResult:
        """
        Add an address of 224.0.0.0/4, once.
        """
        address: Any = parameter.values
        listed = self._listed(4)
        if address >> 28 != 0xE or address in listed or len(listed) >= _MOST_ADDRESSES:
            return ActionResult.OTHER_REASON
        self.put(4, [*listed, address])
        return ActionResult.SUCCESS

    @invokes(2)
    def delete_multicast_address(self, parameter: Data) -> ActionResult:
        """
        Delete an address.
        """
        return _removed(self, 4, parameter.values)

    @invokes(3)
    def number_of_multicast_addresses(self, parameter: Data | None) -> Data:
        """
        @return: how many there are.
        """
        return build.long_unsigned(len(self._listed(4)))


_MOST_ADDRESSES: Final = 16
#: Of addresses by their type: unicast, multicast, gateway.
_ATTRIBUTE_OF: Final = MappingProxyType({0: 4, 1: 5, 2: 6})


class IPv6Setup(LinkSetup):
    """
    IPv6 setup, with its lists of addresses.
    """

    CLASS = 48

    @invokes(1)
    def add_address(self, parameter: Data) -> ActionResult:
        """
        Add an address of sixteen octets, once.
        """
        said: Any = parameter.values
        attribute, address = _ATTRIBUTE_OF.get(said[0]), said[1]
        if attribute is None or len(address) != 16:
            return ActionResult.OTHER_REASON
        listed = self._listed(attribute)
        if address in listed or len(listed) >= _MOST_ADDRESSES:
            return ActionResult.OTHER_REASON
        self.put(attribute, [*listed, address])
        return ActionResult.SUCCESS

    @invokes(2)
    def remove_address(self, parameter: Data) -> ActionResult:
        """
        Remove an address.
        """
        said: Any = parameter.values
        attribute = _ATTRIBUTE_OF.get(said[0])
        return (
            ActionResult.OTHER_REASON if attribute is None else _removed(self, attribute, said[1])
        )


def _removed(setup: LinkSetup, attribute: int, wanted: Any) -> ActionResult:
    values: Any = setup.get(attribute).values
    if wanted not in values:
        return ActionResult.OTHER_REASON
    setup.put(attribute, [one for one in values if one != wanted])
    return ActionResult.SUCCESS


_PRIMARY: Final = 5
_ACCESS_NUMBER: Final = 10
_ALARM: Final = 12
_KEY_STATUS: Final = 14
_KEY_SET: Final = 1
_KEY_TRANSFERRED: Final = 2
_IN_USE: Final = 4
#: Octets of an M-Bus key, and of one that is wrapped.
_KEY_LENGTHS: Final = frozenset({16, 24, 32, 40})


class MBusClient(LinkSetup):
    """
    M-Bus client, with a slave that is always there: it can be installed and deinstalled, captured, and given keys.  Its
    measured values are the M-Bus values (extended registers) that the meter's description has.
    """

    CLASS = 72
    VERSION = 1

    @invokes(1)
    def slave_install(self, parameter: Data) -> ActionResult:
        """
        Install the slave at an address; only if none is installed.
        """
        address: Any = parameter.values
        if self.get(_PRIMARY).values or not 1 <= address <= 250:
            return ActionResult.OTHER_REASON
        self.put(_PRIMARY, address)
        return ActionResult.SUCCESS

    @invokes(2)
    def slave_deinstall(self, parameter: Data | None) -> ActionResult:
        """
        Forget the slave, and its key.
        """
        if not self.get(_PRIMARY).values:
            return ActionResult.OTHER_REASON
        self.put(_PRIMARY, 0)
        self._key_status(lambda _: 0)
        return ActionResult.SUCCESS

    @invokes(3)
    def capture(self, parameter: Data | None) -> ActionResult:
        """
        Read the slave.
        """
        return self._access()

    @invokes(4)
    def reset_alarm(self, parameter: Data | None) -> ActionResult:
        """
        No alarm any more.
        """
        self.put(_ALARM, 0)
        return ActionResult.SUCCESS

    @invokes(5)
    def synchronize_clock(self, parameter: Data | None) -> ActionResult:
        """
        Set the slave's clock.
        """
        return self._access()

    @invokes(6)
    def data_send(self, parameter: Data) -> ActionResult:
        """
        Send data to the slave, which takes them.
        """
        return self._access()

    @invokes(7)
    def set_encryption_key(self, parameter: Data) -> ActionResult:
        """
        Set the key that we use; an empty one switches encryption off.
        """
        key: Any = parameter.values
        if key and len(key) not in _KEY_LENGTHS:
            return ActionResult.OTHER_REASON
        self._key_status(lambda now: (now | _KEY_SET) if key else 0)
        return ActionResult.SUCCESS

    @invokes(8)
    def transfer_key(self, parameter: Data) -> ActionResult:
        """
        Give the slave its key.
        """
        key: Any = parameter.values
        if len(key) not in _KEY_LENGTHS or not self.get(_PRIMARY).values:
            return ActionResult.OTHER_REASON
        self._key_status(lambda now: now | _KEY_TRANSFERRED)
        return self._access()

    def _key_status(self, change: Callable[[int], int]) -> None:
        if self.version < self.VERSION:
            return
        now: Any = self.get(_KEY_STATUS).values
        self.put(_KEY_STATUS, change(0 if now == _IN_USE else now))

    def _access(self) -> ActionResult:
        """
        Speak with the slave, if there is one.  Both keys known are in use from then on.
        """
        if not self.get(_PRIMARY).values:
            return ActionResult.OTHER_REASON
        number: Any = self.get(_ACCESS_NUMBER).values
        self.put(_ACCESS_NUMBER, (number + 1) % 0x100)
        if self.version >= self.VERSION:
            status = self.get(_KEY_STATUS).values
            if status == _KEY_SET | _KEY_TRANSFERRED:
                self.put(_KEY_STATUS, _IN_USE)
        return ActionResult.SUCCESS
