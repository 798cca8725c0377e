"""
What a request may do: the rights of each attribute and method, the protection that they take, and the answers that a
client gets to what is not there.

What the standard leaves open:

  - too little protection for one attribute or method is "read-write-denied", as a missing right is, and is counted;
  - a right that demands protection of the answer is denied where the context is one without ciphering;
  - an attribute or method that the class does not have is "object-undefined";
  - a list that asks for more than is put together for one answer gets "data-block-unavailable" for what is too much.

Source: DLMS UA 1000-1 (Blue Book), Association LN, C{access_rights}; IEC 62056-5-3, Data-Access-Result.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.tags import STRUCTURE
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.classes import interface_class
from dlms_twisted.errors import Reason
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.served import Caller, ServedDevice, ServedObject

__all__ = ["ObjectAccess"]

_READ: Final = int(Rights.READ)
_WRITE: Final = int(Rights.WRITE)
#: Bits of the protection of a request and of its answer.
_REQUEST: Final = 0x1C
_RESPONSE: Final = 0xE0


class ObjectAccess:
    """
    What one request does with objects, in the name of its caller.

    @ivar caller: Who asks.
    @ivar acted: Was a method invoked?
    """

    __slots__ = ("_applied", "_ciphered", "_device", "_left", "_response", "acted", "caller")

    def __init__(
        self, device: ServedDevice, caller: Caller, *, ciphered: bool, most: int = 4 << 20
    ) -> None:
        """
        @param ciphered: Is the context one with ciphering?
        @param most: When so many octets were read, no more are.
        """
        applied = caller.applied
        self._device = device
        self._ciphered = ciphered
        self._applied = (
            applied.authenticated << 2 | applied.encrypted << 3 | applied.signed << 4
            if ciphered
            else 0
        )
        self._response = 0
        self._left = most
        self.caller = caller
        self.acted = False

    @property
    def demands(self) -> Policy:
        """
        The protection that the rights demand of the answer.
        """
        bits = self._response
        if not bits:
            return Policy.NONE
        return Policy(
            authenticated=bool(bits & 0x20), encrypted=bool(bits & 0x40), signed=bool(bits & 0x80)
        )

    def find(self, class_id: int, logical_name: bytes) -> ServedObject | DataAccessResult:
        """
        @return: the object, or why there is none.
        """
        association = self.caller.association
        served = self._device.find(association, class_id, logical_name)
        if served is not None:
            return served
        if self._device.find(association, None, logical_name) is not None:
            return DataAccessResult.OBJECT_CLASS_INCONSISTENT
        return DataAccessResult.OBJECT_UNDEFINED

    def read(
        self, served: ServedObject, attribute: int, selection: SelectiveAccess | None
    ) -> Data | DataAccessResult:
        """
        @return: the value of an attribute, or why there is none.
        """
        denied = self._denied(served, attribute, _READ)
        if denied is not None:
            return denied
        if self._left <= 0:
            return DataAccessResult.DATA_BLOCK_UNAVAILABLE
        found = served.read(attribute, selection, self.caller)
        if isinstance(found, Data):
            self._left -= len(found.octets)
        return found

    def write(
        self, served: ServedObject, attribute: int, value: Data, selection: SelectiveAccess | None
    ) -> DataAccessResult:
        """
        @return: what came of it.
        """
        denied = self._denied(served, attribute, _WRITE)
        if denied is not None:
            return denied
        return served.write(attribute, value, selection, self.caller)

    def invoke(
        self, served: ServedObject, method: int, parameter: Data | None
    ) -> tuple[ActionResult, Data | None]:
        """
        @return: what came of it, and the return parameter.
        """
        denied = self._denied(served, method, _READ, method=True)
        if denied is not None:
            return ActionResult(denied), None
        self.acted = True
        return served.invoke(method, parameter, self.caller)

    def read_all(self, served: ServedObject) -> Data | DataAccessResult:
        """
        Attribute 0 of a GET.

        @return: a structure of all attributes, null-data for those that cannot be read; or why there is none.
        """
        numbers = interface_class(served.class_id, served.version).attributes
        values = [self.read(served, number, None) for number in numbers]
        if not any(isinstance(value, Data) for value in values):
            return DataAccessResult.READ_WRITE_DENIED
        return build.structure(
            *(value if isinstance(value, Data) else build.null() for value in values)
        )

    def write_all(self, served: ServedObject, value: Data) -> DataAccessResult:
        """
        Attribute 0 of a SET: a structure of all attributes, null-data for those that stay as they are.

        @return: what came of the first that failed; those before it are written.
        """
        numbers = interface_class(served.class_id, served.version).attributes
        parts = _parts(value)
        if len(parts) != len(numbers):
            return DataAccessResult.TYPE_UNMATCHED
        for number, part in zip(numbers, parts, strict=True):
            if part.values is not None:
                result = self.write(served, number, part, None)
                if not result.is_success:
                    return result
        return DataAccessResult.SUCCESS

    def _denied(
        self, served: ServedObject, member: int, right: int, *, method: bool = False
    ) -> DataAccessResult | None:
        rights = int(self._device.rights(self.caller.association, served, member, method=method))
        if not rights & right:
            known = interface_class(served.class_id, served.version)
            members = known.methods if method else known.attributes
            if known.is_known and member not in members:
                return DataAccessResult.OBJECT_UNDEFINED
            return DataAccessResult.READ_WRITE_DENIED
        if rights & _REQUEST & ~self._applied or (rights & _RESPONSE and not self._ciphered):
            self._device.refused(self.caller.association, Reason.DOWNGRADE.value)
            return DataAccessResult.READ_WRITE_DENIED
        self._response |= rights & _RESPONSE
        return None


def _parts(value: Data) -> tuple[Data, ...]:
    """
    @return: the elements of a structure; none of anything else.
    """
    if value.tag != STRUCTURE:
        return ()
    reader = Reader(value.octets, 1)
    return tuple(reader.data() for _ in range(reader.length()))
