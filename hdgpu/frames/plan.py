"""Which frame goes where: pure, and checked before a pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ScatterPlan"]


@dataclass(frozen=True, slots=True)
class ScatterPlan:
    """A frame for each slice of an output array.

    Attributes
    ----------
    frame : numpy.ndarray
        (m,) int64, rows of a `FrameTable`.
    destination : numpy.ndarray
        (m,) int64, index along the first axis of the output of each of these frames.
    shape : tuple of int
        Shape of the output: (slices, rows, columns) or (slices, rows, columns, samples).
    dtype : numpy.dtype
        Data type of the output.

    Raises
    ------
    ValueError
        If a slice would be left unfilled or be filled twice.

    Examples
    --------
    >>> plan = ScatterPlan.stack(np.array([2, 0, 1]), (512, 512), np.float32)
    >>> plan.shape, plan.destination.tolist(), plan.nbytes
    ((3, 512, 512), [0, 1, 2], 3145728)
    """

    frame: npt.NDArray[np.int64]
    destination: npt.NDArray[np.int64]
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    def __post_init__(self) -> None:
        slices = self.shape[0]
        if len(self.frame) != len(self.destination):
            raise ValueError(f"{len(self.frame)} frames for {len(self.destination)} destinations")
        if not np.array_equal(np.sort(self.destination), np.arange(slices)):
            raise ValueError(f"the destinations do not fill each of {slices} slices exactly once")

    @classmethod
    def stack(cls, order: npt.NDArray[np.int64], frame_shape: tuple[int, ...], dtype: npt.DTypeLike) -> ScatterPlan:
        """Plan a stack of whole frames along the first axis, in `order`."""
        return cls(order, np.arange(len(order)), (len(order), *frame_shape), np.dtype(dtype))

    @property
    def nbytes(self) -> int:
        """Size of the output in bytes."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize
