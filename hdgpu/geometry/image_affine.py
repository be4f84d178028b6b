"""Affines and normals of images, by any convention for the order and the direction of the indices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hdgpu.enum import AxisHandedness, PixelIndexDirections
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import (
    Float64Array,
    affine_from_attributes,
    affine_from_components,
    as_vector,
    checked_orientation,
    origin_for_center,
    stacking_normal,
)
from hdgpu.geometry.conventions import (
    IMAGE_INDEX_CONVENTION,
    IndexConvention,
    IndexConventionLike,
    normal_sign,
    parse_index_convention,
)
from hdgpu.geometry.orientation import OrientationLike, direction_for_orientation

__all__ = [
    "create_affine_matrix_from_attributes",
    "create_affine_matrix_from_components",
    "create_rotation_matrix",
    "get_normal_vector",
]


def get_normal_vector(
    image_orientation: Sequence[float],
    index_convention: IndexConventionLike = IMAGE_INDEX_CONVENTION,
    handedness: AxisHandedness | str = AxisHandedness.RIGHT_HANDED,
) -> Float64Array:
    """Return the vector normal to an image's plane that completes its two index axes to three of one handedness.

    Parameters
    ----------
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns (Image Orientation).
    index_convention : str or sequence of 2, optional
        Directions in the image in which first and second pixel index increase: ``"RD"`` as in DICOM, ``"DR"`` as in
        arrays, or enumerated values.
    handedness : AxisHandedness or str, optional
        Handedness of first index, second index and normal, in that order.

    Returns
    -------
    numpy.ndarray
        (3,) cross product of the cosines, of unit length as far as these are.

    Raises
    ------
    hdgpu.errors.VolumeError
        If the cosines or the convention are none (also a ValueError).

    Examples
    --------
    >>> get_normal_vector([1, 0, 0, 0, 1, 0])
    array([0., 0., 1.])
    """
    sign = normal_sign(parse_index_convention(index_convention), handedness)
    return stacking_normal(checked_orientation(image_orientation)) * sign + 0.0  # of a negative zero, zero


def create_rotation_matrix(
    image_orientation: Sequence[float],
    index_convention: IndexConventionLike = IMAGE_INDEX_CONVENTION,
    slices_first: bool = False,
    handedness: AxisHandedness | str = AxisHandedness.RIGHT_HANDED,
    pixel_spacing: float | Sequence[float] = 1.0,
    spacing_between_slices: float = 1.0,
) -> Float64Array:
    """Build the rotation matrix, scaled if wanted, from indices to the axes of the frame of reference.

    Parameters
    ----------
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns (Image Orientation).
    index_convention : str or sequence of 2, optional
        Directions in the image in which first and second pixel index increase: ``"RD"`` as in DICOM, ``"DR"`` as in
        arrays, or enumerated values.
    slices_first : bool, optional
        Whether the index of the slice comes before those of the pixel, or after them.
    handedness : AxisHandedness or str, optional
        Handedness of the three axes: the direction in which the index of the slice increases follows from it.
    pixel_spacing : float or sequence of 2 floats, optional
        Spacing between rows, then between columns, in mm, or one for both.
    spacing_between_slices : float, optional
        In mm.  A negative one turns the axis of the slices round, and with it the handedness.

    Returns
    -------
    numpy.ndarray
        3 x 3 matrix.

    Raises
    ------
    hdgpu.errors.VolumeError
        If cosines, convention or spacing are none (also a ValueError).

    Examples
    --------
    >>> create_rotation_matrix([1, 0, 0, 0, 1, 0], "DR", slices_first=True, pixel_spacing=[0.5, 0.7])
    array([[ 0. ,  0. ,  0.7],
           [ 0. ,  0.5,  0. ],
           [-1. ,  0. ,  0. ]])
    """
    origin = (0.0, 0.0, 0.0)
    stacked = affine_from_attributes(origin, image_orientation, _both(pixel_spacing), spacing_between_slices)
    return _in_index_convention(stacked[:3, :3], parse_index_convention(index_convention), slices_first, handedness)


def _both(pixel_spacing: float | Sequence[float]) -> Sequence[float]:
    """Return the spacing between rows and between columns, which may be given as one number."""
    return [pixel_spacing] * 2 if np.ndim(pixel_spacing) == 0 else pixel_spacing  # type: ignore[list-item,return-value]


def _in_index_convention(
    stacked: Float64Array, convention: IndexConvention, slices_first: bool, handedness: AxisHandedness | str
) -> Float64Array:
    """Return the columns of a matrix whose indices are slice, row and column in another order and direction."""
    normal, down, right = stacked.T
    along = {
        PixelIndexDirections.D: down,
        PixelIndexDirections.U: -down,
        PixelIndexDirections.R: right,
        PixelIndexDirections.L: -right,
    }
    in_plane = [along[direction] for direction in convention]
    slices = [normal * normal_sign(convention, handedness)]
    columns = [*slices, *in_plane] if slices_first else [*in_plane, *slices]
    return np.stack(columns, axis=1) + 0.0  # of a negative zero, zero


def create_affine_matrix_from_attributes(
    image_position: Sequence[float],
    image_orientation: Sequence[float],
    pixel_spacing: float | Sequence[float],
    spacing_between_slices: float = 1.0,
    index_convention: IndexConventionLike = IMAGE_INDEX_CONVENTION,
    slices_first: bool = False,
    handedness: AxisHandedness | str = AxisHandedness.RIGHT_HANDED,
) -> Float64Array:
    """Create the affine from pixel indices to the frame of reference (PS3.3 equation C.7.6.2.1-1).

    Parameters
    ----------
    image_position : sequence of 3 floats
        Position in mm of the centre of the image's top left pixel (Image Position).
    image_orientation, pixel_spacing, spacing_between_slices, index_convention, slices_first, handedness
        As in `create_rotation_matrix`.  Indices count from the top left pixel, so the directions are R and D only.

    Returns
    -------
    numpy.ndarray
        4 x 4 affine; index (0, 0, 0) is the centre of the top left pixel.

    Raises
    ------
    TypeError
        If position or orientation is no sequence.
    hdgpu.errors.VolumeError
        If an argument has the wrong length or is not finite, the cosines are none, a spacing is not positive, or the
        convention contains L or U (also a ValueError).

    Examples
    --------
    >>> create_affine_matrix_from_attributes([10, 20, 30], [1, 0, 0, 0, 1, 0], [0.5, 0.7])[:3]
    array([[ 0.7,  0. ,  0. , 10. ],
           [ 0. ,  0.5,  0. , 20. ],
           [ 0. ,  0. ,  1. , 30. ]])
    """
    convention = parse_index_convention(index_convention)
    if not {*convention} <= {*IMAGE_INDEX_CONVENTION}:
        raise VolumeError(
            "indices that count from the right or from the bottom need the size of the image",
            expected="a convention of R and D",
            found=repr(index_convention),
        )
    affine = affine_from_attributes(image_position, image_orientation, _both(pixel_spacing), spacing_between_slices)
    affine[:3, :3] = _in_index_convention(affine[:3, :3], convention, slices_first, handedness)
    return affine


def create_affine_matrix_from_components(
    *,
    spacing: Sequence[float] | float,
    position: Sequence[float] | None = None,
    center_position: Sequence[float] | None = None,
    direction: npt.ArrayLike | None = None,
    patient_orientation: OrientationLike | None = None,
    spatial_shape: Sequence[int] | None = None,
) -> Float64Array:
    """Create the affine of a spacing, a direction and a position.

    Parameters
    ----------
    spacing : float or sequence of 3 floats
        Spacing in mm along the axes of the array.
    position, center_position : sequence of 3 floats
        Position in mm of the centre of voxel (0, 0, 0), or of the centre of the volume: one of them.
    direction : array-like, 3 x 3 or 9
        Orthogonal unit vectors along the axes of the array, as columns.
    patient_orientation : str or sequence
        Instead of `direction`, the directions of the patient along which the axes point, as ``"FPL"``.
    spatial_shape : sequence of 3 ints, optional
        Shape of the volume, which its centre depends on.

    Returns
    -------
    numpy.ndarray
        4 x 4 affine.

    Raises
    ------
    TypeError
        If not exactly one position and one direction is given, or there is a centre but no shape.
    hdgpu.errors.VolumeError
        If an argument has the wrong shape or is not finite, a spacing is not positive, or the direction is not
        orthonormal (also a ValueError).

    Examples
    --------
    >>> create_affine_matrix_from_components(spacing=2.0, position=[7, 8, 9], patient_orientation="FPL")[:3]
    array([[ 0.,  0.,  2.,  7.],
           [ 0.,  2.,  0.,  8.],
           [-2.,  0.,  0.,  9.]])
    """
    if (position is None) == (center_position is None):
        raise TypeError("Exactly one of 'position' or 'center_position' must be provided.")
    if (direction is None) == (patient_orientation is None):
        raise TypeError("Exactly one of 'direction' or 'patient_orientation' must be provided.")
    if center_position is not None and spatial_shape is None:
        raise TypeError("Argument 'spatial_shape' must be provided with 'center_position'.")
    matrix = direction if patient_orientation is None else direction_for_orientation(patient_orientation)
    affine = affine_from_components(spacing, matrix, (0.0, 0.0, 0.0) if position is None else position)
    if center_position is not None:
        shape = as_vector(spatial_shape, 3, "spatial_shape")
        if (shape < 1.0).any() or (shape % 1.0).any():
            raise VolumeError("argument 'spatial_shape' must be of positive integers", found=shape.tolist())
        affine[:3, 3] = origin_for_center(affine, [int(size) for size in shape], center_position)
    return affine
