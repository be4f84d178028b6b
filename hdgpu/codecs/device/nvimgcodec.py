"""nvImageCodec: batches of JPEG, JPEG 2000 and HTJ2K frames, decoded straight into slices of an array on the device.

What it can do depends on what is installed beside it (nvJPEG, nvJPEG2000), on CUDA and on the GPU, and where something
is missing it says so on stderr at most, or returns zeros.  So each kind of stream is tried once on a device with
frames whose samples are known (:func:`decodable`), and kinds that do not come out right are left to the host.

Without a device it decodes on the CPU, into host memory: batches, frames that fail, slices and regions behave as they
do on a GPU, and are tested so.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import product
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array, Namespace
from hdgpu.codecs.encode.htj2k import encode_reversible
from hdgpu.codecs.libraries import imagecodecs
from hdgpu.codecs.loss import Loss
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import MissingDependencyError, OutOfMemoryError

__all__ = [
    "KINDS",
    "ON_ENGINE",
    "BatchDecoder",
    "OpenStream",
    "decodable",
    "installed",
    "library_on",
    "open_stream",
    "opening_problem",
]

KINDS = ("jpeg", "jpeg-colour", "jpeg-lossless", "jpeg2000", "jpeg2000-colour", "htj2k", "htj2k-colour")
"""Kinds of streams that are tried, and decoded if they come out right; their samples are unsigned."""

ON_ENGINE = frozenset({"jpeg", "jpeg-colour"})
"""Kinds that a GPU's JPEG engine may decode, which does not wait for what is on the stream before."""

DECODER_THREADS = 0
"""Threads of the host that a decoder has; 0 for as many as there are processors."""

# Chroma is interpolated as libjpeg-turbo does it, not repeated.
_OPTIONS = ":fancy_upsampling=1"
# Devices whose JPEG engine is left out: what it decodes is not what their kernels decode.
_without_engine: set[int] = set()
# Lossy frames may differ by this much between decoders.
_LOSSY = 3


@functools.cache
def installed() -> ModuleType | None:
    """Return nvImageCodec, None where it is not installed or does not load."""
    with suppress(ImportError, OSError):
        return importlib.import_module("nvidia.nvimgcodec")
    return None


def library_on(device: int | None, *backends: str) -> tuple[ModuleType, dict[str, Any]]:
    """Return nvImageCodec, and what its decoders and encoders take to work on a device by these backends.

    Left to choose, they may work on the CPU and not say so.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    library = installed()
    if library is None:
        raise MissingDependencyError("nvImageCodec is not installed", remedy='`pip install "hdgpu[cuda13]"`')
    kinds = ("CPU_ONLY",) if device is None else backends
    return library, {
        "device_id": library.NVIMGCODEC_DEVICE_CPU_ONLY if device is None else device,
        "backends": [library.Backend(getattr(library, kind)) for kind in kinds],
    }


class OpenStream(NamedTuple):
    """A codestream as nvImageCodec sees it.

    Attributes
    ----------
    data : bytes
    native : CodeStream or None
        nvImageCodec's, None for a stream that it does not know.
    precision : int
        Bits of a sample, 0 where that is not known.
    """

    data: bytes
    native: Any
    precision: int


def open_stream(data: bytes) -> OpenStream:
    """Open a codestream, in whichever thread; nvImageCodec is installed.

    Examples
    --------
    >>> open_stream(b"none of any kind").native is None
    True
    """
    library = installed()
    assert library is not None
    try:
        stream = library.CodeStream(data)
        precision = stream.precision  # which is read only now
    except (RuntimeError, ValueError):
        return OpenStream(data, None, 0)
    return OpenStream(data, stream if precision else None, precision or 0)


class BatchDecoder:
    """A decoder of one thread: nvImageCodec's are not to be shared.

    Parameters
    ----------
    device : int or None
        Index of the CUDA device, whose memory is decoded into; None for the CPU, and host memory.

    Raises
    ------
    MissingDependencyError
        If nvImageCodec is not installed.
    """

    def __init__(self, device: int | None) -> None:
        engine = () if device in _without_engine else ("HW_GPU_ONLY",)
        self._library, where = library_on(device, *engine, "GPU_ONLY", "HYBRID_CPU_GPU")
        self._decoder = self._library.Decoder(**where, max_num_cpu_threads=DECODER_THREADS, options=_OPTIONS)

    def decode(self, streams: Sequence[OpenStream], slots: Sequence[Array], *, stream: int = 0) -> list[bool]:
        """Decode frames, each into its slot.

        Parameters
        ----------
        streams : sequence of OpenStream
            All grey or all in colour.
        slots : sequence of array
            (rows, columns, samples) each, of the streams' size, and of uint8 or uint16, as their precision calls for;
            rows may be apart.  They hold zeros: nvImageCodec leaves what was there where it fails.
        stream : int
            Address of the CUDA stream that the slots' other work runs on.

        Returns
        -------
        list of bool
            Which were decoded; the others hold zeros, or part of a frame.
        """
        colour = bool(slots) and slots[0].shape[2] > 1
        library = self._library
        parameters = library.DecodeParams(
            allow_any_depth=True,  # else what has more than 8 bits is scaled to them
            apply_exif_orientation=False,
            color_spec=library.ColorSpec.SRGB if colour else library.ColorSpec.GRAY,
        )
        sample_format = library.SampleFormat.I_RGB if colour else library.SampleFormat.I_Y
        done = [False] * len(streams)
        by_precision: dict[int, list[int]] = {}
        for index, each in enumerate(streams):
            if each.native is not None:
                by_precision.setdefault(each.precision, []).append(index)
        known, images = [], []
        for precision, indices in by_precision.items():  # given, else 12 bits in 16 might be scaled to them
            known += indices
            images += library.as_images(
                [slots[index] for index in indices], stream, sample_format=sample_format, precision=precision
            )
        if known:
            natives = [streams[index].native for index in known]
            decoded = self._decoder.decode(natives, images=images, params=parameters, cuda_stream=stream)
            for index, image in zip(known, decoded, strict=True):
                done[index] = image is not None
        return done


# --- What works -------------------------------------------------------------------------------------------------------


@functools.cache
def decodable(device: int | None, xp: Namespace) -> frozenset[str]:
    """Return the kinds of streams that come out right, each tried once in a process.

    Parameters
    ----------
    device : int or None
        Index of the CUDA device, which is the current one; None for the CPU.
    xp : namespace
        Of the arrays to decode into: CuPy's, or NumPy's for the CPU.

    Raises
    ------
    OutOfMemoryError
        If the device is full.

    Examples
    --------
    >>> decodable(None, np) <= set(KINDS)
    True
    """
    if opening_problem(device):
        return frozenset()
    can = _tried(device, xp)
    if device is not None and "jpeg-colour" not in can:  # an engine may repeat chroma instead of interpolating it
        _without_engine.add(device)
        without = _tried(device, xp)
        if without > can:
            return without
        _without_engine.discard(device)
    return can


def _tried(device: int | None, xp: Namespace) -> frozenset[str]:
    decoder = BatchDecoder(device)
    return frozenset(kind for kind in KINDS if _comes_out_right(decoder, kind, xp))


@functools.cache
def opening_problem(device: int | None) -> str:
    """Return why there can be no decoder: not installed, or not made for this driver; an empty string if it opens.

    Parameters
    ----------
    device : int or None
        Index of the CUDA device; None for the CPU.

    Examples
    --------
    >>> opening_problem(None)
    ''
    """
    try:
        BatchDecoder(device)
    except (MissingDependencyError, RuntimeError) as error:
        return str(error)
    return ""


def _comes_out_right(decoder: BatchDecoder, kind: str, xp: Namespace) -> bool:
    for data, frame in _known_frames(kind):
        try:
            slot = xp.zeros((*frame.shape[:2], 3 if frame.ndim == 3 else 1), dtype=frame.dtype)
            to_numpy(slot)  # so that the zeros are there before an engine writes
            done = decoder.decode([open_stream(data)], [slot])
            difference = to_numpy(slot).reshape(frame.shape).astype(np.int64) - frame
        except MemoryError as error:  # which is no answer, and is not to be remembered as one
            raise OutOfMemoryError(
                "there is no room on the device to try its decoders",
                found=str(error).rstrip("."),
                remedy='Free some of its memory, or pass device="cpu"',
            ) from error
        except (AttributeError, RuntimeError, TypeError, ValueError):
            return False
        if not all(done) or np.abs(difference).max() > (_LOSSY if kind in ("jpeg", "jpeg-colour") else 0):
            return False
    return True


def _known_frames(kind: str) -> Iterator[tuple[bytes, npt.NDArray[Any]]]:
    """Yield streams of a kind and what they hold, among them all that has come out wrong anywhere before."""
    codecs = imagecodecs()
    rows, columns = np.mgrid[:32, :48]
    pattern = rows * 7 + columns * 5 + (rows * columns) % 11
    grey = {bits: (pattern * 997 % (1 << bits)).astype(np.uint16) for bits in range(9, 17)}
    grey[8] = (rows + columns).astype(np.uint8)
    colour = np.stack([rows + columns, 2 * rows + 20, 150 - columns], axis=-1).astype(np.uint8)
    if kind == "jpeg":
        data = codecs.jpeg8_encode(grey[8])
        yield data, codecs.jpeg8_decode(data)
    elif kind == "jpeg-colour":
        edges = np.full((33, 49, 3), (200, 30, 30), np.uint8)  # where chroma that is repeated differs most
        edges[7:24, 11:44] = 30, 30, 200
        for frame, subsampling in product((colour, edges), ("444", "422", "420")):
            data = codecs.jpeg8_encode(frame, colorspace="RGB", outcolorspace="YCBCR", subsampling=subsampling)
            yield data, codecs.jpeg8_decode(data, colorspace="YCBCR", outcolorspace="RGB")
    elif kind == "jpeg-lossless":  # zeros from many versions of nvJPEG, at some precisions
        for bits in range(9, 17):
            yield codecs.ljpeg_encode(grey[bits], bitspersample=bits), grey[bits]
    elif kind == "jpeg2000":  # of fewer bits than their container has, too
        for bits in (8, 10, 12, 16):
            data = codecs.jpeg2k_encode(grey[bits], codecformat="J2K", reversible=True, bitspersample=bits)
            yield data, grey[bits]
    elif kind == "jpeg2000-colour":
        yield codecs.jpeg2k_encode(colour, codecformat="J2K", reversible=True, mct=True), colour
    elif kind == "htj2k":
        for bits in (8, 10, 12, 16):
            allocated = 8 * grey[bits].itemsize
            pixel = ImagePixel(32, 48, bits_allocated=allocated, bits_stored=bits, high_bit=bits - 1)
            yield encode_reversible(grey[bits], pixel, Loss()), grey[bits]
    else:
        pixel = ImagePixel(32, 48, 3, "YBR_RCT", 8, 8, 7)
        yield encode_reversible(colour, pixel, Loss()), colour
