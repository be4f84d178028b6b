"""Half precision against NumPy's conversion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdgpu.array import half
from hdgpu.compiled import extension
from hdgpu.errors import OutputTypeError
from hdgpu.volume import Volume

pytestmark = pytest.mark.skipif(extension() is None, reason="needs the compiled extension")


def assert_as_numpys(values):
    with np.errstate(over="ignore", invalid="ignore"):
        expected = values.astype("f2")
    found = half.to_half(values)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(found.view("u2")[number], expected.view("u2")[number])
    assert np.isnan(found[~number]).all()
    assert found.strides == tuple(stride * 2 // values.itemsize for stride in values.strides)


def test_every_exponent_and_every_tie():
    """All halves, the float32 around them and half-way between two, infinities and what is not a number."""
    halves = np.arange(1 << 16, dtype=np.uint16).view("f2").astype("f4")
    finite = np.sort(halves[np.isfinite(halves)])
    between = (finite[1:] + finite[:-1]) / 2
    with np.errstate(invalid="ignore"):
        steps = [np.nextafter(each, np.float32(to)) for each in (halves, between) for to in (-np.inf, np.inf)]
    values = np.concatenate([halves, between, *steps])
    values = values[~(np.isfinite(values) & (np.abs(values) > 65504))]
    assert values.size > 300000
    assert_as_numpys(values)
    # fewer than eight at a time are converted without the processor's instructions for it
    found = np.empty(values.size, np.float16)
    for start in range(0, values.size, 7):
        assert extension().to_half("f", values[start : start + 7], found[start : start + 7])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(found, values.astype("f2"))


@given(st.binary(min_size=4, max_size=400), st.integers(0, 40))
def test_any_bits(data, start):
    values = np.frombuffer(data[: len(data) // 4 * 4], "f4")[min(start, len(data) // 4 - 1) :]
    assert_as_numpys(np.where(np.isfinite(values) & (np.abs(values) > 65504), np.float32(1), values))


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2"])
def test_every_integer(dtype):
    info = np.iinfo(dtype)
    assert_as_numpys(np.arange(info.min, min(info.max, 65504) + 1).astype(dtype))


@pytest.mark.parametrize("place", [0, 7, 8, 1000, 1001])
@pytest.mark.parametrize("value", [65504.01, -65505.0, 3.4e38])
def test_one_value_beyond(place, value):
    values = np.full(1002, np.inf, np.float32)
    assert half.to_half(values) is not None
    values[place] = value
    assert half.to_half(values) is None
    volume = Volume(np.resize(values, (2, 501, 1)), np.eye(4), "PATIENT")
    with pytest.raises(OutputTypeError, match="cannot be cast to float16"):
        volume.astype("float16")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_views_and_threads(monkeypatch, order):
    monkeypatch.setattr(half, "_WORTH_THREADS", 1)
    monkeypatch.setenv("HDGPU_THREADS", "3")
    values = np.random.default_rng(1).normal(size=(5, 7, 41)).astype("f4").transpose(order)
    assert_as_numpys(values)
    assert_as_numpys(values[::-1, :, ::-1])
    assert half.to_half(values[:, ::2]) is None
    for view in (values, values[::-1], values[:, ::2], values.astype(">f4")):
        found = Volume(view, np.eye(4), "PATIENT").astype("f2").array
        np.testing.assert_array_equal(found, view.astype("f2"))
        assert not np.shares_memory(found, view)


def test_what_is_left_to_numpy(monkeypatch):
    assert half.to_half(np.zeros(3)) is None
    assert half.to_half(np.zeros(3, "i4")) is None
    monkeypatch.setattr(half, "extension", lambda: None)
    assert half.to_half(np.zeros(3, "f4")) is None
