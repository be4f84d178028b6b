"""Every way of reading on a CUDA device, beside the host's."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

import hdgpu as hd
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import array_namespace, is_cupy_array, namespace_of_library
from hdgpu.codecs.device.nvimgcodec import BatchDecoder, decodable
from hdgpu.codecs.encode.htj2k import encode_reversible
from hdgpu.codecs.loss import Loss
from hdgpu.content.palette import PaletteColorLUTTransformation
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, HdgpuError, PixelDataSizeError
from hdgpu.frame import decode_frame, encode_frame
from hdgpu.frames import device_engine
from hdgpu.io import ImageFileReader
from tests.image.sample_parity import assert_frames_alike, assert_stored_values_alike
from tests.make_icc_profile import ADOBE, gamma, matrix_profile
from tests.make_multiframe import make_enhanced, make_tiled
from tests.make_series import make_dataset, make_series, write_series
from tests.sample_files import SAMPLE_FILES, SampleFile

DEVICE = "cuda:0"
pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("gpu")]
# The others are bare frames.
FILES = [file for file in SAMPLE_FILES if file.package != "wsidicom-data"]


@pytest.fixture(scope="module")
def gpu() -> None:
    """Skip where there is none."""
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("there is no CUDA device")


@pytest.fixture(scope="module")
def can(gpu: None) -> frozenset[str]:
    """Kinds of streams that nvImageCodec decodes here."""
    return decodable(0, namespace_of_library("cupy"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_frames_are_as_on_the_host(file: SampleFile) -> None:
    assert_frames_alike(file, DEVICE)


@pytest.mark.parametrize("file", SAMPLE_FILES, ids=lambda file: file.name)
def test_stored_values_are_as_on_the_host(file: SampleFile) -> None:
    report = assert_stored_values_alike(file, DEVICE)
    if report is not None:
        assert report.device == DEVICE
        assert sum(report.frames_per_route.values()) == file.frames


def on_both(read: Callable[[str], Any]) -> tuple[Any, Any]:
    """Return what is read on the host and on the device, where it has to lie."""
    host, device = read("cpu"), read(DEVICE)
    assert all(map(is_cupy_array, arrays_of(device)))
    return host, device


def arrays_of(result: Any) -> list[Any]:
    if isinstance(result, list):
        return result
    return [result.array if isinstance(result, hd.Volume) else result]


# --- Every way of reading ---------------------------------------------------------------------------------------------

SUFFIXES = {"native": ".1", "in items": ".1.98", "rle": ".5", "jpeg-ls": ".4.80", "jpeg2000": ".4.90"}
KINDS = {kind: UID("1.2.840.10008.1.2" + suffix) for kind, suffix in SUFFIXES.items()}
NATIVE = KINDS["native"]
DECODERS = {
    "native": "cuda:native", "in items": "cuda:native", "rle": "cuda:rle", "jpeg2000": "nvimgcodec:jpeg2000",
}  # fmt: skip
NO_GPU = "no GPU decodes this transfer syntax"
COUNT = 5
FRAMES = np.random.default_rng(1).integers(0, 256, (COUNT, 32, 48)).astype(np.uint16)
FRAMES += 256 * np.arange(8, dtype=np.uint16).repeat(4)[:, None]  # which RLE makes shorter
GREY = (16, 12, "MONOCHROME2")
TWELVE_BITS = {"BitsStored": 12, "HighBit": 11}


def encoded(frame: np.ndarray, kind: str) -> bytes:
    return frame.tobytes() if kind == "in items" else encode_frame(frame, KINDS[kind], *GREY)


def slices(kind: str) -> list[Dataset]:
    """Make a series of single frames, each with a rescale of its own."""
    made = []
    for number, frame in enumerate(FRAMES):
        dataset = make_dataset(
            frame,
            transfer_syntax=KINDS[kind],
            ImagePositionPatient=[0, 0, 2 * number],
            RescaleSlope=2,
            RescaleIntercept=-1000 - number,
            **TWELVE_BITS,
        )
        _hold(dataset, [encoded(frame, kind)])
        made.append(dataset)
    return made


def enhanced(kind: str) -> Dataset:
    dataset = make_enhanced(
        FRAMES,
        [[0, 0, 2 * number] for number in range(COUNT)],
        rescale=[(2, -number) for number in range(COUNT)],
        transfer_syntax=KINDS[kind],
        **TWELVE_BITS,
    )
    return _hold(dataset, [encoded(frame, kind) for frame in FRAMES])


def tiled(kind: str) -> Dataset:
    matrix = np.tile(FRAMES[:1, None], (1, 1, 3, 3))[:, :, :70, :100]
    dataset = make_tiled(matrix, (32, 48), transfer_syntax=KINDS[kind], **TWELVE_BITS)
    tiles = np.frombuffer(dataset.PixelData, np.uint16).reshape(-1, 32, 48)
    return _hold(dataset, [encoded(tile, kind) for tile in tiles])


def _hold(dataset: Dataset, frames: list[bytes]) -> Dataset:
    is_encapsulated = dataset.file_meta.TransferSyntaxUID.is_encapsulated
    dataset.PixelData = encapsulate(frames) if is_encapsulated else b"".join(frames)
    dataset["PixelData"].VR = "OB" if is_encapsulated else "OW"
    dataset["PixelData"].is_undefined_length = is_encapsulated
    return dataset


def file_of(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _folder(kind: str, folder: Path, **options: Any) -> hd.Volume:
    write_series(slices(kind), folder / str(options["device"]))
    return hd.load_volume(folder / str(options["device"]), **options)


def _single(kind: str, folder: Path, **options: Any) -> np.ndarray:
    return decode_frame(encoded(FRAMES[0], kind), KINDS[kind], 32, 48, 1, *GREY, **options)


def _by_the_reader(kind: str, folder: Path, **options: Any) -> np.ndarray:
    with ImageFileReader(file_of(enhanced(kind))) as reader:
        frames = [reader.read_frame(index, **options) for index in (4, 0)]
        return array_namespace(frames[0]).stack(frames)


def _image(make: Callable[[str], Dataset], method: str, *arguments: Any, **also: Any) -> Callable[..., Any]:
    """Return a function that reads from an image by one of its methods."""

    def read(kind: str, folder: Path, **options: Any) -> Any:
        return getattr(hd.Image.from_dataset(make(kind)), method)(*arguments, **also, **options)

    return read


WAYS: dict[str, tuple[Callable[..., Any], int | None]] = {
    # and how many frames the report counts, where there is one
    "load_volume": (_folder, COUNT),
    "get_volume_from_series": (
        lambda kind, folder, **options: hd.get_volume_from_series(slices(kind), **options), COUNT
    ),
    "get_volume": (_image(enhanced, "get_volume"), COUNT),
    "get_volume of a part": (_image(enhanced, "get_volume", slice_start=2, slice_end=4, row_end=9), 2),
    "get_volume of tiles": (_image(tiled, "get_volume", row_end=40, column_start=50), 4),
    "get_total_pixel_matrix": (_image(tiled, "get_total_pixel_matrix", 20, 50, 30, 90, dtype=np.uint16), None),
    "get_frame": (_image(enhanced, "get_frame", 3), None),
    "get_frames": (_image(enhanced, "get_frames", [3, 1, 1], dtype=np.float32), None),
    "get_stored_frame": (_image(enhanced, "get_stored_frame", 2), None),
    "get_stored_frames": (_image(enhanced, "get_stored_frames"), None),
    "read_frame": (_by_the_reader, None),
    "decode_frame": (_single, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_reading_gives_what_the_host_gives(
    way: str, kind: str, tmp_path: Path, can: frozenset[str]
) -> None:
    read, count = WAYS[way]
    host, device = on_both(lambda name: read(kind, tmp_path, device=name))
    if count is None:
        assert device.dtype == host.dtype
        np.testing.assert_array_equal(to_numpy(device), host)
        return
    np.testing.assert_array_equal(to_numpy(device.array), host.array)
    np.testing.assert_array_equal(device.affine, host.affine)
    report = device.report
    assert sum(report.frames_per_route.values()) == count
    assert list(report.seconds)[-4:] == ["probe", "read", "decode", "wait"]
    if kind == "jpeg-ls":
        assert report.frames_per_route == host.report.frames_per_route
        assert report.host_reasons == {NO_GPU: count}
    elif kind not in can and kind == "jpeg2000":
        assert sum(report.host_reasons.values()) == count
    else:
        assert report.frames_per_route == {DECODERS[kind]: count}
        assert report.host_reasons == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", [way for way in WAYS if way != "read_frame"])  # which joins frames by itself
def test_a_device_that_is_not_the_current_one(way: str, kind: str, tmp_path: Path) -> None:
    import cupy

    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("needs two CUDA devices")
    host, device = arrays_of(WAYS[way][0](kind, tmp_path, device="cpu")), WAYS[way][0](kind, tmp_path, device="cuda:1")
    assert arrays_of(device)[0].device.id == 1
    assert cupy.cuda.Device().id == 0
    np.testing.assert_array_equal(to_numpy(arrays_of(device)[0]), host[0])


def test_batches_in_no_order(tmp_path: Path) -> None:
    """More frames than one batch of a lane, none of them by the host."""
    for kind in ("native", "rle"):
        datasets, voxels = make_series(40, (33, 47), "int16", RescaleSlope=2, RescaleIntercept=-7)
        for dataset, frame in zip(datasets, voxels, strict=True):
            dataset.file_meta.TransferSyntaxUID = KINDS[kind]
            _hold(dataset, [encode_frame(frame, KINDS[kind], 16, 16, "MONOCHROME2", 1)])
        folder = tmp_path / kind
        folder.mkdir()
        write_series(datasets, folder)
        host, device = on_both(lambda name: hd.load_volume(folder, device=name))  # noqa: B023 - called at once
        assert device.report.frames_per_route == {DECODERS[kind]: 40}
        np.testing.assert_array_equal(to_numpy(device.array), host.array)
        assert set(np.unique(host.array)) == set(np.unique(voxels * 2.0 - 7))


@pytest.mark.parametrize("kind", ["native", "jpeg2000"])
def test_memory_that_work_is_pending_on(kind: str, tmp_path: Path) -> None:
    """CuPy gives memory back while its stream still has to write to it: what is loaded into it has to come after."""
    import cupy

    expected = _folder(kind, tmp_path, device="cpu")
    _folder(kind, tmp_path, device=DEVICE)  # all there is to compile
    cupy.get_default_memory_pool().free_all_blocks()
    cupy.cuda.Device(0).synchronize()
    for _ in range(3):
        blocks = [cupy.full(expected.shape, 77.0, dtype=expected.array.dtype) for _ in range(4)]
        del blocks
        volume = _folder(kind, tmp_path, device=DEVICE)
        np.testing.assert_array_equal(to_numpy(volume.array), expected.array)


def test_memory_that_runs_out(tmp_path: Path) -> None:
    """Batches become smaller; what does not fit at all is said, and the next load works."""
    import cupy

    datasets, _ = make_series(40, (128, 128), "int16", RescaleSlope=2, RescaleIntercept=-7)
    host, pool = hd.get_volume_from_series(datasets), cupy.get_default_memory_pool()
    pool.free_all_blocks()
    before = pool.used_bytes()
    try:
        for room in (4.0, 1.1, 1.02, 0.9, 1.1):
            pool.free_all_blocks()
            pool.set_limit(size=before + int(room * host.array.nbytes))
            if room < 1:
                with pytest.raises(MemoryError, match=r"does not fit into the memory of cuda:0.*Ask for a part"):
                    hd.get_volume_from_series(datasets, device=DEVICE)
                continue
            volume = hd.get_volume_from_series(datasets, device=DEVICE)
            np.testing.assert_array_equal(to_numpy(volume.array), host.array)
            assert volume.report.frames_per_route == {DECODERS["native"]: 40}
            del volume
    finally:
        pool.set_limit(size=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["get_volume_from_series", "decode_frame"])
def test_neither_memory_nor_decoders_grow_from_load_to_load(
    way: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cupy

    def load() -> int:
        WAYS[way][0](kind, tmp_path, device=DEVICE)
        return int(cupy.get_default_memory_pool().total_bytes())

    cupy.get_default_memory_pool().free_all_blocks()
    first = load()  # which may make lanes and decoders
    made: list[BatchDecoder] = []
    make = BatchDecoder.__init__
    monkeypatch.setattr(BatchDecoder, "__init__", lambda self, device: made.append(self) or make(self, device))
    assert max(load() for _ in range(30)) <= 3 * first, "each lane keeps what it needed at most, and no more"
    assert len(made) <= 1, "a second lane may have had nothing to do before"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["native", "in items", "rle"])
def test_nvimagecodec_is_not_tried_where_nothing_needs_it(
    way: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hdgpu.codecs.device.frames.decodable", mock.Mock(side_effect=AssertionError("tried")))
    WAYS[way][0](kind, tmp_path, device=DEVICE)


@pytest.mark.parametrize("way", WAYS)
def test_without_fallback(way: str, tmp_path: Path) -> None:
    read, _ = WAYS[way]
    read("native", tmp_path / "native", device=DEVICE, fallback="error")
    read("jpeg-ls", tmp_path / "host", device="cpu", fallback="error")
    with pytest.raises(FrameDecodeError, match=f'the GPU does not decode this frame: {NO_GPU}.*fallback="cpu"'):
        read("jpeg-ls", tmp_path / "device", device=DEVICE, fallback="error")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fallback", ["host", "", None, True])
def test_other_fallbacks_are_refused(way: str, fallback: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fallback is 'cpu' or 'error'"):
        WAYS[way][0]("native", tmp_path, device="cpu", fallback=fallback)


def palette() -> Dataset:
    indices = np.random.default_rng(3).integers(0, 3, (32, 48)).astype(np.uint8)
    dataset = make_dataset(indices, PhotometricInterpretation="PALETTE COLOR")
    for element in PaletteColorLUTTransformation.from_colors(["red", "green", "blue"]):
        dataset.add(element)
    return dataset


def colours() -> Dataset:
    rgb = np.random.default_rng(4).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    return make_dataset(rgb, ICCProfile=matrix_profile(ADOBE, gamma(2.2)))


def segmentation() -> Dataset:
    """Make frames of one bit that do not begin on a byte."""
    frames = np.random.default_rng(5).integers(0, 2, (9, 5, 7), dtype=np.uint8)
    dataset = make_dataset(frames[0], NumberOfFrames=9, BitsAllocated=1, BitsStored=1, HighBit=0)
    packed = np.packbits(frames, axis=None, bitorder="little").tobytes()
    dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    return dataset


@pytest.mark.parametrize(
    ("make", "tolerance"), [(palette, 0), (colours, 1), (segmentation, 0)], ids=["palette", "colours", "segmentation"]
)
def test_colours_and_bits(make: Callable[[], Dataset], tolerance: int) -> None:
    """A profile is a table on the device, which may be off by one from LittleCMS."""
    image, data = hd.Image.from_dataset(make()), file_of(make())

    def read(device: str) -> list[np.ndarray]:
        with ImageFileReader(data) as reader:
            last = reader.read_frame(image.number_of_frames - 1, device=device)
        return [
            image.get_frames(device=device, dtype=np.uint8),
            image.get_frames([image.number_of_frames], device=device, dtype=np.float32),
            image.get_stored_frames(device=device),
            last,
        ]

    for host, device in zip(*on_both(read), strict=True):
        assert host.shape == device.shape
        np.testing.assert_allclose(to_numpy(device), host, rtol=0, atol=tolerance)


@pytest.mark.parametrize("index", range(9))
def test_single_frames_of_one_bit(index: int) -> None:
    with ImageFileReader(file_of(segmentation())) as reader:
        data = reader.read_frame_raw(index)
    host, device = on_both(
        lambda name: decode_frame(data, NATIVE, 5, 7, 1, 1, 1, "MONOCHROME2", index=index, device=name)
    )
    np.testing.assert_array_equal(to_numpy(device), host)


@pytest.mark.parametrize("samples", [1, 3])
def test_jpeg_in_many_batches(samples: int, can: frozenset[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU's JPEG engine may write at once, though the batch before is still read from the same memory."""
    monkeypatch.setattr(device_engine, "MOST_FRAMES", 3)
    rows, columns = np.mgrid[:64, :80]
    grey = np.stack([(rows * (n % 5 + 1) + columns * (n % 7) + 9 * n) % 230 for n in range(40)]).astype(np.uint8)
    frames = grey if samples == 1 else np.stack([grey, grey[:, ::-1], 255 - grey], axis=-1)
    photometric = "MONOCHROME2" if samples == 1 else "YBR_FULL_422"
    dataset = make_enhanced(
        frames,
        [[0, 0, 2 * number] for number in range(40)],
        encode=lambda frame: imagecodecs.jpeg8_encode(frame, level=95),
        transfer_syntax=UID("1.2.840.10008.1.2.4.50"),
        PhotometricInterpretation=photometric,
    )
    image = hd.Image.from_dataset(dataset)
    host, device = on_both(lambda name: image.get_volume(device=name))
    assert np.abs(to_numpy(device.array) - host.array).max() <= 3
    kind = "jpeg" if samples == 1 else "jpeg-colour"
    assert device.report.frames_per_route == (
        {f"nvimgcodec:{kind}": 40} if kind in can else host.report.frames_per_route
    )


@pytest.mark.parametrize("syntax", [".4.90", ".4.201"])
def test_signed_frames_of_several_precisions(syntax: str, can: frozenset[str]) -> None:
    """Each codestream has a precision of its own, be it that of Bits Stored or not."""
    if not {"jpeg2000", "htj2k"} <= can:
        pytest.skip("needs nvImageCodec with nvJPEG2000")
    frames = np.random.default_rng(6).integers(-512, 512, (6, 32, 48)).astype(np.int16)
    frames[5, 3, 4] = 5000  # which Bits Stored does not express
    dataset = make_enhanced(
        frames,
        [[0, 0, 2 * number] for number in range(6)],
        transfer_syntax=UID("1.2.840.10008.1.2" + syntax),
        PixelRepresentation=1,
        **TWELVE_BITS,
    )
    streams = []
    for bits, frame in zip((10, 12, 16) * 2, frames, strict=True):
        pixel = ImagePixel(32, 48, bits_stored=bits, high_bit=bits - 1, pixel_representation=1)
        streams.append(
            encode_reversible(frame, pixel, Loss())
            if syntax == ".4.201"
            else imagecodecs.jpeg2k_encode(frame, codecformat="J2K", reversible=True, bitspersample=bits)
        )
    image = hd.Image.from_dataset(_hold(dataset, streams))
    host, device = on_both(lambda name: image.get_stored_frames(device=name))
    np.testing.assert_array_equal(to_numpy(device), host)
    np.testing.assert_array_equal(host[:5], frames[:5])
    volume = image.get_volume(device=DEVICE)
    np.testing.assert_array_equal(to_numpy(volume.array), image.get_volume(device="cpu").array)
    assert volume.report.frames_per_route[f"nvimgcodec:{'htj2k' if syntax == '.4.201' else 'jpeg2000'}"] == 5
    assert volume.report.host_reasons == {"the device's result was in doubt": 1}


# --- What goes wrong --------------------------------------------------------------------------------------------------


def _damaged(kind: str) -> bytes:
    good = encoded(FRAMES[2], kind)
    if kind == "rle":
        return good[: len(good) // 2]
    if kind in ("native", "in items"):
        return good[:-2]
    return good[:8] + b"\0" * (len(good) - 8)


def _message(read: Callable[[], Any]) -> tuple[type[HdgpuError], str]:
    with pytest.raises(HdgpuError) as caught:
        read()
    return type(caught.value), str(caught.value)


@pytest.mark.parametrize("kind", ["rle", "jpeg-ls", "jpeg2000"])
@pytest.mark.parametrize("method", ["get_stored_frames", "get_volume", "read_frame"])
def test_a_damaged_frame_raises_the_hosts_error_and_the_next_call_works(kind: str, method: str) -> None:
    frames = [encoded(frame, kind) for frame in FRAMES]
    data = file_of(_hold(enhanced(kind), [*frames[:2], _damaged(kind), *frames[3:]]))
    image, reader = hd.imread(BytesIO(data)), ImageFileReader(data)
    reader.open()

    def read(device: str) -> Any:
        return reader.read_frame(2, device=device) if method == "read_frame" else getattr(image, method)(device=device)

    found = _message(lambda: read(DEVICE))
    assert found == _message(lambda: read("cpu"))
    assert "frame 3" in found[1]
    np.testing.assert_array_equal(to_numpy(image.get_stored_frame(2, device=DEVICE)), FRAMES[1])
    np.testing.assert_array_equal(to_numpy(reader.read_frame(3, device=DEVICE)), FRAMES[3])


# What RLE holds is known to be damaged only when the host looks at it again.
@pytest.mark.parametrize(
    ("kind", "fallback"), [*((kind, "cpu") for kind in KINDS), ("native", "error"), ("jpeg2000", "error")]
)
@pytest.mark.parametrize("empty", [False, True])
def test_a_damaged_single_frame_raises_the_hosts_error(kind: str, fallback: str, empty: bool) -> None:
    def read(device: str) -> Any:
        data = b"" if empty else _damaged(kind)
        return decode_frame(data, KINDS[kind], 32, 48, 1, *GREY, device=device, fallback=fallback)

    found = _message(lambda: read(DEVICE))
    assert found == _message(lambda: read("cpu"))
    assert issubclass(found[0], FrameDecodeError | PixelDataSizeError)


@pytest.mark.parametrize("leaves", ["nothing", "what was there"])
def test_a_single_frame_that_nvimagecodec_does_not_do_is_the_hosts(
    leaves: str, monkeypatch: pytest.MonkeyPatch, can: frozenset[str]
) -> None:
    if "jpeg2000" not in can:
        pytest.skip("needs nvImageCodec with nvJPEG2000")

    def failing(self: BatchDecoder, streams: Any, slots: Any, **options: Any) -> list[bool]:
        return [leaves != "nothing"] * len(slots)

    read, _ = WAYS["decode_frame"]
    read("jpeg2000", Path(), device=DEVICE)  # and gives the memory back with a frame in it
    monkeypatch.setattr(BatchDecoder, "decode", failing)
    np.testing.assert_array_equal(to_numpy(read("jpeg2000", Path(), device=DEVICE)), FRAMES[0])
    reason = "nvimgcodec:jpeg2000 failed" if leaves == "nothing" else "the device's result was in doubt"
    for way in ("decode_frame", "get_stored_frames"):
        with pytest.raises(FrameDecodeError, match=reason) as caught:
            WAYS[way][0]("jpeg2000", Path(), device=DEVICE, fallback="error")
    assert caught.value.frame == 1
    assert caught.value.source
