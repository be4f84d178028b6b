"""What the benchmarks on a GPU share: which GPU it is, how long work on it takes, and how fast memory can be copied."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from common import gpu_name

from hdgpu.array import kernels
from hdgpu.array.device import cuda_status
from hdgpu.array.kernels import Program

GIB = 1 << 30


def gpu() -> dict[str, object]:
    """Describe the current device, its driver, the CUDA runtime and CuPy, as every results file of a GPU does."""
    import cupy

    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.runtime.getDevice())
    status = cuda_status()
    return {
        "name": properties["name"].decode(),
        "memory_gib": round(properties["totalGlobalMem"] / GIB),
        "multiprocessors": properties["multiProcessorCount"],
        "l2_mib": round(properties["l2CacheSize"] / 2**20),
        "driver": status.driver_version,
        "runtime": status.runtime_version,
        "cupy": status.cupy_version,
    }


def release_memory() -> None:
    """Give memory back that CuPy keeps for the next allocation."""
    if gpu_name() is not None:
        import cupy

        cupy.get_default_memory_pool().free_all_blocks()


_BUSY = """
extern "C" __global__ void busy(unsigned* out, long long steps) {
    unsigned value = 1;
    for (long long i = 0; i < steps; ++i) value = value * 1664525u + 1013904223u;
    *out = value;
}
"""
# Of the loop above, each of which waits for the one before: about five cycles at two gigahertz.
_STEPS_A_MILLISECOND = 400_000
# Longer than the host takes to put a call's work onto the stream.
_BEFORE_A_CALL, _BEFORE_A_KERNEL = 3.0, 0.1


@functools.cache
def _busy() -> tuple[Any, Any]:
    import cupy

    return cupy.RawModule(code=_BUSY).get_function("busy"), cupy.zeros(1, cupy.uint32)


def occupy(milliseconds: float) -> None:
    """Keep the device busy for about so long, so that what follows is on the stream before its turn comes."""
    function, out = _busy()
    function((1,), (1,), (out, np.int64(milliseconds * _STEPS_A_MILLISECOND)))


class Times(NamedTuple):
    """Seconds of a call: of the device, and until the host had put its work onto the stream."""

    device: float
    host: float


def seconds_of(work: Callable[[], Any]) -> Times:
    """Return how long the device takes for what is put onto the current stream, and the host to put it there.

    The device has something else to do until then: of the host's work only what makes the device wait counts.
    """
    import cupy

    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    occupy(_BEFORE_A_CALL)
    begin.record()
    started = time.perf_counter()
    result = work()
    elapsed = time.perf_counter() - started
    end.record()
    end.synchronize()
    del result
    return Times(float(cupy.cuda.get_elapsed_time(begin, end)) / 1e3, elapsed)


def medians_of(
    works: dict[str, Callable[[], Any]], rounds: int, most_seconds: float = 10.0
) -> tuple[dict[str, Times], dict[str, int]]:
    """Return the medians of several pieces of work, which take turns after they have been warmed up, and their rounds.

    Parameters
    ----------
    works : dict of str to callable
    rounds : int
    most_seconds : float
        After which a piece takes no further turn, having had three.
    """
    for work in works.values():
        for _ in range(2):
            work()
    times: dict[str, list[Times]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            if len(times[name]) < 3 or sum(each.device for each in times[name]) < most_seconds:
                times[name].append(seconds_of(work))
    medians = {name: Times(*map(statistics.median, zip(*each, strict=True))) for name, each in times.items()}
    return medians, {name: len(each) for name, each in times.items()}


# --- Kernels by themselves --------------------------------------------------------------------------------------------


class LaunchTimes:
    """Times of kernels by name, without what the host does in between."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Any, Any]] = []

    def launched(self, kernel: Program, function: Any, arguments: tuple[Any, ...]) -> None:
        """Launch a kernel between two events."""
        import cupy

        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        occupy(_BEFORE_A_KERNEL)
        begin.record()
        function(*arguments)
        end.record()
        self._events.append((kernel.name, begin, end))

    def take(self) -> dict[str, float]:
        """Return the seconds of each kernel since the last call, of all its launches together."""
        import cupy

        seconds: dict[str, float] = {}
        for name, begin, end in self._events:
            end.synchronize()
            seconds[name] = seconds.get(name, 0.0) + float(cupy.cuda.get_elapsed_time(begin, end)) / 1e3
        self._events.clear()
        return seconds


@contextmanager
def timing_launches() -> Iterator[LaunchTimes]:
    """Have every launch of a kernel timed."""
    times, compiled = LaunchTimes(), kernels.compiled

    def timed(kernel: Program, device: int) -> Callable[..., None]:
        function = compiled(kernel, device)
        return lambda *arguments: times.launched(kernel, function, arguments)

    kernels.compiled = timed  # type: ignore[assignment]
    try:
        yield times
    finally:
        kernels.compiled = compiled


# --- What memory allows -----------------------------------------------------------------------------------------------


def copy_bandwidth(size: int = GIB, rounds: int = 20) -> float:
    """Return bytes a second of a copy from device memory to device memory, each byte counted as read and as written."""
    import cupy

    source, target = (cupy.zeros(size, cupy.uint8) for _ in range(2))

    def copy() -> None:
        target.data.copy_from_device_async(source.data, size, cupy.cuda.get_current_stream())

    median, _ = medians_of({"copy": copy}, rounds)
    return 2 * size / median["copy"].device


def bus_bandwidth(size: int = GIB, rounds: int = 10) -> float:
    """Return bytes a second of a copy from pinned host memory to the device."""
    import cupy

    source = np.frombuffer(cupy.cuda.alloc_pinned_memory(size), np.uint8, size)
    source[...] = 1
    target = cupy.empty(size, cupy.uint8)
    median, _ = medians_of({"copy": lambda: target.set(source)}, rounds)
    return size / median["copy"].device


def wall_seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a piece of work takes until all devices are done with it, and what it returns."""
    started = time.perf_counter()
    result = work()
    if find_spec("cupy") is not None:
        import cupy

        if cupy.cuda.is_available():
            cupy.cuda.Device().synchronize()
    return time.perf_counter() - started, result
