"""The cases of the kernels' benchmark at a tiny size, on NumPy arrays: data, bytes and checks, all but the timing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import kernels as benchmark
import numpy as np
import pytest
from device_timing import Times
from kernel_cases import Case, assert_close

from hdgpu.array.kernels import launching_on_host
from tests.kernels.on_host import HostLauncher
from tests.kernels.variants import VARIANTS

SIZE = 100_000


@pytest.fixture(scope="module")
def launcher() -> Iterator[HostLauncher]:
    launcher = HostLauncher()
    with launching_on_host(launcher):
        yield launcher


@pytest.mark.parametrize("make", benchmark.CASES, ids=lambda make: make.__name__)
def test_a_case_is_right(make: Callable[[Any, int], Case], launcher: HostLauncher) -> None:
    case = make(np, SIZE)
    before = len(launcher.launched)
    case.check_exactly()
    assert set(launcher.launched[before:]) & set(case.kernels)
    case.check_others()
    assert 0.4 * SIZE < case.moved < 2.5 * SIZE


@pytest.mark.parametrize("make", benchmark.CASES, ids=lambda make: make.__name__)
def test_a_wrong_result_is_found(make: Callable[[Any, int], Case], launcher: HostLauncher) -> None:
    case, runs = make(np, SIZE), []

    def run() -> Any:
        result = case.run()
        if not runs:  # the reference's is left as it is
            result[...] = 1
        runs.append(result)
        return result

    with pytest.raises(AssertionError, match=r"reference"):
        replace(case, run=run).check_exactly()


def test_every_kernel_has_a_case() -> None:
    assert {name for make in benchmark.CASES for name in make(np, SIZE).kernels} == set(VARIANTS)


def test_bytes_are_those_of_what_is_read_and_written(launcher: HostLauncher) -> None:
    cases = {make.__name__: make(np, SIZE) for make in benchmark.CASES}
    for name in ("affine", "identity", "window", "table", "palette", "ybr_pixels", "unpack_bits", "rle"):
        result = cases[name].run()
        assert cases[name].moved > result.nbytes, name
    pixels = cases["palette"].run().size // 3
    assert cases["palette"].moved == 4 * pixels
    assert cases["affine"].moved == 6 * cases["affine"].run().size
    assert cases["ybr_pairs"].moved == cases["ybr_pairs"].run().size * 5 // 3


def test_a_case_is_measured_and_summarised(launcher: HostLauncher, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the clocks, which are CUDA's."""

    def medians_of(works: dict[str, Callable[[], Any]], rounds: int) -> tuple[dict[str, Times], dict[str, int]]:
        for work in works.values():
            work()
        return dict.fromkeys(works, Times(0.25, 0.125)), dict.fromkeys(works, rounds)

    monkeypatch.setattr(benchmark, "medians_of", medians_of)
    monkeypatch.setattr(benchmark, "kernel_seconds", lambda case, rounds: {"transform": 0.5, "other": 3.0})
    result = benchmark.measure(np, benchmark.CASES[0], SIZE, 3)
    benchmark.summarise(result, 1e6)
    assert result["own_seconds"] == 0.5
    assert result["fraction"] == pytest.approx(result["bytes"] / 0.5 / 1e6)
    assert result["times"] == {"plain": 1.0}
    assert result["holds"] == {"fraction": False, "times": False}
    json.dumps(result)


def test_results_are_summarised() -> None:
    result = {
        "case": "some", "bytes": 800, "output_bytes": 400, "own_seconds": 2.0, "kernel_seconds": {"transform": 2.0},
        "call_seconds": {"hdgpu": 2.5, "plain": 5.0, "grid_sample": 10.0}, "host_seconds": {"hdgpu": 0.5},
        "goal": {"fraction": 0.85, "times": 3, "output": None},
    }  # fmt: skip
    row = benchmark.summarise(result, 450.0)
    assert result["fraction"] == pytest.approx(0.889, abs=1e-3)
    assert result["holds"] == {"fraction": True, "times": False}
    assert row[-2:] == ["grid_sample 4.0x", "85% yes, 3x NO"]
    assert len(row) == len(benchmark.TITLES)
    assert row[benchmark.TITLES.index("host")] == "500.000 ms"


def test_close_arrays() -> None:
    one = np.arange(12.0).reshape(3, 4)
    assert_close(one, one, 0.0, "it")
    assert_close(one, one + 0.01, 0.001, "it")
    with pytest.raises(AssertionError, match="12 of 12"):
        assert_close(one, one + 0.1, 0.001, "it")
    with pytest.raises(AssertionError, match="another shape"):
        assert_close(one, one[:, :1], 0.0, "it")
