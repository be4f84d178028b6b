"""Values that are to be written: what each value representation takes, and what messages say."""

import datetime
import re

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.valuerep import DA, DT, TM, PersonName, validate_value

from hdgpu.attributes.character_sets import character_set, check_characters
from hdgpu.attributes.values import (
    attribute_value,
    check_code_string,
    check_person_name,
    check_text,
    decimal_string,
    read_value,
)
from hdgpu.enum import SpecificCharacterSetValues
from hdgpu.errors import InvalidAttributeError
from hdgpu.uid import UID

LIMITS = {"SH": 16, "LO": 64, "ST": 1024, "LT": 10240}
KEYWORDS = {
    "SH": "StationName",
    "LO": "SeriesDescription",
    "ST": "InstitutionAddress",
    "LT": "PersonTelecomInformation",
}


@pytest.mark.parametrize("vr", LIMITS)
def test_longest_text(vr):
    longest = "é" * LIMITS[vr]  # characters count, not bytes
    assert attribute_value(longest, KEYWORDS[vr]) == longest
    with pytest.raises(
        InvalidAttributeError, match=f"at most {LIMITS[vr]} characters.*{LIMITS[vr] + 1} characters|a{{17}}"
    ):
        attribute_value("a" * (LIMITS[vr] + 1), KEYWORDS[vr])


@pytest.mark.parametrize("vr", ["SH", "LO", "ST", "LT", "UC", "UT"])
@given(text=st.text(max_size=16))
def test_texts_that_are_taken_are_valid(vr, text):
    try:
        taken = check_text(text, vr)
    except InvalidAttributeError:
        assert "\\" in text or re.search(r"[\x00-\x1f\x7f]", text)
        return
    assert taken == text
    validate_value(vr, taken, pydicom.config.RAISE)
    lines = set(text) & set("\t\n\f\r")
    assert not lines or vr in ("ST", "LT", "UT")


@pytest.mark.parametrize("vr", ["ST", "LT", "UT"])
def test_lines(vr):
    assert check_text("one\r\n\ttwo\f", vr) == "one\r\n\ttwo\f"
    for other in ("SH", "LO", "UC"):
        with pytest.raises(InvalidAttributeError, match="control"):
            check_text("one\ntwo", other)


@given(text=st.text(st.sampled_from("AZaz09_ -é\\\n"), max_size=20))
def test_code_strings_that_are_taken_are_valid(text):
    try:
        check_code_string(text, "Modality")
    except InvalidAttributeError:
        assert not re.fullmatch(r"[A-Z0-9_ ]{1,16}", text)
    else:
        validate_value("CS", text, pydicom.config.RAISE)


@pytest.mark.parametrize(
    ("keyword", "value", "low", "high"),
    [("SeriesNumber", "IS", -(2**31), 2**31 - 1), ("ReferencedSegmentNumber", "US", 0, 2**16 - 1)],
)
def test_integers(keyword, value, low, high):
    assert attribute_value(low, keyword) == low
    assert attribute_value(high, keyword) == high
    for number in (low - 1, high + 1):
        with pytest.raises(InvalidAttributeError, match=f"{low} to {high}, found {number}"):
            attribute_value(number, keyword)
    for other in (1.0, "1", None):
        with pytest.raises(TypeError, match="integer"):
            attribute_value(other, keyword)


@pytest.mark.parametrize(
    ("keyword", "good", "bad", "kind"),
    [
        (
            "StudyDate",
            ["20240229", datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 5)],
            ["20230229", "2024.02.29", "2024", "20240229-20240301", datetime.time(1), 20240229],
            DA,
        ),
        (
            "StudyTime",
            ["23", "2359", "235960", "235959.1", datetime.time(1, 2, 3, 4)],
            ["24", "23:59", "235959.1234567", "9", datetime.datetime(2024, 1, 1), 23],
            TM,
        ),
        (
            "ContributionDateTime",
            ["2024", "20240229235959.123456+0100", datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC)],
            ["20230229", "2024-01-01", "20240101-20240102", datetime.date(2024, 1, 1), 2024],
            DT,
        ),
    ],
)
def test_dates_and_times(keyword, good, bad, kind):
    for value in good:
        assert isinstance(attribute_value(value, keyword), kind)
    assert attribute_value("", keyword) is None
    for value in bad:
        with pytest.raises(InvalidAttributeError, match=pydicom.datadict.dictionary_description(keyword)):
            attribute_value(value, keyword)


def test_identifiers():
    for good in (
        "1",
        "1.2.840",
        "2.25." + "9" * 59,
        "1.02",
    ):  # a leading zero is wrong, and there are files that have it
        assert isinstance(attribute_value(good, "StudyInstanceUID"), UID)
    for bad in ("", ".1", "1.", "1..2", "1.a", "1 ", "9" * 65):
        with pytest.raises(InvalidAttributeError, match="Study Instance UID"):
            attribute_value(bad, "StudyInstanceUID")


def test_resources():
    assert attribute_value("urn:oid:1.2", "URNCodeValue") == "urn:oid:1.2"
    for bad in ("http://a b", "http://a\\b", "a\nb"):
        with pytest.raises(InvalidAttributeError, match="URN Code Value"):
            attribute_value(bad, "URNCodeValue")


def test_numbers_in_decimal_strings():
    assert len(str(decimal_string(-1 / 3, "SliceThickness"))) == 16
    for bad in (float("nan"), float("inf"), "x"):
        with pytest.raises(InvalidAttributeError, match="Slice Thickness.*finite"):
            decimal_string(bad, "SliceThickness")


def test_values_that_are_read():
    assert isinstance(read_value("1.2", "StudyInstanceUID"), UID)
    assert type(read_value(pydicom.valuerep.IS("5"), "SeriesNumber")) is int
    assert read_value("20240229", "StudyDate") == datetime.date(2024, 2, 29)
    assert read_value(None, "SeriesNumber") is read_value(None, "StudyInstanceUID") is None


# --- Persons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "^", "Bono^", "A^B^C^D^E", "Y^T=山^太=や^た", "x" * 63 + "^", PersonName("A^B")])
def test_names(name, recwarn):
    check_person_name(name)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a^b=c^d=e^f=g^h", "3, found 4"),
        ("A^B^C^D^E^F", "at most 5"),
        ("A^B=A^B^C^D^E^F", "at most 5"),
        ("x" * 64 + "^", "64"),
        ("A\\B^C", "backslash"),
        ("A\n^C", "control"),
    ],
)
def test_names_that_are_none(name, problem):
    with pytest.raises(InvalidAttributeError, match=problem):
        check_person_name(name)


def test_a_name_of_one_component():
    with pytest.warns(UserWarning, match="Family"):
        check_person_name("Bono")
    for other in (1, None, b"A^B"):
        with pytest.raises(TypeError, match="name"):
            check_person_name(other)


@pytest.mark.parametrize(
    "keyword", ["PatientID", "PatientComments", "PatientName", "ReferringPhysicianName", "PersonName"]
)
def test_no_message_names_a_person(keyword):
    with pytest.raises(InvalidAttributeError) as caught:
        attribute_value("Mustermann" * 1100, keyword)
    assert "Muster" not in str(caught.value)
    assert pydicom.datadict.dictionary_description(keyword) in str(caught.value)


# --- Character sets ---------------------------------------------------------------------------------------------------


def test_character_sets():
    assert character_set("ISO_IR 192") == character_set(["ISO_IR 192"]) == "ISO_IR 192"
    assert character_set(SpecificCharacterSetValues.GREEK) == "ISO_IR 126"
    several = ["ISO 2022 IR 6", SpecificCharacterSetValues.KOREAN_CODE_EXTENSIONS]
    assert character_set(several) == ["ISO 2022 IR 6", "ISO 2022 IR 149"]
    with pytest.raises(TypeError):
        character_set(5)


@pytest.mark.parametrize(
    ("sets", "good", "bad"),
    [
        ("ISO_IR 100", "Ñé", "山"),
        ("ISO_IR 126", "αβ", "Ñ"),
        ("ISO_IR 192", "Ñ山α", None),
        (["ISO 2022 IR 100", "ISO 2022 IR 126"], "Ñα", "山"),
        (["ISO 2022 IR 6", "ISO 2022 IR 87"], "山", "Ñ"),
        ("ISO_IR 13", "ﾔ", "山"),
    ],
)
def test_characters_of_a_set(sets, good, bad):
    check_characters([("PatientName", "ASCII"), ("PatientName", good)], sets)
    if bad:
        with pytest.raises(InvalidAttributeError, match=r"Patient's Name.*1 characters.*UTF-8") as caught:
            check_characters([("PatientName", good + bad)], sets)
        assert bad not in str(caught.value)
