"""JPEG-LS by pyjpegls, which is CharLS: unlike imagecodecs it can be told the precision."""

from __future__ import annotations

from hdgpu.codecs.bits import Samples, unsigned_bits
from hdgpu.codecs.libraries import pyjpegls
from hdgpu.codecs.loss import Loss
from hdgpu.dicom.image_pixel import ImagePixel

__all__ = ["encode_jpeg_ls"]

_BY_SAMPLE = 2


def encode_jpeg_ls(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return a JPEG-LS stream of Bits Stored, its colour interleaved by sample.

    Parameters are those of :func:`hdgpu.codecs.encode.native.encode_little_endian`; `loss.max_error` counts.  JPEG-LS
    has no sign, as JPEG has none: see :func:`hdgpu.codecs.encode.jpeg.encode_lossless`.
    """
    unsigned = unsigned_bits(samples, pixel)
    return bytes(
        pyjpegls().encode_buffer(
            unsigned.astype(unsigned.dtype.newbyteorder("<"), copy=False).tobytes(),
            pixel.rows,
            pixel.columns,
            pixel.samples_per_pixel,
            pixel.bits_stored,
            lossy_error=loss.max_error or 0,
            interleave_mode=_BY_SAMPLE,
        )
    )
