"""``hdgpu preview``: the three mid-planes of a series in one picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hdgpu.cli.selection import add_regrid, add_source_arguments, chosen_series, print_ignored
from hdgpu.errors import HdgpuError
from hdgpu.output import atomic_target, refuse_overwrite

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from hdgpu.volume.volume import Volume

__all__ = ["add_parser", "run", "write_preview"]


def add_parser(subparsers: _SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the command's options."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "preview",
        help="draw the three mid-planes of a series",
        description="Draw the axial, coronal and sagittal mid-plane side by side, in true proportions.",
    )
    add_source_arguments(parser)
    parser.add_argument("destination", metavar="OUT.png", type=_png, help="picture to write")
    parser.add_argument(
        "--window",
        nargs=2,
        type=float,
        metavar=("CENTER", "WIDTH"),
        help="grey levels, in the units of the voxels (default: from the 1st to the 99th percentile)",
    )
    add_regrid(parser)
    parser.add_argument("--force", action="store_true", help="replace OUT.png if it exists")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Load the volume and draw it."""
    from hdgpu.cli.progress import progress
    from hdgpu.image.load import load_volume

    if arguments.window is not None and arguments.window[1] <= 0:
        raise HdgpuError("the window's width must be positive", found=arguments.window[1])
    refuse_overwrite(arguments.destination, force=arguments.force)
    series = chosen_series(arguments.source, arguments.series, arguments.on_error)
    with progress("decoding") as callback:
        volume = load_volume(series, regrid=arguments.regrid, progress=callback)
    width, height = write_preview(volume, arguments.destination, window=arguments.window, force=arguments.force)
    print(f"{arguments.destination}: {width} x {height} pixels")
    print_ignored(series.ignored)
    return 0


def write_preview(
    volume: Volume, destination: Path, *, window: tuple[float, float] | None = None, force: bool = False
) -> tuple[int, int]:
    """Write the three mid-planes as PNG.

    Parameters
    ----------
    volume : Volume
        On any device, of one channel or of three (red, green, blue).
    destination : Path
        Target; it must not exist unless `force` is set.
    window : (float, float), optional
        Center and width in the units of the voxels; by default the 1st to the 99th percentile of what is shown.
    force : bool, optional
        Replace the target.

    Returns
    -------
    (int, int)
        Width and height of the picture in pixels.
    """
    from hdgpu.volume.picture import draw_mid_planes

    picture = draw_mid_planes(volume, window=window)
    with atomic_target(destination, force=force) as path:
        picture.save(path)
    return picture.size


def _png(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text}: the suffix must be .png")
    return path
