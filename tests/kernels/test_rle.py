from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, product
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom.pixels import get_encoder

from hdgpu.array.kernels import Grid, launch, program
from hdgpu.codecs.bits import clear_unused_bits, lower_to_bit_zero
from hdgpu.codecs.color import stored_to_rgb
from hdgpu.codecs.device import rle
from hdgpu.codecs.device.rle import RleFlag, decode_frames
from hdgpu.codecs.encode.rle import encode_rle
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.route import route_for
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, HdgpuError, PixelDataSizeError, UnsupportedPixelError
from tests.codecs.frames_of import frame_bytes, image_pixel
from tests.kernels.on_host import HostLauncher
from tests.sample_files import SAMPLE_FILES, SampleFile

RLE = "1.2.840.10008.1.2.5"
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64")
WINDOW = 1024  # bytes that the kernel has in shared memory at a time
MUTATIONS = [
    ("rle_packets.cuh", "257 - code : code + 1", "256 - code : code + 1", "random_packets"),
    ("rle_packets.cuh", "if (code == 128) continue;", "", "random_packets"),
    ("rle_packets.cuh", "length = repeats ? 0 : taken", "length = 0", "test_bad_input_endings"),
    ("rle_packets.cuh", "length > room - bytes", "false", "test_bad_input_endings"),
    ("rle_packets.cuh", "at + taken > end", "at + taken > until", "random_packets"),
    ("rle_packets.cuh", "walk.written += bytes;", "walk.written = bytes;", "random_packets"),
    ("rle_packets.cuh", "offset <= before", "offset < before", "test_reasons"),
    ("rle_packets.cuh", "if (length < HEADER)", "if (false)", "test_reasons"),
    ("rle_packets.cuh", "found.ending = NOT_STRICT", "found.ending = 0", "test_bad_input_headers"),
    ("rle_packets.cuh", "byte == 128 || ", "", "test_bad_input_endings"),
    ("rle_packets.cuh", "byte == 0 && is_last", "byte == 0", "test_bad_input_endings"),
    ("rle_packets.cuh", "step = MOST_RUNS / 2", "step = MOST_RUNS / 4", "short_packets"),
    ("rle.cu", "from & 1 ? 0 :", "from & 1 ? 1 :", "random_packets"),
    ("rle.cu", "at + byte < size", "at + byte + 2 < size", "random_packets"),
    ("rle.cu", "(size - 1 - number % size)", "number % size", "random_packets"),
    ("rle.cu", "frame * pixels * segments", "static_cast<int32>(frame * pixels * segments)", "2_to_the"),
    ("rle.cu", "(before | found) ==", "found ==", "test_bad_input_endings"),
]  # fmt: skip
pytestmark = pytest.mark.usefixtures("launcher")


def pixel_of(rows: int, columns: int, samples: int = 1, dtype: str = "uint8") -> ImagePixel:
    bits = np.dtype(dtype).itemsize * 8
    return ImagePixel(
        rows, columns, samples, "MONOCHROME2" if samples == 1 else "RGB", bits, bits, bits - 1,
        int(np.dtype(dtype).kind == "i"),
    )  # fmt: skip


def frame_of(segments: Sequence[bytes], gap: int = 0) -> bytes:
    """Put segments behind a header (PS3.5 G.5), and bytes that belong to none before the first."""
    starts = [*accumulate(map(len, segments), initial=64 + gap)][:-1]
    return struct.pack("<16I", len(segments), *starts, *[0] * (15 - len(segments))) + bytes(gap) + b"".join(segments)


def packets(pixels: int, seed: int, longest: int = 128, noops: float = 0.1) -> bytes:
    """Return a segment of random packets, literal and repeated, and some that mean nothing."""
    generator = np.random.default_rng(seed)
    segment = bytearray()
    while pixels:
        if generator.random() < noops:
            segment.append(128)
        length = min(pixels, int(generator.integers(1, longest, endpoint=True)))
        if generator.random() < 0.5 and length > 1:
            segment += bytes([257 - length, int(generator.integers(256))])
        else:
            segment += bytes([length - 1]) + generator.bytes(length)
        pixels -= length
    return bytes(segment)


def on_host(data: bytes, pixel: ImagePixel) -> np.ndarray | HdgpuError:
    """Return what the host decodes, or its error."""
    try:
        return route_for(RLE, pixel).decode(data, np.empty(pixel.frame_shape, pixel.dtype))[0]
    except HdgpuError as error:
        return error


def joined(frames: Sequence[bytes], seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the bytes of frames in one array, with others between them, and offset and length of each."""
    gaps = [np.random.default_rng(seed + i).bytes((seed + i) * 7 % 19) for i in range(len(frames))]
    data = b"".join(part for pair in zip(gaps, frames, strict=True) for part in pair)
    lengths = np.array([len(frame) for frame in frames], np.int64)
    ends = np.cumsum([len(gap) + len(frame) for gap, frame in zip(gaps, frames, strict=True)], dtype=np.int64)
    return np.frombuffer(data, np.uint8), ends - lengths, lengths


def assert_as_on_host(frames: Sequence[bytes], pixel: ImagePixel, seed: int = 0) -> list[bool]:
    """Assert that each frame is decoded as on the host, or flagged where the host raises; return which are decoded."""
    decoded, flags = decode_frames(*joined(frames, seed), pixel)
    assert decoded.dtype == pixel.dtype
    for data, values, flag in zip(frames, decoded, flags, strict=True):
        expected = on_host(data, pixel)
        if isinstance(expected, HdgpuError):
            assert flag, expected
        else:
            assert not flag, RleFlag(int(flag))
            np.testing.assert_array_equal(values, expected)
    return (flags == 0).tolist()


SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 60), st.sampled_from([1, 3]), st.sampled_from(DTYPES)).filter(
    lambda shape: shape[2] * np.dtype(shape[3]).itemsize <= 15
)


@settings(max_examples=25)
@given(SHAPES, st.integers(0, 999), st.integers(1, 3), st.sampled_from([1, 40, 1 << 40]))
def test_frames_of_encoders(
    launcher: HostLauncher, shape: tuple[int, int, int, str], seed: int, frames: int, most: int
) -> None:
    """The samples that were encoded, by two encoders."""
    pixel = pixel_of(*shape)
    samples = np.random.default_rng(seed).integers(0, most, (frames, *pixel.frame_shape)).astype(pixel.dtype)
    samples[:, pixel.rows // 2 :] = 7
    plain = {"rows": pixel.rows, "columns": pixel.columns, "samples_per_pixel": pixel.samples_per_pixel,
             "photometric_interpretation": pixel.photometric_interpretation, "bits_allocated": pixel.bits_allocated,
             "bits_stored": pixel.bits_stored, "pixel_representation": pixel.pixel_representation,
             "number_of_frames": 1, "planar_configuration": 0}  # fmt: skip
    encoded = [encode_rle(frame, pixel, Loss()) for frame in samples]
    if pixel.bits_allocated <= 16 and (pixel.samples_per_pixel, pixel.pixel_representation) != (3, 1):
        encoded[0] = get_encoder(RLE).encode(samples[0], encoding_plugin="pydicom", **plain)
    before = len(launcher.launched)
    decoded, flags = decode_frames(*joined(encoded, seed), pixel)
    assert launcher.launched[before:] == ["rle"]
    assert not flags.any()
    assert decoded.dtype == pixel.dtype
    np.testing.assert_array_equal(decoded, samples)


@settings(max_examples=40)
@given(SHAPES, st.integers(0, 999), st.sampled_from([2, 9, 128]), st.sampled_from([0.0, 0.3]))
@example((40, 60, 1, "uint16"), 3, 128, 0.1)
def test_frames_of_random_packets(shape: tuple[int, int, int, str], seed: int, longest: int, noops: float) -> None:
    pixel = pixel_of(*shape)
    pixels, segments = pixel.rows * pixel.columns, pixel.samples_per_pixel * pixel.dtype.itemsize
    frames = [
        frame_of([packets(pixels, seed + 20 * frame + i, longest, noops) for i in range(segments)])
        for frame in range(2)
    ]
    assert all(assert_as_on_host(frames, pixel, seed))


def test_windows_full_of_short_packets() -> None:
    """As many runs as a window may hold, beginning at either byte of it."""
    pixel = pixel_of(3, 1000)
    single = b"".join(bytes([0, value % 251]) for value in range(3000))
    repeated = b"".join(bytes([255, value % 251]) for value in range(1500))
    noop = b"\x80"
    frames = [frame_of([segment]) for segment in (single, noop + single, repeated, noop * 3 * WINDOW + repeated)]
    assert all(assert_as_on_host(frames, pixel))


@pytest.mark.parametrize("file", [file for file in SAMPLE_FILES if file.transfer_syntax == RLE], ids=lambda f: f.name)
def test_sample_files(file: SampleFile) -> None:
    dataset = file.read()
    pixel = image_pixel(dataset)
    frames = [frame_bytes(dataset, index) for index in range(min(file.frames, 2))]
    decoded, flags = decode_frames(*joined(frames), pixel)
    assert not flags.any()
    for data, values in zip(frames, decoded, strict=True):
        lower_to_bit_zero(values, pixel)
        clear_unused_bits(values, pixel)
        np.testing.assert_array_equal(stored_to_rgb(values, pixel), on_host(data, pixel))


# --- Bad input --------------------------------------------------------------------------------------------------------

ENDINGS = (
    *(b"", b"\0", b"\0\0", b"\0\0\0", b"\x80", b"\x80\x80", b"\x80\0", b"\0\x80", b"\x80\0\0", b"\x01", b"\xff"),
    *(b"\0\x07", b"\xff\x07", bytes(WINDOW * 2), b"\x80" * WINDOW),
)
LAST = (b"\xfe\x05", b"\x02\x01\x02\x03", b"\x7f\x01\x02\x03", b"\x03\x01\x02\x03", b"\x02\x01\x02", b"\xfd\x05",
        b"\xff\x05", b"\xfe", b"\x02", b"\x80", b"")  # fmt: skip


def test_bad_input_endings() -> None:
    """Padding, packets that mean nothing, and runs that are cut or too long, at the end of each segment."""
    one, grey, colour = pixel_of(1, 3), pixel_of(1, 3, dtype="uint16"), pixel_of(1, 3, 3)
    decoded = assert_as_on_host([frame_of([last + ending]) for last, ending in product(LAST, ENDINGS)], one)
    assert any(decoded)
    assert not all(decoded)
    pairs = [frame_of([LAST[2] + b"", LAST[0] + ending]) for ending in ENDINGS]
    pairs += [frame_of([LAST[0] + first, LAST[1] + second]) for first, second in product(ENDINGS[:9], repeat=2)]
    assert_as_on_host(pairs, grey)
    assert_as_on_host([frame_of([LAST[0], LAST[1] + first, LAST[0] + second])
                       for first, second in product(ENDINGS[:6], repeat=2)], colour)  # fmt: skip


def test_bad_input_headers() -> None:
    for samples, dtype in ((1, "uint8"), (1, "uint16"), (3, "uint8"), (3, "uint32")):
        pixel = pixel_of(2, 5, samples, dtype)
        segments = samples * pixel.dtype.itemsize
        good = frame_of([packets(10, i) for i in range(segments)])
        frames = [good, good[:64], good[:63], good[:1], b"", bytes(64), frame_of([b""]), good[:64] + good[65:]]
        for word, value in product(range(segments + 1), (0, 1, 60, 63, 64, 65, len(good), len(good) - 1, 2**32 - 1)):
            frames.append(good[: 4 * word] + struct.pack("<I", value) + good[4 * word + 4 :])
        for ending, gap in product((b"", b"\0\0", b"\x80"), (0, 1, 6)):
            frames.append(frame_of([packets(10, i) + ending for i in range(segments)], gap))
        frames += [frame_of([packets(10, i) for i in range(count)]) for count in range(1, 16)]
        decoded = assert_as_on_host(frames, pixel)
        assert decoded[0]
        assert not all(decoded)


@pytest.mark.parametrize(("samples", "dtype"), [(1, "uint16"), (3, "uint8")])
def test_bad_input_cut_at_every_length(samples: int, dtype: str) -> None:
    pixel = pixel_of(6, 8, samples, dtype)
    whole = frame_of([packets(48, i, longest=9) for i in range(samples * pixel.dtype.itemsize)])
    decoded = assert_as_on_host([whole[:length] for length in range(len(whole) + 1)], pixel)
    assert decoded[-1]
    assert not any(decoded[:-1])


@settings(max_examples=25)
@given(st.integers(0, 9999), st.sampled_from([(1, "uint8"), (1, "int16"), (3, "uint8")]), st.integers(1, 4))
def test_bad_input_of_random_bytes(seed: int, kind: tuple[int, str], damages: int) -> None:
    """Frames with some bytes changed, taken out or put in, and whole ones between them."""
    pixel = pixel_of(9, 150, *kind)
    generator = np.random.default_rng(seed)
    whole = frame_of([packets(1350, seed + i, longest=30) for i in range(kind[0] * pixel.dtype.itemsize)])
    frames = []
    for _ in range(4):
        damaged = bytearray(whole)
        for _ in range(damages):
            at = int(generator.integers(60 if generator.random() < 0.3 else 64, len(damaged)))
            value = generator.bytes(1) if generator.random() < 0.5 else bytes(generator.choice([0, 127, 128, 129], 1))
            damaged[at : at + int(generator.integers(2))] = value * int(generator.integers(2))
        frames += [bytes(damaged), whole]
    assert all(assert_as_on_host(frames, pixel, seed)[1::2])


@settings(max_examples=25)
@given(st.integers(0, 9999), st.integers(0, 300))
def test_bad_input_writes_nothing_beside_a_frame(seed: int, size: int) -> None:
    """Arbitrary segments, in the middle of a larger array."""
    pixel = pixel_of(3, 5, 1, "uint16")
    generator = np.random.default_rng(seed)
    frame = frame_of([generator.bytes(1 + size // 2), generator.bytes(1 + size)])
    data, places = np.frombuffer(frame, np.uint8), np.array([0, len(frame)], np.int64)
    out, flags, endings = np.full((3, 3, 5), 0xABCD, np.uint16), np.zeros(3, np.int32), np.zeros(3, np.int32)
    launch(
        program("rle"), Grid((2, 1, 1), (128, 1, 1)), data, data, places, out[1], flags[1:], endings[1:], 1, 15, 1, 2
    )
    assert (out[[0, 2]] == 0xABCD).all()
    assert flags[[0, 2]].tolist() == endings[[0, 2]].tolist() == [0, 0]
    if isinstance(on_host(frame, pixel), HdgpuError):
        assert flags[1]


def test_reasons_are_those_of_the_host() -> None:
    pixel = pixel_of(1, 3)
    good = b"\xfe\x05"
    reasons: list[tuple[bytes, RleFlag, type[HdgpuError], str]] = [
        (bytes(60), RleFlag.HEADER_CUT, FrameDecodeError, "the RLE header is cut short"),
        (frame_of([good] * 2), RleFlag.SEGMENT_COUNT, PixelDataSizeError, "the number of RLE segments is wrong"),
        (frame_of([b""]), RleFlag.OFFSETS, FrameDecodeError, "the offsets of the RLE segments do not ascend within"),
        (frame_of([b"\xff\x05"]), RleFlag.TOO_SHORT, FrameDecodeError, "the RLE segments decode to the wrong length"),
        (frame_of([b"\xfd\x05"]), RleFlag.TOO_LONG, FrameDecodeError, "the RLE segments decode to the wrong length"),
        (frame_of([good + good]), RleFlag.GOES_ON, FrameDecodeError, "an RLE segment goes on after the last pixel"),
    ]
    flags = decode_frames(*joined([frame_of([good]), *(reason[0] for reason in reasons)]), pixel)[1]
    assert flags.tolist() == [0, *(reason[1] for reason in reasons)]
    for frame, _, kind, message in reasons:
        error = on_host(frame, pixel)
        assert isinstance(error, kind)
        assert message in str(error)


@pytest.mark.parametrize(
    "pixel",
    [
        pixel_of(2, 2, 3, "uint64"),
        ImagePixel(2, 2, 1, "MONOCHROME2", 1, 1, 0),
        ImagePixel(2, 2, 1, "MONOCHROME2", 32, 32, 31, keyword="FloatPixelData"),
    ],
)
def test_samples_that_rle_does_not_hold(pixel: ImagePixel) -> None:
    with pytest.raises(UnsupportedPixelError, match="15 bytes a pixel at most"):
        decode_frames(np.zeros(70, np.uint8), np.array([0]), np.array([70]), pixel)


def test_places_outside_of_the_data(launcher: HostLauncher) -> None:
    data, pixel = np.zeros(100, np.uint8), pixel_of(2, 2)
    most = np.iinfo(np.int64).max
    for offset, length in ((0, 101), (101, 0), (-1, 5), (5, -1), (most, 1), (1, most), (100, 1)):
        with pytest.raises(ValueError, match="outside of the 100 bytes"):
            decode_frames(data, np.array([0, offset]), np.array([1, length]), pixel)
    with pytest.raises(ValueError, match="2 offsets and 1 lengths"):
        decode_frames(data, np.array([0, 1]), np.array([1]), pixel)
    for wrong in (data.view(np.int8), data.reshape(10, 10), data[::2]):
        with pytest.raises(ValueError, match="have to be contiguous bytes"):
            decode_frames(wrong, np.array([0]), np.array([1]), pixel)
    assert not launcher.launched


# --- Sizes ------------------------------------------------------------------------------------------------------------


def test_no_frames(launcher: HostLauncher) -> None:
    decoded, flags = decode_frames(np.zeros(0, np.uint8), np.zeros(0, int), np.zeros(0, int), pixel_of(4, 5, 3))
    assert (decoded.shape, flags.shape) == ((0, 4, 5, 3), (0,))
    assert not launcher.launched


def test_fewer_blocks_than_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rle, "_MOST_BLOCKS", 2)
    frames = [frame_of([packets(60, 10 * frame + i) for i in range(3)]) for frame in range(3)]
    frames[1] = frames[1][:-2]
    assert assert_as_on_host(frames, pixel_of(6, 10, 3)) == [True, False, True]


def test_more_than_2_to_the_31_bytes(launcher: HostLauncher) -> None:
    """A frame beyond them in the data, and in the output; of the blocks only the last one is run."""
    pixel, count = pixel_of(256, 256, dtype="uint16"), (1 << 15) + 1
    frame = frame_of([packets(1 << 16, i) for i in range(2)])
    data = np.zeros((1 << 32) + len(frame), np.uint8)
    data[1 << 32 :] = np.frombuffer(frame, np.uint8)
    launcher.blocks = lambda grid: ((grid.blocks[0] - 2, 0, 0), (2, 1, 1))
    decoded, flags = decode_frames(data, np.full(count, 1 << 32), np.full(count, len(frame)), pixel)
    np.testing.assert_array_equal(decoded[-1], on_host(frame, pixel))
    assert flags[-1] == 0


def test_a_device_without_kernels_is_refused() -> None:
    torch: Any = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="on a device that runs kernels"):
        decode_frames(torch.zeros(70, dtype=torch.uint8), np.array([0]), np.array([70]), pixel_of(2, 2))
