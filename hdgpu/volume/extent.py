"""What Volume and VolumeGeometry can do alike with their extent: padding, and cropping with it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

from hdgpu.enum import PadModes
from hdgpu.volume.padding import ConstantLike, Fill, PadWidth, Window, padded, padded_to
from hdgpu.volume.rearrange import parse_shape
from hdgpu.volume.spatial_axes import SpatialAxes

__all__ = ["Extent"]


class Extent(SpatialAxes):
    """Operations that add voxels around a volume; those that it has stay where they are in space."""

    @abstractmethod
    def _seen_through(self, window: Window, fill: Fill) -> Self:
        """Return a new object with the voxels in a window; a geometry has none to fill it up with."""

    def pad(
        self,
        pad_width: PadWidth,
        *,
        mode: PadModes | str = PadModes.CONSTANT,
        constant_value: ConstantLike = 0.0,
        per_channel: bool = False,
    ) -> Self:
        """Add voxels before and after the spatial axes.

        The array is always a new one, of the same data type.

        Parameters
        ----------
        pad_width : int or sequence
            Number of voxels to add: one for both ends of all three axes; ``[before, after]`` for all three axes;
            ``[[first], [second], [third]]`` for both ends of each axis; or ``[before, after]`` for each axis.
        mode : PadModes or str, optional
            Where the values come from; a geometry has none and ignores it and what follows.  Means and medians of
            integers lose their fraction, and for a mask all but zero is True.
        constant_value : float or sequence, optional
            Value for the mode ``"CONSTANT"``.  With `per_channel` it may be a value for each channel, for several
            channel axes nested as they are.
        per_channel : bool, optional
            Whether minimum, maximum, mean and median are taken of each channel by itself.

        Raises
        ------
        TypeError
            If `pad_width` is not of integers, or `constant_value` not of numbers.
        hdgpu.errors.VolumeError
            If `pad_width` has another arrangement or is negative, or there are not as many constants as channels
            (also a ValueError).
        hdgpu.errors.OutputTypeError
            If the data type cannot hold the constant: 1.5 or -1 in uint8 (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> volume = Volume(np.ones((2, 2, 2)), np.eye(4), "PATIENT").pad([[0, 0], [0, 0], [1, 2]], constant_value=9)
        >>> volume.array[0, 0], volume.position
        (array([9., 1., 1., 9., 9.]), (0.0, 0.0, -1.0))
        """
        window = padded(self.spatial_shape, pad_width)
        return self._seen_through(window, Fill(mode, constant_value, per_channel))

    def pad_to_spatial_shape(
        self,
        spatial_shape: Sequence[int],
        *,
        mode: PadModes | str = PadModes.CONSTANT,
        constant_value: ConstantLike = 0.0,
        per_channel: bool = False,
    ) -> Self:
        """Pad to a spatial shape, with the volume in its centre and the odd voxel at the end.

        Parameters
        ----------
        spatial_shape : sequence of 3 ints
            Shape to pad to, along no axis smaller than that of the volume.
        mode, constant_value, per_channel
            As for :meth:`pad`.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the shape is smaller than the volume along an axis (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").pad_to_spatial_shape((5, 5, 5)).position
        (-1.0, -1.0, 0.0)
        """
        window = padded_to(self.spatial_shape, spatial_shape)
        return self._seen_through(window, Fill(mode, constant_value, per_channel))

    def pad_or_crop_to_spatial_shape(
        self,
        spatial_shape: Sequence[int],
        *,
        mode: PadModes | str = PadModes.CONSTANT,
        constant_value: ConstantLike = 0.0,
        per_channel: bool = False,
    ) -> Self:
        """Crop where the volume is larger than a spatial shape, then pad where it is smaller, around its centre.

        Parameters
        ----------
        spatial_shape : sequence of 3 ints
            Shape of the result.
        mode, constant_value, per_channel
            As for :meth:`pad`; a statistic is that of the voxels that are left.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the shape has not three sizes, or one is less than 1 (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 8), "PATIENT").pad_or_crop_to_spatial_shape((4, 4, 4)).position
        (-1.0, 0.0, 2.0)
        """
        wanted = parse_shape(spatial_shape)
        cropped = self.crop_to_spatial_shape([min(pair) for pair in zip(wanted, self.spatial_shape, strict=True)])
        return cropped.pad_to_spatial_shape(wanted, mode=mode, constant_value=constant_value, per_channel=per_channel)
