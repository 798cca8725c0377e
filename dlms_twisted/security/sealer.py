"""
The usual protection, again and again under one key: authenticated and encrypted, with what does not change made once.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dlms_twisted.apdu.envelope import AUTHENTICATED, ENCRYPTED
from dlms_twisted.codec.writer import encode_length
from dlms_twisted.errors import LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.counters import CounterExhaustedError
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.suites import SUITES, TITLE_LENGTH
from dlms_twisted.security.window import COUNTER_MAX

__all__ = ["Sealer"]

_GENERAL_GLO: Final = 0xDB
_OVERHEAD: Final = 5  # security control and counter


class Sealer:
    """
    Wraps APDUs in general-glo-ciphering, as L{dlms_twisted.security.protect.protect} does; about 2.5 kB each.
    """

    __slots__ = ("_additional", "_aead", "_control", "_head", "_title")

    def __init__(self, keys: MeterKeys, title: bytes, *, suite: int = 0) -> None:
        """
        @param title: The sender's system title, eight octets.

        @raise SecurityError: C{unknown-key}: a key is missing, or does not suit the suite; C{unsupported}: there is no
            such suite.
        @raise LocalProtocolError: a title of another length.
        """
        if not 0 <= suite < len(SUITES):
            raise SecurityError(Reason.UNSUPPORTED, f"suite {suite}")
        key, authentication = keys.encryption_key, keys.authentication_key
        if key is None or authentication is None or len(key) != SUITES[suite].key_length:
            raise SecurityError(Reason.UNKNOWN_KEY, "both keys of the suite's length wanted")
        if len(title) != TITLE_LENGTH:
            raise LocalProtocolError("a system title of 8 octets wanted")
        self._aead = AESGCM(key)
        self._control = bytes([suite | AUTHENTICATED | ENCRYPTED])
        self._additional = self._control + authentication
        self._title = title
        self._head = bytes([_GENERAL_GLO, len(title)]) + title

    def protect(self, plaintext: bytes, counter: int) -> bytes:
        """
        The same counter must never be used twice with the same key.

        @param plaintext: The complete APDU.

        @return: the encoded ciphered APDU.

        @raise CounterExhaustedError: a counter out of range.
        """
        if not 0 <= counter <= COUNTER_MAX:
            raise CounterExhaustedError("no invocation counter is left")
        octets = counter.to_bytes(4, "big")
        # Of the tag's sixteen octets twelve are sent.
        sealed = self._aead.encrypt(self._title + octets, plaintext, self._additional)[:-4]
        length = encode_length(len(sealed) + _OVERHEAD)
        return b"".join((self._head, length, self._control, octets, sealed))
