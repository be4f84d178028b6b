"""The JPEG-LS decoder of the extension: equal to CharLS wherever it takes a stream, and particular about which."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hdgpu import compiled
from hdgpu.codecs.jpeg_ls import decode_jpeg_ls
from hdgpu.codecs.route import Route, route_for
from hdgpu.codecs.sniff.jpeg import read_jpeg_header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, HdgpuError
from tests.codecs.frames_of import frame_bytes, image_pixel
from tests.sample_files import SAMPLE_FILES, UNDECODABLE, SampleFile

jpeg_ls = pytest.importorskip("jpeg_ls", reason="needs pip install pyjpegls")
extension = compiled.extension()
pytestmark = pytest.mark.skipif(
    extension is None, reason="needs the compiled extension: a C++ compiler at installation"
)
LOSSLESS = "1.2.840.10008.1.2.4.80"
SIZES = [1, 2, 3, 5, 7, 8, 9, 16, 31, 64, 65, 130]


def pixel_of(image: NDArray[Any], **values: Any) -> ImagePixel:
    allocated = 8 * image.dtype.itemsize
    samples, photometric = (1, "MONOCHROME2") if image.ndim == 2 else (3, "RGB")
    signed = int(image.dtype.kind == "i")
    return ImagePixel(*image.shape[:2], samples, photometric, allocated, allocated, allocated - 1, signed)


def decode(data: bytes, pixel: ImagePixel) -> NDArray[Any] | None:
    return decode_jpeg_ls(data, pixel, np.full(pixel.frame_shape, 77, pixel.dtype), 0)


def by_the_others(data: bytes, pixel: ImagePixel) -> NDArray[Any]:
    route = Route("others", True, pixel, route_for(LOSSLESS, pixel).attempts[1:])
    return route.decode(data, np.empty(pixel.frame_shape, pixel.dtype))[0]


def make_image(kind: str, shape: tuple[int, ...], bits: int, seed: int = 0) -> NDArray[Any]:
    """Of `bits` bits, in the container they need."""
    random = np.random.default_rng(seed)
    largest = (1 << bits) - 1
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    wave = (largest / 2 * (1 + 0.9 * np.sin(rows / 7) * np.cos(columns / 9))).reshape(
        *shape[:2], *[1] * (len(shape) - 2)
    )
    image = {
        "noise": random.integers(0, largest + 1, shape),
        "constant": np.full(shape, random.integers(0, largest + 1)),
        "gradient": (3 * rows + 2 * columns).reshape(wave.shape) + random.integers(0, 2, shape),
        "smooth": wave + random.normal(0, largest / 100, shape),
        "runs": np.where(random.random(shape) < 0.03, random.integers(0, largest + 1, shape), largest // 2),
        "clipped": random.normal(0, 2, shape),
        "extremes": random.choice([0, largest], shape),
    }[kind]
    return np.clip(image, 0, largest).astype("u1" if bits <= 8 else "u2")


KINDS = ["noise", "constant", "gradient", "smooth", "runs", "clipped", "extremes"]


def pyjpegls_encode(image: NDArray[Any], bits: int, **options: Any) -> bytes:
    """Encode with a precision of `bits`, where imagecodecs makes it that of the container."""
    samples = image.shape[2] if image.ndim == 3 else 1
    return bytes(jpeg_ls.encode_buffer(image.tobytes(), *image.shape[:2], samples, bits, **options))


# --- What it takes ----------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(KINDS),
    st.tuples(st.sampled_from(SIZES), st.sampled_from(SIZES)),
    st.integers(2, 16),
    st.booleans(),
    st.integers(0, 3),
)
def test_round_trip(kind: str, shape: tuple[int, int], bits: int, whole_container: bool, seed: int) -> None:
    image = make_image(kind, shape, bits, seed)
    try:
        data = imagecodecs.jpegls_encode(image) if whole_container else pyjpegls_encode(image, bits)
    except RuntimeError:  # CharLS is given too small a buffer for such an image
        return
    found = decode(data, pixel_of(image))
    assert found is not None
    np.testing.assert_array_equal(found, image)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("kind", KINDS)
def test_image_of_usual_size(kind: str, bits: int) -> None:
    image = make_image(kind, (300, 257), bits)
    data = pyjpegls_encode(image, bits)
    np.testing.assert_array_equal(decode(data, pixel_of(image)), image)


FILES = [file for file in SAMPLE_FILES if ".4.8" in file.transfer_syntax and file.name not in UNDECODABLE]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_sample_files(file: SampleFile) -> None:
    dataset = file.read()
    data, pixel = frame_bytes(dataset, 0), image_pixel(dataset)
    found = decode(data, pixel)
    assert (found is None) == (pixel.samples_per_pixel > 1 or read_jpeg_header(data).near > 0)
    if found is not None:
        np.testing.assert_array_equal(found, by_the_others(data, pixel))


@pytest.mark.parametrize("bits", [7, 8, 12, 16])
def test_sign_is_the_highest_bit_of_the_stream(bits: int) -> None:
    image = make_image("noise", (20, 30), bits)
    data = pyjpegls_encode(image, bits)
    pixel = pixel_of(image.view(image.dtype.str.replace("u", "i")))
    found = decode(data, pixel)
    assert found is not None
    assert found.min() < 0
    np.testing.assert_array_equal(found, by_the_others(data, pixel))


def test_eight_bits_in_a_container_of_sixteen() -> None:
    image = make_image("smooth", (40, 50), 8)
    np.testing.assert_array_equal(decode(pyjpegls_encode(image, 8), pixel_of(image.astype("u2"))), image)
    assert decode(pyjpegls_encode(image.astype("u2"), 12), pixel_of(image)) is None


def with_segment(data: bytes, segment: bytes) -> bytes:
    """Insert a marker segment before the scan's header."""
    at = data.index(b"\xff\xda\x00\x08")
    return data[:at] + segment + data[at:]


def preset(*values: int, kind: int = 1) -> bytes:
    return struct.pack(">HHB5H", 0xFFF8, 13, kind, *values)


def test_preset_coding_parameters() -> None:
    """Thresholds and RESET other than the default: another image, but the same from every decoder."""
    image = make_image("smooth", (40, 50), 12)
    data, pixel = pyjpegls_encode(image, 12), pixel_of(image)
    for defaults in (preset(0, 0, 0, 0, 0), preset(4095, 18, 67, 276, 64), preset(4095, 18, 0, 276, 0)):
        np.testing.assert_array_equal(decode(with_segment(data, defaults), pixel), image)
    flat = b"\xff\xd8" + data[data.index(b"\xff\xf7") :]
    taken = 0
    for values in ((4095, 1, 1, 1, 64), (0, 4095, 4095, 4095, 3), (4095, 7, 80, 300, 255), (0, 20, 21, 22, 31)):
        for noise in range(40):
            # A scan of an image that was encoded with the defaults hardly ever ends where it should.
            random = np.random.default_rng(noise)
            scan = random.integers(0, 128, 40, "u1").tobytes()
            for columns in range(1, 24):
                start = bytearray(with_segment(flat, preset(*values)))
                header = start[: start.index(b"\xff\xda\x00\x08") + 10]
                struct.pack_into(">HH", header, 7, 1, columns)
                small = pixel_of(np.empty((1, columns), "u2"))
                taken += outcome_is_that_of_the_others(bytes(header) + scan[: columns + 3] + b"\xff\xd9", small)
    assert taken > 10
    wrong = [(4094, 0, 0, 0, 0), (0, 67, 18, 276, 0), (0, 18, 67, 4096, 0), (0, 0, 0, 0, 2), (0, 0, 0, 0, 256)]
    for values in wrong:
        assert decode(with_segment(data, preset(*values)), pixel) is None
    assert decode(with_segment(data, preset(0, 0, 0, 0, 0, kind=2)), pixel) is None
    assert decode(with_segment(data, 2 * preset(0, 0, 0, 0, 0)), pixel) is None


def test_bytes_after_the_end() -> None:
    image = make_image("smooth", (20, 30), 12)
    data = pyjpegls_encode(image, 12)
    for padding in (b"", b"\0", bytes(100)):
        np.testing.assert_array_equal(decode(data + padding, pixel_of(image)), image)


# --- What it declines -------------------------------------------------------------------------------------------------


def plain(kind: str = "smooth", shape: tuple[int, ...] = (40, 50), bits: int = 8) -> tuple[bytes, ImagePixel]:
    image = make_image(kind, shape, bits)
    return pyjpegls_encode(image, bits), pixel_of(image)


@pytest.mark.parametrize("interleave", [0, 1, 2])
def test_colour_is_left_to_the_others(interleave: int) -> None:
    image = make_image("smooth", (20, 30, 3), 8)
    planes = image.transpose(2, 0, 1) if interleave == 0 else image
    data = bytes(jpeg_ls.encode_buffer(planes.tobytes(), 20, 30, 3, 8, interleave_mode=interleave))
    assert decode(data, pixel_of(image)) is None
    np.testing.assert_array_equal(by_the_others(data, pixel_of(image)), image)
    assert decode(data, pixel_of(image[..., 0])) is None


@pytest.mark.parametrize("bits", [8, 12])
def test_near_lossless_is_left_to_the_others(bits: int) -> None:
    image = make_image("smooth", (40, 50), bits)
    data, pixel = pyjpegls_encode(image, bits, lossy_error=3), pixel_of(image)
    assert decode(data, pixel) is None
    out = np.empty(pixel.frame_shape, pixel.dtype)
    stored, name = route_for("1.2.840.10008.1.2.4.81", pixel).decode(data, out)
    assert name == "imagecodecs:jpegls"
    assert 0 < np.abs(stored.astype(int) - image).max() <= 3


@pytest.mark.parametrize(
    "segment",
    [
        b"\xff\xdd\x00\x04\x00\x28",  # DRI
        b"\xff\xdd\x00\x05\x00\x00\x28",
        b"\xff\xf7\x00\x0b\x08\x00\x28\x00\x32\x01\x01\x11\x00",  # a second frame header
        b"\xff\xc4\x00\x02",  # DHT
        b"\xff\xdc\x00\x04\x00\x28",  # DNL
        b"\xff",
        b"\x00",
    ],
)
def test_other_marker_segments(segment: bytes) -> None:
    data, pixel = plain()
    assert decode(data, pixel) is not None
    assert decode(with_segment(data, segment), pixel) is None
    for passed in (b"\xff\xfe\x00\x05abc", b"\xff\xe0\x00\x02", b"\xff\xef\x00\x04\xff\xd9"):
        assert decode(with_segment(data, passed), pixel) is not None


def test_other_scans() -> None:
    """With a mapping table, a point transform, a restart marker, or a second one."""
    data, pixel = plain()
    at = data.index(b"\xff\xda\x00\x08")
    assert data[at + 4 : at + 10] == b"\x01\x01\x00\x00\x00\x00"
    for place in range(at + 4, at + 10):
        assert decode(data[:place] + bytes([data[place] + 1]) + data[place + 1 :], pixel) is None
    middle = at + 100
    for marker in (b"\xff\xd0", b"\xff\xd9", b"\xff\xff", data[at : at + 10]):
        assert decode(data[:middle] + marker + data[middle:], pixel) is None
    for marker in (b"\xff\xd0", b"\xff\xff", data[at:-2]):
        assert decode(data[:-2] + marker + data[-2:], pixel) is None


@pytest.mark.parametrize("change", [{"rows": 41}, {"columns": 49}, {"samples_per_pixel": 3}])
def test_other_size_in_the_data_set(change: dict[str, int]) -> None:
    data, _ = plain()
    values = {"rows": 40, "columns": 50, "samples_per_pixel": 1} | change
    photometric = "RGB" if values["samples_per_pixel"] == 3 else "MONOCHROME2"
    pixel = ImagePixel(*values.values(), photometric, 8, 8, 7)
    assert decode(data, pixel) is None
    with pytest.raises(HdgpuError, match="another number of"):
        route_for(LOSSLESS, pixel).decode(data, np.empty(pixel.frame_shape, pixel.dtype))


def test_buffer_of_another_size() -> None:
    assert extension is not None
    data, _ = plain()
    for out in (np.empty(1999, "u1"), np.empty(2000, "u4"), np.empty(0, "u1")):
        with pytest.raises(ValueError, match="not of one or two bytes for each sample"):
            extension.decode_jpeg_ls(data, out, 40, 50, False)
    with pytest.raises(ValueError, match="not of one or two bytes for each sample"):
        extension.decode_jpeg_ls(data, np.empty(2000, "u1"), 1 << 31, 1 << 31, False)


# --- Damage -----------------------------------------------------------------------------------------------------------


def outcome_is_that_of_the_others(data: bytes, pixel: ImagePixel) -> bool:
    """Whether the stream was taken; if so, then with the samples of CharLS, which saw nothing wrong with it either."""
    found = decode(data, pixel)
    if found is None:
        return False
    np.testing.assert_array_equal(found, imagecodecs.jpegls_decode(data))
    return True


@pytest.mark.parametrize(("kind", "bits"), [("smooth", 12), ("runs", 8), ("noise", 16)])
def test_every_truncation(kind: str, bits: int) -> None:
    """Cut short, and with EOI after the cut: bits are missing, or zeros that fill the last byte."""
    data, pixel = plain(kind, (20, 30), bits)
    assert all(decode(data[:length], pixel) is None for length in range(len(data)))
    start = data.index(b"\xff\xda\x00\x08") + 10
    assert all(decode(data[:length] + b"\xff\xd9", pixel) is None for length in range(start, len(data) - 3))


def test_bits_that_are_left_over() -> None:
    data, pixel = plain()
    for more in (b"\x00", b"\x80", b"\x00\x00", b"\xff\x00", b"\xff\x7f"):
        assert decode(data[:-2] + more + data[-2:], pixel) is None
    taken = sum(
        decode(data[:-3] + bytes([data[-3] & ~(1 << bit) | value << bit]) + data[-2:], pixel) is not None
        for bit in range(8)
        for value in range(2)
    )
    assert 8 <= taken < 16  # those that change nothing, or a sample


def test_a_stuffed_byte_at_the_end() -> None:
    """Where the last bits make a byte FF, a byte of stuffing comes before EOI (C.1)."""
    found = 0
    for rows in range(6, 30):
        for columns in range(8, 20):
            image = make_image("constant", (rows, columns), 8)  # each line is a run: a bit of one, or a few
            data = pyjpegls_encode(image, 8)
            found += data[-4:] == b"\xff\x00\xff\xd9"
            np.testing.assert_array_equal(decode(data, pixel_of(image)), image)
    assert found


STREAMS = {
    "smooth": lambda: plain("smooth", (20, 30), 12),
    "runs": lambda: plain("runs", (30, 40), 8),
    "noise": lambda: plain("noise", (9, 11), 16),
    "few bits": lambda: plain("noise", (12, 30), 2),
    "clipped": lambda: plain("clipped", (12, 30), 12),
}


@pytest.mark.parametrize("name", STREAMS)
def test_each_byte_changed(name: str) -> None:
    """Each byte, header and scan, to its neighbours and to what may be taken for a marker."""
    data, pixel = STREAMS[name]()
    taken = 0
    for place, byte in enumerate(data):
        for value in {byte ^ 1, byte ^ 0x10, byte ^ 0x80, 0x00, 0x7F, 0xD9, 0xFF} - {byte}:
            taken += outcome_is_that_of_the_others(data[:place] + bytes([value]) + data[place + 1 :], pixel)
    assert taken


@pytest.mark.parametrize("name", STREAMS)
def test_bytes_changed_lost_and_made_up(name: str) -> None:
    data, pixel = STREAMS[name]()
    start = data.index(b"\xff\xda\x00\x08") + 10
    random = np.random.default_rng(0)
    taken = 0
    for _ in range(4000):
        changed = bytearray(data)
        place = int(random.integers(start, len(data) - 2))
        kind = random.integers(4)
        if kind == 0:
            del changed[place]
        elif kind == 1:
            changed.insert(place, int(random.integers(256)))
        else:
            changed[place : place + 3] = random.bytes(int(random.integers(2, 4)))
        taken += outcome_is_that_of_the_others(bytes(changed), pixel)
    assert taken


def stream_of(scan: bytes, shape: tuple[int, int], bits: int = 8) -> tuple[bytes, ImagePixel]:
    frame = struct.pack(">HHBHHBBBB", 0xFFF7, 11, bits, *shape, 1, 1, 0x11, 0)
    data = b"\xff\xd8" + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + scan + b"\xff\xd9"
    return data, pixel_of(np.empty(shape, "u1" if bits <= 8 else "u2"))


def packed(bits: str) -> bytes:
    """Pack bits, with a zero before those that follow a byte FF (C.1)."""
    scan = bytearray()
    while bits:
        count = 7 if scan and scan[-1] == 0xFF else 8
        scan.append(int(bits[:count].ljust(count, "0"), 2))
        bits = bits[count:]
    return bytes(scan)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.integers(2, 16), st.integers(1, 6), st.integers(1, 12), st.binary(max_size=40))
def test_any_bytes_for_a_scan(bits: int, rows: int, columns: int, scan: bytes) -> None:
    outcome_is_that_of_the_others(*stream_of(scan, (rows, columns), bits))


def test_run_that_goes_beyond_its_line() -> None:
    """A run that is broken off leaves a sample that breaks it (A.7.1.2)."""
    for columns, taken in ((7, False), (6, True), (5, False), (4, False)):
        # four runs of one, the length of the last one, a code of two more bits, and the line goes on in regular mode
        scan = packed("1111" + "01" + "110")
        assert (decode(*stream_of(scan, (1, columns))) is not None) is taken
    assert outcome_is_that_of_the_others(*stream_of(packed("1111" + "01" + "110"), (1, 6)))


def test_largest_errors_where_a_run_is_interrupted() -> None:
    """Through the escape (A.5.3), which has one more bit than the errors need."""
    escape = "0" * 22 + "1"
    for value in range(250, 256):
        alike = packed("0" + escape + f"{value:08b}")  # Ra and Rb are both zero: from -128 on, and up to 127
        assert outcome_is_that_of_the_others(*stream_of(alike, (1, 1))) is (value < 254)


def test_error_of_a_damaged_frame_is_that_of_the_others() -> None:
    data, pixel = plain()
    with pytest.raises(FrameDecodeError) as ours:
        route_for(LOSSLESS, pixel).decode(data[: len(data) // 2], np.empty(pixel.frame_shape, pixel.dtype))
    with pytest.raises(FrameDecodeError) as theirs:
        by_the_others(data[: len(data) // 2], pixel)
    assert str(ours.value) == str(theirs.value)


# --- The route --------------------------------------------------------------------------------------------------------


def test_route_names_who_decoded() -> None:
    data, pixel = plain()
    route = route_for(LOSSLESS, pixel)
    assert [name for name, _ in route.attempts] == ["compiled:jpegls", "imagecodecs:jpegls", "pyjpegls"]
    out = np.empty(pixel.frame_shape, pixel.dtype)
    stored, name = route.decode(data, out)
    assert stored is out
    assert name == "compiled:jpegls"


def test_without_the_extension() -> None:
    code = f"from hdgpu.codecs import route; print(route.supported_transfer_syntaxes()['{LOSSLESS}'])"
    environment = {**os.environ, "HDGPU_COMPILED": "0"}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "imagecodecs:jpegls"


def test_threads() -> None:
    """Each has a decoder of its own, and its memory is used again for frames of other sizes and precisions."""
    cases = [(shape, bits) for bits in (12, 8, 16, 12) for shape in ((200, 150), (30, 40))]
    images = [make_image("smooth", shape, bits, seed) for seed, (shape, bits) in enumerate(cases)]
    streams = [pyjpegls_encode(image, bits) for image, (_, bits) in zip(images, cases, strict=True)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            found = pool.map(decode, streams, map(pixel_of, images))
            for one, image in zip(found, images, strict=True):
                np.testing.assert_array_equal(one, image)
