"""
Security setup: new keys, certificates and a stronger policy for a meter.

After a change of keys the association goes on: the answer still comes under the old keys, and the next request goes
under the new ones.  Source: DLMS UA 1000-1 (Blue Book), Security setup.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from dlms_twisted.client.deferring import deferring
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.services import Services
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.obis import Obis
from dlms_twisted.errors import LocalProtocolError, RemoteProtocolError
from dlms_twisted.security.certificates import Certificate, CertificateType, read_certificate
from dlms_twisted.security.policy import SecurityPolicy
from dlms_twisted.security.setup import (
    CertificateInfo,
    CertificateSelector,
    KeyId,
    Method,
    key_data,
    key_transfer,
    read_certificate_info,
    read_key_data,
    read_octets,
    selector,
)
from dlms_twisted.security.setup_agreement import ClientAgreement
from dlms_twisted.security.variants import ObjectIdentifier

__all__ = ["SECURITY_SETUP", "SecuritySetup", "SetupState"]

#: The object of the management association, on most meters.
SECURITY_SETUP: Final = Obis(0, 0, 43, 0, 0)
_CLASS: Final = 64

#: Told of keys that are in use from the next request on.
KeysChanged = Callable[[Mapping[KeyId, bytes]], None]


class SetupState(NamedTuple):
    """
    What a meter says of its security; C{None} for what it does not say.

    @ivar policy: What it demands.
    @ivar suite: 0, 1 or 2.
    @ivar client_title: System title of the client that it knows.
    @ivar server_title: Its own.
    """

    policy: SecurityPolicy | None
    suite: int | None
    client_title: bytes | None
    server_title: bytes | None


class SecuritySetup:
    """
    One Security setup object of one meter.
    """

    def __init__(
        self,
        services: Services,
        name: Obis = SECURITY_SETUP,
        *,
        version: int = 1,
        changed: KeysChanged | None = None,
    ) -> None:
        """
        @param version: Of the class, which decides how a policy is said.
        @param changed: Told of new keys.
        """
        self._services = services
        self._name = name
        self._version = version
        self._changed = changed

    def __repr__(self) -> str:
        return f"<SecuritySetup {self._name}>"

    @deferring
    async def state(self) -> SetupState:
        """
        @return: policy, suite and titles.
        """
        found = await self._services.get_many([self._member(one) for one in (2, 3, 4, 5)])
        policy, suite, client, server = (
            one.values if isinstance(one, Data) else None for one in found
        )
        return SetupState(
            SecurityPolicy.from_value(policy, self._version) if type(policy) is int else None,
            suite if type(suite) is int else None,
            client if isinstance(client, bytes) else None,
            server if isinstance(server, bytes) else None,
        )

    @deferring
    async def activate(self, policy: SecurityPolicy) -> None:
        """
        Demand more; a policy can only be strengthened.

        @raise AccessRefusedError: the meter refuses.
        @raise dlms_twisted.errors.ConfigurationError: version 0 of the class cannot say it.
        """
        value = policy.to_value(self._version)
        await self._act(Method.SECURITY_ACTIVATE, build.enum(value))

    @deferring
    async def transfer_keys(self, master_key: bytes, keys: Mapping[KeyId, bytes]) -> None:
        """
        Give the meter new keys, each wrapped with the master key.

        @param master_key: The KEK that it has now.
        @param keys: The new keys.

        @raise AccessRefusedError: the meter refuses: no key has changed.
        @raise LocalProtocolError: a key has a wrong length.
        """
        await self._act(Method.KEY_TRANSFER, key_transfer(master_key, keys))
        self._tell(keys)

    @deferring
    async def agree_keys(
        self,
        wanted: Iterable[KeyId],
        *,
        client_title: bytes,
        server_title: bytes,
        signing_private: bytes,
        server_signing_public: bytes,
        random: Callable[[int], bytes] = secrets.token_bytes,
        identifier: ObjectIdentifier = ObjectIdentifier.DLMS,
    ) -> dict[KeyId, bytes]:
        """
        Agree new keys with the meter, by ECDH with signed ephemeral keys: C(2e, 0s).

        @param client_title: Our system title.
        @param server_title: The meter's.
        @param signing_private: Our private key for signatures.
        @param server_signing_public: The meter's public key for signatures, of its certificate.
        @param random: Gives so many random octets.
        @param identifier: Which object identifier the meter derives with.

        @return: the new keys, which nobody but both of us knows.

        @raise AccessRefusedError: the meter refuses: no key has changed.
        @raise dlms_twisted.errors.SecurityError: its answer is not signed by it.
        """
        agreement = ClientAgreement(
            wanted,
            client=client_title,
            server=server_title,
            signing_private=signing_private,
            random=random,
        )
        answer = await self._asked(Method.KEY_AGREEMENT, key_data(agreement.request()))
        keys = agreement.finish(read_key_data(answer), server_signing_public, identifier)
        self._tell(keys)
        return keys

    @deferring
    async def generate_key_pair(self, kind: CertificateType) -> None:
        """
        Have the meter make a key pair, whose private key never leaves it.

        @raise AccessRefusedError: the meter refuses.
        """
        await self._act(Method.GENERATE_KEY_PAIR, build.enum(kind))

    @deferring
    async def certificate_request(self, kind: CertificateType) -> bytes:
        """
        @return: a certificate signing request (PKCS #10, DER) for the key pair that the meter has made.

        @raise AccessRefusedError: the meter refuses.
        """
        answer = await self._asked(Method.GENERATE_CERTIFICATE_REQUEST, build.enum(kind))
        return read_octets(answer)

    @deferring
    async def certificates(self) -> tuple[CertificateInfo, ...]:
        """
        @return: what the meter says of the certificates that it has.

        @raise AccessRefusedError: the meter refuses.
        """
        return read_certificate_info(await self._services.get(self._member(6)))

    @deferring
    async def import_certificate(self, certificate: Certificate | bytes) -> None:
        """
        Give the meter a certificate.

        @param certificate: X.509, DER.

        @raise AccessRefusedError: the meter refuses.
        @raise DecodeError: the octets are no certificate.
        @raise dlms_twisted.errors.SecurityError: it is of a curve that DLMS does not use.
        """
        one = read_certificate(certificate) if isinstance(certificate, bytes) else certificate
        await self._act(Method.IMPORT_CERTIFICATE, build.octet_string(one.der))

    @deferring
    async def export_certificate(self, which: CertificateSelector) -> Certificate:
        """
        @return: a certificate that the meter has.

        @raise AccessRefusedError: it has none such.
        @raise DecodeError: what it gives is none.
        """
        answer = await self._asked(Method.EXPORT_CERTIFICATE, selector(which))
        return read_certificate(read_octets(answer))

    @deferring
    async def remove_certificate(self, which: CertificateSelector) -> None:
        """
        Have the meter forget a certificate.

        @raise AccessRefusedError: it has none such, or refuses.
        """
        await self._act(Method.REMOVE_CERTIFICATE, selector(which))

    def _tell(self, keys: Mapping[KeyId, bytes]) -> None:
        if self._changed is not None:
            self._changed(keys)

    async def _act(self, method: Method, parameter: Data) -> Data | None:
        if self._version == 0 and method > Method.KEY_TRANSFER:
            raise LocalProtocolError("version 0 of Security setup has two methods only")
        return await self._services.action(self._member(method), parameter)

    async def _asked(self, method: Method, parameter: Data) -> Data:
        answer = await self._act(method, parameter)
        if answer is None:
            raise RemoteProtocolError(f"{method.name.lower()} gives nothing back")
        return answer

    def _member(self, number: int) -> Reference:
        return Reference(self._name, _CLASS, number)
