"""Where the tiles of a TILED_FULL image lie: their order is all that the file says (PS3.3 C.7.6.17.3)."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from hdgpu.enum import DimensionOrganizationTypeValues
from hdgpu.errors import InvalidAttributeError, MissingAttributeError, VolumeIndexError
from hdgpu.geometry.affine import Float64Array
from hdgpu.geometry.functional_groups import optional, required, shared_group
from hdgpu.geometry.image_affine import create_affine_matrix_from_attributes
from hdgpu.geometry.points import map_points
from hdgpu.geometry.slide import read_slide_position
from hdgpu.geometry.tiles import tile_grid, tile_offsets

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["TilePosition", "TiledFull", "is_tiled_full", "iter_tiled_full_frame_data", "read_tiled_full"]

TilePosition: TypeAlias = tuple[int | None, int, int, int, float, float, float]
"""Channel, focal plane, column and row of the top left pixel, all counted from 1, and its x, y and z in mm."""

_MICROSCOPY = "1.2.840.10008.5.1.4.1.1.77.1.6"
_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
_PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"


@dataclass(frozen=True, slots=True)
class TiledFull:
    """Layout of a TILED_FULL image: for each channel, each focal plane, and in each of them each tile.

    Attributes
    ----------
    channels : tuple of int, or of None
        Segments or optical paths, counted from 1; one None for images that have neither.
    focal_planes : int
    plane_spacing : float
        Distance between focal planes in mm.
    sizes : tuple of 4 ints
        Rows and columns of the total pixel matrix, rows and columns of a tile.
    affine : numpy.ndarray
        4 x 4 affine from column and row of the total pixel matrix, counted from 0, to mm, on the first focal plane.
    """

    channels: tuple[int | None, ...]
    focal_planes: int
    plane_spacing: float
    sizes: tuple[int, int, int, int]
    affine: Float64Array

    def position(self, frame_number: int) -> tuple[float, float, float]:
        """Return the position in mm of the top left pixel of a frame, counted from 1."""
        per_plane = math.prod(tile_grid(*self.sizes))
        frames = len(self.channels) * self.focal_planes * per_plane
        if not 1 <= frame_number <= frames:
            raise VolumeIndexError("there is no such frame", expected=f"1 to {frames}", found=frame_number)
        plane, tile = divmod(frame_number - 1, per_plane)
        _, ((x, y, z),) = self._placed(np.array([tile]))
        return x, y, z + plane % self.focal_planes * self.plane_spacing

    def tiles(self) -> Generator[TilePosition, None, None]:
        """Yield where each frame lies, in the order of the frames."""
        offsets, positions = self._placed()
        for channel in self.channels:
            for plane in range(self.focal_planes):
                height = plane * self.plane_spacing
                for (column, row), (x, y, z) in zip(offsets, positions, strict=True):
                    yield channel, plane + 1, column, row, x, y, z + height

    def _placed(self, tiles: npt.NDArray[np.int64] | None = None) -> tuple[list[list[int]], list[list[float]]]:
        """Return column and row, and position, of tiles on the first focal plane."""
        offsets = tile_offsets(*self.sizes, tiles)
        return offsets.tolist(), map_points(self.affine, offsets - 1, "offsets", inputs=2).tolist()


def is_tiled_full(dataset: Dataset) -> bool:
    """Return whether the order of the frames says where they lie."""
    return bool(optional(dataset, "DimensionOrganizationType") == DimensionOrganizationTypeValues.TILED_FULL.value)


def read_tiled_full(dataset: Dataset) -> TiledFull:
    """Read the layout of a TILED_FULL image.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If it is of another organization or kind.
    hdgpu.errors.MissingAttributeError
        If an attribute is absent that says where the tiles lie, or how far several focal planes are apart.
    """
    channels = _channels(dataset)
    if not is_tiled_full(dataset):
        found = optional(dataset, "DimensionOrganizationType")
        raise InvalidAttributeError("the tiles are not in a fixed order", expected="TILED_FULL", found=found)
    origin = required(dataset, "TotalPixelMatrixOriginSequence")[0]
    measures = shared_group(dataset, "PixelMeasuresSequence")
    if measures is None:
        raise MissingAttributeError("the frames share no pixel measures", tag="(0028,9110) 'PixelMeasuresSequence'")
    focal_planes = int(optional(dataset, "TotalPixelMatrixFocalPlanes") or 1)
    between = optional(measures, "SpacingBetweenSlices")
    if between is None and focal_planes > 1:
        raise MissingAttributeError(
            f"nothing says how far the {focal_planes} focal planes are apart",
            tag="(0018,0088) 'SpacingBetweenSlices'",
        )
    affine = create_affine_matrix_from_attributes(
        read_slide_position(origin, default_z=0.0),
        required(dataset, "ImageOrientationSlide"),
        required(measures, "PixelSpacing"),
    )
    rows, columns, tile_rows, tile_columns = (
        int(required(dataset, name)) for name in ("TotalPixelMatrixRows", "TotalPixelMatrixColumns", "Rows", "Columns")
    )
    return TiledFull(channels, focal_planes, float(between or 0.0), (rows, columns, tile_rows, tile_columns), affine)


def _channels(dataset: Dataset) -> tuple[int | None, ...]:
    """Return the numbers of the segments or of the optical paths."""
    sop_class = str(required(dataset, "SOPClassUID"))
    if sop_class == _MICROSCOPY:
        paths = optional(dataset, "NumberOfOpticalPaths") or len(required(dataset, "OpticalPathSequence"))
        return tuple(range(1, int(paths) + 1))
    if sop_class == _SEGMENTATION and optional(dataset, "SegmentationType") != "LABELMAP":
        return tuple(range(1, len(required(dataset, "SegmentSequence")) + 1))
    if sop_class in (_SEGMENTATION, _LABEL_MAP, _PARAMETRIC_MAP):
        return (None,)
    raise InvalidAttributeError(
        "tiles in a fixed order are known of other kinds of images only",
        tag="(0008,0016) 'SOPClassUID'",
        expected="VL Whole Slide Microscopy Image, Segmentation, Label Map Segmentation or Parametric Map",
        found=sop_class,
    )


def iter_tiled_full_frame_data(dataset: Dataset) -> Generator[TilePosition, None, None]:
    """Return an iterator over where each tile of a TILED_FULL image lies, in the order of its frames.

    Parameters
    ----------
    dataset : pydicom.Dataset
        VL Whole Slide Microscopy Image, Segmentation, Label Map Segmentation or Parametric Map.

    Yields
    ------
    channel : int or None
        Number of the segment or of the optical path, counted from 1; None for label and parametric maps.
    focal_plane_index : int
        Number of the focal plane, counted from 1.
    column_position, row_position : int
        Column and row of the tile's top left pixel in the total pixel matrix, counted from 1.
    x, y, z : float
        Position of that pixel in the frame of reference, in mm.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If the image is of another organization or kind (also a ValueError).
    hdgpu.errors.MissingAttributeError
        If an attribute is absent that says where the tiles lie, or how far several focal planes are apart (also an
        AttributeError).
    """
    return read_tiled_full(dataset).tiles()
