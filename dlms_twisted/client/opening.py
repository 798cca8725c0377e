"""
One association: the link, and what opens it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IStreamClientEndpoint

from dlms_twisted.client.asking import COUNTER, as_public, counted_from, read_counter
from dlms_twisted.client.conversation import Conversation
from dlms_twisted.client.linking import Closer, StreamLink, within
from dlms_twisted.client.meter import Meter
from dlms_twisted.client.reference import Reference
from dlms_twisted.client.settings import MeterSettings
from dlms_twisted.errors import ConfigurationError, LinkError
from dlms_twisted.link.mode_e import SignOn
from dlms_twisted.link.wrapper import encode_frame
from dlms_twisted.transport.datagram_channel import DatagramChannel, UDPTarget
from dlms_twisted.transport.sign_on import SignOnEndpoint

__all__ = ["check", "open_meter"]


def check(reactor: Any, where: str | IStreamClientEndpoint) -> None:
    """
    @raise ConfigurationError: C{where} is no description.
    """
    if isinstance(where, str) and where.startswith("udp:"):
        UDPTarget.parse(where)
    else:
        _endpoint(reactor, where)


async def open_meter(
    reactor: Any, where: str | IStreamClientEndpoint, settings: MeterSettings
) -> Meter:
    """
    Connect and associate, once.

    @raise ConfigurationError: C{where} is no description.
    @raise DLMSError: the meter is not reached, or refuses.
    """
    if isinstance(where, str) and where.startswith("udp:"):
        target = UDPTarget.parse(where)
        if _asks(settings):
            async with await _datagrams(reactor, target, as_public(settings)) as meter:
                settings = await _asked(meter, settings)
        return await _datagrams(reactor, target, settings)
    framing = settings.framing
    if framing is None:
        serial = isinstance(where, str) and where.startswith("serial:")
        framing = "hdlc" if serial else "wrapper"
    endpoint = _endpoint(reactor, where)
    if settings.mode_e:
        endpoint = SignOnEndpoint(
            reactor,
            endpoint,
            lambda: SignOn(
                address=settings.mode_e_address,
                protocol=settings.mode_e_protocol,
                # Who wants another protocol knows the meter better than its offer.
                insist=settings.mode_e_protocol == "2",
            ),
        )
    link = StreamLink(reactor, framing, as_public(settings) if _asks(settings) else settings)
    await link.connect(endpoint)
    if _asks(settings):
        settings = await _asked_over(link, settings)
        if not link.connected:
            # It hangs up when an association is released.
            link = StreamLink(reactor, framing, settings)
            await link.connect(endpoint)
    return await _begin(reactor, link.conversation, settings, link.close, link.abort)


def _asks(settings: MeterSettings) -> bool:
    return settings.ask_counter and settings.counted


async def _asked(meter: Meter, settings: MeterSettings) -> MeterSettings:
    asked = settings.counter_object
    counter = COUNTER if asked is None else Reference.parse(asked)
    return counted_from(settings, await read_counter(meter, counter))


async def _asked_over(link: StreamLink, settings: MeterSettings) -> MeterSettings:
    """
    Ask for the counter, and make the link ready for who wants it.
    """
    done = False
    try:
        public = await _begin(
            link.reactor, link.conversation, as_public(settings), link.leave, link.abort
        )
        async with public:
            settings = await _asked(public, settings)
        link.turn(settings)
        done = True
    finally:
        if not done:
            link.abort()
    return settings


def _endpoint(reactor: Any, where: str | IStreamClientEndpoint) -> IStreamClientEndpoint:
    if not isinstance(where, str):
        return where
    try:
        endpoint: IStreamClientEndpoint = clientFromString(reactor, where)
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(f"{where!r} is no endpoint: {error}") from None
    return endpoint


class _TappedDatagrams(DatagramChannel):
    """
    Datagrams with a listener.
    """

    _receiver: Conversation

    def send(self, apdu: bytes, *, answer: bool = True) -> None:
        """
        See L{dlms_twisted.transport.channel.Channel.send}.
        """
        self._receiver.frame("out", encode_frame(self._client, self._server, apdu))
        super().send(apdu, answer=answer)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._receiver.frame("in", datagram)
        super().datagramReceived(datagram, addr)


async def _datagrams(reactor: Any, target: UDPTarget, settings: MeterSettings) -> Meter:
    conversation = Conversation(reactor, settings, lossy=True)
    kind = DatagramChannel if settings.observer is None else _TappedDatagrams
    channel = kind(reactor, conversation, target, client=settings.client, server=settings.server)
    conversation.channel = channel

    async def close() -> None:
        await channel.close()

    def abort() -> None:
        channel.close()

    return await _begin(reactor, conversation, settings, close, abort)


async def _begin(
    reactor: Any,
    conversation: Conversation,
    settings: MeterSettings,
    close: Closer,
    abort: Callable[[], None],
) -> Meter:
    opened = False
    try:
        await within(conversation.channel.open(), reactor, settings.timeout * 2, "opening")
        await conversation.associate()
        opened = True
    finally:
        if not opened:
            # Whatever the reason is, nothing stays open.
            conversation.stop(LinkError("requested", "the association did not come about"))
            abort()
    return Meter(conversation, close)
