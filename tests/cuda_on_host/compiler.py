"""Compile kernels for the host in NVRTC's stead: each becomes a shared library, kept for the next run of the tests."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["cached", "cuda_headers", "folder", "for_nvrtc", "run_compiler"]

SHIMS = [Path(__file__).with_name(name) for name in ("kernel.hpp", "cupy_kernel.hpp")]
FLAGS = (
    "-std=c++17", "-O1", "-g0", "-shared", "-fPIC", "-ffp-contract=off", "-fno-strict-aliasing", "-w", "-fpermissive",
)  # fmt: skip
# Headers of CuPy's kernels, compiled once.
CUPY = ("complex.cuh", "carray.cuh", "float16.cuh", "atomics.cuh", "math_constants.h")

_ENTRY = re.compile(r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\s*\(')
_LAUNCHES = """
extern "C" void* captured_{name}(void** arguments) {{ return on_host::captured({name}, arguments); }}
extern "C" void run_{name}(void* held, const unsigned* grid) {{
    static bool reverse = false;  // one launch from the first thread on, the next one from the last
    on_host::run({name}, held, grid, {waits}, reverse);
    reverse = !reverse;
}}
"""


@functools.cache
def folder() -> Path:
    """Return where libraries are kept, those of another user or other shims elsewhere."""
    shims = "".join(shim.read_text() for shim in SHIMS) + repr(FLAGS)
    made = Path(tempfile.gettempdir()) / f"hdgpu-cuda-on-host-{os.getuid()}-{_digest(shims)}"
    made.mkdir(exist_ok=True, mode=0o700)
    assert made.stat().st_uid == os.getuid(), f"{made} is somebody else's"
    return made


@functools.cache
def cuda_headers() -> str:
    """Return the folder of CUDA's headers, as CuPy finds it."""
    from cuda.pathfinder import find_nvidia_header_directory

    found = find_nvidia_header_directory("cudart")
    assert found, "the CUDA of the host needs the headers of CUDA: pip install nvidia-cuda-runtime"
    return str(found)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def run_compiler(*arguments: str) -> None:
    """Run g++ with the flags of all kernels.

    Raises
    ------
    subprocess.CalledProcessError
        With what the compiler said.
    """
    compiler = shutil.which("g++")
    assert compiler, "the CUDA of the host needs g++"
    subprocess.run([compiler, *FLAGS, *arguments], capture_output=True, text=True, check=True)


def cached(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return a file that is built once for a key; processes may ask for it at the same time."""
    path = folder() / f"{_digest(key)}_{name}"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=folder()) as scratch:
            build(Path(scratch) / name)
            (Path(scratch) / name).rename(path)
    return path


@functools.cache
def precompiled(text: str, options: tuple[str, ...]) -> Path:
    """Return a header, compiled once."""

    def build(target: Path) -> None:
        source = target.with_name("source.hpp")
        source.write_text(text)
        run_compiler(*options, "-x", "c++-header", str(source), "-o", str(target))

    compiled = cached("header.gch", text + repr(options), build)
    header = compiled.with_suffix("")
    if not header.exists():
        header.write_text(f'#error "{compiled.name} is not used"\n')
    return header


def compiled(source: str, options: tuple[str, ...]) -> Path:
    """Return a library with the kernels of a source.

    Raises
    ------
    subprocess.CalledProcessError
        If it cannot be compiled.
    """
    names = sorted(set(_ENTRY.findall(source)))
    waits = str("__syncthreads" in source).lower()
    launches = "".join(_LAUNCHES.format(name=name, waits=waits) for name in names)

    def build(target: Path) -> None:
        includes = tuple(option for option in options if option.startswith("-I"))
        headers = "".join(f"#include <cupy/{name}>\n" for name in CUPY) if "<cupy/carray.cuh>" in source else ""
        shim = f'#pragma once\n#include "{SHIMS[-1]}"\n{headers}'
        header = precompiled(shim, includes)
        text = target.with_suffix(".cpp")
        text.write_text(source + launches)
        run_compiler(*options, "-include", str(header), str(text), "-o", str(target))

    return cached("kernels.so", source + repr(options), build)


@ctypes.CFUNCTYPE(
    ctypes.c_bool, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_void_p, ctypes.c_int
)
def for_nvrtc(source: bytes, count: int, options: list[bytes], answer: int, size: int) -> bool:
    """Compile a source with those options of NVRTC that g++ knows; answer with a path, or with what g++ said."""
    known = tuple(option for option in (options[i].decode() for i in range(count)) if option.startswith(("-D", "-I")))
    try:
        said, holds = str(compiled(source.decode(), known)), True
    except subprocess.CalledProcessError as error:
        said, holds = error.stderr, False
    except Exception as error:  # which must not pass through C
        said, holds = repr(error), False
    data = said.encode()[: size - 1]
    ctypes.memmove(answer, data, len(data))
    return holds
