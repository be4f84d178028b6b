"""The volume: voxels on any device, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy.typing as npt

from hdgpu.array import interop
from hdgpu.array.device import Device, device_of, on_device_of, to_device
from hdgpu.array.functions import copy
from hdgpu.array.namespace import Array, is_array, library_name
from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import affine_from_attributes
from hdgpu.geometry.orientation import OrientationLike
from hdgpu.volume import intensity
from hdgpu.volume.base import VolumeBase, affine_of_components
from hdgpu.volume.channel_axes import ChannelAxes
from hdgpu.volume.channels import Channels, ChannelsLike, parse_channels
from hdgpu.volume.geometry import VolumeGeometry
from hdgpu.volume.rearrange import Rearrangement

if TYPE_CHECKING:
    import torch

__all__ = ["Volume"]


def _require_array(array: Array) -> Array:
    if not is_array(array):
        raise TypeError(f"Argument 'array' must be an array, not {type(array).__name__}.")
    return array


class Volume(ChannelAxes, VolumeBase):
    """An array of voxels, regularly spaced in a frame of reference.

    The array stays in its library (NumPy, CuPy, torch or another that follows the array API standard) and on its
    device; the geometry is float64 on the host.  It is not copied: slices, flips and permutations of a volume are views
    of the same memory where the library has such views.

    Parameters
    ----------
    array : array
        Voxels, of any data type.  The first three axes are spatial, any further ones are channels.
    affine : numpy.ndarray
        4 x 4 affine from array indices (slice, row, column) to mm in the frame of reference (PS3.3 C.7.6.2.1.1).  Its
        first three columns are at right angles; its last row is 0, 0, 0, 1.
    coordinate_system : CoordinateSystemNames or str
        ``"PATIENT"`` or ``"SLIDE"``.
    frame_of_reference_uid : str or None, optional
        Frame of Reference UID (0020,0052), if known.
    channels : dict or None, optional
        For each channel axis in order, its descriptor (:class:`ChannelDescriptor`, keyword or tag) and the values along
        it.
    report : object, optional
        How the voxels were decoded, kept for the reader; volumes made from this one have the same.

    Raises
    ------
    TypeError
        If the array is none, or channel values are not of their descriptor's type.
    hdgpu.errors.VolumeError
        If the array has fewer than three axes or an empty one, the affine is not of that form, or the channels do not
        match the channel axes (also a ValueError).

    Examples
    --------
    >>> import numpy as np
    >>> volume = Volume(np.zeros((10, 20, 30), dtype=np.int16), np.diag([2.5, 1.0, 1.0, 1.0]), "PATIENT")
    >>> volume
    <Volume 10 x 20 x 30 int16 on cpu (numpy), spacing 2.5 x 1 x 1 mm, LPH, PATIENT>
    >>> volume[4:6].position
    (10.0, 0.0, 0.0)
    """

    def __init__(
        self,
        array: Array,
        affine: npt.ArrayLike,
        coordinate_system: CoordinateSystemNames | str,
        frame_of_reference_uid: str | None = None,
        channels: ChannelsLike | None = None,
        *,
        report: object = None,
    ) -> None:
        super().__init__(affine, coordinate_system, frame_of_reference_uid)
        if _require_array(array).ndim < 3:
            raise VolumeError("argument 'array' must have at least three axes", found=tuple(array.shape))
        if 0 in array.shape:
            raise VolumeError("argument 'array' has no voxels", found=tuple(array.shape))
        self._array = array
        self._channels: Channels = parse_channels(channels, array.shape[3:])
        self._report = report

    @classmethod
    def from_attributes(
        cls,
        *,
        array: Array,
        image_position: Sequence[float],
        image_orientation: Sequence[float],
        pixel_spacing: Sequence[float],
        spacing_between_slices: float,
        coordinate_system: CoordinateSystemNames | str,
        frame_of_reference_uid: str | None = None,
        channels: ChannelsLike | None = None,
    ) -> Self:
        """Create a volume from DICOM attributes.

        As :meth:`VolumeGeometry.from_attributes`, with the voxels: frames down axis 0, rows down axis 1, columns down
        axis 2, then any channels.

        Examples
        --------
        >>> import numpy as np
        >>> Volume.from_attributes(
        ...     array=np.zeros((80, 512, 512), dtype=np.uint16), image_position=[-100.0, -100.0, 50.0],
        ...     image_orientation=[1, 0, 0, 0, 1, 0], pixel_spacing=[0.4, 0.4], spacing_between_slices=2.0,
        ...     coordinate_system="PATIENT",
        ... )
        <Volume 80 x 512 x 512 uint16 on cpu (numpy), spacing 2 x 0.4 x 0.4 mm, FPL, PATIENT>
        """
        affine = affine_from_attributes(image_position, image_orientation, pixel_spacing, spacing_between_slices)
        return cls(array, affine, coordinate_system, frame_of_reference_uid, channels)

    @classmethod
    def from_components(
        cls,
        array: Array,
        *,
        spacing: float | Sequence[float],
        coordinate_system: CoordinateSystemNames | str,
        position: Sequence[float] | None = None,
        center_position: Sequence[float] | None = None,
        direction: npt.ArrayLike | None = None,
        patient_orientation: OrientationLike | None = None,
        frame_of_reference_uid: str | None = None,
        channels: ChannelsLike | None = None,
    ) -> Self:
        """Create a volume from the components of the affine.

        As :meth:`VolumeGeometry.from_components`, with the voxels and any channels.

        Examples
        --------
        >>> import numpy as np
        >>> Volume.from_components(
        ...     np.zeros((5, 6, 7)),
        ...     spacing=2.0,
        ...     position=[0, 0, 0],
        ...     patient_orientation="HAR",
        ...     coordinate_system="PATIENT",
        ... )
        <Volume 5 x 6 x 7 float64 on cpu (numpy), spacing 2 x 2 x 2 mm, HAR, PATIENT>
        """
        affine = affine_of_components(
            _require_array(array).shape[:3],
            spacing=spacing,
            coordinate_system=coordinate_system,
            position=position,
            center_position=center_position,
            direction=direction,
            patient_orientation=patient_orientation,
        )
        return cls(array, affine, coordinate_system, frame_of_reference_uid, channels)

    # --- The array ----------------------------------------------------------------------------------------------------

    @property
    def array(self) -> Array:
        """Array of voxels, itself and not a copy.  Setting it takes an array of the same shape."""
        return self._array

    @array.setter
    def array(self, array: Array) -> None:
        if tuple(_require_array(array).shape) != self.shape:
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
        >>> str(Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT").to_device("cpu").device)
        'cpu'
        """
        return self._derived(to_device(self._array, device))

    def numpy(self) -> npt.NDArray[Any]:
        """Return the array as a NumPy array, without a copy where it lies in host memory."""
        return interop.to_numpy(self._array)

    def torch(self) -> torch.Tensor:
        """Return the array as a torch tensor on the same device, sharing memory where torch can."""
        return interop.to_torch(self._array)

    def __dlpack__(self, **options: Any) -> Any:
        return interop.dlpack_capsule(self._array, **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return interop.dlpack_device(self._array)

    def __repr__(self) -> str:
        sizes = " x ".join(map(str, self.shape))
        channels = f" [{', '.join(map(str, self._channels))}]" if self._channels else ""
        dtype = str(self.dtype).rpartition(".")[2]
        where = f"{self.device} ({library_name(self._array)})"
        return f"<{type(self).__name__} {sizes}{channels} {dtype} on {where}, {self._geometry_text()}>"

    # --- Derived volumes ----------------------------------------------------------------------------------------------

    def _derived(self, array: Array, channels: ChannelsLike | None = None, affine: Any = None) -> Self:
        """Return a volume with another array, and with this one's geometry and channels unless others are given."""
        return type(self)(
            array,
            self._affine if affine is None else affine,
            self._coordinate_system,
            self._frame_of_reference_uid,
            self._channels if channels is None else channels,
            report=self._report,
        )

    def _rearranged(self, rearrangement: Rearrangement) -> Self:
        affine = rearrangement.of_affine(self._affine)
        return self._derived(rearrangement.of_array(self._array), affine=affine)

    def get_geometry(self) -> VolumeGeometry:
        """Get the geometry of the volume, without its voxels."""
        return VolumeGeometry(self._affine, self.spatial_shape, self._coordinate_system, self._frame_of_reference_uid)

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
        >>> volume = Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT")
        >>> volume.with_array(np.ones((2, 3, 4, 2)), channels={"DiffusionBValue": [0.0, 1000.0]})
        <Volume 2 x 3 x 4 x 2 [DiffusionBValue] float64 on cpu (numpy), spacing 1 x 1 x 1 mm, LPH, PATIENT>
        """
        shape = tuple(_require_array(array).shape)
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
        >>> volume = Volume(np.arange(24).reshape(2, 3, 4), np.eye(4), "PATIENT").normalize_min_max(output_max=255.0)
        >>> float(volume.array.max())
        255.0
        """
        with on_device_of(self._array):
            return self._derived(intensity.normalize_min_max(self._array, output_min, output_max, per_channel))
