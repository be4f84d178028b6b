"""Codestreams of more bits than Bits Stored: their samples are those of the same words stored as native ones."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate

from hdgpu.codecs.encode.htj2k import encode_irreversible, encode_reversible
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.route import Route, route_for
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError
from tests.make_series import make_dataset

Frame = NDArray[Any]
NATIVE, ROOT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4."
WORDS = ImagePixel(32, 48)
TWELVE = ImagePixel(32, 48, bits_stored=12, high_bit=11)
RANDOM = np.random.default_rng(12)
UNSIGNED = RANDOM.integers(0, 4096, (32, 48))
SIGNED = UNSIGNED - 2048
BESIDE = RANDOM.integers(0, 16, UNSIGNED.shape)


def lossless_jpeg(frame: Frame) -> bytes:
    return bytes(imagecodecs.ljpeg_encode(frame, bitspersample=16))


def jpeg2000(frame: Frame, **options: Any) -> bytes:
    options = {"reversible": True, **options}
    return bytes(imagecodecs.jpeg2k_encode(frame, codecformat="J2K", **options))


ENCODERS: dict[str, Callable[[Frame], bytes]] = {
    ROOT + "70": lossless_jpeg,
    ROOT + "80": imagecodecs.jpegls_encode,
    ROOT + "90": jpeg2000,
    ROOT + "201": lambda frame: encode_reversible(frame, WORDS, Loss()),
}
# Bits Stored of 12: the words, and what the attributes say of them beside it.
WORDS_OF: dict[str, tuple[Frame, dict[str, int], Frame]] = {
    "signed": (SIGNED & 0xFFF, {"pixel_representation": 1}, SIGNED),
    "extended sign": (SIGNED & 0xFFFF, {"pixel_representation": 1}, SIGNED),
    "other bits above": (UNSIGNED | BESIDE << 12, {}, UNSIGNED),
    "other bits above the sign": (SIGNED & 0xFFF | BESIDE << 12, {"pixel_representation": 1}, SIGNED),
    "high bit 15": (UNSIGNED << 4, {"high_bit": 15}, UNSIGNED),
    "high bit 15, others below": (UNSIGNED << 4 | BESIDE, {"high_bit": 15}, UNSIGNED),
    "high bit 13": (UNSIGNED << 2 | (BESIDE & 3) << 14 | BESIDE >> 2, {"high_bit": 13}, UNSIGNED),
    "high bit 15, signed": (SIGNED << 4 & 0xFFFF, {"high_bit": 15, "pixel_representation": 1}, SIGNED),
    "nothing": (UNSIGNED, {}, UNSIGNED),
}


def decode(data: bytes, pixel: ImagePixel, syntax: str, decoder: str | None = None) -> Frame:
    route = route_for(syntax, pixel)
    if decoder is not None:
        route = Route(decoder, True, pixel, tuple(each for each in route.attempts if each[0] == decoder))
    return route.decode(data, np.empty(pixel.frame_shape, pixel.dtype))[0]


def decoders(syntax: str) -> list[str]:
    names = [name for name, _ in route_for(syntax, TWELVE).attempts]
    return [name for name in names if name != "pylibjpeg:libjpeg"]  # tried on what imagecodecs cannot verify


@pytest.mark.parametrize("kind", WORDS_OF)
@pytest.mark.parametrize(("syntax", "decoder"), [(each, decoder) for each in ENCODERS for decoder in decoders(each)])
def test_words_are_read_as_native_ones_are(syntax: str, decoder: str, kind: str) -> None:
    words, attributes, values = WORDS_OF[kind]
    pixel = dataclasses.replace(TWELVE, **attributes)
    frame = words.astype(np.uint16)
    np.testing.assert_array_equal(decode(frame.tobytes(), pixel, NATIVE), values)
    found = decode(ENCODERS[syntax](frame), pixel, syntax, decoder)
    assert found.dtype == pixel.dtype
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("kind", ["signed", "other bits above"])
@pytest.mark.parametrize("syntax", [ROOT + "70", ROOT + "80"])
def test_as_gdcm_reads_them(syntax: str, kind: str, tmp_path: Any) -> None:
    simpleitk = pytest.importorskip("SimpleITK", reason="needs SimpleITK, which has GDCM: pip install SimpleITK")
    words, attributes, _ = WORDS_OF[kind]
    frame = words.astype(np.uint16)
    dataset = make_dataset(frame, transfer_syntax=syntax, BitsStored=12, HighBit=11)
    dataset.PixelRepresentation = attributes.get("pixel_representation", 0)
    data = ENCODERS[syntax](frame)
    dataset.PixelData = encapsulate([data])
    dataset["PixelData"].is_undefined_length, dataset["PixelData"].VR = True, "OB"
    dataset.save_as(tmp_path / "file.dcm", enforce_file_format=True)
    expected = simpleitk.GetArrayFromImage(simpleitk.ReadImage(tmp_path / "file.dcm"))[0]
    np.testing.assert_array_equal(decode(data, dataclasses.replace(TWELVE, **attributes), syntax), expected)


@pytest.mark.parametrize("decoder", decoders(ROOT + "90"))
def test_signed_codestreams(decoder: str) -> None:
    """Of the data set's sign, with garbage above the sample; and of unsigned samples."""
    garbage = (SIGNED & 0xFFF | BESIDE << 12).astype(np.uint16).view(np.int16)
    signed = dataclasses.replace(TWELVE, pixel_representation=1)
    np.testing.assert_array_equal(decode(jpeg2000(garbage), signed, ROOT + "90", decoder), SIGNED)
    np.testing.assert_array_equal(decode(jpeg2000(garbage), TWELVE, ROOT + "90", decoder), SIGNED & 0xFFF)


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("bits", [9, 12])
@pytest.mark.parametrize("high_bit", [11, 15])
def test_a_precision_up_to_bits_stored_changes_nothing(high_bit: int, bits: int, sign: int) -> None:
    """High Bit says nothing of a codestream that holds the sample alone."""
    pixel = dataclasses.replace(TWELVE, high_bit=high_bit, pixel_representation=sign)
    coded = dataclasses.replace(TWELVE, bits_stored=bits, high_bit=bits - 1, pixel_representation=sign)
    values = (UNSIGNED % (1 << bits) - sign * (1 << bits - 1)).astype(pixel.dtype)
    for syntax, data in {
        ROOT + "90": jpeg2000(values, bitspersample=bits),
        ROOT + "201": encode_reversible(values, coded, Loss()),
    }.items():
        for decoder in decoders(syntax):
            np.testing.assert_array_equal(decode(data, pixel, syntax, decoder), values)


# --- Lossy ones -------------------------------------------------------------------------------------------------------


def edges() -> Frame:
    """Squares of the least and the greatest sample, at whose edges lossy compression overshoots."""
    rows, columns = np.mgrid[:32, :48]
    return np.where((rows // 8 + columns // 8) % 2, 4095, 0).astype(np.uint16)


def near_lossless(frame: Frame) -> bytes:
    return bytes(imagecodecs.jpegls_encode(frame, level=9))


LOSSY: dict[str, tuple[str, Callable[[Frame], bytes]]] = {
    "near-lossless": (ROOT + "81", near_lossless),
    "JPEG 2000": (ROOT + "91", lambda frame: jpeg2000(frame, reversible=False, level=60)),
    "HTJ2K": (ROOT + "203", lambda frame: encode_irreversible(frame, WORDS, Loss(psnr=55.0))),
}


@pytest.mark.parametrize(
    ("kind", "decoder"),
    [(kind, each) for kind in LOSSY for each in decoders(LOSSY[kind][0]) if not each.startswith("compiled")],
)
def test_an_overshoot_becomes_the_nearest_sample(kind: str, decoder: str) -> None:
    syntax, encode = LOSSY[kind]
    frame = edges() if kind != "near-lossless" else (edges() - RANDOM.integers(0, 9, (32, 48)).clip(0, edges()))
    data = encode(frame.astype(np.uint16))
    whole = decode(data, WORDS, syntax, decoder).astype(int)
    assert whole.max() > 4095
    np.testing.assert_array_equal(decode(data, TWELVE, syntax, decoder), whole.clip(0, 4095))
    assert np.abs(decode(data, TWELVE, syntax, decoder).astype(int) - frame).max() < 400


@pytest.mark.parametrize("kind", LOSSY)
@pytest.mark.parametrize("words", ["signed", "other bits above", "high bit 15"])
def test_lossy_bits_are_not_taken_apart(kind: str, words: str) -> None:
    syntax, encode = LOSSY[kind]
    frame, attributes, _ = WORDS_OF[words]
    pixel = dataclasses.replace(TWELVE, **attributes)
    with pytest.raises(FrameDecodeError, match=r"lossy samples exceed Bits Stored.*Bits Stored in the file"):
        decode(encode(frame.astype(np.uint16)), pixel, syntax)


def test_an_overshoot_of_twelve_bit_jpeg_does_not_wrap() -> None:
    frame = np.where(np.add(*np.mgrid[:32, :48]) % 16 < 9, 1023, 0).astype(np.uint16)
    data = bytes(imagecodecs.jpeg8_encode(frame, level=30, bitspersample=12))
    whole = decode(data, TWELVE, ROOT + "51")
    assert 1050 < whole.max() < 1150
    pixel = dataclasses.replace(TWELVE, bits_stored=10, high_bit=9)
    np.testing.assert_array_equal(decode(data, pixel, ROOT + "51"), whole.clip(0, 1023))


# --- In doubt ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", [ROOT + "90", ROOT + "201"])
def test_a_reversible_stream_does_not_tell_an_overshoot_from_a_bit(syntax: str) -> None:
    """It may have been cut short: 4097 is 4095 with an error of 2, or 1 with another bit above it."""
    frame = UNSIGNED.astype(np.uint16)
    frame[3, 4] = 4097
    data = ENCODERS[syntax](frame)
    for decoder in (None, *decoders(syntax)):
        with pytest.raises(FrameDecodeError, match=r"exceed Bits Stored by little.*expected samples from 0 to 4095"):
            decode(data, TWELVE, syntax, decoder)
    frame[3, 4] = 1
    for lossless in (ROOT + "70", ROOT + "80"):
        words = frame.copy()
        words[3, 4] = 4097
        np.testing.assert_array_equal(decode(ENCODERS[lossless](words), TWELVE, lossless), frame)


@pytest.mark.parametrize("syntax", ENCODERS)
def test_a_high_bit_that_the_samples_contradict(syntax: str) -> None:
    """All of them fit into the lowest twelve bits, and would lose some of these."""
    data = ENCODERS[syntax](UNSIGNED.astype(np.uint16))
    for decoder in (None, *decoders(syntax)):
        with pytest.raises(FrameDecodeError, match=r"High Bit.*expected 11.*found 15"):
            decode(data, dataclasses.replace(TWELVE, high_bit=15), syntax, decoder)


def test_a_high_bit_above_the_precision() -> None:
    """Fourteen bits do not tell where in sixteen they lie."""
    fourteen = ImagePixel(32, 48, bits_stored=14, high_bit=13)
    data = encode_reversible((UNSIGNED << 2).astype(np.uint16), fourteen, Loss())
    with pytest.raises(FrameDecodeError, match="High Bit"):
        decode(data, dataclasses.replace(TWELVE, high_bit=15), ROOT + "201")


def test_marker_segments_before_the_frame_header() -> None:
    """The compiled decoder of JPEG-LS reads the precision where it mostly is."""
    frame = (UNSIGNED | BESIDE << 12).astype(np.uint16)
    data = bytes(imagecodecs.jpegls_encode(frame))
    comment = b"\xff\xfe\x00\x06\x00\x01\x02\x03"
    for stream, decoder in itertools.product((data[:2] + comment + data[2:],), decoders(ROOT + "80")):
        np.testing.assert_array_equal(decode(stream, TWELVE, ROOT + "80", decoder), UNSIGNED)
