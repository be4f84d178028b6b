"""Plugin of pytest that runs what needs a CUDA device without one: ``pytest -p tests.cuda_on_host -m gpu``.

CuPy is the real one, and so is every kernel, CuPy's and ours: g++ compiles them.  Below CuPy there is a CUDA of two
devices whose memory is the host's and whose streams are queues that run as late as CUDA allows (`device.hpp`).
nvImageCodec is the real one in its CPU mode, on the devices' memory.  What a device alone can show is left to one:
speed, rounding that a compiler chooses, nvJPEG and nvJPEG2000, torch.
"""

from __future__ import annotations

import pytest

from tests.cuda_on_host.libraries import put_below_cupy
from tests.cuda_on_host.stand_ins import replace_what_needs_a_device

__all__ = ["pytest_load_initial_conftests"]


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Begin before any test is imported; whoever only imports this package gets no such CUDA."""
    put_below_cupy()
    replace_what_needs_a_device()
