"""Image beside highdicom's: the same frames, volumes, matrices and refusals."""

from __future__ import annotations

import io
import itertools
import warnings
from typing import Any

import highdicom
import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

import hdgpu
from tests.make_multiframe import item, make_enhanced, make_tiled
from tests.make_series import make_dataset
from tests.sample_files import INEXACT, SAMPLE_FILES, SampleFile

SWITCHES = {
    "apply_real_world_transform": (None, False, True),
    "apply_modality_transform": (None, False, True),
    "apply_voi_transform": (False, None, True),
    "apply_presentation_lut": (True, False),
    "apply_palette_color_lut": (None, False),
    "apply_icc_profile": (False, None, True),
}
COMBINATIONS = [dict(zip(SWITCHES, values, strict=True)) for values in itertools.product(*SWITCHES.values())]
# Files that one of the two does not read, or reads otherwise on purpose, and why.
DIFFERENT = {
    "MR_small_padded.dcm": "there is more pixel data than the attributes say: ours refuses it",
    "MR_truncated.dcm": "the pixel data is cut off: ours refuses it, highdicom returns what there is of the raw frame",
    "mlut_18.dcm": "highdicom does not extend the sign of its 12-bit values; pydicom does as ours",
    "gdcm-US-ALOKA-16.dcm": "its palette is segmented, which highdicom does not read",
    "gdcm-US-ALOKA-16_big.dcm": "its palette is segmented, which highdicom does not read",
    "liver_1frame.dcm": "it has functional groups of three frames: ours gives stored values only",
}
# highdicom folds slope and window into one, with half a stored value where the standard has half a rescaled one; its
# VOILUTTransformation does as the standard says, and tests/parity/test_pixel_chains.py holds ours against that.
_INEXACT_WINDOW = 1e-3
FILES = [file for file in SAMPLE_FILES if file.package != "wsidicom-data" and file.name not in DIFFERENT]


@pytest.fixture(autouse=True)
def no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def outcome(function: Any) -> Any:
    """Return what it gives, or the exception that it raises."""
    try:
        return function()
    except Exception as error:
        return error


def assert_same(ours: Any, theirs: Any, tolerance: float = 0.0) -> None:
    """Hold that both give the same, or that both refuse."""
    result, expected = outcome(ours), outcome(theirs)
    if isinstance(expected, Exception) or isinstance(result, Exception):
        assert isinstance(expected, Exception), f"ours raises {result!r}"
        assert isinstance(result, Exception), f"theirs raises {expected!r}"
        return
    if not isinstance(expected, np.ndarray):
        assert result == expected
        return
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    if tolerance:
        assert np.abs(result.astype(float) - expected.astype(float)).max() <= tolerance
    else:
        np.testing.assert_array_equal(result, expected)


def affine_of(geometry: Any) -> Any:
    return None if geometry is None else np.round(geometry.affine, 12)


def combinations_for(file: SampleFile) -> list[dict[str, Any]]:
    """Return all combinations of switches for a small file, and some for a large one."""
    pixels = file.rows * file.columns * file.samples
    step = 5 if pixels <= 5_000 else 11 if pixels <= 40_000 else 31 if pixels <= 100_000 else 200
    return COMBINATIONS[:: max(step, 1)]


def opened_by_highdicom(path: str) -> Any:
    """Open an image by highdicom, which heeds Dose Grid Scaling only where it is called Rescale Slope."""
    image = highdicom.imread(path)
    if "DoseGridScaling" in image:
        image.RescaleSlope, image.RescaleIntercept, image.RescaleType = image.DoseGridScaling, 0, "US"
        return highdicom.Image.from_dataset(image)
    return image


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_sample_files(file: SampleFile) -> None:
    path = str(file.path())
    theirs = outcome(lambda: opened_by_highdicom(path))
    if isinstance(theirs, Exception):
        pytest.skip(f"highdicom does not open it: {theirs}")
    tolerance = 5.0 if file.name in INEXACT else 0.0
    for lazy in (False, True):
        ours = hdgpu.imread(path, lazy_frame_retrieval=lazy)
        assert ours.number_of_frames == theirs.number_of_frames
        assert ours.transfer_syntax_uid == theirs.transfer_syntax_uid
        assert_same(lambda ours=ours: ours.get_raw_frame(1), lambda: theirs.get_raw_frame(1))
        assert_same(lambda ours=ours: ours.get_stored_frame(1), lambda: theirs.get_stored_frame(1), tolerance)
        assert_same(lambda ours=ours: ours.get_frame(1), lambda: theirs.get_frame(1), tolerance)
    last = file.frames
    for switches in combinations_for(file):
        if switches["apply_palette_color_lut"] is False and switches["apply_icc_profile"] is None:
            continue  # highdicom refuses it even where there is neither a palette nor a profile
        assert_same(
            lambda switches=switches: ours.get_frame(last, **switches),
            lambda switches=switches: theirs.get_frame(last, **switches),
            max(tolerance, _INEXACT_WINDOW if switches["apply_voi_transform"] is not False else 0.0),
        )
    assert ours.coordinate_system == theirs.coordinate_system or ours.coordinate_system.value == (
        theirs.coordinate_system.value
    )
    if "RT Dose" in ours.SOPClassUID.name:
        return  # highdicom takes a single plane of it for no volume
    assert_same(lambda: affine_of(ours.get_volume_geometry()), lambda: affine_of(theirs.get_volume_geometry()))
    assert_same(lambda: ours.get_volume().array, lambda: theirs.get_volume().array, tolerance)


# --- Stacks -----------------------------------------------------------------------------------------------------------

VOXELS = np.random.default_rng(0).integers(0, 4096, (6, 5, 7)).astype(np.uint16)
NATIVE = "1.2.840.10008.1.2.1"


def both(dataset: Any) -> tuple[hdgpu.Image, Any]:
    """Open a data set with both, ours from a file."""
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return hdgpu.imread(file, lazy_frame_retrieval=True), highdicom.Image.from_dataset(dataset)


bounds = st.none() | st.integers(-8, 8)


def is_sound(start: int | None, end: int | None, size: int, *, as_indices: bool) -> bool:
    """Return whether bounds lie within an axis and select something: highdicom's answers beyond that make no sense."""
    shift = 0 if as_indices else 1
    if not as_indices and 0 in (start, end):
        return False
    first = 0 if start is None else start - shift if start >= 0 else start + size
    beyond = size if end is None else end - shift if end >= 0 else end + size
    return 0 <= first < beyond <= size


def pairs_of(limits: Any) -> Any:
    return zip(limits[::2], limits[1::2], strict=True)


def selected(start: int | None, end: int | None, *, as_indices: bool) -> slice:
    """Return bounds as Python has them."""
    shift = 0 if as_indices else 1
    return slice(*(each - shift if each is not None and each > 0 else each for each in (start, end)))


@given(
    st.permutations(range(6)), st.booleans(), st.tuples(*[bounds] * 6), st.booleans(),
    st.lists(st.tuples(st.sampled_from([1, 0.5, 2.25]), st.sampled_from([-1024, 0, 7.5])), min_size=6, max_size=6),
)  # fmt: skip
@settings(max_examples=60)
def test_parts_of_a_stack(order: Any, as_indices: bool, limits: Any, flipped: bool, rescale: Any) -> None:
    positions = [(1.5, -2.5, (-1 if flipped else 1) * 2.0 * place) for place in order]
    ours, theirs = both(make_enhanced(VOXELS, positions, rescale=rescale))
    names = ["slice_start", "slice_end", "row_start", "row_end", "column_start", "column_end"]
    arguments = {**dict(zip(names, limits, strict=True)), "as_indices": as_indices}
    pairs = zip(limits[::2], limits[1::2], (6, 5, 7), strict=True)
    if not all(is_sound(start, end, size, as_indices=as_indices) for start, end, size in pairs):
        with pytest.raises(ValueError, match="found|cannot be 0"):
            ours.get_volume(**arguments)
        return
    volume, expected = ours.get_volume(**arguments), outcome(lambda: theirs.get_volume(**arguments))
    if isinstance(expected, ValueError):  # highdicom 0.28.2 finds some selections empty that are not
        slices, rows, columns = (selected(*pair, as_indices=as_indices) for pair in pairs_of(limits))
        expected = theirs.get_volume()[slices, rows, columns]
    np.testing.assert_array_equal(volume.array, expected.array)
    np.testing.assert_allclose(volume.affine, expected.affine, rtol=0, atol=1e-12)
    assert volume.frame_of_reference_uid == expected.frame_of_reference_uid


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.booleans(), st.floats(-0.3, 0.3))
@settings(max_examples=60)
def test_which_positions_make_a_volume(places: list[int], allow_missing: bool, wobble: float) -> None:
    positions = [(0, 0, 2.0 * place) for place in places]
    positions[0] = (0, 0, 2.0 * places[0] + wobble * (wobble > 0.2))
    dataset = make_enhanced(VOXELS[: len(places)], positions)
    ours, theirs = both(dataset)
    for arguments in ({}, {"rtol": 0.2}, {"atol": 0.5}, {"allow_duplicate_positions": False}):
        shared = {"allow_missing_positions": allow_missing, **arguments}
        found, expected = ours.get_volume_geometry(**shared), theirs.get_volume_geometry(**shared)
        assert (found is None) == (expected is None)
        if expected is not None:
            np.testing.assert_allclose(found.affine, expected.affine, rtol=0, atol=1e-12)
            assert found.spatial_shape == expected.spatial_shape
    assert_same(
        lambda: ours.get_volume(allow_missing_positions=allow_missing).array,
        lambda: theirs.get_volume(allow_missing_positions=allow_missing).array,
    )


@given(st.lists(st.integers(-2, 8), max_size=5), st.booleans())
@settings(max_examples=40)
def test_frames_by_number(numbers: list[int], as_indices: bool) -> None:
    ours, theirs = both(make_enhanced(VOXELS, [(0, 0, 2.0 * place) for place in range(6)]))
    for get in ("get_frames", "get_stored_frames"):
        assert_same(
            lambda get=get: getattr(ours, get)(numbers, as_indices),
            lambda get=get: getattr(theirs, get)(numbers, as_indices),
        )
    for number in numbers[:2]:
        for get in ("get_frame", "get_stored_frame", "get_raw_frame"):
            assert_same(
                lambda get=get, number=number: getattr(ours, get)(number, as_indices),
                lambda get=get, number=number: getattr(theirs, get)(number, as_indices),
            )


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"ImagePositionPatient": None},
        {"FrameOfReferenceUID": None},
        {"SpacingBetweenSlices": 3},
        {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12, "HighBit": 11},
        {"RescaleSlope": 2, "RescaleIntercept": -7},
    ],
)
def test_single_frames(change: dict[str, Any]) -> None:
    ours, theirs = both(make_dataset(VOXELS[0], **change))
    assert_same(lambda: ours.pixel_array, lambda: theirs.pixel_array)
    assert_same(lambda: ours.get_frames(), lambda: theirs.get_frames())
    assert_same(lambda: ours.get_volume().array, lambda: theirs.get_volume().array)
    assert_same(lambda: affine_of(ours.get_volume_geometry()), lambda: affine_of(theirs.get_volume_geometry()))
    assert ours.dimension_index_pointers == theirs.dimension_index_pointers
    assert ours.is_tiled == theirs.is_tiled


# --- Tiles ------------------------------------------------------------------------------------------------------------


def matrix(paths: int = 1, planes: int = 1, *, color: bool = False) -> np.ndarray:
    shape = (paths, planes, 10, 14) + ((3,) if color else ())
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)


ENCODERS: dict[str, Any] = {
    NATIVE: None,
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_encode,
    "1.2.840.10008.1.2.4.90": lambda frame: imagecodecs.jpeg2k_encode(frame, codecformat="J2K", reversible=True),
}


@pytest.mark.parametrize("syntax", ENCODERS)
@pytest.mark.parametrize("full", [True, False])
@given(st.tuples(*[bounds] * 4), st.booleans(), st.booleans())
@settings(max_examples=15)
def test_regions_of_a_matrix(syntax: str, full: bool, limits: Any, as_indices: bool, color: bool) -> None:
    # highdicom reads colours of 8 bits from JPEG 2000 by way of a colour transform that is not said to be there
    color = color and syntax != "1.2.840.10008.1.2.4.90"
    dataset = make_tiled(
        matrix(color=color), (4, 5), full=full, encode=ENCODERS[syntax], transfer_syntax=syntax,
        **({"PlanarConfiguration": 0} if color else {}),
    )  # fmt: skip
    ours, theirs = both(dataset)
    names = ["row_start", "row_end", "column_start", "column_end"]
    arguments = {**dict(zip(names, limits, strict=True)), "as_indices": as_indices}
    pairs = zip(limits[::2], limits[1::2], (10, 14), strict=True)
    if not all(is_sound(start, end, size, as_indices=as_indices) for start, end, size in pairs):
        with pytest.raises(ValueError, match="found|cannot be 0"):
            ours.get_volume(**arguments)
        return
    np.testing.assert_array_equal(ours.get_total_pixel_matrix(**arguments), theirs.get_total_pixel_matrix(**arguments))
    volume, expected = ours.get_volume(**arguments), theirs.get_volume(**arguments)
    np.testing.assert_array_equal(volume.array, expected.array)
    np.testing.assert_allclose(volume.affine, expected.affine, rtol=0, atol=1e-12)
    assert volume.coordinate_system.value == expected.coordinate_system.value


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(("paths", "planes"), [(1, 1), (2, 1), (1, 3), (2, 2)])
def test_tiled_images(paths: int, planes: int, full: bool) -> None:
    ours, theirs = both(make_tiled(matrix(paths, planes), (4, 5), full=full))
    assert ours.is_tiled
    assert ours.is_indexable_as_total_pixel_matrix() == theirs.is_indexable_as_total_pixel_matrix()
    assert ours.dimension_index_pointers == theirs.dimension_index_pointers
    assert_same(lambda: ours.get_total_pixel_matrix(), lambda: theirs.get_total_pixel_matrix())
    assert_same(lambda: affine_of(ours.get_volume_geometry()), lambda: affine_of(theirs.get_volume_geometry()))
    if not (full and paths > 1):  # highdicom does not tell optical paths apart by the order of frames
        assert_same(lambda: ours.get_frames(), lambda: theirs.get_frames())
    for path in range(paths):
        for plane in range(planes):
            chosen = ours.get_total_pixel_matrix(dtype="uint8", channel=str(path + 1), focal_plane=plane)
            np.testing.assert_array_equal(chosen, matrix(paths, planes)[path, plane])


# --- Dimensions and sources -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pointers", [["StackID"], ["InStackPositionNumber"], ["StackID", 0x00209057], ["PatientID"]])
def test_dimensions(pointers: list[Any]) -> None:
    ours, theirs = both(make_enhanced(VOXELS, [(0, 0, 2.0 * place) for place in range(6)]))
    assert ours.dimension_index_pointers == theirs.dimension_index_pointers
    assert_same(
        lambda: ours.are_dimension_indices_unique(pointers), lambda: theirs.are_dimension_indices_unique(pointers)
    )


def derived(references: list[list[tuple[str, int | None]]], preserved: str | None) -> Any:
    dataset = make_enhanced(VOXELS[: len(references)], [(0, 0, place) for place in range(len(references))])
    for group, sources in zip(dataset.PerFrameFunctionalGroupsSequence, references, strict=True):
        items = []
        for uid, frame in sources:
            source = item(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID=uid)
            if preserved is not None:
                source.SpatialLocationsPreserved = preserved
            if frame is not None:
                source.ReferencedFrameNumber = frame
            items.append(source)
        group.DerivationImageSequence = [item(SourceImageSequence=items)]
    uids = dict.fromkeys(uid for sources in references for uid, _ in sources)
    instances = [item(ReferencedSOPClassUID="1.2", ReferencedSOPInstanceUID=uid) for uid in uids]
    dataset.ReferencedSeriesSequence = [item(SeriesInstanceUID="1.9", ReferencedInstanceSequence=instances)]
    return dataset


uids = st.sampled_from(["1.1", "1.2", "1.3"])


@given(
    st.lists(st.lists(uids, min_size=1, max_size=2, unique=True), min_size=1, max_size=4),
    st.sampled_from(["YES", "NO", None]), st.lists(uids, max_size=3), st.booleans(), st.booleans(),
)  # fmt: skip
@settings(max_examples=60)
def test_frames_by_source_image(
    sources: Any, preserved: str | None, wanted: list[str], ignore: bool, missing: bool
) -> None:
    ours, theirs = both(derived([[(uid, None) for uid in frame] for frame in sources], preserved))
    assert ours.get_source_image_uids() == theirs.get_source_image_uids()
    assert_same(
        lambda: ours.get_pixels_by_source_instance(wanted, ignore, missing),
        lambda: theirs.get_pixels_by_source_instance(wanted, ignore, missing),
    )


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5), st.sampled_from(["YES", "NO", None]),
    st.none() | st.lists(st.integers(0, 6), max_size=4), st.booleans(), st.booleans(), uids,
)  # fmt: skip
@settings(max_examples=60)
def test_frames_by_source_frame(
    sources: list[int], preserved: str | None, wanted: Any, ignore: bool, missing: bool, uid: str
) -> None:
    ours, theirs = both(derived([[("1.1", frame)] for frame in sources], preserved))
    if uid != "1.1" and missing:
        return  # highdicom's answers differ with what is asked for; ours are zeros
    assert_same(
        lambda: ours.get_pixels_by_source_frame(uid, wanted, ignore, missing),
        lambda: theirs.get_pixels_by_source_frame(uid, wanted, ignore, missing),
    )


def test_segmentations() -> None:
    path = get_testdata_file("liver.dcm")
    ours, theirs = hdgpu.imread(path), highdicom.imread(path)
    assert ours.get_source_image_uids() == theirs.get_source_image_uids()
    assert_same(lambda: ours.get_volume().array, lambda: theirs.get_volume().array)
    assert ours.are_dimension_indices_unique(ours.dimension_index_pointers)
