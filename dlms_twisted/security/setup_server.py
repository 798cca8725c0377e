"""
Security setup (class 64) as the server keeps it: policy, suite, titles, keys and certificates (04, section 10).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import evolve

from dlms_twisted.apdu.results import ActionResult
from dlms_twisted.codec import build
from dlms_twisted.codec.data import Data
from dlms_twisted.errors import ConfigurationError, DecodeError, LocalProtocolError, SecurityError
from dlms_twisted.security.certificate_store import CertificateStore
from dlms_twisted.security.certificates import Certificate, CertificateType, Entity
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.issuing import signing_request
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import SecurityPolicy
from dlms_twisted.security.setup import (
    KeyId,
    Method,
    certificate_info,
    key_data,
    read_key_data,
    read_number,
    read_octets,
    read_selector,
)
from dlms_twisted.security.setup_agreement import agree_as_server
from dlms_twisted.security.suites import SUITES
from dlms_twisted.security.variants import ObjectIdentifier
from dlms_twisted.security.wrap import unwrap_key

__all__ = ["SecuritySetup"]

_FIELDS: Final = {
    KeyId.UNICAST_ENCRYPTION: "encryption_key",
    KeyId.BROADCAST_ENCRYPTION: "broadcast_key",
    KeyId.AUTHENTICATION: "authentication_key",
    KeyId.MASTER: "master_key",
}


class SecuritySetup:
    """
    One object of the class, without IO: L{invoke} runs a method, and L{commit} makes new keys those in use, after
    the answer went out under the old ones.

    @ivar policy: What is demanded.
    @ivar suite: 0, 1 or 2.
    @ivar client_title: System title of the client.
    @ivar server_title: Ours.
    @ivar keys: In use now.
    @ivar certificates: Those that were imported.
    """

    def __init__(
        self,
        keys: MeterKeys,
        *,
        server_title: bytes,
        client_title: bytes = b"",
        suite: int = 0,
        policy: SecurityPolicy | None = None,
        version: int = 1,
        random: Callable[[int], bytes],
        identifier: ObjectIdentifier = ObjectIdentifier.DLMS,
    ) -> None:
        """
        @param version: Of the class; 0 has the methods security_activate and key_transfer only.

        @param random: Gives so many random octets: C{secrets.token_bytes}.

        @param identifier: What key_agreement derives keys with.
        """
        self.keys = keys
        self.server_title = server_title
        self.client_title = client_title
        self.suite = suite
        self.policy = SecurityPolicy() if policy is None else policy
        self.version = version
        self.certificates = CertificateStore()
        self._random = random
        self._identifier = identifier
        self._new_keys: dict[KeyId, bytes] = {}
        #: Private keys that generate_key_pair made and no certificate confirmed yet.
        self._key_pairs: dict[CertificateType, bytes] = {}

    def attribute(self, index: int) -> Data | None:
        """
        @return: attributes 2 to 6, or C{None} for those that are not kept here.
        """
        match index:
            case 2:
                return build.enum(self.policy.to_value(self.version))
            case 3:
                return build.enum(self.suite)
            case 4:
                return build.octet_string(self.client_title)
            case 5:
                return build.octet_string(self.server_title)
            case 6 if self.version > 0:
                return certificate_info(self.certificates.entries())
        return None

    def invoke(self, method: int, parameter: Data | None) -> tuple[ActionResult, Data | None]:
        """
        Run a method.  A wrong parameter changes nothing.

        @return: how it ended, and the return parameter.
        """
        known: dict[int, Callable[[Data], Data | None]] = {
            Method.SECURITY_ACTIVATE: self._security_activate,
            Method.KEY_TRANSFER: self._key_transfer,
        }
        if self.version > 0:
            known |= {
                Method.KEY_AGREEMENT: self._key_agreement,
                Method.GENERATE_KEY_PAIR: self._generate_key_pair,
                Method.GENERATE_CERTIFICATE_REQUEST: self._certificate_request,
                Method.IMPORT_CERTIFICATE: self._import_certificate,
                Method.EXPORT_CERTIFICATE: self._export_certificate,
                Method.REMOVE_CERTIFICATE: self._remove_certificate,
            }
        if method not in known:
            return ActionResult.OBJECT_UNDEFINED, None
        if parameter is None:
            return ActionResult.TYPE_UNMATCHED, None
        try:
            return ActionResult.SUCCESS, known[method](parameter)
        except DecodeError:
            return ActionResult.TYPE_UNMATCHED, None
        except (SecurityError, ConfigurationError, LocalProtocolError):
            return ActionResult.OTHER_REASON, None

    def commit(self) -> bool:
        """
        The answer went out: keys that were transferred or agreed on hold from the next request.

        @return: did any key change?
        """
        changes = {_FIELDS[key_id]: key for key_id, key in self._new_keys.items()}
        self._new_keys = {}
        self.keys = evolve(self.keys, **changes)  # type: ignore[arg-type]
        return bool(changes)

    def _security_activate(self, parameter: Data) -> None:
        policy = SecurityPolicy.from_value(read_number(parameter), self.version)
        if not policy.strengthens(self.policy):
            raise ConfigurationError("a security policy can only be strengthened")
        self.policy = policy

    def _key_transfer(self, parameter: Data) -> None:
        if self.keys.master_key is None:
            raise LocalProtocolError("no master key")
        wrapped = read_key_data(parameter)
        keys = {key_id: unwrap_key(self.keys.master_key, one) for key_id, one in wrapped.items()}
        self._check_lengths(keys)
        self._new_keys |= keys

    def _key_agreement(self, parameter: Data) -> Data:
        private, public = self.keys.signing_private_key, self.keys.signing_public_key
        if private is None or public is None:
            raise LocalProtocolError("no signing keys")
        keys, answer = agree_as_server(
            read_key_data(parameter),
            client=self.client_title,
            server=self.server_title,
            signing_private=private,
            client_signing_public=public,
            random=self._random,
            identifier=self._identifier,
        )
        self._check_lengths(keys)
        self._new_keys |= keys
        return key_data(answer)

    def _check_lengths(self, keys: dict[KeyId, bytes]) -> None:
        if any(len(key) != SUITES[self.suite].key_length for key in keys.values()):
            raise LocalProtocolError("a key of the suite's length wanted")

    def _generate_key_pair(self, parameter: Data) -> None:
        kind = self._pair_kind(parameter)
        self._key_pairs[kind] = generate_private_key(self.suite, self._random)

    def _certificate_request(self, parameter: Data) -> Data:
        kind = self._pair_kind(parameter)
        private = self._key_pairs.get(kind)
        if private is None:
            raise LocalProtocolError("no key pair was generated")
        return build.octet_string(signing_request(private, self.server_title))

    @staticmethod
    def _pair_kind(parameter: Data) -> CertificateType:
        number = read_number(parameter)
        if number > CertificateType.TLS:
            raise DecodeError("key pair 0 to 2 wanted", 0)
        return CertificateType(number)

    def _import_certificate(self, parameter: Data) -> None:
        certificate = self.certificates.add(read_octets(parameter), self._entity_of)
        private = self._key_pairs.get(certificate.type)
        if certificate.system_title == self.server_title and private is not None:
            self._adopt(certificate, private)

    def _adopt(self, certificate: Certificate, private: bytes) -> None:
        """
        A certificate came back for a key pair that was generated here: the pair is in use from now on.
        """
        if public_of(private) != certificate.public_key:
            return
        del self._key_pairs[certificate.type]
        if certificate.type is CertificateType.DIGITAL_SIGNATURE:
            self.keys = evolve(self.keys, signing_private_key=private)
        elif certificate.type is CertificateType.KEY_AGREEMENT:
            self.keys = evolve(self.keys, agreement_private_key=private)

    def _entity_of(self, certificate: Certificate) -> Entity:
        if certificate.is_authority:
            return Entity.CERTIFICATION_AUTHORITY
        if certificate.system_title == self.server_title:
            return Entity.SERVER
        if certificate.system_title == self.client_title:
            return Entity.CLIENT
        return Entity.OTHER

    def _export_certificate(self, parameter: Data) -> Data:
        return build.octet_string(self.certificates.find(read_selector(parameter)).der)

    def _remove_certificate(self, parameter: Data) -> None:
        self.certificates.remove(read_selector(parameter))
