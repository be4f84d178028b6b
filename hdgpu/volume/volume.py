"""The volume: voxels on any device, and where they lie."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Self

import numpy.typing as npt

from hdgpu.array.device import Device, on_device_of
from hdgpu.array.namespace import Array, library_name
from hdgpu.enum import CoordinateSystemNames, InterpolationMethods
from hdgpu.geometry.affine import Float64Array, affine_from_attributes
from hdgpu.geometry.orientation import OrientationLike
from hdgpu.volume import storage
from hdgpu.volume.base import VolumeBase, affine_of_components
from hdgpu.volume.channel_axes import ChannelAxes
from hdgpu.volume.channels import Channels, ChannelsLike, parse_channels
from hdgpu.volume.exchange import ImageExchange
from hdgpu.volume.geometry import VolumeGeometry
from hdgpu.volume.padding import Fill, Window
from hdgpu.volume.placement import Placement
from hdgpu.volume.rearrange import Rearrangement
from hdgpu.volume.resampling.grid import IndexMap, target_grid
from hdgpu.volume.resampling.run import resampled
from hdgpu.volume.voxels import Voxels, checked_voxels

__all__ = ["Volume"]


class Volume(ChannelAxes, Voxels, ImageExchange, VolumeBase):
    """An array of voxels, regularly spaced in a frame of reference.

    The array stays in its library (NumPy, CuPy, torch or another that follows the array API standard) and on its
    device; the geometry is float64 on the host.  It is not copied: slices, flips and permutations of a volume are views
    of the same memory where the library has such views.

    Parameters
    ----------
    array : array
        Voxels: integers, floating-point numbers or bool.  The first three axes are spatial, any further ones are
        channels.
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
    from_reference_convention : str, sequence or None, optional
        Convention that the affine leads to, if not DICOM's ``"LPS"``: ``"RAS"`` for NIfTI's.  It is converted.
    report : object, optional
        How the voxels were decoded, kept for the reader; volumes made from this one have the same.

    Raises
    ------
    TypeError
        If the array is none, channel values are not of their descriptor's type, or there is a convention for a slide.
    hdgpu.errors.VolumeError
        If the array has fewer than three axes, an empty one or complex numbers, the affine is not of that form, or the
        channels do not match the channel axes (also a ValueError).

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
        from_reference_convention: OrientationLike | None = None,
        *,
        report: object = None,
    ) -> None:
        super().__init__(affine, coordinate_system, frame_of_reference_uid, from_reference_convention)
        self._array = checked_voxels(array)
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
        from_reference_convention: OrientationLike | None = None,
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
            checked_voxels(array).shape[:3],
            spacing=spacing,
            coordinate_system=coordinate_system,
            position=position,
            center_position=center_position,
            direction=direction,
            patient_orientation=patient_orientation,
            from_reference_convention=from_reference_convention,
        )
        return cls(array, affine, coordinate_system, frame_of_reference_uid, channels)

    @classmethod
    def _plain(
        cls,
        array: Array,
        affine: Float64Array,
        coordinate_system: CoordinateSystemNames | str,
        frame_of_reference_uid: str | None,
    ) -> Self:
        return cls(array, affine, coordinate_system, frame_of_reference_uid)

    def __repr__(self) -> str:
        sizes = " x ".join(map(str, self.shape))
        channels = f" [{', '.join(map(str, self._channels))}]" if self._channels else ""
        dtype = str(self.dtype).rpartition(".")[2]
        where = f"{self.device} ({library_name(self._array)})"
        return f"<{type(self).__name__} {sizes}{channels} {dtype} on {where}, {self._geometry_text()}>"

    # --- Files and notebooks ------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], *, compress: bool = False) -> None:
        """Write the volume to an .npz file, in the place of one that is there already.

        Parameters
        ----------
        path : str or os.PathLike
            File to write, under exactly this name: one that ends in ``.npz``, or in nothing that is the ending of
            another format.  Those are for ``nibabel.save(volume.to_nibabel(), path)``,
            ``SimpleITK.WriteImage(volume.to_simpleitk(), path)`` and ``hdgpu convert``.
        compress : bool, optional
            Whether to compress: slower, and worth it for label maps.

        Raises
        ------
        hdgpu.errors.SourceError
            If the file cannot be written (also an OSError).
        hdgpu.errors.VolumeError
            If the values of a channel are of an enumeration other than that of colours, or the name ends as that of
            another format (also a ValueError).

        Examples
        --------
        >>> import numpy as np, tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "zeros.npz"
        >>> Volume(np.zeros((2, 3, 4)), np.eye(4), "PATIENT").save(path)
        >>> Volume.load(path)
        <Volume 2 x 3 x 4 float64 on cpu (numpy), spacing 1 x 1 x 1 mm, LPH, PATIENT>
        """
        storage.save_archive(self, path, compress=compress)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str | Device | None = None) -> Self:
        """Read a volume that :meth:`save` wrote.  Nothing in the file is run as code.

        Parameters
        ----------
        path : str or os.PathLike
            File to read.
        device : str, Device or None, optional
            Where to put the array: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"auto"``; None for the default device.

        Raises
        ------
        hdgpu.errors.SourceError
            If there is no such file, or it cannot be read (also an OSError).
        hdgpu.errors.VolumeError
            If it is not a volume that was saved, or is damaged (also a ValueError).
        """
        return storage.load_archive(cls, path, device=device)

    # --- Other grids --------------------------------------------------------------------------------------------------

    def resample(
        self,
        *,
        spacing: float | Sequence[float] | None = None,
        geometry: Placement | None = None,
        interpolation: InterpolationMethods | str = "linear",
        fill_value: float = 0.0,
        dtype: npt.DTypeLike | None = None,
    ) -> Self:
        """Get the volume on another grid, with values found between its voxels.

        The array stays in its library and on its device, and each channel is resampled alike.  A grid whose voxels lie
        on those of the volume (itself, a crop, flip or permutation, with padding) takes them as they are, whatever the
        interpolation.

        A finer or a coarser grid by `spacing` has the same directions and the same centre, and as many voxels along
        each axis as fit best into the same extent from edge to edge of the outermost voxels (halves are rounded up, and
        there is at least one).  So its first voxel's centre is another one; the usual recipe with SimpleITK keeps that
        and shifts the extent by half the difference of the spacings instead.  To have that or another grid, make it and
        pass it as `geometry`.  Nothing is smoothed before: a much coarser grid skips voxels.

        Parameters
        ----------
        spacing : float or sequence of 3 floats, optional
            Spacing wanted along the three spatial axes of the array in mm.
        geometry : Volume or VolumeGeometry, optional
            Grid wanted, at any angle to this one.  Instead of `spacing`.
        interpolation : InterpolationMethods or str, optional
            ``"nearest"`` takes the value of the voxel at hand, of the later one halfway between two: the way for label
            maps and masks, as no value appears that was not there.  ``"linear"`` is linear in each of the axes.
            ``"cubic"`` is the cubic B-spline through all voxels, mirrored at the outermost: smoother, and it overshoots
            at edges.
        fill_value : float, optional
            Value for voxels whose centres lie outside the volume, that is beyond the edges of its outermost voxels.
        dtype : type, optional
            Data type of the result; that of the volume by default.  To integers interpolated values are rounded, halves
            to the even one (SimpleITK cuts the fraction off), and brought to the range of the type where a spline
            overshoots it.

        Raises
        ------
        TypeError
            If not exactly one of `spacing` and `geometry` is given, or one is of the wrong type.
        hdgpu.errors.VolumeError
            If the spacing is not one positive number or three, or there is no such interpolation (also a ValueError).
        hdgpu.errors.CoordinateSystemError, hdgpu.errors.GeometryMismatchError
            If the grid is in another coordinate system or frame of reference (also a RuntimeError).
        hdgpu.errors.OutputTypeError
            If the data type cannot hold the values of the volume or `fill_value`, or a mask is to be interpolated
            (also a ValueError).
        hdgpu.errors.OutOfMemoryError
            If the grid has more voxels than there is memory for.

        Notes
        -----
        Computed in float32, or in float64 if the volume or the result is of float64 or of integers of 32 bits or more.
        Arrays of NumPy and torch tensors in host memory go through the compiled extension, in several threads; tensors
        that require their gradient through operations of torch, which records them and takes far longer.
        A voxel that is not finite spreads to all that lies less than one voxel from it, and with ``"cubic"`` along the
        whole lines through it.

        Examples
        --------
        >>> import numpy as np
        >>> volume = Volume(np.arange(24.0).reshape(2, 3, 4), np.eye(4), "PATIENT")
        >>> volume.resample(spacing=(1.0, 1.0, 2.0)).array[0]
        array([[ 0.5,  2.5],
               [ 4.5,  6.5],
               [ 8.5, 10.5]])
        >>> volume.resample(geometry=volume[:, 1:].pad(1), interpolation="nearest").spatial_shape
        (4, 4, 6)
        """
        grid = target_grid(self, spacing, geometry)
        index_map = IndexMap.between(self._affine, grid.affine, grid.spatial_shape)
        with on_device_of(self._array):
            array = resampled(
                self._array,
                index_map,
                grid.spatial_shape,
                interpolation=interpolation,
                fill_value=fill_value,
                dtype=dtype,
            )
        return self._derived(array, affine=grid.affine)

    def _repr_html_(self) -> str:
        # imported when a notebook asks, for it brings the imaging library along
        from hdgpu.volume.html import volume_html

        return volume_html(self)

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

    def _seen_through(self, window: Window, fill: Fill) -> Self:
        with on_device_of(self._array):
            return self._derived(window.of_array(self._array, fill), affine=window.of_affine(self._affine))

    def _rearranged(self, rearrangement: Rearrangement) -> Self:
        affine = rearrangement.of_affine(self._affine)
        return self._derived(rearrangement.of_array(self._array), affine=affine)

    def get_geometry(self) -> VolumeGeometry:
        """Get the geometry of the volume, without its voxels."""
        return VolumeGeometry(self._affine, self.spatial_shape, self._coordinate_system, self._frame_of_reference_uid)
