"""Patient orientation: letters for directions, the directions for letters, and conventions for the axes of space.

DICOM's patient coordinate system increases towards the patient's left, posterior and head (PS3.3 C.7.6.2.1.1), which
three letters write as ``"LPH"`` and other communities as LPS.  NIfTI's increases towards ``"RAH"`` (RAS).  Superior and
inferior, ``"S"`` and ``"I"``, are taken as other words for head and foot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from hdgpu.enum import PatientOrientationValuesBiped
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import Float64Array, checked_directions, checked_spacing

__all__ = [
    "LPS_PATIENT_REFERENCE_CONVENTION",
    "PATIENT_ORIENTATION_OPPOSITES",
    "RAS_PATIENT_REFERENCE_CONVENTION",
    "Orientation",
    "OrientationLike",
    "axes_between",
    "closest_orientation",
    "convert_affine_to_convention",
    "direction_for_orientation",
    "get_closest_patient_orientation",
    "in_convention",
    "orientation_text",
    "parse_orientation",
    "rotation_for_patient_orientation",
]

Orientation: TypeAlias = tuple[
    PatientOrientationValuesBiped, PatientOrientationValuesBiped, PatientOrientationValuesBiped
]
OrientationLike: TypeAlias = str | Sequence[str | PatientOrientationValuesBiped]

_A, _P, _R, _L, _H, _F = PatientOrientationValuesBiped
_AXES = ((_L, _R), (_P, _A), (_H, _F))
"""For each axis of the patient coordinate system, its increasing and its decreasing direction."""

_AXIS_AND_SIGN = {
    letter: (axis, sign) for axis, pair in enumerate(_AXES) for letter, sign in zip(pair, (1, -1), strict=True)
}

PATIENT_ORIENTATION_OPPOSITES = {letter: _AXES[axis][sign > 0] for letter, (axis, sign) in _AXIS_AND_SIGN.items()}
"""Mapping of each patient orientation value to its opposite."""

LPS_PATIENT_REFERENCE_CONVENTION: Orientation = (_L, _P, _H)
"""Directions in which the coordinates of DICOM, ITK and others increase."""

RAS_PATIENT_REFERENCE_CONVENTION: Orientation = (_R, _A, _H)
"""Directions in which the coordinates of NIfTI and others increase."""

_OTHER_WORDS = {"S": _H, "I": _F}


def parse_orientation(orientation: OrientationLike) -> Orientation:
    """Return three letters, one of each pair of opposites, as enumerated values.

    Raises
    ------
    TypeError
        If it is no sequence.
    hdgpu.errors.VolumeError
        If there are not three, one is no orientation, or two lie along the same axis of the patient.

    Examples
    --------
    >>> parse_orientation("FPL")[0]
    <PatientOrientationValuesBiped.F: 'F'>
    """
    if len(orientation) != 3:
        raise VolumeError("a patient orientation has three letters", found=repr(orientation))
    try:
        first, second, third = (
            _OTHER_WORDS.get(letter) or PatientOrientationValuesBiped(letter)  # type: ignore[arg-type]
            for letter in orientation
        )
    except ValueError:
        raise VolumeError(
            "a letter of the patient orientation is none",
            expected="A, P, R, L, H (or S) or F (or I)",
            found=repr(orientation),
        ) from None
    if len({_AXIS_AND_SIGN[letter][0] for letter in (first, second, third)}) != 3:
        raise VolumeError(
            "a patient orientation needs one of L and R, one of A and P and one of H and F", found=repr(orientation)
        )
    return first, second, third


def orientation_text(orientation: Orientation) -> str:
    """Return the letters as one string.

    Examples
    --------
    >>> orientation_text(parse_orientation(["F", "P", "L"]))
    'FPL'
    """
    return "".join(letter.value for letter in orientation)


def direction_for_orientation(orientation: OrientationLike) -> Float64Array:
    """Return the 3 x 3 direction matrix of axes that point along those directions of the patient.

    Examples
    --------
    >>> direction_for_orientation("FPL")
    array([[ 0.,  0.,  1.],
           [ 0.,  1.,  0.],
           [-1.,  0.,  0.]])
    """
    matrix = np.zeros((3, 3))
    for column, letter in enumerate(parse_orientation(orientation)):
        axis, sign = _AXIS_AND_SIGN[letter]
        matrix[axis, column] = sign
    return matrix


def closest_orientation(direction: Float64Array) -> Orientation:
    """Return the letters that best describe the columns of a direction matrix (or of an affine).

    The first axis of the array takes the direction of the patient closest to it, the second the closest of those
    left, the third the last: as in highdicom.

    Parameters
    ----------
    direction : numpy.ndarray
        Matrix whose upper left 3 x 3 part holds the directions of the array's axes as columns, of any length.

    Examples
    --------
    >>> orientation_text(closest_orientation(np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])))
    'FPL'
    """
    left = [0, 1, 2]
    letters = []
    for column in direction[:3, :3].T:
        axis = max(left, key=lambda each, column=column: abs(column[each]))  # type: ignore[misc]
        left.remove(axis)
        letters.append(_AXES[axis][0 if column[axis] > 0 else 1])
    first, second, third = letters
    return first, second, third


def axes_between(current: Orientation, wanted: Orientation) -> tuple[tuple[int, int, int], tuple[int, ...]]:
    """Return how to permute, and which axes of the current array to flip, to come from one orientation to another.

    Returns
    -------
    permutation : tuple of 3 ints
        For each axis of the new array, the axis of the current one that it is.
    flipped : tuple of int
        Axes of the current array that run the other way.

    Examples
    --------
    >>> axes_between(parse_orientation("FPL"), parse_orientation("LPH"))
    ((2, 1, 0), (0,))
    """
    axis_of = {_AXIS_AND_SIGN[letter][0]: number for number, letter in enumerate(current)}
    first, second, third = (axis_of[_AXIS_AND_SIGN[letter][0]] for letter in wanted)
    return (first, second, third), tuple(axis for axis, letter in enumerate(current) if letter not in wanted)


def in_convention(
    affine: Float64Array, convention: OrientationLike, *, source: OrientationLike = "LPH"
) -> Float64Array:
    """Return the affine to a space whose axes follow another convention.

    Parameters
    ----------
    affine : numpy.ndarray
        4 x 4 affine to the source convention.
    convention, source : str or sequence
        Directions in which the coordinates increase: ``"LPH"`` for DICOM, ``"RAH"`` for NIfTI.

    Examples
    --------
    >>> in_convention(np.eye(4), "RAH")[:3, :3].diagonal().tolist()
    [-1.0, -1.0, 1.0]
    """
    change = np.eye(4)
    change[:3, :3] = direction_for_orientation(convention).T @ direction_for_orientation(source)
    return change @ affine


# --- As highdicom.spatial names them ----------------------------------------------------------------------------------


def convert_affine_to_convention(
    affine: npt.ArrayLike, from_reference_convention: OrientationLike, to_reference_convention: OrientationLike
) -> Float64Array:
    """Represent an affine in another convention for the axes of the patient: the voxels stay where they are.

    Parameters
    ----------
    affine : array-like
        4 x 4 affine.
    from_reference_convention, to_reference_convention : str or sequence
        Directions of the patient in which the coordinates of the given and of the returned affine increase: ``"LPS"``
        (DICOM) or ``"RAS"`` (NIfTI), or enumerated values.

    Raises
    ------
    hdgpu.errors.VolumeError
        If the affine is not 4 x 4 and finite, or a convention is none (also a ValueError).

    Examples
    --------
    >>> convert_affine_to_convention(np.eye(4), "RAS", "LPS").diagonal().tolist()
    [-1.0, -1.0, 1.0, 1.0]
    """
    matrix = np.asarray(affine, dtype=np.float64)
    if matrix.shape != (4, 4):
        raise VolumeError("the affine matrix has the wrong shape", expected=(4, 4), found=matrix.shape)
    if not np.isfinite(matrix).all():
        raise VolumeError("the affine matrix is not finite", found=matrix.tolist())
    return in_convention(matrix, to_reference_convention, source=from_reference_convention)


def get_closest_patient_orientation(affine: npt.ArrayLike) -> Orientation:
    """Find the patient orientation that best describes the axes of an affine.

    Parameters
    ----------
    affine : array-like
        4 x 4 affine or 3 x 3 direction matrix, in the LPS convention.

    Returns
    -------
    tuple of 3 PatientOrientationValuesBiped
        For each axis of the array, the direction of the patient closest to it.

    Raises
    ------
    hdgpu.errors.VolumeError
        If the matrix has another shape, or axes without length or not at right angles (also a ValueError).

    Examples
    --------
    >>> orientation_text(get_closest_patient_orientation([[0, 0, 1], [0, 1, 0], [-1, 0, 0]]))
    'FPL'
    """
    matrix = np.asarray(affine, dtype=np.float64)
    if matrix.shape not in ((4, 4), (3, 3)):
        raise VolumeError("the matrix has the wrong shape", expected="(4, 4) or (3, 3)", found=matrix.shape)
    return closest_orientation(checked_directions(matrix[:3, :3], "the matrix"))


def rotation_for_patient_orientation(
    patient_orientation: OrientationLike, spacing: float | Sequence[float] = 1.0
) -> Float64Array:
    """Create the rotation matrix, scaled if wanted, of axes that point along directions of the patient.

    Parameters
    ----------
    patient_orientation : str or sequence
        Directions of the patient along which the three axes point: ``"FPL"`` or the like, or enumerated values.
    spacing : float or sequence of 3 floats, optional
        Spacing in mm along each of the axes.

    Returns
    -------
    numpy.ndarray
        3 x 3 matrix.

    Raises
    ------
    hdgpu.errors.VolumeError
        If it is no orientation, or a spacing is not positive (also a ValueError).

    Examples
    --------
    >>> rotation_for_patient_orientation("FPL", [3.0, 2.0, 1.0])
    array([[ 0.,  0.,  1.],
           [ 0.,  2.,  0.],
           [-3.,  0.,  0.]])
    """
    return direction_for_orientation(patient_orientation) * checked_spacing(spacing)
