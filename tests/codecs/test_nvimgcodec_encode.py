"""nvImageCodec as an encoder, in its CPU-only mode: that has JPEG 2000 of 8 and 16 bits, and no HTJ2K."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from hdgpu.codecs.device.nvimgcodec import installed
from hdgpu.codecs.encode import nvimgcodec
from hdgpu.codecs.encode.nvimgcodec import BatchEncoder, batch_encoder, encodable
from hdgpu.codecs.route import route_for
from hdgpu.dicom.image_pixel import ImagePixel

pytestmark = pytest.mark.skipif(installed() is None, reason="needs nvidia-nvimgcodec-cu13")

JPEG_2000, HTJ2K = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"
HOST = SimpleNamespace(index=None, xp=np, active=nullcontext)


def test_what_works_is_found_by_trying() -> None:
    assert encodable(None, np) == {(JPEG_2000, 1)}
    assert batch_encoder(HTJ2K, HOST) is None


@pytest.mark.parametrize("bits", [8, 16])
def test_batch_comes_back(bits: int) -> None:
    pixel = ImagePixel(70, 90, 1, "MONOCHROME2", bits, bits, bits - 1)
    frames = [np.random.default_rng(i).integers(0, 1 << bits, (70, 90)).astype(pixel.dtype) for i in range(5)]
    encoded = batch_encoder(JPEG_2000, HOST)(frames, pixel)
    for frame, data in zip(frames, encoded, strict=True):
        assert data.startswith(b"\xff\x4f\xff\x51")  # PS3.5 A.4.4: no boxes
        decoded, _ = route_for(JPEG_2000, pixel).decode(data, np.empty_like(frame))
        np.testing.assert_array_equal(decoded, frame)


def test_headers_that_say_something_else_do_not_count() -> None:
    """In this mode the precision is that of the container: not what 12 bits call for."""
    frames = [np.zeros((64, 64, 1), np.uint16)]
    assert BatchEncoder(None).encode(frames, JPEG_2000, 12) == [None]
    assert BatchEncoder(None).encode([], JPEG_2000, 12) == []


@pytest.mark.parametrize(
    "pixel",
    [
        ImagePixel(64, 64, 1, "MONOCHROME2", 16, 16, 15, 1),
        ImagePixel(64, 64, 1, "MONOCHROME2", 1, 1, 0),
        ImagePixel(64, 64, 3, "YBR_RCT", 8, 8, 7),
    ],
)
def test_frames_for_the_host(pixel: ImagePixel) -> None:
    assert batch_encoder(JPEG_2000, HOST)([np.zeros(pixel.frame_shape, pixel.dtype)] * 2, pixel) == [None] * 2


def test_encoder_that_fails_leaves_all_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    encode = batch_encoder(JPEG_2000, HOST)

    def fail(*arguments: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(nvimgcodec.BatchEncoder, "encode", fail)
    assert encode([np.zeros((64, 64), np.uint8)], ImagePixel(64, 64, 1, "MONOCHROME2", 8, 8, 7)) == [None]
