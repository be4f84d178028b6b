"""Resampling on the array API alone: any library, any device, and what every faster implementation equals.

The contract, for the voxel of the target at index t:

1. Its place in the source is ``x = ((offset + steps[:, 0] * t[0]) + steps[:, 1] * t[1]) + steps[:, 2] * t[2]`` in
   float64, no step fused.  A coordinate within 1e-6 of a multiple of 0.5 is that multiple, and steps that lead no
   further than 1e-7 over the whole of an axis of the target are none.
2. It is inside if ``-0.5 <= x <= size - 0.5`` along each axis, edges of the outermost voxels included.  Else it has the
   fill value.
3. Nearest: the voxel at ``min(floor(x + 0.5), size - 1)``.
4. Linear: ``x`` is brought to 0 .. size - 1, so that the outer half of the outermost voxels has their value; then, with
   ``i = floor(x)`` and ``f = x - i``, it is ``v[i] + f * (v[i + 1] - v[i])`` along axis 2, of that along axis 1, and of
   that along axis 0.  Where ``f`` is 0 it is ``v[i]``, whatever is next to it.
5. Cubic: the B-spline of the coefficients in :mod:`hdgpu.volume.resampling.spline`, mirrored, so that the outer half of
   the outermost voxels mirrors the inner.
6. Values and weights are float32, or float64 if the source or the target is float64 or an integer of 32 bits or more.
   An integer target has them rounded, halves to even, and brought to the range of its type.

Where each axis of the source follows one axis of the target they are first put in the same order, and an axis along
which all places inside are voxels' centres is not interpolated at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hdgpu.array.functions import clamp, native_dtype
from hdgpu.array.namespace import Array, array_namespace, native_device
from hdgpu.volume.resampling.grid import IndexMap
from hdgpu.volume.resampling.spline import cubic_weights, filter_along
from hdgpu.volume.resampling.tables import AxisTable, mirrored, snapped

__all__ = ["converted", "resample_across", "resample_along"]

# Voxels of the target at a time: what is in between takes some hundred bytes for each.
_AT_A_TIME = 1 << 20


def converted(values: Array, dtype: Any) -> Array:
    """Return values in the native data type of a target: to integers rounded, halves to even, and within their range.

    Examples
    --------
    >>> converted(np.array([-3.0, 0.5, 1.5, 300.0]), np.dtype("uint8"))
    array([  0,   0,   2, 255], dtype=uint8)
    """
    xp = array_namespace(values)
    if xp.isdtype(dtype, "integral") and xp.isdtype(values.dtype, "real floating"):
        info = xp.iinfo(dtype)
        # the largest 64-bit integers are no floating-point numbers, and the next one is too large
        high = float(info.max) if float(info.max) <= info.max else math.nextafter(float(info.max), 0.0)
        values = clamp(xp.round(values), float(info.min), high)
    return xp.astype(values, dtype, copy=False)


def resample_along(array: Array, out: Array, tables: Sequence[AxisTable], working: str) -> None:
    """Write what lies inside the source, where each axis of the target follows the same axis of the source.

    Parameters
    ----------
    array : array
        Shape (n0, n1, n2, channels).
    out : array
        Shape (m0, m1, m2, channels), of the same library and device; holds the fill value.
    tables : sequence of 3 AxisTable
    working : str
        Data type to compute in; for tables of one tap it is left aside.
    """
    mixing = [axis for axis, table in enumerate(tables) if table.taps > 1]
    splines = [axis for axis in mixing if tables[axis].taps == 4]
    if splines:
        array = array_namespace(array).astype(array, native_dtype(array, working), copy=True)
        for axis in (2, 1, 0):
            if axis in splines:
                filter_along(array, axis)
    first = tables[0]
    for rows in _runs(first.count, tables[1].count * tables[2].count * array.shape[3]):
        part, weights = first.index[rows], first.weights[rows]
        lowest = int(part.min())
        values = array[lowest : int(part.max()) + 1, ...]
        if mixing:
            values = array_namespace(values).astype(values, native_dtype(array, working), copy=False)
        here = AxisTable(0, part - np.int32(lowest), weights)
        for axis in (2, 1, 0):
            values = _along(values, axis, here if axis == 0 else tables[axis])
        inside = slice(first.begin + rows.start, first.begin + rows.stop)
        out[(inside, tables[1].inside, tables[2].inside, ...)] = converted(values, out.dtype)


def _runs(planes: int, size: int) -> Iterator[slice]:
    """Yield the planes of the target in runs, given the size of one."""
    step = max(1, _AT_A_TIME // size)
    for start in range(0, planes, step):
        yield slice(start, min(start + step, planes))


def _along(values: Array, axis: int, table: AxisTable) -> Array:
    """Return values interpolated along one axis."""
    xp, device = array_namespace(values), native_device(values)
    shape = [table.count if each == axis else 1 for each in range(values.ndim)]

    def taken(tap: int) -> Array:
        index = xp.asarray(table.index[:, tap].astype(np.int64), device=device)
        return xp.take(values, index, axis=axis)

    def weight(column: Any) -> Array:
        return xp.reshape(xp.asarray(np.ascontiguousarray(column), device=device), tuple(shape))

    if table.taps == 1:
        return taken(0)
    if table.taps == 2:
        return _between(taken(0), taken(1), weight(table.weights))
    total = weight(table.weights[:, 0]) * taken(0)
    for tap in (1, 2, 3):
        total = total + weight(table.weights[:, tap]) * taken(tap)
    return total


def _between(first: Array, second: Array, weight: Array) -> Array:
    return array_namespace(first).where(weight > 0, first + weight * (second - first), first)


# --- A rotated grid ---------------------------------------------------------------------------------------------------


def resample_across(array: Array, out: Array, index_map: IndexMap, order: int, working: str) -> None:
    """Write what lies inside the source, whose axes follow several of the target's.

    Parameters
    ----------
    array, out : array
        As for :func:`resample_along`.
    index_map : IndexMap
    order : int
        0 for nearest, 1 for linear and 3 for cubic interpolation.
    working : str
        Data type to compute in.
    """
    xp, device = array_namespace(array), native_device(array)
    sizes: tuple[int, ...] = tuple(array.shape[:3])
    if order == 3:
        array = xp.astype(array, native_dtype(array, working), copy=True)
        for axis in (2, 1, 0):
            filter_along(array, axis)
    flat = xp.reshape(array, (-1, array.shape[3]))
    counts = [xp.arange(size, dtype=xp.float64, device=device) for size in out.shape[:3]]
    for rows in _runs(out.shape[0], math.prod(out.shape[1:])):
        target = [counts[0][rows, None, None], counts[1][None, :, None], counts[2][None, None, :]]
        places = [_places(index_map, axis, target) for axis in range(3)]
        within = [(each >= -0.5) & (each <= size - 0.5) for each, size in zip(places, sizes, strict=True)]
        inside = within[0] & within[1] & within[2]
        # outside, any place that can be looked up
        places = [clamp(each, -0.5, size - 0.5) for each, size in zip(places, sizes, strict=True)]
        values = converted(_INTERPOLATED[order](flat, places, sizes, native_dtype(array, working)), out.dtype)
        out[rows, ...] = xp.where(inside[..., None], values, out[rows, ...])


def _places(index_map: IndexMap, axis: int, target: Sequence[Array]) -> Array:
    offset, steps = float(index_map.offset[axis]), index_map.steps[axis].tolist()
    return snapped(((offset + steps[0] * target[0]) + steps[1] * target[1]) + steps[2] * target[2])


def _taken(flat: Array, places: Array) -> Array:
    """Return the voxels at places in the flat source, with the channels as last axis."""
    xp = array_namespace(flat)
    return xp.reshape(xp.take(flat, xp.reshape(places, (-1,)), axis=0), (*places.shape, flat.shape[1]))


def _nearest(flat: Array, places: Sequence[Array], sizes: Sequence[int], working: Any) -> Array:
    xp = array_namespace(flat)
    first, second, third = (
        xp.astype(clamp(xp.floor(each + 0.5), None, size - 1.0), xp.int64)
        for each, size in zip(places, sizes, strict=True)
    )
    return _taken(flat, (first * sizes[1] + second) * sizes[2] + third)


def _linear(flat: Array, places: Sequence[Array], sizes: Sequence[int], working: Any) -> Array:
    xp = array_namespace(flat)
    inner = [clamp(each, 0.0, size - 1.0) for each, size in zip(places, sizes, strict=True)]
    whole = [xp.floor(each) for each in inner]
    weights = [xp.astype(x - i, working)[..., None] for x, i in zip(inner, whole, strict=True)]
    strides = (sizes[1] * sizes[2], sizes[2], 1)
    first = [xp.astype(i, xp.int64) * stride for i, stride in zip(whole, strides, strict=True)]
    second = [at + xp.astype(x > i, xp.int64) * s for at, x, i, s in zip(first, inner, whole, strides, strict=True)]

    def on_line(across: Array, down: Array) -> Array:
        start, end = (xp.astype(_taken(flat, across + down + along), working) for along in (first[2], second[2]))
        return _between(start, end, weights[2])

    def in_plane(across: Array) -> Array:
        return _between(on_line(across, first[1]), on_line(across, second[1]), weights[1])

    return _between(in_plane(first[0]), in_plane(second[0]), weights[0])


def _cubic(flat: Array, places: Sequence[Array], sizes: Sequence[int], working: Any) -> Array:
    """Return the spline of coefficients: along axis 0 first, here."""
    xp = array_namespace(flat)
    strides = (sizes[1] * sizes[2], sizes[2], 1)
    taps, weights = [], []
    for each, size, stride in zip(places, sizes, strides, strict=True):
        whole = xp.floor(each)
        weights.append([weight[..., None] for weight in cubic_weights(xp.astype(each - whole, working))])
        below = xp.astype(whole, xp.int64)
        taps.append([mirrored(below + tap, size) * stride for tap in (-1, 0, 1, 2)])

    def plane(down: Array, along: Array) -> Array:
        return _sum(weights[0], [_taken(flat, across + down + along) for across in taps[0]])

    def line(along: Array) -> Array:
        return _sum(weights[1], [plane(down, along) for down in taps[1]])

    return _sum(weights[2], [line(along) for along in taps[2]])


def _sum(weights: Sequence[Array], values: Sequence[Array]) -> Array:
    total = weights[0] * values[0]
    for weight, value in zip(weights[1:], values[1:], strict=True):
        total = total + weight * value
    return total


_INTERPOLATED = {0: _nearest, 1: _linear, 3: _cubic}
