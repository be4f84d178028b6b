"""First route of JPEG, JPEG-LS, JPEG 2000, HTJ2K and JPEG XL: imagecodecs, which releases the interpreter's lock."""

from __future__ import annotations

import numpy as np

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.color import jpeg_is_ybr
from hdgpu.codecs.jpeg_entropy import TallerStream, check_dct_codes, check_lossless_bits
from hdgpu.codecs.libraries import imagecodecs
from hdgpu.codecs.sniff.codestream import Codestream, describe
from hdgpu.codecs.sniff.jpeg import JpegHeader, check_largest_sample, end_of_image
from hdgpu.codecs.sniff.jpeg2000 import Jpeg2000Header, check_tile_parts
from hdgpu.codecs.sniff.jpegxl import JpegXlHeader
from hdgpu.codecs.stored import check_jpeg_container, store_jpeg, store_jpeg2000, store_jpeg_ls
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, UnsupportedPixelError

__all__ = [
    "checked_dct",
    "decode_jpeg",
    "decode_jpeg2000",
    "decode_jpeg_ls",
    "decode_jpeg_xl",
    "deep_dct",
    "raw_jpeg",
    "unverifiable",
]

_BASELINE, _EXTENDED = 0xC0, 0xC1


def decode_jpeg(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a JPEG stream, baseline, extended or lossless, with libjpeg-turbo.

    Parameters
    ----------
    data : bytes
        The codestream, with or without a trailing byte of padding.
    pixel : ImagePixel
        Description of the samples.
    out : numpy.ndarray
        C-contiguous, of ``pixel.frame_shape`` and ``pixel.dtype``.
    index : int
        Of no meaning here.

    Returns
    -------
    numpy.ndarray
        `out`; colour is RGB.

    Raises
    ------
    FrameDecodeError
        If the stream is damaged, or of a kind whose damage cannot be told from here: progressive, of several scans, or
        with restart markers.
    PixelDataSizeError
        If the stream's size is not the data set's.
    """
    stream = describe(data, pixel, "jpeg")
    check_jpeg_container(stream, pixel)
    header = stream.header
    assert isinstance(header, JpegHeader)
    is_ybr = jpeg_is_ybr(header, pixel)
    reason = unverifiable(header) or (deep_dct(header) and "has more than 8 bits")
    if reason:
        raise FrameDecodeError(f"the JPEG stream {reason}: damage to it would not be noticed on this route")
    if header.is_lossless:
        samples = raw_jpeg(data, stream)
        check_lossless_bits(samples, data, header)
        return store_jpeg(samples, stream, pixel, out, is_ybr=is_ybr)

    return store_jpeg(checked_dct(data, stream, header, is_ybr=is_ybr, out=out), stream, pixel, out, is_ybr=False)


def checked_dct(
    data: bytes, stream: Codestream, header: JpegHeader, *, is_ybr: bool, out: Samples | None = None
) -> Samples:
    """Decode a sequential DCT stream of one scan, YCbCr to RGB, and check that its bytes are used up exactly.

    With the compiled extension damage is noticed, too, that lets the bytes come out even: codes that are in no Huffman
    table, and blocks of too many coefficients.

    Parameters
    ----------
    data : bytes
        The stream.
    stream : Codestream
        Its description.
    header : JpegHeader
        Its header.
    is_ybr : bool
        Whether its components are YCbCr.
    out : numpy.ndarray, optional
        Of the image's shape.  The samples are decoded into it if that needs no copy.

    Returns
    -------
    numpy.ndarray of uint8 or uint16
        Shape (rows, columns) or (rows, columns, components).

    Raises
    ------
    FrameDecodeError
        If they are not: the stream is damaged.
    """
    sound = check_dct_codes(data, header)
    if not sound:
        taller = TallerStream(data, header)
        samples = _libjpeg_turbo(taller.data, stream, taller.rows, is_ybr=is_ybr)
        taller.check(samples)
        if sound is False:
            raise FrameDecodeError("the JPEG stream has invalid Huffman codes, or too many coefficients in a block")
        if taller.keeps_pixels:
            return samples[: stream.rows]
    target = None if out is None else _matching_view(out, stream)
    return _libjpeg_turbo(data, stream, stream.rows, is_ybr=is_ybr, out=target)


def raw_jpeg(data: bytes, stream: Codestream) -> Samples:
    """Decode a JPEG stream with libjpeg-turbo, without colour conversion and without any check for damage.

    Returns
    -------
    numpy.ndarray of uint8 or uint16
        Shape (rows, columns) or (rows, columns, components).

    Raises
    ------
    FrameDecodeError
        If the shape or the type is another than the header announces.
    """
    return _libjpeg_turbo(data, stream, stream.rows, is_ybr=False)


def decode_jpeg_ls(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a JPEG-LS stream with CharLS.  Parameters, result and errors are those of :func:`decode_jpeg`."""
    stream = describe(data, pixel, "jpegls")
    assert isinstance(stream.header, JpegHeader)
    check_largest_sample(stream.header)
    end_of_image(data, stream.header)  # CharLS would take seconds to find that it is missing
    is_ybr = jpeg_is_ybr(stream.header, pixel)
    samples = imagecodecs().jpegls_decode(data, out=_matching_view(out, stream))
    return store_jpeg_ls(samples, stream, pixel, out, is_ybr=is_ybr)


def decode_jpeg2000(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a JPEG 2000 or HTJ2K stream with OpenJPEG.

    Parameters, result and errors are those of :func:`decode_jpeg`.  The boxes of a JP2 file are dropped: DICOM has the
    bare codestream, and what boxes say of colour must not be applied.
    """
    stream = describe(data, pixel, "jpeg2000")
    assert isinstance(stream.header, Jpeg2000Header)
    if stream.header.subsampled:
        raise FrameDecodeError("the JPEG 2000 codestream has subsampled components")
    check_tile_parts(data, stream.header)
    # For HTJ2K, OpenJPH would take half the time; but imagecodecs 2026.3.6 swallows its errors, and returns garbage.
    codestream = data[stream.header.offset : stream.header.end]
    samples = imagecodecs().jpeg2k_decode(codestream, numthreads=1, out=_matching_view(out, stream))
    return store_jpeg2000(samples, stream, pixel, out)


def decode_jpeg_xl(data: bytes, pixel: ImagePixel, out: Samples, index: int) -> Samples:
    """Decode a JPEG XL stream with libjxl.

    Parameters, result and errors are those of :func:`decode_jpeg`.  A stream that was transcoded from JPEG comes back
    as RGB, whatever the JPEG was.

    Raises
    ------
    UnsupportedPixelError
        If the codestream is to be turned or mirrored for display: DICOM has no place for that, and decoders differ in
        whether they do it.
    """
    stream = describe(data, pixel, "jpegxl")
    assert isinstance(stream.header, JpegXlHeader)
    if stream.header.floating or stream.header.extra_channels:
        raise FrameDecodeError("the JPEG XL codestream has floating-point samples or extra channels")
    if stream.header.orientation != 1:
        raise UnsupportedPixelError(
            "the JPEG XL codestream is to be turned or mirrored for display, which some decoders do and others do not",
            expected="orientation 1",
            found=stream.header.orientation,
        )
    samples = imagecodecs().jpegxl_decode(data, numthreads=1, out=_matching_view(out, stream))
    return store_jpeg_ls(samples, stream, pixel, out, is_ybr=False)


def unverifiable(header: JpegHeader) -> str | None:
    """Why :mod:`~hdgpu.codecs.jpeg_entropy` cannot tell whether a stream is damaged, or ``None`` if it can."""
    if header.sof not in (_BASELINE, _EXTENDED) and not header.is_lossless:
        return "is neither baseline, extended nor lossless"
    if not header.has_single_scan:
        return "has several scans"
    if header.restart_interval:
        return "has restart markers"
    _, selection_end, approximation = header.scan_parameters
    if header.is_lossless:
        if len(set(header.sampling)) > 1:
            return "has subsampled components"
        return "has a point transform" if approximation & 15 else None
    if header.scan_parameters != (0, 63, 0):
        return f"has a scan of only some coefficients, up to {selection_end}"
    return None


def deep_dct(header: JpegHeader) -> bool:
    """Whether a stream is of 12 bits, which are rare enough to be decoded by two libraries.

    libjpeg-turbo does not notice a block with too many coefficients; libjpeg does.
    """
    return not header.is_lossless and header.precision > 8


def _libjpeg_turbo(data: bytes, stream: Codestream, rows: int, *, is_ybr: bool, out: Samples | None = None) -> Samples:
    """Decode with an explicit colour space, so that libjpeg-turbo does not guess one; without YCbCr it does nothing."""
    shape: tuple[int, ...] = (rows, stream.columns)
    space = target = "GRAYSCALE"
    if stream.components > 1:
        shape = (*shape, stream.components)
        space, target = ("YCBCR" if is_ybr else "RGB"), "RGB"
    samples: Samples = imagecodecs().jpeg8_decode(data, colorspace=space, outcolorspace=target, out=out)
    dtype = np.dtype(np.uint8 if stream.precision <= 8 else np.uint16)
    if samples.shape != shape or samples.dtype != dtype:
        raise FrameDecodeError(
            "libjpeg-turbo returned another image than the JPEG stream's header announces",
            expected=f"{shape} of {dtype}",
            found=f"{samples.shape} of {samples.dtype}",
        )
    return samples


def _matching_view(out: Samples, stream: Codestream) -> Samples | None:
    """View `out` as the type that the decoder returns, or ``None`` if their sizes differ and a copy is needed."""
    size = 1 if stream.precision <= 8 else 2 if stream.precision <= 16 else 4
    if size != out.dtype.itemsize:
        return None
    return out.view(np.dtype(f"{'i' if stream.signed else 'u'}{size}"))
