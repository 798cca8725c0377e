"""
Serial devices as client endpoints and as a service that never stays down.

pyserial is imported only when a device is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from dlms_twisted.transport.retry import retry_policy
from dlms_twisted.transport.serial_description import SerialAddress, SerialDescription

__all__ = ["SerialEndpoint", "SerialService"]


@implementer(IStreamClientEndpoint)
class SerialEndpoint:
    """
    Opens a serial device as if it were a connection.
    """

    def __init__(
        self,
        reactor: Any,
        description: SerialDescription,
        open_device: Callable[[SerialDescription], Any] | None = None,
    ) -> None:
        """
        @param reactor: Provides C{IReactorFDSet}.
        @param open_device: Opens the device; L{dlms_twisted.transport.serial_port.QuietSerial} if not
            given.
        """
        self._reactor = reactor
        self._open_device = open_device
        self.description = description

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        """
        Open the device and connect a protocol to it.

        @return: fires with the protocol; fails with C{ConnectError} when the device is not there, may not
            be opened or is in use.
        """
        from dlms_twisted.transport.serial_port import QuietSerial, SerialTransport

        description = self.description
        try:
            transport = SerialTransport(
                self._reactor, description, self._open_device or QuietSerial
            )
        except (OSError, ValueError) as error:
            return fail(ConnectError(osError=getattr(error, "errno", None), string=str(error)))
        protocol = protocolFactory.buildProtocol(SerialAddress(description.device))
        if protocol is None:
            transport.abortConnection()
            return fail(ConnectError(string=f"{description.device}: nobody wants it"))
        transport.start(protocol)
        return succeed(protocol)


class SerialService(ClientService):
    """
    Keeps a protocol connected to a serial device: through its absence, unplugging and replugging.

    Each opening gets a new protocol of the factory.  What C{ClientService} offers works here too
    (C{whenConnected}, C{prepareConnection}).
    """

    def __init__(
        self,
        reactor: Any,
        description: SerialDescription,
        factory: IProtocolFactory,
        *,
        random: Callable[[], float],
        longest_delay: float = 5.0,
        open_device: Callable[[SerialDescription], Any] | None = None,
    ) -> None:
        """
        @param random: Gives numbers from 0 to 1, for the jitter of the delays.
        @param longest_delay: Most seconds between two attempts to open the device.
        """
        super().__init__(
            SerialEndpoint(reactor, description, open_device),
            factory,
            retryPolicy=retry_policy(random, first=0.5, longest=longest_delay),
            clock=reactor,
        )
