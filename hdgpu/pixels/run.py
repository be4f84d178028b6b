"""Run a compiled transform on one frame on the host, while it is in the cache of the core that decoded it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.compiled import extension
from hdgpu.errors import OutputTypeError
from hdgpu.pixels.transform import PixelTransform, TransformKind

__all__ = ["transform_frame"]

# Stored and output types that the compiled extension converts between, as NumPy and `struct` abbreviate them.
_COMPILED_TYPES = frozenset(stored + out for stored in "BbHh" for out in "fd")
# Values at a time where an intermediate is needed: 128 KiB of float64 stay in the second-level cache.
_BLOCK = 1 << 14


def transform_frame(
    transform: PixelTransform,
    frame: int,
    stored: npt.NDArray[Any],
    out: npt.NDArray[Any],
    *,
    stream: bool = False,
) -> None:
    """Write the output values of one frame.

    Parameters
    ----------
    transform : PixelTransform
    frame : int
        Row of the transform's slopes and intercepts.
    stored : numpy.ndarray
        Stored values, of any shape; may be `out` itself if the transform is the identity.
    out : numpy.ndarray
        Contiguous, same shape, of the transform's data type.
    stream : bool
        Whether `out` is part of an array that does not fit into the cache, so that it is better written past it.

    Raises
    ------
    OutputTypeError
        If a value does not fit into the data type of `out`.
    """
    compiled = extension()
    types = stored.dtype.char + out.dtype.char
    if compiled is not None and types in _COMPILED_TYPES and _is_plain(stored) and _is_plain(out):
        slope, intercept = transform.slope[frame], transform.intercept[frame]
        compiled.convert_frame(stored, out, types, slope, intercept, transform.exact_in_float32, stream)
        return
    if transform.kind is TransformKind.IDENTITY:
        if stored is not out:
            _cast(stored, out)
        return
    slope, intercept = transform.slope[frame], transform.intercept[frame]
    if out.dtype == np.float64:
        np.multiply(stored, slope, out=out)
        np.add(out, intercept, out=out)
    elif out.dtype == np.float32 and transform.exact_in_float32:
        _affine_exact(stored, np.float32(slope), np.float32(intercept), out)
    else:
        _affine_in_blocks(stored, slope, intercept, out)


def _is_plain(array: npt.NDArray[Any]) -> bool:
    return array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative


def _affine_exact(stored: npt.NDArray[Any], slope: np.float32, intercept: np.float32, out: npt.NDArray[Any]) -> None:
    if slope == 1:
        np.add(stored, intercept, out=out, dtype=np.float32, casting="same_kind")
        return
    np.multiply(stored, slope, out=out, dtype=np.float32, casting="same_kind")
    if intercept:
        np.add(out, intercept, out=out)


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
        _cast(part, target[start : start + _BLOCK])


def _cast(values: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """Copy with conversion, and look at the values where the type alone does not say that they fit."""
    if out.dtype == np.float16:
        with np.errstate(over="ignore"):
            np.copyto(out, values, casting="unsafe")
        if np.isinf(out).any() and not np.isinf(values).any():
            raise _too_large(values, out.dtype)
        return
    if out.dtype.kind != "f" and not np.can_cast(values.dtype, out.dtype, "safe"):
        info = np.iinfo(out.dtype)
        if values.min() < info.min or values.max() > info.max or not np.array_equal(values, np.rint(values)):
            raise _too_large(values, out.dtype)
    np.copyto(out, values, casting="unsafe")


def _too_large(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> OutputTypeError:
    return OutputTypeError(
        f"the values do not fit into {dtype}",
        expected="a larger data type",
        found=f"values from {values.min():g} to {values.max():g}",
        remedy="Pass another dtype, for example float32.",
    )
