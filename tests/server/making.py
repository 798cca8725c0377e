"""
Meters for tests of single objects: described in a line or two, with a clock that is turned by hand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from twisted.internet.task import Clock

from dlms_twisted.server.description_toml import description_from
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.base import CosemObject
from dlms_twisted.session.served import Caller, ServedAssociation

__all__ = ["NOW", "Made", "caller", "made"]

#: 2026-06-01 12:00 UTC, a Monday.
NOW: Final = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()
_MANAGEMENT: Final = {"client": 1}


class Made:
    """
    A meter, its clock and its objects.
    """

    def __init__(self, meter: SimulatedMeter, clock: Clock) -> None:
        self.meter = meter
        self.clock = clock

    def object(self, class_id: int, name: str) -> Any:
        """
        @return: an object that the meter has.
        """
        found = self.meter.object(class_id, name)
        assert isinstance(found, CosemObject)
        return found

    def association(self, client: int = 1) -> ServedAssociation:
        """
        @return: how a client may associate.
        """
        found = self.meter.devices[0].association(client)
        assert found is not None
        return found


def made(*objects: dict[str, Any], now: float = NOW, number: int = 1, **said: Any) -> Made:
    """
    @param objects: As C{[[object]]} says them.
    @param said: The rest of the description; the management client may associate where nothing is said.
    """
    clock = Clock()
    clock.advance(now)
    document = {"association": [_MANAGEMENT], **said, "object": list(objects)}
    description = description_from(document)
    return Made(SimulatedMeter(description, clock=clock, number=number), clock)


def caller(one: Made, client: int = 1, title: bytes = b"") -> Caller:
    """
    @return: a client in its association.
    """
    association = one.association(client)
    return Caller(association, one.clock.seconds(), title, association.policy)
