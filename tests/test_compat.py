"""Code written for highdicom, run with hdgpu in its place: the same file, and clear words on what is not covered."""

import re
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from pydicom.dataelem import DataElement

import hdgpu
from hdgpu import compat
from hdgpu.errors import NotCoveredError
from tests.make_series import make_series, write_series

# What a user of highdicom's core may have: nothing but its documented names.
SCRIPT = """
import sys
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from pydicom.sr.codedict import codes

folder, target = map(Path, sys.argv[1:])
images = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
volume = hd.get_volume_from_series(images, dtype=np.int16)
volume = volume[1:-1, 2:, :-1].to_patient_orientation("RAF").pad_to_spatial_shape((8, 8, 8))
first = images[0]

instance = hd.SOPClass(
    study_instance_uid=first.StudyInstanceUID,
    series_instance_uid=hd.UID(),
    series_number=7,
    sop_instance_uid=hd.UID(),
    sop_class_uid=pydicom.uid.EnhancedCTImageStorage,
    instance_number=1,
    modality="CT",
    manufacturer="Maker",
    manufacturer_model_name="Script",
    software_versions="1.0",
    transfer_syntax_uid=pydicom.uid.ExplicitVRLittleEndian,
    content_qualification=hd.ContentQualificationValues.RESEARCH,
    specific_character_set="ISO_IR 192",
)
instance.copy_patient_and_study_information(first)
instance.FrameOfReferenceUID = volume.frame_of_reference_uid
instance.NumberOfFrames, instance.Rows, instance.Columns = volume.spatial_shape
shared = pydicom.Dataset()
shared.PixelMeasuresSequence = volume.get_pixel_measures()
shared.PlaneOrientationSequence = volume.get_plane_orientation()
instance.SharedFunctionalGroupsSequence = [shared]
frames = []
for position in volume.get_plane_positions():
    frame = pydicom.Dataset()
    frame.PlanePositionSequence = position
    frames.append(frame)
instance.PerFrameFunctionalGroupsSequence = frames
instance.ContributingEquipmentSequence = [hd.ContributingEquipment.for_image_acquisition(first)]
instance.ReferencedImageSequence = hd.ReferencedImageSequence(images)
instance.SpecimenDescriptionSequence = [
    hd.SpecimenDescription(
        "S-1",
        hd.UID(),
        specimen_preparation_steps=[
            hd.SpecimenPreparationStep("S-1", hd.SpecimenStaining([codes.SCT.HematoxylinStain, "eosin"]))
        ],
    )
]
instance.ContentCreatorIdentificationCodeSequence = hd.ContentCreatorIdentificationCodeSequence(
    [hd.sr.CodedConcept("1", "99X", "Radiologist")], "Hospital"
)
instance.SamplesPerPixel, instance.PhotometricInterpretation = 1, "MONOCHROME2"
instance.BitsAllocated = instance.BitsStored = 16
instance.HighBit, instance.PixelRepresentation = 15, 1
instance.PixelData = volume.array.astype("<i2").tobytes()
instance.save_as(target, enforce_file_format=True)

read = pydicom.dcmread(target)
group = read.SharedFunctionalGroupsSequence[0]
assert hd.PixelMeasuresSequence.from_sequence(group.PixelMeasuresSequence) == volume.get_pixel_measures()
assert hd.PlaneOrientationSequence.from_sequence(group.PlaneOrientationSequence) == volume.get_plane_orientation()
assert hd.SpecimenDescription.from_dataset(read.SpecimenDescriptionSequence[0]).specimen_id == "S-1"
positions = hd.utils.get_plane_positions_of_image(read)
assert len(positions) == volume.spatial_shape[0]
"""
MADE_BY = ("ImplementationVersionName", "FileMetaInformationGroupLength")


def run(*command: object) -> str:
    result = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def content(dataset: pydicom.Dataset) -> list[tuple[object, ...]]:
    """Return the elements, those in sequences included, without identifiers, dates and times."""

    def told(element: DataElement) -> object:
        return None if element.VR in ("UI", "DA", "TM", "DT") or element.keyword in MADE_BY else element.value

    return [
        (element.tag, element.VR, element.VM, told(element))
        for each in (dataset.file_meta, dataset)
        for element in each.iterall()
        if element.VR != "SQ"
    ]


def test_a_script_writes_the_same_file(tmp_path: Path) -> None:
    datasets, _ = make_series(
        8, (7, 9), Manufacturer="GE", PatientName="A^B", PatientID="P", StudyDate="20240229", StationName="CT1"
    )
    write_series(datasets, tmp_path / "series")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run(script, tmp_path / "series", tmp_path / "theirs.dcm")
    run("-m", "hdgpu.compat", script, tmp_path / "series", tmp_path / "ours.dcm")
    ours, theirs = (pydicom.dcmread(tmp_path / f"{name}.dcm") for name in ("ours", "theirs"))
    assert ours.file_meta.ImplementationVersionName.startswith("hdgpu")
    assert theirs.file_meta.ImplementationVersionName.startswith("highdicom")
    assert ours.PixelData == theirs.PixelData
    assert content(ours) == content(theirs)
    for identifier in ("SOPClassUID", "StudyInstanceUID", "FrameOfReferenceUID", "StudyDate"):
        assert ours[identifier] == theirs[identifier]


NOT_COVERED = {
    "import highdicom.seg": "seg",
    "from highdicom import seg": "seg",
    "from highdicom import Segmentation": "Segmentation",
    "from highdicom.seg import Segmentation": "seg",
    "from highdicom.sr import MeasurementReport": "sr.MeasurementReport",
    "import highdicom.sr.templates": "sr.templates",
    "import highdicom; highdicom.seg": "seg",
}


def test_what_is_not_covered() -> None:
    # in an interpreter of its own: here highdicom is imported
    code = f"""
import hdgpu.compat
hdgpu.compat.install()
for statement in {list(NOT_COVERED)!r}:
    try:
        exec(statement)
    except (ImportError, AttributeError) as error:
        print(type(error).__name__, error)
"""
    lines = run("-c", code).splitlines()
    for line, named in zip(lines, NOT_COVERED.values(), strict=True):
        assert re.match(rf"NotCovered(Name)?Error hdgpu has no counterpart of highdicom\.{named}\b", line)


def test_what_is_covered() -> None:
    code = """
import hdgpu, hdgpu.compat
hdgpu.compat.install()
hdgpu.compat.install()
import highdicom as hd
import highdicom.sr.value_types
from highdicom.content import PixelMeasuresSequence
from highdicom.enum import CoordinateSystemNames
from highdicom.spatial import are_points_coplanar
from highdicom.sr.coding import CodedConcept
assert hd.Volume is hdgpu.Volume
assert hd.spatial.are_points_coplanar is are_points_coplanar
assert hd.sr.CodedConcept is CodedConcept
assert "Volume" in dir(hd) and "spatial" in dir(hd) and not hasattr(hd, "seg")
hdgpu.compat.uninstall()
import highdicom
assert "hdgpu" not in (highdicom.Volume.__module__, highdicom.seg.Segmentation.__module__)
"""
    run("-c", code)


def test_names_of_the_modules() -> None:
    for name in compat.covered_modules():
        peer = pytest.importorskip(name)
        assert peer.__name__ == name


def test_highdicom_is_imported_already() -> None:
    pytest.importorskip("highdicom")
    with pytest.raises(NotCoveredError, match="already"):
        compat.install()
    compat.uninstall()  # which does no harm
    assert "hdgpu" in sys.modules
    assert hdgpu.__version__


def test_usage() -> None:
    result = subprocess.run([sys.executable, "-m", "hdgpu.compat"], capture_output=True, text=True)
    assert result.returncode == 1
    assert "SCRIPT" in result.stderr
