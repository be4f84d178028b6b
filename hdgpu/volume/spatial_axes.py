"""What Volume and VolumeGeometry can do alike with their spatial axes: index, flip, permute, crop, orient."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

from hdgpu.enum import AxisHandedness
from hdgpu.errors import VolumeError
from hdgpu.geometry.orientation import OrientationLike, axes_between, parse_orientation
from hdgpu.volume import rearrange
from hdgpu.volume.placement import Placement
from hdgpu.volume.rearrange import Rearrangement, SpatialIndex

__all__ = ["SpatialAxes"]


class SpatialAxes(Placement):
    """Operations on a volume in space; no voxel's value or place is changed by them."""

    @abstractmethod
    def _rearranged(self, rearrangement: Rearrangement) -> Self:
        """Return a new object with the affine, the shape and any voxels rearranged."""

    def __getitem__(self, index: SpatialIndex) -> Self:
        """Get a sub-volume by indexing the spatial axes.

        Parameters
        ----------
        index : int, slice or tuple of these
            Up to three indices.  An integer keeps its axis, with one voxel.  Steps may be negative.

        Raises
        ------
        TypeError
            If an index is of another type.
        hdgpu.errors.VolumeIndexError
            If an index or a bound of a slice lies outside the volume, or nothing is selected (also an IndexError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (20, 30, 40), "PATIENT")
        >>> geometry[5:, ::-1, 3].spatial_shape, geometry[5:, ::-1, 3].position
        ((15, 30, 1), (5.0, 29.0, 3.0))
        """
        return self._rearranged(rearrange.index(self.spatial_shape, index))

    def flip_spatial(self, axes: int | Sequence[int]) -> Self:
        """Reverse spatial axes of the array; each voxel stays where it is in space.

        Parameters
        ----------
        axes : int or sequence of int
            The axes to reverse, each 0, 1 or 2.

        Raises
        ------
        hdgpu.errors.VolumeError
            If an axis is not 0, 1 or 2 (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").flip_spatial([0, 2]).position
        (1.0, 0.0, 3.0)
        """
        return self._rearranged(rearrange.flip(self.spatial_shape, axes))

    def permute_spatial_axes(self, indices: Sequence[int]) -> Self:
        """Put the spatial axes in another order; channel axes stay where they are.

        Parameters
        ----------
        indices : sequence of 3 ints
            For each new axis, the axis that it is now: 0, 1 and 2 in some order.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the indices are not 0, 1 and 2 in some order (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").permute_spatial_axes([2, 0, 1]).spatial_shape
        (4, 2, 3)
        """
        return self._rearranged(rearrange.permute(self.spatial_shape, indices))

    def swap_spatial_axes(self, axis_1: int, axis_2: int) -> Self:
        """Swap two spatial axes of the array.

        Parameters
        ----------
        axis_1, axis_2 : int
            Two different axes, each 0, 1 or 2.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the axes are equal, or one is not 0, 1 or 2 (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").swap_spatial_axes(0, 2).spatial_shape
        (4, 3, 2)
        """
        if axis_1 == axis_2 or not {axis_1, axis_2} <= {0, 1, 2}:
            raise VolumeError("the axes to swap are two different ones of 0, 1 and 2", found=(axis_1, axis_2))
        order = [0, 1, 2]
        order[axis_1], order[axis_2] = axis_2, axis_1
        return self.permute_spatial_axes(order)

    def crop_to_spatial_shape(self, spatial_shape: Sequence[int]) -> Self:
        """Crop to a spatial shape around the centre.

        Parameters
        ----------
        spatial_shape : sequence of 3 ints
            Shape to crop to, along no axis larger than that of the volume.

        Raises
        ------
        hdgpu.errors.VolumeError
            If it is larger than the volume along an axis, or less than 1 (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (5, 6, 7), "PATIENT").crop_to_spatial_shape((3, 3, 3)).position
        (1.0, 1.0, 2.0)
        """
        return self._rearranged(rearrange.crop(self.spatial_shape, spatial_shape))

    def to_patient_orientation(self, patient_orientation: OrientationLike) -> Self:
        """Permute and flip the spatial axes to come as close as that can to a patient orientation.

        Parameters
        ----------
        patient_orientation : str or sequence
            Directions of the patient along which the three axes are to increase: ``"FPL"`` or the like, or
            enumerated values.

        Raises
        ------
        hdgpu.errors.VolumeError
            If it is no orientation (also a ValueError).
        hdgpu.errors.CoordinateSystemError
            If the volume is not in the patient coordinate system (also a RuntimeError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").to_patient_orientation("FPL")
        >>> geometry.spatial_shape, geometry.position
        ((4, 3, 2), (0.0, 0.0, 3.0))
        """
        wanted = parse_orientation(patient_orientation)
        axes, flipped = axes_between(self.get_closest_patient_orientation(), wanted)
        return self._rearranged(Rearrangement(rearrange.flip(self.spatial_shape, flipped).ranges, axes))

    def ensure_handedness(
        self,
        handedness: AxisHandedness | str,
        *,
        flip_axis: int | None = None,
        swap_axes: Sequence[int] | None = None,
    ) -> Self:
        """Flip an axis, or swap two, if the spatial axes have not the handedness wanted.

        Parameters
        ----------
        handedness : AxisHandedness or str
            Handedness to ensure.  A volume that has it is returned as it is.
        flip_axis : int or None, optional
            Axis to flip, 0, 1 or 2.
        swap_axes : sequence of 2 ints or None, optional
            Axes to swap, each 0, 1 or 2.

        Raises
        ------
        TypeError
            If not exactly one of `flip_axis` and `swap_axes` is given.
        hdgpu.errors.VolumeError
            If the axes needed are wrong (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT")
        >>> geometry.ensure_handedness("LEFT_HANDED", flip_axis=0).position
        (1.0, 0.0, 0.0)
        """
        if (flip_axis is None) == (swap_axes is None):
            raise TypeError("Exactly one of either 'flip_axis' or 'swap_axes' must be specified.")
        if self.handedness is AxisHandedness(handedness):
            return self
        if flip_axis is not None:
            return self._rearranged(rearrange.flip(self.spatial_shape, [flip_axis]))
        if swap_axes is None or len(swap_axes) != 2:
            raise VolumeError("argument 'swap_axes' has the wrong length", expected=2, found=swap_axes)
        return self.swap_spatial_axes(*swap_axes)
