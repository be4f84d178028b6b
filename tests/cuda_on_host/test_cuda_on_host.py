"""The CUDA of the host is as late and as strict as CUDA may be: else what runs on it shows nothing."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def cuda_on_host(request: pytest.FixtureRequest) -> None:
    """Skip on a real device, which may be as quick as it likes."""
    if not request.config.pluginmanager.hasplugin("tests.cuda_on_host"):
        pytest.skip("needs -p tests.cuda_on_host")


def test_pinned_memory_is_read_as_late_as_can_be() -> None:
    import cupy

    stream = cupy.cuda.Stream(non_blocking=True)
    host = np.frombuffer(cupy.cuda.alloc_pinned_memory(4), np.uint8, 4)
    host[:] = 1
    array = cupy.empty(4, np.uint8)
    array.data.copy_from_host_async(host.ctypes.data, 4, stream)
    event = stream.record()
    host[:] = 2
    event.synchronize()
    assert array.get().tolist() == [2] * 4


def test_other_memory_is_read_at_once() -> None:
    import cupy

    stream = cupy.cuda.Stream(non_blocking=True)
    host = np.ones(4, np.uint8)
    array = cupy.empty(4, np.uint8)
    array.data.copy_from_host_async(host.ctypes.data, 4, stream)
    host[:] = 2
    stream.synchronize()
    assert array.get().tolist() == [1] * 4


@pytest.mark.parametrize("non_blocking", [False, True])
def test_the_null_stream_waits_for_blocking_ones_only(non_blocking: bool) -> None:
    import cupy

    array = cupy.zeros(4, np.uint8)
    cupy.cuda.Device().synchronize()
    with cupy.cuda.Stream(non_blocking=non_blocking):
        array += 1
    assert array.get().tolist() == [0 if non_blocking else 1] * 4
    cupy.cuda.Device().synchronize()
    assert array.get().tolist() == [1] * 4


def test_streams_go_their_own_way_but_for_events() -> None:
    import cupy

    first, second = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
    array = cupy.zeros(4, np.uint8)
    cupy.cuda.Device().synchronize()
    for waits, expected in ((False, 3), (True, 4)):
        array[...] = 3
        cupy.cuda.Device().synchronize()
        with first:
            array += 1
            event = first.record()
        if waits:
            second.wait_event(event)
        copies = cupy.empty_like(array)
        with second:
            copies[...] = array
        second.synchronize()
        assert copies.get().tolist() == [expected] * 4
        first.synchronize()


def test_a_kernel_runs_on_its_own_device() -> None:
    import cupy

    assert cupy.cuda.runtime.getDeviceCount() == 2
    kernel = cupy.RawKernel('extern "C" __global__ void set(int* to) { to[threadIdx.x] = threadIdx.x; }', "set")
    array = cupy.zeros(4, np.int32)
    kernel((1,), (4,), (array,))
    assert array.get().tolist() == [0, 1, 2, 3]
    stream = cupy.cuda.Stream(non_blocking=True)
    with cupy.cuda.Device(1), pytest.raises(cupy.cuda.driver.CUDADriverError, match="INVALID_HANDLE"):
        kernel((1,), (4,), (array,), stream=stream)


def test_memory_is_finite_and_never_zero_by_chance() -> None:
    import cupy

    cupy.get_default_memory_pool().free_all_blocks()
    with pytest.raises(cupy.cuda.memory.OutOfMemoryError):
        cupy.empty(1 << 40, np.uint8)
    assert cupy.empty(1 << 20, np.uint8).get().any()


def test_what_a_compiler_says_is_told() -> None:
    import cupy

    kernel = cupy.RawKernel('extern "C" __global__ void wrong() { no_such_thing(); }', "wrong", backend="nvrtc")
    with pytest.raises(cupy.cuda.compiler.CompileException, match="no_such_thing"):
        kernel((1,), (1,), ())
