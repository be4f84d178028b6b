"""Host memory for large arrays, used again instead of being returned to the system.

The first touch of fresh memory costs the system as much as decoding a native volume into it.  So the memory of the
last large array that was given up is kept for the next one.  It is marked as free for the taking (``MADV_FREE``): under
memory pressure the system takes it without asking, and the process never pays for it twice.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import threading
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.errors import OutOfMemoryError

__all__ = ["empty"]

# Below this the allocator of the C library keeps memory by itself.
_LARGE = 32 << 20
# A kept region serves a request of at least this part of its size: a small array shall not hold a large one's memory.
_LEAST_USE = 0.5
_ADVICE = hasattr(mmap, "MADV_FREE") and hasattr(mmap, "MADV_HUGEPAGE")

# Re-entrant: a garbage collection while it is held may give a region back in the same thread.
_lock = threading.RLock()
_kept: mmap.mmap | None = None


def empty(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an uninitialised C-contiguous array, like ``numpy.empty``.

    Parameters
    ----------
    shape : tuple of int
    dtype : data type
        Without Python objects.

    Returns
    -------
    numpy.ndarray
        Its memory is used again only after the array and every view of it are gone.

    Raises
    ------
    hdgpu.errors.OutOfMemoryError
        If there is not so much memory.

    Examples
    --------
    >>> empty((2, 3), "float32").shape
    (2, 3)
    """
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes < _LARGE or not _ADVICE or dtype.hasobject:
        return np.empty(shape, dtype)
    region = _take(nbytes)
    # NumPy keeps the lease, not the region, as long as any view lives; when the lease goes the region comes back.
    lease: Any = (ctypes.c_char * nbytes).from_buffer(region)
    weakref.finalize(lease, _give_back, region).atexit = False
    return np.ndarray(shape, dtype, buffer=lease)


def _take(nbytes: int) -> mmap.mmap:
    """Return a region of at least `nbytes`: the kept one if it suits; else that is returned to the system first."""
    global _kept
    with _lock:
        region, _kept = _kept, None
    if region is not None and _LEAST_USE * len(region) <= nbytes <= len(region):
        return region
    del region
    try:
        fresh = mmap.mmap(-1, nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, OverflowError) as error:
        raise OutOfMemoryError("the memory is too small for an array", found=f"{nbytes} bytes") from error
    fresh.madvise(mmap.MADV_HUGEPAGE)
    return fresh


def _give_back(region: mmap.mmap) -> None:
    global _kept
    region.madvise(mmap.MADV_FREE)
    with _lock:
        _kept = region  # one kept before goes to the system
