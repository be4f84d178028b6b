"""The common base of Volume and VolumeGeometry: all that they can do in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import Float64Array, affine_from_components, origin_for_center
from hdgpu.geometry.orientation import OrientationLike, direction_for_orientation, in_convention
from hdgpu.volume.augmentation import Augmentation
from hdgpu.volume.comparison import Comparison
from hdgpu.volume.matching import Matching
from hdgpu.volume.placement import require_patient_convention
from hdgpu.volume.planes import Planes

__all__ = ["VolumeBase", "affine_of_components"]


class VolumeBase(Matching, Augmentation, Planes, Comparison):
    """Operations on a volume in space; none changes a voxel's value or place.

    A subclass says how its voxels follow a rearrangement (`_rearranged`) and a window (`_seen_through`).
    """


def affine_of_components(
    spatial_shape: Sequence[int],
    *,
    spacing: float | Sequence[float],
    coordinate_system: CoordinateSystemNames | str,
    position: Sequence[float] | None,
    center_position: Sequence[float] | None,
    direction: npt.ArrayLike | None,
    patient_orientation: OrientationLike | None,
    from_reference_convention: OrientationLike | None,
) -> Float64Array:
    """Return the affine for the arguments that `from_components` of both classes takes."""
    system = CoordinateSystemNames(coordinate_system)
    if from_reference_convention is not None:
        require_patient_convention(system)
    if (position is None) == (center_position is None):
        raise TypeError("Exactly one of 'position' or 'center_position' must be provided.")
    if (direction is None) == (patient_orientation is None):
        raise TypeError("Exactly one of 'direction' or 'patient_orientation' must be provided.")
    to_dicom = in_convention(
        np.eye(4), "LPH", source="LPH" if from_reference_convention is None else from_reference_convention
    )
    matrix: Any = direction
    if patient_orientation is not None:
        if system is not CoordinateSystemNames.PATIENT:
            raise VolumeError("'patient_orientation' has a meaning only in the patient coordinate system")
        # the letters name directions of the patient, in whatever convention the position is given
        matrix = to_dicom[:3, :3].T @ direction_for_orientation(patient_orientation)
    affine = affine_from_components(spacing, matrix, (0.0, 0.0, 0.0) if position is None else position)
    if center_position is not None:
        affine[:3, 3] = origin_for_center(affine, spatial_shape, center_position)
    return np.asarray(to_dicom @ affine)
