"""One thread's way with a frame: from its bytes to its final values, in memory of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from hdgpu.codecs.route import Route
from hdgpu.dicom.frame_index import FrameIndex
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.source import ReadBuffer, Source
from hdgpu.errors import HdgpuError
from hdgpu.frames.plain import PlainKind
from hdgpu.pixels.run import transform_frame
from hdgpu.pixels.transform import PixelTransform

__all__ = ["FrameReader", "FrameWorker", "Part", "Place", "Tally", "at_frame"]

_MOST_SCRATCH = 16

Part: TypeAlias = tuple[slice, slice]
"""Rows and columns of a frame."""


@dataclass(slots=True)
class Tally:
    """What the decoding threads count."""

    frames_per_route: Counter[str] = field(default_factory=Counter)
    encoded_bytes: int = 0

    def add(self, other: Tally) -> None:
        """Count what another thread has counted."""
        self.frames_per_route.update(other.frames_per_route)
        self.encoded_bytes += other.encoded_bytes


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


class Place(NamedTuple):
    """Where a frame of a plan comes from.

    Attributes
    ----------
    reader : FrameReader
    row : int
        In the frame table, and so in the reader's transform.
    number : int
        In its instance, from zero.
    """

    reader: FrameReader
    row: int
    number: int


class at_frame:  # noqa: N801 - a context, and a generator of one costs as much as a small frame
    """Say of errors from within where they happened: file, frame, transfer syntax and SOP Instance UID."""

    __slots__ = ("_number", "_reader")

    def __init__(self, reader: FrameReader, number: int) -> None:
        self._reader = reader
        self._number = number

    def __enter__(self) -> None:
        """Nothing is done."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, HdgpuError):
            instance = self._reader.instance
            syntax = f"transfer syntax {instance.transfer_syntax_uid}, SOP Instance UID {instance.sop_instance_uid}"
            raise error.at(source=instance.name, frame=self._number + 1, context=syntax) from error.__cause__


class FrameWorker:
    """One decoding thread's own memory and counts.

    Parameters
    ----------
    stream : bool
        Whether what is written belongs to an array that does not fit into the cache.
    threads : int
        How many threads may share a frame.
    """

    def __init__(self, *, stream: bool, threads: int = 1) -> None:
        self.tally = Tally()
        self._threads = threads
        self._stream = stream
        self._buffer = ReadBuffer()
        self._scratch: dict[tuple[str, tuple[int, ...], np.dtype[Any]], npt.NDArray[Any]] = {}

    def decode_into(
        self, reader: FrameReader, row: int, number: int, out: npt.NDArray[Any], part: Part | None = None
    ) -> None:
        """Take one frame, or a part of it, from its bytes to its output values."""
        with at_frame(reader, number):
            data = reader.index.read(reader.source, number, self._buffer)
            target = self._target(reader, out)
            stored, route = reader.route.decode(data, target, index=number, threads=self._threads)
            if part is None:
                transform_frame(reader.transform, row, stored, out, stream=self._stream)
            else:
                self._transform_part(reader.transform, row, stored[part], out)
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
