"""What a pipeline needs of a device: lanes of work that go on by themselves, memory that is copied from, and events.

A lane is a stream of the device: what is put onto it runs in order, and behind the caller's back.  Host memory that a
lane copies from may be written again only after an event that was marked behind the copy.

Lanes are kept for the next who needs one: CuPy gives the memory of a stream to that stream alone, and a decoder of
nvImageCodec takes a while to make.
"""

from __future__ import annotations

import atexit
import threading
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import Device, begin_cuda
from hdgpu.array.namespace import Array, Namespace, namespace_of_library

__all__ = ["CudaRuntime", "Event", "Lane", "Runtime", "runtime_of"]

# Of a device's free memory, for what a load needs besides its result.
_SHARE = 0.25
# Lanes of a device that are kept while nobody uses them.
_MOST_IDLE = 4


class Event(Protocol):
    """A point in a lane."""

    def wait(self) -> None:
        """Return when the lane has come to it."""


class Lane(ABC):
    """A stream of a device, for one thread.

    Attributes
    ----------
    address : int
        Of the CUDA stream; 0 where there is none.
    kept : dict
        What goes with the lane from one use to the next, a decoder say, by a name of its user's.
    """

    address: int = 0

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    @abstractmethod
    def current(self) -> AbstractContextManager[Any]:
        """Return a context in which array arithmetic and kernels of this thread run on the lane."""

    @abstractmethod
    def follow(self, event: Event) -> None:
        """Have what is put onto the lane from now on wait for an event of another one."""

    @abstractmethod
    def upload(self, host: npt.NDArray[np.uint8]) -> Array:
        """Return a copy on the device, begun and not waited for; the memory has to stay as it is until an event."""

    @abstractmethod
    def copy(self, source: Array, target: Array) -> None:
        """Copy on the device, begun and not waited for."""

    @abstractmethod
    def mark(self) -> Event:
        """Return an event behind all that was put onto the lane."""


class Runtime(ABC):
    """A device as a pipeline sees it.

    Attributes
    ----------
    xp : namespace
        Of arrays on it.
    index : int or None
        Of the CUDA device; None where there is none.
    out_of_memory : type of exception
        What its allocations raise.
    """

    xp: Namespace
    index: int | None
    out_of_memory: type[BaseException]

    def __str__(self) -> str:
        return "cpu" if self.index is None else f"cuda:{self.index}"

    @abstractmethod
    def active(self) -> AbstractContextManager[Any]:
        """Return a context in which the device is the current one of this thread."""

    @abstractmethod
    def mark(self) -> Event:
        """Return an event behind all that this thread has put onto its current stream."""

    @abstractmethod
    def lane(self) -> Lane:
        """Return a lane that nobody uses."""

    @abstractmethod
    def keep(self, lane: Lane) -> None:
        """Take a lane back, all of whose work is done, for the next who asks for one."""

    @abstractmethod
    def staging(self, size: int) -> npt.NDArray[np.uint8]:
        """Return host memory that is quick to copy from."""

    @abstractmethod
    def budget(self) -> int:
        """Return how many bytes of the device a load may use besides its result."""

    @abstractmethod
    def release(self) -> None:
        """Give back what is kept for the next use: memory, and lanes with what goes with them."""


# --- CUDA -------------------------------------------------------------------------------------------------------------


class CudaRuntime(Runtime):
    """A CUDA device through CuPy.

    Parameters
    ----------
    index : int

    Raises
    ------
    hdgpu.errors.DeviceUnavailableError
        In a process that was forked after CUDA had begun: CUDA does not survive that.
    """

    def __init__(self, index: int) -> None:
        import cupy

        begin_cuda()
        self._cupy = cupy
        self.index = index
        self.xp = namespace_of_library("cupy")
        self.out_of_memory = cupy.cuda.memory.OutOfMemoryError

    def active(self) -> AbstractContextManager[Any]:
        """Return CuPy's context of the device."""
        return self._cupy.cuda.Device(self.index)  # type: ignore[no-any-return]

    def mark(self) -> Event:
        """Return an event on CuPy's current stream."""
        return _CudaEvent(self._cupy, self._cupy.cuda.get_current_stream())

    def lane(self) -> Lane:
        """Return a lane with a stream of its own."""
        with _idle_lock:
            if _idle.get(self.index):
                return _idle[self.index].pop()
        return _CudaLane(self._cupy, self.index)

    def keep(self, lane: Lane) -> None:
        """Keep a lane, unless there are enough."""
        with _idle_lock:
            idle = _idle.setdefault(self.index, [])
            if len(idle) < _MOST_IDLE:
                idle.append(lane)

    def staging(self, size: int) -> npt.NDArray[np.uint8]:
        """Return pinned memory."""
        memory = self._cupy.cuda.alloc_pinned_memory(size)
        return np.frombuffer(memory, np.uint8, size)

    def budget(self) -> int:
        """Return a share of the free memory, that in CuPy's pool included."""
        with self.active():
            free, _ = self._cupy.cuda.runtime.memGetInfo()
            pooled = self._cupy.get_default_memory_pool().free_bytes()
        return int((free + pooled) * _SHARE)

    def release(self) -> None:
        """Give idle lanes and the free blocks of CuPy's pools back."""
        with self.active():
            with _idle_lock:
                _idle.pop(self.index, None)
            self._cupy.get_default_memory_pool().free_all_blocks()
            self._cupy.get_default_pinned_memory_pool().free_all_blocks()


_idle: dict[int | None, list[Lane]] = {}
_idle_lock = threading.Lock()
atexit.register(_idle.clear)  # before CUDA ends


class _CudaLane(Lane):
    def __init__(self, cupy: Any, index: int | None) -> None:
        super().__init__()
        self._cupy = cupy
        self._device = cupy.cuda.Device(index)
        with self._device:
            self._stream = cupy.cuda.Stream(non_blocking=True)
        self.address = int(self._stream.ptr)

    def current(self) -> AbstractContextManager[Any]:
        return _Both(self._device, self._stream)

    def upload(self, host: npt.NDArray[np.uint8]) -> Array:
        array = self._cupy.empty(host.shape, host.dtype)
        array.data.copy_from_host_async(host.ctypes.data, host.nbytes, self._stream)
        return array

    def copy(self, source: Array, target: Array) -> None:
        with self.current():
            target[...] = source

    def mark(self) -> Event:
        with self._device:
            return _CudaEvent(self._cupy, self._stream)

    def follow(self, event: Event) -> None:
        assert isinstance(event, _CudaEvent)
        self._stream.wait_event(event.native)


class _CudaEvent:
    def __init__(self, cupy: Any, stream: Any) -> None:
        self.native = cupy.cuda.Event(block=True, disable_timing=True)
        self.native.record(stream)

    def wait(self) -> None:
        self.native.synchronize()


class _Both:
    """A device and a stream of it as one context, which may be entered again."""

    def __init__(self, device: Any, stream: Any) -> None:
        self._device, self._stream = device, stream

    def __enter__(self) -> None:
        self._device.__enter__()
        self._stream.__enter__()

    def __exit__(self, *error: object) -> None:
        self._stream.__exit__(*error)
        self._device.__exit__(*error)


def runtime_of(device: Device) -> Runtime:
    """Return the runtime of a CUDA device that is there."""
    assert device.index is not None
    return CudaRuntime(device.index)
