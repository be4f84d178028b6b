"""The kernels on NumPy arrays: compiled for the host, in both orders of their threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from hdgpu.array.kernels import launching_on_host
from tests.kernels.mutation import apply_from_environment
from tests.kernels.on_host import HostLauncher

if apply_from_environment():  # whatever fails first will do
    settings.register_profile("mutation", settings.get_profile("hdgpu"), phases=(Phase.explicit, Phase.generate))
    settings.load_profile("mutation")


@pytest.fixture(params=[False, True], ids=["forwards", "backwards"])
def launcher(request: pytest.FixtureRequest) -> Iterator[HostLauncher]:
    """Launcher that NumPy arrays go through."""
    launcher = HostLauncher(request.param)
    with launching_on_host(launcher):
        yield launcher
