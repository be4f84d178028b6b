"""A series in parts, each of which may be a volume: known voxels in known places, and no guess in doubt."""

from __future__ import annotations

import itertools
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import FileDataset

import hdgpu as hd
from hdgpu.errors import DuplicatePositionError
from hdgpu.image.series import Series
from tests.make_multiframe import item, make_enhanced
from tests.make_series import make_dataset, write_series

TIMES, SLICES = 4, 5
VOXELS = np.random.default_rng(5).integers(0, 4000, (TIMES, SLICES, 5, 4), "int16")


def four_dimensional(number: Any = None, voxels: np.ndarray = VOXELS, **attributes: Any) -> list[list[FileDataset]]:
    """Make a series of several stacks; `number` and `attributes` are functions of time and slice."""
    number = number or (lambda time, place: 1 + time * SLICES + place)
    made: list[list[FileDataset]] = []
    for time in range(len(voxels)):
        made.append([])
        for place in range(SLICES):
            values = {name: value(time, place) for name, value in attributes.items()}
            position = [-10, -20, -2 * place]
            made[-1].append(
                make_dataset(
                    voxels[time, place],
                    **{"ImagePositionPatient": position, "InstanceNumber": number(time, place), **values},
                    SOPInstanceUID=f"1.9.{time}.{place}",
                )
            )
    return made


def read(folder: Path, datasets: Any) -> Series:
    write_series(list(itertools.chain(*datasets)), folder)
    (series,) = hd.read_series(folder)
    return series


def assert_split(series: Series, expected: np.ndarray = VOXELS) -> None:
    parts = series.split()
    assert len(parts) == len(expected)
    for part, voxels in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(hd.load_volume(part).array, voxels)


ONE = lambda time, place: 1  # noqa: E731


@pytest.mark.parametrize(
    ("number", "attributes"),
    [
        (lambda time, place: 1 + time * SLICES + place, {}),
        (lambda time, place: 1 + place * TIMES + time, {}),  # slice by slice
        (lambda time, place: 500 + time * SLICES + place, {}),
        (lambda time, place: 1 + place, {"AcquisitionNumber": lambda time, place: time + 1}),
        (ONE, {"TemporalPositionIdentifier": lambda time, place: time + 1}),
        (ONE, {"EchoNumbers": lambda time, place: time + 1}),
        # that of each slice is its own: it says nothing but the order
        (ONE, {"AcquisitionNumber": lambda time, place: 1 + time * SLICES + place}),
        (
            lambda time, place: 1 + place,
            {
                "TemporalPositionIdentifier": lambda time, place: 1 + time // 2,
                "EchoNumbers": lambda time, place: 1 + time % 2,
            },
        ),
        # numbered from head to feet, then from feet to head: the kind of image tells more than that
        (
            lambda time, place: 1 + place * TIMES + (time if place % 2 else (time + 2) % 4),
            {
                "ImageType": lambda time, place: ["ORIGINAL", "PRIMARY", "IP" if time < 2 else "OP"],
                "DiffusionBValue": lambda time, place: [0.0, 1000.0][time % 2],
                "TemporalPositionIdentifier": lambda time, place: time + 1,
            },
        ),
    ],
    ids=["time", "slice", "offset", "acquisition", "temporal", "echo", "order", "time-echo", "kinds"],
)
def test_stacks_at_one_place(tmp_path: Path, number: Any, attributes: dict[str, Any]) -> None:
    assert_split(read(tmp_path, four_dimensional(number, **attributes)))


def test_kinds_of_image_that_are_numbered_without_order(tmp_path: Path) -> None:
    kind = {"ImageType": lambda time, place: ["DERIVED", "PRIMARY", ["WATER", "FAT"][time]]}
    series = read(
        tmp_path, four_dimensional(lambda time, place: 1 + place * 2 + (time + place) % 2, VOXELS[:2], **kind)
    )
    assert_split(series, VOXELS[:2])


def test_parts_tell_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("text")
    series = read(tmp_path, four_dimensional())
    part = series.split()[2]
    assert repr(part) == (
        "<Series 1: '' CT, 5 files, 5 frames of 5 x 4, Explicit VR Little Endian, regular: 2 mm apart>"
    )
    assert len(part.files) == SLICES
    assert part.ignored == series.ignored == (str(tmp_path / "README"),)
    np.testing.assert_array_equal(hd.load_volume(pickle.loads(pickle.dumps(part))).array, VOXELS[2])
    assert part.split() == [part]


def test_nothing_to_split(tmp_path: Path) -> None:
    series = read(tmp_path, four_dimensional(voxels=VOXELS[:1]))
    assert series.split() == [series]
    for dataset in (datasets := four_dimensional(voxels=VOXELS[:1]))[0]:
        del dataset.PixelData
    empty = read(tmp_path / "empty", datasets)
    assert empty.split() == [empty]


@pytest.mark.parametrize(
    "differing", ["size", "orientation", "spacing", "frame of reference", "pixel data", "position"]
)
def test_one_frame_that_differs(tmp_path: Path, differing: str) -> None:
    datasets = four_dimensional(voxels=VOXELS[:1])
    odd = datasets[0][3]
    other: dict[str, Any] = {
        "orientation": {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]},
        "spacing": {"PixelSpacing": [0.5, 0.76]},
        "frame of reference": {"FrameOfReferenceUID": "1.5"},
        "size": {"Rows": 4, "Columns": 5},
        "position": {"ImagePositionPatient": None},
    }.get(differing, {})
    for name, value in other.items():
        setattr(odd, name, value)
    if differing == "pixel data":
        del odd.PixelData
    series = read(tmp_path, datasets)
    parts = series.split()
    assert [part.number_of_frames for part in parts] == ([4] if differing == "pixel data" else [4, 1])
    assert parts[0].diagnosis.verdict == "gap"


def test_overlapping_acquisitions(tmp_path: Path) -> None:
    acquisition = {"AcquisitionNumber": lambda time, place: 1 + time}
    datasets = four_dimensional(voxels=VOXELS[:2], **acquisition)
    for dataset in datasets[1]:
        dataset.ImagePositionPatient[2] -= 6
    assert_split(read(tmp_path, datasets), VOXELS[:2])


def test_enhanced_image(tmp_path: Path) -> None:
    """The frames of one file, in an order that only their dimensions tell."""
    order = np.random.default_rng(2).permutation(TIMES * SLICES).tolist()
    places = [divmod(number, SLICES) for number in order]
    frames = np.stack([VOXELS[place] for place in places])
    dataset = make_enhanced(
        frames, [(-10, -20, -2 * place) for _, place in places], rescale=[(1, time) for time, _ in places]
    )
    for group, (time, place) in zip(dataset.PerFrameFunctionalGroupsSequence, places, strict=True):
        group.FrameContentSequence = [item(DimensionIndexValues=[place + 1, time + 1])]
    dataset.save_as(tmp_path / "enhanced", enforce_file_format=True)
    (series,) = hd.read_series(tmp_path)
    assert_split(series, VOXELS + np.arange(TIMES)[:, None, None, None])


# --- In doubt ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [ONE, lambda time, place: 1 + place, lambda time, place: ""])
def test_frames_that_nothing_tells_apart(tmp_path: Path, number: Any) -> None:
    with pytest.raises(DuplicatePositionError, match=r"do not differ in Instance Number .*Give load_volume a list"):
        read(tmp_path, four_dimensional(number)).split()


@pytest.mark.parametrize("slice_by_slice", [False, True])
@pytest.mark.parametrize("missing", [(0, 0), (1, 2), (0, 4), (2, 0), (3, 0)])
def test_a_frame_that_is_missing_is_not_replaced_by_the_next(
    tmp_path: Path, missing: tuple[int, int], slice_by_slice: bool
) -> None:
    number = (lambda time, place: 1 + place * TIMES + time) if slice_by_slice else None
    datasets = four_dimensional(number)
    del datasets[missing[0]][missing[1]]
    with pytest.raises(DuplicatePositionError, match="not as many frames at each position"):
        read(tmp_path, datasets).split()


def test_a_frame_that_is_missing_leaves_a_gap_where_labels_tell(tmp_path: Path) -> None:
    datasets = four_dimensional(TemporalPositionIdentifier=lambda time, place: time + 1)
    del datasets[1][2]
    parts = read(tmp_path, datasets).split()
    assert [part.diagnosis.verdict for part in parts] == ["regular", "gap", "regular", "regular"]


def test_a_scan_that_was_stopped(tmp_path: Path) -> None:
    datasets = four_dimensional()
    del datasets[-1][3:]
    *whole, last = read(tmp_path, datasets).split()
    assert [part.number_of_frames for part in whole] == [SLICES] * 3
    np.testing.assert_array_equal(hd.load_volume(last).array, VOXELS[-1, :3])


def test_copies_are_no_points_in_time(tmp_path: Path) -> None:
    read(tmp_path, four_dimensional())
    copy = tmp_path / "copy"
    shutil.copy(tmp_path / "IM000", copy)
    (series,) = hd.read_series(tmp_path)
    assert_split(series)
    (problem,) = series.split()[0].skipped
    assert str(problem) == f"{copy}: a copy of {tmp_path / 'IM000'}"
    assert "skipped  1 file: " in hd.load_volume(series.split()[0]).report.describe()


@pytest.mark.parametrize("what", ["pixels", "header"])
def test_two_images_of_one_uid(tmp_path: Path, what: str) -> None:
    datasets = four_dimensional()
    datasets[1][2].SOPInstanceUID = datasets[0][2].SOPInstanceUID
    if what == "header":
        datasets[1][2].PixelData = datasets[0][2].PixelData
    with pytest.raises(DuplicatePositionError, match=r"two files have one SOP Instance UID, and differ"):
        read(tmp_path, datasets).split()
