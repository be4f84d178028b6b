"""The kernels under the address sanitizer: that no element outside of an array is read or written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.mutation import ENVIRONMENT_VARIABLE, FOLDER
from tests.kernels.variants import VARIANTS

# Parts of the names of tests that lead kernels to the edges of their arrays: each kernel has some.
NAMES = (
    *("bad_input", "bounds", "edges", "outside", "rectangles"),
    *("any_axes", "any_description", "beyond_the_last", "many_blocks", "normalizing", "rows_that_do_not_begin"),
)
# Mutations that go out of bounds, whether or not that changes what is computed.
OUT_OF_BOUNDS = {
    "rle": ("rle.cu", "at + 16 <= size", "at < size"),
    "transform": ("transform.cu", "count >= RUN && ", ""),
}


def run(modules: list[Path], names: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run tests with kernels that are compiled with the sanitizer, whose memory it watches from the beginning."""
    compiler = shutil.which("g++")
    assert compiler, "the tests of the kernels need g++"
    library = subprocess.run([compiler, "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("needs the address sanitizer of g++, libasan")
    # Threads of a block have stacks of their own, which the sanitizer need not know about: nothing unwinds them.
    options = "detect_leaks=0:detect_stack_use_after_return=0:abort_on_error=0"
    sanitized = {
        "HDGPU_TEST_SANITIZE": "1", "LD_PRELOAD": library, "ASAN_OPTIONS": options, "PYTHONMALLOC": "malloc",
    }  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-v", "-x", "-s", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(
        [*command, *map(str, modules), "-k", names],
        env={**os.environ, **sanitized, **environment},
        cwd=FOLDER.parents[1],
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_nothing_outside_of_an_array_is_touched() -> None:
    names = f"({' or '.join(NAMES)}) and not backwards"  # the order of the threads makes no difference here
    done = run([FOLDER / f"test_{kernel}.py" for kernel in VARIANTS], names)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed[-6000:]
    assert "Sanitizer" not in printed
    without = [kernel for kernel in VARIANTS if f"test_{kernel}.py::" not in printed]
    assert not without, f"no test of {without} is called after one of {NAMES}"


@pytest.mark.parametrize("kernel", OUT_OF_BOUNDS)
def test_the_sanitizer_finds_what_is_out_of_bounds(kernel: str) -> None:
    mutation = json.dumps(OUT_OF_BOUNDS[kernel])
    done = run([FOLDER / f"test_{kernel}.py"], " or ".join(NAMES), **{ENVIRONMENT_VARIABLE: mutation})
    assert "ERROR: AddressSanitizer: heap-buffer-overflow" in done.stderr, done.stdout + done.stderr
    assert f" in {kernel} " in done.stderr  # the kernel itself, by its name
