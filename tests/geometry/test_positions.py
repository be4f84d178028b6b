"""What positions do unlike highdicom's, and what is refused; parity is in tests/parity/test_spatial.py."""

import numpy as np
import pytest

from hdgpu.errors import EmptySeriesError, InvalidAttributeError, MixedOrientationError, VolumeError
from hdgpu.geometry.planes import are_points_coplanar
from hdgpu.geometry.stack import diagnose_stack
from hdgpu.spatial import (
    get_dataset_sort_index,
    get_plane_sort_index,
    get_series_volume_positions,
    get_volume_positions,
    sort_datasets,
)
from tests.geometry import images

AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def at(heights):
    return [[0.0, 0.0, float(height)] for height in heights]


@pytest.mark.parametrize(
    ("heights", "either_way", "along_the_normal"),
    [
        ([3, 2, 1, 0], [0, 1, 2, 3], [0, 1, 2, 3]),  # the normal of an axial image's (row, column) points to the feet
        ([0, 1, 2, 3], [0, 1, 2, 3], None),
        ([0, 2, 1, 3], None, None),
        ([3, 1, 2, 0], None, None),
        ([5], [0], [0]),
    ],
)
def test_planes_that_are_not_to_be_sorted_lie_in_the_order_given(heights, either_way, along_the_normal):
    for enforce, expected in ((False, either_way), (True, along_the_normal)):
        spacing, places = get_volume_positions(at(heights), AXIAL, sort=False, enforce_handedness=enforce)
        assert places == expected
        assert spacing == (None if expected is None else 1.0)
        series = images.series([float(each) for each in heights])
        assert get_series_volume_positions(series, sort=False, enforce_handedness=enforce) == (spacing, places)


def test_two_planes_have_never_one_place():
    heights = [0.0, 1.0, 1.4, 2.4]
    options = {"allow_missing_positions": True, "spacing_hint": 1.0, "rtol": 0.5}
    assert get_volume_positions(at(heights), AXIAL, **options) == (None, None)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_positions_that_are_nowhere(wrong):
    assert get_volume_positions(at([0, wrong, 2]), AXIAL) == (None, None)
    with pytest.raises(VolumeError, match="not finite"):
        get_plane_sort_index(at([0, wrong, 2]), AXIAL)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"rtol": 0.1, "atol": 0.1}, TypeError),
        ({"rtol": -0.1}, VolumeError),
        ({"atol": np.nan}, VolumeError),
        ({"perpendicular_tol": -1e-3}, VolumeError),
        ({"spacing_hint": 0.0}, VolumeError),
        ({"spacing_hint": np.nan}, VolumeError),
        ({"sort": False, "allow_missing_positions": True}, VolumeError),
        ({"sort": False, "allow_duplicate_positions": True}, VolumeError),
        ({"index_convention": "RL"}, VolumeError),
        ({"index_convention": "R"}, VolumeError),
        ({"index_convention": "rd"}, VolumeError),
        ({"index_convention": None}, TypeError),
        ({"handedness": "BOTH"}, ValueError),
    ],
)
def test_options_that_are_none_are_refused(options, kind):
    with pytest.raises(kind):
        get_volume_positions(at([0, 1, 2]), AXIAL, **options)


@pytest.mark.parametrize("positions", [[], [1, 2, 3], [[1, 2]], np.zeros((0, 3)), np.zeros((1, 3, 1)), None])
def test_positions_are_rows_of_three(positions):
    with pytest.raises(VolumeError):
        get_volume_positions(positions, AXIAL)


@pytest.mark.parametrize("orientation", [[1, 0, 0], [2, 0, 0, 0, 1, 0], [1, 0, 0, 1, 0, 0], [0] * 6])
def test_orientations_that_are_none(orientation):
    for function in (get_volume_positions, get_plane_sort_index):
        with pytest.raises(VolumeError):
            function(at([0, 1]), orientation)


def test_the_diagnosis_of_a_stack_agrees():
    """It measures the same, and judges by tolerances of its own."""
    places = np.array(at([4.0, 0.0, 2.0]))
    diagnosis = diagnose_stack(places, np.tile(AXIAL, (3, 1)))
    spacing, positions = get_volume_positions(places, AXIAL)
    assert spacing == diagnosis.spacing
    assert np.argsort(positions).tolist() == diagnosis.order.tolist() == get_plane_sort_index(places, AXIAL)


def test_series_that_are_none():
    for function in (get_dataset_sort_index, sort_datasets, get_series_volume_positions):
        with pytest.raises(EmptySeriesError):
            function([])
        with pytest.raises(InvalidAttributeError, match="single-frame"):
            function([images.single_frame(), images.multi_frame()])
        for absent in ("SOPClassUID", "ImagePositionPatient", "ImageOrientationPatient"):
            with pytest.raises(AttributeError, match=absent):
                function([images.single_frame(), images.without(images.single_frame(), absent)])
    turned = images.single_frame(ImageOrientationPatient=AXIAL)
    with pytest.raises(MixedOrientationError):
        get_dataset_sort_index([images.single_frame(), turned])
    assert get_series_volume_positions([images.single_frame(), turned]) == (None, None)


def test_coplanar_points_are_rows_of_three_finite_numbers(xp):
    for wrong in (np.zeros((4, 2)), np.zeros(3), np.zeros((1, 1, 3))):
        with pytest.raises(VolumeError, match="shape"):
            are_points_coplanar(xp.asarray(wrong))
    with pytest.raises(VolumeError, match="finite"):
        are_points_coplanar(xp.asarray([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, np.nan]]))
    with pytest.raises(TypeError, match="real"):
        are_points_coplanar(xp.asarray(np.zeros((4, 3), complex)))
    assert are_points_coplanar(xp.asarray([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])) is True


def test_planes_beside_each_other_are_not_a_hair_apart():
    """Rounding leaves 1e-16 mm between them, which is no spacing."""
    rows, columns = np.array([1.0, 0.0, 0.0]), np.array([0.0, np.cos(1.0), np.sin(1.0)])
    heights = 2.0 * np.array([0.0, 1.0, 1.0, 2.0, 3.0])
    places = np.array([5.0, -7.0, 11.0]) + heights[:, None] * np.cross(rows, columns)
    for shift in (0.01, 0.05, 0.16):
        places[2] = places[1] + shift * columns
        found = get_volume_positions(places, [*rows, *columns], allow_missing_positions=True)
        assert found == (None, None)
