"""Which ICC profile the colours of a frame have: on slides that of its optical path."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import FileDataset

import hdgpu as hd
from hdgpu.errors import MissingTransformError, UnsupportedTransformError
from hdgpu.pixels.icc import apply_icc_profile
from tests.make_icc_profile import ADOBE, DISPLAY_P3, gamma, matrix_profile
from tests.make_multiframe import item, make_tiled

PROFILES = (matrix_profile(ADOBE, gamma(2.2)), matrix_profile(DISPLAY_P3, gamma(1.8)))
MATRICES = np.random.default_rng(8).integers(0, 256, (2, 2, 5, 6, 3)).astype(np.uint8)  # paths, planes, rows, columns
FRAMES = 16  # of 3 x 4 pixels


def slide(*profiles: bytes | None, full: bool = True, **attributes: Any) -> FileDataset:
    """Make a slide of an optical path for each profile."""
    made = make_tiled(MATRICES[: len(profiles)], (3, 4), full=full, **attributes)
    for path, profile in zip(made.OpticalPathSequence, profiles, strict=True):
        if profile is not None:
            path.ICCProfile = profile + b"\0" * (len(profile) % 2)
    return made


def file_of(dataset: FileDataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def expected(path: int, plane: int = 0) -> np.ndarray:
    return apply_icc_profile(PROFILES[path], MATRICES[path, plane])


@pytest.mark.parametrize("full", [True, False])
def test_the_profile_of_the_only_path(full: bool) -> None:
    image = hd.imread(file_of(slide(PROFILES[0], full=full)))
    first = np.array(apply_icc_profile(PROFILES[0], np.ascontiguousarray(MATRICES[0, 0, :3, :4])))
    assert np.abs(first.astype(int) - MATRICES[0, 0, :3, :4]).max() > 5
    for options in ({}, {"apply_icc_profile": True}):
        np.testing.assert_array_equal(image.get_frame(1, dtype=np.uint8, **options), first)
        matrix = image.get_total_pixel_matrix(focal_plane=1, dtype=np.uint8, **options)
        np.testing.assert_array_equal(matrix, expected(0, 1))
        np.testing.assert_array_equal(image.get_volume(focal_plane=0, **options).array[0], expected(0))
    plain = image.get_total_pixel_matrix(focal_plane=0, apply_icc_profile=False)
    np.testing.assert_array_equal(plain, MATRICES[0, 0])
    np.testing.assert_array_equal(image.get_stored_frame(1), MATRICES[0, 0, :3, :4])


def test_as_highdicom_applies_it() -> None:
    highdicom = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom")
    data = file_of(slide(PROFILES[0]))
    ours, theirs = hd.imread(data), highdicom.imread(io.BytesIO(data))
    for frame in (1, 7):
        np.testing.assert_array_equal(ours.get_frame(frame), theirs.get_frame(frame))


@pytest.mark.parametrize("full", [True, False])
def test_each_frame_has_the_profile_of_its_path(full: bool) -> None:
    data = file_of(slide(*PROFILES, full=full))
    image = hd.imread(data)
    for path, plane in np.ndindex(2, 2):
        matrix = image.get_total_pixel_matrix(channel=str(path + 1), focal_plane=plane, dtype=np.uint8)
        np.testing.assert_array_equal(matrix, expected(path, plane))
    stored, frames = image.get_stored_frames(), image.get_frames(dtype=np.uint8)
    with hd.io.ImageFileReader(data) as reader:
        for number in range(FRAMES):
            corrected = apply_icc_profile(PROFILES[number // 8], stored[number])
            np.testing.assert_array_equal(frames[number], corrected)
            np.testing.assert_array_equal(reader.read_frame(number), corrected)
    some = hd.imread(data).get_frames([12, 3], dtype=np.uint8)  # before all are known
    np.testing.assert_array_equal(some, frames[[11, 2]])


def test_a_path_without_a_profile() -> None:
    image = hd.imread(file_of(slide(PROFILES[0], None)))
    frames, stored = image.get_frames(dtype=np.uint8), image.get_stored_frames()
    np.testing.assert_array_equal(frames[8:], stored[8:])
    assert (frames[:8] != stored[:8]).any()
    with pytest.raises(MissingTransformError, match="ICC Profile"):
        image.get_frames(apply_icc_profile=True)


def test_the_images_own_profile_goes_before_those_of_paths() -> None:
    image = hd.imread(file_of(slide(PROFILES[1], PROFILES[1], ICCProfile=PROFILES[0])))
    assert image.OpticalPathSequence[0].ICCProfile[:8] == PROFILES[1][:8]
    matrix = image.get_total_pixel_matrix(channel="1", focal_plane=0, dtype=np.uint8)
    np.testing.assert_array_equal(matrix, expected(0))


def test_a_path_that_all_frames_share() -> None:
    dataset = slide(*PROFILES)
    dataset.SharedFunctionalGroupsSequence[0].OpticalPathIdentificationSequence = [item(OpticalPathIdentifier="2")]
    frame = hd.imread(file_of(dataset)).get_frame(1, dtype=np.uint8)
    np.testing.assert_array_equal(frame, apply_icc_profile(PROFILES[1], np.ascontiguousarray(MATRICES[0, 0, :3, :4])))


def unnamed() -> FileDataset:
    dataset = slide(*PROFILES, full=False)
    del dataset.PerFrameFunctionalGroupsSequence[0].OpticalPathIdentificationSequence
    return dataset


def other_name() -> FileDataset:
    dataset = slide(*PROFILES, full=False)
    dataset.PerFrameFunctionalGroupsSequence[0].OpticalPathIdentificationSequence[0].OpticalPathIdentifier = "9"
    return dataset


def same_names() -> FileDataset:
    dataset = slide(*PROFILES, full=False)
    dataset.OpticalPathSequence[1].OpticalPathIdentifier = "1"
    return dataset


def half_of_a_concatenation() -> FileDataset:
    dataset = slide(*PROFILES)
    dataset.NumberOfFrames, dataset.ConcatenationFrameOffsetNumber = FRAMES // 2, FRAMES // 2
    dataset.PixelData = dataset.PixelData[len(dataset.PixelData) // 2 :]
    return dataset


@pytest.mark.parametrize("make", [unnamed, other_name, same_names, half_of_a_concatenation])
def test_frames_of_no_known_path_are_refused(make: Any) -> None:
    data = file_of(make())
    with pytest.raises(UnsupportedTransformError, match=r"nothing says which.*expected '1' or .*apply_icc_profile"):
        hd.imread(data).get_frame(1)
    assert hd.imread(data).get_frame(1, apply_icc_profile=False).shape == (3, 4, 3)
    with hd.io.ImageFileReader(data) as reader:
        with pytest.raises(UnsupportedTransformError, match=r"frame 1.*correct_color=False"):
            reader.read_frame(0)
        assert reader.read_frame(0, correct_color=False).shape == (3, 4, 3)


def test_grey_paths_have_no_colours() -> None:
    dataset = make_tiled(MATRICES[..., 0], (3, 4), full=False)
    for path, profile in zip(dataset.OpticalPathSequence, PROFILES, strict=True):
        path.ICCProfile = profile
    del dataset.PerFrameFunctionalGroupsSequence[0].OpticalPathIdentificationSequence
    np.testing.assert_array_equal(hd.imread(file_of(dataset)).get_frame(1), MATRICES[0, 0, :3, :4, 0])
