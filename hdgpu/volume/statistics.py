"""Statistics of the voxels on a device, in one pass over them, and normalising with them in another; no waiting."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

from hdgpu.array.functions import dtype_name, native_dtype
from hdgpu.array.kernels import Grid, element_strides, grid_for, launch, program, takes, type_name
from hdgpu.array.namespace import Array, array_namespace, is_torch_array, native_device

__all__ = ["Statistics", "normalized", "statistics_of"]

_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
_TYPES = _FLOATS | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
# Threads of a block, elements that one fetches at a time, and the most blocks: the same on every device, for the order
# of summation depends on it.
_THREADS = 256
_RUN = 16
_BLOCKS = 1024
# Numbers of `Moments` in kernels/moments.cuh.
_MOMENTS = 5


class Statistics(NamedTuple):
    """Statistics of an array or of its channels, all float64, with the axes that they are taken over kept as one."""

    minimum: Array
    maximum: Array
    mean: Array
    deviation: Array


def statistics_of(array: Array, per_channel: bool) -> Statistics | None:
    """Return statistics of an array on its device; None if the kernel does not take the array.

    Minimum and maximum are exact, but for integers of more than 53 bits, and NaN if a value is.  Mean and (population)
    standard deviation are NumPy's of float64 within 1e-12, relative, and the same every time.

    Parameters
    ----------
    array : array
        Three spatial axes, then any channels.
    per_channel : bool
        Whether each channel has its own.
    """
    if not _suitable(array):
        return None
    layout = _layout(array, per_channel)
    xp, device = array_namespace(array), native_device(array)
    if layout is None:
        whole = xp.empty(array.shape, dtype=array.dtype, device=device)
        whole[...] = array
        array, layout = whole, _layout(whole, per_channel)
        assert layout is not None
    grid = layout.grid()
    channels, blocks = layout.groups * layout.period, math.prod(grid.blocks)
    moments = xp.empty(channels * blocks * _MOMENTS, dtype=xp.float64, device=device)
    result = xp.empty((4, channels), dtype=xp.float64, device=device)
    launch(
        program("statistics", VALUE=_kernel_type(array), STAGE="PARTIAL"), grid, array,
        array, moments, layout.start, layout.groups, *layout.sizes, layout.group_stride, *layout.strides, layout.period,
    )  # fmt: skip
    merge = Grid((min(channels, _BLOCKS), 1, 1), (_THREADS, 1, 1))
    launch(program("statistics", VALUE="float64", STAGE="MERGE"), merge, array, moments, result, channels, blocks)
    kept = (1, 1, 1, *array.shape[3:]) if per_channel else (1,) * array.ndim
    return Statistics(*(xp.reshape(result[each, :], kept) for each in range(4)))


def normalized(array: Array, less: Array, scale: Array, plus: float, *, divide: bool) -> Array:
    """Return ``(array - less) * scale + plus``, or divided by the scale, in one pass.

    Parameters
    ----------
    array : array
        One that `statistics_of` takes.
    less, scale : array
        Of one element, or one for each channel, in the type to compute in: float32 or float64.
    plus : float
    divide : bool

    Returns
    -------
    array
        Of the type to compute in, or of the array's if that is half precision.
    """
    xp = array_namespace(array)
    name, working = type_name(array), type_name(less)
    written = name if name in ("float16", "bfloat16") else working
    values = xp.reshape(array, (*array.shape[:3], math.prod(array.shape[3:])))
    out = xp.empty(values.shape, dtype=native_dtype(array, written), device=native_device(array))
    less, scale = (xp.reshape(each, (-1,)) for each in (less, scale))
    sizes, strides = values.shape, element_strides(values)
    if element_strides(out) == strides and sizes[3] == 1:
        sizes, strides = (1, 1, math.prod(sizes), 1), (0, 0, 1, 1)
    kernel = program(
        "normalize", VALUE=_kernel_type(array), WORKING=working, OUT=written, SCALE="DIVIDE" if divide else "MULTIPLY"
    )
    launch(
        kernel, grid_for(sizes[2], sizes[1], sizes[0]), array,
        values, out, less, scale, float(plus), int(less.shape[0] > 1), *sizes, *strides,
    )  # fmt: skip
    return xp.reshape(out, array.shape)


def _suitable(array: Array) -> bool:
    if not takes(array) or array.ndim < 3 or 0 in array.shape:
        return False
    if not is_torch_array(array) and any(stride % array.itemsize for stride in array.strides):
        return False
    return dtype_name(array.dtype) in _TYPES | {"bool"}


def _kernel_type(array: Array) -> str:
    name = type_name(array)
    return "uint8" if name == "bool" else name


class _Layout(NamedTuple):
    """An array as the kernel goes over it; all in elements."""

    start: int
    groups: int
    group_stride: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    period: int

    def grid(self) -> Grid:
        """Return a grid of at most `_BLOCKS` blocks, wide enough for a period."""
        layers, rows, columns = self.sizes
        wide = grid_for(max(columns, self.period), rows).threads[0]
        high = _THREADS // wide
        across = min(-(-columns // (wide // self.period * self.period * _RUN)), _BLOCKS)
        down = min(-(-rows // high), _BLOCKS // across)
        return Grid((across, down, min(layers, _BLOCKS // (across * down))), (wide, high, 1))


def _layout(array: Array, per_channel: bool) -> _Layout | None:
    """Return how the kernel goes over an array; None if it first has to be copied."""
    axes = [*zip(array.shape, element_strides(array), strict=True)]
    reduced, own = (axes[:3], axes[3:]) if per_channel else (axes, [])
    # in whichever order: an axis that runs backwards is gone through forwards
    start = sum((size - 1) * stride for size, stride in reduced if stride < 0)
    *outer, (columns, stride) = _joined([(size, abs(stride)) for size, stride in reduced])
    apart = own[-1][1] if own else 0
    if len(outer) > 2 or any(first[1] != size * stride for first, (size, stride) in pairwise(own)):
        return None
    channels = math.prod(size for size, _ in own)
    if 1 < channels <= _THREADS and stride == channels * apart:
        return _Layout(start, 1, 0, *_three([*outer, (columns * channels, apart)]), channels)
    return _Layout(start, channels, apart, *_three([*outer, (columns, stride)]), 1)


def _joined(axes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return axes as (size, stride) in descending order of strides, as one where they follow one another."""
    joined: list[tuple[int, int]] = []
    for size, stride in sorted((each for each in axes if each[0] > 1), key=lambda each: -each[1]):
        if joined and joined[-1][1] == size * stride:
            joined[-1] = joined[-1][0] * size, stride
        else:
            joined.append((size, stride))
    return joined or [(1, 1)]


def _three(axes: list[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    axes = [(1, 0)] * (3 - len(axes)) + axes
    return tuple(size for size, _ in axes), tuple(stride for _, stride in axes)
