"""
Running a test under several settings of the process's time zone, none of which may change a result.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

__all__ = ["under_zones"]

_ZONES = ("UTC", "Europe/Zurich", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia")


def under_zones() -> Iterator[str]:
    """
    @return: five zones, each in force until the next is taken.
    """
    before = os.environ.get("TZ")
    try:
        for zone in _ZONES:
            os.environ["TZ"] = zone
            time.tzset()
            yield zone
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
