"""Encoded frames on a device to stored values there, by whichever decoder their route names: one for each lane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hdgpu.array.functions import reinterpret
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array
from hdgpu.array.streams import Lane, Runtime
from hdgpu.codecs.device import rle
from hdgpu.codecs.device.native import BYTE_ORDERS, LOW_SAMPLES, decode_native
from hdgpu.codecs.device.nvimgcodec import ON_ENGINE, BatchDecoder, OpenStream, decodable, open_stream
from hdgpu.codecs.device.route import IN_DOUBT, NATIVE, RLE, asks_nvimgcodec, first_bit, for_device, instance_route
from hdgpu.codecs.route import Route
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, HdgpuError

__all__ = ["DeviceDecoder", "Doubt", "decode_single", "device_failed", "kinds_for"]

# A frame that is all one value is doubted if its codestream has more bytes than this, and more than one for so many
# pixels: a decoder that gave up may have left zeros.
_SMALL_STREAM, _FLAT_PIXELS_PER_BYTE = 256, 200
# Names under which a lane keeps its decoders of nvImageCodec: one that has begun with a single frame goes on with few.
_BATCHES, _SINGLE_FRAMES = "nvimgcodec", "nvimgcodec, single frames"


class Doubt(NamedTuple):
    """Which frames of a group cannot be relied on.

    Attributes
    ----------
    flags : array
        (k,) on the device.
    bad : int or None
        The flag of such a frame; any but 0 by default.
    """

    flags: Array
    bad: int | None = None

    def frames(self) -> list[int]:
        """Return which they are; this waits for the device."""
        found = to_numpy(self.flags)
        return np.flatnonzero(found if self.bad is None else found == self.bad).tolist()


class DeviceDecoder:
    """Decodes groups of frames on a lane, which is the current one.

    Parameters
    ----------
    runtime : Runtime
    lane : Lane
    name : str
        Under which the lane keeps nvImageCodec's decoder.
    """

    def __init__(self, runtime: Runtime, lane: Lane, name: str = _BATCHES) -> None:
        self._runtime = runtime
        self._lane = lane
        self._name = name

    def decode(
        self,
        decoder: str,
        route: Route,
        copied: Array,
        slots: npt.NDArray[np.int64],
        streams: Sequence[OpenStream],
        numbers: Sequence[int],
    ) -> tuple[Array, list[int], Doubt | None]:
        """Decode frames of one description; nothing is waited for but by nvImageCodec itself.

        Parameters
        ----------
        decoder : str
            Name of the route on the device.
        route : Route
            Of the host: how the frames are described.
        copied : array
            (n,) uint8, the bytes of all native and RLE frames.
        slots : numpy.ndarray
            (m, 2) int64, where in it each frame begins, and how many bytes it has.
        streams : sequence of OpenStream
            For nvImageCodec, as `hdgpu.codecs.device.route.frame_route` returns them.
        numbers : sequence of int
            Number of each frame in its instance, from zero.

        Returns
        -------
        stored : array
            (k, rows, columns) or (k, rows, columns, samples) of the pixel's data type.
        kept : list of int
            Which of the frames these are.
        doubt : Doubt or None
            Which of them the host has to decode again; None if there can be none.
        """
        pixel = route.pixel
        everything = list(range(len(slots)))
        if decoder == NATIVE:
            order = BYTE_ORDERS[route.name]
            bits = 8 * slots[:, 0] + first_bit(pixel, order, np.array(numbers, np.int64))
            stored, flags = decode_native(copied, bits, pixel, order)
            return stored, everything, None if flags is None else Doubt(flags, LOW_SAMPLES)
        if decoder == RLE:
            containers, flags = rle.decode_frames(copied, slots[:, 0], slots[:, 1], pixel)
            return self._arranged(containers, pixel), everything, Doubt(flags)
        return self._nvimgcodec(decoder.partition(":")[2], pixel, streams)

    def _arranged(self, containers: Array, pixel: ImagePixel) -> Array:
        """Return stored values from what RLE has of them: whole planes, joined and in the machine's byte order."""
        colour = "YBR_FULL" if pixel.is_422 else pixel.photometric_interpretation
        described = replace(pixel, planar_configuration=0, photometric_interpretation=colour)
        raw = reinterpret(containers.reshape((-1,)), np.dtype(np.uint8))
        starts = np.arange(len(containers), dtype=np.int64) * described.frame_bits
        return decode_native(raw, starts, described).stored

    def _nvimgcodec(
        self, kind: str, pixel: ImagePixel, streams: Sequence[OpenStream]
    ) -> tuple[Array, list[int], Doubt | None]:
        xp = self._runtime.xp
        batches = self._lane.kept.pop(self._name, None) or BatchDecoder(self._runtime.index)
        shape = len(streams), pixel.rows, pixel.columns, pixel.samples_per_pixel
        slots = xp.zeros(shape, dtype=f"u{pixel.dtype.itemsize}")
        if kind in ON_ENGINE:  # it would write while the last batch is read from the same memory, and before the zeros
            self._lane.mark().wait()
        done = batches.decode(streams, list(slots), stream=self._lane.address)
        self._lane.kept[self._name] = batches  # one that raised is not used again
        kept = [index for index, good in enumerate(done) if good]
        if pixel.pixel_representation:  # JPEG 2000, as `hdgpu.codecs.sniff.jpeg2000.as_unsigned` has it
            middles = np.array([1 << max(stream.precision - 1, 0) for stream in streams], slots.dtype)
            slots -= xp.asarray(middles.reshape(-1, 1, 1, 1))
        stored = reinterpret(slots, pixel.dtype).reshape((len(streams), *pixel.frame_shape))
        if len(kept) < len(streams):
            stored = stored[xp.asarray(np.array(kept, np.int64))]
        return stored, kept, self._doubtful(stored, [streams[index] for index in kept], pixel)

    def _doubtful(self, stored: Array, streams: Sequence[OpenStream], pixel: ImagePixel) -> Doubt | None:
        """Return which frames are all one value though their codestreams are not small, or exceed Bits Stored."""
        xp = self._runtime.xp
        limit = max(_SMALL_STREAM, pixel.rows * pixel.columns // _FLAT_PIXELS_PER_BYTE)
        long = np.array([len(stream.data) > limit for stream in streams])
        wide = any(stream.precision > pixel.bits_stored for stream in streams)
        if not (long.any() or wide):
            return None
        values = stored.reshape((len(streams), -1))
        smallest, largest = values.min(axis=1), values.max(axis=1)
        doubtful = (largest == smallest) & xp.asarray(long)
        if wide:  # what lies beside the samples the host takes off, or refuses
            least, most = pixel.stored_range
            doubtful |= (smallest < least) | (largest > most)
        return Doubt(doubtful)


def kinds_for(routes: Iterable[Route], runtime: Runtime) -> frozenset[str]:
    """Return the kinds of streams that nvImageCodec decodes; none where the routes do not ask, and nothing is tried.

    Parameters
    ----------
    routes : iterable of Route
        Of the host.
    runtime : Runtime
        Its device is the current one.
    """
    return decodable(runtime.index, runtime.xp) if any(map(asks_nvimgcodec, routes)) else frozenset()


def device_failed(what: str, error: Exception, **where: Any) -> FrameDecodeError:
    """Return an error of a library or of the device as one of ours.

    Parameters
    ----------
    what : str
        The frames that it was busy with.
    error : Exception
    **where
        As `HdgpuError.at` takes it.
    """
    named = FrameDecodeError(
        f"the device failed at {what}: {type(error).__name__}: {error}",
        remedy='Run `hdgpu doctor`; device="cpu" decodes the same on the host',
        **where,
    )
    named.__cause__ = error
    return named


def decode_single(data: bytes, route: Route, number: int, runtime: Runtime) -> tuple[Array | None, str]:
    """Decode one frame that no plan is about.

    Parameters
    ----------
    data : bytes
        The frame, with or without a byte of padding.
    route : Route
        Of the host.
    number : int
        Of the frame in its instance, from zero.
    runtime : Runtime
        Its device is the current one.

    Returns
    -------
    stored : array or None
        (rows, columns) or (rows, columns, samples) on the device; None if the host has to decode the frame.
    reason : str
        Why it has to; empty if not.

    Raises
    ------
    HdgpuError
        If the frame is damaged: as the host says it; or if the device fails.
    """
    pixel, can = route.pixel, kinds_for([route], runtime)
    (decoder, reason), taken = for_device(data, route, instance_route(route, can), number, can)
    if decoder is None:
        return None, reason
    try:
        # What is returned is of the caller's stream, and not of a lane that ends here.
        out = runtime.xp.empty(pixel.frame_shape, dtype=pixel.dtype)
        ready, lane = runtime.mark(), runtime.lane()
        lane.follow(ready)
        with lane.current():
            try:
                here = decoder in (NATIVE, RLE)
                copied = lane.upload(np.frombuffer(taken, np.uint8)) if here else None
                streams = [] if here else [open_stream(bytes(taken))]
                stored, kept, doubt = DeviceDecoder(runtime, lane, _SINGLE_FRAMES).decode(
                    decoder, route, copied, np.array([[0, len(taken)]], np.int64), streams, [number]
                )
                if kept:
                    lane.copy(stored[0, ...], out)
            finally:
                lane.mark().wait()
            in_doubt = doubt is not None and bool(doubt.frames())
        runtime.keep(lane)
        if not kept:
            return None, f"{decoder} failed"
        return (None, IN_DOUBT) if in_doubt else (out, "")
    except Exception as error:
        if isinstance(error, HdgpuError):
            raise
        raise device_failed("a frame", error) from error
