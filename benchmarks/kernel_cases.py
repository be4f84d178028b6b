"""What the benchmark of the kernels runs: for each case its data, its bytes, and the plain expression beside it.

A case is made for a namespace, CuPy's or NumPy's, and for a number of bytes to move; so that all of them but the
timing can be tested on the host.  The expressions in :data:`Case.plain` are what a user of CuPy would write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np

from demo.phantom import slice_hu
from hdgpu.array.interop import to_numpy
from hdgpu.codecs.device import native as native_device
from hdgpu.pixels import device as pixels_device
from hdgpu.pixels import tetrahedral
from hdgpu.volume import statistics
from hdgpu.volume.resampling import device as resampling_device

# Rows and columns of a frame, where there are as many bytes as that.
SIDE = 512
# Different frames; more of them are these over again.
DISTINCT = 16


@dataclass(frozen=True)
class Goal:
    """What a case has to reach; None where nothing is asked.

    Attributes
    ----------
    fraction : float or None
        Of the bandwidth of a copy.
    times : float or None
        As fast as the plain expression.
    output : float or None
        Bytes of the result a second.
    """

    fraction: float | None = None
    times: float | None = 4
    output: float | None = None


@dataclass(frozen=True)
class Case:
    """One piece of work.

    Attributes
    ----------
    name : str
    kernels : tuple of str
        Whose times count against the bytes; others may be launched besides.
    moved : int
        Bytes that have to be read and written, each once.
    run : callable
        Does it by hdgpu, and returns the result.
    plain : callable or None
        Does it by plain expressions of the namespace.
    expected : callable or None
        Returns the result, where it is known otherwise than by the array-API reference.
    tolerance, plain_tolerance : float
        Largest difference from what is expected, and from the plain expression's, relative to the largest value.
    goal : Goal
    peers : dict of str to callable
        Do it by other libraries.
    unlike : float
        Part of the elements in which the plain expression and the peers may differ by more.
    """

    name: str
    kernels: tuple[str, ...]
    moved: int
    run: Callable[[], Any]
    plain: Callable[[], Any] | None = None
    expected: Callable[[], Any] | None = None
    tolerance: float = 0.0
    plain_tolerance: float = 0.0
    goal: Goal = Goal()
    peers: dict[str, Callable[[], Any]] = field(default_factory=dict)
    unlike: float = 0.0

    def check_exactly(self) -> None:
        """Assert that the result is that of the array-API reference, or what is known to be right.

        The reference may take ten times the memory.
        """
        result = self.run()
        found = to_numpy(result).copy()
        if self.expected is not None:
            expected = self.expected()
        else:
            result[...] = 0  # which the reference may write to as well
            with reference_only():
                expected = self.run()
        assert_close(found, to_numpy(expected), self.tolerance, f"{self.name}: the reference")

    def check_others(self) -> dict[str, Callable[[], Any]]:
        """Return the plain expression and the peers, which have to give the same result; none that lacks a library."""
        result = self.run()
        if self.expected is not None:
            assert_close(result, self.expected(), self.tolerance, f"{self.name}: what is known")
        others = {**({} if self.plain is None else {"plain": self.plain}), **self.peers}
        for name, other in list(others.items()):
            try:
                found = other()
            except ImportError as error:  # cuBLAS, say, which CuPy asks for when it is first used
                print(f"{self.name}: {name} is left blank: {str(error).splitlines()[0]}")
                del others[name]
                continue
            assert_close(result, found, self.plain_tolerance, f"{self.name}: {name}", self.unlike)
        return others


def assert_close(result: Any, other: Any, tolerance: float, what: str, unlike: float = 0.0) -> None:
    """Assert that arrays are equal, or that a part of their elements at most differs by more than the tolerance."""
    assert result.shape == other.shape, f"{what} has another shape: {other.shape}, not {result.shape}"
    most = tolerance * float(abs(other).max()) if tolerance else 0.0
    apart = 0
    for one, another in zip(result, other, strict=True):  # the first axis, for little memory
        apart += int((one != another).sum() if not most else (abs(one.astype("float64") - another) > most).sum())
    assert apart <= unlike * result.size, f"{what} differs in {apart} of {result.size} elements"


@contextmanager
def reference_only() -> Iterator[None]:
    """Have everything go through the array-API reference, on whatever device."""
    with ExitStack() as stack:
        for module in (pixels_device, tetrahedral, native_device, statistics):
            stack.enter_context(mock.patch.object(module, "takes", return_value=False))
        stack.enter_context(mock.patch.object(resampling_device, "suitable", return_value=False))
        yield


def by_reference(run: Callable[[], Any]) -> Callable[[], Any]:
    """Return the same work, done by the array-API reference."""

    def plain() -> Any:
        with reference_only():
            return run()

    return plain


def frames_for(size: int, each: float, side: int = SIDE) -> tuple[int, int]:
    """Return how many frames of `each` bytes a pixel make that size, and rows and columns of one: at least two."""
    while side > 32 and size < 2 * each * side * side:
        side //= 2
    return max(2, round(size / (each * side * side))), side


def ct_frames(xp: Any, count: int, side: int) -> Any:
    """Return slices of a noisy thorax, (count, side, side) uint16 of 12 bits: neighbours are alike, as in real ones."""
    some = np.stack([slice_hu(number, DISTINCT, side) + 1024 for number in range(min(count, DISTINCT))])
    return xp.asarray(some.astype(np.uint16))[xp.arange(count) % len(some)]
