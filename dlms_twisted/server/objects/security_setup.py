"""
Security setup (class 64): policy, suite, titles, keys that really change, certificates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve

from dlms_twisted.apdu.results import ActionResult, DataAccessResult
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.security.policy import SecurityPolicy
from dlms_twisted.security.setup_server import SecuritySetup
from dlms_twisted.security.suites import TITLE_LENGTH
from dlms_twisted.server.objects.base import NO_VALUES, CosemObject, reads, writes
from dlms_twisted.session.served import Caller

__all__ = ["SecuritySetupObject"]

_POLICY: Final = 2
_SUITE: Final = 3
_CLIENT_TITLE: Final = 4
_SERVER_TITLE: Final = 5
#: Keys of the meter itself, which the methods change.
_OURS: Final = (
    "encryption_key",
    "authentication_key",
    "broadcast_key",
    "master_key",
    "signing_private_key",
    "agreement_private_key",
)


class SecuritySetupObject(CosemObject):
    """
    What L{SecuritySetup} does, as an object.  New keys hold from the request after the answer.
    """

    CLASS = 64
    VERSION = 1
    READ_ONLY = frozenset({_POLICY, _SUITE, _SERVER_TITLE})

    __slots__ = ("_changed", "_setup")

    def __init__(
        self,
        name: Obis | str | bytes,
        *,
        values: Mapping[int, Any] = NO_VALUES,
        class_id: int | None = None,
        version: int | None = None,
    ) -> None:
        super().__init__(name, values=values, class_id=class_id, version=version)
        self._setup: SecuritySetup | None = None
        self._changed = False

    @property
    def is_kept(self) -> bool:
        """
        Once a method was run, it is.
        """
        return self._changed or super().is_kept

    @property
    def setup(self) -> SecuritySetup:
        """
        Policy, titles and certificates.
        """
        if self._setup is None:
            self._setup = SecuritySetup(
                self.meter.keys,
                server_title=self.meter.title,
                client_title=self._octets(_CLIENT_TITLE),
                suite=self.meter.description.suite,
                policy=self._policy(),
                version=self.version,
                random=self.meter.random,
            )
        return self._setup

    @property
    def policy_now(self) -> SecurityPolicy:
        """
        What is demanded of ciphered associations.
        """
        return self._policy() if self._setup is None else self._setup.policy

    def _octets(self, attribute: int) -> bytes:
        value = self.get(attribute).values
        return value if isinstance(value, bytes) else b""

    def _policy(self) -> SecurityPolicy:
        value = self.get(_POLICY).values
        try:
            return SecurityPolicy.from_value(value if isinstance(value, int) else 0, self.version)
        except ConfigurationError:
            # A real meter's policy that this version of the class does not have.
            return SecurityPolicy()

    # -- attributes ------------------------------------------------------------------------------

    @reads(_POLICY)
    def policy(self) -> Data:
        """
        @return: what is demanded.
        """
        return self._attribute(_POLICY)

    @reads(_SUITE)
    def suite(self) -> Data:
        """
        @return: 0, 1 or 2.
        """
        return self._attribute(_SUITE)

    @reads(_CLIENT_TITLE)
    def client_title(self) -> Data:
        """
        @return: the title of the client.
        """
        return self._attribute(_CLIENT_TITLE)

    @reads(_SERVER_TITLE)
    def server_title(self) -> Data:
        """
        @return: ours.
        """
        return self._attribute(_SERVER_TITLE)

    @reads(6)
    def certificates(self) -> Data:
        """
        @return: those that were imported.
        """
        return self._attribute(6)

    def _attribute(self, number: int) -> Data:
        found = self.setup.attribute(number)
        return self.get(number) if found is None else found

    @writes(_CLIENT_TITLE)
    def set_client_title(self, value: Data) -> DataAccessResult:
        """
        Only this client may come then.
        """
        title = value.values
        if not isinstance(title, bytes) or len(title) not in {0, TITLE_LENGTH}:
            return DataAccessResult.OTHER_REASON
        self.setup.client_title = title
        self._changed = True
        return DataAccessResult.SUCCESS

    # -- methods ---------------------------------------------------------------------------------

    def invoke(
        self, method: int, parameter: Data | None, caller: Caller
    ) -> tuple[ActionResult, Data | None]:
        """
        @return: as the method of L{SecuritySetup}; new keys wait until the answer is out.
        """
        keys = self.device.keys(caller.association)
        self.setup.keys = evolve(self.setup.keys, signing_public_key=keys.signing_public_key)
        if caller.title:
            self.setup.client_title = caller.title
        self.device.wait_for_answer(self)
        return self._run(method, parameter)

    def act(self, method: int, parameter: Data | None = None) -> tuple[ActionResult, Data | None]:
        """
        Run a method of which nobody waits for an answer: new keys hold at once.
        """
        found = self._run(method, parameter)
        self._commit()
        return found

    def _run(self, method: int, parameter: Data | None) -> tuple[ActionResult, Data | None]:
        setup = self.setup
        now = {name: getattr(self.meter.keys, name) for name in _OURS}
        setup.keys = evolve(setup.keys, **now)
        self._changed = True
        found = setup.invoke(method, parameter)
        # A key pair that a certificate came back for holds at once, and so does a policy.
        self._take_over()
        self.device.changed()
        return found

    def answered(self, caller: Caller) -> None:
        """
        The answer went out under the old keys: the new ones hold.
        """
        self._commit()

    def _commit(self) -> None:
        if self._setup is not None and self._setup.commit():
            self._take_over()

    def _take_over(self) -> None:
        keys = self.setup.keys
        changed = {
            name: getattr(keys, name)
            for name in _OURS
            if getattr(keys, name) != getattr(self.meter.keys, name)
        }
        if changed:
            self.meter.change_keys(evolve(self.meter.keys, **changed))
