"""From values of interest to values for display, as a data set (PS3.3 C.11.4 and C.11.6)."""

from __future__ import annotations

from pydicom import Dataset

from hdgpu.content.lut import PresentationLUT
from hdgpu.enum import PresentationLUTShapeValues

__all__ = ["PresentationLUTTransformation"]


class PresentationLUTTransformation(Dataset):
    """A presentation transform: a shape or a table, and the shape IDENTITY if neither is given.

    Parameters
    ----------
    presentation_lut_shape : PresentationLUTShapeValues or str, optional
    presentation_lut : PresentationLUT, optional

    Raises
    ------
    TypeError
        If both are given, or the table is of a wrong type.
    ValueError
        If the shape is none of the standard's.

    Examples
    --------
    >>> PresentationLUTTransformation("INVERSE").PresentationLUTShape
    'INVERSE'
    """

    def __init__(
        self,
        presentation_lut_shape: PresentationLUTShapeValues | str | None = None,
        presentation_lut: PresentationLUT | None = None,
    ) -> None:
        super().__init__()
        if presentation_lut is None:
            shape = PresentationLUTShapeValues(presentation_lut_shape or PresentationLUTShapeValues.IDENTITY)
            self.PresentationLUTShape = shape.value
            return
        if presentation_lut_shape is not None:
            raise TypeError("presentation_lut_shape cannot be given along with presentation_lut.")
        if not isinstance(presentation_lut, PresentationLUT):
            raise TypeError(f"presentation_lut is a PresentationLUT, not {type(presentation_lut).__name__}.")
        self.PresentationLUTSequence = [presentation_lut]
