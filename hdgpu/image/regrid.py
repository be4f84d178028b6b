"""Parallel slices that form no regular stack, interpolated onto one: those of a tilted gantry, or unevenly spaced.

Slices of a tilted gantry (PS3.3 C.8.2.1, Gantry/Detector Tilt) are parallel, but each is shifted along its plane
against the one before: no affine of right angles is true of them.  Of slices that were moved back, and interpolated at
even distances, there is one.
"""

from __future__ import annotations

import math

import numpy as np

from hdgpu.array.namespace import Array, array_namespace
from hdgpu.geometry.affine import Float64Array
from hdgpu.geometry.stack import usual_distance
from hdgpu.volume.resampling.grid import TOLERANCE, IndexMap
from hdgpu.volume.resampling.reference import converted
from hdgpu.volume.resampling.run import resampled, working_type

__all__ = ["on_regular_grid"]

# Distances between slices that differ by no more than this part of them are even.
_EVEN = 1e-3


def on_regular_grid(array: Array, positions: Float64Array, affine: Float64Array) -> tuple[Array, Float64Array]:
    """Interpolate slices linearly onto a grid of right angles and even distances.

    Parameters
    ----------
    array : array
        (slices, rows, columns), then any channels; integer or floating.
    positions : numpy.ndarray
        (slices, 3) float64, where the first voxel of each slice lies, in mm and in the order of their planes.
    affine : numpy.ndarray
        4 x 4 of a stack that begins with the first of them: only its last three columns count, which are of the plane.

    Returns
    -------
    array
        New, of the same library, device and data type; integers are rounded, halves to even.  There are as many more
        rows and columns as it takes to hold all slices.  Voxels outside of the slices beside them have the smallest
        value of all.
    numpy.ndarray
        4 x 4 affine of the result.

    Examples
    --------
    >>> positions = np.array([[0.0, 0, 0], [0, 1, 2], [0, 2, 4]])
    >>> moved, affine = on_regular_grid(np.arange(6.0).reshape(3, 2, 1), positions, np.eye(4)[[2, 1, 0, 3]])
    >>> moved[:, :, 0].tolist()
    [[0.0, 1.0, 0.0, 0.0], [0.0, 2.0, 3.0, 0.0], [0.0, 0.0, 4.0, 5.0]]
    >>> (affine[:3, 0] + 0.0).tolist()
    [0.0, 0.0, 2.0]
    """
    xp = array_namespace(array)
    rows, columns = affine[:3, 1], affine[:3, 2]
    from_first = positions - positions[0]
    shifts = np.stack([from_first @ along / (along @ along) for along in (rows, columns)], axis=1)  # in voxels
    normal = np.cross(rows, columns) / np.linalg.norm(np.cross(rows, columns))
    heights = np.abs(from_first @ normal)
    smallest = float(xp.min(array))
    moved, corner = _moved_along_their_planes(array, shifts, smallest)
    even, distance = _evenly_spaced(moved, heights)
    upright = affine.copy()
    upright[:3, 0] = np.sign(from_first[-1] @ normal) * distance * normal
    upright[:3, 3] = positions[0] + corner[0] * rows + corner[1] * columns
    return converted(even, array.dtype), upright


def _moved_along_their_planes(array: Array, shifts: Float64Array, fill: float) -> tuple[Array, tuple[int, int]]:
    """Return slices whose voxels lie above one another, and the indices in the first slice where they now begin."""
    low = [math.floor(each + TOLERANCE) for each in shifts.min(axis=0)]
    high = [math.ceil(each - TOLERANCE) for each in shifts.max(axis=0)]
    shape = (1, *(int(size) + last - first for size, first, last in zip(array.shape[1:3], low, high, strict=True)))
    slices, working = [], working_type(array, array.dtype)
    for index, shift in enumerate(shifts):
        offset = np.array([0.0, *(low - shift)])
        one = resampled(
            array[index : index + 1, ...], IndexMap(offset, np.eye(3)), shape,
            interpolation="linear", fill_value=fill, dtype=working,
        )  # fmt: skip
        slices.append(one)
    return array_namespace(array).concat(slices, axis=0), (low[0], low[1])


def _evenly_spaced(slices: Array, heights: Float64Array) -> tuple[Array, float]:
    """Return slices at even distances, the usual one or a little less or more, and that distance in mm."""
    whole = float(heights[-1])
    mean = whole / (len(heights) - 1)
    if np.abs(np.diff(heights) - mean).max() <= _EVEN * mean:
        return slices, mean
    count = round(whole / usual_distance(np.diff(heights))) + 1
    wanted = np.linspace(0.0, whole, count)
    before = np.clip(np.searchsorted(heights, wanted, side="right") - 1, 0, len(heights) - 2)
    part = ((wanted - heights[before]) / np.diff(heights)[before]).clip(0.0, 1.0)
    xp = array_namespace(slices)
    between = [_between(slices, int(first), float(weight)) for first, weight in zip(before, part, strict=True)]
    return xp.stack(between, axis=0), float(wanted[1])


def _between(slices: Array, first: int, weight: float) -> Array:
    return slices[first, ...] * (1.0 - weight) + slices[first + 1, ...] * weight
