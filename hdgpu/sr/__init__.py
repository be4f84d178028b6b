"""Structured reporting: coded concepts, coding schemes, and content items as far as content classes hold them.

The names load on first use, as those of the package do.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "CodeContentItem": "value_types",
    "CodedConcept": "coding",
    "CodingSchemeIdentificationItem": "coding_schemes",
    "CodingSchemeResourceItem": "coding_schemes",
    "CompositeContentItem": "references",
    "ContainerContentItem": "value_types",
    "ContentItem": "content_item",
    "ContentSequence": "content_item",
    "DateContentItem": "value_types",
    "DateTimeContentItem": "value_types",
    "GraphicTypeValues": "enum",
    "GraphicTypeValues3D": "enum",
    "ImageContentItem": "references",
    "NumContentItem": "value_types",
    "PixelOriginInterpretationValues": "enum",
    "PnameContentItem": "value_types",
    "RelationshipTypeValues": "enum",
    "Scoord3DContentItem": "coordinates",
    "ScoordContentItem": "coordinates",
    "TcoordContentItem": "coordinates",
    "TemporalRangeTypeValues": "enum",
    "TextContentItem": "value_types",
    "TimeContentItem": "value_types",
    "UIDRefContentItem": "value_types",
    "ValueTypeValues": "enum",
    "WaveformContentItem": "references",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'hdgpu.sr' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"hdgpu.sr.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
