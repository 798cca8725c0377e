"""
The one exception tree: C{except DLMSError} catches all of ours and nothing else's.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AccessRefusedError",
    "AssociationRejectedError",
    "BlockTransferError",
    "ClassError",
    "ConfigurationError",
    "CounterExhaustedError",
    "DLMSError",
    "DecodeError",
    "EncodeError",
    "ExceptionResponseError",
    "ImageTransferError",
    "KeyStoreError",
    "LinkError",
    "LocalProtocolError",
    "ObisError",
    "Reason",
    "RemoteProtocolError",
    "RequestTimeoutError",
    "SecurityError",
    "StoreError",
    "UnitError",
]


class Reason(StrEnum):
    """
    Why a message was refused: the closed list that records, counters and logs use.
    """

    #: No key is known for the sender's system title.
    UNKNOWN_KEY = "unknown-key"
    #: The authentication tag is wrong: a wrong key or a forged frame.
    BAD_TAG = "bad-tag"
    #: Deciphered without a tag to check, and the result is no APDU: probably a wrong key.
    IMPLAUSIBLE_PLAINTEXT = "implausible-plaintext"
    #: The invocation counter was accepted before, or lies behind the window.
    REPLAY = "replay"
    #: Weaker protection than the policy demands.
    DOWNGRADE = "downgrade"
    #: The octets are no well-formed APDU.
    MALFORMED = "malformed"
    #: A block transfer or segmented message that never became whole.
    INCOMPLETE = "incomplete"
    #: A form that is known by name but not supported, for example V.44 compression.
    UNSUPPORTED = "unsupported"
    #: Larger, deeper or more numerous than the limits allow.
    LIMIT = "limit"
    #: A digital signature does not verify.
    BAD_SIGNATURE = "bad-signature"
    #: The peer said that our invocation counter is wrong.
    INVOCATION_COUNTER = "invocation-counter"
    #: The datagram or stream is not made of wrapper frames.
    BAD_WRAPPER = "bad-wrapper"
    #: Octets after the end of a good message.
    TRAILING = "trailing"


class DLMSError(Exception):
    """
    Base class of every exception that this package raises on purpose.
    """


class LocalProtocolError(DLMSError):
    """
    Our own caller asked for something that the protocol forbids.
    """


class CounterExhaustedError(LocalProtocolError):
    """
    Every invocation counter of a key was used: nothing more can be sent under it, and only a new key helps.
    """


class EncodeError(LocalProtocolError, ValueError):
    """
    A value cannot be encoded; the message names the place and what was wanted.
    """


class RemoteProtocolError(DLMSError):
    """
    The peer sent something that the protocol forbids.
    """


class DecodeError(RemoteProtocolError):
    """
    Octets could not be decoded.

    @ivar reason: What was expected, in words that hold no received data.
    @ivar offset: Where, in octets from the start of the buffer.
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason, offset)
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        return f"{self.reason} (octet {self.offset})"


class BlockTransferError(RemoteProtocolError):
    """
    A block transfer ended before the message was whole.

    @ivar reason: C{INCOMPLETE} when blocks never came or the peer gave up, C{LIMIT} when there were too many or they
        were too large, C{MALFORMED} when the peer broke the rules.
    @ivar detail: In words that hold no received data.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class SecurityError(DLMSError):
    """
    A protected message was refused.

    @ivar reason: Which of the closed list.
    @ivar detail: In words; never holds key material or plaintext.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else str(self.reason)


class ConfigurationError(DLMSError):
    """
    A setting, an option or a key file is wrong; the text is one line that names it.
    """


class StoreError(DLMSError):
    """
    The journal cannot be opened, read or written; the text is one line that says why.
    """


class ObisError(LocalProtocolError, ValueError):
    """
    A text or octets are no OBIS code or pattern; the message names the value group that is wrong.
    """


class UnitError(LocalProtocolError, ValueError):
    """
    A unit is not known, or two units that measure different things were to be converted.
    """


class KeyStoreError(DLMSError):
    """
    A store of keys or counters cannot be opened, read or written, or did not answer; the text is one line that says
    why and holds no key.
    """


class ClassError(LocalProtocolError, ValueError):
    """
    An interface class has no attribute or method of that name; the message lists those that it has.
    """


class LinkError(DLMSError):
    """
    There is no link to the peer: it could not be made, or was lost.

    @ivar reason: A word: C{refused}, C{timeout}, C{dropped}, C{rejected}, C{sign-on}, ….
    @ivar detail: In words.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason


class AssociationRejectedError(DLMSError):
    """
    The meter refuses the association, or does not prove who it is.

    @ivar result: 1 permanently, 2 for the moment.
    @ivar diagnostic: The standard's number of the reason, C{None} where there is none.
    @ivar detail: In words.
    """

    def __init__(self, result: int, diagnostic: int | None, detail: str) -> None:
        super().__init__(result, diagnostic, detail)
        self.result = result
        self.diagnostic = diagnostic
        self.detail = detail

    def __str__(self) -> str:
        return f"association rejected: {self.detail}"


class AccessRefusedError(DLMSError):
    """
    The meter refuses one attribute or method: a data-access-result or an action-result that is no success.

    @ivar code: The standard's number.
    @ivar name: Its name, for example C{read-write-denied}.
    @ivar what: Which attribute or method, where it is known.
    """

    def __init__(self, code: int, name: str, what: str = "") -> None:
        super().__init__(code, name, what)
        self.code = code
        self.name = name
        self.what = what

    def __str__(self) -> str:
        return f"{self.what}: {self.name}" if self.what else self.name


class ExceptionResponseError(DLMSError):
    """
    The meter does not treat a request at all: exception-response, or confirmed-service-error.

    @ivar state: 1 service-not-allowed, 2 service-unknown; C{None} in a confirmed-service-error.
    @ivar service: The standard's number of the reason.
    @ivar counter: The invocation counter that the meter wants, where it says so.
    @ivar detail: In words.
    """

    def __init__(
        self, state: int | None, service: int, detail: str, counter: int | None = None
    ) -> None:
        super().__init__(state, service, detail, counter)
        self.state = state
        self.service = service
        self.counter = counter
        self.detail = detail

    def __str__(self) -> str:
        return f"the meter refuses the request: {self.detail}"


class RequestTimeoutError(DLMSError):
    """
    The meter did not answer in time.
    """


class ImageTransferError(DLMSError):
    """
    A meter does not take an image, or takes it and does not like it.

    @ivar stage: C{enabled}, C{initiate}, C{blocks}, C{verify} or C{activate}.
    @ivar status: The standard's number of where the transfer stands; C{None} where the meter does not say it.
    @ivar detail: In words.
    """

    def __init__(self, stage: str, status: int | None, detail: str) -> None:
        super().__init__(stage, status, detail)
        self.stage = stage
        self.status = status
        self.detail = detail

    def __str__(self) -> str:
        return f"image transfer, {self.stage}: {self.detail}"
