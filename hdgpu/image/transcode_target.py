"""What the frames of an instance are in another transfer syntax, if that takes frames like these."""

from __future__ import annotations

import dataclasses

from hdgpu.codecs.encode.frame import check_pixel
from hdgpu.codecs.encode.table import Encoder, encoder_for
from hdgpu.codecs.route import route_for
from hdgpu.codecs.syntaxes import LOSSLESS_SYNTAXES, LOSSY_SYNTAXES, TRANSFER_SYNTAXES
from hdgpu.dicom.header import DEFLATED, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from hdgpu.dicom.image_pixel import ImagePixel
from hdgpu.dicom.instance import Instance
from hdgpu.dicom.tags import Tag, describe_tag
from hdgpu.errors import UnsupportedPixelError

__all__ = ["NATIVE", "keeps_bytes", "planar_configuration", "target_pixel"]

NATIVE = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED)
# Segmentation and Label Map Segmentation Storage.
_LABELS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")


def keeps_bytes(instance: Instance, transfer_syntax_uid: str) -> bool:
    """Whether pixel data goes into a transfer syntax byte for byte."""
    has_bytes = instance.transfer_syntax_uid in NATIVE or instance.pixel.keyword != "PixelData"
    return has_bytes and transfer_syntax_uid in NATIVE


def planar_configuration(pixel: ImagePixel) -> int | None:
    """Return Planar Configuration of what is written: by pixel, and for colour alone."""
    return 0 if pixel.samples_per_pixel > 1 else None


def target_pixel(instance: Instance, transfer_syntax_uid: str) -> ImagePixel:
    """Return the description of the samples once they are encoded.

    Colour is YBR_FULL if it is and has to stay so, because nothing of it was lost so far.

    Raises
    ------
    UnsupportedPixelError
        If the transfer syntax does not take them; with the names of those that do.
    """
    try:
        return _target(instance, transfer_syntax_uid)
    except UnsupportedPixelError as error:
        raise error.at(source=instance.name, remedy=_remedy(instance, transfer_syntax_uid)) from None


def _target(instance: Instance, uid: str) -> ImagePixel:
    pixel, encoder = instance.pixel, encoder_for(uid)
    _refuse(instance, uid)
    photometric = "YBR_FULL" if _keeps_ybr(instance, encoder) else _photometric(pixel, encoder)
    target = dataclasses.replace(
        pixel, photometric_interpretation=photometric, high_bit=pixel.bits_stored - 1, planar_configuration=0
    )
    check_pixel(encoder, target, planar_configuration(target), for_file=True)
    route_for(uid, target)
    return target


def _remedy(instance: Instance, uid: str) -> str | None:
    """Name the transfer syntaxes that do take the samples: those that lose as little, or else those without loss."""
    for names in ([LOSSY_SYNTAXES] if uid in LOSSY_SYNTAXES.values() else []) + [LOSSLESS_SYNTAXES]:
        possible = [name for name, other in names.items() if _is_possible(instance, other)]
        if possible:
            return f"Choose {' or '.join(possible)}."
    return None


def _is_possible(instance: Instance, uid: str) -> bool:
    try:
        return keeps_bytes(instance, uid) or bool(_target(instance, uid))
    except UnsupportedPixelError:
        return False


def _refuse(instance: Instance, uid: str) -> None:
    """Insist on samples of which an encoder can make something that means the same."""
    pixel = instance.pixel
    if pixel.keyword != "PixelData":
        raise UnsupportedPixelError(
            "no transfer syntax that compresses takes floating samples", tag=describe_tag(instance.pixel_data.tag)
        )
    index = pixel.photometric_interpretation == "PALETTE COLOR" or instance.header.text(Tag.SOP_CLASS_UID) in _LABELS
    if index and uid in LOSSY_SYNTAXES.values():
        raise UnsupportedPixelError(
            "samples that are an index have nothing near them: they are not to be lossy",
            found=pixel.photometric_interpretation,
        )


def _keeps_ybr(instance: Instance, encoder: Encoder) -> bool:
    """Whether colour stays YCbCr: where nothing was lost so far, the way to RGB and back would lose something.

    Raises
    ------
    UnsupportedPixelError
        If it should, and cannot.
    """
    photometric = instance.pixel.photometric_interpretation
    is_lossy = TRANSFER_SYNTAXES[instance.transfer_syntax_uid].lossy_method is not None
    if is_lossy or not photometric.startswith(("YBR_FULL", "YBR_PARTIAL")):
        return False
    if photometric == "YBR_FULL" and photometric in encoder.photometric:
        return True
    raise UnsupportedPixelError(
        "colour that is stored as YCbCr would have to be converted to RGB, which rounds it",
        tag="(0028,0004) 'Photometric Interpretation'",
        expected=" or ".join(sorted(encoder.photometric)),
        found=photometric,
    )


def _photometric(pixel: ImagePixel, encoder: Encoder) -> str:
    """Return what frames are once encoded: colour is RGB or what the encoder makes of it, grey stays as it is."""
    if pixel.samples_per_pixel == 1:
        return pixel.photometric_interpretation
    possible = encoder.photometric_of(pixel.samples_per_pixel)
    return "RGB" if "RGB" in possible or not possible else min(possible)
