from __future__ import annotations

import doctest
import importlib.util
import json
import shutil
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docker" / "collect_wheels.py"
specification = importlib.util.spec_from_file_location("collect_wheels", SCRIPT)
assert specification
assert specification.loader
collect_wheels = importlib.util.module_from_spec(specification)
specification.loader.exec_module(collect_wheels)

WANTED = {"NumPy": "2.5.0", "array_api_compat": "1.11", "hdgpu": "0.1.0", "cupy-cuda13x": "14.2.0"}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Calls of a pip that resolves to `WANTED`, and writes wheels of a MiB."""
    made: list[tuple[str, ...]] = []

    def pip(*arguments: str) -> str:
        made.append(arguments)
        if arguments[0] == "install":
            return json.dumps({"install": [{"metadata": {"name": n, "version": v}} for n, v in WANTED.items()]})
        folder = Path(arguments[arguments.index("--wheel-dir" if arguments[0] == "wheel" else "--dest") + 1])
        names = ["hdgpu-0.1.0"] if arguments[0] == "wheel" else [each for each in arguments if "==" in each]
        for name in names:
            (folder / f"{name.replace('==', '-')}-cp311-abi3-linux_x86_64.whl").write_bytes(bytes(1 << 20))
        return ""

    monkeypatch.setattr(collect_wheels, "pip", pip)
    return made


def test_examples() -> None:
    assert doctest.testmod(collect_wheels).attempted == 2
    assert doctest.testmod(collect_wheels).failed == 0


def test_what_is_missing_is_collected(
    tmp_path: Path, calls: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "wheels"
    given = [str(folder), "--python", "3.12", "--glibc", "28", "--without", "numpy", "CuPy_cuda13x", "--add", "pytest"]
    assert collect_wheels.main(given) == 0
    _, resolve, download = calls
    assert resolve[-2].endswith("linux_x86_64.whl[cuda13]")
    assert resolve[-1] == "pytest"
    assert download[-1] == "array-api-compat==1.11"
    for options in (resolve, download):
        assert {"manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "linux_x86_64", "cp312", "abi3"} <= set(options)
        assert "manylinux_2_29_x86_64" not in options
    assert len(list(folder.iterdir())) == 2
    assert "2.0 MiB  in 2 wheels" in capsys.readouterr().out


def test_a_dry_run_downloads_nothing(
    tmp_path: Path, calls: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert collect_wheels.main([str(tmp_path / "wheels"), "--dry-run", "--extra", "cuda12", "--extra", "zarr"]) == 0
    assert [call[0] for call in calls] == ["wheel", "install"]
    assert calls[1][-1].endswith("[cuda12,zarr]")
    assert not (tmp_path / "wheels").exists()
    printed = capsys.readouterr().out.splitlines()
    assert printed[1:] == ["array-api-compat 1.11", "cupy-cuda13x 14.2.0", "numpy 2.5.0"]


def test_old_wheels_are_not_mixed_with_new_ones(tmp_path: Path, calls: list[tuple[str, ...]]) -> None:
    (tmp_path / "old.whl").touch()
    with pytest.raises(SystemExit):
        collect_wheels.main([str(tmp_path)])
    assert not calls


@pytest.mark.skipif(shutil.which("pip") is None, reason="needs pip")
def test_a_failure_of_pip_is_shown() -> None:
    with pytest.raises(SystemExit, match="pip download failed"):
        collect_wheels.pip("download", "--no-index", "no-such-package")
