"""What kind of object a storage SOP class is of (PS3.3 A, PS3.4 B.5)."""

from __future__ import annotations

from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset

from hdgpu.attributes.values import attribute_name
from hdgpu.errors import InvalidAttributeError, MissingAttributeError

__all__ = ["check_storable", "has_content_date", "is_image"]

_STANDARD_ROOT = "1.2.840.10008."
_NOT_STORED = ("StorageCommitment", "DICOS", "EddyCurrent")  # security and industry have standards of their own
# Keywords of the classes of images that do not say so in their names.
_IMAGES = frozenset(
    [
        "SegmentationStorage",
        "RTDoseStorage",
        "EnhancedUSVolumeStorage",
        "ParametricMapStorage",
        "OphthalmicThicknessMapStorage",
        "CornealTopographyMapStorage",
        "OphthalmicOpticalCoherenceTomographyBscanVolumeAnalysisStorage",
    ]
)
# Keywords of the classes whose objects have no Content Date and Content Time in any of their modules.
_WITHOUT_CONTENT_DATE = frozenset(
    [
        "MediaStorageDirectoryStorage",
        "GrayscaleSoftcopyPresentationStateStorage",
        "ColorSoftcopyPresentationStateStorage",
        "PseudoColorSoftcopyPresentationStateStorage",
        "BlendingSoftcopyPresentationStateStorage",
        "XAXRFGrayscaleSoftcopyPresentationStateStorage",
        "GrayscalePlanarMPRVolumetricPresentationStateStorage",
        "CompositingPlanarMPRVolumetricPresentationStateStorage",
        "AdvancedBlendingPresentationStateStorage",
        "VolumeRenderingVolumetricPresentationStateStorage",
        "SegmentedVolumeRenderingVolumetricPresentationStateStorage",
        "MultipleVolumeRenderingVolumetricPresentationStateStorage",
        "VariableModalityLUTSoftcopyPresentationStateStorage",
        "SurfaceScanMeshStorage",
        "SurfaceScanPointCloudStorage",
        "StereometricRelationshipStorage",
        "OphthalmicVisualFieldStaticPerimetryMeasurementsStorage",
        "ContentAssessmentResultsStorage",
        "BasicStructuredDisplayStorage",
        "CTDefinedProcedureProtocolStorage",
        "CTPerformedProcedureProtocolStorage",
        "ProtocolApprovalStorage",
        "XADefinedProcedureProtocolStorage",
        "XAPerformedProcedureProtocolStorage",
        "RTStructureSetStorage",
        "RTPlanStorage",
        "RTIonPlanStorage",
        "RTBeamsTreatmentRecordStorage",
        "RTBrachyTreatmentRecordStorage",
        "RTTreatmentSummaryRecordStorage",
        "RTIonBeamsTreatmentRecordStorage",
        "RTBeamsDeliveryInstructionStorage",
        "RTBrachyApplicationSetupDeliveryInstructionStorage",
        "HangingProtocolStorage",
        "ColorPaletteStorage",
        "GenericImplantTemplateStorage",
        "ImplantAssemblyTemplateStorage",
        "ImplantTemplateGroupStorage",
    ]
)


def _keyword(sop_class_uid: str) -> str | None:
    """Return the keyword of a class of the standard, if pydicom knows it."""
    known = UID_dictionary.get(sop_class_uid)
    return None if known is None else known[4]


def check_storable(sop_class_uid: str) -> None:
    """Check that instances of a SOP class can be stored, as far as that is known.

    Raises
    ------
    hdgpu.errors.InvalidAttributeError
        If the identifier is one of the standard that is no current storage class (also a ValueError).
    """
    known = UID_dictionary.get(sop_class_uid)
    if known is None:
        return
    name, kind, _, retired, keyword = known
    if kind != "SOP Class" or "Storage" not in keyword or keyword.startswith(_NOT_STORED) or retired:
        raise InvalidAttributeError(
            "no instance of this class can be stored",
            tag=attribute_name("SOPClassUID"),
            expected="a storage class that is not retired",
            found=f"{sop_class_uid}, {name}",
        )


def has_content_date(sop_class_uid: str) -> bool:
    """Return whether objects of a class have Content Date (0008,0023); those that are not known are taken to."""
    return _keyword(sop_class_uid) not in _WITHOUT_CONTENT_DATE


def is_image(dataset: Dataset) -> bool:
    """Return whether a data set is of a kind that has pixels: for a class that is not known, whether it has rows.

    Raises
    ------
    hdgpu.errors.MissingAttributeError
        If there is no SOP Class UID (also an AttributeError).
    """
    sop_class_uid = dataset.get("SOPClassUID")
    if not sop_class_uid:
        raise MissingAttributeError("the data set has no class", tag=attribute_name("SOPClassUID"))
    keyword = _keyword(sop_class_uid)
    if keyword is None:
        return not sop_class_uid.startswith(_STANDARD_ROOT) and "Rows" in dataset
    return "Image" in keyword or keyword in _IMAGES
