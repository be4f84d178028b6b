"""Half precision on the host: conversion and the look whether all values fit in one pass, and in several threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array import host_memory
from hdgpu.array.host_threads import in_threads
from hdgpu.compiled import extension

__all__ = ["to_half"]

_TYPES = frozenset("BbHhf")
# From so many values on.
_WORTH_THREADS = 1 << 16


def to_half(array: npt.NDArray[Any]) -> npt.NDArray[np.float16] | None:
    """Return an array as float16, laid out in memory alike; None if that is left to NumPy, or not all of it fits.

    Rounded to nearest, halves to even, as NumPy does.  What is not finite fits.

    Parameters
    ----------
    array : numpy.ndarray
        Taken if it is of float32 or of integers of 8 or 16 bits, and dense: its axes in any order and direction.

    Examples
    --------
    >>> to_half(np.array([0.1, 65504.0], np.float32)) is not None or extension() is None
    True
    >>> to_half(np.array([65505.0], np.float32)) is None
    True
    """
    compiled = extension()
    if compiled is None or array.dtype.char not in _TYPES or not array.dtype.isnative or not array.flags.aligned:
        return None
    forwards = tuple(slice(None, None, -1 if stride < 0 else 1) for stride in array.strides)
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
    dense = array[forwards].transpose(order)
    if not dense.flags.c_contiguous:
        return None
    result = host_memory.empty(dense.shape, np.float16)
    values, out = dense.reshape(-1), result.reshape(-1)
    fits: list[bool] = []

    def work(first: int, last: int) -> None:
        fits.append(compiled.to_half(values.dtype.char, values[first:last], out[first:last]))

    if values.size < _WORTH_THREADS:
        work(0, values.size)
    else:
        in_threads(work, values.size)
    back = sorted(range(array.ndim), key=order.__getitem__)
    return result.transpose(back)[forwards] if all(fits) else None
