from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.volume import Volume
from hdgpu.volume.resampling import device
from hdgpu.volume.resampling.grid import IndexMap
from hdgpu.volume.resampling.tables import AxisTable
from tests.kernels.on_device import last_block_only
from tests.kernels.on_host import HostLauncher
from tests.kernels.resampling import by_reference, laid_out, random_array, resampled

TYPES = [("int16", "int16"), ("uint8", "float32"), ("float32", "float32"), ("int32", "float64")]
MUTATIONS = [
    ("resample_along.cu", "index + TAPS0 * count0", "index + count0", "test_any_axes"),
    ("resample_along.cu", "index1 + TAPS1 * count1", "index1 + count1", "test_any_axes"),
    ("resample_along.cu", "weights1 + Taps<TAPS1>::WEIGHTS * count1", "weights1 + count1", "test_any_axes"),
    ("resample_along.cu", "= weights[tap * count + at]", "= weights[tap + at]", "test_any_axes"),
    ("resample_along.cu", "const Index plane = i - begin0", "const Index plane = i", "test_any_axes"),
    ("resample_along.cu", "column >= 0 && column < count2", "column < count2", "test_any_axes"),
    ("resample_along.cu", "x, columns * channels)", "x, columns)", "test_any_axes"),
    ("resample_along.cu", "value_at(place[1]), weight[0]", "value_at(place[1]), weight[0] / 2", "test_any_axes"),
    ("resample_along.cu", "channel * channel_stride", "channel", "test_any_axes"),
    ("interpolation.cuh", "out = static_cast<float32>(value)", "out = -value", "doubles"),
]  # fmt: skip
pytestmark = pytest.mark.usefixtures("launcher")


def axis_map(order: Any, steps: Any, offset: Any) -> IndexMap:
    """Return the map in which axis `order[t]` of the source follows axis t of the target."""
    matrix, start = np.zeros((3, 3)), np.zeros(3)
    for axis, followed in enumerate(order):
        matrix[followed, axis], start[followed] = steps[axis], offset[axis]
    return IndexMap(start, matrix)


def assert_equal(launcher: HostLauncher, *arguments: Any, **options: Any) -> Any:
    """Resample on a grid along the source's axes by the kernel, and compare."""
    before = len(launcher.launched)
    given = resampled(*arguments, **options)
    expected = by_reference(*arguments, **options)
    np.testing.assert_array_equal(given, expected, strict=True)
    if (expected != options["fill_value"]).any():
        assert launcher.launched[before:][-1] == "resample_along"
    return given


# Along an axis: voxels as they are, one step of the source for each of the target; or others between.
PLAIN = st.tuples(st.sampled_from([1.0, -1.0, 2.0]), st.sampled_from([0.0, 3.0, -2.0]))
BETWEEN = st.tuples(st.floats(-2.0, 2.0).map(lambda step: round(step, 3)), st.floats(-3.0, 8.0))


@pytest.mark.parametrize("kind", ["linear", "cubic"])
@given(st.permutations(range(3)), st.tuples(*[st.one_of(PLAIN, BETWEEN)] * 3), st.sampled_from(TYPES), st.data())
@settings(max_examples=40)
def test_any_axes_types_and_layout(
    launcher: HostLauncher, kind: str, order: Any, lines: Any, types: Any, data: st.DataObject
) -> None:
    """One tap, two or four along each axis; of all their combinations two thirds, for each costs a compilation."""
    shape, target = (tuple(data.draw(st.integers(1, most)) for most in mosts) for mosts in ((6, 6, 9), (5, 5, 40)))
    array = laid_out(random_array((*shape, data.draw(st.integers(1, 3))), types[0]), data.draw)
    index_map = axis_map(order, [line[0] for line in lines], [line[1] for line in lines])
    if index_map.axes is not None:
        assert_equal(launcher, array, index_map, target, interpolation=kind, fill_value=3, dtype=types[1])


@given(st.permutations(range(3)), st.tuples(*[BETWEEN] * 3), st.data())
@settings(max_examples=30)
def test_nearest_voxels_of_any_type(launcher: HostLauncher, order: Any, lines: Any, data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(["bool", "int8", "uint16", "float16", "float32", "int64", "float64"]))
    array = laid_out(np.random.default_rng(3).integers(0, 2**7, (4, 5, 6, 2)).astype(dtype), data.draw)
    index_map = axis_map(order, [line[0] for line in lines], [line[1] for line in lines])
    if index_map.axes is not None:
        assert_equal(launcher, array, index_map, (5, 5, 9), interpolation="nearest", fill_value=1, dtype=None)


def test_voxels_that_are_not_finite(launcher: HostLauncher) -> None:
    """A weight of zero leaves its voxel out."""
    array = random_array((6, 6, 7), "float32")
    array[2, 3, 4], array[1, 1, 1], array[4, 4, 4], array[0, 2, 5] = np.nan, np.inf, -np.inf, 3e38
    index_map = axis_map((0, 1, 2), (0.5, 0.5, 0.5), (0.0, 0.0, -1.0))
    given = assert_equal(
        launcher, array, index_map, (11, 11, 15), interpolation="linear", fill_value=np.nan, dtype=None
    )
    assert np.isfinite(given).any()


def test_doubles_are_rounded_once(launcher: HostLauncher) -> None:
    index_map = axis_map((0, 1, 2), (0.3, 1.0, 0.7), (0.1, 0.0, 0.2))
    array = random_array((4, 5, 6), "float64")
    assert_equal(launcher, array, index_map, (9, 5, 7), interpolation="linear", fill_value=0, dtype="float32")


def test_grids_that_do_not_overlap_are_filled(launcher: HostLauncher) -> None:
    index_map = axis_map((0, 1, 2), (0.3, 1.0, 0.7), (9.0, 0.0, 0.2))
    given = assert_equal(
        launcher,
        random_array((4, 5, 6), "int16"),
        index_map,
        (3, 4, 5),
        interpolation="cubic",
        fill_value=-7,
        dtype=None,
    )
    assert (given == -7).all()
    assert launcher.launched == []


def test_volumes_take_the_kernel(launcher: HostLauncher) -> None:
    volume = Volume(random_array((5, 6, 7), "int16"), np.eye(4), "PATIENT")
    given = volume.resample(spacing=0.7, interpolation="linear")
    assert launcher.launched == ["resample_along"]
    index_map = IndexMap.between(volume.affine, given.affine, given.spatial_shape)
    expected = by_reference(
        volume.array, index_map, given.spatial_shape, interpolation="linear", fill_value=0.0, dtype=None
    )
    np.testing.assert_array_equal(given.array, expected)


def test_places_beyond_32_bits(launcher: HostLauncher) -> None:
    """Source voxels so far apart that their places need 64 bits; only pages that are touched take memory."""
    memory = np.empty(1 << 33, np.uint8)
    source = np.lib.stride_tricks.as_strided(memory, (2, 2, 9), (1 << 32, 1 << 31, 1 << 27))
    source[...] = random_array((2, 2, 9), "uint8")
    index_map = axis_map((0, 1, 2), (0.5, 0.5, 0.5), (0.0, 0.0, 0.0))
    assert_equal(launcher, source, index_map, (3, 3, 18), interpolation="linear", fill_value=3, dtype=None)


def test_a_target_of_more_than_2_to_the_31_voxels(launcher: HostLauncher) -> None:
    """The last block of it alone is run: its places need 64 bits."""
    last_block_only(launcher)
    source, out = random_array((2, 3, 40, 1), "uint8"), np.zeros((2, 3, 1 << 30, 1), np.uint8)
    end = (1 << 30) - 30
    tables = [AxisTable(0, np.arange(count, dtype=np.int32)[:, None], np.empty(0, "f4")) for count in (2, 3)]
    last = AxisTable(end, np.arange(30, dtype=np.int32)[:, None], np.empty(0, "f4"))
    device.resample_along(source, out, [*tables, last], "float32", 3)
    np.testing.assert_array_equal(out[..., end:, :], source[:, :, :30])
    assert (out[0, 0, end - 2 : end] == 3).all()
    assert not out[0, 0, : 1 << 20].any()
