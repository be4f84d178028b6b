"""A walk over the data elements of a data set in memory (PS3.5 section 7), keeping only what is wanted.

The walk is what makes native series fast: it touches each element once, slices out the wanted values and hops over
the others, sequences of undefined length included.  It understands little and big endian, explicit and implicit VR.
Whatever it is not sure of it declines with :class:`NotUnderstood`, and pydicom reads the file instead.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "SEQUENCE",
    "Elements",
    "Encoding",
    "NeedMoreBytes",
    "NotUnderstood",
    "PixelDataElement",
    "RunsPastEnd",
    "SequenceSpan",
    "scan_elements",
    "sequence_items",
]

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_FIRST_PIXEL_DATA = min(PIXEL_DATA_TAGS)
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD  # PS3.5 7.5
# VRs whose length takes four bytes after two reserved ones (PS3.5 7.1.2).
_LONG_VRS = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
SEQUENCE = frozenset((b"SQ",))
# By byte order: tag and four-byte length; tag, VR and two-byte length; four-byte length.
_UNPACK = {
    order: (
        struct.Struct(order + "HHI").unpack_from,
        struct.Struct(order + "HH2sH").unpack_from,
        struct.Struct(order + "I").unpack_from,
    )
    for order in "<>"
}
_MAX_DEPTH = 32


class NotUnderstood(Exception):  # noqa: N818 - control flow between the scanner and its caller, never seen outside
    """The walk met something it does not fully understand."""


class RunsPastEnd(NotUnderstood):
    """A length reaches beyond the end of the data set: it is cut short, or the length is damaged."""


class NeedMoreBytes(Exception):  # noqa: N818 - control flow, as above
    """The walk came to the end of the bytes given, but the file goes on."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a data set is written (PS3.5 section 7.1): explicit or implicit VR, byte order as `struct` writes it."""

    explicit: bool
    order: str = "<"


_IMPLICIT = Encoding(explicit=False)


@dataclass(frozen=True, slots=True)
class PixelDataElement:
    """Where the value of a pixel data element lies.

    Attributes
    ----------
    tag : int
        (7FE0,0010), (7FE0,0008) or (7FE0,0009).
    vr : str
        ``"OB"``, ``"OW"``, ``"OF"``, ``"OD"``; ``""`` in implicit VR.
    offset : int
        First byte of the value in the source.
    length : int or None
        Bytes of the value; None if undefined, that is encapsulated.
    """

    tag: int
    vr: str
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True)
class SequenceSpan:
    """A sequence that was hopped over: where its items begin and end in the scanned bytes, and how they are written."""

    start: int
    end: int
    encoding: Encoding


@dataclass(slots=True)
class Elements:
    """What a walk has kept.

    Attributes
    ----------
    values : dict of int to bytes
        Value bytes as stored, by tag.
    sequences : dict of int to SequenceSpan
        Sequences, by tag.
    pixel_data : PixelDataElement or None
        Set when the walk came to it, which ends the walk.
    """

    values: dict[int, bytes]
    sequences: dict[int, SequenceSpan]
    pixel_data: PixelDataElement | None = None


def scan_elements(
    buffer: bytes | memoryview, start: int, end: int, encoding: Encoding, wanted: Mapping[int, frozenset[bytes]]
) -> Elements:
    """Walk the elements of one data set.

    Parameters
    ----------
    buffer : bytes-like
        The data set, or the beginning of the file it is in.
    start, end : int
        First byte of the data set in the file, and one past its last; `end` may lie beyond `buffer`.
    encoding : Encoding
    wanted : mapping of int to frozenset of bytes
        Tags to keep, each with the VRs its value is understood in.

    Returns
    -------
    Elements
        Wanted values up to the pixel data or to `end`.

    Raises
    ------
    NeedMoreBytes
        If `buffer` ends before the walk does.
    NotUnderstood
        If the tags do not ascend, a VR is not one of the standard's, a wanted element has an unexpected VR, or a
        length runs past `end`.
    """
    tag_of, head_of, long_of = _UNPACK[encoding.order]
    explicit = encoding.explicit
    values: dict[int, bytes] = {}
    sequences: dict[int, SequenceSpan] = {}
    available = min(len(buffer), end)
    limit = available - 12  # the longest element header
    understood_in = wanted.get
    position, last, vr = start, -1, b""
    while position < end:
        if position > limit:
            _check_room(position, available, end)
        if explicit:
            group, element, vr, length = head_of(buffer, position)
            position += 8
            if vr not in _SHORT_VRS:
                if vr not in _LONG_VRS:
                    raise NotUnderstood("not a VR")
                length = long_of(buffer, position)[0]
                position += 4
        else:
            group, element, length = tag_of(buffer, position)
            position += 8
        tag = group << 16 | element
        if tag <= last:
            raise NotUnderstood("tags do not ascend")
        last = tag
        if tag >= _FIRST_PIXEL_DATA and tag in PIXEL_DATA_TAGS:
            pixel_data = PixelDataElement(tag, vr.decode(), position, None if length == UNDEFINED else length)
            return Elements(values, sequences, pixel_data)
        vrs = understood_in(tag)
        if length == UNDEFINED or vr == b"SQ":
            # PS3.5 6.2.2: of undefined length and VR UN, the items are implicit VR little endian.
            inner = _IMPLICIT if vr == b"UN" else encoding
            begin = position
            if length == UNDEFINED:
                position = _items(buffer, position, end, available, inner, depth=0, delimited=True)[1]
            else:
                position += length
            if vrs is not None:
                sequences[tag] = SequenceSpan(begin, position, inner)
        elif vrs is None:
            position += length
        else:
            if explicit and vr not in vrs:
                raise NotUnderstood("an unexpected VR")
            begin = position
            position += length
            if vrs is SEQUENCE:
                sequences[tag] = SequenceSpan(begin, position, encoding)
            else:
                values[tag] = bytes(buffer[begin:position])
        if position > available and (position > end or vrs is not None):
            raise _past(available if position <= end else end, end)
    return Elements(values, sequences)


def _check_room(position: int, available: int, end: int) -> None:
    """Raise if the next element's header does not lie within the bytes; the shortest one takes 8."""
    if position + 8 > end:
        raise RunsPastEnd("a few stray bytes at the end")
    if available < end or position + 8 > available:
        raise NeedMoreBytes


def sequence_items(buffer: bytes | memoryview, span: SequenceSpan) -> list[tuple[int, int]]:
    """Return (first byte, one past the last) of each item of a sequence that `scan_elements` found."""
    return _items(buffer, span.start, span.end, len(buffer), span.encoding, depth=0, delimited=False)[0]


def _items(
    buffer: bytes | memoryview,
    position: int,
    end: int,
    available: int,
    encoding: Encoding,
    *,
    depth: int,
    delimited: bool,
) -> tuple[list[tuple[int, int]], int]:
    """Return the bounds of each item from `position` on, and the position after them and their delimiter.

    A sequence of undefined length (`delimited`) has to end in a delimiter, one of defined length may end at `end`.
    """
    tag_of = _UNPACK[encoding.order][0]
    items: list[tuple[int, int]] = []
    if depth > _MAX_DEPTH:
        raise NotUnderstood("sequences nested too deeply")
    while delimited or position < end:
        if position + 8 > available:
            raise _past(available, end)
        group, element, length = tag_of(buffer, position)
        tag = group << 16 | element
        position += 8
        if tag == _SEQUENCE_END:
            break
        if tag != _ITEM:
            raise NotUnderstood("not an item")
        if length == UNDEFINED:
            last = _item_end(buffer, position, end, available, encoding, depth)
            items.append((position, last))
            position = last + 8
        else:
            items.append((position, position + length))
            position += length
            if position > end:
                raise RunsPastEnd("an item runs past the end")
    return items, position


def _item_end(
    buffer: bytes | memoryview, position: int, end: int, available: int, encoding: Encoding, depth: int
) -> int:
    """Return the position of the delimiter of an item of undefined length whose elements begin at `position`."""
    explicit = encoding.explicit
    tag_of, head_of, long_of = _UNPACK[encoding.order]
    vr = b""
    while True:
        if position + 12 > available and (available < end or position + 8 > available):
            raise _past(available, end)
        group, element, length = tag_of(buffer, position)
        if group == 0xFFFE:
            if element != _ITEM_END & 0xFFFF:
                raise NotUnderstood("a delimiter out of place")
            return position
        position += 8
        if explicit:
            _, _, vr, length = head_of(buffer, position - 8)
            if vr in _LONG_VRS:
                length = long_of(buffer, position)[0]
                position += 4
        if length == UNDEFINED:
            inner = _IMPLICIT if vr == b"UN" else encoding
            position = _items(buffer, position, end, available, inner, depth=depth + 1, delimited=True)[1]
        else:
            position += length


def _past(available: int, end: int) -> Exception:
    return NeedMoreBytes() if available < end else RunsPastEnd("a length runs past the end")
