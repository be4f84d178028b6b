from __future__ import annotations

import io
import pickle
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

import hdgpu as hd
from hdgpu import errors
from hdgpu.codecs.route import route_for
from hdgpu.dicom.frame_index import index_frames
from hdgpu.errors import MissingGeometryError, MosaicError
from tests.make_multiframe import make_enhanced
from tests.make_series import AXIAL, make_dataset, make_series, write_series

AFFINE = np.array([[0.0, 0, 0.75, -10], [0, 0.5, 0, -20], [-2, 0, 0, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_folder_of_anything(tmp_path: Path, dtype: str) -> None:
    datasets, voxels = make_series(9, RescaleSlope=2, RescaleIntercept=-1024)
    write_series(datasets, tmp_path / "a" / "b")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "a" / "empty.txt").touch()
    volume = hd.load_volume(tmp_path, dtype=dtype)
    np.testing.assert_array_equal(volume.array, voxels.astype("int32") * 2 - 1024)
    assert volume.array.dtype == dtype
    np.testing.assert_array_equal(volume.affine, AFFINE)
    assert volume.spacing == (2.0, 0.5, 0.75)
    assert volume.frame_of_reference_uid == "1.2.3.5"
    assert volume.report.frames_per_route == {"native": 9}
    assert volume.report.encoded_bytes == voxels.nbytes
    assert volume.report.ignored == (str(tmp_path / "a" / "empty.txt"), str(tmp_path / "notes.txt"))
    assert "ignored  2 files that are not DICOM: empty.txt, notes.txt\n" in volume.report.describe()


@pytest.mark.parametrize(
    "kind", ["paths", "strings", "datasets", "bytes", "files", "series", "list", "folder", "generator"]
)
def test_every_kind_of_source(tmp_path: Path, kind: str) -> None:
    datasets, voxels = make_series()
    paths = write_series(datasets, tmp_path)
    sources: dict[str, Any] = {
        "paths": paths,
        "strings": [str(path) for path in paths],
        "datasets": datasets[::-1],
        "bytes": [path.read_bytes() for path in paths],
        "files": [io.BytesIO(path.read_bytes()) for path in paths],
        "series": hd.read_series(tmp_path)[0],
        "list": hd.read_series(tmp_path),
        "folder": str(tmp_path),
        "generator": (path for path in paths),
    }
    volume = hd.load_volume(sources[kind])
    np.testing.assert_array_equal(volume.array, voxels)
    np.testing.assert_array_equal(volume.affine, AFFINE)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize("dtype", ["uint16", "int16", "uint8"])
def test_compressed_series(tmp_path: Path, syntax: str, dtype: str) -> None:
    datasets, voxels = make_series(5, (33, 41), dtype)
    for dataset in datasets:
        dataset.compress(syntax, generate_instance_uid=False)
    write_series(datasets, tmp_path)
    for workers in (1, 3):
        volume = hd.load_volume(tmp_path, workers=workers, dtype=dtype)
        np.testing.assert_array_equal(volume.array, voxels)
        assert volume.report.workers == workers


def test_color_series() -> None:
    datasets, voxels = make_series(3, (5, 4, 3), "uint8")
    volume = hd.get_volume_from_series(datasets, dtype="uint8")
    np.testing.assert_array_equal(volume.array, voxels)
    assert volume.channel_descriptors == (hd.RGB_COLOR_CHANNEL_DESCRIPTOR,)
    assert volume.spatial_shape == (3, 5, 4)


def test_slope_of_each_frame(tmp_path: Path) -> None:
    datasets, voxels = make_series()
    for index, dataset in enumerate(datasets):
        dataset.RescaleSlope, dataset.RescaleIntercept = f"0.{index + 1}", str(index)
    write_series(datasets, tmp_path)
    expected = [voxels[index] * float(f"0.{index + 1}") + float(index) for index in range(6)]
    np.testing.assert_array_equal(hd.load_volume(tmp_path, dtype="float64").array, expected)
    np.testing.assert_array_equal(hd.load_volume(tmp_path).array, np.array(expected, np.float32))


def test_mixed_signs_in_one_series() -> None:
    datasets, voxels = make_series(4, dtype="int16")
    for dataset in datasets[::2]:
        dataset.PixelRepresentation = 0
    expected = voxels.astype("int32")
    expected[::2] = voxels[::2].view("uint16")
    np.testing.assert_array_equal(hd.load_volume(datasets).array, expected)


def test_enhanced_multiframe() -> None:
    pytest.importorskip("data_store", reason="needs pydicom-data")
    path = get_testdata_file("eCT_Supplemental.dcm")
    volume = hd.load_volume(path)
    raw = pydicom.dcmread(path).pixel_array
    np.testing.assert_array_equal(volume.array, raw.astype(np.float32) - 1024)  # the first frame is the upper one
    np.testing.assert_allclose(volume.spacing, (10, 0.388672, 0.388672))
    assert volume.position == (99.5, -301.5, -159.0) or volume.position == (99.5, -301.5, -149.0)
    mapped = hd.get_volume_from_series([path])  # its real-world value map gives the same values as its rescaling
    np.testing.assert_array_equal(mapped.array, volume.array)
    assert mapped.array.dtype == np.float64


@pytest.mark.parametrize("lazy", [False, True])
def test_images(tmp_path: Path, lazy: bool) -> None:
    """Images that were read before, lazily or not, and such as were changed since."""
    datasets, _ = make_series(5, (6, 7), "int16", RescaleSlope=2, RescaleIntercept=-3)
    files = write_series(datasets, tmp_path)
    expected = hd.load_volume(files, device="cpu")
    images = [hd.imread(file, lazy_frame_retrieval=lazy) for file in files]
    for volume in (hd.load_volume(images, device="cpu"), hd.get_volume_from_series(images, dtype=np.float32)):
        np.testing.assert_array_equal(volume.array, expected.array)
        np.testing.assert_array_equal(volume.affine, expected.affine)
    for image in images:
        image.RescaleIntercept = 4
    np.testing.assert_array_equal(hd.load_volume(images, device="cpu").array, expected.array + 7)


@pytest.mark.parametrize("name", ["rtdose.dcm", "rtdose_rle.dcm", "rtdose_expb.dcm"])
def test_dose(name: str) -> None:
    """Scaled by Dose Grid Scaling, and placed by Grid Frame Offset Vector, as SimpleITK places it."""
    path = get_testdata_file(name)
    dataset, image = dcmread(path), SimpleITK.ReadImage(get_testdata_file("rtdose.dcm"))
    volume = hd.load_volume(path, device="cpu")
    dose = dataset.pixel_array * float(dataset.DoseGridScaling)
    np.testing.assert_allclose(volume.array[::-1], dose, rtol=1e-6)
    assert volume.spacing == image.GetSpacing()[::-1]
    corners = volume.map_indices_to_reference(np.array([[14, 0, 0], [0, 9, 3]]))
    np.testing.assert_allclose(corners[0], image.GetOrigin())
    np.testing.assert_allclose(corners[1], image.TransformIndexToPhysicalPoint((3, 9, 14)))
    np.testing.assert_array_equal(hd.imread(path).get_volume(dtype=np.float32).array, volume.array)


def test_rescale_beside_functional_groups() -> None:
    """Multi-frame secondary captures have it at their root (PS3.3 C.8.6.3)."""
    positions = [[0, 0, number] for number in range(3)]
    dataset = make_enhanced(np.full((3, 4, 5), 7, "uint16"), positions, RescaleSlope=2, RescaleIntercept=-4)
    del dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence
    assert (hd.load_volume(dataset, device="cpu").array == 10).all()
    assert (hd.Image.from_dataset(dataset).get_frame(2, apply_modality_transform=True) == 10).all()
    own = make_enhanced(np.full((3, 4, 5), 7, "uint16"), positions, rescale=[(3, 0)] * 3, RescaleSlope=2)
    assert (hd.load_volume(own, device="cpu").array == 21).all()


def dose(first: float, orientation: list[float]) -> Dataset:
    offsets = [first, first + 3, first + 6]
    return make_dataset(
        np.zeros((4, 5), "uint16"), NumberOfFrames=3, GridFrameOffsetVector=offsets, DoseGridScaling="0.5",
        ImagePositionPatient=[1, 2, -40], ImageOrientationPatient=orientation, PixelData=bytes(120),
    )  # fmt: skip


def test_dose_in_patient_coordinates() -> None:
    """The offsets of transverse planes may be their places along the body; of other planes they cannot."""
    volume = hd.load_volume(dose(-40, [1, 0, 0, 0, 1, 0]), device="cpu")
    assert sorted(volume.map_indices_to_reference(np.array([[0, 0, 0], [2, 0, 0]]))[:, 2]) == [-40, -34]
    assert hd.load_volume(dose(0, [0, 1, 0, 0, 0, -1]), device="cpu").spacing == (3, 0.5, 0.75)
    for wrong in (dose(-40, [0, 1, 0, 0, 0, -1]), dose(-41, [1, 0, 0, 0, 1, 0])):
        with pytest.raises(MissingGeometryError, match="2 of 3 frames have no position"):
            hd.load_volume(wrong)


def test_mosaic() -> None:
    """What its position says is of none of the slices that it shows."""
    mosaic = make_dataset(np.zeros((12, 12), "uint16"), ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"])
    with pytest.raises(MosaicError, match="mosaic: each frame shows the slices of a volume side by side"):
        hd.load_volume(mosaic)
    (series,) = hd.read_series(mosaic)
    assert series.diagnosis.verdict == "mosaic"
    with pytest.raises(MosaicError, match="side by side"):
        hd.Image.from_dataset(mosaic).get_volume()


def test_dicomdir() -> None:
    path = get_testdata_file("DICOMDIR")
    assert path is not None
    series = hd.read_series(path)
    folder = hd.read_series(Path(path).parent / "98892001")
    assert {one.series_instance_uid for one in folder} < {one.series_instance_uid for one in series}
    five = [one for one in series if len(one.instances) == 5]
    assert hd.load_volume(five[0]).shape == (5, 16, 16)


def test_choosing_among_series(tmp_path: Path) -> None:
    first, voxels = make_series()
    second, others = make_series(4, SeriesInstanceUID="1.2.3.9", SeriesNumber=7)
    write_series(first, tmp_path / "1")
    write_series(second, tmp_path / "2")
    with pytest.raises(errors.AmbiguousSeriesError, match=r"there are 2 series.*1\.2\.3\.9 \(number 7\).*series="):
        hd.load_volume(tmp_path)
    np.testing.assert_array_equal(hd.load_volume(tmp_path, series=7).array, others)
    np.testing.assert_array_equal(hd.load_volume(tmp_path, series="1.2.3.4").array, voxels)
    with pytest.raises(errors.EmptySeriesError, match="no series is the one asked for"):
        hd.load_volume(tmp_path, series=99)
    with pytest.raises(ValueError, match="do not belong to one series"):
        hd.get_volume_from_series([*first, *second])


def test_series_says_what_it_is(tmp_path: Path) -> None:
    datasets, _ = make_series(SeriesDescription="thorax", PatientName="Doe^Jane", PatientID="4711")
    paths = write_series(datasets, tmp_path)
    (series,) = hd.read_series(tmp_path)
    text = repr(series)
    assert text == (
        "<Series 1: 'thorax' CT, 6 files, 6 frames of 5 x 4, Explicit VR Little Endian, regular: 2 mm apart>"
    )
    assert "Doe" not in text + str(series.summary())
    assert "4711" not in text + str(series.summary())
    heights = [float(pydicom.dcmread(name).ImagePositionPatient[2]) for name in series.files]
    assert heights == sorted(heights, reverse=True)
    assert series.size_bytes == sum(path.stat().st_size for path in paths)
    again = pickle.loads(pickle.dumps(series))
    np.testing.assert_array_equal(hd.load_volume(again).array, hd.load_volume(series).array)


def test_progress_is_reported_in_order(tmp_path: Path) -> None:
    write_series(make_series(40)[0], tmp_path)
    seen: list[tuple[int, int]] = []
    hd.load_volume(tmp_path, progress=lambda done, total: seen.append((done, total)), workers=3)
    assert seen == sorted(seen)
    assert seen[-1] == (40, 40)


# --- Bad input --------------------------------------------------------------------------------------------------------


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(errors.EmptySeriesError, match="there is no DICOM file"):
        hd.load_volume(tmp_path)
    with pytest.raises(errors.SourceError, match="No such file"):
        hd.load_volume(tmp_path / "nowhere")
    with pytest.raises(errors.EmptySeriesError):
        hd.get_volume_from_series([])


def test_text_file_named_dcm(tmp_path: Path) -> None:
    path = tmp_path / "notes.dcm"
    path.write_text("the patient is well\n" * 40)
    for source in (path, tmp_path):
        with pytest.raises(errors.NotDicomError, match=r"notes\.dcm: not a DICOM file"):
            hd.load_volume(source)
    path.rename(tmp_path / "notes.txt")
    with pytest.raises(errors.EmptySeriesError, match="1 files that are not DICOM"):
        hd.load_volume(tmp_path)


def test_no_pixel_data(tmp_path: Path) -> None:
    datasets, _ = make_series()
    del datasets[2].PixelData
    paths = write_series(datasets, tmp_path)
    with pytest.raises(errors.NoPixelDataError, match=str(tmp_path)):
        hd.load_volume(tmp_path)
    headless = next(path for path in paths if "PixelData" not in pydicom.dcmread(path))
    with pytest.raises(errors.NoPixelDataError, match=headless.name):
        hd.load_volume(hd.read_series(tmp_path)[0])
    with pytest.raises(errors.NoPixelDataError):
        hd.load_volume(headless)
    with pytest.raises(AttributeError, match="no pixel data"):
        hd.get_volume_from_series([headless])


def test_truncated_file_in_a_folder(tmp_path: Path) -> None:
    paths = write_series(make_series()[0], tmp_path)
    paths[3].write_bytes(paths[3].read_bytes()[:-7])
    with pytest.raises(errors.TruncatedFileError, match=rf"{paths[3].name}.*expected 40 bytes, found 33 bytes"):
        hd.load_volume(tmp_path)
    paths[3].write_bytes(paths[3].read_bytes()[:300])
    with pytest.raises(errors.HdgpuError, match=paths[3].name):
        hd.load_volume(tmp_path)


@pytest.mark.parametrize("implicit", [False, True])
def test_file_cut_anywhere_never_shortens_the_volume(tmp_path: Path, implicit: bool) -> None:
    """Not even where the cut falls between two elements, or before the file says which series it is of."""
    datasets, _ = make_series(
        4, StudyDescription="a study", transfer_syntax="1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
    )
    write_series(datasets, tmp_path)
    last = Path(hd.read_series(tmp_path)[0].files[-1])
    whole = last.read_bytes()
    for length in range(133, len(whole)):
        last.write_bytes(whole[:length])
        with pytest.raises(errors.HdgpuError, match=last.name):
            hd.load_volume(tmp_path)


def test_broken_header_may_be_skipped_when_listing(tmp_path: Path) -> None:
    paths = write_series(make_series()[0], tmp_path)
    raw = bytearray(paths[0].read_bytes())
    at = raw.index(b"\x20\x00\x32\x00DS")
    raw[at + 6 : at + 8] = b"\xf0\xff"
    paths[0].write_bytes(raw)
    with pytest.raises(errors.HdgpuError, match=paths[0].name):
        hd.read_series(tmp_path)
    assert hd.read_series(tmp_path, on_error="skip")[0].number_of_frames == 5
    with pytest.raises(ValueError, match="on_error"):
        hd.read_series(tmp_path, on_error="ignore")


def test_broken_file_of_another_series(tmp_path: Path) -> None:
    datasets, _ = make_series()
    write_series(datasets, tmp_path)
    plan = Path(str(get_testdata_file("rtplan_truncated.dcm")))
    (tmp_path / "plan").write_bytes(plan.read_bytes())
    with pytest.raises(errors.TruncatedFileError, match='plan: .*Pass on_error="skip" to leave it out'):
        hd.load_volume(tmp_path, series=1)
    volume = hd.load_volume(tmp_path, series=1, on_error="skip")
    assert volume.shape == (6, 5, 4)
    assert volume.report.skipped == (str(tmp_path / "plan"),)
    assert "skipped  1 file: plan\n" in volume.report.describe()
    (series,) = hd.read_series(tmp_path, on_error="skip")
    assert isinstance(series.skipped[0], errors.TruncatedFileError)


def test_damage_to_another_series_does_not_matter(tmp_path: Path) -> None:
    datasets, _ = make_series()
    others, _ = make_series(3, SeriesInstanceUID="1.9", SeriesNumber=9, ImagePositionPatient=[0, 1])
    write_series(datasets, tmp_path)
    write_series(others, tmp_path / "others")
    assert hd.load_volume(tmp_path, series=1).shape == (6, 5, 4)
    with pytest.raises(errors.InvalidAttributeError, match="others"):
        hd.load_volume(tmp_path, series=9)


@pytest.mark.parametrize("missing", range(1, 5))
def test_slice_missing(missing: int) -> None:
    datasets, _ = make_series()
    del datasets[missing]
    with pytest.raises(errors.MissingSliceError, match=f"1 slice missing after slice {missing} of 5") as caught:
        hd.load_volume(datasets)
    assert caught.value.diagnosis.gaps[0].after == missing - 1
    with pytest.raises(ValueError, match="gap"):
        hd.get_volume_from_series(datasets)


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, errors.MixedOrientationError),
        ({"ImagePositionPatient": [-10, -20, -4]}, errors.DuplicatePositionError),
        ({"ImagePositionPatient": [-10, -20, -6.9]}, errors.IrregularSpacingError),
        ({"PixelSpacing": [0.5, 0.76]}, errors.MixedGeometryError),
        ({"PixelSpacing": None}, errors.MissingGeometryError),
        ({"PixelSpacing": [0, 0]}, errors.MissingGeometryError),
        ({"ImagePositionPatient": None}, errors.MissingGeometryError),
        ({"ImageOrientationPatient": None}, errors.MissingGeometryError),
        ({"FrameOfReferenceUID": "1.2.3.6"}, errors.MixedGeometryError),
    ],
    ids=lambda value: str(value)[:60],
)
def test_one_slice_that_differs(attributes: dict[str, Any], kind: type[Exception]) -> None:
    datasets, voxels = make_series()
    position = {"ImagePositionPatient": [-10, -20, -6]}
    datasets[3] = make_dataset(voxels[3], **{**position, **attributes})
    with pytest.raises(kind):
        hd.load_volume(datasets)


def test_mixed_sizes_and_tilt() -> None:
    datasets, _ = make_series()
    datasets[3] = make_dataset(np.zeros((4, 5), "int16"), ImagePositionPatient=[-10, -20, -6])
    with pytest.raises(errors.MixedSizeError, match="5 of 5 x 4, 1 of 4 x 5"):
        hd.load_volume(datasets)
    datasets, _ = make_series()
    for index, dataset in enumerate(datasets):
        dataset.ImagePositionPatient = [-10, -20 + index * 2 * np.tan(np.radians(18.5)), -2 * index]
    with pytest.raises(errors.GantryTiltError, match="18.5 degrees") as caught:
        hd.load_volume(datasets)
    assert caught.value.diagnosis.tilt_degrees == pytest.approx(18.5)


def test_directions_that_are_none() -> None:
    datasets, _ = make_series()
    for dataset in datasets:
        dataset.ImageOrientationPatient = [0, 0, 0, 0, 0, 0]
    with pytest.raises(errors.HdgpuError):
        hd.load_volume(datasets)
    for dataset in datasets:
        dataset.ImageOrientationPatient = [*AXIAL[:3], *AXIAL[:3]]
    with pytest.raises(errors.HdgpuError):
        hd.load_volume(datasets)


def test_unknown_transfer_syntax() -> None:
    datasets, _ = make_series(transfer_syntax="1.2.3.4.5.6")
    with pytest.raises(errors.UnsupportedTransferSyntaxError, match="1.2.3.4.5.6"):
        hd.load_volume(datasets)


def test_damaged_frame_is_named_and_no_thread_is_left(tmp_path: Path) -> None:
    datasets, _ = make_series(30, (32, 32))
    for dataset in datasets:
        dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    paths = write_series(datasets, tmp_path)
    damaged = sorted(hd.read_series(tmp_path)[0].files)[11]
    raw = bytearray(Path(damaged).read_bytes())
    at = raw.index(b"\xff\x4f\xff\x51") + 200
    raw[at : at + 40] = b"\xff" * 40
    Path(damaged).write_bytes(raw)
    before = threading.active_count()
    with pytest.raises(errors.FrameDecodeError) as caught:
        hd.load_volume(tmp_path, workers=4)
    message = str(caught.value)
    assert Path(damaged).name in message
    assert "frame 1" in message
    assert JPEG2000Lossless in message
    assert pydicom.dcmread(damaged).SOPInstanceUID in message
    assert threading.active_count() <= before
    assert len(paths) == 30


def test_error_of_the_first_frame_in_order_is_raised(tmp_path: Path) -> None:
    datasets, _ = make_series(40)
    paths = write_series(datasets, tmp_path)
    files = hd.read_series(tmp_path)[0].files
    series = hd.read_series(tmp_path)[0]
    for place in (33, 4, 21):
        Path(files[place]).write_bytes(Path(files[place]).read_bytes()[:-5])
    for _ in range(5):
        with pytest.raises(errors.TruncatedFileError, match=Path(files[4]).name):
            hd.load_volume(series, workers=4)
    assert len(paths) == 40


@pytest.mark.parametrize(("rows", "columns"), [(65535, 65535), (65535, 4), (5, 65535), (1, 1)])
def test_size_that_the_bytes_cannot_hold(rows: int, columns: int) -> None:
    datasets, _ = make_series(3)
    for dataset in datasets:
        dataset.Rows, dataset.Columns = rows, columns
    with pytest.raises(errors.PixelDataSizeError, match=f"expected {rows * columns * 2} bytes"):
        hd.load_volume(datasets)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_size_that_the_codestream_does_not_have(syntax: str) -> None:
    datasets, _ = make_series(3, (40, 50))
    for dataset in datasets:
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.Rows, dataset.Columns = 50, 41
    with pytest.raises(errors.HdgpuError, match="frame 1"):
        hd.load_volume(datasets)


def test_device_that_is_not_there() -> None:
    datasets, _ = make_series()
    from hdgpu.array.device import cuda_status

    if cuda_status().available:
        pytest.skip("there is a GPU")
    with pytest.raises(errors.DeviceUnavailableError, match="hdgpu doctor"):
        hd.load_volume(datasets, device="cuda")
    assert hd.load_volume(datasets, device="auto").report.device == "cpu"


def test_series_among_several_that_were_read() -> None:
    series = hd.read_series(make_series()[0] + make_series(3, SeriesInstanceUID="1.9", SeriesNumber=9)[0])
    with pytest.raises(errors.AmbiguousSeriesError, match="there are 2 series"):
        hd.load_volume(series)
    assert hd.load_volume(series, series=9).shape == (3, 5, 4)
    with pytest.raises(errors.EmptySeriesError, match="no series is the one asked for"):
        hd.load_volume(series[0], series=99)
    assert hd.get_volume_from_series(series[:1]).shape[0] in (3, 6)
    with pytest.raises(errors.AmbiguousSeriesError):
        hd.get_volume_from_series(series)


@pytest.mark.parametrize(
    ("keywords", "kind", "message"),
    [
        ({"apply_magic": True}, TypeError, r"load_volume\(\) got an unexpected keyword argument 'apply_magic'"),
        ({"dtyp": "int16"}, TypeError, r"load_volume\(\) .* 'dtyp': did you mean 'dtype'\?"),
        ({"apply_voi_transfrom": True}, TypeError, "did you mean 'apply_voi_transform'"),
        ({"workers": 0}, ValueError, "workers is 1 or more"),
        ({"workers": -1}, ValueError, "workers is 1 or more"),
        ({"workers": "2"}, TypeError, "workers is a whole number"),
        ({"atol": "1"}, TypeError, "atol is a number or None, not '1'"),
        ({"rtol": [0.1]}, TypeError, "rtol is a number"),
        ({"atol": -0.1}, ValueError, "atol is 0 or more, not -0.1"),
        ({"rtol": float("nan")}, ValueError, "rtol is 0 or more, not nan"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be(keywords: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        hd.load_volume("/nowhere", **keywords)  # nothing is read before
    if not keywords.keys() & {"apply_magic", "dtyp", "apply_voi_transfrom"}:
        with pytest.raises(kind, match=message):
            hd.get_volume_from_series("/nowhere", **keywords)


def test_tolerances_of_numpy() -> None:
    datasets, voxels = make_series()
    np.testing.assert_array_equal(hd.load_volume(datasets, atol=np.float32(0.01), workers=np.int64(1)).array, voxels)
    with pytest.raises(ValueError, match="perpendicular_tol is 0 or more"):
        hd.get_volume_from_series(datasets, perpendicular_tol=-1)


def test_no_warning_from_a_good_series(tmp_path: Path) -> None:
    write_series(make_series(RescaleSlope="0.1", RescaleIntercept="3")[0], tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hd.load_volume(tmp_path)


@pytest.mark.parametrize("as_dataset", [False, True])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (5, 7)])
def test_big_endian_words_of_single_bytes_over_frames_of_odd_length(
    tmp_path: Path, shape: tuple[int, int], as_dataset: bool
) -> None:
    """8-bit samples under OW are swapped in pairs, and a pair may lie across two frames (PS3.5 A.3)."""
    voxels = np.random.default_rng(1).integers(0, 255, (3, *shape), "uint8")
    raw = voxels.tobytes() + b"\0" * (voxels.size % 2)
    swapped = np.frombuffer(raw, "u1").reshape(-1, 2)[:, ::-1].tobytes()
    dataset = make_dataset(voxels[0], NumberOfFrames=3, transfer_syntax="1.2.840.10008.1.2.2")
    dataset.PixelData = swapped
    dataset["PixelData"].VR = "OW"
    path = tmp_path / "big"
    pydicom.dcmwrite(path, dataset, implicit_vr=False, little_endian=False, force_encoding=True)
    source = pydicom.dcmread(path) if as_dataset else path
    (series,) = hd.read_series(source)
    instance = series.instances[0]
    index = index_frames(instance)
    route = route_for(instance.transfer_syntax_uid, instance.pixel, vr=instance.pixel_data.vr)
    frames = [
        route.decode(index.read(instance.source, frame), np.empty(shape, "uint8"), index=frame)[0] for frame in range(3)
    ]
    np.testing.assert_array_equal(frames, pydicom.dcmread(path).pixel_array)
    np.testing.assert_array_equal(frames, voxels)
