"""Tiles: where the frames of a tiled image lie in its total pixel matrix (PS3.3 C.7.6.17.3), and plans of regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.header import Header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import MissingAttributeError, PixelDataSizeError, TilingError
from hdgpu.frames.plan import ScatterPlan, uncovered_pixel
from hdgpu.geometry.tiled_full import is_tiled_full, read_tiled_full
from hdgpu.geometry.tiles import tile_offsets

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["TileTable", "read_tiles"]

_SPARSE_MACROS = (
    Tag.PLANE_POSITION_SLIDE_SEQUENCE,
    Tag.OPTICAL_PATH_IDENTIFICATION_SEQUENCE,
    Tag.SEGMENT_IDENTIFICATION_SEQUENCE,
)


@dataclass(frozen=True, slots=True)
class TileTable:
    """Columns over the frames of a tiled image.

    Attributes
    ----------
    row, column : numpy.ndarray
        (n,) int64, zero-based place of each frame's top left pixel in the total pixel matrix.
    plane : numpy.ndarray
        (n,) int64, number of the focal plane, from 0 for the one with the smallest offset in z.
    channel : numpy.ndarray
        (n,) int64, index into `channels`.
    channels : tuple
        Optical path identifiers (str), segment numbers (int) or one None.
    planes : int
        Number of focal planes.
    matrix : (int, int)
        Rows and columns of the total pixel matrix.
    tile : (int, int)
        Rows and columns of a frame.
    name : str
        What error messages call the file.
    """

    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    plane: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int64]
    channels: tuple[str | int | None, ...]
    planes: int
    matrix: tuple[int, int]
    tile: tuple[int, int]
    name: str

    def plan_region(
        self,
        rows: range,
        columns: range,
        samples: tuple[int, ...],
        dtype: npt.DTypeLike,
        *,
        channel: str | int | None = None,
        focal_plane: int | None = None,
        allow_missing: bool = False,
    ) -> ScatterPlan:
        """Plan a region of the total pixel matrix from the tiles that it touches, and no others.

        Parameters
        ----------
        rows, columns : range
            Of the total pixel matrix.
        samples : tuple of int
            () for grey, (3,) for colour.
        dtype : data type
            Of the output.
        channel : str or int, optional
            Optical path identifier or segment number, where there are several.
        focal_plane : int, optional
            Number of the focal plane from 0, where there are several.
        allow_missing : bool
            Whether tiles may be missing; zeros stand in their place.

        Returns
        -------
        ScatterPlan
            Of one slice.

        Raises
        ------
        TilingError
            If tiles of the region are not there and may not be missing, or several lie on one another.
        """
        wanted = self._selected(channel, focal_plane)
        high, wide = self.tile
        top, left = np.maximum(self.row, rows.start), np.maximum(self.column, columns.start)
        bottom = np.minimum(self.row + high, rows.stop)
        right = np.minimum(self.column + wide, columns.stop)
        frames = np.flatnonzero(wanted & (bottom > top) & (right > left))
        top, left, bottom, right = (each[frames] for each in (top, left, bottom, right))
        regions = np.stack(
            [
                top - rows.start, left - columns.start, bottom - top, right - left,
                top - self.row[frames], left - self.column[frames],
            ],
            axis=1,
        )  # fmt: skip
        shape = (1, len(rows), len(columns), *samples)
        destination = np.zeros(len(frames), np.int64)
        blank = destination[:0]
        if allow_missing and uncovered_pixel(regions, destination, blank, shape) is not None:
            blank = np.zeros(1, np.int64)
        self._check(regions, destination, blank, shape, frames, (rows.start, columns.start))
        return ScatterPlan(frames, destination, shape, np.dtype(dtype), regions, blank)

    def _selected(self, channel: str | int | None, focal_plane: int | None) -> Any:
        """Return which frames are of the channel and the focal plane: of the only one, if none is named."""
        number = self._number_of(channel)
        if focal_plane is None and self.planes > 1:
            raise TilingError(
                "there are several focal planes, so that tiles lie on one another",
                source=self.name,
                expected=f"focal_plane from 0 to {self.planes - 1}",
                found=None,
            )
        plane = focal_plane or 0
        if not 0 <= plane < self.planes:
            raise TilingError(
                "there is no such focal plane", source=self.name, expected=f"0 to {self.planes - 1}", found=plane
            )
        return np.logical_and(self.channel == number, self.plane == plane)

    def _number_of(self, channel: str | int | None) -> int:
        if channel is None and len(self.channels) == 1:
            return 0
        if channel not in self.channels or channel is None:
            raise TilingError(
                "there are several channels, so that tiles lie on one another"
                if channel is None
                else "there is no such channel",
                source=self.name,
                expected=f"channel of {', '.join(map(repr, self.channels))}",
                found=repr(channel),
            )
        return self.channels.index(channel)

    def _check(
        self,
        regions: npt.NDArray[np.int64],
        destination: npt.NDArray[np.int64],
        blank: npt.NDArray[np.int64],
        shape: tuple[int, ...],
        frames: npt.NDArray[np.int64],
        origin: tuple[int, int],
    ) -> None:
        place = uncovered_pixel(regions, destination, blank, shape)
        if place is None:
            return
        _, row, column = place
        covering = frames[
            (regions[:, 0] <= row)
            & (row < regions[:, 0] + regions[:, 2])
            & (regions[:, 1] <= column)
            & (column < regions[:, 1] + regions[:, 3])
        ]
        raise TilingError(
            f"the tiles do not make up the total pixel matrix at row {row + origin[0] + 1}, "
            f"column {column + origin[1] + 1}",
            source=self.name,
            expected="one frame",
            found=f"frames {', '.join(str(frame + 1) for frame in covering)}" if len(covering) else "none",
        )


def read_tiles(dataset: Dataset, instance: Instance) -> TileTable:
    """Read where the frames of a tiled image lie.

    Parameters
    ----------
    dataset : pydicom.Dataset
        The image: asked only for attributes that all its frames share.
    instance : Instance
        The same image.

    Raises
    ------
    TilingError
        If it is not tiled, or a tile lies outside the total pixel matrix.
    PixelDataSizeError
        If there are more or fewer frames than the tiles of a TILED_FULL image.
    MissingAttributeError, InvalidAttributeError
        If the attributes do not say where the tiles lie.
    """
    header = instance.header
    sizes = [header.binary_integers(tag, "I") for tag in (Tag.TOTAL_PIXEL_MATRIX_ROWS, Tag.TOTAL_PIXEL_MATRIX_COLUMNS)]
    if not all(sizes):
        raise TilingError("the image is not tiled", source=instance.name)
    matrix = sizes[0][0], sizes[1][0]
    if is_tiled_full(dataset):
        return _full(dataset, instance, matrix)
    return _sparse(instance, matrix)


def _full(dataset: Dataset, instance: Instance, matrix: tuple[int, int]) -> TileTable:
    layout = read_tiled_full(dataset)
    tile = layout.sizes[2:]
    offsets = tile_offsets(*matrix, *tile) - 1
    planes, channels = layout.focal_planes, layout.channels
    count = len(channels) * planes * len(offsets)
    if count != instance.number_of_frames:
        raise PixelDataSizeError(
            "the number of frames is not that of the tiles",
            source=instance.name,
            tag=describe_tag(Tag.NUMBER_OF_FRAMES),
            expected=f"{len(channels)} channels x {planes} focal planes x {len(offsets)} tiles",
            found=instance.number_of_frames,
        )
    channel, plane, place = np.unravel_index(np.arange(count), (len(channels), planes, len(offsets)))
    column, row = offsets[place].T
    identifiers = _optical_paths(dataset, channels)
    return TileTable(row, column, plane, channel, identifiers, planes, matrix, tile, instance.name)


def _optical_paths(dataset: Dataset, channels: Sequence[int | None]) -> tuple[str | int | None, ...]:
    """Return the identifiers of the optical paths, in whose order channels are numbered; segments have numbers."""
    paths = dataset.get("OpticalPathSequence") or ()
    if len(paths) != len(channels):
        return tuple(channels)
    return tuple(str(path.get("OpticalPathIdentifier", number)) for number, path in zip(channels, paths, strict=True))


def _sparse(instance: Instance, matrix: tuple[int, int]) -> TileTable:
    rows, columns, heights, channels = [], [], [], []
    for number, (position, path, segment) in enumerate(instance.functional_groups(_SPARSE_MACROS)):
        place = _position(position, instance.name, number)
        rows.append(place[0])
        columns.append(place[1])
        heights.append(place[2])
        channels.append(_channel(path, segment))
    if len(rows) != instance.number_of_frames:
        raise PixelDataSizeError(
            "the functional groups do not match the number of frames",
            source=instance.name,
            tag=describe_tag(Tag.PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE),
            expected=instance.number_of_frames,
            found=len(rows),
        )
    known: dict[Any, int] = {}
    channel = [known.setdefault(each, len(known)) for each in channels]
    levels, plane = np.unique(np.array(heights), return_inverse=True)
    tile = instance.pixel.rows, instance.pixel.columns
    row, column = np.array(rows, np.int64) - 1, np.array(columns, np.int64) - 1
    outside = np.flatnonzero((row < 0) | (column < 0) | (row >= matrix[0]) | (column >= matrix[1]))
    if len(outside):
        frame = int(outside[0])
        raise TilingError(
            "the tile lies outside the total pixel matrix",
            source=instance.name,
            frame=frame + 1,
            expected=f"row 1 to {matrix[0]}, column 1 to {matrix[1]}",
            found=f"row {rows[frame]}, column {columns[frame]}",
        )
    return TileTable(
        row, column, plane.reshape(-1), np.array(channel, np.int64), tuple(known), len(levels), matrix, tile,
        instance.name,
    )  # fmt: skip


def _position(item: Header | None, name: str, frame: int) -> tuple[int, int, float]:
    """Return row and column, counted from 1, and the offset in z of a frame."""
    row, column = (
        item.binary_integers(tag, "i") if item is not None else ()
        for tag in (Tag.ROW_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX, Tag.COLUMN_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX)
    )
    if item is None or len(row) != 1 or len(column) != 1:
        raise MissingAttributeError(
            "nothing says where the tile lies",
            source=name,
            frame=frame + 1,
            tag=describe_tag(Tag.PLANE_POSITION_SLIDE_SEQUENCE),
        )
    height = item.decimals(Tag.Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM, 1)
    return row[0], column[0], height[0] if height else 0.0


def _channel(path: Header | None, segment: Header | None) -> str | int | None:
    if segment is not None:
        number = segment.binary_integers(Tag.REFERENCED_SEGMENT_NUMBER, "H")
        return number[0] if number else None
    return path.text(Tag.OPTICAL_PATH_IDENTIFIER) if path is not None else None
