"""Every way of reading, on a simulated device: what a GPU does, but for the GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hdgpu.array import device as devices
from hdgpu.array import streams
from hdgpu.array.device import CudaStatus
from hdgpu.codecs.nvimgcodec import installed
from tests.frames.simulated_device import SimulatedRuntime
from tests.image.sample_parity import assert_frames_alike, assert_stored_values_alike
from tests.sample_files import SAMPLE_FILES, SampleFile

pytestmark = pytest.mark.skipif(installed() is None, reason="needs nvidia-nvimgcodec-cu13")
# The others are bare frames.
FILES = [file for file in SAMPLE_FILES if file.package != "wsidicom-data"]


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


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_frames_are_as_on_the_host(file: SampleFile, simulated: list[SimulatedRuntime]) -> None:
    decoded = assert_frames_alike(file, "cuda:0")
    assert len(simulated) == 1 or not decoded


@pytest.mark.parametrize("file", SAMPLE_FILES, ids=lambda file: file.name)
def test_stored_values_are_as_on_the_host(file: SampleFile, simulated: list[SimulatedRuntime]) -> None:
    report = assert_stored_values_alike(file, "cuda:0")
    if report is not None:
        assert len(simulated) == 1
        assert sum(report.frames_per_route.values()) == file.frames
