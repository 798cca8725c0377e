"""
The method key_agreement of Security setup, C(2e, 0s), from both sides (04, sections 7 and 10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dlms_twisted.errors import DecodeError, Reason, SecurityError
from dlms_twisted.security.agreement import ephemeral_unified
from dlms_twisted.security.curves import curve_of_private, generate_private_key, public_of
from dlms_twisted.security.setup import KeyId
from dlms_twisted.security.signing import sign, verify
from dlms_twisted.security.variants import ObjectIdentifier

__all__ = ["ClientAgreement", "agree_as_server"]

Random = Callable[[int], bytes]


class ClientAgreement:
    """
    The client's side: it asks with an ephemeral key for each key wanted, and computes the keys from the answer.
    """

    __slots__ = ("_client", "_ephemeral", "_server", "_signing")

    def __init__(
        self,
        wanted: Iterable[KeyId],
        *,
        client: bytes,
        server: bytes,
        signing_private: bytes,
        random: Random,
    ) -> None:
        """
        @param client: Our system title.

        @param server: The server's.

        @param signing_private: Ours; its curve decides the suite.

        @param random: Gives so many random octets: C{secrets.token_bytes}.

        @raise SecurityError: C{unknown-key}: not a private key.
        """
        suite = curve_of_private(signing_private).suite
        self._client = client
        self._server = server
        self._signing = signing_private
        self._ephemeral = {key_id: generate_private_key(suite, random) for key_id in wanted}

    def request(self) -> dict[KeyId, bytes]:
        """
        @return: for L{dlms_twisted.security.setup.key_data}: the parameter of the method.
        """
        return {
            key_id: _signed(key_id, private, self._signing)
            for key_id, private in self._ephemeral.items()
        }

    def finish(
        self,
        answer: Mapping[KeyId, bytes],
        server_signing_public: bytes,
        identifier: ObjectIdentifier = ObjectIdentifier.DLMS,
    ) -> dict[KeyId, bytes]:
        """
        @param answer: What the method gave back, from L{dlms_twisted.security.setup.read_key_data}.

        @param identifier: Which object identifier the server derives with.

        @return: the new keys.

        @raise DecodeError: the answer is about other keys than were asked for.

        @raise SecurityError: C{bad-signature}; C{malformed}: no point of the curve.
        """
        if set(answer) != set(self._ephemeral):
            raise DecodeError("an answer for each key that was asked for wanted", 0)
        return {
            key_id: ephemeral_unified(
                self._ephemeral[key_id],
                _verified(key_id, data, server_signing_public),
                client=self._client,
                server=self._server,
                wrap=key_id is KeyId.MASTER,
                identifier=identifier,
            )
            for key_id, data in answer.items()
        }

    def __repr__(self) -> str:
        return f"<ClientAgreement {[key_id.name for key_id in self._ephemeral]}>"


def agree_as_server(
    request: Mapping[KeyId, bytes],
    *,
    client: bytes,
    server: bytes,
    signing_private: bytes,
    client_signing_public: bytes,
    random: Random,
    identifier: ObjectIdentifier = ObjectIdentifier.DLMS,
) -> tuple[dict[KeyId, bytes], dict[KeyId, bytes]]:
    """
    The server's side.

    @param request: From L{dlms_twisted.security.setup.read_key_data}.

    @return: the new keys, and the answer for L{dlms_twisted.security.setup.key_data}.

    @raise SecurityError: C{bad-signature}; C{malformed}: no point of the curve; C{unknown-key}: not a private key.
    """
    suite = curve_of_private(signing_private).suite
    keys: dict[KeyId, bytes] = {}
    answer: dict[KeyId, bytes] = {}
    for key_id, data in request.items():
        public = _verified(key_id, data, client_signing_public)
        private = generate_private_key(suite, random)
        keys[key_id] = ephemeral_unified(
            private,
            public,
            client=client,
            server=server,
            wrap=key_id is KeyId.MASTER,
            identifier=identifier,
        )
        answer[key_id] = _signed(key_id, private, signing_private)
    return keys, answer


def _signed(key_id: KeyId, ephemeral: bytes, signing_private: bytes) -> bytes:
    public = public_of(ephemeral)
    return public + sign(signing_private, bytes((key_id,)) + public)


def _verified(key_id: KeyId, data: bytes, signing_public: bytes) -> bytes:
    half = len(signing_public)
    public, signature = data[:half], data[half:]
    if not verify(signing_public, bytes((key_id,)) + public, signature):
        raise SecurityError(Reason.BAD_SIGNATURE, f"key data of key {int(key_id)}")
    return public
