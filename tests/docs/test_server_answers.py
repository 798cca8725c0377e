"""
Tests of the page about what the simulated meter answers: each request of its table is sent.
"""

from __future__ import annotations

import csv
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.session.server import ServerSession
from tests.session.test_server_states import ciphered, clear, idle, pending

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "server-answers.rst"
_STATES = (idle, pending, clear, ciphered)


def _rows() -> list[list[str]]:
    lines = _PAGE.read_text(encoding="utf-8").split(":class: answers")[1].split("\n\n")[1]
    return list(csv.reader((one.strip() for one in lines.splitlines()), skipinitialspace=True))


class PageTests(SynchronousTestCase):
    """
    The table of C{docs/server-answers.rst}.
    """

    def test_table(self) -> None:
        """
        Each request gets the answer that the page says, in each state.
        """
        rows = _rows()
        self.assertGreater(len(rows), 10)
        for name, request, *answers in rows:
            for make, wanted in zip(_STATES, answers, strict=True):
                session: ServerSession = make()[1]
                said = "".join(one.hex() for one in session.receive(bytes.fromhex(request), 0.0))
                where = f"{name}, {make.__name__}"
                if wanted.endswith("…"):
                    self.assertTrue(said.startswith(wanted[:-1]), where)
                else:
                    self.assertEqual(said or "–", wanted, where)
