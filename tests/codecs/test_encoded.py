"""Frames encoded here, for what no sample file holds: HTJ2K, JPEG XL, signed samples, other depths, RLE by hand."""

from __future__ import annotations

import io
import itertools
import struct
import sys
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hdgpu.codecs import libraries
from hdgpu.codecs.route import route_for
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.codecs.sniff.jpegxl import JpegXlHeader
from hdgpu.compiled import extension
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, MissingDependencyError, PixelDataSizeError, UnsupportedPixelError

PREFIX = "1.2.840.10008.1.2"
RLE, BASELINE, EXTENDED, LOSSLESS = PREFIX + ".5", PREFIX + ".4.50", PREFIX + ".4.51", PREFIX + ".4.70"
JPEG_LS, J2K, HTJ2K, JPEG_XL = PREFIX + ".4.80", PREFIX + ".4.90", PREFIX + ".4.201", PREFIX + ".4.110"


def smooth(dtype: str, *, bits: int = 0, colour: bool = False) -> NDArray[Any]:
    """Make an image that fills the range of `bits` bits, with some noise."""
    info = np.iinfo(dtype)
    bits = bits or info.bits
    y, x = np.mgrid[:61, :83]
    noise = np.random.default_rng(0).normal(0, 0.01, x.shape)
    wave = 0.5 + 0.4 * np.sin(x / 17) * np.cos(y / 9) + noise
    lowest = -(1 << (bits - 1)) if info.min < 0 else 0
    grey = (lowest + wave * ((1 << bits) - 1)).astype(dtype)
    return np.stack([grey, grey[::-1], grey[:, ::-1]], axis=-1) if colour else grey


def pixel_of(image: NDArray[Any], *, bits: int = 0, signed: bool | None = None, photometric: str = "") -> ImagePixel:
    allocated = image.dtype.itemsize * 8
    samples = 1 if image.ndim == 2 else 3
    bits = bits or allocated
    photometric = photometric or ("MONOCHROME2" if samples == 1 else "RGB")
    signed = image.dtype.kind == "i" if signed is None else signed
    return ImagePixel(*image.shape[:2], samples, photometric, allocated, bits, bits - 1, int(signed))


def decode(uid: str, pixel: ImagePixel, data: bytes) -> tuple[NDArray[Any], str]:
    return route_for(uid, pixel).decode(data, np.empty(pixel.frame_shape, pixel.dtype))


IMAGES = [("uint8", 8, False), ("uint16", 16, False), ("uint16", 12, False), ("uint8", 8, True), ("uint16", 16, True)]
SIGNED_IMAGES = [("int8", 8, False), ("int16", 16, False), ("int16", 12, False)]


@pytest.mark.parametrize(("dtype", "bits", "colour"), IMAGES + SIGNED_IMAGES)
@pytest.mark.parametrize("padding", [b"", b"\0"])
def test_high_throughput_jpeg_2000(dtype: str, bits: int, colour: bool, padding: bytes) -> None:
    image = smooth(dtype, bits=bits, colour=colour)
    data = imagecodecs.htj2k_encode(image)
    assert sniff(data).header.high_throughput
    pixel = pixel_of(image, bits=bits)
    for name, decoder in route_for(HTJ2K, pixel).attempts:
        found = decoder(data + padding, pixel, np.empty(pixel.frame_shape, pixel.dtype), 0)
        np.testing.assert_array_equal(found, image, err_msg=name)


@pytest.mark.parametrize(("dtype", "bits", "colour"), IMAGES + SIGNED_IMAGES)
@pytest.mark.parametrize("codec_format", ["j2k", "jp2"])
def test_jpeg_2000(dtype: str, bits: int, colour: bool, codec_format: str) -> None:
    image = smooth(dtype, bits=bits, colour=colour)
    options = {"reversible": True, "level": 0, "codecformat": codec_format, "bitspersample": bits}
    found, name = decode(J2K, pixel_of(image, bits=bits), imagecodecs.jpeg2k_encode(image, **options))
    np.testing.assert_array_equal(found, image)
    assert name == ("compiled:jpeg2k" if extension() and codec_format == "j2k" else "imagecodecs:jpeg2k")


@pytest.mark.parametrize("stream_signed", [False, True])
def test_jpeg_2000_of_the_other_sign_is_read_anew(stream_signed: bool) -> None:
    image = smooth("int16" if stream_signed else "uint16", bits=12)
    data = imagecodecs.jpeg2k_encode(image, reversible=True, level=0, codecformat="j2k", bitspersample=12)
    found, _ = decode(J2K, pixel_of(image, bits=12, signed=not stream_signed), data)
    expected = image.astype(np.int64) & 0xFFF
    if not stream_signed:
        expected = np.where(expected < 2048, expected, expected - 4096)
    np.testing.assert_array_equal(found, expected)
    colour = smooth("int8" if stream_signed else "uint8", colour=True)
    data = imagecodecs.jpeg2k_encode(colour, reversible=True, level=0, codecformat="j2k")
    with pytest.raises(FrameDecodeError, match="another sign"):
        decode(J2K, pixel_of(colour, signed=not stream_signed), data)


@pytest.mark.parametrize(("dtype", "bits", "colour"), IMAGES)
@pytest.mark.parametrize("container", [False, True])
def test_jpeg_xl(dtype: str, bits: int, colour: bool, container: bool) -> None:
    image = smooth(dtype, bits=bits, colour=colour)
    data = imagecodecs.jpegxl_encode(image, lossless=True, bitspersample=bits, usecontainer=container)
    header = sniff(data).header
    assert isinstance(header, JpegXlHeader)
    assert (header.rows, header.columns, header.components, header.precision) == (61, 83, 3 if colour else 1, bits)
    found, name = decode(JPEG_XL, pixel_of(image, bits=bits), data)
    assert name == "imagecodecs:jpegxl"
    np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize("shape", [(256, 256), (8, 16), (320, 200), (1, 1), (2000, 3)])
def test_jpeg_xl_sizes(shape: tuple[int, int]) -> None:
    stream = sniff(imagecodecs.jpegxl_encode(np.zeros(shape, np.uint8), lossless=True))
    assert (stream.rows, stream.columns) == shape


def test_jpeg_xl_transcoded_from_jpeg_comes_back_as_rgb() -> None:
    image = smooth("uint8", colour=True)
    jpeg = imagecodecs.jpeg8_encode(image, level=95, subsampling="444")
    data = imagecodecs.jpegxl_encode_jpeg(jpeg) if hasattr(imagecodecs, "jpegxl_encode_jpeg") else None
    if data is None:
        pytest.skip("this imagecodecs does not transcode JPEG to JPEG XL")
    found, _ = decode(PREFIX + ".4.111", pixel_of(image, photometric="YBR_FULL"), data)
    assert np.abs(found.astype(int) - image).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_xl_to_be_turned_raises(orientation: int) -> None:
    """The encoder takes the orientation from a JPEG file's Exif data; libjxl would turn the image."""
    image = np.add.outer(np.arange(48) * 2, np.arange(48) * 3).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(file := io.BytesIO(), "JPEG", quality=95, exif=exif)
    data = imagecodecs.jpegxl_encode_jpeg(file.getvalue())
    if orientation > 1:
        with pytest.raises(UnsupportedPixelError, match=f"expected orientation 1, found {orientation}"):
            decode(PREFIX + ".4.111", pixel_of(image), data)
    else:
        assert np.abs(decode(PREFIX + ".4.111", pixel_of(image), data)[0].astype(int) - image).max() < 4


@pytest.mark.parametrize(("dtype", "bits", "colour"), IMAGES)
def test_jpeg_ls(dtype: str, bits: int, colour: bool) -> None:
    image = smooth(dtype, bits=bits, colour=colour)
    found, _ = decode(JPEG_LS, pixel_of(image, bits=bits), imagecodecs.jpegls_encode(image))
    np.testing.assert_array_equal(found, image)


def test_jpeg_ls_takes_the_sign_from_its_highest_bit() -> None:
    image = smooth("int16", bits=12)
    jpeg_ls = pytest.importorskip("jpeg_ls", reason="needs pip install pyjpegls")
    unsigned = (image & 0xFFF).astype(np.uint16)
    data = bytes(jpeg_ls.encode_buffer(unsigned.tobytes(), *image.shape, 1, 12))
    assert sniff(data).precision == 12
    np.testing.assert_array_equal(decode(JPEG_LS, pixel_of(image, bits=12), data)[0], image)


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize(("dtype", "bits", "colour"), IMAGES)
def test_lossless_jpeg(dtype: str, bits: int, colour: bool, predictor: int) -> None:
    image = smooth(dtype, bits=bits, colour=colour)
    data = imagecodecs.jpeg8_encode(image, lossless=True, predictor=predictor, bitspersample=bits)
    found, name = decode(LOSSLESS, pixel_of(image, bits=bits), data)
    np.testing.assert_array_equal(found, image)
    assert name == "imagecodecs:jpeg"


def test_lossless_jpeg_of_full_range_noise() -> None:
    image = np.random.default_rng(0).integers(0, 1 << 16, (64, 64), dtype=np.uint16)
    image[5, 5:7] = 0, 1 << 15  # a difference of category 16, which takes up no further bits
    data = imagecodecs.jpeg8_encode(image, lossless=True, predictor=1, bitspersample=16)
    found, name = decode(LOSSLESS, pixel_of(image), data)
    np.testing.assert_array_equal(found, image)
    assert name == "imagecodecs:jpeg"


@pytest.mark.parametrize("shape", [(61, 83), (64, 64), (8, 8), (5, 3), (17, 16), (3, 200)])
@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
def test_baseline_jpeg_of_any_shape_is_verified(shape: tuple[int, int], subsampling: str) -> None:
    image = np.resize(smooth("uint8", colour=True), (*shape, 3))
    data = imagecodecs.jpeg8_encode(image, level=90, subsampling=subsampling)
    found, name = decode(BASELINE, pixel_of(image, photometric="YBR_FULL_422"), data)
    assert name == "imagecodecs:jpeg"
    np.testing.assert_array_equal(found, imagecodecs.jpeg8_decode(data))


@pytest.mark.parametrize("grey", [0, 127, 128, 255])
@pytest.mark.parametrize("optimize", [False, True])
def test_baseline_jpeg_of_one_colour_is_verified(grey: int, optimize: bool) -> None:
    image = np.full((40, 56), grey, np.uint8)
    found, _ = decode(BASELINE, pixel_of(image), imagecodecs.jpeg8_encode(image, level=90, optimize=optimize))
    np.testing.assert_array_equal(found, image)


def test_twelve_bit_jpeg_is_decoded_twice() -> None:
    image = smooth("uint16", bits=12)
    data = imagecodecs.jpeg8_encode(image, level=98, bitspersample=12)
    found, name = decode(EXTENDED, pixel_of(image, bits=12), data)
    assert name == "pylibjpeg:libjpeg"
    assert np.abs(found.astype(int) - imagecodecs.jpeg8_decode(data)).max() <= 2


@pytest.mark.parametrize("options", [{"restart_marker_blocks": 3}, {"restart_marker_rows": 1}, {"progressive": True}])
@pytest.mark.parametrize("colour", [False, True])
def test_jpeg_that_the_first_route_cannot_verify(options: dict[str, Any], colour: bool) -> None:
    image = smooth("uint8", colour=colour)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=90, **options)
    data = buffer.getvalue()
    pixel = pixel_of(image, photometric="YBR_FULL_422" if colour else "")
    found, name = decode(BASELINE, pixel, data)
    assert name == "pylibjpeg:libjpeg"
    assert np.abs(found.astype(int) - imagecodecs.jpeg8_decode(data)).mean() < 1
    with pytest.raises(FrameDecodeError):
        decode(BASELINE, pixel, data[: len(data) * 3 // 4])
    if "progressive" not in options:
        second, third = data.index(b"\xff\xd1"), data.index(b"\xff\xd2")
        with pytest.raises(FrameDecodeError, match="are not all there"):
            decode(BASELINE, pixel, data[:second] + data[third:])


@pytest.fixture
def without_libjpeg(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the library whose licence is the GPL, and which therefore need not be there."""
    monkeypatch.setitem(sys.modules, "libjpeg", None)
    libraries._load.cache_clear()
    yield
    libraries._load.cache_clear()


@pytest.mark.usefixtures("without_libjpeg")
def test_jpeg_that_needs_no_second_decoder_goes_without_it() -> None:
    image = smooth("uint8", colour=True)
    data = imagecodecs.jpeg8_encode(image, level=90)
    _, name = decode(BASELINE, pixel_of(image, photometric="YBR_FULL_422"), data)
    assert name == "imagecodecs:jpeg"
    with pytest.raises(FrameDecodeError):
        decode(BASELINE, pixel_of(image, photometric="YBR_FULL_422"), data[: len(data) * 3 // 4] + b"\xff\xd9")
    image = smooth("uint16", bits=12)
    lossless = imagecodecs.jpeg8_encode(image, lossless=True, predictor=1, bitspersample=12)
    np.testing.assert_array_equal(decode(LOSSLESS, pixel_of(image, bits=12), lossless)[0], image)


@pytest.mark.usefixtures("without_libjpeg")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "more than 8 bits"),
        ({"progressive": True}, "nor lossless"),
        ({"restart_marker_rows": 1}, "restart markers"),
    ],
)
def test_jpeg_that_needs_a_second_decoder_says_how_to_get_it(options: dict[str, Any], reason: str) -> None:
    bits = 8 if options else 12
    image = smooth("uint8" if options else "uint16", bits=bits)
    if options:
        Image.fromarray(image).save(buffer := io.BytesIO(), "JPEG", quality=90, **options)
        data = buffer.getvalue()
    else:
        data = imagecodecs.jpeg8_encode(image, level=98, bitspersample=12)
    with pytest.raises(MissingDependencyError, match=reason) as caught:
        decode(EXTENDED, pixel_of(image, bits=bits), data)
    assert caught.value.remedy == 'pip install "hdgpu[libjpeg]"'
    assert "pylibjpeg-libjpeg is not installed" in str(caught.value)


def test_decoders_that_disagree_on_a_restart_interval_raise() -> None:
    image = smooth("uint8")
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=90, restart_marker_blocks=3)
    data = buffer.getvalue()
    second, third = data.index(b"\xff\xd1"), data.index(b"\xff\xd2")
    garbage = bytes(range(1, third - second - 1))
    with pytest.raises(FrameDecodeError, match="two decoders disagree"):
        decode(BASELINE, pixel_of(image), data[: second + 2] + garbage + data[third:])


def test_eight_bit_jpeg_in_a_container_of_sixteen_raises() -> None:
    data = imagecodecs.jpeg8_encode(smooth("uint8"))
    with pytest.raises(PixelDataSizeError, match="expected 8, found 16"):
        decode(BASELINE, pixel_of(smooth("uint16"), bits=12), data)


def rle_frame(*segments: bytes) -> bytes:
    offsets = [64 + sum(map(len, segments[:index])) for index in range(len(segments))]
    return struct.pack("<16I", len(segments), *offsets, *[0] * (15 - len(segments))) + b"".join(segments)


HIGH, LOW = b"\x03\x01\x02\x03\x04", b"\xfd\x07"  # four different bytes, and four times the same


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0\0", b"\0\0\0"])
def test_rle_by_hand(padding: bytes) -> None:
    pixel = ImagePixel(1, 4)
    found, name = decode(RLE, pixel, rle_frame(HIGH + padding, b"\x80" + LOW + padding))
    np.testing.assert_array_equal(found, [[0x107, 0x207, 0x307, 0x407]])
    assert name == ("imagecodecs:rle" if len(padding) < 2 else "python:rle")


@pytest.mark.parametrize(
    ("dtype", "samples"), [("u1", 1), ("u1", 3), ("i2", 1), ("u2", 3), ("u4", 1), ("u4", 3), ("u8", 1)]
)
def test_rle_of_every_container(dtype: str, samples: int) -> None:
    image = np.random.default_rng(0).integers(0, 1 << 31, (4, 8, samples)).astype(dtype)
    image = image if samples == 3 else image[:, :, 0]
    most_significant_first = image.astype(np.dtype(dtype).newbyteorder(">")).reshape(32, samples).view(np.uint8)
    planes = most_significant_first.reshape(32, -1).T
    data = rle_frame(*(bytes([31]) + plane.tobytes() for plane in planes))
    pixel = pixel_of(image)
    for _, decoder in route_for(RLE, pixel).attempts:
        np.testing.assert_array_equal(decoder(data, pixel, np.empty_like(image), 0), image)


@pytest.mark.parametrize(
    ("problem", "segments"),
    {
        "first too short": (b"\x02abc", LOW),
        "second too short": (HIGH, b"\xfe\x07"),
        "both too short": (b"\x02abc", b"\xfe\x07"),
        "first too long and second too short by as much": (b"\x04abcde", b"\xfe\x07"),
        "first too short and second too long by as much": (b"\x02abc", b"\xfc\x07"),
        "too long": (HIGH, b"\xfc\x07"),
        "goes on": (HIGH, LOW + b"\x01ab"),
        "ends within a run": (HIGH, b"\x03ab"),
        "ends before a run": (HIGH, b"\xfd"),
    }.items(),
)
def test_damaged_rle_segments_raise(problem: str, segments: tuple[bytes, bytes]) -> None:
    with pytest.raises(FrameDecodeError):
        decode(RLE, ImagePixel(1, 4), rle_frame(*segments))


@pytest.mark.parametrize(("dtype", "samples"), [("u1", 1), ("u2", 1), ("u4", 1), ("u1", 3), ("u2", 3)])
def test_rle_segments_of_wrong_length_raise_whatever_their_sum(dtype: str, samples: int) -> None:
    bits = 8 * np.dtype(dtype).itemsize
    pixel = ImagePixel(1, 4, samples, "RGB" if samples == 3 else "MONOCHROME2", bits, bits, bits - 1)
    for lengths in itertools.product((3, 4, 5), repeat=samples * bits // 8):
        data = rle_frame(*(bytes([length - 1, *range(1, length + 1)]) for length in lengths))
        if set(lengths) == {4}:
            assert decode(RLE, pixel, data)[0].any()
        else:
            with pytest.raises(FrameDecodeError):
                decode(RLE, pixel, data)


@pytest.mark.parametrize(
    "header", [(3, 64, 69, 71), (2, 69, 64), (2, 64, 64), (2, 0, 69), (2, 64, 1 << 31), (2, 64, 71)]
)
def test_damaged_rle_header_raises(header: tuple[int, ...]) -> None:
    words = struct.pack("<16I", *header, *[0] * (16 - len(header)))
    with pytest.raises((FrameDecodeError, PixelDataSizeError)):
        decode(RLE, ImagePixel(1, 4), words + HIGH + LOW)
    with pytest.raises(FrameDecodeError, match="cut short"):
        decode(RLE, ImagePixel(1, 4), words[:63])
