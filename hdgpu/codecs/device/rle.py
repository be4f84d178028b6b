"""RLE Lossless (PS3.5 G) on a GPU: frames in device memory to stored values there, in one launch."""

from __future__ import annotations

from enum import IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import native_dtype
from hdgpu.array.kernels import Grid, element_strides, launch, program, takes
from hdgpu.array.namespace import Array, array_namespace, native_device
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import UnsupportedPixelError

__all__ = ["RleFlag", "decode_frames"]

# The threads of a block, one of which finds the packets, and the blocks that a launch may have.
_THREADS = 128
_MOST_BLOCKS = (1 << 31) - 1
# What the header of a frame has room for.
_MOST_SEGMENTS = 15


class RleFlag(IntFlag):
    """Why a frame is not decoded; a frame may have several reasons."""

    HEADER_CUT = 1
    SEGMENT_COUNT = 2
    OFFSETS = 4
    TOO_SHORT = 8
    TOO_LONG = 16
    GOES_ON = 32


def decode_frames(
    data: Array, offsets: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], pixel: ImagePixel
) -> tuple[Array, Array]:
    """Decode frames as :func:`hdgpu.codecs.rle.decode_rle` does; nothing is waited for.

    Parameters
    ----------
    data : array
        (n,) uint8, contiguous, of a library whose arrays kernels take: the bytes of all frames, the fragments of each
        joined, with or without bytes between the frames.
    offsets, lengths : numpy.ndarray
        (m,) int64 each, where a frame begins in `data`, and its bytes.
    pixel : ImagePixel
        Description of the samples, of integers.

    Returns
    -------
    containers : array
        (m, rows, columns) or (m, rows, columns, samples) of ``pixel.dtype``, in the library and on the device of
        `data`: the containers of the samples as they are in the segments.  What is the same for all decoders is still
        to be done: High Bit, bits that are not stored, and colour.
    flags : array
        (m,) int32, an `RleFlag` for each frame.  What was decoded of a frame counts only where it is 0.

    Raises
    ------
    UnsupportedPixelError
        If the samples are none of integers, or a pixel has more bytes than there may be segments.
    ValueError
        If a frame does not lie within `data`, or `data` is not what it should be.
    """
    places = _places(data, offsets, lengths)
    segments = _segments(pixel)
    xp, device = array_namespace(data), native_device(data)
    with on_device_of(data):
        out = xp.empty((len(places), *pixel.frame_shape), dtype=native_dtype(data, pixel.dtype), device=device)
        flags, endings = (xp.zeros(len(places), dtype=xp.int32, device=device) for _ in range(2))
        uploaded = xp.asarray(places, device=device)
    grid = Grid((min(len(places) * segments, _MOST_BLOCKS), 1, 1), (_THREADS, 1, 1))
    launch(
        program("rle"), grid, data,
        data, uploaded, out, flags, endings,
        len(places), pixel.rows * pixel.columns, pixel.samples_per_pixel, pixel.dtype.itemsize,
    )  # fmt: skip
    return out, flags


def _segments(pixel: ImagePixel) -> int:
    """Return the number of segments of a frame: the bytes of a pixel."""
    count = pixel.samples_per_pixel * pixel.dtype.itemsize
    if pixel.keyword != "PixelData" or pixel.bits_allocated == 1 or count > _MOST_SEGMENTS:
        raise UnsupportedPixelError(
            "RLE holds integers of whole bytes, 15 bytes a pixel at most",
            tag="(0028,0100) 'Bits Allocated'",
            found=f"{pixel.samples_per_pixel} samples of {pixel.bits_allocated} bits in {pixel.keyword}",
        )
    return count


def _places(data: Array, offsets: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return (m, 2) int64, offset and length of each frame, which lies within the data."""
    one_axis = takes(data) and data.ndim == 1 and (data.shape[0] < 2 or element_strides(data) == (1,))
    if not one_axis or data.dtype != native_dtype(data, "uint8"):
        raise ValueError("The frames have to be contiguous bytes, along one axis, on a device that runs kernels.")
    if len(offsets) != len(lengths):
        raise ValueError(f"There are {len(offsets)} offsets and {len(lengths)} lengths of frames.")
    places = np.stack([offsets, lengths], axis=1).astype(np.int64).reshape(-1, 2)
    size = data.shape[0]
    if (places < 0).any() or (places[:, 0] > size).any() or (places[:, 1] > size - places[:, 0]).any():
        raise ValueError(f"Frames lie outside of the {size} bytes that there are.")
    return places
