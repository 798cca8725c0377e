"""
Plain messages of meters whose messages must not be plain.
"""

from __future__ import annotations

from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.cosem.readings import identity_of
from dlms_twisted.errors import Reason
from dlms_twisted.keys.interfaces import IKeyStore
from dlms_twisted.keys.memory import NoKeys
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.notification import Notification, Refusal

__all__ = ["judge_plain"]


def judge_plain(
    store: IKeyStore,
    found: Notification,
    keys: MeterKeys | None,
    policy: Policy,
    layouts: PushLayouts | None,
) -> tuple[MeterKeys | None, Notification | Refusal]:
    """
    A plain message whose content names a listed meter must meet that meter's policy.

    @param found: Neither enciphered nor authenticated.
    @param keys: Of its sender, as far as its layers name one.
    @param policy: What is demanded besides.
    @param layouts: How messages name their meters.

    @return: the keys of the meter that it is of, and the message or its refusal.
    """
    if isinstance(store, NoKeys):
        return keys, found
    named = identity_of(found.body, layouts)
    meter = None if named is None else store.by_name(named)
    if meter is None:
        return keys, found
    if (meter.policy | policy).allows(bool(found.authenticated), found.encrypted):
        return meter, found
    return meter, Refusal(
        Reason.DOWNGRADE,
        f"a plain message of a meter that must be {meter.policy}",
        found.raw,
        found.title,
        found.counter,
        found.epoch,
    )
