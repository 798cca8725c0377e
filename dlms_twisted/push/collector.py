"""
The collector: sources, pipeline, keys and journal as one service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import (
    IReactorTime,
    IReactorUDP,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.keys.interfaces import IKeyStore, ITransmitCounters
from dlms_twisted.link.auto import AutoPushLink
from dlms_twisted.link.problems import Problem
from dlms_twisted.link.push import Payload, PushLink, WrapperPushLink
from dlms_twisted.push.commits import Commits, Observer
from dlms_twisted.push.confirm import Confirmer
from dlms_twisted.push.counters import Counters
from dlms_twisted.push.nowhere import Nowhere
from dlms_twisted.push.opener import Opener
from dlms_twisted.push.pipeline import Pipeline
from dlms_twisted.push.queue import IntakeQueue, Pausable
from dlms_twisted.push.rekeying import Rekeying
from dlms_twisted.push.source import Source
from dlms_twisted.session.notification import Reassembly
from dlms_twisted.store.journal import Journal
from dlms_twisted.transport.connecting import ConnectSource, LineState
from dlms_twisted.transport.datagram import RECEIVE_BUFFER, DatagramSource, UDPDescription
from dlms_twisted.transport.stream import PushConnection, StreamSource

__all__ = ["Collector"]


class _StreamSink:
    """
    Hands on what one stream source delivers, with its settings.
    """

    def __init__(self, pipeline: Pipeline, queue: IntakeQueue, source: Source) -> None:
        self._pipeline = pipeline
        self._queue = queue
        self._source = source

    def stream_payload(self, connection: PushConnection, payload: Payload) -> None:
        """
        Queue it.
        """
        self._pipeline.stream_payload(self._source, connection, payload)

    def stream_problem(self, connection: PushConnection, problem: Problem) -> None:
        """
        Keep and count it.
        """
        self._pipeline.stream_problem(self._source, connection, problem)

    def stream_broken(self, connection: PushConnection, why: str) -> None:
        """
        Say so.
        """
        self._pipeline.stream_broken(connection, why)

    def stream_gone(self, connection: PushConnection) -> None:
        """
        A paused one is not resumed.
        """
        self._queue.forget(connection)

    def stream_refused(self, peer: str) -> None:
        """
        Count it.
        """
        self._pipeline.connection_refused(peer)


class Collector(MultiService):
    """
    Captures what meters push.

    Started, it listens; stopped, it closes its sources first, works off what it took in, and commits it.

    @ivar counters: What was seen and done.
    @ivar journal: Where records go; the collector closes it when it stops.
    """

    log = Logger()
    #: Seconds between two status lines.
    STATUS_EVERY = 60.0
    #: Seconds between two looks at whether the keys have changed.
    KEYS_EVERY = 5.0
    #: Seconds that stopping waits for the queue to be worked off.
    DRAIN_WITHIN = 30.0

    def __init__(
        self,
        reactor: Any,
        keys: IKeyStore,
        journal: Journal | Nowhere,
        *,
        system_title: bytes | None = None,
        transmit: ITransmitCounters | None = None,
        push_layouts: PushLayouts | None = None,
        queue_items: int = 100_000,
        queue_octets: int = 64 << 20,
        observer: Observer | None = None,
    ) -> None:
        """
        @param reactor: For timers and ports.
        @param system_title: Ours, eight octets, to confirm ciphered pushes.
        @param transmit: Invocation counters of confirmations.
        @param push_layouts: How messages name their meters.
        @param observer: Told of records when they are on disk.
        """
        super().__init__()
        self._reactor: IReactorUDP = reactor
        self._clock: IReactorTime = reactor
        self.counters = Counters()
        self.journal = journal
        self.keys = keys
        self._queue = IntakeQueue(self.counters, most_items=queue_items, most_octets=queue_octets)
        self._commits = Commits(
            journal, self.counters, observer=observer, unblocked=self._unblocked
        )
        layouts = LayoutCache()
        self._reassembly = Reassembly(layouts=layouts)
        self.pipeline = Pipeline(
            self._clock,
            self._queue,
            self._reassembly,
            self._commits,
            self.counters,
            layouts=layouts,
        )
        self.pipeline.opener = Opener(
            keys,
            journal.windows,
            self._commits.add,
            self._commits.flush,
            layouts=layouts,
            push_layouts=push_layouts,
        )
        confirmer = Confirmer(
            self._clock, self.counters, system_title=system_title, transmit=transmit
        )
        self._commits.confirm = confirmer.committed
        self.pipeline.opener.verify_repeats = True
        self.pipeline.opener.join = self.pipeline.join
        self._rekeying = Rekeying(keys, journal, self.pipeline.opener, self.counters)
        self._ports: list[DatagramSource] = []
        self._streams: list[StreamSource | ConnectSource] = []
        self._blocked = False
        self._looping: list[LoopingCall] = []
        journal.add_observer(self._journal_changed)

    # -- sources

    def listen_udp(
        self,
        description: UDPDescription,
        source: Source,
        *,
        receive_buffer: int = RECEIVE_BUFFER,
    ) -> DatagramSource:
        """
        Add a UDP port.

        @param receive_buffer: Octets of kernel buffer to ask for.
        """
        port = DatagramSource(
            self._reactor,
            description,
            self.pipeline.datagrams(source),
            label=source.label,
            receive_buffer=receive_buffer,
        )
        port.setServiceParent(self)
        self._rekeying.add(source)
        self._ports.append(port)
        return port

    def listen_stream(
        self,
        endpoint: IStreamServerEndpoint,
        source: Source,
        *,
        link: Callable[[], PushLink] = WrapperPushLink,
        idle_timeout: float = 1800.0,
    ) -> StreamSource:
        """
        Add a listening stream endpoint.

        @param link: Makes the decoder of one connection.
        @param idle_timeout: Seconds of silence after which a connection is closed.
        """
        sink = _StreamSink(self.pipeline, self._queue, source)
        stream = StreamSource(
            self._clock,
            endpoint,
            sink,
            label=source.label,
            link=link,
            idle_timeout=idle_timeout,
        )
        stream.setServiceParent(self)
        self._rekeying.add(source)
        self._streams.append(stream)
        return stream

    def connect_stream(
        self,
        endpoint: IStreamClientEndpoint,
        source: Source,
        *,
        random: Callable[[], float],
        link: Callable[[], PushLink] = AutoPushLink,
        idle_timeout: float = 1800.0,
    ) -> ConnectSource:
        """
        Add an outgoing connection or a serial device, which is opened again for ever.

        @param random: Gives numbers from 0 to 1, for the jitter of delays.
        @param link: Makes the decoder of one connection.
        @param idle_timeout: Seconds of silence after which it is opened again.
        """
        line = ConnectSource(
            self._clock,
            endpoint,
            _StreamSink(self.pipeline, self._queue, source),
            label=source.label,
            random=random,
            link=link,
            idle_timeout=idle_timeout,
        )
        line.setServiceParent(self)
        self._rekeying.add(source)
        self._streams.append(line)
        return line

    # -- the service

    def startService(self) -> None:
        """
        Listen, and begin to look after keys and status.

        @raise CannotListenError: a port cannot be bound; those that were are closed again.
        """
        try:
            super().startService()
        except BaseException:
            for service in self.services:
                service.stopService()
            raise
        self._loop(self.STATUS_EVERY, self.status)
        self._loop(self.KEYS_EVERY, self._rekeying.check)

    def _loop(self, seconds: float, call: Callable[[], Any]) -> None:
        looping = LoopingCall(call)
        looping.clock = self._clock
        looping.start(seconds, now=False)
        self._looping.append(looping)

    def stopService(self) -> Deferred[None]:
        """
        Close the sources, work off the queue, commit.

        @return: fires when all that was taken in is on disk and the journal is closed.
        """
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for looping in self._looping:
            looping.stop()
        self._looping = []
        await super().stopService()
        drained: Deferred[None] = Deferred()
        self.pipeline.when_idle(lambda: drained.callback(None))
        self.pipeline.wake()
        drained.addTimeout(self.DRAIN_WITHIN, self._clock)
        try:
            await drained
        except TimeoutError:
            left = len(self._queue)
            self.counters.shed += left
            self.log.error("{left} arrivals could not be worked off in time", left=left)
        self.pipeline.finish()
        self._rekeying.stop()
        await self.journal.close()
        self.pipeline.stop()
        self.keys.close()
        self.log.info("stopped: {line}", line=self.status_line())

    # -- the disk

    def _unblocked(self) -> None:
        if self._blocked and not self._commits.blocked:
            self._resume()
        self.pipeline.wake()

    def _journal_changed(self, writable: bool, why: str) -> None:
        if not writable and not self._blocked:
            self._blocked = True
            for source in self._sources():
                source.pause()
            self.log.error("taking-in has stopped: {why}; it goes on by itself", why=why)
        elif writable:
            self._unblocked()

    def _resume(self) -> None:
        self._blocked = False
        for source in self._sources():
            source.resume()
        self.log.info("taking-in goes on")

    def _sources(self) -> Iterator[Pausable]:
        yield from self._ports
        yield from self._streams

    # -- what is going on

    @property
    def kernel_drops(self) -> int:
        """
        Datagrams that the kernel dropped, over all ports.
        """
        return sum(port.drops for port in self._ports)

    def status_line(self) -> str:
        """
        @return: the counters in one line.
        """
        return self.counters.line(len(self._queue), self.kernel_drops)

    def status(self) -> None:
        """
        Log the status line, and a line for each outgoing source that does not do well.
        """
        self.log.info("status: {line}", line=self.status_line())
        for line in self._streams:
            if isinstance(line, ConnectSource) and line.state is not LineState.UP:
                self.log.warn(
                    "{source} is {state}: {hint}",
                    source=line.label,
                    state=line.state.value,
                    hint=line.hint,
                )
