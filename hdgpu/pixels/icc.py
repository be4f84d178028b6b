"""ICC profiles (PS3.3 C.11.15): stored colours to sRGB, by LittleCMS or by a table that runs on any device.

highdicom uses LittleCMS, so its 8-bit result is the one to meet.  It has two ways of its own for 8-bit colours, and a
table of each kind is made here:

- Profiles of primaries and tone curves: curves, a matrix, and the curve of sRGB.  Between the curves all is linear, so
  that a few nodes in linear light are exact, colours that sRGB does not have included.  Nodes in encoded sRGB are not:
  the steep and clipped curve near black costs ProPhoto RGB 30 of 255 with 33 nodes along each axis, and 18 with 65.
- Other profiles: a grid of 33 nodes along each axis, spaced so that greys come out evenly.  The same grid makes the
  same errors; a finer one is nearer to the profile, but not to LittleCMS.

Which of them a profile needs is found by trying: a table is compared with LittleCMS before it is handed out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import Array, is_numpy_array
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import UnsupportedTransformError
from hdgpu.pixels.littlecms import sample_profile, transform_on_host
from hdgpu.pixels.tetrahedral import ONE, IccTable, apply_table, check_colors

__all__ = ["apply_icc_profile", "icc_table"]

Float = npt.NDArray[np.float64]

# Largest difference from LittleCMS, of 255: one, because both round.
_TOLERANCE = 1
_MATRIX_POINTS = 9
_GRID_POINTS = 33
# Of the grey ramp that spaces the nodes, and what of it LittleCMS draws straight at either end.
_RAMP_POINTS = 4096
_STRAIGHT = 82


def apply_icc_profile(profile: bytes, rgb: Array) -> Array:
    """Transform colours from the space that a profile describes to sRGB, perceptual intent.

    NumPy arrays go through LittleCMS and come out as from highdicom, bit for bit.  Arrays of other libraries stay on
    their device and go through :func:`icc_table`: at most 1 of 255 from that on what was probed.

    Parameters
    ----------
    profile : bytes
        Value of ICC Profile (0028,2000).
    rgb : array
        (..., 3) uint8.

    Returns
    -------
    array
        New array of the same shape, type, library and device.

    Raises
    ------
    TypeError
        If `rgb` is not an array of uint8.
    hdgpu.errors.UnsupportedPixelError
        If the last axis does not hold three samples; a ValueError.
    hdgpu.errors.InvalidAttributeError
        If the profile is cut off, none at all, not one from RGB, or one that LittleCMS cannot use; a ValueError.
    hdgpu.errors.UnsupportedTransformError
        If no table meets LittleCMS.
    """
    check_colors(rgb)
    return transform_on_host(profile, rgb) if is_numpy_array(rgb) else apply_table(icc_table(profile), rgb)


@lru_cache(maxsize=16)
def icc_table(profile: bytes) -> IccTable:
    """Return the table of a profile: made once, and kept for the last sixteen profiles.

    Parameters
    ----------
    profile : bytes
        Value of ICC Profile (0028,2000).

    Returns
    -------
    IccTable
        To sRGB, perceptual intent.  `largest_error` and `mean_error` say how it compares with LittleCMS.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If the profile is cut off, none at all, not one from RGB, or one that LittleCMS cannot use; a ValueError.
    hdgpu.errors.UnsupportedTransformError
        If no table meets LittleCMS.
    """
    probe = _probe()
    expected = transform_on_host(profile, probe).astype(np.int16)
    best = 255
    for table in _candidates(profile):
        difference = np.abs(apply_table(table, probe) - expected)
        largest = int(difference.max())
        if largest <= _TOLERANCE:
            return dataclasses.replace(table, largest_error=largest, mean_error=float(difference.mean()))
        best = min(best, largest)
    raise UnsupportedTransformError(
        "no table of the ICC profile meets LittleCMS",
        tag=describe_tag(Tag.ICC_PROFILE),
        expected=f"{_TOLERANCE} of 255 at most",
        found=best,
        remedy="Transform the colours on the host, as a NumPy array.",
    )


def _probe() -> npt.NDArray[np.uint8]:
    """Return colours to compare on: random ones, dark and light ones, all greys, and a lattice with all corners."""
    random = np.random.default_rng(0)
    steps = np.linspace(0, 255, 16).astype(np.uint8)
    return np.concatenate(
        [
            random.integers(0, 256, (24_000, 3), dtype=np.uint8),
            random.integers(0, 24, (4_000, 3), dtype=np.uint8),
            random.integers(232, 256, (4_000, 3), dtype=np.uint8),
            np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(-1, 3),
            np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3),
        ]
    )


def _candidates(profile: bytes) -> Iterator[IccTable]:
    """Make tables, the smallest first."""
    yield _matrix_table(profile)
    yield _grid_table(profile, _grey_response(profile))
    # where the greys come out in no order, or many of them are cut off, LittleCMS spaces the nodes evenly
    yield _grid_table(profile, np.tile(np.linspace(0, 1, _RAMP_POINTS), (3, 1)))


def _matrix_table(profile: bytes) -> IccTable:
    """Make the table of a profile whose channels add up in linear light."""
    levels = np.arange(256) / 255
    ramps = np.zeros((3, 256, 3))
    for channel in range(3):
        ramps[channel, :, channel] = levels
    light = _linear(sample_profile(profile, ramps.reshape(-1, 3))).reshape(ramps.shape)
    black = light[0, 0]
    primaries = light[:, -1] - black
    power = np.maximum(np.sum(primaries**2, axis=1), np.finfo(float).tiny)
    curves = np.einsum("kvc,kc->kv", light - black, primaries) / power[:, np.newaxis]
    nodes = _lattice(np.tile(np.linspace(0, 1, _MATRIX_POINTS), (3, 1)))
    output = np.floor(255 * _encoded(np.arange(ONE + 1) / ONE) + 0.5)
    return IccTable.of(curves, black + nodes @ primaries, output.astype(np.uint8))


def _grid_table(profile: bytes, ramp: Float) -> IccTable:
    """Make the table of any profile, its nodes spaced so that the (3, n) ramp comes out evenly."""
    inputs = np.linspace(0, 1, ramp.shape[1])
    even = np.linspace(0, 1, _GRID_POINTS)
    places = np.empty((3, _GRID_POINTS))
    curves = np.empty((3, 256))
    for channel, response in enumerate(ramp):
        # Where several inputs come out alike, as when white is cut off, the node lies at the lightest.
        values, lightest = np.unique(response[::-1], return_index=True)
        places[channel] = np.interp(even, values, inputs[::-1][lightest])
        curves[channel] = np.interp(np.arange(256) / 255, inputs, response)
    nodes = np.clip(sample_profile(profile, _lattice(places)), 0, 1)
    # LittleCMS has white come out white, however light the profile's white is.
    nodes[-1] = transform_on_host(profile, np.full(3, 255, np.uint8)) / 255
    return IccTable.of(curves, nodes, np.floor(np.arange(ONE + 1) * 255 / ONE + 0.5).astype(np.uint8))


def _grey_response(profile: bytes) -> Float:
    """Return the (3, n) sRGB of greys from black to white, its ends drawn straight to 0 and 1 as LittleCMS does."""
    inputs = np.linspace(0, 1, _RAMP_POINTS)
    greys = sample_profile(profile, np.repeat(inputs, 3).reshape(-1, 3)).T
    ramp = np.rint(np.clip(greys, 0, 1) * 0xFFFF) / 0xFFFF
    low, high = _STRAIGHT, _RAMP_POINTS - _STRAIGHT - 1
    ramp[:, :low] = ramp[:, low, np.newaxis] * (np.arange(low) / low)
    rest = np.arange(_RAMP_POINTS - high) / _STRAIGHT
    ramp[:, high:] = np.minimum(ramp[:, high, np.newaxis] + (1 - ramp[:, high, np.newaxis]) * rest, 1)
    return ramp


def _lattice(places: Float) -> Float:
    """Return the (n**3, 3) points of a grid with the (3, n) places along its axes, the first axis slowest."""
    return np.stack(np.meshgrid(*places, indexing="ij"), axis=-1).reshape(-1, 3)


def _linear(encoded: Float) -> Float:
    """Undo the transfer function of sRGB (IEC 61966-2-1), below 0 along its line and above 1 along its power."""
    power = ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(encoded > 0.04045, power, encoded / 12.92)


def _encoded(linear: Float) -> Float:
    """Apply the transfer function of sRGB to values of 0 to 1."""
    return np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, linear * 12.92)
