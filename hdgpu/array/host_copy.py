"""Copies of host arrays whose axes lie in another order in memory, or run backwards: in tiles, and in several threads.

NumPy goes along one axis of the target at a time.  Where that is not the one along which the source is contiguous, it
fetches a line of the cache for each element.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array import host_memory
from hdgpu.array.host_threads import in_threads
from hdgpu.compiled import extension

__all__ = ["contiguous", "copy_to", "nearest_axis"]

# Bytes of an element, or of the channels of a voxel, that the compiled extension copies at a time.
_WIDTHS = frozenset({1, 2, 3, 4, 6, 8, 12, 16})
# From so many bytes on.
_WORTH_THREADS = 1 << 18


def contiguous(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the array with its elements one after another in memory, the last axis fastest: itself, or else a copy.

    Examples
    --------
    >>> contiguous(np.arange(6).reshape(2, 3)[:, ::-1].T).tolist()
    [[2, 5], [1, 4], [0, 3]]
    """
    if array.flags.c_contiguous:
        return array
    result = host_memory.empty(array.shape, array.dtype)
    copy_to(result, array)
    return result


def copy_to(out: npt.NDArray[Any], source: npt.NDArray[Any]) -> None:
    """Copy an array to another one, as ``out[...] = source`` does.

    Parameters
    ----------
    out, source : numpy.ndarray
        Of the same shape, which share no memory.
    """
    compiled = extension()
    if compiled is None or source.dtype != out.dtype or source.dtype.hasobject or not 3 <= source.ndim <= 4:
        np.copyto(out, source, casting="unsafe")
    elif source.ndim == 3:
        _copy_three_axes(compiled, out, source)
    elif _channels_together(source) and _channels_together(out):
        _copy_three_axes(compiled, _as_cells(out), _as_cells(source))
    else:
        for into, part in zip(out, source, strict=True):
            _copy_three_axes(compiled, into, part)


def nearest_axis(array: npt.NDArray[Any]) -> int:
    """Return the axis along which neighbours lie nearest to one another in memory: the last one where several do.

    Examples
    --------
    >>> nearest_axis(np.zeros((2, 3, 4))), nearest_axis(np.zeros((2, 3, 4)).transpose(2, 0, 1)[::-1])
    (2, 0)
    """
    long = [axis for axis, size in enumerate(array.shape) if size > 1]
    return min(reversed(long), key=lambda axis: abs(array.strides[axis]), default=array.ndim - 1)


def _channels_together(array: npt.NDArray[Any]) -> bool:
    return array.strides[3] == array.itemsize and array.itemsize * array.shape[3] in _WIDTHS


def _as_cells(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view whose elements are all channels of a voxel."""
    cells: npt.NDArray[Any] = array.view(np.dtype((np.void, array.itemsize * array.shape[3])))[..., 0]
    return cells


def _copy_three_axes(compiled: ModuleType, out: npt.NDArray[Any], source: npt.NDArray[Any]) -> None:
    if source.itemsize not in _WIDTHS or (out.shape[2] > 1 and out.strides[2] != out.itemsize):
        np.copyto(out, source, casting="unsafe")
        return
    # not along the axes of a tile, if there is another
    axis = 1 if nearest_axis(source) == 0 and source.shape[1] > 1 else 0

    def work(first: int, last: int) -> None:
        part = (*(slice(None) for _ in range(axis)), slice(first, last))
        compiled.copy_strided(source[part], out[part])

    if source.nbytes < _WORTH_THREADS:
        work(0, source.shape[axis])
    else:
        in_threads(work, source.shape[axis])
