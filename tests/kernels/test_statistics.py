from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.errors import OutputTypeError
from hdgpu.volume import intensity, statistics
from hdgpu.volume.statistics import statistics_of
from tests.kernels.on_device import last_block_only
from tests.kernels.on_host import HostLauncher
from tests.kernels.resampling import laid_out

TYPES = ("uint8", "int16", "uint32", "int64", "float16", "float32", "float64", "bool")
SHAPES = st.tuples(st.integers(1, 20), st.integers(1, 9), st.integers(1, 40))
CHANNELS = st.sampled_from([(), (1,), (3,), (2, 2), (40,)])
MUTATIONS = [
    ("moments.cuh", "squares - sum * mean", "squares", "test_any_layout"),
    ("moments.cuh", "difference * difference * a.count * part", "difference * a.count * part", "test_any_layout"),
    ("moments.cuh", "values[i] < least ? values[i]", "values[i] < most ? values[i]", "test_any_layout"),
    ("moments.cuh", "return b < a || b != b ? b", "return b < a ? b", "not_finite"),
    ("moments.cuh", "has_nan = has_nan || values[i] != values[i];", "", "not_finite"),
    ("moments.cuh", " + (first - first)", "", "not_finite"),
    ("moments.cuh", "low != high ?", "false ?", "not_finite"),
    ("moments.cuh", "exponent + 112", "exponent + 111", "test_any_layout"),
    ("statistics.cu", "member + half < members", "member + half <= members", "test_any_layout"),
    ("statistics.cu", "first + (RUN - 1) * apart", "first + (RUN - 2) * apart", "beyond_a_row"),
    ("statistics.cu", "gridDim.y + blockIdx.y) * gridDim.x", "gridDim.y) * gridDim.x", "test_any_layout"),
    ("statistics.cu", "group * period + mine % period) * blocks", "mine % period) * blocks", "lie_apart"),
    ("statistics.cu", "layer * layer_stride + ", "", "test_any_layout"),
]  # fmt: skip
pytestmark = pytest.mark.usefixtures("launcher")


def values_of(shape: tuple[int, ...], dtype: str) -> Any:
    """Return values far from zero with a small deviation, whose sum of squares says little about that."""
    generator = np.random.default_rng(7)
    if dtype == "bool":
        return generator.random(shape) < 0.3
    kind = np.dtype(dtype)
    center = {"uint8": 200, "float16": -1.5, "float64": 1e8}.get(dtype, 3000)
    values = center + generator.normal(size=shape) * (0.1 if kind.kind == "f" else 7)
    return np.clip(values, 0, 255).astype(kind) if dtype == "uint8" else values.astype(kind)


def check(array: Any, per_channel: bool) -> None:
    found = statistics_of(array, per_channel)
    assert found is not None
    axis = (0, 1, 2) if per_channel else tuple(range(array.ndim))
    wide = array.astype(np.longdouble)
    # what a mean in double precision cannot be nearer to
    rounding = 4 * np.spacing(np.abs(wide).max().astype(float))
    np.testing.assert_array_equal(found.minimum, wide.min(axis=axis, keepdims=True).astype(float), strict=True)
    np.testing.assert_array_equal(found.maximum, wide.max(axis=axis, keepdims=True).astype(float), strict=True)
    np.testing.assert_allclose(found.mean, wide.mean(axis=axis, keepdims=True), rtol=1e-12, atol=0)
    np.testing.assert_allclose(found.deviation, wide.std(axis=axis, keepdims=True), rtol=1e-12, atol=rounding)


@pytest.mark.parametrize("per_channel", [False, True])
@given(SHAPES, CHANNELS, st.sampled_from(TYPES), st.data())
@settings(max_examples=40)
def test_any_layout_and_type(
    launcher: HostLauncher, per_channel: bool, shape: Any, channels: Any, dtype: str, data: st.DataObject
) -> None:
    array = laid_out(values_of((*shape, *channels), dtype), data.draw)
    before = len(launcher.launched)
    check(array, per_channel)
    assert launcher.launched[before:] == ["statistics", "statistics"]


@pytest.mark.parametrize("value", [0.1, 1e30, -3.7e-7])
def test_equal_values_have_no_deviation(value: float) -> None:
    found = statistics_of(np.full((3, 50, 70), value), False)
    assert found is not None
    assert [each.item() for each in found] == [value, value, value, 0.0]
    almost = statistics_of(np.array([value, np.nextafter(value, 2 * value)] * 300).reshape(2, 3, 100), False)
    assert almost is not None
    assert 0 <= almost.deviation.item() < 2 * np.spacing(abs(value))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("extra", [(np.nan,), (np.inf,), (-np.inf,), (np.inf, -np.inf), (np.nan, np.inf)])
def test_values_that_are_not_finite_as_numpy_has_them(dtype: str, extra: tuple[float, ...]) -> None:
    for size, column in ((2, 1), (700, 699), (9000, 300)):  # of few elements, of a rest, and amid those fetched at once
        array = np.random.default_rng(0).normal(size=(1, 5, size)).astype(dtype)
        for step, value in enumerate(extra):
            array[0, 2 * step, column] = value
        found = statistics_of(array, False)
        assert found is not None
        with np.errstate(invalid="ignore"):
            expected = [float(call(array.astype(float))) for call in (np.min, np.max, np.mean, np.std)]
        np.testing.assert_allclose([each.item() for each in found], expected)
    one = statistics_of(array[:, 0:1, column : column + 1], False)
    assert one is not None
    assert np.isnan(one.deviation.item())


def test_results_are_the_same_every_time() -> None:
    """Whichever thread comes first: launches take turns in it."""
    array = np.random.default_rng(0).normal(size=(9, 70, 90))
    first, *others = ([each.item() for each in statistics_of(array, False) or ()] for _ in range(4))
    assert others == [first] * 3


@pytest.mark.parametrize("columns", [3839, 3840, 3841, 4096])
def test_what_lies_beyond_a_row_does_not_count(columns: int) -> None:
    """Rows that the elements fetched at once nearly fill."""
    memory = np.full((1, 2, 9000), 9999.0)
    memory[..., :columns] = values_of((1, 2, columns), "float64")
    check(memory[..., :columns], False)


@pytest.mark.parametrize("channels", [(3,), (5, 3), (2, 3, 4)])
def test_channels_that_lie_apart_have_their_own(channels: tuple[int, ...]) -> None:
    """Some next to one another, and some in groups far apart."""
    array = values_of((*channels, 3, 20, 30), "float32")
    check(np.moveaxis(array, range(len(channels)), range(-len(channels), 0)), True)
    check(np.ascontiguousarray(np.moveaxis(array, range(len(channels)), range(-len(channels), 0))), True)
    if len(channels) > 1:  # the last axis within a voxel, the others by volume
        mixed = np.moveaxis(
            values_of((*channels[:-1], 3, 20, 30, channels[-1]), "float32"),
            range(len(channels) - 1),
            range(3, 2 + len(channels)),
        )
        check(mixed, True)


def test_many_blocks_are_merged() -> None:
    array = np.random.default_rng(0).integers(0, 9, (1, 1500, 33), np.uint8)[:, :, ::2]
    with mock.patch.object(statistics, "_RUN", 1):
        check(array, False)


def test_what_the_kernel_does_not_take() -> None:
    assert statistics_of(np.zeros((2, 0, 3)), False) is None
    assert statistics_of(np.zeros((2, 2, 3), complex), False) is None
    fields = np.zeros((3, 4, 5), np.dtype([("a", "u1"), ("b", "<i2")]))
    assert statistics_of(fields["b"], False) is None


def test_places_beyond_32_bits() -> None:
    """Elements so far apart that their places need 64 bits; only pages that are touched take memory."""
    memory = np.empty(1 << 33, np.uint8)
    array = np.lib.stride_tricks.as_strided(memory, (2, 2, 9), (1 << 32, 1 << 31, 1 << 27))
    array[...] = values_of((2, 2, 9), "uint8")
    check(array, False)
    check(array[..., None], True)


def test_an_array_of_more_than_2_to_the_31_elements(launcher: HostLauncher) -> None:
    """The last block of each launch alone is run, over rows without a stride."""
    last_block_only(launcher)
    line = np.arange(1 << 10, dtype=np.uint8).reshape(1, 1, -1)
    array = np.lib.stride_tricks.as_strided(line, (1 << 11, 1 << 11, 1 << 10), (0, 0, 1))
    empty = np.empty
    with mock.patch.object(np, "empty", lambda *shape, **options: empty(*shape, **options) * 0):
        assert statistics_of(array, False) is not None
    assert launcher.launched == ["statistics", "statistics"]


@given(
    st.lists(st.sampled_from([0.0, -1.0, 127.0, 128.0, 3e38, 1e300, np.inf, -np.inf, np.nan]), min_size=1, max_size=5),
    st.sampled_from(["float32", "float64", "int16", "int64"]),
    st.sampled_from(["int8", "uint8", "int64", "float16", "float32", "float64"]),
)
def test_casting_finds_what_does_not_fit(values: list[float], source: str, target: str) -> None:
    with np.errstate(invalid="ignore", over="ignore"):
        array = np.array(values).astype(source).reshape(1, 1, -1)
        results: list[Any] = []
        for found in (statistics_of, lambda *_, **__: None):
            with mock.patch.object(intensity, "statistics_of", found):
                try:
                    results.append(intensity.cast(array, target).tolist())
                except OutputTypeError as error:
                    results.append(str(error))
    assert repr(results[0]) == repr(results[1])
