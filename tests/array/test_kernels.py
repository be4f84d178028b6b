from __future__ import annotations

import shutil
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdgpu.array import kernels
from hdgpu.array.kernels import (
    Grid,
    Program,
    compile_error,
    compiled,
    element_strides,
    grid_for,
    launch,
    launching_on_host,
    program,
    source_of,
    takes,
    type_name,
)
from hdgpu.errors import KernelCompileError
from tests.conftest import ArrayLibrary

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path.name for path in (ROOT / "hdgpu" / "kernels").iterdir() if path.suffix in (".cu", ".cuh"))


def no_launch(kernel: Program, grid: Grid, arguments: tuple[Any, ...]) -> None:
    raise AssertionError(f"{kernel.name} was launched")


# --- Which arrays -----------------------------------------------------------------------------------------------------


def test_kernels_take_arrays_on_a_gpu_only(xp: ArrayLibrary) -> None:
    assert takes(xp.asarray([1.0, 2.0])) == (xp.name == "cupy")


def test_kernels_take_numpy_arrays_for_tests_only() -> None:
    array = np.zeros(3, "<i2")
    assert not takes(array)
    with launching_on_host(no_launch):
        assert takes(array)
        assert takes(array, array)
        assert not takes(array, array.astype(">i2"))
        with launching_on_host(no_launch):
            assert takes(array)
        assert takes(array)
    assert not takes(array)


def test_the_launcher_is_gone_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), launching_on_host(no_launch):
        _ = 1 / 0
    assert not takes(np.zeros(3))


def test_strides_in_elements(xp: ArrayLibrary) -> None:
    if xp.name == "array_api_strict":
        pytest.skip("it has no strides")
    array = xp.asarray(np.zeros((4, 5, 6)), "int32")
    assert element_strides(array) == (30, 6, 1)
    assert element_strides(array[1:, ::2, 3]) == (30, 12)
    if xp.name != "torch":  # which has no negative ones
        assert element_strides(array[::-1, :, ::-2]) == (-30, 6, -2)


def test_names_of_types(xp: ArrayLibrary) -> None:
    assert type_name(xp.asarray([1], "int16")) == "int16"
    assert type_name(xp.asarray([1], "float64")) == "float64"


# --- Grids ------------------------------------------------------------------------------------------------------------

SIZES = st.one_of(st.integers(1, 1000), st.integers(1, 1 << 38))


@given(SIZES, SIZES, SIZES)
def test_a_grid_keeps_to_the_limits_of_cuda(columns: int, rows: int, layers: int) -> None:
    grid = grid_for(columns, rows, layers)
    assert 32 <= np.prod(grid.threads) <= 256
    most = ((1 << 31) - 1, 65535, 65535)
    for blocks, threads, count, limit in zip(grid.blocks, grid.threads, (columns, rows, layers), most, strict=True):
        assert 1 <= blocks <= limit
        assert blocks * threads >= count or blocks == limit  # a thread for each, or as many as there may be
        assert (blocks - 1) * threads < count  # and no block without any


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 0, 4), (3, 4, 0)])
def test_where_there_is_nothing_nothing_is_launched(shape: tuple[int, int, int]) -> None:
    array = np.zeros(3)
    with launching_on_host(no_launch):
        launch(program("transform"), grid_for(*shape), array, array)


# --- Sources ----------------------------------------------------------------------------------------------------------


def test_an_unknown_kernel_is_named() -> None:
    with pytest.raises(KernelCompileError, match=r"there is no source 'no_such_kernel.cu' among the kernels"):
        program("no_such_kernel")


@pytest.mark.parametrize("name", [Path(name).stem for name in SOURCES if name.endswith(".cu")])
def test_a_source_has_what_it_includes_once(name: str) -> None:
    source = source_of(f"{name}.cu")
    assert source.startswith(f'#line 1 "{name}.cu"\n')
    assert "#include" not in source
    assert "#pragma once" not in source
    assert source.count("typedef long long int64;") == 1
    assert f" {name}(" in source


def test_macros_are_options_of_the_compiler() -> None:
    kernel = program("transform", STORED="int16", CHECK=3)
    assert kernel.definitions == ("-DSTORED=int16", "-DCHECK=3")
    assert kernel == program("transform", STORED="int16", CHECK=3)
    assert hash(kernel) != hash(program("transform", STORED="int16", CHECK=2))


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("a.cu(3): warning: x\na.cu(7): error: no y\na.cu(9): error: no z\n", "a.cu(7): error: no y"),
        ("nvrtc: failed to open\nmore", "nvrtc: failed to open"),
        ("", "no message"),
    ],
)
def test_a_compile_error_says_the_first_error(log: str, said: str) -> None:
    error = compile_error(Program("a", "", (("OUT", "int8"), ("CHECK", "0"))), log)
    assert isinstance(error, KernelCompileError)
    assert str(error).startswith(f"the kernel 'a' cannot be compiled: {said} (found -DOUT=int8 -DCHECK=0). Run `hdgpu")


# --- Installations ----------------------------------------------------------------------------------------------------

# Where the package is, and what it has of its kernels; installed in the first folder, and what it needs in the others.
READ = """
import ast, site, sys
folder, others, names = map(ast.literal_eval, sys.argv[1:])
site.addsitedir(folder)
sys.path.append(folder)
sys.path += others
import hdgpu
from hdgpu.array.kernels import read_source, source_of
print(hdgpu.__file__)
print(sum(len(read_source(name)) for name in names))
print(len(source_of("transform.cu")))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, without its extension: which takes long to build, and is not asked for here."""
    pytest.importorskip("setuptools")
    copy = tmp_path_factory.mktemp("project")
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    text = (ROOT / "pyproject.toml").read_text()
    before, _, after = text.partition("[[tool.setuptools.ext-modules]]")
    (copy / "pyproject.toml").write_text(before + "[tool.distutils" + after.partition("[tool.distutils")[2])
    shutil.copytree(ROOT / "hdgpu", copy / "hdgpu", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return copy


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_installed_kernels_are_found(project: Path, tmp_path: Path, kind: str) -> None:
    build = f"from setuptools import build_meta; build_meta.build_{kind}({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=project, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        if kind == "wheel":
            packed = sorted(name for name in archive.namelist() if name.startswith("hdgpu/kernels/"))
            assert packed == sorted(f"hdgpu/kernels/{name}" for name in ("__init__.py", *SOURCES))
        archive.extractall(tmp_path / "site")
    # Without what site would set up: the editable install that these tests may run from.
    others = [path for path in sys.path if path and Path(path).resolve() != ROOT]
    given = [repr(each) for each in (str(tmp_path / "site"), others, SOURCES)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", READ, *given], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    where, length, joined = done.stdout.split()
    assert Path(where).is_relative_to(tmp_path / "site" if kind == "wheel" else project)
    assert int(length) == sum(len((ROOT / "hdgpu" / "kernels" / name).read_text()) for name in SOURCES)
    assert int(joined) == len(source_of("transform.cu"))


@pytest.mark.gpu
@pytest.mark.parametrize("problem", ["no_such_thing", "Failed to find CUDA headers"])
def test_a_kernel_that_does_not_compile_is_named(problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("there is no CUDA device")
    source = 'extern "C" __global__ void wrong() { no_such_thing(); }'
    if problem != "no_such_thing":
        monkeypatch.setattr(cupy, "RawModule", mock.Mock(side_effect=RuntimeError(problem)))
    with pytest.raises(KernelCompileError, match=f"the kernel 'wrong' cannot be compiled: .*{problem}"):
        compiled(Program("wrong", source, ()), 0)


@pytest.mark.gpu
def test_threads_that_need_one_kernel_have_it_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("there is no CUDA device")
    kernel = Program("once", 'extern "C" __global__ void once() {}', ())
    compile_it, calls = kernels._compile, []

    def slowly(kernel: Program) -> Any:
        calls.append(kernel)
        time.sleep(0.1)
        return compile_it(kernel)

    def in_a_thread(_: int) -> Any:
        with cupy.cuda.Device(0):
            return compiled(kernel, 0)

    monkeypatch.setattr(kernels, "_compile", slowly)
    with ThreadPoolExecutor(4) as pool:
        functions = set(map(id, pool.map(in_a_thread, range(4))))
    assert (len(functions), len(calls)) == (1, 1)
