"""Everything that needs a CUDA device, with the interpreter that runs this; nothing is installed.

    make gpu-check PYTHON=python3 [ONLY="tests kernels"] [SERIES=folder] [RESULTS=folder]

Steps: what there is (`hdgpu doctor`); the tests marked `gpu`, among them every kernel against its reference and every
sample file against the host; the kernels' tests under compute-sanitizer, where that is installed and takes the device;
and the benchmarks of kernels and of whole series, both with ``--quick``: they write
``benchmarks/results/<question>_<gpu>.json``, or to another folder, as they go.  Tests that need a missing library are
skipped, a step that takes too long is stopped.  A table of the steps comes last; the exit status is 0 only if all hold.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from common import gpu_name, table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
NEEDED = ("cupy", "array_api_compat", "imagecodecs", "PIL", "pydicom", "pytest", "hypothesis")
MOST_SECONDS = 480
"""Of a step."""

_MOST_PROCESSES = 12
# Of a step: after that its benchmark hurries.
_DEADLINE = 0.6
# Few examples: every access is watched, which takes ten times as long and more.
SANITIZED = ("-k", "device and (nothing or damaged or beyond or bad or rectangles)")


def run(*command: str) -> tuple[bool, str]:
    """Run a command in the repository, showing what it prints, and return whether it succeeded and its last line."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    stopped = threading.Event()
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout

        def stop() -> None:
            stopped.set()
            os.killpg(process.pid, signal.SIGKILL)  # with its children, who else would keep its output open

        timer = threading.Timer(MOST_SECONDS, stop)
        timer.start()
        last = ""
        try:
            for line in process.stdout:
                print(line, end="", flush=True)
                last = line.strip() or last
        except BaseException:  # an interrupt, which the command's own session does not hear of
            stop()
            raise
        finally:
            timer.cancel()
    return process.returncode == 0, f"stopped after {MOST_SECONDS} s" if stopped.is_set() else last


def python(*arguments: str) -> tuple[bool, str]:
    return run(sys.executable, *arguments)


def _pytest(*arguments: str) -> tuple[str, ...]:
    # pytest-timeout is a convenience of development: its setting is unknown where it is missing
    strict = () if find_spec("pytest_timeout") else ("-o", "addopts=--strict-markers --import-mode=importlib")
    return ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.skip_missing", *strict, *arguments)


def tests() -> tuple[bool, str]:
    cores = len(os.sched_getaffinity(0))
    processes = ("-n", str(min(_MOST_PROCESSES, cores))) if find_spec("xdist") else ()
    return python(*_pytest("-m", "gpu", "tests", "--maxfail", "25", "-rf", *processes))


def sanitizer() -> tuple[bool, str]:
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return True, "not run: compute-sanitizer is not installed"
    if not run(tool, "--error-exitcode", "9", sys.executable, "-c", "import cupy; cupy.zeros(1).get()")[0]:
        return True, "not run: compute-sanitizer does not take this device"
    each = ("-p", "tests.without_pool", "-m", "gpu", "tests/kernels", *SANITIZED)
    return run(tool, "--error-exitcode", "9", sys.executable, *_pytest(*each))


def benchmark(question: str, results: Path, *arguments: str) -> tuple[bool, str]:
    path = results / f"{question.removesuffix('_gpu')}_{gpu_name()}.json"
    return python(f"benchmarks/{question}.py", "--quick", "--json", str(path), *arguments)


def steps(series: str | None, results: Path = RESULTS) -> dict[str, Callable[[], tuple[bool, str]]]:
    """Return what may be run, by name."""
    of_series = ("--deadline", str(_DEADLINE * MOST_SECONDS), *(("--series", series) if series else ()))
    return {
        "doctor": lambda: python("-m", "hdgpu", "doctor"),
        "tests": tests,
        "sanitizer": sanitizer,
        "kernels": lambda: benchmark("kernels", results),
        "series": lambda: benchmark("series_gpu", results, *of_series),
    }


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", help=f"some of {', '.join(steps(None))}; all of them by default")
    parser.add_argument("--series", help="folder of one native series, for the benchmark of series")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for what the benchmarks write")
    options = parser.parse_args(given)
    unknown = set(options.steps).difference(steps(None))
    if unknown:
        parser.error(f"there are no steps {', '.join(sorted(unknown))}")
    return options


def main(given: Sequence[str] | None = None) -> int:
    options = arguments_of(given)
    known = steps(options.series, options.results.resolve())
    missing = [module for module in NEEDED if find_spec(module) is None]
    if find_spec("hdgpu._compiled") is None:  # without which the host takes all baseline JPEG
        missing.append("the compiled extension in hdgpu/ (`pip install -e .` builds it)")
    if missing:
        print(f"make gpu-check needs {', '.join(missing)} for {sys.executable}, and installs nothing itself.")
        return 2
    if gpu_name() is None:
        print("There is no CUDA device that CuPy can use: run `hdgpu doctor`.")
        return 2
    rows = []
    for step in options.steps or known:
        started = time.perf_counter()
        holds, last = known[step]()
        rows.append((step, "holds" if holds else "FAILS", f"{time.perf_counter() - started:.0f} s", last[:90]))
    print("\n" + table(["step", "", "took", "last line"], rows))
    return int(any(row[1] == "FAILS" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
