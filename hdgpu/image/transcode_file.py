"""One file in another transfer syntax: its frames decoded, encoded and compared, and only then a file written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdgpu.codecs.encode.frame import encode
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.route import Route, route_for
from hdgpu.codecs.single_frame import get_lossy_compression_attributes
from hdgpu.dicom.frame_index import FrameIndex, index_frames
from hdgpu.dicom.header import EXPLICIT_BIG, IMPLICIT_LITTLE, read_header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.reencoding import to_little_endian
from hdgpu.dicom.source import PathSource
from hdgpu.errors import FrameEncodeError, HdgpuError, InvalidAttributeError
from hdgpu.image import transcode_attributes as attributes
from hdgpu.image.transcode_target import NATIVE, keeps_bytes, planar_configuration, target_pixel
from hdgpu.output import atomic_target

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ["BatchOfFrames", "transcode_file"]

BatchOfFrames = Callable[[Sequence[npt.NDArray[Any]], ImagePixel], list["bytes | None"]]
"""Encodes frames on a device; None for each that it did not."""

_BATCH = 32


def transcode_file(
    instance: Instance,
    target: Path,
    transfer_syntax_uid: str,
    pool: Executor,
    *,
    loss: Loss,
    overwrite: bool,
    on_device: BatchOfFrames | None = None,
) -> None:
    """Write an instance in another transfer syntax.

    Parameters
    ----------
    instance : Instance
        With pixel data, of a file.
    target : Path
        File to write; its folder is made.
    transfer_syntax_uid : str
    pool : concurrent.futures.Executor
        Whose threads encode the frames.
    loss : Loss
    overwrite : bool
    on_device : callable, optional
        Encodes batches of frames; what does not come out right of it, the host encodes.

    Raises
    ------
    HdgpuError
        If the file is damaged, if the transfer syntax does not take frames like these, or if the samples do not come
        back.  Nothing is written then.
    """
    before = instance.transfer_syntax_uid
    dataset = _read(instance)
    if before == EXPLICIT_BIG:
        to_little_endian(dataset)
    attributes.set_transfer_syntax(dataset, before, transfer_syntax_uid)
    is_native = transfer_syntax_uid in NATIVE
    if keeps_bytes(instance, transfer_syntax_uid):
        index_frames(instance)  # says whether the bytes are as many as the frames call for
        pixel, frames = instance.pixel, [bytes(dataset[instance.pixel.keyword].value)]
    else:
        attributes.refuse_what_would_be_lost(dataset)
        job = _Job(instance, transfer_syntax_uid, loss)
        pixel, frames = job.target, job.encoded(pool, on_device)
        attributes.describe_pixels(dataset, pixel)
        if is_native:
            frames = [b"".join(frames)]
            attributes.set_native(dataset, frames[0], pixel, implicit=transfer_syntax_uid == IMPLICIT_LITTLE)
        else:
            attributes.set_encapsulated(dataset, frames)
        if job.is_lossy:
            samples = instance.number_of_frames * instance.pixel.frame_samples
            ratio = samples * instance.pixel.dtype.itemsize / sum(map(len, frames))
            attributes.mark_lossy(dataset, transfer_syntax_uid, ratio)
    instance.source.check_unchanged()
    _write(dataset, target, overwrite, instance, transfer_syntax_uid, pixel, frames)


class _Job:
    """The frames of one instance on their way from one transfer syntax to another.

    Attributes
    ----------
    target : ImagePixel
        Of the frames once encoded.
    is_lossy : bool
        Whether samples need not come back as they were.
    """

    def __init__(self, instance: Instance, transfer_syntax_uid: str, loss: Loss) -> None:
        self.instance, self.uid, self.loss = instance, transfer_syntax_uid, loss
        self.is_lossy = get_lossy_compression_attributes(transfer_syntax_uid)[0] == "01"
        self.frames: FrameIndex = index_frames(instance)
        pixel = instance.pixel
        self.route = self._source_route(pixel)
        self.target = target_pixel(instance, transfer_syntax_uid)
        # Colour that is to stay YCbCr is read as if it were RGB: as it is.
        as_rgb = dataclasses.replace(pixel, photometric_interpretation="RGB")
        self.raw = self._source_route(as_rgb) if self.target.photometric_interpretation == "YBR_FULL" else None
        self.back: Route = route_for(transfer_syntax_uid, self.target)
        self.packs_bits = pixel.bits_allocated == 1 and transfer_syntax_uid in NATIVE

    def _source_route(self, pixel: ImagePixel) -> Route:
        return route_for(self.instance.transfer_syntax_uid, pixel, vr=self.instance.pixel_data.vr)

    def encoded(self, pool: Executor, on_device: BatchOfFrames | None) -> list[bytes]:
        """Return all frames encoded, each compared; those of one bit a sample for native pixel data as one value."""
        count = self.instance.number_of_frames
        if self.packs_bits:
            return [self._packed_bits()]
        if on_device is not None and not self.is_lossy and self.raw is None:
            return self._encoded_in_batches(pool, on_device)
        if count == 1:
            return [self._encoded(0)]
        return list(pool.map(self._encoded, range(count)))

    def _encoded_in_batches(self, pool: Executor, on_device: BatchOfFrames) -> list[bytes]:
        encoded: list[bytes] = []
        for first in range(0, self.instance.number_of_frames, _BATCH):
            numbers = range(first, min(first + _BATCH, self.instance.number_of_frames))
            batch = list(pool.map(self._stored, numbers))
            candidates = on_device(batch, self.target)
            encoded += pool.map(self._chosen, numbers, batch, candidates)
        return encoded

    def _chosen(self, number: int, stored: npt.NDArray[Any], candidate: bytes | None) -> bytes:
        """Return what the device encoded, if the samples come back, or else what the host does."""
        if candidate is not None:
            try:
                self._compare(candidate, stored)
            except HdgpuError:
                pass  # counts as not encoded
            else:
                return candidate
        return self._encoded(number, stored)

    def _stored(self, number: int) -> npt.NDArray[Any]:
        return self._decoded(self.route, number)

    def _decoded(self, route: Route, number: int) -> npt.NDArray[Any]:
        data = self.frames.read(self.instance.source, number)
        pixel = self.instance.pixel
        return route.decode(data, np.empty(pixel.frame_shape, pixel.dtype), index=number)[0]

    def _encoded(self, number: int, stored: npt.NDArray[Any] | None = None) -> bytes:
        """Return a frame encoded, having decoded it again and compared."""
        pixel = self.target
        try:
            stored = self._stored(number) if stored is None else stored
            samples = stored if self.raw is None else self._decoded(self.raw, number)
            planar = planar_configuration(pixel)
            encoded = encode(
                samples, pixel, self.uid, self.loss, planar_configuration=planar, for_file=True, verify=self.is_lossy
            )
            if not self.is_lossy:
                self._compare(encoded, stored)
        except HdgpuError as error:
            raise error.at(source=self.instance.name, frame=number + 1) from error.__cause__
        return encoded

    def _compare(self, encoded: bytes, stored: npt.NDArray[Any], index: int = 0) -> None:
        try:
            decoded, _ = self.back.decode(encoded, np.empty(stored.shape, stored.dtype), index=index)
        except HdgpuError as error:
            raise FrameEncodeError(f"the encoded frame cannot be decoded: {error}", context=self._context) from error
        if not np.array_equal(decoded, stored):
            raise FrameEncodeError("the encoded frame decodes to other samples", context=self._context)

    @property
    def _context(self) -> str:
        return f"transfer syntax {self.uid}"

    def _packed_bits(self) -> bytes:
        """Return frames of one bit a sample without a gap between them, which need not be on a byte (PS3.5 8.1.1)."""
        count, bits = self.instance.number_of_frames, self.target.frame_bits
        frames = [self._stored(number).astype(np.uint8, copy=False) for number in range(count)]
        packed = np.packbits(np.stack(frames), axis=None, bitorder="little").tobytes()
        for number, frame in enumerate(frames):
            self._compare(packed[number * bits // 8 : -(-(number + 1) * bits // 8)], frame, number)
        return packed


# --- Files ------------------------------------------------------------------------------------------------------------


def _read(instance: Instance) -> Dataset:
    """Return all that is in the file."""
    from pydicom import dcmread

    try:
        dataset = dcmread(instance.name, force=True)
        for _ in dataset.iterall():  # converts raw values, the ones within sequences, too
            pass
    except Exception as error:  # pydicom raises nearly anything on damaged input
        raise InvalidAttributeError(
            f"the data set is damaged: {type(error).__name__}: {error}", source=instance.name
        ) from error
    return dataset


def _write(
    dataset: Dataset,
    target: Path,
    overwrite: bool,
    instance: Instance,
    uid: str,
    pixel: ImagePixel,
    frames: Sequence[bytes],
) -> None:
    """Write the file under another name, see if what was meant to be in it is, and only then give it its name."""
    from pydicom import dcmwrite

    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_target(target, force=overwrite) as path:
        try:
            # forced, because pydicom does not know all transfer syntaxes, and would not write them
            dcmwrite(path, dataset, implicit_vr=uid == IMPLICIT_LITTLE, little_endian=True, force_encoding=True)
        except OSError:
            raise
        except Exception as error:  # likewise
            raise InvalidAttributeError(
                f"the data set cannot be written: {type(error).__name__}: {error}", source=instance.name
            ) from error
        _read_back(path, instance, uid, pixel, frames)


def _read_back(path: Path, instance: Instance, uid: str, pixel: ImagePixel, frames: Sequence[bytes]) -> None:
    found = Instance(read_header(PathSource(path)))
    count = instance.number_of_frames
    facts = (found.transfer_syntax_uid, found.number_of_frames, found.pixel)
    same = facts == (uid, count, pixel)
    if same and found.pixel_data.length is not None:
        element, (value,) = found.pixel_data, frames
        same = bytes(found.source.read_at(element.offset, len(value))) == value
    elif same:
        index = index_frames(found)
        for number, frame in enumerate(frames):
            data = bytes(index.read(found.source, number))
            same = same and data[: len(frame)] == frame and len(data) - len(frame) == len(frame) % 2
    if not same:
        raise FrameEncodeError("what was written reads differently", source=instance.name, found=facts)
