"""A million points from one space to another, hdgpu beside highdicom; and what rearranging a volume costs: nothing.

Both get the same arrays in the same process, one after the other, round after round.  Printed are medians, and the
median over the rounds of the ratio.  Flips, permutations and crops are timed on volumes of several sizes: no voxel is
copied, so the time does not depend on the size.

    python benchmarks/geometry.py [--points 1000000] [--rounds 15] [--json benchmarks/results/geometry.json]
"""

from __future__ import annotations

import argparse
import functools
import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom
import highdicom.spatial
import numpy as np
from common import table, write_json

import hdgpu
import hdgpu.spatial

PLANE = ([56.0, 34.2, 1.0], [0.6, 0.8, 0.0, -0.8, 0.6, 0.0], [0.5, 0.7])
OTHER = ([50.0, 30.0, 1.0], [0.8, 0.6, 0.0, -0.6, 0.8, 0.0], [0.3, 0.3])
AFFINE = np.array([[0.0, 0.3, 0.4, -90.0], [0.0, 0.4, -0.3, 20.0], [1.5, 0.0, 0.0, 7.0], [0.0, 0.0, 0.0, 1.0]])
SHAPE = (300, 512, 512)
# Sizes of volumes to rearrange: from a quarter of a megabyte to a gigabyte in float32.
SIZES = [(4, 128, 128), (32, 256, 256), (256, 512, 512), (1024, 512, 512)]

Call = Callable[[], Any]


def both(kind: str, *arguments: object, **options: object) -> tuple[Any, Any]:
    """Return the transformer of hdgpu and that of highdicom."""
    return tuple(getattr(each.spatial, kind)(*arguments, **options) for each in (hdgpu, highdicom))  # type: ignore[return-value]


def mappings(count: int) -> dict[str, tuple[Call, Call]]:
    """Return, for each mapping, the calls of hdgpu and of highdicom."""
    random = np.random.default_rng(0)
    indices = random.integers(0, 512, (count, 2))
    images = random.uniform(0, 512, (count, 2))
    places = random.uniform(0, 299, (count, 3))
    positions = places @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    flat = hdgpu.spatial.ImageToReferenceTransformer(*PLANE)(images).copy(order="C")
    volumes = [each.VolumeGeometry(AFFINE, SHAPE, "PATIENT") for each in (hdgpu, highdicom)]
    given = {
        "pixels to reference": (both("PixelToReferenceTransformer", *PLANE), indices),
        "image to reference": (both("ImageToReferenceTransformer", *PLANE), images),
        "reference to pixels": (both("ReferenceToPixelTransformer", *PLANE), positions),
        "reference to pixels, in plane": (both("ReferenceToPixelTransformer", *PLANE, drop_slice_index=True), flat),
        "reference to pixels, unrounded": (both("ReferenceToPixelTransformer", *PLANE, round_output=False), positions),
        "reference to image": (both("ReferenceToImageTransformer", *PLANE), positions),
        "pixels to pixels": (both("PixelToPixelTransformer", *PLANE, *OTHER), indices),
        "image to image": (both("ImageToImageTransformer", *PLANE, *OTHER), images),
        "volume: indices to reference": ([each.map_indices_to_reference for each in volumes], places),
        "volume: reference to indices": ([each.map_reference_to_indices for each in volumes], positions),
        "volume: rounded, bounds checked": (
            [lambda at, each=each: each.map_reference_to_indices(at, True, True) for each in volumes],
            positions,
        ),
    }
    return {
        name: tuple((lambda each=each, at=at: each(at)) for each in pair)  # type: ignore[misc]
        for name, (pair, at) in given.items()
    }


def timed(call: Call) -> float:
    gc.collect()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def measure_mappings(count: int, rounds: int) -> dict[str, dict[str, object]]:
    results: dict[str, dict[str, object]] = {}
    for name, calls in mappings(count).items():
        ours, theirs = (each() for each in calls)  # and warm up
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1 if ours.dtype == np.int64 else 1e-9)
        del ours, theirs
        seconds: dict[str, list[float]] = {"hdgpu": [], "highdicom": []}
        for _ in range(rounds):
            for times, call in zip(seconds.values(), calls, strict=True):
                times.append(timed(call))
        ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
        results[name] = {
            "seconds": seconds,
            "median_ms": {peer: statistics.median(times) * 1e3 for peer, times in seconds.items()},
            "ratio_to_hdgpu": statistics.median(ratios),
        }
    return results


REARRANGEMENTS: dict[str, Callable[[hdgpu.Volume], hdgpu.Volume]] = {
    "flip": lambda volume: volume.flip_spatial([0, 2]),
    "permute": lambda volume: volume.permute_spatial_axes([2, 0, 1]),
    "crop": lambda volume: volume[1:3, 10:100, 20:-20],
    "crop to a shape": lambda volume: volume.crop_to_spatial_shape((2, 64, 64)),
    "to another orientation": lambda volume: volume.to_patient_orientation("HLA"),
}


def measure_rearrangements(rounds: int) -> dict[str, dict[str, object]]:
    """Time each over volumes of all sizes in turn, and make sure that the result lies in the memory of the volume."""
    volumes = {size: hdgpu.Volume(np.zeros(size, np.float32), AFFINE, "PATIENT") for size in SIZES}
    results: dict[str, dict[str, object]] = {}
    for name, rearrange in REARRANGEMENTS.items():
        seconds: dict[str, list[float]] = {str(size): [] for size in SIZES}
        for _ in range(rounds):
            for size, volume in volumes.items():
                seconds[str(size)].append(timed(functools.partial(rearrange, volume)))
        results[name] = {
            "median_us": {size: statistics.median(times) * 1e6 for size, times in seconds.items()},
            "shares_memory": all(np.shares_memory(rearrange(each).array, each.array) for each in volumes.values()),
        }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    mapped = measure_mappings(options.points, options.rounds)
    rows = [
        [name, *[f"{ms:.1f} ms" for ms in each["median_ms"].values()], f"{each['ratio_to_hdgpu']:.1f}x"]  # type: ignore[attr-defined]
        for name, each in mapped.items()
    ]
    print(table([f"{options.points} points", "hdgpu", "highdicom", "ratio"], rows), end="\n\n")
    rearranged = measure_rearrangements(max(options.rounds, 50))
    rows = [
        [name, *[f"{us:.0f} us" for us in each["median_us"].values()], "yes" if each["shares_memory"] else "NO"]  # type: ignore[attr-defined]
        for name, each in rearranged.items()
    ]
    megabytes = [f"{4 * np.prod(size) / 2**20:g} MiB" for size in SIZES]
    print(table(["volume of", *megabytes, "shares memory"], rows))
    write_json(options.json, {"points": options.points, "mappings": mapped, "rearrangements": rearranged})


if __name__ == "__main__":
    main()
