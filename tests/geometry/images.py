"""Data sets of images that say where they lie, made in memory: no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydicom import Dataset

CT = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
MICROSCOPY = "1.2.840.10008.5.1.4.1.1.77.1.6"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"

OBLIQUE = [1.0, 0.0, 0.0, 0.0, 0.6, 0.8]
SLIDE = [0.0, -1.0, 0.0, -1.0, 0.0, 0.0]


def dataset(**attributes: Any) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def group(**attributes: Any) -> list[Dataset]:
    return [dataset(**attributes)]


def single_frame(position: Sequence[float] = (1.0, 2.0, 3.0), **attributes: Any) -> Dataset:
    given = {
        "SOPClassUID": CT,
        "FrameOfReferenceUID": "1.2.4",
        "Rows": 4,
        "Columns": 5,
        "ImagePositionPatient": [float(each) for each in position],
        "ImageOrientationPatient": OBLIQUE,
        "PixelSpacing": [0.5, 0.7],
    }
    return dataset(**{**given, **attributes})


def series(heights: Sequence[float], **attributes: Any) -> list[Dataset]:
    axial = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    return [single_frame((1, 2, height), **{"ImageOrientationPatient": axial, **attributes}) for height in heights]


def multi_frame(shared: bool = True, **attributes: Any) -> Dataset:
    """Three frames, with orientation and pixel measures shared or in each of them."""
    frames = [dataset(PlanePositionSequence=group(ImagePositionPatient=[1.0, 2.0, 3.0 * i])) for i in range(3)]
    common = Dataset()
    for number, item in enumerate([common] if shared else frames):
        measures = {"PixelSpacing": [0.5 + number, 0.7], "SpacingBetweenSlices": 3.0}
        item.PlaneOrientationSequence = group(ImageOrientationPatient=OBLIQUE)
        item.PixelMeasuresSequence = group(**measures)
    return dataset(
        SOPClassUID=ENHANCED_CT,
        FrameOfReferenceUID="1.2.4",
        NumberOfFrames=3,
        Rows=4,
        Columns=5,
        SharedFunctionalGroupsSequence=[common],
        PerFrameFunctionalGroupsSequence=frames,
        **attributes,
    )


def tiled(
    size: tuple[int, int] = (10, 11),
    tile: tuple[int, int] = (4, 5),
    focal_planes: int = 1,
    paths: int = 1,
    between: float | None = None,
    sop_class: str = MICROSCOPY,
    origin: dict[str, float] | None = None,
    **attributes: Any,
) -> Dataset:
    """A TILED_FULL image in the slide coordinate system."""
    tiles = -(-size[0] // tile[0]) * -(-size[1] // tile[1])
    measures: dict[str, Any] = {"PixelSpacing": [0.002, 0.003], "SliceThickness": 0.01}
    if between is not None:
        measures["SpacingBetweenSlices"] = between
    given: dict[str, Any] = {
        "SOPClassUID": sop_class,
        "FrameOfReferenceUID": "1.2.4",
        "DimensionOrganizationType": "TILED_FULL",
        "NumberOfFrames": tiles * focal_planes * paths,
        "Rows": tile[0],
        "Columns": tile[1],
        "TotalPixelMatrixRows": size[0],
        "TotalPixelMatrixColumns": size[1],
        "TotalPixelMatrixFocalPlanes": focal_planes,
        "NumberOfOpticalPaths": paths,
        "OpticalPathSequence": [dataset(OpticalPathIdentifier=str(path)) for path in range(paths)],
        "ImageOrientationSlide": SLIDE,
        "TotalPixelMatrixOriginSequence": [
            dataset(XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=30.0, **(origin or {}))
        ],
        "SharedFunctionalGroupsSequence": [dataset(PixelMeasuresSequence=group(**measures))],
    }
    return dataset(**{**given, **attributes})


def sparse(**attributes: Any) -> Dataset:
    """A TILED_SPARSE image: each frame says where it lies."""
    made = tiled(**{"DimensionOrganizationType": "TILED_SPARSE", **attributes})
    made.PerFrameFunctionalGroupsSequence = [
        dataset(
            PlanePositionSlideSequence=group(
                XOffsetInSlideCoordinateSystem=20.0 + i,
                YOffsetInSlideCoordinateSystem=30.0 - i,
                ZOffsetInSlideCoordinateSystem=0.5 * i,
            )
        )
        for i in range(made.NumberOfFrames)
    ]
    return made


def without(made: Dataset, keyword: str) -> Dataset:
    """Return the data set, having taken an attribute away from it."""
    delattr(made, keyword)
    return made
