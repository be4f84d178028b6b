"""Reference of every pixel transform, on any array library: slow, plain, and what the others have to equal.

All compute in float64 and round at the end, if at all.  Parameters are Python numbers or NumPy arrays on the host;
results have the shape, library and device of the values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import clamp, comparable, host_dtype, take
from hdgpu.array.namespace import Array, array_namespace, is_numpy_array, native_device
from hdgpu.errors import LookupTableError

__all__ = ["affine", "lookup", "ramp", "scale_entries", "sigmoid", "to_float64", "upload", "ybr_to_rgb"]

# Full-range YCbCr to RGB (PS3.3 C.7.6.3.1.2): R, G and B of each of Y, Cb and Cr.
_FULL_RANGE = ((1.0, 1.0, 1.0), (0.0, -0.114 * 1.772 / 0.587, 1.772), (1.402, -0.299 * 1.402 / 0.587, 0.0))
_PARTIAL_RANGE = ((1.1644, 1.1644, 1.1644), (0.0, -0.3917, 2.0173), (1.5960, -0.8129, 0.0))


def to_float64(values: Array) -> Array:
    """Return the values as float64, themselves if they are."""
    xp = array_namespace(values)
    return xp.astype(values, xp.float64, copy=False)


def upload(table: npt.NDArray[Any], like: Array) -> Array:
    """Return a table of the host as an array of the library and on the device of `like`: a copy, or it is NumPy's."""
    if is_numpy_array(like):
        return table
    xp = array_namespace(like)
    with on_device_of(like):
        return xp.asarray(table.copy(), device=native_device(like))  # torch would share the memory


def affine(stored: Array, slope: npt.NDArray[np.float64], intercept: npt.NDArray[np.float64]) -> Array:
    """Apply a slope and an intercept per frame (PS3.3 C.11.1.1.2).

    Parameters
    ----------
    stored : array
        (n, rows, columns) or (n, rows, columns, samples) of any numeric type, on any device.
    slope, intercept : numpy.ndarray
        (n,) float64 on the host.

    Returns
    -------
    array
        float64: two roundings, product and sum, and no fused step.
    """
    xp = array_namespace(stored)
    shape = (-1, *(1,) * (stored.ndim - 1))
    slopes = xp.reshape(upload(np.asarray(slope, np.float64), stored), shape)
    intercepts = xp.reshape(upload(np.asarray(intercept, np.float64), stored), shape)
    product = to_float64(stored) * slopes
    return product + intercepts


def ramp(values: Array, low: float, gain: float, base: float, limits: tuple[float, float]) -> Array:
    """Apply a window with straight flanks (PS3.3 C.11.2.1.2.1 and C.11.2.1.3.2).

    Parameters
    ----------
    values : array
        Any shape and numeric type.
    low : float
        Value at which the ramp begins.
    gain : float
        Its steepness, negative where the window is inverted.
    base : float
        Output at `low` and below.
    limits : tuple of float
        Smallest and largest output.

    Returns
    -------
    array
        float64, (values - low) * gain + base, each step rounded, brought to the limits; NaN stays NaN.
    """
    with np.errstate(over="ignore"):  # far from a steep ramp
        product = (to_float64(values) - low) * gain
    return clamp(product + base, *limits)


def sigmoid(values: Array, center: float, width: float, bottom: float, top: float, *, invert: bool) -> Array:
    """Apply a sigmoid window (PS3.3 C.11.2.1.3.1).

    Parameters
    ----------
    values : array
        Any shape and numeric type.
    center, width : float
        Value that maps to the middle, and how steep it is there.
    bottom, top : float
        Outputs far below and far above the centre.
    invert : bool
        Whether top and bottom change places.

    Returns
    -------
    array
        float64, (top - bottom) / (1 + exp(-4 * (values - center) / width)) + bottom, with +4 if inverted.
    """
    xp = array_namespace(values)
    factor = 4.0 if invert else -4.0
    with np.errstate(over="ignore"):  # far from the centre exp is infinite, and the quotient 0, as it should be
        power = xp.exp(factor * (to_float64(values) - center) / width)
        return (top - bottom) / (1.0 + power) + bottom


def lookup(values: Array, first: int, entries: Array) -> Array:
    """Look integers up in a table; values beyond either end map to its first or last entry (PS3.3 C.11.1.1).

    Parameters
    ----------
    values : array
        Any shape, of integers.
    first : int
        Value that maps to the first entry.
    entries : array
        (m,) or (m, samples), of the library and on the device of `values`.

    Returns
    -------
    array
        Of the type of the entries; samples are along a new last axis.

    Raises
    ------
    ValueError
        If the values are not integers.
    """
    xp = array_namespace(values, entries)
    kind = host_dtype(values)
    if kind.kind not in "iu":
        raise ValueError(f"A lookup table maps integers, not values of type {kind}.")
    count = entries.shape[0]
    bounds = np.iinfo(kind)
    if first > bounds.max:
        index = xp.zeros_like(values, dtype=xp.int64)
    elif first + count - 1 < bounds.min:
        index = xp.full_like(values, count - 1, dtype=xp.int64)
    else:
        # Clamped in the values' own type, so that a difference cannot run over.
        inside = clamp(comparable(values), max(first, int(bounds.min)), min(first + count - 1, int(bounds.max)))
        index = xp.astype(inside, xp.int64) - first
    return take(entries, index)


def scale_entries(
    entries: npt.NDArray[Any], output_range: tuple[float, float], *, invert: bool = False
) -> npt.NDArray[np.float64]:
    """Bring the entries of a table to an output range: the smallest to its lower end, the largest to its upper one.

    Parameters
    ----------
    entries : numpy.ndarray
        (m,) of integers, not all equal.
    output_range : tuple of float
    invert : bool
        Whether the ends change places.

    Raises
    ------
    LookupTableError
        If they are all equal.
    """
    least, largest = int(entries.min()), int(entries.max())
    if least == largest:
        raise LookupTableError("all entries of the table are equal: there is nothing to scale", found=least)
    lower, upper = output_range
    values = entries.astype(np.float64)
    distance = largest - values if invert else values - least
    return distance * ((upper - lower) / (largest - least)) + lower


def ybr_to_rgb(values: Array, *, partial: bool = False) -> Array:
    """Convert YCbCr of 8 bits to RGB (PS3.3 C.7.6.3.1.2), rounded to the nearest.

    Parameters
    ----------
    values : array
        (..., 3) uint8.
    partial : bool
        Whether they are of partial range: YBR_PARTIAL_422 and YBR_PARTIAL_420 instead of YBR_FULL.

    Returns
    -------
    array
        (..., 3) uint8.
    """
    xp = array_namespace(values)
    luma, blue, red = (xp.astype(values[..., index], xp.float32) for index in range(3))
    luma, blue, red = luma - (16.0 if partial else 0.0), blue - 128.0, red - 128.0
    matrix = _PARTIAL_RANGE if partial else _FULL_RANGE
    rgb = [luma * y + blue * b + red * r for y, b, r in zip(*matrix, strict=True)]
    return xp.astype(clamp(xp.floor(xp.stack(rgb, axis=-1) + 0.5), 0, 255), xp.uint8)
