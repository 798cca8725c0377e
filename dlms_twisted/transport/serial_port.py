"""
A serial device as a Twisted transport.  This module imports pyserial; it is itself imported only when a
device is opened.
"""

from __future__ import annotations

import fcntl
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from serial import Serial, SerialException
from twisted.internet import fdesc
from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IReactorFDSet, ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from dlms_twisted.link.mode_e import LineSettings
from dlms_twisted.transport.serial_description import SerialAddress, SerialDescription

__all__ = ["QuietSerial", "SerialTransport"]


class QuietSerial(Serial):
    """
    A pyserial port that is ours alone, and that leaves the modem lines as they are unless told otherwise.
    """

    def __init__(self, description: SerialDescription) -> None:
        """
        @raise serial.SerialException: the device is not there, may not be opened, or is in use.
        """
        self._wanted_dtr = description.dtr
        self._wanted_rts = description.rts
        super().__init__(
            description.device,
            baudrate=description.baudrate,
            bytesize=description.bytesize,
            parity=description.parity,
            stopbits=description.stopbits,
            rtscts=description.rtscts,
            xonxoff=description.xonxoff,
            timeout=0,
            exclusive=True,
        )

    def open(self) -> None:
        """
        Open and lock: no other process can open it, whether it asks for a lock or not.

        @raise serial.SerialException: as L{QuietSerial}.
        """
        try:
            super().open()
        except termios.error as error:
            raise SerialException(*error.args) from None
        fcntl.ioctl(self.fileno(), termios.TIOCEXCL)

    def close(self) -> None:
        """
        Unlock and close.
        """
        if self.is_open:
            with suppress(OSError):
                fcntl.ioctl(self.fileno(), termios.TIOCNXCL)
        super().close()

    def _update_dtr_state(self) -> None:
        if self._wanted_dtr is not None:
            self._dtr_state = self._wanted_dtr
            super()._update_dtr_state()  # type: ignore[misc]

    def _update_rts_state(self) -> None:
        if self._wanted_rts is not None:
            self._rts_state = self._wanted_rts
            super()._update_rts_state()  # type: ignore[misc]


@implementer(ITransport)
class SerialTransport(FileDescriptor):
    """
    An open device, connected to a protocol.
    """

    log = Logger()
    connected = 1
    protocol: Any = None

    def __init__(
        self,
        reactor: IReactorFDSet,
        description: SerialDescription,
        open_device: Callable[[SerialDescription], Any] = QuietSerial,
    ) -> None:
        """
        Open the device.

        @raise serial.SerialException: it cannot be opened.
        """
        super().__init__(reactor)
        self._address = SerialAddress(description.device)
        self._port = open_device(description)

    def start(self, protocol: Any) -> None:
        """
        Connect the protocol and read.
        """
        self.protocol = protocol
        self.startReading()
        protocol.makeConnection(self)

    def set_line(self, settings: LineSettings) -> None:
        """
        Change speed, data bits, parity and stop bits, at once.

        A device that cannot do these data bits or this parity (a pseudo terminal) gets the speed only.
        """
        if not self.connected:
            return
        try:
            self._apply(settings)
        except (SerialException, termios.error) as error:
            self.log.warn(
                "{device}: {bits}{parity}{stop} at {baudrate} baud cannot be set: {error}",
                device=self._address.name,
                error=error,
                **settings._asdict(),
            )
            self._fall_back(settings)

    def _fall_back(self, settings: LineSettings) -> None:
        try:
            self._apply(LineSettings(settings.baudrate))
        except (SerialException, termios.error):
            # It was unplugged a moment ago.
            self.connectionLost(Failure())

    def _apply(self, settings: LineSettings) -> None:
        self._port.apply_settings(
            {
                "baudrate": settings.baudrate,
                "bytesize": settings.bits,
                "parity": settings.parity,
                "stopbits": settings.stop,
            }
        )

    def getPeer(self) -> SerialAddress:
        return self._address

    def getHost(self) -> SerialAddress:
        return self._address

    def fileno(self) -> int:
        fd = self._port.fd
        return -1 if fd is None else int(fd)

    def doRead(self) -> Any:
        return fdesc.readFromFD(self.fileno(), self.protocol.dataReceived)

    def writeSomeData(self, data: bytes) -> Any:  # noqa: N802 - Twisted's name
        return fdesc.writeToFD(self.fileno(), data)

    def abortConnection(self) -> None:
        """
        Close at once; what was not written is lost.
        """
        if self.connected:
            self.connectionLost(Failure(ConnectionAborted()))

    def connectionLost(self, reason: Failure) -> None:
        """
        The device is gone, or we close it.
        """
        if not self.connected:
            return
        super().connectionLost(reason)
        self._port.close()
        if self.protocol is not None:
            self.protocol.connectionLost(reason)
