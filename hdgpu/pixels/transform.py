"""The compiled transform: whatever chain a file calls for, folded into as few steps per frame as give the same values.

Modality slope and intercept and the presentation inversion end in one slope and one intercept per frame.  Any other
chain over integers of at most 16 bits is one table, which the reference fills.  What cannot be compiled is refused by
name; nothing is left out silently.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import Array
from hdgpu.errors import OutputTypeError, UnmappedValueError
from hdgpu.pixels.reference import affine
from hdgpu.pixels.steps import Step

__all__ = ["PixelTransform", "TransformKind", "cast", "does_not_fit"]

Float = npt.NDArray[np.float64]
# Tables that are kept: frames of one series mostly share one or a few, and each takes up to 512 KiB, a palette's three
# times that.
_MAX_TABLES = 64


class TransformKind(Enum):
    """What has to be done to a stored value."""

    IDENTITY = "identity"
    AFFINE = "affine"
    TABLE = "table"
    """One table for the whole chain: stored values have at most 16 bits."""
    STEPS = "steps"
    """The steps one after the other: a table would be too large, or as large as what is looked up in it."""


class _Tables:
    """The tables made last, shared by the decoding threads."""

    def __init__(self) -> None:
        self.made: dict[tuple[float, float, int], npt.NDArray[Any]] = {}
        self.lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class PixelTransform:
    """Stored values to output values, for the frames of one pixel description.

    Rows are those of the frame table that the transform was compiled for.

    Attributes
    ----------
    kind : TransformKind
    slope, intercept : numpy.ndarray
        (n,) float64, per frame; what follows takes stored * slope + intercept.  All 1 and 0 for the identity.
    dtype : numpy.dtype
        Data type of the output.
    exact_in_float32 : bool
        Whether float32 arithmetic gives the float64 result: slope and intercept are integers and no value or product
        is beyond 2**24.
    stored_dtype : numpy.dtype
        Data type of the stored values.
    frame_shape : tuple of int
        Shape of an output frame: (rows, columns) or (rows, columns, 3).
    programs : tuple of tuple of Step
        What follows slope and intercept: one program, or several that frames choose from.
    program : numpy.ndarray
        (n,) int64, index of each frame's program.
    stored_range : tuple of int
        Smallest and largest value that Bits Stored can express.
    valid : numpy.ndarray or None
        (n, 2) float64, smallest and largest stored value that may be mapped; None if all may.
    """

    kind: TransformKind
    slope: Float
    intercept: Float
    dtype: np.dtype[Any]
    exact_in_float32: bool
    stored_dtype: np.dtype[Any]
    frame_shape: tuple[int, ...]
    programs: tuple[tuple[Step, ...], ...]
    program: npt.NDArray[np.int64]
    stored_range: tuple[int, int]
    valid: Float | None = None
    _tables: _Tables = field(default_factory=_Tables, repr=False, compare=False)

    @property
    def always_fits(self) -> bool:
        """Whether every value that Bits Stored can express maps to one that the output's type holds."""
        if self.kind is TransformKind.TABLE or (self.dtype.kind == "f" and self.dtype.itemsize > 2):
            return True
        if self.kind is TransformKind.STEPS or self.stored_dtype.kind == "f":
            return False
        ends = np.stack([end * self.slope + self.intercept for end in self.stored_range])
        limits = np.finfo(self.dtype) if self.dtype.kind == "f" else np.iinfo(self.dtype)
        return bool((ends >= limits.min).all() and (ends <= limits.max).all())

    def values(self, stored: Array, row: int) -> Array:
        """Return the output values of one frame, by the reference, before they are rounded to the output's type.

        Parameters
        ----------
        stored : array
            Any shape, on any device.
        row : int
        """
        slope, intercept = self.slope[row : row + 1], self.intercept[row : row + 1]
        if slope[0] != 1 or intercept[0] != 0:
            stored = affine(stored[None, ...], slope, intercept)[0, ...]
        for step in self.programs[self.program[row]]:
            stored = step.apply(stored)
        return stored

    def table(self, row: int) -> npt.NDArray[Any]:
        """Return the table of a frame, of a transform of kind TABLE.

        Returns
        -------
        numpy.ndarray
            (m,) or (m, 3) of the output's type, m being 256 or 65536: its index is the stored value's bits, read as
            unsigned, so that there is an entry for each value that the container can hold.

        Raises
        ------
        OutputTypeError
            If a value that Bits Stored can express maps to one that does not fit into the output's type.
        """
        key = float(self.slope[row]), float(self.intercept[row]), int(self.program[row])
        tables = self._tables
        table = tables.made.get(key)
        if table is None:
            table = self._fill(row)  # perhaps in two threads at once, which does no harm
            with tables.lock:
                while len(tables.made) >= _MAX_TABLES:
                    del tables.made[next(iter(tables.made))]
                tables.made[key] = table
        return table

    def _fill(self, row: int) -> npt.NDArray[Any]:
        unsigned = np.dtype(f"u{self.stored_dtype.itemsize}")
        stored = np.arange(1 << 8 * unsigned.itemsize, dtype=unsigned).view(self.stored_dtype)
        low, high = self.stored_range
        if self.valid is not None:
            low, high = max(low, self.valid[row, 0]), min(high, self.valid[row, 1])
        values = self.values(stored, row)
        table = np.empty(values.shape, self.dtype)
        reachable = (stored >= low) & (stored <= high)
        if self.dtype.kind == "f" and self.dtype.itemsize > 2:
            table[...] = values
        else:  # what cannot occur need not fit
            table[...] = 0
            fitting = np.empty(values[reachable].shape, self.dtype)
            cast(values[reachable], fitting)
            table[reachable] = fitting
        table.flags.writeable = False
        return table

    def check_valid(self, smallest: float, largest: float, row: int) -> None:
        """Raise if stored values lie outside of what the real-world value map of a frame maps.

        Raises
        ------
        UnmappedValueError
        """
        assert self.valid is not None
        first, last = self.valid[row].tolist()
        if not (first <= smallest and largest <= last):
            raise _unmapped((first, last), (smallest, largest))


def _unmapped(mapped: tuple[float, float], found: tuple[float, float]) -> UnmappedValueError:
    return UnmappedValueError(
        "stored values lie outside of what the real-world value map maps",
        expected=f"values from {mapped[0]:g} to {mapped[1]:g}",
        found=f"values from {found[0]:g} to {found[1]:g}",
        remedy="Pass apply_real_world_transform=False for the values without it.",
    )


def cast(values: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    """Copy with conversion, and look at the values where the type alone does not say that they fit.

    Raises
    ------
    OutputTypeError
        If a value does not fit: it is out of range, or it has a fraction and `out` is of integers.
    """
    if out.dtype == np.float16:
        with np.errstate(over="ignore"):
            np.copyto(out, values, casting="unsafe")
        if np.isinf(out).any() and not np.isinf(values).any():
            raise does_not_fit(values.min(), values.max(), out.dtype)
        return
    if out.dtype.kind != "f" and values.size and not np.can_cast(values.dtype, out.dtype, "safe"):
        info = np.iinfo(out.dtype)
        least, largest = values.min().item(), values.max().item()  # Python compares floats with large integers exactly
        if least < info.min or largest > info.max or not np.array_equal(values, np.rint(values)):
            raise does_not_fit(least, largest, out.dtype)
    np.copyto(out, values, casting="unsafe")


def does_not_fit(smallest: float, largest: float, dtype: np.dtype[Any]) -> OutputTypeError:
    """Return the error that says that values do not fit into a type."""
    return OutputTypeError(
        f"the values do not fit into {dtype}",
        expected="a larger data type",
        found=f"values from {smallest:g} to {largest:g}",
        remedy="Pass another dtype, for example float32.",
    )
