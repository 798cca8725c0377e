"""
Policies: what a receiver demands of each message's protection, stated by the receiver and never by the message.
"""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import frozen

from dlms_twisted.errors import ConfigurationError

__all__ = ["Policy", "SecurityPolicy"]

_WORDS: Final = ("authenticated", "encrypted", "signed")


@frozen(kw_only=True)
class Policy:
    """
    A set of demands; a message must meet all of them.

    @ivar authenticated: The tag must have been verified, not merely be there.
    @ivar encrypted: The payload must have been enciphered.
    @ivar signed: A digital signature must have been verified.
    """

    NONE: ClassVar[Policy]
    AUTHENTICATED: ClassVar[Policy]
    ENCRYPTED: ClassVar[Policy]
    AUTHENTICATED_ENCRYPTED: ClassVar[Policy]

    authenticated: bool = False
    encrypted: bool = False
    signed: bool = False

    @classmethod
    def parse(cls, text: str) -> Policy:
        """
        Read a policy as it stands in key files and options.

        @param text: C{none}, or C{authenticated}, C{encrypted} and C{signed} joined by hyphens; C{both} is
            C{authenticated-encrypted}.

        @raise ConfigurationError: it is none of these.
        """
        word = text.strip().lower()
        if word == "none":
            return cls.NONE
        if word == "both":
            return cls.AUTHENTICATED_ENCRYPTED
        words = word.split("-")
        if len(set(words)) != len(words) or not set(words) <= set(_WORDS):
            raise ConfigurationError(
                "policy: none, authenticated, encrypted, authenticated-encrypted or both wanted"
                " (with -signed where signatures are demanded)"
            )
        return cls(
            authenticated="authenticated" in words,
            encrypted="encrypted" in words,
            signed="signed" in words,
        )

    def allows(self, authenticated: bool, encrypted: bool, signed: bool = False) -> bool:
        """
        Does protection that was applied (and verified) meet every demand?
        """
        return (
            (authenticated or not self.authenticated)
            and (encrypted or not self.encrypted)
            and (signed or not self.signed)
        )

    def covers(self, other: Policy) -> bool:
        """
        Is this policy at least as strong as C{other}?
        """
        return other.allows(self.authenticated, self.encrypted, self.signed)

    def __or__(self, other: Policy) -> Policy:
        """
        @return: the demands of both.
        """
        return Policy(
            authenticated=self.authenticated or other.authenticated,
            encrypted=self.encrypted or other.encrypted,
            signed=self.signed or other.signed,
        )

    def __str__(self) -> str:
        """
        @return: the text that L{parse} reads.
        """
        return "-".join(word for word in _WORDS if getattr(self, word)) or "none"


Policy.NONE = Policy()
Policy.AUTHENTICATED = Policy(authenticated=True)
Policy.ENCRYPTED = Policy(encrypted=True)
Policy.AUTHENTICATED_ENCRYPTED = Policy(authenticated=True, encrypted=True)


@frozen(kw_only=True)
class SecurityPolicy:
    """
    The attribute security_policy of Security setup (class 64): demands on requests and on responses.

    Version 0 knows one demand for both directions (0 nothing, 1 authenticated, 2 encrypted, 3 both); versions 1
    and 2 have a bit for each: C{04} request authenticated, C{08} request encrypted, C{10} request signed, C{20},
    C{40} and C{80} the same for responses.

    @ivar request: What the server demands of requests.
    @ivar response: What the client may demand of responses.
    """

    request: Policy = Policy.NONE
    response: Policy = Policy.NONE

    @classmethod
    def from_value(cls, value: int, version: int = 1) -> SecurityPolicy:
        """
        @param value: The enum as read, 0 to 255.

        @param version: Of the class; 0 has the values 0 to 3 only.

        @raise ConfigurationError: the value means nothing in this version.
        """
        if version == 0:
            if not 0 <= value <= 3:
                raise ConfigurationError("security_policy: 0 to 3 wanted in version 0 of the class")
            demands = Policy(authenticated=bool(value & 1), encrypted=bool(value & 2))
            return cls(request=demands, response=demands)
        if not 0 <= value <= 0xFF or value & 0x03:
            raise ConfigurationError("security_policy: bits 2 to 7 wanted")
        return cls(request=_from_bits(value >> 2), response=_from_bits(value >> 5))

    def to_value(self, version: int = 1) -> int:
        """
        @raise ConfigurationError: version 0 cannot say it.
        """
        if version == 0:
            if self.request != self.response or self.request.signed:
                raise ConfigurationError("security_policy: version 0 has one demand, unsigned")
            return _to_bits(self.request)
        return _to_bits(self.request) << 2 | _to_bits(self.response) << 5

    def strengthens(self, other: SecurityPolicy) -> bool:
        """
        May C{security_activate} replace C{other} by this?  A policy can only grow stronger.
        """
        return self.request.covers(other.request) and self.response.covers(other.response)


def _from_bits(bits: int) -> Policy:
    return Policy(authenticated=bool(bits & 1), encrypted=bool(bits & 2), signed=bool(bits & 4))


def _to_bits(policy: Policy) -> int:
    return policy.authenticated | policy.encrypted << 1 | policy.signed << 2
