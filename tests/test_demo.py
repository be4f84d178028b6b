"""The demo runs and checks itself; here with a small phantom."""

import subprocess
import sys
from pathlib import Path

import nibabel as nib
import pytest
from PIL import Image

DEMO = Path(__file__).parents[1] / "demo" / "demo.py"


def run(*argv):
    return subprocess.run([sys.executable, str(DEMO), *map(str, argv)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "output"


@pytest.fixture(scope="module")
def finished(output):
    return run("--output", output, "--slices", 12, "--size", 64)


def test_checks_the_phantom(finished):
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("The phantom's voxels equal those that were written.\n")
    assert finished.stderr == ""


def test_says_what_became_of_the_samples(finished):
    for expected in ("CT, Explicit VR Little Endian: 2 x 512 x 512", "MissingGeometryError", "Phantom, thorax"):
        assert expected in finished.stdout


def test_leaves_volume_and_picture(finished, output):
    assert nib.load(output / "volume.nii.gz").shape == (64, 64, 12)
    with Image.open(output / "midplanes.png") as picture:
        assert picture.width > picture.height


def test_second_run_keeps_the_phantom(finished, output):
    before = {file.name: file.stat().st_mtime_ns for file in (output / "phantom").iterdir()}
    assert run("--output", output, "--slices", 12, "--size", 64).returncode == 0
    assert {file.name: file.stat().st_mtime_ns for file in (output / "phantom").iterdir()} == before


def test_names_are_in_no_order(finished, output):
    import pydicom

    files = sorted((output / "phantom").glob("*.dcm"))
    heights = [float(pydicom.dcmread(file).ImagePositionPatient[2]) for file in files]
    assert heights not in (sorted(heights), sorted(heights, reverse=True))


def test_notices_other_voxels(finished, output, tmp_path):
    import shutil

    copy = tmp_path / "output"
    shutil.copytree(output, copy)
    record = copy / "phantom" / "phantom.json"
    record.write_text(record.read_text().replace('"sha256": "', '"sha256": "0'))
    damaged = run("--output", copy, "--slices", 12, "--size", 64)
    assert damaged.returncode == 1
    assert "VOXELS DIFFER" in damaged.stdout


def test_folder_without_dicom(tmp_path):
    failed = run(tmp_path, "--output", tmp_path / "output")
    assert failed.returncode == 1
    assert failed.stderr.startswith("EmptySeriesError: ")


def test_folder_of_ones_own(finished, output, tmp_path):
    own = run(output / "phantom", "--output", tmp_path)
    assert own.returncode == 0, own.stderr
    assert nib.load(tmp_path / "volume.nii.gz").shape == (64, 64, 12)
