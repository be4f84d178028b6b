"""JPEG: baseline by Pillow, 12-bit extended and lossless by imagecodecs; all are libjpeg-turbo."""

from __future__ import annotations

from io import BytesIO

from hdgpu.codecs.bits import Samples, unsigned_bits
from hdgpu.codecs.libraries import imagecodecs, pillow
from hdgpu.codecs.loss import JPEG_QUALITY, Loss
from hdgpu.dicom.image_pixel import ImagePixel

__all__ = ["encode_baseline", "encode_extended", "encode_lossless"]

_LEAST_OF_A_WORD = 9


def encode_baseline(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return a baseline stream of 8 bits: RGB becomes YCbCr, its chroma of half the size in both directions.

    Parameters are those of :func:`hdgpu.codecs.encode.native.encode_little_endian`; `loss.jpeg_quality` counts.
    """
    buffer = BytesIO()
    pillow().fromarray(samples).save(buffer, "JPEG", quality=_quality(loss))
    return buffer.getvalue()


def encode_extended(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return an extended sequential stream of 12 bits.

    Parameters are those of :func:`hdgpu.codecs.encode.native.encode_little_endian`; `loss.jpeg_quality` counts.
    """
    return bytes(imagecodecs().jpeg8_encode(samples, level=_quality(loss), bitspersample=12))


def encode_lossless(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return a lossless stream with first-order prediction (process 14, selection value 1).

    Parameters are those of :func:`hdgpu.codecs.encode.native.encode_little_endian`.  JPEG has no sign: of signed
    samples the lowest Bits Stored bits are coded, from the highest of which a decoder gets the sign back.  The
    precision is Bits Stored, but in a container of 16 bits 9 at least, for decoders take 8 and fewer to be bytes.
    """
    unsigned = unsigned_bits(samples, pixel)
    precision = pixel.bits_stored if unsigned.itemsize == 1 else max(pixel.bits_stored, _LEAST_OF_A_WORD)
    return bytes(imagecodecs().jpeg8_encode(unsigned, lossless=True, predictor=1, bitspersample=precision))


def _quality(loss: Loss) -> int:
    return JPEG_QUALITY if loss.jpeg_quality is None else loss.jpeg_quality
