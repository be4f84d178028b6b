import highdicom
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import (
    affine_from_attributes,
    affine_from_components,
    as_vector,
    checked_affine,
    direction_of,
    origin_for_center,
    spacing_of,
)


def rotations(count=50):
    return Rotation.random(count, random_state=7).as_matrix()


@pytest.mark.parametrize("rotation", rotations())
def test_affine_from_attributes_is_highdicoms_bit_for_bit(rotation):
    attributes = {
        "image_position": [-123.4, 56.7, 89.01],
        "image_orientation": rotation[:, :2].T.ravel().tolist(),
        "pixel_spacing": [0.4567, 0.5432],
    }
    theirs = highdicom.VolumeGeometry.from_attributes(
        **attributes,
        rows=3,
        columns=4,
        number_of_frames=5,
        spacing_between_slices=1.2345,
        coordinate_system="PATIENT",
    ).affine
    ours = affine_from_attributes(**attributes, spacing_between_slices=1.2345)
    np.testing.assert_array_equal(ours, theirs)
    row, column = rotation[:, 0], rotation[:, 1]
    np.testing.assert_array_equal(ours[:3, 1], column * 0.4567)
    np.testing.assert_array_equal(ours[:3, 2], row * 0.5432)
    np.testing.assert_array_equal(ours[:3, 0], np.cross(column, row) * 1.2345)
    assert np.linalg.det(ours) > 0


@pytest.mark.parametrize("rotation", rotations(10))
@pytest.mark.parametrize("place", ["position", "center_position"])
def test_affine_from_components_is_highdicoms(rotation, place):
    shape, spacing, where = (4, 5, 6), [0.5, 1.5, 2.5], [10.0, -20.0, 30.0]
    theirs = highdicom.VolumeGeometry.from_components(
        shape, spacing=spacing, direction=rotation, coordinate_system="PATIENT", **{place: where}
    ).affine
    ours = affine_from_components(spacing, rotation, where)
    if place == "center_position":
        ours[:3, 3] = origin_for_center(ours, shape, where)
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(affine_from_components(spacing, rotation.ravel(), where)[:, :3], theirs[:, :3])


@pytest.mark.parametrize("rotation", rotations(10))
def test_spacing_and_direction_take_the_affine_apart(rotation):
    affine = affine_from_components([0.5, 1.5, 2.5], rotation, [1, 2, 3])
    np.testing.assert_allclose(spacing_of(affine), [0.5, 1.5, 2.5], rtol=1e-15)
    np.testing.assert_allclose(direction_of(affine), rotation, rtol=0, atol=1e-15)


def test_one_spacing_for_all_axes():
    np.testing.assert_array_equal(affine_from_components(2.0, np.eye(3), [0, 0, 0]), np.diag([2.0, 2.0, 2.0, 1.0]))


# --- What is refused --------------------------------------------------------------------------------------------------


def changed(row, column, value):
    affine = np.eye(4)
    affine[row, column] = value
    return affine


@pytest.mark.parametrize(
    ("affine", "message"),
    [
        (np.eye(3), "shape"),
        (np.zeros((4, 4, 1)), "shape"),
        (changed(0, 3, np.nan), "finite"),
        (changed(0, 0, np.inf), "finite"),
        (changed(3, 0, 1e-9), "last row"),
        (changed(3, 3, 2.0), "last row"),
        (changed(0, 0, 0.0), "no length"),
        (changed(0, 1, 1.1e-4), "right angles"),
    ],
)
def test_affines_that_place_no_voxels_are_refused(affine, message):
    with pytest.raises(VolumeError, match=message):
        checked_affine(affine)


def accepts(check, value):
    try:
        check(value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("shear", [1e-5, 0.99e-4, 1.01e-4, 1e-3])
def test_right_angles_are_as_right_as_highdicoms(scale, shear):
    affine = changed(0, 1, shear)
    affine[:3, 1] *= scale
    theirs = accepts(lambda each: highdicom.VolumeGeometry(each, (2, 3, 4), "PATIENT"), affine)
    assert accepts(checked_affine, affine) is theirs


@pytest.mark.parametrize("length", [1.0, 1 + 4e-5, 1 - 4e-5, 1 + 1e-4, 1 - 1e-4, 2.0])
def test_unit_vectors_are_as_long_as_highdicoms(length):
    def theirs(direction):
        highdicom.VolumeGeometry.from_components(
            (2, 3, 4), direction=direction, spacing=[1, 1, 1], position=[0, 0, 0], coordinate_system="PATIENT"
        )

    direction = np.diag([1.0, length, 1.0])
    assert accepts(lambda each: affine_from_components(1.0, each, [0, 0, 0]), direction) is accepts(theirs, direction)


GOOD = {
    "image_position": [1, 2, 3],
    "image_orientation": [1, 0, 0, 0, 1, 0],
    "pixel_spacing": [0.5, 0.7],
    "spacing_between_slices": 2.0,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_position": [1, 2]},
        {"image_position": [1, 2, np.nan]},
        {"image_position": [1, 2, None]},
        {"image_orientation": [1, 0, 0, 0, 1]},
        {"image_orientation": [2, 0, 0, 0, 1, 0]},
        {"image_orientation": [0, 0, 0, 0, 1, 0]},
        {"image_orientation": [1, 0, 0, 0.6, 0.8, 0]},
        {"image_orientation": [1, 0, 0, 1, 0, 0]},
        {"pixel_spacing": [1]},
        {"pixel_spacing": [0, 1]},
        {"pixel_spacing": [1, -1]},
        {"spacing_between_slices": 0.0},
        {"spacing_between_slices": np.inf},
    ],
)
def test_attributes_that_place_no_frames_are_refused(wrong):
    with pytest.raises(VolumeError):
        affine_from_attributes(**{**GOOD, **wrong})


def test_a_single_number_is_no_vector():
    with pytest.raises(TypeError, match="pixel_spacing"):
        affine_from_attributes(**{**GOOD, "pixel_spacing": 1.0})


@pytest.mark.parametrize("direction", [np.eye(2), np.ones(8), np.ones((3, 3)), np.zeros((3, 3)), np.eye(3) * np.nan])
def test_directions_that_are_none_are_refused(direction):
    with pytest.raises(VolumeError):
        affine_from_components(1.0, direction, [0, 0, 0])


@pytest.mark.parametrize("spacing", [0.0, -1.0, [1, 1], [1, 0, 1], [1, np.nan, 1]])
def test_spacings_that_are_none_are_refused(spacing):
    with pytest.raises(VolumeError):
        affine_from_components(spacing, np.eye(3), [0, 0, 0])


def test_dicom_numbers_are_taken():
    from pydicom.multival import MultiValue
    from pydicom.valuerep import DS

    assert as_vector(MultiValue(DS, ["1.5", "2", "3e-1"]), 3, "position").tolist() == [1.5, 2.0, 0.3]
