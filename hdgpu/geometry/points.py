"""Points by the thousand, in arrays of any library: mapped by a small affine of the host, rounded, held against bounds.

The points stay in their library and on their device; only the affine travels there.  A check of values has to wait for
the device, because its outcome decides whether an exception is raised: mapping alone never waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import is_real, round_to_int64
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array, array_namespace, is_array, is_cupy_array, native_device
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import Float64Array

__all__ = ["map_points", "outside", "rounded"]

_INT64_BOUNDS = (-(2.0**63), float(np.nextafter(2.0**63, 0.0)))


def map_points(
    affine: Float64Array, points: Any, name: str, *, inputs: int = 3, outputs: int = 3, integral: bool = False
) -> Array:
    """Return points, one a row, mapped by a 4 x 4 affine.

    Parameters
    ----------
    affine : numpy.ndarray
        4 x 4 affine.
    points : array or array-like
        Shape (n, inputs).  Of an array, library and device are kept; anything else becomes a NumPy array.
    name : str
        What the caller names the points, for messages.
    inputs, outputs : int, optional
        Number of coordinates of a point before and after: a third one of 0 may go without saying, or be dropped.
    integral : bool, optional
        Whether to insist on integers.

    Returns
    -------
    array
        Shape (n, outputs), float64.

    Raises
    ------
    hdgpu.errors.VolumeError
        If the points have the wrong shape.
    TypeError
        If they are no real numbers, or no integers where these are called for.

    Examples
    --------
    >>> map_points(np.diag([1.0, 2.0, 3.0, 1.0]), [[1, 1, 1]], "points").tolist()
    [[1.0, 2.0, 3.0]]
    """
    rows = points if is_array(points) else np.asarray(points, dtype=None if integral else np.float64)
    if rows.ndim != 2 or rows.shape[1] != inputs:
        raise VolumeError(f"argument {name!r} has the wrong shape", expected=f"(n, {inputs})", found=tuple(rows.shape))
    xp = array_namespace(rows)
    if not (xp.isdtype(rows.dtype, "integral") if integral else is_real(rows)):
        expected = "integers" if integral else "real numbers"
        raise TypeError(f"Argument {name!r} must be an array of {expected}, not of {rows.dtype}.")
    with on_device_of(rows):
        matrix = xp.asarray(affine[:outputs, [*range(inputs), 3]], dtype=xp.float64, device=native_device(rows))
        # Coordinates first: each is then contiguous, and a small matrix times a wide one is what BLAS does best.
        coordinates = xp.astype(rows, xp.float64, copy=False).T
        if is_cupy_array(rows):  # for which BLAS is cuBLAS: half a gigabyte that need not be installed
            mapped = xp.sum(matrix[:, :inputs, None] * coordinates[None, :, :], axis=1)
        else:
            mapped = xp.matmul(matrix[:, :inputs], coordinates)
        mapped += matrix[:, inputs:]
        return mapped.T


def rounded(points: Array, *, checked: bool = False) -> Array:
    """Return the nearest whole numbers, ties to even, as int64; the points' own memory may be used for it.

    Parameters
    ----------
    points : array
        Shape (n, k), floating.
    checked : bool, optional
        Whether it is known already that they lie within bounds.

    Raises
    ------
    hdgpu.errors.VolumeError
        If a coordinate is not finite or beyond the range of int64.

    Examples
    --------
    >>> rounded(np.array([[0.5, 1.5, 2.6]])).tolist()
    [[0, 2, 3]]
    """
    lowest, highest = _INT64_BOUNDS
    count = int(points.shape[1])
    rows: Sequence[int] = [] if checked else outside(points, [lowest] * count, [highest] * count).tolist()
    if rows:
        found = to_numpy(points[int(rows[0]), :]).tolist()
        raise VolumeError("positions that are not finite have no nearest index", found=f"{found} in row {rows[0]}")
    with on_device_of(points):
        return round_to_int64(points)


def outside(points: Array, lowest: Sequence[float], highest: Sequence[float]) -> npt.NDArray[np.int64]:
    """Return the rows, on the host, of the points that do not lie within bounds; not a number lies within none.

    Waits for the device once; where all lie within, nothing but the verdict comes from there.

    Parameters
    ----------
    points : array
        Shape (n, k), floating.
    lowest, highest : sequence of k floats
        Bounds of each coordinate, which lie within.

    Examples
    --------
    >>> outside(np.array([[0.0, 5.0], [2.0, 1.0], [np.nan, 1.0]]), [0, 0], [3, 3])
    array([0, 2])
    """
    if not points.shape[0]:
        return np.zeros(0, dtype=np.int64)
    xp = array_namespace(points)
    with on_device_of(points):
        bounds = list(enumerate(zip(lowest, highest, strict=True)))
        columns = [(points[:, axis], low, high) for axis, (low, high) in bounds]
        # extremes of a column that holds something that is not a number are not a number either
        verdicts = [(xp.min(each) >= low) & (xp.max(each) <= high) for each, low, high in columns]
        if bool(xp.all(xp.stack(verdicts))):
            return np.zeros(0, dtype=np.int64)
        inside = xp.all(xp.stack([(each >= low) & (each <= high) for each, low, high in columns]), axis=0)
        return np.flatnonzero(~to_numpy(inside))
