"""Encoders that highdicom has not, what their headers say, and that nothing leaves that was not read back."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.encode import frame as module
from hdgpu.codecs.encode.frame import encode
from hdgpu.codecs.encode.table import encoder_for
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.route import route_for, supported_transfer_syntaxes
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header
from hdgpu.codecs.syntaxes import SYNTAXES
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameEncodeError, HdgpuError, InvalidAttributeError, UnsupportedPixelError
from tests.codecs.test_encoded import smooth

PREFIX = "1.2.840.10008.1.2"
NATIVE, RLE, BASELINE, EXTENDED = (PREFIX + suffix for suffix in (".1", ".5", ".4.50", ".4.51"))
JPEG_LS, NEAR_LOSSLESS, J2K_LOSSLESS, J2K = (PREFIX + f".4.{number}" for number in (80, 81, 90, 91))
HTJ2K_LOSSLESS, HTJ2K_RPCL, HTJ2K, JPEG_XL = (PREFIX + f".4.{number}" for number in (201, 202, 203, 110))
JPEG_57, JPEG_70 = PREFIX + ".4.57", PREFIX + ".4.70"
COMPARED = [uid for uid in SYNTAXES.values() if uid not in (BASELINE, EXTENDED) and encoder_for(uid).compresses]
SIGNED = (HTJ2K_LOSSLESS, HTJ2K_RPCL, JPEG_57, JPEG_70, RLE, NATIVE)


def pixel_of(image: Samples, bits: int, photometric: str = "MONOCHROME2") -> ImagePixel:
    samples = 1 if image.ndim == 2 else 3
    signed = int(image.dtype.kind == "i")
    return ImagePixel(
        *image.shape[:2], samples, photometric, image.dtype.itemsize * 8, bits, bits - 1, signed, planar_configuration=0
    )


def encoded(image: Samples, uid: str, bits: int, photometric: str = "MONOCHROME2", **loss: Any) -> bytes:
    planar = 0 if image.ndim == 3 else None
    return encode(image, pixel_of(image, bits, photometric), uid, Loss(**loss), planar_configuration=planar)


def decoded(data: bytes, image: Samples, uid: str, bits: int, photometric: str = "MONOCHROME2") -> Samples:
    pixel = pixel_of(image, bits, photometric)
    return route_for(uid, pixel).decode(data, np.empty(pixel.frame_shape, pixel.dtype))[0]


def test_what_is_encoded_can_be_decoded() -> None:
    assert set(SYNTAXES.values()) <= set(supported_transfer_syntaxes())


@st.composite
def samples_and_bits(draw: st.DrawFn, signed: bool) -> tuple[Samples, int]:
    bits = draw(st.integers(2, 16))
    kind = "i" if signed else "u"
    dtype = np.dtype(f"{kind}{1 if bits <= 8 and draw(st.booleans()) else 2}")
    lowest = -(1 << (bits - 1)) if signed else 0
    shape = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    return draw(arrays(dtype, shape, elements=st.integers(lowest, lowest + (1 << bits) - 1))), bits


@pytest.mark.parametrize("uid", [HTJ2K_LOSSLESS, JPEG_70, JPEG_XL, JPEG_LS, J2K_LOSSLESS, RLE])
@settings(max_examples=30)
@given(data=st.data())
def test_any_samples_come_back(uid: str, data: st.DataObject) -> None:
    image, bits = data.draw(samples_and_bits(uid in SIGNED and data.draw(st.booleans())))
    if uid == J2K_LOSSLESS and min(image.shape) < 32:
        with pytest.raises(UnsupportedPixelError, match="too small"):
            encoded(image, uid, bits)
        return
    if uid == JPEG_LS and image.size < 100:  # CharLS is given too small a buffer
        image = np.resize(image, (10, 10))
    np.testing.assert_array_equal(decoded(encoded(image, uid, bits), image, uid, bits), image)


# --- HTJ2K ------------------------------------------------------------------------------------------------------------


def htj2k_header(stream: bytes) -> Jpeg2000Header:
    header = sniff(stream).header
    assert isinstance(header, Jpeg2000Header)
    assert header.high_throughput
    return header


@pytest.mark.parametrize("bits", range(1, 17))
@pytest.mark.parametrize("kind", ["i", "u"])
def test_htj2k_of_every_precision_is_read_alike_by_three_decoders(kind: str, bits: int) -> None:
    dtype = f"{kind}{1 if bits <= 8 else 2}"
    image = smooth(dtype, bits=bits)
    image.flat[:2] = np.iinfo(dtype).min >> (image.dtype.itemsize * 8 - bits), (1 << (bits - (kind == "i"))) - 1
    stream = encoded(image, HTJ2K_RPCL, bits)
    header = htj2k_header(stream)
    assert (header.precision, header.signed, header.reversible) == (bits, kind == "i", True)
    for _, decoder in route_for(HTJ2K_RPCL, pixel_of(image, bits)).attempts:
        out = np.empty_like(image)
        np.testing.assert_array_equal(decoder(stream, pixel_of(image, bits), out, 0), image)
    np.testing.assert_array_equal(imagecodecs.htj2k_decode(stream), image)  # OpenJPH


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int8", "int16"])
@pytest.mark.parametrize("colour", [False, True])
def test_htj2k_of_a_full_container_is_what_the_library_writes_by_itself(dtype: str, colour: bool) -> None:
    image = smooth(dtype, colour=colour)
    if colour and dtype.startswith("i"):
        with pytest.raises(UnsupportedPixelError):
            encoded(image, HTJ2K_LOSSLESS, 8 * image.itemsize, "YBR_RCT")
        return
    photometric = "YBR_RCT" if colour else "MONOCHROME2"
    stream = encoded(image, HTJ2K_LOSSLESS, 8 * image.itemsize, photometric)
    assert stream == imagecodecs.htj2k_encode(image, reversible=True, resolutions=5, tlm=True)
    assert htj2k_header(stream).colour_transform == colour
    np.testing.assert_array_equal(decoded(stream, image, HTJ2K_LOSSLESS, 8 * image.itemsize, photometric), image)


@pytest.mark.parametrize(("shape", "levels"), [((64, 64), 5), ((2048, 3), 5), ((2049, 3), 6), ((5, 4100), 7)])
@pytest.mark.parametrize("uid", [HTJ2K_RPCL, HTJ2K_LOSSLESS, HTJ2K])
def test_htj2k_is_as_rpcl_options_want_it(uid: str, shape: tuple[int, int], levels: int) -> None:
    stream = encoded(np.resize(smooth("uint16", bits=12), shape), uid, 12)
    cod = stream.index(b"\xff\x52")
    assert stream[cod + 5] == 2  # RPCL
    assert stream[cod + 9] == levels
    assert max(shape) <= 64 << levels
    assert b"\xff\x55" in stream[: stream.index(b"\xff\x90")]  # TLM, in the main header


@pytest.mark.parametrize("psnr", [None, 40.0, 70.0])
@pytest.mark.parametrize("bits", [1, 3, 7, 8, 9, 12, 15, 16])
def test_lossy_htj2k_reaches_its_ratio(bits: int, psnr: float | None) -> None:
    noise = np.random.default_rng(0).integers(0, 1 << bits, (61, 83))
    for image in (smooth("uint16", bits=bits), noise.astype(np.uint16)):
        stream = encoded(image, HTJ2K, bits, psnr=psnr)
        assert htj2k_header(stream).precision == bits
        assert not htj2k_header(stream).reversible
        found = decoded(stream, image, HTJ2K, bits)
        assert int(found.max()) < 1 << bits
        mean_square = np.mean((found.astype(float) - image) ** 2)
        # In 32-bit floating point no more than about 95 dB are to be had.
        highest = (1 << bits) - 1
        assert mean_square <= max(highest**2 * 10 ** (-min(psnr or 100, 95) / 10), 0.1)


def test_a_lower_ratio_takes_fewer_bytes() -> None:
    image = smooth("uint16", bits=12)
    for uid in (J2K, HTJ2K):
        sizes = [len(encoded(image, uid, 12, psnr=psnr)) for psnr in (40, 60, 80)]
        assert sizes == sorted(set(sizes))
    sizes = [len(encoded(image, EXTENDED, 12, jpeg_quality=quality)) for quality in (50, 80, 100)]
    assert sizes == sorted(set(sizes))


# --- The others -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", range(2, 17))
@pytest.mark.parametrize("kind", ["i", "u"])
@pytest.mark.parametrize("uid", [JPEG_57, JPEG_70])
def test_lossless_jpeg_has_the_precision_and_the_first_predictor(uid: str, kind: str, bits: int) -> None:
    image = smooth(f"{kind}2", bits=bits) if bits > 8 else smooth(f"{kind}1", bits=bits)
    stream = encoded(image, uid, bits)
    header = sniff(stream).header
    assert (sniff(stream).precision, header.is_lossless, header.scan_parameters[0]) == (bits, True, 1)
    np.testing.assert_array_equal(decoded(stream, image, uid, bits), image)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossless_colour(bits: int) -> None:
    image = smooth("uint8" if bits == 8 else "uint16", bits=bits, colour=True)
    cases = ((JPEG_70, "RGB"), (JPEG_XL, "RGB"), (HTJ2K_RPCL, "YBR_RCT"), (J2K_LOSSLESS, "YBR_RCT"), (JPEG_LS, "RGB"))
    for uid, photometric in cases:
        stream = encoded(image, uid, bits, photometric)
        assert sniff(stream).precision == bits
        np.testing.assert_array_equal(decoded(stream, image, uid, bits, photometric), image)


def test_extended_jpeg_is_of_12_bits() -> None:
    image = smooth("uint16", bits=12)
    stream = encoded(image, EXTENDED, 12)
    assert sniff(stream).precision == 12
    assert np.abs(decoded(stream, image, EXTENDED, 12).astype(int) - image).mean() < 8


@pytest.mark.parametrize("max_error", [0, 1, 3, 10])
@pytest.mark.parametrize(("dtype", "bits", "colour"), [("uint8", 8, False), ("uint16", 12, False), ("uint8", 8, True)])
def test_near_lossless_keeps_its_bound(dtype: str, bits: int, colour: bool, max_error: int) -> None:
    image = smooth(dtype, bits=bits, colour=colour)
    photometric = "RGB" if colour else "MONOCHROME2"
    stream = encoded(image, NEAR_LOSSLESS, bits, photometric, max_error=max_error)
    found = decoded(stream, image, NEAR_LOSSLESS, bits, photometric)
    assert np.abs(found.astype(int) - image).max() == max_error  # with noise in it, it uses what it may


@pytest.mark.parametrize("loss", [{"jpeg_quality": 0}, {"jpeg_quality": 101}, {"psnr": 0}, {"psnr": float("nan")}])
def test_impossible_loss_raises(loss: dict[str, Any]) -> None:
    uid = BASELINE if "jpeg_quality" in loss else J2K
    with pytest.raises(InvalidAttributeError, match="out of range"):
        encoded(smooth("uint8"), uid, 8, **loss)


@pytest.mark.parametrize("uid", SYNTAXES.values())
def test_loss_of_another_format_raises(uid: str) -> None:
    bits = 12 if uid == EXTENDED else 8
    image = smooth("uint16" if uid == EXTENDED else "uint8", bits=bits)
    for name in {"jpeg_quality", "psnr", "max_error"} - {encoder_for(uid).loss}:
        with pytest.raises(InvalidAttributeError, match=f"'{name}' means nothing"):
            encoded(image, uid, bits, **{name: 50})


@pytest.mark.parametrize("uid", SYNTAXES.values())
def test_samples_beyond_bits_stored_raise(uid: str) -> None:
    image = smooth("uint16", bits=12)
    image[3, 4] = 4096
    with pytest.raises((InvalidAttributeError, UnsupportedPixelError)) as caught:
        encoded(image, uid, 12)
    if uid != BASELINE:
        assert "expected 0 to 4095, found" in str(caught.value)
        assert caught.value.tag == "(0028,0101) 'Bits Stored'"


@pytest.mark.parametrize("uid", SIGNED)
def test_signed_samples_beyond_bits_stored_raise(uid: str) -> None:
    for value in (-2049, 2048):
        image = smooth("int16", bits=12)
        image[3, 4] = value
        with pytest.raises(InvalidAttributeError, match="expected -2048 to 2047, found"):
            encoded(image, uid, 12)


def test_bits_that_do_not_fill_bytes_raise_natively_alone() -> None:
    image = np.ones((3, 5), np.uint8)
    pixel = ImagePixel(3, 5, bits_allocated=1, bits_stored=1, high_bit=0)
    with pytest.raises(UnsupportedPixelError, match="multiple of 8 samples, found 15"):
        encode(image, pixel, NATIVE, Loss())
    stream = encode(image, pixel, HTJ2K_LOSSLESS, Loss())
    np.testing.assert_array_equal(route_for(HTJ2K_LOSSLESS, pixel).decode(stream, np.empty_like(image))[0], image)


# --- Encoders that do not write what they were given ------------------------------------------------------------------


def lying(encoder: Any, change: Callable[[Samples], Samples]) -> Any:
    """Return the encoder with a fault: it encodes other samples than it is given."""
    return dataclasses.replace(encoder, encode=lambda samples, *rest: encoder.encode(change(samples), *rest))


def one_higher(samples: Samples) -> Samples:
    changed = samples.copy()
    changed[5, 7] ^= 1
    return changed


@pytest.mark.parametrize("uid", [uid for uid in COMPARED if encoder_for(uid).loss in ("", "max_error")])
def test_one_wrong_sample_is_noticed(monkeypatch: pytest.MonkeyPatch, uid: str) -> None:
    monkeypatch.setattr(module, "encoder_for", lambda uid: lying(encoder_for(uid), one_higher))
    with pytest.raises(FrameEncodeError, match="other samples"):
        encoded(smooth("uint16", bits=12), uid, 12)


def test_more_loss_than_allowed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(uid: str) -> Any:
        encoder = encoder_for(uid)
        return dataclasses.replace(encoder, encode=lambda *given: encoder.encode(*given[:2], Loss(max_error=4)))

    monkeypatch.setattr(module, "encoder_for", careless)
    encoded(smooth("uint16", bits=12), NEAR_LOSSLESS, 12, max_error=4)
    for allowed in (0, 3):
        with pytest.raises(FrameEncodeError, match="other samples"):
            encoded(smooth("uint16", bits=12), NEAR_LOSSLESS, 12, max_error=allowed)


@pytest.mark.parametrize("uid", [J2K, HTJ2K])
def test_garbage_is_noticed_where_loss_is_allowed(monkeypatch: pytest.MonkeyPatch, uid: str) -> None:
    monkeypatch.setattr(
        module, "encoder_for", lambda uid: lying(encoder_for(uid), lambda samples: samples[::-1].copy())
    )
    with pytest.raises(FrameEncodeError, match="other samples"):
        encoded(smooth("uint16", bits=12), uid, 12, psnr=50)


@pytest.mark.parametrize("uid", COMPARED)
def test_a_stream_cut_short_is_noticed(monkeypatch: pytest.MonkeyPatch, uid: str) -> None:
    def cut(uid: str) -> Any:
        encoder = encoder_for(uid)
        return dataclasses.replace(encoder, encode=lambda *given: encoder.encode(*given)[:-9])

    monkeypatch.setattr(module, "encoder_for", cut)
    with pytest.raises(FrameEncodeError, match="cannot be decoded"):
        encoded(smooth("uint16", bits=12), uid, 12)


def test_a_library_that_fails_is_named() -> None:
    with pytest.raises(FrameEncodeError, match="the encoder failed") as caught:
        encoded(np.zeros((2, 2), np.uint8), JPEG_LS, 8)  # its buffer is too small
    assert isinstance(caught.value, HdgpuError)
    assert "1.2.840.10008.1.2.4.80" in str(caught.value)


def test_jpeg2000_in_threads() -> None:
    """The library crashes where two threads encode at a time: in a process of its own, or it would end this one."""
    code = """
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from hdgpu.frame import encode_frame
frames = [np.random.default_rng(i).integers(0, 4000, (300 + i, 200), np.uint16) for i in range(40)]
with ThreadPoolExecutor(4) as pool:
    encode = lambda frame: encode_frame(frame, "1.2.840.10008.1.2.4.90", 16, 12, "MONOCHROME2")
    assert list(pool.map(encode, frames)) == [encode(frame) for frame in frames]
"""
    subprocess.run([sys.executable, "-c", code], check=True)
