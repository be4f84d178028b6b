"""hdgpu.spatial beside highdicom.spatial on what Hypothesis draws, in every array library."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import hdgpu.spatial as ours
from hdgpu.array.interop import to_numpy
from tests.conftest import ArrayLibrary
from tests.geometry import images

theirs = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom").spatial

FEW = settings(max_examples=30)

# --- What is drawn ----------------------------------------------------------------------------------------------------

finite = functools.partial(st.floats, allow_nan=False, allow_subnormal=False)
rotations = st.tuples(*[finite(-3, 3)] * 3).map(lambda angles: Rotation.from_rotvec(angles).as_matrix())
orientations = rotations.map(lambda matrix: matrix[:, :2].T.ravel().tolist())
positions = st.tuples(*[finite(-1000, 1000)] * 3).map(list)
spacings = st.tuples(*[finite(0.01, 20)] * 2).map(list)
planes = st.tuples(positions, orientations, spacings)
conventions = st.sampled_from(
    ["".join(each) for pair in ("RU", "RD", "LU", "LD") for each in itertools.permutations(pair)]
)
down_right = st.sampled_from(["RD", "DR"])
handedness = st.sampled_from(["RIGHT_HANDED", "LEFT_HANDED"])
patient_orientations = st.sampled_from(
    ["".join(each) for axes in itertools.permutations(["LR", "AP", "HF"]) for each in itertools.product(*axes)]
)
seeds = st.integers(0, 2**32 - 1)


def points(seed: int, columns: int, integral: bool = False) -> npt.NDArray[Any]:
    generator = np.random.default_rng(seed)
    count = int(generator.integers(0, 6))
    if integral:
        return generator.integers(-2000, 20000, (count, columns))
    return generator.uniform(-1000, 1000, (count, columns))


# --- How it is compared -----------------------------------------------------------------------------------------------


def assert_mapped(found: Any, expected: npt.NDArray[Any], affine: npt.NDArray[Any], given: npt.NDArray[Any]) -> None:
    """Assert that coordinates agree to 1e-12 of the terms that they are the sum of."""
    outputs, inputs = expected.shape[1], given.shape[1]
    terms = np.abs(given) @ np.abs(affine[:outputs, :inputs]).T + np.abs(affine[:outputs, 3])
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    assert (np.abs(found - expected) <= 1e-12 * terms).all()


def assert_rounded(found: Any, expected: npt.NDArray[Any], unrounded: npt.NDArray[Any]) -> None:
    """Assert that integers are equal, but for positions so near the middle of two that the last bit decides."""
    assert found.dtype == expected.dtype == np.int64
    assert found.shape == expected.shape
    even = np.abs(np.abs(unrounded - np.floor(unrounded)) - 0.5) < 1e-9
    assert ((found == expected) | even).all()
    assert (np.abs(found - expected) <= 1).all()


def through(xp: ArrayLibrary, function: Any, given: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Call with an array of the library, and return the result in NumPy: library and device have to be kept."""
    array = xp.asarray(given)
    before = to_numpy(xp.asarray(given))
    result = function(array)
    assert xp.is_mine(result)
    np.testing.assert_array_equal(to_numpy(array), before)  # nothing was written into what was given
    return to_numpy(result)


# --- Transformers -----------------------------------------------------------------------------------------------------


@FEW
@given(plane=planes, seed=seeds)
@pytest.mark.parametrize("name", ["PixelToReferenceTransformer", "ImageToReferenceTransformer"])
def test_from_image(xp: ArrayLibrary, name: str, plane: Any, seed: int) -> None:
    mine, oracle = getattr(ours, name)(*plane), getattr(theirs, name)(*plane)
    np.testing.assert_allclose(mine.affine, oracle.affine, rtol=1e-12, atol=1e-12)
    indices = points(seed, 2, integral=name.startswith("Pixel"))
    assert_mapped(through(xp, mine, indices), oracle(indices), oracle.affine, indices)


@FEW
@given(plane=planes, between=finite(0.1, 10), seed=seeds)
@pytest.mark.parametrize("name", ["ReferenceToPixelTransformer", "ReferenceToImageTransformer"])
def test_into_image(xp: ArrayLibrary, name: str, plane: Any, between: float, seed: int) -> None:
    options: dict[str, Any] = {"round_output": False} if "Pixel" in name else {}
    mine, oracle = (getattr(each, name)(*plane, between, **options) for each in (ours, theirs))
    np.testing.assert_allclose(mine.affine, oracle.affine, rtol=1e-12, atol=1e-9)
    coordinates = points(seed, 3)
    unrounded = oracle(coordinates)
    assert_mapped(through(xp, mine, coordinates), unrounded, oracle.affine, coordinates)
    if "Pixel" in name:
        found = through(xp, ours.ReferenceToPixelTransformer(*plane, between), coordinates)
        assert_rounded(found, theirs.ReferenceToPixelTransformer(*plane, between)(coordinates), unrounded)


@FEW
@given(plane=planes, off=finite(-0.7, 0.7), seed=seeds)
@pytest.mark.parametrize("name", ["ReferenceToPixelTransformer", "ReferenceToImageTransformer"])
@pytest.mark.parametrize("rounding", [True, False])
def test_dropping_the_slice(xp: ArrayLibrary, name: str, rounding: bool, plane: Any, off: float, seed: int) -> None:
    options: dict[str, Any] = {"drop_slice_coord": True}
    if "Pixel" in name:
        options = {"drop_slice_index": True, "round_output": rounding}
    mine, oracle = (getattr(each, name)(*plane, **options) for each in (ours, theirs))
    whole = np.vstack([points(seed, 2, integral=True), [[3, 4]]])
    in_plane = theirs.PixelToReferenceTransformer(*plane)(whole)
    in_plane[-1] += off * theirs.get_normal_vector(plane[1])
    if abs(abs(off) - 0.5) < 1e-9:
        return
    if abs(off) > 0.5:
        for each, given_ in ((oracle, in_plane), (mine, xp.asarray(in_plane))):
            with pytest.raises(RuntimeError):
                each(given_)
        return
    expected = oracle(in_plane)
    found = through(xp, mine, in_plane)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-6)


@FEW
@given(plane=planes, spacing=spacings, angle=finite(-3, 3), mirrored=st.booleans(), seed=seeds)
@pytest.mark.parametrize("name", ["PixelToPixelTransformer", "ImageToImageTransformer"])
def test_between_images(
    xp: ArrayLibrary, name: str, plane: Any, spacing: Any, angle: float, mirrored: bool, seed: int
) -> None:
    position, orientation, _ = plane
    rows, columns = np.reshape(orientation, (2, 3))
    turned = [np.cos(angle) * rows + np.sin(angle) * columns, np.cos(angle) * columns - np.sin(angle) * rows]
    turned[1] *= -1 if mirrored else 1
    other = ((np.array(position) + 7.5 * rows - 3.25 * columns).tolist(), np.ravel(turned).tolist(), spacing)
    options: dict[str, Any] = {"round_output": False} if "Pixel" in name else {}
    mine, oracle = (getattr(each, name)(*plane, *other, **options) for each in (ours, theirs))
    np.testing.assert_allclose(mine.affine, oracle.affine, rtol=1e-12, atol=1e-9)
    indices = points(seed, 2, integral="Pixel" in name)
    unrounded = oracle(indices)
    # two affines of 1000 mm and more take each other away, over spacings of 0.01 mm and more
    np.testing.assert_allclose(through(xp, mine, indices), unrounded, rtol=1e-12, atol=1e-9)
    if "Pixel" in name:
        found = through(xp, ours.PixelToPixelTransformer(*plane, *other), indices)
        assert_rounded(found, theirs.PixelToPixelTransformer(*plane, *other)(indices), unrounded)


@given(
    plane=planes,
    along=st.just(0.0) | finite(-2e-5, 2e-5),
    tilt=st.just(0.0) | st.sampled_from([0.044, 0.045, 0.055]) | finite(0, 0.1),
    about=finite(-3, 3),
)
def test_which_images_share_a_plane(plane: Any, along: float, tilt: float, about: float) -> None:
    position, orientation, spacing = plane
    rows, columns = np.reshape(orientation, (2, 3))
    axis = np.cos(about) * rows + np.sin(about) * columns
    turn = Rotation.from_rotvec(tilt * axis).as_matrix()
    moved = np.array(position) + along * np.cross(rows, columns)
    other = (moved.tolist(), np.ravel([turn @ rows, turn @ columns]).tolist(), spacing)
    if abs(abs(along) - 1e-5) < 1e-9 or abs(1 - np.cos(tilt) - 1e-3) < 1e-9:
        return
    verdicts = []
    for each in (ours, theirs):
        try:
            each.PixelToPixelTransformer(*plane, *other)
            verdicts.append(True)
        except ValueError:
            verdicts.append(False)
    assert verdicts[0] is verdicts[1]


@given(plane=planes, seed=seeds)
def test_one_at_a_time(plane: Any, seed: int) -> None:
    generator = np.random.default_rng(seed)
    index = generator.integers(0, 500, 2).tolist()
    mine, oracle = (each.map_pixel_into_coordinate_system(index, *plane) for each in (ours, theirs))
    np.testing.assert_allclose(mine, oracle, rtol=1e-12, atol=1e-9)
    assert [type(each) for each in mine] == [float] * 3
    coordinate = (np.array(oracle) + 0.1).tolist()
    mine, oracle = (each.map_coordinate_into_pixel_matrix(coordinate, *plane, 2.5) for each in (ours, theirs))
    exact = theirs.ReferenceToPixelTransformer(*plane, 2.5, round_output=False)(np.array([coordinate]))
    assert_rounded(np.array([mine]), np.array([oracle]), exact)
    assert [type(each) for each in mine] == [int] * 3


# --- Affines ----------------------------------------------------------------------------------------------------------


@given(plane=planes, convention=conventions, hand=handedness, first=st.booleans(), between=finite(0.01, 20))
def test_rotations_and_normals(plane: Any, convention: str, hand: str, first: bool, between: float) -> None:
    _, orientation, spacing = plane
    for pixel_spacing in (spacing, spacing[0]):
        found, expected = (
            each.create_rotation_matrix(orientation, convention, first, hand, pixel_spacing, between)
            for each in (ours, theirs)
        )
        np.testing.assert_array_equal(found, expected)
    found, expected = (each.get_normal_vector(orientation, convention, hand) for each in (ours, theirs))
    np.testing.assert_array_equal(found, expected)


@given(plane=planes, convention=down_right, hand=handedness, first=st.booleans(), between=finite(0.01, 20))
def test_affines_from_attributes(plane: Any, convention: str, hand: str, first: bool, between: float) -> None:
    found, expected = (
        each.create_affine_matrix_from_attributes(*plane, between, convention, first, hand) for each in (ours, theirs)
    )
    np.testing.assert_array_equal(found, expected)


@given(
    rotation=rotations,
    place=positions,
    spacing=st.tuples(*[finite(0.01, 20)] * 3).map(list),
    shape=st.tuples(*[st.integers(1, 50)] * 3),
    letters=patient_orientations,
)
def test_affines_from_components(rotation: Any, place: Any, spacing: Any, shape: Any, letters: str) -> None:
    directions: list[dict[str, Any]] = [
        {"direction": rotation},
        {"direction": rotation.ravel().tolist()},
        {"patient_orientation": letters},
    ]
    places: list[dict[str, Any]] = [{"position": place}, {"center_position": place, "spatial_shape": shape}]
    for direction, where in itertools.product(directions, places):
        found, expected = (
            each.create_affine_matrix_from_components(spacing=spacing, **direction, **where) for each in (ours, theirs)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(rotation=rotations, place=positions, source=patient_orientations, target=patient_orientations)
def test_patient_orientations(rotation: Any, place: Any, source: str, target: str) -> None:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = rotation * [0.5, 1.5, 2.5], place
    enumerated = [getattr(theirs.PatientOrientationValuesBiped, letter) for letter in target]
    try:
        expected = theirs.convert_affine_to_convention(affine, source, enumerated)
    except ValueError:  # it cannot both reverse axes and move them
        expected = None
    superior = source.replace("H", "S").replace("F", "I")
    for each in (source, tuple(source), superior):
        found = ours.convert_affine_to_convention(affine, each, target)
        if expected is not None:
            np.testing.assert_array_equal(found, expected)
    for common in ("LPS", "RAS"):
        found, oracle = (each.convert_affine_to_convention(affine, common, "RAS") for each in (ours, theirs))
        np.testing.assert_array_equal(found, oracle)
    for matrix in (affine, rotation):
        found, oracle = (each.get_closest_patient_orientation(matrix) for each in (ours, theirs))
        assert [each.value for each in found] == [each.value for each in oracle]
    rotated, oracle = (each.rotation_for_patient_orientation(target, [0.5, 1.5, 2.5]) for each in (ours, theirs))
    np.testing.assert_array_equal(rotated, oracle)


# --- Planes and positions ---------------------------------------------------------------------------------------------


@FEW
@given(rotation=rotations, place=positions, count=st.integers(0, 8), off=finite(0, 2), seed=seeds)
def test_coplanar_points(xp: ArrayLibrary, rotation: Any, place: Any, count: int, off: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    flat = np.column_stack([generator.uniform(-50, 50, (count, 2)), generator.uniform(-off, off, count) * 1e-5])
    cloud = flat @ rotation.T + place
    around = cloud - cloud.mean(axis=0) if count else cloud
    if count > 3 and abs(np.abs(around @ np.linalg.svd(around)[2][2]).max() - 1e-5) < 1e-9:
        return
    verdict = ours.are_points_coplanar(xp.asarray(cloud))
    assert type(verdict) is bool
    assert verdict == bool(theirs.are_points_coplanar(cloud))


steps = st.sampled_from([1.0, 1.0, 1.0, 1.0, 1.004, 0.997, 1.02, 2.0, 2.003, 3.0, 0.0, 0.5])


@settings(max_examples=300)
@given(
    orientation=orientations,
    steps=st.lists(steps, max_size=7),
    scale=finite(0.1, 10),
    order=st.randoms(use_true_random=False),
    tilt=st.sampled_from([0.0, 0.0, 0.0, 0.03, 0.06]),
    shift=st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.08, 0.2]),
    tolerance=st.sampled_from([{}, {}, {"rtol": 0.03}, {"atol": 0.015}, {"perpendicular_tol": 1e-4}]),
    missing=st.booleans(),
    duplicates=st.booleans(),
    hint=st.sampled_from([None, None, 1.0, -1.0, 1.003, 0.5]),
    convention=conventions,
    hand=handedness,
)
def test_volume_positions(
    orientation: Any,
    steps: list[float],
    scale: float,
    order: Any,
    tilt: float,
    shift: float,
    tolerance: dict[str, float],
    missing: bool,
    duplicates: bool,
    hint: float | None,
    convention: str,
    hand: str,
) -> None:
    heights = scale * np.concatenate([[0.0], np.cumsum(steps)])
    rows, columns = np.reshape(orientation, (2, 3))
    along = np.cross(rows, columns) + tilt * rows
    places = np.array([5.0, -7.0, 11.0]) + heights[:, None] * along
    places[len(places) // 2] += shift * scale * columns
    places = places[order.sample(range(len(places)), len(places))]
    options: dict[str, Any] = {
        "allow_missing_positions": missing,
        "allow_duplicate_positions": duplicates,
        "spacing_hint": None if hint is None else hint * scale,
        "index_convention": convention,
        "handedness": hand,
        **{name: value * scale if name == "atol" else value for name, value in tolerance.items()},
    }
    (spacing, found), (expected_spacing, expected) = (
        each.get_volume_positions(places.tolist(), orientation, **options) for each in (ours, theirs)
    )
    if missing and not duplicates and expected is not None and len({*expected}) < len(expected):
        expected = None  # planes beside each other, one place for two of them: highdicom does not mind
    assert found == expected
    if expected is not None:
        assert spacing == pytest.approx(float(expected_spacing), rel=1e-12)
        assert type(spacing) is float


@given(
    orientation=orientations, heights=st.lists(st.integers(-9, 9), min_size=1), convention=conventions, hand=handedness
)
def test_sort_index(orientation: Any, heights: list[int], convention: str, hand: str) -> None:
    rows, columns = np.reshape(orientation, (2, 3))
    places = np.array(heights)[:, None] * np.cross(rows, columns)
    found, expected = (each.get_plane_sort_index(places, orientation, convention, hand) for each in (ours, theirs))
    # highdicom leaves the order of planes at one distance to chance, here it is the one given
    assert [heights[each] for each in found] == [heights[each] for each in expected]
    assert all(heights[a] != heights[b] or a < b for a, b in itertools.pairwise(found))


@settings(max_examples=50)
@given(heights=st.lists(st.integers(-9, 9), min_size=1, max_size=6), convention=conventions, hand=handedness)
def test_series(heights: list[int], convention: str, hand: str) -> None:
    datasets = images.series([float(each) for each in heights], SpacingBetweenSlices=1)
    options: dict[str, Any] = {"index_convention": convention, "handedness": hand}
    for switches in ({}, {"allow_missing_positions": True}, {"allow_duplicate_positions": True}):
        found, expected = (each.get_series_volume_positions(datasets, **switches, **options) for each in (ours, theirs))
        assert found == expected
    found, expected = (each.get_dataset_sort_index(datasets, **options) for each in (ours, theirs))
    assert [heights[each] for each in found] == [heights[each] for each in expected]
    mine = ours.sort_datasets(datasets, **options)
    assert all(a is datasets[b] for a, b in zip(mine, found, strict=True))


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-6, 0.004, 0.01, 0.02, 0.1])
@pytest.mark.parametrize("tolerance", [None, 1e-5, 1e-4, 1e-3])
def test_series_of_several_orientations(angle: float, tolerance: float | None) -> None:
    datasets = images.series([0, 1, 2, 3])
    cosines = [1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(np.sin(angle))]
    datasets[1].add(pydicom.DataElement("ImageOrientationPatient", "DS", [f"{each:.10g}" for each in cosines]))
    found, expected = (each.get_series_volume_positions(datasets, orientation_tol=tolerance) for each in (ours, theirs))
    assert found == expected
    if found[0] is None and angle > 1e-7:
        for each in (ours, theirs):
            with pytest.raises(ValueError, match="orientation"):
                each.get_dataset_sort_index(datasets)


# --- Tiles ------------------------------------------------------------------------------------------------------------


@given(plane=planes, size=st.tuples(*[st.integers(1, 40)] * 2), tile=st.tuples(*[st.integers(1, 20)] * 2))
def test_tiles(plane: Any, size: tuple[int, int], tile: tuple[int, int]) -> None:
    assert list(ours.tile_pixel_matrix(*size, *tile)) == list(theirs.tile_pixel_matrix(*size, *tile))
    found, expected = (each.compute_tile_positions_per_frame(*tile, *size, *plane) for each in (ours, theirs))
    assert [offset for offset, _ in found] == [offset for offset, _ in expected]
    np.testing.assert_allclose([at for _, at in found], [at for _, at in expected], rtol=1e-12, atol=1e-9)
    assert [type(each) for each in (*found[0], *found[0][0], *found[0][1])] == [list, list, int, int, *[float] * 3]


@FEW
@given(
    size=st.tuples(*[st.integers(1, 9)] * 2),
    tile=st.tuples(*[st.integers(1, 9)] * 2),
    data=st.data(),
    pad=st.booleans(),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32", "bool"]),
    color=st.booleans(),
)
def test_tile_arrays(
    xp: ArrayLibrary, size: Any, tile: Any, data: st.DataObject, pad: bool, dtype: str, color: bool
) -> None:
    row, column = data.draw(st.integers(1, size[0])), data.draw(st.integers(1, size[1]))
    pixels = np.arange(np.prod(size) * (3 if color else 1)).reshape(*size, *(3,) * color).astype(dtype)
    found = through(xp, lambda array: ours.get_tile_array(array, row, column, *tile, pad), pixels)
    expected = theirs.get_tile_array(pixels, row, column, *tile, pad)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
