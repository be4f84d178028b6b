"""The grid to resample to, and how its indices map to those of the source.  Host only, float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hdgpu.errors import OutOfMemoryError, VolumeError
from hdgpu.geometry.affine import Float64Array, as_vector, spacing_of
from hdgpu.volume.comparison import checked_placement, require_shared_space
from hdgpu.volume.geometry import VolumeGeometry
from hdgpu.volume.placement import Placement
from hdgpu.volume.rearrange import SpatialShape

__all__ = ["TOLERANCE", "IndexMap", "grid_with_spacing", "target_grid"]

TOLERANCE = 1e-6
"""So near to a multiple of half a voxel a coordinate counts as that: a place for rounding errors, in voxels."""

# Steps along an axis of the target that over its whole length lead no further along an axis of the source than this
# part of a voxel lead nowhere.
_NOWHERE = TOLERANCE / 10


def target_grid(source: Placement, spacing: float | Sequence[float] | None, geometry: Placement | None) -> Placement:
    """Return the grid that is asked for, by spacing or itself.

    Raises
    ------
    TypeError
        If not exactly one of the two is given, or the geometry is none.
    hdgpu.errors.VolumeError
        If the spacing is not one positive number or three.
    hdgpu.errors.CoordinateSystemError, hdgpu.errors.GeometryMismatchError
        If the geometry is in another coordinate system or frame of reference.
    """
    if (spacing is None) == (geometry is None):
        raise TypeError("Exactly one of 'spacing' and 'geometry' must be provided.")
    if spacing is not None:
        return grid_with_spacing(source, spacing)
    require_shared_space(source, geometry)
    return checked_placement(geometry)


def grid_with_spacing(placement: Placement, spacing: float | Sequence[float]) -> VolumeGeometry:
    """Return the grid with another spacing: same directions, same centre, and as near as can be the same extent.

    Along each axis it has as many voxels as fit best into the extent from edge to edge, halves rounded up, and at least
    one.

    Raises
    ------
    hdgpu.errors.VolumeError
        If the spacing is not one positive number or three.

    Examples
    --------
    >>> grid_with_spacing(VolumeGeometry(np.eye(4), (4, 5, 6), "PATIENT"), (2.0, 2.0, 1.0))
    <VolumeGeometry 2 x 3 x 6, spacing 2 x 2 x 1 mm, LPH, PATIENT>
    """
    wanted = as_vector([spacing] * 3 if np.ndim(spacing) == 0 else spacing, 3, "spacing")
    if (wanted <= 0.0).any():
        raise VolumeError("all values of 'spacing' must be positive", found=wanted.tolist())
    affine = placement.affine
    ratio = wanted / spacing_of(affine)
    before = np.array(placement.spatial_shape, dtype=np.float64)
    fitting = before / ratio
    if not fitting.max() < 2.0**63:
        raise OutOfMemoryError("the spacing makes too many voxels for any memory", found=f"{wanted.tolist()} mm")
    sizes = [max(1, math.floor(each + 0.5 + TOLERANCE)) for each in fitting.tolist()]
    first = ((before - 1.0) - (np.array(sizes) - 1.0) * ratio) / 2.0
    affine[:3, 3] += affine[:3, :3] @ first
    affine[:3, :3] *= ratio
    return VolumeGeometry(affine, sizes, placement.coordinate_system, placement.frame_of_reference_uid)


@dataclass(frozen=True, slots=True)
class IndexMap:
    """From the target's indices to the source's: ``offset + steps @ index``.

    Parameters
    ----------
    offset : numpy.ndarray
        Shape (3,): where in the source the target's first voxel lies.
    steps : numpy.ndarray
        Shape (3, 3): a row for each axis of the source, a column for each of the target.
    """

    offset: Float64Array
    steps: Float64Array

    @classmethod
    def between(cls, source: Float64Array, target: Float64Array, shape: SpatialShape) -> IndexMap:
        """Return the map for two affines and the target's shape.

        Raises
        ------
        hdgpu.errors.VolumeError
            If it is beyond all numbers.

        Examples
        --------
        >>> IndexMap.between(np.eye(4), np.diag([2.0, 2.0, 2.0, 1.0]), (4, 4, 4)).steps.diagonal().tolist()
        [2.0, 2.0, 2.0]
        """
        with np.errstate(over="ignore", invalid="ignore"):
            inverse = np.linalg.inv(source[:3, :3]).astype(np.float64)
            steps = inverse @ target[:3, :3]
            offset = inverse @ (target[:3, 3] - source[:3, 3])
        if not (np.isfinite(steps).all() and np.isfinite(offset).all()):
            raise VolumeError(
                "the spacings of the two grids are too different", found=[source.tolist(), target.tolist()]
            )
        steps[np.abs(steps) * (np.array(shape) - 1.0) <= _NOWHERE] = 0.0
        return cls(offset, steps)

    @property
    def axes(self) -> tuple[int, int, int] | None:
        """For each axis of the target the axis of the source that follows it; None where some follow several."""
        moving = self.steps != 0.0
        if (moving.sum(axis=0) > 1).any() or (moving.sum(axis=1) > 1).any():
            return None
        found = [int(column.argmax()) if column.any() else None for column in moving.T]
        others = iter(sorted({0, 1, 2}.difference(found)))
        first, second, third = (next(others) if axis is None else axis for axis in found)
        return first, second, third

    def along(self, axis: int, target_axis: int, size: int) -> Float64Array:
        """Return the indices along an axis of the source that follows one of the target, of that size."""
        offset, step = float(self.offset[axis]), float(self.steps[axis, target_axis])
        return offset + step * np.arange(size, dtype=np.float64)
