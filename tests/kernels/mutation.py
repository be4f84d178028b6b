"""Break a kernel on purpose: a test run with a mutation in its environment has to fail.

Each test module of a kernel lists its mutations as (file, text, other text, test that finds it); the text occurs once
in the file.

    python -m tests.kernels.mutation [transform ...]
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from hdgpu.array import kernels

ENVIRONMENT_VARIABLE = "HDGPU_TEST_MUTATION"
FOLDER = Path(__file__).parent


def mutations_of(name: str) -> list[tuple[str, str, str, str]]:
    """Return the mutations that the tests of a kernel list."""
    return list(getattr(import_module(f"tests.kernels.test_{name}"), "MUTATIONS", ()))


def mutated_kernels() -> list[str]:
    """Return the kernels whose tests list mutations."""
    names = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
    return [name for name in names if "MUTATIONS = [" in (FOLDER / f"test_{name}.py").read_text()]


def apply_mutation() -> bool:
    """Read kernels with the mutation that the environment names, as ``transform:3``; return whether there is one."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if not named:
        return False
    kernel, number = named.split(":")
    file, text, other, _ = mutations_of(kernel)[int(number)]
    read = kernels.read_source

    def mutated(name: str) -> str:
        source = read(name)
        if name != file:
            return source
        assert source.count(text) == 1, f"{text!r} occurs {source.count(text)} times in {file}"
        return source.replace(text, other)

    kernels.read_source = mutated
    return True


def is_found(kernel: str, number: int) -> tuple[bool, str]:
    """Return whether the tests of a kernel fail with a mutation by what they compare, and what they print."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header"]
    done = subprocess.run(
        [*command, str(FOLDER / f"test_{kernel}.py"), "-k", mutations_of(kernel)[number][3]],
        env={**os.environ, ENVIRONMENT_VARIABLE: f"{kernel}:{number}"},
        cwd=FOLDER.parents[1],
        capture_output=True,
        text=True,
    )
    broken = "occurs " in done.stdout or "error: " in done.stdout  # the mutation itself, or it does not compile
    return done.returncode not in (0, 5) and not broken, done.stdout


def main() -> int:
    missed = 0
    for kernel in sys.argv[1:] or mutated_kernels():
        for number, (file, text, other, _) in enumerate(mutations_of(kernel)):
            found, _ = is_found(kernel, number)
            missed += not found
            print(f"{'found ' if found else 'MISSED'} {kernel} {file}: {text} -> {other}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
