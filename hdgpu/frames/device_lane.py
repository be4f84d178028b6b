"""One lane of a run on a device, and what all of them share: each stages, copies, decodes and scatters its batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import Array
from hdgpu.array.streams import Event, Lane, Runtime
from hdgpu.codecs.device.frames import DeviceDecoder, Doubt, device_failed
from hdgpu.codecs.device.route import IN_DOUBT, no_fallback
from hdgpu.errors import HdgpuError
from hdgpu.frames.engine import Chunks
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.staging import HOST, StagedFrame, Stager, StagingMemory
from hdgpu.frames.worker import Place, at_frame
from hdgpu.pixels.run import scatter_frames

__all__ = ["STAGES", "DeviceRun", "LaneWork"]

STAGES = ("read", "decode", "wait")
"""What a lane is busy with: see `DeviceTally.shares`."""


@dataclass(slots=True)
class DeviceRun:
    """What the lanes share."""

    plan: ScatterPlan
    places: Sequence[Place]
    out: Array
    runtime: Runtime
    stager: Stager
    chunks: Chunks
    batch_frames: int
    doubtful: list[tuple[Sequence[int], Doubt]] = field(default_factory=list)
    undecoded: list[tuple[int, str]] = field(default_factory=list)
    decoded: dict[int, tuple[str, int]] = field(default_factory=dict)  # by the device: who, and from how many bytes
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self, blank: npt.NDArray[np.int64]) -> None:
        """Set slices to zero before frames go there, if any do."""
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
            self.decoded.update((each.at, (each.decoder, each.stored_bytes)) for each in frames)

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


class LaneWork:
    """One lane: its stream, its decoder and its staging memory, all of one thread."""

    def __init__(self, run: DeviceRun, lane: Lane, ready: Event) -> None:
        lane.follow(ready)
        self._run = run
        self._lane = lane
        self._memory = [StagingMemory(run.runtime.staging) for _ in range(2)]
        self._copied: list[Event | None] = [None, None]
        self._turn = 0
        self._decoder = DeviceDecoder(run.runtime, lane)
        self._most = run.batch_frames  # on the device at once, halved when its memory runs out
        self.seconds = dict.fromkeys(STAGES, 0.0)

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
                    with self._busy("wait"):
                        self._lane.mark().wait()
                except BaseException as error:  # of anything before: the device tells late
                    self._run.chunks.fail(batch.start, self._named(error, batch))
                    self._wait_for_copies()
                else:
                    self._run.runtime.keep(self._lane)

    def _take(self, batch: range) -> bool:
        """Take a batch, and return whether to go on."""
        chunks = self._run.chunks
        try:
            failure = self._batch(batch)
        except BaseException as error:
            failure = batch.start, error
        if failure is not None:
            at, cause = failure
            chunks.fail(at, self._named(cause, batch))
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
        with self._busy("wait"):
            memory = self._free_memory(len(batch) * self._run.stager.slot_bytes)
        with self._busy("read"):
            staged, failure = self._run.stager.stage(batch, memory)
        if staged:
            try:
                with self._busy("decode"):
                    self._on_device(staged, memory)
            finally:
                self._copied[self._turn] = self._lane.mark()
                self._turn = 1 - self._turn
        return failure

    def _wait_for_copies(self) -> None:
        """Return when nothing reads the staging memory any more, which goes now; the device has failed already."""
        for event in self._copied:
            if event is not None:
                with suppress(Exception):
                    event.wait()

    @contextmanager
    def _busy(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - started

    def _free_memory(self, size: int) -> StagingMemory:
        """Return staging memory that no copy reads any more."""
        event = self._copied[self._turn]
        if event is not None:
            event.wait()
        self._memory[self._turn].reserve(size)
        return self._memory[self._turn]

    def _on_device(self, staged: Sequence[StagedFrame], memory: StagingMemory) -> None:
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

    def _copy_and_decode(self, staged: Sequence[StagedFrame], memory: StagingMemory) -> None:
        copied: Any = None
        begin = min((each.slot for each in staged if each.length), default=0)
        end = max((each.slot + each.length for each in staged if each.length), default=0)
        if end > begin:
            copied = self._lane.upload(memory.array()[begin:end])
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
        streams = [each.stream for each in frames if each.stream is not None]
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
