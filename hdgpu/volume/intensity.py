"""Voxel values: casting, clipping and normalising arrays of any library, with NumPy's rules of promotion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.functions import clamp, comparable, copy, dtype_name, host_dtype, host_type, native_dtype
from hdgpu.array.half import to_half
from hdgpu.array.namespace import Array, array_namespace, is_numpy_array, library_name
from hdgpu.errors import OutputTypeError, VolumeError
from hdgpu.volume.statistics import normalized, statistics_of

__all__ = [
    "cast",
    "clip",
    "held_type",
    "held_value",
    "normalize_mean_std",
    "normalize_min_max",
    "reduced_axes",
    "require_range",
]

_LARGEST_BFLOAT16 = (2.0 - 2.0**-7) * 2.0**127


def cast(array: Array, dtype: npt.DTypeLike) -> Array:
    """Return a copy of the array with another data type, having made sure that it can hold the values.

    Floating-point values are truncated to integers.  Where the new type cannot hold every value of the old one, the
    smallest and the largest value are fetched from the array's device.

    Raises
    ------
    hdgpu.errors.OutputTypeError
        If a value is out of range of the new type, or not finite for an integer type, or neither 0 nor 1 for bool; or
        if the old or the new type is not bool, integer or floating-point.

    Examples
    --------
    >>> cast(np.array([1.7, 200.0]), np.uint8)
    array([  1, 200], dtype=uint8)
    """
    target = held_type(array, dtype)
    if is_numpy_array(array) and target == np.float16:
        half = to_half(array)
        if half is not None:
            return half
    require_range(array, dtype)
    return array_namespace(array).astype(array, target, copy=True)


def held_type(array: Array, dtype: npt.DTypeLike) -> Any:
    """Return a data type as the array's own library has it.

    Raises
    ------
    hdgpu.errors.OutputTypeError
        If it has no such type: NumPy has no bfloat16, and torch no long double.
    """
    try:
        return native_dtype(array, dtype)
    except TypeError as error:
        name = dtype_name(dtype)
        raise OutputTypeError(f"{library_name(array)} has no such data type", found=name) from error


def require_range(array: Array, dtype: npt.DTypeLike) -> None:
    """Make sure that the values of an array are in the range of a data type, whatever becomes of their fractions.

    Raises
    ------
    hdgpu.errors.OutputTypeError
        As :func:`cast`.
    """
    source, target = host_dtype(array), host_type(dtype)
    for each in (source, target):
        if each.kind not in "biuf":
            raise OutputTypeError("only bool, integer and floating-point data types can be cast", found=each.name)
    if not array.size or source.kind == "b":
        return
    xp = array_namespace(array)
    if target.kind == "b":
        if bool(xp.any((array != 0) & (array != 1))):
            raise OutputTypeError("only arrays of zeros and ones can be cast to bool")
        return
    low, high = _range_of(dtype)
    finite = target.kind == "f" and source.kind == "f"  # which all have others
    if finite or source.kind != "f":
        least, most = _range_of(array.dtype)
        if low <= least and most <= high:
            return
    smallest, largest = _extremes(array, finite=finite)
    if not low <= smallest <= largest <= high:  # as NaN is not
        raise OutputTypeError(
            f"values of type {dtype_name(array.dtype)} cannot be cast to {dtype_name(dtype)}",
            expected=f"between {low} and {high}",
            found=f"between {smallest} and {largest}",
        )


def _extremes(array: Array, *, finite: bool) -> tuple[float, float]:
    """Return the smallest and the largest value, of all or, with 0, of the finite ones: this waits for the device."""
    xp, source = array_namespace(array), host_dtype(array)
    as_python = float if source.kind == "f" else int
    if source.kind == "f" or source.itemsize < 8:
        found = statistics_of(array, per_channel=False)
        if found is not None:
            smallest, largest = found.minimum.item(), found.maximum.item()
            if not finite or (math.isfinite(smallest) and math.isfinite(largest)):
                return as_python(smallest), as_python(largest)
    if finite:
        array = xp.where(xp.isfinite(array), array, xp.zeros_like(array))
    array = comparable(array)
    return as_python(xp.min(array)), as_python(xp.max(array))


def _range_of(dtype: npt.DTypeLike) -> tuple[float, float]:
    if dtype_name(dtype) == "bfloat16":
        return -_LARGEST_BFLOAT16, _LARGEST_BFLOAT16
    known = host_type(dtype)
    if known.kind == "f":
        return float(np.finfo(known).min), float(np.finfo(known).max)
    return int(np.iinfo(known).min), int(np.iinfo(known).max)


def held_value(value: Any, array: Array, name: str) -> float:
    """Return a number as Python's, having made sure that the data type of the array holds it.

    Floating-point types may round it, and hold infinities and NaN; integers have no fractions.

    Raises
    ------
    TypeError
        If it is not a real number.
    hdgpu.errors.OutputTypeError
        If the data type does not hold it.

    Examples
    --------
    >>> held_value(3.0, np.zeros(1, dtype=np.uint8), "constant_value")
    3
    """
    number = value.item() if hasattr(value, "item") else value
    if not isinstance(number, int | float):
        raise TypeError(f"Argument {name!r} must be a number, not {type(value).__name__}.")
    xp, dtype = array_namespace(array), array.dtype
    kind: type[int | float]
    if xp.isdtype(dtype, "real floating"):
        kind, largest = float, float(xp.finfo(dtype).max)
        held, expected = abs(number) <= largest or not -math.inf < number < math.inf, f"at most {largest}"
    elif xp.isdtype(dtype, "integral"):
        kind, low, high = int, int(xp.iinfo(dtype).min), int(xp.iinfo(dtype).max)
        held, expected = low <= number <= high and number == int(number), f"a whole number from {low} to {high}"
    else:
        kind, held, expected = bool, number in (0, 1), "0 or 1"
    if not held:
        raise OutputTypeError(f"{dtype_name(dtype)} cannot hold argument {name!r}", expected=expected, found=value)
    return kind(number)


# --- Clipping ---------------------------------------------------------------------------------------------------------


def clip(array: Array, smallest: float | None, largest: float | None) -> Array:
    """Return the array with values outside the bounds brought to them.

    The data type is NumPy's for the array and the bounds: integers stay what they are with integer bounds, and become
    float64 with floating-point ones.

    Raises
    ------
    TypeError
        If a bound is not a number.
    hdgpu.errors.OutputTypeError
        If values would have to become a bound that their integer type cannot hold.

    Examples
    --------
    >>> clip(np.array([1, 5], dtype=np.uint8), -7, 3)
    array([1, 3], dtype=uint8)
    >>> clip(np.array([1, 5], dtype=np.uint8), 2.5, None)
    array([2.5, 5. ])
    """
    bounds = [bound for bound in (smallest, largest) if bound is not None]
    for bound in bounds:
        if np.ndim(bound) != 0 or not isinstance(bound, int | float | np.number):
            raise TypeError(f"A bound to clip to must be a number or None, not {type(bound).__name__}.")
    if not bounds:
        return copy(array)
    known = host_dtype(array)
    dtype = np.result_type(known, *bounds)
    if dtype != known or dtype_name(array.dtype) != "bfloat16":
        array = array_namespace(array).astype(array, native_dtype(array, dtype), copy=False)
    if dtype.kind == "f":
        return clamp(array, *(None if bound is None else float(bound) for bound in (smallest, largest)))
    return clamp(array, *_integer_bounds(dtype, smallest, largest))


def _integer_bounds(dtype: np.dtype[Any], smallest: float | None, largest: float | None) -> tuple[int, int]:
    """Return the bounds within the range of the type; a bound beyond it changes nothing, or else everything."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    first = low if smallest is None else max(int(smallest), low)
    last = high if largest is None else min(int(largest), high)
    if first > high or last < low:
        raise OutputTypeError(
            f"{dtype.name} cannot hold the bounds to clip to",
            expected=f"between {low} and {high}",
            found=f"{smallest} and {largest}",
        )
    return first, last


# --- Normalising ------------------------------------------------------------------------------------------------------


def normalize_min_max(array: Array, output_min: float, output_max: float, per_channel: bool) -> Array:
    """Return the array scaled linearly so that its values range from `output_min` to `output_max`.

    An array (or channel) of one value becomes `output_min`.

    Raises
    ------
    hdgpu.errors.VolumeError
        If `output_min` is not below `output_max`.

    Examples
    --------
    >>> normalize_min_max(np.array([[[1, 2, 3]]]), -1.0, 1.0, per_channel=False)
    array([[[-1.,  0.,  1.]]])
    """
    if not output_min < output_max:
        raise VolumeError("'output_min' must be below 'output_max'", found=(output_min, output_max))
    found = statistics_of(array, per_channel)
    if found is not None:
        smallest, largest = _working(found.minimum, array), _working(found.maximum, array)
        scale = (output_max - output_min) / _one_where_zero(largest - smallest)
        return normalized(array, smallest, scale, output_min, divide=False)
    xp = array_namespace(array)
    ordered, axis = comparable(array), reduced_axes(array, per_channel)
    smallest = _floating_copy(xp.min(ordered, axis=axis, keepdims=True))
    largest = _floating_copy(xp.max(ordered, axis=axis, keepdims=True))
    values = _floating_copy(array)
    values -= smallest
    values *= (output_max - output_min) / _one_where_zero(largest - smallest)
    values += output_min
    return _as_given(values, array)


def normalize_mean_std(array: Array, output_mean: float, output_std: float, per_channel: bool) -> Array:
    """Return the array scaled linearly so that its values have that mean and (population) standard deviation.

    An array (or channel) of one value becomes `output_mean`.

    Raises
    ------
    hdgpu.errors.VolumeError
        If `output_std` is not positive.

    Examples
    --------
    >>> normalize_mean_std(np.array([[[1, 3, 5, 7]]]), 0.0, 5.0**0.5, per_channel=False)
    array([[[-3., -1.,  1.,  3.]]])
    """
    if not output_std > 0:
        raise VolumeError("'output_std' must be positive", found=output_std)
    found = statistics_of(array, per_channel)
    if found is not None:
        deviation = _one_where_zero(_working(found.deviation, array))
        return normalized(array, _working(found.mean, array), deviation / output_std, output_mean, divide=True)
    xp = array_namespace(array)
    values, axis = _floating_copy(array), reduced_axes(array, per_channel)
    mean = xp.mean(values, axis=axis, keepdims=True)
    deviation = _one_where_zero(xp.std(values, axis=axis, correction=0.0, keepdims=True))
    values -= mean
    values /= deviation / output_std
    values += output_mean
    return _as_given(values, array)


def reduced_axes(array: Array, per_channel: bool) -> tuple[int, ...]:
    """Return the axes over which a statistic of the voxels is taken: with `per_channel` the spatial ones, else all."""
    return (0, 1, 2) if per_channel else tuple(range(array.ndim))


def _floating_copy(array: Array) -> Array:
    """Return a copy of the array in the type to compute in: float32 and float64 as they are, integers as float64."""
    return _working(array, array, copy=True)


def _working(values: Array, array: Array, *, copy: bool = False) -> Array:
    """Return values in the type to compute in for an array."""
    name = dtype_name(array.dtype)
    if name.startswith("complex"):
        raise OutputTypeError("only bool, integer and floating-point arrays can be normalized", found=name)
    # a sum of half precision numbers overflows
    working = "float32" if name in ("float16", "bfloat16", "float32") else "float64"
    return array_namespace(values).astype(values, native_dtype(array, working), copy=copy)


def _as_given(values: Array, array: Array) -> Array:
    """Return the values as half precision if the array was."""
    if dtype_name(array.dtype) in ("float16", "bfloat16"):
        return array_namespace(values).astype(values, array.dtype)
    return values


def _one_where_zero(divisor: Array) -> Array:
    xp = array_namespace(divisor)
    return xp.where(divisor == 0, xp.ones_like(divisor), divisor)
