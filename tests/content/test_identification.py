"""Algorithms, persons and equipment: what highdicom does otherwise, or does not check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

import hdgpu
from hdgpu.content.equipment import ContributingEquipment
from hdgpu.content.identification import AlgorithmIdentificationSequence, ContentCreatorIdentificationCodeSequence
from hdgpu.errors import InvalidAttributeError

FAMILY, CODE = codes.DCM.ArtificialIntelligence, Code("1", "99X", "meaning")


def algorithm(parameters):
    return AlgorithmIdentificationSequence("n", FAMILY, "v", parameters=parameters)


@given(parameters=st.dictionaries(st.text("a=, \\", max_size=3), st.text("b=, \\", max_size=5), max_size=3))
def test_parameters_come_back_or_are_refused(parameters):
    try:
        made = algorithm(parameters)
    except InvalidAttributeError:
        text = ",".join(f"{name}={value}" for name, value in parameters.items())
        assert text.count("=") > len(parameters) or text.count(",") >= len(parameters)
        return
    assert made.parameters == parameters


def test_parameters():
    given = {"weights": "C:\\models\\lung.pt", "threshold": "0.5, 0.7", "where": "x=y"}
    assert algorithm(given).parameters == given
    assert algorithm({"count": 5}).parameters == {"count": "5"}
    assert algorithm({}).parameters == {}
    assert algorithm(None).parameters is None
    with pytest.raises(InvalidAttributeError, match="Algorithm Parameters.*10240"):
        algorithm({"a": "b" * 10240})
    with pytest.raises(TypeError, match="parameters"):
        algorithm([("a", "b")])
    read = Sequence(list(algorithm({"a": "b"})))
    read[0].AlgorithmParameters = "no name"
    with pytest.raises(InvalidAttributeError, match="Algorithm Parameters"):
        _ = AlgorithmIdentificationSequence.from_sequence(read).parameters


@pytest.mark.parametrize("name", ["", "n" * 65, "a\\b"])
def test_names_of_algorithms(name):
    with pytest.raises(InvalidAttributeError, match="Algorithm Name"):
        AlgorithmIdentificationSequence(name, FAMILY, "v")


def test_institutions_by_code():  # for which highdicom raises
    person = ContentCreatorIdentificationCodeSequence(
        [CODE], "i", institution_code=CODE, institutional_department_type_code=CODE
    )
    assert person[0].InstitutionCodeSequence[0] == CODE
    assert person[0].InstitutionalDepartmentTypeCodeSequence[0] == CODE
    with pytest.raises(InvalidAttributeError, match="Institution Name"):
        ContentCreatorIdentificationCodeSequence([CODE], "")
    with pytest.raises(TypeError, match="Person Identification Code Sequence|Code"):
        ContentCreatorIdentificationCodeSequence(CODE, "i")


def test_equipment_that_is_this_library():
    item = ContributingEquipment.for_highdicom()
    assert (item.ManufacturerModelName, item.SoftwareVersions) == ("hdgpu", hdgpu.__version__)
    assert item.PurposeOfReferenceCodeSequence[0] == codes.DCM.ProcessingEquipment
    other = ContributingEquipment.for_highdicom(purpose_of_reference=codes.DCM.ModifyingEquipment)
    assert other.PurposeOfReferenceCodeSequence[0] == codes.DCM.ModifyingEquipment
    with pytest.raises(InvalidAttributeError, match="Manufacturer"):
        ContributingEquipment("", codes.DCM.ProcessingEquipment)
    with pytest.raises(InvalidAttributeError, match=r"Purpose of Reference.*meaning \(1, 99X\)"):
        ContributingEquipment("m", CODE)
