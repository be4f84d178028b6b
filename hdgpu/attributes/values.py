"""Values of attributes, checked against the value representation (VR) of the attribute (PS3.5 6.2).

What is written has to be right: these checks are for values that a caller hands over, and stricter than what is
accepted of files that others wrote.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time
from operator import index
from typing import Any
from warnings import warn

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.valuerep import DA, DT, TM, DSfloat, PersonName

from hdgpu.dicom.tags import describe_tag
from hdgpu.errors import InvalidAttributeError
from hdgpu.uid import UID

__all__ = [
    "attribute_name",
    "attribute_value",
    "check_code_string",
    "check_person_name",
    "check_text",
    "decimal_string",
    "read_value",
    "shown",
]

# Largest number of characters, and whether lines and tabulators are allowed, of the representations that hold text.
_LIMITS: dict[str, tuple[float, bool]] = {
    "LO": (64, False),
    "LT": (10240, True),
    "SH": (16, False),
    "ST": (1024, True),
    "UC": (math.inf, False),
    "UR": (math.inf, False),
    "UT": (math.inf, True),
}
# The escape character switches character sets: in no text that is not encoded yet.
_CONTROL, _CONTROL_BUT_LINES = re.compile(r"[\x00-\x1f\x7f]"), re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
# It separates values, except in these.
_MAY_HAVE_BACKSLASH = ("UT",)
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")
# leading zeros are wrong, and frequent: what refers to an instance that has them cannot change them
_IDENTIFIER = re.compile(r"[0-9]+(\.[0-9]+)*")
_RESOURCE = re.compile(r"[^\s\\<>\"{}|^`\x00-\x1f]+")
_RANGES = {"IS": (-(2**31), 2**31 - 1), "SL": (-(2**31), 2**31 - 1), "UL": (0, 2**32 - 1), "US": (0, 2**16 - 1)}
_FRACTION = r"(\.[0-9]{1,6})?"
_DATES: dict[str, tuple[Callable[[Any], Any], type, str, str]] = {
    "DA": (DA, date, r"[0-9]{8}", "a date or YYYYMMDD"),
    "TM": (TM, time, rf"[0-9]{{2}}([0-9]{{2}}([0-9]{{2}}{_FRACTION})?)?", "a time or HHMMSS.FFFFFF"),
    "DT": (
        DT,
        datetime,
        rf"[0-9]{{4}}([0-9]{{2}}([0-9]{{2}}([0-9]{{2}}([0-9]{{2}}([0-9]{{2}}{_FRACTION})?)?)?)?)?([+-][0-9]{{4}})?",
        "a datetime or YYYYMMDDHHMMSS.FFFFFF+ZZZZ",
    ),
}
_LONGEST_SHOWN = 48
_PATIENT_GROUP = 0x0010


def attribute_name(keyword: str) -> str:
    """Return an attribute as error messages show it."""
    return describe_tag(int(tag_for_keyword(keyword) or 0))


def shown(value: Any, keyword: str) -> str:
    """Return a value as error messages show it: cut short, and of whatever names a person its length alone."""
    tag = int(tag_for_keyword(keyword) or 0)
    if isinstance(value, str) and (tag >> 16 == _PATIENT_GROUP or dictionary_VR(tag) == "PN"):
        return f"a text of {len(value)} characters"
    text = repr(value)
    if len(text) <= _LONGEST_SHOWN:
        return text
    return f"{text[:_LONGEST_SHOWN]}..." + (f", {len(value)} characters" if isinstance(value, str) else "")


def attribute_value(value: Any, keyword: str) -> Any:
    """Return one value as the attribute holds it.

    Parameters
    ----------
    value : object
        Text, number, date or whatever else the value representation of the attribute takes.
    keyword : str
        Keyword of an attribute of the standard that is no sequence.

    Returns
    -------
    object
        The value; dates and times as pydicom's DA, DT and TM, numbers in decimal strings as its DS. An empty date
        is None.

    Raises
    ------
    TypeError
        If it is of a type that the representation does not take.
    hdgpu.errors.InvalidAttributeError
        If it is too long, out of range, or has characters that it may not have (also a ValueError).

    Examples
    --------
    >>> attribute_value("CHEST", "SeriesDescription")
    'CHEST'
    >>> attribute_value(70_000, "ReferencedSegmentNumber")
    Traceback (most recent call last):
    hdgpu.errors.InvalidAttributeError: (0062,000B) 'Referenced Segment Number': the value is out of range (expected 0
    to 65535, found 70000)
    """
    vr = dictionary_VR(keyword)
    if vr in _LIMITS:
        return check_text(value, vr, keyword)
    if vr in _DATES:
        return _date(value, vr, keyword)
    if vr in _RANGES:
        return _integer(value, vr, keyword)
    return _CHECKS[vr](value, keyword)


def read_value(value: Any, keyword: str) -> Any:
    """Return one value that was read: identifiers as our class, integers, and dates and times as pydicom's classes.

    Raises
    ------
    ValueError
        If it is no date or time.
    """
    vr = dictionary_VR(keyword)
    if vr == "UI":
        return None if value is None else UID(str(value))
    if vr == "IS":
        return None if value is None else int(value)
    return _DATES[vr][0](value) if vr in _DATES and isinstance(value, str) else value


def _wrong(problem: str, expected: str, value: Any, keyword: str | None) -> InvalidAttributeError:
    """Return the error for a value of an attribute, or of none that is known."""
    if keyword is None:
        return InvalidAttributeError(problem, expected=expected, found=repr(value))
    return InvalidAttributeError(problem, tag=attribute_name(keyword), expected=expected, found=shown(value, keyword))


def _must_be_text(value: Any, keyword: str | None) -> str:
    if not isinstance(value, str):
        name = "the value" if keyword is None else attribute_name(keyword)
        raise TypeError(f"{name} must be a str, not {type(value).__name__}.")
    return value


def check_text(value: Any, vr: str, keyword: str | None = None) -> str:
    """Return a text that the value representation LO, LT, SH, ST, UC, UR or UT can hold.

    Raises
    ------
    TypeError
        If it is no text.
    hdgpu.errors.InvalidAttributeError
        If it is too long or has characters that it may not have: control characters, and in all but UT the backslash,
        which the standard allows in ST and LT, too, but at which some software splits them (also a ValueError).

    Examples
    --------
    >>> check_text("a" * 17, "SH", "StationName")
    Traceback (most recent call last):
    hdgpu.errors.InvalidAttributeError: (0008,1010) 'Station Name': the text is too long (expected at most 16
    characters, found 'aaaaaaaaaaaaaaaaa')
    """
    text = _must_be_text(value, keyword)
    longest, has_lines = _LIMITS[vr]
    if len(text) > longest:
        raise _wrong("the text is too long", f"at most {longest} characters", text, keyword)
    if (_CONTROL_BUT_LINES if has_lines else _CONTROL).search(text):
        raise _wrong("the text has control characters", f"characters that {vr} allows", text, keyword)
    if "\\" in text and vr not in _MAY_HAVE_BACKSLASH:
        raise _wrong("the text has a backslash", f"characters that {vr} allows", text, keyword)
    if vr == "UR" and text and not _RESOURCE.fullmatch(text):
        raise _wrong("the text is no URI or URL", "characters that UR allows", text, keyword)
    return text


def check_code_string(value: Any, keyword: str | None = None) -> str:
    """Return a text that the value representation CS can hold.

    Raises
    ------
    TypeError
        If it is no text.
    hdgpu.errors.InvalidAttributeError
        If it is empty or longer than 16 characters, or has others than upper case letters, digits, spaces and
        underscores (also a ValueError).
    """
    text = _must_be_text(value, keyword)
    if not _CODE_STRING.fullmatch(text):
        expected = "1 to 16 upper case letters, digits, spaces and underscores"
        raise _wrong("the text is no code string", expected, text, keyword)
    return text


def check_person_name(person_name: str | PersonName) -> None:
    """Check that a text is a person's name as DICOM writes it: ``Family^Given^Middle^Prefix^Suffix``.

    Parameters
    ----------
    person_name : str or pydicom.valuerep.PersonName
        The name, in up to three groups (alphabetic, ideographic, phonetic) that ``=`` separates. An empty name is
        taken: it is how an unknown one is written.

    Raises
    ------
    TypeError
        If it is no text.
    hdgpu.errors.InvalidAttributeError
        If it has more than three groups, a group has more than 64 characters or five components, or there is a
        character that no name may have (also a ValueError).

    Warns
    -----
    UserWarning
        If there is a single component: it would be read as the family name. ``"Bono^"`` says that it is meant.

    Examples
    --------
    >>> check_person_name("Yamada^Tarou=山田^太郎=やまだ^たろう")
    >>> check_person_name("A^B^C^D^E^F")
    Traceback (most recent call last):
    hdgpu.errors.InvalidAttributeError: the name has too many components (expected at most 5 in a group, found 6)
    """
    _person_name(person_name, None)


def _person_name(value: Any, keyword: str | None) -> Any:
    if not isinstance(value, (str, PersonName)):
        raise TypeError(f"A person's name must be a str or a PersonName, not {type(value).__name__}.")
    text = str(value)
    tag = None if keyword is None else attribute_name(keyword)
    groups = text.split("=")
    if len(groups) > 3:
        raise InvalidAttributeError("the name has too many groups", tag=tag, expected="at most 3", found=len(groups))
    for group in groups:
        if len(group) > 64:
            expected, found = "at most 64 characters in a group", f"{len(group)} characters"
            raise InvalidAttributeError("the name is too long", tag=tag, expected=expected, found=found)
        if group.count("^") > 4:
            expected = "at most 5 in a group"
            raise InvalidAttributeError(
                "the name has too many components", tag=tag, expected=expected, found=group.count("^") + 1
            )
    if "\\" in text or _CONTROL.search(text):
        raise InvalidAttributeError("the name has a backslash or a control character", tag=tag)
    if text and "^" not in text:
        warn(
            "A person's name of one component is read as a family name. Write Family^Given, or Family^ if it is one.",
            UserWarning,
            stacklevel=2,
        )
    return value


def _date(value: Any, vr: str, keyword: str) -> Any:
    convert, kind, pattern, expected = _DATES[vr]
    if value == "" or (isinstance(value, kind) and not isinstance(value, str)):
        return convert(value)
    if isinstance(value, str) and re.fullmatch(pattern, value):
        try:
            return convert(value)
        except ValueError:
            pass
    raise _wrong("there is no such date or time", expected, value, keyword)


def _integer(value: Any, vr: str, keyword: str) -> int:
    low, high = _RANGES[vr]
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{attribute_name(keyword)} must be an integer, not {type(value).__name__}.") from None
    if not low <= number <= high:
        raise _wrong("the value is out of range", f"{low} to {high}", number, keyword)
    return number


def _real(value: Any, keyword: str) -> float:
    return float(value)


def _uid(value: Any, keyword: str) -> UID:
    text = _must_be_text(value, keyword)
    if len(text) > 64 or not _IDENTIFIER.fullmatch(text):
        expected = "at most 64 characters: numbers, and points between them"
        raise _wrong("the text is no unique identifier", expected, text, keyword)
    return UID(text)


def decimal_string(value: Any, keyword: str) -> DSfloat:
    """Return a number as a value of an attribute of representation DS, in at most 16 characters (PS3.5 6.2).

    It is written rounded to what these can hold; until then it compares and computes as the number that it is.

    Raises
    ------
    TypeError
        If it is no number.
    hdgpu.errors.InvalidAttributeError
        If it is not finite, or a text that is no number (also a ValueError).

    Examples
    --------
    >>> str(decimal_string(-1 / 3, "SliceThickness"))
    '-0.3333333333333'
    """
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _wrong("the value cannot be encoded", "a finite number", value, keyword)
    return DSfloat(number, auto_format=True)


# Those of one kind each.
_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "CS": check_code_string,
    "DS": decimal_string,
    "FD": _real,
    "FL": _real,
    "PN": _person_name,
    "UI": _uid,
}
