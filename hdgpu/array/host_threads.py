"""Work on host memory in several threads: for functions that release the interpreter's lock."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["default_workers", "in_threads"]

# Parts for each thread: the last ones to finish keep the others waiting for no longer than one of them takes.
_PARTS = 4


def default_workers() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[int, int], object], count: int) -> None:
    """Do work on 0 .. count in parts, ``work(first, last)``, on all cores; the first error is raised.

    Examples
    --------
    >>> done = []
    >>> in_threads(lambda first, last: done.extend(range(first, last)), 10)
    >>> sorted(done) == list(range(10))
    True
    """
    workers = min(default_workers(), count)
    if workers < 2:
        work(0, count)
        return
    parts = min(workers * _PARTS, count)
    bounds = [count * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(workers, "hdgpu-work") as pool:
        for future in [pool.submit(work, *pair) for pair in itertools.pairwise(bounds)]:
            future.result()
