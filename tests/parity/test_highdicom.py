"""Voxels and affine bit for bit those of highdicom, on every series that it can load."""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import hdgpu as hd
from hdgpu.errors import HdgpuError
from tests.make_series import make_series
from tests.real_files import every_file, real_series

highdicom = pytest.importorskip("highdicom", reason="needs highdicom, the oracle: pip install highdicom")

# Series of pydicom and pydicom-data that highdicom loads; one file of each stands for it.
LOADABLE = {
    "CT_small.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "2062",
    "15820",
    "4919",
    "5641",
    "15970",
    "examples_overlay.dcm",
    "MR-SIEMENS-DICOM-WithOverlays.dcm",
    "explicit_VR-UN.dcm",
}


@functools.cache
def sample_series() -> dict[str, list[Path]]:
    """Group the sample files by folder of origin and series; each series is named by its first file."""
    groups: dict[tuple[str, str], list[Path]] = defaultdict(list)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in every_file():
            try:
                dataset = pydicom.dcmread(path, stop_before_pixels=True)
            except Exception:
                continue
            if "Rows" in dataset:
                root = "data_store" if "data_store" in path.parts else "pydicom"
                groups[root, str(dataset.get("SeriesInstanceUID"))].append(path)
    return {paths[0].name: paths for paths in groups.values()}


def highdicom_volume(paths: list[Path], **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return highdicom.get_volume_from_series([pydicom.dcmread(path) for path in paths], **options)
        except Exception:
            return None


def assert_equal(ours: hd.Volume, theirs: Any) -> None:
    np.testing.assert_array_equal(ours.array, theirs.array)
    np.testing.assert_array_equal(ours.affine, theirs.affine)
    assert ours.array.dtype == theirs.array.dtype
    assert ours.frame_of_reference_uid == theirs.frame_of_reference_uid
    assert ours.coordinate_system.value == theirs.coordinate_system.value


@pytest.mark.parametrize("name", sample_series())
def test_sample_series(name: str) -> None:
    paths = sample_series()[name]
    theirs = highdicom_volume(paths)
    if name in LOADABLE:
        assert theirs is not None
    if theirs is None:
        with contextlib.suppress(HdgpuError):
            hd.get_volume_from_series(paths)
        return
    for dtype in (np.float64, np.float32):
        assert_equal(hd.get_volume_from_series(paths, dtype=dtype), highdicom_volume(paths, dtype=dtype))
    datasets = [pydicom.dcmread(path) for path in paths]
    assert_equal(hd.get_volume_from_series(datasets), theirs)


@pytest.mark.parametrize(
    ("archive", "folder", "shape"),
    [
        ("structural_mr.zip", "dicoms", (384, 384, 274)),
        ("ct_vendors.zip", "In/Philips/S21570/S2010", (28, 512, 512)),
        ("ct_vendors.zip", "In/Philips/S21570/S1000", (1, 256, 512)),
    ],
)
def test_real_series(archive: str, folder: str, shape: tuple[int, ...]) -> None:
    place = real_series(archive) / folder
    paths = [path for path in sorted(place.iterdir()) if path.name != "DIRFILE"]
    theirs = highdicom_volume(paths)
    assert theirs.shape == shape
    assert_equal(hd.get_volume_from_series([place]), theirs)


@pytest.mark.parametrize(
    "attributes",
    [
        {"RescaleSlope": "0.1", "RescaleIntercept": "-1000"},
        {"RescaleSlope": "2"},
        {"RescaleIntercept": "-1024"},
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"PhotometricInterpretation": "MONOCHROME1", "RescaleSlope": "2", "RescaleIntercept": "-1000"},
        {"PresentationLUTShape": "INVERSE", "BitsStored": 16},
        {"PresentationLUTShape": "IDENTITY", "PhotometricInterpretation": "MONOCHROME1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["int16", "uint16"])
def test_transforms(attributes: dict[str, Any], dtype: str) -> None:
    datasets, _ = make_series(dtype=dtype, **attributes)
    options: list[dict[str, Any]] = [{}, {"apply_modality_transform": False}, {"apply_presentation_lut": False}]
    for option in options:
        theirs = highdicom.get_volume_from_series(datasets, **option)
        assert_equal(hd.get_volume_from_series(datasets, **option), theirs)


@pytest.mark.parametrize(
    "orientation", [[1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1], [-1, 0, 0, 0, 1, 0], [0.6, 0.8, 0, 0, 0, 1]]
)
@pytest.mark.parametrize("reverse", [False, True])
def test_orientations(orientation: list[float], reverse: bool) -> None:
    datasets, _ = make_series()
    normal = np.cross(orientation[:3], orientation[3:]) * (-1 if reverse else 1)
    for index, dataset in enumerate(datasets):
        dataset.ImageOrientationPatient = orientation
        dataset.ImagePositionPatient = [round(float(x), 8) for x in np.array([3.1, -4.1, 5.9]) + 1.3 * index * normal]
    assert_equal(hd.get_volume_from_series(datasets), highdicom.get_volume_from_series(datasets))


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"apply_real_world_transform": True}, RuntimeError),
        ({"apply_voi_transform": True}, RuntimeError),
        ({"apply_icc_profile": True}, ValueError),
        ({"apply_palette_color_lut": True}, ValueError),
        ({"apply_real_world_transform": True, "apply_modality_transform": True}, ValueError),
        ({"atol": 1, "rtol": 1}, TypeError),
        ({"dtype": np.int16}, ValueError),
    ],
    ids=str,
)
def test_refusals_are_of_the_same_type(options: dict[str, Any], kind: type[Exception]) -> None:
    datasets, _ = make_series(RescaleSlope="0.5")
    for load in (highdicom.get_volume_from_series, hd.get_volume_from_series):
        with pytest.raises(kind):
            load(datasets, **options)


def outcome(load: Any) -> Any:
    try:
        return load().affine
    except ValueError:
        return None


@pytest.mark.parametrize("tolerance", [1e-3, 0.02, 0.2])
@pytest.mark.parametrize("shift", [0.0, 0.05, 0.3, 0.5, 1.0])
def test_tolerance_of_a_tilt(shift: float, tolerance: float) -> None:
    datasets, _ = make_series(5)
    for place, dataset in enumerate(datasets):
        dataset.ImagePositionPatient = [-10, -20 + shift * place, -2 * place]
    ours, theirs = (
        outcome(lambda module=module: module.get_volume_from_series(datasets, perpendicular_tol=tolerance))
        for module in (hd, highdicom)
    )
    assert (ours is None) == (theirs is None)
    if theirs is not None:
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("tolerance", [1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("angle", [0.0, 1e-5, 1e-3, 0.02])
def test_tolerance_of_orientations(angle: float, tolerance: float) -> None:
    datasets, _ = make_series(3)
    cosine, sine = np.cos(angle), np.sin(angle)
    datasets[1].ImageOrientationPatient = [cosine, sine, 0, -sine, cosine, 0]
    ours, theirs = (
        outcome(lambda module=module: module.get_volume_from_series(datasets, orientation_tol=tolerance))
        for module in (hd, highdicom)
    )
    assert (ours is None) == (theirs is None)
