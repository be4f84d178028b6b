"""Content classes against highdicom: the same arguments give the same data sets, which files give back."""

import copy
import datetime
import io
import json
import types
import warnings
from operator import attrgetter

import highdicom
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import UID_dictionary

import hdgpu.sr
from hdgpu import utils, valuerep
from hdgpu.content import equipment, identification, issuer, plane, referenced_image, sop_class, specimen
from hdgpu.content import specimen_procedures as procedures
from hdgpu.content.storage_classes import check_storable, has_content_date, is_image
from hdgpu.sr import coding_schemes, enum
from tests.slide_units import as_the_standard_has_it

OURS = types.SimpleNamespace(
    AlgorithmIdentificationSequence=identification.AlgorithmIdentificationSequence,
    ContentCreatorIdentificationCodeSequence=identification.ContentCreatorIdentificationCodeSequence,
    ContributingEquipment=equipment.ContributingEquipment,
    IssuerOfIdentifier=issuer.IssuerOfIdentifier,
    PlanePositionSequence=plane.PlanePositionSequence,
    ReferencedImageSequence=referenced_image.ReferencedImageSequence,
    SOPClass=sop_class.SOPClass,
    SpecimenCollection=procedures.SpecimenCollection,
    SpecimenDescription=specimen.SpecimenDescription,
    SpecimenPreparationStep=specimen.SpecimenPreparationStep,
    SpecimenProcessing=procedures.SpecimenProcessing,
    SpecimenSampling=procedures.SpecimenSampling,
    SpecimenStaining=procedures.SpecimenStaining,
    coding_schemes=coding_schemes,
    sr=hdgpu.sr,
    utils=utils,
    valuerep=valuerep,
)
CT = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
NOW = ("InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime")

# --- What is drawn ----------------------------------------------------------------------------------------------------


def texts(longest, least=1, more="é山 -_.,"):
    """Texts that any reader gives back: no control characters, backslashes, or spaces at the ends."""
    alphabet = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\") | st.sampled_from(more)
    plain = st.text(alphabet, min_size=least, max_size=longest)
    return plain.map(str.strip).filter(lambda text: len(text) >= least)


def optional(strategy):
    return st.none() | strategy


uids = st.lists(st.integers(0, 10**6), min_size=2, max_size=6).map(lambda parts: ".".join(map(str, parts)))
# short URNs and URLs are where the standard has them, which highdicom's are not
values = texts(30).filter(lambda value: "urn" not in value.lower() and "://" not in value)
a_code = st.builds(Code, values, texts(16), texts(64), optional(texts(16)))
dates = st.dates(datetime.date(1000, 1, 1))
times = st.times()
moments = st.datetimes(datetime.datetime(1000, 1, 1), timezones=st.none() | st.just(datetime.UTC))
date_arguments = dates | dates.map(lambda each: each.strftime("%Y%m%d"))
time_arguments = times | times.map(lambda each: each.strftime("%H%M%S.%f")) | st.sampled_from(["10", "2359"])
moment_arguments = moments | moments.map(lambda each: each.strftime("%Y%m%d%H%M%S.%f")) | st.just("2020")
names = st.builds("{}^{}".format, texts(20, more="é "), texts(20, more="é ")).filter(
    lambda name: name.count("^") <= 4 and "=" not in name
)
# what 16 characters and 32 bits hold
numbers = st.integers(-(10**6), 10**6) | st.integers(-(2**20), 2**20).map(lambda each: each / 64)
relations = optional(st.sampled_from(enum.RelationshipTypeValues).map(lambda each: each.value))


def made(path, /, **arguments):
    """Return what makes an instance of a class of a library from arguments, of which some have to be made, too."""
    return lambda lib: attrgetter(path)(lib)(**{name: resolved(value, lib) for name, value in arguments.items()})


def resolved(value, lib):
    if isinstance(value, types.FunctionType):
        return value(lib)
    return [resolved(each, lib) for each in value] if isinstance(value, list) else value


def recipe(path, /, **strategies):
    return st.fixed_dictionaries(strategies).map(lambda arguments: made(path, **arguments))


# those that could not be told apart are refused
parameter_texts = texts(9).filter(lambda text: "," not in text)

issuers = recipe(
    "IssuerOfIdentifier",
    issuer_of_identifier=texts(80),
    issuer_of_identifier_type=optional(st.sampled_from(["DNS", "EUI64", "ISO", "URI", "UUID", "X400", "X500"])),
)
some_procedures = st.one_of(
    recipe("SpecimenCollection", procedure=a_code),
    recipe(
        "SpecimenSampling",
        method=a_code,
        parent_specimen_id=texts(64),
        parent_specimen_type=a_code,
        issuer_of_parent_specimen_id=optional(issuers),
    ),
    recipe("SpecimenStaining", substances=st.lists(a_code | texts(40), min_size=1, max_size=3)),
    recipe("SpecimenProcessing", description=a_code | texts(40)),
)
steps = recipe(
    "SpecimenPreparationStep",
    specimen_id=texts(64),
    processing_procedure=some_procedures,
    processing_datetime=optional(moments),
    issuer_of_specimen_id=optional(issuers),
    fixative=optional(a_code),
    embedding_medium=optional(a_code),
    specimen_container=optional(a_code),
    specimen_type=optional(a_code),
)
resources = recipe(
    "coding_schemes.CodingSchemeResourceItem",
    url=st.just("https://example.org/scheme.owl"),
    url_type=st.sampled_from(["DOC", "OWL", "CSV"]),
)
schemes = st.one_of(
    recipe(
        "coding_schemes.CodingSchemeIdentificationItem",
        designator=texts(16),
        name=optional(texts(100)),
        version=optional(texts(16)),
        responsible_organization=optional(texts(100)),
        resources=optional(st.lists(resources, max_size=2)),
    ),
    recipe("coding_schemes.CodingSchemeIdentificationItem", designator=texts(16), registry=texts(64), uid=uids),
    recipe(
        "coding_schemes.CodingSchemeIdentificationItem", designator=texts(16), registry=texts(64), external_id=texts(90)
    ),
)
CLASSES = {
    "CodedConcept": recipe(
        "sr.CodedConcept",
        value=values,
        scheme_designator=texts(16),
        meaning=texts(64),
        scheme_version=optional(texts(16)),
    ),
    "CodingSchemeIdentificationItem": schemes,
    "AlgorithmIdentificationSequence": recipe(
        "AlgorithmIdentificationSequence",
        name=texts(64),
        family=a_code,
        version=texts(64),
        source=optional(texts(64)),
        parameters=optional(st.dictionaries(parameter_texts.filter(lambda name: "=" not in name), parameter_texts)),
    ),
    "ContentCreatorIdentificationCodeSequence": recipe(
        "ContentCreatorIdentificationCodeSequence",
        person_identification_codes=st.lists(a_code, min_size=1, max_size=3),
        institution_name=texts(64),
        person_address=optional(texts(200)),
        person_telephone_numbers=optional(st.lists(texts(16), min_size=1, max_size=3)),
        person_telecom_information=optional(texts(200)),
        institution_address=optional(texts(200)),
        institutional_department_name=optional(texts(64)),
    ),
    "ContributingEquipment": recipe(
        "ContributingEquipment",
        manufacturer=texts(64),
        purpose_of_reference=st.sampled_from([codes.DCM.AcquisitionEquipment, codes.DCM.DeIdentifyingEquipment]),
        manufacturer_model_name=optional(texts(64)),
        software_versions=optional(texts(64) | st.lists(texts(64), min_size=1, max_size=3)),
        device_serial_number=optional(texts(64)),
        institution_name=optional(texts(64)),
        institutional_department_name=optional(texts(64)),
        institution_address=optional(texts(200)),
        station_name=optional(texts(16)),
        contribution_datetime=optional(moment_arguments),
        contribution_description=optional(texts(200)),
    ),
    "IssuerOfIdentifier": issuers,
    "SpecimenProcedure": some_procedures,
    "SpecimenPreparationStep": steps,
    "SpecimenDescription": recipe(
        "SpecimenDescription",
        specimen_id=texts(64),
        specimen_uid=uids,
        specimen_location=optional(texts(40) | st.tuples(numbers, numbers, numbers)),
        specimen_preparation_steps=optional(st.lists(steps, max_size=2)),
        issuer_of_specimen_id=optional(issuers),
        primary_anatomic_structures=optional(st.lists(a_code, min_size=1, max_size=2)),
        specimen_short_description=optional(texts(64)),
        specimen_detailed_description=optional(texts(99)),
    ),
    "CodeContentItem": recipe("sr.CodeContentItem", name=a_code, value=a_code, relationship_type=relations),
    "TextContentItem": recipe("sr.TextContentItem", name=a_code, value=texts(99), relationship_type=relations),
    "PnameContentItem": recipe("sr.PnameContentItem", name=a_code, value=names, relationship_type=relations),
    "DateContentItem": recipe("sr.DateContentItem", name=a_code, value=date_arguments),
    "TimeContentItem": recipe("sr.TimeContentItem", name=a_code, value=time_arguments),
    "DateTimeContentItem": recipe("sr.DateTimeContentItem", name=a_code, value=moment_arguments),
    "UIDRefContentItem": recipe("sr.UIDRefContentItem", name=a_code, value=uids),
    "NumContentItem": recipe(
        "sr.NumContentItem",
        name=a_code,
        value=numbers,
        unit=a_code,
        qualifier=optional(a_code),
        relationship_type=relations,
    ),
    "ContainerContentItem": recipe(
        "sr.ContainerContentItem",
        name=a_code,
        is_content_continuous=st.booleans(),
        template_id=optional(st.integers(1, 9999).map(str)),
        relationship_type=relations,
    ),
    "CompositeContentItem": recipe(
        "sr.CompositeContentItem",
        name=a_code,
        referenced_sop_class_uid=uids,
        referenced_sop_instance_uid=uids,
        relationship_type=relations,
    ),
    "ImageContentItem": recipe(
        "sr.ImageContentItem",
        name=a_code,
        referenced_sop_class_uid=uids,
        referenced_sop_instance_uid=uids,
        referenced_frame_numbers=optional(st.integers(1, 99) | st.lists(st.integers(1, 99), min_size=1, max_size=3)),
        referenced_segment_numbers=optional(st.integers(1, 99) | st.lists(st.integers(1, 99), min_size=1, max_size=3)),
    ),
    "WaveformContentItem": recipe(
        "sr.WaveformContentItem",
        name=a_code,
        referenced_sop_class_uid=uids,
        referenced_sop_instance_uid=uids,
        referenced_waveform_channels=optional(
            st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=3)
        ),
    ),
    "ScoordContentItem": recipe(
        "sr.ScoordContentItem",
        name=a_code,
        graphic_type=st.sampled_from(["POLYLINE", "MULTIPOINT"]),
        graphic_data=st.lists(st.tuples(numbers, numbers), min_size=2, max_size=4).map(np.asarray),
        pixel_origin_interpretation=optional(st.sampled_from(["FRAME", "VOLUME"])),
        fiducial_uid=optional(uids),
        relationship_type=relations,
    ),
    "Scoord3DContentItem": recipe(
        "sr.Scoord3DContentItem",
        name=a_code,
        graphic_type=st.sampled_from(["POLYLINE", "MULTIPOINT"]),
        graphic_data=st.lists(st.tuples(numbers, numbers, numbers), min_size=2, max_size=4).map(np.asarray),
        frame_of_reference_uid=uids,
        fiducial_uid=optional(uids),
    ),
    "TcoordContentItem": st.one_of(
        recipe(
            "sr.TcoordContentItem",
            name=a_code,
            temporal_range_type=st.sampled_from(["POINT", "SEGMENT", "MULTIPOINT"]),
            **{argument: st.lists(strategy, min_size=1, max_size=3)},
        )
        for argument, strategy in (
            ("referenced_sample_positions", st.integers(1, 99)),
            ("referenced_time_offsets", numbers),
            ("referenced_date_time", moments),
        )
    ),
    "SOPClass": recipe(
        "SOPClass",
        study_instance_uid=uids,
        series_instance_uid=uids,
        series_number=st.integers(1, 2**31 - 1),
        sop_instance_uid=uids,
        sop_class_uid=st.sampled_from(["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.481.3"]),
        instance_number=st.integers(1, 2**31 - 1),
        modality=st.sampled_from(["CT", "MR", "RTSTRUCT"]),
        manufacturer=optional(texts(64)),
        transfer_syntax_uid=optional(st.sampled_from(["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"])),
        patient_id=optional(texts(64)),
        patient_name=optional(names),
        patient_birth_date=optional(date_arguments),
        patient_sex=optional(st.sampled_from(["M", "F", "O"])),
        accession_number=optional(texts(16)),
        study_id=optional(texts(16)),
        study_date=optional(date_arguments),
        study_time=optional(time_arguments),
        referring_physician_name=optional(names),
        content_qualification=optional(st.sampled_from(["PRODUCT", "RESEARCH", "SERVICE"])),
        coding_schemes=optional(st.lists(schemes, max_size=2)),
        series_description=optional(texts(64)),
        manufacturer_model_name=optional(texts(64)),
        software_versions=optional(texts(64) | st.lists(texts(64), min_size=1, max_size=3)),
        device_serial_number=optional(texts(64)),
        institution_name=optional(texts(64)),
        institutional_department_name=optional(texts(64)),
        series_date=optional(st.dates(datetime.date(1000, 1, 1), datetime.date(2000, 1, 1))),
        specific_character_set=st.just("ISO_IR 192"),
    ),
}

# --- How they are compared --------------------------------------------------------------------------------------------


def as_json(content):
    """Return a data set or a sequence as DICOM JSON, without what depends on the time of the call."""
    if isinstance(content, Sequence):
        return [as_json(item) for item in content]
    known = json.loads(json.dumps(content.to_json_dict(), default=str))
    return {tag: element for tag, element in known.items() if pydicom.datadict.keyword_for_tag(tag) not in NOW}


def read_back(content):
    """Return a data set or a sequence as it is read from a file."""
    root = Dataset()
    root.SpecificCharacterSet = "ISO_IR 192"
    root.ContentSequence = content if isinstance(content, Sequence) else [content]
    root.file_meta = FileMetaDataset()
    root.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, root)
    buffer.seek(0)
    read = pydicom.dcmread(buffer, force=True).ContentSequence
    return read if isinstance(content, Sequence) else read[0]


def quietly(make, lib):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(lib)


@pytest.mark.parametrize("name", CLASSES)
@settings(max_examples=25)
@given(data=st.data())
def test_same_arguments_same_data_set(name, data):
    make = data.draw(CLASSES[name])
    ours, theirs = quietly(make, OURS), quietly(make, highdicom)
    expected = as_json(theirs)
    assert as_json(ours) == expected
    read = read_back(ours)
    assert as_json(read) == expected
    cls = type(ours)
    if name == "SpecimenProcedure":
        assert as_json(cls.from_sequence(read, is_sr=False)) == expected
    elif isinstance(ours, Sequence):
        assert as_json(cls.from_sequence(read)) == expected
    else:
        assert as_json(cls.from_dataset(read)) == expected
    assert as_json(copy.deepcopy(ours)) == expected


PROPERTIES = {
    "CodedConcept": ("value", "scheme_designator", "meaning", "scheme_version"),
    "AlgorithmIdentificationSequence": ("name", "version", "source"),
    "IssuerOfIdentifier": ("issuer_of_identifier",),
    "SpecimenPreparationStep": ("specimen_id", "issuer_of_specimen_id", "processing_datetime"),
    "SpecimenDescription": (
        "specimen_id", "specimen_uid", "specimen_location", "specimen_short_description",
        "specimen_detailed_description",
    ),
    "TextContentItem": ("value",),
    "PnameContentItem": ("value",),
    "DateContentItem": ("value",),
    "TimeContentItem": ("value",),
    "DateTimeContentItem": ("value",),
    "UIDRefContentItem": ("value",),
    "NumContentItem": ("value",),
    "ContainerContentItem": ("template_id",),
    "CompositeContentItem": ("value", "referenced_sop_class_uid", "referenced_sop_instance_uid"),
    "ImageContentItem": ("value", "referenced_frame_numbers", "referenced_segment_numbers"),
}  # fmt: skip
CODES = {
    "AlgorithmIdentificationSequence": ("family",),
    "SpecimenPreparationStep": (
        "processing_type", "fixative", "embedding_medium", "specimen_container", "specimen_type",
    ),
    "SpecimenDescription": ("specimen_type",),
    "CodeContentItem": ("name", "value"),
    "NumContentItem": ("unit", "qualifier"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted({*PROPERTIES, *CODES}))
@settings(max_examples=10)
@given(data=st.data())
def test_same_properties(name, data):
    make = data.draw(CLASSES[name])
    ours, theirs = quietly(make, OURS), quietly(make, highdicom)
    for member in PROPERTIES.get(name, ()):
        assert getattr(ours, member) == getattr(theirs, member), member
    for member in CODES.get(name, ()):
        one, other = getattr(ours, member), getattr(theirs, member)
        assert (one is None) == (other is None)
        assert one is None or as_json(one) == as_json(other), member


@settings(max_examples=50)
@given(one=a_code, other=a_code, same=st.booleans(), meaning=texts(64))
def test_codes_are_equal_as_highdicoms_are(one, other, same, meaning):
    other = one._replace(meaning=meaning) if same else other
    for left, right in ((one, other), (other, one)):
        theirs = highdicom.sr.CodedConcept(*left) == right
        ours = OURS.sr.CodedConcept(*left)
        assert (ours == right) == (ours == OURS.sr.CodedConcept(*right)) == (right == ours) == theirs
        assert (ours != right) != theirs
        assert hash(ours) == hash(highdicom.sr.CodedConcept(*left)) == hash(left)


# --- What is refused --------------------------------------------------------------------------------------------------

CODE, NAME = Code("1", "99X", "meaning"), codes.DCM.Finding
BASE = {
    "study_instance_uid": "1.2.3",
    "series_instance_uid": "1.2.4",
    "series_number": 1,
    "sop_instance_uid": "1.2.5",
    "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
    "instance_number": 1,
    "modality": "CT",
}


def plain(content):
    """Return content as pydicom reads it: without classes of ours or of theirs."""
    return Dataset.from_json(json.dumps(content.to_json_dict(), default=str))


def without(content, keyword):
    less = plain(content)
    delattr(less, keyword)
    return less


def sop(lib, **arguments):
    return lib.SOPClass(**{**BASE, **arguments})


def position(lib, place):
    return lib.PlanePositionSequence("SLIDE", (0.0, 0.0, 0.0), place)


EMR = pydicom.dcmread(get_testdata_file("emri_small.dcm"))
SEGMENTATION = pydicom.dcmread(get_testdata_file("liver.dcm"))
REFUSED = {
    "a meaning too long": lambda lib: lib.sr.CodedConcept("1", "S", "m" * 65),
    "a code that is no text": lambda lib: lib.sr.CodedConcept(1, "S", "m"),
    "a code of nothing": lambda lib: lib.sr.CodedConcept.from_code("x"),
    "a code from no data set": lambda lib: lib.sr.CodedConcept.from_dataset({}),
    "a code without scheme": lambda lib: lib.sr.CodedConcept.from_dataset(
        without(lib.sr.CodedConcept(*CODE), "CodingSchemeDesignator")
    ),
    "a code without meaning": lambda lib: lib.sr.CodedConcept.from_dataset(
        without(lib.sr.CodedConcept(*CODE), "CodeMeaning")
    ),
    "a code without value": lambda lib: lib.sr.CodedConcept.from_dataset(
        without(lib.sr.CodedConcept(*CODE), "CodeValue")
    ),
    "a scheme of a registry without identifier": lambda lib: lib.coding_schemes.CodingSchemeIdentificationItem(
        "X", registry="r"
    ),
    "a scheme with two identifiers": lambda lib: lib.coding_schemes.CodingSchemeIdentificationItem(
        "X", registry="r", uid="1.2", external_id="e"
    ),
    "resources that are none": lambda lib: lib.coding_schemes.CodingSchemeIdentificationItem("X", resources=["a"]),
    "a resource of another type": lambda lib: lib.coding_schemes.CodingSchemeResourceItem("http://x", "BAD"),
    "an algorithm from a list": lambda lib: lib.AlgorithmIdentificationSequence.from_sequence([Dataset()]),
    "an algorithm from no item": lambda lib: lib.AlgorithmIdentificationSequence.from_sequence(Sequence()),
    "an algorithm from two": lambda lib: lib.AlgorithmIdentificationSequence.from_sequence(Sequence([Dataset()] * 2)),
    "an algorithm without name": lambda lib: lib.AlgorithmIdentificationSequence.from_sequence(Sequence([Dataset()])),
    "nobody": lambda lib: lib.ContentCreatorIdentificationCodeSequence([], "i"),
    "a person who is no code": lambda lib: lib.ContentCreatorIdentificationCodeSequence(["a"], "i"),
    "an institution too long": lambda lib: lib.ContentCreatorIdentificationCodeSequence([CODE], "i" * 65),
    "an address too long": lambda lib: lib.ContentCreatorIdentificationCodeSequence([CODE], "i", "a" * 1025),
    "information too long": lambda lib: lib.ContentCreatorIdentificationCodeSequence(
        [CODE], "i", person_telecom_information="t" * 10241
    ),
    "an address with a backslash": lambda lib: lib.ContentCreatorIdentificationCodeSequence([CODE], "i", "a\\b"),
    "an institution that is no code": lambda lib: lib.ContentCreatorIdentificationCodeSequence(
        [CODE], "i", institution_code="x"
    ),
    "equipment for another purpose": lambda lib: lib.ContributingEquipment("m", CODE),
    "equipment without version": lambda lib: lib.ContributingEquipment(
        "m", codes.DCM.ProcessingEquipment, software_versions=()
    ),
    "a station too long": lambda lib: lib.ContributingEquipment(
        "m", codes.DCM.ProcessingEquipment, station_name="s" * 17
    ),
    "no such moment": lambda lib: lib.ContributingEquipment(
        "m", codes.DCM.ProcessingEquipment, contribution_datetime="bad"
    ),
    "equipment of no image": lambda lib: lib.ContributingEquipment.for_image_acquisition(
        sop(lib, sop_class_uid="1.2.840.10008.5.1.4.1.1.88.11")
    ),
    "equipment of no manufacturer": lambda lib: lib.ContributingEquipment.for_image_acquisition(sop(lib)),
    "an issuer of no kind": lambda lib: lib.IssuerOfIdentifier("x", "NONE"),
    "an issuer from nothing": lambda lib: lib.IssuerOfIdentifier.from_dataset(Dataset()),
    "an issuer without type": lambda lib: lib.IssuerOfIdentifier.from_dataset(
        without(lib.IssuerOfIdentifier("x", "DNS"), "UniversalEntityIDType")
    ),
    "an issuer from no data set": lambda lib: lib.IssuerOfIdentifier.from_dataset({}),
    "no image": lambda lib: lib.ReferencedImageSequence([]),
    "images that are none": lambda lib: lib.ReferencedImageSequence(["x"]),
    "nothing": lambda lib: lib.ReferencedImageSequence(),
    "an image twice": lambda lib: lib.ReferencedImageSequence([CT, CT]),
    "an image that is a report": lambda lib: lib.ReferencedImageSequence(
        [sop(lib, sop_class_uid="1.2.840.10008.5.1.4.1.1.88.11")]
    ),
    "a frame of a single one": lambda lib: lib.ReferencedImageSequence([CT], 1),
    "a frame that is not there": lambda lib: lib.ReferencedImageSequence([EMR], 11),
    "a frame 0": lambda lib: lib.ReferencedImageSequence([EMR], 0),
    "a segment of an image": lambda lib: lib.ReferencedImageSequence([EMR], None, 1),
    "a segment that is not there": lambda lib: lib.ReferencedImageSequence([SEGMENTATION], None, [1, 2]),
    "frames of several images": lambda lib: lib.ReferencedImageSequence([CT, EMR], 1),
    "no stain": lambda lib: lib.SpecimenStaining([]),
    "a stain that is none": lambda lib: lib.SpecimenStaining([1]),
    "a collection by no code": lambda lib: lib.SpecimenCollection("x"),
    "a parent of no type": lambda lib: lib.SpecimenSampling(CODE, "p", "x"),
    "a step that is none": lambda lib: lib.SpecimenPreparationStep("s", "x"),
    "a step described twice": lambda lib: lib.SpecimenPreparationStep("s", lib.SpecimenProcessing("x"), "y"),
    "a step without content": lambda lib: lib.SpecimenPreparationStep.from_dataset(Dataset()),
    "no such date of a step": lambda lib: lib.SpecimenPreparationStep(
        "s", lib.SpecimenCollection(CODE), processing_datetime="bad"
    ),
    "a specimen from nothing": lambda lib: lib.SpecimenDescription.from_dataset(Dataset()),
    "a specimen from no data set": lambda lib: lib.SpecimenDescription.from_dataset({}),
    "steps that are none": lambda lib: lib.SpecimenDescription("s", "1.2", specimen_preparation_steps=["x"]),
    "structures without one": lambda lib: lib.SpecimenDescription("s", "1.2", primary_anatomic_structures=[]),
    "structures that are none": lambda lib: lib.SpecimenDescription("s", "1.2", primary_anatomic_structures=["x"]),
    "an issuer that is none": lambda lib: lib.SpecimenDescription("s", "1.2", issuer_of_specimen_id="x"),
    "a description too long": lambda lib: lib.SpecimenDescription("s", "1.2", specimen_short_description="x" * 65),
    "an item of no name": lambda lib: lib.sr.CodeContentItem("x", CODE),
    "an item of no value": lambda lib: lib.sr.CodeContentItem(NAME, "x"),
    "an item of no relation": lambda lib: lib.sr.CodeContentItem(NAME, CODE, "x"),
    "an item of another type": lambda lib: lib.sr.TextContentItem.from_dataset(lib.sr.CodeContentItem(NAME, CODE)),
    "an item without value": lambda lib: lib.sr.CodeContentItem.from_dataset(
        without(lib.sr.CodeContentItem(NAME, CODE), "ConceptCodeSequence")
    ),
    "an item without name": lambda lib: lib.sr.CodeContentItem.from_dataset(
        without(lib.sr.CodeContentItem(NAME, CODE), "ConceptNameCodeSequence")
    ),
    "an item without type": lambda lib: lib.sr.CodeContentItem.from_dataset(
        without(lib.sr.CodeContentItem(NAME, CODE), "ValueType")
    ),
    "no date": lambda lib: lib.sr.DateContentItem(NAME, "bad"),
    "no time": lambda lib: lib.sr.TimeContentItem(NAME, "bad"),
    "no number": lambda lib: lib.sr.NumContentItem(NAME, "1", CODE),
    "a number that is not finite": lambda lib: lib.sr.NumContentItem(NAME, float("nan"), CODE),
    "two points for one": lambda lib: lib.sr.ScoordContentItem(NAME, "POINT", np.zeros((2, 2))),
    "one point for a line": lambda lib: lib.sr.ScoordContentItem(NAME, "POLYLINE", np.zeros((1, 2))),
    "an open polygon": lambda lib: lib.sr.Scoord3DContentItem(NAME, "POLYGON", np.eye(3), "1.2"),
    "a bent ellipse": lambda lib: lib.sr.Scoord3DContentItem(
        NAME, "ELLIPSE", np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 9]]), "1.2"
    ),
    "no points in time": lambda lib: lib.sr.TcoordContentItem(NAME, "POINT"),
    "an item that does not relate": lambda lib: lib.sr.ContentSequence([lib.sr.TextContentItem(NAME, "x")]),
    "an item that relates": lambda lib: lib.sr.ContentSequence(
        [lib.sr.TextContentItem(NAME, "x", "CONTAINS")], is_sr=False
    ),
    "a root outside of reports": lambda lib: lib.sr.ContentSequence([], is_root=True, is_sr=False),
    "a root that is a text": lambda lib: lib.sr.ContentSequence([lib.sr.TextContentItem(NAME, "x")], is_root=True),
    "a root that relates": lambda lib: lib.sr.ContentSequence(
        [lib.sr.ContainerContentItem(NAME, relationship_type="CONTAINS")], is_root=True
    ),
    "a data set appended": lambda lib: lib.sr.ContentSequence().append(Dataset()),
    "a text read": lambda lib: lib.sr.ContentSequence.from_sequence(["x"]),
    "items read that do not relate": lambda lib: lib.sr.ContentSequence.from_sequence(
        [plain(lib.sr.TextContentItem(NAME, "x"))]
    ),
    "an item that is not there": lambda lib: lib.sr.ContentSequence().index(lib.sr.TextContentItem(NAME, "x")),
    "number 0": lambda lib: sop(lib, series_number=0),
    "no number at all": lambda lib: sop(lib, instance_number=None),
    "no sex": lambda lib: sop(lib, patient_sex="X"),
    "no name": lambda lib: sop(lib, patient_name=1),
    "no birthday": lambda lib: sop(lib, patient_birth_date="bad"),
    "no study time": lambda lib: sop(lib, study_time="bad"),
    "a series description too long": lambda lib: sop(lib, series_description="x" * 65),
    "a series description with a backslash": lambda lib: sop(lib, series_description="a\\b"),
    "a manufacturer too long": lambda lib: sop(lib, manufacturer="x" * 65),
    "schemes that are none": lambda lib: sop(lib, coding_schemes=["x"]),
    "big endian": lambda lib: sop(lib, transfer_syntax_uid="1.2.840.10008.1.2.2"),
    "no transfer syntax": lambda lib: sop(lib, transfer_syntax_uid="1.2.3"),
    "no qualification": lambda lib: sop(lib, content_qualification="x"),
    "a time without date": lambda lib: sop(lib, content_time="01"),
    "a series time without date": lambda lib: sop(lib, series_time="01"),
    "a series after its content": lambda lib: sop(lib, content_date="20200102", series_date="20200103"),
    "a series hours after its content": lambda lib: sop(
        lib, content_date="20200102", content_time="02", series_date="20200102", series_time="03"
    ),
    "a content date of a plan": lambda lib: sop(
        lib, sop_class_uid="1.2.840.10008.5.1.4.1.1.481.5", content_date="20200101"
    ),
    "no character set": lambda lib: sop(lib, specific_character_set="x"),
    "character sets without one": lambda lib: sop(lib, specific_character_set=[]),
    "a character set alone with extensions": lambda lib: sop(lib, specific_character_set="ISO 2022 IR 100"),
    "two character sets without extensions": lambda lib: sop(lib, specific_character_set=["ISO_IR 100", "ISO_IR 101"]),
    "first of all two bytes": lambda lib: sop(lib, specific_character_set=["ISO 2022 IR 87", "ISO 2022 IR 6"]),
    "a tile 0": lambda lib: lib.utils.compute_plane_position_tiled_full(
        0, 1, 0.0, 0.0, 4, 4, [0, -1, 0, -1, 0, 0], [1, 1]
    ),
    "a focal plane without distance": lambda lib: lib.utils.compute_plane_position_tiled_full(
        1, 1, 0.0, 0.0, 4, 4, [0, -1, 0, -1, 0, 0], [1, 1], slice_index=1
    ),
    "one pixel spacing": lambda lib: lib.utils.compute_plane_position_tiled_full(
        1, 1, 0.0, 0.0, 4, 4, [0, -1, 0, -1, 0, 0], [1]
    ),
    "three cosines": lambda lib: lib.utils.compute_plane_position_tiled_full(1, 1, 0.0, 0.0, 4, 4, [0, -1, 0], [1, 1]),
    "tiles of a CT": lambda lib: lib.utils.compute_plane_position_slide_per_frame(CT),
    "frames of a CT": lambda lib: lib.utils.get_plane_positions_of_image(CT),
    "frames in no system": lambda lib: lib.utils.get_plane_positions_of_image(EMR),
    "a series of frames": lambda lib: lib.utils.get_plane_positions_of_series([EMR]),
    "a name of nobody": lambda lib: lib.valuerep.check_person_name(5),
}
# where highdicom's error is one of an operation on something that it was not meant for
STRICTER = {
    "an item that is not there": ValueError,
    "an issuer from no data set": TypeError,
    "a step without content": AttributeError,
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refused_for_the_same_reason(reason):
    call = REFUSED[reason]
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever it is
        quietly(call, highdicom)
    with pytest.raises(Exception) as ours:  # noqa: PT011
        quietly(call, OURS)
    assert isinstance(ours.value, STRICTER.get(reason, theirs.type)), (repr(theirs.value), repr(ours.value))
    assert type(ours.value).__module__ == "hdgpu.errors" or type(ours.value) in (TypeError, ValueError)


# --- Whole instances --------------------------------------------------------------------------------------------------


def test_what_is_known_of_storage_classes_is_what_highdicom_knows():
    known = [uid for uid, (_, kind, _, _, _) in UID_dictionary.items() if kind == "SOP Class"]
    for uid in known:
        try:
            theirs = sop(highdicom, sop_class_uid=uid)
        except KeyError:
            with pytest.raises(ValueError, match="SOP Class UID"):
                check_storable(uid)
            continue
        check_storable(uid)
        assert has_content_date(uid) == ("ContentDate" in theirs), uid
        try:
            highdicom.ReferencedImageSequence([theirs])
        except ValueError:
            assert not is_image(theirs), uid
        else:
            assert is_image(theirs), uid


def every_attribute():
    """Return a data set with each attribute of the standard that takes a short value."""
    values = {"DA": "20200101", "TM": "010101", "DT": "20200101", "AS": "010Y", "UI": "1.2.77"}
    texts, integers = ("PN", "LO", "SH", "LT", "ST", "UT", "UC", "CS"), ("US", "UL", "SL", "SS", "IS", "DS", "FD", "FL")
    dataset = Dataset()
    for tag, (vr, _, _, _, keyword) in pydicom.datadict.DicomDictionary.items():
        if not keyword or not 8 <= tag >> 16 < 0x5000 or keyword == "SpecificCharacterSet":
            continue
        if vr == "SQ":
            setattr(dataset, keyword, [Dataset()])
        elif vr in texts or vr in integers or vr in values:
            setattr(dataset, keyword, "A" if vr in texts else 1 if vr in integers else values[vr])
    dataset.SOPClassUID = CT.SOPClassUID
    return dataset


@pytest.mark.parametrize("method", ["copy_patient_and_study_information", "copy_specimen_information"])
def test_the_same_is_copied(method):
    source = every_attribute()
    ours, theirs = sop(OURS), sop(highdicom)
    getattr(ours, method)(source)
    getattr(theirs, method)(source)
    assert as_json(ours) == as_json(theirs)
    assert len(ours) > len(sop(OURS))
    few = Dataset()
    few.SOPInstanceUID, few.SOPClassUID, few.PatientID, few.PatientName = "1.2", CT.SOPClassUID, "", None
    for lib, instance in ((OURS, ours), (highdicom, theirs)):
        assert type(instance).__module__.startswith(lib.SOPClass.__module__.partition(".")[0])
        getattr(instance, method)(few)
    assert as_json(ours) == as_json(theirs)


def test_acquisition_of_a_file():
    more = {"AcquisitionDateTime": "20200101010203.5+0200", "InstitutionAddress": "a", "SoftwareVersions": ["1", "2"]}
    for change in ({}, more, {"ManufacturerModelName": "", "StationName": None}):
        dataset = copy.deepcopy(CT)
        for keyword, value in change.items():
            setattr(dataset, keyword, value)
        expected = as_json(highdicom.ContributingEquipment.for_image_acquisition(dataset))
        assert as_json(OURS.ContributingEquipment.for_image_acquisition(dataset)) == expected


def test_references_to_images():
    two_segments = copy.deepcopy(SEGMENTATION)
    two_segments.SegmentSequence.append(copy.deepcopy(two_segments.SegmentSequence[0]))
    two_segments.SegmentSequence[1].SegmentNumber = 2
    last = two_segments.PerFrameFunctionalGroupsSequence[2].SegmentIdentificationSequence[0]
    last.ReferencedSegmentNumber = 2
    for arguments in (
        ([CT],), ([CT, EMR],), ([EMR], 1), ([EMR], [2, 1]), ([two_segments], None, 2), ([two_segments], 3, 2),
        ([two_segments], [1, 3], [1, 2]),
    ):  # fmt: skip
        expected = as_json(highdicom.ReferencedImageSequence(*arguments))
        assert as_json(OURS.ReferencedImageSequence(*arguments)) == expected
    for frames, segments in ((3, 1), ([1, 3], 2)):
        for lib in (OURS, highdicom):
            with pytest.raises(ValueError, match="segments"):
                lib.ReferencedImageSequence([two_segments], frames, segments)


# --- Planes -----------------------------------------------------------------------------------------------------------

whole = st.integers(1, 40)


@settings(max_examples=40)
@given(
    sizes=st.tuples(whole, whole, st.integers(1, 20), st.integers(1, 20)),
    change=st.sampled_from(["none", "reverse", "drop first", "drop last", "twice", "shift"]),
)
def test_tiles_in_their_order(sizes, change):
    rows, columns, tile_rows, tile_columns = sizes
    places = [
        ((column - 1) * tile_columns + 1, (row - 1) * tile_rows + 1)
        for column, row in utils.tile_pixel_matrix(rows, columns, tile_rows, tile_columns)
    ]
    changed = {
        "none": places, "reverse": places[::-1], "drop first": places[1:], "drop last": places[:-1],
        "twice": places * 2, "shift": [(column + 1, row) for column, row in places],
    }[change]  # fmt: skip
    ours, theirs = (
        lib.utils.are_plane_positions_tiled_full([position(lib, place) for place in changed], tile_rows, tile_columns)
        for lib in (OURS, highdicom)
    )
    assert ours == theirs


@settings(max_examples=40)
@given(
    place=st.tuples(whole, whole),
    offset=st.tuples(numbers, numbers),
    sizes=st.tuples(whole, whole),
    cosines=st.sampled_from([[0, -1, 0, -1, 0, 0], [0.6, 0.8, 0, -0.8, 0.6, 0], [0, -1, 0, 0, 0, 1]]),
    spacing=st.tuples(st.floats(0.01, 5), st.floats(0.01, 5)),
    focal=optional(st.tuples(st.floats(0.1, 9), st.integers(1, 9))),
)
def test_position_of_a_tile(place, offset, sizes, cosines, spacing, focal):
    distance, plane_number = focal or (None, None)
    arguments = (*place, *map(float, offset), *sizes, cosines, spacing, None, distance, plane_number)
    ours, theirs = (lib.utils.compute_plane_position_tiled_full(*arguments)[0] for lib in (OURS, highdicom))
    assert [element.keyword for element in ours] == [element.keyword for element in theirs]
    # highdicom adds the distance of focal planes, in micrometres, to the z of rows and columns, in mm
    theirs.ZOffsetInSlideCoordinateSystem += 999 * spacing[0] * sizes[0] * (place[0] - 1) * cosines[5]
    for element in ours:
        assert float(element.value) == pytest.approx(float(theirs[element.tag].value), rel=1e-12, abs=1e-8)


def tiled_image(channels, focal_planes):
    image = Dataset()
    image.SOPClassUID, image.DimensionOrganizationType = "1.2.840.10008.5.1.4.1.1.77.1.6", "TILED_FULL"
    image.Rows, image.Columns, image.TotalPixelMatrixRows, image.TotalPixelMatrixColumns = 2, 3, 5, 7
    origin, measures, group = Dataset(), Dataset(), Dataset()
    origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem = 10.0, 20.0
    image.TotalPixelMatrixOriginSequence, image.ImageOrientationSlide = [origin], [0, -1, 0, -1, 0, 0]
    measures.PixelSpacing, measures.SliceThickness, measures.SpacingBetweenSlices = [0.5, 0.25], 1, 3.0
    group.PixelMeasuresSequence, image.SharedFunctionalGroupsSequence = [measures], [group]
    image.NumberOfOpticalPaths, image.TotalPixelMatrixFocalPlanes = channels, focal_planes
    image.NumberOfFrames, image.OpticalPathSequence = 9 * channels * focal_planes, [Dataset()] * channels
    image.FrameOfReferenceUID = "1.2"
    return image


def test_positions_of_frames_and_images():
    sparse = tiled_image(1, 1)
    sparse.DimensionOrganizationType = "TILED_SPARSE"
    groups = []
    for each in utils.compute_plane_position_slide_per_frame(tiled_image(1, 1)):
        groups.append(Dataset())
        groups[-1].PlanePositionSlideSequence = Sequence([Dataset(each[0])])
    sparse.PerFrameFunctionalGroupsSequence = groups
    enhanced = pydicom.dcmread(get_testdata_file("eCT_Supplemental.dcm"))
    for image in (tiled_image(1, 1), tiled_image(2, 2), sparse, enhanced):
        ours, theirs = (lib.utils.get_plane_positions_of_image(image) for lib in (OURS, highdicom))
        if image.get("DimensionOrganizationType") == "TILED_FULL":  # of which highdicom computes z, in mm
            theirs = [as_the_standard_has_it(each) for each in theirs]
        assert [as_json(each) for each in ours] == [as_json(each) for each in theirs]
        assert {type(each) for each in ours} == {plane.PlanePositionSequence}
    ours, theirs = (lib.utils.get_plane_positions_of_series([CT, CT]) for lib in (OURS, highdicom))
    assert [as_json(each) for each in ours] == [as_json(each) for each in theirs]
