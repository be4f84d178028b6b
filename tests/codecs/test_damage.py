"""Damaged frames raise, or are decoded to what pydicom decodes them to."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import libjpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate

from hdgpu.codecs.route import route_for
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.codecs.sniff.jpeg import JpegHeader
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header
from hdgpu.errors import FrameDecodeError, HdgpuError, PixelDataSizeError
from tests.codecs.frames_of import frame_bytes, image_pixel, pydicom_array
from tests.sample_files import SAMPLE_FILES, SampleFile

# Small files of each syntax, so that many examples take little time.
NAMES = (
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_dcmtk_+eb+cy+s2.dcm",
    "examples_ybr_color.dcm",
    "JPEG_Extended_(Process_2_and_4)-GRAYSCALE-12.jpg",
    "JPEG_Lossless,_Non-Hierarchical_(Process_14)-GRAYSCALE-16.jpg",
    "JPEG_Lossless,_Non-Hierarchical_(Process_14)-RGB-8.jpg",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "MR_small_jp2klossless.dcm",
    "693_J2KI.dcm",
    "MR_small_RLE.dcm",
    "SC_rgb_rle_16bit.dcm",
)
FILES = {file.name: file for file in SAMPLE_FILES if file.name in NAMES}
EACH = pytest.mark.parametrize("name", NAMES)


def decode(file: SampleFile, data: bytes) -> NDArray[Any]:
    pixel = image_pixel(file.read())
    return route_for(file.transfer_syntax, pixel).decode(data, np.empty(pixel.frame_shape, pixel.dtype))[0]


@EACH
@pytest.mark.parametrize("kept", [0, 1, 2, 10, 70, 0.5, 0.9, -10])
def test_truncated_frame_raises(name: str, kept: float) -> None:
    data = frame_bytes(FILES[name].read(), 0)
    length = int(kept * len(data)) if isinstance(kept, float) else kept
    with pytest.raises((FrameDecodeError, PixelDataSizeError)):
        decode(FILES[name], data[:length])


@EACH
def test_garbage_raises(name: str) -> None:
    garbage = np.random.default_rng(0).bytes(1000)
    beginning = frame_bytes(FILES[name].read(), 0)[:4]
    for data in (bytes(1000), b"\xff" * 1000, garbage, beginning + garbage):
        with pytest.raises((FrameDecodeError, PixelDataSizeError)):
            decode(FILES[name], data)


FORMATS = {"4.5": "jpeg", "4.7": "jpeg", "4.8": "jpegls", "4.9": "jpeg2000", "5": "rle"}


def format_of(file: SampleFile) -> str:
    return FORMATS[file.transfer_syntax.removeprefix("1.2.840.10008.1.2.")[:3]]


@EACH
def test_frame_of_another_format_raises(name: str) -> None:
    for other in FILES.values():
        if format_of(other) != format_of(FILES[name]):
            with pytest.raises((FrameDecodeError, PixelDataSizeError)):
                decode(FILES[name], frame_bytes(other.read(), 0))


@EACH
@pytest.mark.parametrize("change", [-1, 1, 1000])
def test_other_size_in_the_header_raises(name: str, change: int) -> None:
    file = FILES[name]
    if file.transfer_syntax.endswith(".5"):
        pytest.skip("an RLE frame does not tell its size")
    data = bytearray(frame_bytes(file.read(), 0))
    stream = sniff(bytes(data))
    at = stream.header.sof_offset + 5 if isinstance(stream.header, JpegHeader) else data.index(b"\xff\x51") + 10
    width = 2 if isinstance(stream.header, JpegHeader) else 4
    assert int.from_bytes(data[at : at + width], "big") == file.rows
    data[at : at + width] = (file.rows + change).to_bytes(width, "big")
    with pytest.raises(PixelDataSizeError, match="expected .*found"):
        decode(file, bytes(data))


def test_negative_size_of_a_jpeg_2000_stream_raises() -> None:
    file = FILES["MR_small_jp2klossless.dcm"]
    data = bytearray(frame_bytes(file.read(), 0))
    at = data.index(b"\xff\x51") + 14  # XOsiz
    data[at : at + 4] = (100).to_bytes(4, "big")
    with pytest.raises(PixelDataSizeError, match="found 64 rows and -36 columns"):
        decode(file, bytes(data))


def test_countless_tiles_raise() -> None:
    file = FILES["693_J2KI.dcm"]
    data = bytearray(frame_bytes(file.read(), 0))
    at = data.index(b"\xff\x51") + 22  # XTsiz, YTsiz
    data[at : at + 8] = (1).to_bytes(4, "big") * 2
    with pytest.raises(PixelDataSizeError, match="too many tiles"):
        decode(file, bytes(data))


@pytest.mark.parametrize("name", [name for name in NAMES if FILES[name].transfer_syntax[-2:] in ("50", "51", "57")])
def test_lost_entropy_coded_bytes_raise(name: str) -> None:
    """Stands for what libjpeg-turbo only warns of; EOI is still there."""
    file = FILES[name]
    data = frame_bytes(file.read(), 0)
    middle, end = len(data) * 3 // 4, data.rindex(b"\xff\xd9")
    for damaged in (data[:middle] + data[middle + 40 :], data[: end - 40] + data[end:]):
        with pytest.raises(FrameDecodeError):
            decode(file, damaged)


def test_padding_is_not_taken_for_the_rest_of_a_jpeg_2000_stream() -> None:
    file = FILES["693_J2KI.dcm"]
    data = frame_bytes(file.read(), 0)
    with pytest.raises(FrameDecodeError, match="tile-parts are cut short"):
        decode(file, data[:1000] + data[1001:] + bytes(2))


def test_jpeg_ls_without_its_end_raises_at_once() -> None:
    """CharLS, which takes seconds for it, is not asked."""
    file = FILES["MR_small_jpeg_ls_lossless.dcm"]
    data = frame_bytes(file.read(), 0)
    with pytest.raises(FrameDecodeError, match="imagecodecs:jpegls: the JPEG stream ends without EOI"):
        decode(file, data[: len(data) // 2])


def test_code_that_is_in_no_huffman_table_raises() -> None:
    """libjpeg-turbo skips 17 bits and makes up 16 zeros in the end: as many bits as there are, but fewer are set."""
    (file,) = (file for file in SAMPLE_FILES if file.name == "SC_rgb_jpeg_gdcm.dcm")
    data = frame_bytes(file.read(), 0)
    assert data[2815:2823] == bytes(8)
    with pytest.raises(FrameDecodeError, match="do not account for the entropy-coded bytes"):
        decode(file, data[:2818] + b"\x7d" + data[2819:])


def test_unusual_range_of_a_jpeg_ls_stream_raises() -> None:
    """CharLS and libjpeg make different images of it."""
    file = FILES["MR_small_jpeg_ls_lossless.dcm"]
    data = frame_bytes(file.read(), 0)
    at = data.index(b"\xff\xf8\x00\x0d\x01\xff\xff") + 5
    with pytest.raises(FrameDecodeError, match="presets an unusual range of samples"):
        decode(file, data[:at] + b"\xf7" + data[at + 1 :])


def test_tile_part_that_claims_to_be_the_last_raises() -> None:
    """Psot of zero is for the last tile-part; OpenJPEG takes those that follow it for its packets."""
    (file,) = (file for file in SAMPLE_FILES if file.name == "GDCMJ2K_TextGBR.dcm")
    data = frame_bytes(file.read(), 0)
    at = data.index(b"\xff\x90\x00\x0a") + 6
    with pytest.raises(FrameDecodeError, match="tile-parts are cut short or damaged"):
        decode(file, data[:at] + bytes(4) + data[at + 4 :])


# --- Mutations --------------------------------------------------------------------------------------------------------

POSITION = st.one_of(st.floats(0, 1, exclude_max=True), st.integers(0, 700))
MUTATION = st.one_of(
    st.tuples(st.just("flip"), POSITION, st.integers(0, 7)),
    st.tuples(st.just("set"), POSITION, st.integers(0, 255)),
    st.tuples(st.just("drop"), POSITION, st.integers(1, 100)),
    st.tuples(st.just("insert"), POSITION, st.binary(min_size=1, max_size=20)),
    st.tuples(st.just("cut"), POSITION, st.none()),
)


def mutated(data: bytes, kind: str, position: float, value: Any) -> bytes:
    at = int(position * len(data)) if isinstance(position, float) else min(position, len(data) - 1)
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ 1 << value]) + data[at + 1 :]
    if kind == "set":
        return data[:at] + bytes([value]) + data[at + 1 :]
    if kind == "insert":
        return data[:at] + value + data[at:]
    return data[:at] + (data[at + value :] if kind == "drop" else b"")


@EACH
@settings(max_examples=40, derandomize=True, database=None)
@given(MUTATION)
def test_mutated_frame_is_decoded_as_by_pydicom_or_raises(name: str, mutation: tuple[str, float, Any]) -> None:
    file = FILES[name]
    data = mutated(frame_bytes(file.read(), 0), *mutation)
    try:
        found = decode(file, data)
    except HdgpuError:
        return
    logging.disable(logging.CRITICAL)
    try:
        expected = pydicom_array(with_frame(file.read(), data))
    except BaseException:  # pylibjpeg-rle panics, which is no Exception
        # pydicom may refuse a field that has no bearing on the image, but then the image must be whole.
        expected = decode(file, frame_bytes(file.read(), 0))
    finally:
        logging.disable(logging.NOTSET)
    assert_same_image(found, expected, data)


def with_frame(dataset: Dataset, data: bytes) -> Dataset:
    changed = Dataset()
    changed.file_meta = dataset.file_meta
    changed.update({element.tag: element for element in dataset.group_dataset(0x0028)})
    changed.NumberOfFrames = 1
    changed.PixelData = encapsulate([data])
    changed["PixelData"].VR = "OB"
    changed["PixelData"].is_undefined_length = True
    return changed


def assert_same_image(found: NDArray[Any], expected: NDArray[Any], data: bytes) -> None:
    """Assert equality; where the stream is a lossy JPEG, nearness.

    Damage that leaves a stream well-formed can leave blocks of extreme colour, which two libraries treat differently:
    they clip or wrap samples out of range, and interpolate subsampled chroma otherwise at the edges of such blocks.
    """
    difference = np.abs(found.astype(np.int64) - expected.astype(np.int64))
    header = sniff(data).header if data.startswith((b"\xff\xd8", b"\xff\x4f")) else None
    if isinstance(header, JpegHeader) and header.sof in (0xC0, 0xC1):
        components = found
        with contextlib.suppress(RuntimeError):  # then pydicom has turned to Pillow, which is libjpeg-turbo like ours
            components = np.frombuffer(libjpeg.decode_pixel_data(data, version=2), found.dtype).reshape(found.shape)
        clipped = np.isin(components, (0, (1 << header.precision) - 1))
        if found.ndim == 3:
            clipped = clipped.any(axis=2, keepdims=True)
        subsampled = len(set(header.sampling)) > 1
        assert np.mean((difference > 5) & ~clipped) <= (0.03 if subsampled else 0)
    else:
        rounding = isinstance(header, Jpeg2000Header) and not header.reversible
        assert difference.max() <= rounding
