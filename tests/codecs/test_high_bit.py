"""Samples that do not begin in the lowest bit of their containers."""

from __future__ import annotations

import numpy as np
import pytest

import hdgpu
from hdgpu.errors import FrameDecodeError
from tests.make_series import make_dataset


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"]
)
@pytest.mark.parametrize("signed", [0, 1])
def test_samples_at_the_upper_end_of_their_containers(syntax: str, signed: int) -> None:
    """High Bit 15 and Bits Stored 12: the four bits below the sample hold something else."""
    generator = np.random.default_rng(4)
    values = generator.integers(-2048 if signed else 0, 2048 if signed else 4096, (7, 9)).astype(np.int64)
    values[0, 0] = -2048 if signed else 4095
    overlay = generator.integers(0, 16, values.shape)
    words = ((values << 4) | overlay).astype(np.int16 if signed else np.uint16)
    dataset = make_dataset(words, BitsStored=12, HighBit=15)
    if syntax.endswith(".5"):
        dataset.compress(syntax, encoding_plugin="pylibjpeg")
        dataset.BitsStored, dataset.HighBit = 12, 15
    elif syntax.endswith(".2.2"):
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = words.byteswap().tobytes()
    for compiled in ("1", "0"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HDGPU_COMPILED", compiled)
            array = hdgpu.Image.from_dataset(dataset).get_stored_frame(1)
            volume = hdgpu.load_volume(dataset, device="cpu", dtype="float32").array[0]
        np.testing.assert_array_equal(array, values)
        np.testing.assert_array_equal(volume, values)


def test_a_high_bit_that_the_samples_contradict() -> None:
    dataset = make_dataset(np.arange(63, dtype=np.uint16).reshape(7, 9), BitsStored=12, HighBit=15)
    with pytest.raises(FrameDecodeError, match="High Bit.*expected 11"):
        hdgpu.Image.from_dataset(dataset).get_frame(1)
    dataset.HighBit = 7  # no sample of twelve bits ends there
    assert hdgpu.Image.from_dataset(dataset).get_frame(1).max() == 62
