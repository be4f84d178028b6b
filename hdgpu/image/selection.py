"""Frame numbers, and ranges of slices, rows and columns, as DICOM counts them and as Python does.

DICOM counts from 1, and 0 is nothing; with ``as_indices`` counting is from 0.  Negative numbers count from the end in
both; an end is one beyond the last.  Nothing is clipped: what lies outside raises.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from hdgpu.errors import FrameNumberError, VolumeIndexError

__all__ = ["frame_indices", "selected_range"]


def frame_indices(
    numbers: Iterable[int] | None, count: int, *, as_indices: bool, source: object = None
) -> npt.NDArray[np.int64]:
    """Return zero-based indices for frame numbers.

    Parameters
    ----------
    numbers : iterable of int or None
        None for all frames.
    count : int
        Number of frames that there are.
    as_indices : bool
        Whether the numbers count from 0 instead of 1.

    Raises
    ------
    TypeError
        If one is no integer.
    hdgpu.errors.FrameNumberError
        If there is no such frame; negative numbers are none (also an IndexError).

    Examples
    --------
    >>> frame_indices([1, 3, 3], 5, as_indices=False)
    array([0, 2, 2])
    """
    if numbers is None:
        return np.arange(count, dtype=np.int64)
    first = 0 if as_indices else 1
    given = [operator.index(number) for number in numbers]
    for number in given:
        if not first <= number < count + first:
            raise FrameNumberError(
                f"there is no frame of {'index' if as_indices else 'number'} {number}",
                source=source,
                expected=f"{first} to {count - 1 + first}",
                remedy="" if as_indices or number else "Frames count from 1; as_indices=True counts them from 0",
            )
    return np.array(given, dtype=np.int64) - first


def selected_range(start: int | None, end: int | None, size: int, *, as_indices: bool, what: str) -> range:
    """Return the indices from `start` up to `end`, of an axis of `size`.

    Parameters
    ----------
    start, end : int or None
        First, and one beyond the last; None for the ends of the axis.
    size : int
    as_indices : bool
        Whether they count from 0 instead of 1.
    what : str
        What is counted, as in the name of the arguments: ``"row"``, ``"column"`` or ``"slice"``.

    Returns
    -------
    range
        Empty where the end is the start.

    Raises
    ------
    TypeError
        If one is no integer.
    hdgpu.errors.VolumeIndexError
        If one lies outside, or the end before the start (also a ValueError and an IndexError).

    Examples
    --------
    >>> selected_range(2, 4, 10, as_indices=False, what="row")
    range(1, 3)
    >>> selected_range(-3, None, 10, as_indices=False, what="row")
    range(7, 10)
    """
    first = 0 if start is None else _index(start, size, size - 1, as_indices, f"{what}_start")
    beyond = size if end is None else _index(end, size, size, as_indices, f"{what}_end")
    if beyond < first:
        raise VolumeIndexError(f"'{what}_end' lies before '{what}_start'", found=(start, end))
    return range(first, beyond)


def _index(number: int, size: int, largest: int, as_indices: bool, name: str) -> int:
    value = operator.index(number)
    if value == 0 and not as_indices:
        raise VolumeIndexError(
            f"'{name}' cannot be 0, for the first is 1", remedy="Pass as_indices=True to count from 0"
        )
    index = value + size if value < 0 else value - (not as_indices)
    if not 0 <= index <= largest:
        raise VolumeIndexError(f"'{name}' is out of range for an image with {size}", found=value)
    return index
