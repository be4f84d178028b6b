"""Specimens and what was done to them: in trees of items that were read, and what highdicom does not check."""

import json

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from hdgpu.content.issuer import IssuerOfIdentifier
from hdgpu.content.specimen import SpecimenDescription, SpecimenPreparationStep
from hdgpu.content.specimen_procedures import (
    SpecimenCollection,
    SpecimenProcessing,
    SpecimenSampling,
    SpecimenStaining,
)
from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.sr import CodedConcept, ContentSequence, TextContentItem

A, B = Code("1", "99X", "a"), Code("2", "99X", "b", "1.0")
PROCEDURES = {
    "collection": lambda: SpecimenCollection(A),
    "sampling": lambda: SpecimenSampling(A, "parent", B, IssuerOfIdentifier("lab")),
    "staining": lambda: SpecimenStaining([A, "eosin", B]),
    "processing": lambda: SpecimenProcessing("cutting"),
}


def plain(content):
    if isinstance(content, Sequence):
        return Sequence([plain(item) for item in content])
    return Dataset.from_json(json.dumps(content.to_json_dict(), default=str))


def read_values(procedure):
    names = [name for name in type(procedure)._rows if isinstance(getattr(type(procedure), name, None), property)]
    return {name: getattr(procedure, name) for name in names}


@pytest.mark.parametrize("name", PROCEDURES)
def test_procedures_are_read_from_steps(name):
    procedure = PROCEDURES[name]()
    step = SpecimenPreparationStep("s", procedure, issuer_of_specimen_id=IssuerOfIdentifier("u", "UUID"), fixative=A)
    read = SpecimenPreparationStep.from_dataset(plain(step))
    assert type(read.processing_procedure) is type(procedure)
    assert read_values(read.processing_procedure) == read_values(procedure) != {}
    assert read.processing_type == type(procedure).processing_code
    assert (read.specimen_id, read.issuer_of_specimen_id, read.fixative, read.specimen_type) == ("s", "u", A, None)
    assert read.processing_description is None
    assert (procedure.is_root, procedure.is_sr) == (False, False)


def test_what_procedures_hold():
    sampling = SpecimenSampling(A, "parent", B)
    assert (sampling.method, sampling.parent_specimen_id, sampling.parent_specimen_type) == (A, "parent", B)
    assert SpecimenStaining([A, "eosin", B]).substances == [A, "eosin", B]
    assert [type(each) for each in SpecimenStaining([A, "eosin"]).substances] == [CodedConcept, str]
    assert SpecimenCollection(A).procedure == A
    assert (SpecimenProcessing(A).description, SpecimenProcessing("x").description) == (A, "x")
    for description in ("words", A):
        step = SpecimenPreparationStep("s", SpecimenCollection(A), description)
        assert SpecimenPreparationStep.from_dataset(plain(step)).processing_description == description


@pytest.mark.parametrize("name", PROCEDURES)
def test_procedures_alone(name):
    procedure = PROCEDURES[name]()
    cls = type(procedure)
    read = plain(procedure)
    assert read_values(cls.from_sequence(read, is_sr=False)) == read_values(procedure)
    assert type(read[0]) is Dataset
    assert cls.from_sequence(read, is_sr=False, copy=False)[0] is read[0]
    for less in (read[1:] if name in ("sampling", "collection", "processing") else [], []):
        with pytest.raises(MissingAttributeError, match="there is no item"):
            cls.from_sequence(less, is_sr=False)
    if name != "staining":
        with pytest.raises(InvalidAttributeError, match="too many"):
            cls.from_sequence([*read, read[0]], is_sr=False)


@pytest.mark.parametrize(
    ("items", "error", "match"),
    [
        (lambda items: items[1:], MissingAttributeError, "Specimen Identifier"),
        (lambda items: [items[0], *items], InvalidAttributeError, "Specimen Identifier.*found 2"),
        (lambda items: [items[0], items[2]], MissingAttributeError, "Processing type"),
        (lambda items: items[:2], MissingAttributeError, "specimen collection"),
        (lambda items: [*items, items[2]], InvalidAttributeError, "specimen collection"),
    ],
)
def test_steps_that_lack_something(items, error, match):
    step = SpecimenPreparationStep("s", SpecimenCollection(A))
    read = plain(step)
    read.SpecimenPreparationStepContentItemSequence = items(list(read.SpecimenPreparationStepContentItemSequence))
    with pytest.raises(error, match=match):
        SpecimenPreparationStep.from_dataset(read)
    described = plain(SpecimenDescription("s", "1.2", specimen_preparation_steps=[step]))
    described.SpecimenPreparationSequence[0] = read
    with pytest.raises(error, match=match):
        SpecimenDescription.from_dataset(described, copy=False)
    assert type(described) is Dataset


def test_an_unknown_processing():
    read = plain(SpecimenPreparationStep("s", SpecimenCollection(A)))
    read.SpecimenPreparationStepContentItemSequence[1].ConceptCodeSequence = [CodedConcept(*B)]
    with pytest.raises(InvalidAttributeError, match=r"not known.*found b \(2, 99X\)"):
        SpecimenPreparationStep.from_dataset(read)


def test_items_that_are_of_no_template():
    read = plain(SpecimenPreparationStep("s", SpecimenCollection(A)))
    comment = plain(TextContentItem(codes.DCM.Comment, "x"))
    read.SpecimenPreparationStepContentItemSequence.append(comment)
    step = SpecimenPreparationStep.from_dataset(read)
    assert len(step.processing_procedure) == 1
    assert len(step.SpecimenPreparationStepContentItemSequence) == 4
    assert type(step.SpecimenPreparationStepContentItemSequence) is ContentSequence


def test_descriptions():
    step = SpecimenPreparationStep("s", SpecimenStaining([A]))
    issuer = IssuerOfIdentifier("lab")
    full = SpecimenDescription("s", "1.2.3", (1.0, 2.0, 1 / 3), [step, step], issuer, [A, B], A, "short", "long")
    read = SpecimenDescription.from_dataset(plain(full))
    for each in (full, read):
        assert each.specimen_location == (1.0, 2.0, 1 / 3)
        assert [type(one) for one in each.specimen_preparation_steps] == [SpecimenPreparationStep] * 2
        assert (type(each.issuer_of_specimen_id), each.issuer_of_specimen_id) == (IssuerOfIdentifier, issuer)
        assert (each.primary_anatomic_structures, each.specimen_type) == ([A, B], A)
        assert (each.specimen_short_description, each.specimen_detailed_description) == ("short", "long")
    few = SpecimenDescription("s", "1.2.3")
    assert few.specimen_location is few.issuer_of_specimen_id is few.primary_anatomic_structures is None
    assert few.specimen_preparation_steps == []
    assert SpecimenDescription("s", "1.2", "third from left").specimen_location == "third from left"
    assert SpecimenDescription("s", "1.2", [1, 2]).specimen_location == (1.0, 2.0)
    same = plain(full)
    assert SpecimenDescription.from_dataset(same, copy=False) is same


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: SpecimenDescription("", "1.2"), InvalidAttributeError, "Specimen Identifier"),
        (lambda: SpecimenDescription("s" * 65, "1.2"), InvalidAttributeError, "Specimen Identifier"),
        (lambda: SpecimenDescription("s", "x"), InvalidAttributeError, "Specimen UID"),
        (lambda: SpecimenDescription("s", "1.2", (1.0,)), InvalidAttributeError, "2 or 3, found 1"),
        (lambda: SpecimenDescription("s", "1.2", 5), TypeError, "specimen_location"),
        (lambda: SpecimenStaining("eosin"), TypeError, "sequence"),
        (lambda: SpecimenStaining(A), TypeError, "sequence"),
        (lambda: SpecimenSampling(A, 5, B), TypeError, "Parent Specimen Identifier"),
        (lambda: SpecimenSampling(A, "p", B, "lab"), TypeError, "issuer"),
        (lambda: SpecimenPreparationStep("s", ContentSequence()), TypeError, "SpecimenStaining"),
        (lambda: IssuerOfIdentifier(None), TypeError, "issuer_of_identifier"),
        (lambda: IssuerOfIdentifier(""), InvalidAttributeError, "Local Namespace Entity ID"),
    ],
)
def test_what_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_issuers():
    local, universal = IssuerOfIdentifier("lab"), IssuerOfIdentifier("1.2", "ISO")
    assert (local.issuer_of_identifier, local.issuer_of_identifier_type) == ("lab", None)
    assert (universal.issuer_of_identifier, universal.issuer_of_identifier_type.value) == ("1.2", "ISO")
    both = Dataset(universal)
    both.LocalNamespaceEntityID = "lab"
    read = IssuerOfIdentifier.from_dataset(both)
    assert (read.issuer_of_identifier, read.issuer_of_identifier_type) == ("lab", None)
