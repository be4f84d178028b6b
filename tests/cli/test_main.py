"""Exit statuses, errors in one line, and a quick start."""

import os
import subprocess
import sys
import warnings

import pytest

from hdgpu.cli import info
from hdgpu.cli.main import main
from hdgpu.errors import HdgpuError


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["no-such-command"],
        ["convert", "a"],
        ["convert", "a", "b.mha"],
        ["convert", "a", "b.nii", "--dtype", "complex64"],
        ["preview", "a", "b.jpg"],
        ["bench", "a", "--repeat", "0"],
        ["bench", "a", "--repeat", "x"],
    ],
)
def test_usage_errors(argv, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(argv)
    assert exit_.value.code == 2
    assert "usage: hdgpu" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["info", "convert", "preview", "transcode", "doctor", "bench"])
def test_help_of_each_command(command, capsys):
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert f"usage: hdgpu {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (HdgpuError("two\nlines", source="a.dcm"), "hdgpu: error: a.dcm: two lines\n"),
        (PermissionError(13, "Permission denied", "a.dcm"), "hdgpu: error: [Errno 13] Permission denied: 'a.dcm'\n"),
    ],
)
def test_error_is_one_line(monkeypatch, capsys, error, line):
    def fail(arguments):
        raise error

    monkeypatch.setattr(info, "run", fail)
    assert main(["info"]) == 1
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("argv", [["--debug", "info"], ["info", "--debug"]])
def test_debug_shows_traceback(monkeypatch, capsys, argv):
    def fail(arguments):
        raise HdgpuError("broken")

    monkeypatch.setattr(info, "run", fail)
    assert main(argv) == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert shown.endswith("hdgpu: error: broken\n")


def test_interrupt(monkeypatch):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(info, "run", interrupted)
    assert main(["info"]) == 130


def test_missing_path(capsys, tmp_path):
    assert main(["info", str(tmp_path / "none")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("hdgpu: error: ")
    assert captured.err.count("\n") == 1


def test_no_warning_quotes_the_patient(monkeypatch, recwarn):
    def read(arguments):
        for module in ("pydicom.valuerep", "hdgpu.dicom.header"):
            warnings.warn_explicit(f"Invalid value in {module}", UserWarning, f"{module}.py", 1, module=module)
        return 0

    monkeypatch.setattr(info, "run", read)
    assert main(["info"]) == 0
    assert [str(warning.message) for warning in recwarn] == ["Invalid value in hdgpu.dicom.header"]


def test_reader_that_goes_away():
    command = [sys.executable, "-c", "import sys; from hdgpu.cli.main import main; sys.exit(main(['info']))"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 1
    assert errors == ""


def test_help_imports_no_array_library():
    code = (
        "import sys\nfrom hdgpu.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'pydicom', 'imagecodecs', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_python_m():
    done = subprocess.run([sys.executable, "-m", "hdgpu", "info"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("hdgpu ")
    assert "NumPy" in done.stdout or "numpy" in done.stdout
    assert done.stdout.count("\n") == 1


def test_text_that_the_terminal_cannot_show():
    code = "import sys; from hdgpu.cli import info, main; info.run = lambda arguments: print('Schädel') or 0"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit(main.main(['info']))"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert done.stdout == b"Sch\\xe4del\n"
