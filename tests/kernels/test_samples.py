from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.array.kernels import grid_for, launch, program
from hdgpu.codecs.device.native import LOW_SAMPLES, decode_native
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, PixelDataSizeError
from tests.kernels.native_frames import bytes_of, in_plain_steps, on_host
from tests.kernels.on_host import HostLauncher

MUTATIONS = [
    ("samples.cu", "position ^ 1 : position", "position : position", "test_words"),
    ("samples.cu", "ORDER == WORDS ? i ^ 1 : i]", "i]", "test_words"),
    ("samples.cu", "position % 2 == 0", "true", "test_words"),
    ("samples.cu", "- 1 - byte)", "- byte)", "test_any_description"),
    ("samples.cu", "count - at >= RUN && ", "", "test_frames_that_end"),
    ("samples.cu", "whole && is_aligned<SampleRun>(raw + position)", "whole", "test_any_description"),
    ("samples.cu", "at >= 0 && ", "", "next_to_one_another"),
    ("samples.cu", "(spare - low)", "spare", "test_any_description"),
    ("samples.cu", "SIGNED ? static_cast<WORD>(static_cast<Signed>(top) >> spare) : ", "", "test_any_description"),
    ("samples.cu", "kept != word", "kept > word", "test_high_bit"),
    ("samples.cu", "static_cast<WORD>(1) << low) - 1", "static_cast<WORD>(1) << low) - 2", "test_high_bit"),
    ("samples.cu", "flags + frame, ", "flags, ", "test_high_bit"),
    ("samples.cu", "out + frame * count", "out + frame * (count + 1)", "test_any_description"),
]


@st.composite
def descriptions(draw: st.DrawFn, **fixed: int) -> ImagePixel:
    """Draw a description with samples anywhere in their containers; few enough that not every kernel is compiled."""
    allocated = fixed.get("allocated") or draw(st.sampled_from([8, 16, 16, 32, 64]))
    stored = draw(st.sampled_from([allocated, allocated - 1, allocated * 3 // 4, 1]))
    high = draw(st.sampled_from([stored - 1, allocated - 1, (stored + allocated) // 2, 0]))
    samples = draw(st.sampled_from([1, 1, 3]))
    return ImagePixel(
        draw(st.integers(1, 5)), draw(st.integers(1, 30)), samples, "RGB" if samples == 3 else "MONOCHROME2",
        allocated, stored, high, draw(st.sampled_from([0, 1])), draw(st.sampled_from([0, 1])),
    )  # fmt: skip


def test_frames_next_to_one_another_keep_to_themselves(launcher: HostLauncher) -> None:
    """The first words of a frame lie before the first that are written sixteen bytes at once."""
    pixel = ImagePixel(9, 3, 1, "MONOCHROME2", 16, 12, 11)
    for start in range(0, 16, 2):
        memory = bytes_of(400, 1, 0)
        raw = memory[-memory.ctypes.data % 16 :]
        starts = 8 * np.array([160, 32 + start])  # 27 words each, so that the second frame begins amid sixteen bytes
        stored, _ = decode_native(raw, starts, pixel)
        np.testing.assert_array_equal(stored, in_plain_steps(raw, starts, pixel, "little").stored)


@pytest.mark.parametrize("columns", [9, 12, 15, 17])
def test_frames_that_end_within_a_run(launcher: HostLauncher, columns: int) -> None:
    """Other bytes lie behind each: the next frame is none of theirs, in whichever order threads run."""
    pixel = ImagePixel(1, columns, 1, "MONOCHROME2", 16, 12, 11)
    raw = bytes_of(16 * 40, columns, 0)
    starts = 8 * 48 * np.arange(6)  # aligned, with gaps in between
    stored, _ = decode_native(raw, starts, pixel)
    np.testing.assert_array_equal(stored, in_plain_steps(raw, starts, pixel).stored)
    assert launcher.launched[-1] == "samples"


@settings(max_examples=100)
@given(descriptions(), st.sampled_from(["little", "big"]), st.integers(0, 3), st.data())
def test_any_description(
    launcher: HostLauncher, pixel: ImagePixel, order: str, frames: int, data: st.DataObject
) -> None:
    """As the host decodes, wherever the frames begin; and the plain steps say the same."""
    length = pixel.frame_bits // 8
    raw = bytes_of(3 * length + 9, data.draw(st.integers(0, 99)), data.draw(st.sampled_from([0, 0, 8, 1])))
    apart, offset = data.draw(st.sampled_from([length, length, length + 1, 3])), data.draw(st.integers(0, 7))
    starts = 8 * (offset + apart * np.arange(frames))
    before = len(launcher.launched)
    stored, flags = decode_native(raw, starts, pixel, order)
    plain = in_plain_steps(raw, starts, pixel, order)
    assert stored.dtype == pixel.dtype
    np.testing.assert_array_equal(stored, plain.stored)
    assert (flags is None) == (plain.flags is None)
    if flags is not None:
        np.testing.assert_array_equal(flags, plain.flags)
    needed = pixel.bits_stored < pixel.bits_allocated or (order == "big" and pixel.bits_allocated > 8)
    assert launcher.launched[before:] == ["samples"] * bool(needed and frames)
    if flags is not None and (flags == LOW_SAMPLES).any():
        with pytest.raises(FrameDecodeError, match="High Bit"):
            on_host(raw, starts, pixel, order)
    else:
        np.testing.assert_array_equal(stored, on_host(raw, starts, pixel, order))


@given(
    descriptions(allocated=8), st.integers(0, 99), st.sampled_from([0, 1, 4, 15]), st.sampled_from([0, 1]),
    st.sampled_from([0, 1]),
)  # fmt: skip
def test_words(launcher: HostLauncher, pixel: ImagePixel, seed: int, offset: int, extra: int, first: int) -> None:
    """Frames of odd length begin on either byte of a word."""
    length = pixel.frame_bits // 8
    raw = bytes_of((2 * length + offset + 1) // 2 * 2 + extra, seed, first)
    starts = 8 * (offset + np.arange(2) * length)
    stored, flags = decode_native(raw, starts, pixel, "words")
    assert "samples" in launcher.launched
    np.testing.assert_array_equal(stored, in_plain_steps(raw, starts, pixel, "words").stored)
    if flags is None or not (flags == LOW_SAMPLES).any():
        np.testing.assert_array_equal(stored, on_host(raw, starts, pixel, "words"))


@pytest.mark.parametrize("signed", [0, 1])
def test_high_bit_is_contradicted_by_one_frame(launcher: HostLauncher, signed: int) -> None:
    """The first frame has bits above, the second below, the third both, the last neither."""
    pixel = ImagePixel(2, 20, bits_stored=12, high_bit=14, pixel_representation=signed)
    words = np.zeros((4, 40), np.uint16)
    words[0, 7], words[1, 8], words[2, 39], words[2, 3] = 1 << 13, 1, 1 << 14, 2
    raw = words.view(np.uint8).ravel()
    stored, flags = decode_native(raw, np.arange(4) * 640, pixel)
    assert flags.tolist() == [1, 2, 3, 0]
    with pytest.raises(FrameDecodeError, match="High Bit"):
        on_host(raw, np.array([640]), pixel)
    np.testing.assert_array_equal(stored[2:], on_host(raw, np.array([1280, 1920]), pixel))


@pytest.mark.parametrize(("keyword", "bits"), [("FloatPixelData", 32), ("DoubleFloatPixelData", 64)])
def test_floating_point(launcher: HostLauncher, keyword: str, bits: int) -> None:
    pixel = ImagePixel(3, 5, bits_allocated=bits, bits_stored=bits, high_bit=bits - 1, keyword=keyword)
    values = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(pixel.dtype)
    raw = values.astype(pixel.dtype.newbyteorder(">")).view(np.uint8).ravel()
    np.testing.assert_array_equal(decode_native(raw, [0, pixel.frame_bits], pixel, "big").stored, values)
    assert "samples" in launcher.launched


@pytest.mark.parametrize("planar", [0, 1])
def test_a_view_where_there_is_nothing_to_do(launcher: HostLauncher, planar: int) -> None:
    pixel = ImagePixel(3, 4, 3, "RGB", planar_configuration=planar)
    raw = bytes_of(2 * 72 + 2, 0)
    stored, flags = decode_native(raw, [16, 16 + 576], pixel)
    assert np.shares_memory(stored, raw)
    assert flags is None
    assert launcher.launched == []


def test_what_does_not_lie_within_the_bytes(launcher: HostLauncher) -> None:
    pixel = ImagePixel(2, 2, bits_allocated=8, bits_stored=8, high_bit=7)
    for starts, order in (([0, 8], "little"), ([-8], "little"), ([8], "words")):
        with pytest.raises(PixelDataSizeError, match="within the bytes.*found [45] bytes"):
            decode_native(np.zeros(4 + (order == "words"), np.uint8), starts, pixel, order)
    with pytest.raises(ValueError, match="begin on a byte"):
        decode_native(np.zeros(8, np.uint8), [4], pixel)
    with pytest.raises(ValueError, match="contiguous"):
        decode_native(np.zeros(16, np.uint8)[::2], [0], pixel)
    with pytest.raises(ValueError, match="uint8"):
        decode_native(np.zeros(4, np.int8), [0], pixel)


def test_more_than_2_to_the_31_samples(launcher: HostLauncher) -> None:
    """The last blocks alone are run: their places need 64 bits."""
    count = (1 << 31) + 100
    raw, out = np.zeros(2 * count, np.uint8), np.zeros((1, count), np.uint16)
    raw[-600:] = bytes_of(600, 0)
    launcher.blocks = lambda grid: ((grid.blocks[0] - 2, 0, 0), (2, 1, 1))
    kernel = program("samples", WORD="uint16", SIGNED=0, ORDER="BIG", CHECK=0)
    launch(kernel, grid_for(-(-count // 8) + 1), raw, raw, np.zeros(1, np.int64), out, None, 1, count, 0, 0)
    np.testing.assert_array_equal(out[0, -300:], raw[-600:].view(">u2"))
    assert not out[0, : 1 << 20].any()
