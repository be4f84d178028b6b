from __future__ import annotations

import numpy as np
import pytest

from hdgpu.array.kernels import Grid, Program, element_strides, grid_for, launch, source_of
from tests.kernels.on_device import last_block_only
from tests.kernels.on_host import HostLauncher

MUTATIONS = [
    ("common.cuh", "static_cast<Index>(blockIdx.axis) * blockDim.axis", "blockIdx.axis * blockDim.axis", "64_bits"),
    ("common.cuh", "static_cast<Index>(gridDim.axis) * blockDim.axis", "gridDim.axis * blockDim.axis", "64_bits"),
    ("common.cuh", "name += HDGPU_STEP(axis)", "name += 2 * HDGPU_STEP(axis)", "goes_on"),
]

PROBE = """
extern "C" __global__ void probe(Index* first, Index* step) {
    *first = HDGPU_FIRST(x);
    *step = HDGPU_STEP(x);
}
"""
COUNT = """
extern "C" __global__ void count(uint8* counts, Index columns, Index rows, Index layers) {
    HDGPU_FOR(layer, z, layers) HDGPU_FOR(row, y, rows) HDGPU_FOR(column, x, columns) {
        ++counts[(layer * rows + row) * columns + column];
    }
}
"""


def probe(name: str, text: str) -> Program:
    return Program(name, source_of("common.cuh") + text, ())


def test_places_in_a_grid_have_64_bits(launcher: HostLauncher) -> None:
    grid = Grid(((1 << 31) - 1, 1, 1), (256, 1, 1))
    last_block_only(launcher)
    first, step = np.zeros(1, np.int64), np.zeros(1, np.int64)
    launch(probe("probe", PROBE), grid, first, first, step)
    assert 256 * (2**31 - 2) <= first[0] < 256 * (2**31 - 1)
    assert step[0] == 256 * (2**31 - 1)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 1000), (3, 500, 7), (70_000, 1, 2), (1, 70_000, 3)])
def test_each_element_is_gone_to_once(launcher: HostLauncher, shape: tuple[int, int, int]) -> None:
    counts = np.zeros(shape, np.uint8)
    launch(probe("count", COUNT), grid_for(*shape[::-1]), counts, counts, *shape[::-1])
    assert (counts == 1).all()


def test_a_small_grid_goes_on_by_its_size(launcher: HostLauncher) -> None:
    counts = np.zeros((2, 3, 1000), np.uint8)
    launch(probe("count", COUNT), Grid((1, 1, 1), (32, 2, 1)), counts, counts, 1000, 3, 2)
    assert (counts == 1).all()


def test_a_grid_without_blocks_is_nothing(launcher: HostLauncher) -> None:
    counts = np.zeros((0, 3), np.uint8)
    launch(probe("count", COUNT), grid_for(3, 0), counts, counts, 3, 0, 1)
    assert launcher.launched == []


def test_strides_that_are_no_whole_elements_are_refused() -> None:
    fields = np.zeros(4, np.dtype([("a", "u1"), ("b", "<i2")]))
    with pytest.raises(ValueError, match="not whole elements of 2 bytes"):
        element_strides(fields["b"])
