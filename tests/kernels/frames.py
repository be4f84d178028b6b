"""Frames through `scatter_frames`, as a plan puts them into a volume."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdgpu.array.device import on_device_of
from hdgpu.array.functions import native_dtype
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array, array_namespace, native_device
from hdgpu.pixels.run import scatter_frames, transform_frame
from hdgpu.pixels.transform import PixelTransform

__all__ = ["transform_frames"]


def transform_frames(transform: PixelTransform, stored: Array, rows: Sequence[int]) -> Array:
    """Return the output values of frames; for the first that is flagged raise what the host raises."""
    with on_device_of(stored):
        out = array_namespace(stored).empty(
            (len(rows), *stored.shape[1:3], *transform.frame_shape[2:]),
            dtype=native_dtype(stored, transform.dtype),
            device=native_device(stored),
        )
        flags = scatter_frames(transform, stored, rows, out, np.arange(len(rows)))
    for index in [] if flags is None else np.flatnonzero(to_numpy(flags)).tolist():
        frame = to_numpy(stored[index, ...])
        transform_frame(transform, rows[index], frame, np.empty(out.shape[1:], transform.dtype))
        raise AssertionError(f"frame {index} is flagged, but the host takes it")
    return out
