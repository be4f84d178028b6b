"""Read ahead from files far away: the frames that a plan will ask for, many to a request, before they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from hdgpu.dicom.source import Source
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader

__all__ = ["reading_ahead"]

# Encoded bytes that are fetched together; two such windows are held at a time.
_WINDOW_BYTES = 32 << 20

Span = tuple[int, int]


class _Window:
    """Spans that are fetched together, and held until each of them has been read."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.bytes = 0
        self.unread = 0
        self.data: Future[dict[Span, bytes | memoryview]] | None = None

    def add(self, span: Span) -> None:
        self.spans.append(span)
        self.bytes += span[1]
        self.unread += 1


class _AheadSource(Source):
    """A source that knows in which order it will be read."""

    def __init__(self, source: Source, spans: Sequence[Span], pool: ThreadPoolExecutor) -> None:
        self.name = source.name
        self._source = source
        self._pool = pool
        self._lock = threading.Lock()
        self._windows: list[_Window] = []
        self._window_of: dict[Span, int] = {}
        for span in spans:
            if not self._windows or self._windows[-1].bytes + span[1] > _WINDOW_BYTES:
                self._windows.append(_Window())
            self._windows[-1].add(span)
            self._window_of.setdefault(span, len(self._windows) - 1)

    @property
    def size(self) -> int:
        """Number of bytes of the file."""
        return self._source.size

    def _read(self, offset: int, length: int) -> bytes | memoryview:
        number = self._window_of.get((offset, length))
        if number is None:  # not planned: an offset table was given up, say
            return self._source.read_at(offset, length)
        window = self._windows[number]
        with self._lock:
            data = self._fetched(number)
            if number + 1 < len(self._windows):
                self._fetched(number + 1)
        found = data.result().get((offset, length))
        with self._lock:
            window.unread -= 1
            if not window.unread:
                window.data = None
        return found if found is not None else self._source.read_at(offset, length)

    def _fetched(self, number: int) -> Future[dict[Span, bytes | memoryview]]:
        """Return what is, or will be, in a window."""
        window = self._windows[number]
        if window.data is None:
            spans = list(dict.fromkeys(window.spans))
            window.data = self._pool.submit(lambda: dict(zip(spans, self._source.read_ranges(spans), strict=True)))
        return window.data


@contextmanager
def reading_ahead(
    plan: ScatterPlan, table: FrameTable, readers: Sequence[FrameReader]
) -> Iterator[Sequence[FrameReader]]:
    """Give readers that fetch ahead, in the order of the plan, where their files are far away.

    Parameters
    ----------
    plan : ScatterPlan
    table : FrameTable
        Rows that the plan refers to.
    readers : sequence of FrameReader
        One for each instance that the table refers to.
    """
    if not any(reader.source.is_remote for reader in readers):
        yield readers
        return
    spans: list[list[Span]] = [[] for _ in readers]
    for row in plan.frame.tolist():
        number = int(table.instance[row])
        if readers[number].source.is_remote:
            spans[number].append(readers[number].index.span(int(table.number[row])))
    pool = ThreadPoolExecutor(2, "hdgpu-fetch")
    try:
        yield [
            replace(reader, ahead=_AheadSource(reader.source, wanted, pool)) if reader.source.is_remote else reader
            for reader, wanted in zip(readers, spans, strict=True)
        ]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
