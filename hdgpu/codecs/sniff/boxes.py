"""The boxes of JP2 files (ISO/IEC 15444-1 I.4), which JPEG XL has as well (ISO/IEC 18181-2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Box", "boxes_of"]


class Box(NamedTuple):
    """Where the contents of a box lie; the last box may end beyond the bytes, which are cut short then.

    Attributes
    ----------
    kind : bytes
        Its four letters.
    start, end : int
    """

    kind: bytes
    start: int
    end: int


def boxes_of(data: bytes) -> Iterator[Box]:
    """Yield the boxes one after another, as far as their lengths can be.

    Examples
    --------
    >>> list(boxes_of(bytes([0, 0, 0, 10]) + b"ftyp" + bytes(2) + bytes(4) + b"jp2c" + bytes(5)))
    [Box(kind=b'ftyp', start=8, end=10), Box(kind=b'jp2c', start=18, end=23)]
    """
    offset = 0
    while offset + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        header = 8
        if length == 1 and offset + 16 <= len(data):
            length, header = int.from_bytes(data[offset + 8 : offset + 16], "big"), 16
        if 0 < length < header:
            return
        end = offset + length if length else len(data)  # of no length lasts until the end
        yield Box(kind, offset + header, end)
        offset = end
