"""What decoding on a GPU needs, piece by piece: what is there, what is missing and the command that installs it."""

from __future__ import annotations

import ctypes.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["GPU_LIBRARIES", "gpu_decoding", "quiet_native_stderr", "streams_of"]

# Without the last two of a tuple nvImageCodec imports, but then decodes next to nothing on the GPU.
_DECODERS = {
    "cuda12": ("nvidia-nvimgcodec-cu12", "nvidia-nvjpeg-cu12", "nvidia-nvjpeg2k-cu12"),
    "cuda13": ("nvidia-nvimgcodec-cu13", "nvidia-nvjpeg", "nvidia-nvjpeg2k-cu13"),
}
_NVRTC = {"cuda12": "nvidia-cuda-nvrtc-cu12", "cuda13": "nvidia-cuda-nvrtc"}
# Names of the shared libraries, which may come from elsewhere than from the distribution.
_SHARED = (None, "nvjpeg", "nvjpeg2k")
_NAMES = ("nvImageCodec", "nvJPEG", "nvJPEG2000")

GPU_LIBRARIES = tuple(name for names in _DECODERS.values() for name in names)
"""Distributions whose versions are of interest."""


def gpu_decoding(found: dict[str, Any]) -> dict[str, Any]:
    """Return what there is of a GPU and of what decoding on it needs, as what JSON can hold; never raises.

    Parameters
    ----------
    found : dict
        With ``cuda`` and ``libraries``, as :func:`hdgpu.cli.environment.environment` returns them.

    Returns
    -------
    dict
        ``state``: where frames are decoded.  ``pieces``: of each its ``name``, what was ``found``, the ``problem``
        (empty if there is none) and the command that helps (``install``).  ``devices``: of each its ``name``, why
        kernels do not compile (``kernels``, empty if they do), why nvImageCodec does not open (``decoder``, empty if
        it does), and which kinds of streams come out right (``streams``) and which do not (``host``).
    """
    cuda = found["cuda"]
    devices = [_device(index) for index in range(len(cuda["device_names"]))] if cuda["available"] else []
    if not cuda["available"]:
        state = "no GPU: frames are decoded on the host"
    elif any(one["streams"] for one in devices):
        state = "frames are decoded on the GPU, those that it does not decode on the host"
    else:
        state = "native and RLE frames are decoded on the GPU, all others on the host"
    if devices and all(one["kernels"] for one in devices):
        state = "there is a GPU, but kernels do not compile: pass device='cpu'"
    return {"state": state, "pieces": _pieces(found), "devices": devices}


def _pieces(found: dict[str, Any]) -> list[dict[str, str]]:
    cuda, libraries = found["cuda"], found["libraries"]
    # CuPy goes by the CUDA that it was built for, or what is installed by the one that the driver knows.
    extra = "cuda12" if 0 < (cuda["runtime_version"] or cuda["driver_version"] or 0) < 13000 else "cuda13"
    install = f'pip install "hdgpu[{extra}]"'
    pieces = [_driver(cuda), _cupy(cuda, install)]
    if cuda["cupy_version"]:
        problem = nvrtc_problem()
        what = f"kernels cannot be compiled: {problem}" if problem else ""
        pieces.append(_piece("NVRTC", "there", what, f"pip install {_NVRTC[extra]}"))
    for name, distribution, shared in zip(_NAMES, _DECODERS[extra], _SHARED, strict=True):
        version = libraries.get(distribution) or (shared and ctypes.util.find_library(shared))
        pieces.append(_piece(name, version or "", "" if version else "not installed", install))
        if name == "nvJPEG" and version and extra == "cuda12":
            pieces[-1]["problem"] = "CUDA 12's is wrong in lossless JPEG of 9 to 15 bits: the host decodes such frames"
            pieces[-1]["install"] = 'pip install "hdgpu[cuda13]"'
    return pieces


def _driver(cuda: dict[str, Any]) -> dict[str, str]:
    driver, runtime = cuda["driver_version"], cuda["runtime_version"] or 0
    install = "the driver of NVIDIA for this GPU, as the system's packages have it"
    if not (driver or (driver is None and ctypes.util.find_library("cuda"))):
        return _piece("driver", "", "no driver", install)
    if driver and driver // 1000 < runtime // 1000:
        older = f"older than CUDA {_version(runtime)}, which CuPy is built for"
        return _piece("driver", f"CUDA {_version(driver)}", older, 'pip install "hdgpu[cuda12]", or a newer driver')
    return _piece("driver", f"CUDA {_version(driver)}" if driver else "there", "", install)


def _cupy(cuda: dict[str, Any], install: str) -> dict[str, str]:
    if cuda["cupy_version"]:
        return _piece("CuPy", f"{cuda['cupy_version']} for CUDA {_version(cuda['runtime_version'] or 0)}", "", install)
    return _piece("CuPy", "", cuda["problem"].removeprefix("CuPy is ") or "not installed", install)


def _version(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _piece(name: str, found: str, problem: str, install: str) -> dict[str, str]:
    return {"name": name, "found": found, "problem": problem, "install": install if problem else ""}


def _device(index: int) -> dict[str, Any]:
    from hdgpu.codecs.device.nvimgcodec import KINDS

    can = streams_of(index)
    return {
        "name": f"cuda:{index}",
        "kernels": kernel_problem(index),
        "decoder": decoder_problem(index),
        "streams": [kind for kind in KINDS if kind in can],
        "host": [kind for kind in KINDS if kind not in can],
    }


def kernel_problem(index: int) -> str:
    """Return why kernels cannot be compiled for a device; an empty string if they can."""
    from hdgpu.array import diagnosis

    with quiet_native_stderr():
        return diagnosis.kernel_problem(index)


def nvrtc_problem() -> str:
    """Return why NVRTC cannot be used; an empty string if it can."""
    from hdgpu.array import diagnosis

    return diagnosis.nvrtc_problem()


def decoder_problem(index: int) -> str:
    """Return why nvImageCodec cannot be opened on a device; an empty string if it can."""
    from hdgpu.codecs.device.nvimgcodec import opening_problem

    with quiet_native_stderr():
        return opening_problem(index)


def streams_of(index: int) -> frozenset[str]:
    """Return which kinds of streams come out right of nvImageCodec on a device; none if it fails."""
    from hdgpu.array.device import Device
    from hdgpu.array.streams import runtime_of
    from hdgpu.codecs.device.nvimgcodec import decodable

    try:
        runtime = runtime_of(Device("cuda", index))
        with quiet_native_stderr(), runtime.active():
            return decodable(index, runtime.xp)
    except Exception:  # a finding like the others: this asks whether it works
        return frozenset()


@contextmanager
def quiet_native_stderr() -> Iterator[None]:
    """Send what libraries write to the process's standard error nowhere: they miss what is reported here anyway."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
