"""Resampled values against SimpleITK and SciPy, which compute them in their own way."""

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from hdgpu.volume import Volume
from tests.volume.resampling import DTYPES, KINDS, inside_of, make_grid, pairs_of_grids, places_of, random_array

FILL = -7.0


def volume_on(grid, dtype="float64", seed=0):
    return Volume(random_array(grid.spatial_shape, dtype, seed), grid.affine, "PATIENT")


def of_simpleitk(volume, grid, kind):
    """Return SimpleITK's values in float64.  Our axes 2, 1, 0 are its x, y, z."""
    image = SimpleITK.GetImageFromArray(volume.array.astype(np.float64))
    image.SetSpacing(volume.spacing[::-1])
    image.SetOrigin(volume.position)
    image.SetDirection(volume.direction[:, ::-1].ravel().tolist())
    resampler = SimpleITK.ResampleImageFilter()
    resampler.SetInterpolator(SimpleITK.sitkNearestNeighbor if kind == "nearest" else SimpleITK.sitkLinear)
    resampler.SetSize(grid.spatial_shape[::-1])
    resampler.SetOutputSpacing(grid.spacing[::-1])
    resampler.SetOutputOrigin(grid.position)
    resampler.SetOutputDirection(grid.direction[:, ::-1].ravel().tolist())
    resampler.SetDefaultPixelValue(FILL)
    return SimpleITK.GetArrayFromImage(resampler.Execute(image))


def of_scipy(volume, places):
    """Return SciPy's cubic spline, which has no outside, and our fill value beyond the edges."""
    values = ndimage.map_coordinates(volume.array.astype(np.float64), places, order=3, mode="mirror")
    return np.where(inside_of(volume, places), values, FILL)


def clear_of_borders(volume, places):
    """Return where rounding decides nothing: neither at an edge of the volume nor, for nearest, between two voxels."""
    last = np.array(volume.spatial_shape)[:, None, None, None] - 0.5
    edges = np.minimum(np.abs(places + 0.5), np.abs(places - last)).min(axis=0) > 1e-5
    halves = np.abs(places - np.floor(places) - 0.5).min(axis=0) > 1e-5
    return edges, edges & halves


def check(volume, grid, kind, tolerance):
    places = places_of(volume, grid)
    expected = of_scipy(volume, places) if kind == "cubic" else of_simpleitk(volume, grid, kind)
    edges, halves = clear_of_borders(volume, places)
    clear = halves if kind == "nearest" else edges
    dtype = None if kind == "nearest" else np.result_type(volume.dtype, np.float32)
    got = volume.resample(geometry=grid, interpolation=kind, fill_value=FILL, dtype=dtype).array.astype(np.float64)
    scale = np.abs(volume.array.astype(np.float64)).max()
    off = np.abs(2 * places - np.round(2 * places))
    put_right = ((off > 1e-12) & (off < 3e-6)).any(axis=0)  # by a millionth of a voxel
    apart = np.abs(got - expected)
    assert apart[clear & ~put_right].max(initial=0.0) <= tolerance * scale
    assert apart[clear].max(initial=0.0) <= max(tolerance, 2e-5) * scale


@pytest.mark.parametrize("kind", KINDS)
@given(pairs_of_grids(decimals=3), st.integers(0, 99))
@settings(max_examples=60)
def test_any_grid(kind, grids, seed):
    source, target = grids
    check(volume_on(source, "float64", seed), target, kind, 0.0 if kind == "nearest" else 1e-11)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES[2:])
@pytest.mark.parametrize("turned", [False, True])
def test_every_type(kind, dtype, turned):
    if dtype.startswith("uint") and kind == "nearest":
        pytest.skip("the fill value of these tests is negative; test_any_grid has all of nearest")
    source = make_grid((9, 11, 13), (2.0, 0.9, 0.7), np.eye(3), (0, 0, 0))
    angle = 0.4 if turned else 0.0
    direction = [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    target = make_grid((14, 10, 9), (1.3, 1.1, 0.8), direction, (0.3, -0.2, 0.1))
    exact = dtype in ("float64", "int32", "uint32")
    check(volume_on(source, dtype), target, kind, 0.0 if kind == "nearest" else 1e-12 if exact else 2e-6)


def test_halfway_between_two_voxels_is_the_later_one_as_in_simpleitk():
    """Every place here lies halfway, along one, two or three axes."""
    source = make_grid((6, 6, 6), 1.0, np.eye(3), (2.5, 2.5, 2.5))
    volume = volume_on(source)
    target = make_grid((4, 4, 4), 1.0, np.eye(3), (2.0, 2.0, 2.0))
    got = volume.resample(geometry=target, interpolation="nearest").array
    np.testing.assert_array_equal(got, of_simpleitk(volume, target, "nearest"))
    np.testing.assert_array_equal(got, volume.array[1:5, 1:5, 1:5])


@pytest.mark.parametrize("kind", KINDS)
def test_the_outer_half_of_the_outermost_voxels(kind):
    """To both sides of the edges, and within the half voxel up to them: held by linear, mirrored by cubic."""
    source = make_grid((5, 1, 4), 1.0, np.eye(3), (2.0, 0.0, 1.5))
    volume = volume_on(source)
    for shift in (-0.51, -0.49, -0.3, 0.3, 0.49, 0.51):
        target = make_grid((6, 1, 5), 1.0, np.eye(3), np.array([2.5, 0.0, 2.0]) + shift)
        check(volume, target, kind, 1e-12)


def test_integers_are_the_rounded_floating_values_within_range():
    source = make_grid((8, 9, 10), 1.0, np.eye(3), (0, 0, 0))
    target = make_grid((11, 11, 11), 0.6, np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2 + np.eye(3))[0], (0.1, 0, 0))
    for dtype in DTYPES[:6]:
        volume, info = volume_on(source, dtype), np.iinfo(dtype)
        for grid in (target, make_grid((11, 12, 13), 0.7, np.eye(3), (0.1, 0, 0))):
            exact = of_scipy(volume, places_of(volume, grid))
            inside = inside_of(volume, places_of(volume, grid), 1e-5)
            assert exact.max() > info.max
            assert exact.min() < info.min
            got = volume.resample(geometry=grid, interpolation="cubic").array
            assert got.dtype == dtype
            unsure = 0.02 if info.max < 2**17 else 1e-5
            apart = np.abs(got.astype(float) - np.clip(exact, info.min, info.max))
            assert apart[inside].max() <= 0.5 + unsure
