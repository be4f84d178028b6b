"""The timing of work on a device, by the events of a device that is none: a clock that work moves on."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import device_timing
import pytest

from hdgpu.array import kernels


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put events of a clock in milliseconds in the place of CUDA's."""
    clock = SimpleNamespace(now=0.0)

    class Event:
        def record(self) -> None:
            self.at = clock.now

        def synchronize(self) -> None:
            assert self.at >= 0

    cuda = SimpleNamespace(Event=Event, get_elapsed_time=lambda begin, end: end.at - begin.at)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda))
    monkeypatch.setattr(device_timing, "occupy", lambda milliseconds: None)
    return clock


def test_pieces_of_work_take_turns(clock: SimpleNamespace) -> None:
    order: list[str] = []

    def work(name: str, seconds: float) -> None:
        order.append(name)
        clock.now += 1e3 * seconds

    works = {"quick": lambda: work("quick", 0.5), "slow": lambda: work("slow", 4.0)}
    medians, rounds = device_timing.medians_of(works, 5, most_seconds=10)
    assert {name: times.device for name, times in medians.items()} == {"quick": 0.5, "slow": 4.0}
    assert all(0 <= times.host < 1 for times in medians.values())
    assert rounds == {"quick": 5, "slow": 3}
    assert order == ["quick"] * 2 + ["slow"] * 2 + ["quick", "slow"] * 3 + ["quick"] * 2


def test_kernels_are_timed_by_name_without_what_lies_between(
    clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(kernel: SimpleNamespace, device: int) -> object:
        def function(*arguments: float) -> None:
            clock.now += sum(arguments) + device

        return function

    monkeypatch.setattr(kernels, "compiled", compiled)
    with device_timing.timing_launches() as times:
        for name, milliseconds in (("rle", 2.0), ("transform", 5.0), ("rle", 3.0)):
            kernels.compiled(SimpleNamespace(name=name), 0)(milliseconds)
            clock.now += 100
        assert times.take() == pytest.approx({"rle": 0.005, "transform": 0.005})
        assert times.take() == {}
    assert kernels.compiled is compiled
