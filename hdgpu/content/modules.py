"""Attributes of the modules that instances of a study share (PS3.3 C.7.1, C.7.2 and C.7.6.22), by keyword."""

from __future__ import annotations

__all__ = ["PATIENT_AND_STUDY", "SPECIMEN"]

_MODULES = {
    "Patient": """
        PatientName PatientID IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence
        SourcePatientGroupIdentificationSequence GroupOfPatientsIdentificationSequence PatientBirthDate PatientBirthTime
        PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar PatientAlternativeCalendar
        PatientSex ReferencedPatientSequence ReferencedPatientPhotoSequence QualityControlSubject
        OtherPatientIDsSequence OtherPatientNames EthnicGroupCodeSequence PatientComments PatientSpeciesDescription
        PatientSpeciesCodeSequence PatientBreedDescription PatientBreedCodeSequence BreedRegistrationSequence
        StrainDescription StrainNomenclature StrainStockSequence StrainAdditionalInformation StrainCodeSequence
        GeneticModificationsSequence ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization
        PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence
    """,
    "Clinical Trial Subject": """
        ClinicalTrialSponsorName ClinicalTrialProtocolID IssuerOfClinicalTrialProtocolID ClinicalTrialProtocolName
        OtherClinicalTrialProtocolIDsSequence ClinicalTrialSiteID IssuerOfClinicalTrialSiteID ClinicalTrialSiteName
        ClinicalTrialSubjectID IssuerOfClinicalTrialSubjectID ClinicalTrialSubjectReadingID
        IssuerOfClinicalTrialSubjectReadingID ClinicalTrialProtocolEthicsCommitteeName
        ClinicalTrialProtocolEthicsCommitteeApprovalNumber
    """,
    "General Study": """
        StudyInstanceUID StudyDate StudyTime ReferringPhysicianName ReferringPhysicianIdentificationSequence
        ConsultingPhysicianName ConsultingPhysicianIdentificationSequence StudyID AccessionNumber
        IssuerOfAccessionNumberSequence StudyDescription PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence
        NameOfPhysiciansReadingStudy PhysiciansReadingStudyIdentificationSequence RequestingService
        RequestingServiceCodeSequence ReferencedStudySequence ProcedureCodeSequence
        ReasonForPerformedProcedureCodeSequence
    """,
    "Patient Study": """
        AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize PatientSizeCodeSequence
        PatientBodyMassIndex MeasuredAPDimension MeasuredLateralDimension PatientWeight MedicalAlerts Allergies
        SmokingStatus PregnancyStatus LastMenstrualDate PatientState Occupation AdditionalPatientHistory AdmissionID
        IssuerOfAdmissionIDSequence ReasonForVisit ReasonForVisitCodeSequence ServiceEpisodeID
        IssuerOfServiceEpisodeIDSequence ServiceEpisodeDescription PatientSexNeutered
    """,
    "Clinical Trial Study": """
        ClinicalTrialTimePointID IssuerOfClinicalTrialTimePointID ClinicalTrialTimePointDescription
        ClinicalTrialTimePointTypeCodeSequence LongitudinalTemporalOffsetFromEvent LongitudinalTemporalEventType
        ConsentForClinicalTrialUseSequence
    """,
}
PATIENT_AND_STUDY: tuple[str, ...] = tuple(keyword for keywords in _MODULES.values() for keyword in keywords.split())
SPECIMEN: tuple[str, ...] = (
    "ContainerIdentifier",
    "IssuerOfTheContainerIdentifierSequence",
    "AlternateContainerIdentifierSequence",
    "ContainerTypeCodeSequence",
    "ContainerDescription",
    "ContainerComponentSequence",
    "SpecimenDescriptionSequence",
)
