"""High-Throughput JPEG 2000 (ISO/IEC 15444-15) by imagecodecs, which is OpenJPH.

imagecodecs knows no precision but that of NumPy's types.  So the samples are handed over as signed ones, zero in the
middle of their range, as they would be after the level shift of 15444-1 G.1; the header is then told what they were.
To a reversible codestream the precision means that shift and nothing else.  In an irreversible one all is relative to
the range of the samples (15444-1 E.1): there they are scaled to fill the range of the type.
"""

from __future__ import annotations

import math

import numpy as np

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.libraries import imagecodecs
from hdgpu.codecs.loss import PSNR, Loss
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameEncodeError

__all__ = ["encode_irreversible", "encode_reversible"]

# Rows and columns that the lowest resolution may have (PS3.5 10.18).
_LOWEST_RESOLUTION = 64
_DECOMPOSITIONS = 5
# imagecodecs takes smaller steps than about 1e-5 for none given.
_SMALLEST_STEP = 2.0**-16

_COMPONENT_COUNT, _FIRST_COMPONENT = 40, 42  # bytes of the codestream: Csiz and Ssiz (15444-1 A.5.1)


def encode_reversible(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return a lossless codestream as HTJ2K with RPCL options needs it, RGB through the reversible colour transform.

    The progression is by resolution, position, component and layer; there are tile-part lengths (TLM); and the lowest
    resolution is of 64 rows and columns at most (PS3.5 10.18).

    Parameters are those of :func:`hdgpu.codecs.encode.native.encode_little_endian`.
    """
    return _with_precision(_encode(_centred(samples, pixel), None), pixel)


def encode_irreversible(samples: Samples, pixel: ImagePixel, loss: Loss) -> bytes:
    """Return a lossy codestream, RGB through the irreversible colour transform; otherwise as :func:`encode_reversible`.

    `loss.psnr` counts: the step size is such that coefficients spread evenly over the step around zero, which are all
    lost, would leave that ratio.  It is 2**-16 of the range at least.
    """
    centred = _centred(samples, pixel)
    centred <<= 8 * centred.dtype.itemsize - pixel.bits_stored
    psnr = PSNR if loss.psnr is None else loss.psnr
    step = max(math.sqrt(3) * 10 ** (-psnr / 20), _SMALLEST_STEP)
    return _with_precision(_encode(centred, step), pixel)


def _encode(centred: Samples, step: float | None) -> bytes:
    halvings = math.ceil(math.log2(max(*centred.shape[:2], _LOWEST_RESOLUTION) / _LOWEST_RESOLUTION))
    return bytes(
        imagecodecs().htj2k_encode(
            centred,
            step,
            reversible=step is None,
            rgb=centred.ndim == 3,
            resolutions=max(halvings, _DECOMPOSITIONS),
            tlm=True,
        )
    )


def _centred(samples: Samples, pixel: ImagePixel) -> Samples:
    """Return samples as signed ones, in the smallest container."""
    middle = 0 if pixel.pixel_representation else 1 << (pixel.bits_stored - 1)
    return (samples.astype(np.int32) - middle).astype(np.int8 if pixel.bits_stored <= 8 else np.int16)


def _with_precision(codestream: bytes, pixel: ImagePixel) -> bytes:
    """Write what the samples are into the header (15444-1 A.5.1, Ssiz)."""
    header = bytearray(codestream)
    components = int.from_bytes(header[_COMPONENT_COUNT:_FIRST_COMPONENT], "big")
    if components != pixel.samples_per_pixel:
        raise FrameEncodeError("the HTJ2K encoder wrote another number of components", found=components)
    for component in range(components):
        header[_FIRST_COMPONENT + 3 * component] = pixel.pixel_representation << 7 | (pixel.bits_stored - 1)
    return bytes(header)
