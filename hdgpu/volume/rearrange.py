"""Rearrangements: which voxels of an array are kept, and in what order.

Flips, crops, strides and permutations of the axes are all of one kind: a range of indices along each axis, and an order
of the axes.  It moves the affine and the array alike, so that each voxel that is kept stays where it is in space.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from hdgpu.array.functions import select_ranges
from hdgpu.array.namespace import Array, array_namespace
from hdgpu.errors import VolumeError, VolumeIndexError
from hdgpu.geometry.affine import Float64Array

__all__ = [
    "Rearrangement",
    "SpatialIndex",
    "SpatialShape",
    "crop",
    "crop_at",
    "crop_room",
    "flip",
    "index",
    "parse_shape",
    "permute",
]

SpatialShape: TypeAlias = tuple[int, int, int]
SpatialIndex: TypeAlias = int | slice | tuple[int | slice, ...]


@dataclass(frozen=True, slots=True)
class Rearrangement:
    """A selection of voxels and an order of the axes.

    Parameters
    ----------
    ranges : tuple of 3 ranges
        Indices kept along each axis of the array as it is, in their new order.
    axes : tuple of 3 ints
        For each new axis, the axis of the array that it is.
    """

    ranges: tuple[range, range, range]
    axes: tuple[int, int, int] = (0, 1, 2)

    @property
    def spatial_shape(self) -> SpatialShape:
        """Shape of the result."""
        first, second, third = (len(self.ranges[axis]) for axis in self.axes)
        return first, second, third

    def of_affine(self, affine: Float64Array) -> Float64Array:
        """Return the affine of the result."""
        first_voxel = np.array([*(each.start for each in self.ranges), 1.0])
        steps = np.array([each.step for each in self.ranges], dtype=np.float64)
        result = affine.copy()
        result[:3, :3] = (affine[:3, :3] * steps)[:, self.axes]
        result[:3, 3] = (affine @ first_voxel)[:3]
        return result

    def of_array(self, array: Array) -> Array:
        """Return the array of the result, a view where its library can; channel axes stay."""
        selected = select_ranges(array, self.ranges)
        if self.axes == (0, 1, 2):
            return selected
        return array_namespace(array).permute_dims(selected, (*self.axes, *range(3, array.ndim)))


def _whole(shape: SpatialShape) -> list[range]:
    return [range(size) for size in shape]


def _of(ranges: list[range]) -> Rearrangement:
    first, second, third = ranges
    return Rearrangement((first, second, third))


def flip(shape: SpatialShape, axes: int | Iterable[int]) -> Rearrangement:
    """Return the rearrangement that reverses these axes.

    Raises
    ------
    TypeError
        If the axes are not integers.
    hdgpu.errors.VolumeError
        If one is not 0, 1 or 2.
    """
    flipped = [operator.index(axis) for axis in ([axes] if not isinstance(axes, Iterable) else axes)]
    if not set(flipped) <= {0, 1, 2}:
        raise VolumeError("only the spatial axes 0, 1 and 2 can be flipped", found=flipped)
    return _of([each[::-1] if axis in flipped else each for axis, each in enumerate(_whole(shape))])


def permute(shape: SpatialShape, axes: Sequence[int]) -> Rearrangement:
    """Return the rearrangement that puts the axes in this order.

    Raises
    ------
    TypeError
        If the axes are not integers.
    hdgpu.errors.VolumeError
        If they are not 0, 1 and 2 in some order.
    """
    order = tuple(operator.index(axis) for axis in axes)
    if sorted(order) != [0, 1, 2]:
        raise VolumeError("a permutation of the spatial axes is 0, 1 and 2 in some order", found=order)
    return Rearrangement(_of(_whole(shape)).ranges, (order[0], order[1], order[2]))


def crop(shape: SpatialShape, wanted: Sequence[int]) -> Rearrangement:
    """Return the rearrangement that keeps the centre, the earlier half where it cannot be halved.

    Raises
    ------
    TypeError
        If the wanted shape is not of integers.
    hdgpu.errors.VolumeError
        If it has not three of them, or one is larger than the volume or less than 1.
    """
    room = crop_room(shape, wanted)
    return crop_at([each // 2 for each in room], wanted)


def crop_room(shape: SpatialShape, wanted: Sequence[int]) -> SpatialShape:
    """Return how many voxels a crop to the wanted shape leaves away along each axis.

    Raises
    ------
    TypeError
        If the wanted shape is not of integers.
    hdgpu.errors.VolumeError
        If it has not three of them, or one is larger than the volume or less than 1.
    """
    sizes = parse_shape(wanted)
    if any(size > there for size, there in zip(sizes, shape, strict=True)):
        raise VolumeError(
            "the volume is smaller than the shape to crop to",
            expected=f"at most {shape}",
            found=sizes,
            remedy="Use pad_or_crop_to_spatial_shape, or pad first",
        )
    if min(sizes) < 1:
        raise VolumeIndexError("a volume cannot be cropped to nothing", found=sizes)
    first, second, third = (there - size for size, there in zip(sizes, shape, strict=True))
    return first, second, third


def crop_at(starts: Sequence[int], wanted: Sequence[int]) -> Rearrangement:
    """Return the rearrangement that keeps a box of the wanted shape, from those indices on."""
    return _of([range(start, start + size) for start, size in zip(starts, parse_shape(wanted), strict=True)])


def parse_shape(wanted: Sequence[int]) -> SpatialShape:
    """Return a spatial shape as integers.

    Raises
    ------
    TypeError
        If it is no sequence of integers.
    hdgpu.errors.VolumeError
        If it has not three of them.
    """
    if not isinstance(wanted, Iterable):
        raise TypeError(f"Argument 'spatial_shape' must be three sizes, as {(wanted,) * 3}, not {wanted!r}.")
    sizes = tuple(operator.index(size) for size in wanted)
    if len(sizes) != 3:
        raise VolumeError("a spatial shape has three sizes", found=sizes)
    return sizes


def index(shape: SpatialShape, key: Any) -> Rearrangement:
    """Return the rearrangement of ``volume[key]``: an integer keeps its axis, with one voxel.

    Raises
    ------
    TypeError
        If the key is not an integer, a slice or a tuple of these.
    hdgpu.errors.VolumeIndexError
        If it lies outside the volume (slices are not clipped, unlike NumPy's), or selects nothing.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if len(keys) > 3:
        raise VolumeIndexError("a volume is indexed along its three spatial axes only", found=f"{len(keys)} indices")
    ranges = _whole(shape)
    for axis, (each, size) in enumerate(zip(keys, shape, strict=False)):
        ranges[axis] = _sliced(each, axis, size) if isinstance(each, slice) else _single(each, axis, size)
    return _of(ranges)


def _single(key: Any, axis: int, size: int) -> range:
    if isinstance(key, bool) or not hasattr(key, "__index__") or getattr(key, "shape", None):
        raise TypeError(f"A volume is indexed by an int, a slice or a tuple of these, not by {type(key).__name__}.")
    number = operator.index(key)
    if not -size <= number < size:
        raise VolumeIndexError(f"index {number} is out of bounds for axis {axis} with size {size}")
    start = number % size
    return range(start, start + 1)


def _sliced(key: slice, axis: int, size: int) -> range:
    # Within the axis: a stop may also lie just beyond either of its ends.
    for bound, low, high in ((key.start, -size, size - 1), (key.stop, -size - 1, size)):
        if bound is not None and not low <= operator.index(bound) <= high:
            raise VolumeIndexError(f"slice bound {bound} is out of bounds for axis {axis} with size {size}")
    selected = range(*key.indices(size))
    if not selected:
        raise VolumeIndexError(f"the slice selects nothing of axis {axis} with size {size}", found=key)
    return selected
