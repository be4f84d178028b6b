"""The JPEG 2000 decoder of the extension: equal to OpenJPEG wherever it takes a stream, and particular about which."""

from __future__ import annotations

import io
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
from PIL import Image

from hdgpu import compiled
from hdgpu.codecs.jpeg2000 import decode_jpeg2000
from hdgpu.codecs.route import Route, route_for
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, HdgpuError
from tests.codecs.frames_of import frame_bytes, image_pixel
from tests.sample_files import SAMPLE_FILES, UNDECODABLE, SampleFile

extension = compiled.extension()
pytestmark = pytest.mark.skipif(
    extension is None, reason="needs the compiled extension: a C++ compiler at installation"
)
LOSSLESS = "1.2.840.10008.1.2.4.90"
SIZES = [1, 2, 3, 5, 7, 16, 31, 33, 64, 65, 70, 130]


def pixel_of(image: NDArray[Any]) -> ImagePixel:
    allocated = 8 * image.dtype.itemsize
    samples, photometric = (1, "MONOCHROME2") if image.ndim == 2 else (3, "RGB")
    signed = int(image.dtype.kind == "i")
    return ImagePixel(*image.shape[:2], samples, photometric, allocated, allocated, allocated - 1, signed)


def decode(data: bytes, pixel: ImagePixel, threads: int = 1) -> NDArray[Any] | None:
    return decode_jpeg2000(data, pixel, np.full(pixel.frame_shape, 77, pixel.dtype), 0, threads)


def by_the_others(data: bytes, pixel: ImagePixel) -> NDArray[Any]:
    route = Route("others", True, pixel, route_for(LOSSLESS, pixel).attempts[1:])
    return route.decode(data, np.empty(pixel.frame_shape, pixel.dtype))[0]


def make_image(kind: str, shape: tuple[int, ...], bits: int, signed: bool, seed: int = 0) -> NDArray[Any]:
    """Of `bits` bits, in the container they need."""
    random = np.random.default_rng(seed)
    half = 1 << (bits - 1)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    wave = (half + 0.9 * half * np.sin(rows / 7) * np.cos(columns / 9)).reshape(*shape[:2], *[1] * (len(shape) - 2))
    image = {
        "noise": random.integers(0, 2 * half, shape),
        "constant": np.full(shape, random.integers(0, 2 * half)),
        "smooth": wave + random.normal(0, half / 100, shape),
        "sparse": np.where(random.random(shape) < 0.03, random.integers(0, 2 * half, shape), half),
        "extremes": random.choice([0, 2 * half - 1], shape),
    }[kind]
    image = np.clip(image, 0, 2 * half - 1).astype(np.int64) - half * signed
    return image.astype(f"{'iu'[not signed]}{1 if bits <= 8 else 2}")


KINDS = st.sampled_from(["noise", "constant", "smooth", "sparse", "extremes"])


def openjpeg_encode(image: NDArray[Any], **options: Any) -> bytes:
    encoded: bytes = imagecodecs.jpeg2k_encode(image, reversible=True, level=0, codecformat="j2k", **options)
    return encoded


def pillow_encode(image: NDArray[Any], **options: Any) -> bytes:
    """Encode in one tile: Pillow writes beyond its memory if there are several, or offsets."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG2000", no_jp2=True, **options)
    return file.getvalue()


# --- What it takes ----------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    KINDS,
    st.tuples(st.sampled_from(SIZES), st.sampled_from(SIZES)),
    st.integers(1, 16),
    st.booleans(),
    st.booleans(),
    st.integers(1, 7),
    st.booleans(),
)
def test_round_trip(
    kind: str,
    shape: tuple[int, int],
    bits: int,
    signed: bool,
    colour: bool,
    resolutions: int,
    transform: bool,
) -> None:
    image = make_image(kind, (*shape, 3) if colour else shape, bits, signed and bits > 1)
    data = openjpeg_encode(image, bitspersample=bits, resolutions=resolutions, mct=transform)
    found = decode(data, pixel_of(image))
    assert found is not None
    np.testing.assert_array_equal(found, image)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_equal_to_openjpeg(data: st.DataObject) -> None:
    """Progressions, precincts, sizes of code-blocks, and layers with and without the last bits."""
    shape = data.draw(st.tuples(st.sampled_from(SIZES), st.sampled_from(SIZES)))
    colour = data.draw(st.booleans())
    image = make_image(
        data.draw(KINDS), (*shape, 3) if colour else shape, data.draw(st.sampled_from([8, 8 if colour else 16])), False
    )
    options: dict[str, Any] = {
        "num_resolutions": data.draw(st.integers(1, 6)),
        "progression": data.draw(st.sampled_from(["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])),
        "plt": data.draw(st.booleans()),
    }
    powers = st.sampled_from([4, 8, 16, 32, 64])
    options["codeblock_size"] = data.draw(st.tuples(powers, powers))
    if data.draw(st.booleans()):
        options["precinct_size"] = data.draw(st.sampled_from([(32, 32), (64, 32), (32, 128), (128, 128)]))
    if data.draw(st.booleans()):
        options |= {"quality_mode": "rates", "quality_layers": data.draw(st.sampled_from([[20, 5, 0], [9, 3], [0]]))}
    try:
        encoded = pillow_encode(image, **options)
    except OSError:  # layers too small for such an image
        return
    pixel = pixel_of(image)
    found = decode(encoded, pixel)
    assert found is not None
    np.testing.assert_array_equal(found, by_the_others(encoded, pixel))
    if options.get("quality_layers", [0])[-1] == 0:
        np.testing.assert_array_equal(found, image)


def tile_part(tile: int, index: int, count: int, packets: bytes) -> bytes:
    return struct.pack(">HHHIBBH", 0xFF90, 10, tile, 14 + len(packets), index, count, 0xFF93) + packets


def with_tiles(image: NDArray[Any], size: int, **options: Any) -> list[bytes]:
    """Encode in tiles, of a power of two: main header and tile-parts, of streams for each of them."""
    rows, columns = image.shape[:2]
    tiles = [
        image[row : row + size, column : column + size]
        for row in range(0, rows, size)
        for column in range(0, columns, size)
    ]
    streams = [openjpeg_encode(np.ascontiguousarray(tile), **options) for tile in tiles]
    heads = [bytearray(stream[: stream.index(b"\xff\x90\x00\x0a")]) for stream in streams]
    for head in heads:
        struct.pack_into(">8I", head, 8, columns, rows, 0, 0, size, size, 0, 0)
    assert all(head == heads[0] for head in heads)
    parts = [tile_part(number, 0, 1, stream[packets_at(stream) : -2]) for number, stream in enumerate(streams)]
    return [bytes(heads[0]), *parts]


@pytest.mark.parametrize("shape", [(80, 90), (80, 48, 3), (16, 112)])
@pytest.mark.parametrize("resolutions", [1, 2])
def test_tiles(shape: tuple[int, ...], resolutions: int) -> None:
    """In any order, and none of them twice or left out."""
    image = make_image("smooth", shape, 8, False)
    pixel = pixel_of(image)
    head, *parts = with_tiles(image, 32, resolutions=resolutions)
    for order in (parts, parts[::-1]):
        data = head + b"".join(order) + b"\xff\xd9"
        np.testing.assert_array_equal(decode(data, pixel), image)
        np.testing.assert_array_equal(by_the_others(data, pixel), image)
    for wrong in (parts[1:], parts[:-1], [*parts, parts[0]], [*parts, tile_part(len(parts), 0, 1, b"\x80")]):
        assert decode(head + b"".join(wrong) + b"\xff\xd9", pixel) is None


@pytest.mark.parametrize("shape", [(20, 25), (33, 31, 3), (1, 1), (1, 30), (30, 1), (2, 3)])
@pytest.mark.parametrize("tile", [0, 1, 5])
def test_image_at_odd_places(shape: tuple[int, ...], tile: int) -> None:
    """The bits of one place read as those of another: a strange image, but the same one from every decoder."""
    image = make_image("noise", shape, 8, False)
    pixel = pixel_of(image)
    taken = 0
    for resolutions in range(1, min(3, min(shape[:2]).bit_length()) + 1):
        data = bytearray(pillow_encode(image, num_resolutions=resolutions))
        for x, y in ((0, 1), (1, 0), (1, 1), (5, 6), (7, 7), (13, 22), (64, 1)):
            x_origin, y_origin = min(tile, x), min(tile, y)
            x_end, y_end = x + shape[1], y + shape[0]
            struct.pack_into(">8I", data, 8, x_end, y_end, x, y, x_end - x_origin, y_end - y_origin, x_origin, y_origin)
            taken += outcome_is_that_of_the_others(bytes(data), pixel)
    assert taken >= 7


def test_precincts_that_begin_before_the_tile() -> None:
    """All of them are met where the tile begins, wherever they begin themselves (B.12.1.4)."""
    image = make_image("noise", (20, 20, 3), 8, False)
    data = bytearray(pillow_encode(image, num_resolutions=2, progression="PCRL", precinct_size=(32, 32)))
    struct.pack_into(">8I", data, 8, 60, 60, 40, 40, 60, 60, 0, 0)
    precincts = data.index(b"\xff\x52") + 14
    assert data[precincts : precincts + 2] == b"\x44\x55"
    for sizes in (b"\x44\x55", b"\xff\x55", b"\x4f\xf5"):
        data[precincts : precincts + 2] = sizes
        assert outcome_is_that_of_the_others(bytes(data), pixel_of(image))


@pytest.mark.parametrize("shape", [(1024, 4), (1000, 70), (70, 1000)])
def test_tall_code_blocks(shape: tuple[int, int]) -> None:
    """The widest are declined, the tallest are not."""
    image = make_image("smooth", shape, 8, False)
    for size in ((4, 1024), (8, 512), (16, 256)):
        data = pillow_encode(image, num_resolutions=1, codeblock_size=size)
        styles = data[data.index(b"\xff\x52") + 10 :][:2]
        assert 1 << styles[0] + 2 == size[0]
        assert 1 << styles[1] + 2 == size[1]
        np.testing.assert_array_equal(decode(data, pixel_of(image)), image)
    assert decode(pillow_encode(image, num_resolutions=1, codeblock_size=(128, 4)), pixel_of(image)) is None


FILES = [file for file in SAMPLE_FILES if ".4.9" in file.transfer_syntax and file.name not in UNDECODABLE]
NOT_PLAIN = {
    **dict.fromkeys(("JPEG2000.dcm", "MR2_J2KI.dcm", "RG1_J2KI.dcm", "RG3_J2KI.dcm", "US1_J2KI.dcm"), "lossy"),
    **{
        f"JPEG_2000_Image_Compression-{kind}.jp2": "lossy" for kind in ("GRAYSCALE-16", "GRAYSCALE-8", "RGB-8", "YBR-8")
    },
    "GDCMJ2K_TextGBR.dcm": "inside JP2 boxes",
    "SC_rgb_gdcm_KY.dcm": "a coding style for each component",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_sample_files(file: SampleFile) -> None:
    dataset = file.read()
    data, pixel = frame_bytes(dataset, 0), image_pixel(dataset)
    found = decode(data, pixel)
    assert (found is None) == (file.name in NOT_PLAIN)
    if found is not None:
        np.testing.assert_array_equal(found, by_the_others(data, pixel))


@pytest.mark.parametrize("bits", [7, 8, 11, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_other_sign_in_the_data_set(bits: int, signed: bool) -> None:
    image = make_image("noise", (20, 30), bits, signed)
    data = openjpeg_encode(image, bitspersample=bits)
    pixel = pixel_of(image.view(image.dtype.str.replace("i", "x").replace("u", "i").replace("x", "u")))
    found = decode(data, pixel)
    assert found is not None
    np.testing.assert_array_equal(found, by_the_others(data, pixel))
    np.testing.assert_array_equal(
        found.astype(np.int64) & ((1 << bits) - 1), image.astype(np.int64) & ((1 << bits) - 1)
    )


def test_eight_bits_in_a_container_of_sixteen() -> None:
    image = make_image("smooth", (40, 50), 8, False)
    pixel = pixel_of(image.astype("u2"))
    np.testing.assert_array_equal(decode(openjpeg_encode(image), pixel), image)
    assert decode(openjpeg_encode(image.astype("u2")), pixel_of(image)) is None


def packets_at(data: bytes) -> int:
    return data.index(b"\xff\x93") + 2


def with_packets(data: bytes, packets: bytes, coding_style: int = 0) -> bytes:
    """Exchange the packets of a stream of one tile-part, and the markers that may be among them (A.6.1)."""
    start, style, tile_part = packets_at(data), data.index(b"\xff\x52") + 4, data.index(b"\xff\x90")
    changed = bytearray(data[:start] + packets + b"\xff\xd9")
    changed[style] = coding_style
    struct.pack_into(">I", changed, tile_part + 6, start + len(packets) - tile_part)
    return bytes(changed)


def test_markers_among_the_packets() -> None:
    """SOP and EPH about the only packet of a stream; where its header ends nobody tells, so EPH is tried everywhere."""
    image = make_image("smooth", (16, 16), 8, False)
    pixel = pixel_of(image)
    data = openjpeg_encode(image, resolutions=1)
    packet = data[packets_at(data) : -2]
    sop, eph = b"\xff\x91\x00\x04\x00\x00", b"\xff\x92"
    np.testing.assert_array_equal(decode(with_packets(data, packet), pixel), image)
    np.testing.assert_array_equal(decode(with_packets(data, sop + packet, 2), pixel), image)
    np.testing.assert_array_equal(decode(with_packets(data, packet, 2), pixel), image)
    assert decode(with_packets(data, sop + packet), pixel) is None
    assert decode(with_packets(data, sop[:5] + b"\x01" + packet, 2), pixel) is None
    assert decode(with_packets(data, packet, 4), pixel) is None
    taken = []
    for end in range(1, 12):
        changed = with_packets(data, sop + packet[:end] + eph + packet[end:], 6)
        found = decode(changed, pixel)
        if found is not None:
            taken.append(end)
            np.testing.assert_array_equal(found, image)
            np.testing.assert_array_equal(by_the_others(changed, pixel), image)
    assert len(taken) == 1


def split_tile_part(data: bytes) -> list[bytes]:
    """Halve the only tile-part of a stream between its first packets."""
    at = data.index(b"\xff\x90")
    start = packets_at(data)
    return [data[:at], data[start:-2]]


def test_several_tile_parts() -> None:
    """Packets may be spread over tile-parts (A.4.2), which come in order and leave out none."""
    image = np.zeros((64, 64), np.uint8) + 128  # four packets of a byte each
    pixel = pixel_of(image)
    head, packets = split_tile_part(openjpeg_encode(image, resolutions=6))
    assert len(packets) == 4

    end = b"\xff\xd9"
    for announced in (0, 2):
        parts = tile_part(0, 0, announced, packets[:2]), tile_part(0, 1, 2, packets[2:])
        np.testing.assert_array_equal(decode(head + b"".join(parts) + end, pixel), image)
    first, second = tile_part(0, 0, 2, packets[:2]), tile_part(0, 1, 2, packets[2:])
    wrong = [
        tile_part(0, 0, 2, packets),
        second + first,
        first,
        first + tile_part(0, 1, 3, packets[2:]),
        first + tile_part(0, 2, 2, packets[2:]),
        first + second + tile_part(0, 2, 0, b""),
        tile_part(0, 0, 1, packets[:2]) + tile_part(0, 1, 1, packets[2:]),
        tile_part(0, 0, 2, packets[:2]) + tile_part(0, 1, 2, packets[2:-1]),
        tile_part(0, 0, 2, packets[:2]) + tile_part(0, 1, 2, packets[2:] + b"\0"),
    ]
    for parts_ in wrong:
        assert decode(head + parts_ + end, pixel) is None
    assert decode(head + first + second, pixel) is None


# --- What it declines -------------------------------------------------------------------------------------------------


def plain(shape: tuple[int, ...] = (40, 50), **options: Any) -> tuple[bytes, ImagePixel]:
    image = make_image("smooth", shape, 8, False)
    return openjpeg_encode(image, **options), pixel_of(image)


def test_what_is_not_plain() -> None:
    image = make_image("smooth", (40, 50), 8, False)
    pixel = pixel_of(image)
    assert decode(imagecodecs.jpeg2k_encode(image, level=40, reversible=False, codecformat="j2k"), pixel) is None
    assert decode(imagecodecs.jpeg2k_encode(image, level=0, reversible=True, codecformat="jp2"), pixel) is None
    assert decode(imagecodecs.htj2k_encode(image), pixel) is None
    data, _ = plain()
    for style in range(6):  # bypass, reset, termination, vertical causality, predictable termination, symbols
        changed = bytearray(data)
        changed[data.index(b"\xff\x52") + 12] = 1 << style
        assert decode(bytes(changed), pixel) is None
    for capability in (0x40, 0x80):  # of Part 15, of Part 2
        changed = bytearray(data)
        changed[6] = capability
        assert decode(bytes(changed), pixel) is None
    colour = make_image("smooth", (8, 9, 3), 8, False)
    full = ImagePixel(8, 9, 3, "YBR_FULL", 8, 8, 7)
    assert decode(openjpeg_encode(colour, mct=False), full) is None
    wide = ImagePixel(40, 50, 1, "MONOCHROME2", 32, 32, 31)
    assert decode(data, wide) is None


@pytest.mark.parametrize(
    "segment",
    [
        b"\xff\x53\x00\x09\x00\x00\x05\x04\x04\x00\x01",  # COC
        b"\xff\x5d\x00\x05\x00\x40\x40",  # QCC
        b"\xff\x5e\x00\x05\x00\x00\x07",  # RGN
        b"\xff\x5f\x00\x09\x00\x00\x00\x01\x06\x01\x00",  # POC
        b"\xff\x50\x00\x06\x00\x00\x00\x00",  # CAP
    ],
)
def test_other_marker_segments(segment: bytes) -> None:
    data, pixel = plain()
    assert decode(data, pixel) is not None
    for marker in (b"\xff\x90\x00\x0a", b"\xff\x93"):  # in the main header, in the tile-part's
        at = data.index(marker)
        changed = bytearray(data[:at] + segment + data[at:])
        if marker == b"\xff\x93":
            length = data.index(b"\xff\x90\x00\x0a") + 6
            struct.pack_into(">I", changed, length, struct.unpack_from(">I", data, length)[0] + len(segment))
        assert decode(bytes(changed), pixel) is None
    comment = b"\xff\x64\x00\x05\x00\x01x"
    at = data.index(b"\xff\x90\x00\x0a")
    assert decode(data[:at] + comment + data[at:], pixel) is not None


def test_every_truncation() -> None:
    data, pixel = plain((20, 30))
    whole = decode(data, pixel)
    assert all(decode(data[:length], pixel) is None for length in range(len(data)))
    for padding in (b"", b"\0", bytes(100)):
        np.testing.assert_array_equal(decode(data + padding, pixel), whole)


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
            extension.decode_jpeg2000(data, out, 40, 50, 1, False)
    with pytest.raises(ValueError, match="not of one or two bytes for each sample"):
        extension.decode_jpeg2000(data, np.empty(2000, "u1"), 1 << 31, 1 << 31, 1 << 31, False)


# --- Damage -----------------------------------------------------------------------------------------------------------


def outcome_is_that_of_the_others(data: bytes, pixel: ImagePixel) -> bool:
    """Whether the stream was taken; if so, then with the pixels of a library that saw nothing wrong with it either."""
    found = decode(data, pixel)
    if found is None:
        return False
    np.testing.assert_array_equal(found, by_the_others(data, pixel))
    return True


STREAMS = {
    "grey": lambda: plain(),
    "noise": lambda: (openjpeg_encode(image := make_image("noise", (33, 31), 16, True)), pixel_of(image)),
    "colour": lambda: plain((20, 25, 3)),
    "tiles": lambda: (
        b"".join(with_tiles(image := make_image("smooth", (40, 50), 8, False), 32, resolutions=1)) + b"\xff\xd9",
        pixel_of(image),
    ),
    "layers": lambda: (
        pillow_encode(
            image := make_image("smooth", (70, 65), 8, False),
            quality_mode="rates",
            quality_layers=[20, 6, 2],
            progression="RPCL",
            codeblock_size=(8, 16),
        ),
        pixel_of(image),
    ),
}


@pytest.mark.parametrize("name", STREAMS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(changes=st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 255)), min_size=1, max_size=3))
def test_changed_bytes(name: str, changes: list[tuple[int, int]]) -> None:
    data, pixel = STREAMS[name]()
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(data)] = value
    outcome_is_that_of_the_others(bytes(changed), pixel)


@pytest.mark.parametrize("name", STREAMS)
def test_each_byte_before_the_bits(name: str) -> None:
    """Headers of the codestream and of the first packets."""
    data, pixel = STREAMS[name]()
    for place in range(packets_at(data) + 12):
        for value in (data[place] ^ 1, data[place] ^ 0x80, 0xFF):
            outcome_is_that_of_the_others(data[:place] + bytes([value]) + data[place + 1 :], pixel)


def test_bytes_that_no_encoder_writes() -> None:
    """FF in the coded bits, with carries, markers and their neighbours after it (C.3.4)."""
    data, pixel = STREAMS["noise"]()
    start = packets_at(data)
    taken = 0
    for place in range(start + 40, len(data) - 4, 11):
        for value in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0xFF):
            changed = data[:place] + bytes([0xFF, value]) + data[place + 2 :]
            taken += outcome_is_that_of_the_others(changed, pixel)
            taken += outcome_is_that_of_the_others(data[:place] + bytes([0xFF, value]) * 2 + data[place + 4 :], pixel)
    assert taken > 1000


def test_carries_without_end() -> None:
    """Where a carry is taken in too early it is seen once in some ten thousand decisions."""
    image = make_image("noise", (64, 64), 16, True)
    data, pixel = openjpeg_encode(image, resolutions=1), pixel_of(image)
    start = packets_at(data) + 20
    count = (len(data) - 2 - start) // 2
    random = np.random.default_rng(0)
    for _ in range(40):
        pairs = (random.integers(0x80, 0x90, count) << 8 | 0xFF).astype("<u2").tobytes()
        assert outcome_is_that_of_the_others(data[:start] + pairs + data[start + len(pairs) :], pixel)


def packet_header(zero_planes: int, length_bits: int, *lengths: int) -> list[int]:
    """Bits of the header of a packet with a block, and a pass of it, for each length (B.10)."""
    header = [1]
    for length in lengths:
        header += [1, *[0] * zero_planes, 1, 0]  # included, so many zero bit-planes, one pass
        header += [*[1] * (length_bits - 3), 0, *(length >> i & 1 for i in reversed(range(length_bits)))]
    return header


def stuffed(bits: list[int], stuffing: int = 0) -> bytes:
    """Pack bits, with one more after a byte of ones (B.10.1)."""
    header = bytearray()
    while bits or header[-1] == 0xFF:
        after_ones = bool(header) and header[-1] == 0xFF
        count = 7 if after_ones else 8
        byte = [*bits[:count], *[0] * (count - len(bits[:count]))]
        bits = bits[count:]
        header.append(int("".join(map(str, [stuffing] * after_ones + byte)), 2))
    return bytes(header)


@pytest.mark.parametrize(("zero_planes", "length_bits", "length"), [(0, 15, 300), (6, 8, 255), (1, 20, 63)])
def test_packet_headers_with_bytes_of_ones(zero_planes: int, length_bits: int, length: int) -> None:
    image = make_image("noise", (16, 16), 8, False)
    data, pixel = openjpeg_encode(image, resolutions=1), pixel_of(image)
    body = np.random.default_rng(0).bytes(length).replace(b"\xff", b"\xfe")
    bits = packet_header(zero_planes, length_bits, length)
    header = stuffed(bits)
    assert 0xFF in header
    assert outcome_is_that_of_the_others(with_packets(data, header + body), pixel)
    assert decode(with_packets(data, header + body + b"x"), pixel) is None
    assert decode(with_packets(data, stuffed(bits, 1) + body), pixel) is None


@pytest.mark.parametrize(("shape", "place"), [((30, 1), (1, 0)), ((1, 30), (0, 1)), ((1, 1), (7, 3))])
def test_single_column_or_row_at_an_odd_place(shape: tuple[int, int], place: tuple[int, int]) -> None:
    """It is all high-pass, and the low resolution empty, without a packet (F.3.6)."""
    larger = make_image("noise", (30, 30), 8, False)
    data, pixel = bytearray(pillow_encode(larger, num_resolutions=2)), pixel_of(larger[: shape[0], : shape[1]])
    x, y = place
    struct.pack_into(">8I", data, 8, x + shape[1], y + shape[0], x, y, x + shape[1], y + shape[0], 0, 0)
    blocks = 1 if shape == (1, 1) else 2
    body = np.random.default_rng(0).integers(0, 9, 20 * blocks, "u1").tobytes()  # low codes: many significant samples
    packets = stuffed(packet_header(6, 8, *[20] * blocks)) + body
    found = decode(with_packets(bytes(data), packets), pixel)
    assert found is not None
    assert found.min() < 128 or found.max() > 128
    np.testing.assert_array_equal(found, by_the_others(with_packets(bytes(data), packets), pixel))


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
    assert [name for name, _ in route.attempts] == ["compiled:jpeg2k", "imagecodecs:jpeg2k", "pylibjpeg:openjpeg"]
    out = np.empty(pixel.frame_shape, pixel.dtype)
    stored, name = route.decode(data, out)
    assert stored is out
    assert name == "compiled:jpeg2k"
    lossy = imagecodecs.jpeg2k_encode(stored, level=40, reversible=False, codecformat="j2k")
    assert route.decode(lossy, np.empty_like(out))[1] == "imagecodecs:jpeg2k"


def test_without_the_extension() -> None:
    code = f"from hdgpu.codecs import route; print(route.supported_transfer_syntaxes()['{LOSSLESS}'])"
    environment = {**os.environ, "HDGPU_COMPILED": "0"}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "imagecodecs:jpeg2k"


def test_threads() -> None:
    """Each has a decoder of its own, and its memory is used again for frames of other sizes."""
    images = [make_image("smooth", shape, 12, True, seed) for seed in range(6) for shape in ((200, 150), (30, 40, 3))]
    streams = [openjpeg_encode(image, bitspersample=12) for image in images]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            found = pool.map(decode, streams, map(pixel_of, images))
            for one, image in zip(found, images, strict=True):
                np.testing.assert_array_equal(one, image)


@pytest.mark.parametrize("threads", [2, 3, 100])
@pytest.mark.parametrize("kind", ["noise", "sparse"])
@pytest.mark.parametrize("shape", [(300, 260), (20, 3000), (200, 190, 3)])
def test_threads_that_share_a_frame(shape: tuple[int, ...], kind: str, threads: int) -> None:
    image = make_image(kind, shape, 16, False)
    data, pixel = openjpeg_encode(image), pixel_of(image)
    np.testing.assert_array_equal(decode(data, pixel, threads), image)
    for place in range(len(data) // 2, len(data), len(data) // 12):  # damage in the bits, or in what announces them
        damaged = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        alone, shared = decode(damaged, pixel), decode(damaged, pixel, threads)
        assert (alone is None) == (shared is None)
        if alone is not None:
            np.testing.assert_array_equal(shared, alone)
