"""Affine matrices from voxel indices to the frame of reference, in float64 on the host.

An affine is 4 x 4.  Its first three columns are the steps in mm from one voxel to the next along each axis of the
array, its fourth the position of the centre of voxel (0, 0, 0) in mm (PS3.3 C.7.6.2.1.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hdgpu.errors import VolumeError

__all__ = [
    "Float64Array",
    "affine_from_attributes",
    "affine_from_components",
    "as_vector",
    "checked_affine",
    "checked_directions",
    "checked_orientation",
    "checked_spacing",
    "direction_of",
    "origin_for_center",
    "spacing_of",
    "stacking_normal",
]

Float64Array: TypeAlias = npt.NDArray[np.float64]

ORTHOGONALITY_TOLERANCE = 1e-4
"""Largest cosine between two axes that still counts as a right angle: about 0.006 degrees, as in highdicom."""

UNIT_LENGTH_TOLERANCE = 1e-2
"""Largest departure of direction cosines from unit length, and of the cosine between them from 0."""


def as_vector(values: Any, length: int, name: str) -> Float64Array:
    """Return that many finite numbers as float64.

    Raises
    ------
    TypeError
        If the values are no sequence.
    hdgpu.errors.VolumeError
        If there are more or fewer of them, or one is not finite.

    Examples
    --------
    >>> as_vector(["1.5", 2, 3], 3, "position")
    array([1.5, 2. , 3. ])
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim == 0:
        raise TypeError(f"Argument {name!r} must be a sequence.")
    if vector.shape != (length,):
        raise VolumeError(f"argument {name!r} has the wrong length", expected=length, found=_shape_text(vector.shape))
    if not np.isfinite(vector).all():
        raise VolumeError(f"argument {name!r} is not finite", found=vector.tolist())
    return vector


def _shape_text(shape: tuple[int, ...]) -> object:
    return shape[0] if len(shape) == 1 else shape


def checked_affine(affine: Any) -> Float64Array:
    """Return a float64 copy of the affine, having made sure that it places voxels in space.

    Raises
    ------
    hdgpu.errors.VolumeError
        If it is not 4 x 4 and finite, if its last row is not (0, 0, 0, 1), or if its axes have no length or are not
        at right angles to each other.

    Examples
    --------
    >>> checked_affine([[2, 0, 0, 1], [0, 2, 0, 1], [0, 0, 2, 1], [0, 0, 0, 1]])[:, 3]
    array([1., 1., 1., 1.])
    """
    matrix = np.array(affine, dtype=np.float64)
    if matrix.shape != (4, 4):
        raise VolumeError("the affine matrix has the wrong shape", expected=(4, 4), found=matrix.shape)
    if not np.isfinite(matrix).all():
        raise VolumeError("the affine matrix is not finite", found=matrix.tolist())
    if matrix[3].tolist() != [0.0, 0.0, 0.0, 1.0]:
        raise VolumeError("the last row of the affine matrix is wrong", expected="0, 0, 0, 1", found=matrix[3].tolist())
    checked_directions(matrix, "the affine matrix")
    return matrix


def checked_directions(matrix: Float64Array, what: str) -> Float64Array:
    """Return the unit vectors along the axes of an affine, or of a 3 x 3 matrix, having made sure that they are some.

    Raises
    ------
    hdgpu.errors.VolumeError
        If the axes have no length or are not at right angles to each other, or if they are not finite.

    Examples
    --------
    >>> checked_directions(np.diag([2.0, -3.0, 4.0]), "the matrix").diagonal().tolist()
    [1.0, -1.0, 1.0]
    """
    lengths = spacing_of(matrix)
    if not lengths.all():
        raise VolumeError(f"an axis of {what} has no length", found=f"spacing {lengths.tolist()} mm")
    directions = matrix[:3, :3] / lengths
    _check_orthogonal(directions, what)
    return directions


def _check_orthogonal(directions: Float64Array, what: str) -> None:
    cosines = np.abs(directions.T @ directions)
    largest = max(cosines[0, 1], cosines[0, 2], cosines[1, 2])
    if not largest <= ORTHOGONALITY_TOLERANCE:
        raise VolumeError(
            f"the axes of {what} are not at right angles",
            expected=f"cosines between axes of at most {ORTHOGONALITY_TOLERANCE}",
            found=f"{largest:.6g}",
        )


def checked_orientation(image_orientation: Any) -> Float64Array:
    """Return direction cosines of the rows, then of the columns, as (6,) float64, having made sure that they are some.

    Raises
    ------
    TypeError
        If they are no sequence.
    hdgpu.errors.VolumeError
        If there are not six finite ones, or the two vectors are not of unit length or not at right angles
        (PS3.3 C.7.6.2.1.1).

    Examples
    --------
    >>> checked_orientation([1, 0, 0, 0, 0.6, 0.8])
    array([1. , 0. , 0. , 0. , 0.6, 0.8])
    """
    orientation = as_vector(image_orientation, 6, "image_orientation")
    rows, columns = orientation.reshape(2, 3)
    for length in (float(np.linalg.norm(rows)), float(np.linalg.norm(columns))):
        if abs(length - 1.0) > UNIT_LENGTH_TOLERANCE:
            raise VolumeError("direction cosines are not of unit length", found=f"length {length:.6g}")
    if abs(float(rows @ columns)) > UNIT_LENGTH_TOLERANCE:
        raise VolumeError("row and column cosines are not at right angles", found=f"cosine {float(rows @ columns):.6g}")
    return orientation


def stacking_normal(orientation: Float64Array) -> Float64Array:
    """Return the direction in which frames are stacked: (3,), column cosines x row cosines.

    It is not normalised: the product stands in affine matrices as it is.
    """
    return np.cross(orientation[3:], orientation[:3])


def affine_from_attributes(
    image_position: Sequence[float],
    image_orientation: Sequence[float],
    pixel_spacing: Sequence[float],
    spacing_between_slices: float,
) -> Float64Array:
    """Return the affine of frames stacked down axis 0, with rows down axis 1 and columns down axis 2.

    Frames are stacked along the cross product of the column and the row cosines, so that the axes are right-handed if
    the spacing between slices is positive.

    Parameters
    ----------
    image_position : sequence of 3 floats
        Image Position (Patient) or (Slide) of the first frame, in mm.
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns (Image Orientation).
    pixel_spacing : sequence of 2 floats
        Spacing between rows, then between columns, in mm (Pixel Spacing).
    spacing_between_slices : float
        In mm.  Negative to stack the other way, which makes the axes left-handed.

    Returns
    -------
    numpy.ndarray
        4 x 4 affine.

    Raises
    ------
    hdgpu.errors.VolumeError
        If an argument has the wrong length or is not finite, a spacing is not positive (or zero, between slices), or
        the cosines are not of unit length or not at right angles.

    Examples
    --------
    >>> affine_from_attributes([10, 20, 30], [1, 0, 0, 0, 1, 0], [0.5, 0.7], 2.0)[:3]
    array([[ 0. ,  0. ,  0.7, 10. ],
           [ 0. ,  0.5,  0. , 20. ],
           [-2. ,  0. ,  0. , 30. ]])
    """
    orientation = checked_orientation(image_orientation)
    row_cosines, column_cosines = orientation[:3], orientation[3:]
    between_rows, between_columns = as_vector(pixel_spacing, 2, "pixel_spacing").tolist()
    if between_rows <= 0.0 or between_columns <= 0.0:
        raise VolumeError("all values of 'pixel_spacing' must be positive", found=(between_rows, between_columns))
    if not np.isfinite(spacing_between_slices) or spacing_between_slices == 0.0:
        raise VolumeError("'spacing_between_slices' must be finite and not zero", found=spacing_between_slices)
    affine = np.eye(4)
    affine[:3, 0] = stacking_normal(orientation) * float(spacing_between_slices)
    affine[:3, 1] = column_cosines * between_rows
    affine[:3, 2] = row_cosines * between_columns
    affine[:3, 3] = as_vector(image_position, 3, "image_position")
    return affine


def affine_from_components(spacing: float | Sequence[float], direction: Any, position: Sequence[float]) -> Float64Array:
    """Return the affine of a spacing, a direction matrix and the position of the first voxel.

    Parameters
    ----------
    spacing : float or sequence of 3 floats
        Spacing along the axes of the array in mm.
    direction : array-like, 3 x 3 or 9
        Orthogonal unit vectors along the axes of the array as columns.
    position : sequence of 3 floats
        Position of the centre of voxel (0, 0, 0) in mm.

    Raises
    ------
    hdgpu.errors.VolumeError
        If an argument has the wrong shape, a spacing is not positive or the direction is not orthonormal.

    Examples
    --------
    >>> affine_from_components(2.0, [[0, 0, 1], [0, 1, 0], [1, 0, 0]], [7, 8, 9])[:3]
    array([[0., 0., 2., 7.],
           [0., 2., 0., 8.],
           [2., 0., 0., 9.]])
    """
    affine = np.eye(4)
    affine[:3, :3] = _checked_direction(direction) * checked_spacing(spacing)
    affine[:3, 3] = as_vector(position, 3, "position")
    return affine


def checked_spacing(spacing: float | Sequence[float]) -> Float64Array:
    """Return a positive spacing in mm along each of three axes: (3,), of one number for all of them or of three.

    Examples
    --------
    >>> checked_spacing(2).tolist()
    [2.0, 2.0, 2.0]
    """
    steps = as_vector([spacing] * 3 if np.ndim(spacing) == 0 else spacing, 3, "spacing")
    if (steps <= 0.0).any():
        raise VolumeError("all values of 'spacing' must be positive", found=steps.tolist())
    return steps


def _checked_direction(direction: Any) -> Float64Array:
    matrix = np.asarray(direction, dtype=np.float64)
    if matrix.shape not in ((9,), (3, 3)):
        raise VolumeError("argument 'direction' has the wrong shape", expected="(9,) or (3, 3)", found=matrix.shape)
    matrix = matrix.reshape(3, 3)
    squared_lengths = (matrix**2).sum(axis=0)
    if not (np.abs(squared_lengths - 1.0) <= ORTHOGONALITY_TOLERANCE).all():
        raise VolumeError("the columns of 'direction' are not unit vectors", found=np.sqrt(squared_lengths).tolist())
    _check_orthogonal(matrix, "'direction'")
    return matrix


def origin_for_center(affine: Float64Array, shape: Sequence[int], center: Sequence[float]) -> Float64Array:
    """Return the position of voxel (0, 0, 0) that puts the centre of the volume at a position; all in mm.

    Examples
    --------
    >>> origin_for_center(np.eye(4), (3, 3, 4), (0, 0, 0)).tolist()
    [-1.0, -1.0, -1.5]
    """
    to_center = (np.asarray(shape, dtype=np.float64) - 1.0) / 2.0
    return as_vector(center, 3, "center_position") - affine[:3, :3] @ to_center


def spacing_of(affine: Float64Array) -> Float64Array:
    """Return the spacing in mm along each axis of the array.

    Examples
    --------
    >>> spacing_of(np.diag([-1.0, 2.0, 3.0, 1.0])).tolist()
    [1.0, 2.0, 3.0]
    """
    return np.sqrt((affine[:3, :3] ** 2).sum(axis=0))  # type: ignore[no-any-return]


def direction_of(affine: Float64Array) -> Float64Array:
    """Return the unit vectors along the axes of the array, as the columns of a 3 x 3 matrix.

    Examples
    --------
    >>> np.diag(direction_of(np.diag([-1.0, 2.0, 3.0, 1.0]))).tolist()
    [-1.0, 1.0, 1.0]
    """
    return affine[:3, :3] / spacing_of(affine)
