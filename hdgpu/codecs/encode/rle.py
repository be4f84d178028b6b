"""RLE Lossless (PS3.5 G), by pylibjpeg-rle."""

from __future__ import annotations

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.libraries import pylibjpeg_rle
from hdgpu.codecs.loss import Loss
from hdgpu.dicom.image_pixel import ImagePixel

__all__ = ["encode_rle"]


def encode_rle(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return the RLE header and segments of a frame.

    Parameters are those of :func:`hdgpu.codecs.encode.native.encode_little_endian`.
    """
    little = samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()
    return bytes(
        pylibjpeg_rle().encode_pixel_data(
            little,
            byteorder="<",
            rows=pixel.rows,
            columns=pixel.columns,
            samples_per_pixel=pixel.samples_per_pixel,
            bits_allocated=pixel.bits_allocated,
        )
    )
