"""Where the voxels of a volume lie: everything that follows from the affine and the spatial shape."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array
from hdgpu.enum import AxisHandedness, CoordinateSystemNames
from hdgpu.errors import CoordinateSystemError, OutOfBoundsError
from hdgpu.geometry.affine import Float64Array, checked_affine, direction_of, spacing_of
from hdgpu.geometry.orientation import (
    Orientation,
    OrientationLike,
    closest_orientation,
    in_convention,
    orientation_text,
)
from hdgpu.geometry.points import map_points, outside, rounded
from hdgpu.uid import UID

__all__ = ["Placement", "require_inside", "require_patient_convention"]


def _triple(values: Float64Array) -> tuple[float, float, float]:
    first, second, third = values.tolist()
    return first, second, third


def require_patient_convention(coordinate_system: CoordinateSystemNames) -> None:
    """Raise a TypeError where a convention for the axes of the patient has no meaning."""
    if coordinate_system is not CoordinateSystemNames.PATIENT:
        raise TypeError("Argument 'from_reference_convention' has a meaning only in the patient coordinate system.")


def require_inside(indices: Array, spatial_shape: tuple[int, int, int], margin: float) -> None:
    """Make sure that indices, shape (n, 3), lie within a volume, or no more than a part of a voxel outside.

    Raises
    ------
    hdgpu.errors.OutOfBoundsError
        If one does not (also a RuntimeError and a ValueError).
    """
    rows = outside(indices, [-margin] * 3, [size - 1 + margin for size in spatial_shape])
    if rows.size:
        raise OutOfBoundsError(
            f"{rows.size} of {indices.shape[0]} positions lie outside the volume",
            expected=f"indices between 0 and {[size - 1 for size in spatial_shape]}",
            found=f"{to_numpy(indices[int(rows[0]), :]).tolist()} in row {rows[0]}",
        )


class Placement(ABC):
    """An affine, a spatial shape and a frame of reference.

    Lengths are in mm, arrays are float64 NumPy arrays on the host whatever device the voxels are on.
    """

    def __init__(
        self,
        affine: npt.ArrayLike,
        coordinate_system: CoordinateSystemNames | str,
        frame_of_reference_uid: str | None,
        from_reference_convention: OrientationLike | None,
    ) -> None:
        self._affine = checked_affine(affine)
        self._coordinate_system = CoordinateSystemNames(coordinate_system)
        if from_reference_convention is not None:
            require_patient_convention(self._coordinate_system)
            self._affine = in_convention(self._affine, "LPH", source=from_reference_convention)
        self._frame_of_reference_uid = None if frame_of_reference_uid is None else UID(frame_of_reference_uid)

    @property
    @abstractmethod
    def spatial_shape(self) -> tuple[int, int, int]:
        """Number of voxels along the three spatial axes."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of the array, with any channel axes after the three spatial ones."""

    @property
    def ndim(self) -> int:
        """Number of axes, channel axes included."""
        return len(self.shape)

    @property
    def affine(self) -> Float64Array:
        """Copy of the 4 x 4 affine from array indices to mm in the (LPS) frame of reference."""
        return self._affine.copy()

    @property
    def inverse_affine(self) -> Float64Array:
        """4 x 4 affine from mm in the frame of reference to array indices."""
        return np.asarray(np.linalg.inv(self._affine), dtype=np.float64)

    @property
    def coordinate_system(self) -> CoordinateSystemNames:
        """Coordinate system in which the volume is defined."""
        return self._coordinate_system

    @property
    def frame_of_reference_uid(self) -> UID | None:
        """Frame of Reference UID (0020,0052), if known."""
        return self._frame_of_reference_uid

    # --- Lengths ------------------------------------------------------------------------------------------------------

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Spacing in mm along the three spatial axes."""
        return _triple(spacing_of(self._affine))

    @property
    def pixel_spacing(self) -> tuple[float, float]:
        """Spacing in mm between rows and between columns, as in Pixel Spacing, with frames stacked down axis 0."""
        return self.spacing[1:]

    @property
    def spacing_between_slices(self) -> float:
        """Spacing in mm between slices, with frames stacked down axis 0."""
        return self.spacing[0]

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel in cubic mm."""
        return math.prod(self.spacing)

    @property
    def physical_extent(self) -> tuple[float, float, float]:
        """Side lengths of the volume in mm, from edge to edge of the outermost voxels."""
        first, second, third = (size * step for size, step in zip(self.spatial_shape, self.spacing, strict=True))
        return first, second, third

    @property
    def physical_volume(self) -> float:
        """Volume of the whole in cubic mm."""
        return self.voxel_volume * math.prod(self.spatial_shape)

    # --- Directions ---------------------------------------------------------------------------------------------------

    @property
    def direction(self) -> Float64Array:
        """3 x 3 matrix whose columns are the unit vectors along the spatial axes."""
        return direction_of(self._affine)

    @property
    def direction_cosines(self) -> tuple[float, float, float, float, float, float]:
        """Direction cosines of the rows, then of the columns, as in Image Orientation, with frames down axis 0."""
        direction = self.direction
        row, column = direction[:, 2].tolist(), direction[:, 1].tolist()
        return row[0], row[1], row[2], column[0], column[1], column[2]

    def spacing_vectors(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Return the steps in mm from one voxel to the next along the three spatial axes, each of shape (3,)."""
        first, second, third = self._affine[:3, :3].T.copy()
        return first, second, third

    def unit_vectors(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Return the unit vectors along the three spatial axes, each of shape (3,)."""
        first, second, third = self.direction.T
        return first, second, third

    @property
    def handedness(self) -> AxisHandedness:
        """Whether the three spatial axes are right-handed or left-handed in the frame of reference."""
        right_handed = np.linalg.det(self.direction) > 0.0
        return AxisHandedness.RIGHT_HANDED if right_handed else AxisHandedness.LEFT_HANDED

    def get_closest_patient_orientation(self) -> Orientation:
        """Return the patient orientation that best describes the three spatial axes.

        Raises
        ------
        hdgpu.errors.CoordinateSystemError
            If the volume is not in the patient coordinate system (also a RuntimeError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").get_closest_patient_orientation()[2]
        <PatientOrientationValuesBiped.H: 'H'>
        """
        if self._coordinate_system is not CoordinateSystemNames.PATIENT:
            raise CoordinateSystemError("the volume is not defined in the patient coordinate system")
        return closest_orientation(self._affine)

    def get_affine(self, output_convention: OrientationLike | None) -> Float64Array:
        """Return the 4 x 4 affine to a space whose axes follow another convention.

        Parameters
        ----------
        output_convention : str, sequence or None
            Directions of the patient in which the three coordinates increase, as ``"RAH"`` (NIfTI's, "RAS"); None for
            DICOM's own, ``"LPH"``.

        Raises
        ------
        hdgpu.errors.VolumeError
            If it is not one of L and R, one of A and P and one of F and H, in any order.

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT").get_affine("RAH").diagonal().tolist()
        [-1.0, -1.0, 1.0, 1.0]
        """
        return self.affine if output_convention is None else in_convention(self._affine, output_convention)

    # --- Positions ----------------------------------------------------------------------------------------------------

    @property
    def position(self) -> tuple[float, float, float]:
        """Position in mm of the centre of voxel (0, 0, 0)."""
        return _triple(self._affine[:3, 3])

    @property
    def center_indices(self) -> tuple[float, float, float]:
        """Indices of the centre of the volume, which may lie between voxels."""
        first, second, third = ((size - 1) / 2.0 for size in self.spatial_shape)
        return first, second, third

    @property
    def nearest_center_indices(self) -> tuple[int, int, int]:
        """Indices of the centre of the volume, rounded down."""
        first, second, third = ((size - 1) // 2 for size in self.spatial_shape)
        return first, second, third

    @property
    def center_position(self) -> tuple[float, float, float]:
        """Position in mm of the centre of the volume."""
        return _triple((self._affine @ np.array([*self.center_indices, 1.0]))[:3])

    def map_indices_to_reference(self, indices: Array | npt.ArrayLike) -> Array:
        """Transform array indices to positions in the frame of reference.

        Parameters
        ----------
        indices : array or array-like
            Indices, counted from zero, with sub-voxel precision if wanted; shape (n, 3).

        Returns
        -------
        array
            Positions in mm, shape (n, 3), float64: of the library and on the device of the indices.

        Raises
        ------
        hdgpu.errors.VolumeError
            If `indices` has the wrong shape (also a ValueError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.diag([2.0, 1.0, 1.0, 1.0]), (2, 3, 4), "PATIENT")
        >>> geometry.map_indices_to_reference([[1, 2, 3]]).tolist()
        [[2.0, 2.0, 3.0]]
        """
        return map_points(self._affine, indices, "indices")

    def map_reference_to_indices(
        self,
        coordinates: Array | npt.ArrayLike,
        round_output: bool = False,
        check_bounds: bool = False,
    ) -> Array:
        """Transform positions in the frame of reference to array indices.

        Parameters
        ----------
        coordinates : array or array-like
            Positions in mm, shape (n, 3).
        round_output : bool, optional
            Whether to round to the nearest voxel.
        check_bounds : bool, optional
            Whether to raise if a position, before rounding, lies more than half a voxel outside the volume.  Either
            option looks at the positions, and has to wait for the GPU if they lie on one.

        Returns
        -------
        array
            Indices, shape (n, 3), int64 if rounded and else float64: of the library and on the device of the positions.
            Negative or too large for positions outside.

        Raises
        ------
        hdgpu.errors.VolumeError
            If `coordinates` has the wrong shape, or is not finite and to be rounded (also a ValueError).
        hdgpu.errors.OutOfBoundsError
            If a position is out of bounds (also a RuntimeError).

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.diag([2.0, 1.0, 1.0, 1.0]), (2, 3, 4), "PATIENT")
        >>> geometry.map_reference_to_indices([[2.0, 2.0, 3.2]], round_output=True).tolist()
        [[1, 2, 3]]
        """
        indices = map_points(self.inverse_affine, coordinates, "coordinates")
        if check_bounds:
            require_inside(indices, self.spatial_shape, 0.5)
        return rounded(indices, checked=check_bounds) if round_output else indices

    def _geometry_text(self) -> str:
        """Return spacing, orientation and coordinate system for people to read; nothing that identifies a patient."""
        spacing = " x ".join(f"{each:.4g}" for each in self.spacing)
        in_patient = self._coordinate_system is CoordinateSystemNames.PATIENT
        letters = f"{orientation_text(self.get_closest_patient_orientation())}, " if in_patient else ""
        return f"spacing {spacing} mm, {letters}{self._coordinate_system.value}"
