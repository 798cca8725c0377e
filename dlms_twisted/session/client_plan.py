"""
Which layers a client's requests get.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import GENERAL_CIPHERING
from dlms_twisted.security.protect import GENERAL_DED, GENERAL_GLO
from dlms_twisted.security.protection import KeyChoice, Protection
from dlms_twisted.security.signed import GENERAL_SIGNING
from dlms_twisted.security.suites import security_control
from dlms_twisted.session.association import AssociationSettings, MessageKeys

__all__ = ["Planner"]

#: Octets that the service's own ciphered form adds, at most: tag, length, control, counter, and the tag of GCM.
_SERVICE: Final = 1 + 5 + 1 + 4 + 12
#: The same for general-glo-ciphering, which names the sender.
_GENERAL: Final = _SERVICE + 9
#: For general-ciphering: transaction, both titles, two empty fields and key information; by the keys that are used.
_FIELDS: Final = 3 * 9 + 2 + 2
_CIPHERING: Final = {
    MessageKeys.IDENTIFIED: _SERVICE + _FIELDS + 1,
    MessageKeys.WRAPPED: _SERVICE + _FIELDS + 2 + 2 + 40,
    MessageKeys.AGREED: _SERVICE + _FIELDS + 3 + 3 + 2 * 96,
    MessageKeys.STATIC: _SERVICE + _FIELDS + 4,
}
#: A signature of 96 octets, fields, and two lengths.
_SIGNATURE: Final = 1 + 3 * 9 + 2 + 5 + 2 + 96

_CHOICES: Final = {
    MessageKeys.IDENTIFIED: (KeyChoice.IDENTIFIED, 0),
    MessageKeys.WRAPPED: (KeyChoice.WRAPPED, 0),
    MessageKeys.AGREED: (KeyChoice.AGREED, KeyChoice.ONE_PASS),
    MessageKeys.STATIC: (KeyChoice.AGREED, KeyChoice.STATIC_UNIFIED),
}


class Planner:
    """
    Makes the plan for each request.

    @ivar layered: Is a plan needed?  Not where one layer of the plain kinds does.
    @ivar overhead: How many octets protection adds, at most.
    """

    def __init__(self, settings: AssociationSettings) -> None:
        self._settings = settings
        policy = settings.security
        self._ciphers = policy.authenticated or policy.encrypted
        self._control = security_control(
            suite=settings.suite,
            authenticated=policy.authenticated,
            encrypted=policy.encrypted,
        )
        self.layered = policy.signed or (self._ciphers and settings.message_keys is not None)
        self.overhead = _SIGNATURE if policy.signed else 0
        if self._ciphers:
            if settings.message_keys is not None:
                self.overhead += _CIPHERING[settings.message_keys]
            else:
                general = settings.general or policy.signed
                self.overhead += _GENERAL if general else _SERVICE

    def plan(
        self, transaction: bytes, recipient: bytes, *, dedicated: bool
    ) -> tuple[Protection, ...]:
        """
        @param transaction: The transaction-id.
        @param recipient: The meter's system title; empty while it is not known.
        @param dedicated: Use the dedicated key.

        @return: the layers, the outermost first.
        """
        settings = self._settings
        fields = Fields(transaction, settings.title, recipient)
        plan: list[Protection] = []
        if self._ciphers:
            if settings.message_keys is None:
                tag = (GENERAL_DED if dedicated else GENERAL_GLO) if settings.general else None
                plan.append(
                    Protection(tag=tag, dedicated=dedicated, security_control=self._control)
                )
            else:
                choice, scheme = _CHOICES[settings.message_keys]
                plan.append(
                    Protection(
                        tag=GENERAL_CIPHERING,
                        security_control=self._control,
                        fields=fields,
                        key_choice=choice,
                        key_scheme=scheme,
                    )
                )
        if settings.security.signed:
            plan.append(Protection(tag=GENERAL_SIGNING, fields=fields))
        return tuple(plan)
