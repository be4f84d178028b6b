"""Every way of reading, on a simulated device: what a GPU does, but for the GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

import hdgpu as hd
from hdgpu.array import device as devices
from hdgpu.array import streams
from hdgpu.array.device import CudaStatus
from hdgpu.codecs.nvimgcodec import installed
from hdgpu.errors import HdgpuError
from tests.frames.simulated_device import SimulatedRuntime
from tests.sample_files import INEXACT, SAMPLE_FILES, SampleFile

pytestmark = pytest.mark.skipif(installed() is None, reason="needs nvidia-nvimgcodec-cu13")


@pytest.fixture(autouse=True)
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SimulatedRuntime]]:
    """Put a simulated device in the place of ``"cuda:0"``; the runtimes made are listed."""
    made: list[SimulatedRuntime] = []
    kernels = ExitStack()

    def runtime(device: devices.Device) -> SimulatedRuntime:
        made.append(SimulatedRuntime(len(made), slowest=0.0005))
        kernels.enter_context(made[-1].kernels())
        return made[-1]

    monkeypatch.setattr(devices, "cuda_status", lambda: CudaStatus(True, device_names=("simulated",)))
    monkeypatch.setattr(streams, "runtime_of", runtime)
    with kernels:
        yield made
    for each in made:
        each.close()


def on_both(read):  # type: ignore[no-untyped-def]
    """Return what is read on the host and on the simulated device."""
    host = read("cpu")
    return host, read("cuda:0")


@pytest.mark.parametrize(
    "file", [each for each in SAMPLE_FILES if each.package != "wsidicom-data"], ids=lambda f: f.name
)
def test_sample_files_are_as_on_the_host(file: SampleFile, simulated: list[SimulatedRuntime]) -> None:
    path = file.path()

    def read(device: str) -> np.ndarray | str:
        try:
            return hd.imread(path).get_frames(device=device, apply_voi_transform=None, dtype=np.float64)
        except HdgpuError as error:
            return type(error).__name__

    host, device = on_both(read)
    if isinstance(host, str):
        assert device == host
        return
    assert len(simulated) == 1
    if file.name in INEXACT or "jpeg" in file.name.lower():
        np.testing.assert_allclose(device, host, atol=3)
    else:
        np.testing.assert_array_equal(device, host)
