"""Bringing Volume and VolumeGeometry to the grid or the orientation of another, without resampling."""

from __future__ import annotations

from typing import Self

import numpy as np

from hdgpu.enum import PadModes
from hdgpu.errors import GeometryMismatchError
from hdgpu.geometry.affine import Float64Array
from hdgpu.volume import rearrange
from hdgpu.volume.extent import Extent
from hdgpu.volume.padding import ConstantLike, Fill, Window
from hdgpu.volume.placement import Placement, checked_placement, require_shared_space
from hdgpu.volume.rearrange import Rearrangement

__all__ = ["Matching"]


class Matching(Extent):
    """Operations that bring a volume to the grid or the orientation of another; voxels stay where they are in space."""

    def match_orientation(self, other: Placement) -> Self:
        """Permute and flip the spatial axes to have the closest patient orientation that another volume has.

        Two oblique volumes may have the same closest patient orientation and axes that are far from parallel.  To
        bring a volume to the grid of another, use :meth:`match_geometry`.

        Parameters
        ----------
        other : Volume or VolumeGeometry
            Volume whose orientation is wanted.

        Raises
        ------
        TypeError
            If `other` is no volume.
        hdgpu.errors.CoordinateSystemError
            If one of the two is not in the patient coordinate system (also a RuntimeError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT")
        >>> geometry.match_orientation(geometry.to_patient_orientation("FPL")).spatial_shape
        (4, 3, 2)
        """
        return self.to_patient_orientation(checked_placement(other).get_closest_patient_orientation())

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
        fill = Fill(mode, constant_value, per_channel)
        axes, signs, first = _on_grid(self.inverse_affine @ other.affine, tol or 0.0)
        ranges = rearrange.flip(self.spatial_shape, [axis for axis in axes if signs[axis] < 0]).ranges
        aligned = self._rearranged(Rearrangement(ranges, axes))
        starts = [first[axis] if signs[axis] > 0 else self.spatial_shape[axis] - 1 - first[axis] for axis in axes]
        window = Window((starts[0], starts[1], starts[2]), other.spatial_shape)
        if window.is_within(aligned.spatial_shape):
            return aligned._rearranged(Rearrangement(window.ranges()))
        return aligned._seen_through(window, fill)


def _on_grid(matrix: Float64Array, tol: float) -> tuple[tuple[int, int, int], list[int], list[int]]:
    """Return how another grid lies on this one, given the 4 x 4 matrix from its indices to this one's.

    Returns
    -------
    axes : tuple of 3 ints
        For each axis of the other grid, the axis of this one that it is.
    signs, first : lists of 3 ints
        For each axis of this grid, in which direction the other runs along it, and the index of its first voxel.
    """
    steps, shift = matrix[:3, :3], matrix[:3, 3]
    whole = np.rint(steps)
    if not (np.abs(whole).sum(axis=0) == 1).all() or not (np.abs(whole).sum(axis=1) == 1).all():
        whole = np.zeros((3, 3))
    if not np.abs(steps - whole).max() <= tol:
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
    first_axis, second_axis, third_axis = np.abs(whole).argmax(axis=0).tolist()
    return (first_axis, second_axis, third_axis), whole.sum(axis=1).astype(int).tolist(), nearest.astype(int).tolist()
