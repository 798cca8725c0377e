"""
Pushes that another implementation makes: gurux_dlms, as a black box.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dlms_twisted.codec import build
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.notification import (
    Incoming,
    Notification,
    Outer,
    Reassembly,
    Refusal,
    open_notification,
)
from tests.session.pushes import KEYS

_TITLE = b"GRX00001"


def _notify(*, blocks: bool, ciphered: bool, size: int) -> Any:
    """
    @return: gurux_dlms' sender of notifications.

    @param size: Longest APDU, in octets.
    """
    try:
        from gurux_dlms.ConnectionState import ConnectionState
        from gurux_dlms.enums import Conformance, InterfaceType, Security
        from gurux_dlms.secure.GXDLMSSecureNotify import GXDLMSSecureNotify
    except ImportError:
        raise SkipTest("gurux_dlms is not installed") from None
    notify = GXDLMSSecureNotify(True, 103, 1, InterfaceType.PDU)
    notify.maxReceivePDUSize = size
    conformance = Conformance.GENERAL_PROTECTION
    if blocks:
        conformance |= Conformance.GENERAL_BLOCK_TRANSFER
    notify.conformance = conformance
    notify.settings.connected = ConnectionState.DLMS
    notify.settings.proposedConformance |= Conformance.GENERAL_PROTECTION
    notify.settings.gbtWindowSize = 1
    notify.ciphering.systemTitle = bytearray(_TITLE)
    notify.ciphering.authenticationKey = bytearray(KEYS.authentication_key or b"")
    notify.ciphering.blockCipherKey = bytearray(KEYS.encryption_key or b"")
    notify.ciphering.security = Security.AUTHENTICATION_ENCRYPTION if ciphered else Security.NONE
    notify.ciphering.invocationCounter = 7
    return notify


class GuruxPushIntegrationTests(SynchronousTestCase):
    """
    What gurux_dlms sends is what comes out: the body, the title, the counter.
    """

    keys = MeterKeys(
        system_title=_TITLE,
        encryption_key=KEYS.encryption_key,
        authentication_key=KEYS.authentication_key,
    )

    def pushed(self, *, blocks: bool, ciphered: bool, size: int) -> None:
        """
        Send three notifications and check each.
        """
        notify = _notify(blocks=blocks, ciphered=ciphered, size=size)
        from gurux_dlms import GXByteBuffer

        reassembly = Reassembly()
        for number in range(3):
            body = build.structure(
                build.octet_string(bytes(range(200))), build.double_long_unsigned(number)
            )
            buffer = GXByteBuffer()
            buffer.set(bytearray(body.octets))
            counter = notify.ciphering.invocationCounter
            frames = [bytes(one) for one in notify.generateDataNotificationMessages(None, buffer)]
            self.assertEqual(len(frames) > 1, blocks)
            found: list[Notification | Refusal] = []
            for frame in frames:
                for outer in reassembly.outer(Incoming(frame, frame, "meter"), 0.0):
                    assert isinstance(outer, Outer), outer
                    found.append(open_notification(outer, self.keys, None, policy=Policy.NONE))
            [one] = found
            assert isinstance(one, Notification), one
            self.assertEqual(one.body, body)
            wanted = (_TITLE, counter, True) if ciphered else (None, None, None)
            self.assertEqual((one.title, one.counter, one.authenticated), wanted)
        self.assertEqual(len(reassembly), 0)

    def test_plain(self) -> None:
        """
        Plain, in one piece.
        """
        self.pushed(blocks=False, ciphered=False, size=0xFFFF)

    def test_ciphered(self) -> None:
        """
        Ciphered, in one piece.
        """
        self.pushed(blocks=False, ciphered=True, size=0xFFFF)

    def test_blocks(self) -> None:
        """
        Plain, in blocks whose acknowledged number is now 0 and now FFFF.
        """
        self.pushed(blocks=True, ciphered=False, size=100)

    def test_ciphered_blocks(self) -> None:
        """
        Ciphered, in blocks none of which says that it is the last.
        """
        self.pushed(blocks=True, ciphered=True, size=100)
