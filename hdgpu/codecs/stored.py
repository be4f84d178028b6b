"""From what a decoder returns to stored values: the sign, the container and the colour that the data set announces.

Codestreams differ in how much they know of the samples.  JPEG and JPEG-LS have no sign; JPEG 2000 has one that may not
be the data set's.  The rules here are pydicom's.  Some hold whole containers, and what lies in them beside the samples:
there the rules are those of native frames (PS3.5 8.1.1).
"""

from __future__ import annotations

import numpy as np

from hdgpu.codecs.bits import (
    Samples,
    clear_unused_bits,
    has_unused_bits_set,
    keep_low_bits,
    lower_to_bit_zero,
    wrong_high_bit,
)
from hdgpu.codecs.color import stored_to_rgb, ybr_to_rgb
from hdgpu.codecs.sniff.codestream import Codestream
from hdgpu.codecs.sniff.jpeg import JpegHeader
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, PixelDataSizeError

__all__ = ["check_jpeg_container", "keep_to_bits_stored", "store_jpeg", "store_jpeg2000", "store_jpeg_ls"]

# Lossy samples overshoot at sharp edges, by about a tenth of their height (Gibbs); taken for the rest is what exceeds
# the range by more than this part of it.
_OVERSHOOT = 1 / 8


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


def store_jpeg(samples: Samples, stream: Codestream, pixel: ImagePixel, out: Samples, *, is_ybr: bool) -> Samples:
    """Store what came of a JPEG stream: it is unsigned, so the sign is taken from the highest of Bits Stored.

    Parameters
    ----------
    samples : numpy.ndarray
        Of the shape of `out`; unsigned.
    stream : Codestream
        The stream's description.
    pixel : ImagePixel
        Description of the samples.
    out : numpy.ndarray
        Where to store them.
    is_ybr : bool
        Whether they are YCbCr still.

    Raises
    ------
    FrameDecodeError
        As :func:`keep_to_bits_stored`.
    """
    _copy(samples, out)
    keep_to_bits_stored(out, stream, pixel)
    clear_unused_bits(out, pixel)
    return ybr_to_rgb(out, out) if is_ybr else out


def store_jpeg_ls(samples: Samples, stream: Codestream, pixel: ImagePixel, out: Samples, *, is_ybr: bool) -> Samples:
    """Store what came of a JPEG-LS or JPEG XL stream: the sign is taken from the stream's highest bit.

    Parameters and errors are those of :func:`store_jpeg`.
    """
    _copy(samples, out)
    if pixel.pixel_representation:
        keep_low_bits(out, stream.precision)
    keep_to_bits_stored(out, stream, pixel)
    return ybr_to_rgb(out, out) if is_ybr else out


def store_jpeg2000(samples: Samples, stream: Codestream, pixel: ImagePixel, out: Samples) -> Samples:
    """Store what came of a JPEG 2000 stream: where its sign is not the data set's, its bits are read anew.

    Raises
    ------
    FrameDecodeError
        If the sign of colour samples differs from the data set's, and as :func:`keep_to_bits_stored`.
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
    keep_to_bits_stored(out, stream, pixel)
    return stored_to_rgb(out, pixel)


def keep_to_bits_stored(samples: Samples, stream: Codestream, pixel: ImagePixel) -> None:
    """Bring samples of a codestream of more bits than Bits Stored to what these can express, in place.

    What a lossless stream holds above or below the sample is no part of it: the sample is moved down to bit 0 and takes
    its sign from its highest bit, as in native frames (PS3.5 8.1.1).  A lossy stream has no such bits, but values that
    overshoot: they become the nearest that Bits Stored can express, as with a decoder of this precision.

    Parameters
    ----------
    samples : numpy.ndarray
        Of the data set's type, with the sign of the codestream or of its highest bit.
    stream : Codestream
        The codestream's description.
    pixel : ImagePixel
        Description of the samples.

    Raises
    ------
    FrameDecodeError
        If High Bit contradicts the samples; if lossy ones exceed the range by more than they overshoot; or if they
        overshoot, and the stream does not tell whether it is lossy.
    """
    if stream.precision <= pixel.bits_stored:
        return
    lossless = _is_lossless(stream)
    exceeds = has_unused_bits_set(samples, pixel)
    overshoots = exceeds and _excess(samples, pixel) <= _OVERSHOOT
    if lossless is False and exceeds:
        if not overshoots:
            raise _too_large(samples, pixel, "lossy samples exceed Bits Stored")
        np.clip(samples, *pixel.stored_range, out=samples)
    if lossless is False or not (exceeds or pixel.low_bit):
        return
    if lossless is None and overshoots and stream.signed == bool(pixel.pixel_representation):
        raise _too_large(samples, pixel, "samples exceed Bits Stored by little: by other bits, or by lossy compression")
    if pixel.low_bit and stream.precision <= pixel.high_bit:
        raise wrong_high_bit(pixel)
    lower_to_bit_zero(samples, pixel)
    clear_unused_bits(samples, pixel)


def _excess(samples: Samples, pixel: ImagePixel) -> float:
    """Return by how much samples exceed the range of Bits Stored, as a part of it."""
    lowest, highest = pixel.stored_range
    return max(lowest - int(samples.min()), int(samples.max()) - highest) / (highest - lowest)


def _too_large(samples: Samples, pixel: ImagePixel, problem: str) -> FrameDecodeError:
    return FrameDecodeError(
        problem,
        tag="(0028,0101) 'Bits Stored'",
        expected="samples from {} to {}".format(*pixel.stored_range),
        found=f"{samples.min()} to {samples.max()}",
        remedy="Correct Bits Stored in the file, if it is wrong.",
    )


def _is_lossless(stream: Codestream) -> bool | None:
    """Return whether a codestream holds what was encoded, None if it does not tell.

    The reversible transform of JPEG 2000 may be cut short, and what makes JPEG XL lossy is not in its header.
    """
    header = stream.header
    if isinstance(header, JpegHeader):
        return header.near == 0 if header.is_jpeg_ls else header.is_lossless
    return None if not isinstance(header, Jpeg2000Header) or header.reversible else False


def _copy(samples: Samples, out: Samples) -> None:
    if samples.shape != out.shape or samples.dtype.kind not in "iu":
        raise FrameDecodeError(
            "the decoder returned another image than the codestream's header announces",
            expected=f"{out.shape} of integers",
            found=f"{samples.shape} of {samples.dtype}",
        )
    if not np.shares_memory(samples, out):
        np.copyto(out, samples, casting="unsafe")
