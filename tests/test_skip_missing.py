from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {
    "test_module.py": "import no_such_peer\ndef test_one(): pass\n",
    "test_inside.py": "def test_two():\n    import no_such_peer.part\ndef test_three(): pass\n",
    "test_ours.py": "import hdgpu.no_such_module\n",
    "test_wrong.py": "def test_four(): assert 'No module named' == 'x'\n",
}


@pytest.mark.parametrize(
    ("names", "counts", "status"),
    [
        (["test_module.py", "test_inside.py"], "1 passed, 2 skipped", 0),
        (["test_ours.py"], "1 error", 2),
        (["test_wrong.py"], "1 failed", 1),
    ],
)
def test_what_needs_a_missing_library_is_skipped(tmp_path: Path, names: list[str], counts: str, status: int) -> None:
    for name in names:
        (tmp_path / name).write_text(MODULES[name])
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.skip_missing", "-p", "no:xdist", "-rs", *names]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == status, done.stdout
    assert counts in done.stdout
    assert ("needs no_such_peer" in done.stdout) == (status == 0)
