"""Listing series."""

import json
import shutil
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from hdgpu.cli.main import main
from tests.make_series import make_series, write_series


def test_table(phantom_folder, capsys):
    assert main(["info", str(phantom_folder)]) == 0
    captured = capsys.readouterr()
    header, _, row, ignored = captured.out.splitlines()
    assert header.split()[:4] == ["number", "modality", "description", "frames"]
    for cell in ("1", "CT", "Phantom, thorax", "6", "32 x 32", "1.25 x 11.25 x 11.25", "JPEG 2000", "regular"):
        assert cell in row
    assert ignored == "ignored 1 file that is not DICOM: phantom.json"
    assert captured.err == ""


def test_json(phantom_folder, capsys):
    assert main(["info", "--json", str(phantom_folder)]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["frames"] == record["files"] == 6
    assert (record["rows"], record["columns"]) == (32, 32)
    assert record["slice_spacing"] == pytest.approx(1.25)
    assert record["pixel_spacing"] == pytest.approx([11.25, 11.25])
    assert record["transfer_syntax_uid"] == "1.2.840.10008.1.2.4.90"
    assert record["verdict"] == "regular"
    assert record["folder"] == str(phantom_folder)
    assert record["size_bytes"] == sum(file.stat().st_size for file in phantom_folder.glob("*.dcm"))


def test_says_what_is_wrong_with_a_stack(phantom_folder, tmp_path, capsys):
    for file in sorted(phantom_folder.glob("*.dcm")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    by_position = sorted(tmp_path.glob("*.dcm"), key=lambda file: pydicom.dcmread(file).ImagePositionPatient[2])
    by_position[2].unlink()

    assert main(["info", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "series 1: gap: 1 slice missing" in shown
    assert " - x 11.25 x 11.25 " in shown  # the mean distance is not that of any slices
    assert main(["info", "--json", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)[0]["slice_spacing"] is None


def test_rows_that_the_number_does_not_tell_apart(tmp_path, capsys):
    write_series(make_series(SeriesInstanceUID="1.5")[0], tmp_path / "a")
    write_series(make_series(SeriesInstanceUID="1.6")[0], tmp_path / "b")
    assert main(["info", str(tmp_path)]) == 0
    header, _, *rows = capsys.readouterr().out.splitlines()
    assert header.split()[-1] == "UID"
    assert [row.split()[-1] for row in rows] == ["1.5", "1.6"]
    write_series(make_series(2, SeriesInstanceUID="1.6", StudyInstanceUID="1.7", spacing=1.0)[0], tmp_path / "c")
    assert main(["info", str(tmp_path)]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split()[-1] for row in rows] == ["1.5", "1.2.3/1.6", "1.7/1.6"]
    assert main(["info", "--json", str(tmp_path)]) == 0
    assert [Path(each["folder"]).name for each in json.loads(capsys.readouterr().out)] == ["a", "b", "c"]


def test_names_no_patient(phantom_folder, tmp_path, capsys):
    data_set = pydicom.dcmread(next(phantom_folder.glob("*.dcm")))
    data_set.PatientName, data_set.PatientID = "Secret^Name", "SECRET-ID"
    data_set.save_as(tmp_path / "a.dcm")
    for argv in (["info", str(tmp_path)], ["info", "--json", str(tmp_path)]):
        assert main(argv) == 0
    captured = capsys.readouterr()
    assert "secret" not in (captured.out + captured.err).lower()


def test_several_paths(phantom_folder, capsys):
    first, second = sorted(phantom_folder.glob("*.dcm"))[:2]
    assert main(["info", "--json", str(first), str(second)]) == 0
    (record,) = json.loads(capsys.readouterr().out)  # parts of one series are one series
    assert record["files"] == 2


@pytest.mark.parametrize("length", [991, -1001])  # within an element of the header, and within the pixel data
def test_damaged_file_does_not_hide_the_others(phantom_folder, tmp_path, capsys, length):
    shutil.copytree(phantom_folder, tmp_path / "whole")
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(Path(get_testdata_file("CT_small.dcm", download=False)).read_bytes()[:length])
    assert main(["info", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "Phantom, thorax" in captured.out
    assert captured.err.startswith(f"hdgpu: error: {damaged}")
    assert captured.err.count("\n") == 1
    assert main(["info", str(tmp_path), "--on-error", "skip"]) == 0
    assert capsys.readouterr().err.startswith(f"hdgpu: skipped: {damaged}")


def test_series_without_images(capsys):
    assert main(["info", get_testdata_file("rtplan.dcm", download=False)]) == 0
    assert "RTPLAN" in capsys.readouterr().out


def test_empty_folder(tmp_path, capsys):
    assert main(["info", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("hdgpu: error: ")


def test_without_path(capsys):
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("hdgpu ")
    assert text.count("\n") == 1
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["libraries"]["numpy"]
