"""SOP instances: as files, with their character sets, and with what is copied from others."""

import copy
import datetime
import io
import json
import warnings

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from hdgpu.content.sop_class import SOPClass
from hdgpu.content.specimen import SpecimenDescription
from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.uid import UID

CT = "1.2.840.10008.5.1.4.1.1.2"


def instance(**arguments):
    given = {
        "study_instance_uid": "1.2.3",
        "series_instance_uid": "1.2.4",
        "series_number": 1,
        "sop_instance_uid": "1.2.5",
        "sop_class_uid": CT,
        "instance_number": 1,
        "modality": "CT",
        **arguments,
    }
    return SOPClass(**given)


def written(dataset, **how):
    buffer = io.BytesIO()
    dataset.save_as(buffer, **how)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


@pytest.mark.parametrize("syntax", [None, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("how", [{}, {"enforce_file_format": True}])
def test_a_file(syntax, how):
    ours = instance(transfer_syntax_uid=syntax, patient_name="A^B", study_date=datetime.date(2024, 2, 29))
    read = written(ours, **how)
    assert read.to_json_dict() == Dataset.from_json(ours.to_json()).to_json_dict()
    meta = read.file_meta
    assert meta.TransferSyntaxUID == ours.transfer_syntax_uid == (syntax or ImplicitVRLittleEndian)
    assert type(ours.transfer_syntax_uid) is UID
    assert (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID) == (CT, "1.2.5")
    assert meta.ImplementationClassUID.is_valid
    assert meta.ImplementationVersionName.startswith("hdgpu")
    assert len(meta.ImplementationVersionName) <= 16
    assert meta.FileMetaInformationGroupLength == ours.file_meta.FileMetaInformationGroupLength
    assert read.preamble == b"\0" * 128


def test_a_file_becomes_an_instance():
    read = written(instance(patient_name="A^B"))
    ours = SOPClass.from_dataset(read)
    assert type(ours) is SOPClass
    assert ours.transfer_syntax_uid == ImplicitVRLittleEndian
    assert json.loads(ours.to_json()) == read.to_json_dict()
    del read.PatientName
    with pytest.raises(MissingAttributeError, match="Patient's Name"):
        SOPClass.from_dataset(read)


def test_dates_of_now():
    before = datetime.datetime.now()
    ours = instance()
    after = datetime.datetime.now()
    made = datetime.datetime.combine(ours.InstanceCreationDate, ours.InstanceCreationTime)
    assert before <= made <= after
    assert (ours.ContentDate, ours.ContentTime) == (ours.InstanceCreationDate, ours.InstanceCreationTime)
    given = instance(content_date="20200102", content_time="030405", series_date="20200102", series_time="030405")
    assert (given.ContentTime, given.SeriesTime) == (datetime.time(3, 4, 5), datetime.time(3, 4, 5))
    assert instance(series_date=datetime.date.today()).SeriesDate == datetime.date.today()


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"patient_id": 1}, TypeError, "Patient ID"),
        ({"patient_id": "x" * 65}, InvalidAttributeError, "Patient ID"),
        ({"accession_number": "x" * 17}, InvalidAttributeError, "Accession Number.*xxx"),
        ({"modality": "ct"}, InvalidAttributeError, "Modality.*ct"),
        ({"modality": ""}, InvalidAttributeError, "Modality"),
        ({"study_instance_uid": "x"}, InvalidAttributeError, "Study Instance UID.*'x'"),
        ({"study_instance_uid": None}, TypeError, "Study Instance UID"),
        ({"series_number": 2**31}, InvalidAttributeError, "Series Number.*2147483648"),
        ({"series_number": 1.5}, TypeError, "Series Number"),
        ({"sop_class_uid": "1.2.840.10008.1.1"}, InvalidAttributeError, "SOP Class UID.*Verification"),
        ({"specific_character_set": "ISO_IR 126", "patient_name": "Ñ^A"}, InvalidAttributeError, "Patient's Name"),
        ({"manufacturer": "a\tb"}, InvalidAttributeError, "Manufacturer"),
    ],
)
def test_values_that_are_none(arguments, error, match):
    with pytest.raises(error, match=match):
        instance(**arguments)


def test_a_class_of_its_own():
    ours = instance(sop_class_uid="1.3.6.1.4.1.5962.99")
    assert ours.SOPClassUID == "1.3.6.1.4.1.5962.99"
    assert "ContentDate" in ours


def test_a_department_needs_an_institution():
    with pytest.warns(UserWarning, match="department"):
        assert "InstitutionalDepartmentName" not in instance(institutional_department_name="d")
    assert instance(institution_name="i", institutional_department_name="d").InstitutionalDepartmentName == "d"


# --- Character sets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sets", "name"),
    [
        ("ISO_IR 192", "Ñ^山田"),
        ("ISO_IR 126", "Διονυσιος^Ω"),
        (["ISO 2022 IR 6", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ],
)
def test_names_in_their_character_set(sets, name):
    read = written(instance(specific_character_set=sets, patient_name=name))
    assert read.SpecificCharacterSet == sets
    read.decode()
    assert read.PatientName == name


def test_no_character_set():
    with pytest.warns(UserWarning, match="Patient's Name") as caught:
        ours = instance(patient_name="Ñ^A")
    assert "SpecificCharacterSet" not in ours
    assert "Ñ" not in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        instance(patient_name="N^A")


def source(name, sets=None):
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.PatientName = name
    if sets:
        dataset.SpecificCharacterSet = sets
    return dataset


def test_the_character_set_goes_with_what_is_copied():
    ours = instance()
    ours.copy_patient_and_study_information(source("Ñ^A", "ISO_IR 192"))
    assert ours.SpecificCharacterSet == "ISO_IR 192"
    assert written(ours).PatientName == "Ñ^A"
    plain = instance()
    plain.copy_patient_and_study_information(source("N^A", "ISO_IR 192"))
    assert "SpecificCharacterSet" not in plain
    greek = instance(specific_character_set="ISO_IR 126")
    before = copy.deepcopy(greek)
    with pytest.raises(InvalidAttributeError, match="Patient's Name"):
        greek.copy_patient_and_study_information(source("Ñ^A", "ISO_IR 192"))
    assert greek == before


# --- Copies -----------------------------------------------------------------------------------------------------------


def test_what_is_copied_is_a_copy():
    dataset = source("A^B")
    ours = instance(patient_id="x", manufacturer="m")
    ours.copy_patient_and_study_information(dataset)
    assert (ours.PatientID, ours.StudyInstanceUID) == (dataset.PatientID, dataset.StudyInstanceUID)
    assert (ours.Manufacturer, ours.SeriesInstanceUID) == ("m", "1.2.4")
    assert "SliceThickness" not in ours
    ours.OtherPatientIDsSequence[0].PatientID = "other"
    assert dataset.OtherPatientIDsSequence[0].PatientID != "other"


def test_specimens_are_copied():
    slide = instance(sop_class_uid="1.2.840.10008.5.1.4.1.1.77.1.6", modality="SM")
    slide.ContainerIdentifier = "c"
    slide.SpecimenDescriptionSequence = [SpecimenDescription("s", "1.2.9")]
    ours = instance(patient_id="x")
    ours.copy_specimen_information(slide)
    assert (ours.ContainerIdentifier, ours.SpecimenDescriptionSequence[0].SpecimenUID) == ("c", "1.2.9")
    assert ours.PatientID == "x"
    for method in (ours.copy_specimen_information, ours.copy_patient_and_study_information):
        with pytest.raises(TypeError, match="Dataset"):
            method({"PatientID": "x"})
