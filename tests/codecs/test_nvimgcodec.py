"""nvImageCodec in its CPU-only mode: batches, failures, slices and regions of memory behave as on a GPU."""

from __future__ import annotations

from typing import Any
from unittest import mock

import imagecodecs
import numpy as np
import pytest

from hdgpu.codecs.device import nvimgcodec
from hdgpu.codecs.device.nvimgcodec import KINDS, BatchDecoder, decodable, installed, open_stream
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.errors import OutOfMemoryError

pytestmark = pytest.mark.skipif(installed() is None, reason="needs nvidia-nvimgcodec-cu13")


@pytest.fixture(scope="module")
def decoder() -> BatchDecoder:
    return BatchDecoder(None)


def frames(count: int, dtype: str = "uint16", shape: tuple[int, ...] = (40, 56)) -> list[np.ndarray]:
    return [np.random.default_rng(i).integers(0, np.iinfo(dtype).max, shape, dtype) for i in range(count)]


def j2k(frame: np.ndarray) -> bytes:
    return imagecodecs.jpeg2k_encode(frame, codecformat="J2K", reversible=True, mct=frame.ndim == 3)


def test_what_works_is_found_by_trying() -> None:
    can = decodable(None, np)
    assert can == set(KINDS) - {"jpeg-lossless"}  # libjpeg-turbo behind it has none of 9 to 16 bits


@pytest.mark.parametrize("count", [1, 2, 17])
@pytest.mark.parametrize("shape", [(40, 56), (33, 65), (40, 56, 3)])
def test_a_batch_goes_into_its_slots(decoder: BatchDecoder, count: int, shape: tuple[int, ...]) -> None:
    images = frames(count, "uint8" if len(shape) == 3 else "uint16", shape)
    out = np.full((count, *shape[:2], *(shape[2:] or (1,))), 7, images[0].dtype)
    assert decoder.decode([open_stream(j2k(image)) for image in images], list(out)) == [True] * count
    np.testing.assert_array_equal(out.reshape(count, *shape), np.stack(images))


def test_frames_that_fail_are_named(decoder: BatchDecoder) -> None:
    images = frames(5)
    streams = [j2k(image) for image in images]
    streams[1] = streams[1][:300]
    streams[3] = b"no codestream at all"
    out = np.zeros((5, 40, 56, 1), np.uint16)
    assert decoder.decode([open_stream(each) for each in streams], list(out)) == [True, False, True, False, True]
    for index in (0, 2, 4):
        np.testing.assert_array_equal(out[index, ..., 0], images[index])


def test_rows_of_a_slot_may_be_apart(decoder: BatchDecoder) -> None:
    """Tiles go straight to their places in a matrix, and nothing beside them is touched."""
    images = frames(4)
    matrix = np.full((90, 130, 1), 7, np.uint16)
    corners = [(3, 5), (3, 70), (48, 5), (48, 70)]
    slots = [matrix[top : top + 40, left : left + 56] for top, left in corners]
    assert all(decoder.decode([open_stream(j2k(image)) for image in images], slots))
    expected = np.full((90, 130), 7, np.uint16)
    for (top, left), image in zip(corners, images, strict=True):
        expected[top : top + 40, left : left + 56] = image
    np.testing.assert_array_equal(matrix[..., 0], expected)


def test_precisions_of_a_batch(decoder: BatchDecoder) -> None:
    """Each goes into its own slot, whichever order nvImageCodec gets them in."""
    images = [image >> (16 - bits) for image, bits in zip(frames(6), (10, 16, 12) * 2, strict=True)]
    streams = [
        open_stream(imagecodecs.jpeg2k_encode(image, codecformat="J2K", reversible=True, bitspersample=bits))
        for image, bits in zip(images, (10, 16, 12) * 2, strict=True)
    ]
    assert [stream.precision for stream in streams] == [10, 16, 12] * 2
    out = np.zeros((6, 40, 56, 1), np.uint16)
    assert all(decoder.decode(streams, list(out)))
    np.testing.assert_array_equal(out[..., 0], np.stack(images))


def test_no_frames_are_no_work(decoder: BatchDecoder) -> None:
    assert decoder.decode([], []) == []


def test_depths_are_not_scaled_to_eight_bits(decoder: BatchDecoder) -> None:
    image = (np.arange(40 * 56).reshape(40, 56) % 4096).astype(np.uint16)
    out = np.zeros((40, 56, 1), np.uint16)
    for bits in (12, 16):  # of the codestream
        data = imagecodecs.jpeg2k_encode(image, codecformat="J2K", reversible=True, bitspersample=bits)
        assert sniff(data).precision == bits
        assert decoder.decode([open_stream(data)], [out]) == [True]
        np.testing.assert_array_equal(out[..., 0], image)


def test_an_engine_that_repeats_chroma_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, asked = nvimgcodec.library_on, []

    def on_host(device: int | None, *backends: str) -> Any:
        asked.append(backends)
        return opened(None, *backends)

    def right(decoder: BatchDecoder, kind: str, xp: Any) -> bool:
        return kind != "jpeg-colour" or "HW_GPU_ONLY" not in asked[-1]

    monkeypatch.setattr(nvimgcodec, "library_on", on_host)
    monkeypatch.setattr(nvimgcodec, "_comes_out_right", right)
    monkeypatch.setattr(nvimgcodec, "_without_engine", set())
    assert decodable.__wrapped__(7, np) == set(KINDS)
    for device, engine in ((7, False), (8, True)):
        BatchDecoder(device)
        assert ("HW_GPU_ONLY" in asked[-1]) == engine


def test_chroma_that_is_repeated_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "jpeg-colour" in decodable.__wrapped__(None, np)
    monkeypatch.setattr(nvimgcodec, "_OPTIONS", ":fancy_upsampling=0")
    assert "jpeg-colour" not in decodable.__wrapped__(None, np)


def test_a_full_device_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it remembered as one: the next load finds out."""
    nvimgcodec.decodable.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(BatchDecoder, "decode", mock.Mock(side_effect=MemoryError("512 bytes are not there")))
        with pytest.raises(OutOfMemoryError, match=r"no room on the device to try its decoders.*512 bytes"):
            decodable(None, np)
    assert "jpeg2000" in decodable(None, np)
