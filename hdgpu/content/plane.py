"""The functional groups that place planes in space: pixel measures, plane orientation and plane position."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from hdgpu.attributes.containers import MacroSequence
from hdgpu.attributes.declaration import Value, Values
from hdgpu.attributes.values import attribute_name
from hdgpu.enum import CoordinateSystemNames
from hdgpu.errors import InvalidAttributeError
from hdgpu.geometry.affine import checked_orientation
from hdgpu.geometry.slide import MICROMETRES

__all__ = ["PixelMeasuresSequence", "PlaneOrientationSequence", "PlanePositionSequence"]

_OFFSETS = ("XOffsetInSlideCoordinateSystem", "YOffsetInSlideCoordinateSystem", "ZOffsetInSlideCoordinateSystem")
_COLUMN, _ROW = "ColumnPositionInTotalImagePixelMatrix", "RowPositionInTotalImagePixelMatrix"
_LARGEST_POSITION = 2**31 - 1  # of value representation SL


def _check_length(length: float, keyword: str) -> None:
    """Check that a length is not negative."""
    if length < 0.0:
        raise InvalidAttributeError("a length cannot be negative", tag=attribute_name(keyword), found=float(length))


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

    _pixel_spacing = Values[list[float]]("PixelSpacing", "2")
    _slice_thickness = Value[float | None]("SliceThickness", "2")
    _spacing_between_slices = Value[float | None]("SpacingBetweenSlices", "3")

    def __init__(
        self,
        pixel_spacing: Sequence[float],
        slice_thickness: float | None,
        spacing_between_slices: float | None = None,
    ) -> None:
        # its sign has a meaning in nuclear medicine (PS3.3 C.8.4.15)
        super().__init__(pixel_spacing=pixel_spacing, spacing_between_slices=spacing_between_slices)
        for spacing in self._pixel_spacing:
            _check_length(spacing, "PixelSpacing")
        if slice_thickness is not None:
            self._set(slice_thickness=slice_thickness)
            _check_length(self[0].SliceThickness, "SliceThickness")


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

    _patient = Values[list[float] | None]("ImageOrientationPatient", "1C")
    _slide = Values[list[float] | None]("ImageOrientationSlide", "1C")
    _one_of = (("ImageOrientationPatient",), ("ImageOrientationSlide",))

    def __init__(self, coordinate_system: str | CoordinateSystemNames, image_orientation: Sequence[float]) -> None:
        super().__init__(**{CoordinateSystemNames(coordinate_system).value.lower(): image_orientation})
        checked_orientation(self.cosines)

    @property
    def cosines(self) -> tuple[float, float, float, float, float, float]:
        """Direction cosines of the rows, then of the columns."""
        values = (self._slide if self._patient is None else self._patient) or ()
        first, second, third, fourth, fifth, sixth = map(float, values)
        return first, second, third, fourth, fifth, sixth


class PlanePositionSequence(MacroSequence):
    """Position of a plane: the Plane Position (Patient) or (Slide) macro (PS3.3 C.7.6.16.2.3 and C.8.12.6.1).

    Parameters
    ----------
    coordinate_system : CoordinateSystemNames or str
        ``"PATIENT"`` or ``"SLIDE"``.
    image_position : sequence of 3 floats
        Position in mm of the centre of the first pixel of the plane in the frame of reference.  In the slide coordinate
        system the attribute that has z is in micrometres.
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
    >>> PlanePositionSequence("SLIDE", [20.0, 30.0, 0.004], (1, 1))[0].ZOffsetInSlideCoordinateSystem
    '4.0'
    """

    _patient = Values[list[float] | None]("ImagePositionPatient", "1C")
    _x = Value[float | None](_OFFSETS[0], "1C")
    _y = Value[float | None](_OFFSETS[1], "1C")
    _z = Value[float | None](_OFFSETS[2], "1C")
    _row = Value[int | None](_ROW, "1C")
    _column = Value[int | None](_COLUMN, "1C")
    _one_of = (("ImagePositionPatient",), (*_OFFSETS, _ROW, _COLUMN))

    def __init__(
        self,
        coordinate_system: str | CoordinateSystemNames,
        image_position: Sequence[float],
        pixel_matrix_position: tuple[int, int] | None = None,
    ) -> None:
        if CoordinateSystemNames(coordinate_system) is CoordinateSystemNames.PATIENT:
            super().__init__(patient=image_position)
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
        offsets = list(image_position)
        if len(offsets) != 3:
            raise InvalidAttributeError(
                "a position has the wrong number of coordinates",
                tag=attribute_name(_OFFSETS[0]),
                expected=3,
                found=len(offsets),
            )
        # rounded to what a product may be off by, far below what a position means
        height = round(float(offsets[2]) * MICROMETRES, 9)
        super().__init__(x=offsets[0], y=offsets[1], z=height, row=place[1], column=place[0])
