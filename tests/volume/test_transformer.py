"""Indices of one volume to those of another: against highdicom, and where it is wrong."""

import highdicom
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hdgpu.array.functions import dtype_name
from hdgpu.array.interop import to_numpy
from hdgpu.errors import CoordinateSystemError, GeometryMismatchError, OutOfBoundsError, OutputTypeError, VolumeError
from hdgpu.volume import VolumeGeometry, VolumeToVolumeTransformer

PLAIN = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT")


def shifted(by, shape=(3, 3, 4), system="PATIENT", uid=None):
    affine = np.eye(4)
    affine[:3, 3] = by
    return VolumeGeometry(affine, shape, system, uid)


def of_seed(seed):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.random(random_state=seed).as_matrix() * [0.7, 1.1, 2.5]
    affine[:3, 3] = np.random.default_rng(seed).uniform(-100, 100, 3)
    # a cube: otherwise highdicom holds the coordinates of a point against the bounds of the wrong axis
    return VolumeGeometry(affine, (6, 6, 6), "PATIENT")


def highdicoms(geometry):
    return highdicom.VolumeGeometry(geometry.affine, geometry.spatial_shape, geometry.coordinate_system.value)


@given(one=st.integers(0, 99), other=st.integers(0, 99), rounds=st.booleans(), checks=st.booleans())
@settings(max_examples=40)
def test_transforming_is_highdicoms(xp, one, other, rounds, checks):
    first, second = of_seed(one), of_seed(other)
    # of points about the second, so that some are inside and some are not
    points = first.map_reference_to_indices(
        second.map_indices_to_reference(np.random.default_rng(one).uniform(-1, 8, (3, 3)))
    )
    ours = VolumeToVolumeTransformer(first, second, round_output=rounds, check_bounds=checks)
    theirs = highdicom.VolumeToVolumeTransformer(highdicoms(first), highdicoms(second), rounds, checks)
    np.testing.assert_allclose(ours.affine, theirs.affine, rtol=1e-12, atol=1e-12)
    try:
        expected = theirs(points)
    except ValueError:
        with pytest.raises(OutOfBoundsError):
            ours(xp.asarray(points))
        return
    result = ours(xp.asarray(points))
    np.testing.assert_allclose(to_numpy(result), expected, rtol=1e-12, atol=1e-12)
    assert dtype_name(result.dtype) == expected.dtype.name
    assert xp.is_mine(result)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("rounds", [False, True])
def test_types_are_highdicoms(xp, dtype, rounds):
    points = np.array([[0, 1, 2], [1, 0, 0]], dtype=dtype)
    other = shifted((-1, 0, 0.4))
    expected = highdicom.VolumeToVolumeTransformer(highdicoms(PLAIN), highdicoms(other), round_output=rounds)(points)
    result = VolumeToVolumeTransformer(PLAIN, other, round_output=rounds)(xp.asarray(points))
    np.testing.assert_array_equal(to_numpy(result), expected)
    assert dtype_name(result.dtype) == expected.dtype.name


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "bool"])
def test_unsigned_integers_become_numbers_that_can_hold_the_result(xp, dtype):
    """highdicom cuts their fraction off, and the sign."""
    points = xp.asarray(np.array([[0, 1, 1]], dtype=dtype))
    result = VolumeToVolumeTransformer(PLAIN, shifted((0.5, 0, 1.25)))(points)
    np.testing.assert_array_equal(to_numpy(result), [[-0.5, 1.0, -0.25]])
    assert dtype_name(result.dtype) == "float64"
    rounded = VolumeToVolumeTransformer(PLAIN, shifted((3, 0, 0)), round_output=True)(points)
    np.testing.assert_array_equal(to_numpy(rounded), [[-3, 1, 1]])


def test_small_integers_do_not_wrap(xp):
    """In highdicom 200 becomes -56."""
    transform = VolumeToVolumeTransformer(PLAIN, shifted((-100, 0, 0)), round_output=True)
    with pytest.raises(OutputTypeError, match=r"int8.*\[200, 1, 2\] in row 1"):
        transform(xp.asarray([[27, 1, 1], [100, 1, 2]], "int8"))
    np.testing.assert_array_equal(to_numpy(transform(xp.asarray([[27, 1, 2]], "int8"))), [[127, 1, 2]])
    np.testing.assert_array_equal(to_numpy(transform(xp.asarray([[100, 1, 2]], "int16"))), [[200, 1, 2]])


@pytest.mark.parametrize("index", [-0.51, -0.5, 0.5, 1.0, 1.49, 1.5, 1.51, 2.5, 2.51])
@pytest.mark.parametrize("rounds", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_bounds(xp, index, rounds, axis):
    """Along either axis: highdicom holds them against those of the first, and further points against the others'."""
    points = np.zeros((4, 3))
    points[2, axis] = index
    size = PLAIN.spatial_shape[axis]
    inside = 0 <= np.rint(index) <= size - 1 if rounds else -0.5 <= index <= size - 0.5
    transform = VolumeToVolumeTransformer(PLAIN, PLAIN, rounds, True)
    if inside:
        np.testing.assert_array_equal(to_numpy(transform(xp.asarray(points))), np.rint(points) if rounds else points)
        return
    with pytest.raises(OutOfBoundsError, match="1 of 4.*in row 2") as caught:
        transform(xp.asarray(points))
    assert isinstance(caught.value, ValueError)


def test_points_that_are_none(xp):
    transform = VolumeToVolumeTransformer(PLAIN, PLAIN)
    for shape in ((3,), (2, 4), (2, 2, 3)):
        with pytest.raises(VolumeError, match="indices"):
            transform(xp.asarray(np.zeros(shape)))
    nowhere = xp.asarray([[np.nan, 0.0, 0.0]])
    with pytest.raises(OutOfBoundsError):
        VolumeToVolumeTransformer(PLAIN, PLAIN, check_bounds=True)(nowhere)
    with pytest.raises(VolumeError, match="not finite"):
        VolumeToVolumeTransformer(PLAIN, PLAIN, round_output=True)(nowhere)
    for options in ((False, False), (True, True)):
        assert VolumeToVolumeTransformer(PLAIN, PLAIN, *options)(xp.asarray(np.zeros((0, 3)))).shape == (0, 3)


def test_lists_are_points_too():
    result = VolumeToVolumeTransformer(PLAIN, shifted((1, 0, 0)), round_output=True)([[1, 2, 3]])
    assert result.tolist() == [[0, 2, 3]]


def test_volumes_of_other_spaces():
    with pytest.raises(CoordinateSystemError):
        VolumeToVolumeTransformer(PLAIN, shifted((0, 0, 0), system="SLIDE"))
    with pytest.raises(GeometryMismatchError, match="frames of reference"):
        VolumeToVolumeTransformer(shifted((0, 0, 0), uid="1.2.3"), shifted((0, 0, 0), uid="1.2.4"))
    VolumeToVolumeTransformer(shifted((0, 0, 0), uid="1.2.3"), PLAIN)
    for arguments in ((PLAIN, np.eye(4)), (np.eye(4), PLAIN)):
        with pytest.raises(TypeError, match="Volume or VolumeGeometry"):
            VolumeToVolumeTransformer(*arguments)


def test_the_affine_is_a_copy():
    transform = VolumeToVolumeTransformer(PLAIN, PLAIN)
    transform.affine[:] = 7.0
    np.testing.assert_array_equal(transform.affine, np.eye(4))
