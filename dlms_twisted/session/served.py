"""
What a server's session asks of the meter that it speaks for: who may associate, which objects there are, and the keys.

The session (L{dlms_twisted.session.server}) knows services, associations and security; it knows nothing of what an
object holds.  Whoever has objects implements these protocols: the simulated meter, a test, a gateway.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from attrs import field, frozen
from attrs.validators import and_, ge, le

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.descriptors import SelectiveAccess
from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.security.hls import Mechanism, Transform, aes_ecb
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.window import ReplayWindow

__all__ = ["Caller", "ServedAssociation", "ServedDevice", "ServedObject", "ShortName"]

_ALL: Final = Conformance(0x00FFFFFF)


@frozen(kw_only=True)
class ServedAssociation:
    """
    How the client of one address may associate with a logical device.

    @ivar client: Its address (SAP), for example 16, the public client.
    @ivar mechanism: The one that it must use.
    @ivar short_names: Short name referencing.
    @ivar ciphered: May it use a context with ciphering?  It must, where C{policy} demands something.
    @ivar secret: Password of the low level, or secret of a high one; never shown.
    @ivar policy: Demanded of each of its requests, once it is associated.
    @ivar answers: Demanded of each answer, beside what its request had.
    @ivar suite: Security suite.
    @ivar conformance: What we can do for it.
    @ivar max_receive: The longest APDU that we take, in octets; 0 for no limit.
    @ivar object_name: Logical name of its Association object.
    @ivar pre_established: There is no AARQ: the association is there as soon as it speaks.
    @ivar max_send: With C{pre_established}: the longest APDU that the client takes, in octets; 0 for no limit.
    @ivar transform: What mechanism 2 computes.
    @ivar authentication_timeout: Seconds in which a high mechanism must be through.
    @ivar window: Blocks of a general block transfer that we take at once, 1 to 63.
    """

    client: int
    mechanism: Mechanism = Mechanism.LOWEST
    short_names: bool = False
    ciphered: bool = False
    secret: bytes = field(default=b"", repr=False)
    policy: Policy = Policy.NONE
    answers: Policy = Policy.NONE
    suite: int = field(default=0, validator=and_(ge(0), le(2)))
    conformance: Conformance = _ALL
    max_receive: int = field(default=0xFFFF, validator=and_(ge(0), le(0xFFFF)))
    object_name: bytes = bytes.fromhex("0000280000ff")
    pre_established: bool = False
    max_send: int = 0
    transform: Transform = field(default=aes_ecb, repr=False)
    authentication_timeout: float = 30.0
    window: int = field(default=8, validator=and_(ge(1), le(63)))

    @property
    def demands(self) -> Policy:
        """
        All protection that is demanded: without ciphering none of it can be had.
        """
        return self.policy | self.answers


class Caller(NamedTuple):
    """
    Who asks, and how.

    @ivar association: Which of the device's.
    @ivar now: Seconds on the clock of the session.
    @ivar title: System title of the client; empty where it did not say.
    @ivar applied: Protection that the request had, verified.
    @ivar conformance: What was negotiated.
    @ivar max_send: The longest APDU that the client takes, in octets; 0 for no limit.
    @ivar user: Number of the client's user, where it said one.
    """

    association: ServedAssociation
    now: float
    title: bytes
    applied: Policy
    conformance: Conformance = Conformance(0)
    max_send: int = 0
    user: int | None = None


class ShortName(NamedTuple):
    """
    What a short name stands for.

    @ivar member: Number of the attribute or method.
    """

    served: ServedObject
    member: int
    is_method: bool


class ServedObject(Protocol):
    """
    One COSEM object.  Rights were checked before; the object checks what it is given.
    """

    class_id: int
    version: int
    logical_name: bytes

    def read(
        self, attribute: int, selection: SelectiveAccess | None, caller: Caller
    ) -> Data | DataAccessResult:
        """
        @return: the value, or why there is none.
        """

    def write(
        self, attribute: int, value: Data, selection: SelectiveAccess | None, caller: Caller
    ) -> DataAccessResult:
        """
        @return: what came of it; 0 for success.
        """

    def invoke(
        self, method: int, parameter: Data | None, caller: Caller
    ) -> tuple[ActionResult, Data | None]:
        """
        @return: what came of it, and the return parameter.
        """


class ServedDevice(Protocol):
    """
    One logical device.
    """

    @property
    def title(self) -> bytes:
        """
        System title of the meter, eight octets.
        """

    def association(self, client: int) -> ServedAssociation | None:
        """
        Asked of each request, so that a policy that is activated holds at once.

        @return: how the client of that address may associate; C{None} if it may not.
        """

    def keys(self, association: ServedAssociation) -> MeterKeys:
        """
        @return: the keys in use now, the same object as long as none of them changes; C{system_title} is the client's
            where that is known beforehand, and then no other is taken.
        """

    def find(
        self, association: ServedAssociation, class_id: int | None, logical_name: bytes
    ) -> ServedObject | None:
        """
        @param class_id: C{None} for any.

        @return: the object, if the association sees it.
        """

    def short_name(self, association: ServedAssociation, name: int) -> ShortName | None:
        """
        @param name: 16 bits.

        @return: what it stands for.
        """

    def rights(
        self,
        association: ServedAssociation,
        served: ServedObject,
        member: int,
        *,
        method: bool = False,
    ) -> Rights:
        """
        @return: what the association may do with an attribute, or with a method, and the protection that it takes.
        """

    def counter(self, epoch: str) -> int:
        """
        @return: an invocation counter of ours for the key of that epoch, never the same twice.
        """

    def window(self, title: bytes, epoch: str) -> ReplayWindow:
        """
        @return: the client's counters under the key of that epoch; they outlive associations.  Those of keys that are
            made for a message or two may be forgotten when there are many.
        """

    def associated(self, association: ServedAssociation, caller: Caller) -> None:
        """
        An association was opened.
        """

    def released(self, association: ServedAssociation) -> None:
        """
        An association that was open has ended.
        """

    def refused(self, association: ServedAssociation | None, reason: str) -> None:
        """
        Security refused something: a wrong password or proof, a bad tag, a used counter, too little protection.

        @param reason: A word, to be counted by.
        """

    def answered(self, caller: Caller) -> None:
        """
        The answer to an ACTION went out: new keys hold from the next request.
        """
