"""Progress on a terminal and nowhere else."""

import io

import pytest

from hdgpu.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress("decoding") as callback:
        for done in range(1, 101):
            callback(done, 100)
    drawn = terminal.getvalue().split("\r")
    assert len(drawn) < 10  # not a hundred times
    assert drawn[-3].rstrip() == f"decoding [{'#' * 30}] 100/100"
    assert drawn[-2].isspace()
    assert drawn[-1] == ""


def test_bar_goes_when_something_fails(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    def fail():
        with progress("decoding") as callback:
            callback(1, 2)
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fail()
    assert terminal.getvalue().endswith(" \r")


def test_elsewhere(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with progress("decoding") as callback:
        assert callback is None
