"""
Simulated meters in a process of their own; says where they listen, and at the end of its input what it has used.
"""

from __future__ import annotations

import json
import sys
import threading
from random import Random
from time import process_time
from typing import Any


def main() -> None:
    """
    Serve so many meters by wPorts of one TCP port until standard input ends.
    """
    from twisted.internet import reactor as _reactor

    from dlms_twisted.server.simulation import Simulation
    from dlms_twisted.server.simulation_settings import ListenSettings, SimulationSettings

    reactor: Any = _reactor
    settings = SimulationSettings(
        meters=int(sys.argv[1]),
        listen=(ListenSettings(on="tcp:0:interface=127.0.0.1:backlog=1024"),),
    )
    simulation = Simulation(reactor, settings, random=Random(1).random)

    def said() -> None:
        print(json.dumps({"address": simulation.listening[0].address}), flush=True)
        threading.Thread(target=listen, daemon=True).start()

    def listen() -> None:
        for _ in sys.stdin:
            reactor.callFromThread(
                lambda: print(json.dumps({"cpu": process_time(), **simulation.figures}), flush=True)
            )
        reactor.callFromThread(reactor.stop)

    reactor.callWhenRunning(lambda: simulation.begin().addCallback(lambda _: said()))
    reactor.run()


if __name__ == "__main__":
    main()
