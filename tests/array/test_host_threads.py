import threading

import numpy as np
import pytest

from hdgpu.array import host_threads
from hdgpu.errors import InvalidAttributeError
from hdgpu.image.load import load_volume
from hdgpu.volume import Volume
from tests.make_series import make_series, write_series


@pytest.mark.parametrize("asked", ["0", "-1", "many", "1.5", "\u00b2"])
def test_what_is_no_number_of_threads(monkeypatch, asked):
    monkeypatch.setenv("HDGPU_THREADS", asked)
    with pytest.raises(InvalidAttributeError, match=r"HDGPU_THREADS.*whole number") as error:
        host_threads.default_workers()
    assert isinstance(error.value, ValueError)


def test_the_number_of_threads(monkeypatch):
    monkeypatch.delenv("HDGPU_THREADS", raising=False)
    cores = host_threads.default_workers()
    assert cores >= 1
    monkeypatch.setenv("HDGPU_THREADS", "")
    assert host_threads.default_workers() == cores
    monkeypatch.setenv("HDGPU_THREADS", " 3 ")
    assert host_threads.default_workers() == 3


def threads_of(monkeypatch, work):
    """Return by how many threads a function was begun beside the one that is running."""
    begun = []
    start = threading.Thread.start
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda thread: (begun.append(thread), start(thread))[1])
        work()
    return len(begun)


@pytest.mark.parametrize(("asked", "expected"), [("1", 0), ("3", 3)])
def test_resampling_and_loading_heed_it(monkeypatch, tmp_path, asked, expected):
    monkeypatch.setenv("HDGPU_THREADS", asked)
    volume = Volume(np.zeros((64, 64, 64), np.float32), np.eye(4), "PATIENT")
    write_series(make_series(40)[0], tmp_path)
    assert threads_of(monkeypatch, lambda: volume.resample(spacing=0.9)) == expected
    assert threads_of(monkeypatch, lambda: load_volume(tmp_path)) == expected
