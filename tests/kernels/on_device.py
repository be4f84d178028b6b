"""Launch kernels on a GPU for NumPy arrays, which are copied there and back: the tests of the host run there, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hdgpu.array.kernels import Grid, Program, as_argument, compiled
from tests.kernels.on_host import HostLauncher

# Memory that a view reaches over; what is larger was never touched, but for some pages, and is for the host alone.
_MOST_BYTES = 1 << 30


class DeviceLauncher:
    """Launches kernels on CuPy's current device; the memory that the arguments lie in is copied there, and back."""

    def __init__(self) -> None:
        self.launched: list[str] = []

    def __call__(self, kernel: Program, grid: Grid, arguments: tuple[Any, ...]) -> None:
        """Run the kernel and wait for it."""
        import cupy

        copies: dict[int, tuple[npt.NDArray[np.uint8], Any]] = {}
        passed = []
        for argument in arguments:
            if not isinstance(argument, np.ndarray):
                passed.append(as_argument(argument))
                continue
            memory = memory_of(argument)
            start = int(memory.ctypes.data)
            if start not in copies:
                copies[start] = memory, cupy.asarray(memory)
            passed.append(np.int64(copies[start][1].data.ptr + int(argument.ctypes.data) - start))
        compiled(kernel, int(cupy.cuda.runtime.getDevice()))(grid.blocks, grid.threads, tuple(passed))
        for memory, copy in copies.values():
            if memory.flags.writeable:
                memory[...] = cupy.asnumpy(copy)
        self.launched.append(kernel.name)


def memory_of(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return the bytes that an array is a view of, all of them, so that nothing beside it may be touched unseen."""
    base: Any = array
    while getattr(base, "base", None) is not None and not isinstance(base.base, bytes):
        base = base.base  # of NumPy's, and of what as_strided puts between
        array = base if isinstance(base, np.ndarray) else array
    if array.nbytes > _MOST_BYTES:
        pytest.skip("is about places, which the host shows: too much memory to copy")
    assert array.flags.forc, "the memory of a test's array is in one piece"
    return array.ravel(order="K").view(np.uint8)


def last_block_only(launcher: HostLauncher | DeviceLauncher) -> None:
    """Have only the last block of each launch run: for grids that are too large for a test."""
    if isinstance(launcher, DeviceLauncher):
        pytest.skip("is about places, which the host shows: a device runs whole grids")
    launcher.blocks = lambda grid: (tuple(count - 1 for count in grid.blocks), (1, 1, 1))
