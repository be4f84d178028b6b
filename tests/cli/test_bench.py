"""The command that times."""

import sys

import numpy as np

from hdgpu.cli.bench import pydicom_loop
from hdgpu.cli.main import main


def test_table(phantom_folder, capsys):
    assert main(["bench", str(phantom_folder), "--repeat", "2", "--device", "cpu"]) == 0
    text = capsys.readouterr().out
    assert "6 frames of 32 x 32" in text
    assert "voxels of the pydicom loop: the same" in text
    rows = [line.split() for line in text.splitlines()]
    assert [row[0] for row in rows if "total" in row] == ["hdgpu", "pydicom"]


def test_loop_is_a_fair_peer(phantom_folder, phantom_hu):
    seconds, stack = pydicom_loop([str(path) for path in phantom_folder.glob("*.dcm")])
    np.testing.assert_array_equal(stack, phantom_hu)
    assert list(seconds) == ["read", "decode and rescale", "stack"]


def test_loop_that_fails_is_said(phantom_folder, capsys, monkeypatch):
    def fail(path):
        raise RuntimeError("no plugin")

    monkeypatch.setattr("pydicom.dcmread", fail)
    assert main(["bench", str(phantom_folder), "--repeat", "1"]) == 0
    text = capsys.readouterr().out
    assert "it fails: RuntimeError: no plugin" in text
    assert "times as fast" not in text


def test_device_that_is_not_there(phantom_folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert main(["bench", str(phantom_folder), "--device", "cuda"]) == 1
    assert "hdgpu: error: " in capsys.readouterr().err
