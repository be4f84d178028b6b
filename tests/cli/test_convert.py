"""From DICOM files to other formats."""

import shutil
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from hdgpu.cli.main import main
from hdgpu.volume import Volume
from tests.make_series import make_series, write_series

SPACING = (1.25, 11.25, 11.25)


def from_inferior(array, affine):
    """Return the array with slices from inferior to superior, given the affine to LPS."""
    return array if affine[2, 0] > 0 else array[::-1]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_nifti(phantom_folder, phantom_hu, tmp_path, capsys, suffix, dtype):
    target = tmp_path / f"volume{suffix}"

    assert main(["convert", str(phantom_folder), str(target), "--dtype", dtype]) == 0

    image = nib.as_closest_canonical(nib.load(target))  # RAS: x to the left becomes x to the right, and so y
    voxels = np.asanyarray(image.dataobj)
    assert voxels.dtype == dtype
    np.testing.assert_array_equal(voxels.transpose(2, 1, 0)[:, ::-1, ::-1], phantom_hu)
    np.testing.assert_allclose(image.header.get_zooms(), SPACING[::-1])
    half = 11.25 * 31 / 2
    np.testing.assert_allclose(image.affine[:3, 3], [-half, -half, -1.25 * 5 / 2], rtol=1e-6)
    assert capsys.readouterr().out.startswith(f"{target}: 6 x 32 x 32 {dtype}, ")


def test_nifti_equals_that_of_dcm2niix(phantom_folder, tmp_path):
    dcm2niix = pytest.importorskip("dcm2niix")
    options = ["-z", "n", "-b", "n", "-f", "theirs", "-o", str(tmp_path)]
    subprocess.run([dcm2niix.bin, *options, str(phantom_folder)], check=True, capture_output=True)

    assert main(["convert", str(phantom_folder), str(tmp_path / "ours.nii"), "--dtype", "int16"]) == 0

    theirs, ours = (nib.as_closest_canonical(nib.load(tmp_path / f"{name}.nii")) for name in ("theirs", "ours"))
    np.testing.assert_array_equal(np.asanyarray(ours.dataobj), np.asanyarray(theirs.dataobj))
    np.testing.assert_allclose(ours.affine, theirs.affine, atol=1e-4)


def test_npz(phantom_folder, phantom_hu, tmp_path):
    target = tmp_path / "volume.npz"
    assert main(["convert", str(phantom_folder), str(target)]) == 0
    volume = Volume.load(target)
    np.testing.assert_array_equal(from_inferior(volume.array, volume.affine), phantom_hu)
    np.testing.assert_allclose(volume.spacing, SPACING)
    assert volume.coordinate_system.value == "PATIENT"
    assert volume.dtype == np.float32
    with np.load(target) as found:  # for those who have no hdgpu at hand
        np.testing.assert_array_equal(found["array"], volume.array)
        np.testing.assert_array_equal(found["affine"], volume.affine)


def test_zarr(phantom_folder, phantom_hu, tmp_path):
    zarr = pytest.importorskip("zarr")
    target = tmp_path / "volume.zarr"
    for argv in ([], ["--force"]):
        assert main(["convert", str(phantom_folder), str(target), *argv]) == 0
    found = zarr.open_array(target, mode="r")
    affine = np.array(found.attrs["affine"])
    np.testing.assert_array_equal(from_inferior(found[:], affine), phantom_hu)
    np.testing.assert_allclose(found.attrs["spacing"], SPACING)
    assert found.attrs["coordinate_system"] == "PATIENT"
    assert found.chunks == (1, 32, 32)


def test_zarr_is_not_installed(phantom_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    assert main(["convert", str(phantom_folder), str(tmp_path / "a.zarr")]) == 1
    assert 'pip install "hdgpu[zarr]"' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_values_that_the_type_cannot_hold_are_refused(phantom_folder, tmp_path, capsys):
    assert main(["convert", str(phantom_folder), str(tmp_path / "a.nii"), "--dtype", "uint8"]) == 1
    assert capsys.readouterr().err.startswith("hdgpu: error: ")
    assert not list(tmp_path.iterdir())


def test_keeps_what_is_there(phantom_folder, tmp_path, capsys):
    target = tmp_path / "a.nii"
    target.write_bytes(b"old")
    assert main(["convert", str(phantom_folder), str(target)]) == 1
    assert capsys.readouterr().err.endswith("exists already. Add --force to replace it.\n")
    assert target.read_bytes() == b"old"
    assert main(["convert", str(phantom_folder), str(target), "--force"]) == 0
    assert nib.load(target).shape == (32, 32, 6)


def test_series(phantom, phantom_folder, tmp_path, capsys):
    both = tmp_path / "both"
    shutil.copytree(phantom_folder, both / "a")
    phantom.write_phantom(both / "b", slices=3, size=16)
    import hdgpu as hd

    uid = hd.read_series(both / "b")[0].series_instance_uid

    assert main(["convert", str(both), str(tmp_path / "a.nii")]) == 1
    assert "--series" in capsys.readouterr().err
    assert main(["convert", str(both), str(tmp_path / "a.nii"), "--series", uid]) == 0
    assert nib.load(tmp_path / "a.nii").shape == (16, 16, 3)


def test_broken_file_may_be_skipped(phantom_folder, tmp_path, capsys):
    shutil.copytree(phantom_folder, tmp_path / "series")
    (tmp_path / "series" / "IM99.dcm").touch()
    target = tmp_path / "a.nii"
    argv = ["convert", str(tmp_path / "series"), str(target)]
    assert main(argv) == 1
    assert "--on-error skip" in capsys.readouterr().err
    assert main([*argv, "--on-error", "skip"]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith(f"hdgpu: skipped: {tmp_path / 'series' / 'IM99.dcm'}: not a DICOM file")
    assert captured.out.splitlines()[1:] == ["ignored 1 file that is not DICOM: phantom.json"]


def test_series_of_one_of_two_studies(tmp_path, capsys):
    for study in ("1.1", "1.2"):
        write_series(make_series(StudyInstanceUID=study)[0], tmp_path / study)
    argv = ["convert", str(tmp_path), str(tmp_path / "a.npz"), "--series"]
    assert main([*argv, "1.2.3.4"]) == 1
    assert "1.1/1.2.3.4 (number 1), 1.2/1.2.3.4 (number 1)" in capsys.readouterr().err
    assert main([*argv, "1.2/1.2.3.4"]) == 0
