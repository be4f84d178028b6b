"""The benchmark of whole series on a tiny one, on the host: the files, the peers that need no GPU, and the goals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import series_gpu as benchmark
from pydicom import dcmread
from series_files import SYNTAXES, encoder, variants, write_phantom, write_variant
from series_peers import with_threads

import hdgpu as hd
from hdgpu.codecs.device.nvimgcodec import installed
from tests.make_series import make_series, write_series


def test_all_of_it_on_the_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "results" / "series.json"
    given = ["--small", "--device", "cpu", "--rounds", "1", "--data", str(tmp_path), "--json", str(written)]
    assert benchmark.main(given) in (0, 1)  # goals are a GPU's
    results = {each["syntax"]: each for each in json.loads(written.read_text())["results"]}
    assert list(results) == list(SYNTAXES)
    for syntax, result in results.items():
        assert result["shape"] == [6, 32, 32]
        assert {"hdgpu", "highdicom", "pydicom, threads"} <= set(result["median_seconds"]), (syntax, result["reasons"])
        assert set(result["median_seconds"]) | set(result["reasons"]) == set(result["seconds"])
        assert {"scan", "plan", "decode"} <= set(result["stages"])
    assert "no decoder" in results["RLE"]["reasons"]["nvImageCodec"]
    if installed() is not None:
        assert {"nvImageCodec", benchmark.ALONE} <= set(results["JPEG 2000"]["median_seconds"])
    printed = capsys.readouterr().out
    assert "blank:" in printed
    assert printed.rstrip().endswith("goals missed")


def test_variants_hold_what_the_phantom_holds(tmp_path: Path) -> None:
    native = write_phantom(tmp_path / "source", 5, 32)
    expected = hd.load_volume(tmp_path / "source", device="cpu")
    assert expected.array.shape == (5, 32, 32)
    assert expected.spacing[0] == pytest.approx(1.25)
    for name, files in variants("ct", native, tmp_path, list(SYNTAXES)):
        assert isinstance(files, list)
        assert {dcmread(path).file_meta.TransferSyntaxUID for path in files} == {SYNTAXES[name]}
        volume = hd.load_volume(files, device="cpu")
        most = 200 if name == "JPEG baseline" else 0  # its own loss
        np.testing.assert_allclose(volume.array, expected.array, atol=most)
        assert volume.geometry_equal(expected)
        peer = with_threads(files)
        assert np.array_equal(peer, volume.array) or np.array_equal(peer[::-1], volume.array)


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    native = write_phantom(tmp_path / "source", 3, 32)
    before = [path.stat().st_mtime_ns for path in write_variant(native, tmp_path / "rle", encoder("RLE"))]
    write_phantom(tmp_path / "source", 3, 32)
    again = write_variant(native, tmp_path / "rle", encoder("JPEG-LS"))
    assert [path.stat().st_mtime_ns for path in again] == before
    assert not list(tmp_path.rglob("*.part"))


def test_what_a_series_has_no_frames_for_is_said(tmp_path: Path) -> None:
    datasets, _ = make_series(3, (8, 8))
    native = write_series(datasets, tmp_path / "source")
    found = dict(variants("mr", native, tmp_path, list(SYNTAXES)))
    assert isinstance(found["JPEG baseline"], ValueError)
    assert isinstance(found["JPEG 2000"], hd.errors.UnsupportedPixelError)
    assert isinstance(found["RLE"], list)


def test_goals() -> None:
    def goals(syntax: str, **seconds: float) -> dict[str, bool]:
        medians = {name.replace("_", " "): value for name, value in seconds.items()}
        stages = {"scan": 2.0, "read": 4.0, "decode": 3.0, "wait": 3.0}
        result = {"syntax": syntax, "median_seconds": medians, "stored_bytes": 900, "stages": stages}
        return benchmark.goals_of(result, 100.0)

    assert goals("native", hdgpu=10, highdicom=20) == {"80% of the bus": True, "80% of the bus, once planned": True}
    assert goals("native", hdgpu=12) == {"80% of the bus": False, "80% of the bus, once planned": True}
    assert goals("native", highdicom=12) == {"the host's voxels": False}
    assert goals("HTJ2K", hdgpu=1, highdicom=49, nvImageCodec=1.2, decode_alone=0.9) == {
        "50x highdicom": False,
        "not slower than nvImageCodec": True,
        "1.5x nvImageCodec": False,
        "1.2 times the decoding": True,
    }
    assert goals("RLE", hdgpu=1, highdicom=2) == {}


def test_other_voxels_are_found() -> None:
    one = np.arange(24.0).reshape(2, 3, 4)
    assert benchmark.difference(one[::-1], one, 0) == ""
    assert benchmark.difference(one + 2, one, 2) == ""
    assert benchmark.difference(one + 2.5, one, 2) == "gives other voxels, by up to 2.5"
    assert "shape" in benchmark.difference(one[1:], one, 0)


def test_a_peer_that_fails_has_a_reason_and_no_turns() -> None:
    def fail(paths: object) -> object:
        raise RuntimeError("no\ndriver")

    turns = benchmark.Turns({"good": lambda paths: 1, "bad": fail, "wrong": lambda paths: 2}, [], 100.0)
    turns.first(lambda name, array: "other voxels" if name == "wrong" else "")
    turns.next()
    assert turns.reasons == {"bad": "RuntimeError: no driver", "wrong": "other voxels"}
    assert {name: len(times) for name, times in turns.seconds.items()} == {"good": 1, "bad": 0, "wrong": 0}
    assert set(turns.medians()) == {"good"}


def test_after_the_deadline_hdgpu_alone_takes_turns() -> None:
    turns = benchmark.Turns({"hdgpu": lambda paths: 1, "peer": lambda paths: 1}, [], 100.0, until=0.0)
    turns.first(lambda name, array: "")
    turns.next()
    assert turns.reasons == {"peer": "there was no time left"}
    assert set(turns.medians()) == {"hdgpu"}


def test_other_voxels_of_hdgpu_do_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was found is written, and the goal is missed."""
    monkeypatch.setattr(benchmark, "difference", lambda array, expected, most: "gives other voxels, by up to 9")
    path = tmp_path / "new" / "series.json"
    given = ["--small", "--device", "cpu", "--rounds", "1", "--only", "native", "--data", str(tmp_path)]
    assert benchmark.main([*given, "--json", str(path)]) == 1
    (result,) = json.loads(path.read_text())["results"]
    assert result["reasons"]["hdgpu"] == "gives other voxels, by up to 9"
    assert result["goals"] == {"the host's voxels": False}
    assert "FAILS" in capsys.readouterr().out


def test_settings_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_phantom(tmp_path, 3, 32)
    seen = []

    def wall_seconds(work):  # type: ignore[no-untyped-def]
        seen.append((benchmark.device_engine.MOST_FRAMES, benchmark.device_engine.LANES))
        return float(len(seen)), work()

    monkeypatch.setattr(benchmark, "wall_seconds", wall_seconds)
    tried = benchmark.sweep(paths, "native", benchmark.Place("cpu"))
    assert {each["decoder threads"] for each in tried} == {0}
    assert min(each["decoder threads"] for each in benchmark.sweep(paths, "HTJ2K", benchmark.Place("cpu"))) > 0
    assert {(each["batch"], each["lanes"]) for each in tried} == set(seen)
    assert [each["seconds"] for each in tried] == sorted(each["seconds"] for each in tried)
