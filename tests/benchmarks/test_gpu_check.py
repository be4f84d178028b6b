from __future__ import annotations

import re
import time
from pathlib import Path

import gpu_check
import pytest


def test_all_steps_are_run_and_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    commands: list[tuple[str, ...]] = []

    def run(*command: str) -> tuple[bool, str]:
        commands.append(command)
        return not any("kernels.py" in word for word in command), "3 of 40 goals missed"

    monkeypatch.setattr(gpu_check, "run", run)
    monkeypatch.setattr(gpu_check, "gpu_name", lambda: "h200")
    assert gpu_check.main(["--series", "folder"]) == 1
    printed = capsys.readouterr().out
    assert re.search(r"kernels +FAILS +0 s +3 of 40 goals missed\n", printed)
    assert re.search(r"series +holds", printed)
    assert gpu_check.main(["series", "doctor"]) == 0
    series, doctor = commands[-2:]
    assert doctor[1:] == ("-m", "hdgpu", "doctor")
    assert series[1] == "benchmarks/series_gpu.py"
    assert Path(series[series.index("--json") + 1]).name == "series_h200.json"
    assert float(series[series.index("--deadline") + 1]) < gpu_check.MOST_SECONDS
    assert "--quick" in series
    assert any(command[-2:] == ("--series", "folder") for command in commands)


def test_there_is_no_such_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gpu_check.main(["kernel"])
    assert "there are no steps kernel" in capsys.readouterr().err


def test_a_machine_without_a_device(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(gpu_check, "gpu_name", lambda: None)
    assert gpu_check.main([]) == 2
    monkeypatch.setattr(gpu_check, "NEEDED", ("no_such_module",))
    assert gpu_check.main([]) == 2
    assert "make gpu-check needs no_such_module" in capsys.readouterr().out


def test_commands_are_run_and_stopped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_check.python("-c", "import hdgpu; print(1); print(2); print()") == (True, "2")
    assert gpu_check.python("-c", "print(3); raise SystemExit(4)") == (False, "3")
    assert capsys.readouterr().out == "1\n2\n\n3\n"
    monkeypatch.setattr(gpu_check, "MOST_SECONDS", 0.5)
    started = time.monotonic()
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(30)'])"
    assert gpu_check.python("-c", child) == (False, "stopped after 0.5 s")
    assert time.monotonic() - started < 15, "a child kept the output open"


def test_results_go_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands: list[tuple[str, ...]] = []
    monkeypatch.setattr(gpu_check, "run", lambda *command: commands.append(command) or (True, ""))
    monkeypatch.setattr(gpu_check, "gpu_name", lambda: "h200")
    assert gpu_check.main(["kernels", "series", "--results", str(tmp_path)]) == 0
    for command, name in zip(commands, ("kernels_h200.json", "series_h200.json"), strict=True):
        assert Path(command[command.index("--json") + 1]) == tmp_path / name
