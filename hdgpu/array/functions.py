"""What the array API standard leaves out, or leaves open, and hdgpu needs: written once, for every library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import on_device_of
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import (
    Array,
    array_namespace,
    is_cupy_array,
    is_numpy_array,
    is_torch_array,
    native_device,
)

__all__ = [
    "clamp",
    "comparable",
    "copy",
    "dtype_name",
    "host_dtype",
    "host_type",
    "is_real",
    "mean",
    "median",
    "native_dtype",
    "reinterpret",
    "round_to_int64",
    "select_ranges",
    "take",
]


def copy(array: Array) -> Array:
    """Return a copy of the array on the same device."""
    with on_device_of(array):
        return array_namespace(array).asarray(array, copy=True)


def dtype_name(dtype: Any) -> str:
    """Return the name that all libraries give to a data type, whichever library's or Python's type it is.

    Examples
    --------
    >>> import numpy as np
    >>> dtype_name(np.dtype("<f4")), dtype_name(np.uint8), dtype_name(float), dtype_name("int16")
    ('float32', 'uint8', 'float64', 'int16')
    """
    try:
        return str(np.dtype(dtype).name)
    except TypeError:
        if isinstance(dtype, str) and dtype != "bfloat16":
            raise
        return str(dtype).rpartition(".")[2]  # torch.float32, array_api_strict.float32


def host_type(dtype: Any) -> np.dtype[Any]:
    """Return NumPy's data type of the same name as any library's, to reason about kinds and promotion on the host.

    For bfloat16, which NumPy has not, it is float32, which holds all of its values.

    Raises
    ------
    TypeError
        If NumPy has no such type.

    Examples
    --------
    >>> host_type("bfloat16"), host_type(int)
    (dtype('float32'), dtype('int64'))
    """
    name = dtype_name(dtype)
    return np.dtype("float32" if name == "bfloat16" else name)


def host_dtype(array: Array) -> np.dtype[Any]:
    """Return NumPy's data type of the same name as the array's, as :func:`host_type`."""
    return host_type(array.dtype)


def is_real(array: Array) -> bool:
    """Return whether the array is of integers, floating-point numbers or bool.

    Examples
    --------
    >>> import numpy as np
    >>> is_real(np.zeros(3, np.uint8)), is_real(np.zeros(3, complex))
    (True, False)
    """
    return bool(array_namespace(array).isdtype(array.dtype, ("bool", "integral", "real floating")))


def native_dtype(array: Array, dtype: npt.DTypeLike | Any) -> Any:
    """Return the data type as the array's own library has it.

    Raises
    ------
    TypeError
        If the array's library has no such type.

    Examples
    --------
    >>> import numpy as np
    >>> native_dtype(np.zeros(3), "float32")
    dtype('float32')
    """
    xp = array_namespace(array)
    name = dtype_name(dtype)
    native = getattr(xp, name, None)
    if native is None:
        raise TypeError(f"{xp.__name__} has no data type {name!r}.")
    return np.dtype(native) if isinstance(native, type) else native


def reinterpret(array: Array, dtype: npt.DTypeLike | Any) -> Array:
    """Return the bytes of the array as elements of another type, along the last axis, in the machine's byte order.

    A view where the library has such views and the bytes lie as the elements have to: one after another, and aligned.

    Examples
    --------
    >>> import numpy as np
    >>> reinterpret(np.array([[1, 2, 0, 1]], np.uint8), "uint16").tolist()
    [[513, 256]]
    """
    name = dtype_name(dtype)
    if name == dtype_name(array.dtype):
        return array
    size = np.dtype(name).itemsize
    if is_numpy_array(array) or is_cupy_array(array):
        address = array.ctypes.data if is_numpy_array(array) else array.data.ptr
        if any(each % size for each in (address, *array.strides[:-1])) or array.strides[-1] != array.itemsize:
            array = array.copy(order="C")
        return array.view(name)
    if is_torch_array(array):
        places = array.data_ptr(), array.storage_offset(), *array.stride()[:-1]
        if any(each * array.itemsize % size for each in places[1:]) or places[0] % size or array.stride(-1) != 1:
            array = array.clone(memory_format=array_namespace(array).contiguous_format)
        return array.view(native_dtype(array, name))
    xp = array_namespace(array)
    return xp.asarray(to_numpy(array).view(name), device=native_device(array))


def select_ranges(array: Array, ranges: Sequence[range]) -> Array:
    """Return the elements at the ranges of indices along the leading axes, each range within its axis and not empty.

    A view where the library has views with negative strides (NumPy, CuPy).  torch has none, and indexes with positive
    steps only, so a range that runs backwards is taken forwards and then flipped, which copies.

    Examples
    --------
    >>> import numpy as np
    >>> select_ranges(np.arange(10), [range(8, 0, -3)])
    array([8, 5, 2])
    """
    forwards = [each if each.step > 0 else each[::-1] for each in ranges]
    array = array[(*(slice(each[0], each[-1] + 1, each.step) for each in forwards), ...)]
    backwards = tuple(axis for axis, each in enumerate(ranges) if each.step < 0)
    if not backwards:
        return array
    xp, name = array_namespace(array), dtype_name(array.dtype)
    if is_torch_array(array) and name in ("uint16", "uint32", "uint64"):  # which torch has, but cannot flip
        return xp.flip(array.view(native_dtype(array, name[1:])), axis=backwards).view(array.dtype)
    return xp.flip(array, axis=backwards)


def round_to_int64(array: Array) -> Array:
    """Return the nearest whole numbers, ties to even, of a float64 array as int64.

    The array is the caller's own and of no use to it afterwards: its memory may hold the result, because the first
    touch of fresh memory costs more than the rounding.

    Examples
    --------
    >>> import numpy as np
    >>> round_to_int64(np.array([0.5, 1.5, -0.6]))
    array([ 0,  2, -1])
    """
    if is_numpy_array(array):
        return _round_in_place(array)
    xp = array_namespace(array)
    if is_cupy_array(array):
        whole = array.round(out=array)
    else:
        whole = array.round_() if is_torch_array(array) else xp.round(array)
    return xp.astype(whole, xp.int64)


def _round_in_place(array: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Write whole numbers over the float64 numbers that they come from, as many at a time as stay in the cache."""
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        return np.asarray(np.rint(array), dtype=np.int64)
    numbers = array.ravel(order="K")
    whole = numbers.view(np.int64)
    at_once = np.empty(1 << 15)
    for start in range(0, numbers.size, at_once.size):
        part = slice(start, start + at_once.size)
        whole[part] = np.rint(numbers[part], out=at_once[: numbers[part].size])
    result: npt.NDArray[np.int64] = array.view(np.int64)
    return result


def comparable(array: Array) -> Array:
    """Return the array in a type that has a minimum, a maximum and bounds: most often itself.

    The standard has none for bool, which becomes uint8; torch none for uint16 and uint32, which become int32 and int64.
    """
    types = {"bool": "uint8"}
    if is_torch_array(array):
        types |= {"uint16": "int32", "uint32": "int64"}
    other = types.get(dtype_name(array.dtype))
    return array if other is None else array_namespace(array).astype(array, native_dtype(array, other))


def clamp(array: Array, smallest: float | None, largest: float | None) -> Array:
    """Return the array with values below and above brought to the bounds, in one pass and in the array's own type.

    Where the bounds cross, all values are the upper one, as in NumPy; the standard leaves that open.

    Examples
    --------
    >>> import numpy as np
    >>> clamp(np.arange(5), 1, 3)
    array([1, 1, 2, 3, 3])
    """
    if is_numpy_array(array) or is_cupy_array(array):
        return array.clip(smallest, largest)
    if is_torch_array(array):
        return comparable(array).clamp(smallest, largest).to(array.dtype)
    return array_namespace(array).clip(array, smallest, largest)


def mean(array: Array, axis: tuple[int, ...]) -> Array:
    """Return the mean over axes, which are kept with one element each, in float64 and without a copy of the array.

    Examples
    --------
    >>> import numpy as np
    >>> mean(np.array([[0, 1], [1, 1]], dtype=np.uint8), (0, 1))
    array([[0.75]])
    """
    xp = array_namespace(array)
    summable = comparable(array) if dtype_name(array.dtype) == "bool" else array
    total = xp.sum(summable, axis=axis, dtype=xp.float64, keepdims=True)
    return total / math.prod(array.shape[each] for each in axis)


def median(array: Array, axis: tuple[int, ...]) -> Array:
    """Return the median over axes, which are kept with one element each: as NumPy's, and NaN where there is a NaN.

    Of an even number of values it is the mean of the two in the middle.  The result is of the array's type if that is
    floating-point, else float64.

    Examples
    --------
    >>> import numpy as np
    >>> median(np.array([[7, 1], [2, 4]]), (0, 1))
    array([[3.]])
    """
    xp = array_namespace(array)
    if is_numpy_array(array) or is_cupy_array(array):
        return xp.median(comparable(array), axis=axis, keepdims=True)
    kept = tuple(each for each in range(array.ndim) if each not in axis)
    shape = tuple(1 if each in axis else size for each, size in enumerate(array.shape))
    rows = xp.reshape(xp.permute_dims(comparable(array), (*kept, *axis)), (math.prod(shape), -1))
    floating, count = xp.isdtype(array.dtype, "real floating"), rows.shape[1]
    # the sum of two half precision numbers may be too large for them
    half = dtype_name(array.dtype) in ("float16", "bfloat16")
    working = xp.float32 if half else array.dtype if floating else xp.float64
    places = sorted({(count - 1) // 2, count // 2})
    values = [xp.astype(each, working) for each in _ordered_at(rows, places)]
    middle = values[0] if count % 2 else (values[0] + values[1]) / 2
    if floating:
        middle = xp.astype(xp.where(xp.any(xp.isnan(rows), axis=1), xp.full_like(middle, xp.nan), middle), array.dtype)
    return xp.reshape(middle, shape)


def _ordered_at(rows: Array, places: list[int]) -> list[Array]:
    """Return the values at places of each row, if it were in ascending order."""
    if is_torch_array(rows) and dtype_name(rows.dtype) != "uint64":  # which need not sort for it
        return [rows.kthvalue(place + 1, dim=1).values for place in places]
    ordered = array_namespace(rows).sort(rows, axis=1)
    return [ordered[:, place] for place in places]


def take(table: Array, index: Array) -> Array:
    """Return the rows of a table at an array of indices: the shape of the indices, and the table's axes but the first.

    Examples
    --------
    >>> import numpy as np
    >>> take(np.array([5, 7, 11]), np.array([[2, 0]]))
    array([[11,  5]])
    """
    if is_torch_array(table):
        return table[index]  # torch.index_select has no unsigned types of 16 bits and more
    xp = array_namespace(table, index)
    taken = xp.take(table, xp.reshape(index, (-1,)), axis=0)
    return xp.reshape(taken, (*index.shape, *table.shape[1:]))
