"""
A client's exchange and a server's blocks in one memory, APDU by APDU through their octets.
"""

from __future__ import annotations

from collections.abc import Callable

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.session.blocks import ClientBlocks, Received, Send, ServerBlocks

__all__ = ["talk"]


def talk(
    client: ClientBlocks,
    server: ServerBlocks,
    application: Callable[[Apdu], Apdu],
    sizes: list[int] | None = None,
) -> Apdu:
    """
    @param application: Answers the whole request.
    @param sizes: Takes the length of each APDU, in octets.

    @return: the whole answer.
    """
    sizes = [] if sizes is None else sizes
    sent = client.start()
    for _ in range(100_000):
        octets = sent.encode()
        step = server.receive(registry.decode(octets))
        answer = step.apdu if isinstance(step, Send) else server.respond(application(step.apdu))
        back = answer.encode()
        sizes += [len(octets), len(back)]
        came = client.receive(registry.decode(back))
        if isinstance(came, Received):
            return came.apdu
        assert came is not None, "the client waits for ever"
        sent = came.apdu
    raise AssertionError("no end")
