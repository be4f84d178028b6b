"""Handing arrays to other libraries: NumPy, torch and whatever takes DLPack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import CPU, device_of, native_byte_order, on_device_of
from hdgpu.array.host_copy import contiguous
from hdgpu.array.namespace import Array, is_cupy_array, is_numpy_array, is_torch_array
from hdgpu.errors import ArrayConversionError, MissingDependencyError

if TYPE_CHECKING:
    import torch

_DLPACK_CPU = 1

__all__ = ["dlpack_capsule", "dlpack_device", "host_array", "to_numpy", "to_torch"]


def to_numpy(array: Array) -> npt.NDArray[Any]:
    """Return the array as a NumPy array: without a copy where it lies in host memory.

    A NumPy array is returned as it is; arrays on a GPU are copied to the host, which waits for the GPU; a torch tensor
    is detached from its graph.

    Raises
    ------
    hdgpu.errors.ArrayConversionError
        If NumPy has no such data type (bfloat16; also a TypeError).

    Examples
    --------
    >>> to_numpy(np.arange(3))
    array([0, 1, 2])
    """
    if is_numpy_array(array):
        return array  # type: ignore[no-any-return]
    if is_cupy_array(array):
        import cupy

        return cupy.asnumpy(array)  # type: ignore[no-any-return]
    if is_torch_array(array):
        if str(array.dtype) == "torch.bfloat16":
            raise ArrayConversionError("NumPy has no bfloat16", remedy="Convert it with astype, to float32 for example")
        return array.numpy(force=True)  # type: ignore[no-any-return]
    return np.from_dlpack(array)


def host_array(array: Array) -> npt.NDArray[Any]:
    """Return an array that lies in host memory as a NumPy array, without a copy.

    Raises
    ------
    hdgpu.errors.ArrayConversionError
        If it lies elsewhere, or torch records what becomes of it: to leave that behind has to be said.

    Examples
    --------
    >>> host_array(np.arange(3))
    array([0, 1, 2])
    """
    device = device_of(array)
    if device != CPU:
        problem = "NumPy is given arrays in host memory only"
    elif is_torch_array(array) and array.requires_grad:
        problem = "NumPy is given no tensors that require their gradient"
    else:
        return to_numpy(array)
    raise ArrayConversionError(problem, found=f"an array on {device}", remedy="Use .numpy(), which copies or detaches")


def to_torch(array: Array) -> torch.Tensor:
    """Return the array as a torch tensor on the same device, sharing memory where torch can.

    torch has no negative strides, no foreign byte order and no read-only memory: such NumPy and CuPy arrays are copied.

    Raises
    ------
    hdgpu.errors.MissingDependencyError
        If torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError("torch is not installed", remedy='`pip install "hdgpu[torch]"`') from error
    if is_torch_array(array):
        return array  # type: ignore[no-any-return]
    if is_numpy_array(array):
        array = native_byte_order(array)
        return torch.from_numpy(_forwards(array) if array.flags.writeable else array.copy(order="C"))
    if is_cupy_array(array):
        return torch.utils.dlpack.from_dlpack(_forwards(array))
    if dlpack_device(array)[0] == _DLPACK_CPU:
        return to_torch(to_numpy(array))
    return torch.utils.dlpack.from_dlpack(array)


def dlpack_capsule(array: Array, **options: Any) -> Any:
    """Return the DLPack capsule of the array, with the options of the consumer handed through.

    An array with negative strides (a flipped one) is copied, for torch ends the process when it is given such.

    Raises
    ------
    BufferError
        If the consumer asks for no copy of such an array.
    """
    exported = _forwards(array)
    if exported is not array and options.get("copy") is False:
        raise BufferError("An array with negative strides is exported as a copy only.")
    return exported.__dlpack__(**options)


def _forwards(array: Array) -> Array:
    """Return the NumPy or CuPy array without negative strides: itself where it has none, else a copy."""
    backwards = any(stride < 0 for stride in getattr(array, "strides", ()))
    if not backwards:
        return array
    if is_numpy_array(array):
        return contiguous(array)
    with on_device_of(array):
        return array.copy(order="C")


def dlpack_device(array: Array) -> tuple[int, int]:
    """Return the DLPack type and index of the array's device."""
    kind, index = array.__dlpack_device__()
    return int(kind), int(index)
