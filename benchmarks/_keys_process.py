"""
The keys of a large fleet in a process of its own: C{python -m benchmarks._keys_process METERS SAMPLE} prints a JSON
line with seconds of CPU, all threads: of loading each meter, of its first push, and of its second.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import cooperate, react
from twisted.internet.threads import deferToThread

from dlms_twisted.apdu.data_notification import DataNotification
from dlms_twisted.codec import build
from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.keys.fields import entry_of
from dlms_twisted.keys.interfaces import Miss
from dlms_twisted.keys.sqlite_file import SqliteKeyFile
from dlms_twisted.keys.sqlite_store import SqliteKeyStore
from dlms_twisted.security.keys import MeterKeys, ReplayMode
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.session.notification import (
    Incoming,
    Notification,
    Outer,
    Reassembly,
    Refusal,
    open_notification,
)

_MASTER = bytes(range(32))
#: Pushes that are worked on in one turn of the reactor.
_SLICE = 100
#: Samples of meters; the figures are medians.
_ROUNDS = 3


def meter(number: int) -> MeterKeys:
    """
    @return: a meter with keys of its own, in no order of titles.
    """
    chance = random.Random(number)
    return MeterKeys(
        system_title=b"SIM" + (number * 0x9E3779B1 % (1 << 40)).to_bytes(5, "big"),
        encryption_key=chance.randbytes(16),
        authentication_key=chance.randbytes(16),
        policy=Policy.AUTHENTICATED_ENCRYPTED,
    )


def push(keys: MeterKeys, counter: int) -> bytes:
    """
    @return: a ciphered push of about 200 octets.
    """
    body = build.structure(
        *(
            build.structure(build.octet_string(bytes(6)), build.double_long_unsigned(n))
            for n in range(12)
        )
    )
    apdu = DataNotification(long_invoke_id_and_priority=counter, date_time=None, body=body)
    title = keys.system_title or b""
    return protect(apdu.encode(), keys=keys, title=title, counter=counter, security_control=0x30)


class _Windows:
    """
    A replay window for each meter.
    """

    def __init__(self) -> None:
        self._windows: dict[tuple[bytes | None, str], ReplayWindow] = {}

    def get(
        self, title: bytes | None, epoch: str, mode: ReplayMode = ReplayMode.WINDOW
    ) -> ReplayWindow:
        """
        @return: its window, from memory.
        """
        window = self._windows.get((title, epoch))
        if window is None:
            window = self._windows[title, epoch] = ReplayWindow(mode=mode)
        return window


class _Receiver:
    """
    What a collector does with a push, but for the journal.
    """

    def __init__(self, store: SqliteKeyStore) -> None:
        self._store = store
        self._windows = _Windows()
        self._layouts = LayoutCache()
        self._reassembly = Reassembly(layouts=self._layouts)
        self._finished = Deferred[None]()
        self._left = 0

    def take(self, pushes: list[bytes]) -> Deferred[None]:
        """
        @return: fires when all are opened and decoded.
        """
        self._left = len(pushes)
        self._finished = Deferred()
        cooperate(self._slices(pushes))
        return self._finished

    def _slices(self, pushes: list[bytes]) -> Iterator[None]:
        for at in range(0, len(pushes), _SLICE):
            for octets in pushes[at : at + _SLICE]:
                self._one(octets)
            yield

    def _one(self, octets: bytes) -> None:
        for outer in self._reassembly.outer(Incoming(octets, octets, 0), 0.0):
            assert isinstance(outer, Outer)
            keys: MeterKeys | Miss | None = self._store.cached(outer.title)
            if isinstance(keys, Miss):
                self._store.fetch(outer.title).addCallback(self._open, outer)
            else:
                self._open(keys, outer)

    def _open(self, keys: MeterKeys | None, outer: Outer) -> None:
        assert keys is not None
        found: Notification | Refusal = open_notification(
            outer, keys, self._windows, policy=keys.policy, layouts=self._layouts
        )
        assert isinstance(found, Notification) and found.checked and found.counter is not None
        self._windows.get(outer.title or b"", found.epoch or "").accept(found.counter)
        self._left -= 1
        if not self._left:
            self._finished.callback(None)


async def _measure(path: Path, meters: int, sample: int) -> dict[str, float]:
    started = time.process_time()
    file = SqliteKeyFile(path, _MASTER)
    file.add(entry_of(meter(number)) for number in range(meters))
    file.close()
    loaded = time.process_time() - started
    chance = random.Random(1)
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        store = SqliteKeyStore(path, _MASTER, defer=deferToThread, most=4 * sample)
        receiver = _Receiver(store)
        chosen = [meter(number) for number in chance.sample(range(meters), sample)]
        for counter, times in enumerate(taken, 1):
            pushes = [push(keys, counter) for keys in chosen]
            started = time.process_time()
            await receiver.take(pushes)
            times.append((time.process_time() - started) / sample)
        store.close()
    first, cached = (median(times) for times in taken)
    megabytes = path.stat().st_size / 1e6
    return {"load": loaded / meters, "first": first, "cached": cached, "megabytes": megabytes}


def main() -> None:
    """
    Measure, and print it.
    """
    meters, sample = int(sys.argv[1]), int(sys.argv[2])

    def run(_: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(measure())

    async def measure() -> None:
        with tempfile.TemporaryDirectory() as folder:
            figures = await _measure(Path(folder) / "keys.sqlite", meters, sample)
            print(json.dumps(figures), flush=True)

    react(run)


if __name__ == "__main__":
    main()
