"""Which decoder takes a frame that is wanted on a device: a pure function of what the frame is and what works there.

The device takes a frame if it gives what the host would: the same stored values, or for lossy frames values that differ
by no more than two decoders do.  Everything else is decoded on the host, and the reason is kept for the report.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hdgpu.codecs.color import jpeg_is_ybr
from hdgpu.codecs.device.native import BYTE_ORDERS
from hdgpu.codecs.imagecodecs import unverifiable
from hdgpu.codecs.jpeg_entropy import check_dct_codes
from hdgpu.codecs.route import Route
from hdgpu.codecs.sniff.codestream import Codestream, describe
from hdgpu.codecs.sniff.jpeg import JpegHeader
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header, as_unsigned, check_tile_parts
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, HdgpuError

__all__ = [
    "IN_DOUBT",
    "NATIVE",
    "NVIMGCODEC",
    "RLE",
    "DeviceRoute",
    "asks_nvimgcodec",
    "first_bit",
    "for_device",
    "frame_route",
    "holds_frame",
    "instance_route",
    "no_fallback",
    "stream_route",
]

NATIVE, RLE, NVIMGCODEC = "cuda:native", "cuda:rle", "nvimgcodec"
"""Names of the decoders on the device, as reports have them; nvImageCodec's with the kind of stream behind it."""

IN_DOUBT = "the device's result was in doubt"
"""Why the host decodes a frame once more."""

_BASELINE = 0xC0
_RLE_HEADER = 64
_HALVED = ((2, 1), (1, 1), (1, 1))
_QUARTERED = ((2, 2), (1, 1), (1, 1))
_WHOLE = ((1, 1),) * 3


class DeviceRoute(NamedTuple):
    """Where a frame is decoded.

    Attributes
    ----------
    decoder : str or None
        On the device; None for the host.
    reason : str
        Why on the host, as a clause; empty for the device.
    """

    decoder: str | None
    reason: str = ""


def instance_route(route: Route, can: frozenset[str]) -> DeviceRoute | None:
    """Return the route of all frames of an instance, None where it depends on each frame's codestream.

    Parameters
    ----------
    route : Route
        Of the host.
    can : frozenset of str
        Kinds of streams that nvImageCodec decodes here.
    """
    pixel, name = route.pixel, route.name
    if name.startswith("native"):
        if pixel.bits_allocated == 64 and pixel.keyword == "PixelData":
            return DeviceRoute(None, "integers of 64 bits")
        return DeviceRoute(NATIVE)
    if name.endswith(":rle"):
        if pixel.bits_allocated > 32:
            return DeviceRoute(None, "integers of 64 bits")
        if pixel.low_bit or pixel.photometric_interpretation.startswith("YBR_PARTIAL"):
            return DeviceRoute(None, "RLE with another High Bit, or in YCbCr of partial range")
        return DeviceRoute(RLE)
    if name.endswith((":jpegls", ":jpegxl")):
        return DeviceRoute(None, "no GPU decodes this transfer syntax")
    if not can:
        return DeviceRoute(None, "nvImageCodec is not installed, or decodes nothing here")
    return None


def asks_nvimgcodec(route: Route) -> bool:
    """Return whether it has to be known what nvImageCodec decodes: for some transfer syntaxes it does not matter.

    Parameters
    ----------
    route : Route
        Of the host.
    """
    return instance_route(route, frozenset([NVIMGCODEC])) is None


def first_bit(pixel: ImagePixel, byte_order: str, number: Any) -> Any:
    """Return at which bit a native frame begins, or frames, in the bytes that are read for it.

    Frames of one bit a sample need not begin on a byte, nor those of odd length on a word.

    Parameters
    ----------
    pixel : ImagePixel
    byte_order : str
        `hdgpu.codecs.device.native.ByteOrder`.
    number : int or numpy.ndarray of int64
        Of the frame in its instance, from zero.
    """
    if pixel.bits_allocated == 1:
        return number * pixel.frame_bits % 8
    return 8 * (number * (pixel.frame_bits // 8) % 2) if byte_order == "words" else 0 * number


def _bytes_of_frame(pixel: ImagePixel, byte_order: str, number: int) -> int:
    """Return in how many bytes a native frame lies, the ones that it shares with its neighbours included."""
    return int(-(-(first_bit(pixel, byte_order, number) + pixel.frame_bits) // 8))


def holds_frame(pixel: ImagePixel, byte_order: str, number: int, length: int) -> bool:
    """Return whether as many bytes were read as a native frame has, or one more that pads them to even length."""
    needed = _bytes_of_frame(pixel, byte_order, number)
    return needed <= length <= needed + 1


def stream_route(stream: Codestream, pixel: ImagePixel, can: frozenset[str]) -> DeviceRoute:
    """Return the route of a frame whose codestream has been described and fits the data set.

    Parameters
    ----------
    stream : Codestream
    pixel : ImagePixel
    can : frozenset of str
        Kinds of streams that nvImageCodec decodes here.
    """
    if stream.precision > 16 or pixel.dtype.itemsize != (1 if stream.precision <= 8 else 2):
        return DeviceRoute(None, f"{stream.precision} bits in containers of {pixel.bits_allocated}")
    if isinstance(stream.header, JpegHeader) and not stream.header.is_jpeg_ls:
        kind, reason = _jpeg(stream.header, pixel)
    elif isinstance(stream.header, Jpeg2000Header):
        kind, reason = _jpeg2000(stream, stream.header, pixel)
    else:
        kind, reason = "", "no GPU decodes this kind of stream"
    if not reason and kind not in can:
        reason = f"nvImageCodec does not decode {kind} here"
    return DeviceRoute(None, reason) if reason else DeviceRoute(f"{NVIMGCODEC}:{kind}")


def _jpeg(header: JpegHeader, pixel: ImagePixel) -> tuple[str, str]:
    """Return the kind of a JPEG stream, or why the host takes it."""
    reason = unverifiable(header)
    if reason:
        return "", f"the JPEG stream {reason}"
    if pixel.pixel_representation:
        return "", "JPEG with signed samples"
    if header.precision != pixel.bits_stored:
        return "", "the JPEG stream's precision is not Bits Stored"
    if header.is_lossless:
        lossless = len(header.component_ids) == 1 and header.precision > 8
        return "jpeg-lossless", "" if lossless else "lossless JPEG in colour, or of up to 8 bits"
    if header.sof != _BASELINE or header.precision != 8:
        return "", "JPEG other than baseline of 8 bits"
    if len(header.component_ids) == 1:
        return "jpeg", ""
    if header.sampling not in (_WHOLE, _HALVED, _QUARTERED):
        return "", "unusual subsampling"
    # nvJPEG goes by what the stream says of its colour, and takes it for YCbCr where that is nothing.
    silent = header.component_ids[:3] == (1, 2, 3) and not header.jfif and header.adobe_transform is None
    said = header.jfif or header.adobe_transform == 1 or silent
    if not (jpeg_is_ybr(header, pixel) and said and header.adobe_transform != 0):
        return "", "the JPEG stream's colour is RGB, or in doubt"
    return "jpeg-colour", ""


def _jpeg2000(stream: Codestream, header: Jpeg2000Header, pixel: ImagePixel) -> tuple[str, str]:
    """Return the kind of a JPEG 2000 or HTJ2K stream, or why the host takes it."""
    if header.subsampled:
        return "", "subsampled components"
    if stream.precision > pixel.bits_stored and pixel.low_bit:
        return "", "samples that lie high within those of the codestream"
    if stream.signed != bool(pixel.pixel_representation):
        return "", "the codestream's sign is not the data set's"
    if stream.components > 1 and stream.precision > 8:
        return "", "JPEG 2000 in colour of more than 8 bits"
    if header.high_throughput and not header.reversible:  # which may have more than the pass that nvJPEG2000 decodes
        return "", "lossy HTJ2K"
    if stream.components > 1 and not header.colour_transform:
        return "", "components without a colour transform"
    if stream.components > 1 and pixel.photometric_interpretation.startswith("YBR_FULL"):
        return "", "YCbCr within JPEG 2000"
    kind = "htj2k" if header.high_throughput else "jpeg2000"
    return f"{kind}-colour" if stream.components > 1 else kind, ""


def frame_route(data: bytes, route: Route, can: frozenset[str]) -> tuple[DeviceRoute, bytes]:
    """Return the route of one frame from its codestream, having looked for the damage that decoders pass over.

    Parameters
    ----------
    data : bytes
        The frame, with or without a byte of padding.
    route : Route
        Of the host.
    can : frozenset of str
        Kinds of streams that nvImageCodec decodes here.

    Returns
    -------
    DeviceRoute
    bytes
        What its decoder takes.  JPEG 2000 comes without the boxes of a JP2 file, for what they say of colour does not
        count, and as unsigned: nvJPEG2000 does not decode all that is signed, and nothing is lost by it.

    Raises
    ------
    FrameDecodeError, PixelDataSizeError
        If the codestream's header is damaged, or of another format or size than the data set announces.
    """
    stream = describe(data, route.pixel, "jpeg" if route.name.endswith(":jpeg") else "jpeg2000")
    chosen = stream_route(stream, route.pixel, can)
    header = stream.header
    if chosen.decoder is None:
        return chosen, data
    if isinstance(header, Jpeg2000Header):
        check_tile_parts(data, header)
        return chosen, as_unsigned(data, header) if header.signed else data[header.offset : header.end]
    if isinstance(header, JpegHeader) and not header.is_lossless and not check_dct_codes(data, header):
        return DeviceRoute(None, "the JPEG stream's codes are damaged, or nothing here checks them"), data
    return chosen, data


def for_device(
    data: bytes | memoryview, route: Route, shared: DeviceRoute | None, number: int, can: frozenset[str]
) -> tuple[DeviceRoute, bytes | memoryview]:
    """Return the route of a frame, and what its decoder takes of the bytes that were read for it.

    Parameters
    ----------
    data : bytes or memoryview
        The frame, with or without a byte of padding.
    route : Route
        Of the host.
    shared : DeviceRoute or None
        Of all frames of the instance: what `instance_route` returns.
    number : int
        Of the frame in its instance, from zero.
    can : frozenset of str
        Kinds of streams that nvImageCodec decodes here.

    Raises
    ------
    HdgpuError
        If the frame is damaged: as the host says it.
    """
    pixel = route.pixel
    if shared is None:
        try:
            return frame_route(bytes(data), route, can)
        except HdgpuError as error:
            reason = error.problem
    elif shared.decoder == NATIVE:
        order = BYTE_ORDERS[route.name]
        if holds_frame(pixel, order, number, len(data)):
            # Of words both bytes are needed, even where only one is the frame's.
            return shared, data if order == "words" else data[: _bytes_of_frame(pixel, order, number)]
        reason = "another number of bytes than the frame has"
    elif len(data) >= _RLE_HEADER or shared.decoder is None:
        return shared, data
    else:
        reason = "fewer bytes than an RLE header has"
    route.decode(data, np.empty(pixel.frame_shape, pixel.dtype), index=number)  # raises
    return DeviceRoute(None, reason), data


def no_fallback(reason: str) -> FrameDecodeError:
    """Return the error for a frame that the device did not decode, and that the host shall not."""
    return FrameDecodeError(
        f"the GPU does not decode this frame: {reason}", remedy='Pass fallback="cpu" to have the host decode it'
    )
