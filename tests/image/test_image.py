"""Image: on demand, from any source, from many threads; and what it does about files that contradict themselves."""

import copy
import io
import os
import pickle
import threading

import imagecodecs
import numpy as np
import pytest
from pydicom import dcmread

import hdgpu as hd
from hdgpu.array.interop import to_numpy
from hdgpu.errors import (
    CoordinateSystemError,
    FrameIndexError,
    FrameNumberError,
    GantryTiltError,
    HdgpuError,
    InvalidAttributeError,
    IrregularSpacingError,
    MissingAttributeError,
    MissingGeometryError,
    MixedGeometryError,
    MixedOrientationError,
    NoPixelDataError,
    NotDicomError,
    PixelDataSizeError,
    SourceError,
    TilingError,
    UnknownReferenceError,
)
from hdgpu.frames.table import FrameTable
from hdgpu.spatial import PixelToReferenceTransformer
from tests.make_multiframe import item, make_enhanced, make_tiled
from tests.make_series import make_dataset

VOXELS = np.random.default_rng(0).integers(0, 4096, (20, 12, 16)).astype(np.uint16)
POSITIONS = [(0, 0, 2.0 * place) for place in range(20)]
JPEG_LS = {"encode": imagecodecs.jpegls_encode, "transfer_syntax": "1.2.840.10008.1.2.4.80"}
MATRIX = np.random.default_rng(1).integers(0, 256, (1, 1, 10, 14)).astype(np.uint8)


@pytest.fixture(params=[{}, JPEG_LS], ids=["native", "JPEG-LS"])
def path(request, tmp_path):
    target = tmp_path / "image.dcm"
    make_enhanced(VOXELS, POSITIONS, **request.param).save_as(target, enforce_file_format=True)
    return target


def image_of(dataset, **arguments):
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return hd.imread(file, **arguments)


# --- On demand --------------------------------------------------------------------------------------------------------


def test_a_lazy_image_reads_one_frame_only(path, monkeypatch):
    read = []
    original = os.preadv
    monkeypatch.setattr(os, "preadv", lambda fd, buffers, offset: read.append(offset) or original(fd, buffers, offset))
    image = hd.imread(path, lazy_frame_retrieval=True)
    np.testing.assert_array_equal(image.get_frame(7), VOXELS[6])
    assert image._read_elements is not None  # no attribute was asked for
    assert len(read) <= 6  # of 20 frames: the offset table, two items of it, and the frame


def test_only_the_functional_groups_of_the_frames_asked_for_are_read(path, monkeypatch):
    numbers = []
    original = FrameTable.of_frames
    monkeypatch.setattr(
        FrameTable, "of_frames", lambda instance, frames: numbers.append(frames.tolist()) or original(instance, frames)
    )
    image = hd.imread(path, lazy_frame_retrieval=True)
    image.get_frames([3, 9, 3])
    assert numbers == [[2, 8]]
    for number in range(1, 21):
        np.testing.assert_array_equal(image.get_frame(number), VOXELS[number - 1])
    assert len(numbers) <= 2  # from then on those of all frames are known


def test_a_frame_has_the_attributes_that_are_its_own():
    """Of the first frames only their functional groups are read, later those of all: both ways give the same."""
    rescale = [(1 + place, -place) for place in range(len(VOXELS))]
    image = image_of(make_enhanced(VOXELS, POSITIONS, rescale=rescale))
    for number in (7, 20, 3, 12, 7):
        slope, intercept = rescale[number - 1]
        expected = VOXELS[number - 1] * np.float64(slope) + intercept
        np.testing.assert_array_equal(image.get_frame(number, apply_presentation_lut=False), expected)


@pytest.mark.parametrize("lazy", [True, False])
def test_the_data_set_is_that_of_the_file(path, lazy):
    image = hd.imread(path, lazy_frame_retrieval=lazy)
    expected = dcmread(path)
    assert image.Rows == 12
    assert image.file_meta.TransferSyntaxUID == expected.file_meta.TransferSyntaxUID
    assert ("PixelData" in image) == (not lazy)
    names = set(expected.dir()) - {"PixelData"}
    assert set(image.dir()) - {"PixelData"} == names
    assert all(getattr(image, name) == getattr(expected, name) for name in names)


def test_attributes_that_are_set_are_heeded(path):
    for lazy in (True, False):
        image = hd.imread(path, lazy_frame_retrieval=lazy)
        np.testing.assert_array_equal(image.get_frame(1), VOXELS[0])
        image.PhotometricInterpretation = "MONOCHROME1"
        np.testing.assert_array_equal(image.get_frame(1), 65535.0 - VOXELS[0])
        del image.SharedFunctionalGroupsSequence
        with pytest.raises(MissingGeometryError):
            image.get_volume()


@pytest.mark.parametrize("asked_before", [False, True])
def test_values_of_elements_that_are_set_are_heeded(path, asked_before):
    """Whether their elements were asked for before the first frame was read, or after."""
    image = hd.Image.from_dataset(dcmread(path))
    element = image["PhotometricInterpretation"] if asked_before else None
    np.testing.assert_array_equal(image.get_frame(1), VOXELS[0])
    assert set(image.asked_for) <= {0x00280004, 0x00080016}, "what was looked at to read a frame is not watched"
    (element or image["PhotometricInterpretation"]).value = "MONOCHROME1"
    np.testing.assert_array_equal(image.get_frame(1), 65535.0 - VOXELS[0])


def test_from_dataset(path):
    dataset = dcmread(path)
    image = hd.Image.from_dataset(dataset)
    assert type(dataset) is not hd.Image
    np.testing.assert_array_equal(image.get_frames(), VOXELS)
    dataset.PhotometricInterpretation = "MONOCHROME1"
    np.testing.assert_array_equal(image.get_frames(), VOXELS)
    same = hd.Image.from_dataset(dataset, copy=False)
    assert same is dataset
    assert type(dataset) is hd.Image
    np.testing.assert_array_equal(same.get_frame(1), 65535.0 - VOXELS[0])
    assert dataset.Rows == 12


def test_copies_and_pickles(path):
    for lazy in (True, False):
        image = hd.imread(path, lazy_frame_retrieval=lazy)
        image.get_frame(20)
        for made in (copy.deepcopy(image), pickle.loads(pickle.dumps(image))):
            assert type(made) is hd.Image
            np.testing.assert_array_equal(made.get_frames([20, 1]), VOXELS[[19, 0]])
            assert made.StudyInstanceUID == "1.2.3"
            assert made.get_volume().shape == (20, 12, 16)


@pytest.mark.parametrize("lazy", [False, True])
def test_copies_of_an_image_that_was_changed(path, lazy):
    image = hd.imread(path, lazy_frame_retrieval=lazy)
    image.PhotometricInterpretation = "MONOCHROME1"
    for made in (copy.deepcopy(image), pickle.loads(pickle.dumps(image))):
        np.testing.assert_array_equal(made.get_frame(2), 65535.0 - VOXELS[1])


def test_a_pickled_lazy_image_is_without_its_pixels(tmp_path):
    voxels = np.random.default_rng(3).integers(0, 4096, (20, 100, 100)).astype(np.uint16)
    path = tmp_path / "image.dcm"
    make_enhanced(voxels, POSITIONS, **JPEG_LS).save_as(path, enforce_file_format=True)
    image = hd.imread(path, lazy_frame_retrieval=True)
    image.get_frame(1)
    pickled = pickle.dumps(image)
    assert len(pickled) < 40_000 < path.stat().st_size
    np.testing.assert_array_equal(pickle.loads(pickled).get_frame(20), voxels[19])
    (series,) = hd.read_series(path)
    assert len(pickle.dumps(series)) < 40_000


def test_many_threads_read_one_image(path):
    image = hd.imread(path, lazy_frame_retrieval=True)
    failures = []

    def work(seed):
        for number in np.random.default_rng(seed).permutation(20).tolist():
            if not np.array_equal(image.get_frame(number, as_index=True), VOXELS[number]):
                failures.append(number)
        if image.Rows != 12 or not np.array_equal(image.get_volume().array, VOXELS[::-1]):
            failures.append("volume")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file", "url"])
def test_sources(path, kind, monkeypatch):
    if kind == "url":
        pytest.importorskip("fsspec").filesystem("memory").pipe_file("/image.dcm", path.read_bytes())
    source = {
        "path": lambda: path,
        "text": lambda: str(path),
        "bytes": lambda: path.read_bytes(),
        "file": lambda: io.BytesIO(path.read_bytes()),
        "url": lambda: "memory://image.dcm",
    }[kind]()
    for lazy in (True, False):
        image = hd.imread(source, lazy_frame_retrieval=lazy)
        np.testing.assert_array_equal(image.get_frames([20, 1]), VOXELS[[19, 0]])


def test_the_array_is_on_the_device(path, device):
    image = hd.imread(path)
    for array in (
        image.get_frame(1, device=device),
        image.get_frames(device=device),
        image.get_stored_frame(1, device=device),
    ):
        assert hd.Volume(array[None, ...] if array.ndim == 2 else array, np.eye(4), "PATIENT").device.kind == device
    assert image.get_volume(device=device).device.kind == device


def test_memory_of_some_frames_of_a_large_file(tmp_path):
    """Reading 100 frames of a file twenty times larger takes up the frames, and little besides."""
    import subprocess
    import sys

    path = tmp_path / "large.dcm"
    frame = np.random.default_rng(0).integers(0, 4096, (256, 256)).astype(np.uint16)
    small = make_enhanced(frame[None], POSITIONS[:1])
    small.NumberOfFrames = 2000
    groups = small.PerFrameFunctionalGroupsSequence
    small.PerFrameFunctionalGroupsSequence = [groups[0]] * 2000
    small.PixelData = frame.tobytes() * 2000
    small.save_as(path, enforce_file_format=True)
    code = """
import resource, sys
import numpy as np
import hdgpu as hd
image = hd.imread(sys.argv[1], lazy_frame_retrieval=True)
image.get_frame(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
frames = image.get_frames(range(1, 2001, 20), dtype="float32")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, frames.nbytes // 1024, frames.shape)
"""
    result = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    grown, needed = (int(part) for part in result.stdout.split()[:2])
    assert path.stat().st_size > 20 * 100 * frame.nbytes * 0.99
    assert grown <= needed + 64 * 1024


def test_a_large_file_may_be_deleted_once_it_is_open(tmp_path, monkeypatch):
    monkeypatch.setattr("hdgpu.image.image._LARGE", 1000)
    path = tmp_path / "image.dcm"
    make_enhanced(VOXELS, POSITIONS).save_as(path, enforce_file_format=True)
    image = hd.imread(path)
    path.unlink()
    path.write_bytes(b"another file")
    np.testing.assert_array_equal(image.get_frames(dtype="float32"), VOXELS)
    np.testing.assert_array_equal(image.pixel_array, VOXELS)
    assert image.PixelData == VOXELS.tobytes()


# --- Contradictions ---------------------------------------------------------------------------------------------------


def test_an_image_is_not_made_by_its_class():
    with pytest.raises(RuntimeError, match="imread"):
        hd.Image()
    with pytest.raises(TypeError, match=r"pydicom\.Dataset"):
        hd.Image.from_dataset(3)


def test_what_is_no_image(tmp_path):
    (tmp_path / "text.dcm").write_text("no DICOM")
    with pytest.raises(NotDicomError, match=r"text\.dcm"):
        hd.imread(tmp_path / "text.dcm")
    with pytest.raises(SourceError, match=r"nothing\.dcm"):
        hd.imread(tmp_path / "nothing.dcm")
    with pytest.raises(AttributeError):
        hd.Image.from_dataset(item(Rows=3))
    dataset = make_dataset(VOXELS[0])
    del dataset.PixelData
    for read in ("get_frame", "get_raw_frame", "get_stored_frame"):
        with pytest.raises(NoPixelDataError):
            getattr(image_of(dataset), read)(1)
    with pytest.raises(NoPixelDataError):
        image_of(dataset).get_volume()


def test_functional_groups_that_are_missing():
    dataset = make_enhanced(VOXELS, POSITIONS)
    del dataset.PerFrameFunctionalGroupsSequence[7].PlanePositionSequence
    image = image_of(dataset)
    np.testing.assert_array_equal(image.get_frame(8), VOXELS[7])
    with pytest.raises(MissingGeometryError):
        image.get_volume()
    assert image.get_volume_geometry() is None
    del dataset.PerFrameFunctionalGroupsSequence[12:]
    image = image_of(dataset)
    with pytest.raises(InvalidAttributeError, match="expected 20 items, found 12"):
        image.get_frames()
    with pytest.raises(InvalidAttributeError, match="at least 15 items"):
        image_of(dataset).get_frame(15)
    np.testing.assert_array_equal(image.get_stored_frame(15), VOXELS[14])


@pytest.mark.parametrize(
    ("sequence", "attribute", "value", "error"),
    [
        ("PlaneOrientationSequence", "ImageOrientationPatient", [0, 1, 0, 1, 0, 0], MixedOrientationError),
        ("PixelMeasuresSequence", "PixelSpacing", [0.5, 0.5], MixedGeometryError),
    ],
)
def test_functional_groups_that_contradict_each_other(sequence, attribute, value, error):
    dataset = make_enhanced(VOXELS, POSITIONS)
    macro = copy.deepcopy(dataset.SharedFunctionalGroupsSequence[0][sequence].value[0])
    setattr(macro, attribute, value)
    setattr(dataset.PerFrameFunctionalGroupsSequence[4], sequence, [macro])
    with pytest.raises(error, match="frame 5"):
        image_of(dataset).get_volume()


def test_dimensions_that_are_not_there():
    dataset = make_enhanced(VOXELS, POSITIONS)
    image = image_of(dataset)
    with pytest.raises(UnknownReferenceError, match="PatientID"):
        image.are_dimension_indices_unique(["PatientID"])
    with pytest.raises(KeyError):
        image.are_dimension_indices_unique([0x00100020])
    with pytest.raises(ValueError, match="NoKeyword"):
        image.are_dimension_indices_unique(["NoKeyword"])
    dataset.PerFrameFunctionalGroupsSequence[2].FrameContentSequence[0].DimensionIndexValues = [1]
    with pytest.raises(InvalidAttributeError, match=r"frame 3.*expected 2 values, found 1"):
        image_of(dataset).are_dimension_indices_unique(["StackID"])


@pytest.mark.parametrize("frames", [0, -1, 19, 21, 1 << 30])
def test_a_number_of_frames_that_lies(frames):
    for encoding in ({}, JPEG_LS):
        image = image_of(make_enhanced(VOXELS, POSITIONS, NumberOfFrames=frames, **encoding))
        with pytest.raises((PixelDataSizeError, FrameIndexError, InvalidAttributeError)):
            image.get_frames()


@pytest.mark.parametrize("number", [0, -1, 21])
def test_frames_that_are_not_there(number, path):
    for read in ("get_frame", "get_raw_frame", "get_stored_frame"):
        with pytest.raises(FrameNumberError, match=r"image\.dcm.*expected 1 to 20"):
            getattr(hd.imread(path), read)(number)


def test_a_file_that_changes_underneath(path):
    image = hd.imread(path, lazy_frame_retrieval=True)
    image.get_frame(1)
    data = path.read_bytes()
    path.write_bytes(data[:-100] + bytes(100))
    os.utime(path, ns=(1, 1))
    for read in (image.get_frame, image.get_raw_frame):
        with pytest.raises(SourceError, match=r"image\.dcm: the file was changed"):
            read(1)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(HdgpuError, match=r"image\.dcm"):
        image.get_frame(20)
    path.unlink()
    with pytest.raises(SourceError, match=r"image\.dcm"):
        image.get_frame(20)
    np.testing.assert_array_equal(hd.imread(data).get_frame(20), VOXELS[19])


@pytest.mark.parametrize(
    ("shifts", "error"),
    [
        (np.linspace(0, 2, 50)[:, None] * [0, 1, 0], GantryTiltError),  # of two degrees
        ((25 - abs(np.arange(50) - 25))[:, None] * [0, 0, 0.009], IrregularSpacingError),
    ],
)
def test_small_departures_add_up(shifts, error):
    """As they do from slice to slice, though each step is within its tolerance."""
    positions = np.arange(50)[:, None] * [0, 0, 1.0] + shifts
    dataset = make_enhanced(np.zeros((50, 4, 5), "uint16"), positions.round(4).tolist())
    del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices
    image = hd.Image.from_dataset(dataset)
    with pytest.raises(error, match=r"within 0.1 mm of its place.*Pass `perpendicular_tol`"):
        image.get_volume()
    assert image.get_volume(perpendicular_tol=0.001).spacing[0] == pytest.approx(1, abs=0.001)


def test_no_frame_of_reference():
    dataset = make_enhanced(VOXELS, POSITIONS, FrameOfReferenceUID=None)
    with pytest.raises(CoordinateSystemError):
        image_of(dataset).get_volume()


# --- Tiles ------------------------------------------------------------------------------------------------------------


def moved(frame, **place):
    dataset = make_tiled(MATRIX, (4, 5), full=False)
    position = dataset.PerFrameFunctionalGroupsSequence[frame].PlanePositionSlideSequence[0]
    for axis, value in place.items():
        setattr(position, f"{axis}PositionInTotalImagePixelMatrix", value)
    return dataset


def test_tiles_that_lie_on_one_another():
    image = image_of(moved(1, Column=1))
    with pytest.raises(TilingError, match=r"row 1, column 1 .*found frames 1, 2"):
        image.get_total_pixel_matrix()
    np.testing.assert_array_equal(image.get_total_pixel_matrix(row_start=5, dtype="uint8"), MATRIX[0, 0, 4:])
    with pytest.raises(TilingError, match=r"row 1, column 5 .*found frames 1, 2"):
        image_of(moved(1, Column=5)).get_total_pixel_matrix()


@pytest.mark.parametrize("place", [{"Row": 0}, {"Column": -3}, {"Row": 11}, {"Column": 15}])
def test_tiles_outside_the_matrix(place):
    with pytest.raises(TilingError, match=r"frame 4.*outside the total pixel matrix"):
        image_of(moved(3, **place)).get_total_pixel_matrix()


def test_tiles_that_are_missing():
    image = image_of(make_tiled(MATRIX, (4, 5), full=False, leave_out=[4]))
    with pytest.raises(TilingError, match="row 5, column 6 .*found none"):
        image.get_total_pixel_matrix()
    np.testing.assert_array_equal(image.get_total_pixel_matrix(row_end=5, dtype="uint8"), MATRIX[0, 0, :4])


@pytest.mark.parametrize("colour", [(), (3,)])
def test_tiles_that_may_be_missing(device, colour):
    matrix = np.random.default_rng(3).integers(1, 256, (1, 1, 10, 14, *colour)).astype(np.uint8)
    image = image_of(make_tiled(matrix, (4, 5), full=False, leave_out=[4, 8]))
    expected = matrix[0].copy()
    expected[0, 4:8, 5:10] = expected[0, 8:, 10:] = 0
    options = {"allow_missing_positions": True, "dtype": "uint8", "device": device}
    volume = image.get_volume(**options)
    np.testing.assert_array_equal(to_numpy(volume.array), expected)
    part = image.get_volume(row_start=5, row_end=8, column_start=6, column_end=9, **options)
    assert part.spatial_shape == (1, 3, 3)
    assert not to_numpy(part.array).any()
    np.testing.assert_array_equal(part.position, volume.affine[:3] @ [0, 4, 5, 1])
    twice = image_of(moved(1, Column=1))
    with pytest.raises(TilingError, match=r"row 1, column 1 .*found frames 1, 2"):
        twice.get_volume(**options)


def test_fewer_frames_than_tiles():
    dataset = make_tiled(MATRIX, (4, 5))
    dataset.NumberOfFrames, dataset.PixelData = 5, dataset.PixelData[: 5 * 20]
    with pytest.raises(PixelDataSizeError, match="9 tiles, found 5"):
        image_of(dataset).get_total_pixel_matrix()


def test_tiles_without_a_place():
    dataset = make_tiled(MATRIX, (4, 5), full=False)
    del dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSlideSequence
    image = image_of(dataset)
    assert not image.is_indexable_as_total_pixel_matrix()
    with pytest.raises(MissingAttributeError, match="frame 3"):
        image.get_total_pixel_matrix()


def test_focal_planes_and_channels_are_named():
    matrices = np.random.default_rng(2).integers(0, 256, (2, 3, 10, 14)).astype(np.uint8)
    for full in (True, False):
        image = image_of(make_tiled(matrices, (4, 5), full=full))
        for arguments, message in (
            ({}, "channel of '1', '2'"),
            ({"channel": "1"}, "focal_plane from 0 to 2"),
            ({"channel": "7", "focal_plane": 0}, "no such channel"),
            ({"channel": "1", "focal_plane": 3}, "no such focal plane"),
        ):
            with pytest.raises(TilingError, match=message):
                image.get_total_pixel_matrix(**arguments)
        volume = image.get_volume(channel="2", focal_plane=1, dtype="uint8")
        np.testing.assert_array_equal(volume.array[0], matrices[1, 1])


@pytest.mark.parametrize("full", [True, False])
def test_each_focal_plane_lies_at_its_own_height(full):
    """Z Offset is in micrometres (PS3.3 C.8.12.6.1), Spacing Between Slices in mm (C.7.6.17.3)."""
    matrices = np.random.default_rng(2).integers(0, 256, (1, 3, 10, 14)).astype(np.uint8)
    dataset = make_tiled(matrices, (4, 5), full=full)
    dataset.TotalPixelMatrixOriginSequence[0].ZOffsetInSlideCoordinateSystem = 7
    if not full:
        for group in dataset.PerFrameFunctionalGroupsSequence:
            group.PlanePositionSlideSequence[0].ZOffsetInSlideCoordinateSystem += 7
    image = image_of(dataset)
    whole = PixelToReferenceTransformer.for_image(dataset, for_total_pixel_matrix=True)
    np.testing.assert_allclose(whole([[0, 0]]), [[20, 30, 0.007]])
    np.testing.assert_allclose(image.get_volume_geometry().position, [20, 30, 0.007])
    for plane in range(3):
        volume = image.get_volume(focal_plane=plane, row_start=5, column_start=6)
        position = [20 - 4 * 0.001, 30 - 5 * 0.002, 0.007 + plane * 0.004]
        np.testing.assert_allclose(volume.position, position, rtol=0, atol=1e-12)
        frame = 9 * plane + 5  # its tile in the middle is the region's first
        tile = PixelToReferenceTransformer.for_image(dataset, frame_number=frame)
        np.testing.assert_allclose(tile([[0, 0]]), [position], rtol=0, atol=1e-12)


def test_one_plane_lies_where_its_frames_do():
    """The origin of the total pixel matrix need not have a height."""
    dataset = make_tiled(MATRIX, (4, 5), full=False)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.PlanePositionSlideSequence[0].ZOffsetInSlideCoordinateSystem = 5
    image = image_of(dataset)
    assert image.get_volume().position[2] == image.get_volume_geometry().position[2] == 0.005
    for options in ({"for_total_pixel_matrix": True}, {"frame_number": 3}):
        assert PixelToReferenceTransformer.for_image(dataset, **options)([[0, 0]])[0, 2] == 0.005
    (written,) = image.get_volume_geometry().get_plane_positions()
    assert written[0].ZOffsetInSlideCoordinateSystem == 5
    del dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSlideSequence[0].ZOffsetInSlideCoordinateSystem
    assert image_of(dataset).get_volume_geometry().position[2] == 0


def test_only_tiles_of_the_region_are_decoded():
    image = image_of(make_tiled(MATRIX, (4, 5), **JPEG_LS))
    volume = image.get_volume(row_start=5, row_end=9, column_start=6, column_end=11)
    assert sum(volume.report.frames_per_route.values()) == 1
