"""Character sets of the texts of a data set (PS3.3 C.12.1.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydicom.charset import convert_encodings

from hdgpu.attributes.values import attribute_name
from hdgpu.enum import SpecificCharacterSetValues
from hdgpu.errors import InvalidAttributeError

__all__ = ["character_set", "check_characters"]

_EXTENDING = "ISO 2022"
_MULTI_BYTE = (
    SpecificCharacterSetValues.JAPANESE_KANJI_CODE_EXTENSIONS,
    SpecificCharacterSetValues.JAPANESE_KANJI_SUPPLEMENTARY_CODE_EXTENSIONS,
    SpecificCharacterSetValues.KOREAN_CODE_EXTENSIONS,
    SpecificCharacterSetValues.SIMPLIFIED_CHINESE_CODE_EXTENSIONS,
)


def character_set(value: Any) -> str | list[str]:
    """Return the value of Specific Character Set (0008,0005) for one character set or several (PS3.3 C.12.1.1.2).

    Parameters
    ----------
    value : hdgpu.SpecificCharacterSetValues or str, or a sequence of these
        Several switch by code extensions, and all of them have to be of that kind.

    Raises
    ------
    TypeError
        If it is neither.
    hdgpu.errors.InvalidAttributeError
        If there is none, one alone is of the kind for code extensions, one of several is not, or the first of several
        has several bytes for each character (also a ValueError).
    ValueError
        If there is no such character set.

    Examples
    --------
    >>> character_set(["ISO 2022 IR 6", SpecificCharacterSetValues.JAPANESE_KANJI_CODE_EXTENSIONS])
    ['ISO 2022 IR 6', 'ISO 2022 IR 87']
    """
    given = [value] if isinstance(value, (str, SpecificCharacterSetValues)) else list(value)
    sets = [SpecificCharacterSetValues(each) for each in given]
    extending = [each.value.startswith(_EXTENDING) for each in sets]
    tag, found = attribute_name("SpecificCharacterSet"), [each.value for each in sets]
    if not sets:
        raise InvalidAttributeError("there is no character set", tag=tag, expected="one or several")
    if len(sets) == 1 and extending[0]:
        raise InvalidAttributeError("one character set alone has no code extensions", tag=tag, found=found)
    if len(sets) > 1 and not all(extending):
        raise InvalidAttributeError(
            "several character sets have to be for code extensions", tag=tag, expected="ISO 2022 ...", found=found
        )
    if sets[0] in _MULTI_BYTE:
        raise InvalidAttributeError(
            "the first of several character sets has several bytes a character", tag=tag, found=found
        )
    return found[0] if len(found) == 1 else found


def check_characters(texts: Sequence[tuple[str, str]], sets: str | list[str]) -> None:
    """Check that every text can be written in the character sets.

    Parameters
    ----------
    texts : sequence of (str, str)
        Keyword and text.
    sets : str or list of str
        Value of Specific Character Set.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If a text has a character that none of them has (also a ValueError).
    """
    encodings = convert_encodings(sets)
    for keyword, text in texts:
        missing = {letter for letter in set(text) if not letter.isascii() and not _has(encodings, letter)}
        if missing:
            raise InvalidAttributeError(
                f"the text has {len(missing)} characters that the character set has not",
                tag=attribute_name(keyword),
                found=sets,
                remedy="ISO_IR 192 (UTF-8) has them all.",
            )


def _has(encodings: Sequence[str], letter: str) -> bool:
    """Return whether one of the encodings, as pydicom calls those of DICOM, can hold the character."""
    for encoding in encodings:
        if encoding == "iso8859":  # what it has for ISO IR 6, which is ASCII
            continue
        try:
            encoded = letter.encode(encoding)
        except UnicodeEncodeError:
            continue
        if encoding != "shift_jis" or len(encoded) == 1:  # what it has for ISO IR 13, which is half of it
            return True
    return False
