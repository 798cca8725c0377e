"""
Protecting and opening: ours beside dlms-cosem and gurux_dlms.

The message is a ciphered push of 200 octets of plaintext in general-glo-ciphering, authenticated and encrypted.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial

from benchmarks.common import Row, compare
from dlms_twisted.apdu.ciphered import parse_envelope
from dlms_twisted.security.hls import Authentication, Mechanism
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.opening import Opened, open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.security.window import ReplayWindow

__all__ = ["TITLE", "memory", "push", "run"]

TITLE = b"MMM\x00\x00\x00\x00\x01"
_KEYS = MeterKeys(
    system_title=TITLE,
    encryption_key=bytes(range(16)),
    authentication_key=bytes(range(0xD0, 0xE0)),
    policy=Policy.AUTHENTICATED_ENCRYPTED,
)


def plaintext() -> bytes:
    """
    @return: a data-notification of 200 octets.
    """
    rows = b"".join(
        bytes((9, 6, 1, 0, place, 7, 0, 255, 6)) + (1000 * place).to_bytes(4, "big")
        for place in range(14)
    )
    head = bytes((0x0F, 0, 0, 0, 1, 0, 2, 29))
    return head + rows + bytes((9, 8)) + b"PADDING."


def push(counter: int = 1) -> bytes:
    """
    @return: a ciphered push.
    """
    return protect(plaintext(), keys=_KEYS, title=TITLE, counter=counter, security_control=0x30)


def _open(octets: bytes) -> Opened:
    return open_envelope(parse_envelope(octets), _KEYS, b"")


def _dlms_cosem(octets: bytes) -> Callable[[], object]:
    from dlms_cosem.protocol.xdlms import GeneralGlobalCipher
    from dlms_cosem.security import decrypt

    def call() -> object:
        cipher = GeneralGlobalCipher.from_bytes(octets)
        return decrypt(
            security_control=cipher.security_control,
            system_title=cipher.system_title,
            invocation_counter=cipher.invocation_counter,
            key=_KEYS.encryption_key,
            cipher_text=cipher.ciphered_text,
            auth_key=_KEYS.authentication_key,
        )

    return call


def _dlms_cosem_protect() -> Callable[[], object]:
    from dlms_cosem.protocol.xdlms import GeneralGlobalCipher
    from dlms_cosem.security import SecurityControlField, encrypt

    text = plaintext()
    control = SecurityControlField(security_suite=0, authenticated=True, encrypted=True)

    def call() -> object:
        ciphered = encrypt(
            security_control=control,
            system_title=TITLE,
            invocation_counter=1,
            key=_KEYS.encryption_key,
            plain_text=text,
            auth_key=_KEYS.authentication_key,
        )
        return GeneralGlobalCipher(TITLE, control, 1, ciphered).to_bytes()

    return call


def _gurux(octets: bytes) -> Callable[[], object]:
    from gurux_dlms.AesGcmParameter import AesGcmParameter
    from gurux_dlms.GXByteBuffer import GXByteBuffer
    from gurux_dlms.GXCiphering import GXCiphering
    from gurux_dlms.GXDLMSSettings import GXDLMSSettings

    encryption_key = bytearray(_KEYS.encryption_key or b"")
    authentication_key = bytearray(_KEYS.authentication_key or b"")
    settings = GXDLMSSettings(True, None)
    settings.cipher = GXCiphering(bytearray(TITLE))

    def call() -> object:
        parameter = AesGcmParameter(0, bytearray(TITLE), encryption_key, authentication_key)
        with redirect_stdout(io.StringIO()):
            return GXCiphering.decrypt(settings, parameter, GXByteBuffer(octets))

    return call


def memory(count: int = 2000) -> float:
    """
    @return: octets that a meter in use takes: its keys, its window with everything seen, and its cipher.
    """
    import gc

    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    def used(number: int) -> tuple[MeterKeys, ReplayWindow]:
        mark = number.to_bytes(4, "big")
        keys = MeterKeys(
            system_title=b"MMM\x00" + mark,
            name=f"meter {number}",
            encryption_key=mark * 4,
            authentication_key=mark[::-1] * 4,
            policy=Policy.AUTHENTICATED_ENCRYPTED,
        )
        window = ReplayWindow()
        for counter in range(1024):
            window.accept(counter)
        octets = protect(
            b"\x0f", keys=keys, title=b"MMM\x00" + mark, counter=1, security_control=0x30
        )
        open_envelope(parse_envelope(octets), keys, b"")
        return keys, window

    used(count + 1)
    gc.collect()
    before = resident()
    kept = [used(number) for number in range(count)]
    return (resident() - before) / len(kept)


def run() -> list[Row]:
    """
    @return: the figures.
    """
    octets = push()
    ours = partial(_open, octets)
    name = "parse, verify and open a push of 200 octets"
    rows = compare(name, ours, {"dlms-cosem": _dlms_cosem(octets)}, wanted=3.0)
    rows += compare(name, ours, {"gurux": _gurux(octets)}, wanted=300.0, rounds=7)
    rows += compare(
        "protect a push of 200 octets",
        partial(protect, plaintext(), keys=_KEYS, title=TITLE, counter=1, security_control=0x30),
        {"dlms-cosem": _dlms_cosem_protect()},
    )
    window, counters = ReplayWindow(), iter(range(1 << 31))

    def move() -> None:
        counter = next(counters)
        window.check(counter)
        window.accept(counter)

    rows += compare("replay window, check and accept", move, {"an opening": ours})
    rows += compare("HLS GMAC, answer and check", _gmac, {"an opening": ours})
    return rows


def _gmac() -> object:
    client = Authentication(
        mechanism=Mechanism.GMAC,
        challenge=b"challenge one",
        peer_challenge=b"challenge two",
        title=TITLE,
        peer_title=TITLE,
        keys=_KEYS,
    )
    server = Authentication(
        mechanism=Mechanism.GMAC,
        challenge=b"challenge two",
        peer_challenge=b"challenge one",
        title=TITLE,
        peer_title=TITLE,
        keys=_KEYS,
    )
    return server.check(client.answer(1))
