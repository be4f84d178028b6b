"""Geometry against highdicom on the same calls, and against itself."""

import highdicom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hdgpu.errors import CoordinateSystemError, OutOfBoundsError, VolumeError
from hdgpu.volume import Volume, VolumeGeometry

UID = "1.2.3.4"


def affine_of(rotation, mirrored, spacing, position):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_rotvec(rotation).as_matrix() * spacing
    affine[:3, 0] *= -1 if mirrored else 1
    affine[:3, 3] = position
    return affine


angles = st.tuples(*[st.floats(-3, 3)] * 3)
affines = st.builds(
    affine_of, angles, st.booleans(), st.tuples(*[st.floats(0.01, 20)] * 3), st.tuples(*[st.floats(-1e3, 1e3)] * 3)
)
shapes = st.tuples(*[st.integers(1, 9)] * 3)
geometries = st.builds(VolumeGeometry, affines, shapes, st.just("PATIENT"), st.just(UID))


def highdicoms(geometry):
    return highdicom.VolumeGeometry(
        geometry.affine, geometry.spatial_shape, geometry.coordinate_system.value, geometry.frame_of_reference_uid
    )


def plain(value):
    """Return a property as what compares: enumerations of the two packages are different classes."""
    if isinstance(value, tuple):
        return tuple(plain(each) for each in value)
    return getattr(value, "value", value)


EXACT = [
    "spatial_shape",
    "shape",
    "ndim",
    "position",
    "spacing",
    "pixel_spacing",
    "spacing_between_slices",
    "direction_cosines",
    "center_indices",
    "nearest_center_indices",
    "center_position",
    "handedness",
    "coordinate_system",
    "frame_of_reference_uid",
    "physical_extent",
]


@given(geometry=geometries)
def test_properties_are_highdicoms(geometry):
    theirs = highdicoms(geometry)
    for name in EXACT:
        assert plain(getattr(geometry, name)) == plain(getattr(theirs, name)), name
        assert type(getattr(geometry, name)).__name__ == type(getattr(theirs, name)).__name__, name
    for name in ("affine", "inverse_affine", "direction"):
        np.testing.assert_array_equal(getattr(geometry, name), getattr(theirs, name))
        assert getattr(geometry, name).dtype == np.float64
    for name in ("spacing_vectors", "unit_vectors"):
        np.testing.assert_array_equal(getattr(geometry, name)(), getattr(theirs, name)())
    for name in ("voxel_volume", "physical_volume"):
        assert getattr(geometry, name) == pytest.approx(getattr(theirs, name), rel=1e-14)
    assert plain(geometry.get_closest_patient_orientation()) == plain(theirs.get_closest_patient_orientation())


@pytest.mark.parametrize("convention", ["LPH", "RAH", "HLP", None])
def test_get_affine_is_highdicoms(convention):
    geometry = VolumeGeometry(affine_of([0.1, 0.2, 0.3], True, [1, 2, 3], [4, 5, 6]), (4, 5, 6), "PATIENT")
    np.testing.assert_array_equal(geometry.get_affine(convention), highdicoms(geometry).get_affine(convention))


def test_nothing_handed_out_leads_back_into_the_geometry():
    given_affine = np.eye(4)
    geometry = VolumeGeometry(given_affine, (2, 3, 4), "PATIENT")
    for matrix in (given_affine, geometry.affine, geometry.get_affine(None), *geometry.spacing_vectors()):
        matrix[:] = 7.0
    np.testing.assert_array_equal(geometry.affine, np.eye(4))


# --- Points -----------------------------------------------------------------------------------------------------------

points = st.lists(st.tuples(*[st.floats(-50, 50)] * 3), max_size=5).map(lambda rows: np.array(rows).reshape(-1, 3))


@given(geometry=geometries, indices=points)
def test_index_to_position_and_back(geometry, indices):
    positions = geometry.map_indices_to_reference(indices)
    np.testing.assert_allclose(
        positions, highdicoms(geometry).map_indices_to_reference(indices), rtol=1e-13, atol=1e-10
    )
    np.testing.assert_allclose(geometry.map_reference_to_indices(positions), indices, rtol=0, atol=1e-7)


@given(geometry=geometries, seed=st.integers(0, 2**32 - 1))
def test_every_voxel_is_found_again(geometry, seed):
    rng = np.random.default_rng(seed)
    indices = rng.integers(0, geometry.spatial_shape, size=(5, 3))
    positions = geometry.map_indices_to_reference(indices)
    found = geometry.map_reference_to_indices(positions, round_output=True, check_bounds=True)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, indices)
    np.testing.assert_array_equal(found, highdicoms(geometry).map_reference_to_indices(positions, round_output=True))


@pytest.mark.parametrize("index", [-0.51, -0.5, -0.1, 0.5, 1.5, 2.5, 3.0, 3.5, 3.51, 4.0])
@pytest.mark.parametrize("rounded", [False, True])
def test_bounds_are_highdicoms(index, rounded):
    geometry = VolumeGeometry(np.diag([2.0, 2.0, 2.0, 1.0]), (4, 4, 4), "PATIENT")
    coordinates = np.array([[1.0, 1.0, 1.0], [2.0 * index, 0.0, 0.0]])
    try:
        theirs = highdicoms(geometry).map_reference_to_indices(coordinates, rounded, check_bounds=True)
    except RuntimeError:
        with pytest.raises(OutOfBoundsError, match=r"1 of 2 positions lie outside.*row 1"):
            geometry.map_reference_to_indices(coordinates, rounded, check_bounds=True)
    else:
        np.testing.assert_array_equal(
            geometry.map_reference_to_indices(coordinates, rounded, check_bounds=True), theirs
        )


def test_points_that_are_none():
    geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT")
    nowhere = [[np.nan, 0, 0]]
    with pytest.raises(OutOfBoundsError):
        geometry.map_reference_to_indices(nowhere, check_bounds=True)
    with pytest.raises(VolumeError):
        geometry.map_reference_to_indices(nowhere, round_output=True)
    assert geometry.map_reference_to_indices(np.zeros((0, 3)), True, True).shape == (0, 3)
    for wrong in ([0, 0, 0], [[0, 0]]):
        with pytest.raises(VolumeError):
            geometry.map_indices_to_reference(wrong)
        with pytest.raises(VolumeError):
            geometry.map_reference_to_indices(wrong)


# --- Equality ---------------------------------------------------------------------------------------------------------


def shifted(by, *, shape=(4, 5, 6), system="PATIENT", uid=UID):
    affine = np.eye(4)
    affine[0, 3] = by
    return VolumeGeometry(affine, shape, system, uid)


def test_geometry_equal():
    geometry = shifted(0.0)
    assert geometry.geometry_equal(shifted(0.0), tol=None)
    assert geometry.geometry_equal(shifted(0.9e-5))
    assert not geometry.geometry_equal(shifted(1.1e-5))
    assert geometry.geometry_equal(shifted(0.09), tol=0.1)
    assert not geometry.geometry_equal(shifted(1e-12), tol=None)
    assert not geometry.geometry_equal(shifted(0.0, shape=(4, 5, 7)))
    assert not geometry.geometry_equal(shifted(0.0, system="SLIDE"))
    assert geometry.geometry_equal(shifted(0.0, uid=None))
    with pytest.raises(TypeError):
        geometry.geometry_equal(5)


def test_tolerance_is_absolute():
    """highdicom allows 1e-5 of the position besides: at 50 mm on a slide, two pixels of 0.25 micrometres."""
    assert not shifted(50.0).geometry_equal(shifted(50.0005))


def test_another_frame_of_reference_is_another_place():
    assert not shifted(0.0).geometry_equal(shifted(0.0, uid="1.2.3.5"))


# --- Construction -----------------------------------------------------------------------------------------------------

ATTRIBUTES = {
    "image_position": [1, 2, 3],
    "image_orientation": [1, 0, 0, 0, 1, 0],
    "rows": 5,
    "columns": 6,
    "pixel_spacing": [0.5, 0.7],
    "spacing_between_slices": 2.0,
    "number_of_frames": 4,
    "coordinate_system": "PATIENT",
    "frame_of_reference_uid": UID,
}
COMPONENTS = {"spacing": [1.0, 2.0, 3.0], "coordinate_system": "PATIENT", "frame_of_reference_uid": UID}


def test_from_attributes_is_highdicoms():
    ours = VolumeGeometry.from_attributes(**ATTRIBUTES)
    theirs = highdicom.VolumeGeometry.from_attributes(**ATTRIBUTES)
    np.testing.assert_array_equal(ours.affine, theirs.affine)
    assert ours.spatial_shape == theirs.spatial_shape
    assert ours.frame_of_reference_uid == UID


@pytest.mark.parametrize("place", [{"position": [1, 2, 3]}, {"center_position": [1, 2, 3]}])
@pytest.mark.parametrize("way", [{"direction": np.eye(3)[[2, 0, 1]]}, {"patient_orientation": "HLP"}])
def test_from_components_is_highdicoms(place, way):
    ours = VolumeGeometry.from_components((4, 5, 6), **COMPONENTS, **place, **way)
    theirs = highdicom.VolumeGeometry.from_components((4, 5, 6), **COMPONENTS, **place, **way)
    np.testing.assert_array_equal(ours.affine, theirs.affine)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"position": [1, 2, 3]},
        {"direction": np.eye(3)},
        {"position": [1, 2, 3], "center_position": [1, 2, 3], "direction": np.eye(3)},
        {"position": [1, 2, 3], "direction": np.eye(3), "patient_orientation": "HLP"},
        {"position": [1, 2], "direction": np.eye(3)},
        {"position": [1, 2, 3], "direction": np.ones((3, 3))},
        {"position": [1, 2, 3], "patient_orientation": "LRH"},
        {"position": [1, 2, 3], "patient_orientation": "HLP", "coordinate_system": "SLIDE"},
        {"position": [1, 2, 3], "direction": np.eye(3), "spacing": [1, 0, 1]},
        {"position": [1, 2, 3], "direction": np.eye(3), "coordinate_system": "ROOM"},
    ],
)
def test_from_components_refuses_what_highdicom_refuses(wrong):
    with pytest.raises((TypeError, ValueError)) as theirs:
        highdicom.VolumeGeometry.from_components((4, 5, 6), **{**COMPONENTS, **wrong})
    with pytest.raises(theirs.type):
        VolumeGeometry.from_components((4, 5, 6), **{**COMPONENTS, **wrong})


@pytest.mark.parametrize("place", ["position", "center_position"])
@pytest.mark.parametrize("convention", ["LPH", "RAH", "HLP", ("F", "P", "L")])
def test_letters_name_directions_of_the_patient_in_every_convention(place, convention):
    """highdicom mirrors them with the position: FPL becomes FAR where the position is given in RAH."""
    point = {"L": 1.0, "R": -1.0, "P": 2.0, "A": -2.0, "H": 3.0, "F": -3.0}
    geometry = VolumeGeometry.from_components(
        (4, 5, 6),
        **COMPONENTS,
        patient_orientation="FPL",
        from_reference_convention=convention,
        **{place: [point[letter] for letter in convention]},
    )
    assert plain(geometry.get_closest_patient_orientation()) == ("F", "P", "L")
    assert getattr(geometry, place) == (1.0, 2.0, 3.0)


def test_conventions_that_are_none():
    arguments = {**COMPONENTS, "position": [1, 2, 3], "direction": np.eye(3)}
    for convention in ("LLH", "RA", "", "XYZ"):
        with pytest.raises(VolumeError):
            VolumeGeometry.from_components((4, 5, 6), **arguments, from_reference_convention=convention)
    with pytest.raises(TypeError, match="from_reference_convention"):
        VolumeGeometry.from_components(
            (4, 5, 6), **{**arguments, "coordinate_system": "SLIDE"}, from_reference_convention="RAH"
        )


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5, 6), (0, 3, 4), (-1, 3, 4)])
def test_shapes_that_are_none_are_refused(shape):
    with pytest.raises(VolumeError, match="spatial_shape"):
        VolumeGeometry(np.eye(4), shape, "PATIENT")


def test_a_shape_is_of_integers():
    with pytest.raises(TypeError):
        VolumeGeometry(np.eye(4), (1.5, 3, 4), "PATIENT")
    shape = VolumeGeometry(np.eye(4), np.array([2, 3, 4]), "PATIENT").spatial_shape
    assert [type(size) for size in shape] == [int, int, int]


@pytest.mark.parametrize("system", ["ROOM", None])
def test_unknown_coordinate_systems_are_refused(system):
    with pytest.raises(ValueError, match="CoordinateSystemNames"):
        VolumeGeometry(np.eye(4), (2, 3, 4), system)


def test_a_slide_has_no_patient_orientation():
    geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "SLIDE")
    for call in (geometry.get_closest_patient_orientation, lambda: geometry.to_patient_orientation("FPL")):
        with pytest.raises(CoordinateSystemError):
            call()
    assert repr(geometry) == "<VolumeGeometry 2 x 3 x 4, spacing 1 x 1 x 1 mm, SLIDE>"


def test_copy():
    geometry = shifted(3.0)
    copied = geometry.copy()
    assert copied is not geometry
    assert copied.geometry_equal(geometry, tol=None)
    assert copied.frame_of_reference_uid == UID


@pytest.mark.parametrize("convention", ["RAS", "LPS", "LPH", "FAR", ["R", "A", "H"], None])
def test_affine_in_another_convention(convention):
    affine = np.array([[0, 0, 0.8, 10], [0, 0.7, 0, -20], [2.5, 0, 0, 30], [0, 0, 0, 1.0]])
    arguments = ((2, 3, 4), "PATIENT", "1.2.3", convention)
    expected = highdicom.VolumeGeometry(affine, *arguments).affine
    np.testing.assert_array_equal(VolumeGeometry(affine, *arguments).affine, expected)
    volume = Volume(np.zeros((2, 3, 4)), affine, "PATIENT", from_reference_convention=convention)
    np.testing.assert_array_equal(volume.affine, expected)


def test_a_slide_has_no_convention():
    for make in (highdicom.VolumeGeometry, VolumeGeometry):
        with pytest.raises(TypeError):
            make(np.eye(4), (2, 3, 4), "SLIDE", from_reference_convention="RAS")
