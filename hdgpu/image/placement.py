"""Where the frames of one image lie: a stack of planes, or a matrix of tiles in one plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag
from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import (
    CoordinateSystemError,
    DuplicatePositionError,
    GantryTiltError,
    IrregularSpacingError,
    MissingGeometryError,
    MixedGeometryError,
    MixedOrientationError,
    MosaicError,
)
from hdgpu.frames.table import FrameTable
from hdgpu.geometry.affine import Float64Array, affine_from_attributes
from hdgpu.geometry.attributes import get_image_coordinate_system, read_total_pixel_matrix
from hdgpu.geometry.positions import get_volume_positions
from hdgpu.geometry.slide import MICROMETRES
from hdgpu.geometry.stack import SHIFT_TOLERANCE, diagnose_stack
from hdgpu.geometry.tiled_full import is_tiled_full, read_tiled_full

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["FrameStack", "Tolerances", "matrix_affine", "stack_frames"]

_SAME_ORIENTATION = 1e-5
_SAME_SPACING = 1e-6
_LONE_SLICE_SPACING = 1.0


@dataclass(frozen=True, slots=True)
class Tolerances:
    """By how much slices may be off a regular volume: see `hdgpu.spatial.get_volume_positions`."""

    rtol: float | None = None
    atol: float | None = None
    perpendicular_tol: float | None = None


@dataclass(frozen=True, slots=True)
class FrameStack:
    """A regular stack of frames.

    Attributes
    ----------
    order : numpy.ndarray
        (slices,) int64, number of the frame at each place, counted from zero; -1 where there is none, and the first of
        several.
    affine : numpy.ndarray
        4 x 4, from (slice, row, column) to mm.
    duplicates : tuple of int
        Numbers of frames, counted from zero, that share a place with an earlier one.
    """

    order: npt.NDArray[np.int64]
    affine: Float64Array
    duplicates: tuple[int, ...]


def stack_frames(
    instance: Instance, table: FrameTable, tolerances: Tolerances, *, allow_missing_positions: bool
) -> FrameStack:
    """Find the stack that the frames of an image form; several may share a place.

    Raises
    ------
    MissingGeometryError, MixedOrientationError, MixedGeometryError, IrregularSpacingError, GantryTiltError, ...
        If they form none: a StackError that says why.
    """
    name = instance.name
    if instance.is_mosaic:
        raise MosaicError("the frames show the slices of a volume side by side", source=name)
    if np.isnan(table.position).any() or np.isnan(table.orientation).any() or np.isnan(table.spacing).any():
        raise MissingGeometryError("some of the frames have no position, orientation or pixel spacing", source=name)
    _require_alike(table.orientation, _SAME_ORIENTATION, MixedOrientationError, "orientation", name)
    _require_alike(table.spacing, _SAME_SPACING, MixedGeometryError, "pixel spacing", name)
    between = float(table.between_slices[0])
    spacing, places = get_volume_positions(
        table.position.tolist(),
        table.orientation[0].tolist(),
        rtol=tolerances.rtol,
        atol=tolerances.atol,
        perpendicular_tol=tolerances.perpendicular_tol,
        allow_missing_positions=allow_missing_positions,
        allow_duplicate_positions=True,
        spacing_hint=between if between > 0 else None,
    )
    if spacing is None or places is None:
        raise _why_not(table, tolerances, name)
    order = np.full(max(places) + 1, -1, np.int64)
    duplicates = []
    for frame, place in enumerate(places):
        if order[place] < 0:
            order[place] = frame
        else:
            duplicates.append(frame)
    affine = affine_from_attributes(
        image_position=table.position[order[0]].tolist(),
        image_orientation=table.orientation[0].tolist(),
        pixel_spacing=table.spacing[0].tolist(),
        spacing_between_slices=spacing,
    )
    if tolerances.perpendicular_tol is None:
        _require_in_place(table.position, np.array(places), affine, tolerances, name)
    return FrameStack(order, affine, tuple(duplicates))


def _require_in_place(
    positions: Float64Array, places: npt.NDArray[np.int64], affine: Float64Array, tolerances: Tolerances, name: str
) -> None:
    """Raise if a frame lies too far from where the affine has it: small angles and differences add up over a stack."""
    step = affine[:3, 0]
    spacing = float(np.linalg.norm(step))
    off = positions - affine[:3, 3] - places[:, None] * step
    along = np.abs(off @ step) / spacing
    within = np.linalg.norm(off - np.outer(off @ step, step) / spacing**2, axis=1)
    allowed = SHIFT_TOLERANCE * spacing
    for distances, limit, error, how in (
        (within, allowed, GantryTiltError, "along its plane"),
        (along, max(allowed, tolerances.atol or 0, (tolerances.rtol or 0) * spacing), IrregularSpacingError, "away"),
    ):
        if distances.max() > limit:
            raise error(
                "the frames do not form one regular stack",
                source=name,
                frame=int(distances.argmax()) + 1,
                expected=f"within {limit:.4g} mm of its place in a stack of slices {spacing:.6g} mm apart",
                found=f"{distances.max():.4g} mm {how}",
                remedy="Pass `perpendicular_tol` to have the frames stacked all the same",
            )


def _require_alike(values: Float64Array, tolerance: float, error: Any, what: str, name: str) -> None:
    differing = np.flatnonzero(np.abs(values - values[0]).max(axis=1) > tolerance)
    if len(differing):
        raise error(
            f"the frames differ in {what}",
            source=name,
            frame=int(differing[0]) + 1,
            expected=f"{values[0].tolist()}, as frame 1",
            found=values[differing[0]].tolist(),
        )


def _why_not(table: FrameTable, tolerances: Tolerances, name: str) -> Exception:
    """Return the error for frames that are no volume, with what a diagnosis of them says."""
    distinct = np.unique(table.position, axis=0)
    orientations = np.repeat(table.orientation[:1], len(distinct), axis=0)
    diagnosis = diagnose_stack(
        distinct,
        orientations,
        rtol=tolerances.rtol,
        atol=tolerances.atol,
        perpendicular_tol=tolerances.perpendicular_tol,
    )
    try:
        diagnosis.check(name)
    except Exception as error:
        return error
    return IrregularSpacingError(
        "the frames do not form one regular stack within these tolerances", source=name, diagnosis=diagnosis
    )


def require_no_duplicates(stack: FrameStack, name: str) -> None:
    """Raise if several frames lie at one place.

    Raises
    ------
    DuplicatePositionError
    """
    if stack.duplicates:
        raise DuplicatePositionError(
            "several frames lie at one position",
            source=name,
            frame=stack.duplicates[0] + 1,
            found=f"{len(stack.duplicates)} more frames than positions",
            remedy="Read the frames with get_frames",
        )


def matrix_affine(dataset: Dataset, instance: Instance, frame: int = 0) -> Float64Array:
    """Return the affine of a total pixel matrix: of one slice, whose first axis is its normal.

    Parameters
    ----------
    dataset : pydicom.Dataset
        The image.
    instance : Instance
        The same image.
    frame : int, default 0
        Zero-based number of a frame of the focal plane that is meant.

    Raises
    ------
    MissingGeometryError, MissingAttributeError, InvalidAttributeError
        If the data set does not say where the matrix lies.
    """
    plane = read_total_pixel_matrix(dataset, _height(dataset, instance, frame))
    return affine_from_attributes(spacing_between_slices=plane.slice_unit, **plane.arguments())


def _height(dataset: Dataset, instance: Instance, frame: int) -> float | None:
    """Return z in mm of a tile, None if it has none of its own; the functional groups of the others are not read."""
    if is_tiled_full(dataset):
        return read_tiled_full(dataset).position(frame + 1)[2] if frame else None
    (place,) = next(instance.functional_groups([Tag.PLANE_POSITION_SLIDE_SEQUENCE], {frame}), (None,))
    height = place.decimals(Tag.Z_OFFSET_IN_SLIDE_COORDINATE_SYSTEM, 1) if place is not None else None
    return height[0] / MICROMETRES if height else None


def coordinate_system_of(dataset: Dataset, name: str) -> CoordinateSystemNames:
    """Return the coordinate system that the image is placed in.

    Raises
    ------
    CoordinateSystemError
        If there is none (also a RuntimeError).
    """
    system = get_image_coordinate_system(dataset)
    if system is None:
        raise CoordinateSystemError("the image has no frame of reference, or no position in it", source=name)
    return system
