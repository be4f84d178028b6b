"""What a codestream says about itself, read by our own parsers before any library sees a byte of it.

A library that is handed a stream of another size than the data set announces either writes past what we allocated for
it, or returns an image that merely looks right.  So every stream is described first, and compared with the
:class:`~hdgpu.dicom.image_pixel.ImagePixel`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hdgpu.codecs.sniff.jpeg import JpegHeader, read_jpeg_header
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header, read_jpeg2000_header
from hdgpu.codecs.sniff.jpegxl import JpegXlHeader, read_jpegxl_header
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, PixelDataSizeError

__all__ = ["Codestream", "check_codestream", "describe", "sniff"]

_JPEG_START = b"\xff\xd8"
_JPEG2000_STARTS = (b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
_JPEG_XL_STARTS = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")


@dataclass(frozen=True, slots=True)
class Codestream:
    """Description of one encoded frame, from its header.

    Parameters
    ----------
    format : str
        ``"jpeg"``, ``"jpegls"``, ``"jpeg2000"`` or ``"jpegxl"``.
    rows, columns, components : int
        Size of the image in pixels, and samples per pixel.
    precision : int
        Bits of a sample.
    signed : bool
        Whether the samples are two's complement; only JPEG 2000 can say so.
    header : JpegHeader, Jpeg2000Header or JpegXlHeader
        What else the header of that format holds.
    """

    format: str
    rows: int
    columns: int
    components: int
    precision: int
    signed: bool
    header: JpegHeader | Jpeg2000Header | JpegXlHeader


def sniff(data: bytes) -> Codestream:
    """Describe a codestream from its first bytes.

    Parameters
    ----------
    data : bytes
        One encoded frame.  JPEG 2000 and JPEG XL may come inside boxes.

    Returns
    -------
    Codestream
        Its description.  A size of zero is reported as such, not rejected.

    Raises
    ------
    FrameDecodeError
        If the bytes are none of these formats, or end inside the header.
    """
    if data.startswith(_JPEG_START):
        jpeg = read_jpeg_header(data)
        kind = "jpegls" if jpeg.is_jpeg_ls else "jpeg"
        return Codestream(kind, jpeg.rows, jpeg.columns, len(jpeg.component_ids), jpeg.precision, False, jpeg)
    if data.startswith(_JPEG2000_STARTS):
        j2k = read_jpeg2000_header(data)
        return Codestream("jpeg2000", j2k.rows, j2k.columns, j2k.components, j2k.precision, j2k.signed, j2k)
    if data.startswith(_JPEG_XL_STARTS):
        jxl = read_jpegxl_header(data)
        return Codestream("jpegxl", jxl.rows, jxl.columns, jxl.components, jxl.precision, False, jxl)
    raise FrameDecodeError(
        "the frame does not begin like a codestream",
        expected="JPEG, JPEG-LS, JPEG 2000 or JPEG XL",
        found=data[:4].hex(" ") or "no bytes",
    )


def check_codestream(stream: Codestream, pixel: ImagePixel) -> None:
    """Compare what a codestream announces with what the data set announces.

    A precision unlike Bits Stored is let pass, as long as the container holds it: files of that kind are common, and
    the samples are right.

    Raises
    ------
    PixelDataSizeError
        If rows, columns or components differ, or if the samples do not fit Bits Allocated.
    """
    facts = (
        ("rows", "(0028,0010) 'Rows'", pixel.rows, stream.rows),
        ("columns", "(0028,0011) 'Columns'", pixel.columns, stream.columns),
        ("components", "(0028,0002) 'Samples per Pixel'", pixel.samples_per_pixel, stream.components),
    )
    for name, tag, expected, found in facts:
        if expected != found:
            raise PixelDataSizeError(
                f"the codestream has another number of {name} than the data set",
                tag=tag,
                expected=expected,
                found=found,
            )
    container = 8 * pixel.dtype.itemsize
    if not 1 <= stream.precision <= container:
        raise PixelDataSizeError(
            "the samples of the codestream do not fit their container",
            tag="(0028,0100) 'Bits Allocated'",
            expected=f"at most {container} bits",
            found=f"{stream.precision} bits",
        )


def describe(data: bytes, pixel: ImagePixel, expected_format: str) -> Codestream:
    """Describe a codestream and hold it against the format and the size that the data set announces.

    Raises
    ------
    FrameDecodeError
        If it is of another format, or its header is damaged.
    PixelDataSizeError
        As :func:`check_codestream`.
    """
    stream = sniff(data)
    if stream.format != expected_format:
        raise FrameDecodeError(
            "the codestream is not of the transfer syntax's format", expected=expected_format, found=stream.format
        )
    check_codestream(stream, pixel)
    return stream
