"""Resampling with the CUDA kernels: equal to the reference, bit for bit; nothing is waited for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdgpu.array.functions import dtype_name, host_dtype, native_dtype
from hdgpu.array.kernels import Grid, element_strides, grid_for, launch, program, takes, type_name
from hdgpu.array.namespace import Array, array_namespace, is_torch_array, native_device
from hdgpu.pixels.reference import upload
from hdgpu.volume.resampling.grid import IndexMap
from hdgpu.volume.resampling.spline import start_weights
from hdgpu.volume.resampling.tables import AxisTable

__all__ = ["coefficients", "resample_across", "resample_along", "suitable"]

# What the kernels interpolate between: no integers of 64 bits, which are not all float64 numbers.
_TYPES = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"})
_ORDERS = {0: "NEAREST", 1: "LINEAR", 3: "CUBIC"}
# Voxels along an axis whose places, in half voxels, still are int32.
_LONGEST = 1 << 30
_MOST_BLOCKS = 65535
# Voxels of the target that a thread goes through along the last axis, where there are so many.
_RUN = 4
# Lines of a block of the spline filter that takes them by tiles, and from how many neighbours on it need not.
_LINES = 128
_NEIGHBOURS = 32


def suitable(array: Array, dtype: object, order: int) -> bool:
    """Return whether the kernels take an array of four axes, for a target of that data type.

    Parameters
    ----------
    array : array
        Shape (n0, n1, n2, channels).
    dtype : data type
        Of the target; for nearest neighbours it is the array's.
    order : int
        0 for nearest, 1 for linear and 3 for cubic interpolation.
    """
    if not takes(array) or 0 in array.shape or max(array.shape[:3]) >= _LONGEST:
        return False
    if not is_torch_array(array) and any(stride % array.itemsize for stride in array.strides):
        return False
    if order == 0:
        copied = type_name(array) == dtype_name(dtype) != "bfloat16"  # whose bits NumPy cannot give
        return copied and host_dtype(array).itemsize in (1, 2, 4, 8)
    return type_name(array) in _TYPES and dtype_name(dtype) in _TYPES


def resample_along(array: Array, out: Array, tables: Sequence[AxisTable], working: str, fill_value: float) -> None:
    """Write all of the target, where each axis follows the same axis of the source.

    Parameters
    ----------
    array, out : array
        Shapes (n0, n1, n2, channels) and (m0, m1, m2, channels), suitable; the first with any strides, `out` contiguous
        and with any values.
    tables : sequence of 3 AxisTable
        None of them empty.
    working : str
        Data type to compute in.
    fill_value : float
        That the data type of `out` holds.
    """
    splines = [axis for axis, table in enumerate(tables) if table.taps == 4]
    if splines:
        array = coefficients(array, splines, working)
    picking = all(table.taps == 1 for table in tables) and type_name(array) == type_name(out)
    names = [_element(array)] * 3 if picking else [type_name(array), type_name(out), working]
    kernel = program(
        "resample_along",
        **dict(zip(("SOURCE", "OUT", "WORKING"), names, strict=True)),
        PLACE="int64" if splines else _place(array),  # of which the many taps of splines take fewer registers
        **{f"TAPS{axis}": table.taps for axis, table in enumerate(tables)},
    )
    strides = element_strides(array)
    nearest = min(range(3), key=lambda axis: abs(strides[axis]))
    launch(
        kernel, _grid(out, nearest), out,
        array, out, _bits(fill_value, out),
        upload(np.concatenate([table.index.T.ravel() for table in tables]), out),
        upload(np.concatenate([table.weights.T.ravel() for table in tables]), out),
        out.shape[3], *strides, *out.shape[:3], *(each for table in tables for each in (table.begin, table.count)),
    )  # fmt: skip


def resample_across(array: Array, out: Array, index_map: IndexMap, order: int, working: str, fill_value: float) -> None:
    """Write all of the target, a rotated grid.

    Parameters
    ----------
    array, out, working, fill_value
        As for :func:`resample_along`.
    index_map : IndexMap
    order : int
        0 for nearest, 1 for linear and 3 for cubic interpolation.
    """
    if order == 3:
        array = coefficients(array, (0, 1, 2), working)
    names = [type_name(array), type_name(out), working] if order else [_element(array)] * 3
    macros = dict(zip(("SOURCE", "OUT", "WORKING"), names, strict=True))
    strides = element_strides(array)
    nearest = min(range(3), key=lambda axis: abs(strides[axis]))
    followed = int(np.abs(index_map.steps[nearest]).argmax())
    launch(
        program("resample_across", **macros, ORDER=_ORDERS[order], PLACE=_place(array)), _grid(out, followed), out,
        array, out, _bits(fill_value, out), *array.shape[:3], out.shape[3], *strides, *out.shape[:3],
        *index_map.offset.tolist(), *index_map.steps.ravel().tolist(),
    )  # fmt: skip


def coefficients(array: Array, axes: Sequence[int], working: str) -> Array:
    """Return the coefficients of the spline along some axes, of any strides before: new, contiguous memory.

    Parameters
    ----------
    array : array
        Shape (n0, n1, n2, channels).
    axes : sequence of int
        Of 0, 1 and 2; the last is filtered first.
    working : str
        float32 or float64.
    """
    xp = array_namespace(array)
    values = xp.empty(array.shape, dtype=native_dtype(array, working), device=native_device(array))
    values[...] = array
    for axis in sorted(axes, reverse=True):
        _filter_along(values, axis, working)
    return values


def _filter_along(values: Array, axis: int, working: str) -> None:
    size = values.shape[axis]
    if size == 1:
        return
    outer, inner = (int(np.prod(each, dtype=np.int64)) for each in (values.shape[:axis], values.shape[axis + 1 :]))
    start = start_weights(size, working)
    tiled = inner < _NEIGHBOURS
    blocks = min(-(-outer * inner // _LINES), 1 << 20)
    launch(
        program("spline_filter", WORKING=working, TILED=int(tiled)),
        Grid((blocks, 1, 1), (_LINES, 1, 1)) if tiled else grid_for(inner, outer),
        values, values, upload(start, values), len(start), outer, size, inner,
    )  # fmt: skip


def _grid(out: Array, axis: int) -> Grid:
    """Return a grid over the target, given the axis along which neighbours are neighbours in the source's memory.

    Threads along the last axis write side by side; blocks also reach along the other, so that what one thread fetches
    into the cache is of use to others.
    """
    threads = {0: (16, 1, 16), 1: (16, 16, 1), 2: (32, 4, 2)}[axis]
    planes, rows, columns = out.shape[:3]
    blocks = (
        -(-columns // (threads[0] * _RUN)),
        min(-(-rows // threads[1]), _MOST_BLOCKS),
        min(-(-planes // threads[2]), _MOST_BLOCKS),
    )
    return Grid(blocks, threads)


def _place(array: Array) -> str:
    """Return the type that places of voxels need, counted in elements from the first."""
    reach = sum((size - 1) * abs(stride) for size, stride in zip(array.shape[:3], element_strides(array), strict=False))
    return "int32" if reach < 1 << 31 else "int64"


def _element(array: Array) -> str:
    """Return the type that an element has if it is only copied."""
    return f"uint{8 * host_dtype(array).itemsize}"


def _bits(fill_value: float, out: Array) -> int:
    """Return the bits of a value of the target, for a kernel's argument."""
    value = np.asarray(fill_value, host_dtype(out)).tobytes()
    return int.from_bytes(value.ljust(8, b"\0"), "little", signed=True)
