"""Everything that needs a CUDA device, with the interpreter that runs this; nothing is installed.

    make gpu-check PYTHON=python3 [ONLY="tests kernels"]

Steps: what there is (`hdgpu doctor`), the tests marked `gpu` (with every kernel on the device, against its reference),
the kernels' tests under compute-sanitizer where that is installed, and the benchmarks, which write
``benchmarks/results/<question>_<gpu>.json``.  A table of the steps comes last; the exit status is 0 only if all hold.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from common import gpu_name, table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
NEEDED = ("cupy", "array_api_compat", "imagecodecs", "PIL", "pydicom", "pytest", "hypothesis")
# Few examples: every access is watched, which takes ten times as long and more.
SANITIZED = ("-k", "device and (nothing or damaged or beyond or bad or rectangles)")


def run(*command: str) -> tuple[bool, str]:
    """Run a command in the repository, showing what it prints, and return whether it succeeded and its last line."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode == 0, last


def python(*arguments: str) -> tuple[bool, str]:
    return run(sys.executable, *arguments)


def _pytest(*arguments: str) -> tuple[str, ...]:
    # pytest-timeout is a convenience of development: its setting is unknown where it is missing
    strict = () if find_spec("pytest_timeout") else ("-o", "addopts=--strict-markers --import-mode=importlib")
    return ("-m", "pytest", "-q", "-p", "no:cacheprovider", *strict, *arguments)


def tests() -> tuple[bool, str]:
    return python(*_pytest("-m", "gpu", "tests", "-x"))


def sanitizer() -> tuple[bool, str]:
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return True, "not run: compute-sanitizer is not installed"
    command = (tool, "--error-exitcode", "9", sys.executable, *_pytest("-m", "gpu", "tests/kernels", *SANITIZED))
    return run(*command)


def benchmark(question: str) -> tuple[bool, str]:
    return python(
        f"benchmarks/{question}.py", "--json", str(RESULTS / f"{question.removesuffix('_gpu')}_{gpu_name()}.json")
    )


STEPS: dict[str, Callable[[], tuple[bool, str]]] = {
    "doctor": lambda: python("-m", "hdgpu", "doctor"),
    "tests": tests,
    "sanitizer": sanitizer,
    "kernels": lambda: benchmark("kernels"),
}


def main() -> int:
    missing = [module for module in NEEDED if find_spec(module) is None]
    if missing:
        print(f"make gpu-check needs {', '.join(missing)} for {sys.executable}, and installs nothing itself.")
        return 2
    if gpu_name() is None:
        print("There is no CUDA device that CuPy can use: run `hdgpu doctor`.")
        return 2
    rows = []
    for step in sys.argv[1:] or STEPS:
        started = time.perf_counter()
        holds, last = STEPS[step]()
        rows.append((step, "holds" if holds else "FAILS", f"{time.perf_counter() - started:.0f} s", last[:90]))
    print("\n" + table(["step", "", "took", "last line"], rows))
    return int(any(row[1] == "FAILS" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
