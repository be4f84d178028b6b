"""Coded concepts and coding schemes: what highdicom does otherwise, or does not check."""

import warnings

import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.sr import CodedConcept, CodingSchemeIdentificationItem


@pytest.mark.parametrize(
    ("value", "keyword"),
    [
        ("x" * 16, "CodeValue"),
        ("x" * 17, "LongCodeValue"),
        ("urn:oid:1.2", "URNCodeValue"),
        ("URN:lex:us:federal:codified.regulation", "URNCodeValue"),
        ("http://a.b", "URNCodeValue"),
        ("http://example.org/a/very/long/path", "URNCodeValue"),
        ("urnary", "CodeValue"),
        ("a b://c", "CodeValue"),
    ],
)
def test_where_the_value_is(value, keyword):
    code = CodedConcept(value, "S", "m")
    assert code.value == value
    assert [each for each in ("CodeValue", "LongCodeValue", "URNCodeValue") if each in code] == [keyword]
    assert CodedConcept.from_dataset(Dataset(code)).value == value


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("", "S", "m"), "Code Value"),
        (("1", "", "m"), "Coding Scheme Designator"),
        (("1", "S", ""), "Code Meaning"),
        (("1", "S" * 17, "m"), "Coding Scheme Designator.*SSS"),
        (("1", "S", "m", "v" * 17), "Coding Scheme Version.*vvv"),
        (("1\\2", "S", "m"), "Code Value.*backslash"),
        (("1", "S", "m\n"), "Code Meaning.*control"),
    ],
)
def test_codes_that_are_none(arguments, match):
    with pytest.raises(InvalidAttributeError, match=match):
        CodedConcept(*arguments)


def test_one_code_and_no_more():
    both = Dataset(CodedConcept("1", "S", "m"))
    both.LongCodeValue = "1"
    with pytest.raises(MissingAttributeError, match="CodeValue and LongCodeValue"):
        CodedConcept.from_dataset(both)


def test_snomed_rt_is_snomed_ct():
    old, new = CodedConcept("T-D0050", "SRT", "Tissue"), codes.SCT.Tissue
    assert old == new
    assert new == old
    assert hash(old) == hash(new)
    assert old == Code("T-D0050", "SRT", "anything") == old
    assert CodedConcept("none", "SRT", "x") != CodedConcept("none", "SCT", "x")
    assert {old: 1}[new] == 1


def test_versions_of_schemes():
    code = CodedConcept("1", "S", "m", "2.0")
    assert code == Code("1", "S", "other", "2.0")
    for other in (Code("1", "S", "m"), Code("1", "S", "m", "2.1"), CodedConcept("1", "S", "m")):
        assert code != other
        assert other != code


def test_codes_and_other_things():
    code = CodedConcept("1", "S", "m")
    plain = Dataset(code)
    assert code == plain == code
    assert code != "1"
    assert code != Dataset()
    assert code is not None
    assert CodedConcept.from_code(code) is code

    class Mine(CodedConcept):
        pass

    assert type(Mine.from_code(code)) is Mine
    assert Mine.from_code(code) == code


def test_an_identifier_without_registry():
    with pytest.warns(UserWarning, match="registry"):
        scheme = CodingSchemeIdentificationItem("99X", uid="1.2")
    assert "CodingSchemeUID" not in scheme
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert CodingSchemeIdentificationItem("99X", registry="HL7", uid="1.2").CodingSchemeUID == "1.2"
    with pytest.raises(InvalidAttributeError, match="Coding Scheme Registry.*neither"):
        CodingSchemeIdentificationItem("99X", registry="HL7")
