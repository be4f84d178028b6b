"""Planes: the order in which parallel ones are stacked, and whether points or images lie in one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdgpu.array.functions import is_real
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array, is_array
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import Float64Array, stacking_normal

__all__ = ["PlaneOrder", "are_planes_equal", "are_points_coplanar", "order_planes"]

_SAME_DISTANCE = 1e-5
"""In mm."""

_PARALLEL_TOLERANCE = 1e-3
"""Largest departure from 1 of the cosine between normals of parallel planes: 2.6 degrees, as in highdicom."""


@dataclass(frozen=True, slots=True)
class PlaneOrder:
    """Parallel planes in the order in which a normal meets them.

    Attributes
    ----------
    order : numpy.ndarray
        (n,) int64, for each place in the stack the index of the plane that lies there.
    distances : numpy.ndarray
        (n,) distances along the normal from the origin, in mm and in that order.
    """

    order: npt.NDArray[np.int64]
    distances: Float64Array

    @property
    def steps(self) -> Float64Array:
        """Distances from each plane to the next, (n - 1,), in mm."""
        return np.diff(self.distances)

    @property
    def mean_step(self) -> float:
        """Mean distance from a plane to the next, in mm: there have to be two planes."""
        return float((self.distances[-1] - self.distances[0]) / (len(self.distances) - 1))


def order_planes(positions: Float64Array, normal: Float64Array, *, sort: bool = True) -> PlaneOrder:
    """Order planes by where they lie along their normal; planes at one distance stay in the order given.

    Parameters
    ----------
    positions : numpy.ndarray
        (n, 3), a position in each plane, in mm.
    normal : numpy.ndarray
        (3,) direction in which to stack.
    sort : bool, optional
        If not, the order is the one given.

    Examples
    --------
    >>> planes = order_planes(np.array([[0.0, 0, 4], [0, 0, 0], [0, 0, 2]]), np.array([0.0, 0, 1]))
    >>> planes.order.tolist(), planes.mean_step
    ([1, 2, 0], 2.0)
    """
    distances = positions @ normal
    order = np.argsort(distances, kind="stable") if sort else np.arange(len(distances))
    return PlaneOrder(order.astype(np.int64), distances[order])


def are_planes_equal(
    position: Float64Array, orientation: Float64Array, other_position: Float64Array, other_orientation: Float64Array
) -> bool:
    """Return whether two images, given by position (3,) and direction cosines (6,), lie in one plane.

    Normals may point opposite ways.  Distances are measured along the normal of the first.
    """
    normal, other_normal = stacking_normal(orientation), stacking_normal(other_orientation)
    parallel = abs(abs(float(normal @ other_normal)) - 1.0) < _PARALLEL_TOLERANCE
    return parallel and abs(float((position - other_position) @ normal)) <= _SAME_DISTANCE


def are_points_coplanar(points: Array, tol: float = 1e-5) -> bool:
    """Check whether points lie in one plane, to within a tolerance.

    Parameters
    ----------
    points : array
        Points in three dimensions, shape (n, 3).
    tol : float, optional
        Largest distance of a point from the plane that fits them best.

    Returns
    -------
    bool
        Fewer than four points always lie in a plane.

    Raises
    ------
    hdgpu.errors.VolumeError
        If the array has another shape, or holds what is not finite (also a ValueError).

    Examples
    --------
    >>> are_points_coplanar(np.array([[0.0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1.1]]))
    False
    """
    # On the host, where the answer is wanted: on a device this is cuSOLVER's, which need not be installed.
    rows = to_numpy(points) if is_array(points) else np.asarray(points, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise VolumeError("argument 'points' has the wrong shape", expected="(n, 3)", found=tuple(rows.shape))
    if not is_real(rows):
        raise TypeError(f"Argument 'points' must be an array of real numbers, not of {rows.dtype}.")
    if rows.shape[0] < 4:
        return True
    rows = rows.astype(np.float64, copy=False)
    if not np.isfinite(rows).all():
        raise VolumeError("points that are not finite lie in no plane")
    around = rows - rows.mean(axis=0, keepdims=True)
    # the direction along which the points spread least is the normal of the plane that fits them best
    normal = np.linalg.svd(around, full_matrices=False)[2][2, :]
    return bool(np.abs(around @ normal).max() <= tol)
