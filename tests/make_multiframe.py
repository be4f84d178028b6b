"""Multi-frame images made for a test: enhanced stacks, and total pixel matrices cut into tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import EnhancedCTImageStorage, VLWholeSlideMicroscopyImageStorage, generate_uid

from tests.make_series import AXIAL, make_dataset

ORGANIZATION = "1.2.3.9"
STACK_POINTERS = [("StackID", "FrameContentSequence"), ("InStackPositionNumber", "FrameContentSequence")]
TILE_POINTERS = [
    ("RowPositionInTotalImagePixelMatrix", "PlanePositionSlideSequence"),
    ("ColumnPositionInTotalImagePixelMatrix", "PlanePositionSlideSequence"),
]


def item(**attributes: Any) -> Dataset:
    """Return a data set of these attributes."""
    made = Dataset()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def add_dimensions(dataset: Dataset, pointers: Iterable[tuple[str, str]]) -> None:
    """Add the Multi-frame Dimension module (PS3.3 C.7.6.17)."""
    from pydicom.datadict import tag_for_keyword

    dataset.DimensionOrganizationSequence = [item(DimensionOrganizationUID=ORGANIZATION)]
    dataset.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=ORGANIZATION,
            DimensionIndexPointer=tag_for_keyword(pointer),
            FunctionalGroupPointer=tag_for_keyword(group),
        )
        for pointer, group in pointers
    ]


def make_enhanced(
    pixels: np.ndarray,
    positions: Sequence[Sequence[float]],
    *,
    rescale: Sequence[tuple[float, float]] | None = None,
    encode: Callable[[np.ndarray], bytes] | None = None,
    **attributes: Any,
) -> FileDataset:
    """Make an enhanced CT.

    Parameters
    ----------
    pixels : numpy.ndarray
        (frames, rows, columns).
    positions : sequence
        Image Position (Patient) of each frame.
    rescale : sequence of (float, float), optional
        Slope and intercept of each frame; (1, 0) for all, shared, by default.
    encode : callable, optional
        Makes a frame's codestream; `transfer_syntax` among the attributes says of which kind.
    **attributes
        Set last; None deletes one.
    """
    dataset = make_dataset(pixels[0], transfer_syntax=attributes.pop("transfer_syntax", "1.2.840.10008.1.2.1"))
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(dataset, name)
    _as_class(dataset, EnhancedCTImageStorage)
    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=list(AXIAL))],
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.75], SliceThickness=2, SpacingBetweenSlices=2)],
    )
    if rescale is None:
        shared.PixelValueTransformationSequence = [item(RescaleSlope=1, RescaleIntercept=0, RescaleType="HU")]
    groups = []
    for number, position in enumerate(positions):
        group = item(
            PlanePositionSequence=[item(ImagePositionPatient=list(position))],
            FrameContentSequence=[
                item(StackID="1", InStackPositionNumber=number + 1, DimensionIndexValues=[1, number + 1])
            ],
        )
        if rescale is not None:
            slope, intercept = rescale[number]
            transformation = item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="HU")
            group.PixelValueTransformationSequence = [transformation]
        groups.append(group)
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = groups
    add_dimensions(dataset, STACK_POINTERS)
    return _with_frames(dataset, pixels, encode, attributes)


def make_tiled(
    matrices: np.ndarray,
    tile: tuple[int, int],
    *,
    full: bool = True,
    leave_out: Iterable[int] = (),
    encode: Callable[[np.ndarray], bytes] | None = None,
    **attributes: Any,
) -> FileDataset:
    """Make a whole slide image.

    Parameters
    ----------
    matrices : numpy.ndarray
        (optical paths, focal planes, rows, columns) or (..., 3): total pixel matrices.
    tile : (int, int)
        Rows and columns of a frame; the last ones are filled up with zeros.
    full : bool, optional
        TILED_FULL, in the order of PS3.3 C.7.6.17.3, or else TILED_SPARSE with the place of each frame.
    leave_out : iterable of int, optional
        Frames of a sparse image that are not there.
    encode : callable, optional
        Makes a frame's codestream.
    **attributes
        Set last; None deletes one.
    """
    paths, planes, rows, columns = matrices.shape[:4]
    high, wide = tile
    frames, groups = [], []
    # Optical paths vary slowest but for nothing, then focal planes, then rows, then columns.
    for path in range(paths):
        for plane in range(planes):
            for top in range(0, rows, high):
                for left in range(0, columns, wide):
                    frame = np.zeros((*tile, *matrices.shape[4:]), matrices.dtype)
                    part = matrices[path, plane, top : top + high, left : left + wide]
                    frame[: part.shape[0], : part.shape[1]] = part
                    frames.append(frame)
                    groups.append(_tile_group(path, plane, top, left))
    dataset = make_dataset(frames[0], transfer_syntax=attributes.pop("transfer_syntax", "1.2.840.10008.1.2.1"))
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(dataset, name)
    _as_class(dataset, VLWholeSlideMicroscopyImageStorage)
    dataset.Modality = "SM"
    dataset.TotalPixelMatrixRows, dataset.TotalPixelMatrixColumns = rows, columns
    dataset.TotalPixelMatrixFocalPlanes = planes
    dataset.NumberOfOpticalPaths = paths
    dataset.OpticalPathSequence = [item(OpticalPathIdentifier=str(path + 1)) for path in range(paths)]
    dataset.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    origin = item(XOffsetInSlideCoordinateSystem=20, YOffsetInSlideCoordinateSystem=30)
    dataset.TotalPixelMatrixOriginSequence = [origin]
    dataset.DimensionOrganizationType = "TILED_FULL" if full else "TILED_SPARSE"
    measures = item(PixelSpacing=[0.001, 0.002], SliceThickness=0.003, SpacingBetweenSlices=0.004)
    dataset.SharedFunctionalGroupsSequence = [item(PixelMeasuresSequence=[measures])]
    if not full:
        kept = [number for number in range(len(frames)) if number not in set(leave_out)]
        frames = [frames[number] for number in kept]
        dataset.PerFrameFunctionalGroupsSequence = [groups[number] for number in kept]
        add_dimensions(dataset, TILE_POINTERS)
    return _with_frames(dataset, np.stack(frames), encode, attributes)


def _tile_group(path: int, plane: int, top: int, left: int) -> Dataset:
    position = item(
        RowPositionInTotalImagePixelMatrix=top + 1,
        ColumnPositionInTotalImagePixelMatrix=left + 1,
        XOffsetInSlideCoordinateSystem=round(20 - top * 0.001, 6),
        YOffsetInSlideCoordinateSystem=round(30 - left * 0.002, 6),
        ZOffsetInSlideCoordinateSystem=4 * plane,  # micrometres
    )
    return item(
        PlanePositionSlideSequence=[position],
        OpticalPathIdentificationSequence=[item(OpticalPathIdentifier=str(path + 1))],
        FrameContentSequence=[item(DimensionIndexValues=[top + 1, left + 1])],
    )


def _as_class(dataset: FileDataset, sop_class: str) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[sop_class])
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def _with_frames(
    dataset: FileDataset,
    frames: np.ndarray,
    encode: Callable[[np.ndarray], bytes] | None,
    attributes: dict[str, Any],
) -> FileDataset:
    dataset.NumberOfFrames = len(frames)
    if encode is None:
        dataset.PixelData = frames.tobytes() + b"\0" * (frames.nbytes % 2)
    else:
        dataset.PixelData = encapsulate([encode(frame) for frame in frames])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    for name, value in attributes.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    return dataset
