"""The compiled extension against the Python that it stands in for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import RLELossless

import hdgpu as hd
from hdgpu import compiled
from hdgpu.codecs.route import route_for
from hdgpu.dicom.elements import UNDEFINED
from hdgpu.dicom.header import _WANTED_TABLE, read_header, scan_headers
from hdgpu.dicom.source import PathSource
from hdgpu.dicom.tags import Tag
from hdgpu.errors import HdgpuError
from hdgpu.frames import engine
from hdgpu.pixels.reference import affine
from tests.make_series import make_dataset, make_series, nested_sequences, write_series
from tests.real_files import every_file, real_series

extension = compiled.extension()
pytestmark = pytest.mark.skipif(
    extension is None, reason="needs the compiled extension: a C++ compiler at installation"
)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that calls another one as if there were no extension."""

    def call(function: Any, *given: Any, **options: Any) -> Any:
        with monkeypatch.context() as patch:
            for module in ("hdgpu.dicom.header", "hdgpu.pixels.run", "hdgpu.frames.plain"):
                patch.setattr(f"{module}.extension", lambda: None)
            return function(*given, **options)

    return call


# --- scan_headers -----------------------------------------------------------------------------------------------------


def assert_equal_headers(path: Path) -> bool:
    (scanned,) = scan_headers([path])
    if scanned is None:
        return False
    read = read_header(PathSource(path))
    assert scanned.values == read.values
    assert scanned.pixel_data == read.pixel_data
    assert scanned.transfer_syntax_uid == read.transfer_syntax_uid
    assert scanned.encoding == read.encoding
    assert scanned.source.size == path.stat().st_size
    assert not read._sequences
    return True


def test_headers_of_sample_files() -> None:
    scanned = [assert_equal_headers(path) for path in every_file()]
    assert sum(scanned) > 150  # what is left to Python: no preamble, big endian, wanted sequences, damage


def test_headers_of_real_series() -> None:
    paths = [path for path in (real_series("structural_mr.zip") / "dicoms").iterdir() if path.is_file()]
    assert all(assert_equal_headers(path) for path in paths)


def test_each_byte_of_a_header_changed(tmp_path: Path) -> None:
    """What the extension accepts is what Python reads, byte for byte of damage."""
    dataset = make_dataset(make_series(1)[1][0])
    path = tmp_path / "whole"
    dataset.save_as(path)
    whole = path.read_bytes()
    accepted = 0
    for place in range(128, len(whole) - 40, 2):
        raw = bytearray(whole)
        raw[place] ^= 0x41
        path.write_bytes(raw)
        (scanned,) = scan_headers([path])
        if scanned is not None:
            read = read_header(PathSource(path))
            assert (scanned.values, scanned.pixel_data) == (read.values, read.pixel_data)
            accepted += 1
    assert accepted > 100


@pytest.mark.parametrize("length", [0, 10, 131, 140, 150, 300, 500])
def test_file_cut_short_is_declined(tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut"
    make_dataset(make_series(1)[1][0]).save_as(path)
    path.write_bytes(path.read_bytes()[:length])
    if assert_equal_headers(path):  # cut between two elements
        assert next(iter(scan_headers([path]))).pixel_data is None


def test_what_is_no_file_is_declined(tmp_path: Path) -> None:
    assert list(scan_headers([tmp_path / "nowhere", tmp_path, b"bytes", "memory://x"])) == [None] * 4


def test_long_header_and_nested_sequences(tmp_path: Path) -> None:
    dataset = make_dataset(make_series(1)[1][0], ReferencedImageSequence=nested_sequences())
    dataset["ReferencedImageSequence"].is_undefined_length = True
    for size in (100, 20_000, 300_000, 2_000_000):
        dataset.add_new(0x00291010, "OB", b"x" * size)
        dataset.save_as(tmp_path / "long")
        assert assert_equal_headers(tmp_path / "long") == (size < 1_000_000)


def test_wanted_table_ascends() -> None:
    tags = np.frombuffer(_WANTED_TABLE, np.dtype([("tag", "<u4"), ("vr", "S2")]))["tag"]
    assert (np.diff(tags.astype(np.int64)) > 0).all()
    assert UNDEFINED == 0xFFFFFFFF
    assert Tag.ROWS in tags


# --- convert_frame ----------------------------------------------------------------------------------------------------


@given(
    st.sampled_from(["u1", "i1", "u2", "i2"]),
    st.sampled_from(["f4", "f8"]),
    st.sampled_from([(1.0, 0.0), (2.0, -1024.0), (0.1, 3.7), (-1.0, 65535.0)]),
    st.integers(1, 70),
    st.integers(0, 15),
    st.booleans(),
)
def test_conversion(
    stored_type: str, out_type: str, parameters: tuple[float, float], count: int, shift: int, stream: bool
) -> None:
    """Equal to the reference at every length and alignment, and nothing beside the target is touched."""
    assert extension is not None
    slope, intercept = parameters
    info = np.iinfo(stored_type)
    stored = np.random.default_rng(count).integers(info.min, info.max, count, stored_type, endpoint=True)
    stored[0], stored[-1] = info.max, info.min
    around = np.full(count + 40, 7, out_type)
    out = around[shift : shift + count]
    exact = slope == np.rint(slope)
    extension.convert_frame(
        stored, out, np.dtype(stored_type).char + np.dtype(out_type).char, slope, intercept, exact, stream
    )
    expected = affine(stored[None], np.array([slope]), np.array([intercept]))[0].astype(out_type)
    np.testing.assert_array_equal(out, expected)
    assert (around[:shift] == 7).all()
    assert (around[shift + count :] == 7).all()


def test_conversion_refuses_what_it_is_not_made_for() -> None:
    assert extension is not None
    stored = np.zeros(4, "u2")
    for types, out in (("Hf", np.zeros(3, "f4")), ("Hi", np.zeros(4, "i4")), ("?f", np.zeros(4, "f4")), ("", stored)):
        with pytest.raises(ValueError, match="not a pair of types"):
            extension.convert_frame(stored, out, types, 1.0, 0.0, True, False)
    with pytest.raises((BufferError, TypeError, ValueError)):
        extension.convert_frame(stored, np.zeros((4, 2), "f4")[:, 0], "Hf", 1.0, 0.0, True, False)


# --- load_frames ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", RLELossless])
@pytest.mark.parametrize("stored", ["uint8", "int8", "uint16", "int16"])
@pytest.mark.parametrize("output", ["float32", "float64", "int32", "own"])
@pytest.mark.parametrize("rescale", [{}, {"RescaleSlope": "2", "RescaleIntercept": "-1024"}, {"RescaleSlope": "0.3"}])
def test_volumes_are_equal(
    tmp_path: Path, without: Any, syntax: str, stored: str, output: str, rescale: dict[str, str]
) -> None:
    if output in ("int32", "own") and rescale:
        rescale = {}
    datasets, _ = make_series(20, (13, 11), stored, **rescale)
    if syntax == RLELossless:
        for dataset in datasets:
            dataset.compress(syntax, generate_instance_uid=False)
    write_series(datasets, tmp_path)
    dtype = stored if output == "own" else output
    plain = without(hd.load_volume, tmp_path, dtype=dtype)
    volume = hd.load_volume(tmp_path, dtype=dtype)
    np.testing.assert_array_equal(volume.array, plain.array)
    np.testing.assert_array_equal(volume.affine, plain.affine)
    taken = "compiled:rle" if syntax == RLELossless and output != "int32" else None
    if taken:
        assert volume.report.frames_per_route == {taken: 20}
        assert volume.report.encoded_bytes > 0


def test_unused_high_bits_are_left_to_python(tmp_path: Path, without: Any) -> None:
    """Overlays in the unused bits of some frames: those frames go the other way, the rest do not."""
    datasets, voxels = make_series(20, (13, 11), "uint16", BitsStored=12, HighBit=11)
    for index, dataset in enumerate(datasets):
        frame = voxels[index] & 0x0FFF
        frame[0, 0] |= 0x8000 * (index % 3 == 0)
        dataset.PixelData = frame.tobytes()
    write_series(datasets, tmp_path)
    volume = hd.load_volume(tmp_path)
    np.testing.assert_array_equal(volume.array, voxels & 0x0FFF)
    np.testing.assert_array_equal(volume.array, without(hd.load_volume, tmp_path).array)


@given(st.data())
def test_damaged_rle_frames(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """The same voxels or the same refusal as from the Python route, whatever bytes the frame is made of."""
    folder = tmp_path_factory.mktemp("rle")
    (dataset,), _ = make_series(1, (9, 7), data.draw(st.sampled_from(["uint8", "int16"])))
    dataset.compress(RLELossless, generate_instance_uid=False)
    path = folder / "one"
    dataset.save_as(path)
    raw = bytearray(path.read_bytes())
    start = len(raw) - len(dataset.PixelData) - 8
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(start, len(raw) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(start, len(raw) - 1)) :]
    path.write_bytes(raw)

    def outcome() -> Any:
        try:
            return hd.load_volume(path).array.tolist()
        except HdgpuError as error:
            return type(error), str(error)

    fast = outcome()
    originals = engine.load_plain_frames
    engine.load_plain_frames = lambda *_: 0
    try:
        slow = outcome()
    finally:
        engine.load_plain_frames = originals
    assert fast == slow


def test_environment_variable_turns_it_off() -> None:
    code = "from hdgpu.compiled import extension; print(extension())"
    environment = {**os.environ, "HDGPU_COMPILED": "0"}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "None"


def test_routes_that_are_plain() -> None:
    """The names that hdgpu.frames.plain relies on."""
    from hdgpu.dicom.image_pixel import ImagePixel
    from hdgpu.frames import plain

    pixel = ImagePixel(2, 2)
    assert route_for("1.2.840.10008.1.2", pixel).name == plain._NATIVE
    assert route_for(RLELossless, pixel).name == plain._RLE
    assert route_for("1.2.840.10008.1.2.2", pixel, vr="OW").name != plain._NATIVE
