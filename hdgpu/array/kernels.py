"""CUDA kernels: found in :mod:`hdgpu.kernels`, specialised by macros, compiled once for a device, launched.

Nothing is compiled before its first launch; CuPy then keeps the binary in its cache on disk.  A launch goes onto the
caller's current stream, CuPy's or torch's by the array's library, and waits for nothing.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any, TypeAlias

import numpy as np

from hdgpu.array.functions import dtype_name
from hdgpu.array.namespace import Array, is_cupy_array, is_numpy_array, is_torch_array
from hdgpu.errors import KernelCompileError

__all__ = [
    "Grid",
    "Program",
    "as_argument",
    "compiled",
    "element_strides",
    "grid_for",
    "launch",
    "launching_on_host",
    "program",
    "takes",
    "type_name",
]

OPTIONS = ("--std=c++17", "--fmad=false")
"""For every kernel: products and sums are rounded one by one, as by the reference."""

THREADS = 256
"""Threads of a block."""

_INCLUDE = re.compile(r'^#include "(?P<file>[\w.]+)"$', re.MULTILINE)
# Blocks along the second and third axis of a grid.
_MOST_BLOCKS = 65535


@dataclass(frozen=True, slots=True)
class Program:
    """A kernel with its types and choices, ready to be compiled.

    Attributes
    ----------
    name : str
        Name of its file and of its entry.
    source : str
        With the files that it includes, so that a changed one is compiled again, and ``#line`` before each part.
    macros : tuple of (str, str)
    """

    name: str
    source: str
    macros: tuple[tuple[str, str], ...]

    @property
    def definitions(self) -> tuple[str, ...]:
        """The macros as options of a compiler."""
        return tuple(f"-D{name}={value}" for name, value in self.macros)


@dataclass(frozen=True, slots=True)
class Grid:
    """Blocks, and threads of each, along columns, rows and layers."""

    blocks: tuple[int, int, int]
    threads: tuple[int, int, int]


Launcher: TypeAlias = Callable[[Program, Grid, tuple[Any, ...]], None]
"""Runs a kernel with the arguments of :func:`launch`."""


def program(name: str, **macros: str | int) -> Program:
    """Return a kernel with its macros set.

    Parameters
    ----------
    name : str
        Of the file ``kernels/<name>.cu`` and of the entry in it.
    **macros : str or int
        Types by NumPy's names, and choices.

    Raises
    ------
    hdgpu.errors.KernelCompileError
        If there is no kernel of that name.

    Examples
    --------
    >>> program("transform", STORED="uint16", OUT="float32").definitions
    ('-DSTORED=uint16', '-DOUT=float32')
    """
    return Program(name, source_of(f"{name}.cu"), tuple((key, str(value)) for key, value in macros.items()))


@functools.cache
def source_of(file: str) -> str:
    """Return the text of a source with what it includes in its place, each file once."""
    seen: set[str] = set()

    def expanded(name: str) -> str:
        seen.add(name)
        text = read_source(name).replace("#pragma once\n", "\n")

        def included(match: re.Match[str]) -> str:
            inner = match["file"]
            if inner in seen:
                return ""
            line = text.count("\n", 0, match.end()) + 2
            return f'#line 1 "{inner}"\n{expanded(inner).rstrip()}\n#line {line} "{name}"'

        return _INCLUDE.sub(included, text)

    return f'#line 1 "{file}"\n{expanded(file)}'


def read_source(file: str) -> str:
    """Return the text of a source as it is, from wherever the package is installed.

    Raises
    ------
    hdgpu.errors.KernelCompileError
        If there is none of that name.
    """
    try:
        return (resources.files("hdgpu.kernels") / file).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise KernelCompileError(
            f"there is no source {file!r} among the kernels",
            remedy="Install hdgpu again: they are files of the package",
        ) from error


def grid_for(columns: int, rows: int = 1, layers: int = 1) -> Grid:
    """Return a grid with a thread for each element, in blocks as wide as the columns fill.

    Kernels go on by the size of the grid where it is cut at the most blocks that there may be.

    Examples
    --------
    >>> grid_for(1000, 3)
    Grid(blocks=(4, 3, 1), threads=(256, 1, 1))
    >>> grid_for(20, 300)
    Grid(blocks=(1, 38, 1), threads=(32, 8, 1))
    """
    wide = min(THREADS, max(32, 1 << (columns - 1).bit_length()))
    high = THREADS // wide if rows > 1 else 1
    blocks = -(-columns // wide), min(-(-rows // high), _MOST_BLOCKS), min(layers, _MOST_BLOCKS)
    return Grid(blocks, (wide, high, 1))


def element_strides(array: Array) -> tuple[int, ...]:
    """Return how many elements further the next one along each axis lies; negative where an axis runs backwards.

    Raises
    ------
    ValueError
        If they are not whole elements apart.

    Examples
    --------
    >>> element_strides(np.zeros((2, 3), np.int16)[:, ::-1])
    (3, -1)
    """
    if is_torch_array(array):
        return tuple(array.stride())
    if any(stride % array.itemsize for stride in array.strides):
        raise ValueError(f"Strides of {array.strides} bytes are not whole elements of {array.itemsize} bytes.")
    return tuple(stride // array.itemsize for stride in array.strides)


# --- Launching --------------------------------------------------------------------------------------------------------

_host_launcher: Launcher | None = None


@contextmanager
def launching_on_host(launcher: Launcher) -> Iterator[None]:
    """Have NumPy arrays go through kernels as well, by a launcher: for tests."""
    global _host_launcher
    before, _host_launcher = _host_launcher, launcher
    try:
        yield
    finally:
        _host_launcher = before


def takes(*arrays: Array) -> bool:
    """Return whether kernels run on the arrays: CuPy's, and torch's on a CUDA device where CuPy is installed."""
    return all(map(_takes, arrays))


def _takes(array: Array) -> bool:
    if is_numpy_array(array):
        return _host_launcher is not None and array.dtype.isnative
    if is_torch_array(array):
        return array.device.type == "cuda" and _has_cupy()
    return bool(is_cupy_array(array))


@functools.cache
def _has_cupy() -> bool:
    try:
        import cupy
    except ImportError:
        return False
    return bool(cupy.cuda.is_available())


def launch(kernel: Program, grid: Grid, like: Array, *arguments: Any) -> None:
    """Launch a kernel on the device of an array and on its library's current stream; nothing is waited for.

    Parameters
    ----------
    kernel : Program
    grid : Grid
        With no blocks along an axis there is nothing to do.
    like : array
        One that the kernel runs on.
    *arguments : array, int, float or None
        Arrays become pointers to their first element, None a null pointer; numbers become int64 and float64.

    Raises
    ------
    hdgpu.errors.KernelCompileError
        If it cannot be compiled.
    """
    if 0 in grid.blocks:
        return
    if is_numpy_array(like):
        assert _host_launcher is not None
        _host_launcher(kernel, grid, arguments)
        return
    with _current_stream_of(like) as device:
        compiled(kernel, device)(grid.blocks, grid.threads, tuple(map(as_argument, arguments)))


def as_argument(value: Any) -> np.int64 | np.float64:
    """Return a number as a kernel takes it; of an array, the address of its first element."""
    if value is None:
        return np.int64(0)
    if isinstance(value, float | np.floating):
        return np.float64(value)
    if isinstance(value, int | np.integer):
        return np.int64(value)
    return np.int64(_address(value))


def _address(array: Array) -> int:
    if is_numpy_array(array):
        return int(array.ctypes.data)
    return int(array.data_ptr() if is_torch_array(array) else array.data.ptr)


@contextmanager
def _current_stream_of(array: Array) -> Iterator[int]:
    """Make the array's device the current one and its library's stream CuPy's; yield the device's index."""
    import cupy

    with ExitStack() as stack:
        if is_torch_array(array):
            import torch

            index = int(array.device.index)
            stack.enter_context(cupy.cuda.Device(index))
            stream: AbstractContextManager[Any] = cupy.cuda.ExternalStream(
                torch.cuda.current_stream(array.device).cuda_stream, index
            )
            stack.enter_context(stream)
        else:
            index = int(array.device.id)
            stack.enter_context(array.device)
        yield index


def compiled(kernel: Program, device: int) -> Any:
    """Return CuPy's compiled kernel for the device, which is the current one."""
    found = _compiled.get((kernel, device))
    if found is None:
        with _compiling:  # lanes that need the same kernel have it compiled once
            found = _compiled.get((kernel, device))
            if found is None:
                found = _compiled[kernel, device] = _compile(kernel)
    return found


_compiled: dict[tuple[Program, int], Any] = {}
_compiling = threading.Lock()


def _compile(kernel: Program) -> Any:
    import cupy

    try:
        module = cupy.RawModule(code=kernel.source, options=(*OPTIONS, *kernel.definitions), backend="nvrtc")
        return module.get_function(kernel.name)
    except cupy.cuda.compiler.CompileException as error:
        raise compile_error(kernel, error.get_message()) from error
    except RuntimeError as error:  # NVRTC or CUDA's headers are not found, or the driver refuses what was compiled
        raise compile_error(kernel, str(error)) from error


def compile_error(kernel: Program, log: str) -> KernelCompileError:
    """Return the error for a compiler's log: its first error, with file and line."""
    lines = [line for line in log.splitlines() if "error" in line] or log.splitlines() or ["no message"]
    return KernelCompileError(
        f"the kernel {kernel.name!r} cannot be compiled: {lines[0].strip()}",
        found=" ".join(kernel.definitions),
        remedy="Run `hdgpu doctor` and see that CuPy fits the CUDA toolkit; else report it with this message",
    )


def type_name(array: Array) -> str:
    """Return the name by which kernels know the data type of an array's elements.

    Examples
    --------
    >>> type_name(np.zeros(2, np.float16))
    'float16'
    """
    return dtype_name(array.dtype)
