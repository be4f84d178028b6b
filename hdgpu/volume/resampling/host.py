"""Resampling NumPy arrays with the compiled extension, on all cores: equal to the reference, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array import host_memory
from hdgpu.array.host_threads import in_threads
from hdgpu.array.namespace import Array, is_numpy_array
from hdgpu.compiled import extension
from hdgpu.volume.resampling.grid import IndexMap
from hdgpu.volume.resampling.spline import start_weights
from hdgpu.volume.resampling.tables import AxisTable

__all__ = ["resample_across", "resample_along", "suitable"]

_TYPES = {np.dtype(name): np.dtype(name).char for name in ("u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8")}
# From so many voxels on.
_WORTH_THREADS = 1 << 16


def suitable(array: Array, dtype: Any, order: int) -> ModuleType | None:
    """Return the compiled extension if it takes an array, for a target of that data type."""
    compiled = extension()
    if compiled is None or not is_numpy_array(array) or not array.flags.aligned or not array.dtype.isnative:
        return None
    if max(array.shape) >= 2**31 - 1 or any(stride % array.itemsize for stride in array.strides):
        return None
    if order == 0:
        return compiled if array.itemsize in (1, 2, 4, 8) else None
    return compiled if array.dtype in _TYPES and dtype in _TYPES else None


def resample_along(
    compiled: ModuleType,
    array: npt.NDArray[Any],
    out: npt.NDArray[Any],
    tables: Sequence[AxisTable],
    working: str,
    fill_value: float,
) -> None:
    """Write all of the target, where each axis follows the same axis of the source.

    Parameters
    ----------
    compiled : module
    array, out : numpy.ndarray
        Shapes (n0, n1, n2, channels) and (m0, m1, m2, channels), suitable; `out` holds anything.
    tables : sequence of 3 AxisTable
    working : str
        Data type to compute in.
    fill_value : float
    """
    given = tuple((table.begin, np.ascontiguousarray(table.index), table.weights) for table in tables)
    splines = [table.taps == 4 for table in tables]
    picking = all(table.taps == 1 for table in tables) and array.dtype == out.dtype
    for channel in range(array.shape[3]):
        source, target = array[..., channel], out[..., channel]
        if any(splines):
            source = _coefficients(compiled, source, splines, working)
        types = "" if picking else source.dtype.char + np.dtype(working).char + out.dtype.char

        def work(first: int, last: int, types: str = types, source: Any = source, target: Any = target) -> None:
            compiled.resample_along(types, source, target, given, _bytes(fill_value, out), first, last)

        _in_parts(work, target)


def resample_across(
    compiled: ModuleType,
    array: npt.NDArray[Any],
    out: npt.NDArray[Any],
    index_map: IndexMap,
    order: int,
    working: str,
    fill_value: float,
) -> None:
    """Write all of the target, a rotated grid; parameters as above.

    Parameters
    ----------
    compiled : module
    array, out : numpy.ndarray
        As for :func:`resample_along`.
    index_map : IndexMap
    order : int
        0 for nearest, 1 for linear and 3 for cubic interpolation.
    working : str
    fill_value : float
    """
    offset, steps = tuple(index_map.offset.tolist()), tuple(tuple(row) for row in index_map.steps.tolist())
    for channel in range(array.shape[3]):
        source, target = array[..., channel], out[..., channel]
        if order == 3:
            source = _coefficients(compiled, source, [True] * 3, working)
        types = source.dtype.char + np.dtype(working).char + out.dtype.char if order else ""

        def work(first: int, last: int, types: str = types, source: Any = source, target: Any = target) -> None:
            fill = _bytes(fill_value, out)
            compiled.resample_across(types, order, source, target, offset, steps, fill, first, last)

        _in_parts(work, target)


def _in_parts(work: Callable[[int, int], object], out: npt.NDArray[Any]) -> None:
    """Do work on the planes of a target, in threads where it takes longer than starting them."""
    if out.size < _WORTH_THREADS:
        work(0, out.shape[0])
    else:
        in_threads(work, out.shape[0])


def _bytes(fill_value: float, out: npt.NDArray[Any]) -> bytes:
    return np.asarray(fill_value, out.dtype).tobytes()


def _coefficients(
    compiled: ModuleType, source: npt.NDArray[Any], along: Sequence[bool], working: str
) -> npt.NDArray[Any]:
    """Return the coefficients of the spline along those axes, for one channel."""
    coefficients = host_memory.empty(source.shape, working)
    types = source.dtype.char + coefficients.dtype.char
    starts = tuple(
        start_weights(size, working) if wanted else np.empty(0, working)
        for size, wanted in zip(source.shape, along, strict=True)
    )
    for across, size in ((False, source.shape[0]), (True, source.shape[1])):

        def work(first: int, last: int, across: bool = across) -> None:
            compiled.spline_filter(types, source, coefficients, starts, across, first, last)

        if not across or along[0]:
            in_threads(work, size)
    return coefficients
