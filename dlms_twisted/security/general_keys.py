"""
The keys of general-ciphering: identified, wrapped, agreed (04, sections 5 and 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

from dlms_twisted.apdu.key_info import AgreedKey, IdentifiedKey, KeyInfo, WrappedKey
from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.agreement import (
    Scheme,
    one_pass,
    one_pass_data,
    one_pass_public,
    party_u_static,
    static_unified,
)
from dlms_twisted.security.curves import (
    curve_of_public,
    generate_private_key,
    shared_secret,
)
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.kdf import derive_key
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.suites import suite as suite_of
from dlms_twisted.security.variants import ObjectIdentifier, TransactionInfo, Variants
from dlms_twisted.security.wrap import unwrap_key, wrap_key

__all__ = [
    "MessageKey",
    "PossibleKey",
    "agree",
    "agree_static",
    "identify",
    "possible_keys",
    "wrap",
]

Random = Callable[[int], bytes]


class MessageKey(NamedTuple):
    """
    The key of one general-ciphering layer, and how its recipient finds it.

    @ivar key: Never shown.
    @ivar info: Key-Info, or C{None} where both sides know.
    """

    key: bytes
    info: KeyInfo | None

    def __repr__(self) -> str:
        return f"<MessageKey {key_epoch(self.key)} {type(self.info).__name__}>"


class PossibleKey(NamedTuple):
    """
    A key that a received layer may have been made with.

    @ivar key: Never shown.
    @ivar is_pending: Is it a key to come?
    @ivar is_agreed: Did only the two sides compute it?  Then it authenticates even without an authentication key.
    """

    key: bytes
    is_pending: bool = False
    is_agreed: bool = False

    def __repr__(self) -> str:
        return f"<PossibleKey {key_epoch(self.key)}>"


def identify(keys: MeterKeys, *, broadcast: bool = False) -> MessageKey:
    """
    Use a global key.

    @raise SecurityError: C{unknown-key}: there is none.
    """
    key = keys.broadcast_key if broadcast else keys.encryption_key
    if key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no such global key")
    return MessageKey(key, IdentifiedKey(key_id=int(broadcast)))


def wrap(keys: MeterKeys, key: bytes) -> MessageKey:
    """
    Use a key made for this message alone.

    @param key: 16 or 32 random octets; its counter starts at 0.

    @raise SecurityError: C{unknown-key}: there is no master key.
    """
    if keys.master_key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no master key")
    wrapped = wrap_key(keys.master_key, key)
    return MessageKey(key, WrappedKey(kek_id=0, key_ciphered_data=wrapped))


def agree(
    keys: MeterKeys, fields: Fields, random: Random, variants: Variants | None = None
) -> MessageKey:
    """
    Agree on a key for this message by C(1e, 1s): an ephemeral key of ours, signed, and the recipient's static key.

    @param random: Gives so many random octets: C{secrets.token_bytes}.

    @raise SecurityError: C{unknown-key}: the recipient's key or our signing key is missing.
    """
    if keys.agreement_public_key is None or keys.signing_private_key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no key to agree with, or none to sign with")
    chosen = Variants() if variants is None else variants
    ephemeral = generate_private_key(curve_of_public(keys.agreement_public_key).suite, random)
    key = one_pass(
        ephemeral,
        keys.agreement_public_key,
        originator=fields.originator,
        recipient=fields.recipient,
        identifier=chosen.identifier,
    )
    data = one_pass_data(ephemeral, keys.signing_private_key, chosen.ephemeral)
    return MessageKey(key, AgreedKey(key_parameters=b"\x01", key_ciphered_data=data))


def agree_static(keys: MeterKeys, fields: Fields, variants: Variants | None = None) -> MessageKey:
    """
    Agree on a key for this message by C(0e, 2s): the static keys of both; the transaction-id must be new.

    @raise SecurityError: C{unknown-key}: one of the keys is missing.
    """
    if keys.agreement_public_key is None or keys.agreement_private_key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no keys to agree with")
    chosen = Variants() if variants is None else variants
    key = static_unified(
        keys.agreement_private_key,
        keys.agreement_public_key,
        originator=fields.originator,
        recipient=fields.recipient,
        transaction_id=fields.transaction_id,
        transaction=chosen.transaction,
        identifier=chosen.identifier,
    )
    return MessageKey(key, AgreedKey(key_parameters=b"\x02", key_ciphered_data=b""))


def possible_keys(
    info: KeyInfo | None,
    keys: MeterKeys,
    fields: Fields,
    control: int,
    variants: Variants | None = None,
) -> Iterator[PossibleKey]:
    """
    Every key that a layer may have been made with, the likeliest first.

    @raise SecurityError: C{unknown-key}: what is needed to find it is missing; C{malformed}, C{bad-tag} or
        C{bad-signature}: the Key-Info is wrong.
    """
    length = suite_of(control).key_length
    found = False
    for possible in _by_info(info, keys, fields, variants):
        if len(possible.key) == length:
            found = True
            yield possible
    if not found:
        raise SecurityError(Reason.UNKNOWN_KEY, "no key of the suite's length")


def _by_info(
    info: KeyInfo | None, keys: MeterKeys, fields: Fields, variants: Variants | None
) -> Iterator[PossibleKey]:
    if isinstance(info, IdentifiedKey):
        yield from _identified(int(info.key_id), keys)
    elif isinstance(info, WrappedKey):
        yield PossibleKey(_unwrapped(info, keys))
    elif isinstance(info, AgreedKey):
        for key in _agreed(info, keys, fields, variants):
            yield PossibleKey(key, is_agreed=True)
    else:
        if keys.agreement_private_key is not None and keys.agreement_public_key is not None:
            for key in _static(keys, fields, variants):
                yield PossibleKey(key, is_agreed=True)
        if keys.encryption_key is not None or keys.pending_encryption_key is not None:
            yield from _identified(0, keys)


def _identified(key_id: int, keys: MeterKeys) -> Iterator[PossibleKey]:
    if key_id not in (0, 1):
        raise SecurityError(Reason.UNSUPPORTED, f"key-id {key_id}")
    current = keys.broadcast_key if key_id else keys.encryption_key
    pending = None if key_id else keys.pending_encryption_key
    if current is None and pending is None:
        raise SecurityError(Reason.UNKNOWN_KEY, f"no {'broadcast' if key_id else 'encryption'} key")
    if current is not None:
        yield PossibleKey(current)
    if pending is not None:
        yield PossibleKey(pending, is_pending=True)


def _unwrapped(info: WrappedKey, keys: MeterKeys) -> bytes:
    if info.kek_id != 0:
        raise SecurityError(Reason.UNSUPPORTED, f"kek-id {int(info.kek_id)}")
    if keys.master_key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no master key")
    return unwrap_key(keys.master_key, info.key_ciphered_data)


def _agreed(
    info: AgreedKey, keys: MeterKeys, fields: Fields, variants: Variants | None
) -> Iterator[bytes]:
    if keys.agreement_private_key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no private key to agree with")
    if info.key_parameters == bytes((Scheme.ONE_PASS,)):
        if keys.signing_public_key is None:
            raise SecurityError(Reason.UNKNOWN_KEY, "no key to check the ephemeral key with")
        public = one_pass_public(info.key_ciphered_data, keys.signing_public_key)
        if public is None:
            raise SecurityError(Reason.BAD_SIGNATURE, "the ephemeral key's signature is wrong")
        secret = shared_secret(keys.agreement_private_key, public)
        for identifier in _identifiers(variants):
            yield derive_key(
                secret,
                fields.originator,
                fields.recipient,
                suite=curve_of_public(public).suite,
                identifier=identifier,
            )
    elif info.key_parameters == bytes((Scheme.STATIC_UNIFIED,)) and not info.key_ciphered_data:
        yield from _static(keys, fields, variants)
    else:
        raise SecurityError(Reason.UNSUPPORTED, "key-parameters 01 or 02 wanted")


def _static(keys: MeterKeys, fields: Fields, variants: Variants | None) -> Iterator[bytes]:
    if keys.agreement_private_key is None or keys.agreement_public_key is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no keys to agree with")
    secret = shared_secret(keys.agreement_private_key, keys.agreement_public_key)
    suite = curve_of_public(keys.agreement_public_key).suite
    transactions = tuple(TransactionInfo) if variants is None else (variants.transaction,)
    for identifier, transaction in product(_identifiers(variants), transactions):
        yield derive_key(
            secret,
            party_u_static(fields.originator, fields.transaction_id, transaction),
            fields.recipient,
            suite=suite,
            identifier=identifier,
        )


def _identifiers(variants: Variants | None) -> tuple[ObjectIdentifier, ...]:
    return tuple(ObjectIdentifier) if variants is None else (variants.identifier,)
