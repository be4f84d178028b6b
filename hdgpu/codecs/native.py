"""Frames that are not compressed: byte order, packed bits, YBR_FULL_422 and colour by plane (PS3.5 8, A.1 to A.3)."""

from __future__ import annotations

import math
import sys
from typing import Literal

import numpy as np

from hdgpu.codecs.bits import Samples, clear_unused_bits, has_unused_bits_set, lower_to_bit_zero
from hdgpu.codecs.color import stored_to_rgb, ybr_to_rgb
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import PixelDataSizeError

__all__ = ["decode_big_endian", "decode_big_endian_words", "decode_little_endian"]

Bytes = bytes | bytearray | memoryview
_MACHINE_ORDER = "<" if sys.byteorder == "little" else ">"


def decode_little_endian(data: Bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a native frame of a little endian transfer syntax (PS3.5 A.1, A.2, A.5).

    Parameters
    ----------
    data : bytes-like
        The frame's bytes, with or without a byte that pads them to even length.  Frames of one bit a sample need not
        begin on a byte: then the bytes that hold any bit of the frame.
    pixel : ImagePixel
        Description of the samples.
    out : numpy.ndarray
        C-contiguous, of ``pixel.frame_shape`` and ``pixel.dtype``.
    index : int
        Zero-based frame number; only frames of one bit a sample depend on it.

    Returns
    -------
    numpy.ndarray
        `out`, or a read-only view of `data` where the bytes are the stored values already.

    Raises
    ------
    PixelDataSizeError
        If `data` is shorter or longer than the frame.
    """
    if pixel.bits_allocated == 1:
        return _unpack_bits(data, pixel, out, index)
    return _arrange(_samples(data, pixel, "<"), pixel, out)


def decode_big_endian(data: Bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a native frame of Explicit VR Big Endian (PS3.5 A.3), except 8-bit samples under OW.

    Parameters and errors are those of :func:`decode_little_endian`; the result is always `out`.
    """
    if pixel.bits_allocated == 1:  # written as bytes, whatever the VR: pydicom reads it so, and its sample files agree
        return _unpack_bits(data, pixel, out, index)
    samples = _samples(data, pixel, ">").astype(pixel.dtype, copy=False)
    return _stored_in(out, _arrange(samples, pixel, out))


def decode_big_endian_words(data: Bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a native frame of 8-bit samples in big endian 16-bit words (VR OW), where each two bytes are swapped.

    `data` holds whole words: a frame of odd length shares one with a neighbour, the last one if `index` is even, the
    first one if it is odd.  The result is always `out`; errors are those
    of :func:`decode_little_endian`.
    """
    length = pixel.frame_bits // 8
    words = np.frombuffer(data, dtype=np.uint16, count=len(data) // 2)
    samples = words.byteswap().view(pixel.dtype)
    if length % 2:
        first = index % 2
        samples = samples[first : first + length]
    if len(samples) != length or len(data) > length + 1:
        raise _wrong_length(length + length % 2, len(data))
    return _stored_in(out, _arrange(samples, pixel, out))


def _samples(data: Bytes, pixel: ImagePixel, byte_order: Literal["<", ">"]) -> Samples:
    """View the bytes as a flat array of the frame's samples, not copied."""
    expected = pixel.frame_bits // 8
    if len(data) not in (expected, expected + expected % 2):
        raise _wrong_length(expected, len(data))
    dtype = pixel.dtype if byte_order == _MACHINE_ORDER else pixel.dtype.newbyteorder(byte_order)
    samples = np.frombuffer(data, dtype=dtype, count=expected // dtype.itemsize)
    samples.flags.writeable = False
    return samples


def _arrange(samples: Samples, pixel: ImagePixel, out: Samples) -> Samples:
    """Give the flat samples the frame's shape, samples last, in RGB and without unused bits."""
    if pixel.is_422:
        _expand_422(samples, pixel, out)
        return stored_to_rgb(out, pixel)
    if pixel.samples_per_pixel > 1 and pixel.planar_configuration == 1:
        np.copyto(out, samples.reshape(-1, pixel.rows, pixel.columns).transpose(1, 2, 0))
    else:
        shaped = samples.reshape(pixel.frame_shape)
        if pixel.photometric_interpretation == "YBR_FULL":
            return ybr_to_rgb(shaped, out)
        if not pixel.low_bit and not has_unused_bits_set(shaped, pixel):
            return shaped
        np.copyto(out, shaped)
    lower_to_bit_zero(out, pixel)
    clear_unused_bits(out, pixel)
    return stored_to_rgb(out, pixel)


def _stored_in(out: Samples, stored: Samples) -> Samples:
    """Copy to `out` what is not there already, for a swapped copy of the bytes is no view of them."""
    if stored is not out:
        np.copyto(out, stored)
    return out


def _expand_422(samples: Samples, pixel: ImagePixel, out: Samples) -> None:
    """Repeat the chroma of 4:2:2, stored as Y1 Y2 Cb Cr for each two pixels (PS3.3 C.7.6.3.1.2)."""
    pairs = samples.reshape(pixel.rows, -1, 4)
    for offset in (0, 1):
        columns = len(range(offset, pixel.columns, 2))  # an odd row ends in half a pair
        out[:, offset::2, 0] = pairs[:, :columns, offset]
        out[:, offset::2, 1:] = pairs[:, :columns, 2:]


def _unpack_bits(data: Bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Unpack one bit a sample, lowest bit first (PS3.5 8.1.1 and D); frames follow each other without a gap."""
    count = pixel.frame_samples
    first = index * count % 8
    expected = math.ceil((first + count) / 8)
    if not expected <= len(data) <= expected + 1:
        raise _wrong_length(expected, len(data))
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8, count=expected), bitorder="little", count=first + count)
    np.copyto(out, bits[first:].reshape(pixel.frame_shape), casting="unsafe")
    return out


def _wrong_length(expected: int, found: int) -> PixelDataSizeError:
    return PixelDataSizeError(
        "the frame's bytes are not as many as its rows, columns and samples take up",
        expected=f"{expected} bytes",
        found=f"{found} bytes",
    )
