"""Declared classes: what follows from the table of their attributes."""

import copy
import inspect
import pickle
from enum import Enum

import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.sr.coding import Code

from hdgpu.attributes.containers import DeclaredDataset, MacroSequence
from hdgpu.attributes.declaration import Choice, Item, Items, Value, Values
from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.sr.coding import CodedConcept


class Sexes(Enum):
    M = "M"
    F = "F"


class Person(DeclaredDataset):
    name = Value[str]("InstitutionName", "1", "Whose it is.")
    number = Value[int | None]("SeriesNumber", "2", "How many there are.")
    sex = Choice[Sexes | None]("PatientSex", Sexes, "3", "What sex it is.")
    code = Item[CodedConcept | None]("InstitutionCodeSequence", CodedConcept, "3", "What it is.")
    codes = Items[list[CodedConcept] | None]("PersonIdentificationCodeSequence", CodedConcept, "1C", "Which these are.")
    _versions = Values[list[str] | None]("SoftwareVersions", "3")

    def __init__(self, name, number=None, sex=None, code=None, codes=None, versions=None):
        super().__init__(name=name, number=number, sex=sex, code=code, codes=codes, versions=versions)


class OnePerson(MacroSequence):
    name = Value[str]("InstitutionName", "1", "Whose it is.")
    code = Item[CodedConcept | None]("InstitutionCodeSequence", CodedConcept, "3", "What it is.")

    def __init__(self, name, code=None):
        super().__init__(name=name, code=code)


CODE = Code("1", "99X", "meaning")


def full():
    return Person("a", 5, "F", CODE, [CODE, CODE], ["1", "2"])


def test_what_is_set():
    person = full()
    assert [element.keyword for element in person] == [
        "InstitutionName", "InstitutionCodeSequence", "PatientSex", "SoftwareVersions", "SeriesNumber",
        "PersonIdentificationCodeSequence",
    ]  # fmt: skip
    assert (person.name, person.number, person.sex, person.code, person.codes) == ("a", 5, Sexes.F, CODE, [CODE, CODE])
    assert person._versions == person.SoftwareVersions == ["1", "2"]
    few = Person("a", versions="1")
    assert "PatientSex" not in few
    assert few["SeriesNumber"].is_empty
    assert (few.number, few.sex, few.code, few.codes, few._versions) == (None, None, None, None, ["1"])


def test_properties_are_documented_and_cannot_be_set():
    assert inspect.getdoc(inspect.getattr_static(Person, "sex")) == "What sex it is."
    assert isinstance(inspect.getattr_static(Person, "sex"), property)
    with pytest.raises(AttributeError):
        full().name = "b"


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"name": ""}, InvalidAttributeError, "Institution Name"),
        ({"name": None}, TypeError, "Institution Name"),
        ({"sex": "X"}, ValueError, "X"),
        ({"code": "x"}, TypeError, "CodedConcept"),
        ({"codes": []}, InvalidAttributeError, "Person Identification Code Sequence"),
        ({"codes": CODE}, TypeError, "Code"),
        ({"codes": CodedConcept(*CODE)}, TypeError, "Person Identification Code Sequence"),
        ({"codes": 5}, TypeError, "Person Identification Code Sequence"),
        ({"versions": ["1", 2]}, TypeError, "Software Versions"),
    ],
)
def test_what_is_refused(arguments, error, match):
    with pytest.raises(error, match=match):
        Person(**{"name": "a", **arguments})


def test_fixed_numbers_of_values():
    class Spacing(MacroSequence):
        spacing = Values[list[float]]("PixelSpacing", "1", "Distances.")

        def __init__(self, spacing):
            super().__init__(spacing=spacing)

    assert Spacing((1, 2)).spacing == [1.0, 2.0]
    with pytest.raises(InvalidAttributeError, match="expected 2, found 3"):
        Spacing([1, 2, 3])
    with pytest.raises(TypeError):
        Spacing(1)


def read():
    """Return a person as pydicom reads it."""
    plain = Dataset.from_json(full().to_json())
    assert type(plain.InstitutionCodeSequence[0]) is Dataset
    return plain


def test_conversion_copies():
    plain = read()
    person = Person.from_dataset(plain)
    assert type(person) is Person
    assert {type(each) for each in (person.code, *person.codes)} == {CodedConcept}
    person.code.CodeMeaning = "other"
    assert plain.InstitutionCodeSequence[0].CodeMeaning == "meaning"
    assert type(plain) is type(plain.InstitutionCodeSequence[0]) is Dataset
    same = Person.from_dataset(plain, copy=False)
    assert same is plain
    assert type(plain) is Person
    assert type(plain.InstitutionCodeSequence[0]) is CodedConcept
    assert Person.from_dataset(person, copy=False) is person


def test_conversion_of_a_file():
    dataset = FileDataset("x", read())
    assert Person.from_dataset(dataset, copy=False) is dataset
    assert dataset.name == "a"


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda each: each.pop("InstitutionName"), MissingAttributeError, "Institution Name"),
        (lambda each: each.pop("SeriesNumber"), MissingAttributeError, "Series Number"),
        (lambda each: setattr(each, "PatientSex", "X"), ValueError, "X"),
        (lambda each: each.InstitutionCodeSequence[0].pop("CodeMeaning"), MissingAttributeError, "Code Meaning"),
        (
            lambda each: each.InstitutionCodeSequence.append(Dataset(each.InstitutionCodeSequence[0])),
            InvalidAttributeError,
            "Institution Code Sequence.*expected 1, found 2",
        ),
    ],
)
def test_a_failed_conversion_changes_nothing(change, error, match):
    plain = read()
    change(plain)
    before = copy.deepcopy(plain)
    for copied in (True, False):
        with pytest.raises(error, match=match):
            Person.from_dataset(plain, copy=copied)
        assert type(plain) is type(plain.PersonIdentificationCodeSequence[0]) is Dataset
        assert plain == before


def test_not_a_data_set():
    for other in ({}, None, Sequence([read()])):
        with pytest.raises(TypeError, match="Dataset"):
            Person.from_dataset(other)


def test_sequences_of_one_item():
    sequence = OnePerson("a", CODE)
    plain = Sequence([Dataset.from_json(sequence[0].to_json())])
    converted = OnePerson.from_sequence(plain)
    assert (converted.name, converted.code) == ("a", CODE)
    assert type(plain) is Sequence
    assert OnePerson.from_sequence(plain, copy=False) is plain
    assert type(plain[0].InstitutionCodeSequence[0]) is CodedConcept
    assert OnePerson("a") != sequence == converted == plain


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copies(clone):
    for original in (full(), OnePerson("a", CODE)):
        cloned = clone(original)
        assert type(cloned) is type(original)
        assert cloned == original
        assert cloned.code == CODE
        assert type(cloned.code) is CodedConcept
