"""SOP instances: the data set of a file, with the attributes that instances of every kind have."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import date, datetime, time
from typing import Any
from warnings import warn

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import ImplicitVRLittleEndian
from pydicom.valuerep import DA, TM, PersonName

from hdgpu import __version__
from hdgpu.attributes.character_sets import character_set, check_characters
from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Choice, Items, Value, Values
from hdgpu.attributes.values import attribute_name, attribute_value
from hdgpu.content.modules import PATIENT_AND_STUDY, SPECIMEN
from hdgpu.content.storage_classes import check_storable, has_content_date
from hdgpu.enum import ContentQualificationValues, PatientSexValues, SpecificCharacterSetValues
from hdgpu.errors import InvalidAttributeError
from hdgpu.sr.coding_schemes import CodingSchemeIdentificationItem
from hdgpu.uid import UID

__all__ = ["SOPClass"]

# This software, by a UUID: hdgpu has no root of its own.
_IMPLEMENTATION_CLASS_UID = "2.25.162057477642307292329595122861015554346"
_LONGEST_VERSION_NAME = 16
_PREAMBLE = b"\x00" * 128


class SOPClass(DeclaredDataset):
    """SOP instance: base of the classes for the kinds of instances.

    It has what the modules Patient, General Study, Patient Study, General Series, General Equipment and SOP Common
    require of every instance (PS3.3 C.7.1 to C.7.5 and C.12.1), and the file meta information.  A derived class adds
    what its kind requires; what else is wanted is set as attributes, as in every data set of pydicom.

    Parameters
    ----------
    study_instance_uid, series_instance_uid : str
        Identifiers of the study and of the series.
    series_number : int
        Number of the series, from 1.
    sop_instance_uid, sop_class_uid : str
        Identifiers of the instance and of its kind.
    instance_number : int
        Number of the instance, from 1.
    modality : str
        Modality of the series, such as ``"CT"``.
    manufacturer : str or None, optional
        Manufacturer of what makes the instance.
    transfer_syntax_uid : str or None, optional
        Transfer syntax that the instance will be written in; implicit VR, little endian without.
    patient_id : str or None, optional
        Identifier of the patient.
    patient_name : str or pydicom.valuerep.PersonName or None, optional
        Name of the patient, as :func:`hdgpu.valuerep.check_person_name` takes it.
    patient_birth_date : str or datetime.date or None, optional
        Date of birth; as text YYYYMMDD, as all dates here.
    patient_sex : hdgpu.PatientSexValues or str or None, optional
        Sex of the patient.
    accession_number, study_id : str or None, optional
        Numbers of the order and of the study, in at most 16 characters.
    study_date : str or datetime.date or None, optional
        When the study began.
    study_time : str or datetime.time or None, optional
        At what time; as text HHMMSS.FFFFFF, as all times here.
    referring_physician_name : str or pydicom.valuerep.PersonName or None, optional
        Name of who referred the patient.
    content_qualification : hdgpu.ContentQualificationValues or str or None, optional
        Whether the instance is for clinical use.
    coding_schemes : sequence of hdgpu.sr.CodingSchemeIdentificationItem or None, optional
        Coding schemes in use that are not of the standard.
    series_description : str or None, optional
        What the series shows.
    manufacturer_model_name : str or None, optional
        Name of the device or software that makes the instance.
    software_versions : str or sequence of str or None, optional
        Versions of the software that makes it.
    device_serial_number : str or None, optional
        Serial number of the device that makes it.
    institution_name, institutional_department_name : str or None, optional
        Where it is made. The department is written only with an institution.
    content_date, content_time : str or datetime.date or datetime.time or None, optional
        When the content was made; now without.
    series_date, series_time : str or datetime.date or datetime.time or None, optional
        When the series began.
    specific_character_set : hdgpu.SpecificCharacterSetValues or str or sequence of these or None, optional
        Character set that texts are written in; ASCII without.

    Raises
    ------
    TypeError
        If an argument is of another type, a time is given without its date, or a content date of a kind that has none.
    hdgpu.errors.InvalidAttributeError
        If a value is too long, out of range or has characters that it may not have, a text cannot be written in the
        character set, the series begins after the content was made, instances of the class cannot be stored, or the
        transfer syntax is none or big endian (also a ValueError).
    ValueError
        If an enumeration has no such value.

    Warns
    -----
    UserWarning
        If there is a text outside of ASCII and no character set, a department without an institution, or a name of
        one component.

    Examples
    --------
    >>> instance = SOPClass("1.2.3", "1.2.4", 1, "1.2.5", "1.2.840.10008.5.1.4.1.1.2", 1, "CT", patient_sex="F")
    >>> instance.PatientSex, instance.transfer_syntax_uid.name
    ('F', 'Implicit VR Little Endian')
    """

    _patient_id = Value[str]("PatientID", "2")
    _patient_name = Value[PersonName]("PatientName", "2")
    _patient_birth_date = Value[date]("PatientBirthDate", "2")
    _patient_sex = Choice[PatientSexValues | None]("PatientSex", PatientSexValues, "2")
    _study_instance_uid = Value[UID]("StudyInstanceUID")
    _accession_number = Value[str]("AccessionNumber", "2")
    _study_id = Value[str]("StudyID", "2")
    _study_date = Value[date]("StudyDate", "2")
    _study_time = Value[time]("StudyTime", "2")
    _referring_physician_name = Value[PersonName]("ReferringPhysicianName", "2")
    _series_instance_uid = Value[UID]("SeriesInstanceUID")
    _series_number = Value[int]("SeriesNumber")
    _modality = Value[str]("Modality")
    _series_description = Value[str | None]("SeriesDescription", "3")
    _series_date = Value[date | None]("SeriesDate", "3")
    _series_time = Value[time | None]("SeriesTime", "3")
    _manufacturer = Value[str]("Manufacturer", "2")
    _manufacturer_model_name = Value[str | None]("ManufacturerModelName", "3")
    _software_versions = Values[list[str] | None]("SoftwareVersions", "3")
    _device_serial_number = Value[str | None]("DeviceSerialNumber", "3")
    _institution_name = Value[str | None]("InstitutionName", "3")
    _institutional_department_name = Value[str | None]("InstitutionalDepartmentName", "3")
    _sop_instance_uid = Value[UID]("SOPInstanceUID")
    _sop_class_uid = Value[UID]("SOPClassUID")
    _instance_number = Value[int]("InstanceNumber")
    _instance_creation_date = Value[date | None]("InstanceCreationDate", "3")
    _instance_creation_time = Value[time | None]("InstanceCreationTime", "3")
    _content_date = Value[date | None]("ContentDate", "3")
    _content_time = Value[time | None]("ContentTime", "3")
    _content_qualification = Choice[ContentQualificationValues | None](
        "ContentQualification", ContentQualificationValues, "3"
    )
    _coding_schemes = Items[list[CodingSchemeIdentificationItem] | None](
        "CodingSchemeIdentificationSequence", CodingSchemeIdentificationItem, "3"
    )

    def __init__(
        self,
        study_instance_uid: str,
        series_instance_uid: str,
        series_number: int,
        sop_instance_uid: str,
        sop_class_uid: str,
        instance_number: int,
        modality: str,
        manufacturer: str | None = None,
        transfer_syntax_uid: str | None = None,
        patient_id: str | None = None,
        patient_name: str | PersonName | None = None,
        patient_birth_date: str | date | None = None,
        patient_sex: str | PatientSexValues | None = None,
        accession_number: str | None = None,
        study_id: str | None = None,
        study_date: str | date | None = None,
        study_time: str | time | None = None,
        referring_physician_name: str | PersonName | None = None,
        content_qualification: str | ContentQualificationValues | None = None,
        coding_schemes: Sequence[CodingSchemeIdentificationItem] | None = None,
        series_description: str | None = None,
        manufacturer_model_name: str | None = None,
        software_versions: str | Sequence[str] | None = None,
        device_serial_number: str | None = None,
        institution_name: str | None = None,
        institutional_department_name: str | None = None,
        content_date: str | date | None = None,
        content_time: str | time | None = None,
        series_date: str | date | None = None,
        series_time: str | time | None = None,
        specific_character_set: SpecificCharacterSetValues
        | str
        | Sequence[str | SpecificCharacterSetValues]
        | None = None,
    ) -> None:
        if institution_name is None and institutional_department_name is not None:
            warn("A department without an institution is left out.", UserWarning, stacklevel=2)
            institutional_department_name = None
        super().__init__(
            patient_id=patient_id,
            patient_name=patient_name,
            patient_birth_date=patient_birth_date,
            patient_sex=patient_sex,
            study_instance_uid=study_instance_uid,
            accession_number=accession_number,
            study_id=study_id,
            study_date=study_date,
            study_time=study_time,
            referring_physician_name=referring_physician_name,
            series_instance_uid=series_instance_uid,
            series_number=series_number,
            modality=modality,
            series_description=series_description,
            manufacturer=manufacturer,
            manufacturer_model_name=manufacturer_model_name,
            software_versions=software_versions,
            device_serial_number=device_serial_number,
            institution_name=institution_name,
            institutional_department_name=institutional_department_name,
            sop_instance_uid=sop_instance_uid,
            sop_class_uid=sop_class_uid,
            instance_number=instance_number,
            content_qualification=content_qualification,
            coding_schemes=coding_schemes,
        )
        check_storable(sop_class_uid)
        for keyword in ("SeriesNumber", "InstanceNumber"):
            if self[keyword].value < 1:
                raise InvalidAttributeError(
                    "numbers are counted from 1",
                    tag=attribute_name(keyword),
                    expected="1 or more",
                    found=int(self[keyword].value),
                )
        self._set_dates((content_date, content_time), (series_date, series_time))
        self._set_character_set(specific_character_set)
        self._set_file_meta_information(transfer_syntax_uid)

    def _set_dates(self, content: tuple[Any, Any], series: tuple[Any, Any]) -> None:
        """Set dates and times of instance, content and series, which are in this order from late to early."""
        for (day, moment), name in ((content, "content"), (series, "series")):
            if day is None and moment is not None:
                raise TypeError(f"Argument '{name}_time' needs '{name}_date'.")
        now = datetime.now()
        self._set(instance_creation_date=DA(now.date()), instance_creation_time=TM(now.time()))
        written = has_content_date(self.SOPClassUID)
        if content[0] is not None and not written:
            raise TypeError(f"Instances of class {self.SOPClassUID} have no content date: leave out 'content_date'.")
        day = attribute_value(now.date() if content[0] is None else content[0], "ContentDate")
        moment = attribute_value(now.time() if content[1] is None else content[1], "ContentTime")
        if written:
            self._set(content_date=day, content_time=moment)
        self._set(series_date=series[0], series_time=series[1])
        if not written or not self.get("SeriesDate") or not day:
            return
        begun = self.SeriesDate, self.get("SeriesTime")
        is_later = begun[0] > day or (begun[0] == day and begun[1] and moment and begun[1] > moment)
        if is_later:
            raise InvalidAttributeError(
                "the series begins after the content was made",
                tag=attribute_name("SeriesDate"),
                expected=f"{day} {moment} or before",
                found=f"{begun[0]} {begun[1] or ''}".strip(),
            )

    def _set_character_set(self, given: Any) -> None:
        """Set the character set, and check that the texts that were set can be written in it."""
        texts = _texts_outside_ascii(self)
        if given is not None:
            sets = character_set(given)
            check_characters(texts, sets)
            self.SpecificCharacterSet = sets
        elif texts:
            names = ", ".join(attribute_name(keyword) for keyword, _ in texts)
            warn(f"There are characters outside of ASCII and no 'specific_character_set': {names}.", stacklevel=3)

    def _set_file_meta_information(self, transfer_syntax_uid: str | None) -> None:
        """Set the file meta information (PS3.10 7.1)."""
        syntax = UID(ImplicitVRLittleEndian if transfer_syntax_uid is None else transfer_syntax_uid)
        if not syntax.is_transfer_syntax or not syntax.is_little_endian:
            raise InvalidAttributeError(
                "instances cannot be written in this transfer syntax",
                tag=attribute_name("TransferSyntaxUID"),
                expected="a transfer syntax that is little endian",
                found=repr(str(transfer_syntax_uid)),
            )
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = self.SOPClassUID
        meta.MediaStorageSOPInstanceUID = self.SOPInstanceUID
        meta.TransferSyntaxUID = syntax
        meta.ImplementationClassUID = UID(_IMPLEMENTATION_CLASS_UID)
        meta.ImplementationVersionName = f"hdgpu{__version__}"[:_LONGEST_VERSION_NAME]
        write_file_meta_info(DicomBytesIO(), meta, enforce_standard=True)  # which sets version and length
        self.file_meta = meta
        self.preamble = _PREAMBLE

    @property
    def transfer_syntax_uid(self) -> UID:
        """Transfer syntax that the instance will be written in."""
        return UID(self.file_meta.TransferSyntaxUID)

    def copy_patient_and_study_information(self, dataset: Dataset) -> None:
        """Copy what a data set says of patient and study.

        The attributes are those of the modules Patient, Clinical Trial Subject, General Study, Patient Study and
        Clinical Trial Study.  Those that the data set lacks stay as they are.

        Parameters
        ----------
        dataset : pydicom.Dataset
            Instance to copy from. If its texts are not ASCII, and this instance has no character set, it takes over
            that of the data set.

        Raises
        ------
        TypeError
            If it is not a data set.
        hdgpu.errors.InvalidAttributeError
            If a text cannot be written in the character set of this instance (also a ValueError).
        """
        self._copy(dataset, PATIENT_AND_STUDY)

    def copy_specimen_information(self, dataset: Dataset) -> None:
        """Copy what a data set says of specimens and their container: the attributes of the module Specimen.

        Parameters
        ----------
        dataset : pydicom.Dataset
            Instance to copy from, as for :meth:`copy_patient_and_study_information`.

        Raises
        ------
        TypeError
            If it is not a data set.
        hdgpu.errors.InvalidAttributeError
            If a text cannot be written in the character set of this instance (also a ValueError).
        """
        self._copy(dataset, SPECIMEN)

    def _copy(self, dataset: Dataset, keywords: Sequence[str]) -> None:
        """Copy those of the attributes that the data set has."""
        if not isinstance(dataset, Dataset):
            raise TypeError(f"Argument 'dataset' must be a pydicom.Dataset, not {type(dataset).__name__}.")
        copied = Dataset()
        for keyword in keywords:
            if keyword in dataset:
                copied[keyword] = deepcopy(dataset[keyword])
        texts = _texts_outside_ascii(copied)
        if texts and "SpecificCharacterSet" not in self and "SpecificCharacterSet" in dataset:
            self.SpecificCharacterSet = deepcopy(dataset.SpecificCharacterSet)
        elif texts and "SpecificCharacterSet" in self:
            check_characters(texts, self.SpecificCharacterSet)
        self.update(copied)


def _texts_outside_ascii(dataset: Dataset) -> list[tuple[str, str]]:
    """Return keywords and texts of the elements whose texts need a character set, sequences included."""
    texts = []
    for element in dataset.iterall():
        values = [element.value] if element.VM == 1 else element.value or ()
        if element.VR != "SQ":
            texts += [
                (element.keyword, str(each))
                for each in values
                if isinstance(each, (str, PersonName)) and not str(each).isascii()
            ]
    return texts
