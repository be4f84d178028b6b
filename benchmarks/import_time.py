"""What importing hdgpu costs beyond NumPy and pydicom, and what its first use costs, beside highdicom.

Each import is timed in a fresh interpreter, in turn, and after one that is not counted:

    python benchmarks/import_time.py [--rounds 15] [--json benchmarks/results/import_time.json]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.common import table, write_json

LIMIT = 0.15  # seconds that `import hdgpu` may cost beyond NumPy and pydicom
BASE = "numpy and pydicom"
STATEMENTS = {
    BASE: "",
    "hdgpu": "import hdgpu",
    "hdgpu, and Volume": "import hdgpu; hdgpu.Volume",
    "hdgpu, and read_series": "import hdgpu; hdgpu.read_series",
    "hdgpu, and specimens": "import hdgpu.content.specimen",
    "highdicom": "import highdicom",
}
_TIMED = "import time; start = time.perf_counter(); import numpy, pydicom; {}; print(time.perf_counter() - start)"


def seconds(statement: str) -> float:
    """Time NumPy, pydicom and a statement in a fresh interpreter."""
    command = [sys.executable, "-c", _TIMED.format(statement or "pass")]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(rounds: int) -> dict[str, dict[str, object]]:
    """Return for each import the seconds of each round, and by how much the median exceeds NumPy and pydicom."""
    found: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for number in range(rounds + 1):
        for name, statement in STATEMENTS.items():
            time = seconds(statement)
            if number:
                found[name].append(time)
    beyond = {
        name: statistics.median(each - base for each, base in zip(times, found[BASE], strict=True))
        for name, times in found.items()
    }
    return {name: {"seconds": times, "median_beyond": beyond[name]} for name, times in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    imports = measure(options.rounds)
    rows = [
        [name, f"{statistics.median(each['seconds']):.3f}", f"{each['median_beyond']:.3f}"]
        for name, each in imports.items()
    ]
    print(table(["import of", "seconds", f"beyond {BASE}"], rows))
    write_json(options.json, {"limit": LIMIT, "imports": imports})
    if imports["hdgpu"]["median_beyond"] > LIMIT:
        raise SystemExit(f"import hdgpu costs more than {LIMIT} s beyond {BASE}")


if __name__ == "__main__":
    main()
