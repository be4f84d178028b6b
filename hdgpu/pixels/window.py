"""Windows (PS3.3 C.11.2.1.2 and C.11.2.1.3): what they say, and the numbers that the reference computes with."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hdgpu.enum import VOILUTFunctionValues
from hdgpu.errors import InvalidAttributeError

__all__ = ["Ramp", "Window", "check_output_range", "parse_windows"]


class Ramp(NamedTuple):
    """Arguments of `hdgpu.pixels.reference.ramp`."""

    low: float
    gain: float
    base: float
    limits: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Window:
    """One window.

    Parameters
    ----------
    center, width : float
        In units of the modality transform's output.
    function : VOILUTFunctionValues
    explanation : str
        Window Center & Width Explanation, if there is one.

    Raises
    ------
    InvalidAttributeError
        If centre or width are not finite, or the width is one that the function does not allow: LINEAR takes 1 and
        more, the other functions more than 0 (PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2).

    Examples
    --------
    >>> Window(40, 400).ramp((0, 255), invert=False)
    Ramp(low=-160.0, gain=0.6390977443609023, base=0, limits=(0, 255))
    """

    center: float
    width: float
    function: VOILUTFunctionValues = VOILUTFunctionValues.LINEAR
    explanation: str = ""

    def __post_init__(self) -> None:
        is_linear = self.function is VOILUTFunctionValues.LINEAR
        if not math.isfinite(self.center):
            raise InvalidAttributeError("not a window center", tag="'Window Center'", found=self.center)
        if not math.isfinite(self.width) or not (self.width >= 1 if is_linear else self.width > 0):
            raise InvalidAttributeError(
                f"not a width of a {self.function.value} window",
                tag="'Window Width'",
                expected="1 or more" if is_linear else "more than 0",
                found=self.width,
            )

    def ramp(self, output_range: tuple[float, float], *, invert: bool) -> Ramp:
        """Return the straight line of a LINEAR or LINEAR_EXACT window.

        A LINEAR window of width 1 is a step: the steepest gain there is gives it, where an infinite one would give NaN
        at the step itself.
        """
        bottom, top = output_range
        extent = self.width - 1 if self.function is VOILUTFunctionValues.LINEAR else self.width
        gain = min((top - bottom) / extent, sys.float_info.max) if extent else sys.float_info.max
        # LINEAR begins at center - 0.5 - (width - 1) / 2, which is this.
        low = self.center - self.width / 2
        return Ramp(low, -gain if invert else gain, top if invert else bottom, (bottom, top))


def parse_windows(
    centers: Sequence[float], widths: Sequence[float], explanations: Sequence[str], function: str
) -> tuple[Window, ...]:
    """Return the windows of a data set.

    Parameters
    ----------
    centers, widths : sequence of float
        As many of each.
    explanations : sequence of str
        As many, fewer or none.
    function : str
        VOI LUT Function; LINEAR if empty.

    Raises
    ------
    InvalidAttributeError
        If there are not as many widths as centers, or one of them is not lawful.
    """
    if len(centers) != len(widths):
        raise InvalidAttributeError(
            "each window needs a center and a width",
            tag="'Window Width'",
            expected=f"{len(centers)} values",
            found=len(widths),
        )
    try:
        kind = VOILUTFunctionValues(function or "LINEAR")
    except ValueError:
        names = ", ".join(value.value for value in VOILUTFunctionValues)
        raise InvalidAttributeError(
            "unknown window function", tag="'VOI LUT Function'", expected=names, found=repr(function)
        ) from None
    texts = [*explanations, *[""] * len(centers)]
    return tuple(Window(c, w, kind, text) for c, w, text in zip(centers, widths, texts, strict=False))


def check_output_range(output_range: Any, name: str = "output_range") -> tuple[float, float]:
    """Return the two ends of an output range.

    Raises
    ------
    ValueError
        If the second is not larger than the first, or one of them is not finite.
    """
    bottom, top = output_range
    if not (math.isfinite(bottom) and math.isfinite(top) and bottom < top):
        raise ValueError(f"The second value of {name} has to be larger than the first, not {bottom!r} and {top!r}.")
    return bottom, top
