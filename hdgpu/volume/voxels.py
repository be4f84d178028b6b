"""What a volume can do with its array of voxels: where it lies, handing it out, and changing values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from hdgpu.array import interop
from hdgpu.array.device import Device, device_of, on_device_of, to_device
from hdgpu.array.functions import copy, is_real
from hdgpu.array.namespace import Array, is_array
from hdgpu.errors import VolumeError
from hdgpu.volume import intensity
from hdgpu.volume.channels import ChannelsLike

if TYPE_CHECKING:
    import torch

__all__ = ["Voxels", "checked_voxels"]


def checked_voxels(array: Array) -> Array:
    """Return the array if it can be that of a volume.

    Raises
    ------
    TypeError
        If it is no array.
    hdgpu.errors.VolumeError
        If it has fewer than three axes or an empty one, or its values are neither numbers nor bool.
    """
    if not is_array(array):
        raise TypeError(f"Argument 'array' must be an array, not {type(array).__name__}.")
    if not is_real(array):
        raise VolumeError("argument 'array' must be of integers, floating-point numbers or bool", found=array.dtype)
    if array.ndim < 3:
        raise VolumeError("argument 'array' must have at least three axes", found=tuple(array.shape))
    if 0 in array.shape:
        raise VolumeError("argument 'array' has no voxels", found=tuple(array.shape))
    return array


class Voxels(ABC):
    """Operations on the array of a volume that leave its geometry as it is."""

    _array: Array
    _report: object

    @abstractmethod
    def _derived(self, array: Array, channels: ChannelsLike | None = None) -> Self:
        """Return a volume with another array and other channels."""

    @property
    def array(self) -> Array:
        """Array of voxels, itself and not a copy.  Setting it takes an array of the same shape."""
        return self._array

    @array.setter
    def array(self, array: Array) -> None:
        if tuple(checked_voxels(array).shape) != self.shape:
            raise VolumeError("the array must match the shape", expected=self.shape, found=tuple(array.shape))
        self._array = array

    @property
    def dtype(self) -> Any:
        """Data type of the array, as its library has it."""
        return self._array.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array, channel axes included."""
        return tuple(self._array.shape)

    @property
    def spatial_shape(self) -> tuple[int, int, int]:
        """Shape of the array, channel axes left out."""
        first, second, third = self._array.shape[:3]
        return first, second, third

    @property
    def device(self) -> Device:
        """Device on which the array lies."""
        return device_of(self._array)

    @property
    def report(self) -> Any:
        """How the voxels were decoded: a DecodeReport for a volume that was loaded, else None."""
        return self._report

    def to_device(self, device: str | Device | None) -> Self:
        """Return the volume with its array on another device: the same array where it is there already.

        Parameters
        ----------
        device : str, Device or None
            ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"auto"``; None for the default device.

        Raises
        ------
        hdgpu.errors.DeviceUnavailableError
            If the device is not there.

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> str(Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT").to_device("cpu").device)
        'cpu'
        """
        return self._derived(to_device(self._array, device))

    def numpy(self) -> npt.NDArray[Any]:
        """Return the array as a NumPy array, without a copy where it lies in host memory."""
        return interop.to_numpy(self._array)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the voxels for ``numpy.asarray(volume)``, and for the functions and operators of NumPy.

        Of an array in host memory, shared unless `dtype` or `copy` ask for a copy.  What NumPy then makes of it is an
        array without geometry: ``volume.with_array(numpy.sqrt(volume))`` is the volume again.

        Raises
        ------
        hdgpu.errors.ArrayConversionError
            If the array lies on a device, or torch records what becomes of it (also a TypeError).
        ValueError
            If ``copy=False`` is impossible.

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> volume = Volume(np.ones((2, 3, 4)), np.eye(4), "PATIENT")
        >>> float(np.mean(volume)), (2 * np.asarray(volume)).shape
        (1.0, (2, 3, 4))
        """
        return np.array(interop.host_array(self._array), dtype=dtype, copy=copy)

    def torch(self) -> torch.Tensor:
        """Return the array as a torch tensor on the same device, sharing memory where torch can."""
        return interop.to_torch(self._array)

    def __dlpack__(self, **options: Any) -> Any:
        return interop.dlpack_capsule(self._array, **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return interop.dlpack_device(self._array)

    def copy(self) -> Self:
        """Get a copy of the volume, with a copy of the array on the same device."""
        return self._derived(copy(self._array))

    def with_array(self, array: Array, channels: ChannelsLike | None = None) -> Self:
        """Get a volume of the same geometry with another array.

        Parameters
        ----------
        array : array
            Voxels of the same spatial shape, of any data type, library and device.
        channels : dict or None, optional
            Description of the channel axes of the array.  Without it, the array has no channel axes, or the same as the
            volume.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the array has another spatial shape, or channel axes that are not described (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> volume = Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT")
        >>> volume.with_array(np.ones((2, 3, 4, 2)), channels={"DiffusionBValue": [0.0, 1000.0]})
        <Volume 2 x 3 x 4 x 2 [DiffusionBValue] float64 on cpu (numpy), spacing 1 x 1 x 1 mm, LPH, PATIENT>
        """
        shape = tuple(checked_voxels(array).shape)
        if shape[:3] != self.spatial_shape:
            raise VolumeError("the array must match the spatial shape", expected=self.spatial_shape, found=shape[:3])
        if channels is None and len(shape) == 3:
            channels = {}
        elif channels is None and shape != self.shape:
            raise VolumeError(
                "the array must match the shape, or have its channels described", expected=self.shape, found=shape
            )
        return self._derived(array, channels)

    def astype(self, dtype: npt.DTypeLike) -> Self:
        """Get a volume with another data type, having made sure that it can hold the values.

        Parameters
        ----------
        dtype : type
            A NumPy data type, its name, or the data type of the array's library.

        Raises
        ------
        hdgpu.errors.OutputTypeError
            If a value is out of range of the new type, not finite for an integer type, or neither 0 nor 1 for bool
            (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> Volume(np.ones((2, 3, 4)), np.eye(4), "PATIENT").astype(np.uint8).dtype
        dtype('uint8')
        """
        with on_device_of(self._array):
            return self._derived(intensity.cast(self._array, dtype))

    def clip(self, a_min: float | None, a_max: float | None) -> Self:
        """Get a volume with voxel values clipped to a range.

        Parameters
        ----------
        a_min, a_max : float or None
            Bounds; None for none.  Floating-point bounds make integer voxels float64, as in NumPy.

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> Volume(np.arange(24).reshape(2, 3, 4), np.eye(4), "PATIENT").clip(3, 5).array[0, 0]
        array([3, 3, 3, 3])
        """
        with on_device_of(self._array):
            return self._derived(intensity.clip(self._array, a_min, a_max))

    def normalize_mean_std(self, per_channel: bool = True, output_mean: float = 0.0, output_std: float = 1.0) -> Self:
        """Get a volume with values scaled to a mean and a standard deviation.

        Integers become float64; a volume (or channel) of one value becomes `output_mean`; NaN spreads.

        Parameters
        ----------
        per_channel : bool, optional
            Whether each channel is scaled by itself.
        output_mean, output_std : float, optional
            Mean and (population) standard deviation afterwards.

        Raises
        ------
        hdgpu.errors.VolumeError
            If `output_std` is not positive (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> volume = Volume(np.arange(24).reshape(2, 3, 4), np.eye(4), "PATIENT").normalize_mean_std()
        >>> round(float(volume.array.std()), 6)
        1.0
        """
        with on_device_of(self._array):
            return self._derived(intensity.normalize_mean_std(self._array, output_mean, output_std, per_channel))

    def normalize_min_max(self, output_min: float = 0.0, output_max: float = 1.0, per_channel: bool = False) -> Self:
        """Get a volume with values scaled to a range.

        Integers become float64; a volume (or channel) of one value becomes `output_min`; NaN spreads.

        Parameters
        ----------
        output_min, output_max : float, optional
            Smallest and largest value afterwards.
        per_channel : bool, optional
            Whether each channel is scaled by itself.

        Raises
        ------
        hdgpu.errors.VolumeError
            If `output_min` is not below `output_max` (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import Volume
        >>> volume = Volume(np.arange(24).reshape(2, 3, 4), np.eye(4), "PATIENT").normalize_min_max(output_max=255.0)
        >>> float(volume.array.max())
        255.0
        """
        with on_device_of(self._array):
            return self._derived(intensity.normalize_min_max(self._array, output_min, output_max, per_channel))
