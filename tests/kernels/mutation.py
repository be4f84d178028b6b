"""Break kernels on purpose: the tests have to fail.

Each test module of a kernel lists its mutations as (file, text, other text, test that finds it); the text occurs once
in the file, and the kernel still compiles with the other one.

    python -m tests.kernels.mutation [transform ...]

Everything is imported once; each mutation is then tried in a fork of this process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from hdgpu.array import kernels
from tests.kernels import on_host

ENVIRONMENT_VARIABLE = "HDGPU_TEST_MUTATION"
FOLDER = Path(__file__).parent
# What a run of the tests has for arguments, and the seconds that it may take.
ARGUMENTS = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header")
LONGEST = 120
# What a fork exits with where the mutated kernel did not compile; pytest's own codes are below.
DID_NOT_COMPILE = 99


class Mutation(NamedTuple):
    """One change of a source, and the tests that find it, as pytest's -k selects them."""

    file: str
    text: str
    other: str
    test: str


class Outcome(NamedTuple):
    """Whether the tests found a mutation; or why it is none; and what they printed."""

    found: bool
    broken: str
    printed: str


def mutations_of(name: str) -> list[Mutation]:
    """Return the mutations that the tests of a kernel list."""
    listed = getattr(import_module(f"tests.kernels.test_{name}"), "MUTATIONS", ())
    return [Mutation(*each) for each in listed]


def mutated_kernels() -> list[str]:
    """Return the kernels whose tests list mutations."""
    names = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
    return [name for name in names if "MUTATIONS = [" in (FOLDER / f"test_{name}.py").read_text()]


def apply(file: str, text: str, other: str) -> None:
    """Read a source with a text in it replaced from now on."""
    read = kernels.read_source

    def mutated(name: str) -> str:
        source = read(name)
        if name != file:
            return source
        assert source.count(text) == 1, f"{text!r} occurs {source.count(text)} times in {file}"
        return source.replace(text, other)

    kernels.read_source = mutated
    kernels.source_of.cache_clear()


def apply_from_environment() -> bool:
    """Apply the (file, text, other text) of the environment, none if that is empty; return whether there is any."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named is None:
        return False
    if named:
        apply(*json.loads(named))
    return True


def outcomes(kernel: str) -> Iterator[tuple[Mutation, Outcome]]:
    """Try the mutations of a kernel, one after another."""
    os.environ[ENVIRONMENT_VARIABLE] = ""  # which is where the tests see that their first failure will do
    module = str(FOLDER / f"test_{kernel}.py")
    collected = pytest.main([*ARGUMENTS, "--collect-only", "-qq", module])  # which imports all that there is
    assert collected == pytest.ExitCode.OK, f"the tests of {kernel} cannot be collected"
    on_host.folder_with_shim()
    for mutation in mutations_of(kernel):
        count = kernels.read_source(mutation.file).count(mutation.text)
        if count != 1:
            yield mutation, Outcome(False, f"its text occurs {count} times", "")
        else:
            yield mutation, outcome_of(module, mutation)


def outcome_of(module: str, mutation: Mutation) -> Outcome:
    """Run tests with a mutation in a fork; one that never ends, or that crashes, is found as well."""
    with tempfile.TemporaryFile("w+") as printed:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            os._exit(run_tests(module, mutation))
        status = wait_for(child)
        printed.seek(0)
        text = printed.read()
    if status is None or os.WIFSIGNALED(status):
        return Outcome(True, "", text)
    code = os.WEXITSTATUS(status)
    broken = {DID_NOT_COMPILE: "it does not compile", pytest.ExitCode.NO_TESTS_COLLECTED: "there is no such test"}
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return Outcome(False, broken.get(code, f"pytest ended with {code}"), text)
    return Outcome(code == pytest.ExitCode.TESTS_FAILED, "", text)


def run_tests(module: str, mutation: Mutation) -> int:
    """Run the tests that find a mutation, in a process of its own; return how they ended."""
    apply(mutation.file, mutation.text, mutation.other)
    code = int(pytest.main([*ARGUMENTS, module, "-k", mutation.test]))
    return DID_NOT_COMPILE if on_host.did_not_compile else code


def wait_for(child: int) -> int | None:
    """Return the status that a process ended with; None if it took too long."""
    for _ in range(LONGEST * 50):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def main() -> int:
    missed = 0
    for kernel in sys.argv[1:] or mutated_kernels():
        for mutation, outcome in outcomes(kernel):
            missed += not outcome.found
            word = "BROKEN" if outcome.broken else "found" if outcome.found else "MISSED"
            print(word, kernel, f"{mutation.file}: {mutation.text} -> {mutation.other}", outcome.broken, flush=True)
            if not outcome.found:
                print(outcome.printed[-2000:], flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
