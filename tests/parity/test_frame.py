"""Frames decoded, encoded and read by number as highdicom does it; where highdicom is wrong or declines, so is said."""

from __future__ import annotations

import io
import itertools
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID, SecondaryCaptureImageStorage, generate_uid

from hdgpu.errors import HdgpuError, PixelDataSizeError, UnsupportedPixelError
from hdgpu.frame import decode_frame, encode_frame, get_lossy_compression_attributes
from hdgpu.io import ImageFileReader
from tests.codecs.frames_of import assert_equal, frame_bytes, image_pixel
from tests.sample_files import INEXACT, OVERLONG, SAMPLE_FILES, UNDECODABLE, SampleFile

highdicom = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom")
peer_frame = pytest.importorskip("highdicom.frame")
peer_io = pytest.importorskip("highdicom.io")

PREFIX = "1.2.840.10008.1.2"
NATIVE, IMPLICIT, RLE, BASELINE = PREFIX + ".1", PREFIX, PREFIX + ".5", PREFIX + ".4.50"
JPEG_LS, NEAR_LOSSLESS, J2K_LOSSLESS, J2K = (PREFIX + f".4.{number}" for number in (80, 81, 90, 91))
JPEG_XL = PREFIX + ".4.110"
LOSSLESS = (NATIVE, IMPLICIT, RLE, JPEG_LS, J2K_LOSSLESS)
# Each library rounds the inverse DCT in its own way.
DCT = (BASELINE, PREFIX + ".4.51")
PEERS = (*LOSSLESS, BASELINE, NEAR_LOSSLESS, J2K)
OURS = tuple(PREFIX + suffix for suffix in (".4.51", ".4.57", ".4.70", ".4.110", ".4.201", ".4.202", ".4.203"))
FILES = [file for file in SAMPLE_FILES if file.name not in UNDECODABLE]
ALL_FILES = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Let highdicom's warnings, and what it prints of errors, pass."""
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def outcome(function: Any, *arguments: Any, **options: Any) -> Any:
    """Return the result of a call, or the exception that it raised."""
    try:
        return function(*arguments, **options)
    except Exception as error:
        return error


# --- Encoding ---------------------------------------------------------------------------------------------------------

PHOTOMETRIC = {
    1: ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB"),
    3: ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "MONOCHROME2"),
}


def smooth_samples(rows: int, columns: int, samples: int, dtype: str, bits: int, seed: int) -> np.ndarray:
    """Return a smooth image with noise in it, over the range of as many bits."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    wave = 0.5 + 0.4 * np.sin(x / 7) * np.cos(y / 5) + random.normal(0, 0.02, (samples, rows, columns))
    lowest = -(1 << (bits - 1)) if dtype.startswith("i") else 0
    image = np.rint(np.clip(wave, 0, 1) * ((1 << bits) - 1)).astype(np.int64) + lowest
    image = image.astype(dtype).transpose(1, 2, 0)
    return image if samples > 1 else image[:, :, 0]


# What highdicom takes in each transfer syntax: for grey and for colour, Photometric Interpretation and Bits Allocated.
INDEX, GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"), ("MONOCHROME1", "MONOCHROME2")
TAKEN = {
    NATIVE: (INDEX, (1, 8, 16, 32), ("RGB", "YBR_FULL"), (1, 8, 16, 32)),
    IMPLICIT: (INDEX, (1, 8, 16, 32), ("RGB", "YBR_FULL"), (1, 8, 16, 32)),
    RLE: (INDEX, (8, 16), ("RGB", "YBR_FULL"), (8, 16)),
    BASELINE: (INDEX, (8,), ("YBR_FULL_422",), (8,)),
    JPEG_LS: (INDEX, (8, 16), ("RGB",), (8, 16)),
    NEAR_LOSSLESS: (GREY, (8, 16), ("RGB",), (8, 16)),
    J2K_LOSSLESS: (INDEX, (1, 8, 16), ("YBR_RCT",), (8, 16)),
    J2K: (GREY, (8, 16), ("YBR_ICT",), (8, 16)),
}


@st.composite
def frames(draw: st.DrawFn, uid: str) -> tuple[np.ndarray, tuple[Any, ...]]:
    """Draw an array, and the arguments to encode it with: in three cases of four ones that go together."""
    colour = draw(st.booleans())
    photometric, sizes = TAKEN[uid][2:] if colour else TAKEN[uid][:2]
    signs = [False, True] if uid in (NATIVE, IMPLICIT, RLE) else [False]
    planar: tuple[int | None, ...] = ((0, 1) if uid == RLE else (0,)) if colour else (None,)
    if draw(st.integers(0, 3)) == 0:
        photometric, sizes, signs, planar = PHOTOMETRIC[3 if colour else 1], (1, 8, 16, 32), [False, True], (None, 0, 1)
    allocated = draw(st.sampled_from(sizes))
    signed = allocated > 1 and draw(st.sampled_from(signs))
    stored = 1 if allocated == 1 else 8 if uid == BASELINE else draw(st.integers(2, min(allocated, 16)))
    rows, columns = draw(st.integers(28, 70)), draw(st.integers(1, 9)) * 8
    if not draw(st.booleans()):
        rows, columns = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    dtype = f"{'i' if signed else 'u'}{max(allocated, 8) // 8}"
    array = smooth_samples(rows, columns, 3 if colour else 1, dtype, stored, draw(st.integers(0, 99)))
    return array, (allocated, stored, draw(st.sampled_from(photometric)), int(signed), draw(st.sampled_from(planar)))


def broken_by_highdicom(uid: str, allocated: int, stored: int) -> bool:
    """Tell whether highdicom writes what not even itself can read: RLE of one byte for samples of two."""
    return uid == RLE and allocated == 16 and stored <= 8


@pytest.mark.parametrize("uid", PEERS)
@settings(max_examples=40)
@given(data=st.data())
def test_encoded_bytes_are_those_of_highdicom(uid: str, data: st.DataObject) -> None:
    array, arguments = data.draw(frames(uid))
    expected = outcome(peer_frame.encode_frame, array, uid, *arguments)
    found = outcome(encode_frame, array, uid, *arguments)
    if isinstance(expected, Exception):
        assert isinstance(expected, (ValueError, RuntimeError))
        assert isinstance(found, type(expected)), arguments
        assert isinstance(found, HdgpuError)
    elif not broken_by_highdicom(uid, *arguments[:2]):
        # Native bits alone highdicom pads, which would shift the next frame by a byte.
        padding = b"\0" * (len(found) % 2) if arguments[0] == 1 and uid in (NATIVE, IMPLICIT) else b""
        assert found + padding == bytes(expected), arguments


def decode_arguments(array: np.ndarray, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    allocated, stored, photometric, sign, planar = arguments
    samples = 1 if array.ndim == 2 else array.shape[2]
    return (*array.shape[:2], samples, allocated, stored, photometric, sign, planar)


def taken(uid: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield samples per pixel and arguments: every combination that highdicom takes."""
    for samples, photometrics, sizes in ((1, *TAKEN[uid][:2]), (3, *TAKEN[uid][2:])):
        planar: tuple[int | None, ...] = ((0, 1) if uid == RLE else (0,)) if samples == 3 else (None,)
        signs = (0, 1) if uid in (NATIVE, IMPLICIT, RLE) else (0,)
        for photometric, allocated, sign, order in itertools.product(photometrics, sizes, signs, planar):
            refused = uid == RLE and (
                (photometric not in GREY and sign) or (photometric == "YBR_FULL" and allocated > 8)
            )
            if not refused and not (allocated == 1 and sign):
                for stored in sorted({allocated, *({allocated - 1, 10} & set(range(2, allocated)))}):
                    if uid != BASELINE or stored == 8:
                        yield samples, (allocated, stored, photometric, sign, order)


@pytest.mark.parametrize("uid", PEERS)
def test_every_combination_that_highdicom_takes(uid: str) -> None:
    random = np.random.default_rng(0)
    for samples, arguments in taken(uid):
        allocated, stored, _, sign, _ = arguments
        dtype, lowest = f"{'iu'[not sign]}{max(allocated, 8) // 8}", -sign << stored - 1
        noise = random.integers(lowest, lowest + (1 << stored), (64, 72, samples)).astype(dtype)
        for array in (smooth_samples(64, 72, samples, dtype, stored, 0), noise[..., 0] if samples == 1 else noise):
            assert encode_frame(array, uid, *arguments) == bytes(peer_frame.encode_frame(array, uid, *arguments))


def assert_alike(found: np.ndarray, expected: np.ndarray, uid: str) -> None:
    """Assert equality of two decoders' frames, or nearness where they may differ."""
    if uid == BASELINE and found.shape[-1] == 3:  # between chroma samples they interpolate each in its own way
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected).mean() < 3
    elif uid in (J2K, PREFIX + ".4.203"):  # two versions of OpenJPEG round the irreversible transforms differently
        assert found.dtype == expected.dtype
        assert np.abs(found.astype(int) - expected).max() <= 1
    else:
        assert_equal(found, expected, exact=uid not in DCT)


@pytest.mark.parametrize("uid", PEERS)
@settings(max_examples=40)
@given(data=st.data())
def test_what_was_encoded_is_decoded_alike(uid: str, data: st.DataObject) -> None:
    array, arguments = data.draw(frames(uid))
    encoded = outcome(encode_frame, array, uid, *arguments)
    if isinstance(encoded, Exception):
        return
    shape = decode_arguments(array, arguments)
    found = outcome(decode_frame, encoded, uid, *shape)
    if isinstance(found, Exception):  # native frames alone may be written of what is not read
        assert uid in (NATIVE, IMPLICIT)
        assert "YBR_FULL" in arguments or arguments[0] == 1
        return
    if arguments[0] > 1 or array.ndim == 2:  # highdicom does not unpack colour of one bit
        assert_alike(found, peer_frame.decode_frame(encoded, uid, *shape), uid)
    if uid in LOSSLESS and arguments[2] != "YBR_FULL":
        np.testing.assert_array_equal(found, array)


def test_highdicom_cannot_read_its_own_rle_refused_bits() -> None:
    array = smooth_samples(40, 48, 1, "u2", 8, 0)
    with pytest.raises(RuntimeError):
        peer_frame.decode_frame(
            peer_frame.encode_frame(array, RLE, 16, 8, "MONOCHROME2"), RLE, 40, 48, 1, 16, 8, "MONOCHROME2"
        )
    ours = encode_frame(array, RLE, 16, 8, "MONOCHROME2")
    np.testing.assert_array_equal(peer_frame.decode_frame(ours, RLE, 40, 48, 1, 16, 8, "MONOCHROME2"), array)


BAD: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "one axis": (np.zeros(64, np.uint8), (8, 8, "MONOCHROME2")),
    "four axes": (np.zeros((1, 64, 64, 3), np.uint8), (8, 8, "RGB", 0, 0)),
    "four samples": (np.zeros((64, 64, 4), np.uint8), (8, 8, "RGB", 0, 0)),
    "not a number": (np.full((64, 64), np.nan), (8, 8, "MONOCHROME2")),
    "floating": (np.zeros((64, 64), np.float32), (32, 32, "MONOCHROME2")),
    "truth values": (np.zeros((64, 64), np.bool_), (1, 1, "MONOCHROME2")),
    "more bits stored than allocated": (np.zeros((64, 64), np.uint8), (8, 12, "MONOCHROME2")),
    "twelve bits allocated": (np.zeros((64, 64), np.uint16), (12, 12, "MONOCHROME2")),
    "unknown colour": (np.zeros((64, 64), np.uint8), (8, 8, "HSV?")),
    "unknown sign": (np.zeros((64, 64), np.uint8), (8, 8, "MONOCHROME2", 2)),
    "no sign": (np.zeros((64, 64), np.uint8), (8, 8, "MONOCHROME2", None)),
    "unknown order": (np.zeros((64, 64, 3), np.uint8), (8, 8, "RGB", 0, 2)),
    "no order": (np.zeros((64, 64, 3), np.uint8), (8, 8, "RGB", 0)),
    "other sign": (np.zeros((64, 64), np.int16), (16, 16, "MONOCHROME2", 0)),
    "other size": (np.zeros((64, 64), np.uint16), (8, 8, "MONOCHROME2")),
    "no array": ([[1, 2], [3, 4]], (8, 8, "MONOCHROME2")),
}


@pytest.mark.parametrize("uid", [*PEERS, *OURS, PREFIX + ".2", "1.2.3", ""])
@pytest.mark.parametrize("name", BAD)
def test_what_highdicom_refuses_to_encode_is_refused(uid: str, name: str) -> None:
    array, arguments = BAD[name]
    expected = outcome(peer_frame.encode_frame, array, uid, *arguments)
    found = outcome(encode_frame, array, uid, *arguments)
    assert isinstance(expected, Exception)
    assert isinstance(found, TypeError if name == "no array" else ValueError)


# --- Decoding ---------------------------------------------------------------------------------------------------------


def arguments_of(dataset: Dataset) -> tuple[Any, ...]:
    pixel = image_pixel(dataset)
    return (
        *(dataset.file_meta.TransferSyntaxUID, pixel.rows, pixel.columns, pixel.samples_per_pixel),
        *(pixel.bits_allocated, pixel.bits_stored, pixel.photometric_interpretation, pixel.pixel_representation),
        pixel.planar_configuration if pixel.samples_per_pixel > 1 else None,
    )


def some_frames(count: int) -> list[int]:
    return list(range(count)) if count <= 15 else [0, 1, count // 2, count - 1]


@ALL_FILES
def test_decoded_frames_are_those_of_highdicom(file: SampleFile) -> None:
    dataset = file.read()
    keyword = image_pixel(dataset).keyword
    vr = dataset[keyword].VR
    swapped = vr == "OW" and file.bits_allocated == 8 and file.transfer_syntax.endswith("1.2.2")
    for index in some_frames(file.frames):
        encoded, arguments = frame_bytes(dataset, index), (*arguments_of(dataset), index, keyword)
        found = decode_frame(encoded, *arguments, vr=vr)
        expected = peer_frame.decode_frame(encoded[: found.nbytes] if swapped else encoded, *arguments)
        if swapped:  # highdicom takes words for bytes here, and is not to be followed
            words = dataset[keyword].value
            plain = np.frombuffer(words, "<u2").byteswap().tobytes()[index * found.nbytes :][: found.nbytes]
            expected = np.frombuffer(plain, np.uint8).reshape(found.shape)
        assert_equal(found, expected, exact=file.name not in INEXACT)
        assert found.flags.writeable


def test_the_table_of_loss_is_that_of_highdicom() -> None:
    for uid in (*PEERS, *OURS, *(PREFIX + suffix for suffix in (".1.98", ".1.99", ".2", ".4.92"))):
        expected = ("01", "ISO_10918_1") if uid.endswith(".51") else peer_frame.get_lossy_compression_attributes(uid)
        assert get_lossy_compression_attributes(uid) == expected, uid


# --- Files written, and read by number --------------------------------------------------------------------------------


def written(array: np.ndarray, uid: str, arguments: tuple[Any, ...]) -> bytes:
    """Return a file of the frames in `array`, each encoded by us, as pydicom writes it."""
    allocated, stored, photometric, sign, planar = arguments
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(uid)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = array.shape[:3]
    dataset.SamplesPerPixel = 1 if array.ndim == 3 else array.shape[3]
    if planar is not None:
        dataset.PlanarConfiguration = planar
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = photometric, sign
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    encoded = [encode_frame(frame, uid, *arguments) for frame in array]
    compressed = dataset.file_meta.TransferSyntaxUID.is_compressed and not uid.endswith(".1.99")
    dataset.PixelData = encapsulate(encoded) if compressed else b"".join(encoded)
    dataset["PixelData"].VR = "OB" if compressed or allocated <= 8 else "OW"
    dataset["PixelData"].is_undefined_length = compressed
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


COLOUR = {J2K_LOSSLESS: "YBR_RCT", J2K: "YBR_ICT", BASELINE: "YBR_FULL_422"}
KINDS = {
    "bytes": (1, 8, 8, 0),
    "words": (1, 16, 16, 0),
    "12 bits": (1, 16, 12, 0),
    "signed": (1, 16, 13, 1),
    "colour": (3, 8, 8, 0),
}
# Which kinds a transfer syntax has no encoder for.
NOT_ENCODED = {
    BASELINE: {"words", "12 bits", "signed"},
    PREFIX + ".4.51": {"bytes", "words", "signed", "colour"},
    **{uid: {"signed"} for uid in (JPEG_LS, NEAR_LOSSLESS, J2K_LOSSLESS, J2K)},
}
LOSSY = (*DCT, NEAR_LOSSLESS, J2K, PREFIX + ".4.203")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("uid", [uid for uid in (*PEERS, *OURS) if uid != JPEG_XL])  # pydicom does not know that one
def test_files_read_alike_by_highdicom_pydicom_and_us(uid: str, kind: str) -> None:
    samples, allocated, stored, sign = KINDS[kind]
    photometric = "MONOCHROME2"
    if samples == 3:
        photometric = COLOUR.get(
            uid, {"1": "YBR_RCT", "2": "YBR_RCT", "3": "YBR_ICT"}[uid[-1]] if ".20" in uid else "RGB"
        )
    dtype = f"{'i' if sign else 'u'}{allocated // 8}"
    array = np.stack([smooth_samples(37, 51, samples, dtype, stored, seed) for seed in range(3)])
    arguments = (allocated, stored, photometric, sign, 0 if samples == 3 else None)
    if kind in NOT_ENCODED.get(uid, ()):
        with pytest.raises(UnsupportedPixelError):
            written(array, uid, arguments)
        return
    encoded = written(array, uid, arguments)
    with ImageFileReader(encoded) as image:
        found = np.stack([image.read_frame(index) for index in range(3)])
    if uid not in LOSSY:
        np.testing.assert_array_equal(found, array)
    readings = [dcmread(io.BytesIO(encoded)).pixel_array]
    with peer_io.ImageFileReader(DicomBytesIO(encoded)) as image:
        readings.append(np.stack([image.read_frame(index, correct_color=False) for index in range(3)]))
    for reading in readings:
        assert_alike(found, reading, uid)


# Files that highdicom does not read, or where it takes words for bytes: pydicom has the say.
NOT_BY_HIGHDICOM = {
    "SC_rgb_jpeg.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "OBXXXX1A_expb.dcm",
    "OBXXXX1A_expb_2frame.dcm",
    "image_dfl.dcm",
}


@pytest.mark.parametrize(
    "file", [file for file in FILES if file.package != "wsidicom-data"], ids=lambda file: file.name
)
def test_frames_of_files_are_read_as_by_highdicom(file: SampleFile) -> None:
    ours, theirs = ImageFileReader(file.path()), peer_io.ImageFileReader(file.path())
    ours.open()
    if file.name in NOT_BY_HIGHDICOM:
        dataset = dcmread(file.path())
        found = np.stack([ours.read_frame(index) for index in range(file.frames)])
        assert_equal(found if file.frames > 1 else found[0], dataset.pixel_array, exact=file.name not in INEXACT)
        del dataset.PixelData
        assert ours.metadata == dataset
        return
    theirs.open()
    assert ours.metadata == theirs.metadata
    assert "PixelData" not in ours.metadata
    assert ours.number_of_frames == int(theirs.number_of_frames) == file.frames
    assert ours.transfer_syntax_uid == theirs.transfer_syntax_uid
    if file.name in OVERLONG:
        with pytest.raises(PixelDataSizeError):
            ours.read_frame(0)
        return
    for index in some_frames(file.frames):
        assert ours.read_frame_raw(index) == theirs.read_frame_raw(index)
        if file.rows * file.columns <= 1 << 20:  # the others are decoded above
            found, expected = (reader.read_frame(index, correct_color=False) for reader in (ours, theirs))
            assert_equal(found, expected, exact=file.name not in INEXACT)
