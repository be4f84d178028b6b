"""Decode what a plan asks for: the steps that series and images share."""

from __future__ import annotations

import operator
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hdgpu.array import host_memory
from hdgpu.array.device import Device, check_fallback, parse_device
from hdgpu.array.host_threads import default_workers
from hdgpu.array.namespace import Array
from hdgpu.codecs.route import Route, route_for
from hdgpu.dicom.frame_index import FrameIndex, index_frames
from hdgpu.dicom.instance import Instance
from hdgpu.errors import HdgpuError, MixedSizeError, OutOfMemoryError
from hdgpu.frames.engine import Progress, run_frame, run_plan
from hdgpu.frames.plain import PlainKind, plain_kind
from hdgpu.frames.plan import ScatterPlan
from hdgpu.frames.prefetch import reading_ahead
from hdgpu.frames.table import FrameTable
from hdgpu.frames.worker import FrameReader
from hdgpu.pixels.attributes import TransformAttributes, read_attributes
from hdgpu.pixels.compile import compile_transform
from hdgpu.pixels.options import TransformOptions
from hdgpu.pixels.transform import PixelTransform
from hdgpu.report import DecodeReport

if TYPE_CHECKING:
    from hdgpu.array.streams import Runtime

__all__ = ["DecodeOptions", "decode_one", "decode_plan", "prepare_reader", "prepare_readers"]


class DecodeOptions(NamedTuple):
    """Where an array is wanted, and who may decode for it: what the reading functions take as keywords.

    Attributes
    ----------
    device : Device
        Where the array shall be.
    workers : int or None
        Decoding threads; one for each core if None.
    fallback : {"cpu", "error"}
        What to do about a frame that a GPU does not decode, or not beyond doubt: have the host decode it, or raise
        `FrameDecodeError`.  It is of no meaning where the array is wanted on the host.
    """

    device: Device
    workers: int | None = None
    fallback: str = "cpu"

    @classmethod
    def of(cls, device: str | Device | None, workers: int | None = None, fallback: str = "cpu") -> DecodeOptions:
        """Return the options, having made sure that the device is there.

        Raises
        ------
        ValueError
            If `fallback` is neither of the two, there is no device of such a name, or `workers` is less than 1.
        TypeError
            If `workers` is no whole number.
        DeviceUnavailableError
            If the device is not there.

        Examples
        --------
        >>> DecodeOptions.of("cpu", fallback="error")
        DecodeOptions(device=Device(kind='cpu', index=None), workers=None, fallback='error')
        """
        check_fallback(fallback)
        try:
            if workers is not None and operator.index(workers) < 1:
                raise ValueError(f"workers is 1 or more, or None for a thread for each core, not {workers}")
        except TypeError:
            raise TypeError(f"workers is a whole number or None, not {workers!r}") from None
        return cls(parse_device(device), workers, fallback)


def prepare_readers(
    instances: Sequence[Instance], table: FrameTable, options: TransformOptions, dtype: np.dtype[Any]
) -> list[FrameReader]:
    """Prepare instances for decoding: those that are described alike share a route and a compiled transform.

    Parameters
    ----------
    instances : sequence of Instance
    table : FrameTable
        Of all their frames.
    options : TransformOptions
    dtype : numpy.dtype
        Of the output.

    Raises
    ------
    NoPixelDataError
        If one holds no pixel data.
    MixedSizeError
        If some would be in colour, and some not.
    HdgpuError
        If one cannot be decoded, or its values not be transformed.
    """
    shared: dict[tuple[Any, ...], tuple[Route, PixelTransform, PlainKind | None]] = {}
    attributes_of: dict[Any, TransformAttributes] = {}
    readers = []
    for instance in instances:
        attributes = _attributes(instance, attributes_of, options, None)
        key = (
            id(instance.pixel), instance.transfer_syntax_uid, instance.pixel_data.vr, attributes, type(instance.source),
            instance.number_of_frames == 1,
        )  # fmt: skip
        known = shared.get(key)
        if known is None:
            known = shared[key] = _compiled(instance, table, attributes, options, dtype, table.number)
        readers.append(FrameReader(instance, index_frames(instance), *known))
    shapes = {reader.transform.frame_shape for reader in readers}
    if len(shapes) > 1:
        raise MixedSizeError("some frames are in colour, and some are not", found=sorted(shapes))
    return readers


def prepare_reader(
    instance: Instance, index: FrameIndex, table: FrameTable, options: TransformOptions, dtype: np.dtype[Any]
) -> FrameReader:
    """Prepare one instance for decoding some of its frames: those of the table.

    Raises
    ------
    NoPixelDataError, HdgpuError
        As `prepare_readers`.
    """
    attributes = _attributes(instance, {}, options, table.number)
    places = np.arange(len(table))
    return FrameReader(instance, index, *_compiled(instance, table, attributes, options, dtype, places))


def _attributes(
    instance: Instance, known: dict[Any, TransformAttributes], options: TransformOptions, frames: Any
) -> tuple[TransformAttributes, ...]:
    if options.keeps_stored_values:
        return ()
    return read_attributes(
        instance,
        known,
        real_world=options.apply_real_world_transform is not False,
        voi=options.apply_voi_transform is not False,
        icc=options.apply_icc_profile is not False,
        frames=None if frames is None or len(frames) == instance.number_of_frames else set(frames.tolist()),
    )


def _compiled(
    instance: Instance,
    table: FrameTable,
    attributes: tuple[TransformAttributes, ...],
    options: TransformOptions,
    dtype: np.dtype[Any],
    number: Any,
) -> tuple[Route, PixelTransform, PlainKind | None]:
    """Return how frames are decoded and transformed; `number` tells the attributes of which frame a row has."""
    pixel = instance.pixel
    try:
        route = route_for(instance.transfer_syntax_uid, pixel, vr=instance.pixel_data.vr)
        transform = compile_transform(pixel, table.slope, table.intercept, attributes, options, dtype, number)
    except HdgpuError as error:
        raise error.at(source=instance.name) from error.__cause__
    return route, transform, plain_kind(route, transform, instance)


def decode_plan(
    plan: ScatterPlan,
    table: FrameTable,
    readers: Sequence[FrameReader],
    how: DecodeOptions,
    *,
    progress: Progress | None = None,
    seconds: dict[str, float] | None = None,
) -> tuple[Array, DecodeReport]:
    """Run a plan into fresh memory, and return the array on a device, and the account of it.

    Parameters
    ----------
    plan, table, readers
        As `hdgpu.frames.engine.run_plan` takes them.
    how : DecodeOptions
    progress : callable, optional
    seconds : dict, optional
        Time by stage of what came before, which the account begins with.

    Raises
    ------
    HdgpuError
        If a frame cannot be decoded.  Nothing half-filled is returned.
    """
    seconds = {} if seconds is None else seconds
    workers = how.workers or default_workers()
    if how.device.kind == "cuda":
        from hdgpu.array.streams import runtime_of

        runtime = runtime_of(how.device)
        return _decode_on_device(plan, table, readers, runtime, workers, progress, seconds, how.fallback)
    started = time.perf_counter()
    array = host_memory.empty(plan.shape, plan.dtype)
    with reading_ahead(plan, table, readers) as ahead:
        tally = run_plan(plan, table, ahead, array, workers=workers, progress=progress)
    seconds["decode"] = time.perf_counter() - started
    routes = dict(tally.frames_per_route)
    return array, DecodeReport(routes, tally.encoded_bytes, array.nbytes, seconds, workers, str(how.device))


def decode_one(reader: FrameReader, row: int, number: int, how: DecodeOptions) -> npt.NDArray[Any]:
    """Return one whole frame on the host: as `decode_plan`, without the plan.

    Parameters
    ----------
    reader : FrameReader
    row : int
        Of the frame in the table that the reader was prepared for.
    number : int
        Of the frame in its instance, from zero.
    how : DecodeOptions
        For the host.

    Raises
    ------
    HdgpuError
        If the frame cannot be decoded.
    """
    array = host_memory.empty((1, *reader.transform.frame_shape), reader.transform.dtype)
    run_frame(reader, row, number, array, threads=how.workers or default_workers())
    frame: npt.NDArray[Any] = array[0]
    return frame


def _memory_for(plan: ScatterPlan, runtime: Runtime) -> Array:
    """Return memory of a device for the result, for which what is kept there for other uses makes room."""
    try:
        return runtime.xp.empty(plan.shape, dtype=plan.dtype)
    except runtime.out_of_memory:
        runtime.release()
    try:
        return runtime.xp.empty(plan.shape, dtype=plan.dtype)
    except runtime.out_of_memory as error:
        raise OutOfMemoryError(
            f"the result does not fit into the memory of {runtime}",
            expected=f"{plan.nbytes} bytes",
            found=str(error).rstrip("."),
            remedy='Ask for a part of it, for a smaller dtype, or for device="cpu"',
        ) from error


def _decode_on_device(
    plan: ScatterPlan,
    table: FrameTable,
    readers: Sequence[FrameReader],
    runtime: Runtime,
    workers: int,
    progress: Progress | None,
    seconds: dict[str, float],
    fallback: str,
) -> tuple[Array, DecodeReport]:
    """Run a plan into fresh memory of a device."""
    from hdgpu.codecs.device.frames import kinds_for  # what a device needs is imported where there is one
    from hdgpu.frames.device_engine import run_plan_on_device

    started = time.perf_counter()
    with runtime.active(), reading_ahead(plan, table, readers) as ahead:
        can = kinds_for((reader.route for reader in ahead), runtime)
        seconds["probe"] = time.perf_counter() - started
        started = time.perf_counter()
        array = _memory_for(plan, runtime)
        tally = run_plan_on_device(
            plan, table, ahead, array, runtime, can, workers=workers, fallback=fallback, progress=progress
        )
    elapsed = time.perf_counter() - started
    seconds.update((stage, elapsed * share) for stage, share in tally.shares.items())
    report = DecodeReport(
        dict(tally.frames_per_route), tally.encoded_bytes, plan.nbytes, seconds, workers, str(runtime),
        dict(tally.host_reasons), tally.batch_frames,
    )  # fmt: skip
    return array, report
