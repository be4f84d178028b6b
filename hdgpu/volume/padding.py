"""Windows: boxes of voxels on the grid of a volume, which may reach beyond it, and what they are filled with there.

A window moves no voxel: those of the volume that it shows stay where they are in space, and the others, on the same
grid, are padding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from hdgpu.array.functions import clamp, comparable, mean, median
from hdgpu.array.namespace import Array, array_namespace, native_device
from hdgpu.enum import PadModes
from hdgpu.errors import VolumeError
from hdgpu.geometry.affine import Float64Array
from hdgpu.volume.intensity import held_value, reduced_axes
from hdgpu.volume.rearrange import SpatialShape, parse_shape

__all__ = ["ConstantLike", "Fill", "PadWidth", "Window", "padded", "padded_to"]

PadWidth: TypeAlias = int | Sequence[int] | Sequence[Sequence[int]]
ConstantLike: TypeAlias = float | Sequence[Any]

_Slices: TypeAlias = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class Fill:
    """Where the values of padding come from.

    Parameters
    ----------
    mode : PadModes or str
        A constant, the nearest voxel, or a statistic of the whole array.
    constant_value : float or sequence
        The constant; with `per_channel` also one for each channel, nested as the channel axes are.
    per_channel : bool
        Whether a statistic is taken of each channel by itself.
    """

    mode: PadModes | str
    constant_value: ConstantLike
    per_channel: bool

    def enumerated_mode(self) -> PadModes:
        """Return the mode as an enumerated value; a name may be in lower case."""
        return PadModes(self.mode.upper() if isinstance(self.mode, str) else self.mode)

    def values(self, array: Array) -> Array:
        """Return what the array is padded with in every mode but EDGE, of its data type and broadcasting to it.

        Means and medians lose their fraction where the data type is an integer; for bool, all but zero is True.

        Raises
        ------
        TypeError
            If the constant is not a number.
        hdgpu.errors.OutputTypeError
            If the data type cannot hold the constant.
        hdgpu.errors.VolumeError
            If there are several constants, but not one for each channel.
        """
        xp, mode = array_namespace(array), self.enumerated_mode()
        if mode is PadModes.CONSTANT:
            return self._constants(array)
        axis = reduced_axes(array, self.per_channel)
        if mode is PadModes.MEAN:
            return _cast(mean(array, axis), array)
        if mode is PadModes.MEDIAN:
            return _cast(median(array, axis), array)
        extreme = xp.min if mode is PadModes.MINIMUM else xp.max
        return xp.astype(extreme(comparable(array), axis=axis, keepdims=True), array.dtype)

    def _constants(self, array: Array) -> Array:
        """Return the constant, or those of the channels, of shape (1, 1, 1, *channels or ones)."""
        given = np.array(self.constant_value, dtype=object)
        channels = tuple(array.shape[3:])
        if given.ndim and not (self.per_channel and given.shape == channels):
            raise VolumeError(
                "a volume is padded with one constant, or with one for each channel if 'per_channel' is set",
                expected=f"{channels} constants" if self.per_channel else "one constant",
                found=f"{given.shape} constants",
            )
        values = [held_value(each, array, "constant_value") for each in given.flat]
        shape = (1, 1, 1, *(given.shape or (1,) * len(channels)))
        xp = array_namespace(array)
        return xp.reshape(xp.asarray(values, dtype=array.dtype, device=native_device(array)), shape)


def _cast(values: Array, array: Array) -> Array:
    """Return floating-point values that lie between those of the array in its data type."""
    xp = array_namespace(array)
    if xp.isdtype(array.dtype, "integral"):
        info = xp.iinfo(array.dtype)
        largest = float(info.max)
        # the largest 64-bit integers round to floating-point numbers that are too large for them
        values = clamp(values, float(info.min), largest if largest <= info.max else math.nextafter(largest, 0.0))
    return xp.astype(values, array.dtype)


@dataclass(frozen=True, slots=True)
class Window:
    """A box of voxels on the grid of a volume.

    Parameters
    ----------
    starts : tuple of 3 ints
        Index in the volume of its first voxel; negative before the volume, and it may lie beyond it.
    spatial_shape : tuple of 3 ints
        Its size in voxels.
    """

    starts: tuple[int, int, int]
    spatial_shape: SpatialShape

    def is_within(self, shape: SpatialShape) -> bool:
        """Return whether a volume of that shape has all its voxels."""
        return all(0 <= start <= there - size for start, size, there in self._along(shape))

    def ranges(self) -> tuple[range, range, range]:
        """Return the indices along each axis."""
        first, second, third = (range(start, start + size) for start, size, _ in self._along(self.spatial_shape))
        return first, second, third

    def of_affine(self, affine: Float64Array) -> Float64Array:
        """Return the affine of the window on the volume of that affine."""
        result = affine.copy()
        result[:3, 3] = (affine @ np.array([*self.starts, 1.0]))[:3]
        return result

    def of_array(self, array: Array, fill: Fill) -> Array:
        """Return a new array, of the same data type, of the voxels in the window, filled up where there are none."""
        edge = fill.enumerated_mode() is PadModes.EDGE
        values = None if edge else fill.values(array)
        shape = tuple(array.shape[:3])
        shown = [_shown(*each) for each in self._along((shape[0], shape[1], shape[2]))]
        source, inside = tuple(each[0] for each in shown), tuple(each[1] for each in shown)
        overlaps = all(start < there and start + size > 0 for start, size, there in self._along(shape))
        result = array_namespace(array).empty(
            (*self.spatial_shape, *array.shape[3:]), dtype=array.dtype, device=native_device(array)
        )
        result[(*inside, ...)] = array[(*source, ...)] if edge or overlaps else values
        for outside, nearest in _around((inside[0], inside[1], inside[2]), self.spatial_shape):
            result[(*outside, ...)] = result[(*nearest, ...)] if edge else values
        return result

    def _along(self, shape: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """Yield start and size of the window and the size of the volume for each axis."""
        return zip(self.starts, self.spatial_shape, shape, strict=True)


def _shown(start: int, size: int, there: int) -> tuple[slice, slice]:
    """Return which voxels of an axis a window shows, and where in it: if none, the nearest one, on its border."""
    first, stop = min(max(start, 0), there - 1), min(max(start + size, 1), there)
    place = min(max(first - start, 0), size - 1)
    return slice(first, stop), slice(place, place + stop - first)


def _around(inside: _Slices, shape: SpatialShape) -> Iterator[tuple[_Slices, _Slices]]:
    """Yield slabs that together are all around the inside, each with the plane next to it, which is filled by then."""
    for axis in (2, 1, 0):
        start, stop = inside[axis].start, inside[axis].stop
        for outside, nearest in (
            (slice(0, start), slice(start, start + 1)),
            (slice(stop, shape[axis]), slice(stop - 1, stop)),
        ):
            if outside.start < outside.stop:
                yield _with(inside, axis, outside), _with(inside, axis, nearest)


def _with(inside: _Slices, axis: int, chosen: slice) -> _Slices:
    """Return the inside along the axes before, what was chosen along the axis, and the whole along those after."""
    slices = [*inside[:axis], chosen, slice(None), slice(None)]
    return slices[0], slices[1], slices[2]


def padded(shape: SpatialShape, pad_width: PadWidth) -> Window:
    """Return the window that adds that many voxels around a volume of that shape.

    Raises
    ------
    TypeError
        If the numbers of voxels are not integers.
    hdgpu.errors.VolumeError
        If they are not arranged as `Volume.pad` says, or negative.
    """
    try:
        given = np.asarray(pad_width)
    except ValueError:  # rows of different lengths
        given = np.empty((3, 0), dtype=np.int64)
    if given.shape not in ((), (2,), (3, 1), (3, 2)):
        raise VolumeError(
            "the arrangement of 'pad_width' is none that is known",
            expected="a number, [before, after], [[both]] * 3 or [[before, after]] * 3",
            found=pad_width,
        )
    if given.dtype.kind not in "iu":
        raise TypeError(f"Argument 'pad_width' must be of integers, not {pad_width!r}.")
    if given.min() < 0:
        raise VolumeError("argument 'pad_width' must not be negative", found=pad_width)
    widths = np.broadcast_to(given, (3, 2)).tolist()
    (first, _), (second, _), (third, _) = widths
    sizes = (before + there + after for (before, after), there in zip(widths, shape, strict=True))
    return Window((-first, -second, -third), (next(sizes), next(sizes), next(sizes)))


def padded_to(shape: SpatialShape, wanted: Sequence[int]) -> Window:
    """Return the window of that size around the centre of a volume, with the odd voxel at the end.

    Raises
    ------
    TypeError
        If the wanted shape is not of integers.
    hdgpu.errors.VolumeError
        If it has not three of them, or one is smaller than the volume.
    """
    sizes = parse_shape(wanted)
    if any(size < there for size, there in zip(sizes, shape, strict=True)):
        raise VolumeError("the volume is larger than the shape to pad to", expected=f"at least {shape}", found=sizes)
    first, second, third = (-((size - there) // 2) for size, there in zip(sizes, shape, strict=True))
    return Window((first, second, third), sizes)
