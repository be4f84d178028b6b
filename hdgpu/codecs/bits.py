"""Bits of a sample's container that the sample does not use (PS3.5 8.1.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError

__all__ = [
    "Samples",
    "clear_unused_bits",
    "has_unused_bits_set",
    "keep_low_bits",
    "lower_to_bit_zero",
    "unsigned_bits",
    "wrong_high_bit",
]

Samples = npt.NDArray[Any]


def keep_low_bits(samples: Samples, bits: int) -> None:
    """Replace, in place, the bits above the lowest `bits`: by the sign of signed samples, by zero of unsigned ones.

    Parameters
    ----------
    samples : numpy.ndarray of integers
        Any shape.
    bits : int
        Bits to keep, at least 1.
    """
    shift = 8 * samples.dtype.itemsize - bits
    if shift <= 0:
        return
    if samples.dtype.kind == "u":
        np.bitwise_and(samples, samples.dtype.type((1 << bits) - 1), out=samples)
    else:
        np.left_shift(samples, shift, out=samples)
        np.right_shift(samples, shift, out=samples)


def has_unused_bits_set(samples: Samples, pixel: ImagePixel) -> bool:
    """Whether any sample lies outside what Bits Stored can express: old files keep overlays there."""
    if pixel.keyword != "PixelData" or pixel.bits_stored >= 8 * samples.dtype.itemsize or pixel.bits_allocated == 1:
        return False
    lowest, highest = pixel.stored_range
    return bool(samples.max() > highest) or (lowest < 0 and bool(samples.min() < lowest))


def clear_unused_bits(samples: Samples, pixel: ImagePixel) -> None:
    """Keep, in place, only the Bits Stored lowest bits of each sample."""
    if pixel.keyword == "PixelData" and pixel.bits_allocated > pixel.bits_stored:
        keep_low_bits(samples, pixel.bits_stored)


def unsigned_bits(samples: Samples, pixel: ImagePixel) -> Samples:
    """Return the Bits Stored lowest bits of signed samples, unsigned: what formats without a sign encode."""
    if samples.dtype.kind == "u":
        return samples
    return samples.view(np.dtype(f"u{samples.dtype.itemsize}")) & ((1 << pixel.bits_stored) - 1)


def lower_to_bit_zero(samples: Samples, pixel: ImagePixel) -> None:
    """Move samples that begin in a higher bit than 0 of their containers down to it, in place.

    Since 2011 High Bit is one less than Bits Stored (PS3.5 8.1.1); old files have samples at the upper end, too.

    Raises
    ------
    FrameDecodeError
        If the samples do not lie where High Bit says: all of them fit into the lowest Bits Stored bits, and would lose
        some of these.
    """
    if not pixel.low_bit:
        return
    below = samples.dtype.type((1 << pixel.low_bit) - 1)
    if not has_unused_bits_set(samples, pixel) and bool((samples & below).any()):
        raise wrong_high_bit(pixel)
    np.right_shift(samples, pixel.low_bit, out=samples)


def wrong_high_bit(pixel: ImagePixel, frame: int | None = None) -> FrameDecodeError:
    """Return the error for samples that do not lie where High Bit says."""
    return FrameDecodeError(
        "the samples do not lie where High Bit says",
        frame=frame,
        tag="(0028,0102) 'High Bit'",
        expected=f"{pixel.bits_stored - 1}, by the values of the samples",
        found=pixel.high_bit,
        remedy="Correct High Bit in the file.",
    )
