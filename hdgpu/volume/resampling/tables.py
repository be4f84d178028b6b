"""Tables of what each index of the target along an axis is made of, where each axis follows one of the source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import Array, array_namespace
from hdgpu.geometry.affine import Float64Array
from hdgpu.volume.resampling.grid import TOLERANCE
from hdgpu.volume.resampling.spline import cubic_weights

__all__ = ["AxisTable", "axis_table", "mirrored", "snapped"]


@dataclass(frozen=True, slots=True)
class AxisTable:
    """What lies inside the source along one axis of the target, and of which of its voxels it is made.

    Parameters
    ----------
    begin : int
        Index of the first one inside.
    index : numpy.ndarray
        int32 of shape (count, taps): one voxel, two for linear or four for cubic interpolation.
    weights : numpy.ndarray
        In the type to compute in: of shape (0,) for one voxel, (count,) for the second of two, (count, 4) for four.
    """

    begin: int
    index: npt.NDArray[np.int32]
    weights: npt.NDArray[Any]

    @property
    def count(self) -> int:
        """Number of indices of the target inside the source."""
        return int(self.index.shape[0])

    @property
    def taps(self) -> int:
        """Number of voxels that each is made of: 1, 2 or 4."""
        return int(self.index.shape[1])

    @property
    def inside(self) -> slice:
        """The indices of the target inside the source."""
        return slice(self.begin, self.begin + self.count)

    def as_range(self) -> range | None:
        """Return the voxels of the source as a range, None where they are combined or no range."""
        if self.taps > 1:
            return None
        indices = self.index[:, 0].astype(np.int64)
        steps = np.diff(indices)
        step = int(steps[0]) if steps.size else 1
        if step == 0 or (steps != step).any():
            return None
        return range(int(indices[0]), int(indices[-1]) + (1 if step > 0 else -1), step)

    def cropped(self) -> tuple[slice, AxisTable]:
        """Return the part of the source's axis that is used, and the table for that part alone."""
        if self.taps == 4:  # the coefficients depend on all voxels
            return slice(None), self
        first, last = int(self.index.min()), int(self.index.max())
        return slice(first, last + 1), replace(self, index=self.index - np.int32(first))


def snapped(coordinates: Array) -> Array:
    """Return coordinates with those put right that lie next to a multiple of half a voxel.

    Examples
    --------
    >>> snapped(np.array([0.49999999, 3.00000001, 0.25])).tolist()
    [0.5, 3.0, 0.25]
    """
    xp = array_namespace(coordinates)
    half = xp.round(coordinates + coordinates) * 0.5
    return xp.where(xp.abs(coordinates - half) <= TOLERANCE, half, coordinates)


def mirrored(index: Array, size: int) -> Array:
    """Return indices from -2 to size + 1 reflected at the outermost voxels.

    Examples
    --------
    >>> mirrored(np.arange(-2, 6), 4).tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    period = max(2 * (size - 1), 1)
    xp = array_namespace(index)
    within = (index + 2 * period) % period
    return xp.where(within < size, within, period - within)


def axis_table(coordinates: Float64Array, size: int, order: int, dtype: npt.DTypeLike) -> AxisTable:
    """Return the table for the source's indices at which the voxels of the target lie along one axis.

    Parameters
    ----------
    coordinates : numpy.ndarray
        Ascending, descending or all equal.
    size : int
        Of the source's axis.
    order : int
        0 for nearest, 1 for linear and 3 for cubic interpolation.
    dtype : data type
        In which to compute.

    Examples
    --------
    >>> table = axis_table(np.array([-1.0, -0.5, 0.0, 0.25, 1.0]), 2, 1, "float32")
    >>> table.inside, table.index.tolist(), table.weights.tolist()
    (slice(1, 5, None), [[0, 0], [0, 0], [0, 1], [1, 1]], [0.0, 0.0, 0.25, 0.0])
    """
    places = snapped(coordinates)
    found = np.flatnonzero((places >= -0.5) & (places <= size - 0.5))
    places = places[found]
    begin = int(found[0]) if found.size else 0
    inner = np.clip(places, 0.0, size - 1.0)
    if order == 0:
        picked = np.minimum(np.floor(places + 0.5), size - 1.0)
    elif (inner == np.floor(inner)).all() and (order == 1 or size == 1 or (inner == places).all()):
        picked = inner
    elif order == 1:
        whole = np.floor(inner)
        fraction = inner - whole
        index = np.stack([whole, whole + (fraction > 0)], axis=1)
        return AxisTable(begin, index.astype(np.int32), fraction.astype(dtype))
    else:
        whole = np.floor(places)
        index = mirrored(whole[:, None].astype(np.int64) + np.arange(-1, 3), size)
        weights = np.stack(cubic_weights((places - whole).astype(dtype)), axis=1)
        return AxisTable(begin, index.astype(np.int32), weights)
    return AxisTable(begin, picked[:, None].astype(np.int32), np.empty(0, dtype))
