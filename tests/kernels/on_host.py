"""Compile kernels for the host with g++, through a small shim of CUDA, and launch them on NumPy arrays."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hdgpu.array.kernels import Grid, Program, as_argument

SHIM = Path(__file__).parents[1] / "cuda_on_host" / "kernel.hpp"
SANITIZE = os.environ.get("HDGPU_TEST_SANITIZE", "")
FLAGS = ("-std=c++17", "-O1", "-g0", "-shared", "-fPIC", "-ffp-contract=off", "-fno-strict-aliasing", "-w")
# A word that is not aligned is an error on a device; here it would do.
ALIGNMENT_FLAGS = ("-fsanitize=alignment", "-fsanitize-undefined-trap-on-error")
SANITIZER_FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-sanitize=vptr", "-g")

# The entry that every compiled kernel has: its arguments, its grid, and the blocks of it that are run.
ENTRY = """
extern "C" void on_host_launch(void** arguments, const unsigned* grid, const unsigned* first, const unsigned* blocks,
                               int waits, int reverse) {{
    on_host::launch({name}, on_host::taken({name}, arguments), grid, first, blocks, waits, reverse);
}}
"""

# What the compiler said to kernels that it refused.
did_not_compile: list[str] = []


@functools.cache
def folder_with_shim() -> Path:
    """Return where the compiled kernels of this process lie, with the shim, compiled once for all of them."""
    folder = Path(tempfile.mkdtemp(prefix="hdgpu-kernels-"))
    shutil.copy(SHIM, folder)
    run_compiler("-x", "c++-header", str(folder / SHIM.name), "-o", str(folder / f"{SHIM.name}.gch"))
    return folder


def run_compiler(*arguments: str) -> None:
    """Run g++ with the flags of all kernels."""
    compiler = shutil.which("g++")
    assert compiler, "the tests of the kernels need g++"
    flags = (*FLAGS, *(SANITIZER_FLAGS if SANITIZE else ALIGNMENT_FLAGS))
    done = subprocess.run([compiler, *flags, *arguments], capture_output=True, text=True)
    if done.returncode:
        did_not_compile.append(done.stderr)
    assert done.returncode == 0, done.stderr


@functools.cache
def compiled(kernel: Program) -> Callable[..., None]:
    """Return the kernel as a function of the host."""
    text = f'#include "{SHIM.name}"\n{kernel.source}\n{ENTRY.format(name=kernel.name)}'
    name = hashlib.sha256(repr((text, kernel.macros)).encode()).hexdigest()[:20]
    folder = folder_with_shim()
    source, library = folder / f"{kernel.name}_{name}.cpp", folder / f"{kernel.name}_{name}.so"
    source.write_text(text)
    run_compiler(*kernel.definitions, str(source), "-o", str(library))
    return ctypes.CDLL(str(library)).on_host_launch


@dataclass
class HostLauncher:
    """Launches kernels on the host, in one order of the threads and then, at the next launch, in the other.

    Parameters
    ----------
    reverse : bool
        Whether the first launch begins with the last thread.
    blocks : callable, optional
        Given the grid, the first block and the number of blocks that are run, each of three; all by default.
    """

    reverse: bool = False
    blocks: Callable[[Grid], tuple[tuple[int, int, int], tuple[int, int, int]]] | None = None

    def __post_init__(self) -> None:
        self.launched: list[str] = []

    def __call__(self, kernel: Program, grid: Grid, arguments: tuple[Any, ...]) -> None:
        """Run the kernel."""
        first, blocks = ((0, 0, 0), grid.blocks) if self.blocks is None else self.blocks(grid)
        held = [np.atleast_1d(as_argument(argument)) for argument in arguments]
        pointers = (ctypes.c_void_p * len(held))(*(each.ctypes.data for each in held))
        words = ctypes.c_uint * 6
        waits = "__syncthreads" in kernel.source
        compiled(kernel)(
            pointers, words(*grid.blocks, *grid.threads), words(*first, 0, 0, 0), words(*blocks, 0, 0, 0), waits,
            self.reverse,
        )  # fmt: skip
        self.launched.append(kernel.name)
        self.reverse = not self.reverse
