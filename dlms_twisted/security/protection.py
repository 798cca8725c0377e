"""
Plans of protection: which layers a message gets, and those that an answer gets because its request had them
(04, sections 5 and 13).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import evolve, field, frozen

from dlms_twisted.errors import LocalProtocolError
from dlms_twisted.security.choice import is_dedicated, named_key
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import GENERAL_CIPHERING, protect_general
from dlms_twisted.security.general_keys import MessageKey, agree, agree_static, identify, wrap
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.layers import Layer
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import GENERAL_DED, GENERAL_GLO, ciphered_tag, protect
from dlms_twisted.security.signed import GENERAL_SIGNING, sign_message
from dlms_twisted.security.suites import AUTHENTICATED, ENCRYPTED, SUITE_MASK, suite
from dlms_twisted.security.variants import Variants

__all__ = ["KeyChoice", "Protection", "mirror", "protect_message"]

_FLAGS: Final = AUTHENTICATED | ENCRYPTED


class KeyChoice:
    """
    Numbers of Key-Info, and of the schemes of an agreed key, as L{Layer} has them.
    """

    IDENTIFIED: Final = 0
    WRAPPED: Final = 1
    AGREED: Final = 2
    ONE_PASS: Final = 1
    STATIC_UNIFIED: Final = 2


@frozen(kw_only=True)
class Protection:
    """
    One layer to apply.

    @ivar tag: general-glo-ciphering, general-ded-ciphering, general-ciphering or general-signing; C{None} for the
        service-specific form that belongs to the message.
    @ivar dedicated: With C{None}: C{ded-*} instead of C{glo-*}.
    @ivar security_control: 0 for a signature.
    @ivar fields: Of general-ciphering and general-signing.
    @ivar key_choice: Key-Info of general-ciphering, see L{KeyChoice}.
    @ivar key_scheme: How the key is agreed.
    """

    tag: int | None = None
    dedicated: bool = False
    security_control: int = 0
    fields: Fields = field(factory=Fields)
    key_choice: int | None = None
    key_scheme: int = 0


def mirror(
    layers: Sequence[Layer],
    demands: Policy = Policy.NONE,
    *,
    own_title: bytes,
    peer_title: bytes = b"",
    suite: int = 0,
    keep: bool = True,
) -> tuple[Protection, ...]:
    """
    Plan an answer's protection: at least what its request had, and all that is demanded.

    @param layers: Of the request, the outermost first (L{dlms_twisted.security.layers.OpenedMessage}).

    @param demands: Of the security policy and the access rights, on answers.

    @param own_title: Ours; it names us where the request named nobody.

    @param peer_title: The other side's, for layers that the request had not.

    @param suite: For layers that the request had not.

    @param keep: Of general-ciphering and general-signing: also keep what was in the request and is not demanded?
        The standard drops it (a layer with security control 00 stays); keeping it is the safer choice.

    @return: the layers, the outermost first.
    """
    wanted = (AUTHENTICATED if demands.authenticated else 0) | (
        ENCRYPTED if demands.encrypted else 0
    )
    answered = [_answered(layer, wanted, own_title, keep) for layer in layers]
    plan = [one for one in answered if one.tag != GENERAL_SIGNING or keep or demands.signed]
    ciphers = [one for one in plan if one.tag != GENERAL_SIGNING]
    general = next((one.fields for one in plan if one.tag in _GENERAL_TAGS), None)
    fields = Fields(b"", own_title, peer_title) if general is None else general
    if demands.signed and len(ciphers) == len(plan):
        # Signed first, so innermost.
        plan.append(Protection(tag=GENERAL_SIGNING, fields=fields))
    if wanted and not ciphers:
        control = wanted | suite
        if general is None and not demands.signed:
            plan.insert(0, Protection(security_control=control))
        else:
            plan.insert(
                0,
                Protection(
                    tag=GENERAL_CIPHERING,
                    security_control=control,
                    fields=fields,
                    key_choice=KeyChoice.IDENTIFIED,
                ),
            )
    return tuple(plan)


_GENERAL_TAGS: Final = (GENERAL_CIPHERING, GENERAL_SIGNING)


def _answered(layer: Layer, wanted: int, own_title: bytes, keep: bool) -> Protection:
    fields = layer.fields.answered()
    fields = fields._replace(originator=fields.originator or own_title)
    if layer.tag == GENERAL_SIGNING:
        return Protection(tag=GENERAL_SIGNING, fields=fields)
    is_general = layer.tag == GENERAL_CIPHERING
    kept = layer.security_control & _FLAGS if keep or not is_general else 0
    planned = Protection(security_control=layer.security_control & SUITE_MASK | kept | wanted)
    if is_general:
        return evolve(
            planned,
            tag=GENERAL_CIPHERING,
            fields=fields,
            key_choice=layer.key_choice,
            key_scheme=layer.key_scheme,
        )
    if layer.tag in (GENERAL_GLO, GENERAL_DED):
        return evolve(planned, tag=layer.tag)
    return evolve(planned, dedicated=is_dedicated(layer.tag))


def protect_message(
    plaintext: bytes,
    plan: Sequence[Protection],
    *,
    keys: MeterKeys,
    title: bytes,
    take_counter: Callable[[bytes, bool], int],
    random: Callable[[int], bytes],
    variants: Variants | None = None,
) -> bytes:
    """
    Apply a plan, the innermost layer first.

    @param title: Our system title.

    @param take_counter: Gives an unused counter for a key; the second argument says whether the key was made for
        this transaction (L{dlms_twisted.security.counters.TransmitCounters.take}).

    @param random: Gives so many random octets: C{secrets.token_bytes}.

    @return: the encoded message.

    @raise SecurityError: C{unknown-key}: a key is missing.

    @raise LocalProtocolError: no counter is left or reserved; or the plan asks for what there is not.
    """
    octets = plaintext
    for one in reversed(plan):
        if one.tag == GENERAL_SIGNING:
            if keys.signing_private_key is None:
                raise LocalProtocolError("no key to sign with")
            octets = sign_message(octets, one.fields, keys.signing_private_key, variants)
        elif one.tag == GENERAL_CIPHERING:
            octets = _general(octets, one, keys, take_counter, random, variants)
        else:
            tag = one.tag
            if tag is None:
                tag = ciphered_tag(octets[0], dedicated=one.dedicated)
            key = named_key(keys, tag, one.security_control)
            octets = protect(
                octets,
                keys=keys,
                title=title,
                counter=take_counter(key, False),
                security_control=one.security_control,
                tag=tag,
            )
    return octets


def _general(
    plaintext: bytes,
    one: Protection,
    keys: MeterKeys,
    take_counter: Callable[[bytes, bool], int],
    random: Callable[[int], bytes],
    variants: Variants | None,
) -> bytes:
    if one.security_control & _FLAGS:
        key, is_used_once, is_fresh = _message_key(one, keys, random, variants)
        counter = 0 if is_used_once else take_counter(key.key, is_fresh)
    else:
        key, counter = MessageKey(b"", None), 0
    return protect_general(
        plaintext,
        keys=keys,
        key=key,
        fields=one.fields,
        counter=counter,
        security_control=one.security_control,
        variants=variants,
    )


def _message_key(
    one: Protection,
    keys: MeterKeys,
    random: Callable[[int], bytes],
    variants: Variants | None,
) -> tuple[MessageKey, bool, bool]:
    """
    @return: the key of a layer; whether nothing else is ever protected with it; and whether nothing was, but may be,
        because the transaction-id alone makes it another key.
    """
    if one.key_choice == KeyChoice.WRAPPED:
        return wrap(keys, random(suite(one.security_control).key_length)), True, True
    if one.key_choice == KeyChoice.AGREED:
        if one.key_scheme == KeyChoice.STATIC_UNIFIED:
            return agree_static(keys, one.fields, variants), False, True
        return agree(keys, one.fields, random, variants), True, True
    if one.key_choice == KeyChoice.IDENTIFIED:
        return identify(keys), False, False
    if keys.agreement_private_key is not None and keys.agreement_public_key is not None:
        return agree_static(keys, one.fields, variants)._replace(info=None), False, True
    return identify(keys)._replace(info=None), False, False
