"""A walk over the data elements of a data set in memory (PS3.5 section 7), keeping only what is wanted.

The walk is what makes native series fast: it touches each element once, slices out the wanted values and hops over
the others, sequences of undefined length included.  It understands little and big endian, explicit and implicit VR.
Whatever it is not sure of it declines with :class:`NotUnderstood`, and pydicom reads the file instead.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "SEQUENCE",
    "UNDEFINED",
    "Elements",
    "Encoding",
    "Layout",
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


class PixelDataElement(NamedTuple):
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


class Layout:
    """The element headers of a data set just scanned, which the next file of its series repeats but for a few lengths.

    Comparing a header with the one remembered takes a third of the time of parsing it and is as strict: wherever tag,
    VR or length differ the element is parsed.  A layout belongs to one thread.

    Attributes
    ----------
    entries : list of (bytes, int, int, int, bool)
        For each element its header, the width of that, the width of all of it, its tag, and whether its value is kept.
    encoding : Encoding or None
        What the entries are written in.
    """

    __slots__ = ("encoding", "entries")

    def __init__(self) -> None:
        self.entries: list[tuple[bytes, int, int, int, bool]] = []
        self.encoding: Encoding | None = None


def scan_elements(
    buffer: bytes | memoryview,
    start: int,
    end: int,
    encoding: Encoding,
    wanted: Mapping[int, frozenset[bytes]],
    layout: Layout | None = None,
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
    layout : Layout, optional
        Of a like data set, scanned for the same tags.  It is followed as far as it goes, and made anew if that is not
        to the end.

    Returns
    -------
    Elements
        Wanted values up to the pixel data or to `end`.

    Raises
    ------
    NeedMoreBytes
        If `buffer` ends before the walk does.
    RunsPastEnd
        If a length runs past `end`.
    NotUnderstood
        If the tags do not ascend, a VR is not one of the standard's, or a wanted element has an unexpected VR.
    """
    walk = _Walk(buffer, start, end, encoding, wanted)
    if layout is not None and isinstance(buffer, bytes):
        if not layout.entries:
            walk.record = []
        elif layout.encoding != encoding or not walk.follow(buffer, layout.entries):
            layout.entries = []  # the next file leaves its own
    while walk.position < end and walk.elements.pixel_data is None:
        walk.parse_element()
    if layout is not None and walk.record is not None:
        layout.encoding, layout.entries = encoding, walk.record
    return walk.elements


class _Walk:
    """A place in a data set, and what was kept on the way there."""

    __slots__ = ("available", "buffer", "elements", "encoding", "end", "last", "position", "record", "wanted")

    def __init__(
        self,
        buffer: bytes | memoryview,
        start: int,
        end: int,
        encoding: Encoding,
        wanted: Mapping[int, frozenset[bytes]],
    ) -> None:
        self.buffer = buffer
        self.position = start
        self.end = end
        self.available = min(len(buffer), end)
        self.encoding = encoding
        self.wanted = wanted
        self.last = -1
        self.record: list[tuple[bytes, int, int, int, bool]] | None = None
        self.elements = Elements({}, {})

    def follow(self, buffer: bytes, entries: list[tuple[bytes, int, int, int, bool]]) -> bool:
        """Go on as long as the elements are those of `entries`, and tell whether that was to their end."""
        matches, values = buffer.startswith, self.elements.values
        position = self.position
        for header, width, total, tag, kept in entries:
            if matches(header, position):
                if kept:
                    values[tag] = buffer[position + width : position + total]
                position += total
                self.last = tag
                continue
            self.position = position
            if position == self.end or self.parse_element() != tag:
                return False
            position = self.position
        if position > self.available:  # a value may have been cut short where nothing was parsed after it
            raise _past(self.available, self.end, position)
        self.position = position
        return True

    def parse_element(self) -> int:
        """Parse one element, and return its tag."""
        buffer, begin, encoding = self.buffer, self.position, self.encoding
        if begin > self.available - 12:  # the longest header; the shortest one takes 8
            self._check_room(begin)
        tag_of, head_of, long_of = _UNPACK[encoding.order]
        vr = b""
        value = begin + 8
        if encoding.explicit:
            group, element, vr, length = head_of(buffer, begin)
            if vr not in _SHORT_VRS:
                if vr not in _LONG_VRS:
                    raise NotUnderstood("not a VR")
                length = long_of(buffer, value)[0]
                value += 4
        else:
            group, element, length = tag_of(buffer, begin)
        tag: int = group << 16 | element
        if tag <= self.last:
            raise NotUnderstood("tags do not ascend")
        self.last = tag
        if tag in PIXEL_DATA_TAGS:
            size = None if length == UNDEFINED else length
            self.elements.pixel_data = PixelDataElement(tag, vr.decode(), value, size)
            return tag
        following = self._keep(tag, vr, value, length)
        if self.record is not None and length != UNDEFINED and tag not in self.elements.sequences:
            kept = tag in self.wanted
            self.record.append((bytes(buffer[begin:value]), value - begin, following - begin, tag, kept))
        self.position = following
        return tag

    def _keep(self, tag: int, vr: bytes, value: int, length: int) -> int:
        """Keep an element's value if it is wanted, and return the position after it."""
        understood_in = self.wanted.get(tag)
        # PS3.5 6.2.2: of undefined length and VR UN, the items are implicit VR little endian.
        inner = _IMPLICIT if vr == b"UN" else self.encoding
        if length == UNDEFINED:
            following = _items(self.buffer, value, self.end, self.available, inner, depth=0, delimited=True)[1]
        else:
            following = value + length
        if following > self.available and (following > self.end or understood_in is not None):
            raise _past(self.available, self.end, following)
        if understood_in is None:
            return following
        if length == UNDEFINED or vr == b"SQ" or understood_in is SEQUENCE:
            if vr not in (b"", b"SQ", b"UN") or understood_in is not SEQUENCE:
                raise NotUnderstood("a sequence where a value should be, or the reverse")
            if vr == b"UN" and length != UNDEFINED:
                raise NotUnderstood("a sequence of unknown encoding")
            self.elements.sequences[tag] = SequenceSpan(value, following, inner)
        elif vr and vr not in understood_in:
            raise NotUnderstood("an unexpected VR")
        else:
            self.elements.values[tag] = bytes(self.buffer[value:following])
        return following

    def _check_room(self, position: int) -> None:
        """Raise if the next element's header does not lie within the bytes."""
        if position + 8 > self.end:
            raise RunsPastEnd("a few stray bytes at the end")
        if self.available < self.end or position + 8 > self.available:
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


def _past(available: int, end: int, position: int = 0) -> Exception:
    if available < end >= position:
        return NeedMoreBytes()
    return RunsPastEnd("a length runs past the end")
