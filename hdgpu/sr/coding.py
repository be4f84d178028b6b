"""Coded concepts: a code, the scheme it is of, and what it means (PS3.3 8)."""

from __future__ import annotations

import re
from typing import Any, Self

from pydicom.dataset import Dataset
from pydicom.sr._snomed_dict import mapping as snomed_mapping
from pydicom.sr.coding import Code

from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Value
from hdgpu.attributes.values import attribute_name
from hdgpu.errors import MissingAttributeError

__all__ = ["CodedConcept"]

_LONGEST_CODE_VALUE = 16
_URN_OR_URL = re.compile(r"(?i:urn:)|[A-Za-z][A-Za-z0-9+.-]*://")
_VALUE_KEYWORDS = ("CodeValue", "LongCodeValue", "URNCodeValue")
# The code of SNOMED RT and SNOMED CT for each other, as pydicom has them.
_SRT_TO_SCT: dict[str, str] = snomed_mapping["SRT"]


class CodedConcept(DeclaredDataset):
    """Coded concept: the Code Sequence macro (PS3.3 8.8).

    Two are equal if value, scheme and version of the scheme are: the meaning does not count.  They compare with
    pydicom's ``Code`` alike, and codes of SNOMED RT (``"SRT"``) are equal to those of SNOMED CT that replace them.

    Parameters
    ----------
    value : str
        Code.
    scheme_designator : str
        Designator of the coding scheme, such as ``"DCM"`` or ``"SCT"``.
    meaning : str
        Meaning of the code, in at most 64 characters.
    scheme_version : str or None, optional
        Version of the coding scheme.

    Raises
    ------
    TypeError
        If an argument is no text.
    hdgpu.errors.InvalidAttributeError
        If value, scheme or meaning is empty, or one of the four is too long or has characters that it may not have
        (also a ValueError).

    Notes
    -----
    URNs and URLs are stored in URN Code Value, however short, as the standard has it; highdicom stores those of up to
    16 characters in Code Value.

    Examples
    --------
    >>> from pydicom.sr.codedict import codes
    >>> CodedConcept("T-D0050", "SRT", "Tissue") == codes.SCT.Tissue
    True
    """

    _code_value = Value[str | None]("CodeValue", "1C")
    _long_code_value = Value[str | None]("LongCodeValue", "1C")
    _urn_code_value = Value[str | None]("URNCodeValue", "1C")
    meaning = Value[str]("CodeMeaning", "1", "Meaning of the code.")
    scheme_designator = Value[str]("CodingSchemeDesignator", "1", "Designator of the coding scheme.")
    scheme_version = Value[str | None]("CodingSchemeVersion", "3", "Version of the coding scheme, if there is one.")

    def __init__(self, value: str, scheme_designator: str, meaning: str, scheme_version: str | None = None) -> None:
        if not isinstance(value, str):
            raise TypeError(f"Argument 'value' must be a str, not {type(value).__name__}.")
        if _URN_OR_URL.match(value):
            home = "urn_code_value"
        else:
            home = "code_value" if len(value) <= _LONGEST_CODE_VALUE else "long_code_value"
        super().__init__(
            **{home: value}, meaning=meaning, scheme_designator=scheme_designator, scheme_version=scheme_version
        )

    @property
    def value(self) -> str:
        """The code: value of Code Value, Long Code Value or URN Code Value."""
        return str(next(self[keyword].value for keyword in _VALUE_KEYWORDS if keyword in self) or "")

    @classmethod
    def _check(cls, item: Dataset) -> None:
        super()._check(item)
        found = [keyword for keyword in _VALUE_KEYWORDS if keyword in item]
        if len(found) != 1:
            raise MissingAttributeError(
                "a coded concept has one code",
                expected="one of " + ", ".join(map(attribute_name, _VALUE_KEYWORDS)),
                found=" and ".join(found) or "none",
            )

    @classmethod
    def _of(cls, value: Any) -> Self:
        return cls.from_code(value)

    @classmethod
    def from_code(cls, code: Code | CodedConcept) -> Self:
        """Create a coded concept from pydicom's ``Code``.

        Parameters
        ----------
        code : pydicom.sr.coding.Code or CodedConcept
            The code. A coded concept is returned as it is.

        Raises
        ------
        TypeError
            If it is neither.

        Examples
        --------
        >>> from pydicom.sr.codedict import codes
        >>> CodedConcept.from_code(codes.UCUM.Millimeter).meaning
        'mm'
        """
        if isinstance(code, cls):
            return code
        if isinstance(code, CodedConcept):
            return cls(code.value, code.scheme_designator, code.meaning, code.scheme_version)
        if not isinstance(code, Code):
            raise TypeError(f"Expected a pydicom.sr.coding.Code or a CodedConcept, not {type(code).__name__}.")
        return cls(*code)

    def __eq__(self, other: object) -> bool:
        """Return whether the other is the same code of the same version of the same scheme, whatever its meaning."""
        if isinstance(other, (Code, CodedConcept)):
            return _identity(self) == _identity(other)
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        # as pydicom's Code, so that both are found in one dictionary
        value, scheme, _ = _identity(self)
        return hash(f"{scheme}{value}")


def _identity(code: Code | CodedConcept) -> tuple[str, str, str | None]:
    """Return value, scheme and version, of SNOMED CT for what SNOMED RT had."""
    value, scheme = code.value, code.scheme_designator
    if scheme == "SRT" and value in _SRT_TO_SCT:
        value, scheme = _SRT_TO_SCT[value], "SCT"
    return value, scheme, code.scheme_version
