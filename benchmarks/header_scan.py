"""What scanning the headers of a folder costs, beyond reading their bytes.

python benchmarks/header_scan.py FOLDER [--rounds 15] [--json benchmarks/results/header_scan.json]
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pydicom
from common import table, write_json

from hdgpu.compiled import extension
from hdgpu.dicom.elements import Layout
from hdgpu.dicom.header import _HEAD_BYTES, read_header, scan_headers
from hdgpu.dicom.source import PathSource


def median_ms(function: Callable[[], object], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1e3


def read_in_python(paths: list[Path]) -> None:
    layout = Layout()
    for path in paths:
        read_header(PathSource(path), layout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    paths = sorted(path for path in options.folder.iterdir() if path.is_file())
    ways: dict[str, Callable[[], object]] = {
        "reading the first bytes": lambda: [PathSource(path).head(_HEAD_BYTES) for path in paths],
        "scan in Python": lambda: read_in_python(paths),
        "scan, compiled": lambda: list(scan_headers(paths)),
        "pydicom.dcmread": lambda: [pydicom.dcmread(path, stop_before_pixels=True) for path in paths],
    }
    if extension() is None:
        del ways["scan, compiled"]
    milliseconds = {name: median_ms(way, options.rounds) for name, way in ways.items()}
    reading = milliseconds["reading the first bytes"]
    each = {name: (time_ms - reading) / len(paths) for name, time_ms in milliseconds.items()}
    rows = [[name, f"{milliseconds[name]:.1f} ms", f"{each[name]:.4f} ms"] for name in ways]
    print(table([f"{len(paths)} files", "median", "a file beyond reading"], rows))
    found = {"files": len(paths), "median_ms": milliseconds, "ms_a_file_beyond_reading": each}
    write_json(options.json, found)


if __name__ == "__main__":
    main()
