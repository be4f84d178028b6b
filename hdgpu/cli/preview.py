"""``hdgpu preview``: the three mid-planes of a series in one picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdgpu.cli.output import atomic_target, refuse_overwrite
from hdgpu.cli.selection import add_source_arguments, chosen_series
from hdgpu.errors import HdgpuError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    import numpy as np
    import numpy.typing as npt

    from hdgpu.volume.volume import Volume

__all__ = ["add_parser", "mid_planes", "run", "write_preview"]

_PLANE_PIXELS = 512
_GAP_PIXELS = 4
_PERCENTILES = (1, 99)


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
    parser.add_argument("--force", action="store_true", help="replace OUT.png if it exists")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Load the volume and draw it."""
    from hdgpu.cli.progress import progress
    from hdgpu.image.load import load_volume

    if arguments.window is not None and arguments.window[1] <= 0:
        raise HdgpuError("the window's width must be positive", found=arguments.window[1])
    refuse_overwrite(arguments.destination, force=arguments.force)
    series = chosen_series(arguments.source, arguments.series)
    with progress("decoding") as callback:
        volume = load_volume(series, progress=callback)
    width, height = write_preview(volume, arguments.destination, window=arguments.window, force=arguments.force)
    print(f"{arguments.destination}: {width} x {height} pixels")
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
    from PIL import Image

    planes = mid_planes(volume)
    low, high = _grey_range([plane for plane, _ in planes], window)
    longest = max(length * step for plane, steps in planes for length, step in zip(plane.shape, steps, strict=False))
    pictures = []
    for plane, steps in planes:
        grey = Image.fromarray(_to_bytes(plane, low, high))
        height, width = (
            max(1, round(length * step * _PLANE_PIXELS / longest))
            for length, step in zip(plane.shape, steps, strict=False)
        )
        pictures.append(grey.resize((width, height), Image.Resampling.BILINEAR))
    picture = _side_by_side(pictures)
    size: tuple[int, int] = picture.size
    with atomic_target(destination, force=force) as path:
        picture.save(path)
    return size


def mid_planes(volume: Volume) -> list[tuple[npt.NDArray[Any], tuple[float, float]]]:
    """Cut the axial, coronal and sagittal plane through the middle.

    The patient's right is at the left of the picture, superior is up and anterior is up or at the left, as
    radiologists hold it.  An oblique volume is turned to the nearest axes, not resampled.

    Parameters
    ----------
    volume : Volume
        On any device.

    Returns
    -------
    list of (numpy.ndarray, (float, float))
        For each plane its voxels, shape (height, width) or (height, width, 3), and the millimetres from one voxel to
        the next, downwards and to the right.
    """
    import numpy as np

    from hdgpu.array.interop import to_numpy

    affine = np.asarray(volume.affine, np.float64)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    array, axes = volume.array, _nearest_axes(affine[:3, :3] / spacing)
    steps = spacing[list(axes)]
    # downwards in the picture: to inferior (-z) and to posterior (+y); to the right: to the patient's left (+x)
    flipped = [affine[world, axis] * sign < 0 for world, axis, sign in zip((2, 1, 0), axes, (-1, 1, 1), strict=True)]
    planes = []
    for across in range(3):
        index: list[Any] = [slice(None)] * 3
        index[axes[across]] = array.shape[axes[across]] // 2
        down, right = (number for number in range(3) if number != across)
        plane = to_numpy(array[tuple(index)])
        if axes[down] > axes[right]:
            plane = plane.swapaxes(0, 1)
        plane = plane[:: -1 if flipped[down] else 1, :: -1 if flipped[right] else 1]
        planes.append((plane, (float(steps[down]), float(steps[right]))))
    return planes


def _nearest_axes(directions: npt.NDArray[np.float64]) -> tuple[int, ...]:
    """Return which array axis runs along z, which along y and which along x: each one once."""
    from itertools import permutations

    return max(
        permutations(range(3)),
        key=lambda axes: sum(abs(directions[world, axis]) for world, axis in zip((2, 1, 0), axes, strict=True)),
    )


def _grey_range(planes: list[npt.NDArray[Any]], window: tuple[float, float] | None) -> tuple[float, float]:
    import numpy as np

    if window is not None:
        center, width = window
        return center - width / 2, center + width / 2
    if planes[0].ndim == 3:
        return 0.0, 255.0
    values = np.concatenate([plane.ravel() for plane in planes]).astype(np.float64)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, _PERCENTILES) if values.size else (0.0, 1.0)
    return float(low), float(high)


def _to_bytes(plane: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    import numpy as np

    scaled = (plane.astype(np.float64) - low) * (255 / (high - low) if high > low else 0.0)
    return np.ascontiguousarray(np.nan_to_num(scaled, posinf=255).clip(0, 255).round().astype(np.uint8))


def _side_by_side(pictures: list[Any]) -> Any:
    from PIL import Image

    width = sum(picture.width for picture in pictures) + _GAP_PIXELS * (len(pictures) - 1)
    height = max(picture.height for picture in pictures)
    result = Image.new(pictures[0].mode, (width, height))
    left = 0
    for picture in pictures:
        result.paste(picture, (left, (height - picture.height) // 2))
        left += picture.width + _GAP_PIXELS
    return result


def _png(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text}: the suffix must be .png")
    return path
