"""Tilted and unevenly spaced slices on a regular grid: a field that is linear in space comes out as it is."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from scipy.ndimage import map_coordinates

import hdgpu as hd
from hdgpu.array.interop import to_numpy
from hdgpu.cli.main import main
from hdgpu.errors import DuplicatePositionError, GantryTiltError, IrregularSpacingError, MissingSliceError
from tests.make_series import make_dataset, write_series
from tests.parity.test_dcm2niix import converted, nibabel
from tests.real_files import real_series

ROWS, COLUMNS, SPACING = 20, 24, (0.8, 0.6)
ROW, COLUMN = np.array([1.0, 0, 0]), np.array([0.0, 0.8, 0.6])  # directions of growing column and row
NORMAL = np.cross(ROW, COLUMN)
FIELD = np.array([3.0, -5.0, 7.0])


def value_at(points: np.ndarray) -> np.ndarray:
    return points @ FIELD + 1000


def slices(heights: Any, lean: tuple[float, float], **attributes: Any) -> list[Dataset]:
    """Make slices at these heights along their normal, shifted along rows and columns by so many mm for each."""
    made = []
    for height in heights:
        position = (height * NORMAL + height * lean[0] * COLUMN + height * lean[1] * ROW).round(9)
        i, j = np.mgrid[:ROWS, :COLUMNS]
        points = position + i[..., None] * SPACING[0] * COLUMN + j[..., None] * SPACING[1] * ROW
        made.append(
            make_dataset(
                value_at(points).astype(np.float32),
                ImagePositionPatient=position.tolist(),
                ImageOrientationPatient=[*ROW, *COLUMN],
                PixelSpacing=list(SPACING),
                PixelData=None, BitsStored=None, HighBit=None, PixelRepresentation=None,
                FloatPixelData=value_at(points).astype(np.float32).tobytes(),
                **attributes,
            )
        )  # fmt: skip
    return made


CASES = {
    "tilt": (np.arange(7) * 2.0, (0.4, 0.0), 2.0),
    "tilt the other way": (np.arange(7) * 2.0, (-0.3, 0.2), 2.0),
    "uneven": (np.array([0, 1.5, 3.7, 5.2, 8.3, 9.8]), (0.0, 0.0), 9.8 / 7),
    "both": (np.array([0, 1.5, 3.7, 5.2, 8.3, 9.8]), (0.5, -0.1), 9.8 / 7),
}


@pytest.mark.parametrize("name", CASES)
def test_a_linear_field_comes_out_as_it_is(name: str) -> None:
    heights, lean, distance = CASES[name]
    datasets = slices(heights, lean)
    with pytest.raises((GantryTiltError, IrregularSpacingError), match="Pass `regrid=True`"):
        hd.load_volume(datasets, device="cpu")
    volume = hd.load_volume(datasets[::-1], device="cpu", regrid=True)
    assert volume.spacing == pytest.approx((distance, *SPACING))
    np.testing.assert_allclose(volume.direction.T @ volume.direction, np.eye(3), atol=1e-9)
    indices = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    expected = value_at(volume.map_indices_to_reference(indices)).reshape(volume.shape)
    inside = to_numpy(volume.array) != to_numpy(volume.array).min()
    assert inside.mean() > 0.6
    edges = np.abs(to_numpy(volume.array) - expected) > 1e-2  # where one of two slices has no voxel
    assert edges[inside].mean() < 0.2
    middle = (slice(None), slice(volume.shape[1] // 2 - 3, volume.shape[1] // 2 + 3), slice(8, 16))
    np.testing.assert_allclose(to_numpy(volume.array)[middle], expected[middle], rtol=1e-5)
    assert "regrid" in volume.report.seconds


def test_a_regular_series_stays_as_it_is() -> None:
    datasets = slices(np.arange(5) * 2.0, (0.0, 0.0))
    plain, regridded = (hd.load_volume(datasets, device="cpu", regrid=each) for each in (False, True))
    np.testing.assert_array_equal(plain.array, regridded.array)
    np.testing.assert_array_equal(plain.affine, regridded.affine)


def test_integers_are_rounded() -> None:
    datasets = slices(CASES["tilt"][0], CASES["tilt"][1])
    fine, rounded = (hd.load_volume(datasets, device="cpu", regrid=True, dtype=each) for each in ("f8", "f4"))
    np.testing.assert_allclose(fine.array, rounded.array, rtol=1e-6)
    for dataset in datasets:
        values = np.frombuffer(dataset.FloatPixelData, "f4").round().astype(np.int16)
        del dataset.FloatPixelData
        dataset.PixelData, dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = values.tobytes(), 16, 16, 15
        dataset["PixelData"].VR, dataset.PixelRepresentation = "OW", 1
    whole = hd.load_volume(datasets, device="cpu", regrid=True, dtype="int16")
    exact = hd.load_volume(datasets, device="cpu", regrid=True, dtype="float64")
    assert whole.dtype == np.int16
    np.testing.assert_array_equal(whole.array, np.rint(exact.array))


def test_what_is_no_matter_of_interpolation() -> None:
    for heights, error in (([0, 2, 4, 8, 10], MissingSliceError), ([0, 2, 2, 4, 6], DuplicatePositionError)):
        with pytest.raises(error):
            hd.load_volume(slices(np.array(heights, float), (0.3, 0)), device="cpu", regrid=True)


@pytest.mark.gpu
def test_on_a_device() -> None:
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("there is no CUDA device")
    datasets = slices(*CASES["both"][:2])
    host, device = (hd.load_volume(datasets, device=each, regrid=True) for each in ("cpu", "cuda"))
    np.testing.assert_allclose(to_numpy(device.array), host.array, rtol=1e-6)
    np.testing.assert_array_equal(device.affine, host.affine)


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(slices(*CASES["tilt"][:2]), tmp_path / "in")
    assert main(["convert", str(tmp_path / "in"), str(tmp_path / "a.nii")]) == 1
    assert "Add --regrid" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "in"), str(tmp_path / "a.nii"), "--regrid"]) == 0


def test_where_dcm2niix_has_it(tmp_path: Path) -> None:
    """A head CT of two slice distances and 18.5 degrees; dcm2niix's grid is another one."""
    place = real_series("ct_vendors.zip") / "In" / "GE"
    (series,) = (one for one in hd.read_series(place) if one.diagnosis.verdict == "tilt")
    volume = hd.load_volume(series, device="cpu", regrid=True)
    folder = Path(series.instances[0].name).parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (path,) = (one for one in converted(folder, tmp_path) if "Tilt_Eq" in one.name)
        image = nibabel.load(path)
    to_theirs = np.linalg.inv(image.affine) @ np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    grid = np.meshgrid(*(np.arange(size)[20:-20:3] if axis else np.arange(size) for axis, size in
                         enumerate(volume.shape)), indexing="ij")  # fmt: skip
    indices = np.stack([*grid, np.ones_like(grid[0])], axis=0).reshape(4, -1)
    theirs = map_coordinates(image.get_fdata(), (to_theirs @ indices)[:3], order=1, cval=np.nan)
    ours = to_numpy(volume.array)[tuple(indices[:3].astype(int))]
    both = ~np.isnan(theirs)
    assert both.mean() > 0.9
    apart = np.abs(theirs - ours)[both]
    assert np.median(apart) < 1
    assert np.corrcoef(theirs[both], ours[both])[0, 1] > 0.998
