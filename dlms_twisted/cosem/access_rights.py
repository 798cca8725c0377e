"""
Access modes of attributes and methods, whose meaning depends on the version of the association, as one set of rights.

Source: DLMS UA 1000-1 (Blue Book), Association LN, C{access_rights}.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Final

__all__ = ["Rights", "mode_of", "rights_from_labels", "rights_of"]


class Rights(IntFlag):
    """
    What may be done, and how it must be protected; the bits are those of version 3.
    """

    #: Of a method: it may be invoked.
    READ = 0x01
    WRITE = 0x02
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    SIGNED_RESPONSE = 0x80

    def labels(self, *, method: bool = False) -> list[str]:
        """
        @param method: Say C{access} in place of C{read}.

        @return: the rights in words, for example C{["read", "authenticated-request"]}.
        """
        words = [_LABELS[one] for one in Rights if one in self]
        return ["access" if method and word == "read" else word for word in words]


_LABELS: Final = {one: str(one.name).lower().replace("_", "-") for one in Rights}
_BY_LABEL: Final = {**{label: one for one, label in _LABELS.items()}, "access": Rights.READ}
_BASIC: Final = Rights.READ | Rights.WRITE
#: The modes of the versions before 3.
_ATTRIBUTE_MODES: Final[tuple[Rights, ...]] = (
    Rights(0),
    Rights.READ,
    Rights.WRITE,
    Rights.READ | Rights.WRITE,
    Rights.READ | Rights.AUTHENTICATED_REQUEST,
    Rights.WRITE | Rights.AUTHENTICATED_REQUEST,
    Rights.READ | Rights.WRITE | Rights.AUTHENTICATED_REQUEST,
)
_METHOD_MODES: Final[tuple[Rights, ...]] = (
    Rights(0),
    Rights.READ,
    Rights.READ | Rights.AUTHENTICATED_REQUEST,
)


def rights_of(mode: int, version: int, *, method: bool = False) -> Rights:
    """
    @param mode: As the meter says it.
    @param version: Of Association LN (of SN: one less than its own).
    @param method: Is it a method's?

    @return: the rights; none for a mode that the version does not have.
    """
    if version >= 3:
        return Rights(mode & 0xFF)
    modes = _METHOD_MODES if method else _ATTRIBUTE_MODES
    return modes[mode] if 0 <= mode < len(modes) else Rights(0)


def mode_of(mode: int, version: int, wanted: int, *, method: bool = False) -> int:
    """
    @return: the mode of the version C{wanted} that says what C{mode} says in C{version}.  Before version 3 any
        protection is "authenticated", and version 0 cannot say any.
    """
    if version == wanted or min(version, wanted) >= 3:
        return mode
    rights = rights_of(mode, version, method=method)
    if wanted >= 3:
        return int(rights)
    modes = _METHOD_MODES if method else _ATTRIBUTE_MODES
    if wanted == 0:
        modes = modes[:2] if method else modes[:4]
    protected = bool(rights & ~_BASIC) and wanted > 0
    for candidate, has in enumerate(modes):
        same = has & _BASIC == rights & _BASIC
        if same and bool(has & Rights.AUTHENTICATED_REQUEST) == protected:
            return candidate
    return 0


def rights_from_labels(labels: list[str]) -> Rights:
    """
    @param labels: As L{Rights.labels} gives them.

    @raise ValueError: a word is none of them.
    """
    rights = Rights(0)
    for label in labels:
        if label not in _BY_LABEL:
            raise ValueError(f"{label!r} is no right; one of {', '.join(_BY_LABEL)} wanted")
        rights |= _BY_LABEL[label]
    return rights
