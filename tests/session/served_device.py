"""
A small meter for tests of the server's session: objects are values in tables, and everything that is asked is noted.
"""

from __future__ import annotations

from collections import Counter

from attrs import define, evolve, field

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.security.keys import MeterKeys, ReplayMode
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.served import Caller, ServedAssociation, ServedObject, ShortName

__all__ = ["CLOCK", "DATA", "DISCONNECT", "PROFILE", "SECRET", "Device", "Object"]

DATA = bytes.fromhex("0000600100ff")
CLOCK = bytes.fromhex("0000010000ff")
PROFILE = bytes.fromhex("0100630100ff")
DISCONNECT = bytes.fromhex("000060030aff")
SECRET = bytes.fromhex("0000600101ff")

_ALL = Rights.READ | Rights.WRITE


@define
class Object:
    """
    @ivar values: By attribute.
    @ivar called: Method and parameter of each call.
    @ivar selections: Those that were asked for.
    @ivar returned: What each method gives back.
    """

    class_id: int
    logical_name: bytes
    values: dict[int, Data]
    version: int = 0
    called: list[tuple[int, Data | None]] = field(factory=list)
    selections: list[SelectiveAccess] = field(factory=list)
    returned: Data | None = None

    def read(
        self, attribute: int, selection: SelectiveAccess | None, caller: Caller
    ) -> Data | DataAccessResult:
        """
        @return: the value.
        """
        if selection is not None:
            self.selections.append(selection)
        return self.values.get(attribute, DataAccessResult.OBJECT_UNDEFINED)

    def write(
        self, attribute: int, value: Data, selection: SelectiveAccess | None, caller: Caller
    ) -> DataAccessResult:
        """
        Only a value of the same type is taken.
        """
        if selection is not None:
            self.selections.append(selection)
        if attribute not in self.values:
            return DataAccessResult.OBJECT_UNDEFINED
        if self.values[attribute].tag != value.tag:
            return DataAccessResult.TYPE_UNMATCHED
        self.values[attribute] = value
        return DataAccessResult.SUCCESS

    def invoke(
        self, method: int, parameter: Data | None, caller: Caller
    ) -> tuple[ActionResult, Data | None]:
        """
        @return: success, or object-undefined for a method above 2.
        """
        if method > 2:
            return ActionResult.OBJECT_UNDEFINED, None
        self.called.append((method, parameter))
        return ActionResult.SUCCESS, self.returned


def _objects() -> list[Object]:
    name = build.octet_string
    return [
        Object(1, DATA, {1: name(DATA), 2: build.octet_string(b"12345678")}),
        Object(
            8,
            CLOCK,
            {
                1: name(CLOCK),
                2: build.octet_string(bytes.fromhex("07e60a1007150012ff800000")),
                3: build.long_(60),
            },
        ),
        Object(
            7,
            PROFILE,
            {
                1: name(PROFILE),
                2: build.array(
                    *(
                        build.structure(build.double_long_unsigned(i), build.unsigned(i % 256))
                        for i in range(200)
                    )
                ),
            },
            version=1,
        ),
        Object(70, DISCONNECT, {1: name(DISCONNECT), 2: build.boolean(True)}),
        Object(1, SECRET, {1: name(SECRET), 2: build.unsigned(5)}),
    ]


@define
class Device:
    """
    @ivar associations: By address of the client.
    @ivar in_use: The keys.
    @ivar rights_of: Of (logical name, member, method?), where they are not "all".
    @ivar refusals: Reasons, counted.
    @ivar log: What the session told, in order.
    """

    title: bytes = b"DLM\x00\x00\x00\x00\x01"
    associations: dict[int, ServedAssociation] = field(factory=dict)
    in_use: MeterKeys = field(factory=MeterKeys)
    objects: list[Object] = field(factory=_objects)
    rights_of: dict[tuple[bytes, int, bool], Rights] = field(factory=dict)
    refusals: Counter[str] = field(factory=Counter)
    log: list[str] = field(factory=list)
    counters: Counter[str] = field(factory=Counter)
    windows: dict[tuple[bytes, str], ReplayWindow] = field(factory=dict)

    def allow(self, served: ServedAssociation) -> Device:
        """
        Let a client associate.
        """
        self.associations[served.client] = served
        return self

    def change(self, client: int, **changes: object) -> None:
        """
        Change how a client associates.
        """
        self.associations[client] = evolve(self.associations[client], **changes)  # type: ignore[arg-type]

    def object(self, logical_name: bytes) -> Object:
        """
        @return: the object of that name.
        """
        return next(one for one in self.objects if one.logical_name == logical_name)

    def association(self, client: int) -> ServedAssociation | None:
        """
        @return: how a client may associate.
        """
        return self.associations.get(client)

    def keys(self, association: ServedAssociation) -> MeterKeys:
        """
        @return: the keys in use.
        """
        return self.in_use

    def find(
        self, association: ServedAssociation, class_id: int | None, logical_name: bytes
    ) -> ServedObject | None:
        """
        @return: the object.
        """
        for one in self.objects:
            if one.logical_name == logical_name and class_id in (None, one.class_id):
                return one
        return None

    def short_name(self, association: ServedAssociation, name: int) -> ShortName | None:
        """
        Objects stand at 0x1000, 0x1100 and so on; attributes at each 8, methods at 0x80 and each 8 after it.
        """
        number, offset = (name >> 8) - 0x10, name & 0xFF
        if not 0 <= number < len(self.objects) or offset % 8:
            return None
        served = self.objects[number]
        if offset >= 0x80:
            return ShortName(served, (offset - 0x80) // 8 + 1, True)
        return ShortName(served, offset // 8 + 1, False)

    def rights(
        self,
        association: ServedAssociation,
        served: ServedObject,
        member: int,
        *,
        method: bool = False,
    ) -> Rights:
        """
        @return: what may be done with a member.
        """
        return self.rights_of.get((served.logical_name, member, method), _ALL)

    def counter(self, epoch: str) -> int:
        """
        @return: the next one.
        """
        self.counters[epoch] += 1
        return self.counters[epoch]

    def window(self, title: bytes, epoch: str) -> ReplayWindow:
        """
        @return: that of the title and epoch.
        """
        return self.windows.setdefault((title, epoch), ReplayWindow(mode=ReplayMode.STRICT))

    def associated(self, association: ServedAssociation, caller: Caller) -> None:
        """
        Noted.
        """
        self.log.append(f"associated {association.client}")

    def released(self, association: ServedAssociation) -> None:
        """
        Noted.
        """
        self.log.append(f"released {association.client}")

    def refused(self, association: ServedAssociation | None, reason: str) -> None:
        """
        Counted.
        """
        self.refusals[reason] += 1

    def answered(self, caller: Caller) -> None:
        """
        Noted.
        """
        self.log.append("answered")
