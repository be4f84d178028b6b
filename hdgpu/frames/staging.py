"""Batches of frames on their way to a device: read, routed and laid into memory that the device copies from.

The bytes of native and RLE frames are copied to the device as they are; a codestream that nvImageCodec takes stays
where it is; and a frame that the device cannot take is decoded and transformed right here, in the slot of the batch
that its bytes would have had.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.codecs.device.native import BYTE_ORDERS
from hdgpu.codecs.device.nvimgcodec import OpenStream, open_stream
from hdgpu.codecs.device.route import NATIVE, RLE, DeviceRoute, for_device, instance_route, no_fallback
from hdgpu.errors import FrameDecodeError, HdgpuError
from hdgpu.frames.plain import PlainKind, load_plain_frames
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.worker import FrameReader, FrameWorker, Place, Tally, at_frame

__all__ = ["HOST", "StagedFrame", "Stager", "StagingMemory"]

HOST = "host"
"""Decoder of the frames that are staged as output values."""

# Slots begin at multiples of this, which suits every type.
_ALIGNMENT = 16
# A batch is staged in about so many jobs a thread, of so many frames at most: each costs the interpreter's lock.
_JOBS, _MOST_OF_A_JOB = 2, 16


@dataclass(slots=True)
class StagedFrame:
    """A frame of a batch.

    Attributes
    ----------
    at : int
        Its place in the plan.
    decoder : str
        Name of the decoder on the device, or `HOST`.
    slot : int
        Where its bytes, or its values, begin in the staging memory.
    length : int
        How many bytes they are.
    stream : OpenStream or None
        Of a frame for nvImageCodec.
    """

    at: int
    decoder: str
    slot: int
    length: int = 0
    stream: OpenStream | None = None

    @property
    def stored_bytes(self) -> int:
        """How many bytes of the file the frame is."""
        return self.length if self.stream is None else len(self.stream.data)


class StagingMemory:
    """Memory that a device copies from, taken when it is first written to: batches of codestreams need none.

    Parameters
    ----------
    take : callable
        Returns host memory of so many bytes.
    """

    def __init__(self, take: Callable[[int], npt.NDArray[np.uint8]]) -> None:
        self._take = take
        self._size = self._used = 0
        self._array: npt.NDArray[np.uint8] | None = None
        self._lock = threading.Lock()

    def reserve(self, size: int) -> None:
        """Say how many bytes the next batch may need; nothing copies from the memory any more."""
        self._size, self._used = size, 0

    def slot(self, size: int) -> int:
        """Return where so many bytes lie that are nobody else's."""
        with self._lock:
            start = self._used
            self._used += -(-size // _ALIGNMENT) * _ALIGNMENT
        return start

    def array(self) -> npt.NDArray[np.uint8]:
        """Return the memory, (n,) uint8 of at least the size."""
        with self._lock:
            if self._array is None or self._array.size < self._size:
                self._array = self._take(self._size)
            return self._array


@dataclass(slots=True)
class Stager:
    """Stages the frames of a plan, in the threads of a pool.

    Parameters
    ----------
    plan : ScatterPlan
    places : sequence of Place
        Of each frame of the plan: reader, row and number.
    pool : ThreadPoolExecutor
    workers : int
        Its threads.
    can : frozenset of str
        Kinds of streams that nvImageCodec decodes on the device.
    fallback : {"cpu", "error"}
        Whether the host decodes what the device does not.

    Attributes
    ----------
    slot_bytes : int
        Of memory for each frame.
    needs_memory : bool
        Whether frames are known to need it: native and RLE ones, and those that the host decodes.
    """

    plan: ScatterPlan
    places: Sequence[Place]
    pool: ThreadPoolExecutor
    workers: int
    can: frozenset[str]
    fallback: str = "cpu"
    reasons: Counter[str] = field(default_factory=Counter)
    slot_bytes: int = field(init=False)
    needs_memory: bool = field(init=False)
    _in_line: bool = field(init=False, default=False)  # each frame at its own place, without a gap
    _plain: PlainKind | None = field(init=False, default=None)
    _routes: dict[int, DeviceRoute | None] = field(init=False)
    _workers: list[FrameWorker] = field(default_factory=list)
    _own: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        readers = {id(place.reader): place.reader for place in self.places}
        self._routes = {key: instance_route(reader.route, self.can) for key, reader in readers.items()}
        self.slot_bytes = self._slot_bytes(list(readers.values()))
        self.needs_memory = any(route is not None for route in self._routes.values()) or self._begins_on_host()

    def stage(self, batch: range, memory: StagingMemory) -> tuple[list[StagedFrame], tuple[int, BaseException] | None]:
        """Stage some frames.

        Parameters
        ----------
        batch : range
            Places in the plan.
        memory : StagingMemory
            With a slot of `slot_bytes` for each.

        Returns
        -------
        list of StagedFrame
            Those before the first that failed.
        tuple of int and exception, or None
            The first that failed, and why.
        """
        size = max(1, min(_MOST_OF_A_JOB, len(batch) // (_JOBS * self.workers)))
        parts = [batch[first : first + size] for first in range(0, len(batch), size)]
        jobs = [self.pool.submit(self._stage_part, part, batch.start, memory) for part in parts]
        wait(jobs)  # for those behind a failure, too: they write to the memory
        staged: list[StagedFrame] = []
        for job in jobs:
            frames, failure = job.result()
            staged += frames
            if failure is not None:
                return staged, failure
        return staged, None

    def tally(self) -> Tally:
        """Return what the host has decoded."""
        total = Tally()
        for worker in self._workers:
            total.add(worker.tally)
        return total

    def _slot_bytes(self, readers: Sequence[FrameReader]) -> int:
        """Return the size of a slot: native frames of one size lie without a gap, so that they are an array already."""
        stored = max((reader.instance.pixel.frame_bits // 8 + 2 for reader in readers), default=0)
        native = [reader.instance.pixel.frame_bits for reader in readers if self._is_native(reader)]
        if len(native) == len(readers) and len(set(native)) == 1 and native[0] % 8 == 0:
            self._in_line = True
            if not any(reader.route.encapsulated for reader in readers):  # in items there are headers between
                self._plain = PlainKind(NATIVE, False, native[0] // 8, "BB", True, (0, 255))  # bytes, as they are
            return native[0] // 8
        rows, columns = self.plan.shape[1:3]
        if self.plan.regions is not None:
            rows, columns = self.plan.regions[:, 2:4].max(axis=0, initial=0).tolist()
        values = rows * columns * int(np.prod(self.plan.shape[3:])) * self.plan.dtype.itemsize
        return -(-max(stored, values) // _ALIGNMENT) * _ALIGNMENT

    def _begins_on_host(self) -> bool:
        """Return whether the host decodes the first frame though that was not known of its instance: so others, too."""
        if not self.places or self.places[0].reader.source.is_remote:  # a server is not asked twice
            return False
        try:
            return self._route(self.places[0])[0].decoder is None
        except HdgpuError:  # which is raised when the frame's turn comes
            return False

    def _is_native(self, reader: FrameReader) -> bool:
        route = self._routes[id(reader)]
        return route is not None and route.decoder == NATIVE and BYTE_ORDERS[reader.route.name] != "words"

    def _stage_part(
        self, part: range, start: int, memory: StagingMemory
    ) -> tuple[list[StagedFrame], tuple[int, BaseException] | None]:
        """Stage frames of a batch that begins at a place of the plan, up to the first that fails."""
        staged = self._stage_plain(part, start, memory)
        for at in part[len(staged) :]:
            try:
                staged.append(self._stage_one(at, start, memory))
            except BaseException as error:
                return staged, (at, error)
        return staged, None

    def _stage_plain(self, part: range, start: int, memory: StagingMemory) -> list[StagedFrame]:
        """Stage those frames that the part begins with whose bytes the compiled extension reads, all in one call."""
        if self._plain is None:
            return []
        sources = []
        for place in self.places[part.start : part.stop]:
            path = place.reader.source.open_path
            if path is None:
                break
            sources.append((path, *place.reader.index.span(place.number)))
        if not sources:
            return []
        slots = [at - start for at in part[: len(sources)]]
        unchanged = [1.0] * len(sources), [0.0] * len(sources)
        done = load_plain_frames(self._plain, sources, slots, unchanged, memory.array())
        return [StagedFrame(at, NATIVE, (at - start) * self.slot_bytes, self.slot_bytes) for at in part[:done]]

    def _stage_one(self, at: int, start: int, memory: StagingMemory) -> StagedFrame:
        place = self.places[at]
        with at_frame(place.reader, place.number):
            route, data = self._route(place)
            if route.decoder is None and self.fallback == "error":
                raise no_fallback(route.reason)
            if route.decoder is None and self._in_line:  # there is no room for values; the host refuses such frames
                raise FrameDecodeError(f"the device does not take this frame: {route.reason}")
        if route.decoder not in (None, NATIVE, RLE):
            return StagedFrame(at, route.decoder, 0, stream=open_stream(bytes(data)))
        size = int(np.prod(self._shape_of(at))) * self.plan.dtype.itemsize if route.decoder is None else len(data)
        slot = (at - start) * self.slot_bytes if self._in_line else memory.slot(size)  # so that no gaps are copied
        piece = memory.array()[slot : slot + size]
        if route.decoder is None:
            return self._stage_values(at, slot, piece, route.reason)
        piece[:] = np.frombuffer(data, np.uint8)
        return StagedFrame(at, route.decoder, slot, size)

    def _route(self, place: Place) -> tuple[DeviceRoute, bytes | memoryview]:
        """Return the route of a frame, and its bytes unless that is the host, which reads them itself."""
        shared = self._routes[id(place.reader)]
        if shared is not None and shared.decoder is None:
            return shared, b""
        data = place.reader.index.read(place.reader.source, place.number)
        route, data = for_device(data, place.reader.route, shared, place.number, self.can)
        if route.decoder == RLE and len(data) > self.slot_bytes:  # noise, which RLE makes longer
            return DeviceRoute(None, "more bytes than the frame has unpacked"), b""
        return route, data

    def _stage_values(self, at: int, slot: int, piece: npt.NDArray[np.uint8], reason: str) -> StagedFrame:
        """Decode and transform a frame on the host, into its slot."""
        out = self.values_of(at, piece)
        self.decode(at, out)
        with self._lock:
            self.reasons[reason] += 1
        return StagedFrame(at, HOST, slot, out.nbytes)

    def values_of(self, at: int, slot: Any) -> Any:
        """Return a slot, on the host or on the device, as the values of a frame or of the part of it that is wanted."""
        shape = self._shape_of(at)
        size = int(np.prod(shape)) * self.plan.dtype.itemsize
        return slot[:size].view(self.plan.dtype).reshape(shape)

    def _shape_of(self, at: int) -> tuple[int, ...]:
        if self.plan.regions is None:
            return self.plan.shape[1:]
        return (*self.plan.regions[at, 2:4].tolist(), *self.plan.shape[3:])

    def decode(self, at: int, out: npt.NDArray[Any]) -> None:
        """Decode a frame of the plan on the host, straight to its output values."""
        place = self.places[at]
        part = None
        if self.plan.regions is not None:
            _, _, rows, columns, top, left = self.plan.regions[at].tolist()
            part = slice(top, top + rows), slice(left, left + columns)
        self._worker().decode_into(place.reader, place.row, place.number, out, part)

    def _worker(self) -> FrameWorker:
        worker: FrameWorker | None = getattr(self._own, "worker", None)
        if worker is None:
            worker = self._own.worker = FrameWorker(stream=False)
            with self._lock:
                self._workers.append(worker)
        return worker
