"""Who or what made content: algorithms, and persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from hdgpu.attributes.containers import MacroSequence
from hdgpu.attributes.declaration import Attribute, Item, Items, Value, Values
from hdgpu.attributes.values import attribute_name, check_text
from hdgpu.errors import InvalidAttributeError
from hdgpu.sr.coding import CodedConcept

__all__ = ["AlgorithmIdentificationSequence", "ContentCreatorIdentificationCodeSequence"]


class _Parameters(Attribute[dict[str, str] | None]):
    """Parameters in one text: ``name=value,name=value``."""

    def encoded(self, value: Any) -> str:
        """Return the text, checked."""
        if not isinstance(value, Mapping):
            raise TypeError(f"Argument 'parameters' must be a dict, not {type(value).__name__}.")
        parameters = {str(name): str(each) for name, each in value.items()}
        text = ",".join(f"{name}={each}" for name, each in parameters.items())
        # values are often paths: the backslash, which is not refused here, separates nothing in this representation
        check_text(text.replace("\\", "/"), "LT", self.keyword)
        if _parsed(text) != parameters:
            raise InvalidAttributeError(
                "the parameters could not be told apart again",
                tag=attribute_name(self.keyword),
                expected="names without ',' and '=', values without ',name='",
                found=repr(text),
            )
        return text

    def read(self, item: Dataset) -> dict[str, str] | None:
        """Return names and values, or None if the attribute is absent."""
        text = item.get(self.keyword)
        return None if text is None else _parsed(str(text))


def _parsed(text: str) -> dict[str, str]:
    """Return names and values; what has no ``=`` belongs to the value before it."""
    parameters: dict[str, str] = {}
    last: str | None = None
    for part in text.split(",") if text else ():
        name, separator, value = part.partition("=")
        if separator:
            last = name
            parameters[name] = value
        elif last is not None:
            parameters[last] += f",{part}"
        else:
            raise InvalidAttributeError(
                "the parameters do not begin with a name", tag=attribute_name("AlgorithmParameters"), found=repr(part)
            )
    return parameters


class AlgorithmIdentificationSequence(MacroSequence):
    """An algorithm and how it was run: the Algorithm Identification macro (PS3.3 10.16).

    Parameters
    ----------
    name : str
        Name of the algorithm.
    family : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept
        Kind of algorithm (CID 7162).
    version : str
        Version of the algorithm.
    source : str or None, optional
        Who made the algorithm.
    parameters : dict of str to str or None, optional
        Names and values of the parameters that the algorithm ran with.

    Raises
    ------
    TypeError
        If an argument is of another type.
    hdgpu.errors.InvalidAttributeError
        If name or version is empty, a text is too long or has characters that it may not have, or the parameters could
        not be told apart once they are written (also a ValueError).

    Examples
    --------
    >>> from pydicom.sr.codedict import codes
    >>> family = codes.DCM.ArtificialIntelligence
    >>> AlgorithmIdentificationSequence("Lung finder", family, "1.0", parameters={"threshold": "0.5"}).parameters
    {'threshold': '0.5'}
    """

    name = Value[str]("AlgorithmName", "1", "Name of the algorithm.")
    family = Item[CodedConcept]("AlgorithmFamilyCodeSequence", CodedConcept, "1", "Kind of algorithm.")
    version = Value[str]("AlgorithmVersion", "1", "Version of the algorithm.")
    source = Value[str | None]("AlgorithmSource", "3", "Who made the algorithm, if that is said.")
    parameters = _Parameters("AlgorithmParameters", "3", "Names and values of parameters, if any are given.")

    def __init__(
        self,
        name: str,
        family: Code | CodedConcept,
        version: str,
        source: str | None = None,
        parameters: dict[str, str] | None = None,
    ) -> None:
        super().__init__(name=name, family=family, version=version, source=source, parameters=parameters)


class ContentCreatorIdentificationCodeSequence(MacroSequence):
    """A person who created content: the Person Identification macro (PS3.3 10.1).

    Parameters
    ----------
    person_identification_codes : sequence of pydicom.sr.coding.Code or hdgpu.sr.CodedConcept
        Codes that identify the person, one or more.
    institution_name : str
        Institution to which the person is responsible.
    person_address : str or None, optional
        Mailing address of the person.
    person_telephone_numbers : sequence of str or None, optional
        Telephone numbers of the person.
    person_telecom_information : str or None, optional
        How else the person is reached, such as by e-mail.
    institution_code : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        Code of the institution.
    institution_address : str or None, optional
        Mailing address of the institution.
    institutional_department_name : str or None, optional
        Department of the institution.
    institutional_department_type_code : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
        Kind of the department (CID 7030).

    Raises
    ------
    TypeError
        If an argument is of another type.
    hdgpu.errors.InvalidAttributeError
        If there is no code, the name of the institution is empty, or a text is too long or has characters that it may
        not have (also a ValueError).
    """

    _person_identification_codes = Items[list[CodedConcept]]("PersonIdentificationCodeSequence", CodedConcept)
    _institution_name = Value[str]("InstitutionName")
    _person_address = Value[str | None]("PersonAddress", "3")
    _person_telephone_numbers = Values[list[str] | None]("PersonTelephoneNumbers", "3")
    _person_telecom_information = Value[str | None]("PersonTelecomInformation", "3")
    _institution_code = Item[CodedConcept | None]("InstitutionCodeSequence", CodedConcept, "3")
    _institution_address = Value[str | None]("InstitutionAddress", "3")
    _institutional_department_name = Value[str | None]("InstitutionalDepartmentName", "3")
    _institutional_department_type_code = Item[CodedConcept | None](
        "InstitutionalDepartmentTypeCodeSequence", CodedConcept, "3"
    )

    def __init__(
        self,
        person_identification_codes: Sequence[Code | CodedConcept],
        institution_name: str,
        person_address: str | None = None,
        person_telephone_numbers: Sequence[str] | None = None,
        person_telecom_information: str | None = None,
        institution_code: Code | CodedConcept | None = None,
        institution_address: str | None = None,
        institutional_department_name: str | None = None,
        institutional_department_type_code: Code | CodedConcept | None = None,
    ) -> None:
        super().__init__(
            person_identification_codes=person_identification_codes,
            institution_name=institution_name,
            person_address=person_address,
            person_telephone_numbers=person_telephone_numbers,
            person_telecom_information=person_telecom_information,
            institution_code=institution_code,
            institution_address=institution_address,
            institutional_department_name=institutional_department_name,
            institutional_department_type_code=institutional_department_type_code,
        )
