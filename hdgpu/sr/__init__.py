"""Structured reporting: coded concepts, coding schemes, and content items as far as content classes hold them.

The names load on first use, as those of the package do.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see
    from hdgpu.sr.coding import CodedConcept as CodedConcept
    from hdgpu.sr.coding_schemes import CodingSchemeIdentificationItem as CodingSchemeIdentificationItem
    from hdgpu.sr.coding_schemes import CodingSchemeResourceItem as CodingSchemeResourceItem
    from hdgpu.sr.content_item import ContentItem as ContentItem
    from hdgpu.sr.content_item import ContentSequence as ContentSequence
    from hdgpu.sr.coordinates import Scoord3DContentItem as Scoord3DContentItem
    from hdgpu.sr.coordinates import ScoordContentItem as ScoordContentItem
    from hdgpu.sr.coordinates import TcoordContentItem as TcoordContentItem
    from hdgpu.sr.enum import GraphicTypeValues as GraphicTypeValues
    from hdgpu.sr.enum import GraphicTypeValues3D as GraphicTypeValues3D
    from hdgpu.sr.enum import PixelOriginInterpretationValues as PixelOriginInterpretationValues
    from hdgpu.sr.enum import RelationshipTypeValues as RelationshipTypeValues
    from hdgpu.sr.enum import TemporalRangeTypeValues as TemporalRangeTypeValues
    from hdgpu.sr.enum import ValueTypeValues as ValueTypeValues
    from hdgpu.sr.references import CompositeContentItem as CompositeContentItem
    from hdgpu.sr.references import ImageContentItem as ImageContentItem
    from hdgpu.sr.references import WaveformContentItem as WaveformContentItem
    from hdgpu.sr.value_types import CodeContentItem as CodeContentItem
    from hdgpu.sr.value_types import ContainerContentItem as ContainerContentItem
    from hdgpu.sr.value_types import DateContentItem as DateContentItem
    from hdgpu.sr.value_types import DateTimeContentItem as DateTimeContentItem
    from hdgpu.sr.value_types import NumContentItem as NumContentItem
    from hdgpu.sr.value_types import PnameContentItem as PnameContentItem
    from hdgpu.sr.value_types import TextContentItem as TextContentItem
    from hdgpu.sr.value_types import TimeContentItem as TimeContentItem
    from hdgpu.sr.value_types import UIDRefContentItem as UIDRefContentItem

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

if not TYPE_CHECKING:  # else any name at all would be one

    def __getattr__(name: str) -> Any:
        home = _HOME.get(name)
        if home is None:
            raise AttributeError(f"module 'hdgpu.sr' has no attribute {name!r}")
        value = getattr(importlib.import_module(f"hdgpu.sr.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
