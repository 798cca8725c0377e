"""
Marks by which a class of COSEM objects says what it does itself: how attributes are read and written, and methods run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

__all__ = ["Handlers", "handlers_of", "invokes", "reads", "selects", "writes"]

_H = TypeVar("_H", bound=Callable[..., Any])
_ROLES: Final = "_cosem_roles"

#: Role and number to the name of the Python method that does it.
Handlers = Mapping[tuple[str, int], str]


def _marker(role: str, number: int) -> Callable[[_H], _H]:
    def mark(handler: _H) -> _H:
        roles = getattr(handler, _ROLES, ())
        setattr(handler, _ROLES, (*roles, (role, number)))
        return handler

    return mark


def reads(attribute: int) -> Callable[[_H], _H]:
    """
    Mark a method C{() -> Data | DataAccessResult | value} that gives an attribute; a value that is no Data is encoded
    by the table.
    """
    return _marker("read", attribute)


def selects(attribute: int) -> Callable[[_H], _H]:
    """
    Mark a method C{(SelectiveAccess) -> Data | DataAccessResult} that gives the part of an attribute that selective
    access asks for.
    """
    return _marker("select", attribute)


def writes(attribute: int) -> Callable[[_H], _H]:
    """
    Mark a method C{(Data) -> DataAccessResult} that takes an attribute; its type was checked.  It keeps the value
    itself, with L{CosemObject.put}, where it is to be kept.
    """
    return _marker("write", attribute)


def invokes(method: int) -> Callable[[_H], _H]:
    """
    Mark a method C{(Data | None) -> ActionResult | Data | tuple[ActionResult, Data | None]} that runs a method of the
    class; the type of its parameter was checked.  Data alone is a success that returns it.
    """
    return _marker("invoke", method)


def handlers_of(namespace: Mapping[str, Any], inherited: Handlers) -> Handlers:
    """
    @param namespace: Of a class.

    @return: what it marks, and what it does not do otherwise.
    """
    found = dict(inherited)
    for name, handler in namespace.items():
        for role in getattr(handler, _ROLES, ()):
            found[role] = name
    return MappingProxyType(found)
