"""Access to the frames of one instance: what is asked for is planned, and no other frame is read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import Array
from hdgpu.dicom.frame_index import FrameIndex, index_frames
from hdgpu.dicom.instance import Instance
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader
from hdgpu.image.decode import DecodeOptions, decode_one, decode_plan, prepare_reader
from hdgpu.pixels.icc_profiles import IccProfiles
from hdgpu.pixels.options import TransformOptions
from hdgpu.report import DecodeReport

__all__ = ["STORED_VALUES", "FrameAccess"]

STORED_VALUES = TransformOptions(
    apply_real_world_transform=False,
    apply_modality_transform=False,
    apply_voi_transform=False,
    apply_presentation_lut=False,
    apply_palette_color_lut=False,
    apply_icc_profile=False,
)
"""No transform at all."""

# Calls for some of the frames after which what all frames say of themselves is read, and kept.
_CALLS_BEFORE_ALL_IS_READ = 2
_READERS_KEPT = 8

Planner = Callable[[tuple[int, ...]], ScatterPlan]
"""Makes a plan, given the shape of a frame of the output; its frames are numbers of frames."""


class FrameAccess:
    """Frames of one instance.

    Any number of threads may use it at once.

    Parameters
    ----------
    instance : Instance
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._readers: dict[Any, tuple[FrameTable, FrameReader, bool]] = {}
        self._calls = 0
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Number of frames; 0 without pixel data."""
        return self.instance.number_of_frames

    @cached_property
    def index(self) -> FrameIndex:
        """Where each frame lies in the file."""
        return index_frames(self.instance)

    @cached_property
    def table(self) -> FrameTable:
        """What all frames say of themselves."""
        return FrameTable.from_instances([self.instance])

    @cached_property
    def icc_profiles(self) -> IccProfiles:
        """ICC profiles of the frames."""
        return IccProfiles(self.instance)

    def require_pixels(self) -> None:
        """Make sure that the pixel data holds the frames, before anything is made that is as large as their number.

        Raises
        ------
        NoPixelDataError, PixelDataSizeError, FrameIndexError, TruncatedFileError
        """
        self.index  # noqa: B018 - raises

    def raw(self, frame: int) -> bytes:
        """Return the encoded bytes of a frame, counted from zero."""
        data = bytes(self.index.read(self.instance.source, frame))
        self.instance.source.check_unchanged()
        return data

    def stored_dtype(self) -> np.dtype[Any]:
        """Return the data type of stored values."""
        return self.instance.pixel.dtype

    def frame(self, number: int, options: TransformOptions, dtype: npt.DTypeLike, how: DecodeOptions) -> Array:
        """Return a frame, counted from zero.

        Raises
        ------
        HdgpuError
            If it cannot be decoded or transformed.
        """
        one = np.array([number], np.int64)
        if how.device.kind == "cuda":
            return self.frames(one, options, dtype, how)[0, ...]
        _, reader, kept = self._reader(one, options, np.dtype(dtype))
        array = decode_one(reader, number if kept else 0, number, how)
        self.instance.source.check_unchanged()
        return array

    def frames(
        self, numbers: npt.NDArray[np.int64], options: TransformOptions, dtype: npt.DTypeLike, how: DecodeOptions
    ) -> Array:
        """Return frames, counted from zero, down the first axis.

        Raises
        ------
        HdgpuError
            If one cannot be decoded or transformed: the message says which.
        """

        def stack(frame_shape: tuple[int, ...]) -> ScatterPlan:
            return ScatterPlan.stack(numbers, frame_shape, dtype)

        return self.run(stack, np.unique(numbers), options, dtype, how)[0]

    def run(
        self,
        planner: Planner,
        numbers: npt.NDArray[np.int64],
        options: TransformOptions,
        dtype: npt.DTypeLike,
        how: DecodeOptions,
    ) -> tuple[Array, DecodeReport]:
        """Run a plan over some frames, and return the array and the account of it.

        Parameters
        ----------
        planner : callable
        numbers : numpy.ndarray
            (n,) int64, the frames that the plan is about, counted from zero, ascending and each once.
        options : TransformOptions
        dtype : data type
        how : DecodeOptions
        """
        # Of a plan without frames the first frame tells the shape.
        numbers = numbers if len(numbers) else np.zeros(1, np.int64)
        table, reader, kept = self._reader(numbers, options, np.dtype(dtype))
        plan = planner(reader.transform.frame_shape)
        if not kept:
            plan = plan.renumbered(np.searchsorted(numbers, plan.frame))
        result = decode_plan(plan, table, [reader], how)
        self.instance.source.check_unchanged()
        return result

    def _reader(
        self, numbers: npt.NDArray[np.int64], options: TransformOptions, dtype: np.dtype[Any]
    ) -> tuple[FrameTable, FrameReader, bool]:
        """Return a table, a reader whose rows are the table's, and whether they are of all frames."""
        key: Any = options, dtype
        try:
            known = self._readers.get(key)
        except TypeError:  # a VOI transform of the caller's own cannot be hashed
            known = key = None
        if known is not None:
            return known
        with self._lock:
            self._calls += 1
            every = len(numbers) == self.count or "table" in self.__dict__ or self._calls > _CALLS_BEFORE_ALL_IS_READ
        table = self._table_of(numbers, every, options)
        reader = prepare_reader(self.instance, self.index, table, options, dtype)
        if every and key is not None:
            with self._lock:
                if len(self._readers) >= _READERS_KEPT:
                    self._readers.clear()
                self._readers[key] = table, reader, True
        return table, reader, every

    def _table_of(self, numbers: npt.NDArray[np.int64], every: bool, options: TransformOptions) -> FrameTable:
        if options.keeps_stored_values:
            return FrameTable.bare(np.arange(self.count) if every else numbers)
        return self.table if every else FrameTable.of_frames(self.instance, numbers)

    def __getstate__(self) -> dict[str, Any]:
        # What is known of where frames lie goes along; what is read from the header again does not.
        return {"instance": self.instance, "index": self.__dict__.get("index")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["instance"])  # type: ignore[misc]
        if state["index"] is not None:
            self.__dict__["index"] = state["index"]
