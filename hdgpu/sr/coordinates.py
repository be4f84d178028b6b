"""Content items that are coordinates: in an image, in a frame of reference, in time (PS3.3 C.18.6, C.18.7, C.18.9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.sr.coding import Code

from hdgpu.attributes.declaration import Choice, Value, Values
from hdgpu.attributes.values import attribute_name
from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.geometry.planes import are_points_coplanar
from hdgpu.sr.coding import CodedConcept
from hdgpu.sr.content_item import ContentItem
from hdgpu.sr.enum import (
    GraphicTypeValues,
    GraphicTypeValues3D,
    PixelOriginInterpretationValues,
    RelationshipTypeValues,
    TemporalRangeTypeValues,
    ValueTypeValues,
)
from hdgpu.uid import UID

__all__ = ["Scoord3DContentItem", "ScoordContentItem", "TcoordContentItem"]

_Name = Code | CodedConcept
_Relationship = RelationshipTypeValues | str | None
_Float64Array = npt.NDArray[np.float64]

# Least and largest number of points.
_POINTS: dict[Enum, tuple[int, int | None]] = {
    GraphicTypeValues.CIRCLE: (2, 2),
    GraphicTypeValues.ELLIPSE: (4, 4),
    GraphicTypeValues.MULTIPOINT: (2, None),
    GraphicTypeValues.POINT: (1, 1),
    GraphicTypeValues.POLYLINE: (2, None),
    GraphicTypeValues3D.ELLIPSE: (4, 4),
    GraphicTypeValues3D.ELLIPSOID: (6, 6),
    GraphicTypeValues3D.MULTIPOINT: (2, None),
    GraphicTypeValues3D.POINT: (1, 1),
    GraphicTypeValues3D.POLYGON: (2, None),
    GraphicTypeValues3D.POLYLINE: (2, None),
}


def _points(graphic_data: Any, graphic_type: Enum, dimensions: int) -> _Float64Array:
    """Return the points of a graphic, checked."""
    points = np.asarray(graphic_data, dtype=np.float64)
    least, most = _POINTS[graphic_type]
    fits = points.ndim == 2 and points.shape[1] == dimensions
    if not fits or len(points) < least or (most is not None and len(points) > most):
        count = f"{least}" if least == most else f"{least} or more"
        raise InvalidAttributeError(
            f"the shape of the points does not fit a graphic of type {graphic_type.value}",
            tag=attribute_name("GraphicData"),
            expected=f"{count} rows of {dimensions} coordinates",
            found=points.shape,
        )
    if not np.isfinite(points).all():
        raise InvalidAttributeError(
            "a coordinate is not finite", tag=attribute_name("GraphicData"), found=points[~np.isfinite(points)][0]
        )
    return points


class ScoordContentItem(ContentItem):
    """Content item whose value are points in an image.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    graphic_type : GraphicTypeValues or str
        What the points form.
    graphic_data : numpy.ndarray
        Points, of shape (n, 2): column and row, in pixels. (0.5, 0.5) is the centre of the first pixel.
    pixel_origin_interpretation : PixelOriginInterpretationValues or str or None, optional
        In a tiled image, whether they are relative to the frame or to the total pixel matrix.
    fiducial_uid : str or hdgpu.UID or None, optional
        Identifier of the item itself.
    relationship_type : RelationshipTypeValues or str or None, optional
        How the item relates to its parent.

    Raises
    ------
    TypeError
        If the name is no code or the identifier no text.
    ValueError
        If there is no such type of graphic, origin or relationship, the number of points does not fit the type, a
        coordinate is not finite, or the identifier is none.
    """

    _value_type = ValueTypeValues.SCOORD
    graphic_type = Choice[GraphicTypeValues]("GraphicType", GraphicTypeValues, "1", "What the points form.")
    _coordinates = Values[list[float]]("GraphicData")
    _pixel_origin_interpretation = Choice[PixelOriginInterpretationValues | None](
        "PixelOriginInterpretation", PixelOriginInterpretationValues, "3"
    )
    _fiducial_uid = Value[UID | None]("FiducialUID", "3")

    def __init__(
        self,
        name: _Name,
        graphic_type: str | GraphicTypeValues,
        graphic_data: npt.ArrayLike,
        pixel_origin_interpretation: str | PixelOriginInterpretationValues | None = None,
        fiducial_uid: str | UID | None = None,
        relationship_type: _Relationship = None,
    ) -> None:
        super().__init__(self._value_type, name, relationship_type)
        points = _points(graphic_data, GraphicTypeValues(graphic_type), 2)
        self._set(
            graphic_type=graphic_type,
            coordinates=points.ravel(),
            pixel_origin_interpretation=pixel_origin_interpretation,
            fiducial_uid=fiducial_uid,
        )

    @property
    def value(self) -> _Float64Array:
        """Points, of shape (n, 2): column and row, in pixels."""
        return np.asarray(self._coordinates, dtype=np.float64).reshape(-1, 2)


class Scoord3DContentItem(ContentItem):
    """Content item whose value are points in a frame of reference.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    graphic_type : GraphicTypeValues3D or str
        What the points form.
    graphic_data : numpy.ndarray
        Points, of shape (n, 3): x, y and z in mm.
    frame_of_reference_uid : str or hdgpu.UID
        Identifier of the frame of reference.
    fiducial_uid : str or hdgpu.UID or None, optional
        Identifier of the item itself.
    relationship_type : RelationshipTypeValues or str or None, optional
        How the item relates to its parent.

    Raises
    ------
    TypeError
        If the name is no code or an identifier no text.
    ValueError
        If there is no such type of graphic or relationship, the number of points does not fit the type, a coordinate is
        not finite, the points of an ellipse or a polygon do not lie in a plane, a polygon is not closed, or an
        identifier is none.
    """

    _value_type = ValueTypeValues.SCOORD3D
    graphic_type = Choice[GraphicTypeValues3D]("GraphicType", GraphicTypeValues3D, "1", "What the points form.")
    _coordinates = Values[list[float]]("GraphicData")
    frame_of_reference_uid = Value[UID]("ReferencedFrameOfReferenceUID", "1", "Identifier of the frame of reference.")
    _fiducial_uid = Value[UID | None]("FiducialUID", "3")

    def __init__(
        self,
        name: _Name,
        graphic_type: GraphicTypeValues3D | str,
        graphic_data: npt.ArrayLike,
        frame_of_reference_uid: str | UID,
        fiducial_uid: str | UID | None = None,
        relationship_type: _Relationship = None,
    ) -> None:
        super().__init__(self._value_type, name, relationship_type)
        form = GraphicTypeValues3D(graphic_type)
        points = _points(graphic_data, form, 3)
        tag = attribute_name("GraphicData")
        if form is GraphicTypeValues3D.POLYGON and not np.array_equal(points[0], points[-1]):
            raise InvalidAttributeError("the polygon is not closed", tag=tag, expected="the last point to be the first")
        if form in (GraphicTypeValues3D.POLYGON, GraphicTypeValues3D.ELLIPSE) and not are_points_coplanar(points):
            raise InvalidAttributeError(f"the points of the {form.value} do not lie in a plane", tag=tag)
        self._set(
            graphic_type=form,
            coordinates=points.ravel(),
            frame_of_reference_uid=frame_of_reference_uid,
            fiducial_uid=fiducial_uid,
        )

    @property
    def value(self) -> _Float64Array:
        """Points, of shape (n, 3): x, y and z in mm."""
        return np.asarray(self._coordinates, dtype=np.float64).reshape(-1, 3)


class TcoordContentItem(ContentItem):
    """Content item whose value are points in time.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    temporal_range_type : TemporalRangeTypeValues or str
        What the points form.
    referenced_sample_positions : sequence of int or None, optional
        The points as samples of the series, counted from 1.
    referenced_time_offsets : sequence of float or None, optional
        The points in seconds after the start of the series. Left out if samples are given.
    referenced_date_time : sequence of datetime.datetime or None, optional
        The points as dates and times. Left out if samples or seconds are given.
    relationship_type : RelationshipTypeValues or str or None, optional
        How the item relates to its parent.

    Raises
    ------
    TypeError
        If the name is no code, or a point of another type.
    ValueError
        If there are no points, there is no such type of range or relationship, or a point is out of range.
    """

    _value_type = ValueTypeValues.TCOORD
    temporal_range_type = Choice[TemporalRangeTypeValues](
        "TemporalRangeType", TemporalRangeTypeValues, "1", "What the points form."
    )
    _samples = Values[list[int] | None]("ReferencedSamplePositions", "1C")
    _offsets = Values[list[float] | None]("ReferencedTimeOffsets", "1C")
    _times = Values[list[datetime] | None]("ReferencedDateTime", "1C")
    _one_of = (("ReferencedSamplePositions",), ("ReferencedTimeOffsets",), ("ReferencedDateTime",))

    def __init__(
        self,
        name: _Name,
        temporal_range_type: str | TemporalRangeTypeValues,
        referenced_sample_positions: Sequence[int] | None = None,
        referenced_time_offsets: Sequence[float] | None = None,
        referenced_date_time: Sequence[datetime] | None = None,
        relationship_type: _Relationship = None,
    ) -> None:
        super().__init__(self._value_type, name, relationship_type)
        self._set(temporal_range_type=temporal_range_type)
        if referenced_sample_positions is not None:
            self._set(samples=referenced_sample_positions)
        elif referenced_time_offsets is not None:
            self._set(offsets=referenced_time_offsets)
        elif referenced_date_time is not None:
            self._set(times=referenced_date_time)
        else:
            raise MissingAttributeError("there are no points in time", expected="samples, offsets, or dates and times")

    @property
    def value(self) -> list[int] | list[float] | list[datetime]:
        """The points: samples, seconds, or dates and times."""
        if self._samples is not None:
            return [int(each) for each in self._samples]
        if self._offsets is not None:
            return [float(each) for each in self._offsets]
        return self._times or []
