"""From the frame of reference into an image: see `hdgpu.geometry.transformer` for the kinds of coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from hdgpu.array.namespace import Array
from hdgpu.geometry.affine import Float64Array
from hdgpu.geometry.attributes import read_image_plane
from hdgpu.geometry.transformer import CENTER_TO_CORNER, PlaneAttributes, Transformer, plane_affine

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["ReferenceToImageTransformer", "ReferenceToPixelTransformer", "map_coordinate_into_pixel_matrix"]


class _ToImage(Transformer):
    """Of the frame of reference into an image."""

    def __init__(self, plane: PlaneAttributes, spacing_between_slices: float) -> None:
        inverse: Float64Array = np.linalg.inv(plane_affine(plane, spacing_between_slices)).astype(np.float64)
        super().__init__(CENTER_TO_CORNER @ inverse if self._corner else inverse)

    def __call__(self, coordinates: Array) -> Array:
        """Transform reference coordinates into positions in the image.

        Parameters
        ----------
        coordinates : array
            (x, y, z) in mm, shape (n, 3).

        Returns
        -------
        array
            (column, row, slice), shape (n, 3), or (n, 2) without the slice; int64 if rounded and else float64.  The
            slice is the distance from the plane of the image, in units of the spacing between slices.  What lies beside
            the image has indices that are negative or too large.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the shape is another, or a position that shall be rounded is not finite (also a ValueError).
        hdgpu.errors.OutOfBoundsError
            If the slice shall be dropped and one is not between -0.5 and 0.5 (also a RuntimeError).
        """
        return self._map(coordinates, "coordinates")


class ReferenceToPixelTransformer(_ToImage):
    """Transforms reference coordinates into pixel indices.

    Parameters
    ----------
    image_position, image_orientation, pixel_spacing
        As for `PixelToReferenceTransformer`.
    spacing_between_slices : float, optional
        What a slice index of 1 stands for, in mm.
    round_output : bool, optional
        Whether to round to whole pixels, ties to even.
    drop_slice_index : bool, optional
        Whether to return (column, row) only, and to insist that slice indices are between -0.5 and 0.5.

    Raises
    ------
    TypeError
        If an argument is no sequence.
    hdgpu.errors.VolumeError
        If one has the wrong length or is not finite, the cosines are none, a spacing is not positive, or the one
        between slices is zero (also a ValueError).

    Examples
    --------
    >>> transformer = ReferenceToPixelTransformer([56.0, 34.2, 1.0], [1, 0, 0, 0, 1, 0], [0.5, 0.5])
    >>> transformer(np.array([[56.0, 39.2, 1.0], [58.5, 36.7, 1.0]]))
    array([[ 0, 10,  0],
           [ 5,  5,  0]])
    """

    def __init__(
        self,
        image_position: Sequence[float],
        image_orientation: Sequence[float],
        pixel_spacing: Sequence[float],
        spacing_between_slices: float = 1.0,
        round_output: bool = True,
        drop_slice_index: bool = False,
    ) -> None:
        super().__init__((image_position, image_orientation, pixel_spacing), spacing_between_slices)
        self._round_output = round_output
        self._drop_slice = drop_slice_index

    @classmethod
    def for_image(
        cls,
        dataset: Dataset,
        frame_number: int | None = None,
        for_total_pixel_matrix: bool = False,
        round_output: bool = True,
        drop_slice_index: bool = False,
    ) -> Self:
        """Construct a transformer for an image, a frame of it, or its total pixel matrix.

        Parameters
        ----------
        dataset, frame_number, for_total_pixel_matrix
            As for `PixelToReferenceTransformer.for_image`.  A slice index of 1 stands for the data set's spacing
            between slices, or for 1 mm.
        round_output, drop_slice_index
            As for the class.

        Raises
        ------
        TypeError, ValueError
            See `hdgpu.geometry.attributes.read_image_plane`.
        """
        plane = read_image_plane(dataset, frame_number, for_total_pixel_matrix)
        unit = plane.slice_unit
        return cls(
            **plane.arguments(),
            spacing_between_slices=unit,
            round_output=round_output,
            drop_slice_index=drop_slice_index,
        )


class ReferenceToImageTransformer(_ToImage):
    """Transforms reference coordinates into image coordinates, as SCOORD3D into SCOORD.

    Parameters
    ----------
    image_position, image_orientation, pixel_spacing, spacing_between_slices
        As for `ReferenceToPixelTransformer`.
    drop_slice_coord : bool, optional
        Whether to return (column, row) only, and to insist that slice coordinates are between -0.5 and 0.5.

    Examples
    --------
    >>> transformer = ReferenceToImageTransformer([56.0, 34.2, 1.0], [1, 0, 0, 0, 1, 0], [0.5, 0.5])
    >>> transformer(np.array([[56.0, 39.2, 1.0], [58.5, 36.7, 1.0]]))
    array([[ 0.5, 10.5,  0. ],
           [ 5.5,  5.5,  0. ]])
    """

    _corner = True

    def __init__(
        self,
        image_position: Sequence[float],
        image_orientation: Sequence[float],
        pixel_spacing: Sequence[float],
        spacing_between_slices: float = 1.0,
        drop_slice_coord: bool = False,
    ) -> None:
        super().__init__((image_position, image_orientation, pixel_spacing), spacing_between_slices)
        self._drop_slice = drop_slice_coord

    @classmethod
    def for_image(
        cls,
        dataset: Dataset,
        frame_number: int | None = None,
        for_total_pixel_matrix: bool = False,
        drop_slice_coord: bool = False,
    ) -> Self:
        """Construct a transformer for an image, a frame of it, or its total pixel matrix.

        Parameters
        ----------
        dataset, frame_number, for_total_pixel_matrix
            As for `PixelToReferenceTransformer.for_image`.  A slice index of 1 stands for the data set's spacing
            between slices, or for 1 mm.
        drop_slice_coord
            As for the class.

        Raises
        ------
        TypeError, ValueError
            See `hdgpu.geometry.attributes.read_image_plane`.
        """
        plane = read_image_plane(dataset, frame_number, for_total_pixel_matrix)
        unit = plane.slice_unit
        return cls(**plane.arguments(), spacing_between_slices=unit, drop_slice_coord=drop_slice_coord)


def map_coordinate_into_pixel_matrix(
    coordinate: Sequence[float],
    image_position: Sequence[float],
    image_orientation: Sequence[float],
    pixel_spacing: Sequence[float],
    spacing_between_slices: float = 1.0,
) -> tuple[int, int, int]:
    """Map one reference coordinate to a pixel index: for many, use a `ReferenceToPixelTransformer`.

    Parameters
    ----------
    coordinate : sequence of 3 floats
        (x, y, z) in mm.
    image_position, image_orientation, pixel_spacing, spacing_between_slices
        As for `ReferenceToPixelTransformer`.

    Returns
    -------
    tuple of 3 ints
        (column, row, slice), counted from 0; a slice other than 0 means that the position is not in the image's plane.

    Raises
    ------
    TypeError, ValueError
        As there.

    Examples
    --------
    >>> map_coordinate_into_pixel_matrix([56.0, 39.2, 1.0], [56.0, 34.2, 1.0], [1, 0, 0, 0, 1, 0], [0.5, 0.5])
    (0, 10, 0)
    """
    transformer = ReferenceToPixelTransformer(image_position, image_orientation, pixel_spacing, spacing_between_slices)
    ((column, row, slice_),) = transformer([coordinate]).tolist()
    return column, row, slice_
