"""Voxels where dcm2niix has them: its NIfTI file is an opinion that shares no code with pydicom or highdicom."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import hdgpu as hd
from tests.real_files import real_series

nibabel = pytest.importorskip("nibabel", reason="needs nibabel: pip install nibabel")
dcm2niix = pytest.importorskip("dcm2niix", reason="needs dcm2niix: pip install dcm2niix")


def converted(folder: Path, output: Path) -> list[Path]:
    subprocess.run(
        [dcm2niix.bin, "-z", "n", "-b", "n", "-f", "%s", "-o", output, folder], check=True, capture_output=True
    )
    return sorted(output.glob("*.nii"))


@pytest.mark.parametrize(
    ("archive", "folder"), [("structural_mr.zip", "dicoms"), ("ct_vendors.zip", "In/Philips/S21570/S2010")]
)
def test_same_value_at_the_same_place(archive: str, folder: str, tmp_path: Path) -> None:
    place = real_series(archive) / folder
    volume = hd.load_volume(place, dtype="float64")
    (path,) = converted(place, tmp_path)
    image = nibabel.load(path)
    assert_same(volume, image.get_fdata(), image.affine)


@pytest.mark.parametrize("folder", ["mr_0004", "mr_0006"])
def test_same_volumes_in_time(folder: str, tmp_path: Path) -> None:
    place = real_series("mr_vendors.zip") / "In" / "20180918GE" / folder
    parts = hd.read_series(place)[0].split()
    (path,) = converted(place, tmp_path)
    image = nibabel.load(path)
    theirs = image.get_fdata()
    assert len(parts) == theirs.shape[3] == 10
    for number, part in enumerate(parts):
        assert_same(hd.load_volume(part, dtype="float64"), theirs[..., number], image.affine)


def assert_same(volume: hd.Volume, values: np.ndarray, affine: np.ndarray) -> None:
    """Hold that each voxel is where theirs is."""
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    to_theirs = np.linalg.inv(affine) @ lps_to_ras @ volume.affine
    axes = np.abs(to_theirs[:3, :3]).argmax(axis=0)
    assert sorted(axes) == [0, 1, 2]
    # Their affine is float32: a corner may be off by a few thousandths of a voxel, but each index is plain.
    corners = np.array([[i, j, k, 1] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * [
        *(np.array(volume.shape) - 1),
        1,
    ]
    places = corners @ to_theirs[:3].T
    np.testing.assert_allclose(places, np.rint(places), atol=0.01)
    theirs = values.transpose(axes)
    for axis in range(3):
        if to_theirs[axes[axis], axis] < 0:
            theirs = np.flip(theirs, axis)
    np.testing.assert_array_equal(np.sort(np.rint(places), axis=0)[0], [0, 0, 0])
    np.testing.assert_array_equal(volume.array, theirs)
