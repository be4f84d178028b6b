"""Copies of host arrays against NumPy's own, and with and without the compiled extension."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdgpu.array import host_copy, host_memory

DTYPES = ["bool", "u1", "i2", ">u2", "f2", "f4", "i8", "f8", ">f8", np.longdouble]
# of every view of three axes, and of four with channels before or behind
ORDERS = [*itertools.permutations(range(3))]


def random_array(shape, dtype):
    """Return random bytes as that type, so that no two elements are alike."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    values = np.random.default_rng(3).integers(0, 2 if dtype == "bool" else 256, count, np.uint8)
    return values.view(dtype).reshape(shape)


def assert_copied(source):
    out = host_copy.contiguous(source)
    assert out.flags.c_contiguous
    assert out.dtype == source.dtype
    assert out.tobytes() == source.tobytes()
    return out


@pytest.fixture(params=[True, False], ids=["compiled", "numpy"], autouse=True)
def _with_and_without(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(host_copy, "extension", lambda: None)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ORDERS)
def test_orders_and_directions(dtype, order):
    """Several tiles along each axis, and parts of one."""
    array = random_array((66, 3, 131), dtype).transpose(order)
    for steps in itertools.product((1, -1), repeat=3):
        assert_copied(array[tuple(slice(None, None, step) for step in steps)])


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8", np.longdouble])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_channels(dtype, channels):
    array = random_array((7, 70, 8, channels), dtype)
    for order in ORDERS:
        turned = array.transpose(*order, 3)[::-1]
        assert_copied(turned)
        assert_copied(turned[..., ::-1])
        assert_copied(turned[..., : channels - 1 or 1])
    assert_copied(np.moveaxis(random_array((channels, 7, 9, 8), dtype), 0, 3))
    assert_copied(random_array((2, 3, channels, 2, 4), dtype).T)
    assert_copied(random_array((3, channels), dtype).T)


@given(
    shape=st.tuples(*[st.integers(1, 70)] * 3),
    order=st.permutations(range(3)),
    steps=st.tuples(*[st.sampled_from([1, 2, 5, -1, -3])] * 3),
    dtype=st.sampled_from(DTYPES[:-1]),
)
def test_any_view(shape, order, steps, dtype):
    array = random_array(shape, dtype).transpose(order)
    assert_copied(array[tuple(slice(None, None, step) for step in steps)])


@pytest.mark.parametrize("order", ORDERS)
def test_threads_and_parts_of_a_target(monkeypatch, order):
    monkeypatch.setattr(host_copy, "_WORTH_THREADS", 1)
    monkeypatch.setenv("HDGPU_THREADS", "3")
    source = random_array((40, 50, 60), "i2").transpose(order)[::-1, :, ::-1]
    out = np.zeros(tuple(size + 3 for size in source.shape), "i2")
    host_copy.copy_to(out[2:-1, 1:-2, :-3], source)
    np.testing.assert_array_equal(out[2:-1, 1:-2, :-3], source)
    out[2:-1, 1:-2, :-3] = 0
    assert not out.any()


def test_what_is_contiguous_is_no_copy():
    array = random_array((3, 4, 5), "f4")
    assert host_copy.contiguous(array) is array


def test_arrays_that_are_not_aligned_or_broadcast():
    raw = np.zeros(3 * 4 * 5 * 4 + 1, np.uint8)
    raw[1:] = np.arange(raw.size - 1) % 251
    assert_copied(raw[1:].view("f4").reshape(3, 4, 5).T)
    assert_copied(np.broadcast_to(np.arange(5.0), (3, 4, 5)).T)
    assert_copied(np.broadcast_to(np.arange(3.0)[:, None, None], (3, 4, 5)))
    records = np.zeros((3, 4, 5), [("a", "i2"), ("b", "f4")])
    records["b"] = np.arange(60).reshape(3, 4, 5)
    assert_copied(records["b"].T)


def test_a_large_copy_takes_memory_that_is_kept():
    array = np.zeros((256, 256, 300), np.float32).T
    first = host_copy.contiguous(array)
    place = first.ctypes.data
    del first
    assert host_memory._kept is not None
    assert host_copy.contiguous(array).ctypes.data == place
