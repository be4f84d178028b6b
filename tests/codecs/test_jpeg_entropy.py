"""The walk of a JPEG stream's Huffman codes, against the same in plain Python and against whole decoding."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hdgpu import compiled
from hdgpu.codecs import jpeg_entropy
from hdgpu.codecs.jpeg_entropy import check_dct_codes
from hdgpu.codecs.route import route_for
from hdgpu.codecs.sniff.jpeg import JpegHeader, read_jpeg_header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError
from tests.codecs.frames_of import frame_bytes
from tests.sample_files import SAMPLE_FILES, UNDECODABLE

extension = compiled.extension()
pytestmark = pytest.mark.skipif(
    extension is None, reason="needs the compiled extension: a C++ compiler at installation"
)

BASELINE = "1.2.840.10008.1.2.4.50"
DCT_FILES = [
    file
    for file in SAMPLE_FILES
    if file.transfer_syntax[-3:] in (".50", ".51") and file.name not in UNDECODABLE  # UIDs that end so are JPEG's
]

# --- The walk in plain Python -----------------------------------------------------------------------------------------


def codes_of(table: bytes) -> dict[str, int]:
    """Symbol of each code, a text of 0 and 1 (ISO/IEC 10918-1 C.2)."""
    codes, code, symbols = {}, 0, iter(table[16:])
    for length, count in enumerate(table[:16], start=1):
        for _ in range(count):
            codes[f"{code:0{length}b}"] = next(symbols)
            code += 1
        code <<= 1
    return codes


class Bits:
    def __init__(self, scan: bytes) -> None:
        self.text = "".join(f"{byte:08b}" for byte in scan)
        self.at = 0

    def symbol(self, codes: dict[str, int]) -> int:
        """Raise KeyError if there is no such code."""
        for length in range(1, 17):
            if (code := self.text[self.at : self.at + length]) in codes:
                self.at += length
                return codes[code]
        raise KeyError


def blocks_of(header: JpegHeader) -> Iterator[tuple[int, int]]:
    """Yield the destinations of the DC and the AC table of each block of a scan, in their order (A.2)."""
    sampling = header.sampling if len(header.sampling) > 1 else ((1, 1),)
    across, down = (8 * max(factors) for factors in zip(*sampling, strict=True))
    for _ in range(-(-header.columns // across) * -(-header.rows // down)):
        for (h, v), (_, selector) in zip(sampling, header.scan_components, strict=True):
            yield from [(selector >> 4, 0x10 | selector & 15)] * (h * v)


def walked(data: bytes, header: JpegHeader) -> bool | None:
    """What `check_dct_codes` should say, one bit after the other."""
    tables = {destination: codes_of(table) for destination, table in header.huffman_tables}
    stuffed = data[header.scan_offset :]
    end = next((i for i in range(len(stuffed) - 1) if stuffed[i] == 0xFF and stuffed[i + 1] != 0), None)
    if end is None or not stuffed[end:].lstrip(b"\xff").startswith(b"\xd9"):
        return False
    bits = Bits(stuffed[:end].replace(b"\xff\x00", b"\xff"))
    try:
        for dc, ac in blocks_of(header):
            category = bits.symbol(tables[dc])
            bits.at += category
            coefficients = 1
            while coefficients < 64 and (symbol := bits.symbol(tables[ac])) != 0:
                if symbol % 16 == 0 and symbol != 0xF0:
                    return False
                bits.at += symbol % 16
                coefficients += symbol // 16 + 1
            if coefficients > 64:
                return False
    except KeyError:
        return False
    if bits.at > len(bits.text):
        return False
    padding = bits.text[bits.at :]
    return True if padding == "1" * min(len(padding), 8) or padding == "0" * min(len(padding), 7) else None


# --- Streams ----------------------------------------------------------------------------------------------------------

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, NDArray[np.uint8]]:
    """Encode an image of any size and noise, of one or three components."""
    rows, columns = draw(SHAPES)
    shape = (rows, columns, 3) if draw(st.booleans()) else (rows, columns)
    noise = np.random.default_rng(rows).normal(0, draw(st.sampled_from([0, 3, 80])), shape)
    image = np.clip(draw(st.integers(0, 255)) + noise, 0, 255).astype(np.uint8)
    subsampling = draw(st.sampled_from(["444", "422", "420", "411", "440"])) if len(shape) == 3 else None
    options = {"subsampling": subsampling, "optimize": draw(st.booleans())}
    return imagecodecs.jpeg8_encode(image, level=draw(st.integers(1, 100)), **options), image


def pixel_of(image: NDArray[np.uint8]) -> ImagePixel:
    samples, photometric = (3, "YBR_FULL_422") if image.ndim == 3 else (1, "MONOCHROME2")
    return ImagePixel(*image.shape[:2], samples, photometric, 8, 8, 7, 0)


def decode(data: bytes, image: NDArray[np.uint8]) -> NDArray[Any]:
    pixel = pixel_of(image)
    return route_for(BASELINE, pixel).decode(data, np.empty(pixel.frame_shape, pixel.dtype))[0]


@given(streams(), st.integers(0, 2), st.sampled_from([b"", b"\0", b"\xff\xd9", b"\xff"]))
def test_whatever_an_encoder_makes_is_sound(
    encoded: tuple[bytes, NDArray[np.uint8]], fill_bytes: int, after: bytes
) -> None:
    data, image = encoded
    data = data[:-2] + b"\xff" * fill_bytes + data[-2:] + after
    assert check_dct_codes(data, read_jpeg_header(data)) is True
    np.testing.assert_array_equal(decode(data, image), imagecodecs.jpeg8_decode(data))


@pytest.mark.parametrize("file", DCT_FILES, ids=lambda file: file.name)
def test_sample_files_are_sound(file: Any) -> None:
    dataset = file.read()
    for index in range(file.frames):
        data = frame_bytes(dataset, index)
        assert check_dct_codes(data, read_jpeg_header(data)) is True, index


@settings(max_examples=400)
@given(streams(), st.data())
def test_mutated_scan_is_judged_as_by_the_plain_walk(
    encoded: tuple[bytes, NDArray[np.uint8]], data: st.DataObject
) -> None:
    """And where it is sound, decoding is what it is without the walk, or that has no ground to refuse."""
    stream, image = encoded
    header = read_jpeg_header(stream)
    raw = bytearray(stream)
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(header.scan_offset, len(raw) - 1))
        change = data.draw(st.sampled_from(["flip", "set", "drop", "insert"]))
        if change == "flip":
            raw[at] ^= 1 << data.draw(st.integers(0, 7))
        elif change == "set":
            raw[at] = data.draw(st.sampled_from([0, 0xFF, 0xD0, 0xD9, 0x55]))
        elif change == "drop" and len(raw) > header.scan_offset + 20:
            del raw[at : at + data.draw(st.integers(1, 9))]
        else:
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=9))
    mutated = bytes(raw)
    verdict = check_dct_codes(mutated, header)
    assert verdict is walked(mutated, header)
    if verdict is True:
        np.testing.assert_array_equal(decode(mutated, image), imagecodecs.jpeg8_decode(mutated))
    elif verdict is False:
        with pytest.raises(FrameDecodeError):
            decode(mutated, image)


# --- Scans made by hand -----------------------------------------------------------------------------------------------

HEAD = imagecodecs.jpeg8_encode(np.zeros((8, 16), np.uint8))  # two blocks, and the tables of Annex K
HEADER = read_jpeg_header(HEAD)
CODES = {destination: {s: c for c, s in codes_of(table).items()} for destination, table in HEADER.huffman_tables}
DC, END, ONE, RUN = CODES[0][0], CODES[16][0], CODES[16][0x01] + "1", CODES[16][0xF0]
LONG = CODES[16][0xF9] + "1" * 9  # a code of 16 bits, for 15 zeros and another coefficient
BLOCK = DC + END


def stream_of(scan: str, padding: str = "1") -> bytes:
    scan += padding * (-len(scan) % 8)
    stuffed = bytes(int(scan[i : i + 8], 2) for i in range(0, len(scan), 8)).replace(b"\xff", b"\xff\x00")
    return HEAD[: HEADER.scan_offset] + stuffed + b"\xff\xd9"


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        (BLOCK * 2, True),
        (BLOCK, False),
        (DC * 2, False),
        ("", False),
        (BLOCK + DC + ONE * 62 + END, True),
        (BLOCK + DC + ONE * 63, True),
        (DC + ONE * 63 + BLOCK, True),
        (DC + ONE * 63 + END + BLOCK, False),  # the end of block is taken for a DC code, and nothing fits any more
        (BLOCK + DC + LONG * 3 + ONE * 15, True),
        (BLOCK + DC + LONG * 3 + ONE * 14 + CODES[16][0x11] + "1", False),
        (BLOCK + DC + RUN * 3 + ONE * 15, True),
        (BLOCK + DC + RUN * 3 + ONE * 14 + RUN, False),
        (BLOCK + DC + LONG * 4, False),
        (BLOCK + "1" * 9, False),
        (BLOCK + DC + "1" * 16 + "0" * 60, False),
        (BLOCK * 2 + "1" * ((-len(BLOCK * 2)) % 8 + 8), None),
        (BLOCK * 2 + "10", None),
        (BLOCK * 2 + "0" * 16, None),
        (BLOCK * 3, None),
    ],
)
def test_scan_made_by_hand(scan: str, expected: bool | None) -> None:
    data = stream_of(scan)
    assert walked(data, HEADER) is expected
    assert check_dct_codes(data, HEADER) is expected


def test_padding() -> None:
    padded = DC + ONE + END + DC + ONE + END
    assert len(padded) % 8
    assert check_dct_codes(stream_of(padded, "0"), HEADER) is True
    whole = BLOCK + DC + ONE * next(n for n in range(1, 62) if len(BLOCK + DC + ONE * n + END) % 8 == 0) + END
    for added, expected in ((b"", True), (b"\xff\x00", True), (b"\x00", None), (b"\xff\x00\xff\x00", None)):
        data = stream_of(whole)
        assert check_dct_codes(data[:-2] + added + data[-2:], HEADER) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("110", True),
        ("000110", True),
        ("0000110", False),
        ("0" * 12 + "110", False),
        ("00011101" + "0001010", False),  # from the 50th coefficient on the second part stands for 79
    ],
)
def test_short_codes_of_long_runs(body: str, expected: bool) -> None:
    """Many of them go into one look-ahead, and together past the end of a block."""
    table = b"\1\1\1\1" + bytes(12) + b"\xf0\xe1\x00\x01"
    header = dataclasses.replace(HEADER, huffman_tables=(HEADER.huffman_tables[0], (16, table)))
    data = stream_of(DC + "110" + DC + body)
    assert walked(data, header) is expected
    assert check_dct_codes(data, header) is expected


def test_end_of_several_blocks_is_no_code_of_a_sequential_stream() -> None:
    data = stream_of(BLOCK + DC + CODES[16][0x11] + "1" + END)
    assert check_dct_codes(data, HEADER) is True
    tables = tuple((place, table.replace(b"\x11", b"\x10", 1)) for place, table in HEADER.huffman_tables)
    assert check_dct_codes(data, dataclasses.replace(HEADER, huffman_tables=tables)) is False


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"huffman_tables": HEADER.huffman_tables[:1]}, None),
        ({"huffman_tables": ((0, bytes(16)), *HEADER.huffman_tables)}, True),  # the later one holds
        ({"huffman_tables": (*HEADER.huffman_tables, (0, bytes(16)))}, False),
        ({"huffman_tables": (*HEADER.huffman_tables, (4, bytes(16)))}, None),
        ({"huffman_tables": (*HEADER.huffman_tables, (1, bytes(10)))}, False),
        ({"huffman_tables": (*HEADER.huffman_tables, (1, b"\x03" + bytes(18)))}, False),  # three codes of one bit
        ({"huffman_tables": (*HEADER.huffman_tables, (1, b"\x02" + bytes(14) + b"\x01" + bytes(3)))}, False),  # no room
        ({"huffman_tables": (*HEADER.huffman_tables, (1, bytes(17)))}, False),  # more symbols than are counted
        ({"huffman_tables": (*HEADER.huffman_tables, (1, b"\x01" + bytes(15) + b"\x0c"))}, False),  # out of range
        ({"huffman_tables": (*HEADER.huffman_tables, (17, b"\x01" + bytes(15) + b"\x0b"))}, False),
        ({"sampling": ((4, 3),)}, True),  # of no meaning for a single component
        ({"sampling": ((0, 1),)}, None),
        ({"scan_components": ((9, 0),)}, None),
        ({"scan_components": ((HEADER.component_ids[0], 0x50),)}, None),
        ({"columns": 17}, False),
        ({"columns": 8}, None),
        ({"rows": 0}, None),
        ({"scan_offset": len(HEAD) + 9}, None),
    ],
)
def test_header_that_does_not_fit_the_scan(changes: dict[str, Any], expected: bool | None) -> None:
    assert check_dct_codes(stream_of(BLOCK * 2 + BLOCK[: len(DC)]), HEADER) is None
    scan = DC + (ONE * 5 + END) + DC + (ONE * 9 + END)
    assert check_dct_codes(stream_of(scan), dataclasses.replace(HEADER, **changes)) is expected


# --- On the route -----------------------------------------------------------------------------------------------------


def test_sound_frame_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    data = imagecodecs.jpeg8_encode(image, subsampling="420")
    original, calls = imagecodecs.jpeg8_decode, []
    monkeypatch.setattr(
        imagecodecs, "jpeg8_decode", lambda *given, **options: calls.append(0) or original(*given, **options)
    )
    once = decode(data, image)
    assert len(calls) == 1
    monkeypatch.setattr(jpeg_entropy, "extension", lambda: None)
    np.testing.assert_array_equal(decode(data, image), once)
    assert len(calls) == 3


def test_damage_that_leaves_the_bytes_even_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of too many coefficients is nothing that libjpeg-turbo would notice."""
    data, image = stream_of(DC + LONG * 4 + BLOCK), np.zeros((8, 16), np.uint8)
    with pytest.raises(FrameDecodeError, match="too many coefficients in a block"):
        decode(data, image)
    monkeypatch.setattr(jpeg_entropy, "extension", lambda: None)
    decode(data, image)


def test_bytes_left_over_raise_the_same_with_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((8, 16), np.uint8)
    bright = CODES[0][5] + "10000" + END
    for scan in (bright * 40, bright):
        texts = []
        for replacement in (lambda: extension, lambda: None):
            monkeypatch.setattr(jpeg_entropy, "extension", replacement)
            with pytest.raises(FrameDecodeError) as caught:
                decode(stream_of(scan), image)
            texts.append(str(caught.value))
        assert texts[0] == texts[1]
