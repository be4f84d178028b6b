"""Files on disk to a float32 volume on the GPU: hdgpu beside what people use today.

All of them load the same files in the same process, one after the other, round after round; the files are in the page
cache.  The series are a real one, if a folder is given, and two noisy phantoms of 512 x 512 x 600 and 2048 x 2048 x 64,
each written once in every transfer syntax into benchmarks/data/.  A peer that is missing, or that cannot decode a
transfer syntax or gives other voxels, is left blank, and the reason is printed.

- highdicom, and then `cupy.asarray`;
- pydicom, with imagecodecs in threads, and then `cupy.asarray`;
- pydicom with nvImageCodec's plugin, frame by frame;
- nvImageCodec, the fair rival: one decoder, batches, `cupy.stack` and a rescale on the device;
- decode alone: nvImageCodec's part of that, from memory.

    python benchmarks/series_gpu.py [--series FOLDER] [--quick] [--sweep] [--json benchmarks/results/series_<gpu>.json]

What was found is written after every variant.  After `--deadline` seconds peers get no more turns, and hdgpu one each.
`--small --device cpu` runs all of it on small series, on the host.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from common import gpu_name, table, write_json

sys.path.insert(0, str(Path(__file__).parents[1]))

import pydicom
from device_timing import bus_bandwidth, gpu, wall_seconds
from series_files import SYNTAXES, variants, write_phantom
from series_peers import NVIMGCODEC, Loader, Place, Rival, in_order, peers, stream_of

import hdgpu
from hdgpu.array.interop import to_numpy
from hdgpu.codecs.device import nvimgcodec
from hdgpu.frames import device_engine
from hdgpu.frames.device_lane import STAGES

warnings.simplefilter("ignore")
DATA = Path(__file__).parent / "data"
ALONE = "decode alone"
# Slices, and rows and columns: of a CT, and of large frames.
PHANTOMS = {"ct": (600, 512), "large": (64, 2048)}
QUICK = {"ct": (300, 512), "large": (16, 2048)}
SMALL = {"ct": (6, 32)}
# A call that takes so many seconds needs no other one to warm up.
SLOW = 3.0
# How far lossy frames may be apart, in stored values.
LOSSY = 3


class Turns:
    """The peers that load one variant, their times, and why some have none.

    Parameters
    ----------
    loaders : dict of str to callable
    paths : sequence of Path
    most_seconds : float
        After which a peer takes no further turn.
    until : float
        Time of the clock after which none but hdgpu takes a turn.
    """

    def __init__(
        self, loaders: dict[str, Loader], paths: Sequence[Path], most_seconds: float, until: float = float("inf")
    ) -> None:
        self.seconds: dict[str, list[float]] = {name: [] for name in loaders}
        self.reasons: dict[str, str] = {}
        self._loaders = loaders
        self._paths = paths
        self._most = most_seconds
        self._until = until

    def _is_late(self, name: str) -> bool:
        return name != "hdgpu" and time.monotonic() > self._until

    def first(self, check: Callable[[str, Any], str]) -> None:
        """Let each load once; those that fail, or give other voxels, take no further turn."""
        for name, load in self._loaders.items():
            if self._is_late(name):
                self.reasons[name] = "there was no time left"
                continue
            gc.collect()
            try:
                elapsed, array = wall_seconds(lambda load=load: load(self._paths))
                wrong = check(name, array)
            except Exception as error:  # a peer's failure, of whatever kind, is a finding
                wrong = f"{type(error).__name__}: {' '.join(str(error).split())}"
            if wrong:
                self.reasons[name] = wrong
            elif elapsed >= SLOW and name != "hdgpu":  # whose first turn compiles kernels and tries decoders
                self.seconds[name].append(elapsed)
            array = None

    def next(self) -> None:
        """Let each load once more."""
        for name, load in self._loaders.items():
            spent = self.seconds[name]
            if name in self.reasons or (spent and (sum(spent) >= self._most or self._is_late(name))):
                continue
            gc.collect()
            spent.append(wall_seconds(lambda load=load: load(self._paths))[0])

    def medians(self) -> dict[str, float]:
        """Return the median of each peer that has any times."""
        return {name: statistics.median(times) for name, times in self.seconds.items() if times}


def measure(
    series: str, syntax: str, paths: Sequence[Path], place: Place, options: argparse.Namespace, until: float
) -> dict[str, Any]:
    """Time all over one variant."""
    expected = hdgpu.load_volume(paths[0].parent, device="cpu").array
    reports: list[Any] = []

    def ours(paths: Sequence[Path]) -> Any:
        volume = hdgpu.load_volume(paths[0].parent, device=place.device)
        reports.append(volume.report)
        return volume.array

    loaders: dict[str, Loader] = {"hdgpu": ours, **peers(place, options.batch)}
    if syntax in NVIMGCODEC:
        streams = [stream_of(dataset) for dataset in in_order([pydicom.dcmread(path) for path in paths])]
        rival = Rival(place, options.batch)
        loaders[ALONE] = lambda paths: rival.decode(streams)
    turns = Turns(loaders, paths, SLOW if options.quick else float("inf"), until)
    # of lossy frames, in the units of the volume
    most = LOSSY * abs(float(pydicom.dcmread(paths[0]).get("RescaleSlope", 1))) if syntax == "JPEG baseline" else 0.0
    turns.first(lambda name, array: "" if name == ALONE else difference(to_numpy(array), expected, most))
    found = {"series": series, "syntax": syntax, "shape": list(expected.shape), "reasons": turns.reasons}
    if "hdgpu" in turns.reasons:  # the other variants are measured all the same
        return {**found, "stages": {}, "routes": {}, "seconds": turns.seconds, "median_seconds": turns.medians()}
    del reports[:]
    for _ in range(options.rounds):
        turns.next()
    stages = {name: statistics.median(report.seconds[name] for report in reports) for name in reports[-1].seconds}
    return {
        **found,
        "stored_bytes": reports[-1].encoded_bytes,
        "routes": reports[-1].frames_per_route,
        "host_reasons": reports[-1].host_reasons,
        "batch_frames": reports[-1].batch_frames,
        "stages": stages,
        "seconds": turns.seconds,
        "median_seconds": turns.medians(),
    }


def difference(array: np.ndarray, expected: np.ndarray, most: float) -> str:
    """Say how a volume differs from the host's by more than `most`; nothing where it does not, from either end."""
    if array.shape != expected.shape:
        return f"gives the shape {array.shape}"
    apart = float("inf")
    for each in (array, array[::-1]):
        apart = min(apart, float(np.abs(each - expected).max()))
        if apart <= most:
            return ""
    return f"gives other voxels, by up to {apart:g}"


# --- Goals ------------------------------------------------------------------------------------------------------------


def goals_of(result: dict[str, Any], bus: float | None) -> dict[str, bool]:
    """Return which of the goals of a variant are reached, by what they say."""
    medians, syntax = result["median_seconds"], result["syntax"]
    ours = medians.get("hdgpu")
    if ours is None:
        return {"the host's voxels": False}
    reached: dict[str, bool] = {}
    if syntax == "native" and bus is not None:
        reached["80% of the bus"] = result["stored_bytes"] / ours >= 0.8 * bus
        moving = sum(result["stages"].get(stage, 0.0) for stage in STAGES)
        reached["80% of the bus, once planned"] = result["stored_bytes"] / moving >= 0.8 * bus
    if syntax in ("JPEG 2000", "HTJ2K") and "highdicom" in medians:
        reached["50x highdicom"] = medians["highdicom"] >= 50 * ours
    if "nvImageCodec" in medians:
        reached["not slower than nvImageCodec"] = medians["nvImageCodec"] >= ours
        reached["1.5x nvImageCodec"] = medians["nvImageCodec"] >= 1.5 * ours
    if ALONE in medians:
        reached["1.2 times the decoding"] = ours <= 1.2 * medians[ALONE]
    return reached


def times_row(result: dict[str, Any], names: Sequence[str]) -> list[object]:
    """Return a row of times, with how many times as long as hdgpu each takes."""
    medians = result["median_seconds"]
    if "hdgpu" not in medians:
        return [result["series"], result["syntax"], "FAILS", *[""] * (len(names) + 1)]
    ours = medians["hdgpu"]
    cells = [f"{medians[name] * 1e3:.1f} ms, {medians[name] / ours:.1f}x" if name in medians else "" for name in names]
    rate = result["stored_bytes"] / ours / 1e9
    return [result["series"], result["syntax"], f"{ours * 1e3:.1f} ms", f"{rate:.2f} GB/s", *cells]


def report(results: Sequence[dict[str, Any]], bus: float | None) -> tuple[str, int, int]:
    """Return all tables as text, and how many goals there are, and are missed."""
    names = [name for name in results[0]["seconds"] if name not in ("hdgpu", ALONE)]
    names.append(ALONE)
    titles = ["series", "syntax", "hdgpu", "stored", *names]
    parts = [table(titles, [times_row(result, names) for result in results])]
    stages = list(dict.fromkeys(stage for result in results for stage in result["stages"]))
    rows = [
        [
            result["series"], result["syntax"],
            *(f"{result['stages'][stage] * 1e3:.1f} ms" if stage in result["stages"] else "" for stage in stages),
            ", ".join(f"{count} {route}" for route, count in result["routes"].items()),
        ]
        for result in results
    ]  # fmt: skip
    parts.append(table(["series", "syntax", *stages, "frames by decoder"], rows))
    blanks = {
        f"{name}, {result['syntax']}: {reason[:150]}"
        for result in results
        for name, reason in result["reasons"].items()
    }
    parts.append("\n".join(["blank:", *sorted(blanks)]))
    asked = [(result, goal, holds) for result in results for goal, holds in goals_of(result, bus).items()]
    goals = [[result["series"], result["syntax"], goal, "yes" if holds else "NO"] for result, goal, holds in asked]
    parts.append(table(["series", "syntax", "goal", ""], goals))
    return "\n\n".join(parts), len(asked), sum(not holds for *_, holds in asked)


# --- Settings ---------------------------------------------------------------------------------------------------------


def sweep(paths: Sequence[Path], syntax: str, place: Place) -> list[dict[str, Any]]:
    """Time sizes of batches, lanes and threads, three loads of each; the fastest come first.

    The threads are those of nvImageCodec's decoders where it decodes, and those that read, elsewhere.
    """
    cores = len(os.sched_getaffinity(0))
    some = sorted({max(1, cores // 4), max(1, cores // 2), cores})
    threads = [(cores, each) for each in some] if syntax in NVIMGCODEC else [(each, 0) for each in some]
    tried = []
    for frames, lanes, (workers, decoder_threads) in product((16, 64, 256), (1, 2, 3), threads):
        place.release()  # decoders that were made before have the threads that they have
        bounds = {"MOST_FRAMES": frames, "LANES": lanes, "MOST_BYTES": sys.maxsize, "MOST_STAGED_BYTES": sys.maxsize}
        with (
            mock.patch.multiple(device_engine, **bounds),
            mock.patch.object(nvimgcodec, "DECODER_THREADS", decoder_threads),
        ):
            times = [
                wall_seconds(lambda n=workers: hdgpu.load_volume(paths[0].parent, device=place.device, workers=n))[0]
                for _ in range(3)
            ]
        setting = {"batch": frames, "lanes": lanes, "workers": workers, "decoder threads": decoder_threads}
        tried.append({**setting, "seconds": statistics.median(times)})
    place.release()
    return sorted(tried, key=lambda each: each["seconds"])


def native_series(options: argparse.Namespace) -> dict[str, list[Path]]:
    """Return the native files of each series, by a name that tells its size."""
    phantoms = SMALL if options.small else QUICK if options.quick else PHANTOMS
    found = {}
    if options.series:
        found[options.series.name] = sorted(path for path in options.series.iterdir() if path.is_file())
    for name, (slices, size) in phantoms.items():
        label = f"{name}_{size}x{size}x{slices}"
        found[label] = write_phantom(options.data / label / "source", slices, size)
    return found


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, help="folder of one native series of single-frame files")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=SYNTAXES, action="append", help="this transfer syntax; may be repeated")
    parser.add_argument("--batch", type=int, default=256, help="frames of a call of nvImageCodec (256)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--data", type=Path, default=DATA, help="folder for the files that are written")
    parser.add_argument("--quick", action="store_true", help="fewer slices, and no more turns for what is slow")
    parser.add_argument("--small", action="store_true", help="six slices of 32 x 32")
    parser.add_argument("--sweep", action="store_true", help="try sizes of batches, lanes and threads as well")
    parser.add_argument("--deadline", type=float, default=float("inf"), help="seconds after which peers wait")
    parser.add_argument("--json", type=Path)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    options = arguments_of(given)
    on_gpu = options.device == "cuda"
    if on_gpu and gpu_name() is None:
        print("There is no CUDA device that CuPy can use: run `hdgpu doctor`.")
        return 2
    place, bus = Place(options.device), bus_bandwidth() if on_gpu else None
    if bus is not None:
        print(f"{gpu()['name']}: a copy from pinned memory moves {bus / 1e9:.1f} GB/s", flush=True)
    until = time.monotonic() + options.deadline
    results, swept, unwritten = [], {}, []
    for series, native in native_series(options).items():
        for syntax, files in variants(series, native, options.data, options.only or list(SYNTAXES)):
            if isinstance(files, Exception):
                unwritten.append(f"{series} is not written as {syntax}: {files}")
                continue
            print(f"{series}, {syntax}", flush=True)
            results.append(measure(series, syntax, files, place, options, until))
            if options.sweep:
                swept[f"{series}, {syntax}"] = sweep(files, syntax, place)
            judged = [{**each, "goals": goals_of(each, bus)} for each in results]
            device = {"gpu": gpu() if on_gpu else None, "bus_bytes_per_second": bus}
            write_json(options.json, {**device, "results": judged, "sweep": swept})
    text, asked, missed = report(results, bus)
    print("\n" + "\n".join([*unwritten, text]))
    for name, tried in swept.items():
        rows = [[*list(each.values())[:-1], f"{each['seconds'] * 1e3:.1f} ms"] for each in tried[:5]]
        print(f"\n{name}, the fastest of {len(tried)}\n" + table(list(tried[0]), rows))
    print(f"\n{missed} of {asked} goals missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
