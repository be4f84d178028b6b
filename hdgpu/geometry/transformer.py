"""What all transformers of coordinates have in common.

*Pixel indices* are (column, row), whole numbers counted from 0: (0, 0) is the centre of the top left pixel.  *Image
coordinates* are (column, row), real numbers: (0.0, 0.0) is the top left corner of that pixel, as in SCOORD
(PS3.3 C.18.6.1.2).  *Reference coordinates* are (x, y, z) in mm.

Coordinates are arrays of any library, (n, 2) or (n, 3); results are of the same library and on the same device.  The
affine itself is on the host.  Mapping alone never waits for a GPU; rounding, and dropping the slice index, look at the
result first and do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

import numpy as np

from hdgpu.array.namespace import Array
from hdgpu.errors import OutOfBoundsError
from hdgpu.geometry.affine import Float64Array, as_vector
from hdgpu.geometry.image_affine import create_affine_matrix_from_attributes
from hdgpu.geometry.points import map_points, outside, rounded

__all__ = ["CENTER_TO_CORNER", "CORNER_TO_CENTER", "PlaneAttributes", "Transformer", "plane_affine"]

PlaneAttributes: TypeAlias = tuple[Sequence[float], Sequence[float], Sequence[float]]
"""Image Position, Image Orientation and Pixel Spacing."""

CORNER_TO_CENTER = np.eye(4)
"""From image coordinates to pixel indices."""
CORNER_TO_CENTER[:2, 3] = -0.5

CENTER_TO_CORNER = np.eye(4)
"""From pixel indices to image coordinates."""
CENTER_TO_CORNER[:2, 3] = 0.5


def plane_affine(plane: PlaneAttributes, spacing_between_slices: float = 1.0) -> Float64Array:
    """Return the 4 x 4 affine from (column, row, slice) indices of an image to mm."""
    position, orientation, pixel_spacing = plane
    spacing = as_vector(pixel_spacing, 2, "pixel_spacing").tolist()
    return create_affine_matrix_from_attributes(position, orientation, spacing, spacing_between_slices)


class Transformer:
    """An affine, and what the coordinates that go in and come out are."""

    _inputs: ClassVar[int] = 3
    _outputs: ClassVar[int] = 3
    _integral: ClassVar[bool] = False
    """Whether only integers may go in."""
    _corner: ClassVar[bool] = False
    """Whether (column, row) are image coordinates, which count from the corner of a pixel, and no pixel indices."""

    _round_output: bool = False
    _drop_slice: bool = False

    def __init__(self, affine: Float64Array) -> None:
        self._affine = affine

    @property
    def affine(self) -> Float64Array:
        """Copy of the 4 x 4 affine, on the host."""
        return self._affine.copy()

    def _map(self, coordinates: Array, name: str) -> Array:
        mapped = map_points(
            self._affine, coordinates, name, inputs=self._inputs, outputs=self._outputs, integral=self._integral
        )
        if self._drop_slice:
            rows = outside(mapped[:, 2:], [-0.5], [0.5])
            if rows.size:
                raise OutOfBoundsError(
                    f"{rows.size} of {mapped.shape[0]} positions lie outside the plane of the image",
                    expected="slice indices between -0.5 and 0.5",
                    found=f"{float(mapped[int(rows[0]), 2]):.6g} in row {rows[0]}",
                )
            mapped = mapped[:, :2]
        return rounded(mapped) if self._round_output else mapped
