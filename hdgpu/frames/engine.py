"""Run a plan: read, decode and transform every frame straight into its slice, in threads.

One thread takes a frame from its bytes to its final values, so that the stored values are still in the cache of that
core when they are transformed.  Reading, decoding and array arithmetic release the interpreter lock.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hdgpu.array.host_threads import default_workers
from hdgpu.codecs.route import Route
from hdgpu.dicom.frame_index import FrameIndex
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.source import ReadBuffer, Source
from hdgpu.errors import HdgpuError
from hdgpu.frames.plain import STREAM_BYTES, PlainKind, load_plain_frames
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.table import FrameTable
from hdgpu.pixels.run import transform_frame
from hdgpu.pixels.transform import PixelTransform

__all__ = ["FrameReader", "Progress", "Tally", "run_plan"]

Progress = Callable[[int, int], None]
"""Called with the number of frames done and the number of all, by one decoding thread at a time."""

# Frames that one thread takes at a time.  Plain ones go many to a call of the compiled extension; others take
# milliseconds each, and the fewer are taken at once, the less one thread has to wait for the last of another.
_PLAIN_CHUNK, _CHUNK = 16, 1
_MOST_SCRATCH = 16

Part: TypeAlias = tuple[slice, slice]
"""Rows and columns of a frame."""


@dataclass(slots=True)
class Tally:
    """What the decoding threads count."""

    frames_per_route: Counter[str] = field(default_factory=Counter)
    encoded_bytes: int = 0


@dataclass(slots=True)
class FrameReader:
    """How to get at the frames of one instance: made, and checked against the file, before any memory is asked for.

    Attributes
    ----------
    instance : Instance
    index : FrameIndex
    route : Route
    transform : PixelTransform
        Its rows are the rows of the frame table.
    plain : PlainKind or None
        Set where the compiled extension may take the frames.
    ahead : Source or None
        Where the bytes are read instead of at the instance's source.
    """

    instance: Instance
    index: FrameIndex
    route: Route
    transform: PixelTransform
    plain: PlainKind | None = None
    ahead: Source | None = None

    @property
    def source(self) -> Source:
        """Where the bytes are read."""
        return self.ahead or self.instance.source


class _Worker:
    """One decoding thread's own memory and counts."""

    def __init__(self, *, stream: bool, threads: int) -> None:
        self.tally = Tally()
        self._threads = threads
        self._stream = stream
        self._buffer = ReadBuffer()
        self._scratch: dict[tuple[str, tuple[int, ...], np.dtype[Any]], npt.NDArray[Any]] = {}

    def decode_into(
        self, reader: FrameReader, row: int, number: int, out: npt.NDArray[Any], part: Part | None = None
    ) -> None:
        """Take one frame, or a part of it, from its bytes to its output values."""
        instance = reader.instance
        try:
            data = reader.index.read(reader.source, number, self._buffer)
            target = self._target(reader, out)
            stored, route = reader.route.decode(data, target, index=number, threads=self._threads)
            if part is None:
                transform_frame(reader.transform, row, stored, out, stream=self._stream)
            else:
                self._transform_part(reader.transform, row, stored[part], out)
        except HdgpuError as error:
            syntax = f"transfer syntax {instance.transfer_syntax_uid}, SOP Instance UID {instance.sop_instance_uid}"
            raise error.at(source=instance.name, frame=number + 1, context=syntax) from error.__cause__
        self.tally.frames_per_route[route] += 1
        self.tally.encoded_bytes += len(data)

    def _target(self, reader: FrameReader, out: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return where to decode to: the output itself if it can hold the stored values, else this thread's scratch."""
        pixel = reader.instance.pixel
        dtype, shape = pixel.dtype, pixel.frame_shape
        if dtype == out.dtype and shape == out.shape and out.flags.c_contiguous:
            return out
        return self._memory("stored", shape, dtype)

    def _transform_part(
        self, transform: PixelTransform, row: int, stored: npt.NDArray[Any], out: npt.NDArray[Any]
    ) -> None:
        """Transform a rectangle of a frame into one of the output, by way of memory whose rows follow one another."""
        plain = stored
        if not stored.flags.c_contiguous:
            plain = self._memory("part", stored.shape, stored.dtype)
            np.copyto(plain, stored)
        if out.flags.c_contiguous:
            transform_frame(transform, row, plain, out, stream=self._stream)
            return
        values = self._memory("values", out.shape, out.dtype)
        transform_frame(transform, row, plain, values)
        np.copyto(out, values)

    def _memory(self, use: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """Return this thread's memory for a use: it holds until the next frame."""
        key = (use, shape, dtype)
        scratch = self._scratch.get(key)
        if scratch is None:
            if len(self._scratch) >= _MOST_SCRATCH:  # tiles at the edges come in a few sizes
                self._scratch.clear()
            scratch = self._scratch[key] = np.empty(shape, dtype)
        return scratch


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
        C-contiguous, of the plan's shape and data type.  Slices that the plan leaves blank are set to zero.
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
    chunks = _Chunks(len(plan.frame), size, progress)
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
        total.frames_per_route.update(tally.frames_per_route)
        total.encoded_bytes += tally.encoded_bytes
    return total


class _Work:
    """What the decoding threads share: columns of plan and table as lists, which are quicker to index one by one."""

    def __init__(
        self,
        plan: ScatterPlan,
        table: FrameTable,
        readers: Sequence[FrameReader],
        out: npt.NDArray[Any],
        chunks: _Chunks,
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
        worker = _Worker(stream=self.out.nbytes >= STREAM_BYTES, threads=self.threads_per_frame)
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
        sources, rows = [], []
        for at in places:
            reader = self.readers[at]
            if reader.plain != kind:
                break
            sources.append((str(reader.source.open_path), *reader.index.span(self.numbers[at])))
            rows.append(self.rows[at])
        transform = self.readers[places.start].transform
        affine = transform.slope[rows].tolist(), transform.intercept[rows].tolist()
        done = load_plain_frames(kind, sources, self.places[places.start : places.start + len(rows)], affine, self.out)
        tally.frames_per_route[kind.route] += done
        tally.encoded_bytes += sum(length for _, _, length in sources[:done])
        return done


class _Chunks:
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
