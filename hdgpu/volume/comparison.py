"""Two volumes beside each other: whether they share a space, and whether their geometry is the same."""

from __future__ import annotations

import numpy as np

from hdgpu.errors import CoordinateSystemError, GeometryMismatchError
from hdgpu.volume.placement import Placement

__all__ = ["Comparison", "checked_placement", "require_shared_space", "require_shared_system"]


def checked_placement(other: object) -> Placement:
    """Return what another volume's geometry is wanted of, having made sure that it has one.

    Raises
    ------
    TypeError
        If it is neither a Volume nor a VolumeGeometry.
    """
    if not isinstance(other, Placement):
        raise TypeError(f"A geometry is compared with a Volume or VolumeGeometry, not {type(other).__name__}.")
    return other


def require_shared_system(first: Placement, second: object) -> None:
    """Make sure that directions mean the same in both volumes.

    Raises
    ------
    TypeError
        If the second is neither a Volume nor a VolumeGeometry.
    hdgpu.errors.CoordinateSystemError
        If they are in different coordinate systems (also a RuntimeError).
    """
    other = checked_placement(second)
    if first.coordinate_system is not other.coordinate_system:
        raise CoordinateSystemError(
            "the volumes are in different coordinate systems",
            expected=first.coordinate_system.value,
            found=other.coordinate_system.value,
        )


def require_shared_space(first: object, second: object) -> None:
    """Make sure that the same position is the same place in both volumes.

    Raises
    ------
    TypeError
        If one is neither a Volume nor a VolumeGeometry.
    hdgpu.errors.CoordinateSystemError
        If they are in different coordinate systems (also a RuntimeError).
    hdgpu.errors.GeometryMismatchError
        If their frames of reference are known to be different (also a RuntimeError).
    """
    one, other = checked_placement(first), checked_placement(second)
    require_shared_system(one, other)
    if not _frames_agree(one, other):
        raise GeometryMismatchError(
            "the volumes are in different frames of reference",
            expected=one.frame_of_reference_uid,
            found=other.frame_of_reference_uid,
            remedy="If they are registered nevertheless, make one of them without its 'frame_of_reference_uid'",
        )


def _frames_agree(first: Placement, second: Placement) -> bool:
    """Return whether the frames of reference may be one, as far as they are known."""
    known = {first.frame_of_reference_uid, second.frame_of_reference_uid} - {None}
    return len(known) < 2


class Comparison(Placement):
    """Questions about a volume and another one."""

    def geometry_equal(self, other: Placement, tol: float | None = 1e-5) -> bool:
        """Return whether two volumes have the same geometry.

        That is the same spatial shape and coordinate system, affines that agree, and frames of reference that do not
        contradict each other: in different ones, the same numbers are different places.

        Parameters
        ----------
        other : Volume or VolumeGeometry
            What to compare with.
        tol : float or None, optional
            Largest absolute difference (in mm) between elements of the affines; None if they must match exactly.

        Examples
        --------
        >>> import numpy as np
        >>> from hdgpu.volume import VolumeGeometry
        >>> geometry = VolumeGeometry(np.eye(4), (2, 3, 4), "PATIENT")
        >>> geometry.geometry_equal(geometry.flip_spatial(0)), geometry.geometry_equal(geometry.copy())
        (False, True)
        """
        checked_placement(other)
        return (
            self.spatial_shape == other.spatial_shape
            and self._coordinate_system is other._coordinate_system
            and _frames_agree(self, other)
            and bool((np.abs(self._affine - other._affine) <= (tol or 0.0)).all())
        )
