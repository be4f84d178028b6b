"""What was done to specimens: collection, sampling, staining and other processing (PS3.16 TID 8001 to 8003)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydicom.sr.coding import Code

from hdgpu.content.issuer import IssuerOfIdentifier
from hdgpu.errors import InvalidAttributeError
from hdgpu.sr.coding import CodedConcept
from hdgpu.sr.template import Row, TemplateSequence
from hdgpu.sr.value_types import CodeContentItem, TextContentItem

__all__ = [
    "PROCEDURES",
    "PROCESSING_DESCRIPTION",
    "SpecimenCollection",
    "SpecimenProcedure",
    "SpecimenProcessing",
    "SpecimenSampling",
    "SpecimenStaining",
    "issuer_text",
]

PROCESSING_DESCRIPTION = Code("111703", "DCM", "Processing step description")
_COLLECTION = Code("17636008", "SCT", "specimen collection")

_Code = Code | CodedConcept


def issuer_text(issuer: IssuerOfIdentifier | None) -> str | None:
    """Return an issuer as content items have it: its identifier alone."""
    if issuer is not None and not isinstance(issuer, IssuerOfIdentifier):
        raise TypeError(f"The issuer of an identifier must be an IssuerOfIdentifier, not {type(issuer).__name__}.")
    return None if issuer is None else issuer.issuer_of_identifier


class SpecimenProcedure(TemplateSequence):
    """Content items of a procedure on a specimen."""

    # what a step of such a procedure has as Processing type
    processing_code: ClassVar[Code]


class SpecimenCollection(SpecimenProcedure):
    """Content items of the collection of a specimen.

    Parameters
    ----------
    procedure : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept
        Surgical procedure by which the specimen was collected (CID 8109).

    Raises
    ------
    TypeError
        If it is no code.
    """

    processing_code = _COLLECTION
    procedure = Row[CodedConcept](_COLLECTION, "Procedure by which the specimen was collected.", CodeContentItem)

    def __init__(self, procedure: _Code) -> None:
        super().__init__(procedure=procedure)


class SpecimenSampling(SpecimenProcedure):
    """Content items of the sampling of a specimen from another one (PS3.16 TID 8002).

    Parameters
    ----------
    method : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept
        How it was sampled (CID 8110).
    parent_specimen_id : str
        Identifier of the specimen that it was sampled from.
    parent_specimen_type : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept
        Type of that specimen (CID 8103).
    issuer_of_parent_specimen_id : IssuerOfIdentifier or None, optional
        Who issued its identifier.

    Raises
    ------
    TypeError
        If an argument is of another type.
    hdgpu.errors.InvalidAttributeError
        If the identifier is empty or has control characters (also a ValueError).
    """

    processing_code = Code("433465004", "SCT", "Sampling of tissue specimen")
    method = Row[CodedConcept](Code("111704", "DCM", "Sampling Method"), "How it was sampled.", CodeContentItem)
    parent_specimen_id = Row[str](
        Code("111705", "DCM", "Parent Specimen Identifier"),
        "Identifier of the specimen that it was sampled from.",
        TextContentItem,
    )
    _issuer_of_parent_specimen_id = Row[str | None](
        Code("111706", "DCM", "Issuer of Parent Specimen Identifier"), "", TextContentItem, least=0
    )
    parent_specimen_type = Row[CodedConcept](
        Code("111707", "DCM", "Parent specimen type"),
        "Type of the specimen that it was sampled from.",
        CodeContentItem,
    )

    def __init__(
        self,
        method: _Code,
        parent_specimen_id: str,
        parent_specimen_type: _Code,
        issuer_of_parent_specimen_id: IssuerOfIdentifier | None = None,
    ) -> None:
        super().__init__(
            method=method,
            parent_specimen_id=parent_specimen_id,
            parent_specimen_type=parent_specimen_type,
            issuer_of_parent_specimen_id=issuer_text(issuer_of_parent_specimen_id),
        )


class SpecimenStaining(SpecimenProcedure):
    """Content items of the staining of a specimen (PS3.16 TID 8003).

    Parameters
    ----------
    substances : sequence of pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or str
        Stains, one or more (CID 8112).

    Raises
    ------
    TypeError
        If something is neither code nor text.
    hdgpu.errors.InvalidAttributeError
        If there is none (also a ValueError).
    """

    processing_code = Code("127790008", "SCT", "Staining")
    substances = Row[list[CodedConcept | str]](
        Code("424361007", "SCT", "Using substance (attribute)"), "Stains.", CodeContentItem, TextContentItem, most=None
    )

    def __init__(self, substances: Sequence[_Code | str]) -> None:
        if isinstance(substances, (str, Code, CodedConcept)):
            raise TypeError("Argument 'substances' must be a sequence of codes or texts.")
        if not substances:
            raise InvalidAttributeError("there is no substance", expected="1 or more")
        super().__init__(substances=substances)


class SpecimenProcessing(SpecimenProcedure):
    """Content items of another processing of a specimen.

    Parameters
    ----------
    description : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or str
        What was done (CID 8113).

    Raises
    ------
    TypeError
        If it is neither code nor text.
    """

    processing_code = Code("9265001", "SCT", "Specimen processing")
    description = Row[CodedConcept | str](PROCESSING_DESCRIPTION, "What was done.", CodeContentItem, TextContentItem)

    def __init__(self, description: _Code | str) -> None:
        super().__init__(description=description)


PROCEDURES: tuple[type[SpecimenProcedure], ...] = (
    SpecimenCollection,
    SpecimenSampling,
    SpecimenStaining,
    SpecimenProcessing,
)
