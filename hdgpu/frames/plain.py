"""Plain frames: those that the compiled extension reads, decodes and transforms in one go, several at a call.

Plain are frames of 8 or 16 bits and one sample in local files, native little endian or the only RLE frame of one, into
floating values or into their own type.  Whatever is not plain at a closer look it leaves to the engine, which also
raises all errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from hdgpu.codecs.route import Route
from hdgpu.compiled import extension
from hdgpu.dicom.instance import Instance
from hdgpu.pixels.transform import PixelTransform, TransformKind

__all__ = ["STREAM_BYTES", "PlainKind", "load_plain_frames", "plain_kind"]

# An array from this size on does not fit into the cache: it is written past it.
STREAM_BYTES = 32 << 20
_NATIVE = "native"
_RLE = "imagecodecs:rle"


class PlainKind(NamedTuple):
    """What plain frames that are loaded in one call have in common."""

    route: str
    rle: bool
    samples: int
    types: str
    exact: bool
    stored_range: tuple[int, int]


def plain_kind(route: Route, transform: PixelTransform, instance: Instance) -> PlainKind | None:
    """Return what kind of plain frames an instance has, None if they are not plain."""
    pixel, out = route.pixel, transform.dtype
    is_native = route.name == _NATIVE and not route.encapsulated
    own_type = out == pixel.dtype and transform.kind is TransformKind.IDENTITY
    if (
        instance.source.open_path is None
        or not (is_native or (route.name == _RLE and instance.number_of_frames == 1))
        or pixel.samples_per_pixel != 1
        or pixel.bits_allocated not in (8, 16)
        or pixel.low_bit
        or not (out.char in "fd" or own_type)
        or not out.isnative
        or transform.kind not in (TransformKind.IDENTITY, TransformKind.AFFINE)
    ):
        return None
    name = route.name if is_native else "compiled:rle"
    types = pixel.dtype.char + out.char
    low, high = pixel.stored_range
    if transform.valid is not None:  # the frames that hold other values come back, and the engine raises
        first, last = transform.valid[:, 0].max(), transform.valid[:, 1].min()
        low, high = math.ceil(max(low, first)), math.floor(min(high, last))
    return PlainKind(name, not is_native, pixel.frame_samples, types, transform.exact_in_float32, (low, high))


def load_plain_frames(
    kind: PlainKind,
    sources: Sequence[tuple[str, int, int]],
    places: list[int],
    affine: tuple[list[float], list[float]],
    out: npt.NDArray[Any],
) -> int:
    """Load frames of one kind, and return how many of them were plain: the one after those is not.

    Parameters
    ----------
    kind : PlainKind
    sources : sequence of (str, int, int)
        Path, offset and length of each frame.
    places : list of int
        Index along the first axis of `out` of each.
    affine : pair of lists of float
        Slope and intercept of each.
    out : numpy.ndarray
        C-contiguous, of whole frames.
    """
    compiled = extension()
    if compiled is None:
        return 0
    paths, offsets, lengths = (list(column) for column in zip(*sources, strict=True))
    done: int = compiled.load_frames(
        kind.rle,
        paths,
        offsets,
        lengths,
        out,
        places,
        kind.samples,
        kind.types,
        *affine,
        kind.exact,
        kind.stored_range,
        out.nbytes >= STREAM_BYTES,
    )
    return done
