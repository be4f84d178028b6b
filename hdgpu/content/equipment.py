"""Equipment that had a part in making an instance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import DT

from hdgpu import __version__
from hdgpu.attributes.containers import DeclaredDataset
from hdgpu.attributes.declaration import Item, Value, Values
from hdgpu.attributes.values import attribute_name
from hdgpu.content.storage_classes import is_image
from hdgpu.errors import InvalidAttributeError, MissingAttributeError
from hdgpu.sr.coding import CodedConcept

__all__ = ["ContributingEquipment"]

# CID 7005, as far as the standard has it for this purpose (PS3.3 C.12.1)
_PROCESSING = Code("109102", "DCM", "Processing Equipment")
_ACQUISITION = Code("109101", "DCM", "Acquisition Equipment")
_PURPOSES = (
    Code("109100", "DCM", "Synthesizing Equipment"),
    _ACQUISITION,
    _PROCESSING,
    Code("109103", "DCM", "Modifying Equipment"),
    Code("109104", "DCM", "De-identifying Equipment"),
    Code("109105", "DCM", "Frame Extracting Equipment"),
    Code("109106", "DCM", "Enhanced Multi-frame Conversion Equipment"),
)
# What says at the root of an image what acquired it.
_OF_ACQUISITION = (
    "manufacturer_model_name",
    "software_versions",
    "device_serial_number",
    "institution_name",
    "institutional_department_name",
    "institution_address",
    "station_name",
)


class ContributingEquipment(DeclaredDataset):
    """Equipment that had a part in making an instance: an item of Contributing Equipment Sequence (PS3.3 C.12.1).

    Parameters
    ----------
    manufacturer : str
        Manufacturer of the equipment.
    purpose_of_reference : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept
        What part it had: Synthesizing, Acquisition, Processing, Modifying, De-identifying, Frame Extracting or
        Enhanced Multi-frame Conversion Equipment of the DICOM terminology (CID 7005).
    manufacturer_model_name : str or None, optional
        Name of the model.
    software_versions : str or sequence of str or None, optional
        Versions of its software.
    device_serial_number : str or None, optional
        Serial number.
    institution_name, institutional_department_name, institution_address : str or None, optional
        Where it is.
    station_name : str or None, optional
        Name of the machine, in at most 16 characters.
    contribution_datetime : str or datetime.datetime or pydicom.valuerep.DT or None, optional
        When it had its part.
    contribution_description : str or None, optional
        What it did.

    Raises
    ------
    TypeError
        If an argument is of another type.
    hdgpu.errors.InvalidAttributeError
        If the purpose is another one, there is no manufacturer, `software_versions` has none, there is no such date and
        time, or a text is too long or has characters that it may not have (also a ValueError).

    Examples
    --------
    >>> from pydicom.sr.codedict import codes
    >>> ContributingEquipment("Scanners Ltd.", codes.DCM.AcquisitionEquipment, station_name="CT1").StationName
    'CT1'
    """

    _manufacturer = Value[str]("Manufacturer")
    _purpose_of_reference = Item[CodedConcept]("PurposeOfReferenceCodeSequence", CodedConcept)
    _manufacturer_model_name = Value[str | None]("ManufacturerModelName", "3")
    _software_versions = Values[list[str] | None]("SoftwareVersions", "3")
    _device_serial_number = Value[str | None]("DeviceSerialNumber", "3")
    _institution_name = Value[str | None]("InstitutionName", "3")
    _institutional_department_name = Value[str | None]("InstitutionalDepartmentName", "3")
    _institution_address = Value[str | None]("InstitutionAddress", "3")
    _station_name = Value[str | None]("StationName", "3")
    _contribution_datetime = Value[datetime | None]("ContributionDateTime", "3")
    _contribution_description = Value[str | None]("ContributionDescription", "3")

    def __init__(
        self,
        manufacturer: str,
        purpose_of_reference: Code | CodedConcept,
        *,
        manufacturer_model_name: str | None = None,
        software_versions: str | Sequence[str] | None = None,
        device_serial_number: str | None = None,
        institution_name: str | None = None,
        institutional_department_name: str | None = None,
        institution_address: str | None = None,
        station_name: str | None = None,
        contribution_datetime: str | datetime | DT | None = None,
        contribution_description: str | None = None,
    ) -> None:
        purpose = CodedConcept.from_code(purpose_of_reference)
        if purpose not in _PURPOSES:
            raise InvalidAttributeError(
                "the purpose is none of those that contributing equipment can have",
                tag=attribute_name("PurposeOfReferenceCodeSequence"),
                expected=", ".join(f"{each.meaning} ({each.value})" for each in _PURPOSES),
                found=f"{purpose.meaning} ({purpose.value}, {purpose.scheme_designator})",
            )
        if software_versions is not None and not isinstance(software_versions, str) and not list(software_versions):
            raise InvalidAttributeError("there is no version", tag=attribute_name("SoftwareVersions"), expected="one")
        super().__init__(
            manufacturer=manufacturer,
            purpose_of_reference=purpose,
            manufacturer_model_name=manufacturer_model_name,
            software_versions=software_versions,
            device_serial_number=device_serial_number,
            institution_name=institution_name,
            institutional_department_name=institutional_department_name,
            institution_address=institution_address,
            station_name=station_name,
            contribution_datetime=contribution_datetime,
            contribution_description=contribution_description,
        )

    @classmethod
    def for_highdicom(cls, *, purpose_of_reference: Code | CodedConcept | None = None) -> Self:
        """Create the item for this library: it has highdicom's name so that code moves over, and names hdgpu.

        Parameters
        ----------
        purpose_of_reference : pydicom.sr.coding.Code or hdgpu.sr.CodedConcept or None, optional
            What part the library had, as for the class; Processing Equipment without.

        Examples
        --------
        >>> ContributingEquipment.for_highdicom().ManufacturerModelName
        'hdgpu'
        """
        return cls(
            "The hdgpu developers",
            _PROCESSING if purpose_of_reference is None else purpose_of_reference,
            manufacturer_model_name="hdgpu",
            software_versions=__version__,
            contribution_datetime=datetime.now(),
            contribution_description="Software library used to create this instance",
        )

    @classmethod
    def for_image_acquisition(cls, dataset: Dataset) -> Self:
        """Create the item for what acquired an image.

        Parameters
        ----------
        dataset : pydicom.Dataset
            The image.

        Raises
        ------
        hdgpu.errors.InvalidAttributeError
            If it is no image, or a value of it cannot be stored (also a ValueError).
        hdgpu.errors.MissingAttributeError
            If there is no manufacturer (also an AttributeError).
        """
        if not is_image(dataset):
            raise InvalidAttributeError(
                "the data set is no image", tag=attribute_name("SOPClassUID"), found=dataset.SOPClassUID
            )
        if not dataset.get("Manufacturer"):
            raise MissingAttributeError("the image has no manufacturer", tag=attribute_name("Manufacturer"))
        return cls(
            dataset.Manufacturer,
            _ACQUISITION,
            contribution_datetime=dataset.get("AcquisitionDateTime"),
            contribution_description="Acquisition equipment of the source image(s)",
            **{name: dataset.get(cls._attributes[name].keyword) for name in _OF_ACQUISITION},
        )
