"""Matching the grid of another volume: what is the same grid, and what is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hdgpu.array.interop import to_numpy
from hdgpu.errors import CoordinateSystemError, GeometryMismatchError
from hdgpu.volume import Volume, VolumeGeometry
from tests.volume.orientations import AXES

HOST = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
OBLIQUE = Rotation.from_euler("xyz", [50, -35, 70], degrees=True).as_matrix() * [0.7, 1.2, 3.0]


def affine_of(matrix=OBLIQUE, position=(-310.0, 42.0, 7.5)):
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = matrix, position
    return affine


def make(array=HOST, affine=None, system="PATIENT", uid="1.2.3"):
    return Volume(array, affine_of() if affine is None else affine, system, uid)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("flipped", [(), (0,), (1, 2), (0, 1, 2)])
def test_an_oblique_volume_is_matched_back(xp, axes, flipped):
    volume = make(xp.asarray(HOST))
    moved = volume.permute_spatial_axes(axes).flip_spatial(flipped).pad([[1, 2], [0, 0], [3, 1]], constant_value=-1)
    back = moved.match_geometry(volume)
    np.testing.assert_array_equal(to_numpy(back.array), HOST)
    assert back.geometry_equal(volume, tol=1e-10)
    assert xp.is_mine(back.array)
    np.testing.assert_array_equal(
        to_numpy(volume.match_geometry(moved, constant_value=-1).array), to_numpy(moved.array)
    )


def test_matching_without_padding_copies_nothing():
    volume = make()
    for other in (volume, volume[1:, ::-1], volume.permute_spatial_axes([2, 0, 1])[:2]):
        result = volume.match_geometry(other)
        assert np.shares_memory(result.array, volume.array)
        np.testing.assert_array_equal(result.array, other.array)


def test_a_volume_elsewhere_is_all_padding():
    """Only the grids have to coincide; the window between the two is never allocated."""
    volume = make(affine=np.eye(4))
    far = VolumeGeometry(affine_of(np.eye(3), (1e7, -1e7, 0.0)), (2, 2, 5), "PATIENT", "1.2.3")
    result = volume.match_geometry(far, constant_value=7)
    assert result.geometry_equal(far)
    assert (result.array == 7).all()
    np.testing.assert_array_equal(volume.match_geometry(far, mode="edge").array[0], [HOST[2, 0]] * 2)


def test_a_statistic_is_that_of_the_whole_volume():
    volume = make(affine=np.eye(4))
    other = VolumeGeometry(affine_of(np.eye(3), (-1.0, 0.0, 0.0)), (2, 4, 5), "PATIENT")
    assert volume.match_geometry(other, mode="MAXIMUM").array[0, 0, 0] == 59


@pytest.mark.parametrize("shift", [9e-6, -9e-6, 3 + 9e-6])
def test_small_shifts_are_within_the_tolerance(shift):
    volume = make(affine=np.diag([10.0, 10.0, 10.0, 1.0]))
    other = VolumeGeometry(affine_of(np.eye(3) * 10.0, (10.0 * shift, 0.0, 0.0)), (3, 4, 5), "PATIENT", "1.2.3")
    result = volume.match_geometry(other)
    assert result.position[0] == round(shift) * 10.0  # its own grid, not the other's
    with pytest.raises(GeometryMismatchError):
        volume.match_geometry(other, tol=1e-6)
    with pytest.raises(GeometryMismatchError):
        volume.match_geometry(other, tol=None)


def turned(degrees):
    return Rotation.from_euler("z", degrees, degrees=True).as_matrix()


@pytest.mark.parametrize(
    ("matrix", "position", "problem"),
    [
        (np.eye(3), (0.5, 0, 0), "shifted by a part of a voxel"),
        (np.eye(3), (1.1e-5, 0, 0), "shifted by a part of a voxel"),
        (np.diag([1.00002, 1, 1]), (0, 0, 0), "spacings differ"),
        (np.diag([0.5, 1, 1]), (0, 0, 0), "spacings differ"),
        # highdicom crops here, and returns voxels that are not where its affine says
        (np.diag([2.0, 1, 1]), (0, 0, 0), "spacings differ"),
        (np.diag([2.0, 2, 2]), (0, 0, 0), "spacings differ"),
        (turned(45), (0, 0, 0), "not parallel"),
        # 0.1 degrees, which passes in highdicom: a voxel in 500
        (turned(0.1), (0, 0, 0), "not parallel"),
    ],
)
@pytest.mark.parametrize("kind", ["volume", "geometry"])
def test_other_grids_are_refused(matrix, position, problem, kind):
    volume = make(affine=np.eye(4))
    other = VolumeGeometry(affine_of(matrix, position), (3, 4, 5), "PATIENT", "1.2.3")
    with pytest.raises(GeometryMismatchError, match=problem) as caught:
        (volume if kind == "volume" else volume.get_geometry()).match_geometry(other)
    assert isinstance(caught.value, RuntimeError)


@given(seed=st.integers(0, 999), shift=st.tuples(*[st.integers(-3, 3)] * 3), degrees=st.floats(0.01, 3.0))
@settings(max_examples=30)
def test_the_result_has_the_geometry_or_there_is_none(seed, shift, degrees):
    rotation = Rotation.random(random_state=seed).as_matrix()
    volume = make(affine=affine_of(rotation * [0.5, 0.8, 2.0]))
    there = affine_of(rotation * [0.5, 0.8, 2.0], volume.map_indices_to_reference([shift])[0])
    result = volume.match_geometry(VolumeGeometry(there, (2, 3, 4), "PATIENT"))
    np.testing.assert_allclose(result.affine, there, atol=1e-9)
    there[:3, :3] = Rotation.from_euler("y", degrees, degrees=True).as_matrix() @ there[:3, :3]
    with pytest.raises(GeometryMismatchError):
        volume.match_geometry(VolumeGeometry(there, (2, 3, 4), "PATIENT"))


def test_other_spaces_are_refused():
    volume = make()
    for other, error in (
        (make(system="SLIDE"), CoordinateSystemError),
        (make(uid="1.2.4"), GeometryMismatchError),
    ):
        with pytest.raises(error) as caught:
            volume.match_geometry(other)
        assert isinstance(caught.value, RuntimeError)
    assert volume.match_geometry(make(uid=None)).frame_of_reference_uid == "1.2.3"
    assert make(uid=None).match_geometry(volume).frame_of_reference_uid is None


def test_orientations_are_compared_within_a_coordinate_system():
    volume, slide = make(), make(system="SLIDE")
    for one, other in ((volume, slide), (slide, volume)):
        with pytest.raises(CoordinateSystemError):
            one.match_orientation(other)
    # a direction is the same in every frame of reference
    for other in (make(uid="1.2.4").permute_spatial_axes([2, 0, 1]), slide.flip_spatial([1])):
        result = (slide if other.coordinate_system.value == "SLIDE" else volume).match_orientation(other)
        np.testing.assert_allclose(result.direction, other.direction, atol=1e-12)


@given(one=st.integers(0, 999), other=st.integers(0, 999))
def test_no_other_order_of_the_axes_is_more_nearly_parallel(one, other):
    volume, wanted = (make(affine=affine_of(Rotation.random(random_state=seed).as_matrix())) for seed in (one, other))
    result = volume.match_orientation(wanted)
    cosines = result.direction.T @ wanted.direction
    assert (np.diag(cosines) >= 0).all()
    assert all(np.abs(cosines[list(axes), range(3)]).sum() <= np.trace(cosines) + 1e-8 for axes in AXES)
    np.testing.assert_array_equal(np.sort(result.array, axis=None), np.arange(60))


def test_what_is_no_volume():
    volume = make()
    for method in (volume.match_geometry, volume.match_orientation, volume.geometry_equal):
        for other in (np.eye(4), None, HOST):
            with pytest.raises(TypeError, match="Volume or VolumeGeometry"):
                method(other)
