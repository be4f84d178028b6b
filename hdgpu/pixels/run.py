"""Run a compiled transform: frame by frame on the host, in the cache of the core that decoded it; or on any device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.functions import host_dtype, take
from hdgpu.array.namespace import Array, array_namespace
from hdgpu.compiled import extension
from hdgpu.pixels import device
from hdgpu.pixels.reference import upload
from hdgpu.pixels.transform import PixelTransform, TransformKind, cast, does_not_fit

__all__ = ["scatter_frames", "transform_frame"]

# Stored and output types that the compiled extension converts between, as NumPy and `struct` abbreviate them.
_COMPILED_TYPES = frozenset(stored + out for stored in "BbHh" for out in "fd")
_HALF_TYPES = frozenset(stored + "e" for stored in "BbHh")
# Values at a time where an intermediate is needed: 128 KiB of float64 stay in the second-level cache.
_BLOCK = 1 << 14


def transform_frame(
    transform: PixelTransform,
    row: int,
    stored: npt.NDArray[Any],
    out: npt.NDArray[Any],
    *,
    stream: bool = False,
) -> None:
    """Write the output values of one frame.

    Parameters
    ----------
    transform : PixelTransform
    row : int
        Row of the frame in the table that the transform was compiled for.
    stored : numpy.ndarray
        Stored values, of any shape; may be `out` itself if they have the same type and shape.
    out : numpy.ndarray
        Contiguous, of the transform's data type and the shape of `stored`, with samples behind it for a palette.
    stream : bool
        Whether `out` is part of an array that does not fit into the cache, so that it is better written past it.

    Raises
    ------
    OutputTypeError
        If a value does not fit into the data type of `out`.
    UnmappedValueError
        If a real-world value map does not map one of the stored values.
    """
    if transform.valid is not None and stored.size:
        transform.check_valid(stored.min(), stored.max(), row)
    kind = transform.kind
    if stored is out and kind is TransformKind.IDENTITY:
        return
    compiled = extension()
    if compiled is not None and not (_is_plain(stored) and _is_plain(out)):
        compiled = None
    types = stored.dtype.char + out.dtype.char
    if kind is TransformKind.TABLE:
        _look_up(compiled, transform.table(row), stored, out, stream=stream)
    elif kind is TransformKind.STEPS:
        _in_blocks(transform, row, stored, out)
    elif compiled is not None and types in _COMPILED_TYPES:
        slope, intercept = transform.slope[row], transform.intercept[row]
        compiled.convert_frame(stored, out, types, slope, intercept, transform.exact_in_float32, stream)
    elif compiled is None or types not in _HALF_TYPES or not _to_half(compiled, transform, row, stored, out):
        _affine(transform, row, stored, out)


def scatter_frames(
    transform: PixelTransform,
    stored: Array,
    rows: Sequence[int],
    out: Array,
    destination: npt.NDArray[np.int64],
    regions: npt.NDArray[np.int64] | None = None,
) -> Array | None:
    """Write the output values of frames, or of a rectangle of each, to their places.

    Parameters
    ----------
    transform : PixelTransform
    stored : array
        (m, rows, columns) or (m, rows, columns, samples).
    rows : sequence of int
        (m,) row of each frame in the table that the transform was compiled for.
    out : array
        (slices, rows, columns) or with samples, of the same library on the same device, of the transform's data type
        or, for torch, of bfloat16.
    destination : numpy.ndarray
        (m,) int64, index of each frame along the first axis of `out`.
    regions : numpy.ndarray, optional
        (m, 6) int64, a `Region` for each frame; all of it by default.

    Returns
    -------
    array or None
        (m,) flags, from kernels alone: any but 0 for a frame that `transform_frame` raises for.  Nothing is waited
        for, and what was written counts only where the flag is 0.

    Raises
    ------
    OutputTypeError
        If a value does not fit into the transform's data type; where there are no flags.
    UnmappedValueError
        If a real-world value map does not map one of the stored values; where there are no flags.
    """
    operation = device.operation_of(transform, rows, stored, out)
    if operation is not None:
        return device.scatter_frames(transform, operation, stored, rows, out, destination, regions)
    xp = array_namespace(stored)
    for index, (row, place) in enumerate(zip(rows, destination.tolist(), strict=True)):
        frame = xp.astype(_frame_anywhere(transform, row, stored[index, ...]), out.dtype, copy=False)
        if regions is None:
            out[place, ...] = frame
        else:
            top, left, high, wide, frame_top, frame_left = regions[index].tolist()
            part = frame[frame_top : frame_top + high, frame_left : frame_left + wide, ...]
            out[place, top : top + high, left : left + wide, ...] = part
    return None


def _frame_anywhere(transform: PixelTransform, row: int, stored: Array) -> Array:
    xp = array_namespace(stored)
    if transform.valid is not None:
        values = xp.astype(stored, xp.float64)
        transform.check_valid(float(xp.min(values)), float(xp.max(values)), row)
    if transform.kind is TransformKind.TABLE:
        table = upload(transform.table(row), stored)
        index = xp.astype(stored, xp.int64) % table.shape[0]  # the bits of negative values, read as unsigned
        return take(table, index)
    if _is_whole(transform, stored):
        return _affine_in_integers(transform, row, stored)
    values = transform.values(stored, row)
    if transform.dtype.kind != "f" or transform.dtype.itemsize < 4:
        _check_fits(values, transform.dtype)
    return values


def _check_fits(values: Array, dtype: np.dtype[Any]) -> None:
    """Raise if a value does not fit into a type; this waits for the device."""
    xp = array_namespace(values)
    values = xp.astype(values, xp.float64, copy=False)
    smallest, largest = float(xp.min(values)), float(xp.max(values))
    limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    whole = dtype.kind == "f" or bool(xp.all(values == xp.round(values)))
    if not whole or smallest < limits.min or largest > limits.max:
        raise does_not_fit(smallest, largest, dtype)


def _is_plain(array: npt.NDArray[Any]) -> bool:
    return array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative


def _to_half(
    compiled: Any, transform: PixelTransform, row: int, stored: npt.NDArray[Any], out: npt.NDArray[Any]
) -> bool:
    """Write output values in half precision, rounded once, and return whether all fit: where float32 is exact."""
    code = stored.dtype.char
    if transform.kind is TransformKind.IDENTITY:
        return bool(compiled.to_half(code, stored, out))
    if not transform.exact_in_float32:
        return False
    values = np.empty(stored.shape, np.float32)
    compiled.convert_frame(stored, values, code + "f", transform.slope[row], transform.intercept[row], True, False)
    return bool(compiled.to_half("f", values, out))


def _look_up(
    compiled: Any, table: npt.NDArray[Any], stored: npt.NDArray[Any], out: npt.NDArray[Any], *, stream: bool
) -> None:
    if compiled is not None:
        compiled.look_up_frame(stored, out, table, stored.itemsize, table.strides[0], stream)
        return
    bits = stored.astype(stored.dtype.newbyteorder("="), copy=False).view(f"u{stored.itemsize}")
    out[...] = table[bits]


def _in_blocks(transform: PixelTransform, row: int, stored: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """Compute by the reference, a block of pixels at a time, and round once to the output."""
    samples = stored.shape[2:]  # of colour, which a step may need together
    source = stored.reshape(-1, *samples)
    target = out.reshape(len(source), *(samples or out.shape[stored.ndim :]))
    for start in range(0, len(source), _BLOCK):
        cast(transform.values(source[start : start + _BLOCK], row), target[start : start + _BLOCK])


def _affine(transform: PixelTransform, row: int, stored: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    if transform.kind is TransformKind.IDENTITY:
        if stored is not out:
            cast(stored, out)
        return
    if _is_whole(transform, stored):
        np.copyto(out, _affine_in_integers(transform, row, stored), casting="unsafe")
        return
    slope, intercept = transform.slope[row], transform.intercept[row]
    if out.dtype == np.float64:
        np.multiply(stored, slope, out=out)
        np.add(out, intercept, out=out)
    elif out.dtype == np.float32 and transform.exact_in_float32:
        _affine_exact(stored, np.float32(slope), np.float32(intercept), out)
    else:
        _affine_in_blocks(stored, slope, intercept, out)


def _is_whole(transform: PixelTransform, stored: Array) -> bool:
    """Whether integers become integers that float64 may not hold."""
    is_affine, dtype = transform.kind is TransformKind.AFFINE, transform.dtype
    return is_affine and dtype.kind in "iu" and dtype.itemsize == 8 and host_dtype(stored).kind in "iu"


def _affine_in_integers(transform: PixelTransform, row: int, stored: Array) -> Array:
    """Compute in integers, of which float64 has those up to 2**53 alone.

    Returns
    -------
    array
        int64, of the bits that the values have in the transform's data type.

    Raises
    ------
    OutputTypeError
        If a value does not fit into that.
    """
    xp = array_namespace(stored)
    slope, intercept = int(transform.slope[row]), int(transform.intercept[row])
    ends = [int(end) * slope + intercept for end in (xp.min(stored), xp.max(stored))]
    limits = np.iinfo(transform.dtype)
    if min(ends) < limits.min or max(ends) > limits.max:
        raise does_not_fit(min(ends), max(ends), transform.dtype)
    return xp.astype(stored, xp.int64) * slope + intercept  # modulo 2**64, as the values are


def _affine_in_blocks(
    stored: npt.NDArray[Any], slope: np.float64, intercept: np.float64, out: npt.NDArray[Any]
) -> None:
    """Compute in float64, a block at a time, and round once to the output."""
    source, target = stored.reshape(-1), out.reshape(-1)
    values = np.empty(min(_BLOCK, source.size), np.float64)
    for start in range(0, source.size, _BLOCK):
        block = source[start : start + _BLOCK]
        part = values[: block.size]
        np.multiply(block, slope, out=part)
        np.add(part, intercept, out=part)
        cast(part, target[start : start + _BLOCK])


def _affine_exact(stored: npt.NDArray[Any], slope: np.float32, intercept: np.float32, out: npt.NDArray[Any]) -> None:
    if slope == 1:
        np.add(stored, intercept, out=out, dtype=np.float32, casting="same_kind")
        return
    np.multiply(stored, slope, out=out, dtype=np.float32, casting="same_kind")
    if intercept:
        np.add(out, intercept, out=out)
