"""Single frames: decode and encode them without a data set around."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from hdgpu.array.device import Device, check_fallback, parse_device
from hdgpu.array.host_threads import default_workers
from hdgpu.array.interop import to_numpy
from hdgpu.array.namespace import Array, is_array
from hdgpu.codecs.encode.frame import encode
from hdgpu.codecs.loss import Loss
from hdgpu.codecs.route import Route, route_for
from hdgpu.codecs.syntaxes import TRANSFER_SYNTAXES
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.enum import (
    PhotometricInterpretationValues,
    PixelDataKeywords,
    PixelRepresentationValues,
    PlanarConfigurationValues,
)
from hdgpu.errors import (
    FrameNumberError,
    InvalidAttributeError,
    MissingAttributeError,
    UnsupportedPixelError,
    UnsupportedTransferSyntaxError,
)

__all__ = ["decode_frame", "encode_frame", "get_lossy_compression_attributes"]


def decode_frame(
    value: bytes,
    transfer_syntax_uid: str,
    rows: int,
    columns: int,
    samples_per_pixel: int,
    bits_allocated: int,
    bits_stored: int | None,
    photometric_interpretation: PhotometricInterpretationValues | str,
    pixel_representation: PixelRepresentationValues | int | None = 0,
    planar_configuration: PlanarConfigurationValues | int | None = None,
    index: int = 0,
    pixel_keyword: PixelDataKeywords | str = PixelDataKeywords.PIXEL_DATA,
    *,
    vr: str | None = None,
    device: str | Device | None = None,
    fallback: str = "cpu",
) -> Array:
    """Decode one frame to its stored values.

    Parameters
    ----------
    value : bytes
        The frame: a whole codestream, or native samples, either with or without one byte that pads it.
    transfer_syntax_uid : str
    rows, columns : int
        Size in pixels.
    samples_per_pixel : int
        1 or 3.
    bits_allocated, bits_stored : int
        Bits of a sample's container, and of the sample in it; the latter is of no meaning for floating samples, and
        may be None.
    photometric_interpretation : hdgpu.PhotometricInterpretationValues or str
        Of the frame as it is encoded.  Colour is returned as RGB, whatever it is here.
    pixel_representation : hdgpu.PixelRepresentationValues, int or None, default 0
        0 for unsigned samples, 1 for two's complement; None is for floating samples alone.
    planar_configuration : hdgpu.PlanarConfigurationValues or int, optional
        0 for colour by pixel, 1 by plane.  Colour needs it, though only native frames are read by it.
    index : int, default 0
        Zero-based number of the frame in its instance: needed for native frames of one bit a sample that do not fill
        whole bytes, and for ones of an odd number of bytes in big endian words.  `value` then has all bytes that hold
        any sample of the frame.
    pixel_keyword : hdgpu.PixelDataKeywords or str, default "PixelData"
        Where the frame comes from.
    vr : str, optional
        ``"OB"`` or ``"OW"``, the value representation of Pixel Data: needed for samples of 8 bits in Explicit VR Big
        Endian, of which OW swaps each two.
    device : str, optional
        Where the array is wanted: ``"cpu"``, ``"cuda"``, ...; the default device if None.
    fallback : {"cpu", "error"}
        Whether the host decodes a frame that a GPU does not, or not beyond doubt.

    Returns
    -------
    array
        (rows, columns) or (rows, columns, 3): NumPy's on the CPU, CuPy's on a GPU.  uint8 to uint64 or int8 to int64
        as `bits_allocated` says (uint8 for one bit), float32, float64.

    Raises
    ------
    ValueError
        If an argument is none of the possible ones; each of those below is one, too.
    hdgpu.errors.UnsupportedTransferSyntaxError
        If there is no decoder for the transfer syntax.
    hdgpu.errors.UnsupportedPixelError
        If there is none for frames like this.
    hdgpu.errors.InvalidAttributeError, hdgpu.errors.MissingAttributeError
        If the arguments contradict each other, or one is missing that is needed.
    hdgpu.errors.PixelDataSizeError
        If rows, columns, samples or bits are not those of `value`.
    hdgpu.errors.FrameDecodeError
        If `value` is damaged or cut short, or a GPU does not decode it and the host shall not; a RuntimeError.
    hdgpu.errors.DeviceUnavailableError
        If the device is not there; a RuntimeError.

    Examples
    --------
    >>> decode_frame(bytes([1, 0, 2, 0]), "1.2.840.10008.1.2.1", 1, 2, 1, 16, 16, "MONOCHROME2", device="cpu")
    array([[1, 2]], dtype=uint16)
    """
    check_fallback(fallback)
    target = parse_device(device)
    pixel = _image_pixel(
        (rows, columns, samples_per_pixel),
        (bits_allocated, bits_stored),
        photometric_interpretation,
        pixel_representation,
        planar_configuration,
        _member(PixelDataKeywords, pixel_keyword, Tag.PIXEL_DATA),
    )
    if index < 0:
        raise FrameNumberError("there is no frame of a negative index", expected="0 or more", found=index)
    route = route_for(transfer_syntax_uid, pixel, vr=vr)
    if target.kind != "cuda":
        return _on_host(value, route, index)
    from hdgpu.array.streams import runtime_of  # what a device needs is imported where there is one
    from hdgpu.codecs.device.frames import decode_single
    from hdgpu.codecs.device.route import no_fallback

    runtime = runtime_of(target)
    with runtime.active():
        stored, reason = decode_single(value, route, index, runtime)
        if stored is None and fallback == "error":
            raise no_fallback(reason)
        return runtime.xp.asarray(_on_host(value, route, index)) if stored is None else stored


def _on_host(value: bytes, route: Route, index: int) -> npt.NDArray[Any]:
    """Decode a frame on the host, into memory of its own."""
    out = np.empty(route.pixel.frame_shape, route.pixel.dtype)
    stored, _ = route.decode(value, out, index=index, threads=default_workers())
    if stored is not out:  # a view of bytes that cannot be written to
        np.copyto(out, stored)
    return out


def encode_frame(
    array: Array,
    transfer_syntax_uid: str,
    bits_allocated: int,
    bits_stored: int,
    photometric_interpretation: PhotometricInterpretationValues | str,
    pixel_representation: PixelRepresentationValues | int = 0,
    planar_configuration: PlanarConfigurationValues | int | None = None,
    *,
    jpeg_quality: int | None = None,
    psnr: float | None = None,
    max_error: int | None = None,
) -> bytes:
    """Encode one frame of stored values.

    What is compressed, but for lossy JPEG, is decoded and compared with the array before it is returned.

    ==========================  ====================================================  ==================================
    Transfer syntax             Photometric interpretation                            Bits allocated
    ==========================  ====================================================  ==================================
    native, deflated            MONOCHROME1/2, PALETTE COLOR, RGB, YBR_FULL           1, 8, 16, 32, 64
    RLE                         MONOCHROME1/2, PALETTE COLOR, RGB, YBR_FULL (8 bits)  8, 16
    JPEG baseline               MONOCHROME1/2, PALETTE COLOR, YBR_FULL_422            8
    JPEG extended               MONOCHROME1/2                                         16, of which 12 stored
    JPEG lossless               MONOCHROME1/2, PALETTE COLOR, RGB                     8, 16
    JPEG-LS                     MONOCHROME1/2, RGB, lossless also PALETTE COLOR       8, 16
    JPEG 2000, HTJ2K lossless   MONOCHROME1/2, PALETTE COLOR, YBR_RCT                 8, 16, grey also 1
    JPEG 2000, HTJ2K            MONOCHROME1/2, YBR_ICT                                8, 16
    JPEG XL lossless            MONOCHROME1/2, RGB                                    8, 16
    ==========================  ====================================================  ==================================

    Signed samples: native, and MONOCHROME1/2 as RLE, JPEG lossless and HTJ2K.

    Parameters
    ----------
    array : array
        (rows, columns), or (rows, columns, 3) for colour: of the integer type that `bits_allocated` and
        `pixel_representation` call for, uint8 for one bit.  Arrays of any library are taken, and copied to the host.
    transfer_syntax_uid : str
    bits_allocated, bits_stored : int
        Bits of a sample's container, and of the sample in it.
    photometric_interpretation : hdgpu.PhotometricInterpretationValues or str
        Of the frame once encoded: with YBR_FULL_422, YBR_RCT and YBR_ICT the array is RGB and is converted, with any
        other it is stored as it is.
    pixel_representation : hdgpu.PixelRepresentationValues or int, default 0
        0 for unsigned samples, 1 for two's complement.
    planar_configuration : hdgpu.PlanarConfigurationValues or int, optional
        Needed with colour: 0, or for RLE also 1.
    jpeg_quality : int, optional
        Quality of lossy JPEG, 1 to 100; 95 by default.
    psnr : float, optional
        Peak signal-to-noise ratio that lossy JPEG 2000 and HTJ2K aim at, in dB of the range of `bits_stored`; 100 by
        default.
    max_error : int, optional
        Largest difference that near-lossless JPEG-LS may make; 0 by default.

    Returns
    -------
    bytes
        One codestream, or native samples, without a byte of padding.

    Raises
    ------
    ValueError
        If an argument is none of the possible ones; each of those below is one, too.
    hdgpu.errors.UnsupportedTransferSyntaxError
        If there is no encoder for the transfer syntax.
    hdgpu.errors.UnsupportedPixelError
        If there is none for frames like this: native frames of one bit have to fill whole bytes, JPEG 2000 needs 32
        rows and columns.
    hdgpu.errors.InvalidAttributeError, hdgpu.errors.MissingAttributeError
        If the array is of another type, or holds values that `bits_stored` cannot express, or an argument is missing.
    hdgpu.errors.FrameEncodeError
        If the encoder fails, or does not write what it was given; a RuntimeError.
    TypeError
        If `array` is no array.

    Examples
    --------
    >>> samples = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    >>> htj2k = encode_frame(samples, "1.2.840.10008.1.2.4.201", 16, 12, "MONOCHROME2")
    >>> found = decode_frame(htj2k, "1.2.840.10008.1.2.4.201", 64, 64, 1, 16, 12, "MONOCHROME2", device="cpu")
    >>> np.array_equal(found, samples)
    True
    """
    samples = _host_samples(array)
    if samples.ndim == 3 and planar_configuration is None:
        raise _planar_configuration_missing()
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[:, :, 0]
    if samples.ndim not in (2, 3):
        raise UnsupportedPixelError("an array of this shape is no frame", expected="2 or 3 axes", found=samples.shape)
    pixel = _image_pixel(
        (*samples.shape, 1)[:3],
        (bits_allocated, bits_stored),
        photometric_interpretation,
        pixel_representation,
        planar_configuration,
        PixelDataKeywords.PIXEL_DATA.value,
    )
    loss = Loss(jpeg_quality, psnr, max_error)
    planar = None if planar_configuration is None else pixel.planar_configuration
    return encode(samples, pixel, transfer_syntax_uid, loss, planar_configuration=planar)


def get_lossy_compression_attributes(transfer_syntax_uid: str) -> tuple[str, str | None]:
    """Return what an image says of its loss that is encoded in a transfer syntax (PS3.3 C.7.6.1.1.5).

    Parameters
    ----------
    transfer_syntax_uid : str

    Returns
    -------
    lossy_image_compression : str
        Lossy Image Compression (0028,2110): ``"01"`` if the transfer syntax may lose something, else ``"00"``.
    lossy_image_compression_method : str or None
        Lossy Image Compression Method (0028,2114); None if there is to be none.

    Raises
    ------
    hdgpu.errors.UnsupportedTransferSyntaxError
        If it is not known whether the transfer syntax loses anything; a ValueError.

    Examples
    --------
    >>> get_lossy_compression_attributes("1.2.840.10008.1.2.4.203")
    ('01', 'ISO_15444_15')
    """
    uid = str(transfer_syntax_uid)
    syntax = TRANSFER_SYNTAXES.get(uid)
    if syntax is None or syntax.lossy_method == "":
        raise UnsupportedTransferSyntaxError(
            "it is not known whether this transfer syntax loses anything",
            tag=describe_tag(Tag.TRANSFER_SYNTAX_UID),
            found=uid,
        )
    return "00" if syntax.lossy_method is None else "01", syntax.lossy_method


def _image_pixel(
    shape: tuple[int, ...],
    bits: tuple[int, int | None],
    photometric_interpretation: PhotometricInterpretationValues | str,
    pixel_representation: PixelRepresentationValues | int | None,
    planar_configuration: PlanarConfigurationValues | int | None,
    keyword: str,
) -> ImagePixel:
    """Put the arguments together, `shape` being rows, columns and samples per pixel."""
    rows, columns, samples_per_pixel = shape
    allocated, stored = bits
    sign = 0
    if keyword != PixelDataKeywords.PIXEL_DATA.value:
        stored = allocated
    else:
        sign = _member(PixelRepresentationValues, pixel_representation, Tag.PIXEL_REPRESENTATION)
    if stored is None:
        raise MissingAttributeError("integer samples need it", tag=describe_tag(Tag.BITS_STORED))
    if samples_per_pixel > 1 and planar_configuration is None:
        raise _planar_configuration_missing()
    return ImagePixel(
        rows,
        columns,
        samples_per_pixel,
        _member(PhotometricInterpretationValues, photometric_interpretation, Tag.PHOTOMETRIC_INTERPRETATION),
        allocated,
        stored,
        stored - 1,
        sign,
        _member(PlanarConfigurationValues, planar_configuration or 0, Tag.PLANAR_CONFIGURATION),
        keyword,
    )


def _member(enumeration: type[Enum], value: object, tag: Tag) -> Any:
    """Return the value of a member, given as such or as its value."""
    try:
        return enumeration(value).value
    except ValueError:
        raise InvalidAttributeError(
            "there is no such value",
            tag=describe_tag(tag),
            expected=" or ".join(str(member.value) for member in enumeration),
            found=value,
        ) from None


def _host_samples(array: Array) -> npt.NDArray[Any]:
    if not is_array(array):
        raise TypeError(f"expected an array, got {type(array).__name__}")
    return to_numpy(array)


def _planar_configuration_missing() -> MissingAttributeError:
    return MissingAttributeError("colour needs it", tag=describe_tag(Tag.PLANAR_CONFIGURATION), expected="0 or 1")
