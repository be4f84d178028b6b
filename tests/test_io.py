"""ImageFileReader: where files come from, how their frames lie, and what is said of files that are not right."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageCms
from pydicom import Dataset, Sequence, dcmread
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.filebase import DicomBytesIO, DicomFileLike

from hdgpu.errors import (
    ClosedReaderError,
    FrameDecodeError,
    FrameIndexError,
    FrameNumberError,
    HdgpuError,
    InvalidAttributeError,
    NoPixelDataError,
    NotDicomError,
    PixelDataSizeError,
    SourceError,
    SourceNotFoundError,
    TruncatedFileError,
    UnsupportedTransformError,
)
from hdgpu.frame import encode_frame
from hdgpu.io import ImageFileReader
from tests.codecs.test_encoded import smooth
from tests.make_series import make_dataset
from tests.sample_files import SAMPLE_FILES, UNDECODABLE

RLE, JPEG_LS = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80"
FRAMES = np.stack([np.roll(smooth("uint16", bits=12), shift) for shift in range(5)])


def file_of(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def multi_frame(**attributes: Any) -> Dataset:
    attributes = {"NumberOfFrames": len(FRAMES), "BitsStored": 12, "HighBit": 11, **attributes}
    dataset = make_dataset(FRAMES[0], **attributes)
    dataset.PixelData = FRAMES.tobytes()
    return dataset


def encapsulated(pixel_data: bytes, **attributes: Any) -> bytes:
    dataset = multi_frame(transfer_syntax=JPEG_LS, **attributes)
    dataset.PixelData = pixel_data
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return file_of(dataset)


def codestreams() -> list[bytes]:
    return [encode_frame(frame, JPEG_LS, 16, 12, "MONOCHROME2") for frame in FRAMES]


def all_frames(file: Any) -> np.ndarray:
    with ImageFileReader(file) as image:
        return np.stack([image.read_frame(index) for index in range(image.number_of_frames)])


# --- Sources and layouts ----------------------------------------------------------------------------------------------


def _url(data: bytes, path: Path) -> str:
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec: pip install hdgpu[remote]")
    fsspec.filesystem("memory").pipe_file("/reader.dcm", data)
    return "memory://reader.dcm"


SOURCES: dict[str, tuple[Callable[[bytes, Path], Any], str]] = {
    "string": (lambda data, path: str(path), "frames.dcm"),
    "path": (lambda data, path: path, "frames.dcm"),
    "bytes": (lambda data, path: data, "<bytes>"),
    "memory": (lambda data, path: io.BytesIO(data), "<BytesIO>"),
    "file": (lambda data, path: path.open("rb"), "frames.dcm"),
    "pydicom's memory": (lambda data, path: DicomBytesIO(data), ""),
    "pydicom's file": (lambda data, path: DicomFileLike(path.open("rb")), ""),
    "url": (_url, "memory://reader.dcm"),
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("syntax", ["native", "encapsulated"])
def test_sources(kind: str, syntax: str, tmp_path: Path) -> None:
    data = file_of(multi_frame()) if syntax == "native" else encapsulated(encapsulate(codestreams()))
    path = tmp_path / "frames.dcm"
    path.write_bytes(data)
    make, name = SOURCES[kind]
    source = make(data, path)
    with ImageFileReader(source) as image:
        assert image.filename.endswith(name)
        assert image.number_of_frames == len(FRAMES)
        assert type(image.number_of_frames) is int
        expected = dcmread(io.BytesIO(data), stop_before_pixels=True)
        assert image.metadata == expected
        assert image.metadata is image.metadata
        assert image.metadata.file_meta == expected.file_meta
        for index in (4, 0, 2):
            np.testing.assert_array_equal(image.read_frame(index), FRAMES[index])
    if hasattr(source, "read"):  # it is the caller's, and stays open
        source.seek(0)
        source.read(1)


@pytest.mark.parametrize("options", [{}, {"has_bot": False}, {"fragments_per_frame": 3}])
def test_basic_offset_tables(options: dict[str, Any]) -> None:
    np.testing.assert_array_equal(all_frames(encapsulated(encapsulate(codestreams(), **options))), FRAMES)


def test_fragments_without_a_table() -> None:
    data = encapsulated(encapsulate(codestreams(), fragments_per_frame=2, has_bot=False))
    np.testing.assert_array_equal(all_frames(data), FRAMES)


def test_extended_offset_table() -> None:
    pixel_data, offsets, lengths = encapsulate_extended(codestreams())
    data = encapsulated(pixel_data, ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=lengths)
    np.testing.assert_array_equal(all_frames(data), FRAMES)
    with ImageFileReader(data) as image:
        for index, codestream in enumerate(codestreams()):
            assert image.read_frame_raw(index) == codestream + b"\0" * (len(codestream) % 2)


@pytest.mark.parametrize("size", [(5, 7), (3, 3), (1, 1), (16, 16)])
def test_bits_that_do_not_end_on_a_byte(size: tuple[int, int]) -> None:
    frames = np.random.default_rng(0).integers(0, 2, (9, *size), dtype=np.uint8)
    dataset = make_dataset(frames[0], NumberOfFrames=9, BitsAllocated=1, BitsStored=1, HighBit=0)
    packed = np.packbits(frames, axis=None, bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    np.testing.assert_array_equal(all_frames(file_of(dataset)), frames)
    with ImageFileReader(file_of(dataset)) as image:
        first, last = 4 * frames[0].size // 8, -(-5 * frames[0].size // 8)
        assert image.read_frame_raw(4) == packed[first:last]


def test_a_file_without_preamble() -> None:
    data = file_of(multi_frame())
    with ImageFileReader(data[132:]) as image:
        assert image.metadata == dcmread(io.BytesIO(data), stop_before_pixels=True)
        np.testing.assert_array_equal(image.read_frame(3), FRAMES[3])


def test_device(device: str) -> None:
    from hdgpu.array.device import device_of
    from hdgpu.array.interop import to_numpy

    with ImageFileReader(file_of(multi_frame())) as image:
        found = image.read_frame(1, device=device)
    assert device_of(found).kind == device
    np.testing.assert_array_equal(to_numpy(found), FRAMES[1])


def test_a_frame_is_memory_of_its_own() -> None:
    data = file_of(multi_frame())
    with ImageFileReader(data) as image:
        image.read_frame(0)[...] = 0
        np.testing.assert_array_equal(image.read_frame(0), FRAMES[0])


@pytest.mark.parametrize("as_path", [True, False])
def test_many_threads_read_from_one_reader(as_path: bool, tmp_path: Path) -> None:
    data = encapsulated(encapsulate(codestreams()))
    path = tmp_path / "frames.dcm"
    path.write_bytes(data)
    failures: list[Any] = []
    with ImageFileReader(path if as_path else io.BytesIO(data)) as image:
        start = threading.Barrier(8)

        def work(seed: int) -> None:
            start.wait()
            for index in np.random.default_rng(seed).integers(0, len(FRAMES), 20).tolist():
                try:
                    if not np.array_equal(image.read_frame(index), FRAMES[index]) or image.metadata.Rows != 61:
                        failures.append(index)
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


# --- Colour -----------------------------------------------------------------------------------------------------------


def profile(gamma: float) -> bytes:
    """Return a profile of sRGB's primaries with another tone curve: an sRGB profile, its curves replaced."""
    encoded = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for entry in range(struct.unpack_from(">I", encoded, 128)[0]):
        signature, offset, _ = struct.unpack_from(">4sII", encoded, 132 + 12 * entry)
        if signature in (b"rTRC", b"gTRC", b"bTRC"):
            encoded[offset : offset + 16] = struct.pack(">4sIIHH", b"curv", 0, 1, round(gamma * 256), 0)
    return bytes(encoded)


def colour(**attributes: Any) -> Dataset:
    image = smooth("uint8", colour=True)
    return make_dataset(image, PhotometricInterpretation="RGB", PlanarConfiguration=0, SamplesPerPixel=3, **attributes)


def littlecms(image: np.ndarray, encoded: bytes) -> np.ndarray:
    from PIL import Image

    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(encoded)), ImageCms.createProfile("sRGB"), "RGB", "RGB"
    )
    return np.asarray(ImageCms.applyTransform(Image.fromarray(image), transform))


def test_icc_profile_of_the_image_and_of_its_optical_path() -> None:
    image, encoded = smooth("uint8", colour=True), profile(1.2)
    expected = littlecms(image, encoded)
    assert np.abs(expected.astype(int) - image).max() > 20
    path = Dataset()
    path.ICCProfile = encoded
    for dataset in (colour(ICCProfile=encoded), colour(OpticalPathSequence=Sequence([path, path]))):
        with ImageFileReader(file_of(dataset)) as reader:
            np.testing.assert_array_equal(reader.read_frame(0), expected)
            np.testing.assert_array_equal(reader.read_frame(0, correct_color=False), image)


def test_colours_without_a_profile_stay_as_they_are() -> None:
    for dataset in (colour(), colour(ICCProfile=b""), colour(OpticalPathSequence=Sequence([Dataset()]))):
        with ImageFileReader(file_of(dataset)) as reader:
            np.testing.assert_array_equal(reader.read_frame(0), smooth("uint8", colour=True))


def test_grey_is_no_colour() -> None:
    np.testing.assert_array_equal(all_frames(file_of(multi_frame(ICCProfile=profile(1.2)))), FRAMES)


def test_profiles_that_cannot_be_used_raise_unless_they_are_not_wanted() -> None:
    first, second = Dataset(), Dataset()
    first.ICCProfile, second.ICCProfile = profile(1.2), profile(2.2)
    deep = smooth("uint16", colour=True)
    cases = (
        (colour(ICCProfile=b"garbage!"), InvalidAttributeError),
        (colour(OpticalPathSequence=Sequence([first, second])), UnsupportedTransformError),
        (
            make_dataset(
                deep, PhotometricInterpretation="RGB", PlanarConfiguration=0, SamplesPerPixel=3, ICCProfile=profile(1.2)
            ),
            UnsupportedTransformError,
        ),
    )
    for dataset, error in cases:
        with ImageFileReader(file_of(dataset)) as reader:
            with pytest.raises(error, match="frame 1"):
                reader.read_frame(0)
            reader.read_frame(0, correct_color=False)


# --- Bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["metadata", "number_of_frames", "transfer_syntax_uid"])
def test_never_opened(member: str) -> None:
    reader = ImageFileReader("nowhere.dcm")
    assert reader.filename == "nowhere.dcm"
    for ask in (lambda: getattr(reader, member), lambda: reader.read_frame(0), lambda: reader.read_frame_raw(0)):
        with pytest.raises(ClosedReaderError, match="not open") as caught:
            ask()
        assert isinstance(caught.value, OSError)
    reader.close()


def test_closed_and_opened_again() -> None:
    reader = ImageFileReader(file_of(multi_frame()))
    reader.open()
    metadata = reader.metadata
    reader.open()
    assert reader.metadata is metadata
    reader.close()
    reader.close()
    assert reader.metadata is metadata
    assert (reader.number_of_frames, reader.transfer_syntax_uid) == (5, "1.2.840.10008.1.2.1")
    for read in (reader.read_frame, reader.read_frame_raw):
        with pytest.raises(ClosedReaderError) as caught:
            read(0)
        assert isinstance(caught.value, ValueError)
    assert "closed" in repr(reader)
    reader.open()
    np.testing.assert_array_equal(reader.read_frame(0), FRAMES[0])


def test_closed_where_an_error_passes() -> None:
    reader = ImageFileReader(file_of(multi_frame()))
    with pytest.raises(KeyError), reader:
        raise KeyError
    with pytest.raises(ClosedReaderError):
        reader.read_frame(0)


@pytest.mark.parametrize("index", [-1, -5, 5, 10**12])
def test_no_such_frame(index: int) -> None:
    with ImageFileReader(file_of(multi_frame())) as reader:
        for read in (reader.read_frame, reader.read_frame_raw):
            with pytest.raises(FrameNumberError, match="0 to 4") as caught:
                read(index)
            assert isinstance(caught.value, ValueError)
        np.testing.assert_array_equal(reader.read_frame(np.int64(4)), FRAMES[4])


@pytest.mark.parametrize("index", [1.0, "0", None])
def test_an_index_is_an_integer(index: Any) -> None:
    with ImageFileReader(file_of(multi_frame())) as reader, pytest.raises(TypeError):
        reader.read_frame(index)


@pytest.mark.parametrize("file", [5, None, 1.5, ["a.dcm"]])
def test_what_is_no_file(file: Any) -> None:
    with pytest.raises(TypeError):
        ImageFileReader(file)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec: pip install hdgpu[remote]")
    fsspec.filesystem("memory")
    for missing in (tmp_path / "nowhere.dcm", "memory://nowhere.dcm"):
        reader = ImageFileReader(missing)
        with pytest.raises(SourceNotFoundError, match=r"nowhere\.dcm") as caught:
            reader.open()
        assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(SourceError) as folder:
        ImageFileReader(tmp_path).open()
    assert not isinstance(folder.value, FileNotFoundError)
    for garbage in (b"", b"hello" * 100, b"\0" * 128 + b"DICM"):
        with pytest.raises((NotDicomError, TruncatedFileError, InvalidAttributeError, NoPixelDataError)):
            ImageFileReader(garbage).open()
    report = multi_frame()
    del report.PixelData
    with pytest.raises(NoPixelDataError, match="no image") as none:
        ImageFileReader(file_of(report)).open()
    assert isinstance(none.value, ValueError)


@pytest.mark.parametrize(
    ("native", "frames"), [*((True, n) for n in (1, 4, 6, 500)), *((False, n) for n in (4, 6, 500))]
)
def test_number_of_frames_that_lies(native: bool, frames: int) -> None:
    data = file_of(multi_frame(NumberOfFrames=frames))
    if not native:
        data = encapsulated(encapsulate(codestreams(), has_bot=False), NumberOfFrames=frames)
    with ImageFileReader(data) as reader, pytest.raises((PixelDataSizeError, FrameIndexError, FrameDecodeError)):
        reader.read_frame(0)


@pytest.mark.parametrize("frames", ["0", "-1"])
def test_impossible_number_of_frames(frames: str) -> None:
    data = file_of(multi_frame(NumberOfFrames=frames))
    with ImageFileReader(data) as reader, pytest.raises(InvalidAttributeError, match="number of frames"):
        reader.number_of_frames  # noqa: B018


@pytest.mark.parametrize("native", [True, False])
def test_a_file_cut_short_never_gives_a_wrong_frame(native: bool) -> None:
    data = file_of(multi_frame()) if native else encapsulated(encapsulate(codestreams()))
    for length in range(0, len(data) - 20, 3001):
        try:
            with ImageFileReader(data[:length]) as reader:
                frames = [(index, reader.read_frame(index)) for index in range(len(FRAMES))]
        except HdgpuError:
            continue
        for index, frame in frames:  # what was cut off was no frame
            np.testing.assert_array_equal(frame, FRAMES[index])


def test_a_damaged_frame_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    streams = codestreams()
    streams[2] = streams[2][:40] + streams[2][41:] + b"\0"
    path = tmp_path / "damaged.dcm"
    path.write_bytes(encapsulated(encapsulate(streams)))
    with ImageFileReader(path) as reader:
        with pytest.raises(
            FrameDecodeError, match=r"damaged\.dcm, frame 3, transfer syntax 1\.2\.840\.10008\.1\.2\.4\.80"
        ):
            reader.read_frame(2)
        for index in (0, 1, 3, 4):
            np.testing.assert_array_equal(reader.read_frame(index), FRAMES[index])


@pytest.mark.parametrize(
    "file", [file for file in SAMPLE_FILES if file.name in UNDECODABLE], ids=lambda file: file.name
)
def test_sample_files_that_cannot_be_decoded(file: Any) -> None:
    if file.name == "OT-PAL-8-face.dcm":  # no transfer syntax; that it is implicit VR little endian says enough
        with ImageFileReader(file.path()) as reader:
            expected = np.frombuffer(file.read().PixelData, np.uint8).reshape(file.rows, file.columns)
            np.testing.assert_array_equal(reader.read_frame(0), expected)
        return
    with ImageFileReader(file.path()) as reader:
        assert reader.metadata.Rows == file.rows
        with pytest.raises(HdgpuError):
            reader.read_frame(0)
