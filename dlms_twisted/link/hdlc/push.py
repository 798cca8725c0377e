"""
Push over HDLC: UI or I frames that come unasked, from any address, without a connection.

What meters do and the standard does not say is taken as it comes: an I frame without a connection
(Kaifa), destinations of two octets (Landis+Gyr), the LLC header in the first segment only or in each.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.link.hdlc.control import FrameKind, unnumbered_control
from dlms_twisted.link.hdlc.decoder import FrameDecoder
from dlms_twisted.link.hdlc.frame import HDLCFrame, encode_frame
from dlms_twisted.link.hdlc.parameters import MAX_INFORMATION
from dlms_twisted.link.llc import add_llc, has_llc, strip_llc
from dlms_twisted.link.partials import DEFAULT_LIMITS, Limits
from dlms_twisted.link.problems import ProblemKind
from dlms_twisted.link.push import Payload, PushBase

__all__ = ["HDLCPushLink", "encode_message"]

_UI: Final = unnumbered_control(FrameKind.UI, True)


def encode_message(
    apdu: bytes, *, destination: bytes, source: bytes, size: int = MAX_INFORMATION
) -> list[bytes]:
    """
    Cut an APDU into the UI frames that push it, with the LLC header in the first.

    @param destination: Octets of the wire.
    @param source: Likewise.
    @param size: Most octets of information in one frame, LLC header included.
    """
    pdu = add_llc(apdu, response=True)
    parts = [pdu[start : start + size] for start in range(0, len(pdu), size)]
    last = len(parts) - 1
    return [
        encode_frame(destination, source, _UI, part, segmented=number < last)
        for number, part in enumerate(parts)
    ]


class HDLCPushLink(PushBase):
    """
    The passive end of an HDLC line (see L{dlms_twisted.link.push.PushLink}).

    Segments are joined by their order, for each pair of addresses apart; sequence numbers mean nothing
    without a connection.  A segment with an LLC header whose first octet is that of the message under way
    begins it anew: the end of the other one was lost.
    """

    medium = "hdlc"

    def __init__(
        self, *, limits: Limits = DEFAULT_LIMITS, accept_zero_checksums: bool = False
    ) -> None:
        """
        @param limits: Of messages that are not whole yet.
        @param accept_zero_checksums: See L{FrameDecoder}.
        """
        super().__init__(FrameDecoder(accept_zero_checksums=accept_zero_checksums), limits)

    def _frame(self, frame: HDLCFrame) -> None:
        information = frame.information
        if not information or frame.kind not in {FrameKind.I, FrameKind.UI}:
            self.stats.other += 1
            return
        # Addresses end where their lowest bit says: two of them in a row are one key.
        address = frame.source + frame.destination
        octets = strip_llc(information)
        partial = self._partials.get(address)
        if partial is not None and has_llc(information) and octets[:1] == partial.parts[0][:1]:
            self._ready.append(self._partials.give_up(address, ProblemKind.INCOMPLETE))
            partial = None
        if partial is None and not frame.segmented:
            self._ready.append(Payload(octets, frame.raw, address, "hdlc"))
            return
        problem = self._partials.add(address, octets, frame.raw, self._heard)
        if problem is not None:
            self._ready.append(problem)
        if not frame.segmented and self._partials.get(address) is not None:
            whole = self._partials.finish(address)
            self._ready.append(Payload(whole.octets, whole.raw, address, "hdlc"))
