"""A device that is none: lanes are threads that take their time, memory is the host's, kernels are compiled by g++.

What is put onto a lane happens later, after a delay, in its order.  So memory that is written again too early, a lane
that does not wait for another, or a result that is read before its time shows as wrong values, as it would on a GPU
now and then, and here always.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.kernels import Grid, Program, launching_on_host
from hdgpu.array.namespace import namespace_of_library
from hdgpu.array.streams import Event, Lane, Runtime
from tests.kernels.on_host import HostLauncher

POISON = 0xA5


class DeviceMemoryError(Exception):
    """Of the simulated device."""


class SimulatedRuntime(Runtime):
    """A device of threads.

    Parameters
    ----------
    seed : int
        Of the delays.
    slowest : float
        Longest delay of a piece of work, in seconds.
    largest_upload : int, optional
        Bytes beyond which an upload finds no memory.
    fail : dict of str to int
        Which upload, launch, mark or staging raises, counted from zero.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        slowest: float = 0.002,
        largest_upload: int | None = None,
        fail: dict[str, int] | None = None,
    ) -> None:
        self.index = None
        self.xp = namespace_of_library("numpy")
        self.out_of_memory = DeviceMemoryError
        self.counts: Counter[str] = Counter()
        self.lanes: list[SimulatedLane] = []
        self.staged: list[npt.NDArray[np.uint8]] = []
        self.released = 0
        self.bytes = 1 << 30
        self._random = random.Random(seed)
        self._slowest = slowest
        self._largest = largest_upload
        self._fail = fail or {}
        self._lock = threading.Lock()
        self._launcher = HostLauncher()
        self._own = threading.local()

    @contextmanager
    def kernels(self) -> Iterator[None]:
        """Run kernels on NumPy arrays here: on the current lane of the thread that launches them."""
        with launching_on_host(self._launch):
            yield

    def _launch(self, kernel: Program, grid: Grid, arguments: tuple[Any, ...]) -> None:
        self.happens("launch")
        self.put(lambda: self._launcher(kernel, grid, arguments))

    def put(self, work: Callable[[], None]) -> None:
        """Put work onto the current lane of this thread, or do it where there is none."""
        lane = getattr(self._own, "lane", None)
        if lane is None:
            with self._lock:
                work()
        else:
            lane.put(work)

    def happens(self, what: str) -> None:
        """Count something, and fail if it is its turn to."""
        with self._lock:
            number = self.counts[what]
            self.counts[what] += 1
        if self._fail.get(what) == number:
            raise RuntimeError(f"simulated failure of {what} {number}")

    def delay(self) -> float:
        with self._lock:
            return self._random.random() * self._slowest

    def check_upload(self, size: int) -> None:
        if self._largest is not None and size > self._largest:
            raise DeviceMemoryError(f"{size} bytes")

    def active(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def mark(self) -> Event:
        event = threading.Event()
        event.set()
        return event  # type: ignore[return-value]

    def lane(self) -> Lane:
        self.lanes.append(SimulatedLane(self, self._own, self._lock))
        return self.lanes[-1]

    def keep(self, lane: Lane) -> None:
        assert lane in self.lanes

    def staging(self, size: int) -> npt.NDArray[np.uint8]:
        self.happens("staging")
        self.staged.append(np.full(size, POISON, np.uint8))
        return self.staged[-1]

    def budget(self) -> int:
        return self.bytes

    def release(self) -> None:
        self.released += 1

    def close(self) -> None:
        """End the lanes' threads, and see that nothing is left to do."""
        for lane in self.lanes:
            lane.close()


class _Event:
    def __init__(self) -> None:
        self.passed = threading.Event()

    def wait(self) -> None:
        assert self.passed.wait(60), "an event that nobody passes"


class SimulatedLane(Lane):
    """A thread that does what is put onto it."""

    def __init__(self, runtime: SimulatedRuntime, own: threading.local, lock: threading.Lock) -> None:
        super().__init__()
        self._runtime = runtime
        self._own = own
        self._one_at_a_time = lock  # a compiled kernel's place in its grid is one for all threads
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self.failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            time.sleep(self._runtime.delay())
            try:
                work()
            except BaseException as error:
                self.failures.append(error)

    def put(self, work: Callable[[], None]) -> None:
        def alone() -> None:
            with self._one_at_a_time:
                work()

        self._queue.put(alone)

    @contextmanager
    def current(self) -> Iterator[None]:
        before = getattr(self._own, "lane", None)
        self._own.lane = self
        try:
            yield
        finally:
            self._own.lane = before

    def follow(self, event: Event) -> None:
        self._queue.put(event.wait)

    def upload(self, host: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        self._runtime.happens("upload")
        self._runtime.check_upload(host.nbytes)
        copy = np.full(host.shape, POISON, np.uint8)
        self.put(lambda: np.copyto(copy, host))
        return copy

    def copy(self, source: Any, target: Any) -> None:
        self._runtime.happens("copy")
        self.put(lambda: np.copyto(target, source))

    def mark(self) -> Event:
        self._runtime.happens("mark")
        event = _Event()
        self._queue.put(event.passed.set)
        return event

    def close(self) -> None:
        assert self._queue.empty(), "work was left on a lane"
        self._queue.put(None)
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert not self.failures, self.failures
