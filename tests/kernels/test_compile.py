from __future__ import annotations

import ast
import importlib
import importlib.util
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from hdgpu.array.kernels import OPTIONS, Program, compile_error, program
from hdgpu.errors import KernelCompileError
from tests.kernels.variants import VARIANTS, all_variants

nvrtc = pytest.importorskip("cupy_backends.cuda.libs.nvrtc", reason="needs cupy-cuda13x")
if importlib.util.find_spec("nvidia") is None:
    pytest.skip("needs nvidia-cuda-nvrtc", allow_module_level=True)


def compiled(kernel: Program, architecture: str) -> bytes:
    """Return the kernel's binary for an architecture, by NVRTC: which needs no GPU."""
    made = nvrtc.createProgram(kernel.source, f"{kernel.name}.cu", (), ())
    try:
        nvrtc.compileProgram(made, (*OPTIONS, *kernel.definitions, f"-arch=sm_{architecture}", "-ftz=true"))
    except nvrtc.NVRTCError:
        raise compile_error(kernel, nvrtc.getProgramLog(made)) from None
    binary = nvrtc.getCUBIN(made)
    nvrtc.destroyProgram(made)
    return bytes(binary)


def label(value: Any) -> str:
    return "-".join(map(str, value.values())) if isinstance(value, dict) else f"{value}"


@pytest.mark.parametrize(("architecture", "name", "macros"), all_variants(), ids=label)
def test_kernels_compile_for_every_architecture(architecture: str, name: str, macros: dict[str, Any]) -> None:
    assert name.encode() in compiled(program(name, **macros), architecture)


def test_every_kernel_is_compiled_here() -> None:
    names = {Path(each.name).stem for each in resources.files("hdgpu.kernels").iterdir() if each.name.endswith(".cu")}
    assert names == set(VARIANTS)


def test_a_compile_error_shows_file_and_line() -> None:
    kernel = program("transform", STORED="uint8", OUT="no_such_type", WORKING="float64", OPERATION="AFFINE", CHECK=0)
    with pytest.raises(KernelCompileError, match=r"transform.cu\(\d+\): error: .*no_such_type"):
        compiled(kernel, "90")


@pytest.mark.parametrize("name", VARIANTS)
def test_lines_are_those_of_the_files(name: str) -> None:
    """Behind every #line the text is that of its file, line by line."""
    file, line = "", 0
    lines: dict[str, list[str]] = {}
    for text in program(name).source.splitlines():
        if text.startswith("#line"):
            _, number, quoted = text.split(" ")
            file, line = ast.literal_eval(quoted), int(number)
            continue
        known = lines.setdefault(file, (resources.files("hdgpu.kernels") / file).read_text().splitlines())
        gone = known[line - 1] == "#pragma once" or known[line - 1].startswith('#include "')
        assert text == ("" if gone else known[line - 1]), f"{file}:{line}"
        line += 1
