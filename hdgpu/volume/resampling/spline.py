"""The interpolating cubic B-spline: its coefficients, and the weights of the four next to a place.

The voxels are mirrored at the outermost ones (... 2 1 0 1 2 ...), which are not repeated.  With the coefficients the
spline takes the values of the voxels at their centres; they are found by one recursion up each axis and one down
(Unser, Aldroubi and Eden, "B-spline signal processing", IEEE Trans. Signal Processing 41, 1993).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.functions import dtype_name
from hdgpu.array.namespace import Array, array_namespace, native_device

__all__ = ["cubic_weights", "filter_along", "start_weights"]

_POLE = -0.26794919243112270647  # sqrt(3) - 2
# Powers of the pole below this change no number in double precision.
_NEGLIGIBLE = 1e-18


def start_weights(size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return the weights of the first values of an axis in the first value of the recursion: none for one voxel.

    Examples
    --------
    >>> start_weights(3, "float64").round(6).tolist()
    [1.005181, -0.288675, 0.072169]
    """
    if size == 1:
        return np.empty(0, dtype)
    period = 2 * (size - 1)
    powers = np.power(_POLE, np.arange(size, dtype=np.float64))
    weights = powers + np.power(_POLE, period - np.arange(size, dtype=np.float64))
    weights[[0, -1]] = powers[[0, -1]]
    weights /= 1.0 - _POLE**period
    return weights[np.abs(powers) > _NEGLIGIBLE].astype(dtype)


def filter_along(values: Array, axis: int) -> None:
    """Put the coefficients along axis 0, 1 or 2 in the place of the values: float32 or float64, of any library."""
    size = values.shape[axis]
    if size == 1:
        return
    if axis == 2:  # where a step of the recursion would touch all of the memory
        xp, channels = array_namespace(values), tuple(range(3, values.ndim))
        turned = xp.permute_dims(values, (2, 0, 1, *channels))
        first = xp.empty(turned.shape, dtype=values.dtype, device=native_device(values))
        first[...] = turned
        filter_along(first, 0)
        values[...] = xp.permute_dims(first, (1, 2, 0, *channels))
        return

    def plane(index: int) -> Any:
        return (*(slice(None) for _ in range(axis)), index, ...)

    start = start_weights(size, dtype_name(values.dtype)).tolist()
    first = start[0] * values[plane(0)]
    for index, weight in enumerate(start[1:], 1):
        first = first + weight * values[plane(index)]
    values[plane(0)] = first
    for index in range(1, size):
        values[plane(index)] += _POLE * values[plane(index - 1)]
    last = 6.0 * _POLE / (_POLE * _POLE - 1.0)
    values[plane(size - 1)] = last * (values[plane(size - 1)] + _POLE * values[plane(size - 2)])
    for index in range(size - 2, -1, -1):
        values[plane(index)] = _POLE * values[plane(index + 1)] + (-6.0 * _POLE) * values[plane(index)]


def cubic_weights(t: Array) -> tuple[Array, Array, Array, Array]:
    """Return the weights of the coefficients at -1, 0, 1 and 2 for places between 0 and 1, of any library.

    Examples
    --------
    >>> [round(6 * float(weight[0]), 6) for weight in cubic_weights(np.zeros(1))]
    [1.0, 4.0, 1.0, 0.0]
    """
    u = 1.0 - t
    tt, uu = t * t, u * u
    return (
        (uu * u) * (1.0 / 6.0),
        2.0 / 3.0 - (0.5 * tt) * (2.0 - t),
        2.0 / 3.0 - (0.5 * uu) * (1.0 + t),
        (tt * t) * (1.0 / 6.0),
    )
