"""Every sample file on a device as on the host: what the tests on a simulated device and on a GPU share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import hdgpu as hd
from hdgpu.array.interop import to_numpy
from hdgpu.errors import HdgpuError
from hdgpu.report import DecodeReport
from tests.frames.stored_values import stored_values
from tests.sample_files import SampleFile

# JPEG baseline and extended, near-lossless JPEG-LS, and JPEG 2000 that may be lossy.
_LOSSY = (".4.50", ".4.51", ".4.81", ".4.91")


def assert_frames_alike(file: SampleFile, device: str) -> bool:
    """Assert that an image's output frames are alike; return whether there are any."""

    def read(where: str) -> Any:
        image = hd.imread(file.path())
        return image.get_frames(device=where, apply_voi_transform=None, dtype=np.float64)

    return _assert_alike(file, read, device)


def assert_stored_values_alike(file: SampleFile, device: str) -> DecodeReport | None:
    """Assert that an instance's stored values are alike; return the account of the device's, None if there is none."""
    reports: list[DecodeReport] = []

    def read(where: str) -> Any:
        values, report = stored_values(file.read(), where)
        reports.append(report)
        return values

    return reports[-1] if _assert_alike(file, read, device) else None


def _assert_alike(file: SampleFile, read: Callable[[str], Any], device: str) -> bool:
    """Assert that both give the same values, or values as near as those of two decoders, or the same kind of error."""

    def outcome(where: str) -> np.ndarray | str:
        try:
            return to_numpy(read(where))
        except HdgpuError as error:
            return type(error).__name__

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        host, found = outcome("cpu"), outcome(device)
    if isinstance(host, str) or isinstance(found, str):
        assert found == host
        return False
    if file.transfer_syntax.endswith(_LOSSY):
        np.testing.assert_allclose(found.astype(np.float64), host.astype(np.float64), rtol=0, atol=3)
    else:
        np.testing.assert_array_equal(found, host, strict=True)
    return True
