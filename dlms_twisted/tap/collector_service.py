"""
The collector as the plugin runs it: journal, keys, signals, and every source that the settings name.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from dlms_twisted.config import CollectorSettings, SourceSettings
from dlms_twisted.errors import ConfigurationError, KeyStoreError, StoreError
from dlms_twisted.keys.counters import TransmitCounters
from dlms_twisted.keys.interfaces import IKeyStore
from dlms_twisted.keys.memory import NoKeys
from dlms_twisted.keys.opening import open_key_store
from dlms_twisted.keys.promotion import Promotions
from dlms_twisted.layout_files import load_layouts
from dlms_twisted.link.auto import push_link
from dlms_twisted.push.collector import Collector
from dlms_twisted.push.source import Source
from dlms_twisted.store.journal import Journal
from dlms_twisted.tap.errors import fail
from dlms_twisted.transport.datagram import RECEIVE_BUFFER, UDPDescription

__all__ = ["CollectorService", "add_source", "check_sources"]

#: Beside the segments: which pending keys have become current, and what of our transmit counters is reserved.
_PROMOTIONS = "promotions.sqlite"
_COUNTERS = "counters.sqlite"


def check_sources(settings: CollectorSettings) -> None:
    """
    @raise ConfigurationError: a description of a source is wrong, or a file that it needs.
    """
    for source in settings.sources:
        try:
            if source.listen is not None:
                _check_listen(source.listen)
            else:
                _check_endpoint(source.connect or "", clientFromString)
        except ConfigurationError as error:
            where = f"{source.said}: " if source.said else ""
            raise ConfigurationError(f"{where}{error}") from None
    # Opened to see whether they can be, and closed: the process that will use them may not have been forked yet.
    for path in {settings.keys, *(source.keys for source in settings.sources)} - {None}:
        _open_keys(path, settings).close()
    load_layouts(settings.layouts)


def _open_keys(path: Any, settings: CollectorSettings, **options: Any) -> IKeyStore:
    try:
        return open_key_store(
            path,
            insecure=settings.insecure_keys,
            master_key_file=settings.master_key_file,
            **options,
        )
    except KeyStoreError as error:
        message = str(error)
    raise ConfigurationError(message)


def _check_listen(description: str) -> None:
    kind = description.partition(":")[0]
    if kind == "udp":
        UDPDescription.parse(description)
    elif kind == "serial":
        _check_endpoint(description, clientFromString)
    else:
        _check_endpoint(description, serverFromString)


def _check_endpoint(description: str, parse: Callable[[Any, str], Any]) -> None:
    # Endpoints keep the reactor and use it when they listen or connect; here they only parse.
    port = re.fullmatch(r"(?:tcp|tcp6|ssl|tls):(\d+)(?::.*)?", description)
    if port is not None and int(port[1]) > 0xFFFF:
        raise ConfigurationError(f"{description!r} is no source: a port from 0 to 65535 wanted")
    try:
        parse(None, description)
    except Exception as error:  # their parsers raise whatever int() and open() raise
        why = " ".join(str(error).split())
        raise ConfigurationError(f"{description!r} is no source: {why}") from None


def add_source(
    reactor: Any,
    collector: Collector,
    settings: SourceSettings,
    keys: IKeyStore | None = None,
    receive_buffer: int = RECEIVE_BUFFER,
) -> None:
    """
    Add the source that C{settings} describe.

    @param keys: Its own key store.
    @param receive_buffer: Octets of kernel buffer to ask for, UDP only.
    """
    source = Source(label=settings.label or settings.description, policy=settings.policy, keys=keys)
    if settings.listen is not None and settings.listen.startswith("udp:"):
        description = UDPDescription.parse(settings.listen)
        collector.listen_udp(description, source, receive_buffer=receive_buffer)
        return
    medium = "apdu" if settings.framing == "raw" else settings.framing
    link = partial(push_link, medium)
    if settings.connect is not None or _is_serial(settings.description):
        collector.connect_stream(
            clientFromString(reactor, settings.description),
            source,
            random=Random().random,
            link=link,
            idle_timeout=settings.idle_timeout,
        )
        return
    collector.listen_stream(
        serverFromString(reactor, settings.description),
        source,
        link=link,
        idle_timeout=settings.idle_timeout,
    )


def _is_serial(description: str) -> bool:
    """
    A serial device is named with C{listen}, and opened as an outgoing connection is.
    """
    return description.partition(":")[0] == "serial"


class CollectorService(Service):
    """
    Opens everything when it is started, in the process that will run it.

    @ivar collector: The collector, while the service runs.
    """

    log = Logger()

    def __init__(self, reactor: Any, settings: CollectorSettings) -> None:
        """
        @param settings: Checked already.
        """
        self._reactor = reactor
        self._settings = settings
        self._handlers: dict[int, Any] = {}
        self._stores: list[IKeyStore] = []
        self._promotions: Promotions | None = None
        self._transmit: TransmitCounters | None = None
        self.collector: Collector | None = None

    def startService(self) -> None:
        """
        Open the journal, then the sources.

        @raise SystemExit: the journal or a port cannot be had; one line says why.
        """
        super().startService()
        try:
            self._open()
        except (ConfigurationError, StoreError) as error:
            raise fail(f"dlms-collector: {error}", 1) from None
        except CannotListenError as error:
            if self.collector is not None:
                self.collector.journal.close()
            raise fail(f"dlms-collector: {error}", 1) from None
        self._install_signals()

    def _open(self) -> None:
        settings = self._settings
        journal = Journal.open(
            settings.journal,
            self._reactor,
            settings.limits,
            call_from_thread=self._reactor.callFromThread,
        )
        keys = self._key_store(settings.keys)
        self.collector = collector = Collector(
            self._reactor,
            keys,
            journal,
            system_title=settings.system_title,
            transmit=self._counters(),
            push_layouts=load_layouts(settings.layouts),
            queue_items=settings.queue_items,
            queue_octets=settings.queue_octets,
        )
        for source in settings.sources:
            own = None if source.keys is None else self._key_store(source.keys)
            add_source(self._reactor, collector, source, own, settings.receive_buffer)
        collector.startService()

    def _counters(self) -> TransmitCounters | None:
        if self._settings.system_title is None:
            return None
        self._transmit = TransmitCounters(self._settings.journal / _COUNTERS)
        return self._transmit

    def _key_store(self, path: Any) -> IKeyStore:
        if path is None:
            return NoKeys()
        if self._promotions is None:
            self._promotions = Promotions(self._settings.journal / _PROMOTIONS)
        pool = self._reactor.getThreadPool()
        store = _open_keys(
            path,
            self._settings,
            promotions=self._promotions,
            defer=partial(deferToThreadPool, self._reactor, pool),
        )
        self._stores.append(store)
        return store

    def stopService(self) -> Deferred[None]:
        """
        @return: fires when all that was taken in is on disk.
        """
        super().stopService()
        self._restore_signals()
        collector, self.collector = self.collector, None
        stopped = succeed(None) if collector is None else collector.stopService()
        return stopped.addBoth(self._closed)

    def _closed(self, result: Any) -> Any:
        for store in self._stores:
            store.close()
        if self._promotions is not None:
            self._promotions.close()
        if self._transmit is not None:
            self._transmit.close()
        return result

    # -- signals: SIGHUP reads the keys again, SIGUSR2 prints a status line

    def _install_signals(self) -> None:
        for name, call in (("SIGHUP", self._reload), ("SIGUSR2", self._status)):
            number = getattr(signal, name, None)
            if number is None:
                continue
            try:
                self._handlers[number] = signal.signal(
                    number, lambda *_, call=call: self._reactor.callFromThread(call)
                )
            except ValueError:  # not the main thread: somebody embeds the service
                self.log.debug("no signals outside of the main thread")

    def _restore_signals(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _reload(self) -> None:
        for store in self._stores:
            store.reload()

    def _status(self) -> None:
        if self.collector is not None:
            self.collector.status()
