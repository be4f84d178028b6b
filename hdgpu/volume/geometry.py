"""The geometry of a volume, without voxels."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy.typing as npt

from hdgpu.array.namespace import Array
from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import affine_from_attributes
from hdgpu.geometry.orientation import OrientationLike
from hdgpu.volume.base import VolumeBase, affine_of_components
from hdgpu.volume.channels import ChannelsLike
from hdgpu.volume.padding import Fill, Window
from hdgpu.volume.rearrange import Rearrangement

if TYPE_CHECKING:
    from hdgpu.volume.volume import Volume

__all__ = ["VolumeGeometry"]


class VolumeGeometry(VolumeBase):
    """Geometry of a volume: where its voxels lie, without their values.

    Parameters
    ----------
    affine : numpy.ndarray
        4 x 4 affine from array indices (slice, row, column) to mm in the frame of reference (PS3.3 C.7.6.2.1.1).  Its
        first three columns are at right angles; its last row is 0, 0, 0, 1.
    spatial_shape : sequence of 3 ints
        Number of voxels along the three spatial axes.
    coordinate_system : CoordinateSystemNames or str
        ``"PATIENT"`` or ``"SLIDE"``.
    frame_of_reference_uid : str or None, optional
        Frame of Reference UID (0020,0052), if known.
    from_reference_convention : str, sequence or None, optional
        Convention that the affine leads to, if not DICOM's ``"LPS"``: ``"RAS"`` for NIfTI's.  It is converted.

    Raises
    ------
    TypeError
        If there is a convention for a slide.
    hdgpu.errors.VolumeError
        If the affine is not finite or not of that form, or the shape is not three positive numbers (also a
        ValueError).

    Examples
    --------
    >>> import numpy as np
    >>> VolumeGeometry(np.diag([2.5, 1.0, 1.0, 1.0]), (10, 20, 30), "PATIENT")
    <VolumeGeometry 10 x 20 x 30, spacing 2.5 x 1 x 1 mm, LPH, PATIENT>
    """

    def __init__(
        self,
        affine: npt.ArrayLike,
        spatial_shape: Sequence[int],
        coordinate_system: CoordinateSystemNames | str,
        frame_of_reference_uid: str | None = None,
        from_reference_convention: OrientationLike | None = None,
    ) -> None:
        super().__init__(affine, coordinate_system, frame_of_reference_uid, from_reference_convention)
        sizes = tuple(operator.index(size) for size in spatial_shape)
        if len(sizes) != 3 or min(sizes) < 1:
            raise VolumeError("argument 'spatial_shape' must have three positive sizes", found=sizes)
        self._spatial_shape = sizes

    @classmethod
    def from_attributes(
        cls,
        *,
        image_position: Sequence[float],
        image_orientation: Sequence[float],
        rows: int,
        columns: int,
        pixel_spacing: Sequence[float],
        spacing_between_slices: float,
        number_of_frames: int,
        coordinate_system: CoordinateSystemNames | str,
        frame_of_reference_uid: str | None = None,
    ) -> Self:
        """Create a geometry from DICOM attributes (PS3.3 C.7.6.2).

        Frames are stacked down axis 0, such that the axes are right-handed, rows down axis 1, columns down axis 2.

        Parameters
        ----------
        image_position : sequence of 3 floats
            Position of the centre of the first pixel of the first frame in mm (Image Position).
        image_orientation : sequence of 6 floats
            Direction cosines of the rows, then of the columns (Image Orientation).
        rows, columns : int
            Number of rows and of columns of each frame.
        pixel_spacing : sequence of 2 floats
            Spacing between rows, then between columns, in mm (Pixel Spacing).
        spacing_between_slices : float
            In mm.
        number_of_frames : int
            Number of frames.
        coordinate_system : CoordinateSystemNames or str
            ``"PATIENT"`` or ``"SLIDE"``.
        frame_of_reference_uid : str or None, optional
            Frame of Reference UID, if known.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the attributes do not place the frames in space (also a ValueError).

        Examples
        --------
        >>> VolumeGeometry.from_attributes(
        ...     image_position=[-100.0, -100.0, 50.0], image_orientation=[1, 0, 0, 0, 1, 0], rows=512, columns=512,
        ...     pixel_spacing=[0.4, 0.4], spacing_between_slices=2.0, number_of_frames=80, coordinate_system="PATIENT",
        ... )
        <VolumeGeometry 80 x 512 x 512, spacing 2 x 0.4 x 0.4 mm, FPL, PATIENT>
        """
        affine = affine_from_attributes(image_position, image_orientation, pixel_spacing, spacing_between_slices)
        return cls(affine, (number_of_frames, rows, columns), coordinate_system, frame_of_reference_uid)

    @classmethod
    def from_components(
        cls,
        spatial_shape: Sequence[int],
        *,
        spacing: float | Sequence[float],
        coordinate_system: CoordinateSystemNames | str,
        position: Sequence[float] | None = None,
        center_position: Sequence[float] | None = None,
        direction: npt.ArrayLike | None = None,
        patient_orientation: OrientationLike | None = None,
        frame_of_reference_uid: str | None = None,
        from_reference_convention: OrientationLike | None = None,
    ) -> Self:
        """Create a geometry from the components of the affine.

        Parameters
        ----------
        spatial_shape : sequence of 3 ints
            Number of voxels along the three spatial axes.
        spacing : float or sequence of 3 floats
            Spacing in mm along the axes, one value for all or one each.
        coordinate_system : CoordinateSystemNames or str
            ``"PATIENT"`` or ``"SLIDE"``.
        position, center_position : sequence of 3 floats or None, optional
            Position in mm of the centre of voxel (0, 0, 0), or of the centre of the volume: one of the two.
        direction : array-like or None, optional
            Orthogonal unit vectors along the axes as columns, shape (3, 3) or (9,) row by row.
        patient_orientation : str, sequence or None, optional
            Instead of `direction`, the directions of the patient along which the axes increase, as ``"FPL"``.
        frame_of_reference_uid : str or None, optional
            Frame of Reference UID, if known.
        from_reference_convention : str, sequence or None, optional
            Convention that the position and `direction` are in, if not DICOM's ``"LPH"``: ``"RAH"`` for NIfTI's.  The
            letters of `patient_orientation` name directions of the patient in any convention.

        Raises
        ------
        TypeError
            If not exactly one of each pair of alternatives is given, or there is a convention for a slide.
        hdgpu.errors.VolumeError
            If a component has the wrong shape or value (also a ValueError).

        Examples
        --------
        >>> VolumeGeometry.from_components(
        ...     (10, 20, 30),
        ...     spacing=1.5,
        ...     center_position=[0, 0, 0],
        ...     patient_orientation="FPL",
        ...     coordinate_system="PATIENT",
        ... ).position
        (-21.75, -14.25, 6.75)
        """
        affine = affine_of_components(
            spatial_shape,
            spacing=spacing,
            coordinate_system=coordinate_system,
            position=position,
            center_position=center_position,
            direction=direction,
            patient_orientation=patient_orientation,
            from_reference_convention=from_reference_convention,
        )
        return cls(affine, spatial_shape, coordinate_system, frame_of_reference_uid)

    @property
    def spatial_shape(self) -> tuple[int, int, int]:
        """Number of voxels along the three spatial axes."""
        return self._spatial_shape

    @property
    def shape(self) -> tuple[int, ...]:
        """The spatial shape: a geometry has no channels."""
        return self._spatial_shape

    def copy(self) -> Self:
        """Get an unaltered copy of the geometry."""
        return type(self)(self._affine, self._spatial_shape, self._coordinate_system, self._frame_of_reference_uid)

    def with_array(self, array: Array, channels: ChannelsLike | None = None) -> Volume:
        """Create a volume of this geometry.

        Parameters
        ----------
        array : array
            Voxels of any array library, on any device.  The first three axes have the spatial shape of the geometry.
        channels : dict or None, optional
            Description of any further axes, as the constructor of :class:`Volume` takes it.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the array has another spatial shape, or the channels do not describe its further axes (also a
            ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").with_array(np.zeros((2, 3, 4), dtype=np.int16))
        <Volume 2 x 3 x 4 int16 on cpu (numpy), spacing 1 x 1 x 1 mm, LPH, PATIENT>
        """
        from hdgpu.volume.volume import Volume  # it builds on this module

        volume = Volume(array, self._affine, self._coordinate_system, self._frame_of_reference_uid, channels)
        if volume.spatial_shape != self._spatial_shape:
            raise VolumeError(
                "the array must match the spatial shape", expected=self._spatial_shape, found=volume.spatial_shape
            )
        return volume

    def _seen_through(self, window: Window, fill: Fill) -> Self:
        affine = window.of_affine(self._affine)
        return type(self)(affine, window.spatial_shape, self._coordinate_system, self._frame_of_reference_uid)

    def _rearranged(self, rearrangement: Rearrangement) -> Self:
        affine = rearrangement.of_affine(self._affine)
        return type(self)(affine, rearrangement.spatial_shape, self._coordinate_system, self._frame_of_reference_uid)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' x '.join(map(str, self.shape))}, {self._geometry_text()}>"
