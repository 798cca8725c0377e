"""
COSEM objects of the simulated meter, declared by the table of interface classes.

A L{CosemObject} as it is serves any class: values and nothing else.  A class that does something derives from it and
marks what it does itself with L{reads}, L{writes}, L{selects} and L{invokes}; all other attributes stay values::

    class Register(CosemObject):
        CLASS = 3

        @reads(2)
        def value_now(self) -> Data: ...

        @invokes(1)
        def reset(self, parameter: Data | None) -> ActionResult: ...

Who may read and write is the association's matter, and was judged before.  What is written must be of the type that
the table says.  Source: DLMS UA 1000-1 (Blue Book).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.tags import NULL_DATA
from dlms_twisted.cosem.classes import Attribute, InterfaceClass, interface_class
from dlms_twisted.cosem.kinds import AnyKind
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.server.objects.checks import (
    has_unknown_member,
    meaning_of,
    misfits,
    octets_of,
    parameter_fits,
)
from dlms_twisted.server.objects.defaults import default_of
from dlms_twisted.server.objects.handlers import (
    Handlers,
    handlers_of,
    invokes,
    reads,
    selects,
    writes,
)
from dlms_twisted.session.served import Caller

if TYPE_CHECKING:
    from dlms_twisted.server.described import ObjectDescription
    from dlms_twisted.server.device import Device
    from dlms_twisted.server.meter import SimulatedMeter

__all__ = [
    "NO_VALUES",
    "CosemObject",
    "invokes",
    "reads",
    "selects",
    "writes",
]

#: No values: all are the plainest, or what the object makes itself.
NO_VALUES: Final[Mapping[int, Any]] = MappingProxyType({})


class CosemObject:
    """
    One object.

    @cvar CLASS: Its C{class_id}; 0 where the instance says it.
    @cvar VERSION: The version, where the instance does not say it.
    @cvar READ_ONLY: Attributes that nobody writes, though the table has nothing against it: they follow from something
        else.
    @cvar ACTIVE: Does it do something by itself at certain times?  Then L{start} is called when the meter begins.
    @ivar device: The logical device that it belongs to; set by that.
    """

    CLASS: ClassVar[int] = 0
    VERSION: ClassVar[int] = 0
    READ_ONLY: ClassVar[frozenset[int]] = frozenset()
    ACTIVE: ClassVar[bool] = False

    __slots__ = ("_given", "_kept", "class_id", "device", "logical_name", "version")

    _handlers: ClassVar[Handlers] = MappingProxyType({})

    class_id: int
    version: int
    logical_name: bytes
    device: Device

    def __init_subclass__(cls, **options: Any) -> None:
        """
        Collect what is marked.
        """
        super().__init_subclass__(**options)
        cls._handlers = handlers_of(vars(cls), cls._handlers)

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        values: Mapping[int, Any] = NO_VALUES,
        class_id: int | None = None,
        version: int | None = None,
    ) -> None:
        """
        @param name: Its logical name.
        @param values: Of attributes by number: Data, or what the table encodes.  The mapping is not copied: many
            meters may share one whose values are Data.

        @raise ObisError: C{name} is none.
        """
        self.class_id = self.CLASS if class_id is None else class_id
        self.version = self.VERSION if version is None else version
        self.logical_name = octets_of(name)
        self._given = values
        #: Values that differ from those given.
        self._kept: dict[int, Data] | None = None

    def __repr__(self) -> str:
        return f"<{self.interface_class.name} {Obis.of(self.logical_name)}>"

    @property
    def interface_class(self) -> InterfaceClass:
        """
        The table of its class.
        """
        return interface_class(self.class_id, self.version)

    @property
    def meter(self) -> SimulatedMeter:
        """
        The meter that it is part of.
        """
        return self.device.meter

    @property
    def is_kept(self) -> bool:
        """
        Has it anything that would be lost if it were made anew?
        """
        return self._kept is not None

    @property
    def attributes(self) -> tuple[int, ...]:
        """
        Numbers of its attributes: those of the table, and what it was given beside.
        """
        return tuple(sorted({*self.interface_class.attributes, *self._given}))

    @property
    def methods(self) -> tuple[int, ...]:
        """
        Numbers of its methods.
        """
        mine = [number for role, number in self._handlers if role == "invoke"]
        return tuple(sorted({*self.interface_class.methods, *mine}))

    @classmethod
    def read_only(cls, plan: ObjectDescription) -> frozenset[int]:
        """
        @return: as L{READ_ONLY}, of an object that is described.
        """
        return cls.READ_ONLY

    @classmethod
    def acts(cls, plan: ObjectDescription) -> bool:
        """
        Does an object that is described do something by itself at certain times?
        """
        return cls.ACTIVE

    # -- values ----------------------------------------------------------------------------------

    def get(self, attribute: int) -> Data:
        """
        @return: the value that is kept for an attribute; where there is none, the plainest of its type.

        @raise EncodeError: the value that was given does not fit.
        """
        if self._kept is not None and attribute in self._kept:
            return self._kept[attribute]
        known = self.interface_class.attribute(attribute)
        given = self._given.get(attribute, self)
        if given is self:
            return default_of(known.kind)
        return given if isinstance(given, Data) else known.encode(given)

    def put(self, attribute: int, value: Any) -> None:
        """
        Keep a value.

        @param value: Data, or what the table encodes.

        @raise EncodeError: it does not fit.
        """
        if not isinstance(value, Data):
            value = self.interface_class.attribute(attribute).encode(value)
        if self._kept is None:
            self._kept = {}
        self._kept[attribute] = value

    def meaning(self, attribute: int) -> Any:
        """
        @return: the value of an attribute as the table decodes it: named fields, numbers, times.  It is shared with
            other meters and never changed.
        """
        return meaning_of(self.class_id, self.version, attribute, self.get(attribute))

    # -- what others of the meter ask ------------------------------------------------------------

    def value(
        self, attribute: int, selection: SelectiveAccess | None = None
    ) -> Data | DataAccessResult:
        """
        @return: the value of an attribute, or why there is none.
        """
        if attribute == 1:
            return build.octet_string(self.logical_name)
        if attribute not in self.interface_class.attributes and attribute not in self._given:
            return DataAccessResult.OBJECT_UNDEFINED
        if selection is not None:
            handler = self._handler("select", attribute)
            if handler is None:
                return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
            found = handler(selection)
        else:
            handler = self._handler("read", attribute)
            found = self.get(attribute) if handler is None else handler()
        if isinstance(found, (Data, DataAccessResult)):
            return found
        return self.interface_class.attribute(attribute).encode(found)

    def value_at(self, attribute: int, seconds: float) -> Data | DataAccessResult:
        """
        @param seconds: A time that is past or now, since 1970 UTC on the meter's clock.

        @return: the value that an attribute had then, where the object knows it: what follows a load, and clocks; of
            all others the value now.
        """
        return self.value(attribute)

    def values_at(self, attribute: int, times: list[float]) -> list[Data | DataAccessResult]:
        """
        @return: as L{value_at}, of several times: those that derive may be quicker at it.
        """
        return [self.value_at(attribute, at) for at in times]

    def assign(self, attribute: int, value: Data) -> DataAccessResult:
        """
        Write an attribute, whoever may.

        @return: what came of it.
        """
        if attribute == 1:
            return DataAccessResult.READ_WRITE_DENIED
        if attribute not in self.interface_class.attributes and attribute not in self._given:
            return DataAccessResult.OBJECT_UNDEFINED
        if not self.takes(attribute, value):
            return DataAccessResult.TYPE_UNMATCHED
        if type(self) is not CosemObject and has_unknown_member(
            self.interface_class.attribute(attribute).decode(value).value
        ):
            return DataAccessResult.OTHER_REASON
        handler = self._handler("write", attribute)
        if handler is None:
            self.put(attribute, value)
            return DataAccessResult.SUCCESS
        result: DataAccessResult = handler(value)
        return result

    def act(self, method: int, parameter: Data | None = None) -> tuple[ActionResult, Data | None]:
        """
        Run a method, whoever may.

        @return: what came of it, and the return parameter.
        """
        handler = self._handler("invoke", method)
        known = self.interface_class.methods.get(method)
        if handler is None:
            # A method of the class that this meter does not do, or none at all.
            undone = ActionResult.OBJECT_UNDEFINED if known is None else ActionResult.OTHER_REASON
            return undone, None
        if known is not None and not parameter_fits(known.parameter, parameter):
            return ActionResult.TYPE_UNMATCHED, None
        found = handler(parameter)
        if isinstance(found, Data):
            return ActionResult.SUCCESS, found
        return found if isinstance(found, tuple) else (found, None)

    def takes(self, attribute: int, value: Data) -> bool:
        """
        Is C{value} of the type of an attribute?  Where the table allows any type, it is that of the value now.
        """
        known = self.interface_class.attribute(attribute)
        if isinstance(known.kind, AnyKind):
            now = self.value(attribute)
            return not isinstance(now, Data) or now.tag in {NULL_DATA, value.tag}
        return not misfits(known, value) or self._is_like_now(attribute, known, value)

    def _is_like_now(self, attribute: int, known: Attribute, value: Data) -> bool:
        """
        Meters whose own value is not of the type in the table take more of that.
        """
        if attribute not in self._given:
            return False
        now = self.get(attribute)
        return now.tag == value.tag and misfits(known, now)

    def _handler(self, role: str, number: int) -> Callable[..., Any] | None:
        name = self._handlers.get((role, number))
        return None if name is None else getattr(self, name)

    # -- ServedObject ----------------------------------------------------------------------------

    def read(
        self, attribute: int, selection: SelectiveAccess | None, caller: Caller
    ) -> Data | DataAccessResult:
        """
        @return: as L{value}; what depends on who asks is done here by those that derive.
        """
        return self.value(attribute, selection)

    def write(
        self, attribute: int, value: Data, selection: SelectiveAccess | None, caller: Caller
    ) -> DataAccessResult:
        """
        @return: as L{assign}; no attribute is written in part.
        """
        if selection is not None:
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
        return self.assign(attribute, value)

    def invoke(
        self, method: int, parameter: Data | None, caller: Caller
    ) -> tuple[ActionResult, Data | None]:
        """
        @return: as L{act}.
        """
        return self.act(method, parameter)

    # -- what happens to it ----------------------------------------------------------------------

    def added(self, client: int) -> None:
        """
        It is part of L{device} now.

        @param client: Of the current association: whose it is; else 0.
        """

    def start(self, now: float) -> None:
        """
        The meter begins: an object that is L{ACTIVE} says with C{meter.schedule} when it has something to do.

        @param now: Seconds since 1970 UTC, on the clock of the meter.
        """

    def work(self, due: float, now: float) -> None:
        """
        Do what was scheduled, and schedule what comes next.

        @param due: The time that was scheduled.
        @param now: The time it is: much later, if the meter slept.
        """

    def clock_set(self, before: float, now: float) -> None:
        """
        The clock of the meter was set: what was scheduled may have to change.

        @param before: What it showed.
        """

    def answered(self, caller: Caller) -> None:
        """
        The answer to an ACTION of C{caller} went out.
        """
