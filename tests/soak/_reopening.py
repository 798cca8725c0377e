"""
A line that is torn down and rebuilt again and again, in a process of its own: C{python -m
tests.soak._reopening serial|tcp COUNT} prints its figures as a JSON line.

A meter pushes without end, paced to 240 octets a second as a HAN port at 2400 baud.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater, react
from twisted.internet.threads import deferToThread

from dlms_twisted.link.hdlc.push import encode_message
from dlms_twisted.transport.connecting import ConnectSource
from dlms_twisted.transport.serial import SerialEndpoint
from dlms_twisted.transport.serial_description import SerialDescription

MESSAGE = b"".join(
    encode_message(b"\x0f" + bytes(range(150)), destination=b"\xcf", source=b"\x03", size=90)
)
_PIECE, _EVERY = 24, 0.1


class _Sink:
    """
    Says when a message came.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.problems = 0
        self.waiting: Deferred[None] = Deferred()

    def stream_payload(self, connection: Any, payload: Any) -> None:
        """
        A message came.
        """
        self.messages += 1
        waiting, self.waiting = self.waiting, Deferred()
        waiting.callback(None)

    def stream_problem(self, connection: Any, problem: Any) -> None:
        """
        Octets were lost with the line.
        """
        self.problems += 1

    def stream_broken(self, connection: Any, why: str) -> None:
        """
        Never, by HDLC.
        """
        raise RuntimeError(why)

    def stream_gone(self, connection: Any) -> None:
        """
        The line went away.
        """

    def stream_refused(self, peer: str) -> None:
        """
        Never, by a source that connects.
        """


class _Meter:
    """
    Pushes without end, a piece at a time.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._place = 0
        self.write: Any = None

    def run(self) -> None:
        """
        Write a piece, and so on.
        """
        if self.write is None:
            return
        piece = (MESSAGE + MESSAGE)[self._place : self._place + _PIECE]
        self._place = (self._place + len(piece)) % len(MESSAGE)
        self.write(piece)
        self._reactor.callLater(_EVERY, self.run)


class _Terminals:
    """
    A serial device that is unplugged and plugged in again.
    """

    def __init__(self, reactor: Any, folder: Path) -> None:
        self._name = folder / "meter"
        self.endpoint = SerialEndpoint(reactor, SerialDescription(device=str(self._name)))

    async def plug(self, meter: _Meter) -> None:
        """
        Be there.
        """
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        os.symlink(os.ttyname(slave), self._name)
        os.close(slave)
        meter.write = self._write

    def _write(self, piece: bytes) -> None:
        try:
            os.write(self._master, piece)
        except BlockingIOError:
            # Nobody reads yet, and the terminal is full: as on a wire, it is lost.
            return

    async def unplug(self) -> None:
        """
        Be gone.
        """
        os.unlink(self._name)
        os.close(self._master)

    async def check(self) -> None:
        """
        While it is open nobody else can open it.
        """
        code = f"import serial; serial.Serial({str(self._name)!r}, exclusive=True)"
        done = await deferToThread(
            subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True
        )
        if "exclusively lock" not in done.stderr:
            raise RuntimeError("two processes have the device open")


class _Servers:
    """
    A serial-to-Ethernet server that is switched off and on again.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._number = 0
        self._made: list[Any] = []

    @property
    def endpoint(self) -> TCP4ClientEndpoint:
        """
        Where it is.
        """
        return TCP4ClientEndpoint(self._reactor, "127.0.0.1", self._number)

    async def plug(self, meter: _Meter) -> None:
        """
        Listen.
        """
        made = self._made = []

        class Kept(Factory):
            noisy = False

            def buildProtocol(self, addr: Any) -> Protocol:
                made.append(Protocol())
                return made[-1]  # type: ignore[no-any-return]

        self._port = self._reactor.listenTCP(self._number, Kept(), interface="127.0.0.1")
        self._number = self._port.getHost().port
        meter.write = lambda piece: [one.transport.write(piece) for one in made if one.connected]

    async def unplug(self) -> None:
        """
        Close the port, and drop who is connected.
        """
        await self._port.stopListening()
        for one in self._made:
            if one.connected:
                one.transport.abortConnection()

    async def check(self) -> None:
        """
        Nothing: any number may connect.
        """


async def _main(reactor: Any, kind: str, count: str) -> None:
    random = Random(7)
    with tempfile.TemporaryDirectory() as folder:
        line: Any = _Terminals(reactor, Path(folder)) if kind == "serial" else _Servers(reactor)
        meter = _Meter(reactor)
        sink = _Sink()
        await line.plug(meter)
        source = ConnectSource(
            reactor, line.endpoint, sink, label=kind, random=random.random, longest_delay=2.0
        )
        source.startService()
        waits, files = [], []
        for number in range(int(count)):
            started = reactor.seconds()
            meter.run()
            await sink.waiting.addTimeout(30.0, reactor)
            waits.append(reactor.seconds() - started)
            files.append(len(os.listdir("/proc/self/fd")))
            if number == 0:
                await line.check()
            await deferLater(reactor, random.random())
            meter.write = None
            await line.unplug()
            await deferLater(reactor, _EVERY + random.random())
            await line.plug(meter)
        await source.stopService()
        await line.unplug()
    figures = {
        "rebuilt": len(waits),
        "messages": sink.messages,
        "longest_wait": round(max(waits), 2),
        "descriptors": [min(files[1:]), max(files[1:])],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(_main(reactor, *sys.argv[1:])))
