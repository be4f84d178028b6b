"""Positions in the slide coordinate system: data sets have x and y in mm, and z in micrometres (PS3.3 C.8.12.6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hdgpu.geometry.functional_groups import optional, required

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["MICROMETRES", "read_slide_position"]

MICROMETRES = 1000.0
"""In a millimetre."""


def read_slide_position(
    place: Dataset, frame_number: int | None = None, *, default_z: float | None = None
) -> list[float]:
    """Read a position in the slide coordinate system.

    Parameters
    ----------
    place : pydicom.Dataset
        What holds X, Y and Z Offset in Slide Coordinate System: a frame's place, or the origin of a total pixel matrix.
    frame_number : int, optional
        Of the frame, for the error.
    default_z : float, optional
        What z is, in mm, where it is absent; without it z is required.

    Returns
    -------
    list of 3 floats
        In mm.

    Raises
    ------
    hdgpu.errors.MissingAttributeError
        If one is absent (also an AttributeError and a ValueError).

    Examples
    --------
    >>> from pydicom import Dataset
    >>> place = Dataset()
    >>> place.XOffsetInSlideCoordinateSystem, place.YOffsetInSlideCoordinateSystem = 20.0, 30.5
    >>> place.ZOffsetInSlideCoordinateSystem = 4.0
    >>> read_slide_position(place)
    [20.0, 30.5, 0.004]
    """
    x, y = (float(required(place, f"{axis}OffsetInSlideCoordinateSystem", frame_number)) for axis in "XY")
    keyword = "ZOffsetInSlideCoordinateSystem"
    if default_z is not None and optional(place, keyword) is None:
        return [x, y, default_z]
    return [x, y, float(required(place, keyword, frame_number)) / MICROMETRES]
