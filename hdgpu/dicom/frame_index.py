"""Where each frame's bytes lie in the file, one class per way of laying them out.

Native frames follow one another (PS3.5 8.1.1).  Encapsulated frames are fragments, each in an item (PS3.5 A.4): which
items make up a frame is told by the extended offset table, the basic offset table, or by walking the items.
A table is never believed blindly: the items of a frame are parsed again when its bytes are read, and where they do not
fill the frame's bytes the table is given up and all items are walked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.header import EXPLICIT_BIG
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.source import ReadBuffer, Source
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import FrameIndexError, PixelDataSizeError, TruncatedFileError

__all__ = ["EncapsulatedIndex", "FrameIndex", "NativeIndex", "SingleFrameIndex", "index_frames"]

_ITEM = b"\xfe\xff\x00\xe0"
_DELIMITER = b"\xfe\xff\xdd\xe0"
# First bytes of a JPEG, JPEG-LS or JPEG 2000 codestream, of a JPEG XL codestream and of its container.
_CODESTREAM_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\0\0\0\x0cJXL ")
# Above 16 Mi samples, a frame that claims more samples than this for each of its bytes is a lie about its size.
_MAX_SAMPLES_PER_BYTE = 1 << 14
_MODEST_SAMPLES = 1 << 24


class FrameIndex(ABC):
    """Byte ranges of the frames of one instance.

    Attributes
    ----------
    count : int
        Number of frames.
    """

    count: int

    @abstractmethod
    def span(self, frame: int) -> tuple[int, int]:
        """Return offset and length, in the file, of what has to be read for the zero-based `frame`."""

    @abstractmethod
    def extract(self, data: bytes | memoryview, name: str, frame: int) -> bytes | memoryview:
        """Return the frame proper, out of what `span` told to read: native samples, or one whole codestream."""

    def read(self, source: Source, frame: int, buffer: ReadBuffer | None = None) -> bytes | memoryview:
        """Read the zero-based `frame` from `source`, by way of `buffer` if one is given."""
        return self.extract(source.read_at(*self.span(frame), buffer), source.name, frame)


@dataclass(slots=True)
class NativeIndex(FrameIndex):
    """Frames one after another, with no gap: even a frame of 1-bit samples begins where the last one ended.

    Attributes
    ----------
    offset : int
        Where the first frame begins in the file.
    frame_bits : int
        Size of a frame.
    count : int
    unit : int
        Bytes that have to be read together: 2 where samples of one byte are swapped in words.
    """

    offset: int
    frame_bits: int
    count: int
    unit: int = 1

    def span(self, frame: int) -> tuple[int, int]:
        """Return the bytes, in whole units, that hold any bit of the frame."""
        bits = 8 * self.unit
        first, last = frame * self.frame_bits // bits, -(-(frame + 1) * self.frame_bits // bits)
        return self.offset + first * self.unit, (last - first) * self.unit

    def extract(self, data: bytes | memoryview, name: str, frame: int) -> bytes | memoryview:
        """Return the samples as stored."""
        return data


@dataclass(slots=True)
class SingleFrameIndex(FrameIndex):
    """One encapsulated frame: all fragments of the element, found when the frame is read and no earlier."""

    offset: int
    length: int
    count: int = 1

    def span(self, frame: int) -> tuple[int, int]:
        """Return the whole value with its offset table, and whatever follows it in the file."""
        return self.offset, self.length

    def extract(self, data: bytes | memoryview, name: str, frame: int) -> bytes | memoryview:
        """Return the fragments after the offset table, joined."""
        fragments = _parse_items(data, name)
        if len(fragments) < 2:
            raise FrameIndexError("there is no fragment after the offset table", source=name, frame=1)
        if len(fragments[0]) > 4 and all(bytes(one[:8]).startswith(_CODESTREAM_STARTS) for one in fragments[1:]):
            raise FrameIndexError(
                "the offset table is of several frames, and each fragment is one",
                source=name,
                tag=describe_tag(Tag.NUMBER_OF_FRAMES),
                expected=len(fragments) - 1,
                found="1, or none",
            )
        return fragments[1] if len(fragments) == 2 else b"".join(fragments[1:])


@dataclass(slots=True)
class EncapsulatedIndex(FrameIndex):
    """Several encapsulated frames, each a run of whole items.

    Attributes
    ----------
    spans : numpy.ndarray
        (count, 2) int64; where the items of each frame begin in the file, and how many bytes they take up.
    first_item : int or None
        Where the items begin, if the spans are from an offset table: a table that proves wrong when a frame is read is
        given up, and the items are walked instead.
    """

    spans: npt.NDArray[np.int64]
    first_item: int | None = None

    @property
    def count(self) -> int:  # type: ignore[override]
        """Number of frames."""
        return len(self.spans)

    def span(self, frame: int) -> tuple[int, int]:
        """Return the bytes of the frame's items."""
        offset, length = self.spans[frame].tolist()
        return offset, length

    def read(self, source: Source, frame: int, buffer: ReadBuffer | None = None) -> bytes | memoryview:
        """Read the zero-based `frame` from `source`, by way of `buffer` if one is given."""
        first_item = self.first_item
        try:
            return self.extract(source.read_at(*self.span(frame), buffer), source.name, frame)
        except (FrameIndexError, TruncatedFileError):
            if first_item is None:
                raise
        # Threads that find the table wrong at the same time put the same spans in its place.
        self.spans = _spans_of_items(source, first_item, self.count)
        self.first_item = None
        return self.extract(source.read_at(*self.span(frame), buffer), source.name, frame)

    def extract(self, data: bytes | memoryview, name: str, frame: int) -> bytes | memoryview:
        """Return the frame's fragments, joined."""
        fragments = _parse_items(data, name, frame + 1)
        if not fragments:
            raise FrameIndexError("the frame has no fragment", source=name, frame=frame + 1)
        return fragments[0] if len(fragments) == 1 else b"".join(fragments)


def index_frames(instance: Instance) -> FrameIndex:
    """Return where the frames of an instance lie.

    Nothing is read for native frames and for a single encapsulated one.

    Raises
    ------
    PixelDataSizeError
        If the bytes cannot hold Rows x Columns x Samples per Pixel x Number of Frames.
    FrameIndexError
        If the fragments do not make up the frames.
    NoPixelDataError, TruncatedFileError
        If the pixel data is absent or cut off.
    """
    element, count = instance.pixel_data, instance.number_of_frames
    if element.length is not None:
        return _native(instance, element.offset, element.length, count)
    if count == 1:
        index: FrameIndex = SingleFrameIndex(element.offset, instance.source.size - element.offset)
    else:
        index = _encapsulated(instance, element.offset, count)
    _check_plausible(instance, index)
    return index


def _native(instance: Instance, offset: int, length: int, count: int) -> NativeIndex:
    bits = instance.pixel.frame_bits
    expected = -(-bits * count // 8)
    # A value of odd length is padded with one byte.
    if not expected <= length <= expected + expected % 2 and not _is_padding(
        instance, offset + expected, length - expected
    ):
        pixel = instance.pixel
        size = f"{count} x {pixel.rows} x {pixel.columns} x {pixel.samples_per_pixel} of {pixel.bits_allocated} bits"
        raise PixelDataSizeError(
            "the frames that the attributes describe do not fill the pixel data",
            source=instance.name,
            tag=describe_tag(instance.pixel_data.tag),
            expected=f"{expected} bytes for {size}",
            found=f"{length} bytes",
            remedy="If the attributes are right, cut Pixel Data to that length",
        )
    big_endian_words = instance.transfer_syntax_uid == EXPLICIT_BIG and instance.pixel_data.vr == "OW"
    swapped = big_endian_words and instance.pixel.bits_allocated == 8
    return NativeIndex(offset, bits, count, 2 if swapped else 1)


def _is_padding(instance: Instance, offset: int, length: int) -> bool:
    """Return whether the bytes behind the last frame are zeros that a writer has added.

    They are too few for another frame, and no multiple of a column: else Columns may be wrong, and the image black at
    its end.
    """
    frame = instance.pixel.frame_bits // 8
    if not 0 < length < frame or length * instance.pixel.columns % frame == 0:
        return False
    return not np.frombuffer(instance.source.read_at(offset, length), np.uint8).any()


def _check_plausible(instance: Instance, index: FrameIndex) -> None:
    """Refuse a size that the codestream cannot stand for, before any memory is asked for it."""
    samples = instance.pixel.frame_samples
    if samples <= _MODEST_SAMPLES:
        return
    shortest = min(index.span(frame)[1] for frame in range(index.count))
    if samples > shortest * _MAX_SAMPLES_PER_BYTE:
        raise PixelDataSizeError(
            "the codestream is far too short for the image size",
            source=instance.name,
            expected=f"at least {samples // _MAX_SAMPLES_PER_BYTE} bytes for {samples} samples",
            found=f"{shortest} bytes",
        )


def _parse_items(data: bytes | memoryview, name: str, frame: int = 1) -> list[memoryview]:
    """Return the values of the items in `data`, up to its end or to the sequence delimiter."""
    view = memoryview(data)
    fragments = []
    position, end = 0, len(view)
    while position < end:
        header = bytes(view[position : position + 8])
        if header[:4] == _DELIMITER:
            break
        length = int.from_bytes(header[4:], "little")
        if header[:4] != _ITEM or len(header) < 8:
            raise _not_an_item(name, frame, header)
        position += 8
        if position + length > end:
            raise TruncatedFileError(
                "a fragment is cut off",
                source=name,
                frame=frame,
                expected=f"{length} bytes",
                found=f"{end - position} bytes",
                remedy="Copy or export the file again.",
            )
        fragments.append(view[position : position + length])
        position += length
    return fragments


def _not_an_item(name: str, frame: int | None, header: bytes) -> FrameIndexError:
    return FrameIndexError(
        "no item where a fragment should begin",
        source=name,
        frame=frame,
        expected="item tag (FFFE,E000)",
        found=header[:4].hex(" ") or "the end of the file",
    )


def _encapsulated(instance: Instance, offset: int, count: int) -> EncapsulatedIndex:
    source = instance.source
    header = bytes(source.read_at(offset, 8))
    if header[:4] != _ITEM:
        raise _not_an_item(source.name, None, header)
    table_bytes = int.from_bytes(header[4:], "little")
    table = np.frombuffer(source.read_at(offset + 8, table_bytes // 4 * 4), "<u4").astype(np.int64)
    first = offset + 8 + table_bytes  # offsets count from the first item after the table
    index = _from_extended_table(instance, first, count)
    if index is None and _usable(table, count, source.size - first):
        with suppress(FrameIndexError, TruncatedFileError):  # the last offset leads to no item
            index = _from_basic_table(source, first, table)
    return index if index is not None else EncapsulatedIndex(_spans_of_items(source, first, count))


def _usable(offsets: npt.NDArray[np.int64], count: int, available: int) -> bool:
    """Tell whether a table can be one: an offset per frame, ascending from 0, all within the file."""
    ascending = len(offsets) == count and offsets[0] == 0 and bool(np.all(np.diff(offsets) > 0))
    return ascending and int(offsets[-1]) < available


def _from_extended_table(instance: Instance, first: int, count: int) -> EncapsulatedIndex | None:
    """Use (7FE0,0001) and (7FE0,0002): one item per frame (PS3.3 C.7.6.3.1.8)."""
    values = instance.header.values
    raw_offsets = values.get(Tag.EXTENDED_OFFSET_TABLE, b"")
    raw_lengths = values.get(Tag.EXTENDED_OFFSET_TABLE_LENGTHS, b"")
    if not raw_offsets or len(raw_offsets) != 8 * count or len(raw_lengths) != 8 * count:
        return None
    offsets = np.frombuffer(raw_offsets, "<u8").astype(np.int64)
    lengths = np.frombuffer(raw_lengths, "<u8").astype(np.int64)
    available = instance.source.size - first
    if not _usable(offsets, count, available) or lengths.min() < 0:
        return None
    lengths += lengths % 2 + 8  # the pad byte may not be counted; the item header is not
    if np.any(offsets + lengths > np.append(offsets[1:], available)):
        return None
    return EncapsulatedIndex(np.column_stack([offsets + first, lengths]), first)


def _from_basic_table(source: Source, first: int, table: npt.NDArray[np.int64]) -> EncapsulatedIndex:
    """Use the first item: each frame ends where the next begins, the last where the items end."""
    offsets = table + first
    last_items = _walk_items(source, int(offsets[-1]))
    end = sum(last_items[-1]) if last_items else int(offsets[-1])
    return EncapsulatedIndex(np.column_stack([offsets, np.diff(np.append(offsets, end))]), first)


def _spans_of_items(source: Source, first: int, count: int) -> npt.NDArray[np.int64]:
    """Walk all items: one per frame, or else a frame begins where a codestream does."""
    items = _walk_items(source, first)
    starts = list(range(len(items)))
    if len(items) != count:
        starts = [i for i, (offset, length) in enumerate(items) if _begins_codestream(source, offset, length)]
    if len(starts) != count or starts[:1] != [0]:
        raise FrameIndexError(
            "the fragments do not make up the frames",
            source=source.name,
            tag=describe_tag(Tag.NUMBER_OF_FRAMES),
            expected=f"{count} frames",
            found=f"{len(items)} fragments, {len(starts)} of which begin a codestream",
        )
    ends = [*[items[start][0] for start in starts[1:]], sum(items[-1])]
    offsets = np.array([items[start][0] for start in starts], np.int64)
    return np.column_stack([offsets, np.array(ends, np.int64) - offsets])


def _begins_codestream(source: Source, offset: int, length: int) -> bool:
    return length >= 20 and bytes(source.read_at(offset + 8, 12)).startswith(_CODESTREAM_STARTS)


def _walk_items(source: Source, offset: int) -> list[tuple[int, int]]:
    """Return offset and length, headers included, of each item from `offset` to the delimiter or the end."""
    items = []
    size = source.size
    while offset + 8 <= size:
        header = bytes(source.read_at(offset, 8))
        if header[:4] == _DELIMITER:
            break
        if header[:4] != _ITEM:
            raise _not_an_item(source.name, None, header)
        length = 8 + int.from_bytes(header[4:], "little")
        if offset + length > size:
            raise TruncatedFileError(
                "the file ends within a fragment",
                source=source.name,
                expected=f"{length} bytes",
                found=f"{size - offset} bytes",
                remedy="Copy or export the file again.",
            )
        items.append((offset, length))
        offset += length
    return items
