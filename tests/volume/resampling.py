"""What the tests of resampling share: grids, and the same call without the compiled extension."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from hdgpu.volume import Volume, VolumeGeometry

KINDS = ("nearest", "linear", "cubic")
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


def make_grid(shape: Any, spacing: Any, direction: Any, center: Any) -> VolumeGeometry:
    return VolumeGeometry.from_components(
        shape, spacing=spacing, direction=direction, center_position=center, coordinate_system="PATIENT"
    )


def random_array(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Any:
    """Return values over most of the range of the type, so that a spline overshoots it."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return (rng.normal(size=shape) * 100).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def places_of(volume: Any, grid: Any) -> Any:
    """Return where in the volume the voxels of a grid lie, shape (3, *grid), from the affines alone."""
    matrix = np.linalg.inv(volume.affine) @ grid.affine
    indices = np.indices(grid.spatial_shape).astype(float)
    return np.einsum("ab,b...->a...", matrix[:3, :3], indices) + matrix[:3, 3][:, None, None, None]


def inside_of(volume: Any, places: Any, margin: float = 0.0) -> Any:
    """Return which places lie within the edges of the outermost voxels, and that margin away from them."""
    last = np.array(volume.spatial_shape)[:, None, None, None] - 0.5
    return ((places >= -0.5 + margin) & (places <= last - margin)).all(axis=0)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that resamples as if there were no extension."""

    def call(volume: Volume, **options: Any) -> Volume:
        with monkeypatch.context() as patch:
            patch.setattr("hdgpu.volume.resampling.host.extension", lambda: None)
            return volume.resample(**options)

    return call


def _triples(low: float, high: float, decimals: int) -> Any:
    """Draw three numbers; decimals keep out those that are next to nothing, which resampling takes for nothing."""
    return st.tuples(*[st.floats(low, high).map(lambda number: round(number, decimals))] * 3)


def rotations(decimals: int = 17) -> Any:
    return _triples(-3.2, 3.2, decimals).map(lambda angles: Rotation.from_euler("zyx", angles).as_matrix())


REORDERINGS = st.permutations([0, 1, 2]).flatmap(
    lambda order: st.lists(st.sampled_from([-1.0, 1.0]), min_size=3, max_size=3).map(
        lambda signs: np.eye(3)[:, order] * signs
    )
)
SHAPES = st.tuples(*[st.integers(1, 9)] * 3)
SPACINGS = _triples(0.4, 2.5, 17)


@st.composite
def pairs_of_grids(draw: Any, decimals: int = 17) -> tuple[VolumeGeometry, VolumeGeometry]:
    """Draw a grid, and another that overlaps it: rotated, or with the same axes in another order."""
    direction, shift = draw(rotations(decimals)), np.array(draw(_triples(-2.0, 2.0, decimals)))
    spacings = _triples(0.4, 2.5, decimals)
    source = make_grid(draw(SHAPES), draw(spacings), direction, (5.0, -3.0, 8.0))
    turn = draw(st.one_of(rotations(decimals), REORDERINGS))
    return source, make_grid(draw(SHAPES), draw(spacings), direction @ turn, np.array(source.center_position) + shift)
