"""nvImageCodec as an encoder: batches of frames to lossless JPEG 2000 and HTJ2K, on the device that they lie on.

As with decoding, what it can do depends on what is installed beside it.  So each kind of frame is tried once with
samples that are known (:func:`encodable`), and whoever uses the result decodes every frame again and compares.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hdgpu.array.namespace import Array, Namespace
from hdgpu.codecs.device.nvimgcodec import library_on, opening_problem
from hdgpu.codecs.route import route_for
from hdgpu.codecs.sniff.codestream import sniff
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import HdgpuError

__all__ = ["BatchEncoder", "batch_encoder", "encodable"]

# HTJ2K with RPCL options needs tile-part lengths (PS3.5 10.18), which nobody promises here.
_HIGH_THROUGHPUT = {"1.2.840.10008.1.2.4.90": False, "1.2.840.10008.1.2.4.201": True}


class _Place(Protocol):
    """What is needed of a device: `hdgpu.array.streams.Runtime` has it."""

    xp: Namespace
    index: int | None

    def active(self) -> AbstractContextManager[Any]: ...


class BatchEncoder:
    """An encoder of one thread: nvImageCodec's are not to be shared.

    Parameters
    ----------
    device : int or None
        Index of the CUDA device; None for the CPU.

    Raises
    ------
    MissingDependencyError
        If nvImageCodec is not installed.
    """

    def __init__(self, device: int | None) -> None:
        self._library, where = library_on(device, "GPU_ONLY", "HYBRID_CPU_GPU")
        self._encoder = self._library.Encoder(**where)

    def encode(self, frames: Sequence[Array], transfer_syntax_uid: str, bits_stored: int) -> list[bytes | None]:
        """Encode frames without loss.

        Parameters
        ----------
        frames : sequence of array
            (rows, columns, samples) each, contiguous, uint8 or uint16; all grey or all in colour.
        transfer_syntax_uid : str
            JPEG 2000 or HTJ2K, lossless only.
        bits_stored : int

        Returns
        -------
        list of bytes or None
            Codestreams, without the boxes of a JP2 file (PS3.5 A.4.4); None for frames that were not encoded, or not
            as they should be for all that their headers say.
        """
        library = self._library
        colour = bool(frames) and frames[0].shape[2] > 1
        high_throughput = _HIGH_THROUGHPUT[transfer_syntax_uid]
        parameters = library.EncodeParams(
            quality_type=library.QualityType.LOSSLESS,
            color_spec=library.ColorSpec.SRGB if colour else library.ColorSpec.GRAY,
            jpeg2k_encode_params=library.Jpeg2kEncodeParams(mct_mode=int(colour), ht=high_throughput),
        )
        sample_format = library.SampleFormat.I_RGB if colour else library.SampleFormat.I_Y
        images = [library.as_image(each, sample_format=sample_format, precision=bits_stored) for each in frames]
        encoded = self._encoder.encode(images, "jpeg2k", params=parameters) if images else []
        return [None if each is None else _codestream(bytes(each), bits_stored, high_throughput) for each in encoded]


def _codestream(data: bytes, bits_stored: int, high_throughput: bool) -> bytes | None:
    try:
        stream = sniff(data)
    except HdgpuError:
        return None
    header = stream.header
    if not isinstance(header, Jpeg2000Header) or not header.reversible:
        return None
    meant = (bits_stored, False, high_throughput, stream.components > 1)
    found = (stream.precision, stream.signed, header.high_throughput, header.colour_transform)
    return data[header.offset : header.end] if found == meant else None


@functools.cache
def encodable(device: int | None, xp: Namespace) -> frozenset[tuple[str, int]]:
    """Return the transfer syntaxes, with samples per pixel, of which frames come out right, each tried once.

    Parameters
    ----------
    device : int or None
        Index of the CUDA device, which is the current one; None for the CPU.
    xp : namespace
        Of the arrays to encode: CuPy's, or NumPy's for the CPU.

    Examples
    --------
    >>> encodable(None, np) <= {(uid, samples) for uid in _HIGH_THROUGHPUT for samples in (1, 3)}
    True
    """
    if opening_problem(device):
        return frozenset()
    encoder = BatchEncoder(device)
    kinds = ((uid, samples) for uid in _HIGH_THROUGHPUT for samples in (1, 3))
    return frozenset(kind for kind in kinds if _comes_out_right(encoder, *kind, xp))


def _comes_out_right(encoder: BatchEncoder, uid: str, samples: int, xp: Namespace) -> bool:
    rows, columns, channels = np.mgrid[:64, :96, :samples]
    pattern = rows * 7 + columns * 5 + (rows * columns) % 11 + 40 * channels
    for bits in (8, 16):
        pixel = _pixel((64, 96, samples), bits)
        frame = (pattern * 997 % (1 << bits)).astype(pixel.dtype)
        try:
            (data,) = encoder.encode([xp.asarray(frame)], uid, bits)
            if data is None:
                return False
            decoded, _ = route_for(uid, pixel).decode(data, np.empty(pixel.frame_shape, pixel.dtype))
        except (RuntimeError, ValueError, TypeError):
            return False
        if not np.array_equal(decoded, frame.reshape(pixel.frame_shape)):
            return False
    return True


def _pixel(shape: tuple[int, int, int], bits: int) -> ImagePixel:
    photometric = "MONOCHROME2" if shape[2] == 1 else "YBR_RCT"
    return ImagePixel(*shape, photometric, bits, bits, bits - 1)


def batch_encoder(
    transfer_syntax_uid: str, place: _Place
) -> Callable[[Sequence[npt.NDArray[Any]], ImagePixel], list[bytes | None]] | None:
    """Return a function that encodes host frames on a device, one batch at a time; None where nothing comes out right.

    Parameters
    ----------
    transfer_syntax_uid : str
    place : hdgpu.array.streams.Runtime
        The device.
    """
    with place.active():
        can = encodable(place.index, place.xp)
        if not any(uid == transfer_syntax_uid for uid, _ in can):
            return None
        encoder, lock = BatchEncoder(place.index), threading.Lock()

    def encode(frames: Sequence[npt.NDArray[Any]], pixel: ImagePixel) -> list[bytes | None]:
        taken = pixel.bits_allocated in (8, 16) and not pixel.pixel_representation
        if not taken or (transfer_syntax_uid, pixel.samples_per_pixel) not in can:
            return [None] * len(frames)
        shape = (pixel.rows, pixel.columns, pixel.samples_per_pixel)
        with lock, place.active():
            arrays = [place.xp.asarray(frame.reshape(shape)) for frame in frames]
            try:
                return encoder.encode(arrays, transfer_syntax_uid, pixel.bits_stored)
            except (RuntimeError, ValueError):
                return [None] * len(frames)

    return encode
