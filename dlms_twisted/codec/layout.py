"""
Learned layouts: meters send messages of the same form again and again.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.codec.data import Data, decode_data
from dlms_twisted.codec.limits import DEFAULT_LIMITS, Limits
from dlms_twisted.codec.template import MAX_SIZE, Template, builder, learn

__all__ = ["LayoutCache"]

#: How many layouts of one length are told apart.
_SAME_LENGTH: Final = 8
#: One in so many messages without a layout may be learned, after the first of them.
_PRICE: Final = 16
_MOST_CREDIT: Final = 64 * _PRICE
_number: Final = int.from_bytes


class _Layout:
    # A template with the types that all its messages share.

    __slots__ = ("build", "expected", "mask", "shape", "unpack", "used")

    def __init__(self, template: Template, data: Data) -> None:
        self.mask, self.expected = template.masked(data.octets)
        self.unpack = template.contents.unpack
        self.build = None if template.flat else builder(template.form, template.codes)
        self.shape = data.shape
        self.used = False


class _Bucket:
    # The layouts of one length, and how many messages of that length fitted none.

    __slots__ = ("layouts", "misses", "next")

    def __init__(self) -> None:
        self.layouts: list[_Layout] = []
        self.misses = 0
        #: At how many misses the next layout is learned; doubles each time, so that messages of ever new forms
        #: cost little more than without the cache.
        self.next = 2

    def add(self, layout: _Layout) -> None:
        """
        Keep a layout in the place of one that was not used lately.
        """
        if len(self.layouts) >= _SAME_LENGTH:
            idle = next((one for one in self.layouts if not one.used), self.layouts[-1])
            self.layouts.remove(idle)
            for one in self.layouts:
                one.used = False
        self.layouts.insert(0, layout)

    def spare(self) -> bool:
        """
        @return: was any layout of use since this was asked last?
        """
        used = any(one.used for one in self.layouts)
        for one in self.layouts:
            one.used = False
        return used


class LayoutCache:
    """
    Decodes elements of Data as L{decode_data} does, and faster those that look like one before.

    Two messages have the same layout when they have the same length and the same tags, lengths, counts and OBIS
    codes in the same places; only the contents of simple types differ.  Where octet-strings of six octets turn out
    to differ, they are not taken for OBIS codes.  A layout is learned when its length is seen for the second time.
    Memory and the time spent on learning are bounded, whatever is decoded.
    """

    __slots__ = ("_buckets", "_count", "_credit", "_limits", "_max")

    def __init__(self, max: int = 512, limits: Limits = DEFAULT_LIMITS) -> None:
        """
        @param max: How many layouts are kept, and how many lengths are watched.
        @param limits: What a message may ask for.
        """
        self._buckets: dict[int, _Bucket] = {}
        self._count = 0
        self._limits = limits
        self._max = max
        #: Messages that fitted no layout pay for those that are learned.
        self._credit = _MOST_CREDIT

    def __len__(self) -> int:
        """
        @return: how many layouts are known.
        """
        return self._count

    def decode(self, octets: bytes) -> Data:
        """
        @param octets: One element of Data and nothing else.

        @return: just what L{decode_data} gives; what has the same layout shares one C{shape}.

        @raise DecodeError: no such element, or octets are left over.
        """
        bucket = self._buckets.get(len(octets))
        if bucket is not None:
            number = _number(octets, "big")
            for layout in bucket.layouts:
                if number & layout.mask == layout.expected:
                    layout.used = True
                    build = layout.build
                    if build is None:
                        return Data(octets, layout.unpack(octets), layout.shape)
                    return Data(octets, build(*layout.unpack(octets)), layout.shape)
        data = decode_data(octets, self._limits)
        if len(octets) <= MAX_SIZE:
            self._missed(data, bucket)
        return data

    def _missed(self, data: Data, bucket: _Bucket | None) -> None:
        if bucket is None:
            self._make_room(self._max - 1)
            bucket = self._buckets[len(data.octets)] = _Bucket()
        bucket.misses += 1
        self._credit = min(self._credit + 1, _MOST_CREDIT)
        if bucket.misses < bucket.next or self._credit < _PRICE:
            return
        bucket.next *= 2
        self._credit -= _PRICE
        template = learn(data.octets, codes=True)
        if template is None or (template.codes and _loosen(data, bucket)):
            return
        self._count -= len(bucket.layouts)
        bucket.add(_Layout(template, data))
        self._count += len(bucket.layouts)
        self._make_room(self._max)

    def _make_room(self, lengths: int) -> None:
        # Forget the lengths that were not of use for longest, down to the number given.
        while self._buckets and (len(self._buckets) > lengths or self._count > self._max):
            length, bucket = next(iter(self._buckets.items()))
            del self._buckets[length]
            if bucket.spare():
                self._buckets[length] = bucket
            else:
                self._count -= len(bucket.layouts)


def _loosen(data: Data, bucket: _Bucket) -> bool:
    # Where a layout differs from a message by its OBIS codes only, let them vary.
    template = learn(data.octets)
    if template is not None:
        mask, expected = template.masked(data.octets)
        for place, layout in enumerate(bucket.layouts):
            if layout.expected & mask == expected:
                bucket.layouts[place] = _Layout(template, data)
                return True
    return False
