"""Build the CUDA of the host and lead CuPy to it: to driver and NVRTC by their names, to the runtime by address."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.cuda_on_host.compiler import cached, cuda_headers, for_nvrtc, run_compiler

__all__ = ["put_below_cupy"]

HERE = Path(__file__).parent
SOURCES = {"libcuda.so.1": ("runtime.cpp", "driver.cpp", "jump.cpp"), "libnvrtc.so.13": ("nvrtc.cpp",)}
RUNTIME = "cupy_backends.cuda.api.runtime"

# What must live as long as the process.
_kept: list[Any] = []


def put_below_cupy() -> None:
    """Load the libraries under the names that CuPy asks for, and have its calls of the runtime jump to ours."""
    os.environ["CUPY_CACHE_IN_MEMORY"] = "1"  # what a device would find on disk is not for it
    driver, nvrtc = (_library(name) for name in SOURCES)
    nvrtc.cuda_on_host_compile_with(for_nvrtc)
    _kept.extend((driver, nvrtc, for_nvrtc))
    _lead_runtime_to(driver)
    import cupy

    cupy._core.set_reduction_accelerators([])  # CUB's kernels are machine code of a device
    cupy._core.set_routine_accelerators([])
    assert cupy.cuda.is_available(), "CuPy had looked for CUDA before"


def _library(name: str) -> ctypes.CDLL:
    sources = [HERE / source for source in SOURCES[name]]
    text = "".join(path.read_text() for path in (*sources, HERE / "device.hpp"))

    def build(target: Path) -> None:
        run_compiler(*map(str, sources), f"-I{cuda_headers()}", f"-Wl,-soname,{name}", "-o", str(target))

    # by its soname the dynamic loader takes it for the library that CuPy asks for afterwards
    return ctypes.CDLL(str(cached(name, text, build)), mode=ctypes.RTLD_GLOBAL)


def _lead_runtime_to(library: ctypes.CDLL) -> None:
    """Write jumps over the entries of the CUDA runtime that is linked into CuPy, before any of them is called."""
    spec = importlib.util.find_spec(RUNTIME)
    assert spec is not None, "this needs CuPy"
    assert spec.origin is not None
    importlib.import_module(RUNTIME)
    maps = Path("/proc/self/maps").read_text()
    base = int(next(line for line in maps.splitlines() if line.endswith(spec.origin)).split("-")[0], 16)
    symbols = subprocess.run(["nm", spec.origin], capture_output=True, text=True, check=True).stdout
    entries = re.findall(r"^([0-9a-f]+) t (cuda[A-Z]\w*)$", symbols, re.MULTILINE)
    assert entries, "CuPy has no symbols of the runtime"
    for place, name in entries:
        if not name.endswith(("_ptsz", "_ptds")):
            target = getattr(library, name, library.cuda_on_host_unsupported)
            led = library.cuda_on_host_lead(ctypes.c_void_p(base + int(place, 16)), target)
            assert led == 0, f"no jump can be written over {name}"
