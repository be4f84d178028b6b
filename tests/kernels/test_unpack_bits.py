from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdgpu.array.kernels import grid_for, launch, program
from hdgpu.codecs.device.native import decode_native
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import PixelDataSizeError
from tests.kernels.native_frames import bytes_of, in_plain_steps, on_host
from tests.kernels.on_host import HostLauncher

MUTATIONS = [
    ("unpack_bits.cu", "bits >>= shift", "bits >>= 0", "test_frames"),
    ("unpack_bits.cu", "if (shift) bits |=", "if (shift > 1) bits |=", "test_frames"),
    ("unpack_bits.cu", "at >= 0 && ", "", "test_frames"),
    ("unpack_bits.cu", "count - at >= RUN)", "true)", "test_frames"),
    ("unpack_bits.cu", ">> (position & 7) & 1", ">> (7 - (position & 7)) & 1", "test_frames"),
    ("unpack_bits.cu", "starts[frame] + at", "starts[frame] + run * RUN", "test_frames"),
    ("unpack_bits.cu", "const Index position = starts", "const int position = starts", "2_to_the_31"),
]


@settings(max_examples=100)
@given(
    st.integers(1, 5), st.integers(1, 40), st.sampled_from([1, 3]), st.sampled_from([0, 1]), st.integers(0, 7),
    st.integers(0, 4), st.integers(0, 99),
)  # fmt: skip
def test_frames_that_follow_one_another_bit_by_bit(
    launcher: HostLauncher, rows: int, columns: int, samples: int, signed: int, offset: int, frames: int, seed: int
) -> None:
    photometric = "RGB" if samples == 3 else "MONOCHROME2"
    pixel = ImagePixel(rows, columns, samples, photometric, 1, 1, 0, signed, planar_configuration=1)
    count = pixel.frame_samples
    raw = bytes_of(-(-(offset + frames * count) // 8), seed)
    starts = offset + np.arange(frames)[::-1] * count  # the other way round than they lie
    before = len(launcher.launched)
    stored, flags = decode_native(raw, starts, pixel)
    assert launcher.launched[before:] == ["unpack_bits"] * bool(frames)
    assert flags is None
    assert stored.dtype == pixel.dtype
    bits = np.unpackbits(raw, bitorder="little")[offset : offset + frames * count]
    np.testing.assert_array_equal(stored[::-1], bits.reshape(frames, *pixel.frame_shape))
    np.testing.assert_array_equal(stored, in_plain_steps(raw, starts, pixel).stored)
    if offset == 0:
        np.testing.assert_array_equal(stored, on_host(raw, starts, pixel))


def test_no_byte_beyond_the_last_is_read(launcher: HostLauncher) -> None:
    pixel = ImagePixel(1, 16, bits_allocated=1, bits_stored=1, high_bit=0)
    assert decode_native(np.full(2, 255, np.uint8), [0], pixel).stored.all()
    with pytest.raises(PixelDataSizeError):
        decode_native(np.full(2, 255, np.uint8), [1], pixel)


def test_more_than_2_to_the_31_samples(launcher: HostLauncher) -> None:
    """The last blocks alone are run: their places need 64 bits, those of the bits as well."""
    count = (1 << 32) + 100
    raw, out = np.zeros(count // 8 + 2, np.uint8), np.zeros((1, count), np.uint8)
    raw[-40:] = bytes_of(40, 0)
    launcher.blocks = lambda grid: ((grid.blocks[0] - 2, 0, 0), (2, 1, 1))
    launch(program("unpack_bits"), grid_for(-(-count // 16) + 1), raw, raw, np.full(1, 3), out, 1, count)
    bits = np.unpackbits(raw[-40:], bitorder="little")[: 3 + count - 8 * (len(raw) - 40)]
    np.testing.assert_array_equal(out[0, -200:], bits[-200:])
    assert not out[0, : 1 << 20].any()
