"""From an image into the frame of reference: see `hdgpu.geometry.transformer` for the kinds of coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from hdgpu.array.namespace import Array
from hdgpu.geometry.attributes import read_image_plane
from hdgpu.geometry.transformer import CORNER_TO_CENTER, Transformer, plane_affine

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["ImageToReferenceTransformer", "PixelToReferenceTransformer", "map_pixel_into_coordinate_system"]


class _FromImage(Transformer):
    """Of an image into the frame of reference."""

    _inputs = 2

    def __init__(
        self, image_position: Sequence[float], image_orientation: Sequence[float], pixel_spacing: Sequence[float]
    ) -> None:
        affine = plane_affine((image_position, image_orientation, pixel_spacing))
        super().__init__(affine @ CORNER_TO_CENTER if self._corner else affine)

    @classmethod
    def for_image(cls, dataset: Dataset, frame_number: int | None = None, for_total_pixel_matrix: bool = False) -> Self:
        """Construct a transformer for an image, a frame of it, or its total pixel matrix.

        Parameters
        ----------
        dataset : pydicom.Dataset
            The image.
        frame_number : int, optional
            Number of the frame, counted from 1: needed for multi-frame images.
        for_total_pixel_matrix : bool, optional
            Whether to count columns and rows in the total pixel matrix of a tiled image.

        Raises
        ------
        TypeError, ValueError
            See `hdgpu.geometry.attributes.read_image_plane`.
        """
        return cls(**read_image_plane(dataset, frame_number, for_total_pixel_matrix).arguments())


class PixelToReferenceTransformer(_FromImage):
    """Transforms pixel indices into reference coordinates.

    Parameters
    ----------
    image_position : sequence of 3 floats
        Position in mm of the centre of the top left pixel (Image Position).
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns (Image Orientation).
    pixel_spacing : sequence of 2 floats
        Spacing between rows, then between columns, in mm (Pixel Spacing).

    Raises
    ------
    TypeError
        If an argument is no sequence.
    hdgpu.errors.VolumeError
        If one has the wrong length or is not finite, the cosines are none, or a spacing is not positive (also a
        ValueError).

    Examples
    --------
    >>> import numpy as np
    >>> transformer = PixelToReferenceTransformer([56.0, 34.2, 1.0], [1, 0, 0, 0, 1, 0], [0.5, 0.5])
    >>> transformer(np.array([[0, 10], [5, 5]]))
    array([[56. , 39.2,  1. ],
           [58.5, 36.7,  1. ]])
    """

    _integral = True

    def __call__(self, indices: Array) -> Array:
        """Transform pixel indices into reference coordinates.

        Parameters
        ----------
        indices : array
            (column, row) pixel indices, shape (n, 2), integers.

        Returns
        -------
        array
            (x, y, z) in mm, shape (n, 3), float64.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the shape is another (also a ValueError).
        TypeError
            If they are no integers.
        """
        return self._map(indices, "indices")


class ImageToReferenceTransformer(_FromImage):
    """Transforms image coordinates into reference coordinates, as SCOORD into SCOORD3D.

    Parameters and what is raised are as for `PixelToReferenceTransformer`.

    Examples
    --------
    >>> import numpy as np
    >>> transformer = ImageToReferenceTransformer([56.0, 34.2, 1.0], [1, 0, 0, 0, 1, 0], [0.5, 0.5])
    >>> transformer(np.array([[0.0, 10.0], [5.0, 5.0]]))
    array([[55.75, 38.95,  1.  ],
           [58.25, 36.45,  1.  ]])
    """

    _corner = True

    def __call__(self, coordinates: Array) -> Array:
        """Transform image coordinates into reference coordinates.

        Parameters
        ----------
        coordinates : array
            (column, row) image coordinates, shape (n, 2).

        Returns
        -------
        array
            (x, y, z) in mm, shape (n, 3), float64.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the shape is another (also a ValueError).
        """
        return self._map(coordinates, "coordinates")


def map_pixel_into_coordinate_system(
    index: Sequence[int],
    image_position: Sequence[float],
    image_orientation: Sequence[float],
    pixel_spacing: Sequence[float],
) -> tuple[float, float, float]:
    """Map one pixel index into the frame of reference: for many, use a `PixelToReferenceTransformer`.

    Parameters
    ----------
    index : sequence of 2 ints
        (column, row), counted from 0.
    image_position, image_orientation, pixel_spacing
        As for `PixelToReferenceTransformer`.

    Returns
    -------
    tuple of 3 floats
        (x, y, z) in mm.

    Raises
    ------
    TypeError, ValueError
        As there; a TypeError if the index is not of whole numbers.

    Examples
    --------
    >>> map_pixel_into_coordinate_system([0, 10], [56.0, 34.2, 1.0], [1, 0, 0, 0, 1, 0], [0.5, 0.5])
    (56.0, 39.2, 1.0)
    """
    whole = [int(each) for each in index]
    if whole != list(index):
        raise TypeError(f"A pixel index is of whole numbers, not {list(index)}.")
    transformer = PixelToReferenceTransformer(image_position, image_orientation, pixel_spacing)
    ((x, y, z),) = transformer([whole]).tolist()
    return x, y, z
