"""
The second step: from a whole APDU and the sender's keys to a notification, or a refusal with its reason.

Pure: no window is moved.  The order is that of architecture, invariant 2: what is demanded, then the counter's check,
then the tag; the caller accepts the counter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.block_transfer import GeneralBlockTransfer
from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.envelope import (
    AUTHENTICATED,
    COMPRESSED,
    ENCRYPTED,
    GENERAL,
    GLO,
    Envelope,
)
from dlms_twisted.apdu.gateway import GatewayRequest, GatewayResponse
from dlms_twisted.errors import DecodeError, Reason, SecurityError
from dlms_twisted.security.aead import tools_of
from dlms_twisted.security.choice import expected_epoch
from dlms_twisted.security.keys import MeterKeys, ReplayMode, key_epoch
from dlms_twisted.security.layers import MAX_LAYERS, Layer, is_protected, open_message
from dlms_twisted.security.opening import Opened, open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.suites import SUITE_MASK
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.incoming import Outer, Refusal
from dlms_twisted.session.messages import Message, Telegram, is_notification, read_message
from dlms_twisted.session.pushed import Notification, Windows

if TYPE_CHECKING:
    from dlms_twisted.codec.layout import LayoutCache

__all__ = ["joined_notification", "open_notification"]

_DATA_NOTIFICATION: Final = b"\x0f"
_BLOCK: Final = b"\xe0"
_GATEWAY: Final = (GatewayRequest, GatewayResponse)
_FORM: Final = 0xFF ^ SUITE_MASK
_BOTH: Final = AUTHENTICATED | ENCRYPTED


class _Opened(NamedTuple):
    """
    As L{Opened}, for what may have no counter.
    """

    plaintext: bytes
    authenticated: bool
    encrypted: bool
    epoch: str
    pending: bool
    counter: int | None
    title: bytes


def open_notification(
    outer: Outer,
    keys: MeterKeys | None,
    windows: Windows | ReplayWindow | None,
    *,
    policy: Policy,
    layouts: LayoutCache | None = None,
) -> Notification | Refusal:
    """
    Open and decode what L{dlms_twisted.session.reassembly.Reassembly.outer} gave.

    @param keys: Of C{outer.title}, or C{None}: not known.

    @param windows: All windows, of which those of the sender's keys are taken; or the one window that applies; or
        C{None}: counters are not judged.

    @param policy: What is demanded.

    @param layouts: Learned layouts; they change no result.
    """
    envelope = outer.envelope
    if envelope is None:
        return _open_unciphered(outer, keys, windows, policy, layouts)
    if keys is None:
        return _open_without_keys(outer, envelope, policy, layouts)
    if envelope.tag == GENERAL:
        return _open_layers(outer, keys, windows, policy, layouts)
    title = envelope.system_title or keys.system_title or b""
    epoch = None
    window = pending_window = None
    if isinstance(windows, ReplayWindow):
        window = pending_window = windows
        epoch = expected_epoch(envelope, keys)
    elif windows is not None:
        epoch = _epoch_of(envelope, keys)
        if epoch is not None:
            window = windows.get(title, epoch, keys.replay)
        if keys.pending_encryption_key is not None:
            pending_window = windows.get(title, key_epoch(keys.pending_encryption_key), keys.replay)
    try:
        opened = open_envelope(
            envelope, keys, title, policy=policy, window=window, pending_window=pending_window
        )
    except SecurityError as error:
        counter = envelope.invocation_counter
        return Refusal(error.reason, error.detail, outer.raw, title or None, counter, epoch)
    checked = (
        opened.authenticated
        and (window is not None or pending_window is not None)
        and keys.replay is not ReplayMode.OFF
    )
    return _decode(outer, envelope.security_control, opened, keys, checked, layouts)


def _usual(plaintext: bytes, layouts: LayoutCache | None) -> Apdu | Telegram:
    """
    As L{read_message}, which is asked when it is no plain DataNotification.
    """
    try:
        return DataNotification.decode(plaintext, layouts=layouts)
    except DecodeError:
        return read_message(plaintext, layouts)


def _epoch_of(envelope: Envelope, keys: MeterKeys) -> str | None:
    """
    As L{expected_epoch}, which for the usual message needs no more than what it will be opened with.
    """
    control = envelope.security_control
    if envelope.tag == GLO and control & _FORM == _BOTH:
        tools = tools_of(keys.encryption_key, keys.authentication_key, control)
        if tools is not None:
            return tools[2]
    return expected_epoch(envelope, keys)


def _decode(
    outer: Outer,
    control: int,
    opened: Opened | _Opened,
    keys: MeterKeys | None,
    checked: bool,
    layouts: LayoutCache | None,
    signed: bool = False,
) -> Notification | Refusal:
    """
    From plaintext to a notification.
    """
    plaintext, authenticated, encrypted, epoch, pending, counter, title = opened
    message: Apdu | Telegram
    try:
        if plaintext[:1] == _DATA_NOTIFICATION:
            message = _usual(plaintext, layouts)
        else:
            plaintext, layers = _remove_inner(plaintext, keys, title)
            authenticated = authenticated or any(layer.authenticated for layer in layers)
            encrypted = encrypted or any(layer.encrypted for layer in layers)
            signed = signed or any(layer.signed for layer in layers)
            message = read_message(plaintext, layouts)
        if type(message) in _GATEWAY:
            # Nearly any octets are one, and none belongs inside of an envelope.
            raise DecodeError("no gateway prefix wanted", 0)
    except (SecurityError, DecodeError) as error:
        return _undecodable(outer, opened, error)
    if type(message) is not DataNotification and not is_notification(message):
        return _no_notification(message, outer, title, counter, epoch)
    return tuple.__new__(
        Notification,
        (
            plaintext,
            outer.raw,
            message,
            title or None,
            epoch or None,
            counter,
            authenticated,
            encrypted,
            pending,
            checked,
            control,
            signed,
        ),
    )


def _undecodable(
    outer: Outer, opened: Opened | _Opened, error: SecurityError | DecodeError
) -> Refusal:
    """
    Without a verified tag, nonsense means a wrong key; with one, a meter that cannot encode, or a layer inside that
    does not open.
    """
    title, counter, epoch = opened.title or None, opened.counter, opened.epoch or None
    if opened.encrypted and not opened.authenticated:
        reason, detail = Reason.IMPLAUSIBLE_PLAINTEXT, "probably a wrong key"
    elif isinstance(error, SecurityError):
        reason, detail = error.reason, error.detail
    else:
        reason, detail = Reason.MALFORMED, str(error)
    return Refusal(reason, detail, outer.raw, title, counter, epoch)


def _no_notification(
    message: Apdu | Telegram,
    outer: Outer,
    title: bytes | None = None,
    counter: int | None = None,
    epoch: str | None = None,
) -> Refusal:
    name = message.NAME if isinstance(message, Apdu) else "this"
    detail = f"{name} is no notification"
    return Refusal(Reason.UNSUPPORTED, detail, outer.raw, title or None, counter, epoch or None)


def _remove_inner(
    plaintext: bytes, keys: MeterKeys | None, title: bytes
) -> tuple[bytes, list[Layer]]:
    """
    Remove what is inside of the outermost protection: more protection, or a block that is all of its message.

    @raise SecurityError: a layer does not open.
    @raise DecodeError: a layer is malformed.
    """
    layers: list[Layer] = []
    for _ in range(MAX_LAYERS):
        if is_protected(plaintext):
            opened = open_message(plaintext, _keys_of(keys, title), title)
            plaintext = opened.plaintext
            layers += opened.layers
        elif plaintext[:1] == _BLOCK:
            block = GeneralBlockTransfer.decode(plaintext)
            if block.block_number != 1 or not block.last_block:
                return plaintext, layers
            plaintext = block.block_data
        else:
            return plaintext, layers
    raise SecurityError(Reason.LIMIT, f"more than {MAX_LAYERS} layers")


def _keys_of(keys: MeterKeys | None, title: bytes) -> Callable[[bytes], MeterKeys | None]:
    """
    @return: what gives C{keys} for their own sender only.
    """

    def keys_of(sender: bytes) -> MeterKeys | None:
        own = keys is not None and sender in (b"", title, keys.system_title)
        return keys if own else None

    return keys_of


def _open_unciphered(
    outer: Outer,
    keys: MeterKeys | None,
    windows: Windows | ReplayWindow | None,
    policy: Policy,
    layouts: LayoutCache | None,
) -> Notification | Refusal:
    if is_protected(outer.apdu):
        return _open_layers(outer, keys, windows, policy, layouts)
    if not policy.allows(False, False):
        return Refusal(Reason.DOWNGRADE, f"plain, {policy} demanded", outer.raw, outer.title)
    message: Apdu | Telegram | None = outer.message
    if message is None:
        try:
            message = read_message(outer.apdu, layouts)
        except DecodeError as error:
            return Refusal(Reason.MALFORMED, str(error), outer.raw, outer.title)
    if not is_notification(message):
        return _no_notification(message, outer)
    return Notification(outer.apdu, outer.raw, cast("Message", message), outer.title)


def _open_without_keys(
    outer: Outer, envelope: Envelope, policy: Policy, layouts: LayoutCache | None
) -> Notification | Refusal:
    """
    What is not enciphered can be read without a key, where nobody demands more.
    """
    control, counter = envelope.security_control, envelope.invocation_counter
    tagged, encrypted = bool(control & AUTHENTICATED), bool(control & ENCRYPTED)
    if not policy.allows(tagged, encrypted):
        reason = Reason.DOWNGRADE
        detail = f"security control {control:02x}, {policy} demanded"
    elif encrypted or policy.authenticated:
        reason, detail = Reason.UNKNOWN_KEY, "no keys for the sender's system title"
    elif control & COMPRESSED:
        reason, detail = Reason.UNSUPPORTED, "V.44 compression"
    else:
        title = outer.title or b""
        opened = Opened(envelope.payload, False, False, "", False, counter, title)
        return _decode(outer, control, opened, None, False, layouts)
    return Refusal(reason, detail, outer.raw, outer.title, counter)


def _open_layers(
    outer: Outer,
    keys: MeterKeys | None,
    windows: Windows | ReplayWindow | None,
    policy: Policy,
    layouts: LayoutCache | None,
) -> Notification | Refusal:
    """
    Open general-ciphering and general-signing.
    """
    title = outer.title or b""
    envelope = outer.envelope
    counter = None if envelope is None else envelope.invocation_counter
    replay = ReplayMode.OFF if keys is None else keys.replay

    def window_of(sender: bytes, epoch: str) -> ReplayWindow | None:
        if windows is None or isinstance(windows, ReplayWindow):
            return windows
        return windows.get(sender, epoch, replay)

    try:
        found = open_message(
            outer.apdu, _keys_of(keys, title), title, policy=policy, window_of=window_of
        )
    except SecurityError as error:
        return Refusal(error.reason, error.detail, outer.raw, outer.title, counter)
    except DecodeError as error:
        return Refusal(Reason.MALFORMED, str(error), outer.raw, outer.title, counter)
    verified = [layer for layer in found.layers if layer.authenticated]
    layer = (verified or found.layers)[0]
    opened = _Opened(
        found.plaintext,
        found.authenticated,
        found.encrypted,
        layer.epoch,
        layer.pending,
        layer.counter,
        layer.fields.originator or title,
    )
    checked = bool(verified) and windows is not None and replay is not ReplayMode.OFF
    control = 0 if envelope is None else envelope.security_control
    return _decode(outer, control, opened, keys, checked, layouts, found.signed)


def joined_notification(
    opened: Notification, plaintext: bytes, raw: bytes, layouts: LayoutCache | None = None
) -> Notification | Refusal:
    """
    Decode what came in ciphered blocks.

    @param opened: What is known of the blocks.

    @param plaintext: The message.

    @param raw: The octets of all frames.
    """
    title, epoch, counter = opened.title, opened.epoch, opened.counter
    try:
        message = read_message(plaintext, layouts)
    except DecodeError as error:
        return Refusal(Reason.MALFORMED, str(error), raw, title, counter, epoch)
    if not is_notification(message) or isinstance(message, GeneralBlockTransfer):
        outer = Outer(plaintext, raw, None, title)
        return _no_notification(message, outer, title, counter, epoch)
    return opened._replace(apdu=plaintext, raw=raw, message=cast("Message", message))
