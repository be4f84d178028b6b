import os
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from hdgpu.array import device as devices
from hdgpu.array import streams
from hdgpu.array.device import (
    CPU,
    Device,
    cuda_status,
    device_of,
    get_default_device,
    namespace_of_device,
    parse_device,
    set_default_device,
    to_device,
)
from hdgpu.array.namespace import array_namespace
from hdgpu.array.streams import CudaRuntime
from hdgpu.errors import DeviceUnavailableError, InvalidAttributeError


def fake_cupy(devices: int, *, driver: int = 13020, current: int = 0) -> SimpleNamespace:
    """Return as much of CuPy as is asked what there is, for a machine with that many devices."""

    def device_count() -> int:
        if not driver:
            raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")
        return devices

    runtime = SimpleNamespace(
        getDeviceCount=device_count,
        driverGetVersion=lambda: driver,
        runtimeGetVersion=lambda: 13020,
        getDeviceProperties=lambda index: {"name": f"GPU {index}".encode()},
        getDevice=lambda: current,
    )
    return SimpleNamespace(__version__="14.2.0", cuda=SimpleNamespace(runtime=runtime))


@pytest.fixture
def no_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)


def put_cupy(monkeypatch, *args, **kwargs):
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy(*args, **kwargs))


# --- What is there ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_cupy")
def test_without_cupy_the_error_says_so_and_what_to_do():
    assert "CuPy" in cuda_status().problem
    with pytest.raises(DeviceUnavailableError, match=r"'cuda:1'.*CuPy.*hdgpu\[cuda13\].*hdgpu doctor") as caught:
        parse_device("cuda:1")
    assert isinstance(caught.value, RuntimeError)


def test_cupy_not_installed_is_told_from_cupy_broken(monkeypatch):
    def find_spec(name, path=None, target=None):
        if name == "cupy":
            raise ImportError("libcudart.so.13 is missing")

    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=find_spec), *sys.meta_path])
    assert cuda_status().problem == "CuPy cannot be imported: libcudart.so.13 is missing"


def test_without_a_driver_the_error_says_so(monkeypatch):
    put_cupy(monkeypatch, 0, driver=0)
    status = cuda_status()
    assert (status.available, status.cupy_version, status.driver_version) == (False, "14.2.0", 0)
    with pytest.raises(DeviceUnavailableError, match="no usable CUDA driver: cudaErrorInsufficientDriver"):
        parse_device("cuda")


def test_no_device_listed(monkeypatch):
    put_cupy(monkeypatch, 0)
    assert cuda_status().problem == "the CUDA driver lists no device"


def test_index_out_of_range_lists_what_there_is(monkeypatch):
    put_cupy(monkeypatch, 2)
    assert parse_device("cuda:1") == Device("cuda", 1)
    with pytest.raises(DeviceUnavailableError, match=r"'cuda:2'.*cuda:0 \(GPU 0\), cuda:1 \(GPU 1\)"):
        parse_device("cuda:2")
    with pytest.raises(DeviceUnavailableError):
        parse_device(Device("cuda", 2))


def test_cuda_is_the_current_device(monkeypatch):
    put_cupy(monkeypatch, 4, current=3)
    assert str(parse_device("cuda")) == "cuda:3"
    assert str(parse_device("auto")) == "cuda:3"


def in_a_fork(work):
    """Return the text of what a function returns, or raises, in a process that is forked now."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads do nothing that matters here
        child = os.fork()
    if not child:
        try:
            text = str(work())
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.parametrize("begin", [cuda_status, lambda: CudaRuntime(0)], ids=["a look", "a runtime"])
@pytest.mark.parametrize("use", [lambda: parse_device("cuda"), lambda: CudaRuntime(0)], ids=["name", "runtime"])
def test_a_process_forked_after_cuda_began_is_told_what_to_do(monkeypatch, begin, use):
    cupy = fake_cupy(1)
    parent = os.getpid()
    count = cupy.cuda.runtime.getDeviceCount

    def count_where_cuda_began():
        if os.getpid() != parent:
            raise RuntimeError("cudaErrorInitializationError: initialization error")
        return count()

    cupy.cuda.runtime.getDeviceCount = count_where_cuda_began
    cupy.cuda.memory = SimpleNamespace(OutOfMemoryError=MemoryError)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(streams, "namespace_of_library", lambda name: np)
    monkeypatch.setattr(devices, "_cuda_began_in", None)
    assert "initialization error" in in_a_fork(lambda: parse_device("cuda"))  # nothing is known of the parent
    begin()
    assert in_a_fork(lambda: parse_device("auto")) == "cpu"
    message = in_a_fork(use)
    assert message.startswith("DeviceUnavailableError: CUDA was in use when this process was forked")
    assert f"forked from {parent}" in message
    assert 'multiprocessing.get_context("spawn")' in message
    assert "forked" in in_a_fork(lambda: cuda_status().problem)
    assert parse_device("cuda") == Device("cuda", 0)  # the parent goes on
    use()


@pytest.mark.usefixtures("no_cupy")
def test_auto_is_the_cpu_where_there_is_no_gpu():
    assert parse_device("auto") == CPU


# --- Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gpu", "cpu:0", "cuda:", "cuda:-1", "cuda:1:2", "CUDA", "cuda: 1", "", "cuda:²"])
def test_other_names_are_refused(name):
    with pytest.raises(InvalidAttributeError, match="no such device name"):
        parse_device(name)


def test_a_device_is_named_by_a_string():
    with pytest.raises(TypeError):
        parse_device(0)


def test_default_device(monkeypatch):
    assert get_default_device() == CPU
    put_cupy(monkeypatch, 2)
    monkeypatch.setenv("HDGPU_DEVICE", "cuda:1")
    assert parse_device(None) == Device("cuda", 1)
    set_default_device("cpu")
    assert parse_device(None) == CPU
    with pytest.raises(DeviceUnavailableError):
        set_default_device("cuda:7")
    assert parse_device(None) == CPU
    set_default_device(None)
    assert parse_device(None) == Device("cuda", 1)


@pytest.mark.usefixtures("no_cupy")
def test_a_default_that_is_not_there_raises(monkeypatch):
    monkeypatch.setenv("HDGPU_DEVICE", "cuda")
    with pytest.raises(DeviceUnavailableError):
        get_default_device()


# --- Arrays -----------------------------------------------------------------------------------------------------------


def test_device_of(xp):
    expected = {"numpy": "cpu", "torch": "cpu", "array_api_strict": "array_api_strict.Device('device1')"}
    assert str(device_of(xp.asarray([1]))) == expected.get(xp.name, f"cuda:{xp.device}")


def test_to_the_same_device_is_the_same_array(device):
    array = namespace_of_device(device).zeros(3)
    assert to_device(array, device) is array
    assert to_device(array, device_of(array)) is array


def test_to_device_and_back(device):
    host = np.arange(6, dtype=np.uint16).reshape(2, 3)
    there = to_device(host, device)
    assert str(device_of(there)).startswith(device)
    assert array_namespace(there) is namespace_of_device(device)
    np.testing.assert_array_equal(to_device(there, "cpu"), host)


def test_to_cpu_from_any_library(xp):
    np.testing.assert_array_equal(np.asarray(to_device(xp.asarray([1, 2]), "cpu")), [1, 2])


@pytest.mark.usefixtures("no_cupy")
def test_nothing_moves_to_a_gpu_that_is_not_there(xp):
    if xp.name == "torch" and xp.namespace.cuda.is_available():
        pytest.skip("torch has a GPU of its own")
    with pytest.raises(DeviceUnavailableError):
        to_device(xp.asarray([1]), "cuda")


def test_other_libraries_have_no_gpu(monkeypatch):
    strict = pytest.importorskip("array_api_strict")
    put_cupy(monkeypatch, 1)
    with pytest.raises(DeviceUnavailableError, match="array_api_strict"):
        to_device(strict.zeros(1), "cuda")


def test_no_library_creates_arrays_on_a_foreign_device():
    with pytest.raises(DeviceUnavailableError):
        namespace_of_device(Device("mps", 0))
