"""Run a plan on a device: batches go there encoded, are decoded there, and land in the volume in one pass.

Each of a few lanes takes batches in turn, in a thread of its own: its host side reads and stages the next batch while
its device side is busy with the one before.  A lane has a stream, a decoder and two pieces of staging memory; a piece
is written again when the event behind its last copy has passed.  What a frame's decoder does not do, or does in a way
that looks wrong, the host does afterwards, for that frame alone.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import Array
from hdgpu.array.streams import Event, Lane, Runtime
from hdgpu.codecs.device_frames import DeviceDecoder, Doubt, device_failed
from hdgpu.codecs.device_route import IN_DOUBT, no_fallback
from hdgpu.errors import HdgpuError
from hdgpu.frames.engine import Chunks, Progress
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.staging import HOST, StagedFrame, Stager
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader, Place, Tally, at_frame
from hdgpu.pixels.run import scatter_frames

__all__ = ["DeviceTally", "run_plan_on_device"]

LANES = 2
MOST_FRAMES = 256
"""Of a batch."""


@dataclass(slots=True)
class DeviceTally(Tally):
    """What a run counts.

    Attributes
    ----------
    host_reasons : Counter of str
        Why frames were decoded on the host, and how many.
    batch_frames : int
        Most frames of a batch.
    """

    host_reasons: Counter[str] = field(default_factory=Counter)
    batch_frames: int = 0


def run_plan_on_device(
    plan: ScatterPlan,
    table: FrameTable,
    readers: Sequence[FrameReader],
    out: Array,
    runtime: Runtime,
    can: frozenset[str],
    *,
    workers: int,
    fallback: str = "cpu",
    budget: int | None = None,
    progress: Progress | None = None,
) -> DeviceTally:
    """Fill `out` as planned.

    Parameters
    ----------
    plan : ScatterPlan
    table : FrameTable
        Rows that the plan refers to.
    readers : sequence of FrameReader
        One for each instance that the table refers to.
    out : array
        On the runtime's device, of the plan's shape and data type.  Slices that the plan leaves blank are set to zero.
    runtime : Runtime
    can : frozenset of str
        Kinds of streams that nvImageCodec decodes there.
    workers : int
        Threads that read, and that decode what the device does not.
    fallback : {"cpu", "error"}
        Whether the host decodes what the device does not.
    budget : int, optional
        Bytes on the device for what is in between; a share of its free memory by default.
    progress : callable, optional

    Raises
    ------
    HdgpuError
        For the first frame, in the order of the plan, that could not be decoded; `out` is then worthless.
    """
    places = [
        Place(readers[instance], row, number)
        for row, instance, number in zip(
            plan.frame.tolist(), table.instance[plan.frame].tolist(), table.number[plan.frame].tolist(), strict=True
        )
    ]
    with ThreadPoolExecutor(workers, "hdgpu-stage") as pool:
        stager = Stager(plan, places, pool, can, fallback)
        frames = _batch_frames(stager, budget if budget is not None else runtime.budget(), len(places))
        chunks = Chunks(len(places), frames, progress)
        run = _Run(plan, places, out, runtime, stager, chunks)
        run.clear(plan.blank)
        ready = runtime.mark()  # `out` may be memory that work on the caller's stream is still using
        lanes = [_LaneWork(run, runtime.lane(), ready) for _ in range(min(LANES, -(-len(places) // frames)))]
        with ThreadPoolExecutor(max(1, len(lanes)), "hdgpu-lane") as threads:
            try:
                for future in [threads.submit(lane.work) for lane in lanes]:
                    future.result()
            except BaseException as error:  # an interrupt: the lanes stop at their next batch
                chunks.fail(len(places), error)
                raise
        chunks.raise_first()
        run.finish()
    chunks.raise_first()
    total = DeviceTally(host_reasons=run.stager.reasons, batch_frames=frames)
    total.add(stager.tally())
    for decoder, size in run.decoded.values():
        total.frames_per_route[decoder] += 1
        total.encoded_bytes += size
    return total


def _batch_frames(stager: Stager, budget: int, count: int) -> int:
    """Return how many frames a batch has: staged and stored twice for each lane, within the budget."""
    each = 3 * stager.slot_bytes * LANES
    return max(1, min(MOST_FRAMES, budget // each, -(-count // LANES)))


@dataclass(slots=True)
class _Run:
    """What the lanes share."""

    plan: ScatterPlan
    places: Sequence[Place]
    out: Array
    runtime: Runtime
    stager: Stager
    chunks: Chunks
    doubtful: list[tuple[Sequence[int], Doubt]] = field(default_factory=list)
    undecoded: list[tuple[int, str]] = field(default_factory=list)
    decoded: dict[int, tuple[str, int]] = field(default_factory=dict)  # by the device: who, and from how many bytes
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self, blank: npt.NDArray[np.int64]) -> None:
        """Set the slices that no frame goes to to zero."""
        for place in blank.tolist():
            self.out[place, ...] = 0

    def look_again(self, frames: Sequence[int], doubt: Doubt) -> None:
        """Note frames that the host has to decode if the device, in the end, says so."""
        with self._lock:
            self.doubtful.append((frames, doubt))

    def leave_to_host(self, at: int, reason: str) -> None:
        """Note a frame that the host has to decode."""
        with self._lock:
            self.undecoded.append((at, reason))

    def count(self, frames: Sequence[StagedFrame]) -> None:
        """Note frames that the device has decoded; once, though it does so again where memory ran out amid a batch."""
        with self._lock:
            self.decoded.update((each.at, (each.decoder, each.length + len(each.codestream))) for each in frames)

    def finish(self) -> None:
        """Have the host decode what the device did not, or not beyond doubt.  All lanes have ended."""
        for frames, doubt in self.doubtful:
            self.undecoded += [(frames[index], IN_DOUBT) for index in doubt.frames()]
        for at, reason in sorted(dict(reversed(self.undecoded)).items()):
            try:
                if self.stager.fallback == "error":
                    with at_frame(self.places[at].reader, self.places[at].number):
                        raise no_fallback(reason)
                self._decode_on_host(at)
            except BaseException as error:
                self.chunks.fail(at, error)
                return
            self.stager.reasons[reason] += 1
            self.decoded.pop(at, None)  # the host's decoder has counted it

    def _decode_on_host(self, at: int) -> None:
        memory = np.empty(self.stager.slot_bytes, np.uint8)
        values = self.stager.values_of(at, memory)
        self.stager.decode(at, values)
        self.target(at)[...] = self.runtime.xp.asarray(values)

    def target(self, at: int) -> Array:
        """Return where the values of a frame go."""
        out = self.out[int(self.plan.destination[at])]
        if self.plan.regions is None:
            return out
        top, left, rows, columns, _, _ = self.plan.regions[at].tolist()
        return out[top : top + rows, left : left + columns, ...]


class _LaneWork:
    """One lane: its stream, its decoder and its staging memory, all of one thread."""

    def __init__(self, run: _Run, lane: Lane, ready: Event) -> None:
        lane.follow(ready)
        self._run = run
        self._lane = lane
        self._memory: list[tuple[npt.NDArray[np.uint8] | None, Event | None]] = [(None, None)] * 2
        self._turn = 0
        self._decoder = DeviceDecoder(run.runtime, lane)
        self._most = MOST_FRAMES  # on the device at once, halved when its memory runs out

    def work(self) -> None:
        """Take batches until there are none; a failure is noted, not raised.  All work of the lane is then done."""
        batch = range(1)
        with self._lane.current():
            try:
                for batch in self._run.chunks:
                    if not self._take(batch):
                        break
            finally:
                try:
                    self._lane.mark().wait()
                except BaseException as error:  # of anything before: the device tells late
                    self._run.chunks.fail(batch.start, self._named(error, batch))
                else:
                    self._run.runtime.keep(self._lane)

    def _take(self, batch: range) -> bool:
        """Take a batch, and return whether to go on."""
        chunks = self._run.chunks
        try:
            failure = self._batch(batch)
        except BaseException as error:
            failure = batch.start, self._named(error, batch)
        if failure is not None:
            chunks.fail(*failure)
            return False
        chunks.done(len(batch))
        return True

    def _named(self, error: BaseException, batch: range) -> BaseException:
        """Return an error of a library or of the device as one that says which frames it is about."""
        if isinstance(error, HdgpuError) or not isinstance(error, Exception):
            return error
        first, last = (self._run.places[at] for at in (batch.start, batch.stop - 1))
        return device_failed(
            f"a batch of {len(batch)} frames",
            error,
            source=first.reader.instance.name,
            frame=first.number + 1,
            context=f"to frame {last.number + 1} of {last.reader.instance.name}",
        )

    def _batch(self, batch: range) -> tuple[int, BaseException] | None:
        memory = self._free_memory(len(batch) * self._run.stager.slot_bytes)
        staged, failure = self._run.stager.stage(batch, memory)
        if staged:
            try:
                self._on_device(staged, memory)
            finally:
                self._memory[self._turn] = memory, self._lane.mark()
                self._turn = 1 - self._turn
        return failure

    def _free_memory(self, size: int) -> npt.NDArray[np.uint8]:
        """Return staging memory that no copy reads any more."""
        memory, event = self._memory[self._turn]
        if event is not None:
            event.wait()
        if memory is None or memory.size < size:
            memory = self._run.runtime.staging(size)
        return memory

    def _on_device(self, staged: Sequence[StagedFrame], memory: npt.NDArray[np.uint8]) -> None:
        """Copy, decode and scatter frames; where the device has no memory for all of them, in halves."""
        if len(staged) <= self._most:
            try:
                self._copy_and_decode(staged, memory)
            except self._run.runtime.out_of_memory:
                if len(staged) == 1:
                    raise
                self._run.runtime.release()
                self._most = len(staged) // 2
            else:
                return
        half = len(staged) // 2
        self._on_device(staged[:half], memory)
        self._on_device(staged[half:], memory)

    def _copy_and_decode(self, staged: Sequence[StagedFrame], memory: npt.NDArray[np.uint8]) -> None:
        begin, end = staged[0].slot, max((each.slot + each.length for each in staged), default=0)
        copied: Any = self._lane.upload(memory[begin:end]) if any(each.length for each in staged) else None
        groups: dict[tuple[int, int, str], list[StagedFrame]] = {}
        for each in staged:
            reader = self._run.places[each.at].reader
            groups.setdefault((id(reader.transform), id(reader.instance.pixel), each.decoder), []).append(each)
        for (_, _, decoder), frames in groups.items():
            if decoder == HOST:
                for each in frames:
                    values = self._run.stager.values_of(each.at, copied[each.slot - begin :])
                    self._lane.copy(values, self._run.target(each.at))
            else:
                self._decode(decoder, frames, copied, begin)

    def _decode(self, decoder: str, frames: Sequence[StagedFrame], copied: Array, begin: int) -> None:
        """Decode frames of one decoder and one description, and scatter them."""
        run, plan = self._run, self._run.plan
        reader = run.places[frames[0].at].reader
        slots = np.array([[each.slot - begin, each.length] for each in frames], np.int64)
        numbers = [run.places[each.at].number for each in frames]
        streams = [each.codestream for each in frames]
        stored, kept, doubt = self._decoder.decode(decoder, reader.route, copied, slots, streams, numbers)
        for index in sorted(set(range(len(frames))).difference(kept)):
            run.leave_to_host(frames[index].at, f"{decoder} failed")
        if not kept:
            return
        at = [frames[index].at for index in kept]
        rows = [run.places[place].row for place in at]
        regions = None if plan.regions is None else plan.regions[at]
        misfits = scatter_frames(reader.transform, stored, rows, run.out, plan.destination[at], regions)
        for each in (doubt, None if misfits is None else Doubt(misfits)):
            if each is not None:
                run.look_again(at, each)
        run.count([frames[index] for index in kept])
