"""The kernels on NumPy arrays: compiled for the host, in both orders of their threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from hdgpu.array.kernels import launching_on_host
from tests.kernels.mutation import apply_from_environment
from tests.kernels.on_device import DeviceLauncher
from tests.kernels.on_host import HostLauncher

if apply_from_environment():  # whatever fails first will do
    settings.register_profile("mutation", settings.get_profile("hdgpu"), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutation")


@pytest.fixture(params=["forwards", "backwards", pytest.param("device", marks=pytest.mark.gpu)])
def launcher(request: pytest.FixtureRequest) -> Iterator[HostLauncher | DeviceLauncher]:
    """Launcher that NumPy arrays go through."""
    if request.param == "device":
        cupy = pytest.importorskip("cupy")
        if not cupy.cuda.is_available():
            pytest.skip("there is no CUDA device")
    launcher = DeviceLauncher() if request.param == "device" else HostLauncher(request.param == "backwards")
    with launching_on_host(launcher):
        yield launcher
