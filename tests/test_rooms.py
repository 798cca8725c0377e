"""
The direction of imports: inner rooms know nothing of outer ones.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import dlms_twisted

_PACKAGE = Path(dlms_twisted.__file__).parent

#: Rooms (or single modules of them) that a room may import beside itself.
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    # A leaf for the rooms that read files of settings: keys and config share how an error names the dotted key.
    # The translator joins link, security and meaning for a person's eyes; nothing but the command line needs it.
    "translate": {"session", "security", "link", "cosem", "apdu", "codec", "errors"},
    "toml_reader": {"errors"},
    "codec": {"errors"},
    "apdu": {"codec", "errors"},
    "security": {"apdu", "codec", "errors"},
    "link": {"errors"},
    # A profile's selection is said in columns and datetimes; its descriptors are those of the service.
    "cosem": {"codec", "apdu.results", "apdu.selective", "errors"},
    "session": {"apdu", "security", "link.llc", "cosem", "codec", "errors"},
    "transport": {"link", "errors"},
    "keys": {"security", "toml_reader", "errors"},
    # The journal keeps replay windows, and decodes again what it kept raw, with the same pure steps as push.
    "store": {"session", "security", "link", "apdu", "cosem", "codec", "errors"},
    # Who opens a link says its addresses and timing, signs on, shows frames to a listener, and reads a caller's first.
    "client": {
        "session", "security", "keys", "cosem", "transport", "link.hdlc", "link.wrapper",
        "link.mode_e", "codec", "apdu", "errors",
    },
    # Meters and scenarios of faults are described in TOML.
    "server": {
        "session", "security", "keys", "cosem", "transport", "link", "codec", "apdu",
        "toml_reader", "errors",
    },
    "push": {
        "session", "security", "keys", "link", "cosem", "transport", "store", "codec", "apdu",
        "errors",
    },
    "forward": {"store", "errors"},
    # A meter in memory for the tests of applications: everything but the composition roots.
    "testing": {
        "client", "server", "session", "security", "keys", "link", "cosem", "transport", "codec",
        "apdu", "errors",
    },
    # Settings are checked by the parsers of the rooms that they are for, and hold those rooms' plain settings.
    "config": {"keys.parsing", "security.policy", "store.limits", "toml_reader", "errors"},
}  # fmt: skip

#: Composition roots: they import everything and nobody imports them.
ROOTS = {"tap", "cli"}

#: Third-party packages by room; C{None} stands for "no limit".
THIRD_PARTY: dict[str, set[str]] = {
    "errors": set(),
    "toml_reader": set(),
    "codec": {"attrs", "attr"},
    "apdu": {"attrs", "attr"},
    "security": {"attrs", "attr", "cryptography"},
    "link": {"attrs", "attr"},
    "cosem": {"attrs", "attr"},
    "session": {"attrs", "attr"},
    "translate": {"attrs", "attr"},
    "transport": {"attrs", "attr", "twisted", "zope", "serial"},
    "keys": {"attrs", "attr", "twisted", "zope", "tomlkit"},
    "store": {"attrs", "attr", "twisted", "zope"},
    "client": {"attrs", "attr", "twisted", "zope"},
    "server": {"attrs", "attr", "twisted", "zope"},
    "push": {"attrs", "attr", "twisted", "zope"},
    "forward": {"attrs", "attr", "twisted", "zope"},
    "testing": {"attrs", "attr", "twisted", "zope"},
    "config": {"attrs", "attr"},
}

#: What a sans-IO room never imports, though it is in the standard library.
_IO = {"socket", "asyncio", "threading", "time", "random", "secrets", "logging", "sqlite3", "os"}
SANS_IO = {"codec", "apdu", "security", "link", "cosem", "session", "translate"}
#: Optional imports of the C{arrow} extra, made inside functions only.
_OPTIONAL = {"numpy", "pyarrow"}


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "." * node.level
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _imported(path: Path) -> frozenset[str]:
    """
    @return: all that a module imports.
    """
    return frozenset(_imports(ast.parse(path.read_text(encoding="utf-8"))))


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(_PACKAGE.rglob("*.py")):
        yield path.relative_to(_PACKAGE).parts[0].removesuffix(".py"), path


def _allowed(room: str, name: str) -> bool:
    inside = name.removeprefix("dlms_twisted.")
    rooms = ROOMS[room] | {room}
    return any(inside == one or inside.startswith(one + ".") for one in rooms)


class RoomTests(SynchronousTestCase):
    """
    Tests of the table of rooms.
    """

    def test_direction(self) -> None:
        """
        Each module imports only what its room may import.
        """
        wrong = []
        for room, path in _modules():
            names = _imported(path)
            for name in names:
                if name.startswith("."):
                    wrong.append(f"{path}: relative import")
                if not name.startswith("dlms_twisted") or room not in ROOMS:
                    continue
                if name in {"dlms_twisted.__version__", "dlms_twisted"}:
                    continue
                if not _allowed(room, name):
                    wrong.append(f"{path}: {name}")
        self.assertEqual(wrong, [])

    def test_roots(self) -> None:
        """
        Nobody imports a composition root.
        """
        wrong = []
        for room, path in _modules():
            if room in ROOTS:
                continue
            for name in _imported(path):
                parts = name.split(".")
                if parts[0] == "dlms_twisted" and len(parts) > 1 and parts[1] in ROOTS:
                    wrong.append(f"{path}: {name}")
        self.assertEqual(wrong, [])

    def test_third_party(self) -> None:
        """
        Rooms up to C{session} do no IO, and no room brings in a library that is not its own.
        """
        import sys

        wrong = []
        for room, path in _modules():
            if room not in THIRD_PARTY:
                continue
            for name in _imported(path):
                top = name.split(".")[0]
                if top in {"dlms_twisted", "__future__", ""}:
                    continue
                if top in sys.stdlib_module_names:
                    if room in SANS_IO and top in _IO:
                        wrong.append(f"{path}: {name}")
                elif top not in THIRD_PARTY[room] | (_OPTIONAL if room == "cosem" else set()):
                    wrong.append(f"{path}: {name}")
        self.assertEqual(wrong, [])

    def test_no_reactor(self) -> None:
        """
        Only the composition roots import the reactor.
        """
        wrong = [
            str(path)
            for room, path in _modules()
            if room not in ROOTS and "twisted.internet.reactor" in _imported(path)
        ]
        self.assertEqual(wrong, [])

    def test_plugin_folder_is_no_package(self) -> None:
        """
        An C{__init__.py} beside the plugins would overwrite Twisted's own.
        """
        root = _PACKAGE.parent / "twisted"
        if root.is_dir():
            self.assertEqual(list(root.rglob("__init__.py")), [])
