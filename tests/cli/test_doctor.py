"""What is there, what is missing."""

import json

from hdgpu.cli import environment
from hdgpu.cli.main import main


def test_text(capsys):
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for expected in ("hdgpu ", "imagecodecs", "cpu", "JPEG 2000", "1.2.840.10008.1.2.4.80", "RLE Lossless"):
        assert expected in text


def test_json(capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["libraries"]["pydicom"]
    assert {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.91"} <= {one["uid"] for one in found["transfer_syntaxes"]}
    assert all(not one["name"][0].isdigit() for one in found["transfer_syntaxes"])
    assert not any(one["required"] for one in found["missing"])


def test_required_library_is_missing(capsys, monkeypatch):
    absent = {"imagecodecs", "zarr"}
    version_of = environment.version_of
    monkeypatch.setattr(environment, "version_of", lambda name: None if name in absent else version_of(name))

    assert main(["doctor", "--json"]) == 1

    missing = json.loads(capsys.readouterr().out)["missing"]
    assert [(one["name"], one["required"]) for one in missing if one["name"] in absent] == [
        ("imagecodecs", True),
        ("zarr", False),
    ]
    assert missing[0]["install"] == "pip install imagecodecs"
    assert main(["doctor"]) == 1
    assert 'pip install "hdgpu[zarr]"' in capsys.readouterr().out


def test_broken_library(monkeypatch, capsys):
    monkeypatch.setitem(environment.REQUIRED, "pillow", "no_such_module")
    assert main(["doctor"]) == 1
    assert "cannot be imported" in capsys.readouterr().out


def test_gpu_without_its_decoders(monkeypatch):
    found = environment.environment()
    found["cuda"] |= {"available": True, "runtime_version": 13000}
    names = ("nvidia-nvimgcodec-cu13", "nvidia-nvjpeg", "nvidia-nvjpeg2k-cu13")
    found["libraries"] |= dict.fromkeys(names)
    missing = {one["name"]: one for one in environment.missing_libraries(found)}
    assert missing.keys() >= set(names)
    assert missing["nvidia-nvjpeg"]["install"] == 'pip install "hdgpu[cuda13]"'
    assert not missing["nvidia-nvjpeg"]["required"]
