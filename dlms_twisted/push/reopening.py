"""
Opening again what was refused, with the keys and policies of today: for L{dlms_twisted.store.redecode}.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from dlms_twisted.codec.layout import LayoutCache
from dlms_twisted.cosem.push_layouts import PushLayouts
from dlms_twisted.keys.interfaces import IKeyStore, Miss
from dlms_twisted.push.plain import judge_plain
from dlms_twisted.push.source import Source
from dlms_twisted.security.keys import MeterKeys
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.notification import Notification, Outer, open_notification
from dlms_twisted.store.record import Record
from dlms_twisted.store.redecode import Reopened

__all__ = ["Reopener"]


class Reopener:
    """
    Opens messages as L{Opener<dlms_twisted.push.opener.Opener>} does, but judges no counter and promotes no key.
    """

    def __init__(
        self,
        keys: IKeyStore,
        *,
        source_of: Callable[[str], Source | None] = lambda _: None,
        push_layouts: PushLayouts | None = None,
    ) -> None:
        """
        @param source_of: The source of a label, which may have keys and demands of its own; L{None} for one that is
            no longer there.
        @param push_layouts: How messages name their meters.
        """
        self._keys = keys
        self._source_of = source_of
        self._push_layouts = push_layouts
        self._layouts = LayoutCache()

    def __call__(self, record: Record, outer: Outer) -> Reopened | Deferred[Reopened]:
        """
        @return: what the message is now; later, where keys must be fetched.
        """
        source = self._source_of(record.source)
        store: IKeyStore = self._keys if source is None or source.keys is None else source.keys
        if outer.envelope is None and outer.title is None:
            return self._open(store, source, outer, None)
        keys: MeterKeys | Miss | None = store.cached(outer.title)
        if not isinstance(keys, Miss):
            return self._open(store, source, outer, keys)
        fetched: Deferred[MeterKeys | None] = store.fetch(outer.title)
        return fetched.addCallback(lambda found: self._open(store, source, outer, found))

    def _open(
        self, store: IKeyStore, source: Source | None, outer: Outer, keys: MeterKeys | None
    ) -> Reopened:
        policy: Policy = store.default_policy if keys is None else keys.policy
        if source is not None and source.policy is not None:
            policy |= source.policy
        found = open_notification(outer, keys, None, policy=policy, layouts=self._layouts)
        if isinstance(found, Notification) and not found.encrypted and not found.authenticated:
            meter, judged = judge_plain(store, found, keys, policy, self._push_layouts)
            return Reopened(judged, meter)
        return Reopened(found, keys)
