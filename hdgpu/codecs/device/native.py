"""Frames that are not compressed, from bytes on a device to stored values there: equal to :mod:`hdgpu.codecs.native`.

Arrays that kernels take go through these, all others through the same steps in functions of the array API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import dtype_name, native_dtype, reinterpret, take
from hdgpu.array.kernels import element_strides, grid_for, launch, program, takes
from hdgpu.array.namespace import Array, array_namespace, native_device
from hdgpu.codecs.color import fused_ybr_to_rgb
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import PixelDataSizeError

__all__ = ["BYTE_ORDERS", "LOW_SAMPLES", "ByteOrder", "NativeFrames", "decode_native"]

ByteOrder: TypeAlias = Literal["little", "big", "words"]
"""Of the bytes of a sample; ``"words"`` for 8-bit samples in big endian words of 16 bits (VR OW)."""

BYTE_ORDERS: dict[str, ByteOrder] = {
    "native": "little",
    "native:big-endian": "big",
    "native:big-endian-words": "words",
}
"""By the name of a `Route`."""

_SPARE_BITS, LOW_SAMPLES = 1, 2
"""What the flags of a frame are made of; where samples lie lower than they should, `LOW_SAMPLES` alone."""


class NativeFrames(NamedTuple):
    """Stored values of some frames, and what was noticed with them."""

    stored: Array
    """(m, rows, columns) or (m, rows, columns, samples), of ``pixel.dtype``; perhaps a view of the bytes."""
    flags: Array | None
    """(m,) int32: `LOW_SAMPLES` for a frame whose samples lie lower than High Bit says; None if there can be none."""


def decode_native(
    raw: Array, starts: Sequence[int] | npt.NDArray[np.int64], pixel: ImagePixel, byte_order: ByteOrder = "little"
) -> NativeFrames:
    """Decode native frames where their bytes are (PS3.5 8, A.1 to A.3); nothing is waited for.

    Parameters
    ----------
    raw : array
        (bytes,) uint8, contiguous, of any library and on any device.
    starts : sequence of int or numpy.ndarray
        (m,) first *bit* of each frame in `raw`: a multiple of 8 unless samples are of one bit.  For ``"words"`` where
        the frame would begin if the bytes were swapped; `raw` begins with a whole word then.
    pixel : ImagePixel
        Description of the samples, of a `Route` that is not compressed.
    byte_order : {"little", "big", "words"}
        Of the transfer syntax, see `BYTE_ORDERS`.

    Returns
    -------
    NativeFrames
        Colour as RGB, its samples in the last axis, which of colour by plane is a permuted view.  The values of a
        frame count only if its flag is not `LOW_SAMPLES`.

    Raises
    ------
    PixelDataSizeError
        If a frame does not lie within `raw`.
    ValueError
        If `raw` is not an array of bytes one after another, or if a frame does not begin where it may.
    """
    starts = np.asarray(starts, np.int64)
    _check_bytes(raw, starts, pixel)
    _check_within(raw.shape[0] // 2 * 2 if byte_order == "words" else raw.shape[0], starts, pixel)
    if pixel.bits_allocated == 1:
        return NativeFrames(_unpacked(raw, starts, pixel), None)
    first = starts // 8
    flags = None
    if _is_swapped(pixel, byte_order) or _has_spare_bits(pixel):
        samples, flags = _samples(raw, first, pixel, byte_order)
        if not _is_ybr(pixel):
            return NativeFrames(_arranged(samples, pixel), flags)
        raw, first = _flat(samples), np.arange(len(first)) * (pixel.frame_bits // 8)
    if _is_ybr(pixel):
        return NativeFrames(_rgb(raw, first, pixel), flags)
    return NativeFrames(_arranged(reinterpret(_frames_of(raw, first, pixel), pixel.dtype), pixel), None)


def _check_bytes(raw: Array, starts: npt.NDArray[np.int64], pixel: ImagePixel) -> None:
    if raw.ndim != 1 or dtype_name(raw.dtype) != "uint8" or (takes(raw) and element_strides(raw) != (1,)):
        raise ValueError("Native frames are decoded from one contiguous axis of uint8.")
    if pixel.bits_allocated > 1 and (starts % 8).any():
        raise ValueError("Frames of whole bytes begin on a byte.")


def _check_within(length: int, starts: npt.NDArray[np.int64], pixel: ImagePixel) -> None:
    if not len(starts):
        return
    least, most = int(starts.min()), int(starts.max()) + pixel.frame_bits
    if least < 0 or most > 8 * length:
        raise PixelDataSizeError(
            "a frame does not lie within the bytes", expected=f"bits {least} to {most}", found=f"{length} bytes"
        )


def _is_swapped(pixel: ImagePixel, byte_order: ByteOrder) -> bool:
    return byte_order == "words" or (byte_order == "big" and pixel.dtype.itemsize > 1)


def _is_ybr(pixel: ImagePixel) -> bool:
    return pixel.photometric_interpretation.startswith("YBR_") and pixel.samples_per_pixel > 1


def _has_spare_bits(pixel: ImagePixel) -> bool:
    """Return whether containers have bits that are no sample's; those of YCbCr by pixel are taken as they are."""
    if pixel.is_422 or (_is_ybr(pixel) and pixel.planar_configuration == 0):
        return False
    return pixel.keyword == "PixelData" and pixel.bits_stored < pixel.bits_allocated


def _flat(samples: Array) -> Array:
    return array_namespace(samples).reshape(samples, (-1,))


def _frames_of(raw: Array, first: npt.NDArray[np.int64], pixel: ImagePixel) -> Array:
    """Return the (m, bytes) of the frames: a view where they follow one another."""
    xp, length = array_namespace(raw), pixel.frame_bits // 8
    if len(first) and (np.diff(first) == length).all():
        begin = int(first[0])
        return xp.reshape(raw[begin : begin + len(first) * length], (len(first), length))
    if not len(first):
        return xp.reshape(raw[:0], (0, length))
    return xp.stack([raw[begin : begin + length] for begin in first.tolist()])


def _arranged(samples: Array, pixel: ImagePixel) -> Array:
    """Return the (m, samples) of frames in their shape, samples last: a view."""
    xp, count = array_namespace(samples), samples.shape[0]
    if pixel.samples_per_pixel > 1 and pixel.planar_configuration == 1:
        planes = xp.reshape(samples, (count, pixel.samples_per_pixel, pixel.rows, pixel.columns))
        return xp.permute_dims(planes, (0, 2, 3, 1))
    return xp.reshape(samples, (count, *pixel.frame_shape))


def _empty(raw: Array, shape: tuple[int, ...], pixel: ImagePixel) -> Array:
    return array_namespace(raw).empty(shape, dtype=native_dtype(raw, pixel.dtype), device=native_device(raw))


def _uploaded(numbers: npt.NDArray[np.int64], like: Array) -> Array:
    with on_device_of(like):
        return array_namespace(like).asarray(numbers, device=native_device(like))


# --- One bit a sample -------------------------------------------------------------------------------------------------


def _unpacked(raw: Array, starts: npt.NDArray[np.int64], pixel: ImagePixel) -> Array:
    """Return frames of one bit a sample as 0 and 1."""
    xp, count = array_namespace(raw), pixel.frame_samples
    shape = (len(starts), *pixel.frame_shape)
    if takes(raw):
        out = _empty(raw, shape, pixel)
        launch(
            program("unpack_bits"), grid_for(-(-count // 16) + 1, len(starts)), raw,
            raw, _uploaded(starts, raw), out, len(starts), count,
        )  # fmt: skip
        return out
    offsets = _uploaded(np.arange(count), raw)
    position = _uploaded(starts, raw)[:, None] + offsets[None, :]
    bits = xp.astype(take(raw, position >> 3), xp.int32) >> xp.astype(position & 7, xp.int32)
    return xp.reshape(xp.astype(bits & 1, native_dtype(raw, pixel.dtype)), shape)


# --- Byte order, High Bit and Bits Stored -----------------------------------------------------------------------------


def _samples(
    raw: Array, first: npt.NDArray[np.int64], pixel: ImagePixel, byte_order: ByteOrder
) -> tuple[Array, Array | None]:
    """Return (m, samples) of ``pixel.dtype``, in the order of the bytes, and the frames' flags."""
    xp = array_namespace(raw)
    low = pixel.low_bit if _has_spare_bits(pixel) else 0
    spare = pixel.bits_allocated - pixel.bits_stored if _has_spare_bits(pixel) else 0
    if not takes(raw):
        samples = _in_machine_order(raw, first, pixel, byte_order)
        return _without_spare_bits(samples, pixel, low, spare) if spare else (samples, None)
    count = pixel.frame_bits // pixel.bits_allocated
    out = _empty(raw, (len(first), count), pixel)
    flags = xp.zeros(len(first), dtype=xp.int32, device=native_device(raw)) if low else None
    size = pixel.dtype.itemsize
    kernel = program(
        "samples",
        WORD=f"uint{8 * size}",
        SIGNED=int(pixel.dtype.kind == "i"),
        ORDER=byte_order.upper(),
        CHECK=int(low > 0),
    )
    launch(
        kernel, grid_for(-(-count * size // 16) + 1, len(first)), raw,
        raw, _uploaded(first, raw), out, flags, len(first), count, spare, low,
    )  # fmt: skip
    return out, flags


def _in_machine_order(raw: Array, first: npt.NDArray[np.int64], pixel: ImagePixel, byte_order: ByteOrder) -> Array:
    xp, size = array_namespace(raw), pixel.dtype.itemsize
    if byte_order == "words":
        whole = raw.shape[0] // 2 * 2
        raw = _flat(xp.flip(xp.reshape(raw[:whole], (-1, 2)), axis=1))
    frames = _frames_of(raw, first, pixel)
    if byte_order == "big" and size > 1:
        swapped = xp.flip(xp.reshape(frames, (frames.shape[0], frames.shape[1] // size, size)), axis=2)
        frames = xp.reshape(swapped, frames.shape)
    return reinterpret(frames, pixel.dtype)


def _without_spare_bits(samples: Array, pixel: ImagePixel, low: int, spare: int) -> tuple[Array, Array | None]:
    """Move samples down to bit 0, and replace the bits above them by their sign or by zero; all as signed integers."""
    xp, size = array_namespace(samples), pixel.dtype.itemsize
    words = reinterpret(samples, f"int{8 * size}")
    most = (1 << pixel.bits_stored) - 1
    if pixel.pixel_representation:
        kept, stored = (words << spare) >> spare, (words << (spare - low)) >> spare
    else:
        kept, stored = words & most, (words >> low) & most
    flags = None
    if low:
        above, below = xp.any(kept != words, axis=1), xp.any((words & ((1 << low) - 1)) != 0, axis=1)
        flags = xp.astype(above, xp.int32) * _SPARE_BITS + xp.astype(below, xp.int32) * LOW_SAMPLES
    return reinterpret(stored, pixel.dtype), flags


# --- YCbCr ------------------------------------------------------------------------------------------------------------


def _rgb(data: Array, first: npt.NDArray[np.int64], pixel: ImagePixel) -> Array:
    """Return frames of YCbCr as RGB, (m, rows, columns, 3)."""
    partial = pixel.photometric_interpretation.startswith("YBR_PARTIAL")
    if not takes(data):
        frames = _frames_of(data, first, pixel)
        ybr = _whole_chroma(frames, pixel) if pixel.is_422 else _arranged(frames, pixel)
        return fused_ybr_to_rgb(ybr, partial=partial)
    out = _empty(data, (len(first), *pixel.frame_shape), pixel)
    layout = "PAIRS" if pixel.is_422 else "PLANES" if pixel.planar_configuration == 1 else "PIXELS"
    rows, columns = pixel.rows, pixel.columns
    if layout != "PAIRS" or columns % 2 == 0:
        rows, columns = 1, rows * columns
    launch(
        program("ybr", LAYOUT=layout, PARTIAL=int(partial)), grid_for(-(-columns // 8), rows, len(first)), data,
        data, _uploaded(first, data), out, len(first), rows, columns,
    )  # fmt: skip
    return out


def _whole_chroma(frames: Array, pixel: ImagePixel) -> Array:
    """Repeat the chroma of 4:2:2, stored as Y1 Y2 Cb Cr for each two pixels (PS3.3 C.7.6.3.1.2)."""
    xp = array_namespace(frames)
    pairs = xp.reshape(frames, (frames.shape[0], pixel.rows, (pixel.columns + 1) // 2, 1, 4))
    luma = xp.reshape(pairs[..., 0, :2], (*pairs.shape[:3], 2, 1))
    chroma = xp.broadcast_to(pairs[..., 2:], (*pairs.shape[:3], 2, 2))
    ybr = xp.concat([luma, chroma], axis=-1)
    return xp.reshape(ybr, (frames.shape[0], pixel.rows, 2 * pairs.shape[2], 3))[:, :, : pixel.columns, :]
