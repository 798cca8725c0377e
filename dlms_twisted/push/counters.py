"""
What the collector counts: nothing is dropped without one of these going up.
"""

from __future__ import annotations

from collections import Counter

__all__ = ["Counters"]


class Counters:
    """
    Plain integers, so that counting costs nothing.

    @ivar datagrams: Datagrams taken from the ports.
    @ivar octets: Octets taken, datagrams and streams.
    @ivar frames: Link frames cut.
    @ivar messages: Whole messages, after reassembly.
    @ivar accepted: Records accepted, each written or about to be.
    @ivar committed: Records of either outcome that are on disk.
    @ivar duplicates: Refused as C{replay}, or flagged as a probable repeat.
    @ivar shed: Datagrams dropped because the queue was full.
    @ivar confirmed: Confirmations sent.
    @ivar unconfirmed: Pushes that asked for a confirmation that could not be given.
    @ivar padding: Zero octets after the last frame of datagrams.
    @ivar other: Well-formed messages that are no notifications.
    @ivar refused: By reason.
    @ivar link: Problems of the links by kind, for example C{bad-fcs}.
    """

    __slots__ = (
        "accepted",
        "committed",
        "confirmed",
        "datagrams",
        "duplicates",
        "frames",
        "link",
        "messages",
        "octets",
        "other",
        "padding",
        "redecoded",
        "refused",
        "shed",
        "unconfirmed",
    )

    def __init__(self) -> None:
        self.datagrams = 0
        self.octets = 0
        self.frames = 0
        self.messages = 0
        self.accepted = 0
        self.committed = 0
        self.duplicates = 0
        self.shed = 0
        self.confirmed = 0
        self.unconfirmed = 0
        self.padding = 0
        self.other = 0
        self.redecoded = 0
        self.refused: Counter[str] = Counter()
        self.link: Counter[str] = Counter()

    @property
    def total_refused(self) -> int:
        """
        Refused messages of every reason.
        """
        return sum(self.refused.values())

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """
        @return: every count by name.
        """
        counts: dict[str, int | dict[str, int]] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            counts[name] = dict(value) if isinstance(value, Counter) else value
        return counts

    def line(self, queued: int, kernel_drops: int) -> str:
        """
        @return: one line for the log.
        """
        refused = ", ".join(f"{reason} {count}" for reason, count in sorted(self.refused.items()))
        return (
            f"datagrams {self.datagrams}, frames {self.frames}, accepted {self.accepted}, "
            f"committed {self.committed}, refused {self.total_refused}"
            + (f" ({refused})" if refused else "")
            + f", duplicates {self.duplicates}, shed {self.shed}, kernel drops {kernel_drops}, queued {queued}"
        )
