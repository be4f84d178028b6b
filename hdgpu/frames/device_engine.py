"""Run a plan on a device: batches go there encoded, are decoded there, and land in the volume in one pass.

Each of a few lanes takes batches in turn, in a thread of its own: its host side reads and stages the next batch while
its device side is busy with the one before.  A lane has a stream, a decoder and two pieces of staging memory; a piece
is written again when the event behind its last copy has passed.  What a frame's decoder does not do, or does in a way
that looks wrong, the host does afterwards, for that frame alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from hdgpu.array.namespace import Array
from hdgpu.array.streams import Runtime
from hdgpu.frames.device_lane import STAGES, DeviceRun, LaneWork
from hdgpu.frames.engine import Chunks, Progress
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.staging import Stager
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader, Place, Tally

__all__ = ["DeviceTally", "run_plan_on_device"]

LANES = 2
MOST_FRAMES = 64
MOST_BYTES = 512 << 20
"""Of a batch, as decoded."""

MOST_STAGED_BYTES = 32 << 20
"""Of a batch that is copied from memory of the host: while it is read, nothing of it is on its way."""


@dataclass(slots=True)
class DeviceTally(Tally):
    """What a run counts.

    Attributes
    ----------
    host_reasons : Counter of str
        Why frames were decoded on the host, and how many.
    batch_frames : int
        Most frames of a batch.
    shares : dict of str to float
        What the lanes did with their time, as parts of one: ``read`` (frames staged, those that the device does not
        decode as values), ``decode`` (copies and kernels begun, and all of nvImageCodec's work on the host) and
        ``wait`` (for the device to be done with what was begun).
    """

    host_reasons: Counter[str] = field(default_factory=Counter)
    batch_frames: int = 0
    shares: dict[str, float] = field(default_factory=dict)


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
        On the runtime's device, of the plan's shape and data type.  What the plan leaves blank is set to zero.
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
        stager = Stager(plan, places, pool, workers, can, fallback)
        frames = _batch_frames(stager, budget if budget is not None else runtime.budget(), len(places))
        chunks = Chunks(len(places), frames, progress)
        run = DeviceRun(plan, places, out, runtime, stager, chunks, frames)
        run.clear(plan.blank)
        ready = runtime.mark()  # `out` may be memory that work on the caller's stream is still using
        lanes = [LaneWork(run, runtime.lane(), ready) for _ in range(min(LANES, -(-len(places) // frames)))]
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
    total.shares = _shares([lane.seconds for lane in lanes])
    return total


def _shares(lanes: Sequence[dict[str, float]]) -> dict[str, float]:
    sums = {stage: sum(seconds[stage] for seconds in lanes) for stage in STAGES}
    spent = sum(sums.values())
    return {stage: seconds / spent for stage, seconds in sums.items()} if spent else {"decode": 1.0}


def _batch_frames(stager: Stager, budget: int, count: int) -> int:
    """Return how many frames a batch has: staged and stored twice for each lane, within the budget, as many for all."""
    each = max(1, stager.slot_bytes)
    bytes_allowed = MOST_STAGED_BYTES if stager.needs_memory else MOST_BYTES
    most = max(1, min(MOST_FRAMES, bytes_allowed // each, budget // (3 * each * LANES)))
    turns = -(-count // (LANES * most))
    return max(1, -(-count // (LANES * max(1, turns))))
