"""
A logical device of the simulated meter: who may associate, and its objects, made when they are first needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import evolve

from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.server.described import AssociationDescription, ObjectDescription
from dlms_twisted.server.description import DeviceDescription
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.server.objects.registry import make_object
from dlms_twisted.server.objects.security_setup import SecuritySetupObject
from dlms_twisted.server.views import AssociationView
from dlms_twisted.session.served import Caller, ServedAssociation, ServedObject, ShortName

if TYPE_CHECKING:
    from dlms_twisted.server.meter import SimulatedMeter

__all__ = ["Device"]

#: Class, logical name, and of the current association whose it is.
_Key = tuple[int, bytes, int]


class Device:
    """
    What the session of a client asks: L{dlms_twisted.session.served.ServedDevice}.

    @ivar meter: The meter that it is part of.
    @ivar description: What it is; shared with other meters.
    @ivar actions_left: While scripts run: how many actions they may still do, scripts that they call included.
    """

    __slots__ = (
        "_associated",
        "_keys",
        "_objects",
        "_secrets",
        "_served",
        "_waiting",
        "actions_left",
        "description",
        "meter",
    )

    def __init__(self, meter: SimulatedMeter, description: DeviceDescription) -> None:
        self.meter = meter
        self.description = description
        self._objects: dict[_Key, CosemObject] = {}
        self._secrets: dict[int, bytes] = {}
        #: For each client: the meter's keys, and what was made of them.
        self._keys: dict[int, tuple[MeterKeys, MeterKeys]] = {}
        self._served: dict[int, ServedAssociation] = {}
        self._associated: dict[int, int] = {}
        self._waiting: list[CosemObject] = []
        self.actions_left: int | None = None

    @property
    def title(self) -> bytes:
        """
        System title of the meter.
        """
        return self.meter.title

    @property
    def name(self) -> str:
        """
        Logical device name.
        """
        if self.description.name is not None:
            return self.description.name
        rule = self.meter.identity.logical_device_name
        sap = self.description.sap
        return rule if sap == 1 else f"{rule[:12]}{sap:04X}"

    # -- its objects -----------------------------------------------------------------------------

    def object(self, class_id: int | None, name: Obis | str | bytes) -> CosemObject | None:
        """
        @param class_id: C{None} for any.

        @return: the object, whoever may see it.
        """
        octets = name if isinstance(name, bytes) else _octets(name)
        if class_id is not None:
            plan = self.description.by_key.get((class_id, octets))
        else:
            plans = self.description.objects
            plan = next((one for one in plans if one.logical_name == octets), None)
        return None if plan is None else self.made(plan)

    def made(self, plan: ObjectDescription, client: int = 0) -> CosemObject:
        """
        @param client: For the current association: whose.

        @return: the object that was described, the same one while the meter does not rest.
        """
        key = self._key(plan, client)
        found = self._objects.get(key)
        if found is None:
            found = make_object(plan)
            found.device = self
            self._objects[key] = found
            found.added(key[-1])
        return found

    def live_object(self, plan: ObjectDescription) -> CosemObject | None:
        """
        @return: the object, if it is there already.
        """
        return self._objects.get(self._key(plan, 0))

    @property
    def live(self) -> Iterator[CosemObject]:
        """
        The objects that are there now.
        """
        return iter(tuple(self._objects.values()))

    def rest(self) -> None:
        """
        Drop the objects that lose nothing by it.
        """
        self._objects = {key: one for key, one in self._objects.items() if one.is_kept}
        self._keys = {}
        self._served = {}

    @staticmethod
    def _key(plan: ObjectDescription, client: int) -> _Key:
        return (*plan.key, client if plan.is_current_association else 0)

    # -- associations ----------------------------------------------------------------------------

    def view(self, client: int) -> AssociationView | None:
        """
        @return: what the association of a client shows.
        """
        return self.description.by_client.get(client)

    def association(self, client: int) -> ServedAssociation | None:
        """
        @return: how the client of that address may associate.
        """
        found = self._served.get(client)
        if found is None and client in self.description.by_client:
            found = self._served[client] = self._serve(self.description.by_client[client].plan)
        return found

    def _serve(self, plan: AssociationDescription) -> ServedAssociation:
        policy, answers = plan.security, plan.answers
        setup = self._setup() if plan.ciphered else None
        if setup is not None:
            policy |= setup.policy_now.request
            answers |= setup.policy_now.response
        return ServedAssociation(
            client=plan.client,
            mechanism=plan.mechanism,
            short_names=plan.short_names,
            ciphered=plan.ciphered,
            secret=self.secret(plan),
            policy=policy,
            answers=answers,
            suite=self.meter.description.suite,
            conformance=plan.conformance,
            max_receive=plan.max_receive,
            pre_established=plan.pre_established,
            authentication_timeout=plan.authentication_timeout,
        )

    def secret(self, plan: AssociationDescription) -> bytes:
        """
        @return: password or secret of an association.
        """
        if plan.client in self._secrets:
            return self._secrets[plan.client]
        if plan.secret is not None:
            return plan.secret
        if plan.mechanism in {Mechanism.LOWEST, Mechanism.GMAC, Mechanism.ECDSA}:
            return b""
        return self.meter.identity.secret(plan.client)

    def change_secret(self, client: int, secret: bytes) -> None:
        """
        This one holds from the next association on.
        """
        self._secrets[client] = secret
        self.changed()

    def is_associated(self, client: int) -> bool:
        """
        Is an association of that client open?
        """
        return self._associated.get(client, 0) > 0

    def changed(self) -> None:
        """
        A policy or a secret has changed: associations are not what they were.
        """
        self._served = {}

    def _setup(self) -> SecuritySetupObject | None:
        plan = next((one for one in self.description.objects if one.class_id == 64), None)
        found = None if plan is None else self.made(plan)
        return found if isinstance(found, SecuritySetupObject) else None

    def keys(self, association: ServedAssociation) -> MeterKeys:
        """
        @return: the keys in use now; with the title of the client where it is known beforehand.
        """
        of_meter = self.meter.keys
        before = self._keys.get(association.client)
        # Who uses them caches what it makes of them: the same object while nothing changed.
        if before is None or before[0] is not of_meter:
            plan = self._view(association).plan
            keys = evolve(
                of_meter,
                system_title=plan.client_title,
                signing_public_key=plan.client_signing_key or of_meter.signing_public_key,
                agreement_public_key=plan.client_agreement_key or of_meter.agreement_public_key,
            )
            before = self._keys[association.client] = (of_meter, keys)
        return before[1]

    def _view(self, association: ServedAssociation) -> AssociationView:
        return self.description.by_client[association.client]

    # -- what the session asks -------------------------------------------------------------------

    def find(
        self, association: ServedAssociation, class_id: int | None, logical_name: bytes
    ) -> ServedObject | None:
        """
        @return: the object, if the association sees it.
        """
        plan = self._view(association).find(class_id, logical_name)
        return None if plan is None else self.made(plan, association.client)

    def short_name(self, association: ServedAssociation, name: int) -> ShortName | None:
        """
        @return: what a short name stands for.
        """
        found = self._view(association).short_name(name)
        if found is None:
            return None
        served = self.made(found.plan, association.client)
        return ShortName(served, found.number, found.is_method)

    def rights(
        self,
        association: ServedAssociation,
        served: ServedObject,
        member: int,
        *,
        method: bool = False,
    ) -> Rights:
        """
        @return: what the association may do with an attribute, or with a method.
        """
        plan = self.description.by_key.get((served.class_id, served.logical_name))
        if plan is None:
            return Rights(0)
        return self._view(association).rights(plan, member, method=method)

    def counter(self, epoch: str) -> int:
        """
        @return: an invocation counter for the key of that epoch, never the same twice.
        """
        return self.meter.counters.take(epoch)

    def window(self, title: bytes, epoch: str) -> ReplayWindow:
        """
        @return: the client's counters under the key of that epoch.
        """
        return self.meter.counters.window(title, epoch)

    def associated(self, association: ServedAssociation, caller: Caller) -> None:
        """
        An association was opened.
        """
        self._associated[association.client] = self._associated.get(association.client, 0) + 1

    def released(self, association: ServedAssociation) -> None:
        """
        An association has ended.
        """
        left = self._associated.get(association.client, 0) - 1
        self._associated[association.client] = max(0, left)

    def refused(self, association: ServedAssociation | None, reason: str) -> None:
        """
        Security refused something.
        """
        self.meter.counters.refuse(reason)

    def wait_for_answer(self, one: CosemObject) -> None:
        """
        Tell C{one} when the answer to this request went out.
        """
        self._waiting.append(one)

    def answered(self, caller: Caller) -> None:
        """
        The answer to an ACTION went out.
        """
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.answered(caller)


def _octets(name: Obis | str) -> bytes:
    return (Obis.parse(name) if isinstance(name, str) else name).octets
