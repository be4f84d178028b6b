"""Content items by the type of their value: codes, texts, names, dates, numbers and containers (PS3.3 C.17.3.2.1)."""

from __future__ import annotations

from datetime import date, datetime, time
from numbers import Integral, Real
from typing import Any, Generic, TypeVar

from pydicom.sr.coding import Code
from pydicom.valuerep import DA, DT, TM, PersonName

from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Item, Value
from hdgpu.sr.coding import CodedConcept
from hdgpu.sr.content_item import ContentItem, ContentSequence
from hdgpu.sr.coordinates import Scoord3DContentItem, ScoordContentItem, TcoordContentItem
from hdgpu.sr.enum import RelationshipTypeValues, ValueTypeValues
from hdgpu.sr.references import CompositeContentItem, ImageContentItem, WaveformContentItem
from hdgpu.uid import UID

__all__ = [
    "CodeContentItem",
    "CompositeContentItem",
    "ContainerContentItem",
    "ContentItem",
    "ContentSequence",
    "DateContentItem",
    "DateTimeContentItem",
    "ImageContentItem",
    "NumContentItem",
    "PnameContentItem",
    "Scoord3DContentItem",
    "ScoordContentItem",
    "SingleValueItem",
    "TcoordContentItem",
    "TextContentItem",
    "TimeContentItem",
    "UIDRefContentItem",
    "WaveformContentItem",
]

_Name = Code | CodedConcept
_Relationship = RelationshipTypeValues | str | None
Argument = TypeVar("Argument")


class SingleValueItem(ContentItem, Generic[Argument]):
    """Content item whose value is that of one attribute.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    value : object
        The value: the class says of what type.
    relationship_type : RelationshipTypeValues or str or None, optional
        How the item relates to its parent.

    Raises
    ------
    TypeError
        If the name is no code, or the value of another type.
    ValueError
        If the value is none that the attribute can hold, or there is no such type of relationship.
    """

    def __init__(self, name: _Name, value: Argument, relationship_type: _Relationship = None) -> None:
        super().__init__(self._value_type, name, relationship_type)
        self._set(value=value)


class CodeContentItem(SingleValueItem[_Name]):
    """Content item whose value is a coded concept; parameters as for :class:`SingleValueItem`."""

    _value_type = ValueTypeValues.CODE
    value = Item[CodedConcept]("ConceptCodeSequence", CodedConcept, "1", "The coded concept.")


class TextContentItem(SingleValueItem[str]):
    """Content item whose value is text; parameters as for :class:`SingleValueItem`."""

    _value_type = ValueTypeValues.TEXT
    value = Value[str]("TextValue", "1", "The text.")


class PnameContentItem(SingleValueItem[str | PersonName]):
    """Content item whose value is the name of a person; parameters as for :class:`SingleValueItem`.

    The name is one that :func:`hdgpu.valuerep.check_person_name` takes.
    """

    _value_type = ValueTypeValues.PNAME
    value = Value[PersonName]("PersonName", "1", "The name of the person.")


class DateContentItem(SingleValueItem[str | date | DA]):
    """Content item whose value is a date; parameters as for :class:`SingleValueItem`.

    As text it is written YYYYMMDD.
    """

    _value_type = ValueTypeValues.DATE
    value = Value[date]("Date", "1", "The date.")


class TimeContentItem(SingleValueItem[str | time | TM]):
    """Content item whose value is a time of day; parameters as for :class:`SingleValueItem`.

    As text it is written HHMMSS.FFFFFF, of which the end may be left out.
    """

    _value_type = ValueTypeValues.TIME
    value = Value[time]("Time", "1", "The time of day.")


class DateTimeContentItem(SingleValueItem[str | datetime | DT]):
    """Content item whose value is a date and a time of day; parameters as for :class:`SingleValueItem`.

    As text it is written YYYYMMDDHHMMSS.FFFFFF+ZZZZ, of which the end may be left out.
    """

    _value_type = ValueTypeValues.DATETIME
    value = Value[datetime]("DateTime", "1", "Date and time of day.")


class UIDRefContentItem(SingleValueItem[str | UID]):
    """Content item whose value is a unique identifier; parameters as for :class:`SingleValueItem`."""

    _value_type = ValueTypeValues.UIDREF
    value = Value[UID]("UID", "1", "The identifier.")


class _MeasuredValue(DeclaredDataset):
    """Item of Measured Value Sequence (0040,A300)."""

    value = Value[float]("NumericValue")
    floating_point_value = Value[float | None]("FloatingPointValue", "3")
    unit = Item[CodedConcept]("MeasurementUnitsCodeSequence", CodedConcept)


class NumContentItem(ContentItem):
    """Content item whose value is a number with a unit.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    value : float
        The number. One that is no integer is stored in full precision besides, since the 16 characters of the value
        that all readers know cannot hold every number.
    unit : CodedConcept or pydicom.sr.coding.Code
        Its unit (CID 7181).
    qualifier : CodedConcept or pydicom.sr.coding.Code or None, optional
        What more there is to say of the number, such as why there is none (CID 42).
    relationship_type : RelationshipTypeValues or str or None, optional
        How it relates to its parent.

    Raises
    ------
    TypeError
        If name, unit or qualifier is no code, or the value no number.
    ValueError
        If the number is not finite, or there is no such type of relationship.

    Examples
    --------
    >>> from pydicom.sr.codedict import codes
    >>> NumContentItem(codes.SCT.Diameter, 1 / 3, codes.UCUM.Millimeter).value
    0.3333333333333333
    """

    _value_type = ValueTypeValues.NUM
    _measured = Item[_MeasuredValue | None]("MeasuredValueSequence", _MeasuredValue, "2")
    qualifier = Item[CodedConcept | None](
        "NumericValueQualifierCodeSequence", CodedConcept, "3", "Qualification of the number, if there is one."
    )

    def __init__(
        self,
        name: _Name,
        value: float,
        unit: _Name,
        qualifier: _Name | None = None,
        relationship_type: _Relationship = None,
    ) -> None:
        super().__init__(self._value_type, name, relationship_type)
        number, is_integer = _real(value)
        measured = _MeasuredValue(value=number, unit=unit, floating_point_value=None if is_integer else number)
        self._set(measured=measured, qualifier=qualifier)

    @property
    def value(self) -> float | None:
        """The number; None in an item that has none, as a file may have."""
        measured = self._measured
        if measured is None:
            return None
        in_full = measured.floating_point_value
        return float(measured.value if in_full is None else in_full)

    @property
    def unit(self) -> CodedConcept | None:
        """The unit of the number; None in an item that has no number."""
        measured = self._measured
        return None if measured is None else measured.unit


def _real(value: Any) -> tuple[float, bool]:
    """Return a number, of Python or NumPy, as a float, and whether it is of a type of integers."""
    if not isinstance(value, Real):
        raise TypeError(f"Argument 'value' must be a number, not {type(value).__name__}.")
    return float(value), isinstance(value, Integral)


class _Template(DeclaredDataset):
    """Item of Content Template Sequence (0040,A504)."""

    _mapping_resource = Value[str]("MappingResource")
    template_id = Value[str]("TemplateIdentifier")


class ContainerContentItem(ContentItem):
    """Content item that holds others.

    Parameters
    ----------
    name : CodedConcept or pydicom.sr.coding.Code
        Concept that names the item.
    is_content_continuous : bool, optional
        Whether the items below are one text, rather than separate.
    template_id : str or None, optional
        Identifier of the template of the DICOM Content Mapping Resource (PS3.16) that the items below follow.
    relationship_type : RelationshipTypeValues or str or None, optional
        How it relates to its parent.

    Raises
    ------
    TypeError
        If the name is no code.
    ValueError
        If there is no such type of relationship, or the identifier is no code string.
    """

    _value_type = ValueTypeValues.CONTAINER
    _continuity = Value[str]("ContinuityOfContent")
    _template = Item[_Template | None]("ContentTemplateSequence", _Template, "3")

    def __init__(
        self,
        name: _Name,
        is_content_continuous: bool = True,
        template_id: str | None = None,
        relationship_type: _Relationship = None,
    ) -> None:
        super().__init__(self._value_type, name, relationship_type)
        template = None
        if template_id is not None:
            template = _Template(mapping_resource="DCMR", template_id=str(template_id))
        self._set(continuity="CONTINUOUS" if is_content_continuous else "SEPARATE", template=template)

    @property
    def template_id(self) -> str | None:
        """Identifier of the template that the items below follow, if one is named."""
        template = self._template
        return None if template is None else template.template_id


ITEM_CLASSES: dict[ValueTypeValues, type[ContentItem]] = {
    ValueTypeValues.CODE: CodeContentItem,
    ValueTypeValues.COMPOSITE: CompositeContentItem,
    ValueTypeValues.CONTAINER: ContainerContentItem,
    ValueTypeValues.DATE: DateContentItem,
    ValueTypeValues.DATETIME: DateTimeContentItem,
    ValueTypeValues.IMAGE: ImageContentItem,
    ValueTypeValues.NUM: NumContentItem,
    ValueTypeValues.PNAME: PnameContentItem,
    ValueTypeValues.SCOORD: ScoordContentItem,
    ValueTypeValues.SCOORD3D: Scoord3DContentItem,
    ValueTypeValues.TCOORD: TcoordContentItem,
    ValueTypeValues.TEXT: TextContentItem,
    ValueTypeValues.TIME: TimeContentItem,
    ValueTypeValues.UIDREF: UIDRefContentItem,
    ValueTypeValues.WAVEFORM: WaveformContentItem,
}
