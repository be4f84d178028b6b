from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from hdgpu.array import host_memory

BYTES = host_memory._LARGE


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()
    monkeypatch.setattr(host_memory, "_kept", None)


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_memory_is_used_again() -> None:
    first = host_memory.empty((BYTES,), "u1")
    place = address(first)
    del first
    second = host_memory.empty((BYTES // 4, 1), "f4")
    assert address(second) == place
    assert second.flags.c_contiguous
    assert second.flags.writeable


def test_memory_of_a_living_view_is_never_handed_out() -> None:
    """Not while a slice, a transpose, a memoryview or a reinterpretation of it is all that is left."""
    for keep in (
        lambda a: a[5:9],
        lambda a: a.reshape(-1, 2).T[::-1],
        memoryview,
        lambda a: a.view("f4")[3:],
        np.asarray,
        lambda a: np.from_dlpack(a),
    ):
        array = host_memory.empty((BYTES,), "u1")
        array[:] = 7
        kept = keep(array)
        del array
        gc.collect()
        other = host_memory.empty((BYTES,), "u1")
        other[:] = 0
        assert np.asarray(kept).reshape(-1).view("u1").min() == 7
        del kept, other
        gc.collect()


def test_only_the_last_region_is_kept_and_only_for_a_like_size() -> None:
    arrays = [host_memory.empty((BYTES * (i + 2),), "u1") for i in range(3)]
    sizes = [array.nbytes for array in arrays]
    for array in arrays:
        array[::4096] = 1
    while arrays:
        del arrays[0]
    del array
    assert host_memory._kept is not None
    assert len(host_memory._kept) == sizes[-1]
    small = host_memory.empty((BYTES,), "u1")
    assert host_memory._kept is None
    assert small.nbytes == BYTES


def test_small_arrays_are_plain() -> None:
    assert host_memory.empty((10, 10), "f8").base is None


def test_many_threads() -> None:
    wrong = []

    def work(mark: int) -> None:
        for _ in range(20):
            array = host_memory.empty((BYTES,), "u1")
            array[::65536] = mark
            if (array[::65536] != mark).any():
                wrong.append(mark)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
