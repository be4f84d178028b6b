"""From what a decoder returns to stored values: the sign, the container and the colour that the data set announces.

Codestreams differ in how much they know of the samples.  JPEG and JPEG-LS have no sign; JPEG 2000 has one that may not
be the data set's.  The rules here are pydicom's.
"""

from __future__ import annotations

import numpy as np

from hdgpu.codecs.bits import Samples, clear_unused_bits, keep_low_bits
from hdgpu.codecs.color import stored_to_rgb, ybr_to_rgb
from hdgpu.codecs.sniff import Codestream
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, PixelDataSizeError

__all__ = ["check_jpeg_container", "store_jpeg", "store_jpeg2000", "store_jpeg_ls"]


def check_jpeg_container(stream: Codestream, pixel: ImagePixel) -> None:
    """Insist that Bits Allocated is what the precision of a JPEG stream calls for, 8 or 16.

    DCT streams of 8 and of 12 bits look alike but for one byte, and the one decodes, wrongly, as the other.

    Raises
    ------
    PixelDataSizeError
        If it is not.
    """
    container = 8 if stream.precision <= 8 else 16
    if container != 8 * pixel.dtype.itemsize:
        raise PixelDataSizeError(
            "the precision of the JPEG stream does not go with its container",
            tag="(0028,0100) 'Bits Allocated'",
            expected=container,
            found=pixel.bits_allocated,
        )


def store_jpeg(samples: Samples, pixel: ImagePixel, out: Samples, *, is_ybr: bool) -> Samples:
    """Store what came of a JPEG stream: it is unsigned, so the sign is taken from the highest of Bits Stored.

    Parameters
    ----------
    samples : numpy.ndarray
        Of the shape of `out`; unsigned.
    pixel : ImagePixel
        Description of the samples.
    out : numpy.ndarray
        Where to store them.
    is_ybr : bool
        Whether they are YCbCr still.
    """
    _copy(samples, out)
    clear_unused_bits(out, pixel)
    return ybr_to_rgb(out, out) if is_ybr else out


def store_jpeg_ls(samples: Samples, stream: Codestream, pixel: ImagePixel, out: Samples, *, is_ybr: bool) -> Samples:
    """Store what came of a JPEG-LS or JPEG XL stream: the sign is taken from the stream's highest bit.

    Parameters are those of :func:`store_jpeg`, and `stream`, the codestream's description.
    """
    _copy(samples, out)
    if pixel.pixel_representation:
        keep_low_bits(out, stream.precision)
    return ybr_to_rgb(out, out) if is_ybr else out


def store_jpeg2000(samples: Samples, stream: Codestream, pixel: ImagePixel, out: Samples) -> Samples:
    """Store what came of a JPEG 2000 stream: where its sign is not the data set's, its bits are read anew.

    Raises
    ------
    FrameDecodeError
        If the sign of colour samples differs from the data set's.
    """
    _copy(samples, out)
    if stream.signed != bool(pixel.pixel_representation):
        if stream.components > 1:
            raise FrameDecodeError(
                "the colour samples of the codestream have another sign than the data set says",
                expected=("unsigned", "signed")[pixel.pixel_representation],
                found=("unsigned", "signed")[stream.signed],
            )
        keep_low_bits(out, stream.precision)
    return stored_to_rgb(out, pixel)


def _copy(samples: Samples, out: Samples) -> None:
    if samples.shape != out.shape or samples.dtype.kind not in "iu":
        raise FrameDecodeError(
            "the decoder returned another image than the codestream's header announces",
            expected=f"{out.shape} of integers",
            found=f"{samples.shape} of {samples.dtype}",
        )
    if not np.shares_memory(samples, out):
        np.copyto(out, samples, casting="unsafe")
