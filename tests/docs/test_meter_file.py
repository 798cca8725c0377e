"""
The page on descriptions of simulated meters: what it shows is loaded, and it names every key that there is.
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.codec.data import Data
from dlms_twisted.server.described_association import AUTHENTICATIONS
from dlms_twisted.server.description_toml import load_description
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.server.objects.registry import CLASSES, option_names
from tests.docs.pages import DOCS

_BLOCK = re.compile(r"^\.\. code-block:: toml\n\n((?:   .*\n|\n)+)", re.MULTILINE)
_NOW = 1_780_315_200.0


class MeterFileTests(SynchronousTestCase):
    """
    C{docs/meter-file.rst}.
    """

    def setUp(self) -> None:
        """
        Read the page.
        """
        self.page = (DOCS / "meter-file.rst").read_text("utf-8")

    def test_examples(self) -> None:
        """
        Each file shown is a meter, every value of which can be read.
        """
        blocks = [textwrap.dedent(one) for one in _BLOCK.findall(self.page)]
        self.assertEqual(len(blocks), 3)
        folder = Path(self.mktemp())
        folder.mkdir()
        row = {"class_id": 3, "logical_name": "1-0:1.8.0"}
        (folder / "meter.json").write_text(json.dumps({"objects": [row]}))
        for number, block in enumerate(blocks):
            path = folder / f"{number}.toml"
            path.write_text(block, "utf-8")
            clock = Clock()
            clock.advance(_NOW)
            meter = SimulatedMeter(load_description(path), clock=clock)
            for device in meter.devices:
                for plan in device.description.objects:
                    one = device.made(plan)
                    for attribute in one.attributes:
                        if (one.class_id, attribute) != (15, 7):
                            self.assertIsInstance(one.value(attribute), Data, (one, attribute))

    def test_the_whole_one(self) -> None:
        """
        The first example is what its comments say.
        """
        [first, *_] = _BLOCK.findall(self.page)
        path = Path(self.mktemp())
        path.write_text(textwrap.dedent(first), "utf-8")
        description = load_description(path)
        self.assertEqual(description.name, "workshop")
        self.assertEqual(list(description.devices[0].by_client), [16, 2, 1])
        self.assertEqual([one.sap for one in description.devices], [1, 17])

    def test_keys(self) -> None:
        """
        Each option of each class, and each way of authentication, is on the page.
        """
        for number in CLASSES:
            for option in option_names(number):
                self.assertIn(f"``{option}``", self.page, f"class {number}")
        for word in AUTHENTICATIONS:
            self.assertIn(f"``{word}``", self.page)
