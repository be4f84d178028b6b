from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.kernels.mutation import FOLDER, mutated_kernels


@pytest.mark.parametrize("kernel", mutated_kernels())
def test_broken_kernels_are_found(kernel: str) -> None:
    command = [sys.executable, "-m", "tests.kernels.mutation", kernel]
    done = subprocess.run(command, cwd=FOLDER.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "found" in done.stdout


def test_what_is_no_find() -> None:
    """A change that changes nothing is missed; what does not compile, occur once or have a test is an error."""
    listed = [
        ("common.cuh", "name += HDGPU_STEP(axis)", "name += 1 * HDGPU_STEP(axis)", "goes_on"),
        ("common.cuh", "name += HDGPU_STEP(axis)", "name += no_such_step", "goes_on"),
        ("common.cuh", "no_such_text", "", "goes_on"),
        ("common.cuh", "Index", "int", "goes_on"),
        ("common.cuh", "name += HDGPU_STEP(axis)", "name += 2 * HDGPU_STEP(axis)", "no_such_test"),
        ("common.cuh", "name += HDGPU_STEP(axis)", "name += 0 * HDGPU_STEP(axis)", "goes_on"),
    ]
    program = (
        "import sys; from tests.kernels import mutation, test_common; mutation.LONGEST = 4\n"
        f"test_common.MUTATIONS = {listed}; sys.argv[1:] = ['common']; sys.exit(mutation.main())"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=FOLDER.parents[1], capture_output=True, text=True)
    words = re.findall(r"^(\w+) +common common.cuh: ", done.stdout, re.MULTILINE)
    assert words == ["MISSED", "BROKEN", "BROKEN", "BROKEN", "BROKEN", "found"], done.stdout + done.stderr
    assert done.returncode == 5
    for reason in ("does not compile", "occurs 0 times", "there is no such test"):
        assert reason in done.stdout
