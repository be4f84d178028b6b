from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import UnmappedValueError
from hdgpu.pixels.run import scatter_frames
from hdgpu.pixels.steps import Lookup
from hdgpu.pixels.transform import PixelTransform, TransformKind
from tests.kernels.frames import transform_frames
from tests.kernels.on_host import HostLauncher

STORED = ("uint8", "int8", "uint16", "int16")
TYPES = (("uint8", "uint8"), ("int8", "float16"), ("uint16", "uint16"), ("int16", "float32"), ("int16", "float64"))
MUTATIONS = [
    ("palette.cu", "at < last_entry ? at", "at + 1 < last_entry ? at + 1", "test_palettes"),
    ("palette.cu", "frame.table) * entries", "frame.table)", "test_palettes"),
    ("palette.cu", "result.value[3 * i + sample]", "result.value[3 * i + 2 - sample]", "test_palettes"),
    ("palette.cu", "out_column == 3 && ", "", "test_layouts"),
    ("palette.cu", "out_sample == 1 && is_aligned<ColorRun>(out)", "is_aligned<ColorRun>(out)", "test_layouts"),
    ("palette.cu", "out_sample == 1 && is_aligned<ColorRun>(out)", "out_sample == 1", "test_layouts"),
    ("palette.cu", "out_column == 1 && ", "", "test_layouts"),
    ("palette.cu", "is_aligned<PlaneRun>(out) && ", "", "test_layouts"),
    ("palette.cu", " && is_aligned<PlaneRun>(out + out_sample)", "", "test_layouts"),
    ("palette.cu", "stored_column == 1 && is_aligned<StoredRun>(from + at)", "stored_column == 1", "first_column"),
    ("palette.cu", "last - at >= RUN && ", "", "test_rectangles"),
    ("palette.cu", "stored_column == 1 && ", "", "test_rectangles"),
    ("palette.cu", "rows < place[2] ? rows : place[2]", "rows", "test_rectangles"),
    ("palette.cu", "stored <= most", "stored <= most + 1", "test_values_that"),
    ("pixel_value.cuh", "static_cast<uint8>(stored); }", "stored < 0 ? 0 : stored; }", "test_palettes"),
]
# Elements from pixel to pixel and from sample to sample.
LAYOUTS = ((3, 1), (6, 1), (-3, 1), (3, -1), (3, 64), (1, 63), (1, 64), (1, 65), (1, 56), (2, 112))
pytestmark = pytest.mark.usefixtures("launcher")


def palette_of(stored: str, out: str, seed: int, valid: tuple[float, float] | None = None) -> PixelTransform:
    """Return a transform with another palette for each of three frames."""
    generator = np.random.default_rng(seed)
    dtype = np.dtype(stored)
    bits = 8 * dtype.itemsize
    pixel = ImagePixel(
        3, 4, photometric_interpretation="PALETTE COLOR", bits_allocated=bits, bits_stored=bits, high_bit=bits - 1,
        pixel_representation=int(dtype.kind == "i"),
    )  # fmt: skip
    steps = tuple(
        (Lookup(int(generator.integers(-9, 9)), generator.integers(0, 255, (entries, 3), np.uint8, endpoint=True)),)
        for entries in (256, 100, 1)
    )
    limits = None if valid is None else np.tile(np.array(valid, float), (3, 1))
    return PixelTransform(
        TransformKind.TABLE, np.ones(3), np.zeros(3), np.dtype(out), False, dtype, (3, 4, 3), steps, np.arange(3),
        pixel.stored_range, limits,
    )  # fmt: skip


def values_of(dtype: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    info = np.iinfo(dtype)
    values = np.random.default_rng(seed).integers(info.min, info.max, shape, dtype, endpoint=True)
    values[..., ::2] %= 50  # most palettes map these
    return values


def reference_of(transform: PixelTransform, stored: np.ndarray, rows: list[int]) -> np.ndarray:
    """Return what the tables say."""
    bits = stored.view(f"u{stored.itemsize}")
    return np.stack([transform.table(row)[bits[i]] for i, row in enumerate(rows)])


@given(st.sampled_from(TYPES), st.integers(1, 70), st.integers(0, 99))
def test_palettes_of_each_frame(launcher: HostLauncher, types: tuple[str, str], columns: int, seed: int) -> None:
    stored, out = types
    transform = palette_of(stored, out, seed)
    values, rows = values_of(stored, (4, 3, columns), seed), [2, 1, 0, 1]
    before = len(launcher.launched)
    given = transform_frames(transform, values, rows)
    assert launcher.launched[before:] == ["palette"]
    assert given.dtype == out
    np.testing.assert_array_equal(given, reference_of(transform, values, rows))


@settings(max_examples=60)
@given(st.data())
def test_rectangles_of_frames_go_to_their_places_in_any_layout(launcher: HostLauncher, data: st.DataObject) -> None:
    """Colours by pixel and by plane, flips and tiles: what NumPy's indexing says, and nothing beside it is touched."""
    draw = data.draw
    frames, rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 6)), draw(st.integers(1, 50))
    transform = palette_of("int16", draw(st.sampled_from(["uint8", "float32"])), 3)
    stored = values_of("int16", (frames, rows, columns), 5)
    stored = draw(st.sampled_from([stored, np.asfortranarray(stored), stored[:, ::-1, ::-1]]))
    order = draw(st.permutations(range(4)))
    shape = frames, rows, columns, 3
    flips = tuple(slice(None, None, draw(st.sampled_from([1, 1, -1, 2]))) for _ in range(4))
    base = np.full([(2 * shape[axis] if flips[axis].step == 2 else shape[axis]) for axis in order], 7, transform.dtype)
    out = base.transpose(np.argsort(order))[flips]
    regions = None
    if draw(st.booleans()):
        regions = np.array([
            (rows - high, columns - wide, high, wide, draw(st.integers(0, rows - high)), columns - wide)
            for high, wide in [(draw(st.integers(0, rows)), draw(st.integers(0, columns))) for _ in range(frames)]
        ])  # fmt: skip
    destination = np.array(draw(st.permutations(range(frames))), np.int64)
    expected, before = base.copy(), len(launcher.launched)
    view = expected.transpose(np.argsort(order))[flips]
    for index, place in enumerate(destination):
        top, left, high, wide, y, x = (0, 0, rows, columns, 0, 0) if regions is None else regions[index]
        part = reference_of(transform, stored[index : index + 1], [index])[0, y : y + high, x : x + wide]
        view[place, top : top + high, left : left + wide] = part
    scatter_frames(transform, stored, [*range(frames)], out, destination, regions)
    assert "palette" in launcher.launched[before:] or regions is not None
    np.testing.assert_array_equal(base, expected)


@pytest.mark.parametrize(("column", "sample"), LAYOUTS)
@pytest.mark.parametrize("offset", [0, 1])
def test_layouts_that_a_run_may_or_may_not_take(launcher: HostLauncher, column: int, sample: int, offset: int) -> None:
    """Pixels and samples so many elements apart, from an element that is aligned or not."""
    transform, values = palette_of("uint8", "uint8", 0), values_of("uint8", (1, 1, 50), 1)
    base, expected = np.zeros(400, np.uint8), np.zeros(400, np.uint8)
    for memory in (base, expected):
        begin = -base.ctypes.data % 16 + 16 + offset + (150 if column < 0 else 0)
        shape, strides = (1, 1, 50, 3), (1, 1, column, sample)
        out = np.lib.stride_tricks.as_strided(memory[begin:], shape, strides)
        if memory is base:
            scatter_frames(transform, values, [0], out, np.array([0]))
        else:
            out[...] = reference_of(transform, values, [0])
    np.testing.assert_array_equal(base, expected)


@pytest.mark.parametrize("stored", ["uint8", "int16"])
@pytest.mark.parametrize("left", range(5))
def test_frames_are_taken_from_any_first_column(launcher: HostLauncher, stored: str, left: int) -> None:
    """Stored values that are aligned, and such that are not, to places that are."""
    transform, values = palette_of(stored, "uint8", 0), values_of(stored, (1, 1, 60), 1)
    out = np.zeros((1, 1, 48, 3), np.uint8)
    scatter_frames(transform, values, [0], out, np.array([0]), np.array([[0, 0, 1, 48, 0, left]]))
    np.testing.assert_array_equal(out, reference_of(transform, values, [0])[:, :, left : left + 48])


@given(st.sampled_from(STORED), st.integers(0, 99))
def test_values_that_may_not_be_mapped_are_found(stored: str, seed: int) -> None:
    transform = palette_of(stored, "uint8", seed, valid=(0, 40))
    values = np.abs(values_of(stored, (2, 4, 30), seed) % 41)
    transform_frames(transform, values, [0, 1])
    values[1, 3, 29] = 41
    with pytest.raises(UnmappedValueError, match="outside of what the real-world value map maps"):
        transform_frames(transform, values, [0, 1])


@pytest.mark.parametrize("shape", [(0, 4, 5), (2, 0, 5), (2, 4, 0)])
def test_nothing_to_do(shape: tuple[int, int, int]) -> None:
    transform = palette_of("uint8", "uint8", 0)
    assert transform_frames(transform, np.zeros(shape, np.uint8), [*range(shape[0])]).shape == (*shape, 3)


def test_places_beyond_32_bits(launcher: HostLauncher) -> None:
    """Planes and rows so far apart that their places need 64 bits; only pages that are touched take memory."""
    memory = np.empty(1 << 34, np.uint8)
    out = np.lib.stride_tricks.as_strided(memory, (2, 2, 20, 3), (1 << 33, 1 << 32, 1, 1 << 30))
    transform = palette_of("uint8", "uint8", 0)
    stored = values_of("uint8", (2, 2, 20), 1)
    scatter_frames(transform, stored, [0, 1], out, np.array([1, 0]))
    np.testing.assert_array_equal(out[::-1], reference_of(transform, stored, [0, 1]))
    assert launcher.launched == ["palette"]


def test_a_grid_of_more_than_2_to_the_31_elements(launcher: HostLauncher) -> None:
    """The last blocks of it alone are run: their places need 64 bits."""
    count = (1 << 32) + 100
    transform = palette_of("uint8", "uint8", 0)
    stored, out = np.zeros((1, 1, count), np.uint8), np.zeros((1, 1, count, 3), np.uint8)
    stored[..., -300:] = np.arange(300) % 251
    launcher.blocks = lambda grid: ((grid.blocks[0] - 1, 0, 0), (1, 1, 1))
    scatter_frames(transform, stored, [0], out, np.array([0]))
    np.testing.assert_array_equal(out[0, 0, -100:], transform.table(0)[stored[0, 0, -100:]])
    assert not out[0, 0, : 1 << 20].any()
