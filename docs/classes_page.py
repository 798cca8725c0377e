"""
The Sphinx directive C{interface-classes}: the table of interface classes, made from the one that the code uses.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from dlms_twisted.cosem.class_tables.enumerations import ENUMERATIONS
from dlms_twisted.cosem.classes import InterfaceClass, class_numbers, interface_class


def _paragraph(text: str) -> nodes.paragraph:
    return nodes.paragraph("", text)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> nodes.table:
    group = nodes.tgroup(cols=len(head))
    for _ in head:
        group += nodes.colspec(colwidth=1)
    for kind, lines in ((nodes.thead, [head]), (nodes.tbody, rows)):
        part = kind()
        for line in lines:
            row = nodes.row()
            for text in line:
                row += nodes.entry("", _paragraph(text))
            part += row
        group += part
    table = nodes.table()
    table += group
    return table


def _class(one: InterfaceClass) -> nodes.section:
    title = f"{one.number} {one.name}, version {one.version}"
    section = nodes.section(ids=[f"class-{one.number}-{one.version}"])
    section += nodes.title("", title)
    section += _paragraph(f"Confirmed: {one.confirmed}.")
    attributes = [
        (str(row.number), row.name, row.kind.text, row.access) for row in one.attributes.values()
    ]
    section += _table(("attribute", "name", "type", "access"), attributes)
    methods = [
        (str(row.number), row.name, row.parameter.text, row.result.text if row.result else "")
        for row in one.methods.values()
    ]
    if methods:
        section += _table(("method", "name", "parameter", "result"), methods)
    return section


class InterfaceClasses(Directive):
    """
    All classes in their newest version, and the enumerations that they use.
    """

    def run(self) -> list[nodes.Node]:
        """
        @return: a section a class.
        """
        found: list[nodes.Node] = [_class(interface_class(number)) for number in class_numbers()]
        section = nodes.section(ids=["enumerations"])
        section += nodes.title("", "Enumerations")
        for name, members in ENUMERATIONS.items():
            shown = ", ".join(f"{value} {label}" for value, label in members.items())
            section += _paragraph(f"{name}: {shown}")
        return [*found, section]


def setup(app: Sphinx) -> dict[str, Any]:
    """
    Called by Sphinx.
    """
    app.add_directive("interface-classes", InterfaceClasses)
    return {"parallel_read_safe": True}
