"""
Answers to confirmed pushes: after the commit, protected as the push was.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from dlms_twisted.apdu.data_notification import DataNotification, DataNotificationConfirm
from dlms_twisted.errors import DLMSError
from dlms_twisted.keys.interfaces import ITransmitCounters
from dlms_twisted.push.counters import Counters
from dlms_twisted.push.limiter import LimitedLog
from dlms_twisted.push.queue import Arrival
from dlms_twisted.push.replies import send_back
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.protect import protect
from dlms_twisted.session.notification import Notification

__all__ = ["Confirmer"]

_GENERAL_GLO = 0xDB


class Confirmer:
    """
    Sends DataNotification-Confirm (IEC 62056-5-3) for pushes whose service class is confirmed.

    A plain push gets a plain answer.  A ciphered one is answered with general-glo-ciphering under the same security
    control, for which our own system title and persisted transmit counters are needed; without them it is not
    confirmed, which is said once.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        counters: Counters,
        *,
        system_title: bytes | None = None,
        transmit: ITransmitCounters | None = None,
    ) -> None:
        """
        @param system_title: Ours, eight octets.
        @param transmit: Invocation counters of what we send.
        """
        self._counters = counters
        self._title = system_title
        self._transmit = transmit
        self._said = False
        self._limited = LimitedLog(clock, self.log)

    def committed(
        self, arrival: Arrival, notification: Notification, keys: MeterKeys | None
    ) -> None:
        """
        The push is on disk: confirm it.
        """
        message = notification.message
        if not isinstance(message, DataNotification):
            return
        answer = DataNotificationConfirm(
            long_invoke_id_and_priority=message.long_invoke_id_and_priority
        ).encode()
        try:
            if notification.security_control & 0x30:
                protected = self._protected(answer, notification.security_control, keys)
            else:
                protected = answer
            sent = protected is not None and send_back(arrival, notification.raw, protected)
        except (DLMSError, OSError) as error:
            self._limited.warn(
                "confirmation", "a push could not be confirmed: {error}", error=error
            )
            sent = False
        if sent:
            self._counters.confirmed += 1
        else:
            self._counters.unconfirmed += 1

    def _protected(self, answer: bytes, control: int, keys: MeterKeys | None) -> bytes | None:
        if self._title is None or self._transmit is None:
            if not self._said:
                self._said = True
                self.log.warn(
                    "ciphered pushes ask for a confirmation and get none: that needs --system-title"
                )
            return None
        if keys is None or keys.encryption_key is None:
            return None
        # Our answer is for one meter: never under the broadcast key.
        control &= 0x3F
        counter = self._transmit.next(self._title, key_epoch(keys.encryption_key))
        return protect(
            answer,
            keys=keys,
            title=self._title,
            counter=counter,
            security_control=control,
            tag=_GENERAL_GLO,
        )
