"""Tetrahedral interpolation of colours in a three-dimensional table: integers only, the same bits everywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import CPU, Device, device_of, on_device_of
from hdgpu.array.functions import clamp, dtype_name
from hdgpu.array.kernels import element_strides, grid_for, launch, program, takes, type_name
from hdgpu.array.namespace import Array, Namespace, array_namespace, is_array, is_cupy_array, native_device
from hdgpu.errors import UnsupportedPixelError
from hdgpu.pixels.grid import Places, pixel_grids
from hdgpu.pixels.reference import upload

__all__ = ["FRACTION_BITS", "LARGEST_NODE", "ONE", "IccTable", "apply_table", "check_colors", "scatter_colors"]

FRACTION_BITS = 14
"""Bits of the position within a cell of the table."""

ONE = 1 << 15
"""Value of a node that stands for 1.0."""

LARGEST_NODE = (1 << 17) - 1
"""Largest magnitude of a node: interpolated with 14 bits, and rounded, it stays within 32 bits."""

_CELL = 1 << FRACTION_BITS
# Pixels at a time.  The intermediates take about 120 bytes for each: few enough to stay in a cache on the host, many
# enough on a device that a launch is worth it.
_HOST_BLOCK = 1 << 15
_DEVICE_BLOCK = 1 << 20
# Pixels that a thread of the kernel takes.
_RUN = 4


@dataclass(frozen=True, eq=False, slots=True)
class IccTable:
    """Colour transform from 8-bit RGB to 8-bit sRGB, sampled at the nodes of a cubic grid.

    What a kernel has to compute for a pixel ``(r, g, b)``, in 32-bit integers::

        lowest  = corners[0, r] + corners[1, g] + corners[2, b]
        x, y, z = fractions[0, r], fractions[1, g], fractions[2, b]
        step    = (points * points, points, 1)

    Order the axes by their fractions, ``f[i] >= f[j] >= f[k]``; which of two equal ones goes first makes no difference.
    Then, for each channel::

        total = (nodes[lowest]                           * (2**14 - f[i])
               + nodes[lowest + step[i]]                 * (f[i] - f[j])
               + nodes[lowest + step[i] + step[j]]       * (f[j] - f[k])
               + nodes[lowest + points * points + points + 1] * f[k])
        value = output[min(max((total + 2**13) >> 14, 0), 2**15)]

    ``>>`` rounds towards minus infinity, so a half is rounded up.  Nothing exceeds 32 bits.

    Attributes
    ----------
    points : int
        Nodes along each axis of the grid.
    corners : numpy.ndarray
        (3, 256) int32: what each stored value of each channel adds to the index of the lowest node of its cell.
    fractions : numpy.ndarray
        (3, 256) int32: its position within the cell, 0 to 2**14 inclusive.
    nodes : numpy.ndarray
        (points**3, 3) int32: output at the nodes, red slowest; 2**15 stands for 1.0.  In linear light they may lie
        beyond 0 and 1, and only what comes out of the interpolation is brought back.
    output : numpy.ndarray
        (2**15 + 1,) uint8: from interpolated value to sRGB.
    largest_error : int
        Largest difference from LittleCMS, of 255, that was seen when the table was made.
    mean_error : float
        Mean of these differences.
    """

    points: int
    corners: npt.NDArray[np.int32]
    fractions: npt.NDArray[np.int32]
    nodes: npt.NDArray[np.int32]
    output: npt.NDArray[np.uint8]
    largest_error: int = 0
    mean_error: float = 0.0

    @classmethod
    def of(
        cls, positions: npt.NDArray[np.float64], values: npt.NDArray[np.float64], output: npt.NDArray[np.uint8]
    ) -> IccTable:
        """Round to integers.

        Parameters
        ----------
        positions : numpy.ndarray
            (3, 256) float64: place of each stored value along the grid, 0 to 1.
        values : numpy.ndarray
            (points**3, 3) float64: output at the nodes, red slowest.
        output : numpy.ndarray
            (2**15 + 1,) uint8.

        Examples
        --------
        A table that leaves all colours as they are needs two nodes along each axis:

        >>> positions = np.tile(np.arange(256) / 255, (3, 1))
        >>> values = np.indices((2, 2, 2)).reshape(3, -1).T
        >>> table = IccTable.of(positions, values, np.rint(np.arange(ONE + 1) * 255 / ONE).astype(np.uint8))
        >>> apply_table(table, np.array([1, 20, 255], dtype=np.uint8))
        array([  1,  20, 255], dtype=uint8)
        """
        points = round(len(values) ** (1 / 3))
        places = np.rint(np.clip(positions, 0, 1) * ((points - 1) * _CELL)).astype(np.int32)
        cells = np.minimum(places >> FRACTION_BITS, points - 2)
        steps = np.array([[points * points], [points], [1]], dtype=np.int32)
        nodes = np.rint(np.clip(values * ONE, -LARGEST_NODE, LARGEST_NODE)).astype(np.int32)
        parts = cells * steps, places - (cells << FRACTION_BITS), nodes, output
        for part in parts:
            part.setflags(write=False)  # one table serves all who ask for it
        return cls(points, *parts)


def check_colors(rgb: Any) -> None:
    """Make sure that there are 8-bit colours.

    Raises
    ------
    TypeError
        If it is no array, or not one of uint8.
    hdgpu.errors.UnsupportedPixelError
        If the last axis does not hold three samples; a ValueError.
    """
    if not is_array(rgb):
        raise TypeError(f"Colours are transformed in arrays, not in {type(rgb).__name__}.")
    if dtype_name(rgb.dtype) != "uint8":
        raise TypeError(f"An ICC profile is applied to colours of type uint8, not {dtype_name(rgb.dtype)}.")
    if rgb.ndim == 0 or rgb.shape[-1] != 3:
        raise UnsupportedPixelError(
            "an ICC profile is applied to RGB colours",
            expected="three samples in the last axis",
            found=f"shape {tuple(rgb.shape)}",
        )


def apply_table(table: IccTable, rgb: Array) -> Array:
    """Transform colours with a table.

    Parameters
    ----------
    table : IccTable
    rgb : array
        (..., 3) uint8, of any library and on any device.

    Returns
    -------
    array
        New array of the same shape, library and device: the very integers that :class:`IccTable` defines.

    Raises
    ------
    TypeError
        If it is not an array of uint8.
    hdgpu.errors.UnsupportedPixelError
        If the last axis does not hold three samples; a ValueError.
    """
    check_colors(rgb)
    xp = array_namespace(rgb)
    place = _Place(device_of(rgb), native_device(rgb))
    block = _HOST_BLOCK if place.device == CPU else _DEVICE_BLOCK
    with on_device_of(rgb):
        if takes(rgb):
            pixels = xp.reshape(rgb, (1, 1, -1, 3))
            out = xp.empty(pixels.shape, dtype=xp.uint8, device=place.native)
            scatter_colors(table, pixels, out, np.zeros(1, np.int64), None)
            return xp.reshape(out, rgb.shape)
        there = _on_device(table, xp, place)
        pixels = xp.reshape(rgb, (-1, 3))
        out = xp.empty(pixels.shape, dtype=xp.uint8, device=place.native)
        for start in range(0, pixels.shape[0], block):
            stop = min(start + block, pixels.shape[0])
            out[start:stop, :] = _interpolate(there, table.points, pixels[start:stop, :])
        return xp.reshape(out, rgb.shape)


def scatter_colors(table: IccTable, rgb: Array, out: Array, destination: Places, regions: Places | None) -> None:
    """Write the transformed colours of frames, or of a rectangle of each, to their places; nothing is waited for.

    Parameters
    ----------
    table : IccTable
    rgb : array
        (m, rows, columns, 3) uint8, of a library whose arrays kernels take.
    out : array
        (slices, rows, columns, 3) of a type that holds 0 to 255, of the same library on the same device; its axes may
        be strided, flipped and permuted.
    destination : numpy.ndarray
        (m,) int64, index of each frame along the first axis of `out`.
    regions : numpy.ndarray or None
        (m, 6) int64, a `Region` for each frame; None for all of it.
    """
    place = _Place(device_of(rgb), native_device(rgb))
    with on_device_of(rgb):
        parts = _for_kernel(table, array_namespace(rgb), place, out.dtype)
    from_strides, to_strides = element_strides(rgb), element_strides(out)
    # samples are left to the kernel, which takes those of a pixel together
    for grid in pixel_grids(rgb[..., 0], out[..., 0], destination, regions):
        launch(
            program("color_table", OUT=type_name(out)),
            grid_for(-(-grid.columns // _RUN), grid.rows, len(destination)), rgb,
            rgb, out, upload(grid.places, rgb), *parts, len(destination), grid.rows, grid.columns,
            *grid.stored_strides, from_strides[3], *grid.out_strides, to_strides[3], table.points,
        )  # fmt: skip


@dataclass(frozen=True)
class _Place:
    """Device that a table is kept on, known by hdgpu's name: CuPy's own devices cannot be hashed."""

    device: Device
    native: Any = field(compare=False)


@lru_cache(maxsize=16)
def _on_device(table: IccTable, xp: Namespace, place: _Place) -> tuple[Array, ...]:
    """Return the table's corners, fractions, nodes and output on the device."""
    return _uploaded((table.corners, table.fractions, table.nodes, table.output), xp, place)


@lru_cache(maxsize=16)
def _for_kernel(table: IccTable, xp: Namespace, place: _Place, dtype: Any) -> tuple[Array, ...]:
    """Return the table's cells, nodes and output on the device as the kernel loads them, the output of a type."""
    cells = np.stack([table.corners, table.fractions], axis=-1)
    cells, nodes, output = _uploaded((cells, np.pad(table.nodes, ((0, 0), (0, 1))), table.output), xp, place)
    return cells, nodes, xp.astype(output, dtype)


def _uploaded(parts: tuple[npt.NDArray[Any], ...], xp: Namespace, place: _Place) -> tuple[Array, ...]:
    there = tuple(xp.asarray(part.copy(), device=place.native) for part in parts)
    if is_cupy_array(there[0]):
        # CuPy copies in the order of the current stream, and these will be read on others: wait for the copies, once.
        place.native.synchronize()
    return there


def _interpolate(table: tuple[Array, ...], points: int, pixels: Array) -> Array:
    """Return the transformed colours of (n, 3) uint8 pixels, as (n, 3) uint8."""
    corners, fractions, nodes, output = table
    xp = array_namespace(pixels)
    stored = [xp.astype(pixels[:, channel], xp.int32) for channel in range(3)]
    x, y, z = (xp.take(fractions[channel, :], stored[channel]) for channel in range(3))
    r, g, b = (xp.take(corners[channel, :], stored[channel]) for channel in range(3))
    largest = xp.maximum(xp.maximum(x, y), z)
    smallest = xp.minimum(xp.minimum(x, y), z)
    middle = x + y + z - largest - smallest
    # Where fractions are equal these are still two different axes, unless all three are equal.
    first = _choose(x == largest, points * points, _choose(y == largest, points, 1, like=x), like=x)
    last = _choose(z == smallest, 1, _choose(y == smallest, points, points * points, like=x), like=x)
    lowest = r + g + b
    highest = lowest + (points * points + points + 1)
    total = _weighted(nodes, lowest, _CELL - largest)
    total += _weighted(nodes, lowest + first, largest - middle)
    total += _weighted(nodes, highest - last, middle - smallest)
    total += _weighted(nodes, highest, smallest)
    total = clamp((total + (_CELL >> 1)) >> FRACTION_BITS, 0, ONE)
    return xp.reshape(xp.take(output, xp.reshape(total, (-1,))), pixels.shape)


def _choose(condition: Array, one: int, other: int | Array, *, like: Array) -> Array:
    """Return int32 `one` where the condition holds and `other` elsewhere."""
    xp = array_namespace(like)
    return xp.where(condition, xp.full_like(like, one), xp.full_like(like, other) if isinstance(other, int) else other)


def _weighted(nodes: Array, indices: Array, weights: Array) -> Array:
    return array_namespace(nodes).take(nodes, indices, axis=0) * weights[:, None]
