"""Which frame goes where: pure, and checked before a pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Region", "ScatterPlan"]

_NONE = np.zeros(0, np.int64)
# Tiles lie on a grid, or nearly so.  A file that says otherwise shall not take all memory there is.
_MOST_CELLS = 1 << 26


class Region(NamedTuple):
    """A rectangle of a frame, and where in its slice of the output it goes; all in pixels.

    Attributes
    ----------
    top, left : int
        First row and column in the output.
    rows, columns : int
        Size.
    frame_top, frame_left : int
        First row and column in the frame.
    """

    top: int
    left: int
    rows: int
    columns: int
    frame_top: int
    frame_left: int


@dataclass(frozen=True, slots=True)
class ScatterPlan:
    """Frames, or parts of them, for each slice of an output array.

    Attributes
    ----------
    frame : numpy.ndarray
        (m,) int64, rows of a `FrameTable`.
    destination : numpy.ndarray
        (m,) int64, index along the first axis of the output of each of these frames.
    shape : tuple of int
        Shape of the output: (slices, rows, columns) or (slices, rows, columns, samples).
    dtype : numpy.dtype
        Data type of the output.
    regions : numpy.ndarray or None
        (m, 6) int64, a `Region` for each of the frames; None where each frame is a slice, whole.
    blank : numpy.ndarray
        (k,) int64, slices that are to be zero where no frame goes; without regions no frame goes to them at all.

    Raises
    ------
    ValueError
        If a pixel of the output would be left unfilled or be filled twice.

    Examples
    --------
    >>> plan = ScatterPlan.stack(np.array([2, 0, 1]), (512, 512), np.float32)
    >>> plan.shape, plan.destination.tolist(), plan.nbytes
    ((3, 512, 512), [0, 1, 2], 3145728)
    """

    frame: npt.NDArray[np.int64]
    destination: npt.NDArray[np.int64]
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    regions: npt.NDArray[np.int64] | None = None
    blank: npt.NDArray[np.int64] = field(default_factory=_NONE.copy)

    def __post_init__(self) -> None:
        slices = self.shape[0]
        if len(self.frame) != len(self.destination):
            raise ValueError(f"{len(self.frame)} frames for {len(self.destination)} destinations")
        if self.regions is not None:
            self._check_regions(self.regions)
        elif not np.array_equal(np.sort(np.concatenate([self.destination, self.blank])), np.arange(slices)):
            raise ValueError(f"the destinations do not fill each of {slices} slices exactly once")

    def _check_regions(self, regions: npt.NDArray[np.int64]) -> None:
        if regions.shape != (len(self.frame), 6):
            raise ValueError(f"{len(self.frame)} frames for regions of shape {regions.shape}")
        uncovered = uncovered_pixel(regions, self.destination, self.blank, self.shape)
        if uncovered is not None:
            raise ValueError(f"the regions do not fill pixel {uncovered} of the output exactly once")

    @classmethod
    def stack(
        cls,
        order: npt.NDArray[np.int64],
        frame_shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        *,
        crop: tuple[range, range] | None = None,
    ) -> ScatterPlan:
        """Plan a stack of frames along the first axis, in `order`; -1 stands for a slice without a frame.

        Parameters
        ----------
        order : numpy.ndarray
            (slices,) int64.
        frame_shape : tuple of int
            (rows, columns) or (rows, columns, samples) of a whole frame in the output.
        dtype : data type
        crop : pair of ranges, optional
            Rows and columns of each frame that are wanted; all by default.
        """
        places = np.flatnonzero(order >= 0)
        blank = np.flatnonzero(order < 0)
        whole = tuple(map(range, frame_shape[:2]))
        rows, columns = whole if crop is None else crop
        shape = (len(order), len(rows), len(columns), *frame_shape[2:])
        regions = None
        if (rows, columns) != whole:
            one = Region(0, 0, len(rows), len(columns), rows.start, columns.start)
            regions = np.tile(np.array(one, np.int64), (len(places), 1))
        return cls(order[places], places, shape, np.dtype(dtype), regions, blank)

    def renumbered(self, frame: npt.NDArray[np.int64]) -> ScatterPlan:
        """Return the plan with other rows of a table for its frames."""
        return replace(self, frame=frame)

    @property
    def nbytes(self) -> int:
        """Size of the output in bytes."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


def uncovered_pixel(
    regions: npt.NDArray[np.int64],
    destination: npt.NDArray[np.int64],
    blank: npt.NDArray[np.int64],
    shape: tuple[int, ...],
) -> tuple[int, int, int] | None:
    """Return slice, row and column of a pixel that the regions do not fill exactly once, None if they fill all so.

    Of blank slices they need not fill all.

    The edges of all regions divide the output into cells, which are counted instead of pixels: a matrix of a billion
    pixels has some ten thousand of them.
    """
    slices, rows, columns = shape[:3]
    if not rows or not columns:
        return None
    top, left = regions[:, 0], regions[:, 1]
    bottom, right = top + regions[:, 2], left + regions[:, 3]
    outside = (top < 0) | (left < 0) | (bottom > rows) | (right > columns) | (regions[:, 2:4] < 1).any(axis=1)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        return int(destination[first]), int(top[first]), int(left[first])
    row_edges = np.unique(np.concatenate([top, bottom, [0, rows]]))
    column_edges = np.unique(np.concatenate([left, right, [0, columns]]))
    if slices * len(row_edges) * len(column_edges) > _MOST_CELLS:
        raise ValueError(f"{len(regions)} regions at as many different places cannot be checked")
    # Each region adds one to the cells from its top left corner on, and takes it back where it ends.
    count = np.zeros((slices, len(row_edges), len(column_edges)), np.int64)
    tops, bottoms = np.searchsorted(row_edges, top), np.searchsorted(row_edges, bottom)
    lefts, rights = np.searchsorted(column_edges, left), np.searchsorted(column_edges, right)
    for rows_at, columns_at, change in (
        (tops, lefts, 1),
        (bottoms, rights, 1),
        (tops, rights, -1),
        (bottoms, lefts, -1),
    ):
        np.add.at(count, (destination, rows_at, columns_at), change)
    filled = count.cumsum(axis=1).cumsum(axis=2)[:, :-1, :-1]
    filled[blank] = np.maximum(filled[blank], 1)
    wrong = np.argwhere(filled != 1)
    if not len(wrong):
        return None
    place, row, column = wrong[0].tolist()
    return place, int(row_edges[row]), int(column_edges[column])
