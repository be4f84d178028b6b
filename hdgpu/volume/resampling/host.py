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
from hdgpu.volume.resampling.slabs import axis_of_slabs, runs_of, slabs_of, turned
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
    splines = [table.taps == 4 for table in tables]
    picking = all(table.taps == 1 for table in tables) and array.dtype == out.dtype
    for channel in range(array.shape[3]):
        source, target = array[..., channel], out[..., channel]
        if any(splines):
            source = _coefficients(compiled, source, splines, working)
        types = "" if picking else source.dtype.char + np.dtype(working).char + out.dtype.char
        along = axis_of_slabs(source)

        def work(
            first: int, last: int, types: str = types, source: Any = source, target: Any = target, along: Any = along
        ) -> None:
            fill = _bytes(fill_value, out)
            if along is None:
                compiled.resample_along(types, source, target, _given(tables), fill, first, last)
            else:
                _along_slabs(compiled, types, source, target, tables, fill, along, first, last)

        _in_parts(work, target, along or 0)


def _along_slabs(
    compiled: ModuleType,
    types: str,
    source: npt.NDArray[Any],
    target: npt.NDArray[Any],
    tables: Sequence[AxisTable],
    fill: bytes,
    along: int,
    first: int,
    last: int,
) -> None:
    """Write indices first .. last along axis 0 or 1 of the target, from a source turned slab by slab."""
    before = (slice(None),) * along
    row_bytes = source.nbytes // source.shape[along]
    for slab in slabs_of(tables[along], first, last, row_bytes):
        here = list(tables)
        here[along] = slab.table
        part, into = source[(*before, slab.source)], target[(*before, slab.target)]
        compiled.resample_along(types, turned(compiled, part), into, _given(here), fill, 0, into.shape[0])


def _given(tables: Sequence[AxisTable]) -> tuple[tuple[int, Any, Any], ...]:
    """Return tables as the compiled extension takes them."""
    return tuple((table.begin, np.ascontiguousarray(table.index), table.weights) for table in tables)


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


def _in_parts(work: Callable[[int, int], object], out: npt.NDArray[Any], axis: int = 0) -> None:
    """Do work on the indices along an axis of a target, in threads where it takes longer than starting them."""
    if out.size < _WORTH_THREADS:
        work(0, out.shape[axis])
    else:
        in_threads(work, out.shape[axis])


def _bytes(fill_value: float, out: npt.NDArray[Any]) -> bytes:
    return np.asarray(fill_value, out.dtype).tobytes()


def _coefficients(
    compiled: ModuleType, source: npt.NDArray[Any], along: Sequence[bool], working: str
) -> npt.NDArray[Any]:
    """Return the coefficients of the spline along those axes, for one channel."""
    coefficients = host_memory.empty(source.shape, working)
    types = source.dtype.char + coefficients.dtype.char
    none = np.empty(0, working)
    starts = tuple(
        start_weights(size, working) if wanted else none for size, wanted in zip(source.shape, along, strict=True)
    )
    in_planes = (none, *starts[1:])

    def planes(first: int, last: int) -> None:
        for part in runs_of(source, first, last):
            read = source[part] if axis_of_slabs(source) is None else turned(compiled, source[part])
            compiled.spline_filter(types, read, coefficients[part], in_planes, False, 0, read.shape[0])

    def across(first: int, last: int) -> None:
        compiled.spline_filter(types, source, coefficients, starts, True, first, last)

    in_threads(planes, source.shape[0])
    if along[0]:
        in_threads(across, source.shape[1])
    return coefficients
