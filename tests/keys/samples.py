"""
Keys for the tests of this room.
"""

from __future__ import annotations

from typing import cast

from twisted.logger import ILogObserver, LogEvent, eventAsText, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy

TITLE = bytes.fromhex("4D4D4D0000BC614E")
OTHER = bytes.fromhex("4D4D4D0000BC614F")
STRANGER = bytes.fromhex("4C475A0000000001")
EK = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
AK = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
NEW_EK = bytes.fromhex("1F1E1D1C1B1A19181716151413121110")
NEW_AK = bytes.fromhex("EFEEEDECEBEAE9E8E7E6E5E4E3E2E1E0")

#: The example of architecture, section 6.
EXAMPLE = """\
[default]                                  # for frames whose system title is absent or not listed
policy = "encrypted"

[[meter]]
system_title = "4D4D4D0000BC614E"
name = "house 7"                           # optional
encryption_key = "000102030405060708090A0B0C0D0E0F"
authentication_key = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"   # optional
policy = "authenticated-encrypted"         # none | authenticated | encrypted | authenticated-encrypted
replay = "window"                          # window (default) | strict | off
# also: pending_encryption_key, pending_authentication_key, broadcast_key
"""


def meter(number: int = 0, **fields: object) -> MeterKeys:
    """
    @return: keys of a made-up meter, different for each number.
    """
    values: dict[str, object] = {
        "system_title": b"SIM" + number.to_bytes(5, "big"),
        "encryption_key": number.to_bytes(16, "little"),
        "authentication_key": number.to_bytes(16, "big"),
        "policy": Policy.AUTHENTICATED_ENCRYPTED,
        **fields,
    }
    return MeterKeys(**values)  # type: ignore[arg-type]


class CapturedLog:
    """
    What is logged while a test runs.
    """

    def __init__(self, test: SynchronousTestCase, namespace: str = "dlms_twisted.keys") -> None:
        """
        @param namespace: How the names of the loggers start that are meant.
        """
        self._namespace = namespace
        self.events: list[LogEvent] = []
        observer = cast(ILogObserver, self.events.append)
        globalLogPublisher.addObserver(observer)
        test.addCleanup(globalLogPublisher.removeObserver, observer)

    @property
    def lines(self) -> list[str]:
        """
        Their texts.
        """
        return [
            eventAsText(event, includeTimestamp=False, includeSystem=False)
            for event in self.events
            if str(event.get("log_namespace", "")).startswith(self._namespace)
        ]
