"""Sources whose rows do not lie along memory: turned slab by slab, in the cache, before they are read by rows.

A volume that was put into another orientation is a view, and its rows may go from one page of memory to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.host_copy import nearest_axis
from hdgpu.volume.resampling.tables import AxisTable

__all__ = ["Slab", "axis_of_slabs", "runs_of", "slabs_of", "turned"]

# Bytes of the source at a time: about what the second-level cache holds.
_BYTES = 1 << 21
# Rows that are fetched for the sake of their neighbours in the next slab shall be few.
_FEWEST = 16


@dataclass(frozen=True, slots=True)
class Slab:
    """A part of the target along one axis, and what it is made of.

    Parameters
    ----------
    target : slice
        Indices of the target along the axis.
    source : slice
        Those of the source: none where all of the target's lie outside.
    table : AxisTable
        For these two parts.
    """

    target: slice
    source: slice
    table: AxisTable


def axis_of_slabs(source: npt.NDArray[Any]) -> int | None:
    """Return the axis along which a source of three axes is better turned slab by slab; None if it need not be.

    Examples
    --------
    >>> source = np.zeros((20, 30, 40))
    >>> axis_of_slabs(source), axis_of_slabs(source.T), axis_of_slabs(source.transpose(0, 2, 1))
    (None, 1, 0)
    """
    nearest = nearest_axis(source)
    return None if nearest == 2 else 1 - nearest


def runs_of(source: npt.NDArray[Any], first: int, last: int) -> Iterator[slice]:
    """Yield the planes first .. last of a source in runs of about the size of a slab."""
    step = _step(source.nbytes // source.shape[0])
    for start in range(first, last, step):
        yield slice(start, min(start + step, last))


def _step(row_bytes: int) -> int:
    return max(_BYTES // row_bytes, _FEWEST)


def slabs_of(table: AxisTable, first: int, last: int, row_bytes: int) -> Iterator[Slab]:
    """Yield the slabs of the target's indices first .. last, given the source's bytes for each index along the axis."""
    step = _step(row_bytes)
    for start in range(first, last, step):
        stop = min(start + step, last)
        begin, end = (min(max(each - table.begin, 0), table.count) for each in (start, stop))
        index = table.index[begin:end]
        low, high = (int(index.min()), int(index.max()) + 1) if begin < end else (0, 1)
        part = AxisTable(
            max(table.begin - start, 0) if begin < end else 0,
            np.ascontiguousarray(index - np.int32(low)),
            table.weights[begin:end],
        )
        yield Slab(slice(start, stop), slice(low, high), part)


def turned(compiled: ModuleType, part: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a contiguous copy of a part of a source."""
    result = np.empty(part.shape, part.dtype)
    if not compiled.copy_strided(part, result):
        result[...] = part
    return result
