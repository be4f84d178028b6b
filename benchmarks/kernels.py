"""Every kernel on the current GPU: how much of the bandwidth of a copy it reaches, beside plain CuPy.

Each case first checks its result, at a small size against the array-API reference and at its own size against the plain
expression.  Then hdgpu, the plain expression and other libraries take turns, from device memory to device memory, over
many times the cache.  A case has a number of bytes that it must move, each read or written once; over the time of its
kernels alone that is its bandwidth, and the fraction is of a device-to-device copy's in the same run, its bytes counted
as read and as written.  The times of calls, whose ratio is printed, are the device's, which has something else to do
until the host has put the call's work onto the stream; how long that takes is printed beside it.

    python benchmarks/kernels.py [--quick] [--only TEXT] [--json benchmarks/results/kernels_<gpu>.json]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import kernel_cases_frames
import kernel_cases_pixels
import kernel_cases_volume
from common import gpu_name, table, write_json
from device_timing import GIB, copy_bandwidth, gpu, medians_of, release_memory, timing_launches
from kernel_cases import Case

CASES: tuple[Callable[[Any, int], Case], ...] = (
    *kernel_cases_pixels.CASES,
    *kernel_cases_frames.CASES,
    *kernel_cases_volume.CASES,
)
# Bytes that the case is made for that is checked against the reference.
CHECKED = 24 << 20


def measure(xp: Any, make: Callable[[Any, int], Case], size: int, rounds: int) -> dict[str, Any]:
    """Check and time one case."""
    make(xp, min(size, CHECKED)).check_exactly()
    case = make(xp, size)
    others = case.check_others()
    release_memory()
    by_kernel = kernel_seconds(case, rounds)
    calls, counts = medians_of({"hdgpu": case.run, **others}, rounds)
    return {
        "case": case.name,
        "bytes": case.moved,
        "output_bytes": int(case.run().nbytes),
        "kernel_seconds": by_kernel,
        "own_seconds": sum(by_kernel.get(name, 0.0) for name in case.kernels),
        "call_seconds": {name: times.device for name, times in calls.items()},
        "host_seconds": {name: times.host for name, times in calls.items()},
        "rounds": counts,
        "goal": {"fraction": case.goal.fraction, "times": case.goal.times, "output": case.goal.output},
    }


def kernel_seconds(case: Case, rounds: int) -> dict[str, float]:
    """Return the median time of each kernel that a case launches, of all its launches in a run together."""
    with timing_launches() as times:
        case.run()
        times.take()
        measured = []
        for _ in range(rounds):
            case.run()
            measured.append(times.take())
    assert set(case.kernels) & set(measured[0]), f"{case.name} launches {list(measured[0])}, not {case.kernels}"
    return {name: statistics.median(each[name] for each in measured) for name in measured[0]}


def summarise(result: dict[str, Any], bandwidth: float) -> list[object]:
    """Add bandwidth, ratios and goals to a result, and return its row."""
    calls, goal = result["call_seconds"], result["goal"]
    result["bandwidth"] = result["bytes"] / result["own_seconds"]
    result["fraction"] = result["bandwidth"] / bandwidth
    result["times"] = {name: seconds / calls["hdgpu"] for name, seconds in calls.items() if name != "hdgpu"}
    result["output_rate"] = result["output_bytes"] / result["own_seconds"]
    reached = {
        "fraction": result["fraction"],
        "times": result["times"].get("plain"),  # None where a library that it needs is missing
        "output": result["output_rate"],
    }
    asked = {name: least for name, least in goal.items() if least is not None and reached[name] is not None}
    result["holds"] = {name: reached[name] >= least for name, least in asked.items()}
    words = {"fraction": "{:.0%}", "times": "{:g}x", "output": "{:.0f} GB/s"}
    goals = [
        f"{words[name].format(goal[name] / (1e9 if name == 'output' else 1))} {'yes' if holds else 'NO'}"
        for name, holds in result["holds"].items()
    ]
    others = [f"{name} {times:.1f}x" for name, times in result["times"].items() if name != "plain"]
    return [
        result["case"],
        f"{result['bytes'] / 1e9:.2f} GB",
        f"{result['own_seconds'] * 1e3:.3f} ms",
        f"{result['fraction']:.0%}",
        f"{calls['hdgpu'] * 1e3:.3f} ms",
        f"{result['host_seconds']['hdgpu'] * 1e3:.3f} ms",
        f"{calls['plain'] * 1e3:.3f} ms" if "plain" in calls else "",
        f"{result['times']['plain']:.1f}x" if "plain" in calls else "",
        ", ".join(others),
        ", ".join(goals),
    ]


TITLES = ["case", "moved", "kernels", "of a copy", "call", "host", "plain", "plain to call", "others to call", "goals"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--bytes", type=int, default=3 * GIB // 2, help="that a case moves, about (1.5 GiB)")
    parser.add_argument("--quick", action="store_true", help="7 rounds of 512 MiB")
    parser.add_argument("--only", help="cases with this text in their names")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if gpu_name() is None:
        print("There is no CUDA device that CuPy can use: run `hdgpu doctor`.")
        return 2
    import cupy

    size, rounds = (GIB // 2, 7) if options.quick else (options.bytes, options.rounds)
    bandwidth = copy_bandwidth()
    print(f"{gpu()['name']}: a copy reads and writes {bandwidth / 1e9:.0f} GB/s\n", flush=True)
    results, rows, failed = [], [], {}
    for make in CASES:
        if options.only and options.only not in make.__name__:
            continue
        try:
            result = measure(cupy, make, size, rounds)
        except Exception as error:  # the other cases are measured all the same
            traceback.print_exc()
            failed[make.__name__] = f"{type(error).__name__}: {error}"
            continue
        finally:
            release_memory()
        results.append(result)
        rows.append(summarise(result, bandwidth))
        print(".", end="", flush=True)
        write_json(options.json, {"gpu": gpu(), "copy_bytes_per_second": bandwidth, "cases": results, "failed": failed})
    print("\n\n" + table(TITLES, rows))
    missed = sum(not holds for result in results for holds in result["holds"].values())
    print(f"{missed} of {sum(len(result['holds']) for result in results)} goals missed")
    for name, reason in failed.items():
        print(f"{name} failed: {reason}")
    return int(missed > 0 or bool(failed))


if __name__ == "__main__":
    sys.exit(main())
