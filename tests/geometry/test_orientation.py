import itertools

import highdicom
import numpy as np
import pytest
from highdicom.spatial import PATIENT_ORIENTATION_OPPOSITES as THEIR_OPPOSITES
from scipy.spatial.transform import Rotation

from hdgpu.enum import PatientOrientationValuesBiped
from hdgpu.errors import VolumeError
from hdgpu.geometry.orientation import (
    PATIENT_ORIENTATION_OPPOSITES,
    axes_between,
    closest_orientation,
    direction_for_orientation,
    in_convention,
    orientation_text,
    parse_orientation,
)

ALL = ["".join(letters) for axes in itertools.permutations(["LR", "AP", "HF"]) for letters in itertools.product(*axes)]


def test_there_are_48():
    assert len(set(ALL)) == 48


@pytest.mark.parametrize("letters", ALL)
def test_letters_and_directions_go_both_ways(letters):
    direction = direction_for_orientation(letters)
    assert orientation_text(closest_orientation(direction)) == letters
    theirs = highdicom.VolumeGeometry.from_components(
        (2, 3, 4), spacing=[1, 1, 1], position=[0, 0, 0], patient_orientation=letters, coordinate_system="PATIENT"
    )
    np.testing.assert_array_equal(direction, theirs.direction)


def cases(count):
    """Return rotations of all kinds, half of them mirrored, some of them halfway between two orientations."""
    matrices = Rotation.random(count, random_state=3).as_matrix()
    matrices[::2, :, 0] *= -1
    halfway = [Rotation.from_euler(axes, [45] * len(axes), degrees=True).as_matrix() for axes in ("x", "y", "z", "xz")]
    return [*matrices, *halfway, *(-each for each in halfway)]


def test_closest_orientation_is_highdicoms():
    for direction in cases(300):
        affine = np.eye(4)
        affine[:3, :3] = direction * [0.3, 1.0, 5.0]
        theirs = highdicom.VolumeGeometry(affine, (2, 3, 4), "PATIENT").get_closest_patient_orientation()
        assert [each.value for each in closest_orientation(affine)] == [each.value for each in theirs]


@pytest.mark.parametrize("convention", ALL)
def test_a_convention_changes_the_coordinates_of_a_point_and_back(convention):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.random(random_state=5).as_matrix() * [0.5, 1.5, 2.5]
    affine[:3, 3] = [10, 20, 30]
    converted = in_convention(affine, convention)
    point = affine @ [1, 2, 3, 1]
    along = {"L": point[0], "R": -point[0], "P": point[1], "A": -point[1], "H": point[2], "F": -point[2]}
    np.testing.assert_allclose(converted @ [1, 2, 3, 1], [*(along[letter] for letter in convention), 1.0])
    np.testing.assert_array_equal(in_convention(converted, "LPH", source=convention), affine)


@pytest.mark.parametrize("current", ALL[::5])
@pytest.mark.parametrize("wanted", ALL[::7])
def test_axes_between_leads_from_one_to_the_other(current, wanted):
    axes, flipped = axes_between(parse_orientation(current), parse_orientation(wanted))
    direction = direction_for_orientation(current)
    direction[:, list(flipped)] *= -1
    np.testing.assert_array_equal(direction[:, axes], direction_for_orientation(wanted))


def test_opposites_are_highdicoms():
    ours = {a.value: b.value for a, b in PATIENT_ORIENTATION_OPPOSITES.items()}
    assert ours == {a.value: b.value for a, b in THEIR_OPPOSITES.items()}


def test_letters_may_be_enumerated_values_or_a_mixture():
    assert parse_orientation([PatientOrientationValuesBiped.F, "P", PatientOrientationValuesBiped.L]) == (
        parse_orientation("FPL")
    )


@pytest.mark.parametrize("wrong", ["FP", "FPLL", "fpl", "FPX", "FFL", "LRH", "", ["F", "P", 1]])
def test_what_is_no_orientation_is_refused(wrong):
    with pytest.raises(VolumeError, match="orientation"):
        parse_orientation(wrong)


@pytest.mark.parametrize("wrong", [None, 5])
def test_what_is_no_sequence_is_refused(wrong):
    with pytest.raises(TypeError):
        parse_orientation(wrong)
