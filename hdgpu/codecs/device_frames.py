"""Encoded frames on a device to stored values there, by whichever decoder their route names: one for each lane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import Array
from hdgpu.array.streams import Lane, Runtime
from hdgpu.codecs import native_device, rle_device
from hdgpu.codecs.device_route import NATIVE, RLE
from hdgpu.codecs.nvimgcodec import BatchDecoder
from hdgpu.codecs.route import Route
from hdgpu.dicom.image_pixel import ImagePixel

__all__ = ["DeviceDecoder"]

# A frame that is all one value is doubted if its codestream has more bytes than this, and more than one for so many
# pixels: a decoder that gave up may have left zeros.
_SMALL_STREAM, _FLAT_PIXELS_PER_BYTE = 256, 200


class DeviceDecoder:
    """Decodes groups of frames on a lane, which is the current one.

    Parameters
    ----------
    runtime : Runtime
    lane : Lane
    """

    def __init__(self, runtime: Runtime, lane: Lane) -> None:
        self._runtime = runtime
        self._lane = lane
        self._batches: BatchDecoder | None = None

    def decode(
        self,
        decoder: str,
        route: Route,
        copied: Array,
        slots: npt.NDArray[np.int64],
        streams: Sequence[bytes],
        numbers: Sequence[int],
    ) -> tuple[Array, list[int], Array | None]:
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
        streams : sequence of bytes
            Codestreams for nvImageCodec.
        numbers : sequence of int
            Number of each frame in its instance, from zero.

        Returns
        -------
        stored : array
            (k, rows, columns) or (k, rows, columns, samples) of the pixel's data type.
        kept : list of int
            Which of the frames these are.
        flags : array or None
            (k,) on the device: not 0 for frames that cannot be relied on.  None if all can.
        """
        pixel = route.pixel
        everything = list(range(len(slots)))
        if decoder == NATIVE:
            return native_device.stored_values(copied, slots, route, numbers), everything, None
        if decoder == RLE:
            containers, flags = rle_device.decode_frames(copied, slots[:, 0], slots[:, 1], pixel)
            return native_device.finished(containers, pixel), everything, flags
        return self._nvimgcodec(pixel, streams)

    def _nvimgcodec(self, pixel: ImagePixel, streams: Sequence[bytes]) -> tuple[Array, list[int], Array | None]:
        if self._batches is None:
            self._batches = BatchDecoder(self._runtime.index)
        xp = self._runtime.xp
        slots = xp.empty((len(streams), pixel.rows, pixel.columns, pixel.samples_per_pixel), dtype=pixel.dtype)
        done = self._batches.decode(streams, list(slots), stream=self._lane.address)
        kept = [index for index, good in enumerate(done) if good]
        stored = slots.reshape((len(streams), *pixel.frame_shape))
        if len(kept) < len(streams):
            stored = stored[xp.asarray(np.array(kept, np.int64))]
        return stored, kept, self._doubtful(stored, [streams[index] for index in kept], pixel)

    def _doubtful(self, stored: Array, streams: Sequence[bytes], pixel: ImagePixel) -> Array | None:
        """Return which frames are all one value though their codestreams are not small."""
        xp = self._runtime.xp
        limit = max(_SMALL_STREAM, pixel.rows * pixel.columns // _FLAT_PIXELS_PER_BYTE)
        long = np.array([len(stream) > limit for stream in streams])
        if not long.any():
            return None
        flat = stored.reshape((len(streams), -1))
        return (flat.max(axis=1) == flat.min(axis=1)) & xp.asarray(long)
