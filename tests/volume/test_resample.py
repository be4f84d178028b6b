"""`Volume.resample`: grids, exactness, types, masks and what is refused, in every array library."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.array.functions import dtype_name
from hdgpu.array.interop import to_numpy
from hdgpu.enum import InterpolationMethods
from hdgpu.errors import CoordinateSystemError, GeometryMismatchError, OutputTypeError, VolumeError
from hdgpu.volume import Volume, VolumeGeometry
from hdgpu.volume.resampling.grid import grid_with_spacing
from tests.volume.resampling import (
    DTYPES,
    KINDS,
    SHAPES,
    SPACINGS,
    make_grid,
    pairs_of_grids,
    random_array,
    rotations,
    without,
)

__all__ = ["without"]


def turned_grid(shape=(7, 6, 8), spacing=(0.8, 1.1, 0.9), center=(3.1, 2.6, 3.9)):
    direction = np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2 + 2 * np.eye(3))[0]
    return make_grid(shape, spacing, direction, center)


def straight_grid(shape=(7, 6, 8), spacing=(0.8, 1.1, 0.9), center=(3.1, 2.6, 3.9)):
    return make_grid(shape, spacing, np.eye(3)[:, [1, 2, 0]] * [1, -1, 1], center)


def volume_of(xp, shape=(6, 7, 8), dtype="float32", **options):
    return Volume(xp.asarray(random_array(shape, dtype)), np.eye(4), "PATIENT", **options)


# --- All libraries ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [*DTYPES, "float16", "int64"])
@pytest.mark.parametrize("grid", [turned_grid(), straight_grid()])
def test_every_library_computes_the_same(xp, kind, dtype, grid):
    if dtype == "float16" and xp.name == "array_api_strict":
        pytest.skip("the standard has no half precision")
    volume = volume_of(xp, dtype=dtype)
    result = volume.resample(geometry=grid, interpolation=kind, fill_value=3)
    expected = Volume(to_numpy(volume.array), np.eye(4), "PATIENT").resample(
        geometry=grid, interpolation=kind, fill_value=3
    )
    assert xp.is_mine(result.array)
    assert dtype_name(result.dtype) == dtype
    np.testing.assert_array_equal(to_numpy(result.array), expected.array)


@given(pairs_of_grids(), st.sampled_from(KINDS), st.sampled_from(["int16", "float32", "float64"]))
@settings(max_examples=40)
def test_every_library_computes_the_same_anywhere(xp, grids, kind, dtype):
    source, target = grids
    array = random_array(source.spatial_shape, dtype)
    expected = Volume(array, source.affine, "PATIENT").resample(geometry=target, interpolation=kind).array
    result = Volume(xp.asarray(array), source.affine, "PATIENT").resample(geometry=target, interpolation=kind)
    np.testing.assert_array_equal(to_numpy(result.array), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grid", [turned_grid(), straight_grid(), VolumeGeometry(np.eye(4), (3, 4, 5), "PATIENT")])
def test_channels_are_resampled_alike(xp, kind, grid):
    channels = {"DiffusionBValue": [0.0, 500.0, 1000.0], "EchoTime": [10.0, 20.0]}
    volume = volume_of(xp, (6, 7, 8, 3, 2), "int16", channels=channels, report="a report")
    result = volume.resample(geometry=grid, interpolation=kind, fill_value=-1)
    assert result.shape == (*grid.spatial_shape, 3, 2)
    assert result.channel_descriptors == volume.channel_descriptors
    assert result.report == "a report"
    for b_value in channels["DiffusionBValue"]:
        for echo_time in channels["EchoTime"]:
            chosen = {"DiffusionBValue": b_value, "EchoTime": echo_time}
            alone = volume.get_channel(**chosen).resample(geometry=grid, interpolation=kind, fill_value=-1)
            np.testing.assert_array_equal(
                to_numpy(result.get_channel(**chosen).array), to_numpy(alone.array), strict=True
            )


# --- Exactness --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32", "float64", "int64"])
@given(data=st.data())
@settings(max_examples=15)
def test_grids_on_the_same_voxels_take_them_as_they_are(kind, dtype, data):
    """Crops, flips, permutations and padding on an oblique grid: what match_geometry gives without interpolation."""
    grid = make_grid(data.draw(SHAPES), data.draw(SPACINGS), data.draw(rotations()), (41.7, -300.2, 77.3))
    volume = Volume(random_array(grid.spatial_shape, dtype), grid.affine, "PATIENT")
    other = volume.get_geometry().flip_spatial(data.draw(st.sets(st.integers(0, 2)).map(sorted)))
    other = other.permute_spatial_axes(data.draw(st.permutations([0, 1, 2])))
    other = other.pad(data.draw(st.integers(0, 2)))
    start = data.draw(st.integers(0, min(other.spatial_shape) - 1))
    other = other[start:, :, : other.spatial_shape[2] - start]
    expected = volume.match_geometry(other, constant_value=9)
    result = volume.resample(geometry=other, interpolation=kind, fill_value=9)
    np.testing.assert_array_equal(result.array, expected.array, strict=True)
    assert not np.shares_memory(result.array, volume.array)


@pytest.mark.parametrize("kind", KINDS)
def test_every_second_voxel_is_taken_as_it_is(xp, kind):
    volume = volume_of(xp)
    result = volume.resample(geometry=volume.get_geometry()[::-2, 1::3], interpolation=kind)
    np.testing.assert_array_equal(to_numpy(result.array), to_numpy(volume.array)[::-2, 1::3])


@pytest.mark.parametrize("kind", ["linear", "cubic"])
def test_an_axis_that_is_not_resampled_is_not_interpolated(xp, kind):
    """Not even by a weight of zero, to which a voxel that is not a number would be no less fatal."""
    array = random_array((6, 7, 8), "float32")
    array[3] = np.nan
    result = Volume(xp.asarray(array), np.eye(4), "PATIENT").resample(spacing=(1.0, 0.7, 1.3), interpolation=kind)
    missing = np.isnan(to_numpy(result.array))
    assert missing[3].all()
    assert not missing[[0, 1, 2, 4, 5]].any()


def test_a_voxel_of_weight_zero_is_left_out(xp, without):
    array = np.ones((5, 5, 5), np.float32)
    array[2, 2, 2], array[3, 3, 3] = np.nan, np.inf
    volume = Volume(xp.asarray(array), np.eye(4), "PATIENT")
    result = to_numpy(volume.resample(spacing=0.5).array)  # places at multiples of a quarter, never at a voxel
    assert np.isnan(result[4:6, 4:6, 4:6]).all()
    turn = [[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]]  # in the plane, so that places along axis 2 are voxels'
    for call in (Volume.resample, without):
        turned = call(volume, geometry=make_grid((5, 5, 5), 1.0, turn, (2, 2, 2)))
        values = to_numpy(turned.array)
        assert np.isfinite(values[..., [0, 1, 4]]).all()
        assert np.isnan(values[2, 2, 2])
        assert np.isposinf(to_numpy(call(volume, geometry=make_grid((1, 1, 2), 1.0, turn, (3, 3, 2.5))).array)[0, 0, 1])


@given(grids=pairs_of_grids(), kind=st.sampled_from(KINDS), value=st.floats(-1e4, 1e4, width=32))
@settings(max_examples=60)
def test_a_constant_stays_constant(grids, kind, value):
    source, target = grids
    volume = Volume(np.full(source.spatial_shape, value, np.float32), source.affine, "PATIENT")
    result = volume.resample(geometry=target, interpolation=kind, fill_value=value).array
    np.testing.assert_allclose(result, value, rtol=0 if kind != "cubic" else 2e-6, atol=1e-40)


@given(grids=pairs_of_grids())
@settings(max_examples=60)
def test_a_linear_ramp_is_its_position(grids):
    source, target = grids
    ramp = (np.indices(source.spatial_shape).T @ source.affine[:3, :3].T).T
    volume = Volume(ramp[0] + 2 * ramp[1] - ramp[2], source.affine, "PATIENT")
    result = volume.resample(geometry=target, fill_value=np.nan).array
    indices = volume.map_reference_to_indices(
        target.map_indices_to_reference(np.indices(target.spatial_shape).reshape(3, -1).T)
    )
    inner = ((indices >= 0) & (indices <= np.array(source.spatial_shape) - 1)).all(axis=1)
    places = indices @ source.affine[:3, :3].T @ np.array([1.0, 2.0, -1.0])
    np.testing.assert_allclose(result.ravel()[inner], places[inner], atol=1e-4, rtol=0)


# --- Grids ------------------------------------------------------------------------------------------------------------


@given(SHAPES, SPACINGS, SPACINGS, rotations())
def test_spacing_keeps_directions_centre_and_extent(shape, spacing, wanted, direction):
    source = make_grid(shape, spacing, direction, (1, 2, 3))
    grid = Volume(np.zeros(shape), source.affine, "PATIENT", "1.2.3").resample(spacing=wanted)
    np.testing.assert_allclose(grid.spacing, wanted, rtol=1e-12)
    np.testing.assert_allclose(grid.direction, source.direction, atol=1e-12)
    np.testing.assert_allclose(grid.center_position, source.center_position, atol=1e-9)
    after, before, step = map(np.array, (grid.physical_extent, source.physical_extent, wanted))
    assert (np.abs(after - before) <= np.maximum(step / 2, step - before) + 1e-5).all()
    assert grid.frame_of_reference_uid == "1.2.3"


def test_sizes_for_a_spacing():
    grid = VolumeGeometry(np.eye(4), (5, 10, 3), "PATIENT")
    assert grid_with_spacing(grid, 2.0).spatial_shape == (3, 5, 2)  # 2.5, 5 and 1.5: halves up
    assert grid_with_spacing(grid, (1.0, 0.1, 100.0)).spatial_shape == (5, 100, 1)
    assert grid_with_spacing(grid, 1).geometry_equal(grid, tol=None)


def test_a_single_slice_is_constant_across(xp):
    volume = volume_of(xp, (1, 6, 7))
    result = volume.resample(geometry=make_grid((5, 6, 7), (0.25, 1, 1), np.eye(3), (0.0, 2.5, 3.0)), fill_value=-1)
    values = to_numpy(result.array)
    for index in range(5):  # -0.5 to 0.5
        np.testing.assert_array_equal(values[index], to_numpy(volume.array)[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grid", [turned_grid(center=(90, 0, 0)), straight_grid(center=(90, 0, 0))])
def test_no_overlap_is_all_fill(xp, kind, grid):
    result = volume_of(xp, dtype="int16").resample(geometry=grid, interpolation=kind, fill_value=-5)
    np.testing.assert_array_equal(to_numpy(result.array), np.full(grid.spatial_shape, -5, np.int16), strict=True)


@pytest.mark.parametrize("kind", KINDS)
def test_rounding_errors_at_the_edges_leave_nothing_out(kind):
    """A grid from edge to edge of a volume far from the origin, in steps that are no binary fractions."""
    source = make_grid((30, 30, 30), 0.1, np.eye(3), (1234.567, -765.4, 333.3))
    volume = Volume(np.ones((30, 30, 30), np.float32), source.affine, "PATIENT")
    target = make_grid((31, 31, 31), 0.1, np.eye(3), (1234.567, -765.4, 333.3))  # outermost places on the edges
    np.testing.assert_allclose(volume.resample(geometry=target, interpolation=kind).array, 1.0, rtol=1e-6)
    turned = make_grid((31, 31, 31), 0.1, [[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]], (1234.567, -765.4, 333.3))
    assert (volume.resample(geometry=turned, interpolation=kind).array[15, 15] > 0.9).all()


def test_views_are_read_where_they_lie(xp):
    whole = volume_of(xp, (8, 9, 10), "int16")
    view = whole[::-2, 1:8, ::3].permute_spatial_axes([2, 0, 1])
    for grid in (turned_grid(), straight_grid()):
        expected = view.copy().resample(geometry=grid)
        np.testing.assert_array_equal(to_numpy(view.resample(geometry=grid).array), to_numpy(expected.array))


@pytest.mark.parametrize("kind", KINDS)
def test_the_volume_is_left_alone(xp, kind, without):
    volume = volume_of(xp, dtype="float32")
    before = to_numpy(volume.array).copy()
    for grid in (turned_grid(), straight_grid()):
        for call in (Volume.resample, without):
            call(volume, geometry=grid, interpolation=kind)
    np.testing.assert_array_equal(to_numpy(volume.array), before)


def test_foreign_byte_order():
    array = random_array((6, 7, 8), "int16")
    swapped = Volume(array.astype(">i2"), np.eye(4), "PATIENT")
    expected = Volume(array, np.eye(4), "PATIENT").resample(geometry=turned_grid()).array
    np.testing.assert_array_equal(swapped.resample(geometry=turned_grid()).array, expected)


def test_the_frame_of_reference_stays():
    volume = Volume(np.zeros((2, 3, 4)), np.eye(4), "SLIDE", "1.2.3")
    result = volume.resample(geometry=VolumeGeometry(np.eye(4), (4, 4, 4), "SLIDE"))
    assert (result.frame_of_reference_uid, result.coordinate_system) == ("1.2.3", volume.coordinate_system)


# --- Types ------------------------------------------------------------------------------------------------------------


@given(grids=pairs_of_grids(), dtype=st.sampled_from(["bool", "uint8", "int16", "int64", "float32"]))
@settings(max_examples=60)
def test_nearest_makes_no_labels_up(grids, dtype):
    source, target = grids
    labels = np.random.default_rng(0).choice(np.array([0, 1] if dtype == "bool" else [3, 5, 100]), source.spatial_shape)
    volume = Volume(labels.astype(dtype), source.affine, "PATIENT")
    result = volume.resample(geometry=target, interpolation="nearest", fill_value=1)
    assert dtype_name(result.dtype) == dtype
    assert set(result.array.ravel().tolist()) <= {*volume.array.ravel().tolist(), 1}


def test_types_of_the_result(xp):
    volume = volume_of(xp, dtype="int16")
    for kind in KINDS:
        for dtype in ("int16", "int32", "float32", "float64"):
            result = volume.resample(geometry=turned_grid(), interpolation=kind, dtype=dtype)
            assert dtype_name(result.dtype) == dtype
            exact = to_numpy(volume.resample(geometry=turned_grid(), interpolation=kind, dtype="float64").array)
            expected = np.clip(exact, -32768, 32767) if dtype == "int16" else exact
            apart = np.abs(to_numpy(result.array).astype(float) - expected).max()
            assert apart <= (0.0 if kind == "nearest" else 0.02 if dtype.startswith("float") else 0.52)


def test_halves_are_rounded_to_even(xp):
    volume = Volume(xp.asarray(np.array([0, 1, 2, 3, 3, 4], "uint8").reshape(6, 1, 1)), np.eye(4), "PATIENT")
    result = volume.resample(geometry=make_grid((5, 1, 1), 1.0, np.eye(3), (2.5, 0, 0)))
    assert to_numpy(result.array).ravel().tolist() == [0, 2, 2, 3, 4]


def test_the_kind_may_be_an_enumerated_value():
    volume = Volume(np.arange(8.0).reshape(2, 2, 2), np.eye(4), "PATIENT")
    for kind in InterpolationMethods:
        expected = volume.resample(spacing=0.6, interpolation=kind.value.lower()).array
        np.testing.assert_array_equal(volume.resample(spacing=0.6, interpolation=kind).array, expected)


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", [0, -1.0, np.nan, np.inf, (1, 1), (1, 1, 0), (1, 1, 1, 1)])
def test_no_such_spacing(spacing):
    with pytest.raises(VolumeError, match="spacing"):
        Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT").resample(spacing=spacing)


def test_one_of_spacing_and_geometry():
    volume = Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT")
    for options in ({}, {"spacing": 1.0, "geometry": volume}):
        with pytest.raises(TypeError, match="Exactly one"):
            volume.resample(**options)
    with pytest.raises(TypeError):
        volume.resample(geometry=np.eye(4))


def test_no_such_interpolation():
    volume = Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT")
    with pytest.raises(VolumeError, match="'spline'"):
        volume.resample(spacing=2, interpolation="spline")
    with pytest.raises(TypeError, match="interpolation"):
        volume.resample(spacing=2, interpolation=3)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("uint8", -1), ("uint8", 256), ("int16", 0.5), ("int16", np.nan), ("int32", np.inf), ("float32", 1e39)],
)
def test_fill_values_that_the_type_does_not_hold(xp, dtype, value):
    volume = volume_of(xp, dtype=dtype)
    for grid in (turned_grid(), volume):
        with pytest.raises(OutputTypeError, match="fill_value"):
            volume.resample(geometry=grid, fill_value=value)
    with pytest.raises(TypeError, match="fill_value"):
        volume.resample(spacing=1, fill_value="air")


def test_values_that_the_type_does_not_hold(xp):
    volume = volume_of(xp, dtype="int16")
    for kind in KINDS:
        with pytest.raises(OutputTypeError):
            volume.resample(geometry=turned_grid(), interpolation=kind, dtype="uint8")
    with pytest.raises(OutputTypeError):
        volume_of(xp, dtype="float64").resample(spacing=2, dtype="complex128")


@pytest.mark.parametrize("kind", ["linear", "cubic"])
def test_masks_are_not_interpolated(xp, kind):
    mask = Volume(xp.asarray(np.ones((3, 3, 3), bool)), np.eye(4), "PATIENT")
    with pytest.raises(OutputTypeError, match="nearest"):
        mask.resample(spacing=2, interpolation=kind)
    with pytest.raises(OutputTypeError, match="nearest"):
        volume_of(xp).resample(spacing=2, interpolation=kind, dtype="bool")
    assert dtype_name(mask.resample(spacing=2, interpolation="nearest").dtype) == "bool"


def test_other_spaces():
    volume = Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT", "1.2.3")
    with pytest.raises(CoordinateSystemError):
        volume.resample(geometry=VolumeGeometry(np.eye(4), (2, 3, 4), "SLIDE", "1.2.3"))
    with pytest.raises(GeometryMismatchError):
        volume.resample(geometry=VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT", "1.2.4"))


@pytest.mark.parametrize("size", [10**5, 10**7])
@pytest.mark.parametrize("kind", KINDS)
def test_grids_too_large_for_memory(kind, size, without):
    volume = Volume(np.zeros((2, 3, 4), np.float32), np.eye(4), "PATIENT")
    for grid in (VolumeGeometry(np.eye(4), (size,) * 3, "PATIENT"), turned_grid((size,) * 3)):
        for call in (Volume.resample, without):
            with pytest.raises(MemoryError):
                call(volume, geometry=grid, interpolation=kind)
    with pytest.raises(MemoryError):
        volume.resample(spacing=1e-300)


def test_spacings_beyond_all_numbers():
    tiny, huge = (VolumeGeometry(np.diag([step, 1.0, 1.0, 1.0]), (2, 3, 4), "PATIENT") for step in (1e-160, 1e150))
    with pytest.raises(VolumeError, match="too different"):
        tiny.with_array(np.zeros((2, 3, 4))).resample(geometry=huge)
