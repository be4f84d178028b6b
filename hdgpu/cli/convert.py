"""``hdgpu convert``: a series into one file with voxels and affine."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hdgpu.cli.selection import add_regrid, add_source_arguments, chosen_series, print_ignored
from hdgpu.errors import MissingDependencyError
from hdgpu.output import atomic_target, refuse_overwrite

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from hdgpu.volume.volume import Volume

__all__ = ["add_parser", "run", "write_volume"]

_DTYPES = ("float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32")


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the command's options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "convert",
        help="convert a series to NIfTI, NPZ or Zarr",
        description="Convert one series. The target's suffix decides the format: " + ", ".join(_WRITERS) + ".",
    )
    add_source_arguments(parser)
    parser.add_argument("destination", metavar="DST", type=_destination, help="file to write")
    parser.add_argument("--dtype", choices=_DTYPES, default="float32", help="data type of the voxels (float32)")
    add_regrid(parser)
    parser.add_argument("--force", action="store_true", help="replace DST if it exists")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Load the volume and write it."""
    import numpy as np

    from hdgpu.cli.progress import progress
    from hdgpu.image.load import load_volume

    refuse_overwrite(arguments.destination, force=arguments.force)
    series = chosen_series(arguments.source, arguments.series, arguments.on_error)
    with progress("decoding") as callback:
        volume = load_volume(series, dtype=np.dtype(arguments.dtype), regrid=arguments.regrid, progress=callback)
    write_volume(volume, arguments.destination, force=arguments.force)
    shape = " x ".join(map(str, volume.array.shape))
    print(f"{arguments.destination}: {shape} {arguments.dtype}, {_megabytes(arguments.destination):.1f} MB")
    print_ignored(series.ignored)
    return 0


def write_volume(volume: Volume, destination: Path, *, force: bool = False) -> None:
    """Write a volume in the format that the suffix names, whole or not at all.

    Parameters
    ----------
    volume : Volume
        On any device.
    destination : Path
        Target; it must not exist unless `force` is set.
    force : bool, optional
        Replace the target.

    Raises
    ------
    SourceError
        If the target exists, or its folder does not.
    MissingDependencyError
        If the format's library is not installed.
    OutputTypeError
        If the format has no such data type.
    """
    with atomic_target(destination, force=force) as path:
        _WRITERS[_suffix(destination)](volume, path)


def _write_nifti(volume: Volume, path: Path) -> None:
    from hdgpu.array.interop import to_numpy
    from hdgpu.cli.nifti import write_nifti

    write_nifti(path, to_numpy(volume.array), volume.affine)


def _write_npz(volume: Volume, path: Path) -> None:
    volume.save(path)


def _write_zarr(volume: Volume, path: Path) -> None:
    """Write one Zarr array, a chunk for each slice, with the geometry among its attributes."""
    try:
        import zarr
    except ImportError as error:
        raise MissingDependencyError(
            "zarr is not installed", source=path.name, remedy='Install it with `pip install "hdgpu[zarr]"`.'
        ) from error
    from hdgpu.array.interop import to_numpy

    array = to_numpy(volume.array)
    zarr.create_array(
        path,
        data=array,
        chunks=(1, *array.shape[1:]),
        attributes={
            "affine": volume.affine.tolist(),
            "spacing": [float(value) for value in volume.spacing],
            "coordinate_system": volume.coordinate_system.value,
        },
    )


_WRITERS: dict[str, Callable[[Volume, Path], None]] = {
    ".nii": _write_nifti,
    ".nii.gz": _write_nifti,
    ".npz": _write_npz,
    ".zarr": _write_zarr,
}


def _suffix(path: Path) -> str:
    return next((suffix for suffix in _WRITERS if path.name.lower().endswith(suffix)), "")


def _destination(text: str) -> Path:
    path = Path(text)
    if not _suffix(path):
        raise argparse.ArgumentTypeError(f"{text}: the suffix must be one of {', '.join(_WRITERS)}")
    return path


def _megabytes(path: Path) -> float:
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files) / 1e6
