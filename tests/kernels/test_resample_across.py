from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.volume import Volume
from hdgpu.volume.resampling import device
from hdgpu.volume.resampling.grid import IndexMap
from tests.kernels.on_device import last_block_only
from tests.kernels.on_host import HostLauncher
from tests.kernels.resampling import PAIRS, by_reference, index_maps, laid_out, random_array, resampled
from tests.volume.resampling import make_grid

ELEMENTS = ("bool", "int8", "uint16", "float16", "float32", "int64", "float64")
TURNED = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
MUTATIONS = [
    ("interpolation.cuh", "fabs(rest) <= 1e-6", "fabs(rest) <= 1e-7", "test_places_next_to"),
    ("interpolation.cuh", "near ? half : x, near ? 0.0 : rest", "near ? half : x, rest", "test_places_next_to"),
    ("interpolation.cuh", "below = !odd && rest < 0.0", "below = rest < 0.0", "test_any_grid"),
    (
        "interpolation.cuh",
        "static_cast<float64>(size) - 0.5",
        "static_cast<float64>(size) - 1.0",
        "test_places_next_to",
    ),
    ("interpolation.cuh", "at = at < 0 ? -at : at;", "", "test_short_axes"),
    ("interpolation.cuh", "always_finite || weight > 0 ? value : first", "value", "not_finite"),
    (
        "interpolation.cuh",
        "weights[2] = two_thirds - (half * uu)",
        "weights[2] = two_thirds - half * (u * u * u)",
        "cubic",
    ),
    ("interpolation.cuh", "? rint(inside)", "? floor(inside + Value(0.5))", "test_halves"),
    ("interpolation.cuh", "inside = inside <= most ? inside : most;", "", "test_splines_that_overshoot"),
    ("interpolation.cuh", "at[axis].halves + 1, at", "at[axis].halves, at", "nearest"),
    ("resample_across.cu", "channel * channel_stride", "channel", "test_any_grid"),
    ("resample_across.cu", "(i * rows + j) * columns * channels", "(i * rows + j) * columns", "test_any_grid"),
]
pytestmark = pytest.mark.usefixtures("launcher")


def oblique(offset: Any, steps: Any = TURNED) -> IndexMap:
    return IndexMap(np.array(offset, float), np.array(steps, float))


def assert_equal(launcher: HostLauncher, *arguments: Any, **options: Any) -> Any:
    """Resample on a rotated grid by the kernel, and compare."""
    before = len(launcher.launched)
    given = resampled(*arguments, **options)
    assert launcher.launched[before:][-1] == "resample_across"
    np.testing.assert_array_equal(given, by_reference(*arguments, **options), strict=True)
    return given


@pytest.mark.parametrize("kind", ["linear", "cubic"])
@given(index_maps(), st.sampled_from(PAIRS), st.sampled_from([(), (1,), (3,), (2, 2)]), st.data())
@settings(max_examples=40)
def test_any_grid_types_and_layout(
    launcher: HostLauncher, kind: str, maps: Any, types: Any, channels: Any, data: st.DataObject
) -> None:
    shape, index_map, target = maps
    array = laid_out(random_array((*shape, *channels), types[0]), data.draw)
    options = {"interpolation": kind, "fill_value": 3, "dtype": types[1]}
    if index_map.axes is None:
        assert_equal(launcher, array, index_map, target, **options)


@given(index_maps(), st.sampled_from(ELEMENTS), st.data())
@settings(max_examples=40)
def test_nearest_voxels_of_any_type(launcher: HostLauncher, maps: Any, dtype: str, data: st.DataObject) -> None:
    shape, index_map, target = maps
    array = laid_out(np.random.default_rng(3).integers(0, 2**7, (*shape, 2)).astype(dtype), data.draw)
    if index_map.axes is None:
        options = {"interpolation": "nearest", "fill_value": 1, "dtype": None}
        assert_equal(launcher, array, index_map, target, **options)


@pytest.mark.parametrize("kind", ["nearest", "linear", "cubic"])
def test_places_next_to_borders_and_centres(launcher: HostLauncher, kind: str) -> None:
    """Within a millionth of a voxel of a multiple of half of one, and a little further away."""
    array, steps = random_array((5, 6, 7), "float32"), TURNED.copy()
    steps[2] = 0.25, 0.0, 0.25
    for shift in (0.0, 0.5, 0.4999995, 0.5000005, -5e-7, 5e-7, -2e-6, 2e-6, 0.500002, 0.499998):
        index_map = oblique((shift, -0.5 + shift, -0.5 - shift), steps)
        assert_equal(launcher, array, index_map, (9, 7, 40), interpolation=kind, fill_value=-9, dtype=None)


@pytest.mark.parametrize("kind", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 2, 2), (1, 2, 3), (3, 1, 2)])
def test_short_axes(launcher: HostLauncher, kind: str, shape: tuple[int, int, int]) -> None:
    array, steps = random_array(shape, "float32"), TURNED / 7
    assert_equal(
        launcher, array, oblique((-0.5, -0.5, -0.5), steps), (25, 25, 33), interpolation=kind, fill_value=7, dtype=None
    )


@pytest.mark.parametrize("kind", ["linear", "cubic"])
def test_voxels_that_are_not_finite(launcher: HostLauncher, kind: str) -> None:
    """A weight of zero leaves its voxel out."""
    array = random_array((6, 6, 7), "float32")
    array[2, 3, 4], array[1, 1, 1], array[4, 4, 4], array[0, 2, 5] = np.nan, np.inf, -np.inf, 3e38
    steps = [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]]
    index_map = oblique((0.0, 0.0, 0.0), steps)
    given = assert_equal(launcher, array, index_map, (12, 6, 14), interpolation=kind, fill_value=np.nan, dtype=None)
    assert np.isfinite(given).any() == (kind == "linear")  # a spline depends on all voxels


def test_halves_are_rounded_to_even(launcher: HostLauncher) -> None:
    array = np.arange(4 * 4 * 8, dtype=np.int16).reshape(4, 4, 8)
    steps = [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]]
    index_map = oblique((0, 0, 0), steps)
    assert_equal(launcher, array, index_map, (4, 4, 15), interpolation="linear", fill_value=0, dtype=None)


def test_splines_that_overshoot_are_brought_to_the_range(launcher: HostLauncher) -> None:
    array = np.where(np.random.default_rng(2).random((9, 9, 9)) < 0.5, 0, 255).astype(np.uint8)
    given = assert_equal(
        launcher, array, oblique((0, 4, 0), TURNED / 2), (9, 9, 17), interpolation="cubic", fill_value=9, dtype=None
    )
    assert {0, 255} < {*given.ravel().tolist()}


@pytest.mark.parametrize("offset", [(1e300, 0, 0), (-1e9, 0, 0), (0, 2.0**31 - 0.75, 0), (2.0**30, 0, 2.0**62)])
def test_places_far_outside(launcher: HostLauncher, offset: Any) -> None:
    given = assert_equal(
        launcher, random_array((3, 4, 5), "int16"), oblique(offset), (2, 3, 5), interpolation="linear", fill_value=-5,
        dtype=None,
    )  # fmt: skip
    assert (given == -5).all()


def test_volumes_take_the_kernel(launcher: HostLauncher) -> None:
    volume = Volume(random_array((5, 6, 7), "int16"), np.eye(4), "PATIENT")
    grid = make_grid((6, 6, 6), 0.7, TURNED, (2.0, 2.5, 3.0))
    given = volume.resample(geometry=grid, interpolation="linear")
    assert launcher.launched == ["resample_across"]
    index_map = IndexMap.between(volume.affine, grid.affine, (6, 6, 6))
    expected = by_reference(volume.array, index_map, (6, 6, 6), interpolation="linear", fill_value=0.0, dtype=None)
    np.testing.assert_array_equal(given.array, expected)


def test_what_the_kernel_does_not_take_goes_by_the_reference(launcher: HostLauncher) -> None:
    for array in (random_array((3, 4, 5), "int64"), random_array((3, 4, 5), "float32").astype("float16")):
        options = {"interpolation": "linear", "fill_value": 0, "dtype": None}
        given = resampled(array, oblique((0, 0, 0)), (2, 3, 5), **options)
        np.testing.assert_array_equal(given, by_reference(array, oblique((0, 0, 0)), (2, 3, 5), **options))
    assert launcher.launched == []
    fields = np.zeros((3, 4, 5, 1), np.dtype([("a", "u1"), ("b", "<i2")]))
    assert not device.suitable(fields["b"], np.dtype("int16"), 0)
    long = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (1 << 30, 1, 1, 1), (0, 0, 0, 0))
    assert not device.suitable(long, np.dtype("uint8"), 0)
    assert device.suitable(long[1:], np.dtype("uint8"), 0)
    assert not device.suitable(fields["a"][:0], np.dtype("uint8"), 0)


def test_places_beyond_32_bits(launcher: HostLauncher) -> None:
    """Source voxels so far apart that their places need 64 bits; only pages that are touched take memory."""
    memory = np.empty(1 << 33, np.uint8)
    source = np.lib.stride_tricks.as_strided(memory, (2, 2, 9), (1 << 32, 1 << 31, 1 << 27))
    source[...] = random_array((2, 2, 9), "uint8")
    assert_equal(launcher, source, oblique((0, 1, 0)), (3, 3, 9), interpolation="linear", fill_value=3, dtype=None)


def test_a_target_of_more_than_2_to_the_31_voxels(launcher: HostLauncher) -> None:
    """The last block of it alone is run: its places need 64 bits."""
    last_block_only(launcher)
    source, out = random_array((40, 5, 6, 1), "uint8"), np.zeros((2, 3, 1 << 30, 1), np.uint8)
    end = (1 << 30) - 30
    steps = np.array([[0.5, 0.0, 2.0**-3], [0.5, 0.5, 0.0], [0.0, 0.5, 0.0]])
    index_map = IndexMap(np.array([-end / 8.0, 0.0, 0.0]), steps)
    device.resample_across(source, out, index_map, 1, "float32", 3)
    near = IndexMap(np.zeros(3), steps)
    expected = by_reference(source, near, (2, 3, 30), interpolation="linear", fill_value=3, dtype=None)
    np.testing.assert_array_equal(out[1, :, -16:], expected[1, :, -16:])
    assert (expected != 3).any()
    assert not out[0, 0, : 1 << 20].any()
