"""Images on a server: a region costs a handful of requests, and what it gives is what the file holds."""

import io

import imagecodecs
import numpy as np
import pytest

import hdgpu as hd
import hdgpu.dicom.remote
from hdgpu.errors import SourceError
from tests.http_server import serve
from tests.make_multiframe import make_enhanced, make_tiled

pytest.importorskip("aiohttp", reason="needs aiohttp: pip install hdgpu[remote]")
TILE = 64
GENERATOR = np.random.default_rng(5)
MATRIX = GENERATOR.integers(0, 256, (1, 1, 20 * TILE - 7, 30 * TILE - 11), np.uint8)


def written(dataset):
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def encode(frame):
    return imagecodecs.jpegls_encode(frame)


@pytest.fixture(scope="module")
def tiled():
    return written(make_tiled(MATRIX, (TILE, TILE), encode=encode, transfer_syntax="1.2.840.10008.1.2.4.80"))


@pytest.fixture
def site(monkeypatch, tiled):
    monkeypatch.setattr(hdgpu.dicom.remote, "_PAUSE_SECONDS", 0.0)
    with serve(tiled=tiled) as started:
        yield started


def test_a_region_of_sixteen_tiles(site, tiled):
    image = hd.imread(f"{site.url}/tiled", lazy_frame_retrieval=True)
    opening = len(site.requests)
    region = image.get_total_pixel_matrix(5 * TILE, 9 * TILE, 10 * TILE, 14 * TILE, dtype="uint8", as_indices=True)
    np.testing.assert_array_equal(region, MATRIX[0, 0, 5 * TILE : 9 * TILE, 10 * TILE : 14 * TILE])
    tiles = [
        MATRIX[0, 0, top : top + TILE, left : left + TILE]
        for top in range(5 * TILE, 9 * TILE, TILE)
        for left in range(10 * TILE, 14 * TILE, TILE)
    ]
    encoded = sum(len(encode(tile)) for tile in tiles)
    requests, asked = len(site.requests), site.bytes_asked
    print(
        f"{requests} requests ({opening} to open), {asked} bytes for {encoded} encoded ones of a file of {len(tiled)}"
    )
    assert requests <= 8
    assert asked < len(tiled) / 2


def test_a_frame_far_into_a_file(site):
    image = hd.imread(f"{site.url}/tiled", lazy_frame_retrieval=True)
    np.testing.assert_array_equal(image.get_frame(1, dtype="uint8"), MATRIX[0, 0, :TILE, :TILE])
    before = len(site.requests)
    top, left = 15 * TILE, 20 * TILE
    frame = image.get_frame(15 * 30 + 20 + 1, dtype="uint8")
    np.testing.assert_array_equal(frame, MATRIX[0, 0, top : top + TILE, left : left + TILE])
    assert len(site.requests) == before + 1


def test_the_whole_matrix_in_windows(site, monkeypatch):
    monkeypatch.setattr("hdgpu.frames.prefetch._WINDOW_BYTES", 100_000)
    image = hd.imread(f"{site.url}/tiled", lazy_frame_retrieval=True)
    np.testing.assert_array_equal(image.get_total_pixel_matrix(dtype="uint8"), MATRIX[0, 0])
    assert len(site.requests) < 60  # of 600 frames


def test_connections_that_are_cut_while_frames_are_read(site):
    image = hd.imread(f"{site.url}/tiled", lazy_frame_retrieval=True)
    site.failures = 2
    np.testing.assert_array_equal(image.get_total_pixel_matrix(dtype="uint8"), MATRIX[0, 0])
    site.failures = 1000
    with pytest.raises(SourceError, match="tiled.*cannot be read"):
        image.get_total_pixel_matrix(dtype="uint8")


def test_a_server_that_ignores_ranges(site):
    site.ignores_ranges = True
    image = hd.imread(f"{site.url}/tiled", lazy_frame_retrieval=True)
    np.testing.assert_array_equal(image.get_total_pixel_matrix(dtype="uint8"), MATRIX[0, 0])


@pytest.mark.parametrize("lazy", [True, False])
def test_a_stack(lazy):
    voxels = GENERATOR.integers(0, 4096, (12, 40, 50), np.uint16)
    file = written(make_enhanced(voxels, [(0, 0, 2.0 * place) for place in range(12)]))
    with serve(stack=file) as site:
        image = hd.imread(f"{site.url}/stack", lazy_frame_retrieval=lazy)
        np.testing.assert_array_equal(image.get_volume().array, voxels[::-1])
        assert image.StudyInstanceUID == "1.2.3"
        assert len(site.requests) <= 6
        np.testing.assert_array_equal(hd.load_volume(f"{site.url}/stack").array, voxels[::-1])
