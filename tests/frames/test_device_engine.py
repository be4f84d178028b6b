"""The pipeline of a device on a simulated one, whose lanes take their time; decoders are nvImageCodec on the CPU."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from hdgpu.array import device as devices
from hdgpu.array import streams
from hdgpu.array.device import CudaStatus
from hdgpu.codecs.device.nvimgcodec import BatchDecoder, decodable, installed
from hdgpu.codecs.device.route import DeviceRoute
from hdgpu.codecs.route import supported_transfer_syntaxes
from hdgpu.dicom.header import header_of_dataset
from hdgpu.dicom.instance import Instance
from hdgpu.errors import FrameDecodeError, HdgpuError, OutputTypeError
from hdgpu.frame import decode_frame, encode_frame
from hdgpu.frames import device_engine
from hdgpu.frames.device_engine import DeviceTally, run_plan_on_device
from hdgpu.frames.engine import run_plan
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.staging import Stager
from hdgpu.frames.table import FrameTable
from hdgpu.image.decode import prepare_readers
from hdgpu.pixels.options import TransformOptions
from tests.frames.simulated_device import POISON, SimulatedRuntime
from tests.make_series import make_dataset

NO_GPU = "no GPU decodes this transfer syntax"
ROWS, COLUMNS = 32, 48
SYNTAXES = {
    "native": "1.2.840.10008.1.2.1",
    "rle": "1.2.840.10008.1.2.5",
    "jpeg-ls": "1.2.840.10008.1.2.4.80",
    "jpeg2000": "1.2.840.10008.1.2.4.90",
}
ON_HOST = {kind: supported_transfer_syntaxes()[uid] for kind, uid in SYNTAXES.items()}
DECODERS = {
    "native": "cuda:native", "rle": "cuda:rle", "jpeg-ls": ON_HOST["jpeg-ls"], "jpeg2000": "nvimgcodec:jpeg2000",
}  # fmt: skip


class Series:
    """Frames of one kind, or of several in turn."""

    def __init__(
        self, *kinds: str, count: int = 23, dtype: Any = np.float32, damaged: dict[int, bytes] | None = None
    ) -> None:
        generator = np.random.default_rng(count)
        frames = generator.integers(0, 4096, (count, ROWS, COLUMNS)).astype(np.uint16)
        instances = []
        for number, frame in enumerate(frames):
            syntax = UID(SYNTAXES[kinds[number % len(kinds)]])
            dataset = make_dataset(
                frame,
                transfer_syntax=syntax,
                RescaleSlope=2,
                RescaleIntercept=-1000 - number,
                BitsStored=12,
                HighBit=11,
            )
            data = (damaged or {}).get(number) or encode_frame(frame, syntax, 16, 12, "MONOCHROME2")
            dataset.PixelData = encapsulate([data]) if syntax.is_encapsulated else data
            dataset["PixelData"].VR = "OB" if syntax.is_encapsulated else "OW"
            dataset["PixelData"].is_undefined_length = syntax.is_encapsulated
            instances.append(Instance(header_of_dataset(dataset)))
        self.table = FrameTable.from_instances(instances)
        self.plan = ScatterPlan.stack(generator.permutation(count), (ROWS, COLUMNS), dtype)
        options = TransformOptions(apply_voi_transform=False)
        self.readers = prepare_readers(instances, self.table, options, np.dtype(dtype))

    def on_host(self) -> np.ndarray:
        out = np.empty(self.plan.shape, self.plan.dtype)
        run_plan(self.plan, self.table, self.readers, out, workers=1)
        return out

    def on_device(self, runtime: SimulatedRuntime, **options: Any) -> tuple[np.ndarray, DeviceTally]:
        """Run the plan, and see that every lane is done and empty whatever came of it."""
        out = np.full(self.plan.nbytes, POISON, np.uint8).view(self.plan.dtype).reshape(self.plan.shape)
        threads = threading.active_count()
        try:
            with runtime.kernels():
                tally = run_plan_on_device(self.plan, self.table, self.readers, out, runtime, CAN, workers=3, **options)
        finally:
            runtime.close()
            assert threading.active_count() <= threads, "a thread was left behind"
        return out, tally


CAN = decodable(None, np)
needs_nvimgcodec = pytest.mark.skipif(installed() is None, reason="needs nvidia-nvimgcodec-cu13")
KINDS = [("native",), ("rle",), ("jpeg-ls",), ("jpeg2000",), ("native", "rle", "jpeg-ls", "jpeg2000")]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_engine, "MOST_FRAMES", 4)


@needs_nvimgcodec
@pytest.mark.parametrize("kinds", KINDS, ids="+".join)
@pytest.mark.parametrize("seed", range(3))
def test_every_frame_comes_to_its_place(kinds: tuple[str, ...], seed: int) -> None:
    """As on the host, and staging memory is used again: with many batches there are two pieces for each lane."""
    series = Series(*kinds)
    runtime = SimulatedRuntime(seed)
    out, tally = series.on_device(runtime)
    np.testing.assert_array_equal(out, series.on_host())
    expected = Counter(DECODERS[kinds[number % len(kinds)]] for number in range(23))
    assert tally.frames_per_route == expected
    assert tally.encoded_bytes > 23 * 100
    assert tally.host_reasons == ({NO_GPU: expected[ON_HOST["jpeg-ls"]]} if "jpeg-ls" in kinds else {})
    assert len(runtime.lanes) == 2
    assert len(runtime.staged) <= 4


def test_staging_memory_is_not_written_before_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard is real: without waiting for events the slow device reads what was written over."""
    series = Series("native", count=60)
    monkeypatch.setattr("tests.frames.simulated_device._Event.wait", lambda event: None)
    out = np.zeros(series.plan.shape, np.float32)
    runtime = SimulatedRuntime(slowest=0.02)
    with runtime.kernels():
        run_plan_on_device(series.plan, series.table, series.readers, out, runtime, CAN, workers=3)
        for lane in runtime.lanes:
            done = threading.Event()
            lane.put(done.set)
            assert done.wait(60)
    assert not np.array_equal(out, series.on_host())


@pytest.mark.parametrize("what", ["upload", "launch", "mark", "staging"])
@pytest.mark.parametrize("number", [0, 3])
def test_a_failure_of_the_device_names_the_frames(what: str, number: int) -> None:
    series = Series("native")
    with pytest.raises(FrameDecodeError, match="the device failed at a batch of .* simulated failure"):
        series.on_device(SimulatedRuntime(fail={what: number}))


def test_a_failure_that_shows_at_the_very_end_names_frames() -> None:
    """Six batches have an event each, and then the two lanes one more."""
    with pytest.raises(FrameDecodeError, match="the device failed at a batch of .* simulated failure"):
        Series("native").on_device(SimulatedRuntime(fail={"mark": 7}))


@needs_nvimgcodec
@pytest.mark.parametrize("kinds", [("native", "jpeg-ls"), ("jpeg2000",), ("rle",)], ids="+".join)
@pytest.mark.parametrize("seed", range(3))
def test_the_first_damaged_frame_in_the_order_of_the_plan_is_named(kinds: tuple[str, ...], seed: int) -> None:
    damaged = {5: b"\0\0", 11: b"\0\0", 17: b"\0\0"}
    series = Series(*kinds, damaged=damaged)
    with pytest.raises(HdgpuError) as on_host:
        series.on_host()
    with pytest.raises(HdgpuError) as on_device:
        series.on_device(SimulatedRuntime(seed))
    assert type(on_device.value) is type(on_host.value)
    assert on_device.value.source == on_host.value.source
    assert on_device.value.context == on_host.value.context  # which has the SOP Instance UID


@needs_nvimgcodec
def test_a_stream_that_nvimagecodec_gives_up_is_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of the batch counts."""
    series = Series("jpeg2000")
    decode = BatchDecoder.decode

    def giving_up(self: BatchDecoder, streams: Any, slots: Any, **options: Any) -> list[bool]:
        done = decode(self, streams, slots, **options)
        slots[0][...] = 99
        return [False, *done[1:]]

    monkeypatch.setattr(BatchDecoder, "decode", giving_up)
    out, tally = series.on_device(SimulatedRuntime())
    np.testing.assert_array_equal(out, series.on_host())
    assert tally.host_reasons == {"nvimgcodec:jpeg2000 failed": 6}
    assert tally.frames_per_route == {"nvimgcodec:jpeg2000": 17, ON_HOST["jpeg2000"]: 6}


@needs_nvimgcodec
def test_zeros_that_a_decoder_left_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame all of one value whose codestream is not small is decoded again by the host."""
    series = Series("jpeg2000")
    decode = BatchDecoder.decode

    def leaving_zeros(self: BatchDecoder, streams: Any, slots: Any, **options: Any) -> list[bool]:
        done = decode(self, streams, slots, **options)
        slots[-1][...] = 0
        return done

    monkeypatch.setattr(BatchDecoder, "decode", leaving_zeros)
    out, tally = series.on_device(SimulatedRuntime())
    np.testing.assert_array_equal(out, series.on_host())
    assert tally.host_reasons == {"the device's result was in doubt": 6}
    assert tally.frames_per_route.total() == 23, "a frame was counted twice"


def test_values_that_do_not_fit_are_named_as_on_the_host() -> None:
    series = Series("native", dtype=np.uint8)
    with pytest.raises(OutputTypeError, match="do not fit into uint8"):
        series.on_device(SimulatedRuntime())


@needs_nvimgcodec
@pytest.mark.parametrize("kinds", KINDS[1:], ids="+".join)
def test_memory_that_runs_out_halves_the_batch(kinds: tuple[str, ...]) -> None:
    series = Series(*kinds)
    runtime = SimulatedRuntime(largest_upload=2 * ROWS * COLUMNS * 4)
    out, _ = series.on_device(runtime)
    np.testing.assert_array_equal(out, series.on_host())
    assert runtime.released or kinds == ("jpeg2000",)  # which uploads nothing


def test_shares_say_what_the_lanes_were_busy_with(monkeypatch: pytest.MonkeyPatch) -> None:
    series = Series("native")
    _, tally = series.on_device(SimulatedRuntime())
    assert list(tally.shares) == ["read", "decode", "wait"]
    assert sum(tally.shares.values()) == pytest.approx(1)
    read = Stager.stage

    def slow(self: Stager, *arguments: Any) -> Any:
        time.sleep(0.2)
        return read(self, *arguments)

    monkeypatch.setattr(Stager, "stage", slow)
    _, tally = series.on_device(SimulatedRuntime())
    assert tally.shares["read"] > 0.5


def test_memory_that_does_not_do_for_one_frame_is_an_error() -> None:
    with pytest.raises(FrameDecodeError, match="DeviceMemoryError"):
        Series("native").on_device(SimulatedRuntime(largest_upload=100))


def test_the_budget_bounds_a_batch() -> None:
    series = Series("native")
    runtime = SimulatedRuntime()
    frame = ROWS * COLUMNS * 2
    _, tally = series.on_device(runtime, budget=frame * 6 * 2)
    assert tally.batch_frames == 2
    assert all(each.size <= 2 * frame for each in runtime.staged)


def test_what_the_host_copies_from_bounds_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_engine, "MOST_STAGED_BYTES", 3 * ROWS * COLUMNS * 2)
    runtime = SimulatedRuntime()
    _, tally = Series("native").on_device(runtime)
    assert tally.batch_frames == 3
    assert all(each.size <= 3 * ROWS * COLUMNS * 2 for each in runtime.staged)


def test_values_do_not_run_into_the_next_native_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Native frames lie side by side, and output values are larger."""
    monkeypatch.setattr(Stager, "_stage_plain", lambda *arguments: [])
    monkeypatch.setattr(Stager, "_route", lambda *arguments: (DeviceRoute(None, "for a test"), b""))
    with pytest.raises(FrameDecodeError, match="the device does not take this frame: for a test"):
        Series("native").on_device(SimulatedRuntime())


@pytest.mark.parametrize("can", [frozenset(), frozenset(["jpeg"])])
def test_so_do_codestreams_that_turn_out_to_be_the_hosts(can: frozenset[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_engine, "MOST_STAGED_BYTES", 3 * ROWS * COLUMNS * 4)
    monkeypatch.setattr("tests.frames.test_device_engine.CAN", can)
    runtime = SimulatedRuntime()
    _, tally = Series("jpeg2000").on_device(runtime)
    assert tally.frames_per_route == {ON_HOST["jpeg2000"]: 23}
    assert tally.batch_frames == 3
    assert all(each.size <= 3 * ROWS * COLUMNS * 4 for each in runtime.staged)


@needs_nvimgcodec
def test_codestreams_take_no_memory_to_copy_from() -> None:
    runtime = SimulatedRuntime()
    _, tally = Series("jpeg2000").on_device(runtime)
    assert tally.frames_per_route == {DECODERS["jpeg2000"]: 23}
    assert not runtime.staged


def test_without_fallback_a_frame_for_the_host_is_an_error() -> None:
    with pytest.raises(FrameDecodeError, match="the GPU does not decode this frame: no GPU decodes"):
        Series("native", "jpeg-ls").on_device(SimulatedRuntime(), fallback="error")


def test_progress_counts_every_frame() -> None:
    seen: list[tuple[int, int]] = []
    Series("native").on_device(SimulatedRuntime(), progress=lambda done, count: seen.append((done, count)))
    assert seen[-1] == (23, 23)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@needs_nvimgcodec
@pytest.mark.parametrize("kinds", KINDS, ids="+".join)
def test_parts_of_frames_and_blank_slices(kinds: tuple[str, ...]) -> None:
    series = Series(*kinds, count=9)
    order = np.array([3, -1, 0, 8, -1, 5])
    series.plan = ScatterPlan.stack(order, (ROWS, COLUMNS), np.float32, crop=(range(3, 14), range(5, 24)))
    out, _ = series.on_device(SimulatedRuntime())
    np.testing.assert_array_equal(out, series.on_host())


def test_no_frames_are_no_work() -> None:
    series = Series("native", count=2)
    series.plan = ScatterPlan.stack(np.array([-1, -1]), (ROWS, COLUMNS), np.float32)
    out, tally = series.on_device(SimulatedRuntime())
    assert not out.any()
    assert not tally.frames_per_route


@pytest.mark.parametrize("what", ["upload", "launch"])
def test_a_device_that_fails_at_a_single_frame_is_named(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = SimulatedRuntime(fail={what: 0})
    monkeypatch.setattr(devices, "cuda_status", lambda: CudaStatus(True, device_names=("simulated",)))
    monkeypatch.setattr(streams, "runtime_of", lambda device: runtime)
    frame = bytes(2 * ROWS * COLUMNS)
    expected = pytest.raises(FrameDecodeError, match='the device failed at a frame.*simulated failure.*device="cpu"')
    with expected, runtime.kernels():
        decode_frame(frame, SYNTAXES["native"], ROWS, COLUMNS, 1, 16, 12, "MONOCHROME2", device="cuda:0")
    runtime.close()
