"""Bits of a sample's container that the sample does not use (PS3.5 8.1.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.dicom.image_pixel import ImagePixel

__all__ = ["Samples", "clear_unused_bits", "has_unused_bits_set", "keep_low_bits"]

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
    """Keep, in place, only the Bits Stored lowest bits of each sample.

    High Bit is not consulted: it is one less than Bits Stored, or else a mistake (PS3.5 8.1.1), and pydicom does not
    consult it either.
    """
    if pixel.keyword == "PixelData" and pixel.bits_allocated > pixel.bits_stored:
        keep_low_bits(samples, pixel.bits_stored)
