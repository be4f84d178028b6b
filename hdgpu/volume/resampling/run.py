"""Resample an array: what is asked for, checked, and handed to the way that is fastest for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array import host_copy, host_memory
from hdgpu.array.device import CPU, device_of
from hdgpu.array.functions import dtype_name, host_dtype, host_type, native_dtype, select_ranges
from hdgpu.array.interop import to_numpy, to_torch
from hdgpu.array.namespace import Array, array_namespace, is_torch_array, native_device
from hdgpu.enum import InterpolationMethods
from hdgpu.errors import OutOfMemoryError, OutputTypeError, VolumeError
from hdgpu.volume import intensity
from hdgpu.volume.rearrange import SpatialShape
from hdgpu.volume.resampling import device, host, reference
from hdgpu.volume.resampling.grid import IndexMap
from hdgpu.volume.resampling.tables import axis_table

__all__ = ["resampled", "working_type"]

_ORDERS = {"nearest": 0, "linear": 1, "cubic": 3}


def resampled(
    array: Array,
    index_map: IndexMap,
    shape: SpatialShape,
    *,
    interpolation: InterpolationMethods | str,
    fill_value: float,
    dtype: npt.DTypeLike | None,
) -> Array:
    """Return the values of an array on another grid; see `Volume.resample`.

    Parameters
    ----------
    array : array
        Three spatial axes, then any channels.
    index_map : IndexMap
        From the target's indices to the array's.
    shape : tuple of 3 ints
        Of the target.
    interpolation, fill_value, dtype
        As for `Volume.resample`.

    Returns
    -------
    array
        A new one of the same library on the same device.
    """
    order = _order(interpolation)
    target = array.dtype if dtype is None else intensity.held_type(array, dtype)
    array = _prepared(array, order, dtype)
    twin = _numpy_twin(array, target, order)
    if twin is not None:
        given: dict[str, Any] = {"interpolation": interpolation, "fill_value": fill_value, "dtype": host_type(target)}
        return to_torch(resampled(twin, index_map, shape, **given)).to(target)
    xp = array_namespace(array)
    fill = intensity.held_value(fill_value, xp.empty(0, dtype=target, device=native_device(array)), "fill_value")
    channels = tuple(array.shape[3:])
    source = xp.reshape(array, (*array.shape[:3], math.prod(channels)))
    kernels = device.suitable(source, target, order)
    compiled = None if kernels else host.suitable(source, target, order)
    work = _Work(source, working_type(source, target), order, compiled, kernels)
    out = work.allocated(shape, fill, target)
    with np.errstate(invalid="ignore", over="ignore"):  # voxels that are not finite are nobody's mistake
        if index_map.axes is None:
            work.across(index_map, out, fill)
        else:
            work.along(index_map, index_map.axes, out, fill)
    return xp.reshape(out, (*shape, *channels))


def _order(interpolation: InterpolationMethods | str) -> int:
    name = interpolation.value if isinstance(interpolation, InterpolationMethods) else interpolation
    if not isinstance(name, str):
        raise TypeError(f"Argument 'interpolation' must be a name, not {type(interpolation).__name__}.")
    order = _ORDERS.get(name.lower())
    if order is None:
        raise VolumeError(
            "there is no such interpolation", expected="'nearest', 'linear' or 'cubic'", found=repr(interpolation)
        )
    return order


def _prepared(array: Array, order: int, dtype: npt.DTypeLike | None) -> Array:
    """Return the array to resample, having made sure that the data type of the target can hold its values."""
    source = host_dtype(array)
    wanted = array.dtype if dtype is None else dtype
    target, same = host_type(wanted), dtype_name(wanted) == dtype_name(array.dtype)
    if target.kind not in "biuf":
        raise OutputTypeError("only bool, integer and floating-point volumes can be made", found=target.name)
    if order == 0:
        return array if same else intensity.cast(array, wanted)
    for each in (source, target):
        if each.kind == "b":
            raise OutputTypeError(
                "masks cannot be interpolated: there is nothing between False and True",
                remedy="Pass interpolation='nearest', or convert the volume with astype",
            )
    if not same:
        intensity.require_range(array, wanted)
    return array


def _numpy_twin(array: Array, target: Any, order: int) -> npt.NDArray[Any] | None:
    """Return a tensor in host memory as an array of NumPy's that the compiled extension takes; None if there is none.

    It shares the tensor's memory, but for bfloat16, which becomes float32.  A tensor that requires its gradient has
    none: the steps to the result are torch's then, which records them.
    """
    if not is_torch_array(array) or device_of(array) != CPU or array.requires_grad:
        return None
    twin = to_numpy(array.to(native_dtype(array, host_dtype(array))))
    return twin if host.suitable(twin, host_type(target), order) else None


def working_type(array: Array, target: Any) -> str:
    """Return the data type to compute in."""
    types = (host_dtype(array), host_type(target))
    wide = any(each.itemsize == 8 or (each.kind in "iu" and each.itemsize == 4) for each in types)
    return "float64" if wide else "float32"


@dataclass(frozen=True, slots=True)
class _Work:
    """How an array of shape (n0, n1, n2, channels) is resampled.

    Parameters
    ----------
    source : array
    working : str
        Data type to compute in.
    order : int
        0 for nearest, 1 for linear and 3 for cubic interpolation.
    compiled : module or None
        The compiled extension if it takes the array.
    kernels : bool
        Whether the CUDA kernels take it.
    """

    source: Array
    working: str
    order: int
    compiled: ModuleType | None
    kernels: bool

    def allocated(self, shape: SpatialShape, fill: float, target: Any) -> Array:
        """Return memory for the result: before anything else, for that is what may not fit."""
        whole = (*shape, self.source.shape[3])
        if math.prod(whole) * host_type(target).itemsize >= 2**63:
            raise OutOfMemoryError("the volume fits into no memory", found=f"{' x '.join(map(str, shape))} voxels")
        if self.compiled is not None:
            return host_memory.empty(whole, target)
        xp, place = array_namespace(self.source), native_device(self.source)
        if self.kernels:
            return xp.empty(whole, dtype=target, device=place)
        return xp.full(whole, fill, dtype=target, device=place)

    def across(self, index_map: IndexMap, out: Array, fill: float) -> None:
        """Write all of the result, on a rotated grid."""
        if self.kernels:
            device.resample_across(self.source, out, index_map, self.order, self.working, fill)
        elif self.compiled is not None:
            host.resample_across(self.compiled, self.source, out, index_map, self.order, self.working, fill)
        else:
            reference.resample_across(self.source, out, index_map, self.order, self.working)

    def along(self, index_map: IndexMap, axes: tuple[int, int, int], out: Array, fill: float) -> None:
        """Write all of the result, each axis of which follows one of the source."""
        source = self.source
        if axes != (0, 1, 2):
            source = array_namespace(source).permute_dims(source, (*axes, 3))
        tables = [
            axis_table(index_map.along(axis, place, out.shape[place]), source.shape[place], self.order, self.working)
            for place, axis in enumerate(axes)
        ]
        overlap = all(table.count for table in tables)
        if self.kernels:
            if overlap:
                device.resample_along(source, out, tables, self.working, fill)
            else:
                out[...] = fill
            return
        ranges = [table.as_range() for table in tables if overlap]
        moved = [each for each in ranges if each is not None]
        if len(moved) == 3 or not overlap:
            whole = all(table.count == size for table, size in zip(tables, out.shape, strict=False))
            if self.compiled is not None and not whole:
                out[...] = fill
            if overlap:
                inside = tuple(table.inside for table in tables)
                self._moved(select_ranges(source, moved), out[(*inside, ...)])
            return
        parts, tables = zip(*(table.cropped() for table in tables), strict=True)
        source = source[(*parts, ...)]
        if self.compiled is not None:
            host.resample_along(self.compiled, source, out, tables, self.working, fill)
        else:
            reference.resample_along(source, out, tables, self.working)

    def _moved(self, voxels: Array, out: Array) -> None:
        """Write voxels as they are."""
        if self.compiled is not None and voxels.dtype == out.dtype:
            host_copy.copy_to(out, voxels)
        else:
            out[...] = reference.converted(voxels, out.dtype)
