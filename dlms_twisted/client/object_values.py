"""
What a meter's objects hold: all that may be read, for a copy of the meter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import evolve

from dlms_twisted.client.reference import Reference
from dlms_twisted.client.services import Services
from dlms_twisted.codec.data import Data
from dlms_twisted.cosem.access_rights import Rights
from dlms_twisted.cosem.association import ObjectList
from dlms_twisted.cosem.object_view import ObjectView

__all__ = ["read_values"]

#: Attributes that hold secrets, which belong into no file: of associations, PPP and mail.
_SECRET: Final = frozenset({(15, 7), (44, 5), (46, 4)})
#: The buffer of a profile.
_BUFFER: Final = (7, 2)

#: Called with how many objects were read, and how many there are.
Progress = Callable[[int, int], None]


async def read_values(
    services: Services,
    *,
    buffers: bool = False,
    progress: Progress | None = None,
) -> ObjectList:
    """
    @param buffers: Those of profiles too, which can take long.
    @param progress: Told of each object.

    @return: the object list, with the values of all attributes that may be read; what the meter refuses nevertheless
        is left out.
    """
    listed = await services.objects()
    found: list[ObjectView] = []
    for view in listed:
        wanted = [
            Reference(view.logical_name, view.class_id, number)
            for number in _readable(listed, view)
            if (view.class_id, number) not in _SECRET
            and (buffers or (view.class_id, number) != _BUFFER)
        ]
        read = await services.get_many(wanted) if wanted else ()
        for reference, data in zip(wanted, read, strict=True):
            if isinstance(data, Data):
                view = view.with_value(reference.member, data)  # noqa: PLW2901 - it grows
        found.append(view)
        if progress is not None:
            progress(len(found), len(listed))
    return evolve(listed, objects=tuple(found))


def _readable(listed: ObjectList, view: ObjectView) -> list[int]:
    """
    The attributes that the association says may be read; all of the class, where it does not say anything.
    """
    if not view.attributes:
        return sorted(view.interface_class.attributes)
    return [one for one in sorted(view.attributes) if Rights.READ in listed.rights(view, one)]
