"""Tiles of a total pixel matrix, in the order of TILED_FULL images: along the rows first (PS3.3 C.7.6.17.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import index

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import on_device_of
from hdgpu.array.namespace import Array, array_namespace, is_array, native_device
from hdgpu.errors import VolumeError
from hdgpu.geometry.image_affine import create_affine_matrix_from_attributes
from hdgpu.geometry.points import map_points

__all__ = [
    "compute_tile_positions_per_frame",
    "get_tile_array",
    "tile_grid",
    "tile_offsets",
    "tile_pixel_matrix",
]


def tile_grid(
    total_pixel_matrix_rows: int, total_pixel_matrix_columns: int, rows: int, columns: int
) -> tuple[int, int]:
    """Return how many tiles lie below and beside each other: those at the edges may be filled in part only.

    Raises
    ------
    TypeError
        If a number is no integer.
    hdgpu.errors.VolumeError
        If one is not positive.

    Examples
    --------
    >>> tile_grid(10, 11, 4, 5)
    (3, 3)
    """
    sizes = [index(size) for size in (total_pixel_matrix_rows, total_pixel_matrix_columns, rows, columns)]
    if min(sizes) < 1:
        raise VolumeError("the total pixel matrix and its tiles need at least one row and one column", found=sizes)
    return -(-sizes[0] // sizes[2]), -(-sizes[1] // sizes[3])


def tile_pixel_matrix(
    total_pixel_matrix_rows: int, total_pixel_matrix_columns: int, rows: int, columns: int
) -> Iterator[tuple[int, int]]:
    """Tile an image into rectangular frames, in the order of TILED_FULL images.

    Parameters
    ----------
    total_pixel_matrix_rows, total_pixel_matrix_columns : int
        Size of the total pixel matrix.
    rows, columns : int
        Size of a tile.

    Returns
    -------
    iterator of (int, int)
        Column and row of each tile in the grid of tiles, counted from 1.

    Raises
    ------
    hdgpu.errors.VolumeError
        If a size is not positive (also a ValueError).

    Examples
    --------
    >>> list(tile_pixel_matrix(10, 11, 5, 6))
    [(1, 1), (2, 1), (1, 2), (2, 2)]
    """
    below, beside = tile_grid(total_pixel_matrix_rows, total_pixel_matrix_columns, rows, columns)
    return ((column, row) for row in range(1, below + 1) for column in range(1, beside + 1))


def tile_offsets(
    total_pixel_matrix_rows: int,
    total_pixel_matrix_columns: int,
    rows: int,
    columns: int,
    tiles: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.int64]:
    """Return column and row, counted from 1, of tiles' top left pixels in the total pixel matrix: (n, 2).

    Parameters
    ----------
    total_pixel_matrix_rows, total_pixel_matrix_columns, rows, columns : int
        Size of the total pixel matrix and of a tile.
    tiles : numpy.ndarray, optional
        (n,) numbers of the tiles wanted, counted from 0; all of them by default.

    Examples
    --------
    >>> tile_offsets(10, 11, 5, 6).tolist()
    [[1, 1], [7, 1], [1, 6], [7, 6]]
    """
    below, beside = tile_grid(total_pixel_matrix_rows, total_pixel_matrix_columns, rows, columns)
    row, column = np.divmod(np.arange(below * beside) if tiles is None else tiles, beside)
    return np.stack([column * columns + 1, row * rows + 1], axis=1, dtype=np.int64)


def compute_tile_positions_per_frame(
    rows: int,
    columns: int,
    total_pixel_matrix_rows: int,
    total_pixel_matrix_columns: int,
    total_pixel_matrix_image_position: Sequence[float],
    image_orientation: Sequence[float],
    pixel_spacing: Sequence[float],
) -> list[tuple[list[int], list[float]]]:
    """Get the position of each tile of a TILED_FULL image.

    Parameters
    ----------
    rows, columns : int
        Size of a tile.
    total_pixel_matrix_rows, total_pixel_matrix_columns : int
        Size of the total pixel matrix.
    total_pixel_matrix_image_position : sequence of 3 floats
        Position in mm of the centre of the top left pixel of the total pixel matrix.
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns.
    pixel_spacing : sequence of 2 floats
        Spacing between rows, then between columns, in mm.

    Returns
    -------
    list of ([int, int], [float, float, float])
        For each tile, column and row of its top left pixel in the total pixel matrix, counted from 1, and the position
        in mm of that pixel's centre.

    Raises
    ------
    TypeError
        If an argument is of another type.
    hdgpu.errors.VolumeError
        If a size or spacing is not positive, or an argument has the wrong length (also a ValueError).

    Examples
    --------
    >>> compute_tile_positions_per_frame(5, 6, 5, 11, [1.0, 2.0, 0.0], [0, -1, 0, -1, 0, 0], [0.5, 0.25])
    [([1, 1], [1.0, 2.0, 0.0]), ([7, 1], [1.0, 0.5, 0.0])]
    """
    affine = create_affine_matrix_from_attributes(total_pixel_matrix_image_position, image_orientation, pixel_spacing)
    offsets = tile_offsets(total_pixel_matrix_rows, total_pixel_matrix_columns, rows, columns)
    positions = map_points(affine, offsets - 1, "offsets", inputs=2)
    return list(zip(offsets.tolist(), positions.tolist(), strict=True))


def get_tile_array(
    pixel_array: Array, row_offset: int, column_offset: int, tile_rows: int, tile_columns: int, pad: bool = True
) -> Array:
    """Extract a tile from the array of a total pixel matrix.

    Parameters
    ----------
    pixel_array : array
        Rows and columns first; any further axes stay as they are.
    row_offset, column_offset : int
        Row and column of the tile's top left pixel, counted from 1.
    tile_rows, tile_columns : int
        Size of a tile.
    pad : bool, optional
        Whether to fill a tile at the lower or right edge up with zeros.

    Returns
    -------
    array
        Of the library and on the device of the pixels; a view of them where nothing is filled up.

    Raises
    ------
    TypeError
        If an offset or a size is no integer.
    hdgpu.errors.VolumeError
        If there are no two axes, an offset lies outside the array, or a tile has no size (also a ValueError).

    Examples
    --------
    >>> get_tile_array(np.arange(1, 7).reshape(2, 3), 1, 3, 2, 2)
    array([[3, 0],
           [6, 0]])
    """
    pixels = pixel_array if is_array(pixel_array) else np.asarray(pixel_array)
    if pixels.ndim < 2:
        raise VolumeError("a total pixel matrix has rows and columns", found=f"shape {tuple(pixels.shape)}")
    size = (index(tile_rows), index(tile_columns))
    if min(size) < 1:
        raise VolumeError("a tile has at least one row and one column", found=size)
    start = (index(row_offset) - 1, index(column_offset) - 1)
    for axis, name in enumerate(("row_offset", "column_offset")):
        if not 0 <= start[axis] < pixels.shape[axis]:
            raise VolumeError(
                f"argument {name!r} lies outside the total pixel matrix",
                expected=f"1 to {pixels.shape[axis]}",
                found=start[axis] + 1,
            )
    found = (min(size[0], pixels.shape[0] - start[0]), min(size[1], pixels.shape[1] - start[1]))
    tile = pixels[start[0] : start[0] + found[0], start[1] : start[1] + found[1], ...]
    if not pad or found == size:
        return tile
    with on_device_of(pixels):
        shape = (*size, *tile.shape[2:])
        padded = array_namespace(pixels).zeros(shape, dtype=pixels.dtype, device=native_device(pixels))
        padded[: found[0], : found[1], ...] = tile
        return padded
