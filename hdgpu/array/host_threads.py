"""Work on host memory in several threads: for functions that release the interpreter's lock.

As many threads as cores that the process may use, or as the environment variable ``HDGPU_THREADS`` says.  It is read
each time, so that a worker process may set it for itself: several of them that each take all cores are in one another's
way.  Reading, decoding, resampling and copying on the host heed it; an argument `workers` of a call goes before it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from hdgpu.errors import InvalidAttributeError

__all__ = ["default_workers", "in_threads"]

ENVIRONMENT_VARIABLE = "HDGPU_THREADS"
# Parts for each thread: the last ones to finish keep the others waiting for no longer than one of them takes.
_PARTS = 4


def default_workers() -> int:
    """Return how many threads to use: what ``HDGPU_THREADS`` says, or else the cores that this process may use.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If ``HDGPU_THREADS`` is no whole number from 1 on (also a ValueError).

    Examples
    --------
    >>> default_workers() > 0
    True
    """
    asked = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if asked:
        if not (asked.isascii() and asked.isdigit() and int(asked)):
            raise InvalidAttributeError(
                f"the environment variable {ENVIRONMENT_VARIABLE} is no number of threads",
                expected="a whole number from 1 on",
                found=repr(asked),
            )
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[int, int], object], count: int) -> None:
    """Do work on 0 .. count in parts, ``work(first, last)``, in several threads; the first error is raised.

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
