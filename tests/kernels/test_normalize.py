from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.volume import Volume, intensity
from hdgpu.volume.statistics import normalized
from tests.kernels.on_device import last_block_only
from tests.kernels.on_host import HostLauncher
from tests.kernels.resampling import laid_out

TYPES = ("uint8", "int16", "uint32", "int64", "float16", "float32", "float64", "bool")
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 40))
CHANNELS = st.sampled_from([(), (1,), (3,), (2, 2)])
MUTATIONS = [
    ("normalize.cu", "less[channel * apart]", "less[channel]", "test_every_step"),
    ("normalize.cu", "centred / scale[channel * apart]", "centred / scale[channel]", "test_every_step"),
    ("normalize.cu", "centred * scale[channel * apart]", "centred / scale[channel * apart]", "test_every_step"),
    ("normalize.cu", "(layer * rows + row) * columns * channels", "(layer * rows + row) * columns", "test_every_step"),
    ("normalize.cu", "channel * channel_stride", "channel", "test_every_step"),
    ("moments.cuh", "fraction << 13);\n}", "fraction << 12);\n}", "test_every_step"),
    ("moments.cuh", "? -0x1p-24f", "? 0x1p-24f", "test_denormal"),
]
pytestmark = pytest.mark.usefixtures("launcher")


@given(SHAPES, CHANNELS, st.sampled_from(TYPES), st.booleans(), st.booleans(), st.data())
@settings(max_examples=60)
def test_every_step_is_rounded_as_by_the_array_api(
    launcher: HostLauncher, shape: Any, channels: Any, dtype: str, divide: bool, each: bool, data: st.DataObject
) -> None:
    generator = np.random.default_rng(3)
    array = laid_out(generator.normal(60, 20, (*shape, *channels)).astype(dtype), data.draw)
    working = "float32" if dtype in ("float16", "float32") else "float64"
    kept = (1, 1, 1, *channels) if each else (1,) * array.ndim
    less, scale = (generator.normal(3, 1, kept).astype(working) for _ in range(2))
    before = len(launcher.launched)
    given = normalized(array, less, scale, 0.7, divide=divide)
    assert launcher.launched[before:] == ["normalize"]
    centred = array.astype(working) - less
    expected = (centred / scale if divide else centred * scale) + np.dtype(working).type(0.7)
    np.testing.assert_array_equal(given, expected.astype("float16" if dtype == "float16" else working), strict=True)


def test_denormal_halves_are_numbers() -> None:
    array = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    array = array[np.isfinite(array)].reshape(1, 1, -1)
    zero, one = np.zeros((1, 1, 1), "f4"), np.ones((1, 1, 1), "f4")
    np.testing.assert_array_equal(normalized(array, zero, one, 0.0, divide=True), array)


NORMALIZED = {
    "mean_std": lambda array, per_channel: intensity.normalize_mean_std(array, 2.0, 3.0, per_channel),
    "min_max": lambda array, per_channel: intensity.normalize_min_max(array, -1.0, 5.0, per_channel),
}


@pytest.mark.parametrize("name", NORMALIZED)
@given(SHAPES, CHANNELS, st.sampled_from(TYPES), st.booleans(), st.data())
@settings(max_examples=25)
def test_normalizing_is_the_array_apis(
    launcher: HostLauncher, name: str, shape: Any, channels: Any, dtype: str, per_channel: bool, data: st.DataObject
) -> None:
    """But for the mean and deviation of float32, which the array API has in that type."""
    array = laid_out(np.random.default_rng(3).integers(0, 100, (*shape, *channels)).astype(dtype), data.draw)
    given = NORMALIZED[name](array, per_channel)
    assert launcher.launched[-1] == "normalize"
    with mock.patch.object(intensity, "statistics_of", return_value=None):
        expected = NORMALIZED[name](array, per_channel)
    tolerance = {"float16": 4e-3, "float32": 2e-5}.get(dtype, 1e-11)
    np.testing.assert_allclose(given, expected, rtol=tolerance, atol=tolerance, strict=True)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_equal_values(launcher: HostLauncher, dtype: str) -> None:
    volume = Volume(np.full((3, 4, 50), 3, dtype), np.eye(4), "PATIENT")
    assert (volume.normalize_mean_std(output_mean=2.5).array == 2.5).all()
    assert (volume.normalize_min_max(output_min=-4.0).array == -4).all()
    assert launcher.launched == ["statistics", "statistics", "normalize"] * 2


def test_an_array_of_more_than_2_to_the_31_elements(launcher: HostLauncher) -> None:
    """The last block of it alone is run: its places need 64 bits."""
    last_block_only(launcher)
    array, one = np.zeros((1, 1, (1 << 31) + 100), np.float16), np.ones((1, 1, 1), "f4")
    array[..., -100:] = np.arange(100)
    given = normalized(array, one, one, 3.0, divide=True)
    np.testing.assert_array_equal(given[..., -100:], array[..., -100:] + 2)
