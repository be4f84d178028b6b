from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.pixels import icc
from hdgpu.pixels.run import scatter_frames
from hdgpu.pixels.steps import ColorManagement
from hdgpu.pixels.tetrahedral import LARGEST_NODE, ONE, IccTable, _interpolate, apply_table, scatter_colors
from hdgpu.pixels.transform import PixelTransform, TransformKind
from tests.kernels.on_host import HostLauncher

MUTATIONS = [
    ("tetrahedral.cuh", "x == largest ? points * points : y", "x >= middle ? points * points : y", "test_any_table"),
    ("tetrahedral.cuh", "z == smallest ? 1 : y", "z == largest ? 1 : y", "test_any_table"),
    ("tetrahedral.cuh", "nodes[highest - last]", "nodes[highest - first]", "test_any_table"),
    ("tetrahedral.cuh", "int32 total = 1 << (FRACTION_BITS - 1)", "int32 total = 0", "test_any_table"),
    ("tetrahedral.cuh", "total < ONE ? total : ONE", "total < ONE ? total : ONE - 1", "test_any_table"),
    ("color_table.cu", "cells[512 + blue]", "cells[blue]", "test_any_table"),
    ("color_table.cu", "packed && ", "", "test_rectangles"),
    ("color_table.cu", "last - at >= RUN && ", "", "test_rectangles"),
    ("color_table.cu", "color[2 * from_sample]", "color[2]", "test_rectangles"),
    ("color_table.cu", "rows < place[2] ? rows : place[2]", "rows", "test_rectangles"),
    ("color_table.cu", "to + column * out_column", "to + column * 3", "test_rectangles"),
]
pytestmark = pytest.mark.usefixtures("launcher")


def table_of(seed: int, points: int = 3, largest: float = 1.0, places: int = 200) -> IccTable:
    """Return a table with nodes below 0 and above 1, and with colours that lie on nodes and between them."""
    random = np.random.default_rng(seed)
    nodes = random.choice([-1.0, 0.0, 0.5, 1.0], (points**3, 3)) * largest + random.normal(0, 0.1, (points**3, 3))
    positions = random.choice(np.linspace(0, 1, places), (3, 256))
    return IccTable.of(positions, nodes, random.integers(0, 256, ONE + 1, dtype=np.uint8))


def reference_of(table: IccTable, rgb: np.ndarray) -> np.ndarray:
    """Return what the array library computes."""
    parts = table.corners, table.fractions, table.nodes, table.output
    return _interpolate(parts, table.points, rgb.reshape(-1, 3)).reshape(rgb.shape)


def colors_of(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@given(
    st.integers(2, 5), st.sampled_from([0.1, 1.0, LARGEST_NODE / ONE, 100.0]), st.integers(2, 200),
    st.lists(st.integers(0, 20), max_size=3), st.integers(0, 99),
)  # fmt: skip
def test_any_table_to_any_shape(
    launcher: HostLauncher, points: int, largest: float, places: int, shape: list[int], seed: int
) -> None:
    table, rgb = table_of(seed, points, largest, places), colors_of((*shape, 3), seed)
    before = len(launcher.launched)
    np.testing.assert_array_equal(apply_table(table, rgb), reference_of(table, rgb))
    assert launcher.launched[before:] == ["color_table"] * bool(rgb.size)
    np.testing.assert_array_equal(apply_table(table, rgb[..., ::-1]), reference_of(table, rgb[..., ::-1].copy()))


@settings(max_examples=60)
@given(st.data())
def test_rectangles_of_frames_go_to_their_places_in_any_layout(launcher: HostLauncher, data: st.DataObject) -> None:
    """Colours by pixel and by plane, flips and tiles: what NumPy's indexing says, and nothing beside it is touched."""
    draw = data.draw
    frames, rows, columns = (
        draw(st.integers(1, 3)),
        draw(st.integers(1, 6)),
        draw(st.sampled_from([1, 3, 8, 12, 16, 19])),
    )
    table, stored = table_of(1), colors_of((frames, rows, columns, 3), 5)
    stored = draw(st.sampled_from([stored, np.asfortranarray(stored), stored[:, ::-1, ::-1], stored[..., ::-1]]))
    order = draw(st.sampled_from([(0, 1, 2, 3), (0, 1, 2, 3), (0, 3, 1, 2), (3, 2, 1, 0)]))
    base = np.full([stored.shape[axis] for axis in order], 7, draw(st.sampled_from(["uint8", "float32"])))
    flips = tuple(slice(None, None, draw(st.sampled_from([1, 1, -1]))) for _ in range(4))
    expected = base.copy()
    out, view = (each.transpose(np.argsort(order))[flips] for each in (base, expected))
    regions = None
    if draw(st.booleans()):
        regions = np.array([
            (rows - high, draw(st.integers(0, columns - wide)), high, wide, draw(st.integers(0, rows - high)), 0)
            for high, wide in [(draw(st.integers(0, rows)), draw(st.integers(0, columns))) for _ in range(frames)]
        ])  # fmt: skip
    destination = np.array(draw(st.permutations(range(frames))), np.int64)
    for index, place in enumerate(destination):
        top, left, high, wide, y, x = (0, 0, rows, columns, 0, 0) if regions is None else regions[index]
        part = reference_of(table, stored[index, y : y + high, x : x + wide])
        view[place, top : top + high, left : left + wide] = part
    scatter_colors(table, stored, out, destination, regions)
    np.testing.assert_array_equal(base, expected)


@pytest.mark.parametrize("out", ["uint8", "float16"])
def test_the_transform_of_an_image_with_a_profile(
    launcher: HostLauncher, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    table, stored = table_of(2), colors_of((2, 3, 4, 3), 5)
    monkeypatch.setattr(icc, "icc_table", lambda profile: {b"profile": table}[profile])
    transform = PixelTransform(
        TransformKind.STEPS, np.ones(2), np.zeros(2), np.dtype(out), False, stored.dtype, (3, 4, 3),
        ((ColorManagement(b"profile"),),), np.zeros(2, np.int64), (0, 255),
    )  # fmt: skip
    target = np.empty((2, 3, 4, 3), out)
    assert scatter_frames(transform, stored, [0, 1], target, np.array([1, 0])) is None
    assert launcher.launched == ["color_table"]
    np.testing.assert_array_equal(target[::-1], reference_of(table, stored))


def test_places_beyond_32_bits() -> None:
    """Planes and rows so far apart that their places need 64 bits; only pages that are touched take memory."""
    memory = np.empty(1 << 34, np.uint8)
    out = np.lib.stride_tricks.as_strided(memory, (2, 2, 20, 3), (1 << 33, 1 << 32, 1, 1 << 30))
    table, stored = table_of(1), colors_of((2, 2, 20, 3), 5)
    scatter_colors(table, stored, out, np.array([1, 0]), None)
    np.testing.assert_array_equal(out[::-1], reference_of(table, stored))


def test_a_grid_of_more_than_2_to_the_31_pixels(launcher: HostLauncher) -> None:
    """The last blocks of it alone are run: their places need 64 bits."""
    table, count = table_of(1), (1 << 31) + 100
    stored, out = (np.zeros((1, 1, count, 3), np.uint8) for _ in range(2))
    stored[0, 0, -300:] = colors_of((300, 3), 1)
    launcher.blocks = lambda grid: ((grid.blocks[0] - 1, 0, 0), (1, 1, 1))
    scatter_colors(table, stored, out, np.array([0]), None)
    np.testing.assert_array_equal(out[0, 0, -100:], reference_of(table, stored[0, 0, -100:]))
    assert not out[0, 0, : 1 << 20].any()
