"""Run a plan: read, decode and transform every frame straight into its slice, in threads.

One thread takes a frame from its bytes to its final values, so that the stored values are still in the cache of that
core when they are transformed.  Reading, decoding and array arithmetic release the interpreter lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy.typing as npt

from hdgpu.array.host_threads import default_workers
from hdgpu.frames.plain import STREAM_BYTES, PlainKind, load_plain_frames
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader, FrameWorker, Part, Place, Tally

__all__ = ["Chunks", "Progress", "run_frame", "run_plan"]

Progress = Callable[[int, int], None]
"""Called with the number of frames done and the number of all, by one decoding thread at a time."""

# Frames that one thread takes at a time.  Plain ones go many to a call of the compiled extension; others take
# milliseconds each, and the fewer are taken at once, the less one thread has to wait for the last of another.
_PLAIN_CHUNK, _CHUNK = 16, 1


def run_plan(
    plan: ScatterPlan,
    table: FrameTable,
    readers: Sequence[FrameReader],
    out: npt.NDArray[Any],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Tally:
    """Fill `out` as planned.

    Parameters
    ----------
    plan : ScatterPlan
    table : FrameTable
        Rows that the plan refers to.
    readers : sequence of FrameReader
        One for each instance that the table refers to.
    out : numpy.ndarray
        C-contiguous, of the plan's shape and data type.  What the plan leaves blank is set to zero.
    workers : int, optional
        Threads; one for each core by default.  All have ended when this returns or raises.  Where there are more of
        them than frames, several may share a frame.
    progress : callable, optional

    Raises
    ------
    HdgpuError
        For the first frame, in the order of the plan, that could not be decoded; `out` is then worthless.
    """
    allowed = workers or default_workers()
    workers = max(1, min(allowed, len(plan.frame)))
    size = _PLAIN_CHUNK if plan.regions is None and any(reader.plain for reader in readers) else _CHUNK
    out[plan.blank] = 0
    chunks = Chunks(len(plan.frame), size, progress)
    work = _Work(plan, table, readers, out, chunks, allowed // workers)
    if workers == 1:
        tallies = [work.run()]
    else:
        with ThreadPoolExecutor(workers, "hdgpu-decode") as pool:
            try:
                tallies = [future.result() for future in [pool.submit(work.run) for _ in range(workers)]]
            except BaseException as error:  # an interrupt: the threads stop at their next chunk
                chunks.fail(len(plan.frame), error)
                raise
    chunks.raise_first()
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


class _Work:
    """What the decoding threads share: columns of plan and table as lists, which are quicker to index one by one."""

    def __init__(
        self,
        plan: ScatterPlan,
        table: FrameTable,
        readers: Sequence[FrameReader],
        out: npt.NDArray[Any],
        chunks: Chunks,
        threads_per_frame: int,
    ) -> None:
        self.rows: list[int] = plan.frame.tolist()
        self.places: list[int] = plan.destination.tolist()
        self.readers = [readers[instance] for instance in table.instance[plan.frame].tolist()]
        self.numbers: list[int] = table.number[plan.frame].tolist()
        self.regions: list[list[int]] | None = None if plan.regions is None else plan.regions.tolist()
        self.out = out
        self.chunks = chunks
        self.threads_per_frame = threads_per_frame

    def run(self) -> Tally:
        """Take chunks until there are none; a failure is noted, not raised."""
        worker = FrameWorker(stream=self.out.nbytes >= STREAM_BYTES, threads=self.threads_per_frame)
        for chunk in self.chunks:
            at = chunk.start
            while at < chunk.stop:
                try:
                    if self.regions is None:
                        at += self._plain(range(at, chunk.stop), worker.tally)
                    if at < chunk.stop:
                        reader, (out, part) = self.readers[at], self._place(at)
                        worker.decode_into(reader, self.rows[at], self.numbers[at], out, part)
                        at += 1
                except BaseException as error:
                    self.chunks.fail(at, error)
                    return worker.tally
            self.chunks.done(len(chunk))
        return worker.tally

    def _place(self, at: int) -> tuple[npt.NDArray[Any], Part | None]:
        """Return where the output of a frame goes, and the part of the frame that is wanted; None for all of it."""
        out = self.out[self.places[at]]
        if self.regions is None:
            return out, None
        top, left, rows, columns, frame_top, frame_left = self.regions[at]
        part = slice(frame_top, frame_top + rows), slice(frame_left, frame_left + columns)
        return out[top : top + rows, left : left + columns], part

    def _plain(self, places: range, tally: Tally) -> int:
        """Load the plain frames that the range begins with, and return how many these are."""
        kind = self.readers[places.start].plain
        if kind is None:
            return 0
        stop = places.start
        while stop < places.stop and self.readers[stop].plain == kind:
            stop += 1
        some = slice(places.start, stop)
        frames = list(map(Place, self.readers[some], self.rows[some], self.numbers[some]))
        return _load_plain(kind, frames, self.places[some], self.out, tally)


def _load_plain(
    kind: PlainKind, frames: Sequence[Place], places: list[int], out: npt.NDArray[Any], tally: Tally
) -> int:
    """Load frames of one plain kind, and return how many of them were plain at a closer look."""
    sources = [(str(each.reader.source.open_path), *each.reader.index.span(each.number)) for each in frames]
    rows = [each.row for each in frames]
    transform = frames[0].reader.transform
    affine = transform.slope[rows].tolist(), transform.intercept[rows].tolist()
    done = load_plain_frames(kind, sources, places, affine, out)
    if done:
        tally.frames_per_route[kind.route] += done
    tally.encoded_bytes += sum(length for _, _, length in sources[:done])
    return done


def run_frame(reader: FrameReader, row: int, number: int, out: npt.NDArray[Any], *, threads: int = 1) -> Tally:
    """Fill `out` with one whole frame, as a plan of nothing else would.

    Parameters
    ----------
    reader : FrameReader
    row : int
        Of the frame in the reader's transform.
    number : int
        Of the frame in its instance, from zero.
    out : numpy.ndarray
        C-contiguous, (1, ...) of the shape and data type of the reader's transform.
    threads : int
        How many may share the frame.

    Raises
    ------
    HdgpuError
        If the frame cannot be decoded; `out` is then worthless.
    """
    worker = FrameWorker(stream=out.nbytes >= STREAM_BYTES, threads=threads)
    kind = reader.plain
    if kind is None or not _load_plain(kind, [Place(reader, row, number)], [0], out, worker.tally):
        worker.decode_into(reader, row, number, out[0])
    return worker.tally


class Chunks:
    """Runs of places handed out to the threads; it ends early once something has failed."""

    def __init__(self, count: int, size: int, progress: Progress | None) -> None:
        self._count = count
        self._size = size
        self._next = 0
        self._done = 0
        self._progress = progress
        self._lock = threading.Lock()
        self._failures: list[tuple[int, BaseException]] = []

    def __iter__(self) -> Iterator[range]:
        while True:
            with self._lock:
                start = self._next
                if start >= self._count or self._failures:
                    return
                self._next = min(start + self._size, self._count)
                chunk = range(start, self._next)
            yield chunk

    def done(self, frames: int) -> None:
        """Note that a chunk is finished."""
        if self._progress is not None:
            with self._lock:
                self._done += frames
                self._progress(self._done, self._count)

    def fail(self, place: int, error: BaseException) -> None:
        """Note an error at a place of the plan."""
        with self._lock:
            self._failures.append((place, error))

    def raise_first(self) -> None:
        """Raise the error of the earliest place, if there is one."""
        if self._failures:
            raise min(self._failures, key=lambda failure: failure[0])[1]
