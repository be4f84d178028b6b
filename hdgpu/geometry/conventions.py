"""Conventions for the indices of pixels: which way each of the two increases in the image.

DICOM counts columns from the left, then rows from the top (``"RD"``).  An array has its rows first (``"DR"``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from hdgpu.enum import AxisHandedness, PixelIndexDirections
from hdgpu.errors import VolumeError

__all__ = [
    "IMAGE_INDEX_CONVENTION",
    "VOLUME_INDEX_CONVENTION",
    "IndexConvention",
    "IndexConventionLike",
    "normal_sign",
    "parse_index_convention",
]

IndexConvention: TypeAlias = tuple[PixelIndexDirections, PixelIndexDirections]
IndexConventionLike: TypeAlias = str | Sequence[str | PixelIndexDirections]

_L, _R, _U, _D = PixelIndexDirections

IMAGE_INDEX_CONVENTION: IndexConvention = (_R, _D)
"""Column index first, from the left; then row index, from the top: as in DICOM."""

VOLUME_INDEX_CONVENTION: IndexConvention = (_D, _R)
"""Row index first, from the top; then column index, from the left: as in the arrays of volumes."""


def parse_index_convention(convention: IndexConventionLike) -> IndexConvention:
    """Return two directions, one along the rows and one along the columns of an image, as enumerated values.

    Raises
    ------
    TypeError
        If it is no sequence.
    hdgpu.errors.VolumeError
        If there are not two, one is no direction, or both run along the same axis of the image.

    Examples
    --------
    >>> parse_index_convention("RD") == IMAGE_INDEX_CONVENTION
    True
    """
    if len(convention) != 2:
        raise VolumeError("a pixel index convention has two directions", found=repr(convention))
    try:
        first, second = (PixelIndexDirections(direction) for direction in convention)
    except ValueError:
        raise VolumeError(
            "a direction of the pixel index convention is none", expected="L, R, U or D", found=repr(convention)
        ) from None
    if (first in (_L, _R)) == (second in (_L, _R)):
        raise VolumeError("a pixel index convention needs one of L and R and one of U and D", found=repr(convention))
    return first, second


def normal_sign(convention: IndexConvention, handedness: AxisHandedness | str) -> int:
    """Return 1 if the third axis of such indices is the cross product of column and row cosines, or -1 if its opposite.

    Parameters
    ----------
    convention : tuple of 2 PixelIndexDirections
        What the first two axes are.
    handedness : AxisHandedness or str
        What handedness the three axes shall have.

    Examples
    --------
    >>> normal_sign(VOLUME_INDEX_CONVENTION, "RIGHT_HANDED"), normal_sign(IMAGE_INDEX_CONVENTION, "RIGHT_HANDED")
    (1, -1)
    """
    sign = 1 if convention[0] in (_U, _D) else -1
    for turned in (_L in convention, _U in convention, AxisHandedness(handedness) is AxisHandedness.LEFT_HANDED):
        sign = -sign if turned else sign
    return sign
