from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import DataElement, Dataset, dcmwrite
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from hdgpu.dicom import header as header_module
from hdgpu.dicom.elements import Layout
from hdgpu.dicom.frame_index import index_frames
from hdgpu.dicom.header import Header, header_of_dataset, read_header
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.source import BytesSource, PathSource
from hdgpu.dicom.tags import WANTED_AT_ROOT, Tag
from hdgpu.errors import (
    HdgpuError,
    InvalidAttributeError,
    MissingAttributeError,
    NoPixelDataError,
    NotDicomError,
    TruncatedFileError,
)
from tests.make_series import make_dataset, make_series, nested_sequences
from tests.real_files import every_file

TEXT_VRS = {"CS", "DS", "IS", "UI", "LO", "SH"}


def as_bytes(dataset: Dataset, **options: object) -> bytes:
    file = BytesIO()
    dcmwrite(file, dataset, force_encoding=bool(options), **options)
    return file.getvalue()


def comparable(header: Header, tag: int, vr: str) -> object:
    if vr in ("US", "SS"):
        width, code = len(header.values[tag]) // 2, "H" if vr == "US" else "h"
        numbers = struct.unpack(f"{header.encoding.order}{width}{code}", header.values[tag])
        return list(numbers) if width > 1 else numbers[0] if numbers else None
    if vr == "SQ":
        return len(list(header.items(tag)))
    if vr == "OW":
        return header.values[tag]
    return [part.strip() for part in header.values[tag].rstrip(b"\0 ").decode("latin-1").split("\\")]


def expected(dataset: Dataset, tag: int) -> object:
    element = dataset[tag]
    if element.VR in ("US", "SS"):
        return list(element.value) if element.VM > 1 else element.value
    if element.VR == "OW":
        return element.value
    if element.VR == "SQ":
        return len(element.value)
    values = [] if element.is_empty else element.value if element.VM > 1 else [element.value]
    return [str(value).strip() for value in values] or [""]


@pytest.mark.parametrize("path", every_file(), ids=lambda path: path.name)
def test_scanner_equals_pydicom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wanted attribute of every file, wherever the scanner does not hand over to pydicom."""
    handed_over = []
    read_with_pydicom = header_module._read_with_pydicom
    monkeypatch.setattr(
        header_module, "_read_with_pydicom", lambda *given: handed_over.append(1) or read_with_pydicom(*given)
    )
    try:
        header = read_header(PathSource(path))
    except TruncatedFileError:
        return
    except HdgpuError:
        assert handed_over
        return
    if handed_over:
        pytest.skip("the scanner declined this file, pydicom read it")
    if path.name == "emri_small_jpeg_2k_lossless_too_short.dcm":  # of which pydicom reads nothing at all
        assert index_frames(Instance(header)).count == 10  # all it lacks is the delimiter at the end
        return
    if path.name == "DICOMDIR-nooffset":  # its last item claims more bytes than the sequence has
        with pytest.raises(InvalidAttributeError, match="an item runs past the end"):
            list(header.items(Tag.DIRECTORY_RECORD_SEQUENCE))
        return
    dataset = pydicom.dcmread(path)
    assert header.transfer_syntax_uid == dataset.file_meta.TransferSyntaxUID
    for tag in WANTED_AT_ROOT:
        if tag >> 16 == 2 or tag in (Tag.SERIES_DESCRIPTION, Tag.SPECIFIC_CHARACTER_SET):
            continue
        assert (tag in header) == (tag in dataset), Tag(tag)
        if tag in dataset and dataset[tag].VR in TEXT_VRS | {"US", "SQ"}:
            assert comparable(header, tag, dataset[tag].VR) == expected(dataset, tag), Tag(tag)
    assert header.long_text(Tag.SERIES_DESCRIPTION) == str(dataset.get("SeriesDescription", "") or "")
    if "PixelData" in dataset and header.pixel_data.length is not None:
        element = header.pixel_data
        available = min(element.length, header.source.size - element.offset)
        assert bytes(header.source.read_at(element.offset, available)) == dataset.PixelData


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2.1", ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_native_syntaxes_without_pydicom(syntax: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (dataset, *_), voxels = make_series(1)
    dataset.file_meta.TransferSyntaxUID = syntax
    raw = as_bytes(dataset, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian)
    monkeypatch.setattr(header_module, "_read_with_pydicom", None)
    header = read_header(BytesSource(raw))
    assert header.unsigned_short(Tag.ROWS) == 5
    assert header.decimals(Tag.PIXEL_SPACING, 2) == (0.5, 0.75)
    data = header.source.read_at(header.pixel_data.offset, header.pixel_data.length)
    assert bytes(data) == voxels[0].tobytes()


def test_nested_sequences_of_undefined_length_are_hopped_over(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_dataset(make_series(1)[1][0], ReferencedImageSequence=nested_sequences())
    dataset["ReferencedImageSequence"].is_undefined_length = True
    monkeypatch.setattr(header_module, "_read_with_pydicom", None)
    for syntax in ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2"):
        dataset.file_meta.TransferSyntaxUID = syntax
        header = read_header(BytesSource(as_bytes(dataset, implicit_vr=syntax.endswith(".2"), little_endian=True)))
        assert header.decimals(Tag.IMAGE_POSITION_PATIENT, 3) == (0, 0, 0)
        assert header.pixel_data is not None


def test_header_longer_than_the_first_read(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_dataset(make_series(1)[1][0])
    dataset.add_new(0x00291010, "OB", b"x" * 300_000)
    monkeypatch.setattr(header_module, "_read_with_pydicom", None)
    assert read_header(BytesSource(as_bytes(dataset))).pixel_data.length == 40


def test_data_set_without_preamble() -> None:
    dataset = make_dataset(make_series(1)[1][0])
    raw = as_bytes(dataset)[132:]
    assert read_header(BytesSource(raw)).unsigned_short(Tag.COLUMNS) == 4


def test_layout_of_another_file_changes_nothing() -> None:
    """Whatever file the layout is of: all sample files one after the other, each twice, there and back."""
    paths = [path for path in every_file() if path.suffix == ".dcm" or "dicomdirtests" in path.parts]
    layout = Layout()
    followed = 0
    for path in [path for path in [*paths, *reversed(paths)] for _ in range(2)]:
        raw = path.read_bytes()
        try:
            alone = read_header(BytesSource(raw))
        except HdgpuError as error:
            with pytest.raises(type(error)):
                read_header(PathSource(path), layout)
            continue
        followed += bool(layout.entries)
        along = read_header(PathSource(path), layout)
        assert along.values == alone.values
        assert along.pixel_data == alone.pixel_data
        assert along._sequences == alone._sequences
    assert followed > len(paths)


def test_layout_is_as_strict_as_parsing() -> None:
    """Each byte of a header changed in turn, after a like file left its layout."""
    whole = as_bytes(make_dataset(make_series(1)[1][0]))
    for place in range(132, len(whole) - 40, 3):
        raw = bytearray(whole)
        raw[place] ^= 0x21
        layout, outcomes = Layout(), []
        header_module._scan(BytesSource(whole), whole, layout)
        for known in (None, layout):
            try:
                outcomes.append(header_module._scan(BytesSource(raw), bytes(raw), known).values)
            except Exception as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("pixels", [True, False])
def test_layout_does_not_hide_that_a_file_is_cut_short(pixels: bool) -> None:
    dataset = make_dataset(make_series(1)[1][0])
    if not pixels:
        del dataset.PixelData
    whole = as_bytes(dataset)
    for length in range(400, len(whole) - 40 * pixels):
        layout, outcomes = Layout(), []
        header_module._scan(BytesSource(whole), whole, layout)
        assert layout.entries
        cut = whole[:length]
        for known in (None, layout):
            try:
                outcomes.append(header_module._scan(BytesSource(cut), cut, known).values)
            except Exception as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]


def test_dataset_equals_file() -> None:
    dataset = make_dataset(make_series(1)[1][0], SeriesDescription="Schädel", SpecificCharacterSet="ISO_IR 100")
    from_file, from_memory = read_header(BytesSource(as_bytes(dataset))), header_of_dataset(dataset)
    assert from_memory.decimals(Tag.IMAGE_POSITION_PATIENT, 3) == from_file.decimals(Tag.IMAGE_POSITION_PATIENT, 3)
    assert from_memory.long_text(Tag.SERIES_DESCRIPTION) == from_file.long_text(Tag.SERIES_DESCRIPTION) == "Schädel"


def test_numbers_as_the_standard_writes_them() -> None:
    """Not as Python does; but for an integer with a fraction of nil, which some write."""
    header = read_header(BytesSource(as_bytes(make_dataset(make_series(1)[1][0]))))
    header.values.update({Tag.RESCALE_SLOPE: b"2_0", Tag.SERIES_NUMBER: b"2_0", Tag.NUMBER_OF_FRAMES: b"12.0 "})
    assert header.integer(Tag.NUMBER_OF_FRAMES) == 12
    with pytest.raises(InvalidAttributeError, match="Rescale Slope"):
        header.decimals(Tag.RESCALE_SLOPE, 1)
    with pytest.raises(InvalidAttributeError, match="Series Number"):
        header.integer(Tag.SERIES_NUMBER)


def test_words_of_a_big_endian_data_set() -> None:
    """pydicom leaves them in the order of the file, within items as well."""
    table = np.arange(256, dtype=np.uint16) * 3
    lut = Dataset()
    lut.LUTDescriptor, lut.ModalityLUTType = [256, 0, 16], "US"
    lut.add_new("LUTData", "OW", table.astype(">u2").tobytes())
    dataset = make_dataset(np.arange(16, dtype="u1").reshape(4, 4), transfer_syntax=ExplicitVRBigEndian)
    dataset.ModalityLUTSequence = [lut]
    before = bytes(lut.LUTData)
    (item,) = header_of_dataset(dataset).datasets(Tag.MODALITY_LUT_SEQUENCE)
    assert np.frombuffer(item[0x00283006].value, "<u2").tolist() == table.tolist()
    assert dataset.ModalityLUTSequence[0].LUTData == before


def test_a_sequence_of_unknown_representation_within_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its items are in implicit VR (PS3.5 6.2.2)."""
    rescale = Dataset()
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 3, -7, "US"
    file = DicomBytesIO()
    file.is_implicit_VR, file.is_little_endian = True, True
    write_sequence(file, DataElement(0x00289145, "SQ", [rescale]), ["utf8"])
    groups = Dataset()
    monkeypatch.setattr(pydicom.config, "replace_un_with_known_vr", False)
    groups.add(DataElement(0x00289145, "UN", file.getvalue()))
    raw = as_bytes(make_dataset(np.zeros((4, 4), "u2"), SharedFunctionalGroupsSequence=[groups]))
    monkeypatch.undo()
    (group,) = read_header(BytesSource(raw)).items(Tag.SHARED_FUNCTIONAL_GROUPS_SEQUENCE)
    (found,) = group.items(Tag.PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
    assert found.decimals(Tag.RESCALE_SLOPE, 1) == (3.0,)


@pytest.mark.parametrize("content", [b"", b"a text file named .dcm\n" * 20, b"\x89PNG\r\n" + bytes(300)])
def test_not_dicom(content: bytes) -> None:
    with pytest.raises(NotDicomError, match="not a DICOM file"):
        read_header(BytesSource(content, "a.dcm"))


@pytest.mark.parametrize("length", [133, 150, 400, -41, -20])
def test_truncated_header_never_passes_for_a_whole_one(length: int) -> None:
    raw = as_bytes(make_dataset(make_series(1)[1][0]))[:length]
    try:
        header = read_header(BytesSource(raw, "cut.dcm"))
    except (TruncatedFileError, InvalidAttributeError, MissingAttributeError, NotDicomError):
        pass
    else:
        with pytest.raises((TruncatedFileError, NoPixelDataError)):
            Instance(header).pixel_data  # noqa: B018


def test_unreadable_values_name_file_and_tag() -> None:
    header = read_header(BytesSource(as_bytes(make_dataset(make_series(1)[1][0])), "odd.dcm"))
    header.values[Tag.ROWS] = b"\1"
    header.values[Tag.PIXEL_SPACING] = b"0.5\\wide"
    header.values[Tag.IMAGE_POSITION_PATIENT] = b"1\\2\\inf"
    header.values[Tag.INSTANCE_NUMBER] = b"1A"
    with pytest.raises(InvalidAttributeError, match=r"odd.dcm, \(0028,0010\) 'Rows'"):
        header.unsigned_short(Tag.ROWS)
    with pytest.raises(InvalidAttributeError, match=r"decimal numbers, found '0\.5"):
        header.decimals(Tag.PIXEL_SPACING, 2)
    with pytest.raises(InvalidAttributeError, match="3 finite numbers"):
        header.decimals(Tag.IMAGE_POSITION_PATIENT, 3)
    with pytest.raises(InvalidAttributeError, match="an integer, found '1A'"):
        header.integer(Tag.INSTANCE_NUMBER)
    del header.values[Tag.SERIES_NUMBER]
    with pytest.raises(MissingAttributeError, match="Series Number"):
        header.integer(Tag.SERIES_NUMBER)


def test_deeply_nested_sequences_end_in_an_error() -> None:
    start = as_bytes(make_dataset(make_series(1)[1][0]))
    at = start.index(struct.pack("<HH2sH", 0x0028, 0x0002, b"US", 2))
    bomb = struct.pack("<HH2sHI", 0x0020, 0x9222, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    with pytest.raises(HdgpuError):
        read_header(BytesSource(start[:at] + bomb * 5000, "bomb.dcm"))
