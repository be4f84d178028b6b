from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import RLELossless

from hdgpu.dicom.frame_index import EncapsulatedIndex, NativeIndex, SingleFrameIndex, index_frames
from hdgpu.dicom.header import read_header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.source import BytesSource
from hdgpu.errors import FrameIndexError, InvalidAttributeError, PixelDataSizeError, TruncatedFileError
from tests.make_series import make_dataset

FRAMES = [b"\xff\xd8\xff" + bytes([65 + i]) * (30 + 2 * i) + b"\0" for i in range(4)]


def item(value: bytes) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value


DELIMITER = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def instance_of(pixel_data: bytes, frames: int | None = 4, **attributes: Any) -> Instance:
    dataset = make_dataset(np.zeros((4, 4), "uint8"), transfer_syntax=RLELossless)
    if frames is not None:
        dataset.NumberOfFrames = frames
    dataset.PixelData = pixel_data
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    for name, value in attributes.items():
        setattr(dataset, name, value)
    file = BytesIO()
    dataset.save_as(file)
    return Instance(read_header(BytesSource(file.getvalue(), "made.dcm")))


def frames_of(instance: Instance) -> list[bytes]:
    index = index_frames(instance)
    return [bytes(index.read(instance.source, frame)) for frame in range(index.count)]


def test_basic_offset_table() -> None:
    instance = instance_of(encapsulate(FRAMES, has_bot=True))
    assert isinstance(index_frames(instance), EncapsulatedIndex)
    assert frames_of(instance) == FRAMES


def test_basic_offset_table_with_several_fragments_a_frame() -> None:
    assert frames_of(instance_of(encapsulate(FRAMES, fragments_per_frame=3, has_bot=True))) == FRAMES


def test_extended_offset_table() -> None:
    pixel_data, offsets, lengths = encapsulate_extended(FRAMES)
    instance = instance_of(pixel_data, ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=lengths)
    assert frames_of(instance) == FRAMES


def test_empty_table_with_one_fragment_a_frame() -> None:
    assert frames_of(instance_of(encapsulate(FRAMES, has_bot=False))) == FRAMES


def test_empty_table_with_several_fragments_a_frame() -> None:
    """A frame begins where a codestream does."""
    assert frames_of(instance_of(encapsulate(FRAMES, fragments_per_frame=2, has_bot=False))) == FRAMES


def test_single_frame_of_several_fragments() -> None:
    instance = instance_of(item(b"") + item(b"abcd") + item(b"ef"), 1)
    assert isinstance(index_frames(instance), SingleFrameIndex)
    assert frames_of(instance) == [b"abcdef"]


@pytest.mark.parametrize("frames", [1, None])
def test_several_frames_that_are_said_to_be_one(frames: int | None) -> None:
    """As long as the table and the fragments both say so: else they may be parts of one."""
    instance = instance_of(encapsulate(FRAMES), frames)
    with pytest.raises(FrameIndexError, match=r"'Number of Frames'.*several frames.*expected 4, found 1, or none"):
        frames_of(instance)
    table = struct.pack("<4I", 0, 12, 24, 36)
    assert frames_of(instance_of(item(table) + b"".join(map(item, (FRAMES[0], b"ab", b"cd", b"ef"))), 1)) == [
        FRAMES[0] + b"abcdef"
    ]


def test_more_frames_than_there_is_room_for() -> None:
    """Before any memory is asked for them."""
    instance = instance_of(encapsulate(FRAMES), 1 << 30)
    with pytest.raises(PixelDataSizeError, match="the file is far too short for so many frames"):
        instance.number_of_frames  # noqa: B018


@pytest.mark.parametrize(
    "table", [[4, 42, 84, 130], [0, 42, 30, 130], [0, 42], [0, 42, 84, 1 << 20]], ids=["from 4", "back", "few", "far"]
)
def test_impossible_offset_table_is_not_used(table: list[int]) -> None:
    raw = item(struct.pack(f"<{len(table)}I", *table)) + b"".join(map(item, FRAMES))
    assert frames_of(instance_of(raw)) == FRAMES


@pytest.mark.parametrize(
    "table", [[0, 44, 84, 130], [0, 42, 84, 128], [0, 42, 84, 129], [0, 2, 4, 6], [0, 41, 84, 130]]
)
def test_plausible_but_wrong_offset_table_is_given_up(table: list[int]) -> None:
    instance = instance_of(item(struct.pack("<4I", *table)) + b"".join(map(item, FRAMES)))
    assert frames_of(instance) == FRAMES
    index = index_frames(instance)
    assert [bytes(index.read(instance.source, frame)) for frame in (3, 1, 0, 2)] == [FRAMES[i] for i in (3, 1, 0, 2)]


@pytest.mark.parametrize("wrong", [("offsets", 1, 2), ("lengths", 2, -4), ("lengths", 2, 6), ("lengths", 3, -2)])
def test_wrong_extended_offset_table_is_given_up(wrong: tuple[str, int, int]) -> None:
    pixel_data, offsets, lengths = encapsulate_extended(FRAMES)
    tables = {name: np.frombuffer(raw, "<u8").copy() for name, raw in (("offsets", offsets), ("lengths", lengths))}
    name, place, change = wrong
    tables[name][place] = int(tables[name][place]) + change
    instance = instance_of(
        pixel_data,
        ExtendedOffsetTable=tables["offsets"].tobytes(),
        ExtendedOffsetTableLengths=tables["lengths"].tobytes(),
    )
    assert frames_of(instance) == FRAMES


def test_wrong_offset_table_of_fragments_that_make_up_no_frames() -> None:
    fragments = [FRAMES[0], b"loose", *FRAMES[1:], b"end!"]
    raw = item(struct.pack("<4I", 0, 44, 84, 130)) + b"".join(
        item(each + b"\0" * (len(each) % 2)) for each in fragments[1:]
    )
    with pytest.raises(FrameIndexError, match="made.dcm"):
        frames_of(instance_of(raw))


def test_missing_delimiter_at_the_end_is_forgiven() -> None:
    raw = item(b"") + b"".join(map(item, FRAMES))
    instance = instance_of(raw)
    assert frames_of(instance) == FRAMES


@pytest.mark.parametrize("frames", [3, 5, 1000])
def test_number_of_frames_that_lies(frames: int) -> None:
    with pytest.raises(FrameIndexError, match=f"expected {frames} frames, found 4 fragments"):
        frames_of(instance_of(item(b"") + b"".join(map(item, FRAMES)), frames))


@pytest.mark.parametrize("frames", [0, -4])
def test_impossible_number_of_frames(frames: int) -> None:
    with pytest.raises(InvalidAttributeError, match="impossible number of frames"):
        index_frames(instance_of(encapsulate(FRAMES), frames))


@pytest.mark.parametrize("cut", [1, 9, 30, 60])
def test_fragment_cut_off(cut: int) -> None:
    """Without delimiter the last bytes of the file belong to the last fragment."""
    instance = instance_of(encapsulate(FRAMES, has_bot=False))
    raw = bytes(instance.source.read_at(0, instance.source.size - len(DELIMITER) - cut))
    with pytest.raises((TruncatedFileError, FrameIndexError)):
        frames_of(Instance(read_header(BytesSource(raw, "cut.dcm"))))


def test_garbage_where_a_fragment_should_begin() -> None:
    with pytest.raises(FrameIndexError, match="no item where a fragment should begin"):
        frames_of(instance_of(item(b"") + item(FRAMES[0]) + b"garbage!" + item(FRAMES[1]), 2))
    with pytest.raises(FrameIndexError, match=r"frame 1: no item"):
        frames_of(instance_of(item(b"") + item(FRAMES[0]) + b"garbage!", 1))
    with pytest.raises(FrameIndexError, match="no fragment after the offset table"):
        frames_of(instance_of(item(b""), 1))


def test_size_that_no_codestream_of_that_length_can_hold() -> None:
    instance = instance_of(item(b"") + item(b"short frame!"), 1, Rows=65535, Columns=65535)
    with pytest.raises(PixelDataSizeError, match="far too short"):
        index_frames(instance)


@pytest.mark.parametrize("bits", [1, 8, 16, 32])
@pytest.mark.parametrize("frames", [1, 3])
def test_native_spans(bits: int, frames: int) -> None:
    total = -(-3 * 5 * bits * frames // 8)
    dataset = make_dataset(np.zeros((3, 5), "uint8"), NumberOfFrames=frames, BitsAllocated=bits, BitsStored=bits)
    dataset.PixelData = bytes(range(total)) + b"\0" * (total % 2)
    file = BytesIO()
    dataset.save_as(file)
    instance = Instance(read_header(BytesSource(file.getvalue())))
    index = index_frames(instance)
    assert isinstance(index, NativeIndex)
    for frame in range(frames):
        first, last = frame * 15 * bits // 8, -(-(frame + 1) * 15 * bits // 8)
        assert bytes(index.read(instance.source, frame)) == bytes(range(total))[first:last]


@pytest.mark.parametrize(("rows", "frames"), [(5, 1), (3, 1), (4, 2), (65535, 1), (4, 100)])
def test_native_size_that_disagrees_with_the_bytes(rows: int, frames: int) -> None:
    dataset = make_dataset(np.ones((4, 4), "uint16"), Rows=rows, NumberOfFrames=frames)
    file = BytesIO()
    dataset.save_as(file)
    with pytest.raises(PixelDataSizeError, match=rf"made.dcm.*expected {rows * 8 * frames} bytes.*found 32 bytes"):
        index_frames(Instance(read_header(BytesSource(file.getvalue(), "made.dcm"))))


@pytest.mark.parametrize(
    ("padding", "is_padding"),
    [(bytes(2), True), (bytes(30), True), (bytes(32), False), (bytes(8), False), (b"\0\1", False)],
)
def test_zeros_behind_the_last_native_frame(padding: bytes, is_padding: bool) -> None:
    dataset = make_dataset(np.arange(16, dtype="uint16").reshape(4, 4))
    dataset.PixelData += padding
    file = BytesIO()
    dataset.save_as(file)
    instance = Instance(read_header(BytesSource(file.getvalue())))
    if is_padding:
        assert bytes(index_frames(instance).read(instance.source, 0)) == dataset.PixelData[:32]
    else:
        with pytest.raises(PixelDataSizeError, match="do not fill the pixel data"):
            index_frames(instance)
