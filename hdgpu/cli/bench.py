"""``hdgpu bench``: how long the user's own files take, stage by stage, beside a plain pydicom loop."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from hdgpu.cli.selection import add_source_arguments, chosen_series, positive, print_ignored
from hdgpu.cli.table import format_table

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    import numpy as np
    import numpy.typing as npt

    from hdgpu.volume.volume import Volume

__all__ = ["add_parser", "pydicom_loop", "run"]


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the command's options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "bench",
        help="time the loading of a series",
        description="Time the loading of a series by stage, beside a plain pydicom loop over the same files.",
    )
    add_source_arguments(parser, "path")
    parser.add_argument("--repeat", type=positive, default=5, metavar="N", help="timed repetitions (5)")
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 or auto (auto)")
    parser.add_argument("--workers", type=positive, metavar="N", help="decoding threads")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Time and print."""
    from hdgpu.cli.progress import progress
    from hdgpu.image.load import load_volume

    series = chosen_series(arguments.path, arguments.series, arguments.on_error)
    paths = sorted(series.files)

    def load() -> tuple[dict[str, float], Volume]:
        start = time.perf_counter()
        volume = load_volume(
            paths, series=series.series_instance_uid, device=arguments.device, workers=arguments.workers
        )
        whole = time.perf_counter() - start
        stages = dict(volume.report.seconds)
        # what no stage covers
        return {**stages, "other": max(whole - sum(stages.values()), 0.0)}, volume

    # not counted: fills the page cache and loads the libraries
    (_, volume), (failure, looped) = load(), _try_loop(paths)
    print(f"{series.number_of_frames} frames of {series.rows} x {series.columns}, {series.transfer_syntax_name}")
    print(f"{len(paths)} files, {series.size_bytes / 1e6:.1f} MB, in the page cache; medians of {arguments.repeat}")
    print(f"hdgpu on {volume.report.device} with {volume.report.workers} workers")
    print(f"voxels of the pydicom loop: {failure or _compare(volume, looped)}\n")
    del volume, looped
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with progress("timing") as callback:
        for repetition in range(arguments.repeat):
            # by turns, so that a change in the machine's load meets both
            ours.append(load()[0])
            if not failure:
                theirs.append(pydicom_loop(paths)[0])
            if callback is not None:
                callback(repetition + 1, arguments.repeat)
    print(_report(ours, theirs, series.number_of_frames))
    print_ignored(series.ignored)
    return 0


def pydicom_loop(paths: Sequence[str]) -> tuple[dict[str, float], npt.NDArray[np.float32]]:
    """Load files as scripts do: ``dcmread``, ``pixel_array``, rescale, sort along the normal, ``stack``.

    Parameters
    ----------
    paths : sequence of str
        Files of one series.

    Returns
    -------
    dict of str to float
        Seconds for each step.
    numpy.ndarray of float32, shape (frames, rows, columns)
        The stack.
    """
    import numpy as np
    import pydicom

    start = time.perf_counter()
    data_sets = [pydicom.dcmread(path) for path in paths]
    read = time.perf_counter()
    if len(data_sets) > 1:
        data_sets.sort(key=_position_along_normal)
    frames: list[npt.NDArray[np.float32]] = []
    for data_set in data_sets:
        stored = data_set.pixel_array.astype(np.float32)
        values = stored * np.float32(data_set.get("RescaleSlope", 1)) + np.float32(data_set.get("RescaleIntercept", 0))
        frames.extend(values if data_set.get("NumberOfFrames", 1) > 1 else [values])
    decoded = time.perf_counter()
    stack = np.stack(frames)
    stacked = time.perf_counter()
    return {"read": read - start, "decode and rescale": decoded - read, "stack": stacked - decoded}, stack


def _try_loop(paths: Sequence[str]) -> tuple[str, npt.NDArray[np.float32] | None]:
    """Return why the loop fails on these files, or an empty string, and its stack."""
    try:
        return "", pydicom_loop(paths)[1]
    except Exception as error:  # the peer's failure, of whatever kind, is a finding and not ours to raise
        return f"none, it fails: {' '.join(f'{type(error).__name__}: {error}'.split())}", None


def _position_along_normal(data_set: Any) -> float:
    import numpy as np

    row, column = np.reshape(np.asarray(data_set.ImageOrientationPatient, float), (2, 3))
    return float(np.cross(row, column) @ np.asarray(data_set.ImagePositionPatient, float))


def _compare(volume: Volume, looped: npt.NDArray[np.float32] | None) -> str:
    """Say whether both have the same voxels: in the same order or, for a stack held the other way, the reverse."""
    import numpy as np

    from hdgpu.array.interop import to_numpy

    array = to_numpy(volume.array)
    same = looped is not None and (np.array_equal(array, looped) or np.array_equal(array[::-1], looped))
    return "the same" if same else "DIFFERENT"


def _report(ours: list[dict[str, float]], theirs: list[dict[str, float]], frames: int) -> str:
    rows: list[list[str]] = []
    totals = []
    for name, runs in (("hdgpu", ours), ("pydicom loop", theirs)):
        if not runs:
            continue
        rows.extend([name, stage, f"{median(run[stage] for run in runs) * 1e3:.1f}", ""] for stage in runs[0])
        total = median(sum(run.values()) for run in runs)
        rows.append([name, "total", f"{total * 1e3:.1f}", f"{frames / total:.0f}"])
        totals.append(total)
    table = format_table(("loader", "stage", "ms", "frames/s"), rows, right=("ms", "frames/s"))
    return f"{table}\n\nhdgpu is {totals[1] / totals[0]:.1f} times as fast" if theirs else table
