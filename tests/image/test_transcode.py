"""Transcoding: samples come back, data sets say what they hold, and what cannot be right is not written."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.pixels import get_decoder

import hdgpu as hd
from hdgpu.codecs.encode import table
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.syntaxes import LOSSLESS_SYNTAXES, LOSSY_SYNTAXES, SYNTAXES
from hdgpu.errors import (
    EmptySeriesError,
    FrameEncodeError,
    HdgpuError,
    InvalidAttributeError,
    MissingAttributeError,
    SourceError,
    UnsupportedPixelError,
    UnsupportedTransferSyntaxError,
)
from hdgpu.image import transcode_attributes, transcode_file
from hdgpu.image.transcode import transcode
from hdgpu.io import ImageFileReader
from tests.sample_files import OVERLONG, SAMPLE_FILES, UNDECODABLE, SampleFile

FILES = [
    file
    for file in SAMPLE_FILES
    if file.package != "wsidicom-data" and file.name not in {**UNDECODABLE, **OVERLONG} and file.frames < 30
]
# What the encoders do not take, and why the file has to be refused and not merely may be.
NO_SOP_CLASS = "a file cannot be written without it"


def stored(path: Path) -> list[np.ndarray]:
    with ImageFileReader(path) as reader:
        return [reader.read_frame(index, correct_color=False) for index in range(reader.number_of_frames)]


def assert_same(first: Path, second: Path) -> None:
    for one, other in zip(stored(first), stored(second), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def sample(name: str) -> Path:
    return Path(get_testdata_file(name, download=False))


def only(report):
    (one,) = report.files
    return one


def refused(file: SampleFile, name: str) -> bool:
    """Whether the encoders of the table do not take such a file."""
    encoder = table.encoder_for(SYNTAXES[name])
    if name in ("native", "native-implicit", "deflated"):
        return False
    is_ybr_full = file.photometric.startswith("YBR_FULL") and "1.2.4" not in file.transfer_syntax
    photometric = file.photometric if file.samples == 1 else next(iter(encoder.photometric_of(3)))
    return (
        file.bits_allocated not in encoder.bits_allocated
        or (file.bits_allocated == 1 and name in ("rle", "jpeg-lossless", "jpeg-ls-lossless"))
        or (is_ybr_full and (file.photometric != "YBR_FULL" or "YBR_FULL" not in encoder.photometric))
        or photometric not in encoder.photometric
        or (bool(file.signed) and file.photometric not in encoder.signed)
        or (min(file.rows, file.columns) < 32 and name == "jpeg2000-lossless")
        or (file.rows == 3 and name == "jpeg-ls-lossless")
    )


@pytest.mark.parametrize("name", LOSSLESS_SYNTAXES)
@pytest.mark.parametrize("package", ["pydicom", "pydicom-data"])
def test_every_sample_file_there_and_back(package: str, name: str, tmp_path: Path) -> None:
    """To each lossless transfer syntax and back to native: all samples are those of the source, or there is no file."""
    written = 0
    most = 400_000 if name == "jpeg-xl-lossless" else 1 << 21  # which takes its time
    for number, file in enumerate(file for file in FILES if file.package == package):
        if file.rows * file.columns > most:
            continue
        source, there, back = file.path(), tmp_path / f"{number}.dcm", tmp_path / f"{number}-back.dcm"
        outcome = only(transcode(source, there, name, workers=2))
        error = outcome.error
        if outcome.action == "failed":
            assert not there.exists()
            assert NO_SOP_CLASS in str(error) or refused(file, name), f"{file.name}: {error}"
            continue
        assert_same(source, there)
        assert outcome.action == "copied" or not refused(file, name), file.name
        if outcome.action == "copied":
            assert there.read_bytes() == source.read_bytes()
            continue
        written += 1
        assert outcome.frames == file.frames
        assert (outcome.bytes_before, outcome.bytes_after) == (source.stat().st_size, there.stat().st_size)
        first, second = dcmread(source, force=True), dcmread(there)
        assert second.file_meta.TransferSyntaxUID == SYNTAXES[name]
        assert second.SOPInstanceUID == first.SOPInstanceUID == second.file_meta.MediaStorageSOPInstanceUID
        transcode(there, back, "native")
        assert_same(source, back)
    assert written > 10


def descriptions(dataset: Dataset) -> dict[str, str]:
    """All values but those that a transfer syntax changes."""
    changed = {"PixelData", "PhotometricInterpretation", "PlanarConfiguration", "HighBit", "LossyImageCompression"}
    changed |= {"LossyImageCompressionMethod", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"}
    return {
        f"{element.tag} {number}": repr(element.value)
        for number, element in enumerate(dataset.iterall())
        if element.keyword not in changed and element.VR != "SQ" and element.tag.element != 0
    }


@pytest.mark.parametrize(
    "pair",
    [
        ("MR_small.dcm", "MR_small_expb.dcm"),
        ("OBXXXX1A.dcm", "OBXXXX1A_expb.dcm"),
        ("emri_small.dcm", "emri_small_big_endian.dcm"),
        ("liver_1frame.dcm", "liver_expb_1frame.dcm"),
        ("rtdose_1frame.dcm", "rtdose_expb_1frame.dcm"),
    ],
)
@pytest.mark.parametrize("name", ["native", "native-implicit", "htj2k-lossless"])
def test_big_endian_words_are_swapped(pair: tuple[str, str], name: str, tmp_path: Path) -> None:
    """The same image, once little and once big endian, gives the same data set: tables of words, too."""
    little, big = (file.path() for file in FILES for one in pair if file.name == one)
    if big.name != pair[1]:
        little, big = big, little
    if "rtdose" in pair[0] and name == "htj2k-lossless":
        pytest.skip("32 bits")
    outcome = only(transcode(big, tmp_path / "a.dcm", name))
    assert outcome.error is None
    assert_same(little, tmp_path / "a.dcm")
    expected, found = dcmread(little), dcmread(tmp_path / "a.dcm")
    for keyword in ("RedPaletteColorLookupTableData", "BluePaletteColorLookupTableData", "WindowCenter", "Rows"):
        assert found.get(keyword) == expected.get(keyword)
    if name == "native" and "rtdose" not in pair[0]:
        assert found.PixelData == expected.PixelData


@pytest.mark.parametrize(
    "name", ["rle", "jpeg-ls-lossless", "jpeg2000-lossless", "htj2k-lossless", "native", "deflated"]
)
def test_pydicom_opens_it(name: str, tmp_path: Path) -> None:
    """Grey frames and colour, with an offset table that pydicom goes by; HTJ2K is decoded by it, too."""
    for file in ("emri_small.dcm", "SC_rgb_2frame.dcm", "US1_UNCR.dcm"):
        source = next(one for one in FILES if one.name == file).path()
        transcode(source, tmp_path / file, name)
        expected, found = dcmread(source), dcmread(tmp_path / file)
        uid = found.file_meta.TransferSyntaxUID
        array = get_decoder(uid).as_array(found)[0]
        np.testing.assert_array_equal(array, get_decoder(expected.file_meta.TransferSyntaxUID).as_array(expected)[0])
        assert descriptions(found) == descriptions(expected)


def test_highdicom_reads_it(tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    source = next(one for one in FILES if one.name == "eCT_Supplemental.dcm").path()
    transcode(source, tmp_path / "a.dcm", "jpeg2000-lossless")
    expected = highdicom.imread(source).get_stored_frames()
    np.testing.assert_array_equal(highdicom.imread(tmp_path / "a.dcm").get_stored_frames(), expected)


def test_photometric_interpretation_and_planar_configuration(tmp_path: Path) -> None:
    source = next(one for one in FILES if one.name == "color-pl.dcm").path()
    assert dcmread(source).PlanarConfiguration == 1
    for name, photometric in (("htj2k-lossless", "YBR_RCT"), ("rle", "RGB"), ("jpeg2000-lossless", "YBR_RCT")):
        transcode(source, tmp_path / name, name)
        found = dcmread(tmp_path / name)
        assert (found.PhotometricInterpretation, found.PlanarConfiguration) == (photometric, 0)
        transcode(tmp_path / name, tmp_path / f"{name}-back", "native")
        assert dcmread(tmp_path / f"{name}-back").PhotometricInterpretation == "RGB"


def test_ycbcr_that_nothing_was_lost_of_stays(tmp_path: Path) -> None:
    """The way to RGB and back rounds: it is gone only where the pixels were lossy before."""
    source = next(one for one in FILES if one.name == "SC_ybr_full_uncompressed.dcm").path()
    transcode(source, tmp_path / "a.dcm", "rle")
    transcode(tmp_path / "a.dcm", tmp_path / "b.dcm", "native")
    found = dcmread(tmp_path / "b.dcm")
    assert (found.PhotometricInterpretation, found.PixelData) == ("YBR_FULL", dcmread(source).PixelData)
    assert isinstance(only(transcode(source, tmp_path / "c.dcm", "htj2k-lossless")).error, UnsupportedPixelError)


def test_lossy_pixels_are_said_to_be_lossy_ever_after(tmp_path: Path) -> None:
    source = sample("SC_rgb_jpeg_dcmtk.dcm")
    changed = dcmread(source)
    for keyword in ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        changed.pop(keyword, None)
    changed.save_as(tmp_path / "source.dcm")
    transcode(tmp_path / "source.dcm", tmp_path / "a.dcm", "htj2k-lossless")
    found = dcmread(tmp_path / "a.dcm")
    assert (found.LossyImageCompression, found.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert found.SOPInstanceUID == changed.SOPInstanceUID


def test_offset_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = next(one for one in FILES if one.name == "emri_small.dcm").path()
    transcode(source, tmp_path / "basic.dcm", "htj2k-lossless")
    monkeypatch.setattr(transcode_attributes, "LARGEST_OFFSET", 10_000)
    transcode(source, tmp_path / "extended.dcm", "htj2k-lossless")
    basic, extended = dcmread(tmp_path / "basic.dcm"), dcmread(tmp_path / "extended.dcm")
    assert "ExtendedOffsetTable" not in basic
    assert len(pydicom.encaps.parse_basic_offsets(basic.PixelData)) == 10
    assert pydicom.encaps.parse_basic_offsets(extended.PixelData) == []
    assert len(extended.ExtendedOffsetTable) == len(extended.ExtendedOffsetTableLengths) == 80
    frames = pydicom.encaps.generate_frames(
        extended.PixelData, extended_offsets=(extended.ExtendedOffsetTable, extended.ExtendedOffsetTableLengths)
    )
    assert list(frames) == list(pydicom.encaps.generate_frames(basic.PixelData, number_of_frames=10))
    assert_same(tmp_path / "basic.dcm", tmp_path / "extended.dcm")
    monkeypatch.undo()
    transcode(tmp_path / "extended.dcm", tmp_path / "again.dcm", "rle")
    assert "ExtendedOffsetTable" not in dcmread(tmp_path / "again.dcm")


def test_native_pixel_data_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcode_attributes, "LARGEST_NATIVE", 1000)
    assert "4 GiB" in str(only(transcode(sample("MR_small_RLE.dcm"), tmp_path / "a.dcm", "native")).error)


# --- Lossy ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOSSY_SYNTAXES)
def test_lossy_is_another_instance(name: str, tmp_path: Path) -> None:
    file = {"jpeg-baseline": "US1_UNCR.dcm", "jpeg-extended": "MR2_UNCR.dcm"}.get(name, "RG3_UNCR.dcm")
    source = next(one for one in FILES if one.name == file).path()
    with pytest.raises(InvalidAttributeError, match="lossy=True"):
        transcode(source, tmp_path / "a.dcm", name)
    loss = {"jpeg-ls": Loss(max_error=2), "jpeg2000": Loss(psnr=60), "htj2k": Loss(psnr=60)}.get(name)
    assert only(transcode(source, tmp_path / "a.dcm", name, lossy=True, loss=loss)).error is None
    before, after = dcmread(source), dcmread(tmp_path / "a.dcm")
    assert after.SOPInstanceUID == after.file_meta.MediaStorageSOPInstanceUID != before.SOPInstanceUID
    assert after.ImageType[0] == "DERIVED"
    assert after.ImageType[1:] == before.ImageType[1:]
    reference = after.SourceImageSequence[-1]
    assert (reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID) == (
        before.SOPClassUID,
        before.SOPInstanceUID,
    )
    assert reference.PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
    assert after.LossyImageCompression == "01"
    assert after.LossyImageCompressionMethod == hd.frame.get_lossy_compression_attributes(SYNTAXES[name])[1]
    ratio = len(before.PixelData) / len(b"".join(pydicom.encaps.generate_frames(after.PixelData, number_of_frames=1)))
    assert float(after.LossyImageCompressionRatio) == pytest.approx(ratio, rel=1e-3)
    difference = stored(tmp_path / "a.dcm")[0].astype(int) - stored(source)[0]
    assert 0 < np.abs(difference).mean() < (1 << before.BitsStored) / 100


def test_what_was_lost_before_stays_on_record(tmp_path: Path) -> None:
    source = next(one for one in FILES if one.name == "RG3_UNCR.dcm").path()
    transcode(source, tmp_path / "a.dcm", "jpeg2000", lossy=True, loss=Loss(psnr=70))
    transcode(tmp_path / "a.dcm", tmp_path / "b.dcm", "htj2k", lossy=True, loss=Loss(psnr=70))
    found = dcmread(tmp_path / "b.dcm")
    assert list(found.LossyImageCompressionMethod) == ["ISO_15444_1", "ISO_15444_15"]
    assert len(found.LossyImageCompressionRatio) == len(found.SourceImageSequence) == 2


def test_an_index_is_not_made_lossy(tmp_path: Path) -> None:
    outcome = only(transcode(sample("examples_palette.dcm"), tmp_path / "a.dcm", "jpeg-baseline", lossy=True))
    assert "index" in str(outcome.error)


# --- What is refused, and what is left as it is -----------------------------------------------------------------------


def test_floating_samples(tmp_path: Path) -> None:
    dataset = dcmread(sample("MR_small.dcm"))
    del dataset.PixelData, dataset.PixelRepresentation
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = np.arange(4096, dtype="<f4").tobytes()
    dataset.save_as(tmp_path / "float.dcm")
    assert only(transcode(tmp_path / "float.dcm", tmp_path / "a.dcm", "native-implicit")).error is None
    assert_same(tmp_path / "float.dcm", tmp_path / "a.dcm")
    assert "floating" in str(only(transcode(tmp_path / "float.dcm", tmp_path / "b.dcm", "htj2k-lossless")).error)


def test_overlay_within_the_samples_is_not_lost(tmp_path: Path) -> None:
    dataset = dcmread(sample("examples_overlay.dcm"))
    del dataset[0x60003000]
    dataset[0x60000100].value, dataset[0x60000102].value = 16, 12
    dataset.save_as(tmp_path / "source.dcm")
    outcome = only(transcode(tmp_path / "source.dcm", tmp_path / "a.dcm", "htj2k-lossless"))
    assert "overlay" in str(outcome.error)
    assert only(transcode(tmp_path / "source.dcm", tmp_path / "a.dcm", "deflated")).error is None


def test_compressed_icon(tmp_path: Path) -> None:
    dataset = dcmread(sample("MR_small_RLE.dcm"))
    icon = Dataset()
    icon.PixelData = dataset.PixelData
    icon["PixelData"].VR, icon["PixelData"].is_undefined_length = "OB", True
    dataset.IconImageSequence = [icon]
    dataset.save_as(tmp_path / "source.dcm")
    assert "icon" in str(only(transcode(tmp_path / "source.dcm", tmp_path / "a.dcm", "native")).error)


def test_without_sop_class(tmp_path: Path) -> None:
    dataset = dcmread(sample("MR_small.dcm"))
    del dataset.SOPClassUID
    dataset.save_as(tmp_path / "source.dcm")
    assert isinstance(only(transcode(tmp_path / "source.dcm", tmp_path / "a.dcm", "rle")).error, MissingAttributeError)


def test_folder_keeps_its_structure(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out" / "deep"
    (source / "a" / "b").mkdir(parents=True)
    shutil.copy(sample("CT_small.dcm"), source / "a" / "ct.dcm")
    shutil.copy(sample("MR_small_RLE.dcm"), source / "a" / "b" / "mr")
    shutil.copy(sample("rtplan.dcm"), source / "plan.dcm")
    (source / "a" / "notes.txt").write_text("no DICOM")
    damaged = source / "damaged.dcm"
    damaged.write_bytes(sample("CT_small.dcm").read_bytes()[:-1001])
    calls: list[tuple[int, int]] = []

    report = transcode(source, target, "rle", progress=lambda *call: calls.append(call))

    actions = {one.source.relative_to(source).as_posix(): one.action for one in report.files}
    assert actions == {"a/b/mr": "copied", "a/ct.dcm": "transcoded", "damaged.dcm": "failed", "plan.dcm": "copied"}
    assert report.ignored == [str(source / "a" / "notes.txt")]
    assert str(damaged) in str(report.failed[0].error)
    written = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert written == {"a/b/mr", "a/ct.dcm", "plan.dcm"}
    assert (target / "plan.dcm").read_bytes() == sample("rtplan.dcm").read_bytes()
    assert calls[-1] == (4, 4)

    (target / "a" / "ct.dcm").write_text("precious")
    assert {one.action for one in transcode(source, target, "rle").files} == {"kept", "failed"}
    assert (target / "a" / "ct.dcm").read_text() == "precious"
    assert len(transcode(source, target, "rle", overwrite=True).of("transcoded")) == 1
    assert_same(source / "a" / "ct.dcm", target / "a" / "ct.dcm")


def test_folder_into_itself(tmp_path: Path) -> None:
    shutil.copy(sample("CT_small.dcm"), tmp_path / "ct.dcm")
    for _ in range(2):
        transcode(tmp_path, tmp_path / "out", "rle", overwrite=True)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.dcm")) == ["ct.dcm", "out/ct.dcm"]
    transcode(tmp_path, tmp_path, "rle", overwrite=True)  # in place
    assert dcmread(tmp_path / "ct.dcm").file_meta.TransferSyntaxUID == SYNTAXES["rle"]
    assert_same(sample("CT_small.dcm"), tmp_path / "ct.dcm")


def test_one_file(tmp_path: Path) -> None:
    transcode(sample("CT_small.dcm"), tmp_path, "rle")  # into a folder that is there
    assert_same(sample("CT_small.dcm"), tmp_path / "CT_small.dcm")
    with pytest.raises(SourceError, match="exists already"):
        transcode(sample("CT_small.dcm"), tmp_path, "rle")
    with pytest.raises(EmptySeriesError):
        transcode(tmp_path, tmp_path / "out", "rle") if (tmp_path / "CT_small.dcm").unlink() is None else None


def test_unknown_syntax(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedTransferSyntaxError, match="htj2k-rpcl-lossless"):
        transcode(sample("CT_small.dcm"), tmp_path, "1.2.840.10008.1.2.2")


def test_every_name_has_an_encoder_and_every_encoder_a_name() -> None:
    assert SYNTAXES.keys() == table._ENCODERS.keys()
    for name, uid in SYNTAXES.items():
        assert (hd.frame.get_lossy_compression_attributes(uid)[0] == "01") == (name in LOSSY_SYNTAXES)


# --- Nothing half, nothing wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("value")])
def test_interrupted_write_leaves_nothing(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(path, *arguments, **options):
        Path(path).write_bytes(b"half a file")
        raise error

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.dcm").write_text("precious")
    monkeypatch.setattr(pydicom, "dcmwrite", half)
    if isinstance(error, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            transcode(sample("CT_small.dcm"), tmp_path / "out" / "a.dcm", "rle", overwrite=True)
    else:
        outcome = only(transcode(sample("CT_small.dcm"), tmp_path / "out" / "a.dcm", "rle", overwrite=True))
        assert isinstance(outcome.error, (OSError, HdgpuError))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.dcm"]
    assert (tmp_path / "out" / "a.dcm").read_text() == "precious"


@pytest.mark.parametrize("name", ["htj2k-lossless", "native", "rle", "jpeg-ls-lossless"])
def test_encoder_that_writes_other_samples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = transcode_file.encode

    def other(samples, *arguments, **options):
        samples = samples.copy()
        samples[0, 0] ^= 1
        return encode(samples, *arguments, **options)

    monkeypatch.setattr(transcode_file, "encode", other)
    source = next(one for one in FILES if one.name == "emri_small_RLE.dcm").path()
    if name == "rle":
        source = sample("examples_rgb_color.dcm")
    outcome = only(transcode(source, tmp_path / "a.dcm", name))
    assert isinstance(outcome.error, FrameEncodeError)
    assert outcome.error.frame
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["PhotometricInterpretation", "PixelData", "TransferSyntaxUID"])
def test_file_that_reads_differently(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = pydicom.dcmwrite

    def wrong(path, dataset, **options):
        if damage == "PhotometricInterpretation":
            dataset.PhotometricInterpretation = "MONOCHROME1"
        elif damage == "PixelData":
            dataset.PixelData = dataset.PixelData.replace(b"\x01", b"\x02")
        else:
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEGLSLossless
        write(path, dataset, **options)

    monkeypatch.setattr(pydicom, "dcmwrite", wrong)
    outcome = only(transcode(sample("CT_small.dcm"), tmp_path / "a.dcm", "htj2k-lossless"))
    assert isinstance(outcome.error, HdgpuError)
    assert list(tmp_path.iterdir()) == []


def test_frames_of_a_device_are_compared_and_replaced(tmp_path: Path) -> None:
    """One is right, one wrong, one damaged, and the others were not encoded at all."""
    from concurrent.futures import ThreadPoolExecutor

    from hdgpu.dicom.discover import discover

    source = next(one for one in FILES if one.name == "emri_small.dcm").path()
    uid = SYNTAXES["htj2k-lossless"]
    threads: set[int] = set()

    def on_device(frames, pixel):
        threads.add(threading.get_ident())
        good = [transcode_file.encode(frame, pixel, uid, Loss()) for frame in frames[:2]]
        return [good[0], good[0], good[1][:-40], *[None] * (len(frames) - 3)]

    with ThreadPoolExecutor(2) as pool:
        (instance,) = discover(source).instances
        target = tmp_path / "a.dcm"
        transcode_file.transcode_file(instance, target, uid, pool, loss=Loss(), overwrite=False, on_device=on_device)
    assert len(threads) == 1
    assert_same(source, target)
