"""Enumerated values and defined terms of structured reports (PS3.3 C.17 and C.18)."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "GraphicTypeValues",
    "GraphicTypeValues3D",
    "PixelOriginInterpretationValues",
    "RelationshipTypeValues",
    "TemporalRangeTypeValues",
    "ValueTypeValues",
]


class ValueTypeValues(Enum):
    """Value Type (0040,A040) of a content item (PS3.3 C.17.3.2.1)."""

    CODE = "CODE"
    """A coded concept."""
    COMPOSITE = "COMPOSITE"
    """Reference to a composite SOP instance that is neither image nor waveform."""
    CONTAINER = "CONTAINER"
    """Heading of the content items that it contains."""
    DATE = "DATE"
    """Calendar date."""
    DATETIME = "DATETIME"
    """Date and time of day."""
    IMAGE = "IMAGE"
    """Reference to an image."""
    NUM = "NUM"
    """Number with a unit."""
    PNAME = "PNAME"
    """Name of a person."""
    SCOORD = "SCOORD"
    """Coordinates in an image, in pixels."""
    SCOORD3D = "SCOORD3D"
    """Coordinates in a frame of reference, in mm."""
    TCOORD = "TCOORD"
    """Points or ranges in time."""
    TEXT = "TEXT"
    """Text."""
    TIME = "TIME"
    """Time of day."""
    UIDREF = "UIDREF"
    """Unique identifier."""
    WAVEFORM = "WAVEFORM"
    """Reference to a waveform."""


class RelationshipTypeValues(Enum):
    """Relationship Type (0040,A010) of a content item to the one that holds it (PS3.3 C.17.3.2.4)."""

    CONTAINS = "CONTAINS"
    """The parent, a container, contains it."""
    HAS_ACQ_CONTEXT = "HAS ACQ CONTEXT"
    """It describes how the data were acquired."""
    HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
    """It refines or translates the concept that names the parent."""
    HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
    """It says who observed what."""
    HAS_PROPERTIES = "HAS PROPERTIES"
    """It is a property of the parent."""
    INFERRED_FROM = "INFERRED FROM"
    """The parent was inferred from it."""
    SELECTED_FROM = "SELECTED FROM"
    """The parent's coordinates are a selection of it."""


class GraphicTypeValues(Enum):
    """Graphic Type (0070,0023) of coordinates in an image, in columns and rows (PS3.3 C.18.6.1.1)."""

    CIRCLE = "CIRCLE"
    """Two points: the centre, and one on the circumference."""
    ELLIPSE = "ELLIPSE"
    """Four points: the ends of the major axis, then those of the minor axis."""
    MULTIPOINT = "MULTIPOINT"
    """Several points."""
    POINT = "POINT"
    """One point."""
    POLYLINE = "POLYLINE"
    """Points that lines connect; closed if the first is the last."""


class GraphicTypeValues3D(Enum):
    """Graphic Type (0070,0023) of coordinates in a frame of reference (PS3.3 C.18.9.1.2)."""

    ELLIPSE = "ELLIPSE"
    """Four points: the ends of the major axis, then those of the minor axis."""
    ELLIPSOID = "ELLIPSOID"
    """Six points: the ends of each of the three axes."""
    MULTIPOINT = "MULTIPOINT"
    """Several points."""
    POINT = "POINT"
    """One point."""
    POLYLINE = "POLYLINE"
    """Points that lines connect."""
    POLYGON = "POLYGON"
    """Points in a plane that lines connect; the first is the last."""


class PixelOriginInterpretationValues(Enum):
    """Pixel Origin Interpretation (0048,0301): what coordinates in a tiled image are relative to."""

    FRAME = "FRAME"
    """The frame."""
    VOLUME = "VOLUME"
    """The total pixel matrix."""


class TemporalRangeTypeValues(Enum):
    """Temporal Range Type (0040,A130) (PS3.3 C.18.7.1.1)."""

    BEGIN = "BEGIN"
    """From a point in time on."""
    END = "END"
    """Until a point in time."""
    MULTIPOINT = "MULTIPOINT"
    """Several points in time."""
    MULTISEGMENT = "MULTISEGMENT"
    """Several segments, each between two points in time."""
    POINT = "POINT"
    """One point in time."""
    SEGMENT = "SEGMENT"
    """From one point in time to another."""
