"""Which decoder takes the frames of an instance.

A route is chosen once an instance, from Transfer Syntax and Image Pixel attributes alone, before any frame is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hdgpu.codecs import imagecodecs, jpeg2000, jpeg_ls, native, pylibjpeg, rle
from hdgpu.codecs.bits import Samples
from hdgpu.codecs.syntaxes import TRANSFER_SYNTAXES
from hdgpu.compiled import extension
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameDecodeError, HdgpuError, UnsupportedPixelError, UnsupportedTransferSyntaxError

__all__ = ["Route", "route_for", "supported_transfer_syntaxes", "transfer_syntax_name"]

Decoder = Callable[[Any, ImagePixel, Samples, int], Samples | None]
"""Returns None where the frame is for the next decoder, though nothing need be wrong with it."""
Attempts = tuple[tuple[str, Decoder], ...]

_NATIVE: Attempts = (("native", native.decode_little_endian),)
_RLE: Attempts = (("imagecodecs:rle", rle.decode_rle), ("python:rle", rle.decode_padded_rle))
_JPEG: Attempts = (("imagecodecs:jpeg", imagecodecs.decode_jpeg), ("pylibjpeg:libjpeg", pylibjpeg.decode_jpeg))
_PLAIN_JPEG_LS: Attempts = (("compiled:jpegls", jpeg_ls.decode_jpeg_ls),) if extension() else ()
_JPEG_LS: Attempts = (
    *_PLAIN_JPEG_LS,
    ("imagecodecs:jpegls", imagecodecs.decode_jpeg_ls),
    ("pyjpegls", pylibjpeg.decode_jpeg_ls),
)
_JPEG_2000: Attempts = (
    ("imagecodecs:jpeg2k", imagecodecs.decode_jpeg2000),
    ("pylibjpeg:openjpeg", pylibjpeg.decode_jpeg2000),
)
_PLAIN_JPEG_2000: Attempts = ((("compiled:jpeg2k", jpeg2000.decode_jpeg2000),) if extension() else ()) + _JPEG_2000
_JPEG_XL: Attempts = (("imagecodecs:jpegxl", imagecodecs.decode_jpeg_xl),)

_ONE_SAMPLE = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
_YBR_FULL = frozenset({"YBR_FULL", "YBR_FULL_422"})
# YBR_PARTIAL_420 is for video; a frame by itself has no layout of it but that of RLE, whose planes are whole.
_YBR_PARTIAL = frozenset({"YBR_PARTIAL_422", "YBR_PARTIAL_420"})


@dataclass(frozen=True)
class _Family:
    """Transfer syntaxes that the same decoders take, and what frames of theirs can be."""

    attempts: Attempts
    bits_allocated: frozenset[int]
    colour: frozenset[str]
    encapsulated: bool = True


_RGB = frozenset({"RGB"})
_ANY_BITS = frozenset({1, 8, 16, 32, 64})
_JPEG_2000_COLOUR = _RGB | _YBR_FULL | {"YBR_RCT", "YBR_ICT"}
_BIG_ENDIAN = "1.2.840.10008.1.2.2"

_HTJ2K = _Family(_JPEG_2000, _ANY_BITS - {64}, _JPEG_2000_COLOUR)
_FAMILIES = {
    "native": _Family(_NATIVE, _ANY_BITS, _RGB | _YBR_FULL | {"YBR_PARTIAL_422"}, encapsulated=False),
    "encapsulated": _Family(_NATIVE, _ANY_BITS, _RGB | _YBR_FULL),
    "rle": _Family(_RLE, _ANY_BITS - {1}, _RGB | _YBR_FULL | _YBR_PARTIAL),
    "jpeg": _Family(_JPEG, frozenset({8, 16}), _RGB | _YBR_FULL),
    "jpeg-ls": _Family(_JPEG_LS, frozenset({8, 16}), _RGB | _YBR_FULL),
    "jpeg2000": _Family(_PLAIN_JPEG_2000, _ANY_BITS - {64}, _JPEG_2000_COLOUR),
    "jpeg2000-part2": _HTJ2K,
    "htj2k": _HTJ2K,
    "jpeg-xl": _Family(_JPEG_XL, frozenset({8, 16}), _RGB | {"XYB"}),
    # Here Photometric Interpretation tells what the JPEG was; libjxl returns RGB.
    "jpeg-xl-jpeg": _Family(_JPEG_XL, frozenset({8}), _RGB | _YBR_FULL),
}
_FAMILY_OF = {uid: _FAMILIES[syntax.family] for uid, syntax in TRANSFER_SYNTAXES.items()}


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an instance's frames from bytes to stored values.

    Parameters
    ----------
    name : str
        Who decodes: ``"native"``, ``"imagecodecs:jpeg2k"``, ...
    encapsulated : bool
        Whether Pixel Data holds fragments (PS3.5 A.4).
    pixel : ImagePixel
        Description of the samples.
    attempts : tuple
        Names and decoders, in the order they are tried.

    Examples
    --------
    >>> import numpy as np
    >>> pixel = ImagePixel(1, 2)
    >>> route = route_for("1.2.840.10008.1.2.1", pixel)
    >>> route.decode(bytes([1, 0, 2, 0]), np.empty((1, 2), np.uint16))
    (array([[1, 2]], dtype=uint16), 'native')
    """

    name: str
    encapsulated: bool
    pixel: ImagePixel = field(repr=False)
    attempts: Attempts = field(repr=False)

    def decode(
        self, data: bytes | bytearray | memoryview, out: Samples, *, index: int = 0, threads: int = 1
    ) -> tuple[Samples, str]:
        """Decode one frame.

        Parameters
        ----------
        data : bytes-like
            The frame's codestream, its fragments joined, with or without a byte of padding; or a native frame's bytes.
            Native frames that share bytes with their neighbours come with all bytes that hold any of their samples:
            those of one bit a sample, and those of 8 bits and odd length in big endian words.
        out : numpy.ndarray
            C-contiguous scratch array of ``pixel.frame_shape`` and ``pixel.dtype``.  Its contents are undefined where
            it is not what is returned.
        index : int, default 0
            Zero-based frame number, for the frames that share bytes.
        threads : int, default 1
            How many may share the work; only large frames of plain lossless JPEG 2000 are for more than one.

        Returns
        -------
        stored : numpy.ndarray
            Stored values, colour as RGB with samples last: `out`, or a read-only view of `data` where its bytes are
            the stored values already.
        route_name : str
            Who decoded the frame.

        Raises
        ------
        FrameDecodeError
            If the frame is damaged.  The text has the cause of each decoder that was tried.
        PixelDataSizeError
            If Rows, Columns, Samples per Pixel or Bits Allocated disagree with the frame.
        UnsupportedPixelError
            If the frame's codestream holds what no decoder here converts.
        MissingDependencyError
            If the library of a decoder that it takes is not installed.
        """
        if out.shape != self.pixel.frame_shape or out.dtype != self.pixel.dtype or not out.flags.c_contiguous:
            raise ValueError(f"out must be C-contiguous {self.pixel.dtype} of shape {self.pixel.frame_shape}")
        if self.encapsulated:
            data = bytes(data)
        causes = []
        for name, decoder in self.attempts:
            try:
                stored = _run(decoder, data, self.pixel, out, index, threads)
                if stored is not None:
                    return stored, name
            except FrameDecodeError as error:
                causes.append(f"{name}: {error}")
            except HdgpuError:
                raise
            except Exception as error:  # a library may raise anything over damaged bytes
                causes.append(f"{name}: {type(error).__name__}: {error}")
        raise FrameDecodeError("the frame cannot be decoded: " + "; ".join(causes))


def _run(decoder: Decoder, data: Any, pixel: ImagePixel, out: Samples, index: int, threads: int) -> Samples | None:
    if decoder is jpeg2000.decode_jpeg2000:  # the only one that shares a frame among threads
        return jpeg2000.decode_jpeg2000(data, pixel, out, index, threads)
    return decoder(data, pixel, out, index)


def route_for(transfer_syntax_uid: str, pixel: ImagePixel, *, vr: str | None = None) -> Route:
    """Choose the route of an instance.

    Parameters
    ----------
    transfer_syntax_uid : str
        (0002,0010) Transfer Syntax UID.
    pixel : ImagePixel
        Description of the samples.
    vr : str, optional
        Value representation of Pixel Data, ``"OB"`` or ``"OW"``.  It matters, and must be given, for samples of 8 bits
        in Explicit VR Big Endian: under OW each two of them are swapped (PS3.5 A.3).

    Returns
    -------
    Route
        Cheap to make, and immutable.

    Raises
    ------
    UnsupportedTransferSyntaxError
        If there is no decoder for the transfer syntax.
    UnsupportedPixelError
        If there is one, but not for samples like these.
    """
    uid = str(transfer_syntax_uid)
    family = _FAMILY_OF.get(uid)
    if family is None:
        from pydicom.uid import UID  # here only: it takes longer to import than all of this package

        raise UnsupportedTransferSyntaxError(
            f"there is no decoder for the transfer syntax {uid} ({UID(uid).name})",
            tag="(0002,0010) 'Transfer Syntax UID'",
            remedy="Transcode the file to one of: " + ", ".join(supported_transfer_syntaxes()),
        )
    _check_pixel(family, pixel)
    attempts = family.attempts
    if uid == _BIG_ENDIAN:
        attempts = _big_endian_attempts(pixel, vr)
    return Route(attempts[0][0], family.encapsulated, pixel, attempts)


def supported_transfer_syntaxes() -> dict[str, str]:
    """Return the UID of each transfer syntax that has a decoder, with the name of the first one."""
    return {uid: family.attempts[0][0] for uid, family in _FAMILY_OF.items()}


def transfer_syntax_name(uid: str) -> str:
    """Return the name of a transfer syntax that has a decoder, as PS3.6 A has it but shorter."""
    return TRANSFER_SYNTAXES[uid].name


def _check_pixel(family: _Family, pixel: ImagePixel) -> None:
    photometric = pixel.photometric_interpretation
    allowed = _ONE_SAMPLE if pixel.samples_per_pixel == 1 else family.colour
    if photometric not in allowed:
        raise UnsupportedPixelError(
            f"no decoder returns this colour with {pixel.samples_per_pixel} samples per pixel in this transfer syntax",
            tag="(0028,0004) 'Photometric Interpretation'",
            expected=" or ".join(sorted(allowed)),
            found=photometric,
        )
    is_float = pixel.keyword != "PixelData"
    if pixel.bits_allocated not in family.bits_allocated or (is_float and family.encapsulated):
        raise UnsupportedPixelError(
            "no decoder of this transfer syntax fills containers of this size",
            tag="(0028,0100) 'Bits Allocated'",
            expected=" or ".join(map(str, sorted(family.bits_allocated))),
            found=f"{pixel.bits_allocated} of {pixel.keyword}",
        )
    if photometric in _YBR_FULL | _YBR_PARTIAL and (pixel.bits_allocated, pixel.pixel_representation) != (8, 0):
        raise UnsupportedPixelError(
            "YCbCr is converted for unsigned samples of 8 bits only",
            tag="(0028,0100) 'Bits Allocated'",
            expected="8, unsigned",
            found=f"{pixel.bits_allocated}, {('unsigned', 'signed')[pixel.pixel_representation]}",
        )


def _big_endian_attempts(pixel: ImagePixel, vr: str | None) -> Attempts:
    if pixel.bits_allocated != 8 or vr == "OB":
        return (("native:big-endian", native.decode_big_endian),)
    if vr == "OW":
        return (("native:big-endian-words", native.decode_big_endian_words),)
    raise UnsupportedPixelError(
        "the order of 8-bit samples in Explicit VR Big Endian depends on the value representation of Pixel Data",
        expected="OB or OW",
        found=vr,
    )
