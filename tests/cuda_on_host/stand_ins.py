"""Replace what is machine code of a device: sorting by thrust, and nvImageCodec's decoders, by theirs for the host."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["host_view", "replace_what_needs_a_device"]


def replace_what_needs_a_device() -> None:
    """Replace functions for the rest of the process."""
    _sort_with_numpy()
    _decode_on_the_host()
    _encode_on_the_host()


def host_view(array: Any, *, wait: bool = True) -> npt.NDArray[Any]:
    """Return the memory of a device's array as one of NumPy, after all work of its current stream or not."""
    import cupy

    if wait:
        cupy.cuda.get_current_stream().synchronize()
    reach = sum((size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True))
    memory = (ctypes.c_ubyte * (reach + array.itemsize)).from_address(array.data.ptr)
    return np.ndarray(array.shape, array.dtype, memory, strides=array.strides)


def _sort_with_numpy() -> None:
    from cupy.cuda import runtime, thrust

    def at(address: int, shape: Sequence[int], dtype: Any) -> npt.NDArray[Any]:
        runtime.deviceSynchronize()
        memory = (ctypes.c_ubyte * (int(np.prod(shape)) * np.dtype(dtype).itemsize)).from_address(address)
        return np.ndarray(tuple(shape), dtype, memory)

    def sort(dtype: Any, data: int, keys: int, shape: Sequence[int]) -> None:
        at(data, shape, dtype).sort(axis=-1)

    def argsort(dtype: Any, order: int, data: int, keys: int, shape: Sequence[int]) -> None:
        at(order, shape, np.intp)[...] = np.argsort(at(data, shape, dtype), axis=-1, kind="stable")

    thrust.sort, thrust.argsort = sort, argsort


def _decode_on_the_host() -> None:
    from hdgpu.codecs.device import nvimgcodec

    opened, decode = nvimgcodec.library_on, nvimgcodec.BatchDecoder.decode

    def on_host(device: int | None, *backends: str) -> Any:
        return opened(None, *backends)

    def into_device(self: Any, streams: Sequence[Any], slots: Sequence[Any], *, stream: int = 0) -> list[bool]:
        import cupy

        if not slots or isinstance(slots[0], np.ndarray):
            return decode(self, streams, slots, stream=stream)
        assert cupy.cuda.get_current_stream().ptr == stream, "the slots' other work runs on another stream"
        # A GPU's JPEG engine writes when it is called, whatever is on the stream before.
        on_engine = streams[0].data.startswith(b"\xff\xd8") and slots[0].dtype == np.uint8
        return decode(self, streams, [host_view(slot, wait=not on_engine) for slot in slots])

    nvimgcodec.library_on = on_host
    nvimgcodec.BatchDecoder.decode = into_device  # type: ignore[method-assign]


def _encode_on_the_host() -> None:
    from hdgpu.codecs.device import nvimgcodec
    from hdgpu.codecs.encode import nvimgcodec as nvimgcodec_encode

    encode = nvimgcodec_encode.BatchEncoder.encode

    def from_device(self: Any, frames: Sequence[Any], *settings: Any) -> list[bytes | None]:
        return encode(self, [each if isinstance(each, np.ndarray) else host_view(each) for each in frames], *settings)

    nvimgcodec_encode.library_on = nvimgcodec.library_on
    nvimgcodec_encode.BatchEncoder.encode = from_device  # type: ignore[method-assign]
