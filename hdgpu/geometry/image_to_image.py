"""From one image to another in the same plane: see `hdgpu.geometry.transformer` for the kinds of coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from hdgpu.array.namespace import Array
from hdgpu.errors import GeometryMismatchError
from hdgpu.geometry.affine import as_vector, checked_orientation
from hdgpu.geometry.attributes import read_image_plane, require_same_frame_of_reference
from hdgpu.geometry.planes import are_planes_equal
from hdgpu.geometry.transformer import (
    CENTER_TO_CORNER,
    CORNER_TO_CENTER,
    PlaneAttributes,
    Transformer,
    plane_affine,
)

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["ImageToImageTransformer", "PixelToPixelTransformer"]


class _BetweenImages(Transformer):
    """Of one image into another in the same plane."""

    _inputs: ClassVar[int] = 2
    _outputs: ClassVar[int] = 2

    def __init__(self, plane_from: PlaneAttributes, plane_to: PlaneAttributes) -> None:
        planes = [
            (as_vector(position, 3, "image_position"), checked_orientation(orientation))
            for position, orientation, _ in (plane_from, plane_to)
        ]
        if not are_planes_equal(*planes[0], *planes[1]):
            raise GeometryMismatchError("the two images do not lie in the same plane of the frame of reference")
        affine = np.linalg.inv(plane_affine(plane_to)) @ plane_affine(plane_from)
        super().__init__(CENTER_TO_CORNER @ affine @ CORNER_TO_CENTER if self._corner else affine)


def _read_planes(
    dataset_from: Dataset,
    dataset_to: Dataset,
    frame_numbers: tuple[int | None, int | None],
    for_total_pixel_matrix: tuple[bool, bool],
) -> dict[str, Sequence[float]]:
    """Return the arguments that say where both images lie, once it is sure that they share a frame of reference."""
    require_same_frame_of_reference(dataset_from, dataset_to)
    images = zip(("from", "to"), (dataset_from, dataset_to), frame_numbers, for_total_pixel_matrix, strict=True)
    return {
        f"{name}_{side}": value
        for side, *image in images
        for name, value in read_image_plane(*image).arguments().items()  # type: ignore[arg-type]
    }


class PixelToPixelTransformer(_BetweenImages):
    """Transforms pixel indices of one image into those of another in the same plane.

    The two may be frames of one image, or levels of a pyramid.

    Parameters
    ----------
    image_position_from, image_position_to : sequence of 3 floats
        Position in mm of the centre of the top left pixel (Image Position) of either image.
    image_orientation_from, image_orientation_to : sequence of 6 floats
        Direction cosines of the rows, then of the columns (Image Orientation).
    pixel_spacing_from, pixel_spacing_to : sequence of 2 floats
        Spacing between rows, then between columns, in mm (Pixel Spacing).
    round_output : bool, optional
        Whether to round to whole pixels, ties to even.

    Raises
    ------
    TypeError
        If an argument is no sequence.
    hdgpu.errors.VolumeError
        If one has the wrong length or is not finite, the cosines are none, or a spacing is not positive (also a
        ValueError).
    hdgpu.errors.GeometryMismatchError
        If the images are not in the same plane (also a ValueError).

    Examples
    --------
    >>> upright, flipped = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, -1, 0]
    >>> transformer = PixelToPixelTransformer([0, 0, 0], upright, [1, 1], [0, 100, 0], flipped, [1, 1])
    >>> transformer(np.array([[0, 0], [50, 50]]))
    array([[  0, 100],
           [ 50,  50]])
    """

    _integral = True

    def __init__(
        self,
        image_position_from: Sequence[float],
        image_orientation_from: Sequence[float],
        pixel_spacing_from: Sequence[float],
        image_position_to: Sequence[float],
        image_orientation_to: Sequence[float],
        pixel_spacing_to: Sequence[float],
        round_output: bool = True,
    ) -> None:
        super().__init__(
            (image_position_from, image_orientation_from, pixel_spacing_from),
            (image_position_to, image_orientation_to, pixel_spacing_to),
        )
        self._round_output = round_output

    def __call__(self, indices: Array) -> Array:
        """Transform pixel indices of one image into those of the other.

        Parameters
        ----------
        indices : array
            (column, row) pixel indices, shape (n, 2), integers.

        Returns
        -------
        array
            (column, row), shape (n, 2); int64 if rounded and else float64.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the shape is another (also a ValueError).
        TypeError
            If they are no integers.
        """
        return self._map(indices, "indices")

    @classmethod
    def for_images(
        cls,
        dataset_from: Dataset,
        dataset_to: Dataset,
        frame_number_from: int | None = None,
        frame_number_to: int | None = None,
        for_total_pixel_matrix_from: bool = False,
        for_total_pixel_matrix_to: bool = False,
        round_output: bool = True,
    ) -> Self:
        """Construct a transformer for two images, frames of them, or their total pixel matrices.

        Parameters
        ----------
        dataset_from, dataset_to : pydicom.Dataset
            Images in the same frame of reference.
        frame_number_from, frame_number_to : int, optional
            Number of the frame, counted from 1: needed for multi-frame images.
        for_total_pixel_matrix_from, for_total_pixel_matrix_to : bool, optional
            Whether to count columns and rows in the total pixel matrix of a tiled image.
        round_output
            As for the class.

        Raises
        ------
        hdgpu.errors.MissingAttributeError, hdgpu.errors.GeometryMismatchError
            If the images are not in the same frame of reference, or not known to be (also a ValueError).
        TypeError, ValueError
            See `hdgpu.geometry.attributes.read_image_plane`.
        """
        frame_numbers = (frame_number_from, frame_number_to)
        matrices = (for_total_pixel_matrix_from, for_total_pixel_matrix_to)
        return cls(**_read_planes(dataset_from, dataset_to, frame_numbers, matrices), round_output=round_output)


class ImageToImageTransformer(_BetweenImages):
    """Transforms image coordinates of one image into those of another in the same plane.

    Parameters and what is raised are as for `PixelToPixelTransformer`.

    Examples
    --------
    >>> upright, flipped = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, -1, 0]
    >>> transformer = ImageToImageTransformer([0, 0, 0], upright, [1, 1], [0, 100, 0], flipped, [1, 1])
    >>> transformer(np.array([[0.0, 0.0], [50.0, 50.0]]))
    array([[  0., 101.],
           [ 50.,  51.]])
    """

    _corner = True

    def __init__(
        self,
        image_position_from: Sequence[float],
        image_orientation_from: Sequence[float],
        pixel_spacing_from: Sequence[float],
        image_position_to: Sequence[float],
        image_orientation_to: Sequence[float],
        pixel_spacing_to: Sequence[float],
    ) -> None:
        super().__init__(
            (image_position_from, image_orientation_from, pixel_spacing_from),
            (image_position_to, image_orientation_to, pixel_spacing_to),
        )

    def __call__(self, coordinates: Array) -> Array:
        """Transform image coordinates of one image into those of the other.

        Parameters
        ----------
        coordinates : array
            (column, row) image coordinates, shape (n, 2).

        Returns
        -------
        array
            (column, row), shape (n, 2), float64.

        Raises
        ------
        hdgpu.errors.VolumeError
            If the shape is another (also a ValueError).
        """
        return self._map(coordinates, "coordinates")

    @classmethod
    def for_images(
        cls,
        dataset_from: Dataset,
        dataset_to: Dataset,
        frame_number_from: int | None = None,
        frame_number_to: int | None = None,
        for_total_pixel_matrix_from: bool = False,
        for_total_pixel_matrix_to: bool = False,
    ) -> Self:
        """Construct a transformer for two images: parameters are as for `PixelToPixelTransformer.for_images`."""
        frame_numbers = (frame_number_from, frame_number_to)
        matrices = (for_total_pixel_matrix_from, for_total_pixel_matrix_to)
        return cls(**_read_planes(dataset_from, dataset_to, frame_numbers, matrices))
