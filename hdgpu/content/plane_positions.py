"""Positions of the planes of images: of tiles of a total pixel matrix, of frames, and of the images of a series."""

from __future__ import annotations

from collections.abc import Sequence
from warnings import warn

import numpy as np
from pydicom.dataset import Dataset

from hdgpu.content.plane import PlanePositionSequence
from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.geometry.affine import checked_orientation
from hdgpu.geometry.attributes import get_image_coordinate_system
from hdgpu.geometry.functional_groups import is_multiframe_image, required
from hdgpu.geometry.slide import MICROMETRES, read_slide_position
from hdgpu.geometry.tiled_full import is_tiled_full, iter_tiled_full_frame_data

__all__ = [
    "are_plane_positions_tiled_full",
    "compute_plane_position_slide_per_frame",
    "compute_plane_position_tiled_full",
    "get_plane_positions_of_image",
    "get_plane_positions_of_series",
]

_POSITION = {
    CoordinateSystemNames.PATIENT: "PlanePositionSequence",
    CoordinateSystemNames.SLIDE: "PlanePositionSlideSequence",
}


def are_plane_positions_tiled_full(
    plane_positions: Sequence[PlanePositionSequence],
    rows: int,
    columns: int,
) -> bool:
    """Determine whether planes lie as the tiles of a TILED_FULL image do, so that their positions may be left out.

    Parameters
    ----------
    plane_positions : sequence of PlanePositionSequence
        Position of each frame in the total pixel matrix.
    rows, columns : int
        Rows and columns of each frame.

    Returns
    -------
    bool
        Whether they cover the total pixel matrix without overlap, row by row from the top left.

    Raises
    ------
    hdgpu.errors.MissingAttributeError
        If a position is not one in a total pixel matrix (also an AttributeError).
    hdgpu.errors.InvalidAttributeError
        If rows or columns are not positive (also a ValueError).

    Examples
    --------
    >>> tiles = [PlanePositionSequence("SLIDE", (0.0, 0.0, 0.0), place) for place in [(1, 1), (5, 1), (1, 5), (5, 5)]]
    >>> are_plane_positions_tiled_full(tiles, rows=4, columns=4)
    True
    >>> are_plane_positions_tiled_full(tiles[::-1], rows=4, columns=4)
    False
    """
    if rows < 1 or columns < 1:
        raise InvalidAttributeError("a frame has rows and columns", expected="1 or more", found=(rows, columns))
    found = [
        (
            int(required(position[0], "RowPositionInTotalImagePixelMatrix")),
            int(required(position[0], "ColumnPositionInTotalImagePixelMatrix")),
        )
        for position in plane_positions
    ]
    last_row, last_column = (max((place[axis] for place in found), default=0) for axis in (0, 1))
    return found == [
        (row, column) for row in range(1, last_row + 1, rows) for column in range(1, last_column + 1, columns)
    ]


def compute_plane_position_tiled_full(
    row_index: int,
    column_index: int,
    x_offset: float,
    y_offset: float,
    rows: int,
    columns: int,
    image_orientation: Sequence[float],
    pixel_spacing: Sequence[float],
    slice_thickness: float | None = None,
    spacing_between_slices: float | None = None,
    slice_index: int | None = None,
) -> PlanePositionSequence:
    """Compute the position of a tile of a TILED_FULL image (PS3.3 C.7.6.17.3).

    Parameters
    ----------
    row_index, column_index : int
        Which tile it is, from the top and from the left, counted from 1.
    x_offset, y_offset : float
        Position of the total pixel matrix in the slide coordinate system, in mm.
    rows, columns : int
        Rows and columns of each tile.
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns.
    pixel_spacing : sequence of 2 floats
        Spacing between rows, then between columns, in mm.
    slice_thickness : float or None, optional
        Without effect.
    spacing_between_slices : float or None, optional
        Distance between focal planes, in micrometres.
    slice_index : int or None, optional
        Which focal plane it is, counted from 1.

    Raises
    ------
    TypeError
        If one of `slice_index` and `spacing_between_slices` is given without the other.
    hdgpu.errors.InvalidAttributeError
        If an index is below 1, or there are not two pixel spacings (also a ValueError).
    hdgpu.errors.VolumeError
        If the direction cosines are not two unit vectors at right angles (also a ValueError).

    Warns
    -----
    UserWarning
        If a slice thickness is given.

    Examples
    --------
    >>> position = compute_plane_position_tiled_full(2, 3, 10.0, 20.0, 100, 200, [0, -1, 0, -1, 0, 0], [0.5, 0.25])
    >>> position[0].XOffsetInSlideCoordinateSystem, position[0].ColumnPositionInTotalImagePixelMatrix
    ('-40.0', 401)
    """
    if (slice_index is None) != (spacing_between_slices is None):
        raise TypeError("Arguments 'slice_index' and 'spacing_between_slices' go together.")
    if slice_thickness is not None:
        warn("Argument 'slice_thickness' has no effect.", UserWarning, stacklevel=2)
    if row_index < 1 or column_index < 1:
        raise InvalidAttributeError("tiles are counted from 1", expected="1 or more", found=(row_index, column_index))
    if len(pixel_spacing) != 2:
        raise InvalidAttributeError(
            "pixel spacing has the wrong number of values", expected=2, found=len(pixel_spacing)
        )
    along_rows, along_columns = checked_orientation(image_orientation).reshape(2, 3)
    row, column = (row_index - 1) * rows, (column_index - 1) * columns
    height = 0.0
    if slice_index is not None and spacing_between_slices is not None:
        height = (slice_index - 1) * float(spacing_between_slices) / MICROMETRES
    place = np.array([x_offset, y_offset, 0.0])
    place += along_rows * (column * float(pixel_spacing[1])) + along_columns * (row * float(pixel_spacing[0]))
    place[2] += height
    return PlanePositionSequence(CoordinateSystemNames.SLIDE, place.tolist(), (column + 1, row + 1))


def compute_plane_position_slide_per_frame(dataset: Dataset) -> list[PlanePositionSequence]:
    """Compute the position of every frame of a TILED_FULL image.

    Parameters
    ----------
    dataset : pydicom.Dataset
        VL Whole Slide Microscopy Image, Segmentation or Parametric Map.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If the image is of another kind or organization (also a ValueError).
    hdgpu.errors.MissingAttributeError
        If an attribute is absent that says where the tiles lie (also an AttributeError and a ValueError).
    """
    return [
        PlanePositionSequence(CoordinateSystemNames.SLIDE, position, (column, row))
        for _, _, column, row, *position in iter_tiled_full_frame_data(dataset)
    ]


def get_plane_positions_of_image(image: Dataset) -> list[PlanePositionSequence]:
    """Get the position of every frame of a multi-frame image.

    Parameters
    ----------
    image : pydicom.Dataset
        The image.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If it is no multi-frame image, or in no coordinate system (also a ValueError).
    hdgpu.errors.MissingAttributeError
        If a frame has no position (also an AttributeError and a ValueError).
    """
    if not is_multiframe_image(image):
        raise InvalidAttributeError("the image is no multi-frame image", found=image.SOPClassUID)
    system = _coordinate_system(image)
    if system is CoordinateSystemNames.SLIDE and is_tiled_full(image):
        return compute_plane_position_slide_per_frame(image)
    positions = []
    for number, frame in enumerate(required(image, "PerFrameFunctionalGroupsSequence"), start=1):
        sequence = required(frame, _POSITION[system], number)
        positions.append(PlanePositionSequence.from_sequence(sequence))
    return positions


def get_plane_positions_of_series(images: Sequence[Dataset]) -> list[PlanePositionSequence]:
    """Get the position of every image of a series of single-frame images.

    Parameters
    ----------
    images : sequence of pydicom.Dataset
        The images, one or more.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If there is none, one is a multi-frame image, or one is in no coordinate system (also a ValueError).
    hdgpu.errors.MissingAttributeError
        If an image has no position (also an AttributeError and a ValueError).
    """
    if not images:
        raise InvalidAttributeError("the series has no image", expected="1 or more")
    positions = []
    for image in images:
        if is_multiframe_image(image):
            raise InvalidAttributeError("the image is no single-frame image", found=image.SOPClassUID)
        if _coordinate_system(image) is CoordinateSystemNames.PATIENT:
            positions.append(PlanePositionSequence("PATIENT", required(image, "ImagePositionPatient")))
            continue
        positions.append(PlanePositionSequence("SLIDE", read_slide_position(image), (1, 1)))
    return positions


def _coordinate_system(image: Dataset) -> CoordinateSystemNames:
    """Return the coordinate system that an image is in."""
    system = get_image_coordinate_system(image)
    if system is None:
        raise MissingAttributeError(
            "the image is in no coordinate system", expected="a frame of reference and a position in it"
        )
    return system
