"""Second route, tried once when the first raises: pylibjpeg's plugins and pyjpegls.

These libraries hold the interpreter's lock, and libjpeg conceals damage.  So none of them has the last word: JPEG is
accepted from libjpeg only where libjpeg-turbo agrees, and the others are as strict as the first route.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.color import jpeg_is_ybr
from hdgpu.codecs.imagecodecs import checked_dct, deep_dct, raw_jpeg, unverifiable
from hdgpu.codecs.jpeg_entropy import check_restart_markers
from hdgpu.codecs.libraries import libjpeg, openjpeg, pyjpegls
from hdgpu.codecs.sniff.codestream import Codestream, describe
from hdgpu.codecs.sniff.jpeg import JpegHeader, check_largest_sample, end_of_image
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header, check_tile_parts
from hdgpu.codecs.stored import check_jpeg_container, store_jpeg, store_jpeg2000, store_jpeg_ls
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, MissingDependencyError

__all__ = ["decode_jpeg", "decode_jpeg2000", "decode_jpeg_ls"]

# Two correct decoders differ by the rounding of the inverse DCT, and where chroma is interpolated by more than that.
_DCT_ROUNDING = 2
_CHROMA_INTERPOLATION = 48


def decode_jpeg(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a JPEG stream that the first route cannot verify with libjpeg, and accept it if libjpeg-turbo agrees.

    Where the first route can tell damage it has done so, and agreement would only mean that two decoders go on alike
    after it.  Parameters, result and errors are those of :func:`hdgpu.codecs.imagecodecs.decode_jpeg`.

    Raises
    ------
    MissingDependencyError
        If libjpeg is not installed.
    """
    stream = describe(data, pixel, "jpeg")
    check_jpeg_container(stream, pixel)
    header = stream.header
    assert isinstance(header, JpegHeader)
    is_ybr = jpeg_is_ybr(header, pixel)
    end_of_image(data, header)
    reason = unverifiable(header)
    if reason is None:
        if not deep_dct(header):
            raise FrameDecodeError("not tried, for the first route can tell damage in streams of this kind")
        other = checked_dct(data, stream, header, is_ybr=False)
    else:
        if header.has_single_scan:
            check_restart_markers(data, header)
        other = raw_jpeg(data, stream)
    samples = _shaped(_libjpeg(reason or "has more than 8 bits").decode_pixel_data(data, version=2), stream)
    _check_agreement(samples, other, header)
    return store_jpeg(samples, stream, pixel, out, is_ybr=is_ybr)


def _libjpeg(reason: str) -> ModuleType:
    try:
        return libjpeg()
    except MissingDependencyError as error:
        raise MissingDependencyError(
            f"the JPEG stream {reason}: damage shows only where two decoders disagree, and {error.problem}",
            remedy=error.remedy,
        ) from error


def decode_jpeg_ls(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a JPEG-LS stream with pyjpegls, another build of CharLS."""
    stream = describe(data, pixel, "jpegls")
    assert isinstance(stream.header, JpegHeader)
    check_largest_sample(stream.header)
    end_of_image(data, stream.header)
    is_ybr = jpeg_is_ybr(stream.header, pixel)
    decoded, info = pyjpegls().decode_pixel_data(data)
    samples = _shaped(decoded, stream, planar=info["components"] > 1 and info["interleave_mode"] == 0)
    return store_jpeg_ls(samples, stream, pixel, out, is_ybr=is_ybr)


def decode_jpeg2000(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a JPEG 2000 or HTJ2K stream with pylibjpeg's OpenJPEG, which also brings subsampled components to size."""
    stream = describe(data, pixel, "jpeg2000")
    assert isinstance(stream.header, Jpeg2000Header)
    check_tile_parts(data, stream.header)
    codestream = data[stream.header.offset : stream.header.end]
    samples = _shaped(openjpeg().decode_pixel_data(codestream, version=2), stream)
    return store_jpeg2000(samples, stream, pixel, out)


def _shaped(decoded: bytes | bytearray, stream: Codestream, *, planar: bool = False) -> Samples:
    """View decoded bytes as (rows, columns) or (rows, columns, components)."""
    size = 1 if stream.precision <= 8 else 2 if stream.precision <= 16 else 4
    shape = (stream.rows, stream.columns, stream.components)
    if len(decoded) != size * stream.rows * stream.columns * stream.components:
        raise FrameDecodeError("the decoder returned the wrong number of bytes", found=len(decoded))
    samples: Samples = np.frombuffer(decoded, dtype=f"<{'i' if stream.signed else 'u'}{size}")
    samples = samples.reshape(shape[2], *shape[:2]).transpose(1, 2, 0) if planar else samples.reshape(shape)
    return samples[:, :, 0] if stream.components == 1 else samples


def _check_agreement(ours: Samples, theirs: Samples, header: JpegHeader) -> None:
    """Raise unless two decoders, whose errors are their own, made the same of the stream."""
    if ours.shape != theirs.shape:
        raise FrameDecodeError("two decoders disagree on the JPEG stream's size", found=f"{ours.shape}, {theirs.shape}")
    difference = np.abs(ours.astype(np.int32) - theirs).reshape(*ours.shape[:2], -1)
    for index, sampling in enumerate(header.sampling):
        allowed = _DCT_ROUNDING if sampling == header.sampling[0] else _CHROMA_INTERPOLATION
        if header.is_lossless:
            allowed = 0
        if (largest := int(difference[:, :, index].max())) > allowed:
            raise FrameDecodeError(
                "two decoders disagree on the JPEG stream, which is damaged then",
                expected=f"a difference of at most {allowed}",
                found=largest,
            )
