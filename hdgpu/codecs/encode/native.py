"""Samples as they are: the frames of transfer syntaxes that do not compress (PS3.5 8.1.1, A.1, A.2)."""

from __future__ import annotations

import numpy as np

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.loss import Loss
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import UnsupportedPixelError

__all__ = ["encode_little_endian"]


def encode_little_endian(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return the bytes of a native frame, colour by pixel and without a byte of padding.

    Parameters
    ----------
    samples : numpy.ndarray
        C-contiguous, of ``pixel.frame_shape`` and ``pixel.dtype``, colour with samples last.
    pixel : ImagePixel
        How they are to be stored.
    loss : Loss
        Of no meaning here.

    Raises
    ------
    UnsupportedPixelError
        If samples of one bit do not fill whole bytes: the next frame would have to begin within the last one.
    """
    if pixel.bits_allocated > 1:
        return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()
    if samples.size % 8:
        raise UnsupportedPixelError(
            "a frame of one bit a sample can be packed alone only if it fills whole bytes",
            tag="(0028,0100) 'Bits Allocated'",
            expected="a multiple of 8 samples",
            found=samples.size,
            remedy="Pack all frames together: numpy.packbits(frames, axis=None, bitorder='little').",
        )
    return np.packbits(samples, axis=None, bitorder="little").tobytes()
