"""What a kernel goes through: rectangles of frames on one side, their places in an array on the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hdgpu.array.kernels import element_strides
from hdgpu.array.namespace import Array

__all__ = ["PixelGrid", "Places", "pixel_grids"]

Places = npt.NDArray[np.int64]


class PixelGrid(NamedTuple):
    """Rows and columns that are gone through, as the kernel takes them; all in elements."""

    rows: int
    columns: int
    places: Places
    stored_strides: tuple[int, ...]
    out_strides: tuple[int, ...]


def pixel_grids(stored: Array, out: Array, destination: Places, regions: Places | None) -> list[PixelGrid]:
    """Return what is gone through: samples as columns where they lie so, else one grid for each; rows as one if so.

    Samples of the output alone are left to the kernel: then the grid is that of the first one.
    """
    samples = stored.shape[3] if stored.ndim == 4 else 1
    from_strides, to_strides = element_strides(stored), element_strides(out)
    if regions is None:
        regions = np.zeros((len(destination), 6), np.int64)
        regions[:, 2:4] = stored.shape[1:3]
    top, left, rows, columns, frame_top, frame_left = regions.T
    start = np.arange(len(destination)) * from_strides[0] + frame_top * from_strides[1] + frame_left * from_strides[2]
    goal = destination * to_strides[0] + top * to_strides[1] + left * to_strides[2]
    places = np.stack([start, goal, rows, columns], axis=1)
    most_rows, most_columns = (int(each.max(initial=0)) for each in (rows, columns))
    if samples > 1 and not all(each[2:] == (samples, 1) for each in (from_strides, to_strides)):
        apart = np.array([from_strides[3], to_strides[3], 0, 0])
        return [
            PixelGrid(most_rows, most_columns, places + sample * apart, from_strides[1:3], to_strides[1:3])
            for sample in range(samples)
        ]
    if samples == 1:
        return [_joined(PixelGrid(most_rows, most_columns, places, from_strides[1:3], to_strides[1:3]))]
    places[:, 3] *= samples
    strides = (from_strides[1], 1), (to_strides[1], 1)
    return [_joined(PixelGrid(most_rows, most_columns * samples, places, *strides))]


def _joined(grid: PixelGrid) -> PixelGrid:
    """Return the grid with its rows as one, where all are as wide and follow one another on both sides."""
    follows = all(row == grid.columns * column for row, column in (grid.stored_strides, grid.out_strides))
    if not follows or (grid.places[:, 3] != grid.columns).any():
        return grid
    places = grid.places.copy()
    places[:, 3] *= places[:, 2]
    places[:, 2] = 1
    return grid._replace(rows=1, columns=grid.rows * grid.columns, places=places)
