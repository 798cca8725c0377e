"""
What simulated meters push is read by gurux_dlms and dlms-cosem, plain and ciphered, and says the same to them as to us.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.apdu.envelope import parse_envelope
from dlms_twisted.codec import build
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.opening import open_envelope
from dlms_twisted.server.outgoing import OutgoingPush
from dlms_twisted.server.push_meter import fleet, fleet_keys
from tests.server.meters import household

_CIPHERED = 0xDB
_NOW = 1768471200.0


def _listed(values: Any) -> Any:
    # Tuples and lists, octets of either kind: the same.
    if isinstance(values, list | tuple):
        return [_listed(one) for one in values]
    return bytes(values) if isinstance(values, bytearray) else values


class ForeignPushTests(SynchronousTestCase):
    """
    Pushes of the quick meters, and of a push setup.
    """

    def setUp(self) -> None:
        """
        Some pushes: APDU and keys.
        """
        quick = fleet(1)[0]
        [keys] = fleet_keys([quick])
        self.pushes = [
            (quick.push(_NOW, ciphered=ciphered)[8:], keys) for ciphered in (False, True)
        ]
        clock = Clock()
        meter = household(clock)
        sent: list[OutgoingPush] = []
        meter.on_push = sent.append
        setup = meter.object(40, "0-0:25.9.0.255")
        assert setup is not None
        setup.act(1, build.integer(0))
        # It waits for a random time of at most a minute.
        clock.advance(61)
        meter.work()
        self.assertGreaterEqual(len(sent), 1)
        self.assertEqual(sent[0].setup.hex(), "0000190900ff")
        self.pushes.append((sent[0].apdu, meter.keys))

    def ours(self, apdu: bytes, keys: MeterKeys) -> Any:
        """
        @return: what we read.
        """
        if apdu[0] == _CIPHERED:
            apdu = open_envelope(parse_envelope(apdu), keys, keys.system_title or b"").plaintext
        return _listed(DataNotification.decode(apdu).body.values)

    def test_gurux(self) -> None:
        """
        gurux_dlms, as notifications that come by the wrapper.
        """
        try:
            from gurux_dlms import GXByteBuffer, GXReplyData
            from gurux_dlms.enums import Authentication, InterfaceType, Security
            from gurux_dlms.secure import GXDLMSSecureClient
        except ImportError:
            raise SkipTest("gurux_dlms is not installed") from None
        for apdu, keys in self.pushes:
            assert keys.encryption_key is not None
            assert keys.authentication_key is not None
            client = GXDLMSSecureClient(
                True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER
            )
            client.ciphering.security = (
                Security.AUTHENTICATION_ENCRYPTION if apdu[0] == _CIPHERED else Security.NONE
            )
            client.ciphering.blockCipherKey = bytearray(keys.encryption_key)
            client.ciphering.authenticationKey = bytearray(keys.authentication_key)
            client.ciphering.systemTitle = bytearray(b"GURUX001")
            received, notification = GXByteBuffer(), GXReplyData()
            received.set(encode_frame(1, 16, apdu))
            with contextlib.redirect_stdout(io.StringIO()):
                client.getData(received, GXReplyData(), notification)
            self.assertEqual(_listed(notification.value), self.ours(apdu, keys))

    def test_cosem(self) -> None:
        """
        dlms-cosem, by its classes for APDUs and its deciphering.
        """
        try:
            from dlms_cosem.protocol.xdlms.data_notification import DataNotification as Theirs
            from dlms_cosem.protocol.xdlms.general_global_cipher import GeneralGlobalCipher
            from dlms_cosem.security import decrypt
            from dlms_cosem.utils import parse_as_dlms_data
        except ImportError:
            raise SkipTest("dlms-cosem is not installed") from None
        for apdu, keys in self.pushes:
            octets = apdu
            if apdu[0] == _CIPHERED:
                sealed = GeneralGlobalCipher.from_bytes(apdu)
                octets = decrypt(
                    security_control=sealed.security_control,
                    system_title=bytes(sealed.system_title),
                    invocation_counter=sealed.invocation_counter,
                    key=keys.encryption_key,
                    cipher_text=bytes(sealed.ciphered_text),
                    auth_key=keys.authentication_key,
                )
            body = Theirs.from_bytes(octets).body
            self.assertEqual(_listed(parse_as_dlms_data(body)), self.ours(apdu, keys))
