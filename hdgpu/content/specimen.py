"""Specimens: what they are, and how they were prepared (PS3.3 C.7.6.22)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Item, Items, Value
from hdgpu.content.issuer import IssuerOfIdentifier
from hdgpu.content.specimen_procedures import (
    PROCEDURES,
    PROCESSING_DESCRIPTION,
    SpecimenProcedure,
    SpecimenProcessing,
    issuer_text,
)
from hdgpu.errors import InvalidAttributeError
from hdgpu.sr.coding import CodedConcept
from hdgpu.sr.content_item import ContentItems, ContentSequence
from hdgpu.sr.template import Row
from hdgpu.sr.value_types import CodeContentItem, DateTimeContentItem, NumContentItem, TextContentItem
from hdgpu.uid import UID

__all__ = ["SpecimenDescription", "SpecimenPreparationStep"]

_Code = Code | CodedConcept
_MILLIMETER, _MICROMETER = Code("mm", "UCUM", "mm"), Code("um", "UCUM", "micrometer")


class SpecimenPreparationStep(DeclaredDataset):
    """A step of the preparation of a specimen (PS3.16 TID 8001).

    Parameters
    ----------
    specimen_id : str
        Identifier of the specimen.
    processing_procedure : SpecimenCollection or SpecimenSampling or SpecimenStaining or SpecimenProcessing
        What was done.
    processing_description : str or pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        More on what was done; not for a ``SpecimenProcessing``, which is that description.
    processing_datetime : datetime.datetime or None, optional
        When it was done.
    issuer_of_specimen_id : IssuerOfIdentifier or None, optional
        Who issued the identifier.
    fixative : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        Fixative of the tissue (CID 8114).
    embedding_medium : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        Medium that the tissue is embedded in (CID 8115).
    specimen_container : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        Container of the specimen (CID 8101).
    specimen_type : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        Type of the specimen (CID 8103).

    Raises
    ------
    TypeError
        If an argument is of another type.
    hdgpu.errors.InvalidAttributeError
        If there is a description besides a ``SpecimenProcessing``, the identifier is empty or has control characters,
        or there is no such date and time (also a ValueError).
    """

    specimen_id = Row[str](Code("121041", "DCM", "Specimen Identifier"), "Identifier of the specimen.", TextContentItem)
    issuer_of_specimen_id = Row[str | None](
        Code("111724", "DCM", "Issuer of Specimen Identifier"),
        "Who issued the identifier, if that is said.",
        TextContentItem,
        least=0,
    )
    processing_type = Row[CodedConcept](Code("111701", "DCM", "Processing type"), "Kind of procedure.", CodeContentItem)
    processing_datetime = Row[datetime | None](
        Code("111702", "DCM", "DateTime of processing"), "When it was done, if known.", DateTimeContentItem, least=0
    )
    _description = Row[CodedConcept | str | None](PROCESSING_DESCRIPTION, "", CodeContentItem, TextContentItem, least=0)
    fixative = Row[CodedConcept | None](
        Code("430864009", "SCT", "Tissue fixative (substance)"), "Fixative, if any.", CodeContentItem, least=0
    )
    embedding_medium = Row[CodedConcept | None](
        Code("430863003", "SCT", "Tissue embedding medium (substance)"),
        "Medium that the tissue is embedded in, if any.",
        CodeContentItem,
        least=0,
    )
    specimen_container = Row[CodedConcept | None](
        Code("434711009", "SCT", "Specimen container"), "Container, if known.", CodeContentItem, least=0
    )
    specimen_type = Row[CodedConcept | None](
        Code("371439000", "SCT", "Specimen type (observable entity)"), "Type, if known.", CodeContentItem, least=0
    )
    _items = ContentItems("SpecimenPreparationStepContentItemSequence", is_sr=False)

    def __init__(
        self,
        specimen_id: str,
        processing_procedure: SpecimenProcedure,
        processing_description: str | _Code | None = None,
        processing_datetime: datetime | None = None,
        issuer_of_specimen_id: IssuerOfIdentifier | None = None,
        fixative: _Code | None = None,
        embedding_medium: _Code | None = None,
        specimen_container: _Code | None = None,
        specimen_type: _Code | None = None,
    ) -> None:
        if type(processing_procedure) not in PROCEDURES:
            kinds = ", ".join(each.__name__ for each in PROCEDURES)
            found = type(processing_procedure).__name__
            raise TypeError(f"Argument 'processing_procedure' must be one of {kinds}, not {found}.")
        if processing_description is not None and isinstance(processing_procedure, SpecimenProcessing):
            raise InvalidAttributeError(
                "a SpecimenProcessing is the description itself", expected="processing_description=None"
            )
        step = SpecimenPreparationStep
        before = (
            (step.specimen_id, specimen_id),
            (step.issuer_of_specimen_id, issuer_text(issuer_of_specimen_id)),
            (step.processing_type, processing_procedure.processing_code),
            (step.processing_datetime, processing_datetime),
            (step._description, processing_description),
        )
        after = (
            (step.fixative, fixative),
            (step.embedding_medium, embedding_medium),
            (step.specimen_container, specimen_container),
            (step.specimen_type, specimen_type),
        )
        items = [item for row, value in before for item in row.made(value)]
        items += iter(processing_procedure)
        items += [item for row, value in after for item in row.made(value)]
        super().__init__(items=items)

    def _content_items(self) -> ContentSequence | None:
        return self._items

    @property
    def processing_procedure(self) -> SpecimenProcedure:
        """What was done: a SpecimenCollection, SpecimenSampling, SpecimenStaining or SpecimenProcessing."""
        return _procedure_of(self.processing_type)._among(self._items or ())

    @property
    def processing_description(self) -> str | CodedConcept | None:
        """More on what was done, if there is something; that of a ``SpecimenProcessing`` is its own."""
        return None if self.processing_type == SpecimenProcessing.processing_code else self._description

    @classmethod
    def _check(cls, item: Dataset) -> None:
        super()._check(item)
        read = ContentSequence.from_sequence(item.SpecimenPreparationStepContentItemSequence, is_sr=False)
        for row in vars(cls).values():
            if isinstance(row, Row):
                row.check(read)
        _procedure_of(cls.processing_type.read(read))._check_rows(read)

    @classmethod
    def from_dataset(cls, dataset: Dataset, *, copy: bool = True) -> Self:  # type: ignore[override]
        """Create an instance from an item of Specimen Preparation Sequence (0040,0610), as it was read from a file.

        Parameters
        ----------
        dataset : pydicom.Dataset
            The item.
        copy : bool, optional
            Whether to leave the item as it is and return a deep copy; otherwise the item itself becomes an instance of
            this class.

        Raises
        ------
        TypeError
            If it is not a data set.
        hdgpu.errors.MissingAttributeError
            If the content items are absent, or one that a step must have (also an AttributeError and a ValueError).
        hdgpu.errors.InvalidAttributeError
            If a content item is there too often, or the kind of procedure is not known (also a ValueError).
        """
        return super().from_dataset(dataset, copy)


def _procedure_of(processing_type: CodedConcept) -> type[SpecimenProcedure]:
    """Return the class for a kind of procedure."""
    for procedure in PROCEDURES:
        if processing_type == procedure.processing_code:
            return procedure
    raise InvalidAttributeError(
        "the processing type is not known",
        expected=", ".join(each.processing_code.meaning for each in PROCEDURES),
        found=f"{processing_type.meaning} ({processing_type.value}, {processing_type.scheme_designator})",
    )


class SpecimenDescription(DeclaredDataset):
    """A specimen: an item of Specimen Description Sequence (0040,0560) (PS3.3 C.7.6.22.1).

    Parameters
    ----------
    specimen_id : str
        Identifier of the specimen.
    specimen_uid : str or hdgpu.UID
        Unique identifier of the specimen.
    specimen_location : str or tuple of floats or None, optional
        Where it is in its container: in words, or as offsets x and y in mm and z in micrometers from the container's
        origin.
    specimen_preparation_steps : sequence of SpecimenPreparationStep or None, optional
        How it was prepared, in order.
    issuer_of_specimen_id : IssuerOfIdentifier or None, optional
        Who issued the identifier.
    primary_anatomic_structures : sequence of pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        Where in the body it comes from.
    specimen_type : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        Type of the specimen (CID 8103).
    specimen_short_description : str or None, optional
        Description in at most 64 characters.
    specimen_detailed_description : str or None, optional
        Description.

    Raises
    ------
    TypeError
        If an argument is of another type.
    hdgpu.errors.InvalidAttributeError
        If an identifier is empty or none, a text is too long or has characters that it may not have, there are not two
        or three offsets, or there are no anatomic structures where some are given (also a ValueError).

    Examples
    --------
    >>> SpecimenDescription("S-1", "2.25.1", specimen_location=(1.5, 20.0, 0.0)).specimen_location
    (1.5, 20.0, 0.0)
    """

    specimen_id = Value[str]("SpecimenIdentifier", "1", "Identifier of the specimen.")
    specimen_uid = Value[UID]("SpecimenUID", "1", "Unique identifier of the specimen.")
    issuer_of_specimen_id = Item[IssuerOfIdentifier | None](
        "IssuerOfTheSpecimenIdentifierSequence", IssuerOfIdentifier, "2", "Who issued the identifier, if that is said."
    )
    specimen_preparation_steps = Items[list[SpecimenPreparationStep]](
        "SpecimenPreparationSequence", SpecimenPreparationStep, "2", "How the specimen was prepared, in order."
    )
    specimen_type = Item[CodedConcept | None]("SpecimenTypeCodeSequence", CodedConcept, "3", "Type, if known.")
    specimen_short_description = Value[str | None](
        "SpecimenShortDescription", "3", "Description in at most 64 characters, if there is one."
    )
    specimen_detailed_description = Value[str | None](
        "SpecimenDetailedDescription", "3", "Description, if there is one."
    )
    primary_anatomic_structures = Items[list[CodedConcept] | None](
        "PrimaryAnatomicStructureSequence", CodedConcept, "1C", "Where in the body it comes from, if that is said."
    )
    _localization = ContentItems("SpecimenLocalizationContentItemSequence", "1C", is_sr=False)
    _location_in_words = Row[str | None](Code("111718", "DCM", "Location of Specimen"), "", TextContentItem, least=0)
    _x = Row[float | None](
        Code("111719", "DCM", "Location of Specimen X offset"), "", NumContentItem, least=0, unit=_MILLIMETER
    )
    _y = Row[float | None](
        Code("111720", "DCM", "Location of Specimen Y offset"), "", NumContentItem, least=0, unit=_MILLIMETER
    )
    _z = Row[float | None](
        Code("111721", "DCM", "Location of Specimen Z offset"), "", NumContentItem, least=0, unit=_MICROMETER
    )

    def __init__(
        self,
        specimen_id: str,
        specimen_uid: str,
        specimen_location: str | tuple[float, ...] | None = None,
        specimen_preparation_steps: Sequence[SpecimenPreparationStep] | None = None,
        issuer_of_specimen_id: IssuerOfIdentifier | None = None,
        primary_anatomic_structures: Sequence[_Code] | None = None,
        specimen_type: _Code | None = None,
        specimen_short_description: str | None = None,
        specimen_detailed_description: str | None = None,
    ) -> None:
        super().__init__(
            specimen_id=specimen_id,
            specimen_uid=specimen_uid,
            issuer_of_specimen_id=issuer_of_specimen_id,
            specimen_preparation_steps=specimen_preparation_steps,
            specimen_type=specimen_type,
            specimen_short_description=specimen_short_description,
            specimen_detailed_description=specimen_detailed_description,
            primary_anatomic_structures=primary_anatomic_structures,
            localization=None if specimen_location is None else _location_items(specimen_location),
        )

    def _content_items(self) -> ContentSequence | None:
        return self._localization

    @property
    def specimen_location(self) -> str | tuple[float, ...] | None:
        """Where it is in its container: in words, or as offsets x and y in mm and z in micrometers, if that is said."""
        offsets = tuple(each for each in (self._x, self._y, self._z) if each is not None)
        return self._location_in_words or offsets or None

    @classmethod
    def from_dataset(cls, dataset: Dataset, *, copy: bool = True) -> Self:  # type: ignore[override]
        """Create an instance from an item of Specimen Description Sequence (0040,0560), as it was read from a file.

        Parameters
        ----------
        dataset : pydicom.Dataset
            The item.
        copy : bool, optional
            Whether to leave the item as it is and return a deep copy; otherwise the item itself becomes an instance of
            this class.

        Raises
        ------
        TypeError
            If it is not a data set.
        hdgpu.errors.MissingAttributeError
            If an attribute is absent that must be there, in the item or in a step (also an AttributeError and a
            ValueError).
        hdgpu.errors.InvalidAttributeError
            If something is there too often (also a ValueError).
        """
        return super().from_dataset(dataset, copy)


def _location_items(location: Any) -> list[Any]:
    """Return the content items for where a specimen is."""
    described = SpecimenDescription
    if isinstance(location, str):
        return described._location_in_words.made(location)
    if not isinstance(location, Sequence):
        raise TypeError(
            f"Argument 'specimen_location' must be a str or a tuple of numbers, not {type(location).__name__}."
        )
    if len(location) not in (2, 3):
        raise InvalidAttributeError(
            "the location of a specimen has the wrong number of offsets", expected="2 or 3", found=len(location)
        )
    rows = (described._x, described._y, described._z)
    return [item for row, offset in zip(rows, location, strict=False) for item in row.made(offset)]
