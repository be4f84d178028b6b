from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hdgpu.volume.resampling import device
from hdgpu.volume.resampling.spline import filter_along
from tests.kernels.on_device import last_block_only
from tests.kernels.on_host import HostLauncher
from tests.kernels.resampling import laid_out

MUTATIONS = [
    ("spline_filter.cu", "if (wide == 1) before_last = carried;", "", "test_any_axes"),
    ("spline_filter.cu", "forwards(line, wide, at == 0, carried)", "forwards(line, wide, 0, carried)", "test_any_axes"),
    ("spline_filter.cu", "mine / inner * size * inner + mine % inner", "mine * size", "test_any_axes"),
    ("spline_filter.cu", "line < lines && column < wide", "line < lines", "outside"),
    ("spline_filter.cu", "sum = sum + start[k] * line[k];", "sum = start[k] * line[k];", "test_any_axes"),
    ("spline_filter.cu", "before_last = carried;\n            carried", "carried", "test_any_axes"),
    ("spline_filter.cu", "last -= AHEAD", "last -= AHEAD + 1", "test_any_axes"),
    ("spline_filter.cu", "each * size * inner + at", "each * inner + at", "test_any_axes"),
    ("spline_filter.cu", "POLE * carried + GAIN * fetched[k]", "POLE * carried - GAIN * fetched[k]", "test_any_axes"),
]  # fmt: skip
pytestmark = pytest.mark.usefixtures("launcher")


def expected_of(array: Any, axes: Any, working: str) -> Any:
    values = np.array(array, working, order="C")
    for axis in sorted(axes, reverse=True):
        filter_along(values, axis)
    return values


@settings(max_examples=40)
@example((3, 2, 33, 1), [2], ("int16", "float32"), None)
@example((2, 40, 34, 1), [0, 1], ("uint8", "float64"), None)
@given(
    st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 70), st.integers(1, 3)),
    st.lists(st.integers(0, 2), min_size=1, unique=True),
    st.sampled_from([("int16", "float32"), ("uint32", "float64"), ("float32", "float32"), ("float64", "float64")]),
    st.data(),
)
def test_any_axes_types_and_layout(
    launcher: HostLauncher, shape: Any, axes: list[int], types: Any, data: st.DataObject | None
) -> None:
    """Exactly the reference's, by lines and by tiles."""
    array = np.random.default_rng(5).integers(0, 200, shape).astype(types[0])
    if data is not None:
        array = laid_out(array, data.draw)
    before, copy = len(launcher.launched), array.copy()
    given = device.coefficients(array, axes, types[1])
    np.testing.assert_array_equal(given, expected_of(array, axes, types[1]), strict=True)
    np.testing.assert_array_equal(array, copy)
    assert launcher.launched[before:] == ["spline_filter"] * sum(shape[axis] > 1 for axis in axes)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_nothing_outside_of_the_values_is_touched(axis: int) -> None:
    memory = np.full((2, 9, 5, 33, 1), 7.0, "f4")
    values = memory[1, 2:7] if axis else memory[1, 2:4]
    before = values.copy()
    device._filter_along(values, axis, "float32")
    np.testing.assert_array_equal(values, expected_of(before, [axis], "float32"))
    assert (memory[0] == 7).all() and (memory[1, :2] == 7).all()
    assert (memory[1, 7:] == 7).all()


def test_values_that_are_not_finite() -> None:
    """They reach along their whole line, and no further."""
    array = np.random.default_rng(1).normal(size=(9, 9, 40, 1)).astype("f4")
    array[3, 4, 5], array[1, 1, 39], array[8, 0, 0] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        for axis in range(3):
            np.testing.assert_array_equal(
                device.coefficients(array, [axis], "float32"), expected_of(array, [axis], "float32")
            )


def test_lines_beyond_32_bits(launcher: HostLauncher) -> None:
    """The last block of more than 2^31 lines alone is run, by tiles and by lines."""
    last_block_only(launcher)
    for shape in ((1 << 31, 1, 2, 1), (2, 1, (1 << 31) + 7, 1)):
        axis = shape.index(2)
        values = np.zeros(shape, np.float32)
        last = values[-40:] if axis else values[:, :, -40:]
        last[...] = np.random.default_rng(2).normal(size=last.shape)
        expected = expected_of(last[..., :], [axis], "float32")
        device._filter_along(values, axis, "float32")
        np.testing.assert_array_equal(last[..., -7:, :], expected[..., -7:, :])
