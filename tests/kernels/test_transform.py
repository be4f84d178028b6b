from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.enum import VOILUTFunctionValues
from hdgpu.errors import OutputTypeError, UnmappedValueError
from hdgpu.pixels import device
from hdgpu.pixels.run import scatter_frames
from hdgpu.pixels.steps import RampStep, SigmoidStep, Step
from hdgpu.pixels.transform import PixelTransform, TransformKind
from hdgpu.pixels.window import Window
from tests.kernels.frames import transform_frames
from tests.kernels.on_device import last_block_only
from tests.kernels.on_host import HostLauncher

STORED = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
WRITTEN = ("uint8", "int16", "uint16", "int32", "float16", "float32", "float64")
MUTATIONS = [
    ("pixel_value.cuh", "value < least ? least", "value <= least ? most", "test_windows"),
    ("pixel_value.cuh", "* frame.second + frame.third", "* frame.second - frame.third", "test_windows"),
    ("pixel_value.cuh", "(frame.top - frame.bottom) / (1.0", "(frame.top - frame.bottom) / (2.0", "test_sigmoid"),
    ("pixel_value.cuh", "static_cast<uint16>(stored); }", "stored < 0 ? 0 : stored; }", "test_tables"),
    ("convert.cuh", "rest == half && (kept & 1)", "rest == half", "test_halves"),
    ("convert.cuh", "static_cast<float32>(value), 7, 8", "value, 7, 8", "test_bfloat16"),
    ("convert.cuh", "shift + 1 - target", "shift - target", "test_halves"),
    ("convert.cuh", "return !infinite || value - value != 0.0", "return true", "test_halves"),
    ("convert.cuh", "return static_cast<double>(out) == value", "return true", "test_slope"),
    ("transform.cu", "at < last_entry ? at", "at + 1 < last_entry ? at + 1", "test_tables"),
    (
        "transform.cu",
        "const WORKING value = static_cast<WORKING>",
        "const float32 value = static_cast<float32>",
        "test_all_values",
    ),
    ("transform.cu", "    out = value;\n    return true", "    return true", "test_identity"),
    ("transform.cu", "value[RUN - 1 - i]", "value[RUN - 2 - i]", "test_flipped"),
    ("transform.cu", "parameters.slope) +", "parameters.slope) -", "test_slope"),
    ("transform.cu", "stored <= parameters.most", "stored <= parameters.most + 1", "test_values_that"),
    ("transform.cu", "count >= RUN && ", "", "test_rectangles"),
    ("transform.cu", "i * out_column", "i", "test_rectangles"),
    ("transform.cu", " && (backwards || out_column == 1)", "", "test_rectangles"),
    ("transform.cu", "backwards ? out - (RUN - 1)", "backwards ? out - RUN", "test_flipped"),
    ("transform.cu", "place[1] + row * out_row", "place[1] + row * columns", "test_rectangles"),
    ("transform.cu", "rows < place[2] ? rows : place[2]", "rows", "test_rectangles"),
]
pytestmark = pytest.mark.usefixtures("launcher")


def transform_of(
    kind: TransformKind,
    stored: str,
    out: str,
    frames: int,
    seed: int,
    steps: tuple[tuple[Step, ...], ...] = ((),),
    valid: tuple[float, float] | None = None,
) -> PixelTransform:
    """Return a transform with another slope and intercept for each frame, whole ones where the output needs them."""
    generator = np.random.default_rng(seed)
    whole = np.dtype(out).kind != "f"
    slope = generator.integers(-2, 3, frames).astype(float) if whole else generator.normal(size=frames) * 3
    intercept = np.rint(generator.normal(size=frames) * 20) * (1 if whole else 0.7)
    if kind is TransformKind.IDENTITY:
        slope, intercept = np.ones(frames), np.zeros(frames)
    dtype = np.dtype(stored)
    pixel = ImagePixel(
        3, 4, bits_allocated=dtype.itemsize * 8, bits_stored=dtype.itemsize * 8, high_bit=dtype.itemsize * 8 - 1,
        pixel_representation=int(dtype.kind == "i"),
        keyword={"float32": "FloatPixelData", "float64": "DoubleFloatPixelData"}.get(stored, "PixelData"),
    )  # fmt: skip
    which = np.arange(frames, dtype=np.int64) % len(steps)
    limits = None if valid is None else np.tile(np.array(valid, float), (frames, 1))
    return PixelTransform(
        kind, slope, intercept, np.dtype(out), kind is TransformKind.IDENTITY, dtype, (3, 4), steps, which,
        pixel.stored_range if dtype.kind != "f" else (0, 0), limits,
    )  # fmt: skip


def values_of(dtype: str, shape: tuple[int, ...], seed: int, most: int = 50) -> np.ndarray:
    """Return stored values that are small enough for most outputs."""
    kind = np.dtype(dtype)
    low = 0 if kind.kind == "u" else -most
    values = np.random.default_rng(seed).integers(low, most, shape, endpoint=True).astype(kind)
    return values + kind.type(0.25) if kind.kind == "f" else values


def reference_of(transform: PixelTransform, stored: np.ndarray, rows: list[int]) -> np.ndarray:
    """Return what the reference gives, in float64; of a table its entries."""
    if transform.kind is TransformKind.TABLE:
        bits = stored.view(f"u{stored.itemsize}")
        return np.stack([transform.table(row)[bits[i]] for i, row in enumerate(rows)])
    return np.stack([np.asarray(transform.values(stored[i], row), np.float64) for i, row in enumerate(rows)])


WINDOWS: tuple[tuple[Step, ...], ...] = (
    (RampStep(Window(5.0, 40.0).ramp((0.0, 255.0), invert=False)),),
    (RampStep(Window(-3.5, 30.0).ramp((1.0, 3.0), invert=True)),),
    (RampStep(Window(0.5, 1.0).ramp((0.0, 255.0), invert=False)),),
)
SIGMOIDS: tuple[tuple[Step, ...], ...] = (
    (SigmoidStep(Window(5.0, 40.0, VOILUTFunctionValues.SIGMOID), (0.0, 255.0), False),),
    (SigmoidStep(Window(-8.0, 7.0, VOILUTFunctionValues.SIGMOID), (-1.0, 1.0), True),),
)


@settings(max_examples=60)
@given(st.sampled_from(STORED), st.sampled_from(WRITTEN), st.booleans(), st.integers(0, 999), st.data())
def test_slope_and_intercept_of_each_frame(
    launcher: HostLauncher, stored: str, out: str, plain: bool, seed: int, data: st.DataObject
) -> None:
    """Exactly the reference's float64, rounded once."""
    frames, rows, columns = (data.draw(st.integers(1, most)) for most in (4, 5, 37))
    kind = TransformKind.IDENTITY if plain else TransformKind.AFFINE
    transform = transform_of(kind, stored, out, frames, seed)
    values = values_of(stored, (frames, rows, columns), seed)
    if np.dtype(stored).kind == "f" and np.dtype(out).kind != "f":
        values = np.rint(values)
    expected = reference_of(transform, values, [*range(frames)])
    limits = np.finfo(out) if np.dtype(out).kind == "f" else np.iinfo(out)
    before = len(launcher.launched)
    if expected.min() < limits.min or expected.max() > limits.max:
        with pytest.raises(OutputTypeError, match=f"fit into {out}"):
            transform_frames(transform, values, [*range(frames)])
    else:
        given = transform_frames(transform, values, [*range(frames)])
        assert given.dtype == out
        np.testing.assert_array_equal(given, expected.astype(out))
    assert launcher.launched[before:] == ["transform"]


@given(st.sampled_from(STORED), st.sampled_from(["float16", "float32", "float64"]), st.integers(0, 99))
def test_windows_of_each_frame(launcher: HostLauncher, stored: str, out: str, seed: int) -> None:
    transform = transform_of(TransformKind.STEPS, stored, out, 3, seed, WINDOWS)
    values = values_of(stored, (3, 4, 9), seed)
    given = transform_frames(transform, values, [0, 1, 2])
    np.testing.assert_array_equal(given, reference_of(transform, values, [0, 1, 2]).astype(out))
    assert "transform" in launcher.launched


@given(st.sampled_from(STORED), st.integers(0, 99))
def test_sigmoid_windows_of_each_frame(stored: str, seed: int) -> None:
    transform = transform_of(TransformKind.STEPS, stored, "float64", 3, seed, SIGMOIDS)
    values = values_of(stored, (3, 4, 9), seed)
    given = transform_frames(transform, values, [0, 1, 2])
    reference = reference_of(transform, values, [0, 1, 2])
    np.testing.assert_allclose(given, reference, rtol=0, atol=4 * np.spacing(256.0))
    np.testing.assert_allclose(given[1], reference[1], rtol=0, atol=4 * np.spacing(2.0))  # from -1 to 1


@given(st.sampled_from(STORED[:4]), st.sampled_from(["int32", "float16", "float32"]), st.integers(0, 99))
def test_tables_of_each_frame(launcher: HostLauncher, stored: str, out: str, seed: int) -> None:
    steps = WINDOWS if np.dtype(out).kind == "f" else ((),)
    transform = transform_of(TransformKind.TABLE, stored, out, 5, seed, steps)
    info = np.iinfo(stored)
    values = np.random.default_rng(seed).integers(info.min, info.max, (5, 3, 21), stored, endpoint=True)
    np.testing.assert_array_equal(
        transform_frames(transform, values, [4, 1, 1, 0, 3]), reference_of(transform, values, [4, 1, 1, 0, 3])
    )
    assert "transform" in launcher.launched


@pytest.mark.parametrize("stored", STORED)
def test_all_values_of_a_type_are_kept(stored: str) -> None:
    """What needs more than float32 is not computed in it."""
    limits = np.finfo(stored) if np.dtype(stored).kind == "f" else np.iinfo(stored)
    values = np.array([limits.min, limits.max, limits.max - limits.max / 1e9]).astype(stored).reshape(1, 1, 3)
    for out in (stored, "float64"):
        given = transform_frames(transform_of(TransformKind.IDENTITY, stored, out, 1, 0), values, [0])
        np.testing.assert_array_equal(given, values.astype(out))


@pytest.mark.parametrize("stored", STORED)
def test_identity_keeps_bits(launcher: HostLauncher, stored: str) -> None:
    """Also of numbers that float64 has no room for, and of NaN with something in it."""
    bits = np.random.default_rng(8).integers(0, 255, (2, 3, 21, np.dtype(stored).itemsize), np.uint8)
    values = bits.view(stored)[..., 0]
    given = transform_frames(transform_of(TransformKind.IDENTITY, stored, stored, 2, 0), values, [0, 1])
    np.testing.assert_array_equal(given.view(np.uint8), np.ascontiguousarray(values).view(np.uint8))
    assert "transform" in launcher.launched


@pytest.mark.parametrize("columns", [8, 16, 40, 41, 47])
@pytest.mark.parametrize("begin", [0, 1, 8])
def test_flipped_columns_in_runs(launcher: HostLauncher, columns: int, begin: int) -> None:
    """From wherever they begin, and nothing beside them is touched."""
    transform = transform_of(TransformKind.AFFINE, "int16", "float32", 2, 3)
    stored = values_of("int16", (2, 3, columns), 5)
    base = np.full((2, 3, 64), -7.0, "f4")
    out = base[:, :, begin : begin + columns][:, :, ::-1]
    expected = base.copy()
    expected[:, :, begin : begin + columns] = reference_of(transform, stored, [0, 1]).astype("f4")[:, :, ::-1]
    scatter_frames(transform, stored, [0, 1], out, np.arange(2))
    np.testing.assert_array_equal(base, expected)


@settings(max_examples=60)
@given(st.data())
def test_rectangles_of_frames_go_to_their_places_in_any_layout(launcher: HostLauncher, data: st.DataObject) -> None:
    """Crop, flip, permutation and tiles: what NumPy's indexing says, and nothing beside it is touched."""
    draw = data.draw
    frames, rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 9)), draw(st.integers(1, 40))
    samples = draw(st.sampled_from([(), (3,)]))
    transform = transform_of(TransformKind.AFFINE, "int16", "float32", frames, 3)
    stored = values_of("int16", (frames, rows, columns, *samples), 5)
    if draw(st.booleans()):
        stored = np.asfortranarray(stored)
    order = draw(st.permutations(range(3)))
    flips = tuple(slice(None, None, draw(st.sampled_from([1, -1, 2]))) for _ in range(3))
    base = np.full([*(2 * (frames, rows, columns)[axis] for axis in order), *samples], -7.0, "f4")
    out = base.transpose(*np.argsort(order), *range(3, base.ndim))[flips]
    regions = destination = None
    if draw(st.booleans()):
        sizes = [(draw(st.integers(0, rows)), draw(st.integers(0, columns))) for _ in range(frames)]
        regions = np.array(
            [(*(draw(st.integers(0, most - size)) for most, size in zip((rows, columns), sized, strict=True)), *sized,
              *(draw(st.integers(0, most - size)) for most, size in zip((rows, columns), sized, strict=True)))
             for sized in sizes], np.int64
        )  # fmt: skip
    elif out.shape[1:3] != (rows, columns):
        out = out[:, :rows, :columns]
    destination = np.array(draw(st.permutations(range(frames))), np.int64)
    expected = out.copy()
    values = reference_of(transform, stored, [*range(frames)]).astype("f4")
    for index, place in enumerate(destination):
        top, left, high, wide, y, x = (0, 0, rows, columns, 0, 0) if regions is None else regions[index]
        expected[place, top : top + high, left : left + wide] = values[index, y : y + high, x : x + wide]
    scatter_frames(transform, stored, [*range(frames)], out, destination, regions)
    assert "transform" in launcher.launched or regions is not None
    np.testing.assert_array_equal(out, expected)


@given(st.sampled_from(STORED), st.integers(0, 99))
def test_values_that_may_not_be_mapped_are_found(stored: str, seed: int) -> None:
    transform = transform_of(TransformKind.AFFINE, stored, "float32", 2, seed, valid=(0, 40))
    values = np.abs(values_of(stored, (2, 4, 30), seed, most=39))
    transform_frames(transform, values, [0, 1])
    values[1, 3, 29] = 41
    with pytest.raises(UnmappedValueError, match="outside of what the real-world value map maps"):
        transform_frames(transform, values, [0, 1])


@pytest.mark.parametrize("shape", [(0, 4, 5), (2, 0, 5), (2, 4, 0)])
def test_nothing_to_do(shape: tuple[int, int, int]) -> None:
    transform = transform_of(TransformKind.AFFINE, "int16", "float32", 2, 0)
    assert transform_frames(transform, np.zeros(shape, np.int16), [*range(shape[0])]).shape == shape


def test_places_beyond_32_bits(launcher: HostLauncher) -> None:
    """Rows and columns so far apart that their places need 64 bits; only pages that are touched take memory."""
    memory = np.empty(1 << 33, np.uint8)
    out = np.lib.stride_tricks.as_strided(memory, (2, 2, 9), (1 << 32, 1 << 31, 1 << 27))
    transform = transform_of(TransformKind.IDENTITY, "uint8", "uint8", 2, 0)
    stored = values_of("uint8", (2, 2, 9), 1)
    scatter_frames(transform, stored, [0, 1], out, np.array([1, 0]))
    np.testing.assert_array_equal(out, stored[::-1])


def test_a_grid_of_more_than_2_to_the_31_elements(launcher: HostLauncher) -> None:
    """The last blocks of it alone are run: their places need 64 bits."""
    count = (1 << 32) + 100
    stored, out = np.zeros((1, 1, count), np.uint8), np.zeros((1, 1, count), np.uint8)
    stored[..., -300:] = np.arange(300) % 251
    last_block_only(launcher)
    scatter_frames(transform_of(TransformKind.IDENTITY, "uint8", "uint8", 1, 0), stored, [0], out, np.array([0]))
    np.testing.assert_array_equal(out[..., -100:], stored[..., -100:])
    assert not out[..., : 1 << 20].any()


VALUES: list[Any] = [
    *(0.0, -0.0, np.inf, -np.inf, np.nan, 65504.0, 65519.999, 65520.0, 2049.0, 2051.0),
    1 + 2.0**-8 + 2.0**-40,  # half-way between two bfloat16 once it is a float32
    *(1e-8, 2.0**-24, 2.0**-25, 3 * 2.0**-25, 2.0**-14, 2.0**-14 - 2.0**-25),
]


@example(VALUES)
@given(st.lists(st.one_of(st.sampled_from(VALUES), st.floats(width=64), st.floats(-1, 1)), min_size=1, max_size=40))
def test_halves_are_rounded_once(values: list[float]) -> None:
    """float16 as NumPy converts float64, bit for bit but for the payload of NaN; infinities only from infinities."""
    stored = np.array(values).reshape(1, 1, -1)
    transform = transform_of(TransformKind.IDENTITY, "float64", "float16", 1, 0)
    with np.errstate(over="ignore"):
        expected = stored.astype(np.float16)
    out = np.empty(stored.shape, np.float16)
    flags = scatter_frames(transform, stored, [0], out, np.array([0]))
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(np.signbit(out[~np.isnan(out)]), np.signbit(expected[~np.isnan(out)]))
    assert flags.tolist() == [int((np.isinf(expected) & ~np.isinf(stored)).any())]


@example(VALUES)
@given(st.lists(st.one_of(st.sampled_from(VALUES), st.floats(width=32), st.floats(-1, 1)), min_size=1, max_size=40))
def test_bfloat16_is_what_torch_makes_of_float32(values: list[float]) -> None:
    """NumPy has no such type: the kernel writes its bits, and torch says what they should be."""
    torch = pytest.importorskip("torch")
    stored, out = np.array(values).reshape(1, 1, -1), np.zeros((1, 1, len(values)), np.uint16)
    transform = transform_of(TransformKind.IDENTITY, "float64", "float64", 1, 0)
    names = {id(out): "bfloat16", id(stored): "float64"}
    with mock.patch.object(device, "type_name", lambda array: names[id(array)]):
        scatter_frames(transform, stored, [0], out, np.array([0]))
    with np.errstate(over="ignore"):
        expected = (
            torch.from_numpy(stored.astype(np.float32)).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
        )
    number = ~np.isnan(stored)
    np.testing.assert_array_equal(out[number], expected[number])
    assert ((out[~number] & 0x7FFF) > 0x7F80).all()
