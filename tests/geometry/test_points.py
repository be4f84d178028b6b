import numpy as np
import pytest

from hdgpu.array.interop import to_numpy
from hdgpu.errors import OutOfBoundsError, VolumeError
from hdgpu.geometry.points import map_points, outside, rounded
from hdgpu.volume import VolumeGeometry

AFFINE = np.array([[0.0, 2.0, 0.0, 10.0], [3.0, 0.0, 0.0, 20.0], [0.0, 0.0, 4.0, 30.0], [0.0, 0.0, 0.0, 1.0]])


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "uint16", "uint8"])
def test_points_are_mapped_where_they_are(xp, dtype):
    points = xp.asarray([[1, 2, 3], [4, 5, 6]], dtype)
    mapped = map_points(AFFINE, points, "points")
    assert xp.is_mine(mapped)
    assert to_numpy(mapped).dtype == np.float64
    np.testing.assert_array_equal(to_numpy(mapped), [[14, 23, 42], [20, 32, 54]])
    np.testing.assert_array_equal(to_numpy(points), [[1, 2, 3], [4, 5, 6]])


def test_a_third_coordinate_may_go_without_saying_and_be_dropped(xp):
    points = xp.asarray([[1, 2]])
    np.testing.assert_array_equal(to_numpy(map_points(AFFINE, points, "points", inputs=2)), [[14, 23, 30]])
    np.testing.assert_array_equal(to_numpy(map_points(AFFINE, points, "points", inputs=2, outputs=2)), [[14, 23]])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("step", [1, -2])
def test_any_layout_of_numpy(order, step):
    points = np.random.default_rng(1).uniform(-9, 9, (50, 3)).astype(">f8", order=order)[::step]
    expected = (AFFINE @ np.column_stack([points, np.ones(len(points))]).T).T[:, :3]
    np.testing.assert_allclose(map_points(AFFINE, points, "points"), expected, rtol=1e-14)


def test_lists_are_taken():
    assert map_points(AFFINE, [[1, 2.5, 3]], "points").tolist() == [[15, 23, 42]]
    assert map_points(AFFINE, [[1, 2]], "points", inputs=2, integral=True).tolist() == [[14, 23, 30]]


@pytest.mark.parametrize("shape", [(3,), (1, 2), (2, 4), (1, 1, 3), ()])
def test_points_are_rows_of_three(xp, shape):
    with pytest.raises(VolumeError, match=r"'coordinates' has the wrong shape \(expected \(n, 3\)"):
        map_points(AFFINE, xp.asarray(np.zeros(shape)), "coordinates")


@pytest.mark.parametrize("dtype", ["float64", "bool"])
def test_integers_are_insisted_on(xp, dtype):
    with pytest.raises(TypeError, match="must be an array of integers"):
        map_points(AFFINE, xp.asarray([[0, 1, 1]], dtype), "indices", integral=True)


def test_numbers_are_real(xp):
    with pytest.raises(TypeError, match="real numbers"):
        map_points(AFFINE, xp.asarray([[1j, 0, 0]]), "coordinates")


def test_rounding(xp):
    values = [[0.5, 1.5, -0.5], [-1.5, 2.4999, -2.5001], [1e15 + 0.5, -(2.0**63), 0.0]]
    whole = rounded(xp.asarray(values))
    assert xp.is_mine(whole)
    expected = [[0, 2, 0], [-2, 2, -3], [10**15, -(2**63), 0]]
    assert to_numpy(whole).dtype == np.int64
    assert to_numpy(whole).tolist() == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2.0**63, -1e19])
def test_what_has_no_integer_is_not_rounded(xp, value):
    with pytest.raises(VolumeError, match="in row 1"):
        rounded(xp.asarray([[0.0, 0.0], [0.0, value]]))


def test_outside(xp):
    points = xp.asarray([[0.0, 5.0], [2.0, 1.0], [np.nan, 1.0], [0.0, 0.0], [3.0, 3.0], [-0.1, 1.0]])
    assert outside(points, [0, 0], [3, 3]).tolist() == [0, 2, 5]
    assert outside(points[3:5, :], [0, 0], [3, 3]).tolist() == []
    assert outside(points[:0, :], [0, 0], [3, 3]).tolist() == []


def test_none_of_no_points(xp):
    nothing = xp.asarray(np.zeros((0, 3)))
    assert tuple(map_points(AFFINE, nothing, "points").shape) == (0, 3)
    assert tuple(rounded(nothing).shape) == (0, 3)


@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_rounding_of_many(xp, layout):
    values = np.random.default_rng(2).uniform(-1e6, 1e6, (70_001, 2))
    array = xp.asarray(values)
    if xp.name == "numpy" and layout == "strided":
        array = np.repeat(values, 2, axis=1)[:, ::2]
    elif xp.name == "numpy":
        array = values.copy(order=layout)
    np.testing.assert_array_equal(to_numpy(rounded(array)), np.rint(values))


def test_volumes_map_points_where_they_are(xp):
    geometry = VolumeGeometry(AFFINE, (5, 6, 7), "PATIENT")
    indices = xp.asarray([[1, 2, 3], [4, 5, 6]])
    there = geometry.map_indices_to_reference(indices)
    assert xp.is_mine(there)
    np.testing.assert_array_equal(to_numpy(there), [[14, 23, 42], [20, 32, 54]])
    for options in ({}, {"round_output": True}, {"check_bounds": True}, {"round_output": True, "check_bounds": True}):
        back = geometry.map_reference_to_indices(there, **options)
        assert xp.is_mine(back)
        assert to_numpy(back).dtype == (np.int64 if "round_output" in options else np.float64)
        np.testing.assert_allclose(to_numpy(back), to_numpy(indices), atol=1e-12)
    with pytest.raises(OutOfBoundsError, match="1 of 2 positions"):
        geometry.map_reference_to_indices(xp.asarray([[14.0, 23.0, 42.0], [14.0, 23.0, 1e3]]), check_bounds=True)
