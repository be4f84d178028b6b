"""Rearranging voxels: against highdicom, and each voxel keeps its value and its place."""

import itertools
from functools import partial

import highdicom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hdgpu.array.interop import to_numpy
from hdgpu.errors import VolumeError, VolumeIndexError
from hdgpu.geometry.orientation import orientation_text
from hdgpu.volume import Volume
from tests.volume.orientations import AXES, ORIENTATIONS

SHAPE = (3, 4, 5)


def affine_of(seed, mirrored):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.random(random_state=seed).as_matrix() * [0.4, 1.5, 3.0]
    affine[:3, 0] *= -1 if mirrored else 1
    affine[:3, 3] = [-100.0, 50.0, 7.0]
    return affine


def voxels():
    """Return an array whose every element says at which index it was."""
    return np.arange(120, dtype=np.int32).reshape(*SHAPE, 2)


def volumes(xp, affine):
    """Return the same volume of ours and of highdicom."""
    channels = {"EchoTime": [1.0, 2.0]}
    ours = Volume(xp.asarray(voxels()), affine, "PATIENT", "1.2.3", channels)
    return ours, highdicom.Volume(voxels(), affine, "PATIENT", "1.2.3", channels)


def check_against(ours, theirs, xp):
    np.testing.assert_array_equal(to_numpy(ours.array), theirs.array)
    np.testing.assert_array_equal(ours.affine, theirs.affine)
    assert ours.shape == theirs.shape
    assert ours.frame_of_reference_uid == "1.2.3"
    assert ours.get_channel_values("EchoTime") == [1.0, 2.0]
    assert xp.is_mine(ours.array)


def check_places(moved, original):
    """Check that every voxel of the moved volume has the place in space that it had in the original."""
    indices = np.indices(moved.spatial_shape).reshape(3, -1).T
    values = to_numpy(moved.array)[..., 0].reshape(-1)
    before = np.array(np.unravel_index(values // 2, SHAPE)).T
    np.testing.assert_allclose(
        moved.map_indices_to_reference(indices), original.map_indices_to_reference(before), rtol=0, atol=1e-10
    )


def slices(size):
    bounds = st.one_of(st.none(), st.integers(-size, size))
    steps = st.one_of(st.none(), st.integers(-3, 3).filter(bool))
    return st.one_of(st.integers(-size, size - 1), st.builds(slice, bounds, bounds, steps))


OPERATIONS = st.one_of(
    st.lists(st.integers(0, 2), max_size=3).map(lambda axes: ("flip_spatial", axes)),
    st.sampled_from(AXES).map(lambda axes: ("permute_spatial_axes", axes)),
    st.permutations(range(3)).map(lambda axes: ("swap_spatial_axes", *axes[:2])),
    st.tuples(*(st.integers(1, size) for size in SHAPE)).map(lambda shape: ("crop_to_spatial_shape", shape)),
    st.sampled_from(ORIENTATIONS).map(lambda letters: ("to_patient_orientation", letters)),
    st.tuples(*(slices(size) for size in SHAPE)).map(lambda index: ("__getitem__", index)),
)


@given(operation=OPERATIONS, seed=st.integers(0, 1000), mirrored=st.booleans())
def test_operations_are_highdicoms_and_move_nothing(xp, operation, seed, mirrored):
    ours, theirs = volumes(xp, affine_of(seed, mirrored))
    name, *arguments = operation
    try:
        expected = getattr(theirs, name)(*arguments)
    except (IndexError, ValueError):
        with pytest.raises(VolumeIndexError):
            getattr(ours, name)(*arguments)
        return
    result = getattr(ours, name)(*arguments)
    check_against(result, expected, xp)
    check_places(result, ours)
    geometry = getattr(ours.get_geometry(), name)(*arguments)
    assert geometry.geometry_equal(result, tol=None)
    assert geometry.frame_of_reference_uid == "1.2.3"


@given(axes=st.sets(st.integers(0, 2)), seed=st.integers(0, 1000))
def test_flipping_twice_is_nothing(xp, axes, seed):
    volume, _ = volumes(xp, affine_of(seed, False))
    twice = volume.flip_spatial(axes).flip_spatial(axes)
    np.testing.assert_array_equal(to_numpy(twice.array), to_numpy(volume.array))
    assert twice.geometry_equal(volume, tol=1e-12)


@pytest.mark.parametrize("axes", AXES)
def test_permuting_back_is_nothing(xp, axes):
    volume, _ = volumes(xp, affine_of(1, True))
    back = volume.permute_spatial_axes(axes).permute_spatial_axes(np.argsort(axes))
    np.testing.assert_array_equal(to_numpy(back.array), to_numpy(volume.array))
    assert back.geometry_equal(volume, tol=None)


@given(seed=st.integers(0, 1000), letters=st.sampled_from(ORIENTATIONS))
def test_an_orientation_near_the_axes_is_reached(seed, letters):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_rotvec(np.random.default_rng(seed).uniform(-0.3, 0.3, 3)).as_matrix()
    volume = Volume(voxels(), affine, "PATIENT", channels={"EchoTime": [1.0, 2.0]})
    assert orientation_text(volume.to_patient_orientation(letters).get_closest_patient_orientation()) == letters


def test_numpy_gives_views():
    volume = Volume(np.zeros((3, 4, 5)), np.eye(4), "PATIENT")
    for moved in (
        volume[1:, ::-1, ::2],
        volume.flip_spatial([0, 1, 2]),
        volume.permute_spatial_axes([2, 0, 1]),
        volume.crop_to_spatial_shape((1, 2, 3)),
        volume.to_patient_orientation("FAR"),
    ):
        assert np.shares_memory(moved.array, volume.array)


def test_every_slice_bound_is_highdicoms():
    """All bounds and steps about an axis of three: the same result, or an exception from both."""
    ours = Volume(np.arange(3).reshape(3, 1, 1), np.eye(4), "PATIENT")
    theirs = highdicom.Volume(np.arange(3).reshape(3, 1, 1), np.eye(4), "PATIENT")
    bounds = [None, *range(-5, 6)]
    for start, stop, step in itertools.product(bounds, bounds, [None, -2, -1, 1, 2]):
        key = slice(start, stop, step)
        try:
            expected = theirs[key]
        except (IndexError, ValueError):
            # highdicom refuses bounds outside the axis and empty results
            with pytest.raises(VolumeIndexError):
                ours[key]
        else:
            np.testing.assert_array_equal(ours[key].array, expected.array)
            np.testing.assert_array_equal(ours[key].affine, expected.affine)


# --- What is refused --------------------------------------------------------------------------------------------------


@pytest.fixture
def volume():
    return Volume(voxels(), np.eye(4), "PATIENT", channels={"EchoTime": [1.0, 2.0]})


@pytest.mark.parametrize("key", [3, -4, (0, 4), (0, 0, 0, 0), slice(1, 1), slice(0, 4), slice(-4, None), slice(2, 0)])
def test_indices_outside_raise_index_error(volume, key):
    with pytest.raises(IndexError) as caught:
        volume[key]
    assert isinstance(caught.value, VolumeIndexError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "key", [None, ..., (..., 0), [0, 1], np.array([0, 1]), 1.5, True, "a", (0, None), slice(0.5, 2)]
)
def test_indices_of_other_types_raise_type_error(volume, key):
    with pytest.raises(TypeError):
        volume[key]


def test_numpy_integers_are_indices(volume):
    np.testing.assert_array_equal(volume[np.int64(1)].array, volume[1].array)
    np.testing.assert_array_equal(volume[np.int64(1) : np.int64(3)].array, volume[1:3].array)
    assert volume[1].spatial_shape == (1, 4, 5)


@pytest.mark.parametrize("axes", [3, -1, [0, 3]])
def test_axes_that_are_not_spatial_cannot_be_flipped(volume, axes):
    with pytest.raises(VolumeError):
        volume.flip_spatial(axes)


@pytest.mark.parametrize("axes", [None, 1.0, "a"])
def test_axes_are_integers(volume, axes):
    with pytest.raises(TypeError):
        volume.flip_spatial(axes)


@pytest.mark.parametrize("axes", [(0, 1), (0, 0, 1), (0, 1, 3), (0, 1, -1), (0, 1, 2, 3)])
def test_permutations_that_are_none(volume, axes):
    with pytest.raises(VolumeError):
        volume.permute_spatial_axes(axes)


@pytest.mark.parametrize("axes", [(1, 1), (0, 3), (-1, 0)])
def test_swaps_that_are_none(volume, axes):
    with pytest.raises(VolumeError):
        volume.swap_spatial_axes(*axes)


@pytest.mark.parametrize("shape", [(4, 4, 5), (3, 4), (3, 4, 5, 2), (0, 4, 5), (-1, 4, 5)])
def test_crops_that_are_none(volume, shape):
    with pytest.raises(VolumeError):
        volume.crop_to_spatial_shape(shape)


# --- Handedness -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handedness", ["LEFT_HANDED", "RIGHT_HANDED"])
@pytest.mark.parametrize("how", [{"flip_axis": 0}, {"flip_axis": 2}, {"swap_axes": (0, 1)}, {"swap_axes": [2, 1]}])
@pytest.mark.parametrize("mirrored", [False, True])
def test_ensure_handedness_is_highdicoms(xp, handedness, how, mirrored):
    ours, theirs = volumes(xp, affine_of(11, mirrored))
    result = ours.ensure_handedness(handedness, **how)
    check_against(result, theirs.ensure_handedness(handedness, **how), xp)
    assert result.handedness.value == handedness
    assert (result is ours) == (ours.handedness.value == handedness)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({}, TypeError),
        ({"flip_axis": 0, "swap_axes": (0, 1)}, TypeError),
        ({"flip_axis": 3}, VolumeError),
        ({"swap_axes": (0, 0)}, VolumeError),
        ({"swap_axes": (0,)}, VolumeError),
        ({"swap_axes": (0, 1, 2)}, VolumeError),
    ],
)
def test_ensure_handedness_needs_one_way_to_change_it(volume, how, error):
    ensure = partial(volume.ensure_handedness, "LEFT_HANDED")
    with pytest.raises(error):
        ensure(**how)
