"""Bringing Volume and VolumeGeometry to the grid or the orientation of another, without resampling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Self

import numpy as np

from hdgpu.enum import PadModes
from hdgpu.errors import GeometryMismatchError
from hdgpu.geometry.affine import Float64Array
from hdgpu.volume import rearrange
from hdgpu.volume.comparison import require_shared_space, require_shared_system
from hdgpu.volume.extent import Extent
from hdgpu.volume.padding import ConstantLike, Fill, Window
from hdgpu.volume.placement import Placement
from hdgpu.volume.rearrange import Rearrangement

__all__ = ["Matching"]


class Matching(Extent):
    """Operations that bring a volume to the grid or the orientation of another; voxels stay where they are in space."""

    def match_orientation(self, other: Placement) -> Self:
        """Permute and flip the spatial axes to lie as nearly parallel as that can to those of another volume.

        Parameters
        ----------
        other : Volume or VolumeGeometry
            Volume whose orientation is wanted.

        Raises
        ------
        TypeError
            If `other` is no volume.
        hdgpu.errors.CoordinateSystemError
            If the volumes are in different coordinate systems (also a RuntimeError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT")
        >>> geometry.match_orientation(geometry.to_patient_orientation("FPL")).spatial_shape
        (4, 3, 2)
        """
        require_shared_system(self, other)
        cosines = self.direction.T @ other.direction
        axes = max(permutations(range(3)), key=lambda axes: _parallelism(cosines, axes))
        flipped = [axis for wanted, axis in enumerate(axes) if cosines[axis, wanted] < 0.0]
        ranges = rearrange.flip(self.spatial_shape, flipped).ranges
        return self._rearranged(Rearrangement(ranges, (axes[0], axes[1], axes[2])))

    def match_geometry(
        self,
        other: Placement,
        *,
        mode: PadModes | str = PadModes.CONSTANT,
        constant_value: ConstantLike = 0.0,
        per_channel: bool = False,
        tol: float | None = 1e-5,
    ) -> Self:
        """Permute, flip, pad and crop to have the geometry of another volume, which must lie on the same grid.

        The voxels are not resampled, and the affine stays that of this volume's grid.  If nothing is to be padded, the
        array is a view where its library has such views.

        Parameters
        ----------
        other : Volume or VolumeGeometry
            Volume whose geometry is wanted.
        mode, constant_value, per_channel
            As for :meth:`pad`; a statistic is that of the whole volume before it is cropped.
        tol : float or None, optional
            How far the other volume's first voxel may lie from one of this grid, and how far a step from one of its
            voxels to the next from a step to a neighbour on this grid; along each axis and in voxels of this volume.
            None for not at all.

        Raises
        ------
        TypeError
            If `other` is no volume.
        hdgpu.errors.CoordinateSystemError
            If the volumes are in different coordinate systems (also a RuntimeError).
        hdgpu.errors.GeometryMismatchError
            If their frames of reference are different, or their grids do not coincide (also a RuntimeError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> volume = Volume(np.arange(24).reshape(2, 3, 4), np.eye(4), "PATIENT")
        >>> flipped = volume[:, ::-1, 1:3].pad([[1, 0], [0, 0], [0, 0]])
        >>> flipped.match_geometry(volume).array[1]
        array([[ 0, 13, 14,  0],
               [ 0, 17, 18,  0],
               [ 0, 21, 22,  0]])
        """
        require_shared_space(self, other)
        aligned = self.match_orientation(other)
        start = _place_on_grid(aligned.inverse_affine @ other.affine, tol or 0.0)
        window = Window(start, other.spatial_shape)
        if window.is_within(aligned.spatial_shape):
            return aligned._rearranged(Rearrangement(window.ranges()))
        return aligned._seen_through(window, Fill(mode, constant_value, per_channel))


def _parallelism(cosines: Float64Array, axes: Sequence[int]) -> float:
    """Return how nearly parallel axes of one volume are to those of another, rounded so that noise decides nothing."""
    return round(sum(abs(float(cosines[axis, wanted])) for wanted, axis in enumerate(axes)), 9)


def _place_on_grid(matrix: Float64Array, tol: float) -> tuple[int, int, int]:
    """Return where on one grid the first voxel of another is, given the 4 x 4 matrix from its indices to this one's.

    Raises
    ------
    hdgpu.errors.GeometryMismatchError
        If the voxels of the other grid are not among those of this one.
    """
    steps, shift = matrix[:3, :3], matrix[:3, 3]
    if not np.abs(steps - np.eye(3)).max() <= tol:
        raise GeometryMismatchError(
            "the axes of the volumes are not parallel, or their spacings differ",
            expected=f"steps of one voxel along each axis, within {tol:g}",
            found=f"steps of {np.round(steps.T, 6).tolist()} voxels",
            remedy="Resample one of them",
        )
    nearest = np.rint(shift)
    if not np.abs(shift - nearest).max() <= tol:
        raise GeometryMismatchError(
            "the grids of the volumes are shifted by a part of a voxel",
            expected=f"a shift by whole voxels, within {tol:g}",
            found=f"a shift by {shift.tolist()} voxels",
            remedy="Resample one of them",
        )
    first, second, third = nearest.astype(int).tolist()
    return first, second, third
