"""Reference of every pixel transform, on any array library: slow, plain, and what the others have to equal."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import array_namespace

__all__ = ["affine"]


def affine(stored: Any, slope: npt.NDArray[np.float64], intercept: npt.NDArray[np.float64]) -> Any:
    """Apply a slope and an intercept per frame, in float64.

    Parameters
    ----------
    stored : array
        (n, rows, columns) or (n, rows, columns, samples) of any numeric type, on any device.
    slope, intercept : numpy.ndarray
        (n,) float64 on the host.

    Returns
    -------
    array
        float64, shape, library and device of `stored`: two roundings, product and sum, and no fused step.
    """
    xp = array_namespace(stored)
    device = stored.device
    shape = (-1, *(1,) * (stored.ndim - 1))
    slopes = xp.reshape(xp.asarray(slope, dtype=xp.float64, device=device), shape)
    intercepts = xp.reshape(xp.asarray(intercept, dtype=xp.float64, device=device), shape)
    product = xp.astype(stored, xp.float64, copy=False) * slopes
    return product + intercepts
