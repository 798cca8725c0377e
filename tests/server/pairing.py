"""
Our client and the simulated meter in one memory.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import Meter, connect
from dlms_twisted.security.keys import key_epoch
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.testing import MeterInMemory
from tests.server.meters import with_clients

__all__ = ["MeterCase", "household_of_all"]

_T = TypeVar("_T")


def household_of_all() -> MeterDescription:
    """
    @return: a household's meter with an association for each mechanism.
    """
    return with_clients(ready_description("household"))


class MeterCase(SynchronousTestCase):
    """
    Our client and a household's meter.
    """

    def setUp(self) -> None:
        """
        A meter.
        """
        self.clock = Clock()
        self.memory = self.begin(household_of_all())

    def begin(self, description: MeterDescription) -> MeterInMemory:
        """
        @return: that meter.
        """
        memory = MeterInMemory(self.clock, description, time=datetime(2026, 7, 1, 12, tzinfo=UTC))
        self.addCleanup(memory.close)
        return memory

    def run_through(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """
        @return: what the coroutine gives, in the time that it takes.
        """
        return self.memory.run(Deferred.fromCoroutine(coroutine), longest=600.0)

    def connected(self, client: int, framing: str = "wrapper", **changes: Any) -> Deferred[Meter]:
        """
        @return: an association; invocation counters go on where they were.
        """
        used = self.memory.meter.counters.highest(self.epoch()) + 1
        settings = self.memory.settings(client, framing=framing, counter=used, **changes)
        return connect(self.clock, self.memory.endpoint(framing), settings)

    def epoch(self) -> str:
        """
        @return: that of the meter's encryption key.
        """
        key = self.memory.meter.keys.encryption_key
        assert key is not None
        return key_epoch(key)
