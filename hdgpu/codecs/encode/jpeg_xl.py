"""Lossless JPEG XL by imagecodecs, which is libjxl."""

from __future__ import annotations

import numpy as np

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.libraries import imagecodecs
from hdgpu.codecs.loss import Loss
from hdgpu.dicom.image_pixel import ImagePixel

__all__ = ["encode_jpeg_xl"]


def encode_jpeg_xl(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return a lossless codestream without a container.

    Parameters are those of :func:`hdgpu.codecs.encode.native.encode_little_endian`.
    """
    if pixel.bits_stored <= 8:
        samples = samples.astype(np.uint8, copy=False)
    return bytes(
        imagecodecs().jpegxl_encode(samples, lossless=True, bitspersample=pixel.bits_stored, usecontainer=False)
    )
