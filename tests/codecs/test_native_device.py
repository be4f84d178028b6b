"""Native frames decoded where their bytes are, on every library and through the kernels, against the host's decoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest

from hdgpu.array.functions import dtype_name
from hdgpu.array.interop import to_numpy
from hdgpu.array.kernels import launching_on_host
from hdgpu.codecs.device.native import BYTE_ORDERS, LOW_SAMPLES, decode_native
from hdgpu.codecs.route import route_for
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError
from tests.codecs.frames_of import decode, image_pixel
from tests.conftest import ArrayLibrary
from tests.kernels.native_frames import on_host
from tests.kernels.on_host import HostLauncher
from tests.sample_files import SAMPLE_FILES, UNDECODABLE, SampleFile

_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
NATIVE_FILES = [file for file in SAMPLE_FILES if file.transfer_syntax in _NATIVE and file.name not in UNDECODABLE]
RANDOM = np.random.default_rng(3)


@pytest.fixture(params=["kernels", "numpy", "torch", "strict"])
def way(request: pytest.FixtureRequest) -> Iterator[ArrayLibrary]:
    """Library that frames are decoded with: NumPy through the kernels, or as all others in plain steps."""
    from tests.conftest import _strict, _torch

    libraries = {"torch": _torch, "strict": _strict}
    with launching_on_host(HostLauncher()) if request.param == "kernels" else nullcontext():
        yield libraries.get(request.param, lambda: ArrayLibrary("numpy", np, None))()


@pytest.mark.parametrize("file", NATIVE_FILES, ids=lambda file: file.name)
def test_sample_files_are_as_on_the_host(way: ArrayLibrary, file: SampleFile) -> None:
    """At most three frames of each, at once: they need not follow one another."""
    dataset = file.read()
    pixel = image_pixel(dataset)
    element = dataset[pixel.keyword]
    route = route_for(file.transfer_syntax, pixel, vr=element.VR)
    frames = sorted({0, file.frames // 2, file.frames - 1})
    starts = np.array(frames) * pixel.frame_bits
    raw = way.asarray(np.frombuffer(element.value, np.uint8))
    stored, flags = decode_native(raw, starts, pixel, BYTE_ORDERS[route.name])
    assert flags is None or LOW_SAMPLES not in to_numpy(flags)
    assert way.is_mine(stored)
    assert dtype_name(stored.dtype) == pixel.dtype.name
    np.testing.assert_array_equal(to_numpy(stored), np.stack([decode(dataset, frame)[0] for frame in frames]))


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422"])
@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("order", ["little", "words"])
def test_colour(way: ArrayLibrary, photometric: str, planar: int, order: str) -> None:
    pixel = ImagePixel(5, 7, 3, photometric, 8, 8, 7, planar_configuration=planar)
    raw, starts = RANDOM.integers(0, 256, 400, np.uint8), np.arange(2) * pixel.frame_bits
    stored, flags = decode_native(way.asarray(raw), starts, pixel, order)
    assert flags is None
    assert way.is_mine(stored)
    host = on_host(raw, starts, pixel, order)
    assert np.abs(to_numpy(stored).astype(int) - host).max() <= 1  # tests/kernels/test_ybr.py has every colour


@pytest.mark.parametrize("allocated", [8, 16, 32, 64])
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("order", ["little", "big"])
def test_samples_within_their_containers(way: ArrayLibrary, allocated: int, signed: int, order: str) -> None:
    """Above bit 0, and with other things above and below them."""
    pixel = ImagePixel(
        3, 5, bits_allocated=allocated, bits_stored=allocated - 4, high_bit=allocated - 2, pixel_representation=signed
    )
    raw, starts = RANDOM.integers(0, 256, 3 * pixel.frame_bits // 8, np.uint8), np.arange(3) * pixel.frame_bits
    stored, flags = decode_native(way.asarray(raw), starts, pixel, order)
    assert LOW_SAMPLES not in to_numpy(flags)
    assert way.is_mine(flags)
    np.testing.assert_array_equal(to_numpy(stored), on_host(raw, starts, pixel, order))


def test_a_high_bit_that_the_samples_contradict(way: ArrayLibrary) -> None:
    pixel = ImagePixel(7, 9, bits_stored=12, high_bit=15)
    words = np.stack([np.full(63, 1 << 14), np.arange(63)]).astype(np.uint16)
    raw = words.view(np.uint8).ravel()
    _, flags = decode_native(way.asarray(raw), [0, pixel.frame_bits], pixel)
    assert to_numpy(flags).tolist() == [1, LOW_SAMPLES]
    with pytest.raises(FrameDecodeError, match="High Bit.*expected 11"):
        on_host(raw, np.array([pixel.frame_bits]), pixel)


@pytest.mark.parametrize("offset", [0, 3])
def test_bits(way: ArrayLibrary, offset: int) -> None:
    pixel = ImagePixel(3, 5, bits_allocated=1, bits_stored=1, high_bit=0)
    bits = RANDOM.integers(0, 2, offset + 4 * 15, np.uint8)
    raw = way.asarray(np.packbits(bits, bitorder="little"))
    stored, _ = decode_native(raw, offset + 15 * np.arange(4), pixel)
    np.testing.assert_array_equal(to_numpy(stored), bits[offset:].reshape(4, 3, 5))


def test_no_frames(way: ArrayLibrary) -> None:
    for pixel in (ImagePixel(2, 3, bits_stored=12, high_bit=11), ImagePixel(2, 3, 3, "YBR_FULL_422", 8, 8, 7)):
        stored, flags = decode_native(way.asarray(np.zeros(4, np.uint8)), [], pixel)
        assert stored.shape == (0, *pixel.frame_shape)
        assert flags is None or not len(flags)
