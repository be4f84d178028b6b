"""Encode a frame, and see whether the samples come back.

Where a transfer syntax promises the samples back, all of them or nearly, no frame leaves unread: it is decoded on the
way that hdgpu reads it, and compared.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np

from hdgpu.codecs.bits import Samples
from hdgpu.codecs.encode.table import Encoder, encoder_for
from hdgpu.codecs.loss import PSNR, Loss
from hdgpu.codecs.route import route_for
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.errors import FrameEncodeError, HdgpuError, InvalidAttributeError, UnsupportedPixelError

__all__ = ["check_pixel", "encode"]

_PIXEL_REPRESENTATION = "(0028,0103) 'Pixel Representation'"


def encode(
    samples: Samples,
    pixel: ImagePixel,
    transfer_syntax_uid: str,
    loss: Loss,
    *,
    planar_configuration: int | None = None,
    for_file: bool = False,
    verify: bool = True,
) -> bytes:
    """Encode one frame.

    Parameters
    ----------
    samples : numpy.ndarray
        Of ``pixel.frame_shape``: stored values, colour with samples last.
    pixel : ImagePixel
        How they are to be stored.  With a Photometric Interpretation that only compression has (YBR_FULL_422, YBR_RCT,
        YBR_ICT) colour is given as RGB and converted; with any other, samples are stored as they are.
    transfer_syntax_uid : str
    loss : Loss
    planar_configuration : int, optional
        Planar Configuration, where there is one.
    for_file : bool, default False
        Take signed samples wherever the standard has them, and not only where highdicom's `encode_frame` does.
    verify : bool, default True
        Whether to see if the samples come back; False for callers who do so themselves.

    Returns
    -------
    bytes
        Without a byte of padding.

    Raises
    ------
    UnsupportedTransferSyntaxError
        If there is no encoder for the transfer syntax.
    UnsupportedPixelError
        If there is one, but not for frames like this.
    InvalidAttributeError
        If the samples are not of the type that the attributes call for, or do not fit into Bits Stored, or if what may
        be lost does not go with the transfer syntax.
    FrameEncodeError
        If the encoder fails, or the samples do not come back.
    MissingDependencyError
        If the encoder's library is not installed.
    """
    encoder = encoder_for(transfer_syntax_uid)
    check_pixel(encoder, pixel, planar_configuration, for_file=for_file)
    _check_loss(encoder, loss)
    _check_samples(samples, pixel)
    samples = np.ascontiguousarray(samples, dtype=pixel.dtype)
    if not encoder.compresses:
        return encoder.encode(samples, pixel, loss)
    route_for(transfer_syntax_uid, pixel)  # what hdgpu cannot read it does not write
    try:
        encoded = encoder.encode(samples, pixel, loss)
    except HdgpuError:
        raise
    except Exception as error:  # a library may raise anything
        raise FrameEncodeError(
            f"the encoder failed: {type(error).__name__}: {error}", context=f"transfer syntax {transfer_syntax_uid}"
        ) from error
    if verify and encoder.loss != "jpeg_quality":  # of which nothing follows that could be compared
        _check_encoded(encoded, samples, pixel, str(transfer_syntax_uid), encoder, loss)
    return encoded


def check_pixel(
    encoder: Encoder, pixel: ImagePixel, planar_configuration: int | None, *, for_file: bool = False
) -> None:
    """Insist that the encoder takes frames with these attributes.

    Raises
    ------
    UnsupportedPixelError
        If it does not.
    """
    photometric = pixel.photometric_interpretation
    allowed = encoder.photometric_of(pixel.samples_per_pixel)
    signed = photometric in encoder.signed and pixel.bits_allocated > 1 and (for_file or encoder.signed_alone)
    signs = [0, 1] if signed else [0]
    sizes = encoder.bits_allocated - ({1} if pixel.samples_per_pixel > 1 and encoder.compresses else set())
    planar: list[int | None] = [0, 1] if encoder.planar else [0]
    if pixel.samples_per_pixel == 1:
        planar = [None, 0, 1] if encoder.planar or not encoder.compresses else [None]
    facts: tuple[tuple[str, Collection[object], object], ...] = (
        ("(0028,0004) 'Photometric Interpretation'", allowed, photometric),
        ("(0028,0006) 'Planar Configuration'", planar, planar_configuration),
        ("(0028,0100) 'Bits Allocated'", sizes, pixel.bits_allocated),
        ("(0028,0101) 'Bits Stored'", encoder.bits_stored, pixel.bits_stored),
        (_PIXEL_REPRESENTATION, signs, pixel.pixel_representation),
    )
    for tag, possible, found in facts:
        if found not in possible:
            one_of = sorted("absent" if value is None else str(value) for value in possible)
            raise UnsupportedPixelError(
                "the encoder of this transfer syntax does not take such frames",
                tag=tag,
                expected=" or ".join(one_of) or "another transfer syntax",
                found="absent" if found is None else found,
            )


def _check_loss(encoder: Encoder, loss: Loss) -> None:
    for name in loss.given():
        if name != encoder.loss:
            raise InvalidAttributeError(
                f"'{name}' means nothing in this transfer syntax", expected=encoder.loss or "no loss", found=name
            )
    ranges = (
        ("jpeg_quality", loss.jpeg_quality, 1, 100),
        ("psnr", loss.psnr, 1, 1000),
        ("max_error", loss.max_error, 0, 255),
    )
    for name, value, lowest, highest in ranges:
        if value is not None and not lowest <= value <= highest:  # not a number is in no range
            raise InvalidAttributeError(f"'{name}' is out of range", expected=f"{lowest} to {highest}", found=value)


def _check_samples(samples: Samples, pixel: ImagePixel) -> None:
    """Insist on the data type that the attributes call for, and on values that Bits Stored can express."""
    if samples.shape != pixel.frame_shape:
        raise InvalidAttributeError(
            "the array has not a frame's shape", expected=pixel.frame_shape, found=samples.shape
        )
    if samples.dtype.newbyteorder("=") != pixel.dtype:
        raise InvalidAttributeError(
            "the array's data type is not the one that the attributes call for",
            tag="(0028,0100) 'Bits Allocated'" if samples.dtype.kind == pixel.dtype.kind else _PIXEL_REPRESENTATION,
            expected=pixel.dtype,
            found=samples.dtype,
        )
    lowest, highest = pixel.stored_range
    smallest, largest = int(samples.min()), int(samples.max())
    if smallest < lowest or largest > highest:
        raise InvalidAttributeError(
            "the samples do not fit into the bits that are stored of them",
            tag="(0028,0101) 'Bits Stored'",
            expected=f"{lowest} to {highest}",
            found=f"{smallest} to {largest}",
        )


def _check_encoded(encoded: bytes, samples: Samples, pixel: ImagePixel, uid: str, encoder: Encoder, loss: Loss) -> None:
    """Decode what was encoded, and compare."""
    if pixel.photometric_interpretation == "YBR_FULL":  # stored as given, and to be compared as it is stored
        pixel = dataclasses.replace(pixel, photometric_interpretation="RGB")
    context = f"transfer syntax {uid}"
    try:
        decoded, _ = route_for(uid, pixel).decode(encoded, np.empty(pixel.frame_shape, pixel.dtype))
    except HdgpuError as error:
        raise FrameEncodeError(f"what the encoder wrote cannot be decoded: {error}", context=context) from error
    if not _is_faithful(decoded, samples, pixel, encoder, loss):
        raise FrameEncodeError("the encoder wrote other samples than it was given", context=context)


def _is_faithful(decoded: Samples, samples: Samples, pixel: ImagePixel, encoder: Encoder, loss: Loss) -> bool:
    """Whether the samples came back as well as was promised."""
    if not (loss.max_error or encoder.loss == "psnr"):
        return np.array_equal(decoded, samples)
    difference = decoded.astype(np.int32) - samples
    if loss.max_error:
        return int(np.abs(difference).max()) <= loss.max_error
    highest = (1 << pixel.bits_stored) - 1
    allowed = highest**2 * 10 ** (-(loss.psnr or PSNR) / 10)
    # Encoders aim at the ratio and miss it a little; and samples are rounded, colour at three stages.
    return float(np.mean(np.square(difference, dtype=np.float64))) <= max(4 * allowed, 4.0)
