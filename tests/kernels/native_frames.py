"""What the tests of the kernels for native frames share: bytes, the host's word for them, and the plain steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from hdgpu.array import kernels
from hdgpu.codecs import native
from hdgpu.codecs.device.native import ByteOrder, NativeFrames, decode_native
from hdgpu.dicom.image_pixel import ImagePixel

DECODERS = {
    "little": native.decode_little_endian,
    "big": native.decode_big_endian,
    "words": native.decode_big_endian_words,
}


def on_host(
    raw: np.ndarray[Any, Any], starts: np.ndarray[Any, Any], pixel: ImagePixel, order: ByteOrder = "little"
) -> np.ndarray[Any, Any]:
    """Return the stored values of frames by the host's decoder, which takes the bytes of each by themselves."""
    frames = np.empty((len(starts), *pixel.frame_shape), pixel.dtype)
    if order == "words" and pixel.frame_bits % 16 == 0 and (starts % 16).any():  # which no file has
        raw, order = raw[: len(raw) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel(), "big"
    for frame, start in zip(frames, starts.tolist(), strict=True):
        begin, end = start // 8, -(-(start + pixel.frame_bits) // 8)
        index = 0
        if pixel.bits_allocated == 1:  # the first bit within a byte is told by the number of the frame alone
            index = next(i for i in range(8) if i * pixel.frame_samples % 8 == start % 8)
        if order == "words":
            index = begin % 2
            begin, end = begin - begin % 2, end + end % 2
        out = np.empty(pixel.frame_shape, pixel.dtype)
        frame[...] = DECODERS[order](raw[begin:end].tobytes(), pixel, out, index)
    return frames


def in_plain_steps(
    raw: np.ndarray[Any, Any], starts: np.ndarray[Any, Any], pixel: ImagePixel, order: ByteOrder = "little"
) -> NativeFrames:
    """Return what functions of the array API make of the bytes, without a kernel."""
    launcher, kernels._host_launcher = kernels._host_launcher, None
    try:
        return decode_native(raw, starts, pixel, order)
    finally:
        kernels._host_launcher = launcher


def bytes_of(count: int, seed: int, first: int = 0) -> np.ndarray[Any, Any]:
    """Return random bytes that begin so many bytes behind a multiple of sixteen."""
    memory = np.random.default_rng(seed).integers(0, 256, count + 32, np.uint8)
    begin = -memory.ctypes.data % 16 + first
    return memory[begin : begin + count]
