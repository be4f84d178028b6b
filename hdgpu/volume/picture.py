"""Pictures of a volume: its three mid-planes side by side."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.functions import dtype_name, native_dtype
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array, array_namespace

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from hdgpu.volume.volume import Volume

__all__ = ["draw_mid_planes", "mid_planes"]

_GAP_PIXELS = 4
_PERCENTILES = (1, 99)


def draw_mid_planes(volume: Volume, *, window: tuple[float, float] | None = None, longest_pixels: int = 512) -> Picture:
    """Draw the axial, coronal and sagittal mid-plane side by side, in true proportions.

    Parameters
    ----------
    volume : Volume
        On any device, of no channel or of three (red, green, blue).
    window : (float, float), optional
        Center and width in the units of the voxels; by default the 1st to the 99th percentile of what is shown.
    longest_pixels : int, optional
        Pixels along the volume's longest edge.

    Returns
    -------
    PIL.Image.Image
        8-bit grey, or RGB.
    """
    from PIL import Image

    planes = mid_planes(volume)
    low, high = _grey_range([plane for plane, _ in planes], window)
    longest = max(length * step for plane, steps in planes for length, step in zip(plane.shape, steps, strict=False))
    pictures = []
    for plane, steps in planes:
        picture = Image.fromarray(_to_bytes(plane, low, high))
        height, width = (
            max(1, round(length * step * longest_pixels / longest))
            for length, step in zip(plane.shape, steps, strict=False)
        )
        pictures.append(picture.resize((width, height), Image.Resampling.BILINEAR))
    return _side_by_side(pictures)


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
        plane = _on_host(array[tuple(index)])
        if axes[down] > axes[right]:
            plane = plane.swapaxes(0, 1)
        plane = plane[:: -1 if flipped[down] else 1, :: -1 if flipped[right] else 1]
        planes.append((plane, (float(steps[down]), float(steps[right]))))
    return planes


def _on_host(plane: Array) -> npt.NDArray[Any]:
    """Return the plane as a NumPy array, which has no bfloat16."""
    if dtype_name(plane.dtype) == "bfloat16":
        plane = array_namespace(plane).astype(plane, native_dtype(plane, "float32"))
    return to_numpy(plane)


def _nearest_axes(directions: npt.NDArray[np.float64]) -> tuple[int, ...]:
    """Return which array axis runs along z, which along y and which along x: each one once."""
    return max(
        permutations(range(3)),
        key=lambda axes: sum(abs(directions[world, axis]) for world, axis in zip((2, 1, 0), axes, strict=True)),
    )


def _grey_range(planes: list[npt.NDArray[Any]], window: tuple[float, float] | None) -> tuple[float, float]:
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
    scaled = (plane.astype(np.float64) - low) * (255 / (high - low) if high > low else 0.0)
    return np.ascontiguousarray(np.nan_to_num(scaled, posinf=255).clip(0, 255).round().astype(np.uint8))


def _side_by_side(pictures: list[Picture]) -> Picture:
    from PIL import Image

    width = sum(picture.width for picture in pictures) + _GAP_PIXELS * (len(pictures) - 1)
    height = max(picture.height for picture in pictures)
    result = Image.new(pictures[0].mode, (width, height))
    left = 0
    for picture in pictures:
        result.paste(picture, (left, (height - picture.height) // 2))
        left += picture.width + _GAP_PIXELS
    return result
