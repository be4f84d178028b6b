"""What the tests of the resampling kernels share: arrays in any layout, and the reference on the same call."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from hdgpu.volume.resampling import device, host
from hdgpu.volume.resampling.grid import IndexMap
from hdgpu.volume.resampling.run import resampled
from tests.volume.resampling import pairs_of_grids, random_array

__all__ = ["PAIRS", "by_reference", "index_maps", "laid_out", "pairs_of_grids", "random_array", "resampled"]

PAIRS = [
    *(("uint8", "uint8"), ("int8", "float32"), ("uint16", "uint16"), ("int16", "int16"), ("float32", "float32")),
    *(("uint32", "uint32"), ("int32", "float64"), ("float64", "float32"), ("uint16", "int32")),
]
"""Data types of source and target with each of them, and each working type."""


def by_reference(*arguments: Any, **options: Any) -> Any:
    """Return what the array API reference makes of the same call as `resampled`."""
    refused = mock.patch.object(device, "suitable", return_value=False)
    with refused, mock.patch.object(host, "extension", return_value=None):
        return resampled(*arguments, **options)


def laid_out(array: Any, draw: Any) -> Any:
    """Return an equal array with axes in another order in memory, and every other element of it or backwards."""
    order = draw(st.permutations(range(array.ndim)))
    steps = tuple(slice(None, None, draw(st.sampled_from([1, 1, -1, 2]))) for _ in order)
    wide = [array.shape[axis] * abs(step.step or 1) for axis, step in zip(order, steps, strict=True)]
    whole = np.zeros(wide, array.dtype)
    view = whole[steps].transpose(np.argsort(order))
    view[...] = array
    return view


@st.composite
def index_maps(draw: Any) -> tuple[tuple[int, ...], IndexMap, tuple[int, ...]]:
    """Draw the shape of a source, where in it the voxels of a target lie, and the target's shape."""
    source, target = draw(pairs_of_grids())
    index_map = IndexMap.between(source.affine, target.affine, target.spatial_shape)
    return source.spatial_shape, index_map, target.spatial_shape
