"""``hdgpu transcode``: what it prints, and its exit status."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

import hdgpu as hd
from hdgpu.cli.main import main

CT = Path(get_testdata_file("CT_small.dcm", download=False))


def test_series(phantom_folder, tmp_path, capsys):
    assert main(["transcode", str(phantom_folder), str(tmp_path / "out"), "--syntax", "htj2k-lossless"]) == 0
    captured = capsys.readouterr()
    cells = captured.out.splitlines()[2].split()
    assert cells[:2] == ["6", "6"]
    assert cells[-1] == "transcoded"
    assert captured.err == ""
    before = hd.load_volume(phantom_folder, device="cpu")
    after = hd.load_volume(tmp_path / "out", device="cpu")
    np.testing.assert_array_equal(before.array, after.array)
    assert after.report.frames_per_route == {"imagecodecs:jpeg2k": 6}


def test_dcm2niix_makes_the_same_of_it(phantom_folder, tmp_path):
    dcm2niix = pytest.importorskip("dcm2niix")
    nibabel = pytest.importorskip("nibabel")
    main(["transcode", str(phantom_folder), str(tmp_path / "jls"), "--syntax", "native"])
    main(["transcode", str(tmp_path / "jls"), str(tmp_path / "rle"), "--syntax", "rle"])
    voxels = []
    for name in ("jls", "rle"):
        (tmp_path / f"{name}.nifti").mkdir()
        command = [dcm2niix.bin, "-o", str(tmp_path / f"{name}.nifti"), "-f", "a", str(tmp_path / name)]
        subprocess.run(command, check=True, capture_output=True)
        (file,) = (tmp_path / f"{name}.nifti").glob("*.nii")
        voxels.append(np.asanyarray(nibabel.load(file).dataobj))
    np.testing.assert_array_equal(*voxels)


def test_one_bad_file(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    shutil.copy(CT, tmp_path / "in" / "ct.dcm")
    shutil.copy(get_testdata_file("rtdose.dcm", download=False), tmp_path / "in" / "dose.dcm")
    (tmp_path / "in" / "notes").write_text("text")
    assert main(["transcode", str(tmp_path / "in"), str(tmp_path / "out"), "--syntax", "htj2k-lossless"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"hdgpu: error: {tmp_path / 'in' / 'dose.dcm'}")
    assert captured.err.count("\n") == 1
    assert "1 files left out" in captured.out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ct.dcm"]


@pytest.mark.parametrize("option", [[], ["--overwrite"], ["--force"]])
def test_existing_file(option, tmp_path, capsys):
    target = tmp_path / "a.dcm"
    target.write_text("precious")
    status = main(["transcode", str(CT), str(target), "--syntax", "rle", *option])
    assert status == (0 if option else 1)
    assert ("Add --force to replace it." in capsys.readouterr().err) == (not option)
    assert (target.read_bytes() == b"precious") == (not option)


def test_lossy_has_to_be_asked_for(tmp_path, capsys):
    argv = ["transcode", str(CT), str(tmp_path / "a.dcm"), "--syntax", "htj2k"]
    assert main([*argv, "--psnr", "50"]) == 1
    assert capsys.readouterr().err.endswith("Add --lossy if images may change.\n")
    assert main([*argv, "--psnr", "50", "--lossy"]) == 0
    assert dcmread(tmp_path / "a.dcm").LossyImageCompression == "01"


@pytest.mark.parametrize("option", [["--syntax", "gif"], [], ["--syntax", "rle", "--workers", "0"]])
def test_usage(option, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["transcode", "a", "b", *option])
    assert exit_.value.code == 2
