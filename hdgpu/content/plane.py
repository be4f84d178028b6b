"""The functional groups that place planes in space: pixel measures, plane orientation and plane position."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from pydicom.valuerep import DSfloat

from hdgpu.content.base import MacroSequence, attribute_name, decimal_string
from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import InvalidAttributeError
from hdgpu.geometry.affine import checked_orientation

__all__ = ["PixelMeasuresSequence", "PlaneOrientationSequence", "PlanePositionSequence"]

_ORIENTATION_KEYWORD = {
    CoordinateSystemNames.PATIENT: "ImageOrientationPatient",
    CoordinateSystemNames.SLIDE: "ImageOrientationSlide",
}
_OFFSETS = ("XOffsetInSlideCoordinateSystem", "YOffsetInSlideCoordinateSystem", "ZOffsetInSlideCoordinateSystem")
_COLUMN, _ROW = "ColumnPositionInTotalImagePixelMatrix", "RowPositionInTotalImagePixelMatrix"
_LARGEST_POSITION = 2**31 - 1  # of value representation SL


def _decimals(values: Sequence[Any], count: int, keyword: str) -> list[DSfloat]:
    """Return that many numbers as values of the attribute."""
    numbers = [decimal_string(value, keyword) for value in values]
    if len(numbers) != count:
        raise InvalidAttributeError(
            "the attribute has the wrong number of values",
            tag=attribute_name(keyword),
            expected=count,
            found=len(numbers),
        )
    return numbers


def _length(value: Any, keyword: str) -> DSfloat:
    """Return a length that is not negative."""
    number = decimal_string(value, keyword)
    if number < 0.0:
        raise InvalidAttributeError("a length cannot be negative", tag=attribute_name(keyword), found=float(number))
    return number


class PixelMeasuresSequence(MacroSequence):
    """Physical spacing of the pixels of an image: the Pixel Measures macro (PS3.3 C.7.6.16.2.1).

    Parameters
    ----------
    pixel_spacing : sequence of 2 floats
        Distance in mm between the centres of pixels: between rows, then between columns.
    slice_thickness : float or None
        Thickness in mm of what a plane shows.
    spacing_between_slices : float or None, optional
        Distance in mm between the centres of neighbouring planes.

    Raises
    ------
    TypeError
        If a value is no number.
    hdgpu.errors.InvalidAttributeError
        If there are not two pixel spacings, a value is not finite, or a pixel spacing or the slice thickness is
        negative (also a ValueError).

    Examples
    --------
    >>> print(PixelMeasuresSequence([0.7, 1 / 3], 2.5)[0])
    (0018,0050) Slice Thickness                     DS: '2.5'
    (0028,0030) Pixel Spacing                       DS: [0.7, 0.33333333333333]
    """

    _layouts = (("PixelSpacing", "SliceThickness"),)
    _optional = ("SpacingBetweenSlices",)

    def __init__(
        self,
        pixel_spacing: Sequence[float],
        slice_thickness: float | None,
        spacing_between_slices: float | None = None,
    ) -> None:
        attributes: dict[str, Any] = {
            "PixelSpacing": _decimals([_length(each, "PixelSpacing") for each in pixel_spacing], 2, "PixelSpacing")
        }
        if slice_thickness is not None:
            attributes["SliceThickness"] = _length(slice_thickness, "SliceThickness")
        if spacing_between_slices is not None:  # its sign has a meaning in nuclear medicine (PS3.3 C.8.4.15)
            attributes["SpacingBetweenSlices"] = decimal_string(spacing_between_slices, "SpacingBetweenSlices")
        super().__init__(attributes)


class PlaneOrientationSequence(MacroSequence):
    """Orientation of planes: the Plane Orientation (Patient) or (Slide) macro (PS3.3 C.7.6.16.2.4 and C.8.12.6.2).

    Parameters
    ----------
    coordinate_system : CoordinateSystemNames or str
        ``"PATIENT"`` or ``"SLIDE"``.
    image_orientation : sequence of 6 floats
        Direction cosines of the rows, then of the columns, in the frame of reference.

    Raises
    ------
    TypeError
        If a value is no number.
    hdgpu.errors.InvalidAttributeError
        If there are not six finite values (also a ValueError).
    hdgpu.errors.VolumeError
        If they are not two unit vectors at right angles (also a ValueError).

    Examples
    --------
    >>> print(PlaneOrientationSequence("SLIDE", [0, -1, 0, -1, 0, 0])[0])
    (0048,0102) Image Orientation (Slide)           DS: [0.0, -1.0, 0.0, -1.0, 0.0, 0.0]
    """

    _layouts = tuple((keyword,) for keyword in _ORIENTATION_KEYWORD.values())

    def __init__(self, coordinate_system: str | CoordinateSystemNames, image_orientation: Sequence[float]) -> None:
        keyword = _ORIENTATION_KEYWORD[CoordinateSystemNames(coordinate_system)]
        cosines = _decimals(image_orientation, 6, keyword)
        checked_orientation(cosines)
        super().__init__({keyword: cosines})

    @property
    def cosines(self) -> tuple[float, float, float, float, float, float]:
        """Direction cosines of the rows, then of the columns."""
        (values,) = self._values().values()
        first, second, third, fourth, fifth, sixth = map(float, values)
        return first, second, third, fourth, fifth, sixth


class PlanePositionSequence(MacroSequence):
    """Position of a plane: the Plane Position (Patient) or (Slide) macro (PS3.3 C.7.6.16.2.3 and C.8.12.6.1).

    Parameters
    ----------
    coordinate_system : CoordinateSystemNames or str
        ``"PATIENT"`` or ``"SLIDE"``.
    image_position : sequence of 3 floats
        Position in mm of the centre of the first pixel of the plane in the frame of reference.
    pixel_matrix_position : tuple of 2 ints, optional
        Column and row, counted from one, of the first pixel of the plane in the total pixel matrix: for the slide
        coordinate system, and without effect in the other.

    Raises
    ------
    TypeError
        If a value is no number, or the pixel matrix position is missing or not of integers.
    hdgpu.errors.InvalidAttributeError
        If there are not three finite coordinates, or not a column and a row from one on (also a ValueError).

    Examples
    --------
    >>> PlanePositionSequence("PATIENT", [-100.0, 50.25, 1 / 3])[0].ImagePositionPatient
    [-100.0, 50.25, 0.33333333333333]
    """

    _layouts = (("ImagePositionPatient",), (*_OFFSETS, _ROW, _COLUMN))

    def __init__(
        self,
        coordinate_system: str | CoordinateSystemNames,
        image_position: Sequence[float],
        pixel_matrix_position: tuple[int, int] | None = None,
    ) -> None:
        if CoordinateSystemNames(coordinate_system) is CoordinateSystemNames.PATIENT:
            super().__init__({"ImagePositionPatient": _decimals(image_position, 3, "ImagePositionPatient")})
            return
        if pixel_matrix_position is None:
            raise TypeError("Argument 'pixel_matrix_position' is needed for the slide coordinate system.")
        place = [operator.index(each) for each in pixel_matrix_position]
        if len(place) != 2 or not all(1 <= each <= _LARGEST_POSITION for each in place):
            raise InvalidAttributeError(
                "argument 'pixel_matrix_position' is a column and a row",
                expected=f"two integers from 1 to {_LARGEST_POSITION}",
                found=tuple(place),
            )
        offsets = _decimals(image_position, 3, _OFFSETS[0])
        super().__init__({**dict(zip(_OFFSETS, offsets, strict=True)), _COLUMN: place[0], _ROW: place[1]})
