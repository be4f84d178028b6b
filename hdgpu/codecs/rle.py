"""RLE Lossless (PS3.5 G): the header, and two ways to decode the segments."""

from __future__ import annotations

import struct
from itertools import accumulate, pairwise

import numpy as np

from hdgpu.codecs.bits import Samples, clear_unused_bits, lower_to_bit_zero
from hdgpu.codecs.color import stored_to_rgb
from hdgpu.codecs.libraries import imagecodecs
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, PixelDataSizeError

__all__ = ["decode_padded_rle", "decode_rle", "segments"]

_HEADER = struct.Struct("<16I")


def segments(data: bytes, pixel: ImagePixel) -> list[memoryview]:
    """Split a frame into its segments (PS3.5 G.3 to G.5).

    Parameters
    ----------
    data : bytes
        The frame: a header of 64 bytes, and the segments.
    pixel : ImagePixel
        Description of the samples: there is one segment for each byte of a pixel.

    Returns
    -------
    list of memoryview
        First sample first, and of each sample the most significant byte first.

    Raises
    ------
    FrameDecodeError
        If the header is cut short, or its offsets do not ascend within the frame.
    PixelDataSizeError
        If the number of segments is not the number of bytes of a pixel.
    """
    if len(data) < _HEADER.size:
        raise FrameDecodeError("the RLE header is cut short", expected="64 bytes", found=f"{len(data)} bytes")
    count, *offsets = _HEADER.unpack_from(data)
    expected = pixel.samples_per_pixel * pixel.dtype.itemsize
    if count != expected:
        raise PixelDataSizeError("the number of RLE segments is wrong", expected=expected, found=count)
    bounds = [*offsets[:count], len(data)]
    if bounds[0] < _HEADER.size or any(start >= end for start, end in pairwise(bounds)):
        raise FrameDecodeError(
            "the offsets of the RLE segments do not ascend within the frame", found=f"{bounds[:-1]} of {len(data)}"
        )
    view = memoryview(data)
    return [view[start:end] for start, end in pairwise(bounds)]


def decode_rle(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a frame with imagecodecs.

    Raises
    ------
    FrameDecodeError
        If a segment decodes to fewer or more bytes than there are pixels, or ends inside a run.
    PixelDataSizeError
        If the number of segments is wrong.
    """
    parts = segments(data, pixel)
    if pixel.samples_per_pixel == 1:
        _decode_sample(data, out)
        return _finish(out, pixel)
    size = pixel.dtype.itemsize
    plane = np.empty(out.shape[:2], out.dtype)
    for sample in range(pixel.samples_per_pixel):
        _decode_sample(_frame_of(parts[sample * size : (sample + 1) * size]), plane)
        out[:, :, sample] = plane
    return _finish(out, pixel)


def _decode_sample(data: bytes, plane: Samples) -> None:
    """Decode a frame of one sample a pixel into `plane`.

    imagecodecs lets no segment of such a frame exceed its share of `plane`, and what it returns is as long as all of
    them together: so if the sum is right, each of them is.  With several samples it only minds the sum.
    """
    single_bytes = plane.reshape(-1).view(np.uint8)
    decoded = imagecodecs().dicomrle_decode(data, f"<u{plane.dtype.itemsize}", out=single_bytes)
    _check_length(len(decoded), plane.nbytes)


def _frame_of(parts: list[memoryview]) -> bytes:
    """Put segments behind a header of their own."""
    ends = list(accumulate(map(len, parts), initial=_HEADER.size))
    return b"".join((_HEADER.pack(len(parts), *ends[:-1], *[0] * (15 - len(parts))), *parts))


def decode_padded_rle(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a frame in plain Python, for encoders that pad segments with more zeros than the one that is allowed.

    Zeros are runs of one zero each, so strictly the segment is too long; pydicom drops them, too.

    Raises
    ------
    FrameDecodeError
        If a segment decodes to fewer or more bytes than there are pixels, zeros at its end apart.
    PixelDataSizeError
        If the number of segments is wrong.
    """
    pixels, size = pixel.rows * pixel.columns, pixel.dtype.itemsize
    single_bytes = out.view(np.uint8).reshape(pixel.rows, pixel.columns, pixel.samples_per_pixel, size)
    planes = [single_bytes[:, :, s, b] for s in range(pixel.samples_per_pixel) for b in reversed(range(size))]
    for part, plane in zip(segments(data, pixel), planes, strict=True):
        decoded = _unpack_segment(part, pixels)
        _check_length(len(decoded), pixels)
        plane[...] = np.frombuffer(decoded, np.uint8).reshape(plane.shape)
    return _finish(out, pixel)


def _check_length(found: int, expected: int) -> None:
    if found != expected:
        raise FrameDecodeError(
            "the RLE segments decode to the wrong length", expected=f"{expected} bytes", found=f"{found} bytes"
        )


def _finish(out: Samples, pixel: ImagePixel) -> Samples:
    lower_to_bit_zero(out, pixel)
    clear_unused_bits(out, pixel)
    return stored_to_rgb(out, pixel)


def _unpack_segment(part: memoryview, enough: int) -> bytearray:
    """Undo the PackBits scheme of PS3.5 G.3.1 until there are `enough` bytes; what is left must be zeros."""
    decoded = bytearray()
    position = 0
    while position < len(part) and len(decoded) < enough:
        code = part[position]
        position += 1
        if code < 128:
            decoded += part[position : position + code + 1]
            position += code + 1
        elif code > 128:
            decoded += bytes(part[position : position + 1]) * (257 - code)
            position += 1
    if any(part[position:]):
        raise FrameDecodeError("an RLE segment goes on after the last pixel")
    return decoded
