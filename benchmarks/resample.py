"""Resampling a volume on the host: hdgpu beside SimpleITK and SciPy, with the same threads where they use any.

256 x 256 x 256 voxels of 1 mm in int16 and in float32, from array to array: to 1.5 mm, to 0.7 mm, and onto a grid of
the same size turned by 25 degrees.  All peers compute the same voxels in the same process, one after the other, round
after round.  SimpleITK is given its image, and asked for one: the copies from and to NumPy are not counted.  Printed
are medians and the median ratio of each round's times.

    python benchmarks/resample.py [--rounds 7] [--json benchmarks/results/resample.json]
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK
from common import table, write_json
from scipy import ndimage
from scipy.spatial.transform import Rotation

import hdgpu

SIZE = 256
CASES = ("to 1.5 mm", "to 0.7 mm", "turned")
SITK_INTERPOLATORS = {
    "nearest": SimpleITK.sitkNearestNeighbor,
    "linear": SimpleITK.sitkLinear,
    "cubic": SimpleITK.sitkBSpline,
}
ORDERS = {"nearest": 0, "linear": 1, "cubic": 3}


def sample(dtype: str) -> hdgpu.Volume:
    """Return smooth noise of the range of a CT."""
    noise = np.random.default_rng(0).standard_normal((SIZE,) * 3, dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, 2)
    return hdgpu.Volume((smooth * (500 / smooth.std())).astype(dtype), np.eye(4), "PATIENT")


def target(volume: hdgpu.Volume, case: str) -> hdgpu.VolumeGeometry:
    """Return the grid of a case."""
    if case == "turned":
        return hdgpu.VolumeGeometry.from_components(
            volume.spatial_shape,
            spacing=1.0,
            center_position=volume.center_position,
            direction=Rotation.from_rotvec(np.deg2rad(25) * np.array([2, 3, 6]) / 7).as_matrix(),
            coordinate_system="PATIENT",
        )
    return volume.resample(spacing=float(case.split()[1]), interpolation="nearest").get_geometry()


def with_hdgpu(volume: hdgpu.Volume, grid: hdgpu.VolumeGeometry, kind: str) -> Callable[[], np.ndarray]:
    return lambda: volume.resample(geometry=grid, interpolation=kind).array


def with_simpleitk(volume: hdgpu.Volume, grid: hdgpu.VolumeGeometry, kind: str) -> Callable[[], SimpleITK.Image]:
    # array axes 2, 1, 0 are SimpleITK's x, y, z; the axes of space are taken in the same order
    image = SimpleITK.GetImageFromArray(volume.array)
    change = np.fliplr(np.eye(3))
    resampler = SimpleITK.ResampleImageFilter()
    resampler.SetInterpolator(SITK_INTERPOLATORS[kind])
    resampler.SetSize(grid.spatial_shape[::-1])
    resampler.SetOutputSpacing(grid.spacing[::-1])
    resampler.SetOutputOrigin((change @ np.array(grid.position)).tolist())
    resampler.SetOutputDirection((change @ grid.direction @ change).ravel().tolist())
    return lambda: resampler.Execute(image)


def with_scipy(volume: hdgpu.Volume, grid: hdgpu.VolumeGeometry, kind: str) -> Callable[[], np.ndarray]:
    matrix = volume.inverse_affine @ grid.affine
    steps = matrix[:3, :3]
    # a diagonal, given as such, is interpolated along one axis after another
    steps = steps.diagonal() if np.count_nonzero(np.round(steps, 9)) == 3 else steps
    return lambda: ndimage.affine_transform(
        volume.array, steps, matrix[:3, 3], grid.spatial_shape, order=ORDERS[kind], mode="mirror"
    )


PEERS = {"hdgpu": with_hdgpu, "SimpleITK": with_simpleitk, "SciPy": with_scipy}


def assert_alike(kind: str, results: dict[str, np.ndarray]) -> None:
    """Integers are rounded here and cut off there; at the border and halfway between voxels conventions differ."""
    inner = (slice(SIZE // 3, SIZE // 2),) * 3
    ours = results["hdgpu"][inner].astype(float)
    tolerance = 1.01 if results["hdgpu"].dtype.kind == "i" else 0.05
    for peer, theirs in results.items():
        apart = np.abs(theirs[inner].astype(float) - ours) > tolerance
        assert apart.mean() < (0.2 if kind == "nearest" else 1e-6), f"{peer} gives other voxels"


def measure(volume: hdgpu.Volume, case: str, kind: str, rounds: int) -> dict[str, object]:
    """Time all peers over one case."""
    grid = target(volume, case)
    peers = {name: make(volume, grid, kind) for name, make in PEERS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for round_ in range(rounds + 1):  # the first one warms up
        results = {}
        for name, run in peers.items():
            if name == "SciPy" and round_ > 2:  # takes ten times as long, and varies little
                continue
            gc.collect()
            started = time.perf_counter()
            result = run()
            seconds[name].append(time.perf_counter() - started)
            if round_ == 0:
                array = SimpleITK.GetArrayFromImage(result) if name == "SimpleITK" else result
                results[name] = array
            del result
        if round_ == 0:
            assert_alike(kind, results)
    dtype = volume.dtype.name
    return {"case": case, "dtype": dtype, "interpolation": kind, "seconds": {n: t[1:] for n, t in seconds.items()}}


def summarise(result: dict[str, object]) -> list[object]:
    """Return one row: medians, and the median over the rounds of the ratio of each peer to hdgpu."""
    seconds: dict[str, list[float]] = result["seconds"]  # type: ignore[assignment]
    medians = {peer: statistics.median(times) for peer, times in seconds.items()}
    ratios = {
        peer: statistics.median(theirs / ours for theirs, ours in zip(times, seconds["hdgpu"], strict=False))
        for peer, times in seconds.items()
        if peer != "hdgpu"
    }
    result["median_seconds"], result["ratio_to_hdgpu"] = medians, ratios
    names = [result["case"], result["dtype"], result["interpolation"]]
    return [
        *names,
        *(f"{each * 1e3:.0f} ms" for each in medians.values()),
        *(f"{each:.1f}x" for each in ratios.values()),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=ORDERS, action="append", help="this interpolation alone; may be repeated")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    workers = len(os.sched_getaffinity(0))
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(workers)
    results = []
    for dtype in ("int16", "float32"):
        volume = sample(dtype)
        for case in CASES:
            results += [measure(volume, case, kind, options.rounds) for kind in options.only or ORDERS]
    rows = [summarise(result) for result in results]
    print(table(["case", "type", "interpolation", *PEERS, *[f"vs {peer}" for peer in list(PEERS)[1:]]], rows))
    write_json(options.json, {"size": SIZE, "workers": workers, "results": results})


if __name__ == "__main__":
    main()
