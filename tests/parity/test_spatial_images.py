"""What hdgpu.spatial reads from data sets, made ones and sample files, beside highdicom.spatial."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import hdgpu.spatial as ours
from tests.geometry import images
from tests.real_files import every_file
from tests.slide_units import as_highdicom_reads

theirs = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom").spatial

MADE: dict[str, Any] = {
    "single frame": images.single_frame,
    "with spacing between slices": lambda: images.single_frame(SpacingBetweenSlices=2.5),
    "negative spacing between slices": lambda: images.single_frame(SpacingBetweenSlices=-2.5),
    "multi-frame": images.multi_frame,
    "nothing shared": lambda: images.multi_frame(shared=False),
    "tiled full": images.tiled,
    "focal planes": lambda: images.tiled(focal_planes=3, between=0.3),
    "optical paths": lambda: images.tiled(paths=2, focal_planes=2, between=0.25),
    "paths uncounted": lambda: images.without(images.tiled(paths=2), "NumberOfOpticalPaths"),
    "segmentation": lambda: images.tiled(sop_class=images.SEGMENTATION, SegmentSequence=[pydicom.Dataset()] * 2),
    "label map": lambda: images.tiled(sop_class=images.LABEL_MAP),
    "parametric map": lambda: images.tiled(sop_class=images.PARAMETRIC_MAP),
    "tiled sparse": images.sparse,
}


def frames_of(dataset: pydicom.Dataset) -> list[dict[str, Any]]:
    """Return the arguments that choose an image, some frames of it, and its total pixel matrix."""
    given = dataset.get("NumberOfFrames")
    count = given if isinstance(given, int) else 1
    choices: list[dict[str, Any]] = [{"frame_number": number} for number in sorted({1, 2, count // 2 + 1, count})]
    return [{}, *choices, {"for_total_pixel_matrix": True}]


def outcome(function: Any, *arguments: Any, **options: Any) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*arguments, **options)
    except Exception as error:
        return error


def assert_same_outcome(mine: Any, oracle: Any) -> None:
    """Assert equal affines, or errors that a caller of highdicom catches."""
    if isinstance(oracle, Exception):
        assert isinstance(mine, Exception), oracle
        kinds = (ValueError, TypeError, AttributeError, IndexError)
        expected = [kind for kind in kinds if isinstance(oracle, kind)] or [
            IndexError
        ]  # of StopIteration: no such frame
        assert isinstance(mine, tuple(expected)), (mine, oracle)
    else:
        assert not isinstance(mine, Exception), mine
        np.testing.assert_allclose(mine.affine, oracle.affine, rtol=1e-12, atol=1e-9)


TRANSFORMERS = [
    "PixelToReferenceTransformer",
    "ImageToReferenceTransformer",
    "ReferenceToPixelTransformer",
    "ReferenceToImageTransformer",
]


def check_dataset(dataset: pydicom.Dataset) -> int:
    """Compare all that is made of one data set, and return how many transformers could be made."""
    made = 0
    theirs_of = as_highdicom_reads(dataset)
    for options in frames_of(dataset):
        for name in TRANSFORMERS:
            mine = outcome(getattr(ours, name).for_image, dataset, **options)
            oracle = outcome(getattr(theirs, name).for_image, theirs_of, **options)
            assert_same_outcome(mine, oracle)
            made += not isinstance(oracle, Exception)
        both = {f"{key}_{side}": value for key, value in options.items() for side in ("from", "to")}
        for name in ("PixelToPixelTransformer", "ImageToImageTransformer"):
            mine = outcome(getattr(ours, name).for_images, dataset, dataset, **both)
            oracle = outcome(getattr(theirs, name).for_images, theirs_of, theirs_of, **both)
            assert_same_outcome(mine, oracle)
    systems = [outcome(each.get_image_coordinate_system, dataset) for each in (ours, theirs)]
    assert getattr(systems[0], "value", systems[0]) == getattr(systems[1], "value", systems[1])
    assert ours.is_tiled_image(dataset) == theirs.is_tiled_image(dataset)
    frames = [outcome(lambda each=each: list(each.iter_tiled_full_frame_data(dataset))) for each in (ours, theirs)]
    if isinstance(frames[1], Exception):
        assert isinstance(frames[0], type(frames[1]))
    else:
        assert [each[:4] for each in frames[0]] == [each[:4] for each in frames[1]]
        np.testing.assert_allclose([each[4:] for each in frames[0]], [each[4:] for each in frames[1]], rtol=1e-12)
        assert [type(each) for each in frames[0][0]] == [type(each) for each in frames[1][0]]
    return made


@pytest.mark.parametrize("name", MADE)
def test_made_images(name: str) -> None:
    assert check_dataset(MADE[name]()) >= 8


TOLD_APART = ["SOPClassUID", "FrameOfReferenceUID", "ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing"]
TOLD_APART += ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ImageOrientationSlide"]
TOLD_APART += ["TotalPixelMatrixOriginSequence", "TotalPixelMatrixRows", "TotalPixelMatrixColumns", "NumberOfFrames"]
TOLD_APART += ["DimensionOrganizationType", "NumberOfOpticalPaths"]


@pytest.mark.parametrize("name", ["single frame", "multi-frame", "tiled full", "tiled sparse"])
@pytest.mark.parametrize("absent", TOLD_APART)
def test_images_that_lack_something(name: str, absent: str) -> None:
    dataset = MADE[name]()
    if absent in dataset:
        check_dataset(images.without(dataset, absent))


@pytest.mark.parametrize("focal", ["TotalPixelMatrixFocalPlanes", "NumberOfOpticalPaths"])
def test_what_may_be_absent(focal: str) -> None:
    assert check_dataset(images.without(images.tiled(), focal)) >= 8


@functools.cache
def placed_files() -> dict[str, Path]:
    """Return the sample files that are images with a position, or with a total pixel matrix."""
    found = {}
    for path in every_file():
        try:
            dataset = pydicom.dcmread(path, stop_before_pixels=True)
        except Exception:
            continue
        if "Rows" in dataset and ("FrameOfReferenceUID" in dataset or "TotalPixelMatrixRows" in dataset):
            found[path.name] = path
    return found


@pytest.mark.parametrize("name", placed_files())
def test_sample_files(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(placed_files()[name], stop_before_pixels=True)
        if "SOPClassUID" in dataset and dataset.SOPClassUID in NO_IMAGES:
            return
        check_dataset(dataset)


def test_the_sample_files_are_of_all_kinds() -> None:
    assert {"CT_small.dcm", "eCT_Supplemental.dcm", "emri_small.dcm"} <= {*placed_files()}


def test_frames_of_one_pyramid() -> None:
    """From a tile of one level to the total pixel matrix of another, which is half its size."""
    base, half = images.tiled(), images.tiled(size=(5, 6))
    half.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0.004, 0.006]
    indices = np.array([[0, 0], [3, 2], [4, 3]])
    for frame in range(1, base.NumberOfFrames + 1):
        mine, oracle = (
            each.PixelToPixelTransformer.for_images(
                base, half, frame_number_from=frame, for_total_pixel_matrix_to=True, round_output=False
            )(indices)
            for each in (ours, theirs)
        )
        np.testing.assert_allclose(mine, oracle, rtol=1e-9, atol=1e-9)


# --- Kinds of images --------------------------------------------------------------------------------------------------

# Of these highdicom says that they are multi-frame images: they are no images.
NO_IMAGES = {"1.2.840.10008.5.1.4.1.1.481.3", "1.2.840.10008.5.1.4.1.1.201.1"}


def test_multi_frame_kinds() -> None:
    known = 0
    extra = [images.LABEL_MAP, "1.2.840.10008.5.1.4.1.1.66.8"]
    for uid in {*pydicom.uid.UID_dictionary, *extra} - NO_IMAGES:
        dataset = pydicom.Dataset()
        dataset.SOPClassUID = uid
        try:
            expected = theirs.is_multiframe_image(dataset)
        except KeyError:
            continue
        known += 1
        assert ours.is_multiframe_image(dataset) is expected, uid
    assert known > 150
