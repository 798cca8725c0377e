"""
Messages in layers: general-ciphering in general-signing in general-glo-ciphering, in any order (04, section 13).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from dlms_twisted.apdu.ciphered import CIPHERED_TAGS, Envelope, parse_envelope
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.choice import expected_epoch
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.general import GENERAL_CIPHERING, fields_of, open_general
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.opening import Opened, open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.signed import GENERAL_SIGNING, Signed, parse_signed, verify_signed
from dlms_twisted.security.suites import AUTHENTICATED
from dlms_twisted.security.variants import Variants
from dlms_twisted.security.window import ReplayWindow

__all__ = ["MAX_LAYERS", "Layer", "OpenedMessage", "is_protected", "open_message"]

#: More layers than any profile has; each costs a decipherment.
MAX_LAYERS: Final = 8

KeysOf = Callable[[bytes], MeterKeys | None]
WindowOf = Callable[[bytes, str], ReplayWindow | None]


class Layer(NamedTuple):
    """
    One layer that was removed.

    @ivar tag: Of its APDU.
    @ivar security_control: As received; 0 for a signature.
    @ivar fields: Originator, recipient and so on; only the originator where the layer has no others.
    @ivar authenticated: Was its tag verified?
    @ivar encrypted: Was it enciphered?
    @ivar signed: Was its signature verified?
    @ivar epoch: Of its key; empty for a signature.
    @ivar counter: Invocation counter, or C{None} for a signature.
    @ivar pending: Did a key to come open it?
    @ivar key_choice: Key-Info: 0 identified, 1 wrapped, 2 agreed, or C{None}.
    @ivar key_scheme: Key-parameters of an agreed key, or the number of an identified one.
    """

    tag: int
    security_control: int
    fields: Fields
    authenticated: bool
    encrypted: bool
    signed: bool
    epoch: str
    counter: int | None
    pending: bool
    key_choice: int | None = None
    key_scheme: int = 0


class OpenedMessage(NamedTuple):
    """
    @ivar plaintext: The innermost APDU.
    @ivar layers: The layers that were around it, the outermost first.
    """

    plaintext: bytes
    layers: tuple[Layer, ...]

    @property
    def authenticated(self) -> bool:
        """
        Was a tag verified?
        """
        return any(layer.authenticated for layer in self.layers)

    @property
    def encrypted(self) -> bool:
        """
        Was it enciphered?
        """
        return any(layer.encrypted for layer in self.layers)

    @property
    def signed(self) -> bool:
        """
        Was a signature verified?
        """
        return any(layer.signed for layer in self.layers)

    @property
    def counters(self) -> tuple[tuple[bytes, str, int], ...]:
        """
        @return: what the caller accepts into its windows: title, epoch and counter of each layer whose tag was
            verified.
        """
        return tuple(
            (layer.fields.originator, layer.epoch, layer.counter)
            for layer in self.layers
            if layer.authenticated and layer.counter is not None
        )

    def __repr__(self) -> str:
        return f"<OpenedMessage {len(self.plaintext)} octets {len(self.layers)} layers>"


def is_protected(octets: bytes) -> bool:
    """
    Is this a layer that L{open_message} removes?
    """
    return octets[:1] != b"" and (octets[0] in CIPHERED_TAGS or octets[0] == GENERAL_SIGNING)


def open_message(
    octets: bytes,
    keys_of: KeysOf,
    title: bytes = b"",
    *,
    policy: Policy = Policy.NONE,
    own_title: bytes | None = None,
    window_of: WindowOf | None = None,
    variants: Variants | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> OpenedMessage:
    """
    Remove every layer.  No window is moved: on success the caller accepts L{OpenedMessage.counters}.

    @param octets: The message, protected or plain.

    @param keys_of: Gives the keys of a system title; it is asked with C{title} where a layer names none.

    @param policy: What the layers together must amount to.

    @param own_title: Ours; a layer of general-ciphering for somebody else is refused.

    @param window_of: Gives the window of a title and epoch, or C{None} where counters are not judged.

    @raise SecurityError: as L{dlms_twisted.security.opening.open_envelope} and
        L{dlms_twisted.security.signed.verify_signed}; C{limit}: more than L{MAX_LAYERS} layers.

    @raise DecodeError: a layer is malformed.
    """
    layers: list[Layer] = []
    while is_protected(octets):
        if len(layers) == MAX_LAYERS:
            raise SecurityError(Reason.LIMIT, f"more than {MAX_LAYERS} layers")
        if octets[0] == GENERAL_SIGNING:
            layer, octets = _remove_signature(
                parse_signed(octets, limits), keys_of, title, policy, variants
            )
        else:
            envelope = parse_envelope(octets, limits)
            if octets[0] == GENERAL_CIPHERING and octets[1 + len(envelope.extra_aad)] > 1:
                # No tag covers the octet, so a form that nobody sends is one that was changed.
                raise SecurityError(Reason.MALFORMED, "key-info: 00 or 01 wanted")
            layer, octets = _remove_cipher(
                envelope, keys_of, title, policy, own_title, window_of, variants
            )
        layers.append(layer)
    message = OpenedMessage(octets, tuple(layers))
    _judge(message, policy)
    return message


def _judge(message: OpenedMessage, policy: Policy) -> None:
    if policy.allows(message.authenticated, message.encrypted, message.signed):
        return
    tagged = any(layer.security_control & AUTHENTICATED for layer in message.layers)
    if policy.authenticated and not message.authenticated and tagged:
        raise SecurityError(Reason.UNKNOWN_KEY, "no authentication key")
    raise SecurityError(Reason.DOWNGRADE, f"{policy} demanded")


def _remove_signature(
    signed: Signed, keys_of: KeysOf, title: bytes, policy: Policy, variants: Variants | None
) -> tuple[Layer, bytes]:
    """
    An absent signature, or one that cannot be checked and need not be, leaves the content unsigned.
    """
    sender = signed.fields.originator or title
    keys = keys_of(sender)
    public = None if keys is None else keys.signing_public_key
    verified = False
    if signed.signature and public is not None:
        verify_signed(signed, public, variants)
        verified = True
    elif signed.signature and policy.signed:
        raise SecurityError(Reason.UNKNOWN_KEY, "no key to check the signature with")
    fields = signed.fields._replace(originator=sender)
    layer = Layer(GENERAL_SIGNING, 0, fields, False, False, verified, "", None, False)
    return layer, signed.content


def _remove_cipher(
    envelope: Envelope,
    keys_of: KeysOf,
    title: bytes,
    policy: Policy,
    own_title: bytes | None,
    window_of: WindowOf | None,
    variants: Variants | None,
) -> tuple[Layer, bytes]:
    is_general = envelope.tag == GENERAL_CIPHERING
    fields = fields_of(envelope) if is_general else Fields(originator=envelope.system_title)
    sender = fields.originator or title
    keys = keys_of(sender)
    if keys is None:
        raise SecurityError(Reason.UNKNOWN_KEY, "no keys for the sender's system title")
    # What each layer must be is known only when all are removed; see _judge.
    demands = Policy.NONE
    if is_general:
        by_epoch = None if window_of is None else lambda epoch: window_of(sender, epoch)
        opened = open_general(
            envelope,
            keys,
            sender,
            own_title=own_title,
            policy=demands,
            window_of=by_epoch,
            variants=variants,
        )
    else:
        opened = _open_global(envelope, keys, sender, window_of)
    return _layer_of(envelope, opened, fields), opened.plaintext


def _open_global(
    envelope: Envelope, keys: MeterKeys, sender: bytes, window_of: WindowOf | None
) -> Opened:
    window = pending = None
    if window_of is not None:
        epoch = expected_epoch(envelope, keys)
        window = window_of(sender, epoch) if epoch is not None else None
        if keys.pending_encryption_key is not None:
            pending = window_of(sender, key_epoch(keys.pending_encryption_key))
    return open_envelope(
        envelope, keys, sender, policy=Policy.NONE, window=window, pending_window=pending
    )


def _layer_of(envelope: Envelope, opened: Opened, fields: Fields) -> Layer:
    info = envelope.key_info
    scheme = 0
    if info is not None:
        parameters = getattr(info, "key_parameters", None)
        scheme = parameters[0] if parameters else int(getattr(info, "key_id", 0))
    return Layer(
        envelope.tag,
        envelope.security_control,
        fields._replace(originator=opened.title),
        opened.authenticated,
        opened.encrypted,
        False,
        opened.epoch,
        opened.counter,
        opened.pending,
        None if info is None else info.CHOICE,
        scheme,
    )
