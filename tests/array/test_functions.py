import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdgpu.array.functions import (
    clamp,
    comparable,
    copy,
    dtype_name,
    host_dtype,
    mean,
    median,
    native_dtype,
    reinterpret,
    select_ranges,
)
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import array_namespace


def ranges(size):
    """Return a strategy for ranges that are not empty, within an axis of that size, in either direction."""
    ends = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1), st.integers(1, size))
    return ends.map(lambda e: range(e[0], e[1] + 1, e[2]) if e[0] <= e[1] else range(e[0], e[1] - 1, -e[2]))


@given(chosen=st.tuples(ranges(3), ranges(4), ranges(5)))
def test_select_ranges_is_numpy_indexing(xp, chosen):
    host = np.arange(120).reshape(3, 4, 5, 2)
    selected = select_ranges(xp.asarray(host), chosen)
    np.testing.assert_array_equal(to_numpy(selected), host[np.ix_(*map(list, chosen))])
    assert xp.is_mine(selected)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "uint32", "uint64", "int64", "float32"])
def test_every_type_can_be_flipped(xp, dtype):
    host = np.array([[0, 1], [np.array(-1).astype(dtype), 1]], dtype)
    for ranges in ([range(1, -1, -1), range(2)], [range(2), range(1, -1, -1)]):  # which are not done alike
        selected = select_ranges(xp.asarray(host), ranges)
        np.testing.assert_array_equal(to_numpy(selected), host[np.ix_(*map(list, ranges))])
    assert dtype_name(selected.dtype) == dtype


def test_select_ranges_is_a_view_of_numpy():
    host = np.arange(60).reshape(3, 4, 5)
    assert np.shares_memory(select_ranges(host, [range(3), range(3, -1, -1), range(0, 5, 2)]), host)


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float32", "float64"]
)
def test_dtypes_by_name(xp, dtype):
    array = xp.asarray([0, 1, 2], dtype)
    assert dtype_name(array.dtype) == dtype
    assert host_dtype(array) == np.dtype(dtype)
    assert native_dtype(array, np.dtype(dtype)) == native_dtype(array, dtype) == array.dtype
    assert native_dtype(array, array.dtype) == array.dtype


def test_unknown_dtypes_raise(xp):
    for dtype in ("sum", "no_such_type", object):
        with pytest.raises(TypeError):
            native_dtype(xp.asarray([0]), dtype)


@pytest.mark.usefixtures("its_device")
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "int16", "float32"])
@pytest.mark.parametrize(("low", "high"), [(3, 7), (None, 7), (3, None), (7, 3)])
def test_clamp_is_numpys_in_the_type_of_the_array(xp, dtype, low, high):
    if xp.name == "array_api_strict" and low == 7:
        pytest.skip("the standard leaves crossed bounds open")
    host = np.arange(10, dtype=dtype)
    result = clamp(xp.asarray(host), low, high)
    np.testing.assert_array_equal(to_numpy(result), host.clip(low, high))
    assert dtype_name(result.dtype) == dtype
    assert xp.is_mine(result)


@pytest.mark.usefixtures("its_device")
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "uint32", "float32"])
def test_comparable_has_extremes(xp, dtype):
    host = np.array([0, 1], dtype) if dtype == "bool" else np.array([0, np.array(-1).astype(dtype)], dtype)
    array = comparable(xp.asarray(host))
    functions = array_namespace(array)
    assert (float(functions.min(array)), float(functions.max(array))) == (float(host.min()), float(host.max()))
    assert xp.is_mine(array)


@pytest.mark.usefixtures("its_device")
def test_copy_shares_nothing(xp):
    array = xp.asarray([1, 2, 3])
    copied = copy(array)
    copied[0] = 9
    assert to_numpy(array).tolist() == [1, 2, 3]
    assert to_numpy(copied).tolist() == [9, 2, 3]
    assert xp.is_mine(copied)


MEAN_AND_MEDIAN = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int64", "float32", "float64"]


@pytest.mark.usefixtures("its_device")
@pytest.mark.parametrize("dtype", MEAN_AND_MEDIAN)
@pytest.mark.parametrize("axis", [(0, 1, 2), (0, 1, 2, 3), (1,), (3, 0)])
@pytest.mark.parametrize("count", [2, 3])
def test_mean_and_median_are_numpys(xp, dtype, axis, count):
    values = np.random.default_rng(count).normal(0, 1e4, (count, 3, 2, 3))
    # the whole range of unsigned types, whose upper half torch takes for negative in the signed ones
    host = (values > 0) if dtype == "bool" else values.astype("int64").astype(dtype)
    for ours, theirs in (
        (mean, np.mean(host.astype("float64"), axis, keepdims=True)),
        (median, np.median(host, axis, keepdims=True)),
    ):
        result = ours(xp.asarray(host), axis)
        np.testing.assert_allclose(to_numpy(result), theirs, rtol=1e-15 if ours is mean else 0)
        assert xp.is_mine(result)
    assert dtype_name(median(xp.asarray(host), axis).dtype) == np.median(host, axis).dtype.name


@pytest.mark.usefixtures("its_device")
@pytest.mark.parametrize("values", [[np.nan, 1, 2], [1, np.inf], [-np.inf, np.inf], [np.inf, np.inf, 3, np.inf]])
def test_median_of_values_that_are_not_finite(xp, values):
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(to_numpy(median(xp.asarray(values), (0,))), [np.median(values)])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_median_of_half_precision_does_not_overflow(dtype):
    torch = pytest.importorskip("torch")
    tensor = torch.asarray([60000.0, 50000.0, 100.0, 55000.0]).to(getattr(torch, dtype))
    result = median(tensor, (0,))
    assert result.dtype == tensor.dtype
    assert float(result[0]) == float(torch.asarray((float(tensor[1]) + float(tensor[3])) / 2).to(tensor.dtype))


@pytest.mark.usefixtures("its_device")
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float64"])
def test_bytes_are_reinterpreted_wherever_they_lie(xp, dtype):
    memory = xp.asarray(np.arange(200, dtype=np.uint8))
    for begin, columns in ((0, 32), (1, 32), (8, 24)):
        array = xp.namespace.reshape(memory[begin : begin + 96], (-1, 32))[:, :columns]
        found = reinterpret(array, dtype)
        assert xp.is_mine(found)
        np.testing.assert_array_equal(to_numpy(found), np.ascontiguousarray(to_numpy(array)).view(dtype))


def test_bytes_that_are_aligned_are_reinterpreted_in_place():
    memory = np.zeros(64, np.uint8)
    assert np.shares_memory(reinterpret(memory, "float32"), memory)
