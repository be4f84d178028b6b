"""What a pydicom data set says about where an image, a frame or a total pixel matrix lies.

Of a single-frame image the attributes are at the root; of a multi-frame image in the functional groups, shared or of a
frame (PS3.3 C.7.6.16); of a TILED_FULL image they follow from the order of the frames (PS3.3 C.7.6.17.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import index
from typing import TYPE_CHECKING

from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import GeometryMismatchError, InvalidAttributeError, MissingGeometryError, VolumeIndexError
from hdgpu.geometry.functional_groups import functional_group, is_multiframe_image, optional, required, shared_group
from hdgpu.geometry.slide import read_slide_position
from hdgpu.geometry.tiled_full import is_tiled_full, read_tiled_full

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = [
    "ImagePlane",
    "get_image_coordinate_system",
    "is_tiled_image",
    "read_image_plane",
    "read_total_pixel_matrix",
    "require_same_frame_of_reference",
]


@dataclass(frozen=True, slots=True)
class ImagePlane:
    """Where an image lies, as DICOM has it.

    Attributes
    ----------
    image_position : tuple of 3 floats
        Position of the centre of the top left pixel in mm.
    image_orientation : tuple of 6 floats
        Direction cosines of the rows, then of the columns.
    pixel_spacing : tuple of 2 floats
        Spacing between rows, then between columns, in mm.
    spacing_between_slices : float or None
        In mm, if the data set gives it.
    """

    image_position: tuple[float, ...]
    image_orientation: tuple[float, ...]
    pixel_spacing: tuple[float, ...]
    spacing_between_slices: float | None

    def arguments(self) -> dict[str, tuple[float, ...]]:
        """Return position, orientation and pixel spacing by the names that transformers have for them."""
        return {
            "image_position": self.image_position,
            "image_orientation": self.image_orientation,
            "pixel_spacing": self.pixel_spacing,
        }

    @property
    def slice_unit(self) -> float:
        """Length in mm that a slice index of 1 stands for: 1 mm if the data set does not give the spacing."""
        return 1.0 if self.spacing_between_slices is None else self.spacing_between_slices


def get_image_coordinate_system(dataset: Dataset) -> CoordinateSystemNames | None:
    """Get the coordinate system in which an image is placed.

    Parameters
    ----------
    dataset : pydicom.Dataset
        An image.

    Returns
    -------
    CoordinateSystemNames or None
        None if the image has no frame of reference, or no position in it.

    Examples
    --------
    >>> from pydicom import examples
    >>> get_image_coordinate_system(examples.ct)
    <CoordinateSystemNames.PATIENT: 'PATIENT'>
    """
    if "FrameOfReferenceUID" not in dataset:
        return None
    if "ImageOrientationSlide" in dataset:
        return CoordinateSystemNames.SLIDE
    placed = "ImagePositionPatient" in dataset or functional_group(dataset, "PlanePositionSequence", 1) is not None
    return CoordinateSystemNames.PATIENT if placed else None


def is_tiled_image(dataset: Dataset) -> bool:
    """Return whether the frames of an image are tiles of a total pixel matrix.

    Parameters
    ----------
    dataset : pydicom.Dataset
        An image.

    Examples
    --------
    >>> from pydicom import examples
    >>> is_tiled_image(examples.ct)
    False
    """
    return all(keyword in dataset for keyword in ("TotalPixelMatrixRows", "TotalPixelMatrixColumns", "NumberOfFrames"))


def read_image_plane(
    dataset: Dataset, frame_number: int | None = None, for_total_pixel_matrix: bool = False
) -> ImagePlane:
    """Read where an image, a frame of it, or its total pixel matrix lies.

    Raises
    ------
    TypeError
        If there is no frame number where there are frames to choose from, or one where there is nothing to choose.
    hdgpu.errors.InvalidAttributeError
        If there shall be a total pixel matrix and is none (also a ValueError).
    hdgpu.errors.MissingGeometryError, hdgpu.errors.MissingAttributeError
        If the data set does not say where the image lies (also an AttributeError and a ValueError).
    hdgpu.errors.VolumeIndexError
        If there is no such frame (also an IndexError and a ValueError).
    """
    system = get_image_coordinate_system(dataset)
    if system is None:
        raise MissingGeometryError("the image has no frame of reference, or no position in it")
    if for_total_pixel_matrix:
        if frame_number is not None:
            raise TypeError("Argument 'frame_number' has no meaning for a total pixel matrix.")
        return read_total_pixel_matrix(dataset)
    if not is_multiframe_image(dataset):
        if frame_number not in (None, 1):
            raise TypeError(f"Argument 'frame_number' of a single-frame image is None or 1, not {frame_number}.")
        position = required(dataset, "ImagePositionPatient")
        return _plane(position, required(dataset, "ImageOrientationPatient"), dataset)
    if frame_number is None:
        raise TypeError("Argument 'frame_number' must be specified for a multi-frame image.")
    return _frame(dataset, index(frame_number), system)


def _plane(position: list[float], orientation: list[float], measures: Dataset) -> ImagePlane:
    """Put a position, an orientation and an item with the pixel measures together."""
    between = optional(measures, "SpacingBetweenSlices")
    return ImagePlane(
        tuple(float(each) for each in position),
        tuple(float(each) for each in orientation),
        tuple(float(each) for each in required(measures, "PixelSpacing")),
        None if between is None else float(between),
    )


def _frame(dataset: Dataset, number: int, system: CoordinateSystemNames) -> ImagePlane:
    if is_tiled_full(dataset):
        # an instance of a concatenation holds but some of the frames, and counts them from 1
        before = int(optional(dataset, "ConcatenationFrameOffsetNumber") or 0)
        position = list(read_tiled_full(dataset).position(number + before))
        return _plane(position, required(dataset, "ImageOrientationSlide"), _group(dataset, "PixelMeasures", number))
    frames = required(dataset, "PerFrameFunctionalGroupsSequence")
    if not 1 <= number <= len(frames):
        raise VolumeIndexError("there is no such frame", expected=f"1 to {len(frames)}", found=number)
    measures = _group(dataset, "PixelMeasures", number)
    if system is CoordinateSystemNames.SLIDE:
        position = read_slide_position(_group(dataset, "PlanePositionSlide", number), number)
        return _plane(position, required(dataset, "ImageOrientationSlide"), measures)
    position = required(_group(dataset, "PlanePosition", number), "ImagePositionPatient", number)
    orientation = required(_group(dataset, "PlaneOrientation", number), "ImageOrientationPatient", number)
    return _plane(position, orientation, measures)


def _group(dataset: Dataset, name: str, frame_number: int) -> Dataset:
    item = functional_group(dataset, f"{name}Sequence", frame_number)
    if item is None:
        raise MissingGeometryError(f"there is no item of '{name}Sequence', shared or of the frame", frame=frame_number)
    return item


def read_total_pixel_matrix(dataset: Dataset, height: float | None = None) -> ImagePlane:
    """Read where the total pixel matrix of a tiled image lies.

    Parameters
    ----------
    dataset : pydicom.Dataset
        The image.
    height : float, optional
        z in mm of the focal plane that is meant, if it is known; else that of the matrix's origin, or of the first
        frame that says where it lies, or 0.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError, hdgpu.errors.MissingGeometryError, hdgpu.errors.MissingAttributeError
        As :func:`read_image_plane`.
    """
    if optional(dataset, "TotalPixelMatrixOriginSequence") is None:
        raise InvalidAttributeError("the image has no total pixel matrix, or nothing says where its origin is")
    measures = shared_group(dataset, "PixelMeasuresSequence")
    if measures is None:
        raise MissingGeometryError("there is no 'PixelMeasuresSequence' that the frames share")
    origin = dataset.TotalPixelMatrixOriginSequence[0]
    position = read_slide_position(origin, default_z=0.0)
    if height is not None:
        position[2] = height
    elif optional(origin, "ZOffsetInSlideCoordinateSystem") is None and not is_tiled_full(dataset):
        place = functional_group(dataset, "PlanePositionSlideSequence", 1)
        if place is not None and optional(place, "ZOffsetInSlideCoordinateSystem") is not None:
            position[2] = read_slide_position(place)[2]
    return _plane(position, required(dataset, "ImageOrientationSlide"), measures)


def require_same_frame_of_reference(dataset_from: Dataset, dataset_to: Dataset) -> None:
    """Raise if two images are not placed in one frame of reference.

    Raises
    ------
    hdgpu.errors.MissingAttributeError
        If one has no Frame of Reference UID (also a ValueError).
    hdgpu.errors.GeometryMismatchError
        If the two differ (also a ValueError).
    """
    uids = [str(required(dataset, "FrameOfReferenceUID")) for dataset in (dataset_from, dataset_to)]
    if uids[0] != uids[1]:
        raise GeometryMismatchError("the images are not in the same frame of reference", found=" and ".join(uids))
