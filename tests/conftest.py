"""Fixtures for every test: array libraries, each on a device of its own, and devices by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# Machines that build this are slow and shared: a slow example is no failure.  Continuous integration draws the same
# examples every time, so that a change is judged by what it changes; by hand, each run looks for new ones.
settings.register_profile(
    "hdgpu",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("hdgpu")


@dataclass(frozen=True)
class ArrayLibrary:
    """A library of arrays and a device of it, not its default one where it has another."""

    name: str
    namespace: Any
    device: Any

    def asarray(self, values: Any, dtype: str | None = None) -> Any:
        """Return an array of the library on the device, of NumPy's data type for the values unless another is named."""
        host = np.asarray(values) if dtype is None else np.asarray(values, dtype=dtype)
        if self.name == "numpy":
            return host.copy()
        if self.name == "torch":
            return self.namespace.asarray(host.copy(), device=self.device)
        if self.name == "cupy":
            with self.namespace.cuda.Device(self.device):
                return self.namespace.asarray(host)
        return self.namespace.asarray(host, device=self.device)

    def is_mine(self, array: Any) -> bool:
        """Return whether the array is of this library and still on this device."""
        from hdgpu.array.namespace import array_namespace, native_device

        if array_namespace(array) is not array_namespace(self.asarray([0])):
            return False
        return self.name == "numpy" or native_device(array) == native_device(self.asarray([0]))

    def __str__(self) -> str:
        return self.name


def _cupy() -> ArrayLibrary:
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("there is no CUDA device")
    return ArrayLibrary("cupy", cupy, cupy.cuda.runtime.getDeviceCount() - 1)


def _torch() -> ArrayLibrary:
    torch = pytest.importorskip("torch")
    return ArrayLibrary("torch", torch, torch.device("cpu"))


def torch_for(xp: ArrayLibrary) -> Any:
    """Return torch, one that knows CUDA if the library's arrays lie on a CUDA device."""
    torch = pytest.importorskip("torch")
    if xp.name == "cupy" and not torch.cuda.is_available():
        pytest.skip("needs a build of torch for CUDA")
    return torch


def _strict() -> ArrayLibrary:
    strict = pytest.importorskip("array_api_strict")
    # a forgotten device= or a hidden np.asarray raises on a device that is not the default
    return ArrayLibrary("array_api_strict", strict, strict.Device("device1"))


_LIBRARIES = {"numpy": lambda: ArrayLibrary("numpy", np, "cpu"), "torch": _torch, "strict": _strict, "cupy": _cupy}


@pytest.fixture(params=["numpy", "torch", "strict", pytest.param("cupy", marks=pytest.mark.gpu)])
def xp(request: pytest.FixtureRequest) -> ArrayLibrary:
    """Array library under test."""
    return _LIBRARIES[request.param]()


@pytest.fixture
def its_device(xp: ArrayLibrary) -> Iterator[None]:
    """Have the library's device be the current one: for what is told to by those who call it, and for plain CuPy."""
    with xp.namespace.cuda.Device(xp.device) if xp.name == "cupy" else nullcontext():
        yield


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> str:
    """Device under test, by name."""
    if request.param == "cuda":
        _cupy()
    return str(request.param)


@pytest.fixture(autouse=True)
def default_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test starts with the CPU as default device, and leaves no other behind."""
    from hdgpu.array import device as module

    monkeypatch.delenv(module.ENVIRONMENT_VARIABLE, raising=False)
    module.set_default_device(None)
    yield
    module.set_default_device(None)
