"""Do these frames form one regular stack?  A diagnosis, made from positions and orientations alone.

The plane of a frame is given by Image Position and Image Orientation (PS3.3 C.7.6.2.1.1); frames are ordered by the
projection of their positions on the normal of the planes, in the direction that makes (slice, row, column) a
right-handed system.  All geometry is float64 on the host, in mm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.errors import (
    DuplicatePositionError,
    GantryTiltError,
    IrregularSpacingError,
    MissingGeometryError,
    MissingSliceError,
    MixedGeometryError,
    MixedOrientationError,
    MixedSizeError,
    MosaicError,
    StackError,
)
from hdgpu.geometry.affine import stacking_normal
from hdgpu.geometry.planes import order_planes

__all__ = [
    "SHIFT_TOLERANCE",
    "Gap",
    "StackDiagnosis",
    "StackVerdict",
    "diagnose_planes",
    "diagnose_stack",
    "usual_distance",
]

Float = npt.NDArray[np.float64]

DEFAULT_RTOL = 0.01
# Direction cosines are written with six digits or more; 1e-4 is 0.006 degrees.
_ORIENTATION_TOLERANCE = 1e-4
# Below a thousandth of the usual distance two positions are one and the same.
_SAME_POSITION = 1e-3
# How far from a whole multiple of the usual distance a gap may be, as a part of that distance.
_GAP_TOLERANCE = 0.1
# How far a slice may lie from where the affine has it, as a part of the distance between slices.  Rounded positions
# stay well below.
SHIFT_TOLERANCE = 0.1


class StackVerdict(StrEnum):
    """What is true of a set of frames, taken as a stack."""

    REGULAR = "regular"
    SINGLE = "single slice"
    EMPTY = "no frames"
    NO_GEOMETRY = "no geometry"
    MOSAIC = "mosaic"
    MIXED_SIZES = "mixed sizes"
    MIXED_GEOMETRY = "mixed geometry"
    MIXED_ORIENTATIONS = "mixed orientations"
    DUPLICATES = "duplicate positions"
    TILT = "tilt"
    GAP = "gap"
    IRREGULAR = "irregular"


_ERRORS: dict[StackVerdict, type[StackError]] = {
    StackVerdict.EMPTY: MissingGeometryError,
    StackVerdict.NO_GEOMETRY: MissingGeometryError,
    StackVerdict.MOSAIC: MosaicError,
    StackVerdict.MIXED_SIZES: MixedSizeError,
    StackVerdict.MIXED_GEOMETRY: MixedGeometryError,
    StackVerdict.MIXED_ORIENTATIONS: MixedOrientationError,
    StackVerdict.DUPLICATES: DuplicatePositionError,
    StackVerdict.TILT: GantryTiltError,
    StackVerdict.GAP: MissingSliceError,
    StackVerdict.IRREGULAR: IrregularSpacingError,
}

_SPLIT = "`hdgpu.read_series(...)[0].split()` returns parts that may each be a volume"
_REGRID = "Pass `regrid=True` to `load_volume`: slices are moved along their planes and interpolated at even distances"
_REMEDIES: dict[StackVerdict, str] = {
    StackVerdict.EMPTY: "",
    StackVerdict.NO_GEOMETRY: "Read the frames by themselves: `hdgpu.imread(file).get_frames()`",
    StackVerdict.MOSAIC: "Convert the files with a program that takes mosaics apart, such as dcm2niix",
    StackVerdict.MIXED_SIZES: _SPLIT,
    StackVerdict.MIXED_GEOMETRY: _SPLIT,
    StackVerdict.MIXED_ORIENTATIONS: _SPLIT,
    StackVerdict.DUPLICATES: _SPLIT,
    StackVerdict.TILT: _REGRID,
    StackVerdict.GAP: "Look for the files that are missing; nothing is put in their place",
    StackVerdict.IRREGULAR: f"{_REGRID}, or pass a larger `rtol` or `atol`",
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where slices are missing.

    Attributes
    ----------
    after : int
        Place in the ordered stack of the slice before the gap.
    distance : float
        Distance to the next slice in mm.
    missing : int
        How many slices would fit in between.
    """

    after: int
    distance: float
    missing: int


@dataclass(frozen=True, slots=True)
class StackDiagnosis:
    """What was measured on a set of frames.

    Attributes
    ----------
    verdict : StackVerdict
    order : numpy.ndarray
        (n,) int64, frame indices along the stack; the given order where there is no geometry to go by.
    spacing : float or None
        Mean distance between slices in mm, along the normal.
    deviation : float
        Largest difference of a distance from `spacing`, in mm.
    gaps : tuple of Gap
    duplicates : tuple of tuple of int
        Groups of frame indices that share a position.
    tilt_degrees : float
        Angle between the direction of stacking and the normal of the slices.
    detail : str
        More on the verdict, for reading.
    """

    verdict: StackVerdict
    order: npt.NDArray[np.int64] = field(repr=False)
    spacing: float | None = None
    deviation: float = 0.0
    gaps: tuple[Gap, ...] = ()
    duplicates: tuple[tuple[int, ...], ...] = ()
    tilt_degrees: float = 0.0
    detail: str = ""

    @property
    def is_regular(self) -> bool:
        """Whether the frames form a volume as they are."""
        return self.verdict in (StackVerdict.REGULAR, StackVerdict.SINGLE)

    def describe(self) -> str:
        """Return the diagnosis in one line."""
        return f"{self.verdict}: {self.detail}" if self.detail else str(self.verdict)

    def check(self, source: object = None) -> None:
        """Raise the error that names what keeps the frames from being a volume, if anything does.

        Raises
        ------
        StackError
            One of its kinds, with this diagnosis as its `diagnosis`.
        """
        if self.is_regular:
            return
        raise _ERRORS[self.verdict](
            f"the frames do not form one regular stack: {self.describe()}",
            source=source,
            remedy=_REMEDIES[self.verdict],
            diagnosis=self,
        )


def diagnose_stack(
    positions: Float,
    orientations: Float,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    perpendicular_tol: float | None = None,
    orientation_tol: float | None = None,
) -> StackDiagnosis:
    """Diagnose frames of one size.

    Parameters
    ----------
    positions : numpy.ndarray
        (n, 3) float64, Image Position (Patient) in mm; NaN where absent.
    orientations : numpy.ndarray
        (n, 6) float64, Image Orientation (Patient); NaN where absent.
    rtol : float, optional
        Distances may differ from their mean by this part of it; 0.01 if neither is given.
    atol : float, optional
        Distances may differ from their mean by this many mm.
    perpendicular_tol : float, optional
        The cosine between the direction of stacking and the normal may differ from 1 by this much; by default slices
        may be shifted along their plane by a tenth of the distance between them, from the first to the last.
    orientation_tol : float, optional
        The cosines between rows, and between columns, of two frames may differ from 1 by this much; by default all
        direction cosines may differ by 0.0001.

    Returns
    -------
    StackDiagnosis

    Raises
    ------
    TypeError
        If both tolerances are given.

    Examples
    --------
    >>> positions = np.array([[0.0, 0.0, 4.0], [0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 8.0]])
    >>> diagnosis = diagnose_stack(positions, np.tile([1.0, 0, 0, 0, 1, 0], (4, 1)))
    >>> diagnosis.describe()
    'gap: 1 slice missing after slice 1 of 4 (4 mm where 2 mm is usual)'
    """
    if rtol is not None and atol is not None:
        raise TypeError("rtol and atol may not be given together")
    given = np.arange(len(positions))
    if not len(positions):
        return StackDiagnosis(StackVerdict.EMPTY, given)
    absent = np.isnan(positions).any(axis=1) | np.isnan(orientations).any(axis=1)
    if absent.any():
        detail = f"{int(absent.sum())} of {len(given)} frames have no position or no orientation"
        return StackDiagnosis(StackVerdict.NO_GEOMETRY, given, detail=detail)
    differing = _are_differing(orientations, orientation_tol)
    if differing.any():
        detail = f"{int(differing.sum())} of {len(given)} frames are not parallel to the first"
        return StackDiagnosis(StackVerdict.MIXED_ORIENTATIONS, given, detail=detail)
    if len(given) == 1:
        return StackDiagnosis(StackVerdict.SINGLE, given)
    return _diagnose_parallel(positions, stacking_normal(orientations[0]), rtol, atol, perpendicular_tol)


def diagnose_planes(positions: Float, orientations: Float) -> StackDiagnosis:
    """Diagnose frames of one size by their planes alone: at any distance, and wherever along their plane they lie.

    Parameters
    ----------
    positions, orientations : numpy.ndarray
        As for `diagnose_stack`.

    Returns
    -------
    StackDiagnosis
        Regular where nothing is missing between parallel planes.

    Examples
    --------
    >>> positions = np.array([[0.0, 0.0, 0.0], [0.0, 0.7, 2.0], [0.0, 1.1, 3.1]])
    >>> diagnose_planes(positions, np.tile([1.0, 0, 0, 0, 1, 0], (3, 1))).is_regular
    True
    """
    normal = stacking_normal(orientations[0])
    normal = normal / np.linalg.norm(normal)
    diagnosis = diagnose_stack(np.outer(positions @ normal, normal), orientations)
    return (
        replace(diagnosis, verdict=StackVerdict.REGULAR) if diagnosis.verdict is StackVerdict.IRREGULAR else diagnosis
    )


def _are_differing(orientations: Float, tolerance: float | None) -> Any:
    """Return which frames are not parallel to the first."""
    if tolerance is None:
        return np.abs(orientations - orientations[0]).max(axis=1) > _ORIENTATION_TOLERANCE
    cosines = (orientations * orientations[0]).reshape(-1, 2, 3).sum(axis=2)
    return (1.0 - cosines > tolerance).any(axis=1)


def _diagnose_parallel(
    positions: Float, normal: Float, rtol: float | None, atol: float | None, perpendicular_tol: float | None
) -> StackDiagnosis:
    """Diagnose two or more parallel frames by the distances between their planes."""
    planes = order_planes(positions, normal)
    order, steps, spacing = planes.order, planes.steps, planes.mean_step
    usual = usual_distance(steps)
    deviation = float(np.abs(steps - spacing).max())
    tolerance = atol if atol is not None else (DEFAULT_RTOL if rtol is None else rtol) * spacing
    verdict = partial(StackDiagnosis, order=order, spacing=spacing, deviation=deviation)

    same = steps <= _SAME_POSITION * usual
    if same.any():
        return _duplicates(positions, order, same, verdict)
    along, shift = _in_plane_shifts(positions[order], normal)
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(along), float(planes.distances[-1] - planes.distances[0]))))
    if perpendicular_tol is None:
        is_tilted = np.linalg.norm(along) > SHIFT_TOLERANCE * spacing
    else:
        is_tilted = 1.0 - np.cos(np.radians(tilt)) > perpendicular_tol
    if is_tilted:
        detail = f"{tilt:.4g} degrees between the direction of stacking and the normal"
        return verdict(StackVerdict.TILT, tilt_degrees=tilt, detail=detail)
    if shift.max() > SHIFT_TOLERANCE * spacing:
        detail = f"slice {int(shift.argmax()) + 1} of {len(order)} is shifted along its plane by {shift.max():.4g} mm"
        return verdict(StackVerdict.IRREGULAR, detail=detail)
    drift = np.abs(planes.distances - planes.distances[0] - spacing * np.arange(len(order)))
    if deviation <= tolerance and drift.max() > max(SHIFT_TOLERANCE * spacing, tolerance):
        slowly = f"slice {int(drift.argmax()) + 1} of {len(order)} lies {drift.max():.4g} mm from its place"
        return verdict(StackVerdict.IRREGULAR, detail=f"{slowly} in a stack of slices {spacing:.6g} mm apart")
    if deviation <= tolerance:
        return verdict(StackVerdict.REGULAR, detail=f"{spacing:.6g} mm apart")
    gaps = _gaps(steps, usual)
    if gaps:
        return verdict(StackVerdict.GAP, gaps=gaps, detail=_describe_gaps(gaps, len(order), usual))
    detail = f"distances from {steps.min():.6g} to {steps.max():.6g} mm, {deviation:.3g} mm off their mean at most"
    return verdict(StackVerdict.IRREGULAR, detail=detail)


def usual_distance(steps: Float) -> float:
    """Return the lower median of the distances that are not nil: of 1 mm and 2 mm the usual one is 1 mm.

    Examples
    --------
    >>> usual_distance(np.array([2.0, 1.0, 0.0]))
    1.0
    """
    distinct = np.sort(steps[steps > _SAME_POSITION * steps.max()])
    return float(distinct[(len(distinct) - 1) // 2]) if len(distinct) else 0.0


def _duplicates(
    positions: Float,
    order: npt.NDArray[np.int64],
    same: npt.NDArray[np.bool_],
    verdict: Callable[..., StackDiagnosis],
) -> StackDiagnosis:
    """Say which frames lie in one plane, and whether they lie at one place of it."""
    breaks = np.flatnonzero(~same) + 1
    groups = tuple(tuple(group.tolist()) for group in np.split(order, breaks) if len(group) > 1)
    planes = len(breaks) + 1
    detail = f"{len(order)} frames at {planes} position{'s' * (planes > 1)}, up to {max(map(len, groups))} at one"
    if np.abs(np.diff(positions[order], axis=0))[same].max() > _SAME_POSITION:
        detail += "; some share a plane but not a place in it"
    return verdict(StackVerdict.DUPLICATES, duplicates=groups, detail=detail)


def _in_plane_shifts(positions: Float, normal: Float) -> tuple[Float, Float]:
    """Return the shift along the plane from first to last position, (3,), and how far each lies off that line, (n,)."""
    unit = normal / np.linalg.norm(normal)
    relative = positions - positions[0]
    heights = relative @ unit
    lateral = relative - heights[:, None] * unit
    line = lateral[-1] / heights[-1]
    return lateral[-1], np.linalg.norm(lateral - heights[:, None] * line, axis=1)


def _gaps(steps: Float, usual: float) -> tuple[Gap, ...]:
    """Return the gaps if every distance is a whole multiple of the usual one, else none."""
    multiples = np.rint(steps / usual)
    if (multiples < 1).any() or (np.abs(steps / usual - multiples) > _GAP_TOLERANCE).any():
        return ()
    places = np.flatnonzero(multiples > 1)
    return tuple(Gap(int(place), float(steps[place]), int(multiples[place]) - 1) for place in places)


def _describe_gaps(gaps: tuple[Gap, ...], count: int, usual: float) -> str:
    first, missing = gaps[0], sum(gap.missing for gap in gaps)
    text = (
        f"{missing} slice{'s' * (missing > 1)} missing after slice {first.after + 1} of {count}"
        f" ({first.distance:.4g} mm where {usual:.4g} mm is usual)"
    )
    if len(gaps) > 1:
        text += f" and at {len(gaps) - 1} more place{'s' * (len(gaps) > 2)}"
    return text
