"""Steps of a transform that no slope and intercept can express, each a call of the reference with its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from hdgpu.array.functions import clamp, host_dtype
from hdgpu.array.namespace import Array, array_namespace
from hdgpu.enum import VOILUTFunctionValues
from hdgpu.pixels import reference
from hdgpu.pixels.lookup import LookupTable
from hdgpu.pixels.window import Ramp, Window

__all__ = ["ColorManagement", "Lookup", "RampStep", "SigmoidStep", "Step", "voi_step"]


class Step(Protocol):
    """A transform of values on any array library."""

    def apply(self, values: Array) -> Array:
        """Return the transformed values, on the same device."""


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A table, of integers or of what they are to become; (m, 3) for a palette."""

    first: int
    entries: npt.NDArray[Any]

    def apply(self, values: Array) -> Array:
        """Look the values up: integers, or whole numbers that an affine step made floating."""
        if host_dtype(values).kind == "f":
            xp = array_namespace(values)
            values = xp.astype(clamp(values, self.first, self.first + len(self.entries) - 1), xp.int64)
        return reference.lookup(values, self.first, reference.upload(self.entries, values))


@dataclass(frozen=True, slots=True)
class RampStep:
    """A LINEAR or LINEAR_EXACT window."""

    ramp: Ramp

    def apply(self, values: Array) -> Array:
        """Apply the window."""
        return reference.ramp(values, *self.ramp)


@dataclass(frozen=True, slots=True)
class SigmoidStep:
    """A SIGMOID window, into the output range."""

    window: Window
    output_range: tuple[float, float]
    invert: bool

    def apply(self, values: Array) -> Array:
        """Apply the window."""
        window = self.window
        return reference.sigmoid(values, window.center, window.width, *self.output_range, invert=self.invert)


@dataclass(frozen=True, slots=True)
class ColorManagement:
    """Colours of 8 bits, (..., 3), to sRGB by an ICC profile."""

    profile: bytes

    def apply(self, values: Array) -> Array:
        """Transform the colours."""
        from hdgpu.pixels.icc import apply_icc_profile

        return apply_icc_profile(self.profile, values)


def voi_step(voi: Window | LookupTable, output_range: tuple[float, float], *, invert: bool) -> Step:
    """Return the step that a VOI transform takes into an output range, inverted or not.

    Raises
    ------
    LookupTableError
        If all entries of a VOI LUT are equal, so that nothing says what they are scaled to.
    """
    if isinstance(voi, LookupTable):
        return Lookup(voi.first, reference.scale_entries(voi.entries, output_range, invert=invert))
    if voi.function is VOILUTFunctionValues.SIGMOID:
        return SigmoidStep(voi, output_range, invert)
    return RampStep(voi.ramp(output_range, invert=invert))
