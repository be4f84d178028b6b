import numpy as np
import pytest

from hdgpu.array import host_threads
from hdgpu.compiled import extension
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


@pytest.mark.parametrize(("asked", "pools"), [("1", []), ("3", [3])])
def test_resampling_and_loading_heed_it(monkeypatch, tmp_path, asked, pools):
    begun = []
    pool = host_threads.ThreadPoolExecutor
    monkeypatch.setattr(
        host_threads, "ThreadPoolExecutor", lambda size, name: (begun.append(size), pool(size, name))[1]
    )
    monkeypatch.setenv("HDGPU_THREADS", asked)
    host_threads.in_threads(lambda first, last: None, 12)
    assert begun == pools
    if extension() is not None:
        Volume(np.zeros((64, 64, 64), np.float32), np.eye(4), "PATIENT").resample(spacing=0.9)
        assert begun == 2 * pools
    write_series(make_series(4)[0], tmp_path)
    assert load_volume(tmp_path).report.workers == int(asked)
