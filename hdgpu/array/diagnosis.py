"""Whether kernels can be compiled here: for ``hdgpu doctor``, which has to say so and not to fail."""

from __future__ import annotations

from hdgpu.array.device import Device
from hdgpu.array.kernels import compiled, program
from hdgpu.array.streams import runtime_of

__all__ = ["kernel_problem", "nvrtc_problem"]


def nvrtc_problem() -> str:
    """Return why NVRTC, which compiles kernels, cannot be used; an empty string if it can.

    Examples
    --------
    >>> isinstance(nvrtc_problem(), str)
    True
    """
    try:
        from cupy.cuda import nvrtc

        nvrtc.getVersion()
    except Exception as error:  # a library that is not found raises whatever its loader likes
        return _clause(error)
    return ""


def kernel_problem(index: int) -> str:
    """Return why a kernel cannot be compiled for a CUDA device; an empty string if it can."""
    try:
        with runtime_of(Device("cuda", index)).active():
            compiled(program("unpack_bits"), index)
    except Exception as error:  # likewise
        return _clause(error)
    return ""


def _clause(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
