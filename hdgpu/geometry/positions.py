"""Parallel planes in space: in which order they lie, and at which places of a regular volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.enum import AxisHandedness
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import Float64Array
from hdgpu.geometry.conventions import VOLUME_INDEX_CONVENTION, IndexConventionLike
from hdgpu.geometry.image_affine import get_normal_vector
from hdgpu.geometry.planes import PlaneOrder, order_planes

__all__ = ["get_plane_sort_index", "get_volume_positions"]

_RTOL = 0.01
_PERPENDICULAR_TOLERANCE = 1e-3
_SAME_DISTANCE = 1e-9
"""Part of the extent of all planes below which a distance is none, but what rounding leaves of one."""

_LONE_SPACING = 1.0
"""Spacing in mm that one plane by itself is said to have, as in highdicom."""


def get_plane_sort_index(
    image_positions: Sequence[Sequence[float]],
    image_orientation: Sequence[float],
    index_convention: IndexConventionLike = VOLUME_INDEX_CONVENTION,
    handedness: AxisHandedness | str = AxisHandedness.RIGHT_HANDED,
) -> list[int]:
    """Get the order in which parallel planes lie along their normal.

    Parameters
    ----------
    image_positions : array-like
        Position of each plane in mm, shape (n, 3).
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns, of all of them.
    index_convention : str or sequence of 2, optional
        Directions in the image in which first and second pixel index increase: ``"DR"`` as in arrays, ``"RD"`` as in
        DICOM, or enumerated values.
    handedness : AxisHandedness or str, optional
        Handedness of the first, the second and the axis along which the planes are ordered.

    Returns
    -------
    list of int
        For each place in the stack, the index of the plane that lies there; planes at one distance stay in the order
        given.

    Raises
    ------
    hdgpu.errors.VolumeError
        If the positions have another shape or are not finite, or cosines or convention are none (also a ValueError).

    Examples
    --------
    >>> get_plane_sort_index([[0, 0, 2.0], [0, 0, 0.0], [0, 0, 1.0]], [1, 0, 0, 0, 1, 0])
    [0, 2, 1]
    """
    normal = get_normal_vector(image_orientation, index_convention, handedness)
    positions = _rows_of_three(image_positions)
    if not np.isfinite(positions).all():
        raise VolumeError("argument 'image_positions' is not finite", found=positions.tolist())
    return [int(each) for each in order_planes(positions, normal).order]


def _rows_of_three(image_positions: Any) -> Float64Array:
    positions = np.asarray(image_positions, dtype=np.float64)
    if positions.ndim != 2 or positions.shape[1] != 3:
        raise VolumeError("argument 'image_positions' has the wrong shape", expected="(n, 3)", found=positions.shape)
    return positions


def get_volume_positions(
    image_positions: Sequence[Sequence[float]],
    image_orientation: Sequence[float],
    *,
    rtol: float | None = None,
    atol: float | None = None,
    perpendicular_tol: float | None = None,
    sort: bool = True,
    allow_missing_positions: bool = False,
    allow_duplicate_positions: bool = False,
    spacing_hint: float | None = None,
    index_convention: IndexConventionLike = VOLUME_INDEX_CONVENTION,
    handedness: AxisHandedness | str = AxisHandedness.RIGHT_HANDED,
    enforce_handedness: bool = False,
) -> tuple[float | None, list[int] | None]:
    """Get the spacing of parallel planes and the place of each of them, if together they are a regular volume.

    That is to say that they are equally far from each other and stacked along their normal.  One plane is one, too.

    Parameters
    ----------
    image_positions : array-like
        Position of each plane in mm, shape (n, 3).
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns, of all of them.
    rtol, atol : float, optional
        By how much distances between neighbours may differ from their mean, as a part of it (0.01 by default) or in mm.
    perpendicular_tol : float, optional
        By how much the cosine between the normal and the direction from the first plane to another may differ from 1
        (0.001 by default).
    sort : bool, optional
        If not, the planes have to lie in the order given.
    allow_missing_positions : bool, optional
        Whether places of the volume may be empty.  The spacing is then the hint, or else the smallest distance.
    allow_duplicate_positions : bool, optional
        Whether several planes may lie at exactly one position.
    spacing_hint : float, optional
        Spacing expected, in mm; its sign does not count.
    index_convention, handedness
        Which way the places are counted: see `get_plane_sort_index`.
    enforce_handedness : bool, optional
        Whether planes that are not to be sorted have to follow each other in that direction, or may in its opposite.

    Returns
    -------
    spacing : float or None
        Spacing between planes in mm; the hint, or 1, if all are in one place.  None if they are no volume.
    positions : list of int or None
        Place of each plane in the volume, counted from 0.  None if they are no volume.

    Raises
    ------
    TypeError
        If both tolerances are given.
    hdgpu.errors.VolumeError
        If there is no plane, the positions have another shape, cosines or convention are none, a tolerance is negative,
        the hint is 0, or missing or duplicate positions are allowed of planes that are not to be sorted (also a
        ValueError).

    Notes
    -----
    With ``sort=False`` highdicom 0.28 looks at the planes in the order of their coordinates, not in the order given;
    here the order given counts, as its documentation has it.

    Examples
    --------
    >>> get_volume_positions([[0, 0, 2.0], [0, 0, 0.0], [0, 0, 1.0]], [1, 0, 0, 0, 1, 0])
    (1.0, [0, 2, 1])
    >>> get_volume_positions([[0, 0, 0.0], [0, 0, 1.0], [0, 0, 4.0]], [1, 0, 0, 0, 1, 0], allow_missing_positions=True)
    (1.0, [4, 3, 0])
    """
    _check_options(rtol, atol, perpendicular_tol, spacing_hint)
    if not sort and (allow_missing_positions or allow_duplicate_positions):
        raise VolumeError("positions that are missing or there twice are allowed of sorted planes only")
    normal = get_normal_vector(image_orientation, index_convention, handedness)
    positions = _rows_of_three(image_positions)
    if not len(positions):
        raise VolumeError("there is no position", expected="(n, 3)", found=positions.shape)
    hint = None if spacing_hint is None else abs(float(spacing_hint))
    if not np.isfinite(positions).all():
        return None, None
    distinct, which = np.unique(positions, axis=0, return_inverse=True)
    if len(distinct) == 1 and (len(positions) == 1 or allow_duplicate_positions):
        return hint or _LONE_SPACING, [0] * len(positions)
    if len(distinct) < len(positions) and not allow_duplicate_positions:
        return None, None
    if not sort:
        distinct, which = positions, np.arange(len(positions))
    planes = order_planes(distinct, normal, sort=sort)
    tolerances = (0.0 if atol is not None else _RTOL if rtol is None else rtol, atol or 0.0)
    perpendicular = _PERPENDICULAR_TOLERANCE if perpendicular_tol is None else perpendicular_tol
    if not _is_straight(distinct[planes.order], normal, perpendicular):
        return None, None
    if allow_missing_positions:
        spacing, places = _places_with_gaps(planes, hint, tolerances)
        if places is not None and not allow_duplicate_positions and not np.diff(places).all():
            return None, None  # planes beside each other, at one distance
    else:
        spacing, places = _places_without_gaps(planes, hint, tolerances)
    if places is None or (spacing < 0.0 and enforce_handedness):
        return None, None
    place_of = np.empty(len(distinct), dtype=np.int64)
    place_of[planes.order] = places
    return abs(spacing), place_of[which.reshape(-1)].tolist()


def _check_options(
    rtol: float | None, atol: float | None, perpendicular_tol: float | None, spacing_hint: float | None
) -> None:
    if rtol is not None and atol is not None:
        raise TypeError("Arguments 'rtol' and 'atol' may not be given together.")
    for name, value in (("rtol", rtol), ("atol", atol), ("perpendicular_tol", perpendicular_tol)):
        if value is not None and not value >= 0.0:
            raise VolumeError(f"argument {name!r} is negative", found=value)
    if spacing_hint is not None and (spacing_hint == 0.0 or not np.isfinite(spacing_hint)):
        raise VolumeError("argument 'spacing_hint' is no length", found=spacing_hint)


def _is_straight(ordered: Float64Array, normal: Float64Array, tolerance: float) -> bool:
    """Return whether all positions lie along the normal from the first, in either direction."""
    away = ordered[1:] - ordered[0]
    cosines = away @ normal / np.linalg.norm(away, axis=1)
    return bool((np.abs(np.abs(cosines) - 1.0) < tolerance).all())


def _places_without_gaps(
    planes: PlaneOrder, hint: float | None, tolerances: tuple[float, float]
) -> tuple[float, npt.NDArray[np.int64] | None]:
    """Return the mean distance, negative if it goes against the normal, and the places, or None if there are none."""
    rtol, atol = tolerances
    spacing = planes.mean_step
    regular = np.isclose(planes.steps, spacing, rtol=rtol, atol=atol).all()
    expected = hint is None or np.isclose(abs(spacing), hint, rtol=rtol, atol=atol)
    return spacing, np.arange(len(planes.order)) if regular and expected else None


def _places_with_gaps(
    planes: PlaneOrder, hint: float | None, tolerances: tuple[float, float]
) -> tuple[float, npt.NDArray[np.int64] | None]:
    """Return the spacing, and the places, whole multiples of it away from the first, or None if some are not."""
    rtol, atol = tolerances
    spacing = float(planes.steps.min()) if hint is None else hint
    if spacing <= _SAME_DISTANCE * (planes.distances[-1] - planes.distances[0]):
        return spacing, None
    multiples = (planes.distances - planes.distances[0]) / spacing
    places = np.rint(multiples).astype(np.int64)
    fits = (np.abs(multiples - places) * spacing <= atol + rtol * spacing).all()
    return spacing, places if fits else None
