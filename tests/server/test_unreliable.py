"""
Conversations while things go wrong, a few; C{tests.soak.meter} has thousands.
"""

from __future__ import annotations

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.server.faults import FaultKind
from tests.server.unreliable import MIXES, Mix, unreliable


class UnreliableTests(SynchronousTestCase):
    """
    Right, or a typed error in time; never wrong, never stuck, and good again as soon as the line is.
    """

    def test_mixes(self) -> None:
        """
        What goes wrong on lines and in meters, over both framings.
        """
        good = ("name", "text", "list", "profile", "written")
        for number, mix in enumerate(MIXES):
            figures: Counter[str] = Counter()
            for seed in range(3):
                figures += unreliable(mix, 100 * number + seed)
            errors = sum(count for name, count in figures.items() if name.endswith("Error"))
            self.assertGreater(errors, 0, mix)
            self.assertGreater(sum(figures[name] for name in good), 36, mix)

    def test_repaired(self) -> None:
        """
        HDLC repairs what its frames suffer, as long as that is not too often.
        """
        mix = Mix(
            "hdlc", "gmac", "both", (FaultKind.LOST, FaultKind.CORRUPTED, FaultKind.TRUNCATED)
        )
        for seed in range(5):
            figures = unreliable(mix, seed, share=0.01)
            errors = [name for name in figures if name.endswith("Error")]
            self.assertEqual(errors, [], figures)
