"""
Damaged requests to a meter, a few; C{tests.soak.meter} has the million.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.server.hammering import hammer
from tests.server.meters import household

_COUNT = 1000


class HammeringTests(SynchronousTestCase):
    """
    An answer or silence as the standard says, no exception, and the next good request is answered.
    """

    def test_clear(self) -> None:
        """
        Damaged requests in clear.
        """
        figures = hammer(household, 1, _COUNT, secure=False)
        self.assertGreater(figures["get-response-normal"], 20)
        self.assertGreater(figures["exception-response"], 100)

    def test_protected(self) -> None:
        """
        Damaged requests under a good protection, and some with a damaged one.
        """
        figures = hammer(household, 2, _COUNT, secure=True)
        self.assertGreater(figures["get-response-normal"], 20)

    def test_short_names(self) -> None:
        """
        Damaged requests by short names.
        """
        figures = hammer(household, 3, _COUNT, secure=False, short_names=True)
        self.assertGreater(figures["read-response"], 20)

    def test_invented(self) -> None:
        """
        Well-formed requests with any value to any object.
        """
        figures = hammer(household, 4, _COUNT, secure=False, invented=True)
        self.assertGreater(figures["set-response-normal"], 100)
        self.assertGreater(figures["action-response-normal"], 100)
