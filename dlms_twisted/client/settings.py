"""
How a meter is reached and talked to: everything but where it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from attrs import field, frozen

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.client.manners import Manners
from dlms_twisted.client.tracing import Observer
from dlms_twisted.cosem.clock import NO_OPTIONS, ClockOptions
from dlms_twisted.errors import ConfigurationError
from dlms_twisted.keys.interfaces import ITransmitCounters
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.association import AssociationSettings, MessageKeys
from dlms_twisted.session.client_options import ClientOptions

__all__ = ["AUTHENTICATIONS", "FRAMINGS", "PROTECTIONS", "MeterSettings", "PushObserver"]

#: Called with a notification's octets, and whether it came under the association's protection.
PushObserver = Callable[[bytes, bool], None]

#: The names of the mechanisms.
AUTHENTICATIONS: Final = {
    "none": Mechanism.LOWEST,
    "low": Mechanism.LOW,
    "manufacturer": Mechanism.MANUFACTURER,
    "md5": Mechanism.MD5,
    "sha1": Mechanism.SHA1,
    "gmac": Mechanism.GMAC,
    "sha256": Mechanism.SHA256,
    "ecdsa": Mechanism.ECDSA,
}
#: The names of the forms of protection.
PROTECTIONS: Final = {
    "service": None,
    "general": None,
    "general-ciphering": MessageKeys.IDENTIFIED,
    "general-ciphering-wrapped": MessageKeys.WRAPPED,
    "general-ciphering-agreed": MessageKeys.AGREED,
    "general-ciphering-static": MessageKeys.STATIC,
}
FRAMINGS: Final = ("wrapper", "hdlc")
_LOSSY_RETRIES: Final = 2
#: Our system title where none is said: a manufacturer that nobody has.
_OUR_TITLE: Final = b"TWD\x00\x00\x00\x00\x01"


def _secret() -> bytes:
    default: bytes = field(default=b"", repr=False)
    return default


@frozen(kw_only=True)
class MeterSettings:
    """
    How to talk to one meter.

    @ivar framing: C{wrapper} or C{hdlc}; C{None} for what is usual: hdlc on serial lines, else wrapper.
    @ivar client: Our address: 16 is the public client, 1 the management client.
    @ivar server: The logical device: 1 is the management logical device.
    @ivar physical: HDLC: the physical device; C{None} for addresses of one octet.
    @ivar mode_e: HDLC on serial lines: sign on by mode E first.
    @ivar mode_e_address: The meter's address in mode E, where several share a line.
    @ivar mode_e_protocol: The protocol control character of mode E: C{2}, or C{0} for meters that want that.
    @ivar auth: One of L{AUTHENTICATIONS}.
    @ivar password: Of C{low}; never shown.
    @ivar secret: HLS secret; never shown.
    @ivar encryption_key: Global unicast key; never shown.
    @ivar authentication_key: Never shown.
    @ivar dedicated: Agree a random dedicated key, and use it.
    @ivar system_title: Ours, eight octets.
    @ivar meter_title: The meter's, for those that do not say it.
    @ivar suite: Security suite.
    @ivar security: C{none}, C{authenticated}, C{encrypted} or C{authenticated-encrypted} (also: C{both}).
    @ivar general: The same as C{protection="general"}.
    @ivar protection: How requests are protected: C{service}, in the form of each service; C{general}, by
        general-glo-ciphering; C{general-ciphering}, with the global key, or C{general-ciphering-wrapped},
        C{general-ciphering-agreed} or C{general-ciphering-static}, with a key for each message.
    @ivar master_key: Key encryption key; never shown.
    @ivar signing_key: Our private key for signatures, and mechanism 7; never shown.
    @ivar meter_signing_key: The meter's public key for signatures: x and y.
    @ivar agreement_key: Our private key for key agreement; never shown.
    @ivar meter_agreement_key: The meter's public key for key agreement: x and y.
    @ivar general_blocks: Propose general block transfer.
    @ivar window: How many of its blocks we take at a time, 1 to 63; over HDLC always one.
    @ivar conformance: What is proposed, where it is not everything that we can.
    @ivar user: Number of the user, where the meter tells users apart.
    @ivar counter: The first invocation counter.
    @ivar counter_object: The object that tells the public client which counter the meter heard last; asked when
        associating fails as it does with a counter that is too low.
    @ivar ask_counter: Ask C{counter_object}, or 0-0:43.1.0.255, before each association, as the public client and over
        the same link.
    @ivar counters: Where invocation counters come from; C{None} to count from C{counter} in memory.
    @ivar short_names: Short name referencing.
    @ivar max_pdu: The longest APDU that we take.
    @ivar pre_established: The association is there already.
    @ivar timeout: Longest wait for the connection, and for each answer, in seconds.
    @ivar longest: Longest time that a request may take with all its blocks, in seconds.
    @ivar outstanding: How many requests may be under way together, 1 to 15, where the meter allows it; over HDLC and
        with short names always one.
    @ivar retries: How often a request that only reads is repeated within C{timeout} while no answer comes; C{None}
        for twice by UDP, else never.  Over HDLC the link repeats by itself.
    @ivar manners: What the meter was found to accept, to be kept from one association to the next.
    @ivar clock_options: The quirks of the meter's clock, which hold for its time and for those of its profiles.
    @ivar pushed: Told of notifications that arrive in between.
    @ivar observer: Told of each frame and APDU that passes.
    @ivar trace_plaintext: Tell it of ciphered APDUs in clear, too.
    @ivar random: Gives so many random octets, for challenges and dedicated keys.
    """

    framing: str | None = None
    client: int = 16
    server: int = 1
    physical: int | None = None
    mode_e: bool = False
    mode_e_address: str = ""
    mode_e_protocol: str = "2"
    auth: str = "none"
    password: bytes = _secret()
    secret: bytes = _secret()
    encryption_key: bytes | None = field(default=None, repr=False)
    authentication_key: bytes | None = field(default=None, repr=False)
    dedicated: bool = False
    system_title: bytes = _OUR_TITLE
    meter_title: bytes = b""
    suite: int = 0
    security: str = "none"
    general: bool = False
    protection: str = "service"
    master_key: bytes | None = field(default=None, repr=False)
    signing_key: bytes | None = field(default=None, repr=False)
    meter_signing_key: bytes | None = None
    agreement_key: bytes | None = field(default=None, repr=False)
    meter_agreement_key: bytes | None = None
    general_blocks: bool = True
    window: int = 8
    conformance: Conformance | None = None
    user: int | None = None
    counter: int = 1
    counter_object: str | None = None
    ask_counter: bool = False
    counters: ITransmitCounters | None = None
    short_names: bool = False
    max_pdu: int = 0xFFFF
    pre_established: bool = False
    timeout: float = 10.0
    longest: float = 3600.0
    outstanding: int = 1
    retries: int | None = None
    manners: Manners | None = None
    clock_options: ClockOptions = NO_OPTIONS
    pushed: PushObserver | None = None
    observer: Observer | None = None
    trace_plaintext: bool = False
    random: Callable[[int], bytes] = field(default=secrets.token_bytes, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.auth not in AUTHENTICATIONS:
            raise ConfigurationError(f"auth: one of {', '.join(AUTHENTICATIONS)} wanted")
        if self.framing not in {None, *FRAMINGS}:
            raise ConfigurationError(f"framing: one of {', '.join(FRAMINGS)} wanted")
        if not self.timeout > 0:
            raise ConfigurationError("timeout: more than 0 seconds wanted")
        if not self.longest >= self.timeout:
            raise ConfigurationError("longest: no less than timeout wanted")
        if not 1 <= self.outstanding <= 15:
            raise ConfigurationError("outstanding: 1 to 15 requests wanted")
        if self.retries is not None and self.retries < 0:
            raise ConfigurationError("retries: 0 or more wanted")
        if len(self.system_title) != 8:
            raise ConfigurationError("system_title: 8 octets wanted")
        if self.protection not in PROTECTIONS:
            raise ConfigurationError(f"protection: one of {', '.join(PROTECTIONS)} wanted")
        if not 1 <= self.window <= 63:
            raise ConfigurationError("window: 1 to 63 blocks wanted")
        Policy.parse(self.security)

    @property
    def mechanism(self) -> Mechanism:
        """
        The mechanism that C{auth} names.
        """
        return AUTHENTICATIONS[self.auth]

    @property
    def counted(self) -> bool:
        """
        Are invocation counters used?
        """
        return Policy.parse(self.security) != Policy.NONE or self.mechanism is Mechanism.GMAC

    def options(self, *, lossy: bool = False, half_duplex: bool = False) -> ClientOptions:
        """
        @param lossy: Is it for a link that loses what it carries?
        @param half_duplex: Is it for a link on which the sides take turns?

        @return: how the session is to behave.
        """
        retries = self.retries
        if retries is None:
            retries = _LOSSY_RETRIES if lossy else 0
        return ClientOptions(
            timeout=self.timeout,
            longest=self.longest,
            outstanding=1 if half_duplex else self.outstanding,
            retries=0 if half_duplex else retries,
            lossy=lossy,
            window=1 if half_duplex else self.window,
        )

    def association(self) -> AssociationSettings:
        """
        @return: the same, for the session; a dedicated key is made anew each time.
        """
        policy = Policy.parse(self.security)
        keys = MeterKeys(
            encryption_key=self.encryption_key,
            authentication_key=self.authentication_key,
            dedicated_key=self.random(32 if self.suite == 2 else 16) if self.dedicated else None,
            master_key=self.master_key,
            signing_private_key=self.signing_key,
            signing_public_key=self.meter_signing_key,
            agreement_private_key=self.agreement_key,
            agreement_public_key=self.meter_agreement_key,
            policy=policy,
        )
        return AssociationSettings(
            mechanism=self.mechanism,
            short_names=self.short_names,
            security=policy,
            suite=self.suite,
            title=self.system_title,
            peer_title=self.meter_title,
            secret=self.password
            if self.mechanism is Mechanism.LOW
            else self.secret or self.password,
            keys=keys,
            conformance=self.conformance,
            user=self.user,
            general=self.general or self.protection == "general",
            message_keys=PROTECTIONS[self.protection],
            general_blocks=self.general_blocks,
            max_receive=self.max_pdu,
            pre_established=self.pre_established,
        )
